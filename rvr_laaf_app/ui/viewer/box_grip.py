"""Taking hold of a subject's box in the picture: a corner changes its size, an edge moves it, its inside is left alone.

The inside stays free, because a click there sets a target.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.ui.viewer.letterbox import to_box, to_rect
from rvr_laaf_app.ui.viewer.marks import SubjectMark

_CORNER_PX = 10.0
_EDGE_PX = 5.0
_LEAST_PX = 8.0  # a box does not become smaller than this


@dataclass(frozen=True, slots=True)
class Grip:
    """What was taken hold of: whose box, its rectangle then, and which sides move (-1, 0, 1 each; (0, 0): all)."""

    target_id: str
    rect: QRectF
    side_x: int
    side_y: int

    @property
    def cursor(self) -> Qt.CursorShape:
        """The shape of the pointer over it."""
        if (self.side_x, self.side_y) == (0, 0):
            return Qt.CursorShape.SizeAllCursor
        falling = self.side_x == self.side_y
        return Qt.CursorShape.SizeFDiagCursor if falling else Qt.CursorShape.SizeBDiagCursor

    def moved(self, by: QPointF, visible: QRectF) -> QRectF:
        """Return the rectangle after the mouse has moved so far; moving, it stays with its middle in the picture."""
        rect = QRectF(self.rect)
        if (self.side_x, self.side_y) == (0, 0):
            rect.translate(by)
            middle = rect.center()
            inside_x = min(max(middle.x(), visible.left()), visible.right())
            inside_y = min(max(middle.y(), visible.top()), visible.bottom())
            rect.moveCenter(QPointF(inside_x, inside_y))
            return rect
        if self.side_x < 0:
            rect.setLeft(min(rect.left() + by.x(), rect.right() - _LEAST_PX))
        else:
            rect.setRight(max(rect.right() + by.x(), rect.left() + _LEAST_PX))
        if self.side_y < 0:
            rect.setTop(min(rect.top() + by.y(), rect.bottom() - _LEAST_PX))
        else:
            rect.setBottom(max(rect.bottom() + by.y(), rect.top() + _LEAST_PX))
        return rect


def grip_at(subjects: tuple[SubjectMark, ...], shown: QRectF, place: QPointF) -> Grip | None:
    """Return what can be taken hold of at a place: corners and edges of the selected subjects' boxes."""
    for mark in reversed(subjects):
        if not mark.selected:
            continue
        rect = to_rect(shown, mark.box)
        for side_x, x in ((-1, rect.left()), (1, rect.right())):
            for side_y, y in ((-1, rect.top()), (1, rect.bottom())):
                if (QPointF(x, y) - place).manhattanLength() <= _CORNER_PX:
                    return Grip(mark.target_id, rect, side_x, side_y)
        outside = rect.adjusted(-_EDGE_PX, -_EDGE_PX, _EDGE_PX, _EDGE_PX)
        inside = rect.adjusted(_EDGE_PX, _EDGE_PX, -_EDGE_PX, -_EDGE_PX)
        if outside.contains(place) and not inside.contains(place):
            return Grip(mark.target_id, rect, 0, 0)
    return None


def box_of_rect(shown: QRectF, rect: QRectF) -> Box:
    """Return the part of a rectangle that lies in the picture, as a box."""
    return to_box(shown, rect.topLeft(), rect.bottomRight())
