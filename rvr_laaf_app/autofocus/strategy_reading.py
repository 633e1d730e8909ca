"""The global step estimator of ours: BlurNet on overlapping patches of a picture, and the defocus model of the lens.

It offers the map of |steps to focus| that every strategy takes, and for `strategy_static` the whole likelihood of each
place over the lens range, which says more than one number: how sure it is, and that both sides are possible.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import Patch
from rvr_laaf_app.autofocus.modern import BlurReader, shown_radius
from rvr_laaf_app.camera.defocus import DefocusModel

PATCHES_ACROSS: Final = 10  # sides of patches that fit beside each other along the width
LEAST_PX: Final = 96
FLAT: Final = 0.004  # standard deviation of display luma below which a patch shows nothing
BATCH: Final = 32


class BlurMap:
    """A `GlobalEstimator`; holds the network and the lens model, nothing of a run."""

    def __init__(self, model: DefocusModel, reader: BlurReader | None = None) -> None:
        self.model, self.reader = model, reader or BlurReader()

    def steps(self, picture: Patch, *, position: int) -> NDArray[np.float32]:
        """Return the likeliest |steps to focus| [h, w] of each patch, NaN where a patch shows nothing."""
        low, high = self.model.limits
        grid = np.arange(low, high + 1, 2, dtype=np.float64)
        belief = self.log_likelihood(picture, position, grid)
        away = np.abs(grid[belief.argmax(axis=2)] - position)
        away[np.ptp(belief, axis=2) == 0] = np.nan
        return np.asarray(away, np.float32)

    def log_likelihood(self, picture: Patch, position: int, grid: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return [h, w, g]: how well each best position explains each patch of a picture seen at `position`."""
        import torch

        side, rows, columns = _tiles(picture)
        radii = shown_radius(self.model, grid, float(position), width_px=picture.shape[1])
        out = np.zeros((len(rows), len(columns), len(grid)), np.float32)
        places = [(i, j) for i in range(len(rows)) for j in range(len(columns))]
        patches = {p: picture[rows[p[0]] : rows[p[0]] + side, columns[p[1]] : columns[p[1]] + side] for p in places}
        told = [p for p in places if float(patches[p].std()) >= FLAT]
        for begin in range(0, len(told), BATCH):
            some = told[begin : begin + BATCH]
            with torch.inference_mode():
                x = torch.from_numpy(np.stack([patches[p] for p in some]).astype(np.float32))
                logs = self.reader.log_likelihood(self.reader.spectra(x)).double().numpy()
            for place, log in zip(some, logs, strict=True):
                out[place] = np.interp(radii, self.reader.radii_px, log)
        return out


def _tiles(picture: Patch) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """Return the side of the patches and where they begin; they overlap by half."""
    height, width = picture.shape
    side = min(max(LEAST_PX, width // PATCHES_ACROSS), height, width)
    starts = [
        np.linspace(0, n - side, max(1, round((n - side) / (side / 2)) + 1)).astype(np.int64) for n in (height, width)
    ]
    return side, starts[0], starts[1]
