"""Bring maps from map size to picture size so that their edges lie on the picture's edges.

Used when a frame is rendered: `upsample_disparity` and `upsample_boost`. What the maps say is not changed, only where
exactly it changes. Does not estimate anything.

Disparity: away from steps it is interpolated. Beside a step each pixel is taken for a mixture of what is near and what
is far around it, as in alpha matting, and gets the disparity of that mixture: the share comes from the pixel's colour
between the mean colours of both sides, trusted as far as these colours differ. So a silhouette changes within the
pixel or two in which the picture itself changes, without the rim of in-between disparity that interpolation leaves.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# A step of less than this within _REACH map pixels is no edge.
_STEP = 0.03
_REACH = 2
# Colour spread of a side (bytes squared, all channels) that is there in any picture: noise, compression.
_NOISE = 150.0
# How much faster than the colour mixture the disparity changes: rims of in-between disparity look worse than hard ones
_STEEPNESS = 1.8
_GATE_FROM, _GATE_FULL = 240.0, 252.0


def upsample_disparity(disparity: NDArray[np.floating], guide_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return disparity [H, W] float32 at the guide's size; disparity [h, w] in 0..1, guide_rgb [H, W, 3] uint8."""
    coarse = np.ascontiguousarray(disparity, np.float32)
    height, width = guide_rgb.shape[:2]
    fine = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    narrow_far, narrow_near = _extremes(coarse, _REACH)
    far, near = _extremes(coarse, 2 * _REACH)
    # Within twice the reach a step is as high as within the reach, a slope twice as high.
    beside_step = (2.0 * (narrow_near - narrow_far) - (near - far) > _STEP).astype(np.uint8)
    if not beside_step.any():
        return fine

    cells = np.flatnonzero(beside_step)
    sides = _sides(coarse, near, far, guide_rgb, cells)
    cell_index = np.zeros(coarse.size, np.int32)
    cell_index[cells] = np.arange(len(cells), dtype=np.int32)
    size = width, height
    places = np.flatnonzero(cv2.resize(beside_step, size, interpolation=cv2.INTER_NEAREST_EXACT))
    owner = cv2.resize(cell_index.reshape(coarse.shape), size, interpolation=cv2.INTER_NEAREST_EXACT)
    flat = fine.reshape(-1)
    flat[places] = _mixed(sides[owner.reshape(-1)[places]], guide_rgb.reshape(-1, 3)[places], flat[places])
    return fine


