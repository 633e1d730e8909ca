"""The list of the export queue: each job in three lines with its bar; dragging changes the order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QMimeData, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QDropEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.export_texts import QueueRow
from rvr_laaf_app.ui.panels.row_drag import empty_burden

ROW: Final = Qt.ItemDataRole.UserRole
_EDGE_PX, _LINE_PX, _BAR_PX = 10, 18, 3
_LEAST_PX: Final = 48
_HEIGHT_PX: Final = 2 * _LINE_PX + 20
_STATE_COLOURS: Final = {"failed": "problem", "done": "in_focus", "running": "accent", "interrupted": "text"}


class JobList(QListWidget):
    """The jobs of a queue. `moved(job id, new place)` when one was dragged."""

    moved = Signal(str, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("queue_list")
        self.setAccessibleName(self.tr("Exports"))
        self.setItemDelegate(_JobDelegate(self))
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setMinimumHeight(_HEIGHT_PX + 4)

    def set_rows(self, rows: tuple[QueueRow, ...]) -> None:
        """List these rows instead of what is listed."""
        self.clear()
        for row in rows:
            item = QListWidgetItem()
            self._put(item, row)
            self.addItem(item)

    def change_rows(self, rows: tuple[QueueRow, ...]) -> None:
        """Bring the listed jobs up to date; they are the same ones in the same order."""
        for number, row in enumerate(rows):
            item = self.item(number)
            if item.data(ROW) != row:
                self._put(item, row)

    @staticmethod
    def _put(item: QListWidgetItem, row: QueueRow) -> None:
        item.setData(ROW, row)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{row.title}, {row.how}: {row.standing}")
        item.setToolTip(f"{row.title}\n{row.how}\n{row.detail}")

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:
        """Rows are dragged inside the list only, and their pictures stay where they are."""
        return empty_burden()

    def dropEvent(self, event: QDropEvent) -> None:
        """Tell where the dragged job should go; the list itself changes when it is told the new order."""
        row = self.currentItem().data(ROW) if self.currentItem() is not None else None
        index = self.indexAt(event.position().toPoint())
        place = index.row() if index.isValid() else self.count()
        if index.isValid() and self.dropIndicatorPosition() == QAbstractItemView.DropIndicatorPosition.BelowItem:
            place += 1
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        if row is not None:
            self._tell(row.id, place - 1 if place > self.currentRow() else place)

    @Slot(str, int)
    def _tell(self, job_id: str, place: int) -> None:
        if place != self.currentRow():
            self.moved.emit(job_id, place)


class _JobDelegate(QStyledItemDelegate):
    """Draws name and preset, how it stands, and a bar."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """All rows are equally high."""
        return QSize(120, _HEIGHT_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw background and mark as the style has them, then the lines."""
        row = index.data(ROW)
        view = QStyleOptionViewItem(option)
        self.initStyleOption(view, index)
        view.text = ""
        view.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, view, painter, view.widget)
        area = view.rect.adjusted(_EDGE_PX + 2, 7, -_EDGE_PX, -7)
        painter.save()
        first = QRect(area.left(), area.top(), area.width(), _LINE_PX)
        painter.setFont(theme.tabular_font())
        chosen = bool(view.state & QStyle.StateFlag.State_Selected)
        painter.setPen(theme.DARK.color("text_strong" if chosen else "text"))
        name = painter.fontMetrics().elidedText(row.title, Qt.TextElideMode.ElideMiddle, first.width())
        painter.drawText(first, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        self._second(painter, first.translated(0, _LINE_PX), row)
        if row.fraction is not None:
            self._bar(painter, area, row)
        painter.setPen(theme.DARK.color("hairline"))
        painter.drawLine(view.rect.bottomLeft(), view.rect.bottomRight())
        painter.restore()

    def _second(self, painter: QPainter, area: QRect, row: QueueRow) -> None:
        """Draw how it stands, and at the right edge the preset in what is left, if that is enough to be read."""
        painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
        metrics = painter.fontMetrics()
        painter.setPen(theme.DARK.color(_STATE_COLOURS.get(row.state, "text_quiet")))
        text = metrics.elidedText(row.standing, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        left = area.width() - metrics.horizontalAdvance(text) - 2 * _EDGE_PX
        if left >= min(metrics.horizontalAdvance(row.how), _LEAST_PX):
            painter.setPen(theme.DARK.color("text_quiet"))
            how = metrics.elidedText(row.how, Qt.TextElideMode.ElideRight, left)
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, how)

    def _bar(self, painter: QPainter, area: QRect, row: QueueRow) -> None:
        groove = QRect(area.left(), area.bottom() - _BAR_PX + 4, area.width(), _BAR_PX)
        painter.fillRect(groove, theme.DARK.color("control"))
        groove.setWidth(round(groove.width() * min(row.fraction or 0.0, 1.0)))
        painter.fillRect(groove, theme.DARK.color("accent" if row.state == "running" else "accent_dim"))
