"""The layered model once more, slow and plain in float64: the oracle of every other renderer. NumPy only.

Also the paper's Eq. 3 as printed and in its normalised form, kept by name to show what they cost in quality.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.render.aperture import cats_eye_spans, extent_of, spans_of
from rvr_laaf_app.render.base import Aperture, Quality
from rvr_laaf_app.render.check import check_picture, is_sharp
from rvr_laaf_app.render.levels import LevelGrid, level_grid
from rvr_laaf_app.render.occlusion import Surfaces, plain, separate

EQ3_LAMBDA = 2.8
CATS_EYE_CHUNK = 16  # output pixels of a row that share one clipped shape
_OPAQUE = 0.99999

_F64 = NDArray[np.float64]


class ReferenceRenderer:
    """The same model and surfaces as the span renderer, computed in float64; seconds per picture, for tests."""

    name = "reference"
    version = "1"

    def render(
        self, linear: NDArray[np.float32], coc_px: NDArray[np.float32], *, aperture: Aperture, quality: Quality
    ) -> NDArray[np.float32]:
        """Return the picture with shallow depth of field, linear [H, W, 3] float32; `quality` makes no difference."""
        check_picture(linear, coc_px)
        if is_sharp(coc_px):
            return linear.copy()
        return layered(separate(linear, coc_px), level_grid(coc_px), aperture).astype(np.float32)


def layered(surfaces: Surfaces, grid: LevelGrid, aperture: Aperture) -> _F64:
    """Return the layered model of two surfaces per pixel, [H, W, 3] float64.

    Each surface is shared out between the two levels nearest to its radius (tent, so shares add up to 1). A level is
    blurred with its matte; front to back, it shows where levels in front leave room: min(A (1 - S'), 1 - S), S being
    all coverage so far and S' that of levels more than a slab in front, since neighbours are parts of one surface.
    The sum is divided by the accumulated weight.
    """
    front, behind = surfaces.front.astype(np.float64), surfaces.back.astype(np.float64)
    front_level = _coordinate(surfaces.front_coc_px, grid)
    back_level = _coordinate(surfaces.back_coc_px, grid)
    colour, cover = np.zeros((*front_level.shape, 3)), np.zeros(front_level.shape)
    before, now, slab = cover.copy(), cover.copy(), None
    for d in range(grid.count - 1, -1, -1):
        if d // grid.slab != slab:
            slab, before, now = d // grid.slab, now, cover.copy()
        share = np.maximum(1 - np.abs(front_level - d), 0)[..., None] * front
        share += np.maximum(1 - np.abs(back_level - d), 0)[..., None] * behind
        if not share.any():
            continue
        blurred = _blur(share, float(grid.radii_px[d]), aperture)
        matte = np.maximum(blurred[..., 3], 0)
        room = np.where(1 - cover > 1 - _OPAQUE, 1 - cover, 0)
        seen = np.minimum(matte * (1 - before), room)
        colour += blurred[..., :3] * (seen / np.maximum(matte, 1e-12))[..., None]
        cover = cover + seen
    result: _F64 = colour / np.maximum(cover, 1e-8)[..., None]
    return result


def eq3_printed(linear: NDArray[np.float32], coc_px: NDArray[np.float32], grid: LevelGrid) -> _F64:
    """Return Zhang et al. 2019, Eq. 3 as printed: sharp mattes, no normalisation; darkens and leaves hard edges."""
    return _eq3(linear, coc_px, grid, blurred_matte=False, normalised=False)


def eq3_normalised(linear: NDArray[np.float32], coc_px: NDArray[np.float32], grid: LevelGrid) -> _F64:
    """Return Eq. 3 with blurred mattes, divided by the accumulated weight; sees nothing behind near things."""
    return _eq3(linear, coc_px, grid, blurred_matte=True, normalised=True)


def _eq3(
    linear: NDArray[np.float32], coc_px: NDArray[np.float32], grid: LevelGrid, *, blurred_matte: bool, normalised: bool
) -> _F64:
    rgba = plain(linear, coc_px).front.astype(np.float64)
    level = _coordinate(coc_px, grid)
    out = np.zeros_like(rgba)
    for d in range(grid.count):
        mask = np.exp(-EQ3_LAMBDA * (level - d) ** 2)
        blurred = _blur(rgba * mask[..., None], float(grid.radii_px[d]), Aperture())
        out = out * (1 - (blurred[..., 3] if blurred_matte else mask))[..., None] + blurred
    result: _F64 = out[..., :3] / np.maximum(out[..., 3:], 1e-8) if normalised else out[..., :3]
    return result


def _coordinate(coc_px: NDArray[np.float32], grid: LevelGrid) -> _F64:
    """Return level coordinates [H, W] float64, within the grid."""
    return np.clip(coc_px.astype(np.float64) * (0.5 / grid.spacing_px) + grid.focus_index, 0, grid.count - 1)


def _blur(picture: _F64, radius_px: float, aperture: Aperture) -> _F64:
    """Convolve [H, W, C] with the aperture of a signed radius, nothing beyond the border."""
    if aperture.cats_eye > 0:
        return _blur_clipped(picture, radius_px, aperture)
    kernel = spans_of(aperture, radius_px).kernel()
    n, m = kernel.shape[0] // 2, kernel.shape[1] // 2
    height, width = picture.shape[:2]
    size = (height + 2 * n, width + 2 * m)
    spectrum = np.fft.rfft2(picture, size, axes=(0, 1)) * np.fft.rfft2(kernel, size)[..., None]
    result: _F64 = np.fft.irfft2(spectrum, size, axes=(0, 1))[n : n + height, m : m + width]
    return result


def _blur_clipped(picture: _F64, radius_px: float, aperture: Aperture) -> _F64:
    """Convolve with a shape that the lens barrel clips, anew for each row and every 16 pixels."""
    height, width = picture.shape[:2]
    spans, extent = spans_of(aperture, radius_px), extent_of(aperture, radius_px)
    pad = spans.reach + spans.kernel().shape[1] // 2
    padded = np.pad(picture, ((pad, pad), (pad, pad), (0, 0)))
    scale = aperture.cats_eye / (math.hypot(width, height) / 2)
    out = np.empty_like(picture)
    for y in range(height):
        for x in range(0, width, CATS_EYE_CHUNK):
            size = min(width, x + CATS_EYE_CHUNK) - x
            offset = ((x + size / 2 - width / 2) * scale, (y + 0.5 - height / 2) * scale)
            kernel = cats_eye_spans(spans, extent, offset).kernel()[::-1, ::-1]
            n, m = kernel.shape[0] // 2, kernel.shape[1] // 2
            area = padded[y + pad - n : y + pad + n + 1, x + pad - m : x + pad + m + size]
            windows = np.lib.stride_tricks.sliding_window_view(area, kernel.shape[1], axis=1)
            out[y, x : x + size] = np.einsum("ij,ixcj->xc", kernel, windows)
    return out
