"""The fast exact renderer: the normalised layered model by span-prefix gather on the processor."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.render import span_kernels as kernels
from rvr_laaf_app.render.aperture import Spans, spans_of
from rvr_laaf_app.render.base import Aperture, Quality
from rvr_laaf_app.render.levels import LevelGrid, level_grid

SHARP_COC_PX = 1.0  # a disc of this diameter is a pixel
_BLOCK = 192


class SpanRenderer:
    """The layered model (methods: RVR, Eq. 2 and 3, with blurred mattes and divided by the accumulated weight)."""

    name = "spans"
    version = "1"

    def render(
        self, linear: NDArray[np.float32], coc_px: NDArray[np.float32], *, aperture: Aperture, quality: Quality
    ) -> NDArray[np.float32]:
        """Return the picture with shallow depth of field, linear [H, W, 3] float32."""
        _check(linear, coc_px)
        if not coc_px.size or float(np.abs(coc_px).max()) <= SHARP_COC_PX:
            return linear.copy()
        grid = level_grid(float(coc_px.max()) / 2, float(coc_px.min()) / 2)
        shapes = [spans_of(aperture, abs(r)) for r in grid.radii_px]
        return render_grid(linear, coc_px, grid, shapes)


def render_grid(
    linear: NDArray[np.float32], coc_px: NDArray[np.float32], grid: LevelGrid, shapes: list[Spans]
) -> NDArray[np.float32]:
    """Render with given levels and one shape per level."""
    height, width = coc_px.shape
    rgba = np.empty((height, 4 * width), np.float32)
    level = np.empty((height, width), np.float32)
    scale = 0.5 / grid.spacing_px
    kernels.pack(linear, coc_px, scale, float(grid.focus_index), float(grid.count - 1), rgba, level)
    reach, side, offsets, shares, area = _tables(shapes)
    out = np.empty_like(rgba)
    kernels.render_blocks(rgba, level, kernels.occupancy(level), reach, side, offsets, shares, area, out, _BLOCK)
    result = np.empty_like(linear)
    kernels.normalise(out, result)
    return result


def warm_up() -> None:
    """Compile (or load from the cache) everything, so that the first picture does not wait for it."""
    linear = np.ones((8, 8, 3), np.float32)
    coc = np.linspace(-4, 4, 64, dtype=np.float32).reshape(8, 8)
    SpanRenderer().render(linear, coc, aperture=Aperture(), quality="final")


def _check(linear: NDArray[np.float32], coc_px: NDArray[np.float32]) -> None:
    """Raise ValueError unless shapes, dtypes and values are what a renderer takes."""
    if linear.ndim != 3 or linear.shape[2] != 3 or coc_px.shape != linear.shape[:2]:
        raise ValueError(f"linear must be [H, W, 3] and coc_px [H, W], not {linear.shape} and {coc_px.shape}")
    if linear.dtype != np.float32 or coc_px.dtype != np.float32:
        raise ValueError(f"linear and coc_px must be float32, not {linear.dtype} and {coc_px.dtype}")
    if not (np.isfinite(linear).all() and np.isfinite(coc_px).all()):
        raise ValueError("linear and coc_px must be finite")


def _tables(
    shapes: list[Spans],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float32], NDArray[np.float64]]:
    """Return what the kernels need of the shapes: reach, side, span offsets, end shares, area.

    The gather looks from the output pixel back to the sources, so the shape is turned by half a turn.
    """
    reach = np.array([s.reach for s in shapes], np.int64)
    most = 2 * int(reach.max()) + 1
    offsets = np.zeros((len(shapes), most, 2), np.int64)
    shares = np.zeros((len(shapes), most, 4), np.float32)
    side = np.zeros(len(shapes), np.int64)
    for i, s in enumerate(shapes):
        left, right, weight = 0.5 - s.right[::-1], 0.5 - s.left[::-1], s.weight[::-1]
        rows = slice(0, len(left))
        offsets[i, rows, 0], offsets[i, rows, 1] = np.floor(left), np.floor(right)
        fl, fr = left - np.floor(left), right - np.floor(right)
        shares[i, rows] = np.stack([weight * (1 - fl), weight * fl, weight * (1 - fr), weight * fr], 1)
        side[i] = math.ceil(max(float(s.right.max()), float(-s.left.min())) + 0.5)
    return reach, side, offsets, shares, np.array([s.area for s in shapes])
