"""Repairs of the depth as values. A repair is a stroke of a brush and what it does.

The stroke is a small vector; where its effect lies in each frame is derived from the clip and computed elsewhere. The
estimate of depth is never touched: a project without a repair has exactly the estimate.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rvr_laaf_app.core.geometry import Point

RepairKind = Literal["nearer", "farther", "same"]
KINDS: tuple[RepairKind, ...] = ("nearer", "farther", "same")
MAX_REPAIRS = 500
MAX_STROKE_POINTS = 2000
MAX_REACH = 10_000  # frames
MAX_ID = 64  # characters
SMALLEST_RADIUS, LARGEST_RADIUS = 0.002, 0.5  # of the picture's width
FULL_STEP = 0.5  # of the shot's whole depth: what "nearer" does at full strength


@dataclass(frozen=True, slots=True)
class BrushSettings:
    """How a stroke is laid on.

    radius: share of the picture's width; softness 0..1: the outer share of the radius that fades; strength 0..1: how
    far towards the sampled depth, or how much of FULL_STEP nearer or farther; edges 0..1: how much the picture's edges
    stop it; back, ahead: so many frames before and after its own it is carried to.
    """

    radius: float = 0.05
    softness: float = 0.5
    strength: float = 0.5
    edges: float = 0.7
    back: int = 60
    ahead: int = 60


@dataclass(frozen=True, slots=True)
class Repair:
    """One stroke on frame `frame`, x and y in turn in `stroke` (0..1 of the picture).

    sample: for "same", the place at that frame whose depth is taken. shift: the depth that the sample showed over what
    the estimate says there, in -1..1: other repairs may lie below it. on: a repair that is off changes nothing.
    """

    id: str
    frame: int
    kind: RepairKind
    stroke: tuple[float, ...]
    brush: BrushSettings = BrushSettings()
    sample: Point | None = None
    shift: float = 0.0
    on: bool = True

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """The stroke as (x, y) in turn."""
        return tuple(zip(self.stroke[::2], self.stroke[1::2], strict=True))

    @property
    def step(self) -> float:
        """The change of disparity at full effect of "nearer" and "farther", signed; 0 for "same"."""
        sign = {"nearer": 1.0, "farther": -1.0, "same": 0.0}[self.kind]
        return sign * FULL_STEP * self.brush.strength

    @property
    def shape_digest(self) -> str:
        """Hash of what decides where the effect lies: not of what it does there, nor of how far it is carried."""
        brush = self.brush
        return _digest_of((self.frame, self.stroke, brush.radius, brush.softness, brush.edges, self.sample))

    def reaches(self, index: int) -> bool:
        """Tell whether frame `index` is within the reach (cuts and occlusions may end it before)."""
        return self.on and self.frame - self.brush.back <= index <= self.frame + self.brush.ahead

    def fade(self, index: int) -> float:
        """Return the weight 0..1 at frame `index`: it goes out over the last eighth of the reach, not in one frame."""
        if not self.reaches(index):
            return 0.0
        reach = self.brush.ahead if index > self.frame else self.brush.back
        left = reach + 1 - abs(index - self.frame)
        return min(1.0, left / (1 + max(reach // 8, 0)))


@lru_cache(maxsize=2 * MAX_REPAIRS)
def _digest_of(facts: tuple[object, ...]) -> str:
    return hashlib.blake2b(repr(facts).encode(), digest_size=12).hexdigest()
