"""How far the disparity of each place of a frame may be off: what holds the blur back, and what the viewer shows.

Two things speak of doubt. The network's confidence tells where it expects to be wrong, mildly and over an area. And
near a step of disparity the picture itself may disagree: a strand of hair has the colour of the head but the disparity
of the wall behind it. Nothing is corrected here, and nothing is blurred.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.frame import RgbdFrame

# Disparity that an estimate without any confidence may be off (found by looking: at 0.5 the wobble inside one person
# is covered, at 1.0 a wall that a person leans against becomes sharp with them).
OFF_BY = 0.5
SHOWN_FULL = 0.2  # doubt from which the viewer shows full colour
_LONG_SIDE = 320  # of the map: it speaks of places, not of pixels
_REACH = 6  # map pixels on either side in which colours are compared
_LEAST_STEP = 0.08
_NOISE = 150.0  # bytes squared, all channels: differences of colour that mean nothing
_ALLOWED = 0.25  # disagreement of picture and disparity that mixed pixels have anyway
_EDGE_WEIGHT = 1.5

Map = NDArray[np.float32]


def doubt_of(rgbd: RgbdFrame, guide_rgb: NDArray[np.uint8]) -> Map:
    """Return how far disparity may be off, in disparity [h, w] float32, small; guide_rgb [H, W, 3] uint8."""
    width, height = rgbd.size
    scale = min(1.0, _LONG_SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    disparity = _shrunk(rgbd.disparity.astype(np.float32), size)
    confidence = _shrunk(rgbd.confidence.astype(np.float32), size)
    doubt: Map = np.float32(OFF_BY) * (1.0 - np.clip(confidence, 0.0, 1.0))
    edges = _disagreement(disparity, guide_rgb, size)
    return doubt if edges is None else np.maximum(doubt, edges)


def _shrunk(plane: Map, size: tuple[int, int]) -> Map:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def _disagreement(disparity: Map, guide_rgb: NDArray[np.uint8], size: tuple[int, int]) -> Map | None:
    """Return the step of disparity beside which a pixel has the colour of the other side, as far as it has; or None."""
    reach = 2 * _REACH + 1
    window = np.ones((reach, reach), np.uint8)
    far, near = cv2.erode(disparity, window), cv2.dilate(disparity, window)
    step = near - far
    cells = np.flatnonzero(step > _LEAST_STEP)
    if cells.size == 0:
        return None
    place = (disparity - far) / np.maximum(step, np.float32(1e-4))
    small = cv2.resize(guide_rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    red, green, blue = cv2.split(small)
    facts = cv2.merge([red, green, blue, red * red + green * green + blue * blue, np.ones_like(disparity)])

    def side(belongs: NDArray[np.bool_]) -> tuple[Map, Map, NDArray[np.bool_]]:
        sums = cv2.blur(cv2.copyTo(facts, belongs.view(np.uint8)), (reach, reach)).reshape(-1, 5)[cells]
        share = np.maximum(sums[:, 4], np.float32(1e-4))
        mean = sums[:, :3] / share[:, None]
        spread = np.maximum(sums[:, 3] / share - np.einsum("ij,ij->i", mean, mean), 0.0)
        return mean, spread, sums[:, 4] > 0.02

    (nearer, near_spread, seen_near), (farther, far_spread, seen_far) = side(place > 0.66), side(place < 0.34)
    across, spread = nearer - farther, near_spread + far_spread
    contrast = np.einsum("ij,ij->i", across, across)
    colour = small.reshape(-1, 3)[cells] - farther
    share = np.clip(np.einsum("ij,ij->i", colour, across) / np.maximum(contrast, np.float32(1e-3)), 0.0, 1.0)
    real = np.maximum(contrast - 0.5 * spread, 0.0)
    trust = real / (real + spread + np.float32(_NOISE))
    off = np.clip(np.abs(share - place.reshape(-1)[cells]) - _ALLOWED, 0.0, 1.0) / (1.0 - _ALLOWED)
    found = np.zeros(disparity.size, np.float32)
    found[cells] = np.where(seen_near & seen_far, np.float32(_EDGE_WEIGHT) * off * trust * step.reshape(-1)[cells], 0.0)
    return np.asarray(cv2.blur(found.reshape(disparity.shape), (3, 3)), np.float32)


def shown(doubt: Map | None, size: tuple[int, int]) -> Map:
    """Return doubt (None = nowhere) as the viewer shows it [H, W] float32, 0..1, at picture size (width, height)."""
    if doubt is None:
        return np.zeros(size[::-1], np.float32)
    grown = cv2.resize(doubt, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(grown / np.float32(SHOWN_FULL), 0.0, 1.0), np.float32)
