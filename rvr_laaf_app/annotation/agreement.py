"""How far annotators agree: when focus should change, where it goes, and on whom; with confidence intervals.

Targets of two annotators are paired one to one within MATCH_S, as many as possible and these as close as possible.
Intervals come from a bootstrap over clips (Efron 1979, percentiles), because targets of one clip are not independent.
The first target of a clip is free: it counts for place and subject, and not for time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import hypot
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from rvr_laaf_app.annotation.schema import ClipAnnotation, VafTarget, is_named
from rvr_laaf_app.core.geometry import Box

MATCH_S: Final = 1.0  # 30 frames, as `measure.laaf` counts a target as missed
RESAMPLES: Final = 2000
SEED: Final = 20231
SAME_PLACE: Final = 0.1  # overlap from which two boxes mean the same; or the middle of one lies in the other
_FREE_S: Final = 1e-9
_NEVER: Final = 1e6
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two targets that are taken for the same one; None = the other annotator has none. free: both open the clip."""

    mine: VafTarget | None
    theirs: VafTarget | None
    free: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure over all clips with its 95 % interval. count: what it rests on; None where there is nothing to count."""

    value: float | None
    low: float | None = None
    high: float | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two annotators agree on the clips that both have done.

    found: 2 x pairs / all targets (specific agreement; F1 of one against the other). time_s: mean |difference|.
    in_window: share of pairs in which each lies between the other's early and late. overlap: mean intersection over
    union of the boxes. distance: of their middles, in widths and heights of the picture. same_place: share that may
    mean the same subject by place. same_words: share whose subjects share a word. kappa: Cohen's kappa of the subjects
    as words, over pairs. same_focus: share of the clips' time in which the targets that hold are a pair in the same
    place.
    """

    first: str
    second: str
    clips: int
    pairs: int
    figures: Mapping[str, Estimate] = field(default_factory=dict)


def pair_targets(mine: Sequence[VafTarget], theirs: Sequence[VafTarget]) -> list[Pair]:
    """Pair the targets of two annotators of one clip; every target occurs once."""
    first = [t for t in mine if t.at.seconds <= _FREE_S][:1]
    other = [t for t in theirs if t.at.seconds <= _FREE_S][:1]
    pairs = [Pair(a, b, free=True) for a, b in zip(first, other, strict=False)]
    left = [t for t in mine if not (pairs and t in first)]
    right = [t for t in theirs if not (pairs and t in other)]
    chosen: dict[int, int] = {}
    if left and right:
        apart = np.array([[abs(a.at.seconds - b.at.seconds) for b in right] for a in left])
        cost = np.where(apart <= MATCH_S + _FREE_S, apart, _NEVER)  # one pair more is worth any distance
        rows, columns = linear_sum_assignment(cost)
        chosen = {int(r): int(c) for r, c in zip(rows, columns, strict=True) if cost[r, c] < _NEVER}
    pairs += [Pair(a, right[chosen[i]] if i in chosen else None) for i, a in enumerate(left)]
    taken = set(chosen.values())
    return pairs + [Pair(None, b) for j, b in enumerate(right) if j not in taken]


def agreement(
    first: tuple[str, Sequence[ClipAnnotation]],
    second: tuple[str, Sequence[ClipAnnotation]],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Agreement:
    """Compare two annotators, (name, what they said), on the clips that both have done."""
    ours = {a.clip.pictures: a for a in first[1] if a.state == "done"}
    theirs = {a.clip.pictures: a for a in second[1] if a.state == "done"}
    common = [(ours[k], theirs[k]) for k in sorted(ours) if k in theirs]
    clips = [_Clip.of(a, b) for a, b in common]
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(clips), (resamples, len(clips))) if len(clips) > 1 else None
    figures = {
        "found": _ratio([(2.0 * c.matched, c.targets) for c in clips], draws),
        "time_s": _ratio([(sum(c.apart_s), len(c.apart_s)) for c in clips], draws),
        "in_window": _ratio([(c.in_window, len(c.apart_s)) for c in clips], draws),
        "overlap": _ratio([(sum(c.overlaps), len(c.overlaps)) for c in clips], draws),
        "distance": _ratio([(sum(c.between), len(c.between)) for c in clips], draws),
        "same_place": _ratio([(c.same_place, c.placed) for c in clips], draws),
        "same_words": _ratio([(c.same_words, len(c.subjects)) for c in clips], draws),
        "kappa": _kappa_estimate([c.subjects for c in clips], draws),
        "same_focus": _ratio([(c.same_focus_s, c.seconds) for c in clips], draws),
    }
    return Agreement(first[0], second[0], len(clips), sum(c.matched + c.free for c in clips), figures)


