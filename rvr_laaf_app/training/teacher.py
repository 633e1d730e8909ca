"""The teacher: what finished or averaged networks make of whole photographs, as a lesson for views of them.

A view shows a crop in other colours; what it should look like is the teacher's map of the whole, seen through the same
window. Maps are made once and kept, so that a lesson costs a training step nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rvr_laaf_app.nets.rvr_net import RvrNet, luma_of, slice_grid, to_input
from rvr_laaf_app.training.data_photos import RankedPhoto, View, plain_view
from rvr_laaf_app.training.start_weights import finished

TEACHER_SIZE = (320, 256)


def lesson_of(files: Sequence[Path], photos: list[RankedPhoto], *, device: str) -> Tensor | None:
    """What several finished networks agree on: the mean of their maps, each on its own scale; None without any."""
    maps = [teach(finished(file).eval().to(device), photos, device=device) for file in files]
    alike = [(m - m.mean((2, 3), keepdim=True)) / m.std((2, 3), keepdim=True) for m in maps]
    return torch.stack(alike).mean(0) if alike else None


@torch.inference_mode()
def teach(net: RvrNet, photos: list[RankedPhoto], *, device: str) -> Tensor:
    """Maps [N, 1, h, w] of every whole photograph mean of the picture and its mirror image."""
    maps = []
    for photo in photos:
        x = to_input(torch.from_numpy(plain_view(photo, size=TEACHER_SIZE).rgb)[None].to(device))
        both = torch.cat([x, x.flip(3)])
        with torch.autocast(torch.device(device).type, torch.bfloat16):
            raw = net(both)
        sliced = F.avg_pool2d(slice_grid(raw.grid.float(), luma_of(both)), 2)
        maps.append(((sliced[:1] + sliced[1:].flip(2)) / 2).cpu())
    return torch.stack(maps)


def seen_through(maps: Tensor, views: list[View]) -> Tensor:
    """What the teacher's maps [B, 1, h, w] show inside each view's window."""
    windows = torch.from_numpy(np.stack([view.window for view in views]))
    grid = F.affine_grid(windows, [len(views), 1, *maps.shape[-2:]], align_corners=False)
    return F.grid_sample(maps, grid, padding_mode="border", align_corners=False).clone()
