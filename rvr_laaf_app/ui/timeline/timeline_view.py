"""The timeline widget: shows a TimelineContent, moves the playhead, says which target was picked, moved or removed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import Literal

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.timeline import lanes
from rvr_laaf_app.ui.timeline.background import DepthData
from rvr_laaf_app.ui.timeline.board import Board
from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.depth_row import DepthRow
from rvr_laaf_app.ui.timeline.film import FilmStrip
from rvr_laaf_app.ui.timeline.lane import Lane, LaneView, nearest_frame
from rvr_laaf_app.ui.timeline.lanes import crisp, draw_words
from rvr_laaf_app.ui.timeline.layout import HEADER_PX, INSET_PX, OPTIONAL, lane_rects, least_height
from rvr_laaf_app.ui.timeline.more_lanes import MORE
from rvr_laaf_app.ui.timeline.scale import TimeScale
from rvr_laaf_app.ui.timeline.target_drawing import hold_end_x
from rvr_laaf_app.ui.timeline.target_lane import TargetLane
from rvr_laaf_app.ui.timeline.time_axis import TimeAxisWidget


class TimelineView(TimeAxisWidget):
    """Draws one content value; holds only what the eye needs: zoom, scroll, and a drag under way."""

    seek_requested = Signal(int)  # frame
    target_selected = Signal(str)  # target id, picked in the depth lane; "" = none
    selection_asked = Signal(object, str)  # ids, the one that leads ("" = none)
    targets_moved = Signal(object)  # {target id: new frame}; once, when the drag ends
    hold_changed = Signal(str, object)  # target id, frames or None = until the next target; once
    pull_changed = Signal(str, int, int)  # target id, frame of arrival, length in frames; once, when the drag ends
    removal_requested = Signal()  # of what is selected
    target_activated = Signal(str)  # double click: go there
    looked_at = Signal(int)  # frame in the middle of what is shown

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
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._scrubbing = False
        self._hover: QPointF | None = None
        self._hidden: frozenset[str] = frozenset()
        self.targets = TargetLane(self)
        self.depth_row = DepthRow(self)
        own: dict[str, Lane] = {"targets": self.targets, "depth": self.depth_row}
        self._lanes = own | {kind.name: kind(self) for kind in MORE}
        self._held: Lane | None = None  # the lane that holds the mouse
        self._over: Lane | None = None  # the one under the mouse
        self._pressed: Lane | None = None  # the one pressed last: keys are its own
        for lane in self._lanes.values():
            lane.changed.connect(partial(self._redraw, lane.name))
            lane.moved.connect(self.update)
            lane.seek_requested.connect(self.seek_requested)
        self.targets.selection_asked.connect(self.selection_asked)
        self.targets.targets_moved.connect(self.targets_moved)
        self.targets.hold_changed.connect(self.hold_changed)
        self.targets.activated.connect(self.target_activated)
        self.depth_row.picked.connect(self.target_selected)
        self.depth_row.pull_changed.connect(self.pull_changed)
        self.depth_row.activated.connect(self.target_activated)
        self._board = Board(self.tr, rows=tuple(self._lanes.values()))
        self._still: QPixmap | None = None  # everything but playhead, words under the mouse and a dragged pull
        self._looked_at = -1
        self.set_hidden(())

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(960, least_height(self._gone(), self._folded()))

    @property
    def hidden_lanes(self) -> tuple[str, ...]:
        """The lanes that are not shown, from top to bottom."""
        return tuple(name for name in OPTIONAL if name in self._hidden)

    def set_hidden(self, names: Collection[str]) -> None:
        """Hide these lanes and show the others; only those of `layout.OPTIONAL` can be hidden."""
        self._hidden = frozenset(names) & frozenset(OPTIONAL)
        self.setMinimumHeight(least_height(self._gone(), self._folded()))
        self.updateGeometry()
        self._repaint()

    def set_content(self, content: TimelineContent | None) -> None:
        """Show another content; zoom and scroll stay if the clip's length did not change."""
        same = content is not None and content.duration_s == self._scale.duration_s
        before = self._gone(), self._folded()
        self._content = content
        if content is not None and not same:
            self._scale = TimeScale(HEADER_PX + INSET_PX, 1, max(content.duration_s, 1e-3))
            self._frame = 0
        if (self._gone(), self._folded()) != before:
            self.set_hidden(self._hidden)
        self._fit_width()
        self._repaint()

    @Slot(object)
    def set_depth(self, data: DepthData | None) -> None:
        """Show how depth is spread; None: it cannot be known here."""
        self.depth_row.set_data(data)

    @Slot(object)
    def set_film(self, film: FilmStrip | None) -> None:
        """Show small pictures from this source; called again when it has more of them."""
        self._board.film = film
        self._repaint()

    def set_frame(self, frame: int) -> None:
        """Move the playhead."""
        if self._content is None or frame == self._frame:
            return
        self._frame = frame
        self._scale_to(self._scale.showing(self._content.start_s(frame)))
        if self.hasFocus():
            self._tell_frame()
        self.update()

    def set_selected(self, target_id: str | None) -> None:
        """Show one target as selected."""
        self.set_selection((target_id,) if target_id else (), target_id or None)

    def set_selection(self, ids: tuple[str, ...], primary: str | None) -> None:
        """Show targets as selected, one of them leading."""
        self.depth_row.set_selected(primary)
        self.targets.set_selection(ids, primary)

    def lane(self, name: str) -> Lane:
        """Return one of the lanes of `more_lanes`, for its feature to fill and to hear of."""
        return self._lanes[name]

    def lane_rect(self, name: str) -> QRectF:
        """Return where a lane is drawn."""
        return self._lane_rects()[name]

    def diamond_centre(self, target_id: str) -> QPointF:
        """Return where a target's diamond is drawn."""
        view = self._view_of(self.targets)
        target = next(t for t in view.content.targets if t.id == target_id)
        return QPointF(view.x_of(target.frame), view.rect.center().y())

    def hold_end(self, target_id: str) -> QPointF:
        """Return where the end of a target's hold is drawn."""
        view = self._view_of(self.targets)
        number = next(n for n, t in enumerate(view.content.targets) if t.id == target_id)
        return QPointF(hold_end_x(view, number), view.rect.center().y())

    def pull_handle(self, target_id: str, end: Literal["begin", "arrival"]) -> QPointF:
        """Return where an end of a target's pull is dragged by in the depth lane."""
        assert self._content is not None
        number = next(i for i, t in enumerate(self._content.targets) if t.id == target_id)
        return self.depth_row.depth.handle(self._content, number, end, self.lane_rect("depth"), self._scale)

    def words(self) -> tuple[str, ...]:
        """Return the lines that stand beside the mouse, if the lane under it has any."""
        lane = self._lane_at(self._hover) if self._hover is not None else None
        if lane is None or self._hover is None:
            return ()
        return lane.words_at(self._hover, self._view_of(lane))

    # Inside

    def _has_sound(self) -> bool:
        return self._content is not None and self._content.waveform is not None

    def _gone(self) -> frozenset[str]:
        empty = {lane.name for lane in self._lanes.values() if not lane.is_shown(self._content)}
        return self._hidden | empty | (set() if self._has_sound() else {"sound"})

    def _folded(self) -> frozenset[str]:
        return frozenset(lane.name for lane in self._lanes.values() if lane.is_folded(self._content))

    def _lane_rects(self) -> dict[str, QRectF]:
        return lane_rects(self.width(), self.height(), self._gone(), self._folded())

    def _fit_width(self) -> None:
        self._scale_to(replace(self._scale, width=max(1.0, self.width() - HEADER_PX - 2 * INSET_PX)))

    def _view_of(self, lane: Lane) -> LaneView:
        assert self._content is not None
        return LaneView(
            self.lane_rect(lane.name), self._content, self._scale, self._frame, ratio=self.devicePixelRatioF()
        )

    def _lane_at(self, place: QPointF) -> Lane | None:
        if self._content is None or place.x() < HEADER_PX:
            return None
        rects = self._lane_rects()
        return next((lane for lane in self._lanes.values() if rects[lane.name].contains(place)), None)

    @Slot()
    def _repaint(self) -> None:
        self._still = None
        self.update()

    def _redraw(self, lane: str) -> None:
        self._board.forget(lane)
        self._repaint()

    def _tell_frame(self) -> None:
        """Say in words, for screen readers, what the lanes show at the playhead."""
        if self._content is not None:
            words = self.depth_row.words_of(self._frame, self._view_of(self.depth_row))
            self.setAccessibleDescription(", ".join(words))

    def _tell_middle(self) -> None:
        if self._content is not None:
            middle = self._content.table.index_at(self._scale.first_s + self._scale.shown_s / 2)
            if middle != self._looked_at:
                self._looked_at = middle
                self.looked_at.emit(middle)

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the lanes, from a kept picture where nothing in them changed, and what moves over them."""
        ratio = self.devicePixelRatioF()
        if self._still is None or self._still.size() != self.size() * ratio:
            self._still = self._board.picture(self.size(), ratio, self._lane_rects(), self._content, self._scale)
            self._tell_middle()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._still)
        if self._content is not None:
            painter.setClipRect(QRectF(HEADER_PX, 0, self.width() - HEADER_PX, self.height()))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_moving(painter, self._content)
        painter.end()

    def _draw_moving(self, painter: QPainter, content: TimelineContent) -> None:
        room = QRectF(HEADER_PX, 0, self.width() - HEADER_PX, self.height())
        for lane in self._lanes.values():
            view = self._view_of(lane)
            if view.rect.height() > 0:
                lane.draw_over(painter, view)
        x = self._scale.x_of(content.start_s(self._frame))
        lanes.draw_playhead(painter, x, 0, self.height(), focused=self.hasFocus())
        words = self.words() if not self._scrubbing else ()
        if words and self._hover is not None:
            x = crisp(self._hover.x())
            under = self._lane_at(self._hover)
            over = self.lane_rect("depth" if under is None else under.name)
            painter.setPen(QPen(theme.DARK.color("text_quiet"), 1.0))
            painter.drawLine(QLineF(x, over.top(), x, over.bottom()))
            draw_words(painter, room, QPointF(x, over.top()), words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the shown span when the width changes."""
        super().resizeEvent(event)
        self._fit_width()

    # Mouse and keys

    def _frame_at(self, x: float) -> int:
        """Return the frame whose begin is nearest to a pixel."""
        assert self._content is not None
        return nearest_frame(self._content, self._scale.seconds_at(x))

    def _frame_under(self, x: float) -> int:
        """Return the frame that is shown in the column of a pixel."""
        assert self._content is not None
        return self._content.table.index_at(self._scale.seconds_at(x))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pick a diamond or the end of a pull, or move the playhead."""
        content, place = self._content, event.position()
        if event.button() != Qt.MouseButton.LeftButton or content is None or place.x() < HEADER_PX:
            event.ignore()
            return
        lane = self._pressed = self._lane_at(place)
        if lane is not None and lane.press(event, self._view_of(lane)):
            self._held = lane
            return
        in_picture = any(self.lane_rect(name).contains(place) for name in ("depth", "film"))
        frame = self._frame_under(place.x()) if in_picture else self._frame_at(place.x())
        if lane is not self.depth_row:
            self.target_selected.emit("")
        self._scrubbing = True
        self.seek_requested.emit(frame)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub, drag what is held, or show what lies under the mouse."""
        content, place = self._content, event.position()
        self._hover = place
        if content is None:
            return
        if self._held is not None:
            self._held.drag(event, self._view_of(self._held))
        elif self._scrubbing:
            self.seek_requested.emit(self._frame_at(place.x()))
        else:
            lane = self._lane_at(place)
            self._be_over(lane)
            shape = lane.cursor_at(place, self._view_of(lane)) if lane is not None else None
            self.setCursor(Qt.CursorShape.ArrowCursor if shape is None else shape)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the gesture; what was dragged becomes one edit."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        held, self._held = self._held, None
        if held is not None and self._content is not None:
            held.release(event, self._view_of(held))
            return
        self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.let_go()
        self._held = None
        self._scrubbing = False
        self._repaint()

    def _be_over(self, lane: Lane | None) -> None:
        """Take note of the lane under the mouse."""
        if self._over is not None and self._over is not lane:
            self._over.left()
        self._over = lane

    def leaveEvent(self, event: QEvent) -> None:
        """Take the words away."""
        self._hover = None
        self._be_over(None)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go to the target under the mouse."""
        lane = self._lane_at(event.position())
        if lane is not None:
            lane.double_click(event, self._view_of(lane))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what the lane under the mouse can do there."""
        place = QPointF(event.pos())
        lane = self._lane_at(place)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if lane is not None:
            lane.fill_menu(menu, place, self._view_of(lane))
        if menu.isEmpty():
            menu.deleteLater()
            event.ignore()
        else:
            menu.popup(event.globalPos())

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Tell screen readers where the playhead is."""
        super().focusInEvent(event)
        self._tell_frame()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom with + and -, remove with Delete, give up a drag with Escape."""
        key = event.key()
        if key == Qt.Key.Key_Escape and self._held is not None:
            self._let_go()
            return
        lane = self._pressed if self._content is not None else None
        if lane is not None and lane.key(event, self._view_of(lane)):
            return
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1.5)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / 1.5)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.targets.selected:
            self.removal_requested.emit()
        else:
            super().keyPressEvent(event)
