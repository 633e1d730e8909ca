"""The list of spots where the focus is not as it should be, and the sentence of the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QAction, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.ui import theme

_TIME_PX, _EDGE_PX = 64, 8


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """One line of the list: when, what ("2  late"), how large ("1.8×" or empty), and the whole sentence."""

    time_text: str
    what: str
    size: str
    sentence: str


class ProblemsPanel(QWidget):
    """Shows rows; says which one the user wants to see."""

    row_chosen = Signal(int)

    def __init__(self, step_actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("problems_panel")
        self._rows: tuple[ProblemRow, ...] = ()
        self.list = QListWidget(self)
        self.list.setObjectName("problem_rows")
        self.list.setAccessibleName(self.tr("Focus problems"))
        self.list.setItemDelegate(_RowDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.heading = QLabel(self.tr("PROBLEMS"), self)
        self.heading.setObjectName("problems_heading")
        self.heading.setProperty("role", "heading")
        self.text = QLabel("", self)
        self.text.setObjectName("problem_text")
        self.text.setProperty("role", "quiet")
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self._state = ""
        line = QHBoxLayout()
        line.setSpacing(0)
        line.addWidget(self.heading, 1)
        self._steps = [self._step(action) for action in step_actions]
        for button in self._steps:
            line.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        rule = QFrame(self)
        rule.setProperty("role", "rule")
        layout.addSpacing(8)
        layout.addWidget(rule)
        layout.addSpacing(8)
        layout.addLayout(line)
        layout.addWidget(self.list)
        layout.addWidget(self.text)
        self.list.currentRowChanged.connect(self._row_changed)
        self.list.itemActivated.connect(self._activated)
        self.show_rows((), "")

    def _step(self, action: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"{action.objectName()}_button")
        button.setDefaultAction(action)
        button.setProperty("role", "flat")
        button.setAccessibleName(action.text().replace("&", ""))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    @property
    def rows(self) -> tuple[ProblemRow, ...]:
        """What is listed."""
        return self._rows

    def show_rows(self, rows: tuple[ProblemRow, ...], state: str, *, chosen: int = -1) -> None:
        """List the rows; `state` is said below them, or alone where there are none. Tells nobody."""
        self._state = state
        with QSignalBlocker(self.list):
            if rows != self._rows:
                self._rows = rows
                self._fill()
            self.list.setCurrentRow(chosen)
        self.list.setVisible(bool(rows))
        for button in self._steps:
            button.setVisible(bool(rows))
        self.list.setFixedHeight(self._height())
        self._show_text()

    def choose(self, number: int) -> None:
        """Mark a row; tells nobody."""
        with QSignalBlocker(self.list):
            self.list.setCurrentRow(number)
        self._show_text()

    def _fill(self) -> None:
        self.list.clear()
        for row in self._rows:
            item = QListWidgetItem(f"{row.time_text}  {row.what}  {row.size}".rstrip())
            item.setData(Qt.ItemDataRole.UserRole, row)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{row.time_text} {row.sentence}")
            item.setToolTip(row.sentence)
            self.list.addItem(item)

    def _height(self) -> int:
        """Return the height of up to five rows: the lens below must stay in reach."""
        each = self.list.sizeHintForRow(0) if self._rows else 0
        return each * min(len(self._rows), 5) + 2

    def _show_text(self) -> None:
        number = self.list.currentRow()
        parts = [self._rows[number].sentence] if 0 <= number < len(self._rows) else []
        text = "\n".join(p for p in (*parts, self._state) if p)
        self.text.setText(text)
        self.text.setVisible(bool(text))

    @Slot(int)
    def _row_changed(self, number: int) -> None:
        self._show_text()
        if number >= 0:
            self.row_chosen.emit(number)

    @Slot(QListWidgetItem)
    def _activated(self, item: QListWidgetItem) -> None:
        self.row_chosen.emit(self.list.row(item))


class _RowDelegate(QStyledItemDelegate):
    """Draws a row in three columns: time, what, and at the right edge how large."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw background and mark as the style has them, then the texts."""
        row = index.data(Qt.ItemDataRole.UserRole)
        view = QStyleOptionViewItem(option)
        self.initStyleOption(view, index)
        view.text = ""
        style = view.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, view, painter, view.widget)
        chosen = bool(view.state & QStyle.StateFlag.State_Selected)
        area = view.rect.adjusted(_EDGE_PX + 2, 0, -_EDGE_PX, 0)
        painter.save()
        painter.setFont(theme.tabular_font())
        painter.setPen(theme.DARK.color("text_quiet"))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, row.time_text)
        painter.setPen(theme.DARK.color("problem"))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row.size)
        painter.setPen(theme.DARK.color("text_strong" if chosen else "text"))
        middle = area.adjusted(_TIME_PX, 0, -painter.fontMetrics().horizontalAdvance(row.size) - _EDGE_PX, 0)
        what = painter.fontMetrics().elidedText(row.what, Qt.TextElideMode.ElideRight, middle.width())
        painter.drawText(middle, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, what)
        painter.restore()
