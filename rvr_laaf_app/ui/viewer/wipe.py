"""Before and after in one picture: the original left of a line that can be dragged, the result right of it."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from rvr_laaf_app.ui import theme

GRIP_PX = 7.0  # beside the line where it can be taken
_KNOB = 11.0


def wipe_x(visible: QRectF, share: float) -> float:
    """Return where the line stands in the visible part of the picture."""
    return visible.left() + share * visible.width()


def share_at(visible: QRectF, x: float) -> float:
    """Return the share of the visible picture that lies left of a place, 0..1."""
    return min(max((x - visible.left()) / max(visible.width(), 1.0), 0.0), 1.0)


def draw_before(painter: QPainter, shown: QRectF, visible: QRectF, before: QImage, share: float) -> None:
    """Draw the original over the left part of the picture."""
    painter.save()
    left = QRectF(visible)
    left.setRight(wipe_x(visible, share))
    painter.setClipRect(left, Qt.ClipOperation.IntersectClip)
    painter.drawImage(shown, before)
    painter.restore()


def draw_line(painter: QPainter, visible: QRectF, share: float, texts: tuple[str, str]) -> None:
    """Draw the line with its knob, and what is seen left and right of it."""
    x = round(wipe_x(visible, share)) + 0.5
    for pen in (QPen(QColor(0, 0, 0, 150), 3.0), QPen(theme.DARK.color("text_strong"), 1.0)):
        painter.setPen(pen)
        painter.drawLine(QLineF(x, visible.top(), x, visible.bottom()))
    middle = QPointF(x, visible.center().y())
    painter.setPen(QPen(QColor(0, 0, 0, 150), 1.0))
    painter.setBrush(theme.DARK.color("text_strong"))
    painter.drawEllipse(middle, _KNOB, _KNOB)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.DARK.color("surround"))
    for side in (-1, 1):
        tip = middle + QPointF(side * 7.0, 0)
        painter.drawPolygon(QPolygonF([tip, tip + QPointF(-side * 4, -4), tip + QPointF(-side * 4, 4)]))
    _draw_text(painter, visible, x, texts[0], left=True)
    _draw_text(painter, visible, x, texts[1], left=False)


def _draw_text(painter: QPainter, visible: QRectF, x: float, text: str, *, left: bool) -> None:
    font = theme.tabular_font(theme.SMALL_TEXT_PX)
    metrics = QFontMetricsF(font)
    plate = QRectF(0, visible.top() + 8, metrics.horizontalAdvance(text) + 14, metrics.height() + 6)
    if left:
        plate.moveRight(x - 8)
    else:
        plate.moveLeft(x + 8)
    if plate.left() < visible.left() + 2 or plate.right() > visible.right() - 2:
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(20, 20, 20, 200))
    painter.drawRoundedRect(plate, 3, 3)
    painter.setFont(font)
    painter.setPen(theme.DARK.color("text_strong"))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
