"""Between a lens that moves by steps of several sizes and the assistant that measures them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal, Slot

from rvr_laaf_app.core.errors import RvrError

if TYPE_CHECKING:
    from rvr_laaf_app.app.capture import Capture
    from rvr_laaf_app.app.capture_state import CaptureState, TaskEnd
    from rvr_laaf_app.ui.capture.window import CaptureWindow

LEARN: Final = "learning"


class StepsControl(QObject):
    """Holds what came of the last time."""

    failed = Signal(object)

    def __init__(self, window: CaptureWindow, capture: Capture) -> None:
        super().__init__(window)
        self._panel, self._capture = window.calibration.steps, capture
        self._state: CaptureState | None = None
        self._said, self._problem = "", False
        self._panel.learn_wanted.connect(self.learn)
        self._panel.stop_wanted.connect(capture.stop)

    @Slot()
    def learn(self) -> None:
        """Measure the steps where the lens stands."""
        try:
            self._say("")
            self._capture.learn_steps()
        except RvrError as error:
            self.failed.emit(error)

    def show_state(self, state: CaptureState) -> None:
        """Show what may be done."""
        former, self._state = self._state, state
        if former is not None and (former.info is None or state.info is None):
            self._said = ""
        self._show()

    def ended(self, end: TaskEnd) -> None:
        """Tell what came of it."""
        if end.name != LEARN:
            return
        if end.error is not None:
            self._say(str(end.error), problem=True)
        elif end.cancelled or end.result is None:
            self._say(self.tr("Stopped; nothing was changed."))
        else:
            worth = [str(steps) for _, steps in sorted(end.result.sizes.items())]
            text = self.tr("The steps are worth {0} of the smallest. The ends of the lens are to be found anew.")
            self._say(text.replace("{0}", self.tr(", ").join(worth)))

    def _say(self, text: str, *, problem: bool = False) -> None:
        self._said, self._problem = text, problem
        self._show()

    def _show(self) -> None:
        state = self._state
        sizes = state.drive.sizes if state is not None and state.drive is not None else ""
        running = state is not None and state.task == LEARN
        can = state is not None and state.phase == "live" and not state.task
        self._panel.show_steps(sizes, running=running, can=can, text=self._said, problem=self._problem)