def _extremes(coarse: NDArray[np.float32], reach: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Smallest and largest disparity [h, w] within `reach` pixels."""
    window = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return np.asarray(cv2.erode(coarse, window), np.float32), np.asarray(cv2.dilate(coarse, window), np.float32)


def _sides(
    coarse: NDArray[np.float32],
    near: NDArray[np.float32],
    far: NDArray[np.float32],
    guide_rgb: NDArray[np.uint8],
    cells: NDArray[np.intp],
) -> NDArray[np.float32]:
    """Describe both sides of the step at these map pixels: [n, 7] float32.

    Columns: a vector a [3] and an offset b such that the colour c is the near side's by the share a . c + b; how far
    that share can be trusted; disparity of the far side; step from there to the near side.
    """
    height, width = coarse.shape
    small = cv2.resize(guide_rgb, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    red, green, blue = cv2.split(small)
    square = red * red + green * green + blue * blue
    facts = cv2.merge([red, green, blue, coarse, square, np.ones_like(coarse)])
    place = (coarse - far) / np.maximum(near - far, 1e-6)
    reach = 2 * _REACH + 1

    def side(belongs: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        sums = cv2.blur(cv2.copyTo(facts, belongs.view(np.uint8)), (reach, reach)).reshape(-1, 6)[cells]
        means: NDArray[np.float32] = sums[:, :5] / np.maximum(sums[:, 5:], 1e-6)
        means[:, 4] -= np.einsum("ij,ij->i", means[:, :3], means[:, :3])
        return means, sums[:, 5] > 0.5 / reach**2

    # Only the outer thirds count: what lies between may itself be a mixture.
    (nearer, seen_near), (farther, seen_far) = side(place > 0.66), side(place < 0.34)
    across = nearer[:, :3] - farther[:, :3]
    contrast = np.einsum("ij,ij->i", across, across)
    variance = np.maximum(nearer[:, 4] + farther[:, 4], 0.0)
    direction = across / np.maximum(contrast, 1e-6)[:, None]
    offset = -np.einsum("ij,ij->i", direction, farther[:, :3])
    # Means of a few textured pixels differ by chance; only a difference beyond that tells the sides apart.
    real = np.maximum(contrast - 0.5 * variance, 0.0)
    trust = real / (real + variance + _NOISE)
    step = np.where(seen_near & seen_far, nearer[:, 3] - farther[:, 3], 0.0)
    table = np.column_stack([direction, offset, trust, farther[:, 3], step])
    return table.astype(np.float32)


def _mixed(
    sides: NDArray[np.float32], colours: NDArray[np.uint8], interpolated: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Disparity [n] of pixels of these colours [n, 3] between the two sides [n, 7] (see `_sides`)."""
    by_colour = np.einsum("ij,ij->i", sides[:, :3], colours.astype(np.float32)) + sides[:, 3]
    trust, far, step = sides[:, 4], sides[:, 5], sides[:, 6]
    by_place = (interpolated - far) / np.maximum(step, 1e-6)
    np.clip(by_colour, 0.0, 1.0, out=by_colour)
    np.clip(by_place, 0.0, 1.0, out=by_place)
    share = by_place + trust * (by_colour - by_place)
    share = np.clip((share - 0.5) * np.float32(_STEEPNESS) + 0.5, 0.0, 1.0)
    return np.where(step > _STEP / 2, far + share * step, interpolated).astype(np.float32)


def upsample_boost(boost_stops: NDArray[np.floating], guide_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return boost [H, W, 3] float32 in stops at the guide's size; boost_stops [h, w, 3], guide_rgb [H, W, 3] uint8.

    Only channels that are clipped in the guide itself get any (`clip_gate`): a lamp's boost has the lamp's outline.
    """
    boost = np.zeros(guide_rgb.shape, np.float32)
    places, stops = boost_where_clipped(boost_stops, guide_rgb)
    boost.reshape(-1, 3)[places] = stops
    return boost


def boost_where_clipped(
    boost_stops: NDArray[np.floating], guide_rgb: NDArray[np.uint8]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return what `upsample_boost` gives where it can be above 0: pixel numbers [n] and stops [n, 3] float32."""
    height, width = guide_rgb.shape[:2]
    red, green, blue = cv2.split(guide_rgb)
    bright = np.flatnonzero(cv2.max(cv2.max(red, green), blue) > _GATE_FROM)
    if len(bright) == 0 or not bool(np.any(boost_stops)):
        return bright[:0], np.zeros((0, 3), np.float32)
    coarse = np.ascontiguousarray(boost_stops, np.float32)
    grown = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    stops: NDArray[np.float32] = grown.reshape(-1, 3)[bright] * clip_gate(guide_rgb.reshape(-1, 3)[bright])
    return bright, stops


def clip_gate(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How far each byte [any shape] is clipped: 0 up to 240, 1 from 252 on, smooth between (as in the network)."""
    gate: NDArray[np.float32] = np.take(_GATE_TABLE, rgb)
    return gate


def _gate_table() -> NDArray[np.float32]:
    t = np.clip((np.arange(256, dtype=np.float32) - _GATE_FROM) / (_GATE_FULL - _GATE_FROM), 0.0, 1.0)
    gate: NDArray[np.float32] = t * t * (np.float32(3.0) - np.float32(2.0) * t)
    return gate


_GATE_TABLE = _gate_table()
