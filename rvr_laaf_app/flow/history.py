"""The slow part of the temporal filter: bring a frame's disparity into line with what a longer past agreed on.

A single-image network does not flicker pixel by pixel. Whole regions swell and sink from frame to frame, as if each
region were seen through its own scale and shift. So each frame is compared, at an eighth of its size, with the mean of
the frames before it along the flow, and a local affine map (the linear model of the guided filter, He et al. 2010,
eq. 5-8, between two different pictures) takes the difference out. Edges stay where the frame has them: a scale and a
shift that change slowly over the picture move no edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.flow.consistency import chain, warp

HISTORY = 16  # frames; what changes more slowly than this passes
COARSE_STEP = 8
REGION_PX = 3.0  # standard deviation of a region, in coarse pixels
DISPARITY_SPREAD = 0.08
LUMA_SPREAD = 16.0  # codes of 255
# Prior that the map is the identity: a variance of disparity (scale) and a share of a full history (shift).
SCALE_PRIOR = 4e-4
TRUST_PRIOR = 0.05

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class CoarseFrame:
    """A frame as estimated, at an eighth of its size: pair [h, w, 2] float32 (disparity, luma)."""

    pair: Map


@dataclass(frozen=True, slots=True, eq=False)
class CoarsePast:
    """An earlier frame, the flow uv [h, w, 2] px from the present frame to it, and trust [h, w] in it, 0..1."""

    frame: CoarseFrame
    uv: Map
    trust: Map


def coarse_frame(disparity: Map, luma: NDArray[np.uint8]) -> CoarseFrame:
    """Return the frame [h, w] at an eighth of its size, by area averaging."""
    height, width = disparity.shape
    size = max(1, round(width / COARSE_STEP)), max(1, round(height / COARSE_STEP))
    disparity = np.asarray(cv2.resize(disparity, size, interpolation=cv2.INTER_AREA), np.float32)
    small_luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return CoarseFrame(np.dstack([disparity, small_luma]))


def moved_on(past: tuple[CoarsePast, ...], newest: CoarseFrame, uv: Map, trust: Map) -> tuple[CoarsePast, ...]:
    """Return the history as seen from the present frame, given its flow uv [h, w, 2] to the newest past one."""
    carried = [
        CoarsePast(older.frame, chain(uv, older.uv), trust * warp(older.trust, uv)) for older in past[: HISTORY - 1]
    ]
    return (CoarsePast(newest, uv, trust), *carried)


def aligned(disparity: Map, now: CoarseFrame, past: tuple[CoarsePast, ...]) -> Map:
    """Return disparity [h, w] of the present frame brought into line with its history."""
    if not past:
        return disparity
    agreed, trust = _agreed(now, past)
    gain, shift = _local_affine(np.ascontiguousarray(now.pair[..., 0]), agreed, trust)
    size = disparity.shape[1], disparity.shape[0]
    gain = np.asarray(cv2.resize(gain, size, interpolation=cv2.INTER_LINEAR), np.float32)
    shift = np.asarray(cv2.resize(shift, size, interpolation=cv2.INTER_LINEAR), np.float32)
    return gain * disparity + shift


def _agreed(now: CoarseFrame, past: tuple[CoarsePast, ...]) -> tuple[Map, Map]:
    """Return the weighted mean [h, w] of history and present, and the share [h, w] of history that took part."""
    disparity, luma = (np.ascontiguousarray(now.pair[..., k]) for k in (0, 1))
    mean, total = disparity.copy(), np.ones_like(disparity)
    for p in past:
        its_disparity, its_luma = cv2.split(warp(p.frame.pair, p.uv))
        off = cv2.addWeighted(
            cv2.absdiff(its_disparity, disparity), 1 / DISPARITY_SPREAD, cv2.absdiff(its_luma, luma), 1 / LUMA_SPREAD, 0
        )
        weight = cv2.exp(-off) * p.trust
        mean += weight * its_disparity
        total += weight
    return mean / total, (total - 1.0) / np.float32(HISTORY)


def _local_affine(x: Map, y: Map, weight: Map) -> tuple[Map, Map]:
    """Return gain and shift [h, w], slowly varying, that bring x to y by weighted least squares in each region."""
    weight_x = weight * x
    mean_w, mean_x, mean_y, mean_xx = cv2.split(_regional(cv2.merge([weight, weight_x, weight * y, weight_x * x])))
    mean_xy = _regional(weight_x * y)
    inverse = 1.0 / (mean_w + 1e-6)
    mean_x, mean_y = mean_x * inverse, mean_y * inverse
    variance = np.maximum(mean_xx * inverse - mean_x * mean_x, 0.0)
    covariance = mean_xy * inverse - mean_x * mean_y
    gain = np.clip((covariance + SCALE_PRIOR) / (variance + SCALE_PRIOR), 0.5, 2.0)
    sure = mean_w / (mean_w + TRUST_PRIOR)
    return 1.0 + sure * (gain - 1.0), sure * (mean_y - gain * mean_x)


def _regional(values: Map) -> Map:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), REGION_PX, borderType=cv2.BORDER_REPLICATE), np.float32)
