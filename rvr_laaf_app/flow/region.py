"""Regions of a picture, at an eighth of its size: how one map is brought into line with another, and what swells.

A single-image network does not flicker pixel by pixel. The whole frame and regions of it rise and sink from frame to
frame, as if each were seen through its own scale and shift. One robust scale and shift of the frame and then a local
affine map (the linear model of the guided filter, He et al. 2010, eq. 5-8, between two different pictures) take that
out. Edges stay where the frame has them: a scale and a shift that
change slowly over the picture move no edge.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

COARSE_STEP = 8
REGION_PX = 3.0  # standard deviation of a region, in coarse pixels
ALIKE_SHARE = 0.12  # of the span of disparity: how different two values of the same surface may be
# Prior that the map is the identity: a standard deviation (share of the span) for the scale, a mean weight for both.
SCALE_PRIOR_SHARE = 0.04
WEIGHT_PRIOR = 0.05
SMALLEST_SPAN = 0.05
LEVEL_TOLERANCES = (0.5, 0.2, 0.1, 0.1)  # shares of the span, of the steps of a robust fit
SWELLING_PX = 1.0  # as REGION_PX, for motion: across the outline of a small subject its growth would cancel out

Map = NDArray[np.float32]


def coarse_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the (height, width) of the coarse maps of a map of this shape."""
    return max(1, round(shape[0] / COARSE_STEP)), max(1, round(shape[1] / COARSE_STEP))


def resized(values: Map, shape: tuple[int, ...]) -> Map:
    """Return a map [h, w] or [h, w, c] at another (height, width)."""
    if values.shape[:2] == shape[:2]:
        return values
    interpolation = cv2.INTER_AREA if shape[0] < values.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, (shape[1], shape[0]), interpolation=interpolation), np.float32)


def resized_flow(uv: Map, shape: tuple[int, ...]) -> Map:
    """Return flow [h, w, 2] in pixels of a picture of another (height, width)."""
    scale = shape[1] / uv.shape[1], shape[0] / uv.shape[0]
    return uv if scale == (1.0, 1.0) else np.asarray(cv2.multiply(resized(uv, shape), (*scale, 1.0, 1.0)), np.float32)


def span_of(disparity: Map) -> float:
    """Return the range from the 2nd to the 98th percentile of a map [h, w]: the unit of all differences."""
    values = np.sort(resized(disparity, coarse_shape(disparity.shape)), axis=None)
    low, high = values[round(0.02 * (values.size - 1))], values[round(0.98 * (values.size - 1))]
    return max(float(high - low), SMALLEST_SPAN)


def in_line(values: Map, reference: Map, *, weight: Map, span: float) -> Map:
    """Return `values` [h, w] brought into line with `reference` [h, w], region by region.

    weight [h, w] 0..1 says where the two show the same; where a whole region has none, values stay as they are.
    """
    shape = coarse_shape(values.shape)
    x, y, w = resized(values, shape), resized(reference, shape), resized(weight, shape)
    gain_all, shift_all = level(x, y, weight=w, span=span)
    x = gain_all * x + shift_all
    w = w * cv2.exp(cv2.absdiff(x, y) * np.float32(-1.0 / (ALIKE_SHARE * span)))
    wx = w * x
    mean_w, mean_x, mean_y, mean_xx = cv2.split(regional(cv2.merge([w, wx, w * y, wx * x])))
    mean_xy = regional(wx * y)
    inverse = np.float32(1.0) / (mean_w + np.float32(1e-6))
    mean_x, mean_y = mean_x * inverse, mean_y * inverse
    variance = np.maximum(mean_xx * inverse - mean_x * mean_x, np.float32(0.0))
    covariance = mean_xy * inverse - mean_x * mean_y
    prior = np.float32((SCALE_PRIOR_SHARE * span) ** 2)
    gain = np.clip((covariance + prior) / (variance + prior), np.float32(0.5), np.float32(2.0))
    sure = mean_w / (mean_w + np.float32(WEIGHT_PRIOR))
    scale, shift = cv2.split(resized(cv2.merge([sure * (gain - 1), sure * (mean_y - gain * mean_x)]), values.shape))
    levelled = gain_all * values + shift_all
    return np.asarray(levelled + scale * levelled + shift, np.float32)


def level(x: Map, y: Map, *, weight: Map, span: float) -> tuple[np.float32, np.float32]:
    """Return the one scale and shift that bring the whole of x to y, whatever does not fit left out (Cauchy)."""
    gain, shift = 1.0, 0.0
    prior = WEIGHT_PRIOR * (SCALE_PRIOR_SHARE * span) ** 2
    for tolerance in LEVEL_TOLERANCES:
        off = (y - np.float32(gain) * x - np.float32(shift)) * np.float32(1.0 / (tolerance * span))
        w = weight / (1.0 + off * off)
        total = float(w.mean(dtype=np.float64)) + 1e-9
        mean_x, mean_y = (float((w * m).mean(dtype=np.float64)) / total for m in (x, y))
        dx = x - np.float32(mean_x)
        spread, joint = (float((w * dx * m).mean(dtype=np.float64)) for m in (dx, y - np.float32(mean_y)))
        gain = min(max((joint + prior) / (spread + prior), 0.5), 2.0)
        sure = total / (total + WEIGHT_PRIOR)
        gain, shift = 1.0 + sure * (gain - 1.0), sure * (mean_y - gain * mean_x)
    return np.float32(gain), np.float32(shift)


def swelling(uv: Map, shape: tuple[int, ...]) -> Map:
    """Return by which share of its area a region grows, |divergence| [ch, cw] of a flow, for maps of this shape."""
    smooth = cv2.GaussianBlur(
        resized_flow(uv, coarse_shape(shape)), (0, 0), SWELLING_PX, borderType=cv2.BORDER_REPLICATE
    )
    u, v = cv2.split(smooth)
    across = cv2.Sobel(u, cv2.CV_32F, 1, 0, ksize=1, scale=0.5, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(v, cv2.CV_32F, 0, 1, ksize=1, scale=0.5, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.abs(across + down), np.float32)


def regional(values: Map) -> Map:
    """Return the mean of `values` [ch, cw] or [ch, cw, c] over the region around each coarse pixel."""
    return np.asarray(cv2.GaussianBlur(values, (0, 0), REGION_PX, borderType=cv2.BORDER_REPLICATE), np.float32)
