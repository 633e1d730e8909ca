"""What training scripts share: checkpoints come back, averages follow, the learning rate, publishing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from rvr_laaf_app.nets.rvr_net import RvrConfig, RvrNet, from_output, to_input, working_size
from rvr_laaf_app.training import loop, publish
from rvr_laaf_app.training.data_photos import RankedPhoto, plain_view

TINY = RvrConfig(widths=(16, 16, 16, 16), exposure=8, dropout=0.0)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def photos(count: int) -> list[RankedPhoto]:
    rng = np.random.default_rng(0)
    made = []
    for number in range(count):
        rgb = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
        points = rng.random((6, 2)).astype(np.float32) * 0.9 + 0.05
        made.append(RankedPhoto(str(number), rgb, points, rng.permutation(6)))
    return made


def test_a_checkpoint_brings_everything_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = RvrNet(TINY)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    net(torch.randn(2, 3, 64, 64)).grid.sum().backward()
    optimizer.step()
    loop.save_checkpoint(tmp_path / "c.safetensors", nets={"net": net}, optimizer=optimizer, facts={"step": 7})
    other = RvrNet(TINY)
    again = torch.optim.AdamW(other.parameters(), lr=1e-3)
    facts = loop.load_checkpoint(tmp_path / "c.safetensors", nets={"net": other}, optimizer=again)
    assert facts == {"step": 7}
    for name, value in net.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])
    for index, state in optimizer.state_dict()["state"].items():
        for key, value in state.items():
            assert torch.equal(value, again.state_dict()["state"][index][key])


def test_the_average_follows_the_network() -> None:
    slow, fast = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    start, goal = float(slow.weight.detach()), float(fast.weight.detach())
    loop.follow(slow, fast, decay=0.75)
    assert float(slow.weight.detach()) == pytest.approx(0.75 * start + 0.25 * goal)


def test_the_learning_rate_warms_up_and_falls() -> None:
    shares = [loop.learning_rate_share(step, steps=100, warmup=10) for step in range(101)]
    assert shares[0] == pytest.approx(0.1)
    assert max(shares) == shares[10] == pytest.approx(1.0)
    assert shares[100] == pytest.approx(0.01)
    assert all(later <= earlier for earlier, later in pairwise(shares[10:]))


def test_the_usual_photograph_fills_the_range() -> None:
    torch.manual_seed(0)
    net = RvrNet(TINY).eval()
    pictures = photos(6)
    net.config = publish.calibrated(net, pictures)
    found = []
    for photo in pictures:
        height, width = photo.rgb.shape[:2]
        size = working_size(width, height, long_side=net.config.work_long_side)
        with torch.inference_mode():
            x = to_input(torch.from_numpy(plain_view(photo, size=size).rgb)[None])
            found.append(np.percentile(from_output(net(x), x, net.config)[0].numpy(), (2, 98)))
    assert np.median(found, axis=0).tolist() == pytest.approx([0.15, 0.85], abs=0.1)


def test_the_mean_of_checkpoints(tmp_path: Path) -> None:
    nets = [torch.nn.Linear(2, 1) for _ in range(3)]
    optimizer = torch.optim.AdamW(nets[0].parameters())
    paths = [tmp_path / f"{number}.safetensors" for number in range(2)]
    for path, net in zip(paths, nets, strict=False):
        loop.save_checkpoint(path, nets={"average": net}, optimizer=optimizer, facts={})
    loop.load_mean(paths, nets[2])
    assert torch.allclose(nets[2].weight, (nets[0].weight + nets[1].weight) / 2)
