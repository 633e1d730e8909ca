"""The size of a subject from its disparity: a second opinion where points and colours cannot tell.

Size and relative disparity are straight lines in 1 / Z: s = c / Z and d = a / Z + b, so d = b + k s. The offset b of
an estimated disparity is unknown and need not be 0, so it is learnt for each subject and shot from frames in which the
points tell the size well. Until then there is no answer: with an assumed b (the far level of the shot) sizes came out
worse than without. Nothing is followed here, and no box is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

FAR_SHARE: Final = 0.02  # of the picture lies behind the far level of a shot
LEAST_SPREAD: Final = 0.18  # of log size in the frames learnt from: with less, any b fits
LEAST_FRAMES: Final = 12
LEAST_ABOVE: Final = 0.08  # disparity of a subject above b: closer to it, noise is read as size
_MOST_FRAMES: Final = 240
_ROUNDS: Final = 8
_TUKEY: Final = 4.7
_SURELY: Final = 0.03  # residual in disparity of a straight line that is believed by half


@dataclass(frozen=True, slots=True)
class SizeLine:
    """d = offset + slope * size. support 0..1: how far it can be believed."""

    offset: float
    slope: float
    support: float


def fitted_line(
    sizes: NDArray[np.floating], levels: NDArray[np.floating], weights: NDArray[np.floating], *, far: float
) -> SizeLine | None:
    """Return the line through sizes [n] and disparities [n], or None if they do not tell one.

    Least squares, reweighted (Tukey's biweight; Holland and Welsch 1977), so that frames with something in front of the
    subject do not count. The offset is held between half a range below the far level and the smallest disparity seen.
    """
    log_sizes = np.log(np.maximum(sizes, 1e-6))
    if len(sizes) < LEAST_FRAMES or float(np.subtract(*np.percentile(log_sizes, [95, 5]))) < LEAST_SPREAD:
        return None
    pull = np.asarray(weights, np.float64).copy()
    offset = slope = spread = 0.0
    for _ in range(_ROUNDS):
        total = float(pull.sum())
        if total < 0.25 * float(np.sum(weights)):
            return None
        mean_size, mean_level = float((pull * sizes).sum()) / total, float((pull * levels).sum()) / total
        variance = float((pull * (sizes - mean_size) ** 2).sum())
        slope = float((pull * (sizes - mean_size) * (levels - mean_level)).sum()) / max(variance, 1e-12)
        highest = float(levels.min()) - LEAST_ABOVE
        offset = float(np.clip(mean_level - slope * mean_size, far - 0.5, max(highest, far - 0.5)))
        slope = (mean_level - offset) / max(mean_size, 1e-6)
        miss = levels - offset - slope * sizes
        spread = 1.4826 * float(np.median(np.abs(miss)))
        pull = weights * np.maximum(1.0 - (miss / max(_TUKEY * spread, 1e-4)) ** 2, 0.0) ** 2
    flat = float(levels.std())  # what is missed by saying that the disparity never changes
    explained = 1.0 - (spread / max(flat, 1e-6)) ** 2
    if slope <= 0.0 or explained <= 0.0:
        return None
    return SizeLine(offset, slope, explained / (1.0 + (spread / _SURELY) ** 2))


@dataclass(slots=True)
class ScaleHistory:
    """Sizes (1 = as given by the user) and disparities of one subject in one shot.

    Noted are sizes that the points have told, never those told by the disparity itself.
    """

    far: float  # bounds b
    sizes: list[float] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    anchor: tuple[float, float] | None = None  # size and disparity when last well known
    line: SizeLine | None = None

    def note(self, size: float, level: float, weight: float) -> None:
        """Remember a frame in which points told the size; weight 0..1."""
        for series, value in ((self.sizes, size), (self.levels, level), (self.weights, weight)):
            series.append(value)
            del series[:-_MOST_FRAMES]
        self.anchor = (size, level)
        self.line = fitted_line(np.array(self.sizes), np.array(self.levels), np.array(self.weights), far=self.far)

    def expected(self, level: float) -> tuple[float, float] | None:
        """Return the size at this disparity and how far to believe it (0..1); None while the line is not learnt."""
        if self.anchor is None or self.line is None:
            return None
        size, known = self.anchor
        if min(level, known) - self.line.offset < LEAST_ABOVE:
            return None
        return size * (level - self.line.offset) / (known - self.line.offset), self.line.support


def far_level(disparity: NDArray[np.floating]) -> float:
    """Return the disparity of the farthest things in a map [h, w]: the 2nd percentile of every fourth sample."""
    return float(np.percentile(np.asarray(disparity[::4, ::4], np.float32), 100.0 * FAR_SHARE))
