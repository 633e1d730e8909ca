"""Where a stroke of a brush lies on one picture: its disc dragged along the stroke, held back by the picture's edges.

How far a pixel is from the stroke *in the picture* is the least sum of colour differences on any way to it, the
geodesic distance of Criminisi et al. 2010 ("Geodesic image and video editing"), without its spatial part: the disc
itself already says how far the hand reaches. It knows nothing of depth and of other frames.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]

SEED_SHARE = 0.12  # of the radius: so close to the stroke the hand is believed whatever the picture shows
EDGE_LAB = 5.0  # of colour on the way at which half the effect is left, at full `edges`
TEXTURE_PX = 9  # around a pixel: differences that are everywhere there are no edge
TEXTURE_SHARE, TEXTURE_MOST = 1.2, 5.0  # an edge is more than that, and must not hide itself
NOISE_LAB = 0.8
ROUNDS = 5  # of sweeps in all four directions: ways with more bends than that are not found
REFINE_PX = 3
REFINE_EPS = 0.01**2
_SHIFT = 4  # bits of a pixel, for drawing the stroke
_FAR = 1e6


def brush_mask(
    rgb: NDArray[np.uint8], points: Sequence[tuple[float, float]], *, radius: float, softness: float, edges: float
) -> Map:
    """Return the weight [h, w] float32 0..1 of a stroke on `rgb` [h, w, 3].

    points: (x, y) in 0..1 of the picture; radius: share of its width; softness 0..1: the outer share of the radius
    that fades; edges 0..1: 0 = the disc alone.
    """
    height, width = rgb.shape[:2]
    mask = np.zeros((height, width), np.float32)
    reach = max(radius * width, 0.75)
    part = _part(points, reach, (height, width))
    if part is None:
        return mask
    away = _distance(points, (height, width))[part]
    alpha = _falloff(away / np.float32(reach), softness, 1.0 / reach)
    if edges > 0:
        picture = np.ascontiguousarray(rgb[part])
        seed = away <= max(1.0, SEED_SHARE * reach)
        allowed = EDGE_LAB / edges**2
        way = colour_way(picture, seed) * np.float32(1.0 / allowed)
        gate = cv2.exp(-np.minimum(way * way * np.float32(0.7), 50.0))
        alpha = _refined(alpha * gate, picture, min(edges * 2.0, 1.0))
    mask[part] = alpha
    return mask


def _part(points: Sequence[tuple[float, float]], reach: float, shape: tuple[int, int]) -> tuple[slice, slice] | None:
    """Return rows and columns that the stroke can touch; None if it lies outside."""
    height, width = shape
    xs, ys = [x * width for x, _ in points], [y * height for _, y in points]
    margin = reach + 4 * REFINE_PX
    left, right = max(int(min(xs) - margin), 0), min(int(max(xs) + margin) + 1, width)
    top, bottom = max(int(min(ys) - margin), 0), min(int(max(ys) + margin) + 1, height)
    return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None


def _distance(points: Sequence[tuple[float, float]], shape: tuple[int, int]) -> Map:
    """Return the distance [h, w] in pixels of each pixel from the stroke."""
    height, width = shape
    around = 2  # so that a stroke along the border, or just outside, is there at all
    canvas = np.full((height + 2 * around, width + 2 * around), 255, np.uint8)
    scale = 1 << _SHIFT
    places = [
        (round((x * width - 0.5 + around) * scale), round((y * height - 0.5 + around) * scale)) for x, y in points
    ]
    drawn = np.array(places if len(places) > 1 else places * 2, np.int32).reshape(-1, 1, 2)
    cv2.polylines(canvas, [drawn], isClosed=False, color=0, thickness=1, lineType=cv2.LINE_8, shift=_SHIFT)
    if canvas.all():
        return np.full(shape, _FAR, np.float32)
    away = cv2.distanceTransform(canvas, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.ascontiguousarray(away[around:-around, around:-around], np.float32)


def _falloff(share: Map, softness: float, pixel: float) -> Map:
    """Return 1 inside, 0 from the radius on, smooth over the outer `softness` (at least a pixel)."""
    soft = max(softness, 1.5 * pixel)
    t = np.clip((1.0 + 0.5 * 1.5 * pixel * (softness < pixel) - share) / np.float32(soft), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def colour_way(rgb: NDArray[np.uint8], seed: NDArray[np.bool_]) -> Map:
    """Return [h, w]: the least sum of colour differences (CIE Lab) on a way from any seed to each pixel.

    Differences as they are everywhere around, noise and texture, cost nothing. Ways run along rows and columns.
    """
    smooth = cv2.bilateralFilter(rgb, 5, 20.0, 2.0)
    lab = cv2.cvtColor(smooth.astype(np.float32) * np.float32(1 / 255), cv2.COLOR_RGB2LAB)
    across, down = _steps(lab, 1), _steps(lab, 0)
    way = np.where(seed, np.float32(0), np.float32(_FAR))
    # way along a line = min over its seeds of (their value + cost between): a running minimum of value - cost so far
    across_sum, down_sum = np.cumsum(across, axis=1), np.cumsum(down, axis=0)
    for _ in range(ROUNDS):
        for axis, total in ((1, across_sum), (0, down_sum)):
            way = np.minimum.accumulate(way - total, axis=axis) + total
            back = np.flip(np.minimum.accumulate(np.flip(way + total, axis), axis=axis), axis)
            way = back - total
    return np.maximum(way, np.float32(0))


def _steps(lab: Map, axis: int) -> Map:
    """Return [h, w]: what the step to each pixel from the one before costs along an axis (0 for the first)."""
    difference = np.diff(lab, axis=axis, prepend=lab.take([0], axis=axis))
    step = np.sqrt((difference * difference).sum(axis=2))
    usual = cv2.blur(np.minimum(step, np.float32(TEXTURE_MOST)), (2 * TEXTURE_PX + 1, 2 * TEXTURE_PX + 1))
    return np.maximum(step - np.float32(TEXTURE_SHARE) * usual - np.float32(NOISE_LAB), np.float32(0))


def _refined(alpha: Map, rgb: NDArray[np.uint8], share: float) -> Map:
    """Return the weight with its border on the picture's edges to the pixel (guided filter, He et al. 2010)."""
    guide = rgb.astype(np.float32) * np.float32(1 / 255)
    fine = cv2.ximgproc.guidedFilter(guide, alpha, REFINE_PX, REFINE_EPS)
    blended = alpha + np.float32(share) * (fine - alpha)
    return np.asarray(np.clip(blended * np.float32(1.04) - np.float32(0.02), 0.0, 1.0), np.float32)
