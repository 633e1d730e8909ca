"""Targets as they are made by hand: a new one on a frame, one moved, its times set; pure functions of values.

Times are given as frames and kept as ticks; what would make no sense (arriving after the target) is cut to what does.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from rvr_laaf_app.annotation.exchange.loose import moved_to
from rvr_laaf_app.annotation.looks import Looks, moment_at
from rvr_laaf_app.annotation.schema import ClipAnnotation, VafTarget
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.core.timebase import FrameTable

SLACK_S: Final = 0.25  # how early or late a new target may be and still be right, until the annotator says otherwise
Limit = Literal["arrive", "early", "late", "hold"]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What targets are made on: the times of a clip's frames and what the frames look like."""

    table: FrameTable
    looks: Looks

    def ticks(self, frame: int) -> int:
        """Return when a frame begins, in ticks after the first frame; clamped to the clip."""
        inside = min(max(frame, 0), len(self.table) - 1)
        return int(self.table.pts[inside]) - int(self.table.pts[0])

    def frame(self, target: VafTarget, ticks: int) -> int:
        """Return the frame on screen at one of a target's times."""
        return self.table.index_at(target.seconds(ticks))

    def shifted(self, frame: int, seconds: float) -> int:
        """Return the frame that is on screen so many seconds after (before) another one begins."""
        return self.table.index_at(max(self.table.seconds_of(frame) + seconds, 0.0))


def new_target(
    ground: Ground,
    frame: int,
    place: Point | Box,
    *,
    taken: Iterable[str] = (),
    subject: str = "",
    reason: str = "",
    slack_s: float = SLACK_S,
) -> VafTarget:
    """Return a target on a frame, early and late `slack_s` around it, arriving at it, held until the next one."""
    at = moment_at(ground.table, ground.looks, frame)
    early, late = (ground.ticks(ground.shifted(frame, s)) for s in (-slack_s, slack_s))
    if isinstance(place, Box) and not (
        0 <= place.x <= place.x + place.width <= 1 and 0 <= place.y <= place.y + place.height <= 1
    ):
        place = place.clipped()
    name = new_id(taken)
    return VafTarget(name, at, place, at.pts, min(early, at.pts), max(late, at.pts), None, subject, reason)


def new_id(taken: Iterable[str]) -> str:
    """Return an id that is not taken: by chance, so that those of two annotators differ."""
    known = set(taken)
    while (name := f"t-{secrets.token_hex(4)}") in known:
        pass
    return name


def on_frame(ground: Ground, target: VafTarget, frame: int, place: Point | Box | None = None) -> VafTarget:
    """Return a target moved to another frame, its times along with it; at another place if one is given."""
    inside = min(max(frame, 0), len(ground.table) - 1)
    moved = moved_to(target, inside, ground.table, ground.looks) if inside != target.at.frame else target
    latest = ground.ticks(len(ground.table) - 1)
    moved = replace(moved, late=max(min(moved.late, latest), moved.at.pts))
    if moved.hold is not None:
        moved = replace(moved, hold=max(min(moved.hold, latest), moved.at.pts))
    return moved if place is None else replace(moved, place=place)


def with_limit(ground: Ground, target: VafTarget, limit: Limit, frame: int | None) -> VafTarget:
    """Return a target with one of its times set to a frame; None: its usual (no slack, held until the next one).

    Arrive and early are never after the target, late and hold never before it.
    """
    ticks = target.at.pts if frame is None else ground.ticks(frame)
    if limit == "arrive":
        return replace(target, arrive=min(ticks, target.at.pts))
    if limit == "early":
        return replace(target, early=min(ticks, target.at.pts))
    if limit == "late":
        return replace(target, late=max(ticks, target.at.pts))
    return replace(target, hold=None if frame is None else max(ticks, target.at.pts))


def subjects_of(annotation: ClipAnnotation) -> tuple[str, ...]:
    """Return the subjects of a clip in the order in which they first get focus; "" is left out."""
    return tuple(dict.fromkeys(t.subject for t in annotation.targets if t.subject))


def next_subject(known: Sequence[str]) -> str:
    """Return what to call a subject of which nobody said what it is."""
    number = 1
    while f"subject {number}" in known:
        number += 1
    return f"subject {number}"


def renamed(annotation: ClipAnnotation, old: str, new: str) -> ClipAnnotation:
    """Return an annotation in which a subject is called otherwise, in all its targets."""
    return annotation.put(*(replace(t, subject=new) for t in annotation.targets if t.subject == old))


def at_frame(annotation: ClipAnnotation, frame: int) -> VafTarget | None:
    """Return the target that lies on exactly this frame, None if none does."""
    return next((t for t in annotation.targets if t.at.frame == frame), None)


def ruling(annotation: ClipAnnotation, seconds: float) -> VafTarget | None:
    """Return the target that has the focus at a time: the last one before it, unless its hold is over."""
    before = [t for t in annotation.targets if t.at.seconds <= seconds + 1e-9]
    if not before:
        return None
    last = before[-1]
    over = last.hold is not None and last.seconds(last.hold) < seconds - 1e-9
    return None if over else last
