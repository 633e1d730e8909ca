"""Did the picture change? Whether two frames are the very same, and whether a drive of the lens can be seen in them.

Used to verify drives of lenses that cannot tell where they are. Brightness as a whole is taken out, so that flicker is
no movement; what changes is the sharpness of tiles and the shading of blocks, against the noise of two frames at rest.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import linear_table

_TILES: Final = 8
_BLOCKS: Final = 24
_FLOOR: Final = 0.004  # relative change below which no lens movement is believed
_TIMES_NOISE: Final = 3.0
_BRIGHTEST: Final = np.float32(2.0)


def same_picture(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> bool:
    """True if two frames are equal in every value; a sensor never gives that, its noise differs."""
    return first is second or (first.shape == second.shape and bool(np.array_equal(first, second)))


def picture_change(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """Return how much two frames [h, w, 3] differ in tile sharpness and block shading (0 = not at all; about 1 = much).

    Infinite for frames of another size.
    """
    if before.shape != after.shape:
        return float("inf")
    return float(max(np.sqrt(np.mean((a - b) ** 2)) for a, b in zip(_looks(before), _looks(after), strict=True)))


def moved(before: NDArray[np.uint8], after: NDArray[np.uint8], *, at_rest: float) -> bool:
    """True if the picture changed by clearly more than between frames at rest (`picture_change` of two of them)."""
    return picture_change(before, after) > max(_FLOOR, _TIMES_NOISE * at_rest)


def _looks(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Log gradient energy of tiles and relative brightness of blocks, both free of the exposure."""
    light = linear_table("srgb")[rgb[..., 1]]  # where the exposure is a factor
    # The median survives clipped highlights; what is brighter than twice it is cut off alike in every exposure.
    level = max(float(np.median(light[::3, ::3])), 1e-4)
    grey = np.minimum(light / np.float32(level), _BRIGHTEST)
    across = np.abs(grey[:, 2:] - grey[:, :-2])
    down = np.abs(grey[2:, :] - grey[:-2, :])
    energy = _means(across, _TILES) + _means(down, _TILES)
    return np.log(energy + np.float32(0.01)), _means(grey, _BLOCKS)


def _means(plane: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    rows = np.linspace(0, plane.shape[0], min(count, plane.shape[0]) + 1).astype(int)[:-1]
    columns = np.linspace(0, plane.shape[1], min(count, plane.shape[1]) + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(plane, rows, axis=0), columns, axis=1)
    heights = np.diff(np.append(rows, plane.shape[0]))[:, None]
    widths = np.diff(np.append(columns, plane.shape[1]))[None, :]
    return np.asarray(sums / (heights * widths), np.float32)
