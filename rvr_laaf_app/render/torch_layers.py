"""The layered model in PyTorch, differentiable in light and in coc, on the processor or on CUDA.

The same levels, shapes and compositing as the reference; each level is convolved through the FFT, whose cost does not
depend on the radius and which has none of the slow cases of depthwise convolution with large kernels. Which pixels are
depth edges and what lies behind them is decided outside the graph (`occlusion.separate`).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from rvr_laaf_app.render.aperture import Spans, cats_eye_spans, extent_of, spans_of
from rvr_laaf_app.render.base import Aperture, Quality
from rvr_laaf_app.render.check import check_picture, is_sharp
from rvr_laaf_app.render.levels import LevelGrid, level_grid
from rvr_laaf_app.render.occlusion import separate

CATS_EYE_CHUNK = 16  # output pixels of a row that share one clipped shape
_OPAQUE = 0.99999
_SLACK = 1e-4  # where levels cover a pixel exactly, the minimum would sit on its kink: prefer the side with a gradient


class TorchRenderer:
    """The layered model on CUDA where there is one, else on the processor."""

    name = "torch"
    version = "1"

    def __init__(self) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def render(
        self, linear: NDArray[np.float32], coc_px: NDArray[np.float32], *, aperture: Aperture, quality: Quality
    ) -> NDArray[np.float32]:
        """Return the picture with shallow depth of field, linear [H, W, 3] float32; `quality` makes no difference."""
        check_picture(linear, coc_px)
        if is_sharp(coc_px):
            return linear.copy()
        surfaces = separate(linear, coc_px)
        with torch.inference_mode():
            result = layered(
                self._image(surfaces.front),
                self._image(surfaces.front_coc_px),
                level_grid(coc_px),
                aperture,
                back=self._image(surfaces.back),
                back_coc_px=self._image(surfaces.back_coc_px),
            )
        return result.permute(1, 2, 0).contiguous().cpu().numpy()

    def _image(self, array: NDArray[np.float32]) -> torch.Tensor:
        """Return [C, H, W] (or [H, W]) on the device."""
        planes = np.ascontiguousarray(array.transpose(2, 0, 1) if array.ndim == 3 else array, np.float32)
        return torch.from_numpy(planes).to(self.device)


def layered(
    front: torch.Tensor,
    front_coc_px: torch.Tensor,
    grid: LevelGrid,
    aperture: Aperture,
    *,
    back: torch.Tensor | None = None,
    back_coc_px: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return linear light [3, H, W] from premultiplied surfaces [4, H, W] with signed coc diameters [H, W].

    Differentiable in all tensors; the grid is constant. The model is that of `reference.layered`.
    """
    front_level = _coordinate(front_coc_px, grid)
    back_level = None if back is None or back_coc_px is None else _coordinate(back_coc_px, grid)
    colour, cover = torch.zeros_like(front[:3]), torch.zeros_like(front_level)
    before, now, slab = cover, cover, -1
    for d in range(grid.count - 1, -1, -1):
        if d // grid.slab != slab:
            slab, before, now = d // grid.slab, now, cover
        share = (1 - (front_level - d).abs()).clamp_min(0) * front
        if back is not None and back_level is not None:
            share = share + (1 - (back_level - d).abs()).clamp_min(0) * back
        if not bool(share.detach().any()):
            continue
        blurred = _blur(share, float(grid.radii_px[d]), aperture)
        matte = blurred[3].clamp_min(0)
        free = 1 - cover
        room = torch.where(free > 1 - _OPAQUE, free + _SLACK, torch.zeros_like(free))
        seen = torch.minimum(matte * (1 - before), room)
        colour = colour + blurred[:3] * (seen / matte.clamp_min(1e-6))
        cover = cover + seen
    return colour / cover.clamp_min(1e-8)


def opaque(linear: torch.Tensor) -> torch.Tensor:
    """Return linear light [3, H, W] as an opaque surface [4, H, W], for training without hidden surfaces."""
    return torch.cat([linear, torch.ones_like(linear[:1])])


def _coordinate(coc_px: torch.Tensor, grid: LevelGrid) -> torch.Tensor:
    """Return level coordinates [H, W], within the grid."""
    return (coc_px * (0.5 / grid.spacing_px) + grid.focus_index).clamp(0, grid.count - 1)


def _blur(picture: torch.Tensor, radius_px: float, aperture: Aperture) -> torch.Tensor:
    """Convolve [C, H, W] with the aperture of a signed radius, nothing beyond the border."""
    spans = spans_of(aperture, radius_px)
    if aperture.cats_eye > 0:
        return _blur_clipped(picture, spans, extent_of(aperture, radius_px), aperture.cats_eye)
    kernel = torch.from_numpy(spans.kernel()).to(picture)
    if kernel.numel() == 1:
        return picture
    n, m = kernel.shape[0] // 2, kernel.shape[1] // 2
    height, width = picture.shape[1:]
    size = (height + 2 * n, width + 2 * m)
    spectrum = torch.fft.rfft2(picture, s=size) * torch.fft.rfft2(kernel, s=size)
    blurred: torch.Tensor = torch.fft.irfft2(spectrum, s=size)
    return blurred[:, n : n + height, m : m + width]


def _blur_clipped(
    picture: torch.Tensor, spans: Spans, extent: tuple[float, float, float], strength: float
) -> torch.Tensor:
    """Convolve with a shape that the lens barrel clips, anew for each row and every 16 pixels (slow)."""
    height, width = picture.shape[1:]
    pad = max(spans.kernel().shape) // 2 + 1
    padded = torch.nn.functional.pad(picture, (pad, pad, pad, pad))
    scale = strength / (math.hypot(width, height) / 2)
    rows = []
    for y in range(height):
        parts = []
        for x in range(0, width, CATS_EYE_CHUNK):
            size = min(width, x + CATS_EYE_CHUNK) - x
            offset = ((x + size / 2 - width / 2) * scale, (y + 0.5 - height / 2) * scale)
            clipped = cats_eye_spans(spans, extent, offset).kernel()[::-1, ::-1].copy()
            kernel = torch.from_numpy(clipped).to(picture)
            n, m = kernel.shape[0] // 2, kernel.shape[1] // 2
            area = padded[:, y + pad - n : y + pad + n + 1, x + pad - m : x + pad + m + size]
            parts.append(torch.einsum("ij,cixj->cx", kernel, area.unfold(2, kernel.shape[1], 1)))
        rows.append(torch.cat(parts, 1))
    return torch.stack(rows, 1)
