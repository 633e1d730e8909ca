"""Where the picture lies in the widget, and the way between widget pixels and normalised picture coordinates."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF

from rvr_laaf_app.core.geometry import Box, Point


def letterbox(area: QRectF, picture: QSizeF) -> QRectF:
    """Return the largest rectangle with the picture's aspect centred in `area`, on whole pixels."""
    if picture.isEmpty() or area.isEmpty():
        return QRectF()
    scale = min(area.width() / picture.width(), area.height() / picture.height())
    width, height = max(1, round(picture.width() * scale)), max(1, round(picture.height() * scale))
    left = round(area.left() + (area.width() - width) / 2)
    top = round(area.top() + (area.height() - height) / 2)
    return QRectF(left, top, width, height)


def to_point(shown: QRectF, place: QPointF) -> Point | None:
    """Return the place in the picture under a widget position; None outside the picture."""
    if shown.isEmpty() or not shown.contains(place):
        return None
    return _relative(shown, place)


def to_box(shown: QRectF, first: QPointF, second: QPointF) -> Box:
    """Return the box between two widget positions, the part inside the picture."""
    a, b = _relative(shown, first), _relative(shown, second)
    return Box(min(a.x, b.x), min(a.y, b.y), abs(a.x - b.x), abs(a.y - b.y)).clipped()


def to_rect(shown: QRectF, box: Box) -> QRectF:
    """Return the widget rectangle of a box."""
    x, y, width, height = box.pixels(int(shown.width()), int(shown.height()))
    return QRectF(shown.left() + x, shown.top() + y, width, height)


def _relative(shown: QRectF, place: QPointF) -> Point:
    return Point((place.x() - shown.left()) / shown.width(), (place.y() - shown.top()) / shown.height())
