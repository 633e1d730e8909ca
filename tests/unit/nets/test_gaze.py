"""The network of gaze: shapes for any aspect, mirrored pictures, and that a few steps learn where a thing is."""

from __future__ import annotations

import numpy as np
import torch

from rvr_laaf_app.nets.gaze import CELL, GazeConfig, GazeNet, input_size, to_input
from rvr_laaf_app.training.train_gaze import gaze_loss

SMALL = GazeConfig(long_side=96, width=16)


def test_a_map_for_every_aspect() -> None:
    net = GazeNet(SMALL).eval()
    for width, height in ((1920, 1080), (600, 800), (100, 100), (3000, 90)):
        across, down = input_size(width, height, SMALL)
        assert across % 16 == 0
        assert down % 16 == 0
        assert max(across, down) == SMALL.long_side
        with torch.inference_mode():
            logits = net(to_input(torch.zeros(1, down, across, 3, dtype=torch.uint8)))
        assert logits.shape == (1, down // CELL, across // CELL)


def test_it_is_small() -> None:
    assert 4 * sum(p.numel() for p in GazeNet(GazeConfig()).parameters()) < 3_000_000


def test_the_head_learns_where_a_thing_is() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    net = GazeNet(SMALL)
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3)

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        rgb = rng.integers(90, 110, (8, 64, 96, 3)).astype(np.uint8)
        truth = np.full((8, 8, 12), 1e-4, np.float32)
        for item in range(8):
            row, column = int(rng.integers(1, 7)), int(rng.integers(1, 11))
            rgb[item, row * 8 : row * 8 + 8, column * 8 : column * 8 + 8] = 250
            truth[item, row, column] = 1.0
        return to_input(torch.from_numpy(rgb)), torch.from_numpy(truth / truth.sum((1, 2), keepdims=True))

    losses = []
    for _ in range(60):
        x, truth = batch()
        loss = gaze_loss(net(x), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:3])
