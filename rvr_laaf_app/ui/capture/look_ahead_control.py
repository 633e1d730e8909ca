"""Between the live pictures and the look-ahead preview: a thread that does as much as it can, and tells how much."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.ui.capture.look_ahead_panel import LookAheadState
from rvr_laaf_app.ui.qt_image import to_qimage
from rvr_laaf_app.ui.viewer.marks import SubjectMark

if TYPE_CHECKING:
    from rvr_laaf_app.app.capture import Capture
    from rvr_laaf_app.app.capture_state import CaptureState
    from rvr_laaf_app.camera.base import LiveFrame
    from rvr_laaf_app.pipeline.capture_ahead import AheadPicture, AheadSettings, LiveLookAhead
    from rvr_laaf_app.ui.bridge import GuiBridge
    from rvr_laaf_app.ui.capture.window import CaptureWindow

_REST_S: Final = 0.02
_MOST_ROWS: Final = 12
log = logging.getLogger(__name__)


class LookAheadControl(QObject):
    """Holds the thread while the preview runs."""

    changed = Signal()

    def __init__(self, window: CaptureWindow, capture: Capture, bridge: GuiBridge) -> None:
        super().__init__(window)
        self._window, self._capture, self._bridge = window, capture, bridge
        self._ahead: LiveLookAhead | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._state = LookAheadState()
        self._can = False
        self._pending: AheadPicture | None = None
        self._size = (0, 0)
        self.estimator = ""
        panel = window.look_ahead
        panel.toggled.connect(self.run)
        panel.changed.connect(self._settings_changed)

    @property
    def running(self) -> bool:
        """Whether the preview runs."""
        return self._state.running

    @Slot(bool)
    def run(self, on: bool) -> None:
        """Start or stop the preview."""
        if on == self.running:
            return
        if not on:
            self._end()
            if self._window.view == "ahead":
                self._window.show_view("live")
        elif self._can:
            self._begin()
            self._window.show_view("ahead")
        self.changed.emit()

    def _begin(self) -> None:
        self._stop, self._wake = threading.Event(), threading.Event()
        self._state = LookAheadState(running=True)
        self._window.ahead_picture.set_notice(self.tr("Filling: the first picture comes when it has seen far enough."))
        self._thread = threading.Thread(target=self._work, args=(self._stop,), name="look ahead", daemon=True)
        self._capture.sinks.append(self._take)
        self._thread.start()
        self._show()

    def _end(self) -> None:
        self._stop.set()
        self._wake.set()
        if self._take in self._capture.sinks:
            self._capture.sinks.remove(self._take)
        self._ahead = None
        self._state = LookAheadState()
        self._show()

    def _settings(self) -> AheadSettings:
        from rvr_laaf_app.pipeline.capture_ahead import AheadSettings

        panel = self._window.look_ahead
        settings = AheadSettings(panel.delay.value, panel.f_number.value)
        return settings if not self.estimator else AheadSettings(settings.delay_s, settings.f_number, self.estimator)

    @Slot()
    def _settings_changed(self) -> None:
        if self._ahead is not None:
            self._ahead.set(self._settings())

    def show_state(self, state: CaptureState) -> None:
        """The preview needs live pictures; it waits while there are none, and ends with the camera."""
        self._can = state.phase in ("live", "busy", "gone", "card_full")
        if not self._can and self.running:
            self.run(False)
        self._state = replace(self._state, waiting=self.running and state.phase != "live")
        self._show()

    def _show(self) -> None:
        self._window.look_ahead.show_state(self._state, can=self._can)

    # In other threads

    def _take(self, frame: LiveFrame) -> None:
        ahead = self._ahead
        if ahead is not None:
            ahead.push(frame)
            self._wake.set()

    def _work(self, stop: threading.Event) -> None:
        from rvr_laaf_app.pipeline.capture_ahead import LiveLookAhead

        try:
            ahead = LiveLookAhead(self._settings())
            if not stop.is_set():
                self._ahead = ahead
            while not stop.is_set():
                did, picture = ahead.step()
                if picture is not None and not stop.is_set():
                    rows = [d.reason for d in ahead.decisions]
                    self._tell(picture, rows, stop)
                if not did:
                    self._wake.wait(_REST_S)
                    self._wake.clear()
        except RvrError as error:
            problem = str(error)
            self._bridge.post(lambda: self._failed(problem, stop))
        except Exception as error:
            log.exception("the look-ahead preview failed")
            problem = f"{type(error).__name__}: {error}"
            self._bridge.post(lambda: self._failed(problem, stop))

    def _tell(self, picture: AheadPicture, rows: list[str], stop: threading.Event) -> None:
        image = to_qimage(picture.rgb)
        self._bridge.post(lambda: self._came(picture, image, rows) if not stop.is_set() else None)

    # Back in the GUI thread

    def _failed(self, problem: str, stop: threading.Event) -> None:
        if stop is self._stop:
            self._end()
            self._state = LookAheadState(problem=problem)
            self._show()
            self.changed.emit()

    def _came(self, picture: AheadPicture, image: QImage, rows: list[str]) -> None:
        view = self._window.ahead_picture
        size = image.width(), image.height()
        if size != self._size:
            self._size = size
            view.set_aspect(*size)
        view.set_image(image)
        late = self.tr("{0} s late").replace("{0}", f"{picture.late_s:.1f}")
        rate = self.tr("{0} pictures a second").replace("{0}", f"{picture.fps:.1f}") if picture.fps > 0 else ""
        view.set_notice(f"{late}   {rate}".rstrip())
        marks: tuple[SubjectMark, ...] = ()
        if picture.box is not None:
            marks = (SubjectMark("ahead", picture.box, 1.0, picture.reason),)
        view.set_marks(marks, ())
        waiting = self._state.waiting
        self._state = LookAheadState(True, picture.late_s, picture.fps, picture.live_fps, waiting=waiting)
        self._show()
        self._window.look_ahead.show_decisions([f"{r[:1].upper()}{r[1:]}" for r in rows[-_MOST_ROWS:]])

    def ask_to_end(self) -> None:
        """Let the thread end."""
        if self.running:
            self._end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread."""
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()
