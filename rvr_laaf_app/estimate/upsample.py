"""Bring maps from map size to picture size so that their edges lie on the picture's edges.

Used when a frame is rendered: `upsample_disparity` and `upsample_boost`. What the maps say is not changed, only where
exactly it changes. Does not estimate anything.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def upsample_disparity(disparity: NDArray[np.floating], guide_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return disparity [H, W] float32 at the guide's size; disparity [h, w] in 0..1, guide_rgb [H, W, 3] uint8."""
    size = guide_rgb.shape[1], guide_rgb.shape[0]
    grown = cv2.resize(np.ascontiguousarray(disparity, np.float32), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, np.float32)


def upsample_boost(boost_stops: NDArray[np.floating], guide_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return boost [H, W, 3] float32 in stops at the guide's size; boost_stops [h, w, 3], guide_rgb [H, W, 3] uint8."""
    size = guide_rgb.shape[1], guide_rgb.shape[0]
    grown = cv2.resize(np.ascontiguousarray(boost_stops, np.float32), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, np.float32)
