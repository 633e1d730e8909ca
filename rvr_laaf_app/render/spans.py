"""The fast exact renderer: the layered model by span-prefix gather on the processor, and its preview tier."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.render import span_kernels as kernels
from rvr_laaf_app.render.aperture import Spans, extent_of, spans_of
from rvr_laaf_app.render.base import Aperture, Quality
from rvr_laaf_app.render.check import check_picture, is_sharp
from rvr_laaf_app.render.levels import LevelGrid, level_grid
from rvr_laaf_app.render.occlusion import Surfaces, separate

CATS_EYE_CHUNK = 16  # output pixels that share one clipped shape
_BLOCK = 192
_CHUNK = 64


class SpanRenderer:
    """The layered model (Zhang et al. 2019, Eq. 2 and 3, with blurred mattes, normalised) on unmixed surfaces."""

    name = "spans"
    version = "1"

    def render(
        self, linear: NDArray[np.float32], coc_px: NDArray[np.float32], *, aperture: Aperture, quality: Quality
    ) -> NDArray[np.float32]:
        """Return the picture with shallow depth of field, linear [H, W, 3] float32."""
        check_picture(linear, coc_px)
        if is_sharp(coc_px):
            return linear.copy()
        return render_surfaces(separate(linear, coc_px), level_grid(coc_px), aperture)


def render_surfaces(surfaces: Surfaces, grid: LevelGrid, aperture: Aperture) -> NDArray[np.float32]:
    """Render two surfaces per pixel with given levels, linear [H, W, 3] float32."""
    height, width = surfaces.front_coc_px.shape
    layers = _layers(surfaces, grid)
    plan = kernels.Plan(
        _BLOCK,
        CATS_EYE_CHUNK if aperture.cats_eye > 0 else _CHUNK,
        grid.slab,
        aperture.cats_eye,
        width / 2,
        height / 2,
        math.hypot(width, height) / 2,
    )
    out = np.empty((height, 4 * width), np.float32)
    kernels.render_blocks(layers, _shapes(aperture, grid), plan, out)
    result = np.empty((height, width, 3), np.float32)
    kernels.normalise(out, result)
    return result


def warm_up() -> None:
    """Compile (or load from the cache) everything, so that the first picture does not wait for it."""
    linear = np.ones((8, 8, 3), np.float32)
    coc = np.linspace(-4, 4, 64, dtype=np.float32).reshape(8, 8)
    SpanRenderer().render(linear, coc, aperture=Aperture(), quality="final")


def _layers(surfaces: Surfaces, grid: LevelGrid) -> kernels.Layers:
    """Sort the surfaces into levels; coc arrays are not changed."""
    height, width = surfaces.front_coc_px.shape
    tiles = (math.ceil(height / kernels.TILE), math.ceil(width / kernels.TILE))
    front, back = surfaces.front.reshape(height, -1), surfaces.back.reshape(height, -1)
    front_level, back_level = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    front_bits, back_bits = np.empty(tiles, np.uint64), np.empty(tiles, np.uint64)
    kernels.to_levels(
        surfaces.front_coc_px,
        back,
        surfaces.back_coc_px,
        0.5 / grid.spacing_px,
        float(grid.focus_index),
        float(grid.count - 1),
        front_level,
        back_level,
        front_bits,
        back_bits,
    )
    return kernels.Layers(front, front_level, back, back_level, front_bits, back_bits)


def _shapes(aperture: Aperture, grid: LevelGrid) -> kernels.Shapes:
    """Return the kernels' tables: the gather looks back from output to source, so shapes are turned half round."""
    spans: list[Spans] = [spans_of(aperture, float(radius)) for radius in grid.radii_px]
    count, most = len(spans), 2 * max(s.reach for s in spans) + 1
    left, right, weight = (np.zeros((count, most)) for _ in range(3))
    for i, s in enumerate(spans):
        rows = slice(0, len(s.left))
        left[i, rows], right[i, rows], weight[i, rows] = -s.right[::-1], -s.left[::-1], s.weight[::-1]
    begin, end = left + 0.5, right + 0.5
    fb, fe = begin - np.floor(begin), end - np.floor(end)
    return kernels.Shapes(
        reach=np.array([s.reach for s in spans], np.int64),
        side=np.array([math.ceil(max(s.right.max(), -s.left.min()) + 0.5) for s in spans], np.int64),
        left=left,
        right=right,
        weight=weight,
        offsets=np.stack([np.floor(begin), np.floor(end)], -1).astype(np.int64),
        shares=(weight[..., None] * np.stack([1 - fb, fb, 1 - fe, fe], -1)).astype(np.float32),
        area=np.array([s.area for s in spans]),
        extent=np.array([extent_of(aperture, float(radius)) for radius in grid.radii_px]) * [1.0, 1.0, -1.0],
    )
