"""A series of one number per frame that can be looked at from far: lowest and highest value of longer and longer runs.

A short pull stays visible in a picture of the whole clip, and a column of the picture costs the same at every zoom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.ui.timeline.scale import TimeScale


class MinMaxLevels:
    """Levels above a series [N] float32, NaN = not known; the runs of each level are twice as long as below."""

    def __init__(self, series: NDArray[np.float32]) -> None:
        low = high = np.ascontiguousarray(series, np.float32)
        self._levels = [(low, high)]
        while len(low) > 1:
            if len(low) % 2:
                low, high = np.append(low, np.float32(np.nan)), np.append(high, np.float32(np.nan))
            low, high = np.fmin(low[::2], low[1::2]), np.fmax(high[::2], high[1::2])
            self._levels.append((low, high))

    def __len__(self) -> int:
        return len(self._levels[0][0])

    def at(self, frame: int) -> float:
        """Return the value of one frame; NaN outside."""
        return float(self._levels[0][0][frame]) if 0 <= frame < len(self) else float("nan")

    def columns(
        self, starts: NDArray[np.int64], stops: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the lowest and highest value in frames [starts, stops) of each column [W]; NaN outside the series.

        Where a column covers less than a frame (stop <= start) it gets that frame's value.
        """
        span = float(np.max(stops - starts, initial=1))
        level = min(int(np.log2(span)), len(self._levels) - 1)  # a column touches three runs at most
        low, high = self._levels[level]
        first, last = starts >> level, np.maximum(stops - 1, starts) >> level
        inside = (starts >= 0) & (starts < len(self))
        a, b = np.clip(first, 0, len(low) - 1), np.clip(last, 0, len(low) - 1)
        middle = np.minimum(a + 1, b)
        least = np.fmin(np.fmin(low[a], low[middle]), low[b])
        most = np.fmax(np.fmax(high[a], high[middle]), high[b])
        return np.where(inside, least, np.nan).astype(np.float32), np.where(inside, most, np.nan).astype(np.float32)

    def between(
        self, starts: NDArray[np.int64], passed: NDArray[np.float32], breaks: Sequence[int] = ()
    ) -> NDArray[np.float32]:
        """Return values that change evenly from each frame to the next [W]; not into the frames of `breaks` (cuts)."""
        values = self._levels[0][0]
        inside = (starts >= 0) & (starts < len(values))
        here = values[np.clip(starts, 0, len(values) - 1)]
        after = values[np.clip(starts + 1, 0, len(values) - 1)]
        even = np.isfinite(after) & ~np.isin(starts + 1, np.asarray(breaks, np.int64))
        moved = np.where(even, here + (after - here) * passed, here)
        return np.where(inside, moved, np.nan).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Which frames each column of a picture shows, from left to right.

    starts, stops [W] int64: frames [start, stop); stop <= start: a part of frame `start`; -1: outside the clip.
    """

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    passed: NDArray[np.float32] | None = None  # [W]: share of frame `start` that is over in the middle of the column

    @property
    def inside(self) -> NDArray[np.bool_]:
        """[W] bool: columns that lie in the clip."""
        return self.starts >= 0

    @property
    def frames_each(self) -> float:
        """Frames of a column, on the average of those inside."""
        inside = self.inside
        return float(np.mean(self.stops[inside] - self.starts[inside])) if inside.any() else 1.0


def columns_of(scale: TimeScale, left: float, count: int, *, times_s: NDArray[np.float64], px: float = 1.0) -> Columns:
    """Return the frames of `count` columns, each `px` wide, from `left` on; times_s [N]: when each frame begins."""
    edges_s = (left + px * np.arange(count + 1) - scale.left) / scale.px_per_s + scale.first_s
    at = np.searchsorted(times_s, edges_s + 1e-6, side="right") - 1
    outside = (edges_s[:-1] < -1e-6) | (edges_s[:-1] >= scale.duration_s)
    starts = np.where(outside, -1, np.maximum(at[:-1], 0)).astype(np.int64)
    first = np.maximum(at[:-1], 0)
    begin = times_s[first]
    length = np.append(times_s, scale.duration_s)[first + 1] - begin
    middle = (edges_s[:-1] + edges_s[1:]) / 2
    passed = np.clip((middle - begin) / np.maximum(length, 1e-9), 0.0, 1.0).astype(np.float32)
    return Columns(starts, np.where(outside, -1, at[1:]).astype(np.int64), passed)
