"""Where two annotators differ, clip by clip: targets that only one has, other times, other places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rvr_laaf_app.annotation.agreement import pair_targets, same_place
from rvr_laaf_app.annotation.schema import ClipAnnotation, ClipIdentity, VafTarget

Kind = Literal["only_first", "only_second", "time", "place"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One of them. seconds: where in the clip; apart_s: of the two times, 0 where one is missing."""

    clip: ClipIdentity
    kind: Kind
    seconds: float
    mine: VafTarget | None
    theirs: VafTarget | None
    apart_s: float = 0.0


def differences(first: Sequence[ClipAnnotation], second: Sequence[ClipAnnotation]) -> list[Difference]:
    """Return where they differ in the clips that both have done, the clip with the most differences first.

    Times differ if neither lies between the other's early and late.
    """
    theirs = {a.clip.pictures: a for a in second if a.state == "done"}
    found: list[list[Difference]] = []
    for mine in first:
        other = theirs.get(mine.clip.pictures)
        if mine.state == "done" and other is not None:
            found.append(_of_clip(mine, other))
    found.sort(key=lambda clip: -len(clip))
    return [difference for clip in found for difference in clip]


def _of_clip(mine: ClipAnnotation, theirs: ClipAnnotation) -> list[Difference]:
    found = []
    for pair in pair_targets(mine.targets, theirs.targets):
        a, b = pair.mine, pair.theirs
        if a is None or b is None:
            one = a or b
            assert one is not None
            kind: Kind = "only_first" if b is None else "only_second"
            found.append(Difference(mine.clip, kind, one.at.seconds, a, b))
            continue
        apart_s = abs(a.at.seconds - b.at.seconds)
        if not pair.free and not _within(a, b) and not _within(b, a):
            found.append(Difference(mine.clip, "time", a.at.seconds, a, b, apart_s))
        elif not same_place(a.box, b.box):
            found.append(Difference(mine.clip, "place", a.at.seconds, a, b, apart_s))
    return sorted(found, key=lambda d: d.seconds)


def _within(target: VafTarget, other: VafTarget) -> bool:
    return other.seconds(other.early) - 1e-9 <= target.at.seconds <= other.seconds(other.late) + 1e-9
