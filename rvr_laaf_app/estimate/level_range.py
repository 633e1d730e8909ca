"""From numbers without a known scale (a network's relative disparity, 1 / metres) to disparity in 0..1.

One range serves a whole clip: if each frame had its own, every change of content would shift the depth of everything
else. Within the range the mapping is linear, as the blur wants it; what turns up outside is squeezed into the margins,
so nothing is clipped and near stays near. The depth range of each shot is stretched later, by `flow.normalise`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_MARGIN: Final = 0.15  # of 0..1, at each end
_OUTSIDE_SHARE: Final = 0.1  # percent of pixels left out at each end: noise
_SAMPLE_STEP: Final = 2


@dataclass(frozen=True, slots=True)
class LevelRange:
    """The lowest and highest level seen; empty while low > high."""

    low: float = float("inf")
    high: float = float("-inf")

    @property
    def empty(self) -> bool:
        """True if nothing was seen yet."""
        return self.low > self.high

    def including(self, levels: NDArray[np.float32]) -> LevelRange:
        """Return the range after one more map [h, w]; values that are not finite do not count."""
        sample = levels[::_SAMPLE_STEP, ::_SAMPLE_STEP]
        sample = sample[np.isfinite(sample)]
        if sample.size == 0:
            return self
        low, high = np.percentile(sample, [_OUTSIDE_SHARE, 100.0 - _OUTSIDE_SHARE])
        return LevelRange(min(self.low, float(low)), max(self.high, float(high)))

    def disparity(self, levels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return levels [h, w] as disparity in 0..1, rising with them; finite levels only."""
        span = max(self.high - self.low, 1e-6 * max(abs(self.high), abs(self.low)), 1e-12)
        place = ((levels - self.low) / span).astype(np.float32)
        core = 1.0 - 2.0 * _MARGIN
        inside = _MARGIN + core * np.clip(place, 0.0, 1.0)
        steep = core / _MARGIN  # so that the slope does not change where the margin begins
        below = _MARGIN * (np.exp(steep * np.minimum(place, 0.0)) - 1.0)
        above = _MARGIN * (1.0 - np.exp(-steep * np.maximum(place - 1.0, 0.0)))
        return np.asarray(np.clip(inside + below + above, 0.0, 1.0), np.float32)
