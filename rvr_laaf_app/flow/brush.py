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
EDGE_LAB = 1.5  # of colour on the way at which half the effect is left, at full `edges`
TEXTURE_PX = 9  # around a pixel: differences that are everywhere there are no edge
TEXTURE_SHARE = 2.0
NOISE_LAB = 0.8
PALETTE_SHARE, PALETTE_LAB, PALETTE_LEAST = 0.25, 9.0, 0.02  # of the radius; size of a colour cell; share of pixels
STRANGE_WEIGHT = 0.35
WALL = 1e3
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
        lab = lab_of(picture)
        way = colour_way(lab, away <= max(1.0, SEED_SHARE * reach), inside=away <= reach + 1)
        strange = strangeness(lab, away <= max(1.5, PALETTE_SHARE * reach))
        cost = (way + np.float32(STRANGE_WEIGHT) * strange) * np.float32(edges**2 / EDGE_LAB)
        gate = cv2.exp(-np.minimum(cost * cost * np.float32(0.7), 50.0))
        gate[enclosed((gate < 0.5) | (away > reach + 1))] = 1.0  # an eye belongs to the face around it
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


def enclosed(shut: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return [h, w]: the pixels of `shut` from which no way through it leads to the border of the picture."""
    framed = cv2.copyMakeBorder(shut.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, regions = cv2.connectedComponents(framed, connectivity=8)
    return np.asarray(((framed > 0) & (regions != regions[0, 0]))[1:-1, 1:-1], np.bool_)


def lab_of(rgb: NDArray[np.uint8]) -> Map:
    """Return the picture [h, w, 3] in CIE Lab, without its noise."""
    smooth = cv2.bilateralFilter(rgb, 5, 20.0, 2.0)
    return np.asarray(cv2.cvtColor(smooth.astype(np.float32) * np.float32(1 / 255), cv2.COLOR_RGB2LAB), np.float32)


def strangeness(lab: Map, near: NDArray[np.bool_]) -> Map:
    """Return [h, w]: how far each pixel's colour is from all that are common on the pixels `near` the stroke."""
    common = lab[near]
    cells, owner, counts = np.unique(np.rint(common / PALETTE_LAB), axis=0, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(counts >= max(PALETTE_LEAST * len(common), 1))
    if len(kept) == 0:
        return np.zeros(lab.shape[:2], np.float32)
    sums = np.zeros((len(cells), 3))
    np.add.at(sums, owner.reshape(-1), common)
    least = np.full(lab.shape[:2], _FAR, np.float32)
    for colour in (sums[kept] / counts[kept, None]).astype(np.float32):
        away = lab - colour
        least = np.minimum(least, np.einsum("ijk,ijk->ij", away, away))
    return np.maximum(np.sqrt(least) - np.float32(PALETTE_LAB), np.float32(0))


def colour_way(lab: Map, seed: NDArray[np.bool_], *, inside: NDArray[np.bool_] | None = None) -> Map:
    """Return [h, w]: the least sum of colour differences on a way from any seed to each pixel; lab [h, w, 3].

    Differences as they are everywhere around, noise and texture, cost nothing. Ways run along rows and columns, and
    not through what is not `inside`.
    """
    across, down = _steps(lab, 1), _steps(lab, 0)
    if inside is not None:
        wall = np.where(inside, np.float32(0), np.float32(WALL))
        across, down = across + wall, down + wall
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
    # The mean of roots: one strong edge among many small steps does not hide itself, as it would in the plain mean.
    usual = cv2.blur(np.sqrt(step), (2 * TEXTURE_PX + 1, 2 * TEXTURE_PX + 1)) ** 2
    excess = step - np.float32(TEXTURE_SHARE) * usual - np.float32(NOISE_LAB)
    return np.asarray(np.maximum(excess, np.float32(0)), np.float32)


def _refined(alpha: Map, rgb: NDArray[np.uint8], share: float) -> Map:
    """Return the weight with its border on the picture's edges to the pixel (guided filter, He et al. 2010)."""
    guide = rgb.astype(np.float32) * np.float32(1 / 255)
    fine = cv2.ximgproc.guidedFilter(guide, alpha, REFINE_PX, REFINE_EPS)
    blended = alpha + np.float32(share) * (fine - alpha)
    return np.asarray(np.clip(blended * np.float32(1.04) - np.float32(0.02), 0.0, 1.0), np.float32)
