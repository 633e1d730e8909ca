"""How far the picture is zoomed in and which part of it is in the middle. Plain values; nothing is drawn here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF

from rvr_laaf_app.ui.viewer.letterbox import letterbox

STEPS: Final = (0.0625, 0.125, 0.25, 1 / 3, 0.5, 2 / 3, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
LARGEST: Final = 8.0
_NOTCH: Final = 1.25  # of a wheel


@dataclass(frozen=True, slots=True)
class Zoom:
    """How the picture lies in the viewer. factor: device pixels per pixel of the clip; 0 = as large as fits.

    x, y: the place of the picture (0..1) in the middle of the viewer.
    """

    factor: float = 0.0
    x: float = 0.5
    y: float = 0.5

    @property
    def fits(self) -> bool:
        """True if the picture is as large as the room allows."""
        return self.factor == 0.0

    def rect(self, area: QRectF, picture: QSizeF, ratio: float) -> QRectF:
        """Return where the whole picture lies in the widget's pixels; `ratio` device pixels per pixel.

        It keeps its edges outside the area, or centred where it is smaller, whatever x and y say.
        """
        if self.fits or picture.isEmpty() or area.isEmpty():
            return letterbox(area, picture)
        width, height = picture.width() * self.factor / ratio, picture.height() * self.factor / ratio
        left = _place(area.left(), area.width(), width, self.x, ratio)
        top = _place(area.top(), area.height(), height, self.y, ratio)
        return QRectF(left, top, width, height)

    def zoomed(self, factor: float, around: QPointF, now: QRectF, area: QRectF, picture: QSizeF, ratio: float) -> Zoom:
        """Return the zoom with another factor, the place of the picture under `around` staying where it is.

        now: where the picture lies. The factor at which all of it fits is no zoom at all; a clip that is smaller than
        its room goes down to its own pixels, any other to where it fits.
        """
        if picture.isEmpty() or area.isEmpty() or now.isEmpty():
            return self
        fit = fit_factor(area, picture, ratio)
        factor = min(max(factor, min(fit, 1.0)), max(LARGEST, fit))
        if abs(factor / fit - 1) < 1e-3:
            return Zoom()
        at_x, at_y = (around.x() - now.left()) / now.width(), (around.y() - now.top()) / now.height()
        width, height = picture.width() * factor / ratio, picture.height() * factor / ratio
        middle = area.center()
        moved = Zoom(factor, at_x + (middle.x() - around.x()) / width, at_y + (middle.y() - around.y()) / height)
        return moved.held(area, picture, ratio)

    def moved(self, by: QPointF, area: QRectF, picture: QSizeF, ratio: float) -> Zoom:
        """Return the zoom with the picture moved by some widget pixels."""
        if self.fits:
            return self
        shown = self.held(area, picture, ratio)
        rect = shown.rect(area, picture, ratio)
        return replace(shown, x=shown.x - by.x() / rect.width(), y=shown.y - by.y() / rect.height()).held(
            area, picture, ratio
        )

    def held(self, area: QRectF, picture: QSizeF, ratio: float) -> Zoom:
        """Return the zoom with x and y as they are really shown, so that no movement is wasted beyond an edge."""
        if self.fits:
            return self
        rect, middle = self.rect(area, picture, ratio), area.center()
        return replace(self, x=(middle.x() - rect.left()) / rect.width(), y=(middle.y() - rect.top()) / rect.height())


def fit_factor(area: QRectF, picture: QSizeF, ratio: float) -> float:
    """Return device pixels per pixel of the clip when the picture is as large as fits."""
    return letterbox(area, picture).width() * ratio / picture.width()


def next_factor(factor: float, direction: int) -> float:
    """Return the next usual factor above (1) or below (-1)."""
    if direction > 0:
        return next((s for s in STEPS if s > factor * 1.001), LARGEST)
    return next((s for s in reversed(STEPS) if s < factor * 0.999), STEPS[0])


def wheel_factor(factor: float, notches: float, *, fit: float) -> float:
    """Return the factor after a turn of the wheel; 1:1, 2:1 and fit catch it, so that they are easily found."""
    wanted = factor * _NOTCH**notches
    stops = sorted((1.0, 2.0, fit), reverse=notches < 0)
    for stop in stops:
        if (factor < stop * 0.999 and wanted > stop) or (factor > stop * 1.001 and wanted < stop):
            return stop
    return float(wanted)


def _place(begin: float, room: float, length: float, centre: float, ratio: float) -> float:
    """Return where the picture begins along one direction, on whole device pixels."""
    if length <= room:
        at = begin + (room - length) / 2
    else:
        at = min(max(begin + room / 2 - centre * length, begin + room - length), begin)
    return round(at * ratio) / ratio
