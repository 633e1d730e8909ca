"""Where people look at a picture: the first stages of an image-recognition trunk and a light head, under 3 MB.

The trunk is EfficientNet-Lite0 up to stride 16 (Tan and Le 2019), its last stage cut to two blocks: what a recognition
network knows of faces, writing and things is what the eye goes to (Kümmerer et al. 2015). The head brings the maps of
strides 8 and 16 together, adds what the whole picture is about, and knows where in the picture it is, because viewers
prefer the middle. Pure torch; knows no files.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rvr_laaf_app.nets.efficientnet_lite import MEAN_BYTE, SPREAD_BYTES, EfficientNetLite

TRUNK_STAGES = 5  # of the seven
LAST_BLOCKS = 2  # of the last of them
CELL = 8  # pixels of the input to one of the map


@dataclass(frozen=True, slots=True)
class GazeConfig:
    """What defines the network; saved in the header of its checkpoint."""

    long_side: int = 256  # pixels of the picture that it sees; a multiple of 16
    width: int = 64  # channels of the head


class GazeNet(nn.Module):
    """Input [B, 3, H, W] from `to_input`, H and W multiples of 16; output: logits [B, H / 8, W / 8] over the place."""

    def __init__(self, config: GazeConfig) -> None:
        super().__init__()
        self.config = config
        trunk = EfficientNetLite("lite0")
        self.stem = trunk.stem
        self.stages = nn.ModuleList(list(trunk.stages)[:TRUNK_STAGES])
        last = self.stages[-1]
        assert isinstance(last, nn.Sequential)
        self.stages[-1] = last[:LAST_BLOCKS]
        c8, c16 = trunk.channels[2], trunk.channels[3]
        w = config.width
        self.from16, self.from8 = nn.Conv2d(c16, w, 1), nn.Conv2d(c8, w, 1)
        self.whole = nn.Linear(c16, w)
        self.wide = nn.Conv2d(w, w, 5, padding=4, dilation=2, groups=w)
        self.mix16 = nn.Conv2d(w, w, 1)
        self.near = nn.Conv2d(w, w, 3, padding=1, groups=w)
        self.mix8 = nn.Conv2d(w + 4, w, 1)
        self.out = nn.Conv2d(w, 1, 1)

    def trunk(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Maps of strides 8 and 16."""
        y = F.relu6(self.stem(x), inplace=True)
        s8 = self.stages[2](self.stages[1](self.stages[0](y)))
        return s8, self.stages[4](self.stages[3](s8))

    def head(self, s8: Tensor, s16: Tensor) -> Tensor:
        """Logits [B, h8, w8] from the trunk's maps."""
        about = self.whole(s16.mean((2, 3)))[:, :, None, None]
        y = F.relu(self.from16(s16) + about)
        y = F.relu(y + self.mix16(self.wide(y)))
        y = F.interpolate(y, size=s8.shape[-2:], mode="bilinear", align_corners=False)
        y = F.relu(y + self.near(F.relu(y + self.from8(s8))))
        place = _places(s8.shape[-2], s8.shape[-1], y).expand(len(y), -1, -1, -1)
        return self.out(F.relu(self.mix8(torch.cat([y, place], 1))))[:, 0]

    def forward(self, x: Tensor) -> Tensor:
        """See the class's docstring."""
        return self.head(*self.trunk(x))


def _places(rows: int, columns: int, like: Tensor) -> Tensor:
    """Return x, y in -1..1 and their squares [1, 4, rows, columns]."""
    x = ((torch.arange(columns, device=like.device) + 0.5) / columns * 2 - 1).expand(rows, columns)
    y = ((torch.arange(rows, device=like.device) + 0.5) / rows * 2 - 1)[:, None].expand(rows, columns)
    return torch.stack([x, y, x * x, y * y])[None].to(like.dtype)


def to_input(rgb: Tensor) -> Tensor:
    """[B, H, W, 3] uint8 -> [B, 3, H, W] float as the trunk knows it."""
    return (rgb.permute(0, 3, 1, 2).float() - MEAN_BYTE) / SPREAD_BYTES


def input_size(width: int, height: int, config: GazeConfig) -> tuple[int, int]:
    """Width and height at which a picture is shown to the network: its aspect, as nearly as multiples of 16 allow."""
    scale = config.long_side / max(width, height)
    across, down = (max(round(side * scale / 16), 2) * 16 for side in (width, height))
    return across, down
