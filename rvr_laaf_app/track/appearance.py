"""What the subject looks like: a small normalised patch and a colour histogram, and how alike another place is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box

PATCH_PX = 32
HUE_BINS, SATURATION_BINS = 16, 8


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """patch [32, 32] float32 with mean 0 and norm 1 (0 if flat); colours [16 * 8] float32 with sum 1."""

    patch: NDArray[np.float32]
    colours: NDArray[np.float32]


def look_at(rgb: NDArray[np.uint8], box: Box) -> Look | None:
    """Return how the box looks in rgb [h, w, 3], or None if hardly anything of it lies inside the picture."""
    inside = box.clipped()
    height, width = rgb.shape[:2]
    x, y, w, h = (round(v) for v in inside.pixels(width, height))
    if inside.area < 0.3 * box.area or w < 4 or h < 4:
        return None
    piece = rgb[y : y + h, x : x + w]
    return Look(_patch(piece), _colours(piece))


def _patch(piece: NDArray[np.uint8]) -> NDArray[np.float32]:
    grey = cv2.cvtColor(np.ascontiguousarray(piece), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (PATCH_PX, PATCH_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= small.mean()
    norm = float(np.linalg.norm(small))
    return small / np.float32(norm) if norm > 1.0 else np.zeros_like(small)


def _colours(piece: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Histogram of hue and saturation of the inner part, where the subject fills the box."""
    height, width = piece.shape[:2]
    inner = piece[height // 8 : height - height // 8, width // 8 : width - width // 8]
    hsv = cv2.cvtColor(np.ascontiguousarray(inner), cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1], None, [HUE_BINS, SATURATION_BINS], [0, 180, 0, 256])
    flat = np.asarray(counts, np.float32).ravel()
    return flat / max(float(flat.sum()), 1.0)


def likeness(a: Look, b: Look) -> float:
    """Return 0..1: correlation of the patches (a turned face keeps its colours) with the overlap of the colours."""
    correlation = float((a.patch * b.patch).sum())
    shared = float(np.minimum(a.colours, b.colours).sum())
    return float(np.clip(0.65 * correlation + 0.35 * shared, 0.0, 1.0))
