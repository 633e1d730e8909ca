"""Move the soft edges of the network's map onto the edges of the picture it was made from.

The network says rightly what is near, but within some pixels only *where* it begins. So beside a step its plateaus are
believed and its ramps are not: a weighted least-squares smoothing (fast global smoother, Min et al. 2014) carries the
plateaus into the ramps until they meet at an edge of the picture. What is a step and what a slope (floors, tables: left
as they are) is told by growth: within twice the reach a slope is twice as high, a step is not. Where the picture has no
edge to offer (dark hair before a dark wall) nothing stops what is carried, and the network's own step is the narrower
one: there it stays. Works at map size, once per analysed frame; bringing maps to full size is `upsample`'s business.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Reach, in pixels of the network's map, within which a soft step rises.
_REACH = 6
# Height of a step below which nothing, and above which all is replaced.
_STEP_FROM, _STEP_FULL = 0.02, 0.05
# Share of a step that one pixel (of 640 across the picture) may rise and still be believed by half.
_PLATEAU = 0.015
_LEAST_BELIEF = 1e-3
_SMOOTHING, _EDGE_BYTES, _ITERATIONS = 2000.0, 7.0, 3
# A smaller map has its plateaus nearer to each other: the share of the network's size at which they are looked for.
_PLATEAU_SIZE = 0.75
# How many times steeper than the network's own a carried step must be to count at all, and to count alone.
_STEEPER_FROM, _STEEPER_FULL = 1.2, 2.5
# The network's outermost pixels see its padding more than the picture.
_BORDER = 3


def refine_where_sharper(disparity: NDArray[np.float32], guide_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return disparity [H, W] float32 at the guide's size: refined where that makes steps steeper, else as it was.

    disparity [h, w] as the network gave it. The choice is the same all over the reach of a step, or rims would appear.
    """
    height, width = guide_rgb.shape[:2]
    smaller = (max(round(side * _PLATEAU_SIZE), 1) for side in disparity.shape[::-1])
    coarse = np.asarray(cv2.resize(disparity, tuple(smaller), interpolation=cv2.INTER_AREA), np.float32)
    refined = refine_disparity(coarse, guide_rgb)
    plain = _without_border(disparity)
    own = np.asarray(cv2.resize(plain, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    reach = max(round(_REACH * width / coarse.shape[1]), 1)
    steeper = _steepest(refined, reach) / np.maximum(_steepest(own, reach), 1e-4)
    chosen = np.clip((steeper - _STEEPER_FROM) / (_STEEPER_FULL - _STEEPER_FROM), 0.0, 1.0)
    chosen = cv2.GaussianBlur(chosen, (0, 0), max(reach / 3.0, 0.5))
    return np.asarray(own + (refined - own) * chosen, np.float32)


def refine_disparity(disparity: NDArray[np.float32], guide_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return disparity [H, W] float32 at the guide's size (map size); disparity [h, w] as the network gave it."""
    height, width = guide_rgb.shape[:2]
    coarse = _without_border(disparity)
    step = _step_height(coarse)
    # No value travels farther than the reach: up a long slope between edges the near end would flood the far one.
    far, near = cv2.erode(coarse, _window(_REACH)), cv2.dilate(coarse, _window(_REACH))
    grown, step_grown, belief, lowest, highest = (
        np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        for part in (coarse, step, _plateaus(coarse, step), far, near)
    )
    beside = np.clip((step_grown - _STEP_FROM) / (_STEP_FULL - _STEP_FROM), 0.0, 1.0)
    if min(height, width) < 8 or not beside.any():
        return grown
    smoother = cv2.ximgproc.createFastGlobalSmootherFilter(
        np.ascontiguousarray(guide_rgb), _SMOOTHING, _EDGE_BYTES, 0.25, _ITERATIONS
    )
    carried = smoother.filter(belief * grown) / np.maximum(smoother.filter(belief), 1e-6)
    carried = np.clip(carried, lowest, highest)
    return np.asarray(grown + (carried - grown) * beside, np.float32)


def _step_height(coarse: NDArray[np.float32]) -> NDArray[np.float32]:
    """Height of the step beside each pixel [h, w]; 0 on slopes."""
    # Slopes must go on beyond the rim, or it would look like a step.
    beyond = 2 * _REACH
    wide = np.pad(coarse, beyond, mode="reflect", reflect_type="odd") if min(coarse.shape) > 1 else coarse
    steps = np.maximum(2.0 * _range_within(wide, _REACH) - _range_within(wide, 2 * _REACH), 0.0)
    if min(coarse.shape) > 1:
        steps = steps[beyond:-beyond, beyond:-beyond]
    spread = cv2.dilate(np.ascontiguousarray(steps), _window(_REACH - 1))
    return np.asarray(cv2.GaussianBlur(spread, (0, 0), 2.0), np.float32)


def _plateaus(coarse: NDArray[np.float32], step: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each pixel [h, w] is believed: 1 where the map is flat against the step beside it, near 0 on ramps."""
    # The network paints some of a surface's texture into its disparity; that is no ramp.
    smooth = cv2.GaussianBlur(coarse, (0, 0), 1.0)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    rise = cv2.magnitude(across, down) * (max(coarse.shape) / 640.0)
    allowed = _PLATEAU * np.maximum(step, _STEP_FULL)
    return np.asarray(1.0 / (1.0 + (rise / allowed) ** 4) + _LEAST_BELIEF, np.float32)


def _steepest(disparity: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """The steepest rise per pixel within `reach` of each [h, w]."""
    across = cv2.Sobel(disparity, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    down = cv2.Sobel(disparity, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    return np.asarray(cv2.dilate(cv2.magnitude(across, down), _window(reach)), np.float32)


def _range_within(coarse: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    window = _window(reach)
    return np.asarray(cv2.dilate(coarse, window) - cv2.erode(coarse, window), np.float32)


def _window(reach: int) -> NDArray[np.uint8]:
    return np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)


def _without_border(disparity: NDArray[np.float32]) -> NDArray[np.float32]:
    """The map with its outermost pixels replaced by the continuation of those next to them."""
    b = _BORDER
    if min(disparity.shape) < 4 * b:
        return disparity
    continued = np.pad(disparity[b:-b, b:-b], b, mode="reflect", reflect_type="odd")
    return np.clip(continued, disparity.min(), disparity.max())
