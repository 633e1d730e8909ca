"""Move the soft edges of the network's map onto the edges of the picture it was made from.

The network says rightly what is near, but within some pixels only *where* it begins. So its plateaus are believed and
its ramps are not: a weighted least-squares smoothing (fast global smoother, Min et al. 2014) carries the plateaus into
the ramps until they meet at an edge of the picture. Gentle slopes (floors, tables) are left as they are. Works at map
size, once per analysed frame; bringing maps to full size is `upsample`'s business.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Slope (disparity per map pixel, at a long side of 640) at which the map is believed by half.
_RAMP = 0.004
_SMOOTHING, _EDGE_BYTES = 2000.0, 10.0
_ITERATIONS = 3
# Pixels around a steep ramp in which the smoothed map replaces the network's.
_WIDE = 25
# The network's outermost pixels see its padding more than the picture.
_BORDER = 3


def refine_disparity(disparity: NDArray[np.float32], guide_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return disparity [H, W] float32 at the guide's size (map size); disparity [h, w] as the network gave it."""
    height, width = guide_rgb.shape[:2]
    grown = cv2.resize(_without_border(disparity), (width, height), interpolation=cv2.INTER_LINEAR)
    if min(height, width) < 8:
        return np.asarray(grown, np.float32)
    scale = max(height, width) / 640.0
    slope = _slope(grown) * scale
    belief = (1.0 / (1.0 + (slope / _RAMP) ** 4) + 1e-3).astype(np.float32)
    smoother = cv2.ximgproc.createFastGlobalSmootherFilter(
        np.ascontiguousarray(guide_rgb), _SMOOTHING, _EDGE_BYTES, 0.25, _ITERATIONS
    )
    carried = smoother.filter(belief * grown) / np.maximum(smoother.filter(belief), 1e-6)
    wide = max(3, int(_WIDE * scale) | 1)
    steep = cv2.dilate(slope, np.ones((wide, wide), np.uint8))
    beside = cv2.GaussianBlur(np.clip(steep / _RAMP - 0.6, 0.0, 1.0), (0, 0), 5.0 * scale)
    return np.asarray(grown + (carried - grown) * beside, np.float32)


def _slope(disparity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Change of disparity per pixel [H, W], averaged over a few pixels."""
    across = cv2.Sobel(disparity, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    down = cv2.Sobel(disparity, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    return np.asarray(cv2.GaussianBlur(cv2.magnitude(across, down), (0, 0), 2.0), np.float32)


def _without_border(disparity: NDArray[np.float32]) -> NDArray[np.float32]:
    """The map with its outermost pixels replaced by those next to them."""
    b = _BORDER
    if min(disparity.shape) < 4 * b:
        return disparity
    return np.asarray(cv2.copyMakeBorder(disparity[b:-b, b:-b], b, b, b, b, cv2.BORDER_REPLICATE), np.float32)
