"""The default fusion: guided-filter fusion after GFDF, with what deep stacks of noisy pictures need on top.

Beside `gfdf`: sharpness is the energy of the Laplacian of Gaussian in a small window plus some of a larger one, so
that texture decides near itself and a strong edge decides around itself (its own slice is the one without its halo);
where no slice rises above its noise nothing is known, and the picture there is a soft mixture of what the
surroundings chose, over growing distances, in place of patches and noise of many slices. Around burnt-out lights the
borders of their blur discs are sharp too: there a slice counts less the more its light exceeds that of the darkest
one, since blur only spills light where the sharp picture has none. Weights follow the edges of
the picture they make. Slices are read four times, one at a time; memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.stack.focus_measure import in_strips, smoothed
from rvr_laaf_app.stack.gfdf import Labels, filled, without_small_regions
from rvr_laaf_app.stack.slices import Float, Slices, luma_of

NEAR_PX, FAR_PX, FAR_SHARE = 2.0, 5.0, 0.3  # windows of the energy, sigma; weight of the larger one
NOISE_PERCENTILE: Final = 15  # so much of every slice is thought to be out of focus or flat
LEAST_NOISE: Final = (0.3 / 255) ** 2  # energy of the coding itself
ABOVE_NOISE: Final = 3.0  # times the noise's energy that something sharp has somewhere
RATIO: Final = 0.0005
BURNT: Final = 0.97  # luma of a light that is brighter than the picture can hold
GLOW_SHARE: Final = 0.03  # of the long side: how far its blur may reach
GLOW_BLUR_PX: Final = 2.0
GLOW_FREE, GLOW_GAIN = 0.05, 30.0  # luma above the darkest slice that does not count; how fast more of it does
EDGE_PX, EDGE_EPS = 3, 1e-3
WIDE_PX: Final = (4, 16, 64, 256)
WIDE_SHARE: Final = 1e-3  # weight of each scale beside the next finer one
REFERENCE_PX: Final = 1500  # long side for which the windows are meant; they grow with its root


def fuse_guided(slices: Slices) -> Generator[int, None, tuple[Float, Float]]:
    """Fuse; yields slices done (of 4 n) and returns the picture [h, w, 3] float32 0..1 and the index [h, w]."""
    glow = yield from _glow(slices)
    labels, unknown = yield from _sharpest(slices, glow)
    labels = without_small_regions(labels, RATIO)
    guide = yield from _luma_chosen(slices, filled(labels, unknown))
    picture = yield from _weighed(slices, labels, unknown, guide)
    return picture, filled(labels, unknown).astype(np.float32)


def _glow(slices: Slices) -> Generator[int, None, Float | None]:
    """Return the least luma [h, w] of all slices around lights that are burnt out in one, infinity elsewhere."""
    least = most = np.zeros((0, 0), np.float32)
    for number in range(slices.count):
        luma = luma_of(slices.read(number))
        soft = np.asarray(cv2.GaussianBlur(luma, (0, 0), GLOW_BLUR_PX), np.float32)
        least = soft if number == 0 else np.minimum(least, soft)
        most = luma if number == 0 else np.maximum(most, luma)
        yield number + 1
    burnt = (most > BURNT).astype(np.uint8)
    if not burnt.any() or slices.count < 2:
        return None
    reach = 2 * round(GLOW_SHARE * max(burnt.shape)) + 1
    near = cv2.boxFilter(burnt, cv2.CV_32F, (reach, reach), normalize=False) > 0.5
    least[~near] = np.inf
    return least


def sharpness_of(luma: Float) -> tuple[Float, Float]:
    """Return the energy of detail [h, w], and how many times the slice's own noise it is in the larger window."""
    grown = float(np.clip(max(luma.shape) / REFERENCE_PX, 1.0, 9.0)) ** 0.5
    near, rise = np.empty(luma.shape, np.float32), np.empty(luma.shape, np.float32)

    def strip(rows: slice, keep: slice) -> None:
        detail = cv2.Laplacian(cv2.GaussianBlur(luma[rows], (0, 0), 0.7 * grown), cv2.CV_32F)
        energy = detail * detail
        far = cv2.GaussianBlur(energy, (0, 0), FAR_PX * grown)
        fine = cv2.GaussianBlur(energy, (0, 0), NEAR_PX * grown)
        out = slice(rows.start + keep.start, rows.start + keep.stop)
        near[out] = (fine + np.float32(FAR_SHARE) * far)[keep]
        rise[out] = far[keep]

    in_strips(len(luma), int(np.ceil(4 * FAR_PX * grown)) + 4, strip)
    noise = float(np.percentile(rise[::4, ::4], NOISE_PERCENTILE)) + LEAST_NOISE
    rise /= np.float32(noise)
    return near, rise


