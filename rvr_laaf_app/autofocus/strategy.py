"""Which lens positions an all-in-focus picture or video needs, decided while capturing (intelligent autofocus, 5).

A strategy is a generator like a search: it yields the lens position it wants next and is sent the picture seen there.
It reads each picture through a global step estimator, a map of |steps to focus|. As printed: `PrintedStatic`
(activation matrix, sign rule Eq. 6, both stopping rules) and `dynamic_capture` (Algorithm 2, k). Ours stands in
`strategy_static`: it keeps for every place all that was seen so far, and plans the fewest positions that cover what is
left. Baselines are `uniform_sweep` and `strategy_scan`. Who drives the lens, and how pictures are fused, is not decided
here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import FocusRange, Patch

StepMap = NDArray[np.float32]  # [h, w] steps; the same size for every picture of a capture
Mask = NDArray[np.bool_]
Span = Callable[[float], float]  # lens position -> how many steps look sharp at once there
MOST_FRAMES: Final = 400


class GlobalEstimator(Protocol):
    """Tells for every place of a picture how far it is from focus."""

    def steps(self, picture: Patch, *, position: int) -> StepMap:
        """Return |steps to focus| [h, w] float32 >= 0 of a picture [H, W] seen at `position`; NaN where unknown."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class CaptureStep:
    """One captured picture: where, signed steps to focus [h, w] as far as known, and what is sharp by now [h, w]."""

    position: int
    deviation: StepMap
    active: Mask


@dataclass(frozen=True, slots=True, eq=False)
class CaptureResult:
    """The positions captured, in order, why it ended, and what is sharp in at least one of them [h, w]."""

    positions: tuple[int, ...]
    reason: str
    active: Mask


Capture = Generator[int, Patch, CaptureResult]
Watcher = Callable[[CaptureStep], None]


def unwatched(_: CaptureStep) -> None:
    """See nothing."""


def signed(now: StepMap, before: StepMap, moved: float) -> StepMap:
    """Return P^t from |P^t|, |P^t-1| and the way moved = Z^t - Z^t-1 (Eq. 6): plus = focus lies at a higher position.

    Focus ahead was |p^t| + moved away before, focus behind | |p^t| - moved |; whichever comes closer to |p^t-1| is
    true. The printed Eq. 6 has the two exchanged: with Z^t+1 = Z^t + p it would go away from focus.
    """
    ahead = np.abs(np.abs(now + np.float32(moved)) - before)
    behind = np.abs(np.abs(now - np.float32(moved)) - before)
    return np.asarray(np.where(ahead <= behind, now, -now), np.float32)


def fullest_bin(values: NDArray[np.float32], width: float) -> float | None:
    """Return the centre of the bin of the histogram that holds most values; None if there are none."""
    there = values[np.isfinite(values)]
    if not there.size:
        return None
    numbers, counts = np.unique(np.round(there / width), return_counts=True)
    return float(numbers[int(np.argmax(counts))] * width)


def uniform_sweep(limits: FocusRange, span: Span | None = None) -> tuple[int, ...]:
    """Return positions whose depths of field cover the whole range edge to edge: the sweep that knows nothing."""
    sharp = span or _constant(limits)
    positions: list[int] = []
    edge = float(limits.minimum)
    while edge < limits.maximum and len(positions) < MOST_FRAMES * 10:
        place = edge + sharp(edge) / 2
        positions.append(round(min(place, limits.maximum)))
        edge = place + sharp(place) / 2
    return tuple(positions)


def _constant(limits: FocusRange) -> Span:
    return lambda _: float(limits.depth_of_field)


@dataclass(frozen=True, slots=True)
class PrintedStatic:
    """Section 5.1 and 5.3, static, as printed but for the exchanged signs of Eq. 6 (see `signed`)."""

    estimator: GlobalEstimator
    span: Span | None = None

    def capture(self, limits: FocusRange, *, start: int, watch: Watcher = unwatched) -> Capture:
        """Run: yields positions, takes pictures, and ends by itself."""
        sharp = self.span or _constant(limits)
        place, taken = min(max(start, limits.minimum), limits.maximum), list[int]()
        active: Mask | None = None
        before: StepMap | None = None
        while True:
            picture = yield place
            now = self.estimator.steps(picture, position=place)
            half = sharp(place) / 2
            deviation = now if before is None else signed(now, before, place - taken[-1])
            mask = np.asarray(now <= half, np.bool_)
            active = mask if active is None else active | mask  # Eq. 9
            taken.append(place)
            watch(CaptureStep(place, deviation, active))
            first = before is None
            before = now
            left = _reachable(np.where(active, np.nan, deviation), place, limits, half, either=first)
            away = fullest_bin(left, sharp(place))
            if away is None:
                return CaptureResult(tuple(taken), "what is left lies out of the range of the lens", active)
            wanted = min(max(round(place + away), limits.minimum), limits.maximum)
            if any(abs(wanted - other) <= sharp(other) / 2 for other in taken) or len(taken) >= MOST_FRAMES:
                return CaptureResult(tuple(taken), "the next position is sharp in a picture that was taken", active)
            place = wanted


def _reachable(deviation: StepMap, place: int, limits: FocusRange, half: float, *, either: bool) -> StepMap:
    """Return the deviations that lead into the range, NaN for others; `either`: the sign is free, plus if it can be."""
    low, high = limits.minimum - half - place, limits.maximum + half - place
    out = np.where((deviation >= low) & (deviation <= high), deviation, np.nan)
    if either:
        back = np.where(-deviation >= low, -deviation, np.nan)
        out = np.where(np.isnan(out), back, out)
    return np.asarray(out, np.float32)


def dynamic_capture(
    estimator: GlobalEstimator,
    limits: FocusRange,
    *,
    start: int,
    k: int = 1,
    span: Span | None = None,
    watch: Watcher = unwatched,
) -> Capture:
    """Algorithm 2: what was sharp in the last k + 1 pictures rests, the fullest bin of the others is next.

    Never ends by itself: close the generator. Where nothing is left, focus returns to the oldest part of the scene:
    the position that was left longest ago.
    """
    sharp = span or _constant(limits)
    place = min(max(start, limits.minimum), limits.maximum)
    masks: list[Mask] = []
    visited: dict[int, int] = {}
    before: StepMap | None = None
    former = place
    for number in range(2**62):
        picture = yield place
        now = estimator.steps(picture, position=place)
        half = sharp(place) / 2
        deviation = now if before is None else signed(now, before, place - former)
        masks = [*masks, np.asarray(now <= half, np.bool_)][-(k + 1) :]
        active = np.logical_or.reduce(masks)
        watch(CaptureStep(place, deviation, active))
        left = _reachable(np.where(active, np.nan, deviation), place, limits, half, either=before is None)
        visited[place] = number
        before, former = now, place
        away = fullest_bin(left, sharp(place))
        if away is None:
            place = min(visited, key=lambda seen: visited[seen])
        else:
            place = min(max(round(place + away), limits.minimum), limits.maximum)
            visited = {p: n for p, n in visited.items() if abs(p - place) > half}
    raise AssertionError("unreachable")
