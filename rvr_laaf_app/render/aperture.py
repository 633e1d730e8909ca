"""Aperture shapes as row spans: for each picture row of the blurred point, where it begins and ends. No rendering here.

A span end may lie anywhere between two pixels, and a row may be covered in part, so a shape grows continuously with the
blur radius: nothing pops while focus is pulled.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.render.base import Aperture

_Chords = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]
_SAMPLES = 16  # sub-rows over which a row's ends are averaged


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """One blurred point, row by row, relative to the centre of its pixel.

    left, right [2n+1] float64 in pixels: ends of rows -n..n; weight [2n+1] in 0..1: how much of the row is covered;
    area: the sum of weight * (right - left).
    """

    left: NDArray[np.float64]
    right: NDArray[np.float64]
    weight: NDArray[np.float64]
    area: float

    @property
    def reach(self) -> int:
        """n: rows above and below the centre."""
        return len(self.left) // 2

    def kernel(self) -> NDArray[np.float64]:
        """Return the shape as a picture [2n+1, 2m+1] float64 that sums to 1 (for the slow reference)."""
        side = max(0, math.ceil(max(float(self.right.max()), float(-self.left.min())) - 0.5))
        x = np.arange(-side, side + 1)[None, :]
        begin, end = np.maximum(x - 0.5, self.left[:, None]), np.minimum(x + 0.5, self.right[:, None])
        picture: NDArray[np.float64] = np.maximum(end - begin, 0.0) * self.weight[:, None]
        picture /= picture.sum()
        return picture


POINT = Spans(np.array([-0.5]), np.array([0.5]), np.array([1.0]), 1.0)


def spans_of(aperture: Aperture, radius_px: float) -> Spans:
    """Return the spans of a point blurred to the area of a disc of `radius_px`; below half a pixel it stays a point."""
    if radius_px <= 0.5:
        return POINT

    def chords(t: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        half = np.sqrt(np.maximum(radius_px * radius_px - t * t, 0.0))
        return -half, half

    return _integrate(chords, -radius_px, radius_px)


def _integrate(chords: _Chords, bottom: float, top: float) -> Spans:
    """Average the chords of a convex shape over each pixel row; rows at the rim count as far as they are covered."""
    reach = max(0, math.ceil(max(top, -bottom) - 0.5))
    rows = np.arange(-reach, reach + 1)
    low, high = np.maximum(rows - 0.5, bottom), np.minimum(rows + 0.5, top)
    weight = np.maximum(high - low, 0.0)
    inner = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    left, right = chords(low[:, None] + weight[:, None] * inner[None, :])
    left, right = left.mean(1), right.mean(1)
    return Spans(left, right, weight, float((weight * (right - left)).sum()))
