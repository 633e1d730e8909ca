"""Training the paper's ResNet: one batch is learnt by heart, a run resumes to the same weights, figures are right."""

from __future__ import annotations

import csv
import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors import safe_open

from rvr_laaf_app.nets.depth_resnet import DepthResnet, DepthResnetConfig
from rvr_laaf_app.training import train_depth_resnet as script

TINY = DepthResnetConfig(width=8, decoder=(16, 16, 8, 8, 8))


@dataclass(frozen=True)
class BoxView:
    rgb: NDArray[np.uint8]
    disparity: NDArray[np.float32]


def box_view(rng: np.random.Generator) -> BoxView:
    """A bright box in front of a dark wall: brighter is nearer."""
    disparity = np.full((32, 32), 0.2, np.float32)
    x, y, w, h = rng.integers(4, 16, 4)
    disparity[y : y + h, x : x + w] = 1.7
    rgb = np.repeat((40 + 110 * disparity + rng.integers(0, 20, (32, 32)))[..., None], 3, 2)
    return BoxView(rgb.astype(np.uint8), disparity)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def settings(folder: Path) -> script.Settings:
    return script.Settings(
        data=folder / "none", out=folder / "out", net_width=8, steps=4, batch=2, every=2, val_views=2, warmup=2,
        device="cpu",
    )  # fmt: skip


def test_one_batch_is_learnt_by_heart() -> None:
    torch.manual_seed(0)
    net = DepthResnet(TINY)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    views = [box_view(np.random.default_rng(number)) for number in range(4)]
    batch = script.batch_of(views, "cpu")
    history = [script.train_step(net, optimizer, *batch) for _ in range(50)]
    assert history[-1] < history[0] / 5
    with torch.inference_mode():
        net.train()  # with the statistics of this very batch
        given = torch.sigmoid(net(script.to_input(batch[0])))
    assert float((given - batch[1]).square().mean()) < 0.01


def test_a_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    whole = settings(tmp_path / "a")
    script.train(whole, box_view, box_view)
    parts = dataclasses.replace(settings(tmp_path / "b"), minutes=1e-6)
    for _ in range(4):
        script.train(parts, box_view, box_view)
    weights = []
    for s in (whole, parts):
        with safe_open(s.out / "depth-resnet-18.safetensors", "pt") as file:
            weights.append({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
            metadata = file.metadata()
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert metadata["net"] == "depth_resnet"
    assert json.loads(metadata["config"])["width"] == 8
    assert cv2.imread(str(whole.out / "curves.png")).shape == (240, 420, 3)


def test_the_log_has_the_papers_metrics(tmp_path: Path) -> None:
    s = settings(tmp_path)
    script.train(s, box_view, box_view)
    with (s.out / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [2, 4]
    assert {"loss", "mse", "psnr", "mse_of_mean"} <= rows[0].keys()


def test_kept_views_are_cut_and_the_last_file_only_measures(tmp_path: Path) -> None:
    for number in range(3):
        disparity = np.full((5, 48, 64), 1.0 + number, np.float32)
        disparity[:, 24:] += 0.25
        rgb = np.repeat((40 * disparity).astype(np.uint8)[..., None], 3, 3)
        np.savez(tmp_path / f"{number:04d}.npz", rgb=rgb, disparity=disparity.astype(np.float16))
    s = dataclasses.replace(settings(tmp_path), views=str(tmp_path), width=64, height=32)
    makers = script.make_views(s)
    for maker, numbers in zip(makers, ({0, 1}, {2}), strict=True):
        views = [maker(np.random.default_rng(seed)) for seed in range(12)]
        assert {view.disparity.shape for view in views} == {(32, 64)}
        assert {round(float(view.disparity.min())) - 1 for view in views} == numbers
        for view in views:
            assert np.abs(view.rgb[..., 0] - 40 * view.disparity).max() < 1.5


def test_the_metrics_are_those_of_a_known_map() -> None:
    net = DepthResnet(TINY)
    for parameter in net.to_nearness.parameters():
        torch.nn.init.zeros_(parameter)
    half = BoxView(np.zeros((64, 64, 3), np.uint8), np.repeat(np.float32([[0], [1]]), 32, 0).repeat(64, 1))
    figures = script.measured(net, [half])
    assert figures == {"mse": 0.25, "psnr": pytest.approx(6.021, abs=0.001), "mse_of_mean": 0.25}


def test_nearness_is_the_own_range() -> None:
    ramp = np.linspace(3, 5, 1000, dtype=np.float32).reshape(10, 100)
    nearness = script.nearness_of(ramp)
    assert nearness.min() == 0.0
    assert nearness.max() == 1.0
    assert nearness[5, 0] == pytest.approx(0.5, abs=0.01)
    assert not script.nearness_of(np.ones((4, 4), np.float32)).any()


def test_real_scenes_are_measured_if_there_are_any(tmp_path: Path) -> None:
    net = DepthResnet(TINY)
    assert script.on_measured_scenes(net, tmp_path / "gone") == {}
    view = box_view(np.random.default_rng(0))
    cv2.imwrite(str(tmp_path / "a.png"), view.rgb)
    np.save(tmp_path / "a.disparity.npy", view.disparity)
    assert script.on_measured_scenes(net, tmp_path)["mean"]["error"] > 0  # type: ignore[index]
