"""The grid of blur levels of a picture: uniform in radius, one exactly on the focal plane. Blurs nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_LEVELS = 64  # one bit each in the occupancy masks
FINEST_SPACING_PX = 1.0  # radius between two levels; finer is not visible, see `level_grid`


@dataclass(frozen=True, slots=True)
class LevelGrid:
    """Levels of signed blur radius, far to near: level i has radius (i - focus_index) * spacing_px.

    `count` levels, 1..64; level `focus_index` is the focal plane, radius exactly 0.
    """

    spacing_px: float
    focus_index: int
    count: int

    @property
    def radii_px(self) -> NDArray[np.float64]:
        """[count] float64: signed radius of each level in pixels, negative behind the focal plane."""
        return (np.arange(self.count, dtype=np.float64) - self.focus_index) * float(self.spacing_px)

    def coordinate(self, coc_px: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the level coordinate [H, W] float32 of a signed coc diameter in pixels, within 0..count - 1."""
        scaled = coc_px * np.float32(0.5 / self.spacing_px) + np.float32(self.focus_index)
        return np.clip(scaled, 0, self.count - 1, out=scaled)


def level_grid(near_px: float, far_px: float, *, count: int | None = None) -> LevelGrid:
    """Return the grid for signed radii from `far_px` (<= 0, behind) to `near_px` (>= 0, in front of the focal plane).

    Without `count` the spacing is 1 px, wider only where 64 levels would not reach.
    """
    near, far = max(float(near_px), 0.0), max(-float(far_px), 0.0)
    limit = MAX_LEVELS if count is None else min(max(count, 1), MAX_LEVELS)
    if near + far <= 0.0 or limit < 2:
        return LevelGrid(1.0, 0, 1)
    spacing = (near + far) / (limit - 1)
    if count is None:
        spacing = max(spacing, FINEST_SPACING_PX)
    # Rounding both ends up to whole levels may need one level too many: widen until it fits.
    while True:
        behind, before = math.ceil(far / spacing - 1e-6), math.ceil(near / spacing - 1e-6)
        if behind + before + 1 <= limit:
            return LevelGrid(spacing, behind, behind + before + 1)
        spacing *= 1.0 + 0.5 / limit
