"""Actions of the window itself: undo, docks, command palette, keys, help; and the needs that all features share."""

from __future__ import annotations

from typing import Final

from rvr_laaf_app.app.action import Action, Need, Situation, Table


def _target(now: Situation) -> bool:
    return now.selected is not None and now.session.project.target(now.selected) is not None


TABLE: Final = Table(
    actions=(
        Action("quit", "Quit", "File", ("Ctrl+Q",), "always", section=90),
        Action("undo", "Undo", "Edit", ("Ctrl+Z",), "undo", section=10),
        Action("redo", "Redo", "Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", section=10),
        Action("dock_media", "Media", "Window", ("Ctrl+1",), "always", section=10, toggle=True),
        Action("dock_queue", "Export Queue", "Window", ("Ctrl+2",), "always", section=10, toggle=True),
        Action("dock_timeline", "Timeline", "Window", ("Ctrl+3",), "always", section=10, toggle=True),
        Action("dock_inspector", "Inspector", "Window", ("Ctrl+4",), "always", section=10, toggle=True),
        Action(
            "picture_alone",
            "Picture Alone",
            "Window",
            ("Ctrl+0",),
            "project",
            section=20,
            toggle=True,
            words="hide panels docks",
        ),
        Action("full_screen", "Full Screen", "Window", ("F11",), "always", section=20, toggle=True),
        Action(
            "reset_layout",
            "Reset Layout",
            "Window",
            ("Ctrl+Alt+0",),
            "project",
            section=30,
            words="panels docks default usual",
        ),
        Action("palette", "Search Actions", "Help", ("Ctrl+Shift+P",), "always", section=10, words="command palette"),
        Action("keys", "Keys", "Help", ("?", "F1"), "always", section=10, words="shortcuts hotkeys help mouse"),
        Action(
            "about",
            "About RVR-LAAF",
            "Help",
            ("Shift+F1",),
            "always",
            section=20,
            words="version licence license credits",
        ),
    ),
    needs=(
        Need("always", "", lambda _: True),
        Need("clip", "Open a clip first.", lambda now: now.session.clip is not None),
        Need("offline", "The clip was found: nothing to look for.", lambda now: now.session.clip_state == "offline"),
        Need("project", "Open a clip or a project first.", lambda now: now.session.project.clip is not None),
        Need("undo", "There is nothing to undo.", lambda now: now.session.document.undo_label is not None),
        Need("redo", "There is nothing to do again.", lambda now: now.session.document.redo_label is not None),
        Need("target", "Select a target first.", _target),
        Need(
            "analysis",
            "Open a clip whose depth can be estimated on this computer.",
            lambda now: now.session.products is not None,
        ),
    ),
)

# What the mouse does: (gesture, meaning), for the page of keys.
MOUSE: Final[tuple[tuple[str, str], ...]] = (
    ("Click in the picture", "Set a target there"),
    ("Drag in the picture", "Set a target with a box"),
    ("Shift + click in the picture", "Keep a second subject sharp too"),
    ("Wheel over the picture", "Zoom the picture at the pointer"),
    ("Middle button in the picture", "Move the picture"),
    ("Drag in the timeline", "Move the playhead"),
    ("Drag a diamond", "Move a target in time"),
    ("Click a dashed diamond", "See a suggestion: where, why, and what came second"),
    ("Double-click a dashed diamond", "Accept a suggestion"),
    ("Drag a pull's end in the depth lane", "Change when a pull begins or arrives"),
    ("Ctrl + wheel over the timeline", "Zoom the timeline at the pointer"),
    ("Wheel over the timeline", "Scroll the timeline"),
)
