"""Painting any slice of a stack into the fused picture with a soft brush; the strokes are kept, so each can be undone.

Values in, picture out: nothing here remembers anything. A stroke is laid over what the strokes before it made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.stack.fuse import Fused
from rvr_laaf_app.stack.slices import CODES, Float, Rgb, Slices

_SUBPIXEL_BITS = 4


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stroke: which slice shows through (-1 = the untouched fused picture), along which points (x, y) px.

    radius_px: half the brush; softness 0..1: share of the radius over which it fades; strength 0..1.
    """

    slice_index: int
    points: tuple[tuple[float, float], ...]
    radius_px: float
    softness: float = 0.5
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not self.points or not self.radius_px > 0:
            raise UsageError("a stroke needs a point and a brush with a size")
        if not (0 <= self.softness <= 1 and 0 <= self.strength <= 1):
            raise UsageError("softness and strength of a brush lie between 0 and 1")


def retouched(fused: Fused, slices: Slices, strokes: Sequence[Stroke]) -> Fused:
    """Return the fused picture with the strokes painted in order; `slices` are the aligned ones it was made from.

    Raises:
        UsageError: a stroke names a slice that there is not, or the slices have another size.
    """
    rgb, index = fused.rgb.copy(), fused.index.copy()
    for stroke in strokes:
        if not -1 <= stroke.slice_index < slices.count:
            raise UsageError(f"the stack has no picture {stroke.slice_index + 1}", remedy="Choose one of its pictures.")
        part, mask = brush(stroke, rgb.shape[:2])
        if mask.size == 0:
            continue
        if stroke.slice_index < 0:
            own: Rgb = fused.rgb[part]
            number = fused.index[part]
        else:
            whole = slices.read(stroke.slice_index)
            if whole.shape != rgb.shape:
                raise UsageError("the slices and the fused picture differ in size")
            own = whole[part] if whole.dtype == np.uint16 else whole[part].astype(np.uint16) * np.uint16(257)
            number = np.full(mask.shape, stroke.slice_index, np.float32)
        cover = mask[..., None]
        mixed = rgb[part] * (1 - cover) + own * cover
        rgb[part] = np.rint(np.clip(mixed, 0, CODES)).astype(np.uint16)
        index[part] = np.where(mask >= 0.5, number, index[part])
    return Fused(rgb, index)


def brush(stroke: Stroke, shape: tuple[int, ...]) -> tuple[tuple[slice, slice], Float]:
    """Return the part of the picture that a stroke touches, and how strongly [h, w] float32 0..1."""
    points = np.array(stroke.points, np.float64)
    reach = stroke.radius_px + 2
    low = np.maximum(np.floor(points.min(axis=0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(points.max(axis=0) + reach) + 1, (shape[1], shape[0])).astype(int)
    if (high <= low).any():
        nothing = np.zeros((0, 0), np.float32)
        return (slice(0, 0), slice(0, 0)), nothing
    part = slice(low[1], high[1]), slice(low[0], high[0])
    away = _distance(points - low, (high[1] - low[1], high[0] - low[0]), stroke.radius_px)
    inner = stroke.radius_px * (1 - stroke.softness)
    fade = np.clip((stroke.radius_px + 0.5 - away) / max(stroke.radius_px - inner, 1.0), 0.0, 1.0)
    soft = fade * fade * (3 - 2 * fade)
    return part, np.asarray(soft * np.float32(stroke.strength), np.float32)


def _distance(points: NDArray[np.float64], shape: tuple[int, int], radius: float) -> Float:
    """Return the distance [h, w] px from the polyline, also where that runs outside the part that is shown."""
    margin = int(np.ceil(radius)) + 2
    canvas = np.full((shape[0] + 2 * margin, shape[1] + 2 * margin), 255, np.uint8)
    fixed = np.rint((points + margin) * 2**_SUBPIXEL_BITS).astype(np.int32)
    path = fixed if len(fixed) > 1 else np.repeat(fixed, 2, axis=0)
    cv2.polylines(canvas, [path.reshape(-1, 1, 2)], False, 0, 1, cv2.LINE_8, _SUBPIXEL_BITS)
    away = cv2.distanceTransform(canvas, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away[margin:-margin, margin:-margin], np.float32)
