"""AF-Net: from a stretch of recorded video to where focus belongs, and whether it should change at its middle.

RVR-LAAF paper, section 5.3 and figure 6. CNN-1 sees `unit_frames` frames around each of `units` moments and tells the
focus region of the moment in their middle; CNN-2 takes CNN-1's features of all moments and tells, after global average
pooling, how likely the middle of them all is a New Focus Target. Both are ResNet-10 in their shape (one basic block in
each of four stages). Frames come at a fifth of the frame rate, so 5 x 5 of them reach over 125 frames: half of them lie
in the future. Beside the colours each frame brings its change since the frame before, because what begins to move is
what a small network with little data must not have to find out. Pure torch; knows no clips and no files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS = 4  # of a frame: red, green, blue, change


@dataclass(frozen=True, slots=True)
class AfNetConfig:
    """What defines the network; saved in the header of its checkpoint."""

    units: int = 5  # f_s: temporal units, an odd number
    unit_frames: int = 5  # f_T: frames in each
    stride: int = 5  # every n-th frame of a clip is seen
    width: int = 96  # pixels, multiples of 32
    height: int = 64
    widths: tuple[int, int, int, int] = (24, 32, 48, 64)  # channels of CNN-1's stages, at strides 4, 4, 8, 16
    widths2: tuple[int, int] = (48, 64)  # channels of CNN-2's stages
    dropout: float = 0.2

    @property
    def frames(self) -> int:
        """Frames that one decision sees: f_s times f_T."""
        return self.units * self.unit_frames


class AfOutput(NamedTuple):
    """Logits of the focus region [B, units, H/8, W/8] (softmax over the place), and of a New Focus Target [B]."""

    region: Tensor
    target: Tensor


class Basic(nn.Module):
    """The basic block of a ResNet."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        same = stride == 1 and inputs == outputs
        self.across = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, h, w] -> [B, outputs, h / stride, w / stride]."""
        y = F.relu(self.norm1(self.first(x)))
        return F.relu(self.norm2(self.second(y)) + self.across(x))


class AfNet(nn.Module):
    """See the module's docstring. Input [B, units * unit_frames, 4, H, W] from `to_input`."""

    def __init__(self, config: AfNetConfig) -> None:
        super().__init__()
        if config.units % 2 == 0:
            raise ValueError("an even number of temporal units has none in the middle")
        self.config = config
        w1, w2, w3, w4 = config.widths
        stem = nn.Conv2d(CHANNELS * config.unit_frames, w1, 5, 2, 2, bias=False)
        self.stem = nn.Sequential(stem, nn.BatchNorm2d(w1), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1))
        self.stage1, self.stage2 = Basic(w1, w1, 1), Basic(w1, w2, 1)
        self.stage3, self.stage4 = Basic(w2, w3, 2), Basic(w3, w4, 2)
        self.side, self.back = nn.Conv2d(w3, w3, 1), nn.Conv2d(w4, w3, 1)
        self.to_region = nn.Sequential(nn.Conv2d(w3, w3, 3, 1, 1), nn.ReLU(inplace=True), nn.Conv2d(w3, 1, 1))

        v1, v2 = config.widths2
        joined = nn.Conv2d(config.units * (w4 + 1), v1, 1, bias=False)
        self.gather = nn.Sequential(joined, nn.BatchNorm2d(v1), nn.ReLU(inplace=True))
        self.when = nn.Sequential(Basic(v1, v1, 1), Basic(v1, v1, 1), Basic(v1, v2, 2), Basic(v2, v2, 1))
        self.drop = nn.Dropout(config.dropout)
        self.to_target = nn.Linear(v2, 1)

    def look(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """CNN-1 on units [N, 4 * unit_frames, H, W]: features [N, w4, H/16, W/16] and region logits [N, H/8, W/8]."""
        y8 = self.stage3(self.stage2(self.stage1(self.stem(x))))
        y16 = self.stage4(y8)
        back = F.interpolate(self.back(y16), size=y8.shape[-2:], mode="bilinear", align_corners=False)
        return y16, self.to_region(self.side(y8) + back)[:, 0]

    def decide(self, features: Tensor, region: Tensor) -> Tensor:
        """CNN-2 on all units' features [B, units, w4, h, w] and regions [B, units, 2h, 2w]: logits [B]."""
        batch, units, _, h, w = features.shape
        # Where focus belongs at each moment is handed on as well: that it moves is what a target means.
        share = F.softmax(region.flatten(2), dim=2).view(batch, units, *region.shape[-2:])
        place = F.adaptive_avg_pool2d(share, (h, w)) * (h * w)
        both = torch.cat([features, place[:, :, None]], 2).flatten(1, 2)
        pooled = self.when(self.gather(both)).mean((2, 3))
        return self.to_target(self.drop(pooled))[:, 0]

    def forward(self, x: Tensor) -> AfOutput:
        """[B, units * unit_frames, 4, H, W] -> region logits of each unit's middle, logit of a target at the centre."""
        batch = x.shape[0]
        c = self.config
        units = x.view(batch * c.units, c.unit_frames * CHANNELS, *x.shape[-2:])
        features, region = self.look(units)
        features = features.view(batch, c.units, *features.shape[1:])
        region = region.view(batch, c.units, *region.shape[1:])
        return AfOutput(region, self.decide(features, region))


def to_input(rgb: Tensor) -> Tensor:
    """[B, T, H, W, 3] uint8 -> [B, T, 4, H, W] float: centred colours, and the absolute change since the frame before.

    The change of the first frame is nothing. Colours are centred on the whole stretch, so that exposure does not count.
    """
    colour = rgb.permute(0, 1, 4, 2, 3).float() / 255.0
    change = torch.zeros_like(colour[:, :, :1])
    change[:, 1:] = (colour[:, 1:] - colour[:, :-1]).abs().mean(2, keepdim=True)
    centred = colour - colour.mean((1, 3, 4), keepdim=True)
    return torch.cat([4.0 * centred, 8.0 * change], 2)


def region_centre(region: Tensor) -> Tensor:
    """Logits [..., h, w] -> (x, y) in 0..1 [..., 2] of the strongest place, refined by the attention around it."""
    h, w = region.shape[-2:]
    share = F.softmax(region.flatten(-2), -1).view(region.shape)
    best = share.flatten(-2).argmax(-1)
    row, column = best // w, best % w
    rows = torch.arange(h, device=region.device).view(*([1] * (region.dim() - 2)), h, 1)
    columns = torch.arange(w, device=region.device).view(*([1] * (region.dim() - 1)), w)
    near = ((rows - row[..., None, None]).abs() <= 2) & ((columns - column[..., None, None]).abs() <= 2)
    weight = share * near
    total = weight.sum((-2, -1)).clamp(min=1e-9)
    x = ((columns + 0.5) / w * weight).sum((-2, -1)) / total
    y = ((rows + 0.5) / h * weight).sum((-2, -1)) / total
    return torch.stack([x, y], -1)
