"""Between the camera and its calibration: what is known of its lens, a sweep over the chart, the fit, keeping it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from rvr_laaf_app.app.capture_places import calibration_path
from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.jobs.scheduler import FinishReason, JobStatus, Scheduler, Task
from rvr_laaf_app.ui.capture.calibration_panel import CalibrationProgress
from rvr_laaf_app.ui.qt_image import to_qimage

if TYPE_CHECKING:
    from rvr_laaf_app.app.capture import Capture
    from rvr_laaf_app.app.capture_state import CaptureState, SweepEvent, TaskEnd
    from rvr_laaf_app.camera.base import CameraInfo
    from rvr_laaf_app.camera.defocus import DefocusModel
    from rvr_laaf_app.pipeline.capture_calibrate import Calibrated
    from rvr_laaf_app.ui.bridge import GuiBridge
    from rvr_laaf_app.ui.capture.window import CaptureWindow

CALIBRATE: Final = "calibrate"
_USUAL_SHARE: Final = 0.02  # of the range of a lens: what looks sharp at once if nobody has measured it


class CalibrationControl(QObject):
    """Holds the model of the camera in use."""

    model_changed = Signal()
    span_known = Signal(int, str)  # steps that look sharp at once where the lens stands, and who says so
    failed = Signal(object)

    def __init__(self, window: CaptureWindow, capture: Capture, bridge: GuiBridge) -> None:
        super().__init__(window)
        self._window, self._capture = window, capture
        self._state: CaptureState | None = None
        self._info: CameraInfo | None = None
        self._model: DefocusModel | None = None
        self._scheduler = Scheduler(lambda status: bridge.post(lambda: self._told(status)))
        self._work: Task[Calibrated] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._taken = self._planned = 0
        self._said: CalibrationProgress | None = None
        self._span = 0
        panel = window.calibration
        panel.calibrate_wanted.connect(self._clicked)
        panel.stop_wanted.connect(self.stop)

    @property
    def model(self) -> DefocusModel | None:
        """What is known of the lens."""
        return self._model

    @Slot()
    def _clicked(self) -> None:
        try:
            self.calibrate()
        except RvrError as error:
            self.failed.emit(error)

    def calibrate(self) -> None:
        """Capture a sweep over the whole way of the lens and fit the model. Raises UsageError if that cannot be."""
        from rvr_laaf_app.pipeline.capture_calibrate import calibration_positions

        state = self._state
        if state is None or state.limits is None:
            return
        positions = calibration_positions(state.limits, self._window.calibration.step.value())
        self._drop_folder()
        self._folder = tempfile.TemporaryDirectory(prefix="rvr-calibration-")
        self._taken, self._planned, self._said = 0, len(positions), None
        folder = Path(self._folder.name) / "sweep"
        self._capture.sweep(positions, folder, span=max(self._span, 1), name=CALIBRATE)
        self._show()

    @Slot()
    def stop(self) -> None:
        """Stop the sweep, or the fit."""
        if self._work is not None and not self._work.finished:
            self._work.cancel()
        else:
            self._capture.stop()

    def captured(self, event: SweepEvent) -> None:
        """Take note of one more picture."""
        self._taken = len(event.positions)
        self._show()

    def ended(self, end: TaskEnd) -> None:
        """Fit the model when the sweep is complete."""
        if end.name != CALIBRATE or self._folder is None:
            return
        if end.error is not None:
            self._said = CalibrationProgress(text=str(end.error), problem=True)
        elif end.cancelled or end.closing or getattr(end.result, "cancelled", False):
            self._said = CalibrationProgress(text=self.tr("Stopped; nothing was changed."))
        else:
            from rvr_laaf_app.pipeline.capture_calibrate import calibrate_job

            state = self._state
            low = state is None or state.drive is None or state.drive.near_is_low
            job = calibrate_job(Path(self._folder.name) / "sweep", near_is_low=low)
            self._work = self._scheduler.submit(job, CALIBRATE)
        self._show()

    def _told(self, status: JobStatus) -> None:
        if self._work is None or status.id != self._work.status.id:
            return
        if status.finished:
            if status.reason is FinishReason.COMPLETED:
                self._take(self._work.result(0))
            elif status.error is not None:
                self._said = CalibrationProgress(text=str(status.error), problem=True)
            self._drop_folder()
        self._show()

    def _take(self, found: Calibrated) -> None:
        from rvr_laaf_app.camera.defocus import save_model

        if self._info is None:
            return
        path = calibration_path(self._info.serial or self._info.id, "")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_model(path, found.model)
        except (OSError, RvrError) as error:
            self.failed.emit(error)
        self._model = found.model
        self.model_changed.emit()
        self._said = CalibrationProgress(text=found.summary)
        self._window.calibration.fit.show_image(to_qimage(found.picture))
        self._tell_span(again=True)

    def _drop_folder(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()

    # What is known

    def show_state(self, state: CaptureState) -> None:
        """Show what may be done; read what is known of another camera."""
        from rvr_laaf_app.camera.finding import identity

        self._state = state
        if state.info is not None and (self._info is None or identity(state.info) != identity(self._info)):
            self._info, self._model, self._said, self._span = state.info, None, None, 0
            self._window.calibration.fit.show_image(QImage())
            self._load(state.info)
        self._tell_span()
        self._show()

    def _load(self, info: CameraInfo) -> None:
        from rvr_laaf_app.camera.defocus import load_model

        path = calibration_path(info.serial or info.id, "")
        if path.is_file():
            try:
                self._model = load_model(path)
            except RvrError as error:
                self.failed.emit(error)
        self.model_changed.emit()

    def _tell_span(self, *, again: bool = False) -> None:
        state = self._state
        if state is None or state.limits is None:
            return
        low, high = state.limits
        if self._model is not None:
            span, source = self._model.depth_of_field_at(state.position or low), self.tr("calibrated")
        else:
            span, source = max(round((high - low) * _USUAL_SHARE), 1), self.tr("assumed")
        if span != self._span or again:
            self._span = span
            self.span_known.emit(span, source)

    def _show(self) -> None:
        state, panel = self._state, self._window.calibration
        if self._model is None:
            text = self.tr("Not calibrated: what looks sharp at once is assumed.")
            if state is not None and state.drive is not None and state.drive.kind == "relative" and not state.reaches:
                text = f"{text} {self.tr('Find the ends of the lens first, on the tab Focus.')}"
            panel.show_known(text)
        else:
            spans = self._model.depth_of_field
            low, high = str(spans.min()), str(spans.max())
            span = low if low == high else self.tr("{0} to {1}").replace("{0}", low).replace("{1}", high)
            text = self.tr("Calibrated at {0} positions; {1} steps look sharp at once.")
            panel.show_known(text.replace("{0}", str(len(spans))).replace("{1}", span))
        free = state is not None and state.phase == "live" and not state.task and state.limits is not None
        panel.show_progress(self._progress(), can=free and (self._work is None or self._work.finished))

    def _progress(self) -> CalibrationProgress:
        state = self._state
        if state is not None and state.task == CALIBRATE:
            text = self.tr("{0} of {1} captured").replace("{0}", str(self._taken)).replace("{1}", str(self._planned))
            return CalibrationProgress(True, self._taken, self._planned, text)
        if self._work is not None and not self._work.finished:
            progress = self._work.status.progress
            return CalibrationProgress(True, progress.done, progress.total, self.tr("Fitting blur and breathing"))
        return self._said or CalibrationProgress()

    def ask_to_end(self) -> None:
        """Let the work end."""
        self._scheduler.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the threads, remove the pictures of a calibration that did not end."""
        ended = self._scheduler.shutdown(timeout_s)
        self._drop_folder()
        return ended
