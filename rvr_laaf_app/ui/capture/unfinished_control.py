"""Between an interrupted sweep on the disk and its camera: noticing it, and one click that goes on with it.

Going on may take several steps (connecting the camera, finding the ends of a lens that counts); what was asked for is
kept until the camera is ready, and forgotten when another camera is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QDateTime, QLocale, QObject, Signal, Slot

from rvr_laaf_app.app.capture_unfinished import Unfinished, find_unfinished, leave
from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.ui.capture.unfinished_bar import UnfinishedOffer
from rvr_laaf_app.ui.newest import NewestWorker

if TYPE_CHECKING:
    from rvr_laaf_app.app.capture import Capture
    from rvr_laaf_app.app.capture_state import CaptureState, TaskEnd
    from rvr_laaf_app.camera.base import CameraInfo
    from rvr_laaf_app.ui.bridge import GuiBridge
    from rvr_laaf_app.ui.capture.stack_control import StackControl
    from rvr_laaf_app.ui.capture.window import CaptureWindow

_RECORDED: Final = "replay:"  # such a camera is a folder: it needs not be found first


class UnfinishedControl(QObject):
    """Holds the sweep that is offered."""

    camera_wanted = Signal(str)
    failed = Signal(object)
    use_wanted = Signal(str)  # the folder of a sweep that is to be taken as it is

    def __init__(self, window: CaptureWindow, capture: Capture, stack: StackControl, bridge: GuiBridge) -> None:
        super().__init__(window)
        self._window, self._capture, self._stack = window, capture, stack
        self._found: Unfinished | None = None
        self._wanted: Unfinished | None = None
        self._cameras: Sequence[CameraInfo] = ()
        self._state: CaptureState | None = None
        self._post: Callable[[Callable[[], None]], None] = bridge.post
        self._worker: NewestWorker[Path] = NewestWorker(self._search, name="unfinished sweeps")
        bar = window.unfinished
        bar.go_on_wanted.connect(self.go_on)
        bar.use_wanted.connect(self._use)
        bar.leave_wanted.connect(self._leave)
        stack.developed.connect(self.look)
        stack.root_changed.connect(self.look)

    @Slot()
    def look(self) -> None:
        """Look at the folder of sweeps, in the background."""
        self._worker.submit(self._stack.root)

    def _search(self, root: Path) -> None:
        found = find_unfinished(root)
        self._post(lambda: self._take(found))

    def _take(self, found: Unfinished | None) -> None:
        self._found = found
        self._show()

    # What happened

    def show_cameras(self, cameras: Sequence[CameraInfo]) -> None:
        """Take which cameras are there."""
        self._cameras = cameras
        self._show()

    def show_state(self, state: CaptureState) -> None:
        """Go on as soon as the camera is ready, if that was asked for."""
        self._state = state
        wanted, info = self._wanted, state.info
        if wanted is not None and (state.phase == "none" or (info is not None and not self._is_it(wanted, info))):
            self._wanted = None
        self._show()
        if self._wanted is not None and state.phase == "live" and not state.task:
            # Not within the telling of a state: what begins now tells the next one.
            self._post(self._next)

    def ended(self, end: TaskEnd) -> None:
        """Look again after a sweep; a task that failed or was stopped on the way is not begun anew."""
        if self._wanted is not None and (end.error is not None or end.cancelled):
            self._wanted = None
        if end.name == "sweep":
            self.look()

    def _is_it(self, unfinished: Unfinished, info: CameraInfo) -> bool:
        """Return whether this is the camera; one that was only just chosen may not know its serial number yet."""
        return unfinished.is_of(info) or info.id == self._camera_of(unfinished)

    def _camera_of(self, unfinished: Unfinished) -> str:
        """Return the id of the camera that can go on with it, "" = it is not there."""
        info = self._state.info if self._state is not None else None
        if info is not None and unfinished.is_of(info):
            return info.id
        there = next((c.id for c in self._cameras if unfinished.is_of(c)), "")
        recorded = unfinished.sweep.camera
        return there or (recorded if recorded.startswith(_RECORDED) else "")

    # What the user wants

    @Slot()
    def go_on(self) -> None:
        """Capture what is missing; the camera is connected first if it is another one, or none."""
        found = self._found
        if found is None or not (camera := self._camera_of(found)):
            return
        self._wanted = found
        self._show()
        state = self._state
        if state is not None and state.info is not None and state.info.id == camera:
            self._next()
        else:
            self.camera_wanted.emit(camera)

    def _next(self) -> None:
        wanted, state = self._wanted, self._state
        if wanted is None or state is None or state.phase != "live" or state.task:
            return
        try:
            if state.limits is None and state.drive is not None and state.drive.kind != "none":
                self._capture.find_limits()  # a lens that counts: its positions begin at the near end
                return
            self._wanted = self._found = None
            self._stack.go_on(wanted.folder)
        except RvrError as error:
            self._wanted = None
            self.failed.emit(error)
        self._show()

    @Slot()
    def _use(self) -> None:
        found, self._found = self._found, None
        self._show()
        if found is not None:
            self.use_wanted.emit(str(found.folder))

    @Slot()
    def _leave(self) -> None:
        found, self._found = self._found, None
        self._show()
        if found is not None:
            leave(found)
            self.look()

    # Showing

    def _show(self) -> None:
        self._window.unfinished.show_offer(self._offer())

    def _offer(self) -> UnfinishedOffer | None:
        found, state = self._found, self._state
        at_rest = state is None or (state.phase in ("none", "live") and not state.task)
        busy = self._wanted is not None or self._stack.developing or not at_rest
        if found is None or busy:
            return None
        sweep, there = found.sweep, bool(self._camera_of(found))
        title = self.tr("A sweep was interrupted: {0} of {1} pictures are captured")
        title = title.replace("{0}", str(len(sweep.frames))).replace("{1}", str(len(sweep.planned)))
        moment = QDateTime.fromSecsSinceEpoch(int(found.since_s))
        when = QLocale().toString(moment, QLocale.FormatType.ShortFormat)
        name = sweep.name or sweep.camera
        text = self.tr("{0}, {1}. What was captured is safe.").replace("{0}", name).replace("{1}", when)
        if not there:
            text = f"{text} {self.tr('Connect this camera to go on.')}"
        return UnfinishedOffer(title, text, there, found.usable)

    # The end

    def ask_to_end(self) -> None:
        """Let the thread end."""
        self._worker.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread."""
        return self._worker.close(timeout_s)
