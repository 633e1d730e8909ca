"""Over the picture, beside each followed subject: a thin bar with its signed distance to the focal plane.

Up is in front of the plane, down behind it, as in the depth lane of the timeline. The bracket in the middle is the
depth of field; inside it the bar is green, outside amber with the distance in pixels of blur; grey where it is not
known.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.viewer.letterbox import to_rect
from rvr_laaf_app.ui.viewer.picture_view import PictureView

REACH_DOF = 4.0  # depths of field at both ends of a bar; what is farther gets an arrow
_WIDTH, _GAP = 12.0, 10.0
_SHORTEST, _LONGEST, _LONGEST_SHARE = 72.0, 128.0, 0.2  # the share is of the picture's height: for large screens
_BAR = 4.0


@dataclass(frozen=True, slots=True)
class ZoneBar:
    """A subject at the shown frame: its box, and its signed coc diameter in pixels at full width (None: not known).

    sharp_px: the coc diameter at the edge of the depth of field. ruling: it has the focus, and its box is drawn with
    its name; the bar of another one says its name itself.
    """

    target_id: str
    name: str
    box: Box
    error_px: float | None
    sharp_px: float
    ruling: bool = True

    @property
    def in_focus(self) -> bool:
        """True if the subject is known to be inside the depth of field."""
        return self.error_px is not None and abs(self.error_px) <= self.sharp_px


class ZoneBars(QWidget):
    """Lies over a picture view, lets the mouse through, and draws the bars that it is given."""

    def __init__(self, picture: PictureView) -> None:
        super().__init__(picture)
        self.setObjectName("zone_bars")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._picture = picture
        self._bars: tuple[ZoneBar, ...] = ()
        picture.resized.connect(self._fit)
        self._fit()

    @property
    def bars(self) -> tuple[ZoneBar, ...]:
        """What is shown."""
        return self._bars

    def set_bars(self, bars: tuple[ZoneBar, ...]) -> None:
        """Show these bars."""
        if bars != self._bars:
            self._bars = bars
            self.update()

    @Slot()
    def _fit(self) -> None:
        self.setGeometry(self._picture.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars."""
        shown, visible = self._picture.shown_rect(), self._picture.visible_rect()
        if not self._bars or visible.isEmpty():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(visible)
        for bar in self._bars:
            if to_rect(shown, bar.box).intersects(visible):
                draw_zone_bar(painter, shown, bar, visible)
        painter.end()


def bar_rect(shown: QRectF, box: Box, visible: QRectF | None = None) -> QRectF:
    """Return where a bar stands inside the picture: right of the subject's box, left where there is no room.

    shown: where the whole picture lies; visible: the part of it that is seen, None = all of it.
    """
    rect = to_rect(shown, box)
    if visible is not None:
        rect, shown = rect.intersected(visible), visible
    longest = max(_LONGEST, shown.height() * _LONGEST_SHARE)
    height = min(max(rect.height(), _SHORTEST), longest, shown.height())
    left = rect.right() + _GAP
    if left + _WIDTH > shown.right() - 2:
        left = rect.left() - _GAP - _WIDTH
    left = round(min(max(left, shown.left() + 2), shown.right() - _WIDTH - 2))
    top = round(min(max(rect.center().y() - height / 2, shown.top()), shown.bottom() - height))
    return QRectF(left, top, _WIDTH, round(height))


def draw_zone_bar(painter: QPainter, shown: QRectF, bar: ZoneBar, visible: QRectF | None = None) -> None:
    """Draw one bar on a dark plate, so that it is readable on any picture."""
    plate = bar_rect(shown, bar.box, visible)
    shown = shown if visible is None else visible
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(20, 20, 20, 190))
    painter.drawRoundedRect(plate, 3, 3)
    scale = (plate.height() / 2 - 6) / REACH_DOF
    middle = plate.center()
    if bar.in_focus:
        inside = theme.DARK.color("in_focus")
        inside.setAlpha(90)
        painter.setBrush(inside)
        painter.drawRect(QRectF(plate.left() + 1, middle.y() - scale, plate.width() - 2, 2 * scale))
    _draw_bracket(painter, plate, scale, known=bar.error_px is not None)
    if bar.error_px is None:
        return
    distance = bar.error_px / bar.sharp_px
    y = middle.y() - min(max(distance, -REACH_DOF), REACH_DOF) * scale
    colour = theme.DARK.color("in_focus" if bar.in_focus else "accent")
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRect(QRectF(middle.x() - _BAR / 2, min(y, middle.y()), _BAR, abs(y - middle.y())))
    if abs(distance) > REACH_DOF:
        _draw_arrow(painter, QPointF(middle.x(), y), up=distance > 0)
    else:
        painter.drawRect(QRectF(plate.left() + 2, y - 1.5, plate.width() - 4, 3))
    text = "" if bar.in_focus else distance_text(bar.error_px)
    if not bar.ruling:
        text = f"{bar.name}  {text}".rstrip()
    if text:
        _draw_tag(painter, shown, plate, y, text, colour)


def _draw_bracket(painter: QPainter, plate: QRectF, scale: float, *, known: bool) -> None:
    """Draw the depth of field as two lines, and the plane as a dot line between them; dashed where nothing is known."""
    middle = plate.center().y()
    line = theme.DARK.color("text" if known else "text_quiet")
    line.setAlpha(220 if known else 150)
    pen = QPen(line, 1.0)
    if not known:
        pen.setDashPattern([2.0, 2.0])
    painter.setPen(pen)
    for y in (middle - scale, middle + scale):
        crisp = round(y) + 0.5
        painter.drawLine(QLineF(plate.left() + 1, crisp, plate.right() - 1, crisp))


def _draw_arrow(painter: QPainter, tip: QPointF, *, up: bool) -> None:
    sign = 1.0 if up else -1.0
    tip = QPointF(tip.x(), tip.y() - sign * 3)
    painter.drawPolygon(
        QPolygonF([tip, QPointF(tip.x() - 4.5, tip.y() + sign * 7), QPointF(tip.x() + 4.5, tip.y() + sign * 7)])
    )


def _draw_tag(painter: QPainter, shown: QRectF, plate: QRectF, y: float, text: str, colour: QColor) -> None:
    """Write name and distance beside the end of the bar, inside the picture."""
    font = theme.tabular_font(theme.SMALL_TEXT_PX)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    size = QRectF(0, 0, metrics.horizontalAdvance(text) + 8, metrics.height() + 2)
    left = plate.right() + 3
    if left + size.width() > shown.right():
        left = plate.left() - 3 - size.width()
    top = min(max(y - size.height() / 2, plate.top()), plate.bottom() - size.height())
    size.moveTo(left, round(top))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(20, 20, 20, 190))
    painter.drawRoundedRect(size, 3, 3)
    painter.setPen(colour)
    painter.drawText(size, Qt.AlignmentFlag.AlignCenter, text)


def distance_text(error_px: float) -> str:
    """Return "+4.2 px" in front of the plane, "\N{MINUS SIGN}12 px" behind it."""
    size = f"{abs(error_px):.0f}" if abs(error_px) >= 9.95 else f"{abs(error_px):.1f}"
    return f"{'+' if error_px > 0 else chr(0x2212)}{size} px"
