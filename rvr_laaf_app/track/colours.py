"""Which colours belong to the subject and which to what is around it, and how clearly a box stands out by them.

A correlation tracker that slid to the background looks sure of itself: it learned the slide. Colours that were common
in the subject and rare around it do not slide along (Possegger et al. 2015, "In defense of color-based tracking",
Eq. 1-3). They also tell how large the subject is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box

Scalar = TypeVar("Scalar", bound=np.generic)

WORK_LONG_SIDE = 320
BITS = 4  # of each channel
RING = 2.0  # the surroundings reach to this multiple of the box
WHOLE_SHARE = 0.3  # of the whole picture in what counts as surroundings
RARE = 2e-4  # share of pixels below which a colour says nothing


@dataclass(frozen=True, slots=True, eq=False)
class ColourModel:
    """Shares of each colour [4096] float32 within the subject and around it."""

    subject: NDArray[np.float32]
    around: NDArray[np.float32]

    def blended(self, newer: ColourModel, rate: float) -> ColourModel:
        """Return the model moved towards a newer one."""
        old, new = np.float32(1.0 - rate), np.float32(rate)
        return ColourModel(old * self.subject + new * newer.subject, old * self.around + new * newer.around)


def colour_codes(rgb: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return the colour bin of every pixel [h', w'] of the picture [h, w, 3], shrunk to WORK_LONG_SIDE."""
    height, width = rgb.shape[:2]
    scale = min(1.0, WORK_LONG_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else rgb
    red, green, blue = (small[..., k].astype(np.uint16) >> (8 - BITS) for k in range(3))
    return np.asarray((red << (2 * BITS)) | (green << BITS) | blue, np.uint16)


def learn_colours(codes: NDArray[np.uint16], box: Box) -> ColourModel:
    """Return the colours of the middle of the box and of its surroundings."""
    inside = _shares(_cut(codes, box.scaled(0.8)))
    ring_counts = _counts(_cut(codes, box.scaled(RING))) - _counts(_cut(codes, box))
    ring = ring_counts / max(float(ring_counts.sum()), 1.0)
    around = (1.0 - WHOLE_SHARE) * ring + WHOLE_SHARE * _shares(codes)
    return ColourModel(inside, np.asarray(around, np.float32))


def belonging(codes: NDArray[np.uint16], model: ColourModel) -> NDArray[np.float32]:
    """Return for every pixel [h', w'] how likely it is the subject by its colour, 0..1; 0.5 = cannot be told."""
    table = (model.subject + RARE) / (model.subject + model.around + 2 * RARE)
    return np.asarray(cv2.blur(table[codes], (3, 3)), np.float32)


def stands_out(likely: NDArray[np.float32], box: Box) -> float:
    """Return how much more the box's pixels belong to the subject than those around it, -1..1."""
    inner, outer = _cut(likely, box.scaled(0.9)), _cut(likely, box.scaled(RING))
    if inner.size == 0 or outer.size <= inner.size:
        return 0.0
    total_inside, total = float(inner.sum()), float(outer.sum())
    return total_inside / inner.size - (total - total_inside) / (outer.size - inner.size)


def mass(likely: NDArray[np.float32], box: Box) -> float:
    """Return the area, as a share of the picture, that clearly belongs to the subject in and near the box."""
    near = _cut(likely, box.scaled(1.5))
    return float(np.maximum(near - 0.5, 0.0).sum()) / likely.size


def centred(likely: NDArray[np.float32], box: Box) -> Box:
    """Return the box moved, by at most half its size, to where it stands out most: steps of a tenth, uphill."""
    best, height = box, stands_out(likely, box)
    for _ in range(5):
        moves = [(dx, dy) for dx in (-0.1, 0.0, 0.1) for dy in (-0.1, 0.0, 0.1) if dx or dy]
        tried = [Box(best.x + dx * box.width, best.y + dy * box.height, box.width, box.height) for dx, dy in moves]
        heights = [stands_out(likely, b) for b in tried]
        if max(heights) <= height:
            break
        best, height = tried[int(np.argmax(heights))], max(heights)
    return best


def _cut(values: NDArray[Scalar], box: Box) -> NDArray[Scalar]:
    height, width = values.shape
    x, y, w, h = box.clipped().pixels(width, height)
    x0, y0 = int(x), int(y)
    return values[y0 : max(round(y + h), y0 + 1), x0 : max(round(x + w), x0 + 1)]


def _counts(codes: NDArray[np.uint16]) -> NDArray[np.float64]:
    return np.bincount(codes.ravel(), minlength=1 << (3 * BITS)).astype(np.float64)


def _shares(codes: NDArray[np.uint16]) -> NDArray[np.float32]:
    counts = _counts(codes)
    return np.asarray(counts / max(float(counts.sum()), 1.0), np.float32)
