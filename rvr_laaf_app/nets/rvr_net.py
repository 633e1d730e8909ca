"""The RGBD-HDR network: one sRGB-like picture to disparity, confidence and lost exposure, in one forward pass.

Encoder: EfficientNet-Lite, because among encoders whose ImageNet weights may be had under a free licence it is the most
accurate for its time on a processor (no squeeze-excitation, ReLU6). Decoder: from stride 32, where the whole picture is
also seen at once, up to stride 4. Disparity leaves it as a bilateral grid over luma (RVR paper, section 4: better edges
than predicting pixels), which `slice_grid` reads at any resolution with the picture itself as the guide.
`to_input` and `from_output` are the only way in and out, for training and for use alike. Pure torch; no files here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rvr_laaf_app.nets.efficientnet_lite import MEAN_BYTE, SPREAD_BYTES, EfficientNetLite, EncoderMaps


@dataclass(frozen=True, slots=True)
class RvrConfig:
    """What defines the network; saved in the header of its checkpoint."""

    trunk: str = "lite0"
    widths: tuple[int, int, int, int] = (160, 128, 96, 64)  # decoder channels at strides 32, 16, 8, 4
    luma_bins: int = 8
    exposure: int = 24  # channels of the exposure head
    dropout: float = 0.1  # whole channels dropped at stride 32, in training only
    work_long_side: int = 320  # long side in pixels at which the network sees a picture
    disparity_low: float = -2.0  # raw disparity that from_output maps to 0.1, and
    disparity_high: float = 2.0  # to 0.9; both are measured when weights are published
    max_boost_stops: float = 10.0  # the brightest light the exposure head can tell


# The better size, for a GPU or for patience; the fast one is RvrConfig().
BETTER = RvrConfig(trunk="lite2", widths=(224, 192, 128, 96), work_long_side=384)


class RvrOutput(NamedTuple):
    """Raw maps: disparity over luma [B, L, H/4, W/4], logits of confidence [B, H/4, W/4] and boost [B, 3, H/2, W/2]."""

    grid: Tensor
    confidence: Tensor
    boost: Tensor


def grow(x: Tensor, like: Tensor) -> Tensor:
    """Resize [B, C, h, w] to the height and width of `like`."""
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)


def place(x: Tensor) -> Tensor:
    """[B, 2, h, w]: column and row in -1..1 (things lower in a picture tend to be nearer)."""
    height, width = x.shape[-2:]
    rows = ((torch.arange(height, device=x.device) + 0.5) / height * 2 - 1).view(1, 1, height, 1)
    columns = ((torch.arange(width, device=x.device) + 0.5) / width * 2 - 1).view(1, 1, 1, width)
    both = torch.cat([columns.expand(1, 1, height, width), rows.expand(1, 1, height, width)], 1)
    return both.to(x.dtype).expand(x.shape[0], -1, -1, -1)


def clip_gate(rgb_display: Tensor) -> Tensor:
    """How far each channel is clipped: 0 below 240/255, 1 from 252/255 on, smooth between. Any shape, values 0..1."""
    t = ((rgb_display * 255.0 - 240.0) / 12.0).clamp(0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def conv_act(inputs: int, outputs: int, *, dilation: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm (folded away for use), leaky ReLU as in the paper's U-Net."""
    conv = nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.1, inplace=True))


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut; `dilation` widens the first."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = conv_act(channels, channels, dilation=dilation)
        self.second = conv_act(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, h, w] -> the same shape."""
        return x + self.second(self.first(x))


class Merge(nn.Module):
    """Bring the coarser map up, add the encoder's map of this stride, and mix."""

    def __init__(self, coarse: int, side: int, outputs: int) -> None:
        super().__init__()
        self.shrink = nn.Conv2d(coarse, outputs, 1)
        self.side = nn.Conv2d(side, outputs, 1)
        self.mix = nn.Sequential(conv_act(outputs, outputs), Residual(outputs))

    def forward(self, coarse: Tensor, side: Tensor) -> Tensor:
        """[B, coarse, h, w], [B, side, 2h, 2w] -> [B, outputs, 2h, 2w]."""
        fine = self.side(side)
        return self.mix(fine + grow(self.shrink(coarse), fine))


