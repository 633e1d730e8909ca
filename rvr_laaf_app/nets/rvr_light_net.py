"""The light RGBD-HDR network: one sRGB-like picture to disparity, confidence and lost exposure, in one forward pass.

Encoder: the SqueezeNet 1.0 trunk (Iandola et al., 2016), padded so that its maps at strides 2, 4, 8, 16 lie on the
pixel grid. Decoder: a context stage at stride 32, then lateral 1x1 projections and one or two 3x3 convolutions per
scale down to stride 2; no wide convolution at high resolution, which is where a plain U-Net spends its time.
`to_input` and `from_output` are the only way in and out, for training and for use alike. Pure torch; no files here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# The trunk was trained on BGR bytes minus 104, 117, 123; here in RGB order.
TRUNK_MEAN_RGB = (123.0, 117.0, 104.0)


@dataclass(frozen=True, slots=True)
class RvrLightConfig:
    """What defines the network; saved in the header of its checkpoint."""

    context: int = 128  # channels at strides 32 and 16
    wide: int = 96  # channels at stride 8
    middle: int = 56  # channels at stride 4
    fine: int = 24  # channels at stride 2
    exposure: int = 24  # channels of the exposure head
    dropout: float = 0.1  # whole channels dropped before the context stage, in training only
    work_long_side: int = 320  # long side in pixels at which the network sees a picture
    disparity_centre: float = 0.0  # raw disparity that from_output maps to 0.5, and how much more to sigmoid(1);
    disparity_spread: float = 1.3  # both are measured when weights are published
    max_boost_stops: float = 10.0  # the brightest light the exposure head can tell


class RvrLightOutput(NamedTuple):
    """Raw maps [B, H/2, W/2]: disparity (any scale and shift), confidence logit, boost logits [B, 3, H/2, W/2]."""

    disparity: Tensor
    confidence: Tensor
    boost: Tensor


class Fire(nn.Module):
    """SqueezeNet's block: squeeze by 1x1, expand by 1x1 and 3x3 side by side."""

    def __init__(self, inputs: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, h, w] -> [B, 2 * expand, h, w]."""
        x = F.relu(self.squeeze(x), inplace=True)
        return F.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], 1), inplace=True)


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut; `dilation` widens the first."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.first = conv_bn(channels, channels, dilation=dilation)
        self.second = conv_bn(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, h, w] -> the same shape."""
        return x + self.second(self.first(x))


def conv_bn(inputs: int, outputs: int, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm (folded away for use), leaky ReLU as in the RVR paper's U-Net."""
    conv = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=dilation, dilation=dilation, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.1, inplace=True))


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


