"""Painting from a slice into the picture that was made of all of them. Strokes in, picture out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.media.image_file import write_png
from rvr_laaf_app.pipeline.capture_develop import Developed

SOFT: Final = 0.35  # of the brush's radius over which it fades
_FINE: Final = 4  # bits of the places between pixels


def brush_mask(points: Sequence[Point], radius: float, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a soft stroke [h, w] float32 0..1; points 0..1, radius as a share of the width, size (width, height)."""
    width, height = size
    radius_px = max(radius * width, 1.0)
    places = np.array([[p.x * width - 0.5, p.y * height - 0.5] for p in points], np.float64)
    mask = np.zeros((height, width), np.uint8)
    thick = max(round(2 * radius_px * (1.0 - SOFT)), 1)
    fine = np.round(places * (1 << _FINE)).astype(np.int32)
    if len(fine) == 1:
        cv2.circle(mask, fine[0].tolist(), (thick << _FINE) // 2, 255, -1, cv2.LINE_AA, _FINE)
    else:
        cv2.polylines(mask, [fine.reshape(-1, 1, 2)], False, 255, thick, cv2.LINE_AA, _FINE)
    sigma = radius_px * SOFT / 2
    soft = cv2.GaussianBlur(mask.astype(np.float32) / np.float32(255.0), (0, 0), max(sigma, 0.5))
    return np.asarray(soft, np.float32)


def retouched(
    picture: NDArray[Any], strokes: Sequence[tuple[Sequence[Point], float, NDArray[Any]]]
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the picture [h, w, 3] with strokes (points, radius, the slice they take from), one after the other.

    Raises MediaError if a slice does not lie as the picture does.
    """
    if not strokes:
        return picture
    top = np.float32(np.iinfo(picture.dtype).max)
    result = picture.astype(np.float32)
    height, width = picture.shape[:2]
    for points, radius, source in strokes:
        if source.shape != picture.shape:
            raise MediaError("the slice and the result are not of one size", remedy="Develop the sweep again.")
        scale = top / np.float32(np.iinfo(source.dtype).max)
        mask = brush_mask(points, radius, (width, height))[..., None]
        result += mask * (source.astype(np.float32) * scale - result)
    return np.round(np.clip(result, 0.0, top)).astype(picture.dtype)


def save_retouched(made: Developed, picture: NDArray[Any]) -> None:
    """Write the retouched picture beside the one that was made of all slices, which stays as it is."""
    write_png(made.retouched, picture)
