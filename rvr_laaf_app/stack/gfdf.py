"""Guided-filter multi-focus fusion by focus region detection (GFDF: Qiu, Li, Zhang, Yuan 2019), for N slices.

As printed for two: the distance to the local mean, smoothed by a guided filter, tells which slice is sharper; small
regions are given to what surrounds them; the decision, smoothed by a guided filter on the picture it makes, weighs the
slices. For more than two the sharpest of all is taken. Slices are read three times, one at a time; nothing grows with
their number.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.stack.focus_measure import rough_focus, smoothed
from rvr_laaf_app.stack.slices import Float, Rgb, Slices, luma_of

RATIO: Final = 0.001  # regions smaller than this share of the picture are not believed (intelligent autofocus, 6.2.2)
Labels = NDArray[np.uint16]
PASSES: Final = 3


def fuse_gfdf(slices: Slices, *, ratio: float = RATIO) -> Generator[int, None, tuple[Float, Float]]:
    """Fuse; yields slices done (of 3 n) and returns the picture [h, w, 3] float32 0..1 and the index [h, w]."""
    labels, _ = yield from _sharpest(slices)
    labels = without_small_regions(labels, ratio)
    guide = yield from _chosen(slices, labels)
    picture = yield from weighed(slices, labels, luma_of(guide))
    return picture, labels.astype(np.float32)


def _sharpest(slices: Slices) -> Generator[int, None, tuple[Labels, Float]]:
    """Return the number of the sharpest slice [h, w], and how sharp it is there (GFDF, Eq. 3-4)."""
    labels: Labels | None = None
    best = np.zeros((0, 0), np.float32)
    for number in range(slices.count):
        luma = luma_of(slices.read(number))
        sharpness = smoothed(luma, rough_focus(luma))
        if labels is None:
            labels, best = np.zeros(luma.shape, np.uint16), sharpness
        else:
            won = sharpness > best
            labels[won] = number
            np.maximum(best, sharpness, out=best)
        yield number + 1
    if labels is None:
        raise ValueError("no slices")
    return labels, best


def without_small_regions(labels: Labels, ratio: float) -> Labels:
    """Return the labels with every connected region below `ratio` of the picture given to its nearest neighbours."""
    least = int(np.ceil(ratio * labels.size))
    small = np.zeros(labels.shape, np.uint8)
    for number in np.unique(labels):
        count, parts, stats, _ = cv2.connectedComponentsWithStats((labels == number).astype(np.uint8), connectivity=8)
        tiny = stats[:count, cv2.CC_STAT_AREA] < least
        tiny[0] = False
        small |= tiny[parts].astype(np.uint8)
    return filled(labels, small)


def filled(labels: Labels, unknown: NDArray[np.uint8]) -> Labels:
    """Return the labels with those of unknown pixels [h, w] (1 = unknown) taken from the nearest known pixel."""
    if not unknown.any() or unknown.all():
        return labels
    _, nearest = cv2.distanceTransformWithLabels(unknown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    values = np.zeros(int(nearest.max()) + 1, np.uint16)
    known = unknown == 0
    values[nearest[known]] = labels[known]
    return np.asarray(values[nearest], np.uint16)


def _chosen(slices: Slices, labels: Labels) -> Generator[int, None, Rgb]:
    """Return the picture that takes each pixel from its slice (the initial fused image)."""
    picture: Rgb | None = None
    for number in range(slices.count):
        own = slices.read(number)
        if picture is None:
            picture = own.copy()
        else:
            mask = labels == number
            picture[mask] = own[mask]
        yield slices.count + number + 1
    if picture is None:
        raise ValueError("no slices")
    return picture


def weighed(
    slices: Slices, labels: Labels, guide: Float, *, radius: int = 5, eps: float = 0.3, begun: int | None = None
) -> Generator[int, None, Float]:
    """Return the mean [h, w, 3] 0..1 of the slices, weighed by their regions after a guided filter on `guide`."""
    height, width = labels.shape
    total = np.zeros((height, width, 3), np.float32)
    weights = np.zeros((height, width), np.float32)
    begun = 2 * slices.count if begun is None else begun
    for number in range(slices.count):
        mask = (labels == number).astype(np.float32)
        if mask.any():
            rows = _rows_of(mask, 4 * radius + 2)
            weight = np.clip(smoothed(guide[rows], mask[rows], radius=radius, eps=eps), 0.0, 1.0)
            own = slices.read(number)
            scale = np.float32(1.0 / np.iinfo(own.dtype).max)
            total[rows] += own[rows] * (weight * scale)[..., None]
            weights[rows] += weight
        yield begun + number + 1
    total /= np.maximum(weights, np.float32(1e-6))[..., None]
    return total


def _rows_of(mask: Float, margin: int) -> slice:
    """Return the rows where a mask is not empty, with a margin."""
    there = np.flatnonzero(mask.any(axis=1))
    return slice(max(0, int(there[0]) - margin), min(len(mask), int(there[-1]) + 1 + margin))
