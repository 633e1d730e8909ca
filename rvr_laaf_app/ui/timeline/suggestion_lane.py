"""The suggestions lane: a dashed ghost diamond where each suggested target would be, the brighter the surer.

A line leads from the diamond to the moment for which focus is to be there: the lead that looking ahead gives. What was
refused stays as a small cross. The lane draws, and tells what the mouse asks for; nothing is decided here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPen, QPolygonF

from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.timeline.lane import Lane, LaneView

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QMenu

    from rvr_laaf_app.app.suggestions import Offer
    from rvr_laaf_app.ui.timeline.content import TimelineContent

GHOST_PX = 7.0
HIT_PX = 9.0
_FAINTEST = 0.3  # opacity of a suggestion without any score
_CROSS_PX = 3.0
_PEN_PX = 1.5
_DASH = 0.6  # share of a side that is drawn


class SuggestionLane(Lane):
    """Tells `chosen(number)`, `hovered(number or -1)` and `accept_asked(number)`; numbers count the offers."""

    name: ClassVar[str] = "suggestions"
    height_px: ClassVar[int] = 24
    optional: ClassVar[bool] = True
    under_targets: ClassVar[bool] = True

    chosen = Signal(int)
    hovered = Signal(int)
    accept_asked = Signal(int)
    menu_filler: Callable[[QMenu], None] | None = None
    _offers: tuple[Offer, ...] = ()
    _chosen = _under = -1
    _says = ""

    @property
    def title(self) -> str:
        """The lane's name."""
        return self.tr("Suggest")

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What is shown."""
        return self._offers

    @property
    def says(self) -> str:
        """What stands in the lane where there is no diamond."""
        return self._says

    def show_offers(self, offers: tuple[Offer, ...], chosen: int, says: str) -> None:
        """Show offers, one of them chosen (-1: none), or where there are none, a text."""
        if (offers, chosen, says) != (self._offers, self._chosen, self._says):
            self._offers, self._chosen, self._says = offers, chosen, says
            self._hover(-1)
            self.changed.emit()

    def centre(self, number: int, view: LaneView) -> QPointF:
        """Return where an offer's diamond is drawn."""
        return QPointF(view.x_of(self._offers[number].frame), view.rect.center().y())

    def number_under(self, place: QPointF, view: LaneView) -> int:
        """Return the number of the offer under a place, -1 for none."""
        gaps = [
            (abs(self.centre(number, view).x() - place.x()), offer.state != "open", number)
            for number, offer in enumerate(self._offers)
            if offer.state != "taken"
        ]
        near = [gap for gap in gaps if gap[0] <= HIT_PX]
        return min(near)[2] if near else -1

    # Drawing

    def shows(self, content: TimelineContent) -> tuple[object, ...]:
        """Nothing: what is offered comes by itself."""
        return ()

    def draw(self, painter: QPainter, view: LaneView) -> None:
        """Draw the diamonds, or say why there are none."""
        shown = [n for n, offer in enumerate(self._offers) if offer.state != "taken"]
        if self._says and not shown:
            painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
            painter.setPen(theme.DARK.color("text_quiet"))
            room = view.rect.adjusted(12, 0, -12, 0)
            text = painter.fontMetrics().elidedText(self._says, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
            return
        for number in sorted(shown, key=lambda n: (n == self._chosen, self._offers[n].suggestion.score)):
            x = self.centre(number, view).x()
            if view.rect.left() - 12 <= x and view.x_of(self._offers[number].frame) <= view.rect.right() + 12:
                self._draw_offer(painter, view, number)

    def _draw_offer(self, painter: QPainter, view: LaneView, number: int) -> None:
        offer, centre, chosen = self._offers[number], self.centre(number, view), number == self._chosen
        if offer.state == "refused":
            painter.setPen(QPen(theme.DARK.color("text_strong" if chosen else "text_disabled"), 1.5))
            for turn in (1, -1):
                reach = QPointF(_CROSS_PX, _CROSS_PX * turn)
                painter.drawLine(QLineF(centre - reach, centre + reach))
            return
        colour = theme.DARK.color("accent")
        colour.setAlphaF(1.0 if chosen else brightness(offer.suggestion.score))
        moment = view.x_of(offer.suggestion.frame)
        if moment - centre.x() > GHOST_PX:
            painter.setPen(QPen(colour, 1.0))
            painter.drawLine(QLineF(centre.x() + GHOST_PX, centre.y(), moment, centre.y()))
            painter.drawLine(QLineF(moment, centre.y() - 4, moment, centre.y() + 4))
        size = GHOST_PX + (1.0 if chosen else 0.0)
        pen = QPen(theme.DARK.color("text_strong") if chosen else colour, _PEN_PX)
        side = math.sqrt(2) * size / _PEN_PX  # a dash around each corner and a gap in each side: still a diamond
        pen.setDashPattern([side * _DASH, side * (1 - _DASH)])
        pen.setDashOffset(side * _DASH / 2)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        fill = theme.DARK.color("accent")
        fill.setAlphaF(0.45 if chosen else 0.12)
        painter.setBrush(fill)
        corners = ((0, -size), (size, 0), (0, size), (-size, 0))
        painter.drawPolygon(QPolygonF([centre + QPointF(x, y) for x, y in corners]))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def draw_over(self, painter: QPainter, view: LaneView) -> None:
        """Draw a ring around the diamond under the mouse."""
        if 0 <= self._under < len(self._offers):
            painter.setPen(QPen(theme.DARK.color("text_strong"), 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            side = 2 * GHOST_PX + 6
            around = QRectF(0, 0, side, side)
            around.moveCenter(self.centre(self._under, view))
            painter.drawEllipse(around)

    # Mouse

    def cursor_at(self, place: QPointF, view: LaneView) -> Qt.CursorShape | None:
        """Show that a diamond can be clicked, and tell which one is under the mouse."""
        number = self.number_under(place, view)
        self._hover(number)
        return Qt.CursorShape.PointingHandCursor if number >= 0 else None

    def words_at(self, place: QPointF, view: LaneView) -> tuple[str, ...]:
        """Return why the target under the mouse was suggested, and what came second."""
        number = self.number_under(place, view)
        if number < 0:
            return ()
        offer = self._offers[number]
        found = offer.suggestion
        lines = [f"{found.reason}   {found.score:.0%}"]
        if found.runner_up:
            lines.append(self.tr("else: {0}").replace("{0}", found.runner_up))
        if offer.state == "refused":
            lines.append(self.tr("refused"))
        return tuple(lines)

    def press(self, event: QMouseEvent, view: LaneView) -> bool:
        """Choose a diamond; anywhere else the click moves the playhead."""
        number = self.number_under(event.position(), view)
        if number >= 0:
            self.chosen.emit(number)
        return number >= 0

    def double_click(self, event: QMouseEvent, view: LaneView) -> bool:
        """Accept the diamond under the mouse."""
        number = self.number_under(event.position(), view)
        if number >= 0:
            self.accept_asked.emit(number)
        return number >= 0

    def fill_menu(self, menu: QMenu, place: QPointF, view: LaneView) -> None:
        """Offer what can be done with the diamond under the mouse, or with all."""
        number = self.number_under(place, view)
        if number >= 0:
            self.chosen.emit(number)
        if self.menu_filler is not None:
            self.menu_filler(menu)

    def left(self) -> None:
        """Nothing is under the mouse any more."""
        self._hover(-1)

    def _hover(self, number: int) -> None:
        if number != self._under:
            self._under = number
            self.hovered.emit(number)
            self.moved.emit()


def brightness(score: float) -> float:
    """Return the opacity of a diamond for a score of 0..1."""
    return _FAINTEST + (1 - _FAINTEST) * min(max(score, 0.0), 1.0)
