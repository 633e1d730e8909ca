"""The training scripts: one batch is learnt by heart, a run resumes, checkpoints come back, teachers see the same."""

from __future__ import annotations

import copy
import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from rvr_laaf_app.nets.rvr_light_net import RvrLightConfig, RvrLightNet, from_output, to_input, working_size
from rvr_laaf_app.training import loop, publish, train_depth, train_exposure
from rvr_laaf_app.training.data_hdr import HdrMap, random_example
from rvr_laaf_app.training.data_photos import RankedPhoto, plain_view
from tests.unit.training.test_data import write_set
from tests.unit.training.test_trunk import published_trunk

TINY = RvrLightConfig(context=16, wide=16, middle=16, fine=8, exposure=8, dropout=0.0)


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


def test_one_batch_is_learnt_by_heart() -> None:
    torch.manual_seed(0)
    net = RvrLightNet(TINY)
    settings = train_depth.Settings(rate=5e-3, trunk_rate=1e-3)
    optimizer, peaks = train_depth.make_optimizer(net, settings)
    for group, peak in zip(optimizer.param_groups, peaks, strict=True):
        group["lr"] = peak
    history = train_depth.overfit_one_batch(net, optimizer, photos(4), settings, steps=120)
    assert min(history[-10:]) < history[0] / 10


def test_the_exposure_head_learns_and_leaves_the_rest_alone() -> None:
    torch.manual_seed(0)
    net = RvrLightNet(TINY)
    before = copy.deepcopy(net.state_dict())
    head = train_exposure.freeze_all_but_head(net)
    optimizer = torch.optim.AdamW(head, lr=1e-2)
    light = np.random.default_rng(0).random((64, 128, 3)).astype(np.float32) ** 6 * 60
    rng = np.random.default_rng(1)
    pictures = [np.full((48, 64, 3), 90, np.uint8)]
    batch = [random_example([HdrMap("m", light, True)], pictures, size=(64, 64), rng=rng) for _ in range(4)]
    history = []
    for _ in range(60):
        loss = train_exposure.exposure_loss(net, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(float(loss.detach()))
    assert history[-1] < history[0] / 3
    for name, value in net.state_dict().items():
        if not name.startswith(train_exposure.HEAD):
            assert torch.equal(value, before[name]), name


def test_a_run_resumes_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    (data / "photos").mkdir(parents=True)
    (data / "weights").mkdir()
    published_trunk(data / "weights" / "squeezenet1_0_imagenet.pth")
    labels = write_set(data / "photos", ["train"] * 4 + ["val"] * 2)
    labels.rename(data / "photos" / "ordinal_depth.json")
    monkeypatch.setattr(train_depth, "SMALL_SIZES", ((64, 64),))
    monkeypatch.setattr(train_depth, "LARGE_SIZES", ((96, 64),))
    settings = train_depth.Settings(
        data=data, out=tmp_path / "whole", epochs=3, large_epochs=1, batch=2, teacher_from=1
    )
    train_depth.train(settings)
    halves = dataclasses.replace(settings, out=tmp_path / "halves")

    class Stopped(Exception):
        pass

    def stop_after_second(path: Path, row: object) -> None:
        kept(path, row)  # type: ignore[arg-type]
        if "'epoch': 1" in str(row):
            raise Stopped

    kept = loop.log_row
    monkeypatch.setattr(train_depth, "log_row", stop_after_second)
    with pytest.raises(Stopped):
        train_depth.train(halves)
    monkeypatch.setattr(train_depth, "log_row", kept)
    train_depth.train(halves)
    whole, parts = ((tmp_path / name / "log.csv").read_text().splitlines() for name in ("whole", "halves"))
    assert len(whole) == 4
    assert [line.split(",")[0] for line in parts[1:]] == ["0", "1", "1", "2"]
    assert (tmp_path / "halves" / "best.safetensors").exists()


def test_a_checkpoint_brings_everything_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = RvrLightNet(TINY)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    net.depth(torch.randn(2, 3, 64, 64))[0].sum().backward()
    optimizer.step()
    loop.save_checkpoint(tmp_path / "c.safetensors", nets={"net": net}, optimizer=optimizer, facts={"step": 7})
    other = RvrLightNet(TINY)
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


def test_a_teacher_is_seen_through_the_same_window() -> None:
    view = plain_view(photos(1)[0], size=(64, 48))
    maps = torch.rand(1, 1, 24, 32)
    assert torch.allclose(train_depth.seen_through(maps, [view]), maps, atol=1e-5)


def test_the_usual_photograph_fills_the_range() -> None:
    torch.manual_seed(0)
    net = RvrLightNet(TINY).eval()
    pictures = photos(6)
    net.config = publish.calibrated(net, pictures)
    found = []
    for photo in pictures:
        height, width = photo.rgb.shape[:2]
        size = working_size(width, height, long_side=net.config.work_long_side)
        with torch.inference_mode():
            raw = net(to_input(torch.from_numpy(plain_view(photo, size=size).rgb)[None]))
            found.append(np.percentile(from_output(raw, net.config)[0].numpy(), (5, 95)))
    assert np.median(found, axis=0).tolist() == pytest.approx([0.2, 0.8], abs=0.08)


def test_the_mean_of_checkpoints(tmp_path: Path) -> None:
    nets = [torch.nn.Linear(2, 1) for _ in range(3)]
    optimizer = torch.optim.AdamW(nets[0].parameters())
    paths = [tmp_path / f"{number}.safetensors" for number in range(2)]
    for path, net in zip(paths, nets, strict=False):
        loop.save_checkpoint(path, nets={"average": net}, optimizer=optimizer, facts={})
    loop.load_mean(paths, nets[2])
    assert torch.allclose(nets[2].weight, (nets[0].weight + nets[1].weight) / 2)
