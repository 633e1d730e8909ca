"""The range of disparity within one shot. Relative depth is normalised per shot: per frame, it would flicker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 1024
# What is left out at each end: noise. Not more, since a small subject close to the camera is only a few pixels.
LOW_SHARE, HIGH_SHARE = 0.001, 0.999
# A shot flatter than this share of the estimator's range keeps its flatness: stretching it would only amplify noise.
SMALLEST_SPAN = 0.08


@dataclass(frozen=True, slots=True)
class DisparityRange:
    """A histogram of disparity in 0..1 that grows frame by frame, and the range that it implies.

    counts: one per bin of width 1 / BINS; () = nothing seen yet.
    """

    counts: tuple[int, ...] = ()

    def including(self, disparity: NDArray[np.float32]) -> DisparityRange:
        """Return the range after one more frame [h, w] (every second pixel in each direction is enough)."""
        sample = np.clip(disparity[::2, ::2], 0.0, 1.0)
        bins = np.minimum((sample * BINS).astype(np.int64), BINS - 1)
        counts = np.bincount(bins.ravel(), minlength=BINS)
        if self.counts:
            counts = counts + np.asarray(self.counts, np.int64)
        return DisparityRange(tuple(int(c) for c in counts))

    @property
    def limits(self) -> tuple[float, float]:
        """(low, high): the disparity of the farthest and of the nearest thing, without the last thousandth."""
        if not self.counts:
            return 0.0, 1.0
        shares = np.cumsum(self.counts) / max(sum(self.counts), 1)
        low = float(np.searchsorted(shares, LOW_SHARE)) / BINS
        high = float(np.searchsorted(shares, HIGH_SHARE) + 1) / BINS
        if high - low < SMALLEST_SPAN:
            middle = (low + high) / 2
            low, high = middle - SMALLEST_SPAN / 2, middle + SMALLEST_SPAN / 2
        return low, high

    def normalise(self, disparity: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return disparity [h, w] stretched so that the shot's range becomes 0..1, clipped."""
        low, high = self.limits
        stretched = (disparity - np.float32(low)) * np.float32(1.0 / (high - low))
        return np.asarray(np.clip(stretched, 0.0, 1.0), np.float32)

    def as_json(self) -> dict[str, Any]:
        """Return plain values: the bins that are not empty."""
        return {"counts": {str(i): c for i, c in enumerate(self.counts) if c}}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> DisparityRange:
        """Read what `as_json` gave; raise ValueError, KeyError or TypeError if it is not that."""
        counts = [0] * BINS
        for place, number in dict(values["counts"]).items():
            if not 0 <= int(place) < BINS or int(number) < 0:
                raise ValueError(f"no such bin or count: {place}, {number}")
            counts[int(place)] = int(number)
        return cls(tuple(counts) if any(counts) else ())
