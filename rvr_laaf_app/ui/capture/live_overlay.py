"""Over the live picture: focus peaking, the map of distances to focus, zone bars, what is already sharp, the region.

It draws what it is given; nothing is computed here. Green is what is in focus; blue lies in front of it, amber behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.viewer.letterbox import to_rect
from rvr_laaf_app.ui.viewer.marks import tag
from rvr_laaf_app.ui.viewer.picture_view import PictureView

REACH_DOF: Final = 6.0  # depths of field at the end of a zone bar
_COLOUR_DOF: Final = 4.0  # from here on the colours of the map grow no stronger
_BAR_SHARE: Final = 0.34  # of the picture's height, both ways
FRONT, BEHIND = "subject_a", "accent"  # theme roles


@dataclass(frozen=True, slots=True, eq=False)
class LiveMarks:
    """What lies over the picture. Each part is drawn only if it is not None.

    peaking: what is sharp, with its own transparency. zones: signed distance of each tile to focus in depths of field
    [rows, columns], NaN = not known, positive = in front of the plane; signed False: only how far. show_map and
    show_bars say how it is drawn. sharp: share of each tile that is already sharp in one of the pictures taken [rows,
    columns]. region: where autofocus looks, and its name. faces: others that could be chosen.
    """

    peaking: QImage | None = None
    zones: NDArray[np.float32] | None = None
    signed: bool = True
    show_map: bool = False
    show_bars: bool = False
    sharp: NDArray[np.float32] | None = None
    region: Box | None = None
    region_text: str = ""
    region_known: bool = True
    faces: tuple[Box, ...] = field(default_factory=tuple)


class LiveOverlay(QWidget):
    """Lies over a picture view and lets the mouse through."""

    def __init__(self, picture: PictureView) -> None:
        super().__init__(picture)
        self.setObjectName("live_overlay")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._picture = picture
        self._marks = LiveMarks()
        picture.resized.connect(self._fit)
        picture.zoom_changed.connect(self.update)
        self._fit()

    @property
    def marks(self) -> LiveMarks:
        """What is shown."""
        return self._marks

    def show_marks(self, marks: LiveMarks) -> None:
        """Show these."""
        self._marks = marks
        self.update()

    @Slot()
    def _fit(self) -> None:
        self.setGeometry(self._picture.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw all that is there."""
        shown, visible = self._picture.shown_rect(), self._picture.visible_rect()
        if visible.isEmpty():
            return
        marks = self._marks
        painter = QPainter(self)
        painter.setClipRect(visible)
        if marks.sharp is not None:
            _draw_sharp(painter, shown, marks.sharp)
        if marks.zones is not None and marks.show_map:
            _draw_map(painter, shown, marks.zones, signed=marks.signed)
        if marks.peaking is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(shown, marks.peaking)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if marks.zones is not None and marks.show_bars:
            draw_zone_columns(painter, shown, marks.zones, signed=marks.signed)
        for face in marks.faces:
            _corners(painter, to_rect(shown, face), _colour("text", 170), 8)
        if marks.region is not None:
            rect = to_rect(shown, marks.region)
            colour = _colour("accent" if marks.region_known else "text_quiet")
            _corners(painter, rect, colour, 14)
            if marks.region_text:
                tag(painter, visible, rect, marks.region_text, colour)
        painter.end()


def _colour(role: str, alpha: int = 255) -> QColor:
    colour = theme.DARK.color(role)
    colour.setAlpha(alpha)
    return colour


def zone_colour(distance: float, *, signed: bool) -> QColor:
    """Return the colour of a distance in depths of field: green within one half either way."""
    if abs(distance) <= 0.5:
        return _colour("in_focus")
    return _colour(FRONT if distance > 0 and signed else BEHIND)


def _draw_map(painter: QPainter, shown: QRectF, zones: NDArray[np.float32], *, signed: bool) -> None:
    """Draw each tile's distance as a wash of colour, weak near focus and strong far from it; green in focus."""
    rows, columns = zones.shape
    painter.setPen(Qt.PenStyle.NoPen)
    for row in range(rows):
        for column in range(columns):
            distance = float(zones[row, column])
            if np.isnan(distance):
                continue
            colour = zone_colour(distance, signed=signed)
            reach = min(abs(distance) / _COLOUR_DOF, 1.0)
            colour.setAlpha(110 if abs(distance) <= 0.5 else round(36 + 74 * reach))
            painter.fillRect(tile_rect(shown, row, column, zones.shape).adjusted(0.5, 0.5, -0.5, -0.5), colour)


