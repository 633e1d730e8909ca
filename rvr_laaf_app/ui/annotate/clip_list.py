"""The list of clips to work through: what is to do, begun, done, and what was set aside and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from rvr_laaf_app.ui import theme

_ROW = Qt.ItemDataRole.UserRole
ROW_PX = 44
HEADING_PX = 28


@dataclass(frozen=True, slots=True)
class ClipRow:
    """One row. key: of the clip, "" = it cannot be opened. state: todo, begun, done, aside; "heading": a title."""

    key: str
    name: str
    detail: str
    state: str


class _Rows(QStyledItemDelegate):
    """Draws a row: the sign of its state, the name, and below it what else there is to know."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        row = index.data(_ROW)
        return QSize(0, HEADING_PX if isinstance(row, ClipRow) and row.state == "heading" else ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row = index.data(_ROW)
        if not isinstance(row, ClipRow):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect)
        if row.state == "heading":
            _heading(painter, rect, row.name)
        else:
            state = option.state
            _clip(painter, rect, row, shown=bool(state & QStyle.StateFlag.State_Selected), over=_over(state))
        painter.restore()


def _over(state: QStyle.StateFlag) -> bool:
    return bool(state & QStyle.StateFlag.State_MouseOver)


def _heading(painter: QPainter, rect: QRectF, text: str) -> None:
    font = theme.tabular_font(theme.SMALL_TEXT_PX, bold=True)
    painter.setFont(font)
    painter.setPen(theme.DARK.color("text_quiet"))
    painter.drawText(rect.adjusted(12, 8, -8, 0), int(Qt.AlignmentFlag.AlignVCenter), text)


def _clip(painter: QPainter, rect: QRectF, row: ClipRow, *, shown: bool, over: bool) -> None:
    if shown or over:
        painter.fillRect(rect, theme.DARK.color("control_hover" if shown else "control"))
    if shown:
        painter.fillRect(QRectF(rect.left(), rect.top(), 2, rect.height()), theme.DARK.color("accent"))
    draw_state(painter, QPointF(rect.left() + 18, rect.center().y()), row.state)
    texts = rect.adjusted(34, 5, -8, -5)
    painter.setFont(theme.tabular_font())
    painter.setPen(theme.DARK.color("text_strong" if shown else "text" if row.key else "text_disabled"))
    name = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideMiddle, int(texts.width()))
    painter.drawText(texts, int(Qt.AlignmentFlag.AlignTop), name)
    painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
    painter.setPen(theme.DARK.color("text_quiet"))
    detail = painter.fontMetrics().elidedText(row.detail, Qt.TextElideMode.ElideRight, int(texts.width()))
    painter.drawText(texts, int(Qt.AlignmentFlag.AlignBottom), detail)


def draw_state(painter: QPainter, centre: QPointF, state: str) -> None:
    """Draw the sign of a state, told apart by shape as well as by colour: ring, half disc, tick, bar."""
    radius = 5.5
    ring = QPen(theme.DARK.color("text_quiet"), 1.4)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if state == "todo":
        painter.setPen(ring)
        painter.drawEllipse(centre, radius, radius)
    elif state == "begun":
        amber = theme.DARK.color("accent")
        painter.setPen(QPen(amber, 1.4))
        painter.drawEllipse(centre, radius, radius)
        painter.setBrush(amber)
        painter.drawPie(QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius), -90 * 16, 180 * 16)
    elif state == "done":
        painter.setPen(_pen(theme.DARK.color("in_focus"), 2.0))
        tick = QPainterPath(QPointF(centre.x() - 5, centre.y() + 0.5))
        tick.lineTo(centre.x() - 1.5, centre.y() + 4)
        tick.lineTo(centre.x() + 5, centre.y() - 4)
        painter.drawPath(tick)
    else:
        painter.setPen(_pen(theme.DARK.color("text_disabled"), 2.0))
        painter.drawLine(QPointF(centre.x() - 4.5, centre.y()), QPointF(centre.x() + 4.5, centre.y()))


def _pen(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


class ClipList(QListWidget):
    """Shows rows and says which clip was asked for."""

    clip_asked = Signal(str)  # key

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("annotate_clips")
        self.setProperty("role", "flush")
        self.setAccessibleName(self.tr("Clips"))
        self.setItemDelegate(_Rows(self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(False)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._rows: tuple[ClipRow, ...] = ()
        self._telling = True
        self.currentItemChanged.connect(self._current_changed)

    @property
    def rows(self) -> tuple[ClipRow, ...]:
        """What is shown."""
        return self._rows

    def show_rows(self, rows: Sequence[ClipRow], current: str) -> None:
        """Show these rows, the clip `current` marked; what did not change is not touched."""
        self._telling = False
        if [(r.key, r.state == "heading") for r in rows] != [(r.key, r.state == "heading") for r in self._rows]:
            self.clear()
            for row in rows:
                item = QListWidgetItem(self)
                if not row.key:
                    item.setFlags(Qt.ItemFlag.NoItemFlags)
        for number, row in enumerate(rows):
            item = self.item(number)
            if item.data(_ROW) != row:
                item.setData(_ROW, row)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{row.name}, {row.detail}")
                item.setToolTip(f"{row.name}\n{row.detail}".strip())
            if row.key and row.key == current and self.currentItem() is not item:
                self.setCurrentItem(item)
                self.scrollToItem(item)
        if not current:
            self.setCurrentRow(-1)
        self._rows = tuple(rows)
        self._telling = True

    @Slot(QListWidgetItem, QListWidgetItem)
    def _current_changed(self, now: QListWidgetItem | None, _before: QListWidgetItem | None) -> None:
        row = None if now is None else now.data(_ROW)
        if self._telling and isinstance(row, ClipRow) and row.key:
            self.clip_asked.emit(row.key)


def short_name(name: str) -> str:
    """Return the name of a clip without its folder."""
    return PurePosixPath(name).name
