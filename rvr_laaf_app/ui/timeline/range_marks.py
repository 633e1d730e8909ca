"""Over the ruler: the I and O marks with the part between them, and a thin bar where pictures for playing are ready.

It lies over the timeline as a widget of its own, because the bar moves with every picture that is made and the lanes
must not be drawn again for that. What it does not want of the mouse goes on to the timeline.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QLineF, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QToolTip, QWidget

from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.document.play_range import PlayRange
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.timeline.lanes import crisp
from rvr_laaf_app.ui.timeline.timeline_view import TimelineView

_GRIP_PX = 6.0
_FLAG_PX = 8.0
_BAR_PX = 3.0
Edge = Literal["start", "stop"]


class RangeMarks(QWidget):
    """Lies over a timeline's ruler and draws what it is given; the marks can be dragged."""

    mark_dragged = Signal(str, int, int)  # "start" or "stop", its frame, number of the gesture
    drag_ended = Signal()

    def __init__(self, timeline: TimelineView) -> None:
        super().__init__(timeline)
        self.setObjectName("range_marks")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self._timeline = timeline
        self._table: FrameTable | None = None
        self._marked = PlayRange()
        self._ready: tuple[tuple[int, int], ...] = ()
        self._held: Edge | None = None
        self._gesture = 0
        timeline.installEventFilter(self)
        self._fit()

    @property
    def ready(self) -> tuple[tuple[int, int], ...]:
        """The runs of frames [start, stop) that are shown as ready."""
        return self._ready

    @property
    def marked(self) -> PlayRange:
        """The marks that are shown."""
        return self._marked

    def set_clip(self, table: FrameTable | None) -> None:
        """Show marks of another clip."""
        self._table = table
        self.update()

    def set_marked(self, marked: PlayRange) -> None:
        """Show these marks."""
        if marked != self._marked:
            self._marked = marked
            self.update()

    def set_ready(self, runs: tuple[tuple[int, int], ...]) -> None:
        """Show where pictures for playing are ready."""
        if runs != self._ready:
            self._ready = runs
            self.update()

    def mark_x(self, edge: Edge) -> float | None:
        """Return where a mark stands, in pixels of the timeline; None if it is not set."""
        frame = self._marked.start if edge == "start" else self._marked.stop
        if frame is None or self._table is None:
            return None
        return self._timeline.scale.x_of(self._start_s(self._table, frame))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the timeline's size."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.LayoutRequest):
            self._fit()
        return False

    def _fit(self) -> None:
        ruler = self._timeline.lane_rect("ruler").toRect()
        if ruler != self.geometry():
            self.setGeometry(ruler)
            self.raise_()

    def _start_s(self, table: FrameTable, frame: int) -> float:
        return table.seconds_of(frame) if frame < len(table) else table.duration_s

    def _x(self, edge: Edge) -> float | None:
        x = self.mark_x(edge)
        return None if x is None else x - self.x()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar, the part between the marks, and their flags."""
        table = self._table
        if table is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale, height = self._timeline.scale, float(self.height())
        bar = theme.DARK.color("in_focus")
        bar.setAlpha(200)
        for first, stop in self._ready:
            left = scale.x_of(self._start_s(table, first)) - self.x()
            right = scale.x_of(self._start_s(table, stop)) - self.x()
            if right >= 0 and left <= self.width():
                painter.fillRect(QRectF(left, height - 1 - _BAR_PX, max(right - left, 1.0), _BAR_PX), bar)
        if self._marked.is_set:
            self._draw_marked(painter, height)
        painter.end()

    def _draw_marked(self, painter: QPainter, height: float) -> None:
        scale = self._timeline.scale
        start, stop = self._x("start"), self._x("stop")
        duration_s = scale.duration_s
        left = scale.x_of(0.0) - self.x() if start is None else start
        right = scale.x_of(duration_s) - self.x() if stop is None else stop
        shade = QColor(theme.DARK.surround)
        shade.setAlpha(150)
        painter.fillRect(QRectF(0, 0, left, height - 1), shade)
        painter.fillRect(QRectF(right, 0, self.width() - right, height - 1), shade)
        colour = theme.DARK.color("text_strong")
        painter.setPen(QPen(colour, 1.0))
        painter.drawLine(QLineF(left, 0.5, right, 0.5))
        for x, way in ((start, 1), (stop, -1)):
            if x is not None:
                painter.setPen(QPen(colour, 1.0))
                painter.drawLine(QLineF(crisp(x), 0, crisp(x), height))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                painter.drawPolygon(
                    QPolygonF([QPointF(x, 0), QPointF(x + way * _FLAG_PX, 0), QPointF(x, _FLAG_PX * 1.2)])
                )

    def _edge_at(self, x: float) -> Edge | None:
        found: list[tuple[float, Edge]] = []
        edges: tuple[Edge, ...] = ("start", "stop")
        for edge in edges:
            at = self._x(edge)
            if at is not None and abs(at - x) <= _GRIP_PX:
                found.append((abs(at - x), edge))
        return min(found)[1] if found else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of a mark; anything else is the timeline's."""
        edge = self._edge_at(event.position().x())
        if event.button() == Qt.MouseButton.LeftButton and edge is not None:
            self._held = edge
            self._gesture += 1
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the held mark."""
        if self._held is None or self._table is None:
            over = self._edge_at(event.position().x())
            self.setCursor(Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.ArrowCursor)
            event.ignore()
            return
        table = self._table
        half = 0.5 / max(float(table.average_rate), 1e-6)
        seconds = self._timeline.scale.seconds_at(event.position().x() + self.x())
        frame = table.index_at(min(seconds + half, table.duration_s))
        if self._held == "stop" and seconds + half >= table.duration_s:
            frame = len(table)
        self.mark_dragged.emit(self._held, frame, self._gesture)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self._held is None:
            event.ignore()
            return
        self._held = None
        self.drag_ended.emit()

    def event(self, event: QEvent) -> bool:
        """Say what the bar means."""
        if isinstance(event, QHelpEvent) and self._ready and event.pos().y() >= self.height() - 8:
            QToolTip.showText(event.globalPos(), self.tr("Green: ready to play in real time"), self)
            return True
        return super().event(event)
