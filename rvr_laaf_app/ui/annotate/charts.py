"""Two small charts of the pages of figures: values with their intervals, and counts as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from rvr_laaf_app.ui import theme

ROW_PX = 32
BAR_ROW_PX = 24
_PAGE_PX = 1216
_NAME_PX = 210
_VALUE_PX = 200
_COUNT_PX = 60


def column_in(page: QWidget) -> QVBoxLayout:
    """Return a column in the middle of a page, as wide as figures can be read across."""
    inner = QWidget(page)
    inner.setMaximumWidth(_PAGE_PX)
    row = QHBoxLayout(page)
    row.setContentsMargins(32, 20, 32, 20)
    row.addStretch(1)
    row.addWidget(inner, 1000)
    row.addStretch(1)
    column = QVBoxLayout(inner)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(12)
    return column


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A value on an axis from 0 to `axis`; low, high: its interval, None = unknown. value None: there is nothing."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    axis: float
    text: str  # "92 %"
    interval: str  # "80 to 100 %"
    count: int
    ends: tuple[str, str] = ("", "")


class IntervalChart(QWidget):
    """A row for each figure: its name, a dot with its 95 % interval on an axis, the numbers, what it rests on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("interval_chart")
        self.setAccessibleName(self.tr("Agreement"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._rows: tuple[FigureRow, ...] = ()

    @property
    def rows(self) -> tuple[FigureRow, ...]:
        """What is shown."""
        return self._rows

    def show_rows(self, rows: Sequence[FigureRow]) -> None:
        """Show these figures."""
        self._rows = tuple(rows)
        self.setFixedHeight(max(len(rows), 1) * ROW_PX)
        self.setAccessibleDescription("; ".join(f"{r.name} {r.text} {r.interval}" for r in rows))
        self.update()

    def sizeHint(self) -> QSize:
        """Return a comfortable width."""
        return QSize(760, max(len(self._rows), 1) * ROW_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, row in enumerate(self._rows):
            self._draw(painter, row, number * ROW_PX)
        painter.end()

    def _draw(self, painter: QPainter, row: FigureRow, top: float) -> None:
        middle = top + ROW_PX / 2
        left, right = _NAME_PX, self.width() - _VALUE_PX - _COUNT_PX
        align = Qt.AlignmentFlag
        painter.setFont(theme.tabular_font())
        painter.setPen(theme.DARK.color("text"))
        painter.drawText(QRectF(0, top, _NAME_PX - 8, ROW_PX), int(align.AlignVCenter), row.name)
        painter.setPen(QPen(theme.DARK.color("hairline"), 1.0))
        painter.drawLine(QLineF(left, middle, right, middle))
        for x in (left, right):
            painter.drawLine(QLineF(x, middle - 4, x, middle + 4))
        if row.value is not None:

            def x_of(value: float) -> float:
                return left + min(max(value / row.axis, 0.0), 1.0) * (right - left)

            if row.low is not None and row.high is not None:
                painter.setPen(QPen(theme.DARK.color("subject_a"), 4.0, c=Qt.PenCapStyle.RoundCap))
                painter.drawLine(QLineF(x_of(row.low), middle, x_of(row.high), middle))
            painter.setPen(QPen(theme.DARK.color("panel"), 2.0))
            painter.setBrush(theme.DARK.color("text_strong"))
            painter.drawEllipse(QPointF(x_of(row.value), middle), 6.0, 6.0)
        painter.setPen(theme.DARK.color("text_strong"))
        painter.setFont(theme.tabular_font(bold=True))
        painter.drawText(QRectF(right + 16, top, 60, ROW_PX), int(align.AlignVCenter), row.text)
        painter.setFont(theme.tabular_font())
        painter.setPen(theme.DARK.color("text_quiet"))
        painter.drawText(QRectF(right + 78, top, _VALUE_PX - 70, ROW_PX), int(align.AlignVCenter), row.interval)
        count = QRectF(self.width() - _COUNT_PX, top, _COUNT_PX, ROW_PX)
        painter.drawText(count, int(align.AlignVCenter | align.AlignRight), str(row.count))


class BarList(QWidget):
    """Counts as bars, the longest one as long as there is room."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._rows: tuple[tuple[str, int], ...] = ()

    def show_rows(self, rows: Sequence[tuple[str, int]]) -> None:
        """Show these counts."""
        self._rows = tuple(rows)
        self.setFixedHeight(max(len(rows), 1) * BAR_ROW_PX)
        self.setAccessibleDescription("; ".join(f"{name} {count}" for name, count in rows))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars."""
        painter = QPainter(self)
        most = max((count for _, count in self._rows), default=0)
        names = min(120.0, self.width() * 0.45)
        room = self.width() - names - 40
        painter.setFont(theme.tabular_font())
        for number, (name, count) in enumerate(self._rows):
            top = number * BAR_ROW_PX
            painter.setPen(theme.DARK.color("text"))
            text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(names - 10))
            painter.drawText(QRectF(0, top, names - 8, BAR_ROW_PX), int(Qt.AlignmentFlag.AlignVCenter), text)
            wide = room * count / most if most else 0.0
            painter.fillRect(QRectF(names, top + 6, max(wide, 1.0), BAR_ROW_PX - 12), theme.DARK.color("control_edge"))
            painter.setPen(theme.DARK.color("text_quiet"))
            rest = QRectF(names + wide + 8, top, 40, BAR_ROW_PX)
            painter.drawText(rest, int(Qt.AlignmentFlag.AlignVCenter), str(count))
        painter.end()
