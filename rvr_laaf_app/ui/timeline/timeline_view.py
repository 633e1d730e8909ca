"""The timeline widget: shows a TimelineContent, moves the playhead, says which target was picked, moved or removed."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.timeline import lanes
from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.scale import TimeScale

HEADER_PX = 72
RULER_PX = 26
SOUND_PX = 36
TARGETS_PX = 40
INSET_PX = 12  # room for a diamond at either end
_HIT_PX = 9.0


class TimelineView(QWidget):
    """Draws one content value; holds only what the eye needs: zoom, scroll, and a drag under way."""

    seek_requested = Signal(int)  # frame
    target_selected = Signal(str)  # target id; "" = none
    target_moved = Signal(str, int)  # target id, new frame; once, when the drag ends
    target_removal_requested = Signal(str)
    target_activated = Signal(str)  # double click: go there

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline")
        self.setAccessibleName(self.tr("Timeline"))
        self.setAccessibleDescription(
            self.tr("Left and right move one frame; Delete removes the selected target; plus and minus zoom.")
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(RULER_PX + SOUND_PX + TARGETS_PX + 56)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._content: TimelineContent | None = None
        self._frame = 0
        self._selected: str | None = None
        self._scale = TimeScale(HEADER_PX + INSET_PX, 1, 1.0)
        self._pressed: tuple[str, QPointF] | None = None  # the diamond under a pressed button
        self._ghost: lanes.DragGhost | None = None
        self._scrubbing = False

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(960, 208)

    @property
    def scale(self) -> TimeScale:
        """The time axis as shown."""
        return self._scale

    def set_content(self, content: TimelineContent | None) -> None:
        """Show another content; zoom and scroll stay if the clip's length did not change."""
        same = content is not None and content.duration_s == self._scale.duration_s
        self._content = content
        if content is not None and not same:
            self._scale = TimeScale(HEADER_PX + INSET_PX, 1, max(content.duration_s, 1e-3))
        self._fit_width()
        self.update()

    def set_frame(self, frame: int) -> None:
        """Move the playhead."""
        if self._content is None or frame == self._frame:
            return
        self._frame = frame
        self._scale = self._scale.showing(self._content.start_s(frame))
        self.update()

    def set_selected(self, target_id: str | None) -> None:
        """Show one target as selected."""
        if target_id != self._selected:
            self._selected = target_id
            self.update()

    def zoom(self, factor: float) -> None:
        """Zoom around the playhead."""
        if self._content is not None:
            self._scale = self._scale.zoomed(factor, around_s=self._content.start_s(self._frame))
            self.update()

    def diamond_centre(self, target_id: str) -> QPointF:
        """Return where a target's diamond is drawn."""
        assert self._content is not None
        target = next(t for t in self._content.targets if t.id == target_id)
        return QPointF(
            self._scale.x_of(self._content.start_s(target.frame)), self._lane_rects()["targets"].center().y()
        )

    def _fit_width(self) -> None:
        self._scale = replace(self._scale, width=max(1.0, self.width() - HEADER_PX - 2 * INSET_PX))

    def _lane_rects(self) -> dict[str, QRectF]:
        """Return the rectangles of ruler and lanes, from top to bottom."""
        has_sound = self._content is not None and self._content.waveform is not None
        left, width = float(HEADER_PX), float(self.width() - HEADER_PX)
        rects, top = {}, 0.0
        for name, height in (("ruler", RULER_PX), ("sound", SOUND_PX if has_sound else 0), ("targets", TARGETS_PX)):
            rects[name] = QRectF(left, top, width, height)
            top += height
        rects["focus"] = QRectF(left, top, width, max(0.0, self.height() - top))
        return rects

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw everything; a few hundred lines of vector drawing, no pictures."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.DARK.color("panel"))
        rects = self._lane_rects()
        self._draw_ground(painter, rects)
        if self._content is not None:
            painter.save()
            painter.setClipRect(QRectF(HEADER_PX, 0, self.width() - HEADER_PX, self.height()))
            self._draw_lanes(painter, rects, self._content)
            painter.restore()
        painter.end()

    def _draw_ground(self, painter: QPainter, rects: dict[str, QRectF]) -> None:
        names = {"sound": self.tr("Sound"), "targets": self.tr("Targets"), "focus": self.tr("Focus")}
        painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
        painter.fillRect(rects["focus"], theme.DARK.color("surround"))
        for name, rect in rects.items():
            if rect.height() <= 0:
                continue
            painter.setPen(theme.DARK.color("hairline"))
            painter.drawLine(QPointF(0, rect.bottom() - 0.5), QPointF(self.width(), rect.bottom() - 0.5))
            if name in names:
                painter.setPen(theme.DARK.color("text_quiet"))
                top = rect.top() if name != "focus" else rect.center().y() - 10
                height = rect.height() if name != "focus" else 20
                painter.drawText(QRectF(16, top, HEADER_PX - 16, height), Qt.AlignmentFlag.AlignVCenter, names[name])
        focus = rects["focus"]
        painter.setPen(theme.DARK.color("text_quiet"))
        edge = QRectF(HEADER_PX - 44, focus.top() + 2, 36, 14)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(edge, right, self.tr("near"))
        edge.moveBottom(focus.bottom() - 3)
        painter.drawText(edge, right, self.tr("far"))

    def _draw_lanes(self, painter: QPainter, rects: dict[str, QRectF], content: TimelineContent) -> None:
        scale = self._scale
        lanes.draw_ruler(painter, rects["ruler"], scale)
        ruler = rects["ruler"]
        lanes.draw_done_bar(painter, QRectF(ruler.left(), ruler.bottom() - 2, ruler.width(), 2), content, scale)
        body = QRectF(HEADER_PX, RULER_PX, self.width() - HEADER_PX, self.height() - RULER_PX)
        lanes.draw_cuts(painter, body, content, scale)
        lanes.draw_waveform(painter, rects["sound"], content, scale)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lanes.draw_focus(painter, rects["focus"], content, scale)
        lanes.draw_targets(painter, rects["targets"], content, scale, selected=self._selected, ghost=self._ghost)
        x = scale.x_of(content.start_s(self._frame))
        lanes.draw_playhead(painter, x, 0, self.height(), focused=self.hasFocus())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the shown span when the width changes."""
        super().resizeEvent(event)
        self._fit_width()

    def _frame_at(self, x: float) -> int:
        assert self._content is not None
        table = self._content.table
        half = 0.5 / max(float(table.average_rate), 1e-6)  # the nearest frame, not the one before
        return table.index_at(min(self._scale.seconds_at(x) + half, table.duration_s))

    def _diamond_at(self, place: QPointF) -> str | None:
        if self._content is None or not self._lane_rects()["targets"].contains(place):
            return None
        near = [(abs(self.diamond_centre(t.id).x() - place.x()), t.id) for t in self._content.targets]
        close = [pair for pair in near if pair[0] <= _HIT_PX]
        return min(close)[1] if close else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pick a diamond, or move the playhead."""
        if event.button() != Qt.MouseButton.LeftButton or self._content is None or event.position().x() < HEADER_PX:
            event.ignore()
            return
        found = self._diamond_at(event.position())
        if found is not None:
            self._pressed = (found, event.position())
            self.target_selected.emit(found)
            return
        self._scrubbing = True
        self.target_selected.emit("")
        self.seek_requested.emit(self._frame_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub, drag a diamond, or show that one can be dragged."""
        if self._content is None:
            return
        if self._scrubbing:
            self.seek_requested.emit(self._frame_at(event.position().x()))
        elif self._pressed is not None:
            target_id, begin = self._pressed
            far = abs(event.position().x() - begin.x()) >= QApplication.startDragDistance()
            if far or self._ghost is not None:
                self._ghost = lanes.DragGhost(target_id, self._frame_at(event.position().x()))
                self.update()
        else:
            over = self._diamond_at(event.position()) is not None
            self.setCursor(Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the gesture; a dragged diamond becomes one edit."""
        ghost, self._ghost, self._pressed, self._scrubbing = self._ghost, None, None, False
        if ghost is not None:
            self.target_moved.emit(ghost.target_id, ghost.frame)
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go to the target under the mouse."""
        found = self._diamond_at(event.position())
        if found is not None:
            self.target_activated.emit(found)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom with Ctrl around the mouse, else scroll."""
        if self._content is None:
            return
        delta = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            around = self._scale.seconds_at(event.position().x())
            self._scale = self._scale.zoomed(1.0015 ** delta.y(), around_s=around)
        else:
            pixels = delta.x() or delta.y()
            self._scale = self._scale.scrolled(-pixels / 2 / self._scale.px_per_s)
        self.update()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom with + and -, remove with Delete, give up a drag with Escape."""
        key = event.key()
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1.5)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / 1.5)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self._selected:
            self.target_removal_requested.emit(self._selected)
        elif key == Qt.Key.Key_Escape and self._ghost is not None:
            self._ghost = self._pressed = None
            self.update()
        else:
            super().keyPressEvent(event)
