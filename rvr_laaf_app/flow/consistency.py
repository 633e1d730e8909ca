"""Where a flow can be trusted, how flows are chained, and how a map is carried along one."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

# A round trip may miss its start by this many pixels plus a share of the way: DIS is good to a fraction of a pixel on
# slow motion and proportionally worse on fast motion (the rule of Sundaram et al. 2010).
TOLERANCE_PX = 0.7
TOLERANCE_SHARE = 0.05


@lru_cache(maxsize=4)
def pixel_grid(height: int, width: int) -> NDArray[np.float32]:
    """Return [h, w, 2] float32: (column, row) of every pixel; read-only, made once per size."""
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    grid = np.stack([columns, rows], axis=-1)
    grid.flags.writeable = False
    return grid


def warp(array: NDArray[np.float32], uv: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `array` [h, w] or [h, w, c] sampled at p + uv(p) for every pixel p (bilinear, border repeated)."""
    coordinates = pixel_grid(*uv.shape[:2]) + uv
    sampled = cv2.remap(array, coordinates, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.float32)


def round_trip_ok(there: NDArray[np.float32], back: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return [h, w] bool: going `there` and `back` ends where it began, inside the picture (rvr-laaf.txt, Eq. 7)."""
    height, width = there.shape[:2]
    returned = warp(back, there)
    missed = cv2.magnitude(
        np.ascontiguousarray(there[..., 0] + returned[..., 0]), np.ascontiguousarray(there[..., 1] + returned[..., 1])
    )
    way = cv2.magnitude(np.ascontiguousarray(there[..., 0]), np.ascontiguousarray(there[..., 1]))
    landing = pixel_grid(height, width) + there
    inside = (landing[..., 0] >= -0.5) & (landing[..., 0] <= width - 0.5)  # the border pixels reach half a pixel out
    inside &= (landing[..., 1] >= -0.5) & (landing[..., 1] <= height - 0.5)
    return np.asarray((missed <= TOLERANCE_PX + TOLERANCE_SHARE * way) & inside, np.bool_)


def chain(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the flow a -> c of flows a -> b and b -> c."""
    return first + warp(second, first)
