"""Connected cameras as a feature of the window: the capture window, its actions, and a stack's way to the editor."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QFileDialog

from rvr_laaf_app.app.capture import Capture
from rvr_laaf_app.app.capture_state import CaptureState, SweepEvent, TaskEnd
from rvr_laaf_app.camera.base import CameraInfo
from rvr_laaf_app.camera.finding import Found
from rvr_laaf_app.core.errors import RvrError, UsageError
from rvr_laaf_app.document.depth_source import DepthSource
from rvr_laaf_app.ui.capture.calibration_control import CALIBRATE, CalibrationControl
from rvr_laaf_app.ui.capture.lens_control import FOCUS, LensControl
from rvr_laaf_app.ui.capture.live_control import LiveControl
from rvr_laaf_app.ui.capture.look_ahead_control import LookAheadControl
from rvr_laaf_app.ui.capture.missing_texts import missing_kind
from rvr_laaf_app.ui.capture.reading_ahead import ReadingAhead
from rvr_laaf_app.ui.capture.stack_control import StackControl
from rvr_laaf_app.ui.capture.steps_control import LEARN, StepsControl
from rvr_laaf_app.ui.capture.unfinished_control import UnfinishedControl
from rvr_laaf_app.ui.capture.window import OVERLAYS, CaptureWindow
from rvr_laaf_app.ui.feature import Feature, Handlers
from rvr_laaf_app.ui.newest import Ending, close_all

if TYPE_CHECKING:
    from rvr_laaf_app.pipeline.capture_develop import Developed
    from rvr_laaf_app.pipeline.capture_focus import FocusLook
    from rvr_laaf_app.ui.capture.live_look import LiveLook
    from rvr_laaf_app.ui.main_window import MainWindow


class CaptureFeature(Feature):
    """Makes the capture window when it is first wanted; until then it costs nothing.

    backends: whose cameras are looked for; None = of all kinds. reads_ahead: load early what cameras will need.
    """

    backends: Sequence[str] | None = None
    reads_ahead: bool = True

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.capture: Capture | None = None
        self.view: CaptureWindow | None = None
        self._cameras: tuple[CameraInfo, ...] = ()
        self._met: tuple[str, ...] = ()
        self._reading = ReadingAhead()
        window.files.sweep_requested.connect(self.open_sweep)

    def handlers(self) -> Handlers:
        """Return what each action does."""
        return {
            "capture": self.show_window,
            "open_sweep": self._ask_sweep,
            "camera_look": lambda: self._need().look_again(),
            "camera_focus": lambda: self.lens.focus(),
            "camera_keep": lambda: self.lens.keep(self._checked("camera_keep")),
            "camera_nearer": lambda: self.lens.step(-1),
            "camera_farther": lambda: self.lens.step(1),
            "camera_mark_a": lambda: self.lens.set_mark("a"),
            "camera_mark_b": lambda: self.lens.set_mark("b"),
            "camera_go_a": lambda: self.lens.go_to_mark("a"),
            "camera_go_b": lambda: self.lens.go_to_mark("b"),
            "camera_rack": lambda: self.lens.rack(),
            "camera_bracket": self._bracket,
            "camera_stop": lambda: self._need().stop(),
            "camera_compare": lambda: self.stack.compare(),
            "camera_to_editor": lambda: self.stack.to_editor(),
            "camera_ahead": lambda: self.ahead.run(self._checked("camera_ahead")),
            "camera_calibrate": self._show_calibration,
            **dict.fromkeys(OVERLAYS, self._overlays_changed),
        }

    def met(self) -> Collection[str]:
        """Return which needs of the camera are met."""
        capture = self.capture
        if capture is None or self.view is None:
            return ()
        state = capture.state
        drivable = state.drive is not None and state.drive.kind != "none"
        free = state.phase == "live" and not state.task
        facts = {
            "capturing": True,
            "live": state.phase != "none",
            "lens": drivable and free,
            "marks": drivable and free and None not in self.lens.marks,
            "camera_busy": bool(state.task) or self.stack.developing,
            "stack": self.stack.made is not None,
        }
        return [need for need, met in facts.items() if met]

    # The window

    def show_window(self, camera_id: str = "") -> None:
        """Open the capture window or bring it to the front; use a camera at once if one is named."""
        view = self._made()
        view.show()
        if not view.focusWidget():
            view.page.setFocus()  # else the ring is on whichever button can be pressed first
        view.raise_()
        view.activateWindow()
        self._need().begin()
        self.unfinished.look()
        if camera_id:
            self._choose(camera_id)
        self._tell()

    def _made(self) -> CaptureWindow:
        if self.view is None:
            self._make()
        assert self.view is not None
        return self.view

    def _make(self) -> None:
        from rvr_laaf_app.pipeline.capture_region import RegionFollower

        bridge, actions = self._window.bridge, self._window.menus.actions
        capture = self.capture = Capture(bridge.post, backends=self.backends)
        view = self.view = CaptureWindow(actions)
        region = RegionFollower()
        self.live = LiveControl(view, capture, region, bridge)
        self.lens = LensControl(view, capture, region)
        self.stack = StackControl(view, capture, bridge)
        self.calibration = CalibrationControl(view, capture, bridge)
        self.steps = StepsControl(view, capture)
        self.ahead = LookAheadControl(view, capture, bridge)
        self.unfinished = UnfinishedControl(view, capture, self.stack, bridge)
        self.lens.begin()
        self.lens.forget_curve = self.live.looker.forget
        self.lens.model = lambda: self.calibration.model
        self.lens.keep_with = self.live.looker.keep_with
        self.live.looker.sent = lambda position: bridge.post(lambda: capture.drive_to(position))
        self.live.looker.failed = lambda error: bridge.post(lambda: self._keeping_failed(error))
        self.stack.show_bracket = self.lens.show_bracket
        self.stack.region = lambda: region.box
        self.stack.model = lambda: self.calibration.model
        self.stack.choose_folder = lambda start: QFileDialog.getExistingDirectory(view, "", start) or None
        self.stack.set_root(None)
        self._connect_view(view, capture)
        self._connect_capture(capture)
        self._window.keep_keys(view)
        self._state_came(capture.state)
        self._overlays_changed()

    def _connect_view(self, view: CaptureWindow, capture: Capture) -> None:
        view.page.camera_chosen.connect(self._choose)
        view.page.look_again.connect(capture.look_again)
        view.page.folder_wanted.connect(self._ask_replay)
        view.camera_chosen.connect(self._choose)
        view.banner.acted.connect(self._banner_acted)
        view.controls.edited.connect(capture.set_control)
        view.lens.limits_wanted.connect(self._find_limits)
        view.closed.connect(self._closed)
        for control in (self.stack, self.calibration, self.unfinished, self.steps):
            control.failed.connect(self._failed)
        self.stack.editor_wanted.connect(self._to_editor)
        self.unfinished.camera_wanted.connect(self._choose)
        self.unfinished.use_wanted.connect(self._use_unfinished)
        for changed in (self.stack.changed, self.lens.changed, self.ahead.changed):
            changed.connect(self._tell_soon)
        self.live.looked.connect(self._looked)
        self.live.camera_changed.connect(self._camera_changed)
        self.calibration.span_known.connect(self._span_known)
        self.calibration.model_changed.connect(self._model_changed)

    def _connect_capture(self, capture: Capture) -> None:
        capture.on_found(self._found)
        capture.on_state(self._state_came)
        capture.on_look(self._autofocus_looked)
        capture.on_sweep(self._captured)
        capture.on_end(self._ended)
        capture.on_controls(lambda controls: self._made().controls.show_controls(controls, self._about()))
        capture.on_problem(self._failed)

    def _need(self) -> Capture:
        if self.capture is None:
            raise UsageError("the capture window is not open", remedy="Open it first.")
        return self.capture

    def _checked(self, action: str) -> bool:
        return self._window.menus.actions[action].isChecked()

    # Cameras

    def _found(self, found: Found) -> None:
        view = self._made()
        self._cameras = found.cameras
        view.page.show_cameras(found.cameras, [missing_kind(name, reason) for name, reason in found.missing])
        view.show_cameras(found.cameras, self._need().state.info)
        self.unfinished.show_cameras(found.cameras)
        if self.reads_ahead:
            self._reading.begin()

    @Slot(str)
    def _choose(self, camera_id: str) -> None:
        view, capture = self._made(), self._need()
        if not camera_id:
            capture.let_go()
            return
        view.error_bar.clear()
        capture.choose(camera_id)

    @Slot()
    def _ask_replay(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._made(), self.tr("A folder with pictures of a focus sweep"))
        if folder:
            self._choose(f"replay:{folder}")

    @Slot()
    def _find_limits(self) -> None:
        self._window.attempt(self._need().find_limits)

    @Slot(str)
    def _banner_acted(self, action: str) -> None:
        if action == "leave":
            self._need().let_go()
        else:
            self._made().banner.show_notice(None)

    def _about(self) -> str:
        info = self._need().state.info
        if info is None:
            return ""
        return "\n".join(dict.fromkeys(t for t in (info.name, info.note, info.serial) if t))

    # What happened

    def _state_came(self, state: CaptureState) -> None:
        self.live.show_state(state)
        self.lens.show_state(state)
        self.stack.show_state(state)
        self.calibration.show_state(state)
        self.steps.show_state(state)
        self.ahead.show_state(state)
        self.unfinished.show_state(state)
        self._tell()

    @Slot()
    def _camera_changed(self) -> None:
        """Forget marks, curve and plan: they were those of another lens."""
        self.lens.reset()
        self.stack.reset()

    @Slot(int, str)
    def _span_known(self, steps: int, source: str) -> None:
        self.live.show_span(steps)
        self.lens.show_span(steps)
        self.stack.show_span(steps, source)

    @Slot()
    def _model_changed(self) -> None:
        """Let distances be estimated with what is known of the lens now."""
        from rvr_laaf_app.pipeline.capture_needed import ZoneEstimate

        model = self.calibration.model
        self.live.looker.estimate_with(None if model is None else ZoneEstimate(model))

    def _keeping_failed(self, error: RvrError) -> None:
        self.lens.keep(False)
        self._failed(error)

    @Slot(object)
    def _looked(self, look: LiveLook) -> None:
        self.lens.show_look(look)

    def _autofocus_looked(self, look: FocusLook) -> None:
        self.lens.happened(look)

    def _captured(self, event: SweepEvent) -> None:
        task = self._need().state.task
        self.live.captured(event)
        self.lens.captured(event)
        if task == CALIBRATE:
            self.calibration.captured(event)
        else:
            self.stack.captured(event)

    def _ended(self, end: TaskEnd) -> None:
        self.lens.ended(end)
        self.stack.ended(end)
        self.calibration.ended(end)
        self.steps.ended(end)
        self.unfinished.ended(end)
        if end.error is not None and end.name not in (FOCUS, CALIBRATE, LEARN):
            self._failed(end.error)

    @Slot(object)
    def _failed(self, error: Exception) -> None:
        self._made().error_bar.show_error(error)

    # Stacks

    def _bracket(self) -> None:
        view = self._made()
        view.show_tab("stack")
        self.stack.capture()

    def _show_calibration(self) -> None:
        self.show_window()
        self._made().show_tab("calibrate")

    def _ask_sweep(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._window, self.tr("A folder with pictures of a focus sweep"))
        if folder:
            self.open_sweep(folder)

    @Slot(str)
    def open_sweep(self, folder: str) -> None:
        """Develop the sweep in a folder (or take what was developed before) and open it as a clip."""
        self._made()
        self._window.say(self.tr("Putting the pictures of the sweep together…"))
        try:
            self.stack.open_folder(Path(folder), to_editor=True)
        except RvrError as error:
            self._window.show_error(error)

    @Slot(str)
    def _use_unfinished(self, folder: str) -> None:
        """Show what comes of it beside the camera in use; without one the editor is where it is looked at."""
        if self._need().state.phase == "none":
            self.open_sweep(folder)
            return
        self._made().show_tab("stack")
        try:
            self.stack.open_folder(Path(folder))
        except RvrError as error:
            self._failed(error)

    @Slot(object)
    def _to_editor(self, made: Developed) -> None:
        """Add the picture as a clip whose depth is the measured one."""
        depth = DepthSource(path=made.depth.name, meaning="disparity")
        self._window.session.add_clips([made.best], depth=depth)
        self._window.raise_()
        self._window.activateWindow()

    # Actions

    def _overlays_changed(self) -> None:
        if self.view is not None:
            peaking, zone_map, bars = (self._checked(name) for name in OVERLAYS)
            self.live.show_overlays(peaking=peaking, zone_map=zone_map, bars=bars)

    @Slot()
    def _tell_soon(self) -> None:
        self._show_checks()
        if tuple(self.met()) != self._met:
            QTimer.singleShot(0, self, self._tell)

    def _show_checks(self) -> None:
        """Let the actions that are switched show how they are."""
        if self.view is not None:
            actions = self._window.menus.actions
            actions["camera_ahead"].setChecked(self.ahead.running)
            actions["camera_keep"].setChecked(self.lens.keeping)

    def _tell(self) -> None:
        """Let the window enable what is possible now; its other parts have not changed."""
        met = tuple(self.met())
        self._show_checks()
        if met != self._met:
            self._met = met
            self._window.show_state()

    # The end

    @Slot()
    def _closed(self) -> None:
        """The capture window was closed: let the camera go. What is being captured stays on the disk."""
        if self.capture is not None:
            self.capture.let_go()
        self._tell()

    def ask_to_end(self) -> None:
        """Let the camera go, end all threads."""
        if self.view is not None and self.capture is not None:
            self.view.hide()
            self.capture.ask_to_end()
            for part in self._parts():
                part.ask_to_end()

    def _parts(self) -> list[Ending]:
        return [self._reading, self.live.looker, self.stack, self.calibration, self.ahead, self.unfinished]

    def close(self, timeout_s: float) -> bool:
        """Join the threads."""
        if self.view is None or self.capture is None:
            return True
        ended = close_all([self.capture, *self._parts()], timeout_s)
        self.view.deleteLater()
        return ended