def agreements(people: Mapping[str, Sequence[ClipAnnotation]]) -> list[Agreement]:
    """Compare every two annotators that have clips in common."""
    found = [agreement(a, b) for a, b in combinations(sorted(people.items()), 2)]
    return [a for a in found if a.clips]


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Return Cohen's kappa (1960) of two raters' labels; None without pairs, or if chance alone explains everything."""
    if not pairs:
        return None
    n = len(pairs)
    observed = sum(a == b for a, b in pairs) / n
    labels = {label for pair in pairs for label in pair}
    chance = sum(sum(a == x for a, _ in pairs) * sum(b == x for _, b in pairs) for x in labels) / n**2
    return None if chance >= 1.0 else (observed - chance) / (1.0 - chance)


def same_place(a: Box, b: Box) -> bool:
    """Tell whether two boxes may mean the same subject; points are boxes without extent."""
    return a.overlap(b) >= SAME_PLACE or _holds(a, b) or _holds(b, a)


@dataclass(frozen=True, slots=True)
class _Clip:
    """What is counted in one clip."""

    matched: int
    free: int
    targets: int
    apart_s: tuple[float, ...]
    in_window: int
    overlaps: tuple[float, ...]
    between: tuple[float, ...]
    placed: int
    same_place: int
    subjects: tuple[tuple[str, str], ...]
    same_words: int
    same_focus_s: float
    seconds: float

    @classmethod
    def of(cls, mine: ClipAnnotation, theirs: ClipAnnotation) -> _Clip:
        pairs = pair_targets(mine.targets, theirs.targets)
        both = [(p.mine, p.theirs) for p in pairs if p.mine is not None and p.theirs is not None]
        timed = [(p.mine, p.theirs) for p in pairs if p.mine and p.theirs and not p.free]
        free = sum(p.free for p in pairs)
        subjects = [
            (_words(a.subject), _words(b.subject)) for a, b in both if is_named(a.subject) and is_named(b.subject)
        ]
        boxes = [(a.box, b.box) for a, b in both]
        extended = [(a, b) for a, b in boxes if a.area > 0 and b.area > 0]  # a point overlaps with nothing
        placed = [(a, b) for a, b in boxes if a.area > 0 or b.area > 0]
        return cls(
            len(timed),
            free,
            len(mine.targets) + len(theirs.targets) - 2 * free,
            tuple(abs(a.at.seconds - b.at.seconds) for a, b in timed),
            sum(_in_window(a, b) and _in_window(b, a) for a, b in timed),
            tuple(a.overlap(b) for a, b in extended),
            tuple(hypot(a.centre.x - b.centre.x, a.centre.y - b.centre.y) for a, b in boxes),
            len(placed),
            sum(same_place(a, b) for a, b in placed),
            tuple((" ".join(a), " ".join(b)) for a, b in subjects),
            sum(bool(set(a) & set(b)) for a, b in subjects),
            _same_focus_s(mine, theirs, both),
            mine.clip.duration_s,
        )


def _in_window(target: VafTarget, other: VafTarget) -> bool:
    """True if `target` lies where `other` says that a change would still be right."""
    return other.seconds(other.early) - _FREE_S <= target.at.seconds <= other.seconds(other.late) + _FREE_S


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))


def _holds(box: Box, other: Box) -> bool:
    centre = other.clipped().centre
    return box.x <= centre.x <= box.x + box.width and box.y <= centre.y <= box.y + box.height


def _same_focus_s(mine: ClipAnnotation, theirs: ClipAnnotation, both: Sequence[tuple[VafTarget, VafTarget]]) -> float:
    """Return for how many seconds the two targets that hold are a pair in the same place."""
    agreed = {(a.id, b.id) for a, b in both if same_place(a.box, b.box)}
    end = mine.clip.duration_s
    total = 0.0
    for a, a_start, a_stop in _spans(mine.targets, end):
        for b, b_start, b_stop in _spans(theirs.targets, end):
            if (a.id, b.id) in agreed:
                total += max(min(a_stop, b_stop) - max(a_start, b_start), 0.0)
    return total


def _spans(targets: Sequence[VafTarget], end_s: float) -> list[tuple[VafTarget, float, float]]:
    """Return from when to when each target holds: until its own end or the next target."""
    starts = [min(t.at.seconds, end_s) for t in targets]
    spans = []
    for target, start, following in zip(targets, starts, [*starts, end_s][1:], strict=True):
        own = target.seconds(target.hold) if target.hold is not None else end_s
        spans.append((target, start, min(following, own, end_s)))
    return spans


def _ratio(parts: Sequence[tuple[float, float]], draws: NDArray[np.int64] | None) -> Estimate:
    """Return the sum of the first over the sum of the second, of all clips and of each drawn set of clips."""
    above, below = (np.array([p[i] for p in parts], np.float64) for i in (0, 1))
    total = float(below.sum())
    if total <= 0:
        return Estimate(None)
    value = float(above.sum()) / total
    if draws is None:
        return Estimate(value, count=round(total))
    sums = below[draws].sum(axis=1)
    drawn = above[draws].sum(axis=1)[sums > 0] / sums[sums > 0]
    return _with_interval(value, drawn, round(total))


def _kappa_estimate(clips: Sequence[Sequence[tuple[str, str]]], draws: NDArray[np.int64] | None) -> Estimate:
    pairs = [p for clip in clips for p in clip]
    value = cohen_kappa(pairs)
    if value is None or draws is None:
        return Estimate(value, count=len(pairs))
    labels = {label: n for n, label in enumerate(sorted({label for pair in pairs for label in pair}))}
    mine, theirs = (np.zeros((len(clips), len(labels))) for _ in range(2))
    same = np.zeros(len(clips))
    for number, clip in enumerate(clips):
        for a, b in clip:
            mine[number, labels[a]] += 1
            theirs[number, labels[b]] += 1
            same[number] += a == b
    weights = np.stack([np.bincount(row, minlength=len(clips)) for row in draws]).astype(np.float64)
    totals = weights @ mine.sum(axis=1)
    squares = np.maximum(totals, 1.0) ** 2
    chance = ((weights @ mine) * (weights @ theirs)).sum(axis=1) / squares
    usable = (totals > 0) & (chance < 1.0)
    observed = (weights @ same)[usable] / totals[usable]
    return _with_interval(value, (observed - chance[usable]) / (1.0 - chance[usable]), len(pairs))


def _with_interval(value: float, drawn: NDArray[np.float64], count: int) -> Estimate:
    if len(drawn) == 0:
        return Estimate(value, count=count)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(value, float(low), float(high), count)
