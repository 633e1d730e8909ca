"""The learned estimator: which weights, which picture the network sees, and its version."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from rvr_laaf_app.core.color import encode_transfer
from rvr_laaf_app.core.errors import CheckpointError
from rvr_laaf_app.core.frame import ClipTrait, Frame
from rvr_laaf_app.estimate.rvr import RvrBetterEstimator, RvrEstimator, as_shown
from rvr_laaf_app.nets.rvr_net import RvrConfig, RvrNet
from rvr_laaf_app.training.publish import publish

CLIP = ClipTrait(64, 48, 1, 25.0)


def random_weights(folder: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    config = RvrConfig(widths=(16, 16, 16, 16), exposure=8, work_long_side=96)
    return publish(RvrNet(config).eval(), folder=folder, name=f"random-{seed}", role="rvr")


def test_the_version_changes_with_the_weights(tmp_path: Path) -> None:
    first, second = random_weights(tmp_path, 0), random_weights(tmp_path, 1)
    assert RvrEstimator(first).version != RvrEstimator(second).version
    assert RvrEstimator(first).version == RvrEstimator(first).version


def test_the_version_is_known_before_the_weights_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = random_weights(tmp_path, 0)
    monkeypatch.setenv("RVR_MODELS_DIR", str(tmp_path))
    assert RvrEstimator().version == RvrEstimator(path).version


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


def test_the_better_estimator_averages_both_networks_and_their_mirror_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = RvrConfig(widths=(16, 16, 16, 16), exposure=8, work_long_side=128)
    large = dataclasses.replace(small, work_long_side=192)
    for seed, (config, name, role) in enumerate(((small, "rvr-a", "rvr"), (large, "rvr-b", "rvr-better"))):
        torch.manual_seed(seed)
        publish(RvrNet(config).eval(), folder=tmp_path, name=name, role=role)
    monkeypatch.setenv("RVR_MODELS_DIR", str(tmp_path))
    estimator = RvrBetterEstimator(device="cpu")
    rgb = np.random.default_rng(0).integers(0, 255, (96, 160, 3), dtype=np.uint8)
    with torch.inference_mode():
        disparity, boost, confidence = estimator._maps(rgb)
        mirrored = estimator._maps(np.ascontiguousarray(rgb[:, ::-1]))
        alone = RvrEstimator(tmp_path / "rvr-b.safetensors", device="cpu")._maps(rgb)[0]
    assert disparity.shape == alone.shape == (128, 192)
    assert boost.shape == (64, 96, 3)
    assert confidence.shape == (32, 48)
    assert not np.allclose(disparity, alone, atol=1e-3)
    for one, other in zip((disparity, boost, confidence), mirrored, strict=True):
        assert np.allclose(one, other[:, ::-1], atol=2e-3)  # what it sees does not depend on left and right
    assert estimator.version.startswith("rvr-better-")
    assert estimator.version.count("-") == 4  # both networks' weights are part of it
