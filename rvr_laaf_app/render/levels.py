"""The grid of blur levels of a picture: uniform in radius, one exactly on the focal plane. Blurs nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_LEVELS = 64  # one bit each in the occupancy masks
FINEST_SPACING_PX = 0.75  # of radius between two levels: finer gains nothing against ray-traced truth, 1.0 loses 0.4 dB
_SURFACE_PX = 2.25  # of radius: levels that close are parts of one surface


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
        return (np.arange(self.count, dtype=np.float64) - self.focus_index) * self.spacing_px

    @property
    def slab(self) -> int:
        """How many neighbouring levels count as one surface, which adds up instead of covering itself."""
        return max(1, math.ceil(_SURFACE_PX / self.spacing_px - 1e-9))


def level_grid(coc_px: NDArray[np.float32], *, count: int | None = None) -> LevelGrid:
    """Return the grid that covers the signed coc diameters of a picture.

    Without `count` the spacing is 0.75 px of radius, wider only where 64 levels would not reach.
    """
    near, far = max(float(coc_px.max()) / 2, 0.0), max(-float(coc_px.min()) / 2, 0.0)
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
