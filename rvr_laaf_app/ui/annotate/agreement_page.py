"""How far two annotators agree, with intervals, and where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from rvr_laaf_app.ui.annotate.charts import FigureRow, IntervalChart, column_in
from rvr_laaf_app.ui.annotate.clip_list import short_name
from rvr_laaf_app.ui.plural import counted
from rvr_laaf_app.ui.timeline.scale import clock_text

if TYPE_CHECKING:
    from rvr_laaf_app.annotation.agreement import Estimate
    from rvr_laaf_app.annotation.differences import Difference
    from rvr_laaf_app.ui.annotate.figures import Compared

# figure -> name, factor, unit, decimals, end of the axis
_FIGURES: Final = (
    ("found", "Targets that both have", 100.0, " %", 0, 100.0),
    ("in_window", "Each in the other's time", 100.0, " %", 0, 100.0),
    ("time_s", "Apart in time", 1.0, " s", 2, 1.0),
    ("same_place", "In the same place", 100.0, " %", 0, 100.0),
    ("overlap", "Overlap of the boxes", 1.0, "", 2, 1.0),
    ("distance", "Middles apart (of the width)", 1.0, "", 2, 0.5),
    ("same_words", "Subjects that share a word", 100.0, " %", 0, 100.0),
    ("kappa", "Kappa of the subjects", 1.0, "", 2, 1.0),
    ("same_focus", "Time on the same subject", 100.0, " %", 0, 100.0),
)
_KEY: Final = Qt.ItemDataRole.UserRole


class AgreementPage(QWidget):
    """Shows a comparison; asks for another pair, or for a clip to be opened."""

    pair_asked = Signal(str, str)
    clip_asked = Signal(str, float)  # key, seconds

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("agreement_page")
        self.first, self.second = (self._people(n) for n in ("agreement_first", "agreement_second"))
        self.summary = QLabel(self)
        self.summary.setObjectName("agreement_summary")
        self.summary.setProperty("role", "quiet")
        self.summary.setWordWrap(True)
        self.chart = IntervalChart(self)
        self.heading = QLabel(self.tr("WHERE THEY DIFFER"), self)
        self.heading.setProperty("role", "heading")
        self.table = self._make_table()
        self._and = QLabel(self.tr("and"), self)
        self._rest = QWidget(self)  # fills the page where there is no table
        self._lay_out()
        self.show_compared(None)

    def _people(self, name: str) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName(name)
        box.setAccessibleName(self.tr("Annotator"))
        box.setMinimumWidth(160)
        box.activated.connect(self._chosen)
        return box

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, 4, self)
        table.setObjectName("differences")
        table.setAccessibleName(self.tr("Where they differ"))
        table.setHorizontalHeaderLabels([self.tr("Clip"), self.tr("At"), self.tr("What"), self.tr("Subject")])
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.verticalHeader().hide()
        table.setShowGrid(False)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        table.itemActivated.connect(self._open_row)
        table.setToolTip(self.tr("Double-click: see it in the clip"))
        return table

    def _lay_out(self) -> None:
        column = column_in(self)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.first)
        row.addWidget(self._and)
        row.addWidget(self.second)
        row.addSpacing(16)
        row.addWidget(self.summary, 1)
        column.addLayout(row)
        column.addWidget(self.chart)
        column.addSpacing(4)
        column.addWidget(self.heading)
        column.addWidget(self.table, 1)
        column.addWidget(self._rest, 1)

    def show_compared(self, compared: Compared | None) -> None:
        """Show how far two annotators agree."""
        found = None if compared is None else compared.agreement
        if compared is not None:
            for box, name in ((self.first, compared.first), (self.second, compared.second)):
                with QSignalBlocker(box):
                    box.clear()
                    box.addItems(list(compared.people))
                    box.setCurrentText(name)
        for widget in (self.chart, self.heading, self.table):
            widget.setVisible(found is not None)
        for chooser in (self.first, self._and, self.second):
            chooser.setVisible(compared is not None and len(compared.people) > 1)
        self._rest.setVisible(found is None)
        if found is None:
            self.summary.setText(self._why_nothing(compared))
            return
        clips = counted(self.tr, "One clip that both have done", "{0} clips that both have done", found.clips)
        pairs = counted(self.tr, "one target of both", "{0} targets of both", found.pairs)
        text = f"{clips}, {pairs}. "
        if found.clips > 1:
            text += self.tr("Lines: 95 % intervals. Right: what a figure rests on.")
        else:
            text += self.tr("Intervals need two clips or more.")
        self.summary.setText(text)
        self.chart.show_rows([self._row(entry, found.figures[entry[0]]) for entry in _FIGURES])
        assert compared is not None
        self._show_differences(compared)

    def _why_nothing(self, compared: Compared | None) -> str:
        if compared is None:
            return self.tr("Comparing…")
        if len(compared.people) < 2:
            return self.tr("One annotator so far. When two have done the same clip, it is compared here.")
        return self.tr("No clip has been done by both yet.")

    def _row(self, entry: tuple[str, str, float, str, int, float], estimate: Estimate) -> FigureRow:
        _, name, factor, unit, decimals, axis = entry

        def text(value: float) -> str:
            return f"{factor * value:.{decimals}f}"

        value, low, high = estimate.value, estimate.low, estimate.high
        interval = ""
        if low is not None and high is not None:
            interval = self.tr("{0} to {1}").replace("{0}", text(low)).replace("{1}", text(high)) + unit
        scaled = [None if v is None else factor * v for v in (value, low, high)]
        shown = "\u2014" if value is None else text(value) + unit
        return FigureRow(self.tr(name), scaled[0], scaled[1], scaled[2], axis, shown, interval, estimate.count)

    def _show_differences(self, compared: Compared) -> None:
        self.table.setRowCount(len(compared.differences))
        for number, difference in enumerate(compared.differences):
            texts = self._texts(difference, compared)
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                item.setData(_KEY, (difference.clip.pictures, difference.seconds))
                self.table.setItem(number, column, item)
        self.heading.setText(self.tr("WHERE THEY DIFFER") if compared.differences else self.tr("THEY DIFFER NOWHERE"))
        self.table.setVisible(bool(compared.differences))
        self._rest.setVisible(not compared.differences)

    def _texts(self, difference: Difference, compared: Compared) -> tuple[str, ...]:
        subjects = [t.subject for t in (difference.mine, difference.theirs) if t is not None and t.subject]
        what = {
            "only_first": self.tr("only {0}").replace("{0}", compared.first),
            "only_second": self.tr("only {0}").replace("{0}", compared.second),
            "time": self.tr("{0} s apart").replace("{0}", f"{difference.apart_s:.2f}"),
            "place": self.tr("another place"),
        }[difference.kind]
        who = " / ".join(dict.fromkeys(subjects))
        return short_name(difference.clip.name), clock_text(difference.seconds), what, who

    @Slot()
    def _chosen(self) -> None:
        self.pair_asked.emit(self.first.currentText(), self.second.currentText())

    @Slot(QTableWidgetItem)
    def _open_row(self, item: QTableWidgetItem) -> None:
        key, seconds = item.data(_KEY)
        self.clip_asked.emit(key, seconds)
