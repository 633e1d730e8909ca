"""What every estimator promises, checked for each one in the registry; the learned one with small random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.estimate.base import ESTIMATORS, RgbdEstimator
from rvr_laaf_app.nets.rvr_net import RvrConfig, RvrNet
from rvr_laaf_app.training.publish import publish

SIZES = [(64, 48), (33, 17), (17, 33), (1, 1), (320, 40), (96, 300)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(2)
    folder = tmp_path_factory.mktemp("models")
    for role, side in (("rvr", 96), ("rvr-edges", 96), ("rvr-better", 128)):
        config = RvrConfig(widths=(16, 16, 16, 16), exposure=8, work_long_side=side)
        publish(RvrNet(config).eval(), folder=folder, name=f"random-{role}", role=role)
    return folder


@pytest.fixture(params=list(ESTIMATORS))
def estimator(request: pytest.FixtureRequest, weights: Path, monkeypatch: pytest.MonkeyPatch) -> RgbdEstimator[Any]:
    monkeypatch.setenv("RVR_MODELS_DIR", str(weights))
    return ESTIMATORS.load(request.param)()


def picture(width: int, height: int, index: int = 0, dtype: type = np.uint8) -> Frame:
    rng = np.random.default_rng(index)
    rgb = rng.integers(0, np.iinfo(dtype).max, (height, width, 3), dtype=dtype, endpoint=True)
    return Frame(index, index * 10, rgb)


def run(estimator: RgbdEstimator[Any], frames: list[Frame], state: Any) -> tuple[list[RgbdFrame], Any]:
    before, after = estimator.context
    results = []
    for index in range(len(frames)):
        window = [frames[min(max(index + shift, 0), len(frames) - 1)] for shift in range(-before, after + 1)]
        result, state = estimator.step(window, state)
        results.append(result)
    return results, state


def trait(frame: Frame) -> ClipTrait:
    return ClipTrait(*frame.size, 8, 25.0)


def test_it_says_who_it_is(estimator: RgbdEstimator[Any]) -> None:
    assert estimator.name in list(ESTIMATORS)
    assert estimator.version.startswith(estimator.name)
    assert all(part >= 0 for part in estimator.context)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_maps_of_any_size_are_finite_and_in_range(estimator: RgbdEstimator[Any], width: int, height: int) -> None:
    frame = picture(width, height)
    (result,), _ = run(estimator, [frame], estimator.start(trait(frame)))
    assert result.index == frame.index
    map_width, map_height = result.size
    assert 1 <= map_width <= max(width, 1)
    assert 1 <= map_height <= max(height, 1)
    assert map_width / map_height == pytest.approx(width / height, rel=0.1)
    for part in (result.disparity, result.confidence):
        assert part.dtype == np.float16
        assert np.all((part >= 0) & (part <= 1))
    assert np.all(np.isfinite(result.boost_stops))
    assert np.all(result.boost_stops >= 0)


def test_maps_of_a_large_frame_stay_small(estimator: RgbdEstimator[Any]) -> None:
    frame = picture(3840, 2160)
    (result,), _ = run(estimator, [frame], estimator.start(trait(frame)))
    assert max(result.size) <= 640


def test_the_same_frame_gives_the_same_result(estimator: RgbdEstimator[Any]) -> None:
    frame = picture(80, 60)
    (first,), _ = run(estimator, [frame], estimator.start(trait(frame)))
    (second,), _ = run(estimator, [frame], estimator.start(trait(frame)))
    assert first.digest == second.digest


def test_chunks_equal_the_whole(estimator: RgbdEstimator[Any]) -> None:
    frames = [picture(64, 48, index) for index in range(6)]
    whole, _ = run(estimator, frames, estimator.start(trait(frames[0])))
    before, after = estimator.context
    start = max(3 - before, 0)
    part, _ = run(estimator, frames[start : 6 + after], estimator.start(trait(frames[0])))
    assert [result.digest for result in whole[3:]] == [result.digest for result in part[3 - start :]]


def test_dark_pixels_get_no_boost(estimator: RgbdEstimator[Any]) -> None:
    frame = Frame(0, 0, np.full((48, 64, 3), 90, np.uint8))
    (result,), _ = run(estimator, [frame], estimator.start(trait(frame)))
    assert not result.boost_stops.any()


@pytest.mark.parametrize("transfer", ["bt709", "srgb", "linear", "hlg", "pq"])
def test_every_transfer_is_understood(estimator: RgbdEstimator[Any], transfer: str) -> None:
    deep = picture(64, 48, dtype=np.uint16)
    frame = Frame(0, 0, deep.rgb, transfer, "bt2020" if transfer in ("hlg", "pq") else "bt709")
    (result,), _ = run(estimator, [frame], estimator.start(trait(frame)))
    assert np.all(np.isfinite(result.disparity))
