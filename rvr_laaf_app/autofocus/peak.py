"""From a place near focus to the top of the sharpness curve, in few pictures: go on until both sides are less sharp.

Serves `modern` where no calibration vouches for what it found, and `continuous`. Knows sharpness by position only.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import ClassVar

import numpy as np

from rvr_laaf_app.autofocus.base import FocusRange, FocusResult, FocusStep, Patch
from rvr_laaf_app.autofocus.sharpness import brenner


class Peak:
    """The sharpness of the places seen so far, and where to look next."""

    pictures: ClassVar[int] = 14  # at most, for one climb
    level: ClassVar[float] = 0.07  # of log sharpness: so little less is as sharp, as far as noise can tell

    def __init__(self, limits: FocusRange) -> None:
        self.limits = limits
        self.seen: dict[int, float] = {}
        self.stride = max(1, limits.depth_of_field)

    def add(self, place: int, sharpness: float) -> None:
        """Remember a picture."""
        self.seen[place] = float(np.log(max(sharpness, 1e-12)))

    def best(self) -> int:
        """Return the sharpest place so far."""
        return max(self.seen, key=lambda place: self.seen[place])

    def next_place(self) -> int | None:
        """Return where to look next; None when the top is known within half the depth of field."""
        best, order = self.best(), sorted(self.seen)
        at = order.index(best)
        if at == len(order) - 1 and best < self.limits.maximum:
            return min(best + self._stride(best - order[at - 1] if at else 0), self.limits.maximum)
        if at == 0 and best > self.limits.minimum:
            return max(best - self._stride(order[1] - best if len(order) > 1 else 0), self.limits.minimum)
        doubtful = self._beyond(order, at)
        if doubtful is not None:
            return doubtful
        top, near = self.top(), max(1, self.limits.depth_of_field // 2)
        if min(abs(top - place) for place in order) >= near:
            return top
        sides = [abs(best - order[k]) for k in (at - 1, at + 1) if 0 <= k < len(order)]
        if max(sides, default=0) <= max(2 * self.limits.depth_of_field, 2):
            return None
        # a gap this wide may hide the top: look into the wider half of it
        low, high = order[max(at - 1, 0)], order[min(at + 1, len(order) - 1)]
        return (best + (low if best - low > high - best else high)) // 2

    def _beyond(self, order: list[int], at: int) -> int | None:
        """Return where to look so that a small rise or a flat top is not taken for the top of all; None: no doubt.

        A top at the end of the range may be the rise of something behind: two less sharp places have to vouch for it.
        One beside which the outermost place seen is all but as sharp may go on rising beyond that.
        """
        low, high = self.limits.minimum, self.limits.maximum
        best, last = order[at], len(order) - 1
        if at in (0, last):
            inwards = 1 if at == 0 else -1
            farther = best + inwards * 2 * self.stride
            near = any(abs(place - farther) <= self.stride // 2 for place in order)
            beside = abs(order[at + inwards] - best) if last else high - low
            return farther if beside < 2 * self.stride <= high - low and not near else None
        for side in (at - 1, at + 1):
            flat = self.seen[best] - self.seen[order[side]] < self.level
            if flat and side == 0 and order[0] > low:
                return max(order[0] - self.stride, low)
            if flat and side == last and order[last] < high:
                return min(order[last] + self.stride, high)
        return None

    def _stride(self, before: int) -> int:
        """Twice the way that led here, if that was a short one: the climb grows faster the longer it goes on."""
        return max(self.stride, min(2 * before, (self.limits.maximum - self.limits.minimum) // 4))

    def top(self) -> int:
        """Return the top of the parabola through the log sharpness of the best place and its neighbours."""
        best, order = self.best(), sorted(self.seen)
        at = order.index(best)
        if at in (0, len(order) - 1):
            return best
        x = np.array(order[at - 1 : at + 2], float)
        y = np.array([self.seen[order[k]] for k in (at - 1, at, at + 1)])
        left, right = (y[1] - y[0]) / (x[1] - x[0]), (y[2] - y[1]) / (x[2] - x[1])
        bend = (right - left) / (x[2] - x[0])
        if bend >= 0:
            return best
        return round(float(np.clip((x[0] + x[1]) / 2 - left / (2 * bend), (x[0] + best) / 2, (best + x[2]) / 2)))

    def climb(self, steps: list[FocusStep]) -> Generator[int, Patch, FocusResult]:
        """Look until the top is known; `steps` are those before, and are told on in the result."""
        for _ in range(self.pictures):
            place = self.next_place()
            if place is None:
                break
            patch = yield place
            sharpness = brenner(patch)
            self.add(place, sharpness)
            steps.append(FocusStep(place, sharpness, "both sides of the top"))
        rise = self.seen[self.best()] - min(self.seen.values())
        found = rise > 0.05
        confidence = float(np.clip(rise, 0.0, 1.0))
        reason = "" if found else "no position is clearly sharper than the others"
        return FocusResult(self.top(), found, confidence, tuple(steps), reason)