class RvrNet(nn.Module):
    """See the module's docstring. Input [B, 3, H, W] from `to_input`, H and W multiples of 32."""

    def __init__(self, config: RvrConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = EfficientNetLite(config.trunk)
        c2, c4, c8, c16, c32 = self.trunk.channels
        w32, w16, w8, w4 = config.widths
        self.drop = nn.Dropout2d(config.dropout)
        self.side32 = nn.Conv2d(c32 + 2, w32, 1)
        self.context = nn.Sequential(Residual(w32), Residual(w32, dilation=2))
        self.whole = nn.Sequential(nn.Linear(w32, w32), nn.LeakyReLU(0.1), nn.Linear(w32, w32))
        self.merge16 = Merge(w32, c16 + 2, w16)
        self.merge8 = Merge(w16, c8, w8)
        self.merge4 = Merge(w8, c4, w4)
        # One value for all lumas plus what each luma adds: the first learns fast, the second starts at nothing.
        self.to_plain = nn.Sequential(conv_act(w4, 32), nn.Conv2d(32, 1, 1))
        self.to_grid = nn.Sequential(conv_act(w4 + 4, 32), nn.Conv2d(32, config.luma_bins, 1))
        self.to_confidence = nn.Sequential(nn.Conv2d(w4, 16, 1), nn.LeakyReLU(0.1), nn.Conv2d(16, 1, 1))

        e = config.exposure
        self.exposure8 = nn.Conv2d(c8 + w8, e, 1)
        self.exposure4 = nn.Conv2d(c4 + w4, e, 1)
        self.exposure_mix = nn.Sequential(
            conv_act(2 * e + 6, e), conv_act(e, e, dilation=2), conv_act(e, e, dilation=4)
        )
        self.exposure2 = nn.Conv2d(c2, e, 1)
        self.exposure_fine = conv_act(2 * e + 6, e)
        self.to_boost = nn.Conv2d(e, 3, 3, padding=1)

    def decode(self, maps: EncoderMaps) -> tuple[Tensor, Tensor]:
        """Features at strides 8 and 4 of the decoder."""
        s32 = self.drop(maps.s32)
        y32 = self.context(self.side32(torch.cat([s32, place(s32)], 1)))
        y32 = y32 + self.whole(y32.mean((2, 3)))[:, :, None, None]
        y16 = self.merge16(y32, torch.cat([maps.s16, place(maps.s16)], 1))
        y8 = self.merge8(y16, maps.s8)
        return y8, self.merge4(y8, maps.s4)

    def disparity_grid(self, x: Tensor, y4: Tensor) -> Tensor:
        """The bilateral grid [B, L, H/4, W/4]; mean and range of luma in each cell tell which lumas it holds."""
        luma = luma_of(x)
        mean = F.avg_pool2d(luma, 4)
        spread = (F.avg_pool2d(luma.square(), 4) - mean.square()).clamp(min=0).add(1e-6).sqrt()
        around = torch.cat([mean, spread, F.max_pool2d(luma, 4), -F.max_pool2d(-luma, 4)], 1).to(y4.dtype)
        return self.to_plain(y4) + self.to_grid(torch.cat([y4, around], 1))

    def light(self, x: Tensor, maps: EncoderMaps, y8: Tensor, y4: Tensor) -> Tensor:
        """Boost logits [B, 3, H/2, W/2] from both sides' maps and what is clipped."""
        lit = clip_gate((x * SPREAD_BYTES + MEAN_BYTE) / 255.0)
        near4 = torch.cat([F.avg_pool2d(lit, 4), F.max_pool2d(lit, 4)], 1)
        near2 = torch.cat([F.avg_pool2d(lit, 2), F.max_pool2d(lit, 2)], 1)
        e8 = grow(self.exposure8(torch.cat([maps.s8, y8], 1)), y4)
        e4 = self.exposure_mix(torch.cat([e8, self.exposure4(torch.cat([maps.s4, y4], 1)), near4], 1))
        return self.to_boost(self.exposure_fine(torch.cat([grow(e4, maps.s2), self.exposure2(maps.s2), near2], 1)))

    def forward(self, x: Tensor, *, light_from: int = 0) -> RvrOutput:
        """[B, 3, H, W] from `to_input` -> raw maps; no boost for pictures before `light_from` (saves time)."""
        maps = self.trunk(x)
        y8, y4 = self.decode(maps)
        # Detached: neither how sure the disparity is nor the lost light may bend the disparity itself.
        grid, confidence = self.disparity_grid(x, y4), self.to_confidence(y4.detach())[:, 0]
        if light_from >= len(x):
            return RvrOutput(grid, confidence, grid.new_zeros((0, 3, x.shape[2] // 2, x.shape[3] // 2)))
        # In float32 throughout: in bfloat16 the gradients of its dilated convolutions are sometimes not finite.
        with torch.autocast(x.device.type, enabled=False):
            known = EncoderMaps(*(m[light_from:].detach().float() for m in maps))
            y8, y4 = (y[light_from:].detach().float() for y in (y8, y4))
            boost = self.light(x[light_from:].float(), known, y8, y4)
        return RvrOutput(grid, confidence, boost)


def slice_grid(grid: Tensor, luma: Tensor) -> Tensor:
    """Read a bilateral grid [B, L, h, w] with the guide luma [B, 1, H, W] in 0..1: [B, H, W], trilinear.

    Luma bins lie at the centres of L equal parts of 0..1. Chen et al. 2007, "Real-time edge-aware image processing
    with the bilateral grid"; here done bin by bin, which on a processor is quicker than a 3-D gather.
    """
    bins = grid.shape[1]
    size = luma.shape[-2:]
    place_in_bins = (luma * bins - 0.5).clamp(0, bins - 1)
    out = torch.zeros_like(luma)
    for index in range(bins):
        level = F.interpolate(grid[:, index : index + 1], size=size, mode="bilinear", align_corners=False)
        out = out + level * (1 - (place_in_bins - index).abs()).clamp(min=0)
    return out[:, 0]


def working_size(width: int, height: int, *, long_side: int) -> tuple[int, int]:
    """Size (width, height) in multiples of 32 at which a picture is seen: about its aspect, no side under 64."""
    scale = long_side / max(width, height)
    return tuple(max(64, 32 * round(side * scale / 32)) for side in (width, height))  # type: ignore[return-value]


def to_input(rgb_display: Tensor) -> Tensor:
    """[B, H, W, 3] uint8, or [B, 3, H, W] float in 0..1, sRGB-like -> what the network eats, channels last."""
    is_bytes = rgb_display.dtype == torch.uint8
    bytes_ = rgb_display.permute(0, 3, 1, 2).float() if is_bytes else rgb_display * 255.0
    return ((bytes_ - MEAN_BYTE) / SPREAD_BYTES).contiguous(memory_format=torch.channels_last)


def luma_of(x: Tensor) -> Tensor:
    """Luma [B, 1, H, W] in 0..1 (BT.709, on display values) of a picture from `to_input`: the guide of the grid."""
    weights = torch.tensor([0.2126, 0.7152, 0.0722], dtype=torch.float32, device=x.device).view(1, 3, 1, 1)
    return ((x.float() * weights).sum(1, keepdim=True) * SPREAD_BYTES + MEAN_BYTE) / 255.0


def from_output(raw: RvrOutput, guide: Tensor, config: RvrConfig) -> tuple[Tensor, Tensor, Tensor]:
    """Return disparity [B, H, W] in 0..1 (1 = nearest), boost in stops [B, 3, h, w] >= 0, confidence [B, h, w] in 0..1.

    guide [B, 3, H, W] from `to_input`, of any size with the picture's aspect. Disparity is a fixed linear map of the
    raw value between 0.1 and 0.9 (a per-picture stretch would flicker, a curve would bend distances) with soft ends.
    Boost is what the light would be if the pixel is clipped; the caller gates it by what really is (`clip_gate`).
    """
    sliced = slice_grid(raw.grid.float(), luma_of(guide))
    linear = 0.1 + 0.8 * (sliced - config.disparity_low) / (config.disparity_high - config.disparity_low)
    below, above = (0.1 - linear).clamp(min=0), (linear - 0.9).clamp(min=0)
    disparity = linear.clamp(0.1, 0.9) - 0.1 * torch.tanh(below / 0.1) + 0.1 * torch.tanh(above / 0.1)
    boost = config.max_boost_stops * torch.sigmoid(raw.boost.float())
    return disparity, boost, torch.sigmoid(raw.confidence.float())
