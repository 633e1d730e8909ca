"""The data set in numbers: clips, targets, who has done how much, what is in focus and why, train and test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.annotate.charts import BarList, column_in

if TYPE_CHECKING:
    from rvr_laaf_app.annotation.audit import Summary
    from rvr_laaf_app.ui.annotate.figures import Counted

_TILE_PX = 26
_ROW_PX = 30
_MOST_ROWS = 8


class DataPage(QWidget):
    """Shows what it is given; asks for the division into train and test."""

    split_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("data_page")
        names = ("usable", "minutes", "done", "targets", "aside")
        self._tiles = {name: QLabel(self) for name in names}
        self.table = self._make_table()
        self.split = QLabel(self)
        self.split.setObjectName("split_text")
        self.problems = QLabel(self)
        self.problems.setProperty("role", "problem")
        self.problems.setWordWrap(True)
        self.divide = QPushButton(self.tr("Divide into Train and Test"), self)
        self.divide.setObjectName("divide")
        self.divide.clicked.connect(self.split_asked)
        titles = (self.tr("TARGETS IN A CLIP"), self.tr("SUBJECTS"), self.tr("REASONS"))
        self.bars = [(self._heading(title), BarList(title, self)) for title in titles]
        self._lay_out()

    def _make_table(self) -> QTableWidget:
        titles = [
            self.tr("Annotator"),
            self.tr("Done"),
            self.tr("Begun"),
            self.tr("Set aside"),
            self.tr("To do"),
            self.tr("Targets"),
            self.tr("A minute"),
        ]
        table = QTableWidget(0, len(titles), self)
        table.setObjectName("people")
        table.setAccessibleName(self.tr("Annotators"))
        table.setHorizontalHeaderLabels(titles)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(_ROW_PX)
        table.setShowGrid(False)
        table.setFixedHeight(3 * _ROW_PX)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        return table

    def _lay_out(self) -> None:
        column = column_in(self)
        tiles = QHBoxLayout()
        tiles.setSpacing(48)
        texts = {
            "usable": self.tr("clips to annotate"),
            "minutes": self.tr("minutes"),
            "done": self.tr("clips done by somebody"),
            "targets": self.tr("targets"),
            "aside": self.tr("clips set aside"),
        }
        for name, label in self._tiles.items():
            tile = QVBoxLayout()
            tile.setSpacing(0)
            label.setObjectName(f"tile_{name}")
            label.setText("\u2013")
            label.setProperty("role", "title")
            label.setFont(theme.tabular_font(_TILE_PX))
            below = QLabel(texts[name], self)
            below.setProperty("role", "quiet")
            tile.addWidget(label)
            tile.addWidget(below)
            tiles.addLayout(tile)
        tiles.addStretch(1)
        column.addLayout(tiles)
        column.addWidget(self.problems)
        column.addWidget(self._rule())
        column.addWidget(self.table)
        row = QHBoxLayout()
        row.addWidget(self.split, 1)
        row.addWidget(self.divide)
        column.addLayout(row)
        column.addWidget(self._rule())
        grid = QGridLayout()
        grid.setHorizontalSpacing(40)
        for number, (heading, bars) in enumerate(self.bars):
            grid.addWidget(heading, 0, number)
            grid.addWidget(bars, 1, number, Qt.AlignmentFlag.AlignTop)
            grid.setColumnStretch(number, 1)
        column.addLayout(grid)
        column.addStretch(1)

    def _heading(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", "heading")
        return label

    def _rule(self) -> QFrame:
        rule = QFrame(self)
        rule.setProperty("role", "rule")
        return rule

    def show_counted(self, counted: Counted) -> None:
        """Show the data set."""
        shown = {
            "usable": str(counted.usable),
            "minutes": f"{counted.seconds / 60:.1f}",
            "done": str(counted.done),
            "targets": str(counted.targets),
            "aside": str(counted.set_aside),
        }
        for name, text in shown.items():
            self._tiles[name].setText(text)
        self.problems.setText("\n".join(counted.problems))
        self.problems.setVisible(bool(counted.problems))
        self.table.setRowCount(len(counted.people))
        shown_rows = min(max(len(counted.people), 1), _MOST_ROWS)
        self.table.setFixedHeight(self.table.horizontalHeader().sizeHint().height() + shown_rows * _ROW_PX + 4)
        for number, person in enumerate(counted.people):
            for column, text in enumerate(_cells(person)):
                self.table.setItem(number, column, QTableWidgetItem(text))
        train, test = counted.split
        if train + test:
            text = self.tr("{0} clips to train on, {1} held out for testing. A clip keeps its side for ever.")
            self.split.setText(text.replace("{0}", str(train)).replace("{1}", str(test)))
        else:
            self.split.setText(self.tr("Not divided into train and test yet. Once given, a clip keeps its side."))
        for (_, bars), rows in zip(self.bars, (counted.per_clip, counted.subjects, counted.reasons), strict=True):
            bars.show_rows(rows)


def _cells(person: Summary) -> tuple[str, ...]:
    rate = "\u2014" if person.rate is None else f"{person.rate:.1f}"
    numbers = (person.done, person.begun, person.set_aside, person.left, person.targets)
    return (person.annotator, *(str(n) for n in numbers), rate)
