"""What is drawn over the picture: the box of the tracked subject and how sure it is, targets, the rubber band."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.viewer.letterbox import to_rect

_CORNER = 12.0
_DOT = 3.0


@dataclass(frozen=True, slots=True)
class SubjectMark:
    """The subject that is followed at the shown frame: its box, 0..1 confidence (0 = not found), and its name."""

    target_id: str
    box: Box
    confidence: float
    label: str
    selected: bool = False
    ruling: bool = True  # it has the focus; else it is only shown because it is selected
    tentative: bool = False  # grown around the click, not followed yet

    @property
    def lost(self) -> bool:
        """True if the box is only held from before."""
        return self.confidence <= 0.0


@dataclass(frozen=True, slots=True)
class TargetMark:
    """A target that the user set at the shown frame."""

    target_id: str
    place: Point | Box
    selected: bool = False


def draw_subject(painter: QPainter, shown: QRectF, mark: SubjectMark) -> None:
    """Draw a box: amber corners as opaque as it is sure, or a dashed red frame with the word "lost"."""
    rect = to_rect(shown, mark.box)
    if mark.lost:
        outline(painter, rect, theme.DARK.color("problem"), dashed=True)
        tag(painter, shown, rect, f"{mark.label}  lost", theme.DARK.color("problem"))
        return
    colour = theme.DARK.color("accent" if mark.ruling or mark.tentative else "text")
    if mark.tentative:
        outline(painter, rect, colour, dashed=True)
        tag(painter, shown, rect, mark.label, colour)
        return
    colour.setAlphaF(0.45 + 0.55 * min(max(mark.confidence, 0.0), 1.0))
    if mark.selected:
        thin = QColor(colour)
        thin.setAlphaF(colour.alphaF() * 0.5)
        outline(painter, rect, thin)
    _corners(painter, rect, colour)
    tag(painter, shown, rect, f"{mark.label}  {round(mark.confidence * 100)} %", colour)


def draw_target(painter: QPainter, shown: QRectF, mark: TargetMark) -> None:
    """Draw a small ring with a dot at a point target; a box target is a thin frame."""
    colour = theme.DARK.color("accent")
    if isinstance(mark.place, Box):
        outline(painter, to_rect(shown, mark.place), colour)
        return
    centre = QPointF(shown.left() + mark.place.x * shown.width(), shown.top() + mark.place.y * shown.height())
    for pen in (QPen(QColor(0, 0, 0, 170), 4.0), QPen(colour, 1.5)):
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(centre, 9.0, 9.0)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(centre, _DOT, _DOT)


def draw_rubber_band(painter: QPainter, rect: QRectF) -> None:
    """Draw the box while it is being drawn."""
    fill = theme.DARK.color("accent")
    fill.setAlpha(28)
    painter.fillRect(rect, fill)
    outline(painter, rect, theme.DARK.color("accent"))


def outline(painter: QPainter, rect: QRectF, colour: QColor, *, dashed: bool = False) -> None:
    """Draw a thin frame with a shade around it."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 140), 3.0))
    painter.drawRect(rect)
    pen = QPen(colour, 1.5)
    if dashed:
        pen.setDashPattern([5.0, 4.0])
    painter.setPen(pen)
    painter.drawRect(rect)


def _corners(painter: QPainter, rect: QRectF, colour: QColor) -> None:
    reach = min(_CORNER, rect.width() / 3, rect.height() / 3)
    lines = []
    for x, sx in ((rect.left(), 1), (rect.right(), -1)):
        for y, sy in ((rect.top(), 1), (rect.bottom(), -1)):
            lines += [QLineF(x, y, x + sx * reach, y), QLineF(x, y, x, y + sy * reach)]
    shade = QColor(0, 0, 0, round(170 * colour.alphaF()))
    for pen in (QPen(shade, 4.5), QPen(colour, 2.0)):
        pen.setCapStyle(Qt.PenCapStyle.SquareCap)
        painter.setPen(pen)
        painter.drawLines(lines)


def tag(painter: QPainter, shown: QRectF, rect: QRectF, text: str, colour: QColor) -> None:
    """Write a small label above the box, or inside its top where there is no room above."""
    font = theme.tabular_font(theme.SMALL_TEXT_PX)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    size = QRectF(0, 0, metrics.horizontalAdvance(text) + 10, metrics.height() + 4)
    top = rect.top() - size.height() - 6
    if top < shown.top():
        top = rect.top() + 6
    left = min(max(rect.left() - 2, shown.left()), shown.right() - size.width())
    size.moveTo(left, max(top, shown.top()))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(20, 20, 20, 215))
    painter.drawRoundedRect(size, 3, 3)
    solid = QColor(colour)
    solid.setAlpha(255)
    painter.setPen(solid)
    painter.drawText(size, Qt.AlignmentFlag.AlignCenter, text)
