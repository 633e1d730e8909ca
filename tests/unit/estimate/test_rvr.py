"""The learned estimator: which weights, which picture the network sees, and its version."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rvr_laaf_app.core.color import encode_transfer
from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.core.frame import ClipTrait, Frame
from rvr_laaf_app.estimate.rvr import RvrBetterEstimator, RvrEstimator, _on_edges, as_shown
from rvr_laaf_app.nets.rvr_net import RvrConfig, RvrNet
from rvr_laaf_app.training.publish import publish

CLIP = ClipTrait(64, 48, 1, 25.0)


SMALL = RvrConfig(widths=(16, 16, 16, 16), exposure=8, work_long_side=96)


def random_weights(folder: Path, seed: int, *, role: str = "rvr", config: RvrConfig = SMALL) -> Path:
    torch.manual_seed(seed)
    return publish(RvrNet(config).eval(), folder=folder, name=f"random-{seed}", role=role)


def test_the_version_changes_with_the_weights(tmp_path: Path) -> None:
    first, second = random_weights(tmp_path, 0), random_weights(tmp_path, 1)
    assert RvrEstimator(first).version != RvrEstimator(second).version
    assert RvrEstimator(first).version == RvrEstimator(first).version


def test_the_version_is_known_before_the_weights_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values, edges = random_weights(tmp_path, 0), random_weights(tmp_path, 1, role="rvr-edges")
    monkeypatch.setenv("RVR_MODELS_DIR", str(tmp_path))
    alone = [RvrEstimator(path).version.split("-")[1] for path in (values, edges)]
    assert RvrEstimator().version.split("-")[:3] == ["rvr", *alone]


def test_weights_that_change_under_our_feet_are_refused(tmp_path: Path) -> None:
    path = random_weights(tmp_path, 0)
    estimator = RvrEstimator(path)
    path.write_bytes(path.read_bytes() + b"0")
    with pytest.raises(CheckpointError, match="sha256"):
        estimator.start(CLIP)


def test_missing_weights_are_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        RvrEstimator(tmp_path / "none.safetensors")


def test_ordinary_video_reaches_the_network_unchanged() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    assert np.array_equal(as_shown(rgb, "bt709", "bt709"), rgb)
    assert np.array_equal(as_shown(rgb.astype(np.uint16) << 8, "srgb", "bt709"), rgb)


@pytest.mark.parametrize("transfer", ["hlg", "pq"])
def test_hdr_is_shown_like_its_sdr_twin_below_the_shoulder(transfer: str) -> None:
    linear = np.linspace(0.01, 0.65, 24).reshape(2, 4, 3)
    codes = np.rint(encode_transfer(linear, transfer) * 65535).astype(np.uint16)
    twin = np.rint(encode_transfer(linear, "srgb") * 255)
    assert np.abs(as_shown(codes, transfer, "bt709").astype(float) - twin).max() <= 1


@pytest.mark.parametrize("transfer", ["hlg", "pq"])
def test_hdr_highlights_keep_their_order(transfer: str) -> None:
    grey = np.repeat(np.linspace(0.75, 3.5, 12)[None, :, None], 3, axis=2)
    codes = np.rint(encode_transfer(grey, transfer) * 65535).astype(np.uint16)
    shown = as_shown(codes, transfer, "bt709")[0, :, 1].astype(int)
    assert np.all(np.diff(shown) >= 0)
    assert shown[-1] > shown[0] + 20
    assert shown[-1] < 255


def test_boost_is_kept_beside_bright_pixels_only(tmp_path: Path) -> None:
    rgb = np.full((48, 64, 3), 40, np.uint8)
    rgb[20:24, 30:34] = 255
    result, _ = RvrEstimator(random_weights(tmp_path, 0)).step([Frame(0, 0, rgb)], None)
    assert result.boost_stops[20:24, 30:34].all()
    assert not result.boost_stops[:10].any()


@pytest.fixture
def all_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for seed, (role, side) in enumerate((("rvr", 128), ("rvr-edges", 160), ("rvr-better", 192))):
        random_weights(tmp_path, seed, role=role, config=dataclasses.replace(SMALL, work_long_side=side))
    monkeypatch.setenv("RVR_MODELS_DIR", str(tmp_path))
    return tmp_path


def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 255, (96, 160, 3), dtype=np.uint8)


@torch.inference_mode()
def test_light_and_confidence_are_those_of_the_first_network(all_weights: Path) -> None:
    disparity, boost, confidence = RvrEstimator(device="cpu")._maps(noise())
    alone = RvrEstimator(all_weights / "random-0.safetensors", device="cpu")._maps(noise())
    assert disparity.shape == (128, 192)  # 1.2 times 160: the larger look has the edges
    assert np.allclose(boost, cv2.resize(alone[1], boost.shape[1::-1]), atol=1e-5)
    assert np.allclose(confidence, cv2.resize(alone[2], confidence.shape[::-1]), atol=1e-5)


@torch.inference_mode()
def test_the_better_estimator_averages_both_networks_and_their_mirror_images(
    all_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert RvrBetterEstimator(device="cpu").version.count("-") == 5  # all three networks' weights are part of it
    monkeypatch.setattr(RvrBetterEstimator, "edges", ())
    estimator = RvrBetterEstimator(device="cpu")
    assert estimator.version.startswith("rvr-better-")
    disparity, boost, confidence = estimator._maps(noise())
    mirrored = estimator._maps(np.ascontiguousarray(noise()[:, ::-1]))
    alone = RvrEstimator(all_weights / "random-2.safetensors", device="cpu")._maps(noise())[0]
    assert disparity.shape == alone.shape == (128, 192)
    assert boost.shape == (64, 96, 3)
    assert confidence.shape == (32, 48)
    assert not np.allclose(disparity, alone, atol=1e-3)
    for one, other in zip((disparity, boost, confidence), mirrored, strict=True):
        assert np.allclose(one, other[:, ::-1], atol=2e-3)  # what it sees does not depend on left and right


def test_values_come_mostly_from_the_small_look_and_edges_from_the_large_one() -> None:
    sharp = np.full((96, 160), 0.2, np.float32)
    sharp[:, 80:] = 0.7
    soft = np.asarray(cv2.GaussianBlur(np.where(sharp > 0.5, 0.9, 0.3).astype(np.float32), (0, 0), 6), np.float32)
    joined = _on_edges(soft, sharp, share=1 / 3)
    assert 0.2 < joined[:, 20:50].min() <= joined[:, 20:50].max() < 0.31  # 0.3 and 0.2
    assert 0.79 < joined[:, 110:140].min() <= joined[:, 110:140].max() < 0.9  # 0.9 and 0.7
    assert (joined[:, 80] - joined[:, 79]).min() > 0.3
    assert (soft[:, 80] - soft[:, 79]).max() < 0.1
