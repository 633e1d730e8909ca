"""Depth from focus: a known scene, directions and spacings of positions, what is refused, tiles and weights."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from rvr_laaf_app.core.errors import CheckpointError, UsageError
from rvr_laaf_app.measure.dff_scenes import disc
from rvr_laaf_app.nets.depth_from_focus_nets import NETS, DffConfig, build
from rvr_laaf_app.stack.depth_from_focus import depth_from_focus, focus_places
from rvr_laaf_app.stack.depth_from_focus_classical import peak
from rvr_laaf_app.stack.depth_from_focus_net import learned_depth, load_net, load_published, spread, tiled
from rvr_laaf_app.training.train_dff_publish import publish

SIDE = 96


def sweep(places: np.ndarray, *, gain_px: float = 14.0) -> tuple[np.ndarray, np.ndarray]:
    """Two textured halves, at disparity 0.25 and 0.75, in focus at their place. Returns (slices, truth)."""
    rng = np.random.default_rng(0)
    texture = cv2.resize(rng.random((SIDE // 2, SIDE // 2, 3), np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    truth = np.full((SIDE, SIDE), 0.25, np.float32)
    truth[:, SIDE // 2 :] = 0.75
    slices = []
    for place in places:
        halves = [cv2.filter2D(texture, -1, disc(gain_px * abs(place - there))) for there in (0.25, 0.75)]
        slices.append(np.where(truth[..., None] < 0.5, halves[0], halves[1]))
    return np.clip(np.stack(slices), 0, 1).astype(np.float32), truth


def inner_error(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean absolute error away from the step and the border."""
    away = np.ones(truth.shape, bool)
    away[:, SIDE // 2 - 8 : SIDE // 2 + 8] = away[:6] = away[-6:] = away[:, :6] = away[:, -6:] = False
    return float(np.abs(found - truth)[away].mean())


@pytest.mark.parametrize("places", [np.linspace(0, 1, 9), np.array([0, 0.2, 0.3, 0.55, 0.7, 0.85, 1.0])])
def test_two_halves_are_where_they_are(places: np.ndarray) -> None:
    slices, truth = sweep(places)
    disparity, sure = depth_from_focus(slices, places, method="classical", near_is_low=False)
    assert disparity.shape == sure.shape == (SIDE, SIDE)
    assert disparity.dtype == sure.dtype == np.float32
    assert 0 <= sure.min() <= sure.max() <= 1
    assert inner_error(disparity, truth) < 0.04


def test_positions_grow_from_near_to_far_unless_told() -> None:
    places = np.linspace(0, 1, 9)
    slices, truth = sweep(places)
    steps = 2100 - 1050 * places  # the nearest at 1050, as cameras count
    low, _ = depth_from_focus(slices, steps, method="classical")
    high, _ = depth_from_focus(slices, -steps, method="classical", near_is_low=False)
    np.testing.assert_allclose(low, high, atol=1e-6)
    assert inner_error(low, truth) < 0.04


def test_the_order_of_the_pictures_does_not_matter() -> None:
    places = np.linspace(0, 1, 7)
    slices, _ = sweep(places)
    order = np.array([4, 1, 6, 0, 2, 5, 3])
    straight, mixed = (
        depth_from_focus(s, p, method="classical") for s, p in ((slices, places), (slices[order], places[order]))
    )
    assert np.array_equal(straight[0], mixed[0])


def test_flicker_does_not_move_the_depth() -> None:
    places = np.linspace(0, 1, 9)
    slices, truth = sweep(places)
    light = np.random.default_rng(1).uniform(0.7, 1.0, 9).astype(np.float32)
    disparity, _ = depth_from_focus(slices * light[:, None, None, None], places, method="classical", near_is_low=False)
    assert inner_error(disparity, truth) < 0.05


def test_what_has_no_texture_is_unsure_and_takes_after_its_surroundings() -> None:
    places = np.linspace(0, 1, 9)
    slices, _ = sweep(places)
    slices[:, 30:60, 10:35] = 0.5
    disparity, sure = depth_from_focus(slices, places, method="classical", near_is_low=False)
    assert sure[42:48, 18:27].mean() < 0.5 * sure[65:90, 10:35].mean()
    assert abs(float(disparity[42:48, 18:27].mean()) - 0.25) < 0.15


def test_a_peak_between_slices_is_found() -> None:
    places = np.array([0.0, 0.3, 0.5, 1.0], np.float32)
    volume = np.exp(-((places - 0.42) ** 2) / 0.05)[:, None, None] * np.ones((4, 2, 2))
    place, _ = peak(volume.astype(np.float32), places)
    np.testing.assert_allclose(place, 0.42, atol=1e-3)


@pytest.mark.parametrize(
    ("count", "positions", "method"),
    [(3, [1, 2], "auto"), (2, [1, 1], "auto"), (1, [1], "auto"), (2, [1, np.nan], "auto"), (2, [1, 2], "magic")],
)
def test_what_makes_no_sense_is_refused(count: int, positions: list[float], method: str) -> None:
    with pytest.raises(UsageError):
        depth_from_focus(np.zeros((count, 16, 16, 3), np.float32), positions, method=method)


def test_pictures_of_different_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match="all of one size"):
        depth_from_focus([np.zeros((16, 16, 3), np.float32), np.zeros((16, 18, 3), np.float32)], [1, 2])


