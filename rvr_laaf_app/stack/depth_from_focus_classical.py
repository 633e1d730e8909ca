"""Depth from focus without learning: where along the sweep is each place sharpest, and how sure is that.

Sum-modified Laplacian as the measure of sharpness (Nayar and Nakagawa 1994, Eq. 8-10) on two scales, each slice's map
smoothed along the edges of the all-in-focus picture (He et al. 2013, guided filter), the peak between slices by a
Gaussian through the three highest (Nayar and Nakagawa, Eq. 12-15), and what has no texture filled from its surroundings
by an edge-aware global smoother (Min et al. 2014), each place trusted as far as its peak stands out of the noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]

WORK_LONG_SIDE = 1536  # larger sweeps are judged at this size and brought up to theirs at the end
_FINE_SIGMA, _COARSE_SIGMA = 0.7, 1.6  # px: before the Laplacian, so that single noisy pixels do not count
_WINDOW_SIGMA = 1.5  # px: over which sharpness is summed
_USUAL_SIDE = 640  # px: what follows is for a picture of this long side and grows with it
_GUIDE_RADIUS, _GUIDE_EPS = 8, 3e-4
_SURE_STANDOUT = 3.0  # a peak that many times over the noise is sure
_SMOOTHING, _WIDE_SMOOTHING, _EDGE = 30.0, 2000.0, 0.02  # of the global smoother; the colour step that stops it
_TRUSTED = 0.01  # trust around a place from which on it is left as it is


def classical_depth(slices: Sequence[Map], places: Map) -> tuple[Map, Map]:
    """Return (disparity [h, w], confidence [h, w]) of slices [h, w, 3] at rising focus `places` in 0..1."""
    volume, guide = sharpness_volume(slices)
    place, sure = peak(volume, places)
    return at_full_size(filled(place, sure, guide), sure, slices, volume)


def sharpness_volume(slices: Sequence[Map]) -> tuple[Map, Map]:
    """Return (sharpness [n, h, w], all-in-focus picture [h, w, 3]) of slices at the size at which they are judged."""
    height, width = slices[0].shape[:2]
    scale = min(1.0, WORK_LONG_SIDE / max(height, width))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    greys = [_grey(picture) for picture in slices]
    level = float(np.mean([grey.mean() for grey in greys]))
    volume = np.stack([resized(sharpness(grey * (level / max(float(grey.mean()), 1e-4))), size) for grey in greys])
    sharp = all_in_focus([resized(picture, size) for picture in slices], volume)
    guide = np.ascontiguousarray(np.clip(sharp, 0.0, 1.0), np.float32)
    return np.stack([_guided(guide, plane) for plane in volume]), guide


def at_full_size(disparity: Map, sure: Map, slices: Sequence[Map], volume: Map) -> tuple[Map, Map]:
    """Bring disparity and confidence [h, w] to the size of the slices, along the edges of what is sharp in them."""
    height, width = slices[0].shape[:2]
    if disparity.shape != (height, width):
        full = width, height
        sharp = all_in_focus(slices, np.stack([resized(plane, full) for plane in volume]))
        radius = max(2, round(2 * width / disparity.shape[1]))
        guide = np.ascontiguousarray(np.clip(sharp, 0.0, 1.0), np.float32)
        disparity = cv2.ximgproc.guidedFilter(guide, resized(disparity, full), radius, 1e-4)
        sure = resized(sure, full)
    return np.clip(disparity, 0.0, 1.0).astype(np.float32), np.clip(sure, 0.0, 1.0).astype(np.float32)


def sharpness(grey: Map) -> Map:
    """Sum-modified Laplacian [h, w] of a grey picture [h, w], on two scales, above what noise alone would give."""
    total = np.zeros_like(grey)
    for sigma, share in ((_FINE_SIGMA, 1.0), (_COARSE_SIGMA, 2.0)):
        smooth = cv2.GaussianBlur(grey, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        across = cv2.filter2D(smooth, -1, np.array([[-1.0, 2.0, -1.0]], np.float32), borderType=cv2.BORDER_REFLECT)
        down = cv2.filter2D(smooth, -1, np.array([[-1.0], [2.0], [-1.0]], np.float32), borderType=cv2.BORDER_REFLECT)
        total += np.float32(share) * (np.abs(across) + np.abs(down))
    summed = cv2.GaussianBlur(total, (0, 0), _WINDOW_SIGMA, borderType=cv2.BORDER_REFLECT)
    return np.asarray(summed, np.float32)


def all_in_focus(slices: Sequence[Map], volume: Map) -> Map:
    """Each pixel [h, w, 3] from where it is sharpest, blended softly between slices (a guide, not a result)."""
    best = np.maximum(volume.max(axis=0), 1e-6)
    total = np.zeros_like(slices[0])
    weights = np.zeros(best.shape, np.float32)
    for picture, plane in zip(slices, volume, strict=True):
        weight = cv2.GaussianBlur((plane / best) ** 8, (0, 0), 1.0) + np.float32(1e-6)
        total += picture * weight[..., None]
        weights += weight
    return np.asarray(total / weights[..., None], np.float32)


def peak(volume: Map, places: Map) -> tuple[Map, Map]:
    """Return (place of the highest sharpness [h, w] in 0..1, how far it can be trusted [h, w] in 0..1).

    volume [n, h, w] of rising `places`. Between slices the peak is that of the Gaussian through the highest slice and
    its two neighbours, which need not be evenly spaced; at the ends it is the slice itself.
    """
    count = len(places)
    top = volume.argmax(axis=0)
    highest = np.take_along_axis(volume, top[None], 0)[0]
    place = places[top].astype(np.float32)
    if count >= 3:
        middle = np.clip(top, 1, count - 2)
        logs = np.log(np.maximum(volume, 1e-7))
        left, centre, right = (np.take_along_axis(logs, (middle + step)[None], 0)[0] for step in (-1, 0, 1))
        x0, x1, x2 = places[middle - 1], places[middle], places[middle + 1]
        rise, fall = (centre - left) / (x1 - x0), (right - centre) / (x2 - x1)
        bend = np.minimum((fall - rise) / (x2 - x0), -1e-4)
        vertex = 0.5 * (x0 + x1) - 0.5 * rise / bend
        # No peak lies farther off than half way to the next slice, or that one would be the highest.
        low, high = (
            0.5 * (places[np.maximum(top - 1, 0)] + place),
            0.5 * (places[np.minimum(top + 1, count - 1)] + place),
        )
        place = np.clip(vertex, low, high).astype(np.float32)
    floor = np.median(volume, axis=0) if count > 3 else volume.min(axis=0)
    noise = float(np.percentile(volume.min(axis=0), 20)) + 1e-5
    standout = (highest - floor) / noise
    contrast = 1.0 - floor / np.maximum(highest, 1e-7)
    sure = np.clip(standout / _SURE_STANDOUT, 0.0, 1.0) * np.clip(2.0 * contrast, 0.0, 1.0)
    return place, np.asarray(sure, np.float32)


def filled(place: Map, sure: Map, guide: Map) -> Map:
    """Spread sure places [h, w] over unsure ones, not across edges of the guide [h, w, 3].

    Two strengths: little where there is something sure nearby, much where a wide surrounding has to tell.
    """
    trust = np.asarray(sure * sure + np.float32(1e-4), np.float32)
    bytes_guide = np.ascontiguousarray(np.rint(guide * 255.0), np.uint8)
    scale = (max(place.shape) / _USUAL_SIDE) ** 2
    found = []
    for strength in (_SMOOTHING, _WIDE_SMOOTHING):
        smoother = cv2.ximgproc.createFastGlobalSmootherFilter(bytes_guide, strength * scale, 255.0 * _EDGE)
        weight = np.maximum(smoother.filter(trust), 1e-9)
        found.append((smoother.filter(np.asarray(place * trust, np.float32)) / weight, weight))
    (fine, near_trust), (wide, _) = found
    share = np.clip(near_trust / _TRUSTED, 0.0, 1.0)
    return np.asarray(wide + share * (fine - wide), np.float32)


def _guided(guide: Map, plane: Map) -> Map:
    radius = max(2, round(_GUIDE_RADIUS * max(plane.shape) / _USUAL_SIDE))
    smooth = cv2.ximgproc.guidedFilter(guide, plane, radius, _GUIDE_EPS)
    return np.asarray(np.maximum(smooth, 1e-7), np.float32)


def _grey(picture: Map) -> Map:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def resized(plane: Map, size: tuple[int, int]) -> Map:
    """Return a map or picture at `size` (width, height)."""
    if (plane.shape[1], plane.shape[0]) == size:
        return plane
    shrinks = size[0] < plane.shape[1]
    return np.asarray(
        cv2.resize(plane, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.float32
    )
