"""What the pictures of a capture say beyond the readings of single ones, at a finer grain, for `strategy_static`.

Of two pictures of one place the sharper was taken nearer to its best position: with every further picture that narrows
down where the place is best, and it is seen in blocks far smaller than the patches that tell a blur need be. And a
place on a slope holds all depths half way to its neighbours. Decides nothing about where to go next.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import Patch
from rvr_laaf_app.autofocus.strategy import StepMap

Array = NDArray[np.float64]
BLOCKS: Final = 48  # along the width of a picture
CLEAR: Final = 0.15  # difference of log contrast that is more than noise
TIE: Final = 0.6  # halves of the depth of field: a difference in distance that contrast shows for certain
MISORDER: Final = 0.03  # chance that a picture is clearly sharper though it is farther from focus
EDGE_SPANS: Final = 5.0  # depths of field between neighbours from which on they are not one slope


class Order:
    """The contrast of every block in all pictures so far, and what it says about where each block is best."""

    def __init__(self, grid: Array, widths: Array) -> None:
        """Take the positions [g] that a place may be best at, and how many steps look sharp at once at each [g]."""
        self.grid, self.widths = grid, widths
        self.seen: list[tuple[NDArray[np.float32], Array]] = []
        self.log_belief = np.zeros((1, 1, len(grid)), np.float32)

    def see(self, picture: Patch, position: int) -> NDArray[np.float32]:
        """Weigh in a picture; return the log likelihood [h, w, g] of all so far."""
        contrast = block_contrast(picture)
        away = np.abs(self.grid - position) / (self.widths / 2)
        for other, theirs in self.seen:
            clear = np.tanh((contrast - other) / CLEAR)[..., None]
            nearer = np.tanh((theirs - away) / TIE).astype(np.float32)
            self.log_belief = self.log_belief + np.log(0.5 + (0.5 - MISORDER) * clear * nearer)
        self.seen.append((contrast, away))
        self.log_belief = np.broadcast_to(self.log_belief, (*contrast.shape, len(self.grid)))
        return self.log_belief

    def finer(self, told: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a log likelihood [rows, columns, g] of patches for the blocks of the pictures [h, w, g]."""
        height, width = self.seen[-1][0].shape
        out = np.empty((height, width, told.shape[2]), np.float32)
        for at in range(0, told.shape[2], 4):  # OpenCV scales up to four channels at once
            part = np.ascontiguousarray(told[..., at : at + 4])
            out[..., at : at + 4] = cv2.resize(part, (width, height)).reshape(height, width, -1)
        return out


def block_contrast(picture: Patch) -> NDArray[np.float32]:
    """Return the log energy of the Laplacian [h, w] of blocks of a picture, BLOCKS along its width."""
    height, width = picture.shape
    step = max(1, round(width / BLOCKS))
    rows, columns = height // step, width // step
    soft = cv2.GaussianBlur(np.asarray(picture, np.float32), (0, 0), 0.8)
    energy = cv2.Laplacian(soft, cv2.CV_32F)[: rows * step, : columns * step] ** 2
    mean = cv2.resize(energy, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(np.log(mean + 1e-7), np.float32)


def depths(share: NDArray[np.float32], best: StepMap, grid: Array, widths: Array) -> Array:
    """Return [g]: which share of the picture is best at each position, from the belief [h, w, g] of every place.

    best [h, w]: the likeliest position of each place. One between two neighbours far apart shows an edge and was read
    as something between: what is there is known from the neighbours.
    """
    rise = np.stack([_rise(best), _rise(best.T).T])
    told = np.abs(rise).max(axis=0) <= EDGE_SPANS * float(widths.min())
    bins = np.rint(np.abs(rise).sum(axis=0) / float(grid[1] - grid[0])).astype(int)
    rest = np.zeros(len(grid))
    for width in np.unique(bins[told]):
        part = share[told & (bins == width)].sum(axis=0, dtype=np.float64)
        rest += cv2.blur(part[None], (max(1, int(width)), 1), borderType=cv2.BORDER_CONSTANT)[0]
    return np.asarray(rest / max(float(rest.sum()), 1e-9), np.float64)


def _rise(best: StepMap) -> StepMap:
    """Return how much a map rises from row to row, 0 where it does not go on in one direction (minmod)."""
    step = np.diff(best, axis=0, prepend=best[:1], append=best[-1:])
    before, after = step[:-1], step[1:]
    same = np.sign(before) == np.sign(after)
    return np.asarray(np.where(same, np.where(np.abs(before) < np.abs(after), before, after), 0), np.float32)