def test_places_are_disparity() -> None:
    np.testing.assert_allclose(focus_places([1050, 1575, 2100], near_is_low=True), [1, 0.5, 0])
    np.testing.assert_allclose(focus_places([10, 0, 5], near_is_low=False), [1, 0, 0.5])


@pytest.mark.parametrize("shape", [(40, 52), (300, 500)])
def test_a_network_takes_any_size(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    net = build(DffConfig("focus_volume")).eval().requires_grad_(False)
    slices = [np.random.default_rng(k).random((*shape, 3), np.float32) for k in range(3)]
    disparity, sure = learned_depth(slices, np.array([0, 0.4, 1], np.float32), net=net)
    assert disparity.shape == sure.shape == shape
    assert np.isfinite(disparity).all()
    assert 0 <= sure.min() <= sure.max() <= 1


@pytest.mark.parametrize("kind", ["focus_volume", "lstm_ddff"])
def test_tiles_leave_no_gap_and_no_seam_of_weight(kind: str) -> None:
    """A network that says the same everywhere says it through tiles too."""
    net = build(DffConfig(kind, tile=64)).eval().requires_grad_(False)
    for parameter in net.parameters():
        parameter.zero_()
    slices = np.random.default_rng(0).random((4, 100, 420, 3)).astype(np.float32)
    disparity, _ = tiled(net, slices, np.linspace(1, 0, 4, dtype=np.float32))
    assert float(np.ptp(disparity)) < 1e-5


@pytest.mark.parametrize("kind", ["ddff", "focus_volume"])
def test_published_weights_come_back_as_they_were(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    net = build(DffConfig(kind, coc=True)).eval().requires_grad_(False)
    path = publish(net, folder=tmp_path, name="dff-9", roles=["depth-from-focus"], card="# dff-9\n")
    entry = json.loads((tmp_path / "manifest.json").read_text())["checkpoints"]["dff-9"]
    again = load_net(path, sha256=entry["sha256"])
    assert again.config == net.config
    slices, places = torch.randn(1, 4, 3, 64, 64), torch.linspace(1, 0, 4)[None]
    assert torch.equal(again(slices, places).disparity, net(slices, places).disparity)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CheckpointError):
        load_net(path)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors", {"net": "rvr", "config": "{}"})
    with pytest.raises(CheckpointError, match="another network"):
        load_net(tmp_path / "other.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "odd.safetensors", {"net": "depth_from_focus", "config": '{"kind": 1}'})
    with pytest.raises(CheckpointError, match="no valid network"):
        load_net(tmp_path / "odd.safetensors")


def test_the_published_network_is_the_default_for_few_slices() -> None:
    places = np.linspace(0, 1, 5)
    slices, truth = sweep(places)
    found, sure = depth_from_focus(slices, places, near_is_low=False)
    assert np.array_equal(found, depth_from_focus(slices, places, near_is_low=False, method="network")[0])
    assert inner_error(found, truth) < 0.08
    assert 0 <= sure.min() <= sure.max() <= 1


def test_long_sweeps_use_network_and_sharpness() -> None:
    places = np.linspace(0, 1, 11)
    slices, truth = sweep(places)
    found, _ = depth_from_focus(slices, places, near_is_low=False)
    assert np.array_equal(found, depth_from_focus(slices, places, near_is_low=False, method="dense")[0])
    assert inner_error(found, truth) < 0.06


def test_without_weights_the_classical_method_still_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifest.json").write_text('{"roles": {}, "checkpoints": {}}')
    monkeypatch.setenv("RVR_MODELS_DIR", str(tmp_path))
    slices, _ = sweep(np.linspace(0, 1, 4))
    with pytest.raises(CheckpointError):
        depth_from_focus(slices, [0, 1, 2, 3])
    depth_from_focus(slices, [0, 1, 2, 3], method="classical")


@pytest.mark.parametrize("role", ["", "-ddff", "-lstm-ddff", "-recurrent", "-poolnet", "-focus-volume"])
def test_published_networks_load(role: str) -> None:
    assert load_published(f"depth-from-focus{role}").config.kind in NETS


def test_a_long_sweep_is_thinned_evenly() -> None:
    places = np.array([0, 0.01, 0.2, 0.3, 0.39, 0.43, 0.6, 0.8, 0.99, 1], np.float32)
    assert spread(places, 6) == [0, 2, 4, 6, 7, 9]
    assert spread(places, 10) == list(range(10))
