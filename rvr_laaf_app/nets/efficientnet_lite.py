"""EfficientNet-Lite (Tan and Le, 2019; the Lite form has no squeeze-excitation and ReLU6) as an encoder with four taps.

Convolutions carry the batch norm of the published weights folded into them, in training as in use: nothing here depends
on the batch. Stride-2 convolutions are padded before and after in turn, so that a map's cells stay within a third of a
cell of where they lie in the picture (padding always on one side, as published, would push the last by half a cell).
Pure torch; no files here.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

# Input: (byte - 127) / 128, as the published weights were trained.
MEAN_BYTE, SPREAD_BYTES = 127.0, 128.0


class Stage(NamedTuple):
    """A run of blocks of one width: repeats, kernel, stride of the first, expansion, output channels."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    outputs: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
STEM = 32
# name -> (width, depth) factors of the published sizes
SIZES = {"lite0": (1.0, 1.0), "lite2": (1.1, 1.2)}


class EncoderMaps(NamedTuple):
    """Maps at strides 2, 4, 8, 16 and 32."""

    s2: Tensor
    s4: Tensor
    s8: Tensor
    s16: Tensor
    s32: Tensor


def scaled_stages(size: str) -> tuple[Stage, ...]:
    """Stages of a published size; the stem, and the repeats of the first and last stage, are not scaled."""
    width, depth = SIZES[size]
    last = len(STAGES) - 1
    return tuple(
        stage._replace(
            repeats=stage.repeats if index in (0, last) else math.ceil(depth * stage.repeats),
            outputs=_rounded(stage.outputs * width),
        )
        for index, stage in enumerate(STAGES)
    )


def _rounded(channels: float) -> int:
    """The nearest multiple of 8 that is not under 90 % (the rule of the published networks)."""
    whole = max(8, int(channels + 4) // 8 * 8)
    return whole + 8 if whole < 0.9 * channels else whole


class HalvingConv(nn.Conv2d):
    """A stride-2 convolution of an even-sized map, padded on one side more: `late` = right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, groups: int, late: bool) -> None:
        super().__init__(inputs, outputs, kernel, stride=2, padding=0 if late else kernel // 2, groups=groups)
        self._pads = (kernel // 2 - 1, kernel // 2) * 2 if late else None

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, 2h, 2w] -> [B, outputs, h, w]."""
        return super().forward(x if self._pads is None else F.pad(x, self._pads))


class InvertedResidual(nn.Module):
    """Expand by 1x1, convolve each channel, project by 1x1; a shortcut where shapes allow."""

    def __init__(self, inputs: int, stage: Stage, *, stride: int, late: bool) -> None:
        super().__init__()
        wide = inputs * stage.expand
        self.expand = nn.Conv2d(inputs, wide, 1) if stage.expand != 1 else None
        if stride == 2:
            self.depthwise: nn.Conv2d = HalvingConv(wide, wide, stage.kernel, groups=wide, late=late)
        else:
            self.depthwise = nn.Conv2d(wide, wide, stage.kernel, padding=stage.kernel // 2, groups=wide)
        self.project = nn.Conv2d(wide, stage.outputs, 1)
        self._shortcut = stride == 1 and inputs == stage.outputs

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, h, w] -> [B, outputs, h / stride, w / stride]."""
        y = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        y = self.project(F.relu6(self.depthwise(y), inplace=True))
        return x + y if self._shortcut else y


class EfficientNetLite(nn.Module):
    """See the module's docstring. Input [B, 3, H, W], H and W multiples of 32."""

    def __init__(self, size: str) -> None:
        super().__init__()
        stages = scaled_stages(size)
        late = True
        self.stem = HalvingConv(3, STEM, 3, groups=1, late=late)
        inputs, built = STEM, []
        for stage in stages:
            blocks = []
            for number in range(stage.repeats):
                stride = stage.stride if number == 0 else 1
                late ^= stride == 2
                blocks.append(InvertedResidual(inputs, stage, stride=stride, late=late))
                inputs = stage.outputs
            built.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(built)
        self.channels = tuple(stages[index].outputs for index in (0, 1, 2, 4, 6))

    def blocks(self) -> list[InvertedResidual]:
        """All blocks in order, numbered as published."""
        return [block for block in self.modules() if isinstance(block, InvertedResidual)]

    def forward(self, x: Tensor) -> EncoderMaps:
        """Return the maps of the last stage of each stride."""
        y = F.relu6(self.stem(x), inplace=True)
        s2 = self.stages[0](y)
        s4 = self.stages[1](s2)
        s8 = self.stages[2](s4)
        s16 = self.stages[4](self.stages[3](s8))
        return EncoderMaps(s2, s4, s8, s16, self.stages[6](self.stages[5](s16)))