def _sharpest(slices: Slices, glow: Float | None) -> Generator[int, None, tuple[Labels, NDArray[np.uint8]]]:
    """Return the number of the sharpest slice [h, w], and 1 where none rises above its noise."""
    labels: Labels | None = None
    best = most = np.zeros((0, 0), np.float32)
    for number in range(slices.count):
        luma = luma_of(slices.read(number))
        sharpness, rise = sharpness_of(luma)
        if glow is not None:
            spilled = cv2.GaussianBlur(luma, (0, 0), GLOW_BLUR_PX) - glow - np.float32(GLOW_FREE)
            sharpness *= np.exp(np.float32(-GLOW_GAIN) * np.maximum(spilled, np.float32(0)))
        if labels is None:
            labels, best, most = np.zeros(sharpness.shape, np.uint16), sharpness, rise
        else:
            labels[sharpness > best] = number
            np.maximum(best, sharpness, out=best)
            np.maximum(most, rise, out=most)
        yield slices.count + number + 1
    if labels is None:
        raise ValueError("no slices")
    return labels, (most < ABOVE_NOISE).astype(np.uint8)


def _luma_chosen(slices: Slices, labels: Labels) -> Generator[int, None, Float]:
    """Return the luma [h, w] of the picture that takes each pixel from its slice."""
    luma = np.zeros(labels.shape, np.float32)
    for number in range(slices.count):
        mask = labels == number
        if mask.any():
            luma[mask] = luma_of(slices.read(number))[mask]
        yield 2 * slices.count + number + 1
    return luma


def _weighed(slices: Slices, labels: Labels, unknown: NDArray[np.uint8], guide: Float) -> Generator[int, None, Float]:
    """Return the mean [h, w, 3] 0..1 of the slices, weighed by their regions and, where none is known, by distance."""
    height, width = labels.shape
    total = np.zeros((height, width, 3), np.float32)
    weights = np.zeros((height, width), np.float32)
    for number in range(slices.count):
        mask = ((labels == number) & (unknown == 0)).astype(np.float32)
        if unknown.all():
            mask[:] = 1.0  # nothing is sharp anywhere: the mean is as good as any, and less noisy
        if mask.any():
            weight = np.clip(smoothed(guide, mask, radius=EDGE_PX, eps=EDGE_EPS), 0.0, 1.0)
            weight += _around(mask)
            _add(total, slices.read(number), weight)
            weights += weight
        yield 3 * slices.count + number + 1
    total /= np.maximum(weights, np.float32(1e-20))[..., None]
    return total


def _around(mask: Float) -> Float:
    """Return a small weight [h, w] that falls with the distance from the mask, over several scales."""
    height, width = mask.shape
    out = np.full(mask.shape, 1e-20, np.float32)
    share = WIDE_SHARE
    for sigma in WIDE_PX:
        step = max(1, sigma // 2)
        small = cv2.resize(mask, (max(1, width // step), max(1, height // step)), interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(small, (0, 0), sigma / step)
        out += np.float32(share) * cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
        share *= WIDE_SHARE
    return out


def _add(total: Float, picture: NDArray[np.uint8] | NDArray[np.uint16], weight: Float) -> None:
    """Add the picture times its weight, in strips."""
    scale = np.float32(1.0 / np.iinfo(picture.dtype).max)
    for top in range(0, len(total), 256):
        rows = slice(top, top + 256)
        total[rows] += picture[rows] * (weight[rows] * scale)[..., None]