class RvrLightNet(nn.Module):
    """See the module's docstring. Input [B, 3, H, W] from `to_input`, H and W multiples of 32."""

    def __init__(self, config: RvrLightConfig) -> None:
        super().__init__()
        self.config = config
        c = config
        self.stem = nn.Sequential(nn.Conv2d(3, 96, 7, stride=2, padding=3), nn.ReLU(inplace=True))
        self.stage4 = nn.Sequential(Fire(96, 16, 64), Fire(128, 16, 64), Fire(128, 32, 128))
        self.stage8 = nn.Sequential(Fire(256, 32, 128), Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256))
        self.stage16 = Fire(512, 64, 256)

        self.drop = nn.Dropout2d(c.dropout)
        self.side16 = nn.Sequential(nn.Conv2d(512 + 2, c.context, 1), nn.LeakyReLU(0.1))
        self.down32 = conv_bn(c.context, c.context, stride=2)
        self.context32 = nn.Sequential(Residual(c.context, 1), Residual(c.context, 2))
        self.whole = nn.Sequential(nn.Linear(c.context, c.context), nn.LeakyReLU(0.1), nn.Linear(c.context, c.context))
        self.up16 = conv_bn(c.context, c.context)
        self.side8 = nn.Conv2d(512 + 2, c.wide, 1)
        self.shrink16 = nn.Conv2d(c.context, c.wide, 1)
        self.up8 = nn.Sequential(conv_bn(2 * c.wide, c.wide), conv_bn(c.wide, c.wide))
        self.side4 = nn.Conv2d(256, c.middle, 1)
        self.shrink8 = nn.Conv2d(c.wide, c.middle, 1)
        self.up4 = nn.Sequential(conv_bn(2 * c.middle, c.middle), conv_bn(c.middle, c.middle))
        self.side2 = nn.Conv2d(96, c.fine, 1)
        self.shrink4 = nn.Conv2d(c.middle, c.fine, 1)
        self.up2 = conv_bn(2 * c.fine + 3, c.fine)
        self.to_disparity = nn.Conv2d(c.fine, 1, 3, padding=1)
        self.coarse_disparity = nn.Conv2d(c.middle, 1, 1)
        self.to_confidence = nn.Sequential(nn.Conv2d(c.middle, 16, 1), nn.LeakyReLU(0.1), nn.Conv2d(16, 1, 1))

        e = c.exposure
        self.exposure8 = nn.Conv2d(512 + c.wide, e, 1)
        self.exposure4 = nn.Conv2d(256, e, 1)
        self.exposure_mix = nn.Sequential(conv_bn(2 * e + 6, e), conv_bn(e, e, dilation=2), conv_bn(e, e, dilation=4))
        self.exposure2 = nn.Conv2d(96, e, 1)
        self.exposure_fine = conv_bn(2 * e + 6, e)
        self.to_boost = nn.Conv2d(e, 3, 3, padding=1)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Trunk maps at strides 2 (96), 4 (256), 8 (512), 16 (512 channels)."""
        s2 = self.stem(x)
        s4 = self.stage4(F.max_pool2d(s2, 3, 2, padding=1))
        s8 = self.stage8(F.max_pool2d(s4, 3, 2, padding=1))
        return s2, s4, s8, self.stage16(F.max_pool2d(s8, 3, 2, padding=1))

    def decode(self, x: Tensor, maps: tuple[Tensor, Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return disparity at stride 2 [B, 1, ..], features at stride 4 and at stride 8."""
        s2, s4, s8, s16 = maps
        y16 = self.side16(torch.cat([self.drop(s16), place(s16)], 1))
        y32 = self.context32(self.down32(y16))
        y32 = y32 + self.whole(y32.mean((2, 3)))[:, :, None, None]
        y16 = self.up16(y16 + grow(y32, y16))
        y8 = self.up8(
            torch.cat([grow(self.shrink16(y16), s8), self.side8(torch.cat([self.drop(s8), place(s8)], 1))], 1)
        )
        y4 = self.up4(torch.cat([grow(self.shrink8(y8), s4), self.side4(s4)], 1))
        colour = F.avg_pool2d(x, 2) / 64
        y2 = self.up2(torch.cat([grow(self.shrink4(y4), s2), self.side2(s2), colour], 1))
        return grow(self.coarse_disparity(y4), s2) + self.to_disparity(y2), y4, y8

    def light(self, x: Tensor, maps: tuple[Tensor, Tensor, Tensor, Tensor], y8: Tensor) -> Tensor:
        """Boost logits [B, 3, H/2, W/2] from trunk maps, the disparity's stride-8 features and what is clipped."""
        s2, s4, s8, _ = maps
        lit = clip_gate((x + trunk_mean(x)) / 255.0)
        near4 = torch.cat([F.avg_pool2d(lit, 4), F.max_pool2d(lit, 4)], 1)
        near2 = torch.cat([F.avg_pool2d(lit, 2), F.max_pool2d(lit, 2)], 1)
        e4 = torch.cat([grow(self.exposure8(torch.cat([s8, y8], 1)), s4), self.exposure4(s4), near4], 1)
        e4 = self.exposure_mix(e4)
        return self.to_boost(self.exposure_fine(torch.cat([grow(e4, s2), self.exposure2(s2), near2], 1)))

    def depth(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Raw disparity and confidence logit [B, H/2, W/2]: the part that train_depth trains."""
        disparity, y4, _ = self.decode(x, self.encode(x))
        return disparity[:, 0], self._confidence(y4, disparity)

    def forward(self, x: Tensor) -> RvrLightOutput:
        """[B, 3, H, W] from `to_input` -> raw maps at half size."""
        maps = self.encode(x)
        disparity, y4, y8 = self.decode(x, maps)
        boost = self.light(x, maps, y8)
        return RvrLightOutput(disparity[:, 0], self._confidence(y4, disparity), boost)

    def _confidence(self, y4: Tensor, disparity: Tensor) -> Tensor:
        # Detached: how sure the disparity is must not bend the disparity itself.
        return grow(self.to_confidence(y4.detach()), disparity)[:, 0]


def working_size(width: int, height: int, *, long_side: int) -> tuple[int, int]:
    """Size (width, height) in multiples of 32 at which a picture is seen: about its aspect, no side under 64."""
    scale = long_side / max(width, height)
    return tuple(max(64, 32 * round(side * scale / 32)) for side in (width, height))  # type: ignore[return-value]


def trunk_mean(like: Tensor) -> Tensor:
    """[1, 3, 1, 1]: the mean the trunk was trained with, RGB bytes."""
    return torch.tensor(TRUNK_MEAN_RGB, dtype=like.dtype, device=like.device).view(1, 3, 1, 1)


def clip_gate(rgb_display: Tensor) -> Tensor:
    """How far each channel is clipped: 0 below 240/255, 1 from 252/255 on, smooth between. Any shape, values 0..1."""
    t = ((rgb_display * 255.0 - 240.0) / 12.0).clamp(0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def to_input(rgb_display: Tensor) -> Tensor:
    """[B, H, W, 3] uint8, or [B, 3, H, W] float in 0..1, sRGB-like -> what the network eats, channels last."""
    is_bytes = rgb_display.dtype == torch.uint8
    bytes_ = rgb_display.permute(0, 3, 1, 2).float() if is_bytes else rgb_display * 255.0
    return (bytes_ - trunk_mean(bytes_)).contiguous(memory_format=torch.channels_last)


def from_output(raw: RvrLightOutput, config: RvrLightConfig) -> tuple[Tensor, Tensor, Tensor]:
    """Return disparity [B, h, w] in 0..1 (1 = nearest), boost in stops [B, 3, h, w] >= 0, confidence [B, h, w] in 0..1.

    The map from raw to disparity is fixed, not per picture: a per-picture stretch would flicker.
    Boost is what the light would be if the pixel is clipped; the caller gates it by what really is (`clip_gate`).
    """
    disparity = torch.sigmoid((raw.disparity - config.disparity_centre) / config.disparity_spread)
    boost = config.max_boost_stops * torch.sigmoid(raw.boost)
    return disparity, boost, torch.sigmoid(raw.confidence)
