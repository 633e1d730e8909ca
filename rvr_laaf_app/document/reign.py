"""Which target has the focus when, and over which frames its subject is to be followed. Pure functions on targets.

A target that is only suggested neither begins nor ends anything.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rvr_laaf_app.document.project import FocusTarget


@dataclass(frozen=True, slots=True)
class Reign:
    """The frames of one target; targets of its group in a row with it count as one.

    begin: from here the subject is followed, backwards from its own frame, so that a pull meets it where it is: the
    frame of the target before, 0 without one. start: the target's frame. stop: first frame after its hold, at most the
    frame of the next target. before, after: number of the target before and the next one, None without one.
    """

    begin: int
    start: int
    stop: int
    before: int | None
    after: int | None


def reigns(targets: Sequence[FocusTarget], frames: int) -> tuple[Reign, ...]:
    """Return the reign of each of the targets, which must be sorted by frame, in a clip of `frames` frames."""
    counting = [n for n, t in enumerate(targets) if t.strength != "suggested"]
    at = [targets[n].frame for n in counting]
    found = []
    for target in targets:
        before = _neighbour(targets, counting, bisect_left(at, target.frame) - 1, -1, target.group)
        after = _neighbour(targets, counting, bisect_right(at, target.frame), 1, target.group)
        stop = frames if after is None else min(targets[after].frame, frames)
        if target.hold_frames is not None:
            stop = min(stop, target.frame + target.hold_frames)
        begin = 0 if before is None else targets[before].frame
        found.append(Reign(begin, target.frame, max(stop, min(target.frame + 1, frames)), before, after))
    return tuple(found)


def reign_of(targets: Sequence[FocusTarget], target: FocusTarget, frames: int) -> Reign:
    """Return the reign of one of the targets."""
    number = next(n for n, t in enumerate(targets) if t.id == target.id)
    return reigns(targets, frames)[number]


def partners(targets: Sequence[FocusTarget], target: FocusTarget) -> tuple[FocusTarget, ...]:
    """Return the targets of the same group in a row with this one, itself among them, by frame."""
    if not target.group:
        return (target,)
    counting = [t for t in targets if t.strength != "suggested"]
    here = next((n for n, t in enumerate(counting) if t.id == target.id), None)
    if here is None:
        return (target,)
    first = last = here
    while first > 0 and counting[first - 1].group == target.group:
        first -= 1
    while last + 1 < len(counting) and counting[last + 1].group == target.group:
        last += 1
    return tuple(counting[first : last + 1])


def _neighbour(
    targets: Sequence[FocusTarget], counting: Sequence[int], place: int, step: int, group: str
) -> int | None:
    """Return the first target from a place among the counting ones on that is not of this group."""
    while 0 <= place < len(counting):
        if not group or targets[counting[place]].group != group:
            return counting[place]
        place += step
    return None