def _draw_sharp(painter: QPainter, shown: QRectF, sharp: NDArray[np.float32]) -> None:
    """Darken what is sharp in none of the pictures yet; what is, is seen as it is, with a green foot."""
    rows, columns = sharp.shape
    for row in range(rows):
        for column in range(columns):
            share, tile = float(sharp[row, column]), tile_rect(shown, row, column, sharp.shape)
            painter.fillRect(tile, QColor(16, 16, 16, round(150 * (1.0 - share))))
            if share >= 0.5:
                painter.fillRect(QRectF(tile.left() + 1, tile.bottom() - 3, tile.width() - 2, 2), _colour("in_focus"))


def tile_rect(shown: QRectF, row: int, column: int, shape: tuple[int, ...]) -> QRectF:
    """Return where a tile lies on the widget."""
    width, height = shown.width() / shape[1], shown.height() / shape[0]
    return QRectF(shown.left() + column * width, shown.top() + row * height, width, height)


def zone_columns(zones: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each column [columns] the distance of what is nearest to focus in the middle half; NaN = not known."""
    rows = zones.shape[0]
    middle = zones[rows // 4 : rows - rows // 4]
    chosen = np.where(np.isnan(middle), np.inf, np.abs(middle)).argmin(axis=0)
    return np.asarray(middle[chosen, np.arange(zones.shape[1])], np.float32)


def draw_zone_columns(painter: QPainter, shown: QRectF, zones: NDArray[np.float32], *, signed: bool) -> None:
    """Draw one bar for each column from the middle line: up is in front of the plane, down behind it."""
    columns = zone_columns(zones)
    middle = shown.center().y()
    reach = shown.height() * _BAR_SHARE
    scale = reach / REACH_DOF
    across = shown.width() / len(columns)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(16, 16, 16, 90))
    painter.drawRect(QRectF(shown.left(), middle - scale / 2, shown.width(), scale))
    painter.setPen(QPen(_colour("text", 120), 1))
    for y in (middle - scale / 2, middle + scale / 2):
        painter.drawLine(QLineF(shown.left(), round(y) + 0.5, shown.right(), round(y) + 0.5))
    width = min(across * 0.34, 14.0)
    for number, distance in enumerate(map(float, columns)):
        x = shown.left() + (number + 0.5) * across
        if np.isnan(distance):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_colour("text_quiet", 150))
            painter.drawEllipse(QPointF(x, middle), 1.5, 1.5)
            continue
        _draw_bar(painter, x, middle, distance, width, scale, signed=signed)


def _draw_bar(
    painter: QPainter, x: float, middle: float, distance: float, width: float, scale: float, *, signed: bool
) -> None:
    painter.setPen(QPen(QColor(16, 16, 16, 190), 1))
    painter.setBrush(zone_colour(distance, signed=signed))
    if abs(distance) <= 0.5:
        painter.drawRoundedRect(QRectF(x - width / 2, middle - scale / 2, width, scale), 2, 2)
        return
    length = min(abs(distance), REACH_DOF) * scale
    ways = (-1, 1) if not signed else ((-1,) if distance > 0 else (1,))
    for way in ways:
        top = middle if way > 0 else middle - length
        painter.drawRoundedRect(QRectF(x - width / 2, top, width, length), 2, 2)
        if abs(distance) > REACH_DOF:
            tip = middle + way * (length + 0.9 * width)
            foot = middle + way * length
            painter.drawPolygon(QPolygonF([QPointF(x, tip), QPointF(x - width, foot), QPointF(x + width, foot)]))


def _corners(painter: QPainter, rect: QRectF, colour: QColor, length: float) -> None:
    """Draw the four corners of a box over a dark shadow."""
    side = min(length, rect.width() / 3, rect.height() / 3)
    lines = []
    for x, way_x in ((rect.left(), 1), (rect.right(), -1)):
        for y, way_y in ((rect.top(), 1), (rect.bottom(), -1)):
            lines += [QLineF(x, y, x + way_x * side, y), QLineF(x, y, x, y + way_y * side)]
    for pen in (QPen(QColor(16, 16, 16, 170), 4), QPen(colour, 2)):
        painter.setPen(pen)
        painter.drawLines(lines)
