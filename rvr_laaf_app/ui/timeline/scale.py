"""The time axis: seconds to widget pixels and back, zoom and scroll, and where ruler ticks go. Plain values, no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

_STEPS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
MIN_TICK_PX = 72.0
MAX_PX_PER_S = 12_000.0  # 48 pixels for each of 250 frames a second


@dataclass(frozen=True, slots=True)
class TimeScale:
    """`first_s` lies at pixel `left`; the lane is `width` pixels wide and shows `span_s` of `duration_s` seconds."""

    left: float
    width: float
    duration_s: float
    first_s: float = 0.0
    span_s: float = 0.0  # 0 = all of it

    @property
    def shown_s(self) -> float:
        """Seconds that fit into the lane."""
        return self.span_s or max(self.duration_s, 1e-3)

    @property
    def px_per_s(self) -> float:
        """Pixels per second."""
        return max(self.width, 1.0) / self.shown_s

    @property
    def is_zoomed(self) -> bool:
        """True if not the whole clip is shown."""
        return self.span_s > 0

    def x_of(self, seconds: float) -> float:
        """Return the pixel of a moment (it may lie outside the lane)."""
        return self.left + (seconds - self.first_s) * self.px_per_s

    def seconds_at(self, x: float) -> float:
        """Return the moment under a pixel, clamped to the clip."""
        return min(max((x - self.left) / self.px_per_s + self.first_s, 0.0), self.duration_s)

    def zoomed(self, factor: float, *, around_s: float) -> TimeScale:
        """Return the scale with `factor` times the pixels per second, `around_s` staying where it is."""
        least = max(self.width, 1.0) / MAX_PX_PER_S
        span = max(self.shown_s / factor, least)
        if span >= self.duration_s:
            return replace(self, first_s=0.0, span_s=0.0)
        share = (around_s - self.first_s) / self.shown_s
        first = min(max(around_s - share * span, 0.0), self.duration_s - span)
        return replace(self, span_s=span, first_s=first)

    def scrolled(self, by_s: float) -> TimeScale:
        """Return the scale moved by some seconds, staying inside the clip."""
        return self._scrolled_to(self.first_s + by_s) if self.is_zoomed else self

    def showing(self, seconds: float) -> TimeScale:
        """Return the scale scrolled so that a moment is inside, if it was not: pages like a film, does not creep."""
        if not self.is_zoomed or self.first_s <= seconds <= self.first_s + self.span_s:
            return self
        return self._scrolled_to(seconds - 0.1 * self.span_s)

    def _scrolled_to(self, first_s: float) -> TimeScale:
        return replace(self, first_s=min(max(first_s, 0.0), max(self.duration_s - self.span_s, 0.0)))

    def ticks(self) -> tuple[list[float], list[float]]:
        """Return (seconds of ticks with a label, seconds of the small ticks between them) inside the lane."""
        step = next((s for s in _STEPS_S if s * self.px_per_s >= MIN_TICK_PX), _STEPS_S[-1])
        minor = step / 5
        begin = math.floor(self.first_s / minor)
        end = math.ceil(min(self.first_s + self.shown_s, self.duration_s) / minor)
        major = [k * minor for k in range(begin, end + 1) if k % 5 == 0]
        small = [k * minor for k in range(begin, end + 1) if k % 5 != 0]
        return major, small


def clock_text(seconds: float, *, digits: int = 2) -> str:
    """Return m:ss.ss (h:mm:ss.ss from an hour on); digits 0 leaves the fraction out."""
    unit = 10**digits
    whole = math.floor(seconds * unit + 0.5)
    fraction, total = whole % unit, whole // unit
    hours, minutes, secs = total // 3600, total // 60 % 60, total % 60
    text = f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"
    return f"{text}.{fraction:0{digits}d}" if digits else text
