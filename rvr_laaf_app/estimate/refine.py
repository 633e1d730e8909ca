"""Sharpen the network's half-size maps on the picture they were made from. (first cut)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def refine_disparity(disparity: NDArray[np.float32], guide_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return disparity at the guide's size."""
    size = guide_rgb.shape[1], guide_rgb.shape[0]
    grown = cv2.resize(disparity, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, np.float32)
