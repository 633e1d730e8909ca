"""The histogram of the live picture: three colours and luma, and how much is clipped at either end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from rvr_laaf_app.ui import theme

if TYPE_CHECKING:
    from rvr_laaf_app.pipeline.capture_view import Histogram

_CLIPPED = 0.005  # share of the picture from which it is told
_COLOURS = (QColor(226, 96, 88, 120), QColor(96, 190, 108, 120), QColor(92, 140, 240, 120))


class HistogramView(QWidget):
    """Shows one histogram."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("histogram")
        self.setAccessibleName(self.tr("Histogram"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(72)
        self._shown: Histogram | None = None

    def sizeHint(self) -> QSize:
        """Return a size at which it can be read."""
        return QSize(280, 84)

    def show_histogram(self, histogram: Histogram | None) -> None:
        """Show this; None: nothing is known."""
        self._shown = histogram
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the curves from the surround up."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.DARK.color("surround"))
        painter.drawRoundedRect(area, 4, 4)
        shown = self._shown
        if shown is not None:
            plot = area.adjusted(6, 6, -6, -18)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Screen)
            for channel, colour in zip(shown.channels, _COLOURS, strict=True):
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                painter.drawPolygon(_outline(plot, channel))
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
            painter.setPen(QPen(theme.DARK.color("text"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QPolygonF(_outline(plot, shown.luma).toList()[1:-1]))
            self._draw_clipped(painter, area, shown)
        painter.end()

    def _draw_clipped(self, painter: QPainter, area: QRectF, shown: Histogram) -> None:
        painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
        foot = QRectF(area.left() + 6, area.bottom() - 17, area.width() - 12, 15)
        for share, side in ((shown.black, Qt.AlignmentFlag.AlignLeft), (shown.white, Qt.AlignmentFlag.AlignRight)):
            clipped = share >= _CLIPPED
            painter.setPen(theme.DARK.color("problem" if clipped else "text_quiet"))
            painter.drawText(foot, side | Qt.AlignmentFlag.AlignVCenter, f"{share:.1%}")
        painter.setPen(theme.DARK.color("text_quiet"))
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, self.tr("clipped"))


def _outline(plot: QRectF, heights: NDArray[np.float32]) -> QPolygonF:
    count = len(heights)
    xs = plot.left() + plot.width() * np.arange(count) / max(count - 1, 1)
    ys = plot.bottom() - plot.height() * np.sqrt(np.clip(heights, 0.0, 1.0))  # the root lets small counts be seen
    points = [QPointF(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
    return QPolygonF([QPointF(plot.left(), plot.bottom()), *points, QPointF(plot.right(), plot.bottom())])
