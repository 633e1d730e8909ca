"""What every renderer checks before it starts: shapes, dtypes, finite values, and whether there is anything to blur."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHARP_COC_PX = 1.0  # a disc of this diameter is a pixel


def check_picture(linear: NDArray[np.float32], coc_px: NDArray[np.float32]) -> None:
    """Raise ValueError unless shapes, dtypes and values are what a renderer takes."""
    if linear.ndim != 3 or linear.shape[2] != 3 or coc_px.shape != linear.shape[:2]:
        raise ValueError(f"linear must be [H, W, 3] and coc_px [H, W], not {linear.shape} and {coc_px.shape}")
    if linear.dtype != np.float32 or coc_px.dtype != np.float32:
        raise ValueError(f"linear and coc_px must be float32, not {linear.dtype} and {coc_px.dtype}")
    if not (np.isfinite(linear).all() and np.isfinite(coc_px).all()):
        raise ValueError("linear and coc_px must be finite")


def is_sharp(coc_px: NDArray[np.float32]) -> bool:
    """Return True if nothing in the picture is blurred by more than its own pixel."""
    return coc_px.size == 0 or max(float(coc_px.max()), -float(coc_px.min())) <= SHARP_COC_PX
