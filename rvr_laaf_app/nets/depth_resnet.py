"""The depth network of paper 5 (autofocus-by-depth-estimation.txt, steps 3 and 4): a ResNet encoder and a decoder.

Encoder: ResNet-18 or ResNet-50 (He et al. 2016) with the layer names that its public weights have, so that these can be
loaded where somebody has them. Decoder: the paper draws none; this one doubles the size five times and takes the
encoder's map of the same size in each time. Output: a picture of nearness in 0..1, trained with BCE as in the paper.
A baseline to compare with: the program's own network is `rvr_net`. Pure torch; no files here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDE = 32  # height and width of the input are multiples of this
_MEAN = (0.485, 0.456, 0.406)
_SPREAD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class DepthResnetConfig:
    """What defines the network; saved in the header of its checkpoint."""

    layers: int = 18  # 18 or 50
    width: int = 64  # channels of the encoder's first stage: 64 in the paper, fewer for tests and slow machines
    decoder: tuple[int, int, int, int, int] = (256, 128, 64, 32, 16)  # channels at strides 16, 8, 4, 2, 1
    work_long_side: int = 320  # long side in pixels at which a picture is seen


class Stage(NamedTuple):
    """One stage of a ResNet: number of blocks and how far the size is divided on entry."""

    blocks: int
    stride: int


_STAGES = {
    18: (Stage(2, 1), Stage(2, 2), Stage(2, 2), Stage(2, 2)),
    50: (Stage(3, 1), Stage(4, 2), Stage(6, 2), Stage(3, 2)),
}


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut (ResNet-18)."""

    grows = 1

    def __init__(self, inputs: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = _shortcut(inputs, channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, h, w] -> [B, channels, h / stride, w / stride]."""
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions around a shortcut (ResNet-50); four times as many channels come out."""

    grows = 4

    def __init__(self, inputs: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, 4 * channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * channels)
        self.downsample = _shortcut(inputs, 4 * channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, h, w] -> [B, 4 channels, h / stride, w / stride]."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResnetEncoder(nn.Module):
    """A ResNet without its classifier; gives its maps at strides 2, 4, 8, 16 and 32."""

    def __init__(self, layers: int, width: int) -> None:
        super().__init__()
        if layers not in _STAGES:
            raise ValueError(f"there is a ResNet of {' or '.join(map(str, _STAGES))} layers here, not of {layers}")
        block = BasicBlock if layers == 18 else Bottleneck
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        channels, inputs = [width], width
        for number, stage in enumerate(_STAGES[layers]):
            blocks = []
            for index in range(stage.blocks):
                blocks.append(block(inputs, width << number, stage.stride if index == 0 else 1))
                inputs = (width << number) * block.grows
            self.add_module(f"layer{number + 1}", nn.Sequential(*blocks))
            channels.append(inputs)
        self.channels = tuple(channels)

    def forward(self, x: Tensor) -> list[Tensor]:
        """[B, 3, H, W] -> maps with `channels` at strides 2, 4, 8, 16, 32."""
        x = F.relu(self.bn1(self.conv1(x)))
        maps = [x]
        x = F.max_pool2d(x, 3, 2, 1)
        for number in range(1, 5):
            x = self.get_submodule(f"layer{number}")(x)
            maps.append(x)
        return maps


class DepthResnet(nn.Module):
    """See the module's docstring. Input [B, 3, H, W] from `to_input`, H and W multiples of STRIDE."""

    def __init__(self, config: DepthResnetConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = ResnetEncoder(config.layers, config.width)
        *sides, deepest = self.encoder.channels
        inputs = [deepest, *config.decoder[:-1]]
        joined = [side + given for side, given in zip([*sides[::-1], 3], inputs, strict=True)]
        self.decoder = nn.ModuleList(
            _twice(given, channels) for given, channels in zip(joined, config.decoder, strict=True)
        )
        self.to_nearness = nn.Conv2d(config.decoder[-1], 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, 3, H, W] -> logits of nearness [B, H, W]; their sigmoid is 1 for the nearest."""
        *sides, y = self.encoder(x)
        for mix, side in zip(self.decoder, [*sides[::-1], x], strict=True):
            grown = F.interpolate(y, size=side.shape[-2:], mode="bilinear", align_corners=False)
            y = mix(torch.cat([grown, side], 1))
        return self.to_nearness(y)[:, 0]


def to_input(rgb: Tensor) -> Tensor:
    """[B, H, W, 3] uint8 sRGB -> [B, 3, H, W] float32 as ImageNet networks want it."""
    mean = torch.tensor(_MEAN, device=rgb.device).view(1, 3, 1, 1)
    spread = torch.tensor(_SPREAD, device=rgb.device).view(1, 3, 1, 1)
    return (rgb.permute(0, 3, 1, 2).float() / 255.0 - mean) / spread


def working_size(width: int, height: int, *, long_side: int) -> tuple[int, int]:
    """Return (width, height), multiples of STRIDE, for a picture of this size: same aspect, as nearly as that goes."""
    scale = long_side / max(width, height)
    return tuple(max(round(side * scale / STRIDE), 1) * STRIDE for side in (width, height))  # type: ignore[return-value]


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    if inputs == outputs and stride == 1:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


def _twice(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for given in (inputs, outputs):
        layers += [nn.Conv2d(given, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)
