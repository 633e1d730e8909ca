"""The target lane: diamonds that are picked, dragged and trimmed, one or many. It tells, and edits nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication, QMenu

from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.lane import Lane, LaneView, Same
from rvr_laaf_app.ui.timeline.scale import clock_text
from rvr_laaf_app.ui.timeline.snapping import magnets, snapped, snapped_group
from rvr_laaf_app.ui.timeline.target_drawing import (
    HOLD_HIT_PX,
    draw_band,
    draw_diamond,
    draw_label,
    draw_magnet,
    draw_targets,
    hold_end_x,
    in_sight,
)

HIT_PX: Final = 9.0
_ADDS: Final = Qt.KeyboardModifier.ControlModifier
_EXTENDS: Final = Qt.KeyboardModifier.ShiftModifier
NO_SNAP: Final = Qt.KeyboardModifier.AltModifier
MenuFiller = Callable[[QMenu, str, int], None]


@dataclass(slots=True)
class _Hold:
    """What the mouse holds: diamonds, the end of a hold, or a corner of a rubber band."""

    kind: Literal["diamonds", "hold", "band"]
    pressed: QPointF
    here: QPointF
    target_id: str = ""
    moved: bool = False
    by: int = 0  # frames
    stop: int = 0  # of the hold that is dragged
    caught: int | None = None
    before: tuple[str, ...] = ()  # selected when the band was begun
    attract: tuple[int, ...] = field(default=())


class TargetLane(Lane):
    """Targets along time. `set_selection` shows what is selected; the lane only asks for it."""

    name = "targets"
    height_px = 40
    optional = False

    selection_asked = Signal(object, str)  # ids (tuple), the one that leads ("" = none)
    targets_moved = Signal(object)  # {id: frame}; once, when the drag ends
    hold_changed = Signal(str, object)  # id, hold in frames or None = until the next target; once
    activated = Signal(str)  # double click

    def __init__(self, parent: object = None) -> None:
        super().__init__(parent)  # type: ignore[arg-type]
        self.snapping = True
        self.menu_filler: MenuFiller | None = None
        self._selected: tuple[str, ...] = ()
        self._primary: str | None = None
        self._hold: _Hold | None = None

    @property
    def title(self) -> str:
        """The lane's name."""
        return self.tr("Targets")

    @property
    def selected(self) -> tuple[str, ...]:
        """Ids of the targets that are shown as selected."""
        return self._selected

    def set_selection(self, ids: tuple[str, ...], primary: str | None) -> None:
        """Show targets as selected, one of them leading."""
        if (ids, primary) != (self._selected, self._primary):
            self._selected, self._primary = ids, primary
            self.changed.emit()

    # Drawing

    def shows(self, content: TimelineContent) -> tuple[object, ...]:
        """Targets, how surely they are followed, and cuts."""
        return content.targets, Same(*content.tracks), content.cuts

    def draw(self, painter: QPainter, view: LaneView) -> None:
        """Draw all targets that are in sight."""
        held = self._hold
        dragged = self._selected if held is not None and held.kind == "diamonds" and held.moved else ()
        draw_targets(painter, view, chosen=self._selected, primary=self._primary, hidden=dragged)

    def draw_over(self, painter: QPainter, view: LaneView) -> None:
        """Draw what is being dragged where it would land."""
        held = self._hold
        if held is None or not held.moved:
            return
        if held.caught is not None:
            draw_magnet(painter, view, held.caught)
        if held.kind == "band":
            draw_band(painter, QRectF(held.pressed, held.here).normalized().intersected(view.rect))
        elif held.kind == "diamonds":
            self._draw_dragged(painter, view, held)
        else:
            x = view.x_of(held.stop)
            draw_magnet(painter, view, held.stop)
            draw_label(painter, view.rect, x, clock_text(view.content.start_s(held.stop)))

    def _draw_dragged(self, painter: QPainter, view: LaneView, held: _Hold) -> None:
        y = view.rect.center().y()
        for target in view.content.targets:
            if target.id in self._selected:
                centre = QPointF(view.x_of(target.frame + held.by), y)
                draw_diamond(painter, centre, target, chosen=True, primary=target.id == self._primary)
                if target.id == held.target_id:
                    text = f"{clock_text(view.content.start_s(target.frame + held.by))}   {held.by:+d}"
                    draw_label(painter, view.rect, centre.x(), text)

    # What is where

    def target_at(self, place: QPointF, view: LaneView) -> str | None:
        """Return the target whose diamond is nearest to a place, None if none is near."""
        if not view.rect.contains(place):
            return None
        targets = view.content.targets
        gaps = [(abs(view.x_of(targets[n].frame) - place.x()), n) for n in in_sight(view)]
        near = min(gaps, default=(HIT_PX + 1, -1))
        return targets[near[1]].id if near[0] <= HIT_PX else None

    def hold_at(self, place: QPointF, view: LaneView) -> str | None:
        """Return the target whose end of the hold is under a place: it shows one, or it is selected."""
        for number in in_sight(view):
            target = view.content.targets[number]
            drawn = target.hold_frames is not None or target.id in self._selected
            if drawn and target.strength != "suggested" and abs(hold_end_x(view, number) - place.x()) <= HOLD_HIT_PX:
                return target.id
        return None

    def cursor_at(self, place: QPointF, view: LaneView) -> Qt.CursorShape | None:
        """Return a pointer that says what would be dragged."""
        if self.target_at(place, view) is not None:
            return Qt.CursorShape.SizeHorCursor
        return Qt.CursorShape.SplitHCursor if self.hold_at(place, view) is not None else None

    # The mouse

    def press(self, event: QMouseEvent, view: LaneView) -> bool:
        """Pick a diamond, the end of a hold, or begin a rubber band."""
        place, keys = event.position(), event.modifiers()
        target_id = self.target_at(place, view)
        if target_id is not None:
            self._pick(target_id, keys, view.content)
            self._hold = _Hold("diamonds", place, place, target_id)
            if target_id not in self._selected:  # Ctrl took it away
                self._hold = None
                return True
        elif (held := self.hold_at(place, view)) is not None:
            self._hold = _Hold("hold", place, place, held)
            self.selection_asked.emit((held,), held)
        else:
            kept = self._selected if keys & (_ADDS | _EXTENDS) else ()
            self._hold = _Hold("band", place, place, before=kept)
        without = self._selected if self._hold.kind == "diamonds" else ()
        self._hold.attract = magnets(view, without=without)
        return True

    def _pick(self, target_id: str, keys: Qt.KeyboardModifier, content: TimelineContent) -> None:
        if keys & _ADDS:
            others = tuple(i for i in self._selected if i != target_id)
            chosen = others if target_id in self._selected else (*others, target_id)
            primary = target_id if target_id in chosen else (chosen[-1] if chosen else "")
            self._ask(chosen, primary)
        elif keys & _EXTENDS and self._primary is not None:
            order = [t.id for t in content.targets]
            if self._primary in order:
                low, high = sorted((order.index(self._primary), order.index(target_id)))
                self._ask(tuple(order[low : high + 1]), target_id)
        elif target_id not in self._selected:
            self._ask((target_id,), target_id)
        elif target_id != self._primary:
            self._ask(self._selected, target_id)

    def _ask(self, ids: tuple[str, ...], primary: str) -> None:
        """Ask for a selection and show it at once: what is dragged next depends on it."""
        self.set_selection(ids, primary or None)
        self.selection_asked.emit(ids, primary)

    def drag(self, event: QMouseEvent, view: LaneView) -> None:
        """Follow the mouse; nothing is moved before it has gone a little way."""
        held = self._hold
        if held is None:
            return
        held.here = event.position()
        far = abs(held.here.x() - held.pressed.x()) >= QApplication.startDragDistance()
        if not held.moved and not far:
            return
        first, held.moved = not held.moved, True
        snaps = self.snapping != bool(event.modifiers() & NO_SNAP)
        if held.kind == "diamonds":
            self._drag_diamonds(held, view, snaps=snaps)
            if first:
                self.changed.emit()  # they are drawn by `draw_over` now
        elif held.kind == "hold":
            self._drag_hold(held, view, snaps=snaps)
        else:
            self._select_in_band(held, view)
        self.moved.emit()

    def _drag_diamonds(self, held: _Hold, view: LaneView, *, snaps: bool) -> None:
        frames = {t.id: t.frame for t in view.content.targets if t.id in self._selected}
        if held.target_id not in frames:
            return
        asked = view.frame_at(held.here.x()) - view.frame_at(held.pressed.x())
        held.by, held.caught = snapped_group(list(frames.values()), asked, held.attract if snaps else (), view)

    def _drag_hold(self, held: _Hold, view: LaneView, *, snaps: bool) -> None:
        number = next((n for n, t in enumerate(view.content.targets) if t.id == held.target_id), None)
        if number is None:
            return
        asked = view.frame_at(held.here.x())
        if held.here.x() >= view.x_of(len(view.content.table)) - 1:
            asked = len(view.content.table)
        snap = snapped(asked, held.attract if snaps else (), view)
        reign = view.content.reigns()[number]
        after = len(view.content.table)
        if reign.after is not None:
            following = view.content.targets[reign.after]
            after = max(following.frame - following.pull_frames, reign.start + 1)
        held.stop = min(max(snap.frame, reign.start + 1), after)
        held.caught = held.stop if snap.caught else None

    def _select_in_band(self, held: _Hold, view: LaneView) -> None:
        left, right = sorted((held.pressed.x(), held.here.x()))
        inside = [t.id for t in view.content.targets if left <= view.x_of(t.frame) <= right]
        chosen = tuple(dict.fromkeys((*held.before, *inside)))
        if chosen != self._selected:
            self._ask(chosen, chosen[-1] if chosen else "")

    def release(self, event: QMouseEvent, view: LaneView) -> None:
        """End the drag: what was moved becomes one edit; a click on nothing moves the playhead there."""
        held, self._hold = self._hold, None
        if held is None:
            return
        if held.kind == "band" and not held.moved:
            if not held.before:
                self._ask((), "")
            self.seek_requested.emit(view.frame_at(held.pressed.x()))
        elif held.kind == "diamonds" and held.moved:
            self.changed.emit()
            if held.by:
                chosen = [t for t in view.content.targets if t.id in self._selected]
                self.targets_moved.emit({t.id: t.frame + held.by for t in chosen})
        elif held.kind == "diamonds" and not event.modifiers() & (_ADDS | _EXTENDS):
            self._ask((held.target_id,), held.target_id)  # a click on one of many: only that one
        elif held.kind == "hold" and held.moved:
            self._tell_hold(held, view)
        self.moved.emit()

    def _tell_hold(self, held: _Hold, view: LaneView) -> None:
        """Tell the new hold; dragged to where the next target takes over it has no end of its own."""
        number = next((n for n, t in enumerate(view.content.targets) if t.id == held.target_id), None)
        if number is None:
            return
        reign = view.content.reigns()[number]
        limit = len(view.content.table)
        if reign.after is not None:
            following = view.content.targets[reign.after]
            limit = max(following.frame - following.pull_frames, reign.start + 1)
        self.hold_changed.emit(held.target_id, None if held.stop >= limit else held.stop - reign.start)

    def let_go(self) -> None:
        """Give up the drag."""
        self._hold = None
        self.changed.emit()

    def double_click(self, event: QMouseEvent, view: LaneView) -> bool:
        """Go to the target under the mouse."""
        found = self.target_at(event.position(), view)
        if found is not None:
            self.activated.emit(found)
        return found is not None

    def fill_menu(self, menu: QMenu, place: QPointF, view: LaneView) -> None:
        """Offer what can be done with the target under the mouse, or at this moment."""
        found = self.target_at(place, view)
        if found is not None and found not in self._selected:
            self._ask((found,), found)
        if self.menu_filler is not None:
            self.menu_filler(menu, found or "", view.frame_at(place.x()))
