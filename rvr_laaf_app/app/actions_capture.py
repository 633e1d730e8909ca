"""Actions of connected cameras: capture window, overlays, lens, autofocus, brackets, and the way to the editor."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Need, Table


def _camera(
    name: str, text: str, key: str, needs: str, section: int, words: str = "", *, toggle: bool = False
) -> Action:
    keys = (key,) if key else ()
    return Action(name, text, "Camera", keys, needs, section=section, toggle=toggle, words=words)


TABLE: Final = Table(
    actions=(
        _camera("capture", "Capture…", "Ctrl+Shift+C", "always", 10, "camera tether live view connect usb microscope"),
        _camera("open_sweep", "Open Focus Sweep…", "", "always", 10, "folder stack bracket import all-in-focus"),
        _camera("camera_look", "Look for Cameras", "", "capturing", 10, "find connect refresh"),
        _camera("camera_focus", "Focus Now", "F5", "lens", 20, "autofocus af sharp"),
        _camera("camera_keep", "Keep Focused", "Shift+F5", "lens", 20, "continuous autofocus follow", toggle=True),
        _camera("camera_nearer", "Lens Nearer", "Ctrl+,", "lens", 20, "drive focus motor step"),
        _camera("camera_farther", "Lens Farther", "Ctrl+.", "lens", 20, "drive focus motor step"),
        _camera("camera_mark_a", "Set Mark A", "F3", "lens", 30, "rack position remember"),
        _camera("camera_mark_b", "Set Mark B", "F4", "lens", 30, "rack position remember"),
        _camera("camera_go_a", "Go to Mark A", "Shift+F3", "lens", 30, "rack position"),
        _camera("camera_go_b", "Go to Mark B", "Shift+F4", "lens", 30, "rack position"),
        _camera("camera_rack", "Rack between the Marks", "F9", "marks", 30, "pull focus timed"),
        _camera("camera_bracket", "Capture Stack", "F6", "lens", 40, "bracket sweep focus stacking all-in-focus"),
        _camera("camera_stop", "Stop the Camera's Work", "Shift+F6", "camera_busy", 40, "cancel abort"),
        _camera("camera_compare", "Compare Slices", "", "stack", 40, "result wipe"),
        _camera("camera_to_editor", "Open the Stack in the Editor", "Ctrl+Return", "stack", 40, "refocus clip depth"),
        _camera("camera_ahead", "Look-ahead Preview", "F12", "live", 50, "delayed suggestion refocus", toggle=True),
        _camera("camera_calibrate", "Calibrate Lens…", "", "lens", 50, "defocus model depth of field breathing"),
        _camera("camera_peaking", "Focus Peaking", "F7", "live", 60, "sharp edges highlight", toggle=True),
        _camera("camera_map", "Map of Distances to Focus", "Shift+F7", "live", 60, "deviation heat", toggle=True),
        _camera("camera_bars", "Zone Bars", "Ctrl+F7", "live", 60, "distance focus columns", toggle=True),
    ),
    needs=(
        Need("capturing", "Open the capture window first."),
        Need("live", "Choose a camera in the capture window first."),
        Need("lens", "Choose a camera whose lens can be driven, and wait until it is at rest."),
        Need("marks", "Set the marks A and B first."),
        Need("camera_busy", "The camera has nothing to do."),
        Need("stack", "Capture or open a focus sweep first."),
    ),
)
