"""Focus by comparing sharpness: Fibonacci, rule-based, hill climbing and curve fit.

None of them knows how far focus is; each knows only whether one picture is sharper than another. They are the methods
that the paper "Intelligent Autofocus" compares with, and what works where no network can. Steps of the drive are chosen
from the depth of field, so they suit any lens. A curve with several peaks may lead all but the rule-based one to a
lesser peak. Knows no camera; the pictures come from whoever runs the generator.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import ClassVar, Final

import numpy as np

from rvr_laaf_app.autofocus.base import FocusRange, FocusResult, FocusStep, Patch, Search
from rvr_laaf_app.autofocus.sharpness import SHARPNESS, Sharpness

_CLEAR_PEAK: Final = 0.02  # by how much the best picture must be sharper than the usual one to count as focus
_Look = Generator[int, Patch, float]


class SharpnessTrace:
    """The pictures of one search: each position is looked at once and remembered."""

    def __init__(self, limits: FocusRange, metric: Sharpness) -> None:
        self.limits = limits
        self.metric = metric
        self.seen: dict[int, float] = {}
        self.steps: list[FocusStep] = []

    def look(self, position: int, note: str) -> _Look:
        """Ask for the picture at a position (brought inside the limits) and return its sharpness."""
        place = self.inside(position)
        if place not in self.seen:
            patch = yield place
            self.seen[place] = self.metric(patch)
            self.steps.append(FocusStep(place, self.seen[place], note))
        return self.seen[place]

    def inside(self, position: int) -> int:
        """Return the nearest position that the lens can go to."""
        return min(max(position, self.limits.minimum), self.limits.maximum)

    def best(self) -> int:
        """Return the position of the sharpest picture so far."""
        return max(self.seen, key=lambda place: self.seen[place])

    def result(self, position: int | None = None) -> FocusResult:
        """Return the end of the search; without a peak that stands out it was not found."""
        readings = np.array(list(self.seen.values()))
        top, usual = float(readings.max()), float(np.median(readings))
        rise = (top - usual) / top if top > 0 else 0.0
        found = rise > _CLEAR_PEAK
        reason = "" if found else "no position is clearly sharper than the others"
        place = self.best() if position is None else self.inside(position)
        return FocusResult(place, found, float(np.clip(rise, 0, 1)), tuple(self.steps), reason)


class FibonacciSearch:
    """Narrow the whole range by Fibonacci numbers (Krotkov 1988); as many pictures as the range needs, always.

    The number is the least that leaves an interval of a fifth of the depth of field: 13 for 1050 steps with 20.
    """

    name = "fibonacci"
    share: ClassVar[float] = 0.2  # of the depth of field: the interval that is left

    def __init__(self, metric: str = "tenengrad") -> None:
        self.metric = SHARPNESS[metric]

    def search(self, limits: FocusRange, *, start: int, seed: int = 0) -> Search:
        """See Autofocus; where the lens stands at the start makes no difference."""
        trace = SharpnessTrace(limits, self.metric)
        low, span = limits.minimum, limits.maximum - limits.minimum
        wanted = span / max(limits.depth_of_field * self.share, 1.0)
        short, long = 1, 2  # neighbours in the series
        while long < wanted:
            short, long = long, short + long
        unit = span / long
        left, right = 0, long  # in units; the two inner places are right - short and left + short
        while right - left > 1 and short >= 1:
            inner, outer = right - short, left + short
            at_inner = yield from trace.look(round(low + inner * unit), "inner")
            at_outer = yield from trace.look(round(low + outer * unit), "outer")
            if at_inner >= at_outer:
                right = outer
            else:
                left = inner
            short, long = long - short, short
        if not trace.seen:
            yield from trace.look(round(low + span / 2), "the range is within the depth of field")
        return trace.result()


class RuleBasedSearch:
    """Travel the whole range once, in strides that depend on how sharpness changes (Kehtarnavaz and Oh 2003).

    Short ones at first and where sharpness climbs steeply, long ones where little happens or the peak is past. In the
    paper's camera Initial 10, Coarse 40, Fine 10, Mid 30 steps; here in shares of the depth of field.
    """

    name = "rule_based"
    initial: ClassVar[float] = 0.5
    coarse: ClassVar[float] = 2.0
    fine: ClassVar[float] = 0.5
    mid: ClassVar[float] = 1.5
    opening: ClassVar[int] = 3  # pictures before a slope is trusted
    steep: ClassVar[float] = 0.15  # change of sharpness over a stride of Initial that counts as nearing the peak
    fallen: ClassVar[float] = 0.5  # share of the peak below which it is past

    def __init__(self, metric: str = "tenengrad") -> None:
        self.metric = SHARPNESS[metric]

    def search(self, limits: FocusRange, *, start: int, seed: int = 0) -> Search:
        """See Autofocus; the lens is sent to the near end first, as the method demands."""
        trace = SharpnessTrace(limits, self.metric)
        place = limits.minimum
        before = yield from trace.look(place, "near end")
        top, stride, kind = before, self._stride(limits, self.initial), "initial"
        while place < limits.maximum:
            place = min(place + stride, limits.maximum)
            now = yield from trace.look(place, kind)
            change = (now - before) / max(before, 1e-12) * self._stride(limits, self.initial) / stride
            top = max(top, now)
            kind, share = self._rule(len(trace.steps), change, now / top if top > 0 else 1.0)
            stride, before = self._stride(limits, share), now
        return trace.result()

    def _rule(self, looked: int, change: float, of_top: float) -> tuple[str, float]:
        if looked <= self.opening:
            return "initial", self.initial
        if change > self.steep or (change > 0 and of_top >= 1.0 and change > self.steep / 3):
            return "fine", self.fine
        if change < 0 and of_top >= self.fallen:
            return "mid", self.mid
        return "coarse", self.coarse

    @staticmethod
    def _stride(limits: FocusRange, share: float) -> int:
        return max(1, round(limits.depth_of_field * share))


class HillClimbing:
    """Climb from where the lens stands, halving the stride at each turn (He, Zhou and Hong 2003).

    The first stride is an eighth of the range, so that the slope is larger than the noise far from focus.
    """

    name = "hill_climbing"
    first: ClassVar[float] = 0.125  # of the range
    last: ClassVar[float] = 0.25  # of the depth of field

    def __init__(self, metric: str = "tenengrad") -> None:
        self.metric = SHARPNESS[metric]

    def search(self, limits: FocusRange, *, start: int, seed: int = 0) -> Search:
        """See Autofocus."""
        trace = SharpnessTrace(limits, self.metric)
        place = trace.inside(start)
        here = yield from trace.look(place, "start")
        stride = max(1, round((limits.maximum - limits.minimum) * self.first))
        least = max(1, round(limits.depth_of_field * self.last))
        way = 1 if limits.maximum - place >= place - limits.minimum else -1
        while True:
            climbed = False
            for direction in (way, -way):
                while (ahead := trace.inside(place + direction * stride)) != place:
                    there = yield from trace.look(ahead, f"stride {stride}")
                    if there <= here:
                        break
                    place, here, way, climbed = ahead, there, direction, True
                if climbed:
                    break
            if stride <= least:
                return trace.result(place)
            stride = max(least, stride // 2)


class CurveFit:
    """Look at a few places and go to the top of the curve fitted through the sharpest (Yazdanfar 2008).

    Sharpness falls off about like a Lorentzian, whose reciprocal is a parabola; three places give its top. The fit is
    repeated in a smaller neighbourhood until its top moves by less than a quarter of the depth of field.
    """

    name = "curve_fit"
    places: ClassVar[int] = 7
    rounds: ClassVar[int] = 8

    def __init__(self, metric: str = "tenengrad") -> None:
        self.metric = SHARPNESS[metric]

    def search(self, limits: FocusRange, *, start: int, seed: int = 0) -> Search:
        """See Autofocus."""
        trace = SharpnessTrace(limits, self.metric)
        for place in np.linspace(limits.minimum, limits.maximum, self.places):
            yield from trace.look(round(float(place)), "survey")
        close = max(1, limits.depth_of_field // 4)
        for _ in range(self.rounds):
            top = _parabola_top(trace)
            known = min(abs(top - place) for place in trace.seen)
            if known < close:
                low, high = _neighbours(trace)
                if high - low <= 4 * close:
                    break
                best = trace.best()
                top = (best + (low if best - low > high - best else high)) // 2
            yield from trace.look(top, "fit")
        return trace.result()


def _neighbours(trace: SharpnessTrace) -> tuple[int, int]:
    """Return the places that were looked at just below and above the best (itself at an end)."""
    best, order = trace.best(), sorted(trace.seen)
    index = order.index(best)
    return order[max(index - 1, 0)], order[min(index + 1, len(order) - 1)]


def _parabola_top(trace: SharpnessTrace) -> int:
    """Return where the parabola through 1 / sharpness of the best place and its neighbours is lowest."""
    best = trace.best()
    low, high = _neighbours(trace)
    if low == best or high == best:
        return (low + high) // 2
    x = np.array([low, best, high], float)
    y = 1.0 / np.maximum([trace.seen[place] for place in (low, best, high)], 1e-12)
    left, right = (y[1] - y[0]) / (x[1] - x[0]), (y[2] - y[1]) / (x[2] - x[1])
    bend = (right - left) / (x[2] - x[0])
    if bend <= 0:
        return best
    top = (x[0] + x[1]) / 2 - left / (2 * bend)
    return round(float(np.clip(top, (low + best) / 2, (best + high) / 2)))
