"""What the focus ruler shows, as a value, and where it lies on the widget. Nothing is drawn here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRectF

SIDE_PX: Final = 28.0
_WHOLE: Final = (1, 2, 5)
_TICK_PX: Final = 72.0  # between two labels, at least


@dataclass(frozen=True, slots=True)
class RulerStep:
    """One look of an autofocus run: where, and how sharp it was there (0..1 of the sharpest; None: not measured)."""

    position: int
    height: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RulerState:
    """Everything on the ruler. limits None: the ends are not known, and the ruler shows the way gone so far.

    sharp_span: steps that look sharp at once, 0 = not known. curve: (position, sharpness 0..1) in the order of the
    lens. steps: of the last autofocus run; found: its answer. planned and taken: positions of the bracket.
    """

    limits: tuple[int, int] | None = None
    position: int | None = None
    sharp_span: float = 0.0
    mark_a: int | None = None
    mark_b: int | None = None
    curve: tuple[tuple[int, float], ...] = ()
    steps: tuple[RulerStep, ...] = ()
    found: int | None = None
    planned: tuple[int, ...] = ()
    taken: tuple[int, ...] = ()
    near: int | None = None
    far: int | None = None
    movable: bool = False
    near_is_low: bool = True


@dataclass(frozen=True, slots=True)
class RulerScale:
    """The way between lens positions and x on the widget."""

    low: float
    high: float
    left: float
    width: float
    flipped: bool = False

    @classmethod
    def of(cls, state: RulerState, area: QRectF) -> RulerScale:
        """Return the scale that shows the whole range of the lens, or the way gone so far with room at both ends."""
        if state.limits is not None:
            low, high = map(float, state.limits)
        else:
            known = [p for p, _ in state.curve] + [s.position for s in state.steps] + list(state.planned)
            known += [p for p in (state.position, state.mark_a, state.mark_b) if p is not None]
            low, high = float(min(known, default=-100)), float(max(known, default=100))
            room = max((high - low) * 0.15, 50.0)
            low, high = low - room, high + room
        width = max(area.width() - 2 * SIDE_PX, 1.0)
        return cls(low, max(high, low + 1.0), area.left() + SIDE_PX, width, not state.near_is_low)

    def x(self, position: float) -> float:
        """Return where a lens position lies."""
        share = (position - self.low) / (self.high - self.low)
        return self.left + (1.0 - share if self.flipped else share) * self.width

    def position(self, x: float) -> int:
        """Return the lens position under x, inside the range."""
        share = min(max((x - self.left) / self.width, 0.0), 1.0)
        return round(self.low + (1.0 - share if self.flipped else share) * (self.high - self.low))

    def ticks(self) -> tuple[list[int], list[int]]:
        """Return the positions that get a label, and those that get a line only."""
        step = _nice((self.high - self.low) * _TICK_PX / self.width)
        first = math.ceil(self.low / step) * step
        labelled = [int(p) for p in _steps(first, self.high, step)]
        small = max(step // 5, 1)
        fine = [int(p) for p in _steps(math.ceil(self.low / small) * small, self.high, small) if p % step]
        return labelled, fine


def _steps(first: float, last: float, step: int) -> list[float]:
    return [first + n * step for n in range(int((last - first) // step) + 1)]


def _nice(least: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20... that is at least so large."""
    power = 1
    while True:
        for digit in _WHOLE:
            if digit * power >= least:
                return digit * power
        power *= 10
