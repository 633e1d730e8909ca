"""The training of RvrNet: a batch is learnt by heart, a run resumes bit by bit, shares nest, a pool comes back."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors import safe_open

from rvr_laaf_app.nets.rvr_net import RvrConfig, RvrNet
from rvr_laaf_app.training import train_rvr
from rvr_laaf_app.training.data_focus import focus_view, fuse
from rvr_laaf_app.training.data_hdr import HdrMap, random_example
from rvr_laaf_app.training.data_photos import plain_view
from rvr_laaf_app.training.data_synth import SHARD, STOPS_STEP, Pool, SynthExample
from rvr_laaf_app.training.losses import FocusSettings, relative_losses
from rvr_laaf_app.training.publish import publish
from rvr_laaf_app.training.teacher import lesson_of, seen_through
from tests.unit.training.test_data import write_set
from tests.unit.training.test_train import photos
from tests.unit.training.test_trunk import published_lite_trunk

TINY = RvrConfig(widths=(16, 16, 16, 16), exposure=8, dropout=0.0)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def scene(rng: np.random.Generator, size: tuple[int, int] = (64, 64)) -> SynthExample:
    rgb = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    disparity = np.linspace(0.1, 1.0, size[1], dtype=np.float32)[:, None].repeat(size[0], 1)
    stops = np.zeros((size[1], size[0], 3), np.float32)
    stops[5:15, 5:15] = 2.0
    return SynthExample(rgb, disparity, stops)


def test_one_batch_is_learnt_by_heart() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    net = RvrNet(TINY)
    for module in net.trunk.modules():  # what published weights would do: signals that neither fade nor grow
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    settings = train_rvr.Settings(device="cpu", smooth_weight=0.0)
    light = HdrMap("m", rng.random((64, 128, 3)).astype(np.float32) ** 6 * 60, True)
    lit = [random_example([light], [np.full((48, 64, 3), 90, np.uint8)], size=(64, 64), rng=rng)]
    ranked = [plain_view(photo, size=(64, 64)) for photo in photos(3)]
    slices = rng.integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    focused = [focus_view(fuse("s", slices), scene=0, size=(64, 64), rng=rng)]
    batch = train_rvr.Batch(ranked, focused, [scene(rng), scene(rng)], lit)
    focus = FocusSettings([2])
    optimizer = torch.optim.AdamW([*train_rvr.trained_encoder(net), *net.context.parameters(),
                                   *(p for n, p in net.named_parameters() if not n.startswith(("trunk", "context")))],
                                  lr=4e-3)  # fmt: skip
    history = []
    for _ in range(60):
        net.train()
        terms = train_rvr.loss_terms(net, focus, batch, None, settings)
        optimizer.zero_grad()
        torch.stack(terms).sum().backward()
        optimizer.step()
        history.append(dict(zip(train_rvr.TERMS, (float(t.detach()) for t in terms), strict=True)))
    for name, least in (("rank", 4), ("dense", 3), ("light", 2)):
        assert min(row[name] for row in history[-10:]) < history[0][name] / least, name


def write_pool(folder: Path) -> None:
    folder.mkdir()
    made = [scene(np.random.default_rng(n), (96, 72)) for n in range(SHARD)]
    np.savez(
        folder / "0000.npz",
        rgb=np.stack([m.rgb for m in made]),
        disparity=np.stack([m.disparity for m in made]),
        stops=np.stack([(m.stops / STOPS_STEP).astype(np.uint8) for m in made]),
    )


def test_a_run_resumes_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    (data / "photos").mkdir(parents=True)
    (data / "hdr").mkdir()
    for number in range(4):
        cv2.imwrite(
            str(data / "hdr" / f"{number}.hdr"), np.random.default_rng(number).random((32, 64, 3), np.float32) * 9
        )
    (data / "focus" / "lytro").mkdir(parents=True)
    for number in range(8):
        for part in (0, 3):
            picture = np.random.default_rng((number, part)).integers(0, 256, (64, 64, 3), dtype=np.uint8)
            cv2.imwrite(str(data / "focus" / "lytro" / f"{number:03d}_{part:02d}.jpg"), picture)
    labels = write_set(data / "photos", ["train"] * 4 + ["val"] * 2)
    labels.rename(data / "photos" / "ordinal_depth.json")
    published_lite_trunk(tmp_path / "trunk.pth")
    write_pool(tmp_path / "pool")
    monkeypatch.setattr(train_rvr, "SMALL_SIZES", ((64, 64),))
    monkeypatch.setattr(train_rvr, "LARGE_SIZES", ((96, 64),))
    monkeypatch.setattr(train_rvr, "RvrConfig", lambda: TINY)
    settings = train_rvr.Settings(
        data=data, trunk=tmp_path / "trunk.pth", pool=tmp_path / "pool",
        subjects=tmp_path / "none", out=tmp_path / "whole",
        epochs=3, large_epochs=1, ranked=2, synth=1, exposed=1, teacher_from=1, threads=1, device="cpu",
    )  # fmt: skip
    train_rvr.train(settings)
    halves = dataclasses.replace(settings, out=tmp_path / "halves")

    class Stopped(Exception):
        pass

    def stop_after_one(path: Path, row: object) -> None:
        if path.parent.name == "halves" and row["epoch"] == 1:  # type: ignore[index]
            raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(train_rvr, "log_row", stop_after_one)
        with pytest.raises(Stopped):
            train_rvr.train(halves)
    torch.manual_seed(99)
    train_rvr.train(halves)
    with (
        safe_open(tmp_path / "whole/last.safetensors", "pt") as one,
        safe_open(tmp_path / "halves/last.safetensors", "pt") as two,
    ):
        assert set(one.keys()) == set(two.keys())
        for name in one.keys():  # noqa: SIM118 (not a mapping)
            assert torch.equal(one.get_tensor(name), two.get_tensor(name)), name


def test_smaller_shares_of_the_labels_are_part_of_larger_ones() -> None:
    whole = photos(20)
    quarter, half = ({p.name for p in train_rvr.share_of(whole, share)} for share in (0.25, 0.5))
    assert (len(quarter), len(half)) == (5, 10)
    assert quarter < half


def test_a_pool_gives_views_of_its_scenes(tmp_path: Path) -> None:
    write_pool(tmp_path / "pool")
    pool = Pool(tmp_path / "pool")
    assert len(pool) == SHARD
    view = pool.view(size=(64, 48), rng=np.random.default_rng(0))
    assert view.rgb.shape == view.stops.shape == (48, 64, 3)
    assert bool((np.diff(view.disparity[:, 0]) >= 0).all())
    assert set(np.unique(view.stops)) <= {np.float32(0), np.float32(2)}


def test_relative_losses_know_neither_scale_nor_shift() -> None:
    truth = torch.rand(2, 32, 48, generator=torch.Generator().manual_seed(0))
    dense, slope = relative_losses(3 * truth - 7, truth)
    assert float(dense) < 1e-5
    assert float(slope) < 1e-4
    other, _ = relative_losses(-truth, truth)
    assert float(other) > 0.5


def test_a_teacher_is_seen_through_the_same_window() -> None:
    view = plain_view(photos(1)[0], size=(64, 48))
    maps = torch.rand(1, 1, 24, 32)
    assert torch.allclose(seen_through(maps, [view]), maps, atol=1e-5)


def test_a_lesson_is_what_networks_agree_on_whatever_their_scale(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = RvrNet(RvrConfig(widths=(16, 16, 16, 16), exposure=8))
    one = publish(net, folder=tmp_path / "one", name="rvr-one", role="rvr")
    with torch.no_grad():
        for head in (net.to_plain[1], net.to_grid[1]):
            head.weight.mul_(3.0)
            head.bias.mul_(3.0)
    two = publish(net, folder=tmp_path / "two", name="rvr-two", role="rvr")
    alone, both = (lesson_of(files, photos(2), device="cpu") for files in ([one], [one, two]))
    assert alone is not None
    assert both is not None
    assert torch.allclose(alone, both, atol=0.03)  # bfloat16 inside
    assert lesson_of([], photos(2), device="cpu") is None
