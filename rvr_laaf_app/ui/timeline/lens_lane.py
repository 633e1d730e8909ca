"""The lens lane: the f-number over time as a line in stops, wide open at the top, with keys to be dragged.

It draws, and tells of what the mouse asks for; the project is changed elsewhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPen, QPolygonF

from rvr_laaf_app.document.lens_keys import (
    KEY_EASES,
    MAX_F_NUMBER,
    MIN_F_NUMBER,
    KeyEase,
    LensKey,
    f_number_at,
    f_number_of,
    key_at,
    stops_of,
    with_key,
)
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.timeline.lane import Lane, LaneView
from rvr_laaf_app.ui.timeline.lanes import draw_words
from rvr_laaf_app.ui.timeline.scale import clock_text

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QMouseEvent
    from PySide6.QtWidgets import QMenu

    from rvr_laaf_app.ui.timeline.content import TimelineContent

KEY_PX = 4.5
HIT_PX = 8.0
STICK_PX = 4.0  # so far the mouse goes before a key leaves its frame, or its f-number
LEAST_STOPS = 4.0  # that the lane is high
THIRDS = 3  # dragged f-numbers fall on thirds of a stop, as on a lens
USUAL = (1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0)
_EDGE_PX = 8.0


@dataclass(frozen=True, slots=True)
class _Held:
    """A key under the pressed button: as it was, where it was pressed, and as it would be if let go now."""

    key: LensKey
    pressed: QPointF
    now: LensKey


class LensLane(Lane):
    """Tells `key_set(key, frame it had before or -1)`, `key_removed(frame)` and `typing_asked(frame, place)`."""

    name: ClassVar[str] = "lens"
    height_px: ClassVar[int] = 48
    optional: ClassVar[bool] = True

    key_set = Signal(object, int)
    key_removed = Signal(int)
    typing_asked = Signal(int, QPointF)
    chosen_changed = Signal()
    _held: _Held | None = None
    _chosen: int | None = None

    @property
    def title(self) -> str:
        """The lane's name."""
        return self.tr("Lens")

    @property
    def chosen(self) -> int | None:
        """The frame of the chosen key."""
        return self._chosen

    def choose(self, frame: int | None) -> None:
        """Choose the key at a frame, or none."""
        if frame != self._chosen:
            self._chosen = frame
            self.changed.emit()
            self.chosen_changed.emit()

    def is_folded(self, content: TimelineContent | None) -> bool:
        """The lane is low until the f-number has a key."""
        return content is None or not content.lens.f_number_keys

    # What is where

    def centre(self, key: LensKey, view: LaneView) -> QPointF:
        """Return where a key is drawn."""
        return QPointF(view.x_of(key.frame), self._y_of(key.f_number, view))

    def _y_of(self, f_number: float, view: LaneView) -> float:
        low, high = _range(view)
        share = (stops_of(f_number) - low) / (high - low)
        return view.rect.top() + _EDGE_PX + share * (view.rect.height() - 2 * _EDGE_PX)

    def _key_under(self, place: QPointF, view: LaneView) -> LensKey | None:
        if view.content.lens.blur_px is not None:
            return None
        gaps = [
            (math.hypot(c.x() - place.x(), c.y() - place.y()), number)
            for number, key in enumerate(view.content.lens.f_number_keys)
            for c in (self.centre(key, view),)
        ]
        near = [pair for pair in gaps if pair[0] <= HIT_PX]
        return view.content.lens.f_number_keys[min(near)[1]] if near else None

    def _f_number_at(self, frame: int, view: LaneView) -> float:
        keys = view.content.lens.f_number_keys
        return f_number_at(keys, frame) if keys else view.content.lens.lens.f_number

    # Drawing

    def shows(self, content: TimelineContent) -> tuple[object, ...]:
        """The lens alone."""
        return (content.lens,)

    def draw(self, painter: QPainter, view: LaneView) -> None:
        """Draw the line, the keys and their values."""
        lens, rect = view.content.lens, view.rect
        painter.setFont(theme.tabular_font(theme.SMALL_TEXT_PX))
        if lens.blur_px is not None:
            self._say(painter, rect, self.tr("Plain blur strength: no f-number. Choose Blur by: Real lens to key it."))
            return
        keys = self._keys(view)
        if keys:
            self._draw_line(painter, view, keys)
        for key in keys:
            self._draw_key(painter, view, key)
        if not keys:
            text = f"f/{lens.lens.f_number:.3g}   {self.tr('double-click to add a key')}"
            self._say(painter, rect, text)

    def _say(self, painter: QPainter, rect: QRectF, text: str) -> None:
        painter.setPen(theme.DARK.color("text_quiet"))
        place = rect.adjusted(12, 0, -12, 0)
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)

    def _keys(self, view: LaneView) -> tuple[LensKey, ...]:
        """Return the keys as they would be if what is held were let go."""
        keys, held = view.content.lens.f_number_keys, self._held
        return keys if held is None else with_key(keys, held.now, moved_from=held.key.frame)

    def _draw_line(self, painter: QPainter, view: LaneView, keys: tuple[LensKey, ...]) -> None:
        left, right = view.x_of(0), view.x_of(len(view.content.table))
        painter.setPen(QPen(theme.DARK.color("text"), 1.5))
        points = QPolygonF([QPointF(left, self._y_of(keys[0].f_number, view))])
        for number, key in enumerate(keys):
            before = keys[number - 1] if number else None
            if before is not None and (stops_of(before.f_number) != stops_of(key.f_number)):
                for point in self._way(before, key, view):
                    points.append(point)
            points.append(self.centre(key, view))
        points.append(QPointF(right, self._y_of(keys[-1].f_number, view)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(points)

    def _way(self, before: LensKey, key: LensKey, view: LaneView) -> list[QPointF]:
        """Return points of the line between two keys: a step for "hold", enough for a smooth bend else."""
        x0, x1 = view.x_of(before.frame), view.x_of(key.frame)
        if x1 < view.rect.left() or x0 > view.rect.right():
            return []
        if key.ease == "hold":
            return [QPointF(x1, self._y_of(before.f_number, view))]
        count = 2 if key.ease == "linear" else min(max(int((x1 - x0) / 6), 2), 64)
        pair = replace(before, frame=0), replace(key, frame=count)
        return [QPointF(x0 + (x1 - x0) * i / count, self._y_of(f_number_at(pair, i), view)) for i in range(1, count)]

    def _draw_key(self, painter: QPainter, view: LaneView, key: LensKey) -> None:
        centre = self.centre(key, view)
        if not view.rect.left() - 60 <= centre.x() <= view.rect.right() + 8:
            return
        held = self._held is not None and key == self._held.now
        chosen = held or key.frame == self._chosen
        size = KEY_PX + (1.0 if chosen else 0.0)
        painter.setPen(QPen(theme.DARK.color("text_strong" if chosen else "surround"), 1.5))
        painter.setBrush(theme.DARK.color("accent" if chosen else "text"))
        shape = [QPointF(0, -size), QPointF(size, 0), QPointF(0, size), QPointF(-size, 0)]
        painter.drawPolygon(QPolygonF([centre + p for p in shape]))
        painter.setPen(theme.DARK.color("text_strong" if chosen else "text_quiet"))
        above = centre.y() > view.rect.center().y()
        room = QRectF(centre.x() + 7, centre.y() + (-15 if above else 1), 60, 14)
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, f"f/{key.f_number:.3g}")

    def draw_over(self, painter: QPainter, view: LaneView) -> None:
        """Write what a dragged key would be."""
        if self._held is None:
            return
        key = self._held.now
        centre = self.centre(key, view)
        first = f"f/{key.f_number:.3g}   {clock_text(view.content.start_s(key.frame))}"
        room = QRectF(view.rect.left(), 0, view.rect.width(), view.rect.bottom())
        draw_words(painter, room, QPointF(centre.x(), view.rect.top()), (first,))

    # Mouse and keys

    def cursor_at(self, place: QPointF, view: LaneView) -> Qt.CursorShape | None:
        """Show that a key can be dragged in both directions."""
        return Qt.CursorShape.SizeAllCursor if self._key_under(place, view) is not None else None

    def words_at(self, place: QPointF, view: LaneView) -> tuple[str, ...]:
        """Return the f-number under the mouse."""
        if view.content.lens.blur_px is not None or self._held is not None:
            return ()
        frame = view.frame_under(place.x())
        return (f"{self.tr('frame')} {frame}   f/{self._f_number_at(frame, view):.3g}",)

    def press(self, event: QMouseEvent, view: LaneView) -> bool:
        """Take hold of a key; anywhere else the click moves the playhead."""
        key = self._key_under(event.position(), view)
        self.choose(None if key is None else key.frame)
        if key is None:
            return False
        self._held = _Held(key, event.position(), key)
        return True

    def drag(self, event: QMouseEvent, view: LaneView) -> None:
        """Move the held key in time and in value; each only after the mouse has left its stickiness."""
        held = self._held
        if held is None:
            return
        across, down = event.position().x() - held.pressed.x(), event.position().y() - held.pressed.y()
        frame, f_number = held.key.frame, held.key.f_number
        if held.now.frame != frame or abs(across) >= STICK_PX:
            frame = view.frame_at(view.x_of(frame) + across)
        if held.now.f_number != f_number or abs(down) >= STICK_PX:
            low, high = _range(view)
            per_px = (high - low) / (view.rect.height() - 2 * _EDGE_PX)
            stops = round((stops_of(f_number) + down * per_px) * THIRDS) / THIRDS
            f_number = min(max(nominal(f_number_of(stops)), MIN_F_NUMBER), MAX_F_NUMBER)
        now = replace(held.key, frame=frame, f_number=f_number)
        if now != held.now:
            self._held = replace(held, now=now)
            self.changed.emit()

    def release(self, event: QMouseEvent, view: LaneView) -> None:
        """Tell of the key that was moved, once."""
        held, self._held = self._held, None
        if held is not None and held.now != held.key:
            self._chosen = held.now.frame
            self.key_set.emit(held.now, held.key.frame)
        self.changed.emit()

    def let_go(self) -> None:
        """Give the drag up."""
        if self._held is not None:
            self._held = None
            self.changed.emit()

    def double_click(self, event: QMouseEvent, view: LaneView) -> bool:
        """Add a key that changes nothing yet, or type the value of the one under the mouse."""
        if view.content.lens.blur_px is not None:
            return False
        self._held = None
        key = self._key_under(event.position(), view)
        if key is None:
            self._add(view.frame_at(event.position().x()), view)
        else:
            self.typing_asked.emit(key.frame, self.centre(key, view))
        return True

    def key(self, event: QKeyEvent, view: LaneView) -> bool:
        """Remove the chosen key with Delete, type its value with Return."""
        chosen = None if self._chosen is None else key_at(view.content.lens.f_number_keys, self._chosen)
        if chosen is None:
            return False
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.key_removed.emit(chosen.frame)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.typing_asked.emit(chosen.frame, self.centre(chosen, view))
        else:
            return False
        return True

    def fill_menu(self, menu: QMenu, place: QPointF, view: LaneView) -> None:
        """Offer what can be done with the key under the mouse, or to add one."""
        if view.content.lens.blur_px is not None:
            return
        key = self._key_under(place, view)
        if key is None:
            menu.addAction(self.tr("Add Key Here"), lambda: self._add(view.frame_at(place.x()), view))
            return
        self.choose(key.frame)
        menu.addAction(self.tr("Type f-number…"), lambda: self.typing_asked.emit(key.frame, self.centre(key, view)))
        values = menu.addMenu(self.tr("Set to"))
        for value in USUAL:
            values.addAction(f"f/{value:.3g}", partial(self._set, replace(key, f_number=value)))
        eases = menu.addMenu(self.tr("Way to this key"))
        for ease in KEY_EASES:
            entry = eases.addAction(self.ease_text(ease), partial(self._set, replace(key, ease=ease)))
            entry.setCheckable(True)
            entry.setChecked(ease == key.ease)
        menu.addSeparator()
        menu.addAction(self.tr("Remove Key"), lambda: self.key_removed.emit(key.frame))

    def ease_text(self, ease: KeyEase) -> str:
        """Return the name of an ease."""
        return {
            "linear": self.tr("Even"),
            "in": self.tr("Gentle start"),
            "out": self.tr("Gentle end"),
            "in_out": self.tr("Gentle both"),
            "hold": self.tr("Hold, then jump"),
        }[ease]

    def _add(self, frame: int, view: LaneView) -> None:
        if key_at(view.content.lens.f_number_keys, frame) is None:
            self._chosen = frame
            self.key_set.emit(LensKey(frame, nominal(self._f_number_at(frame, view))), -1)

    def _set(self, key: LensKey) -> None:
        self._chosen = key.frame
        self.key_set.emit(key, key.frame)


def nominal(f_number: float) -> float:
    """Return the f-number with the two figures that stand on a lens."""
    inside = min(max(f_number, MIN_F_NUMBER), MAX_F_NUMBER)
    return round(inside, 1) if inside < 10 else float(round(inside))


def _range(view: LaneView) -> tuple[float, float]:
    """Return the stops at the top (wide open) and at the bottom of the lane."""
    lens = view.content.lens
    stops = [stops_of(k.f_number) for k in lens.f_number_keys] or [
        stops_of(min(max(lens.lens.f_number, MIN_F_NUMBER), MAX_F_NUMBER))
    ]
    low, high = math.floor(min(stops)), math.ceil(max(stops) + 1)
    return low, max(high, low + LEAST_STOPS)
