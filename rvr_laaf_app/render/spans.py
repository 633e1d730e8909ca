"""The fast exact renderer: the layered model by span-prefix gather on the processor, and its preview tier."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.stopping import stop_if_asked
from rvr_laaf_app.render import level_kernels
from rvr_laaf_app.render import span_kernels as kernels
from rvr_laaf_app.render.aperture import Spans, extent_of, spans_of
from rvr_laaf_app.render.base import Aperture, Quality
from rvr_laaf_app.render.check import check_picture, is_sharp
from rvr_laaf_app.render.levels import LevelGrid, level_grid
from rvr_laaf_app.render.occlusion import Surfaces, separate
from rvr_laaf_app.render.preview_kernels import merge
from rvr_laaf_app.render.span_tables import TILE, Layers, Plan, Shapes

CATS_EYE_CHUNK = 16  # output pixels that share one clipped shape
_BLOCK = 256  # output pixels; the prefix rows of one level in a block stay in the second-level cache
# Preview: blur radii in pixels from which levels are rendered at half and at quarter size.
_HALF_PX, _QUARTER_PX = 3.0, 8.0
# A soft rim shows only on lights well above white: their levels keep the full size.
_BRIGHT = 2.0
_MOST_FULL_SIZE = 0.6  # with more of the picture at full size the exact way is quicker
_MOST_GROUPS = 9


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
        surfaces, grid = separate(linear, coc_px), level_grid(coc_px)
        if quality == "preview":
            scales = _preview_scales(grid, _bright_coc(linear, coc_px))
            if _full_size_share(grid, coc_px, scales) < _MOST_FULL_SIZE:
                return preview_surfaces(surfaces, grid, aperture, scales)
        layers = _layers(surfaces, grid, reuse=True)
        del surfaces
        out, _ = _render_group(layers, grid, aperture, (0, grid.count), scale=1)
        del layers  # at 4K a third of a gigabyte, and the result is not there yet
        return _normalised(out)


def render_surfaces(surfaces: Surfaces, grid: LevelGrid, aperture: Aperture) -> NDArray[np.float32]:
    """Render two surfaces per pixel with given levels, exactly; linear [H, W, 3] float32."""
    out, _ = _render_group(_layers(surfaces, grid), grid, aperture, (0, grid.count), scale=1)
    return _normalised(out)


def _normalised(out: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return linear [H, W, 3] for premultiplied [H, 4 W]."""
    result = np.empty((out.shape[0], out.shape[1] // 4, 3), np.float32)
    level_kernels.normalise(out, result)
    return result


def preview_surfaces(
    surfaces: Surfaces, grid: LevelGrid, aperture: Aperture, scales: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Render as `render_surfaces`, but each level at 1 / scales[level] (1, 2 or 4) of the size."""
    layers = _layers(surfaces, grid)
    groups, lags, sizes = [], [], []
    stop = grid.count
    while stop > 0:
        first = stop - 1
        while first > 0 and scales[first - 1] == scales[first]:
            first -= 1
        scale = int(scales[first])
        out, lag = _render_group(layers, grid, aperture, (first, stop), scale=scale)
        groups.append(out)
        lags.append(lag)
        sizes.append(scale)
        stop = first
    while len(groups) < _MOST_GROUPS:  # one compiled form for any number
        groups.append(np.zeros((1, 4), np.float32))
        lags.append(np.zeros((1, 1), np.float32))
    result = np.empty((*surfaces.front_coc_px.shape, 3), np.float32)
    merge(tuple(groups), tuple(lags), np.array(sizes), result)
    return result


def _bright_coc(linear: NDArray[np.float32], coc_px: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the coc diameters of all pixels with light far above white."""
    if float(linear.max()) <= _BRIGHT:
        return np.empty(0, np.float32)
    lights: NDArray[np.float32] = coc_px[linear.max(-1) > _BRIGHT]
    return lights


def _preview_scales(grid: LevelGrid, bright_coc_px: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the scale of each level: smaller for wider blurs, full size where there are lights."""
    radii = grid.radii_px
    scales = np.where(np.abs(radii) >= _QUARTER_PX, 4, np.where(np.abs(radii) >= _HALF_PX, 2, 1))
    for side in (bright_coc_px[bright_coc_px < 0], bright_coc_px[bright_coc_px > 0]):
        if len(side):
            lights = np.searchsorted(radii, [side.min() / 2, side.max() / 2])
            scales[max(lights[0] - 1, 0) : lights[1] + 1] = 1
    return scales


def _full_size_share(grid: LevelGrid, coc_px: NDArray[np.float32], scales: NDArray[np.int64]) -> float:
    """Return about how much of the picture lies in levels of full size (every eighth pixel is asked)."""
    level = np.rint(coc_px[::8, ::8] * (0.5 / grid.spacing_px)).astype(np.int64) + grid.focus_index
    return float((scales[np.clip(level, 0, grid.count - 1)] == 1).mean())


def _render_group(
    layers: Layers, grid: LevelGrid, aperture: Aperture, levels: tuple[int, int], *, scale: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Render levels first..stop - 1 at 1 / scale of the size: premultiplied RGBA [h, 4 w], hidden coverage [h, w]."""
    stop_if_asked()
    full_height, full_width = layers.front_level.shape
    height, width = math.ceil(full_height / scale), math.ceil(full_width / scale)
    plan = Plan(
        first=levels[0],
        stop=levels[1],
        scale=scale,
        block=_BLOCK,
        chunk=CATS_EYE_CHUNK if aperture.cats_eye > 0 else _BLOCK,
        slab=grid.slab,
        cats_eye=float(aperture.cats_eye),
        centre_x=full_width / scale / 2,
        centre_y=full_height / scale / 2,
        diagonal=math.hypot(full_width, full_height) / scale / 2,
    )
    out, hidden = np.empty((height, 4 * width), np.float32), np.zeros((height, width), np.float32)
    radii = [_scaled_radius(float(r), scale) for r in grid.radii_px[levels[0] : levels[1]]]
    kernels.render_blocks(layers, _shapes(aperture, radii), plan, out, hidden)
    return out, hidden


def _scaled_radius(radius_px: float, scale: int) -> float:
    """Return the radius at 1 / scale of the size; what averaging and enlarging blur by themselves is taken off."""
    spread = (scale * scale - 1) / 12 + (scale * scale - 1) / 6  # variance in square pixels
    return math.copysign(math.sqrt(max(radius_px * radius_px - 4 * spread, 0.0)) / scale, radius_px)


def warm_up() -> None:
    """Compile (or load from the cache) everything, so that the first picture does not wait for it."""
    linear = np.ones((8, 8, 3), np.float32)
    coc = np.linspace(-4, 4, 64, dtype=np.float32).reshape(8, 8)
    qualities: tuple[Quality, ...] = ("final", "preview")
    for quality in qualities:
        SpanRenderer().render(linear, coc, aperture=Aperture(), quality=quality)


def _layers(surfaces: Surfaces, grid: LevelGrid, *, reuse: bool = False) -> Layers:
    """Sort the surfaces into levels; with `reuse` the levels take the place of the coc, else that is not changed."""
    stop_if_asked()
    height, width = surfaces.front_coc_px.shape
    tiles = (math.ceil(height / TILE), math.ceil(width / TILE))
    front, back = surfaces.front.reshape(height, -1), surfaces.back.reshape(height, -1)
    coc = surfaces.front_coc_px, surfaces.back_coc_px
    front_level, back_level = coc if reuse else (np.empty_like(coc[0]), np.empty_like(coc[1]))
    front_bits, back_bits = np.empty(tiles, np.uint64), np.empty(tiles, np.uint64)
    level_kernels.to_levels(
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
    return Layers(front, front_level, back, back_level, front_bits, back_bits)


def _shapes(aperture: Aperture, radii_px: list[float]) -> Shapes:
    """Return the kernels' tables: the gather looks back from output to source, so shapes are turned half round."""
    spans: list[Spans] = [spans_of(aperture, radius) for radius in radii_px]
    count, most = len(spans), 2 * max(s.reach for s in spans) + 1
    left, right, weight = (np.zeros((count, most)) for _ in range(3))
    for i, s in enumerate(spans):
        rows = slice(0, len(s.left))
        left[i, rows], right[i, rows], weight[i, rows] = -s.right[::-1], -s.left[::-1], s.weight[::-1]
    begin, end = left + 0.5, right + 0.5
    fb, fe = begin - np.floor(begin), end - np.floor(end)
    return Shapes(
        reach=np.array([s.reach for s in spans], np.int64),
        side=np.array([math.ceil(max(s.right.max(), -s.left.min()) + 0.5) for s in spans], np.int64),
        left=left,
        right=right,
        weight=weight,
        offsets=np.stack([np.floor(begin), np.floor(end)], -1).astype(np.int64),
        shares=(weight[..., None] * np.stack([1 - fb, fb, 1 - fe, fe], -1)).astype(np.float32),
        area=np.array([s.area for s in spans]),
        extent=np.array([extent_of(aperture, radius) for radius in radii_px]) * [1.0, 1.0, -1.0],
    )
