"""Painting from the slices of a developed stack into its picture: strokes as the window has them, and the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.media.image_file import write_png
from rvr_laaf_app.pipeline.capture_develop import Developed
from rvr_laaf_app.stack import retouch
from rvr_laaf_app.stack.fuse import Fused
from rvr_laaf_app.stack.slices import Slices


@dataclass(frozen=True, slots=True)
class BrushStroke:
    """One stroke: points in 0..1, the brush's radius as a share of the picture's width, and from which slice."""

    points: tuple[Point, ...]
    radius: float
    row: int


def retouched(
    picture: NDArray[Any], slices: Slices, strokes: Sequence[BrushStroke]
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the picture [h, w, 3], as deep as it was, with strokes painted in order; itself without any.

    Raises UsageError if the slices do not lie as the picture does.
    """
    if not strokes:
        return picture
    height, width = picture.shape[:2]
    deep = picture if picture.dtype == np.uint16 else picture.astype(np.uint16) * np.uint16(257)
    painted = [
        retouch.Stroke(
            s.row, tuple((p.x * width - 0.5, p.y * height - 0.5) for p in s.points), max(s.radius * width, 1.0)
        )
        for s in strokes
    ]
    result = retouch.retouched(Fused(deep, np.zeros((height, width), np.float32)), slices, painted).rgb
    return result if picture.dtype == np.uint16 else np.asarray((result.astype(np.uint32) + 128) // 257, np.uint8)


def save_retouched(made: Developed, picture: NDArray[Any]) -> None:
    """Write the retouched picture beside the one that was made of all slices, which stays as it is."""
    write_png(made.retouched, picture)
