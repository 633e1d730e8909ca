"""A widget with a time axis: zoom from the whole clip to single frames and scroll, by wheel, two fingers and calls."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.layout import HEADER_PX, INSET_PX
from rvr_laaf_app.ui.timeline.scale import TimeScale

FRAME_PX = 48.0  # of a single frame when frames are told apart


class TimeAxisWidget(QWidget):
    """Holds what is shown of which content; what is drawn of it is the subclass's."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content: TimelineContent | None = None
        self._frame = 0
        self._scale = TimeScale(HEADER_PX + INSET_PX, 1, 1.0)

    def _repaint(self) -> None:
        """Draw everything anew."""
        raise NotImplementedError

    @property
    def scale(self) -> TimeScale:
        """The time axis as shown."""
        return self._scale

    def zoom_fit(self) -> None:
        """Show the whole clip."""
        self._scale_to(replace(self._scale, first_s=0.0, span_s=0.0))

    def zoom_frames(self) -> None:
        """Show single frames around the playhead, each wide enough to be told from the next."""
        if self._content is not None:
            wide = FRAME_PX * float(self._content.table.average_rate)
            self.zoom(wide / self._scale.px_per_s)

    def zoom(self, factor: float) -> None:
        """Zoom around the playhead, or around the middle while that is out of sight."""
        if self._content is None:
            return
        scale, at = self._scale, self._content.start_s(self._frame)
        inside = scale.first_s <= at <= scale.first_s + scale.shown_s
        self._scale_to(scale.zoomed(factor, around_s=at if inside else scale.first_s + scale.shown_s / 2))

    def _scale_to(self, scale: TimeScale) -> None:
        if scale != self._scale:
            self._scale = scale
            self._repaint()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom with Ctrl around the mouse, else scroll."""
        if self._content is None:
            return
        delta = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            around = self._scale.seconds_at(event.position().x())
            self._scale_to(self._scale.zoomed(1.0015 ** delta.y(), around_s=around))
        else:
            pixels = delta.x() or delta.y()
            self._scale_to(self._scale.scrolled(-pixels / 2 / self._scale.px_per_s))
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Zoom by two fingers where the system tells of them."""
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
            and self._content is not None
        ):
            around = self._scale.seconds_at(event.position().x())
            self._scale_to(self._scale.zoomed(max(0.2, 1.0 + event.value()), around_s=around))
            return True
        return super().event(event)
