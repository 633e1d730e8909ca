"""Steadiness: noise on what stands still is jitter, slow change is drift, a late edge is smear; flat gains nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.frame import Frame, RgbdFrame
from rvr_laaf_app.measure.steady import (
    Shot,
    compared,
    drift,
    estimated_shot,
    filtered,
    find_clips,
    jitter,
    measure_steadiness,
    read_shot,
    smear,
    static_masks,
)
from tests.clips import texture, write_clip
from tests.unit.measure.pretend import Pretend

Maps = list[NDArray[np.float32]]
STILL = np.zeros((40, 60, 2), np.float32)
STATIC = np.ones((40, 60), bool)


def ramp(count: int) -> Maps:
    return [np.repeat(np.linspace(0, 1, 60, dtype=np.float32)[None], 40, 0) for _ in range(count)]


def noisy(count: int, size: float) -> Maps:
    rng = np.random.default_rng(0)
    return [m + rng.normal(0, size, m.shape).astype(np.float32) for m in ramp(count)]


def moving_box(count: int, *, late: int = 0) -> Maps:
    maps = []
    for index in range(count):
        values = np.full((40, 60), 0.2, np.float32)
        x = 5 + 2 * max(index - late, 0)
        values[10:30, x : x + 12] = 0.9
        maps.append(values)
    return maps


def test_jitter_is_the_change_from_frame_to_frame() -> None:
    flows, masks = [STILL] * 9, [STATIC] * 9
    assert jitter(ramp(10), flows, masks) == 0
    small, large = (jitter(noisy(10, size), flows, masks) for size in (0.01, 0.02))
    assert large == pytest.approx(2 * small, rel=0.1)
    # The mean of |difference of two normal values| is 2 / sqrt(pi) of their spread; the ramp spans 0.96.
    assert small == pytest.approx(0.01128 / 0.96, rel=0.05)


def test_flattening_gains_nothing() -> None:
    maps = noisy(10, 0.02)
    flat = [0.1 * m + 0.4 for m in maps]
    both = compared(maps, flat, lambda given: jitter(given, [STILL] * 9, [STATIC] * 9))
    assert both is not None
    assert both["ratio"] == pytest.approx(1.0, abs=1e-3)


def test_only_static_pixels_count() -> None:
    maps = ramp(3)
    maps[1] = maps[1].copy()
    maps[1][:, 40:] = 0.5
    left = STATIC.copy()
    left[:, 40:] = False
    assert jitter(maps, [STILL] * 2, [left] * 2) == 0
    assert np.isnan(jitter(maps, [STILL] * 2, [~STATIC] * 2))


def test_drift_sees_what_jitter_does_not() -> None:
    sinking = [m + np.float32(0.002 * i) for i, m in enumerate(ramp(60))]
    flows, masks = [STILL] * 59, [STATIC] * 59
    assert drift(sinking, masks) > 20 * jitter(sinking, flows, masks)
    assert drift(ramp(60), masks) == 0
    assert np.isnan(drift(ramp(10), masks[:9]))


def test_a_late_edge_is_smear() -> None:
    truth = moving_box(14)
    assert smear(truth, truth) < 1e-6
    assert smear(moving_box(14, late=2), truth) > smear(moving_box(14, late=1), truth) > 0.02
    averaged = [np.mean(truth[max(i - 5, 0) : i + 1], axis=0) for i in range(14)]
    assert smear(averaged, truth) > 0.1


def test_smear_does_not_depend_on_scale_and_shift() -> None:
    truth, late = moving_box(14), moving_box(14, late=2)
    assert smear([3 * m + 1 for m in late], truth) == pytest.approx(smear(late, truth), rel=1e-3)


def still_shot(count: int, *, moving: bool = False) -> Shot:
    rgb = texture((96, 64), 1)
    frames = [Frame(i, i, np.roll(rgb, 3 * i, axis=1) if moving else rgb) for i in range(count)]
    return Shot(tuple(frames), frozenset())


def test_static_pixels_are_found() -> None:
    assert np.mean([mask.mean() for mask in static_masks(still_shot(3))]) > 0.9
    assert np.mean([mask.mean() for mask in static_masks(still_shot(3, moving=True))]) < 0.1
    cut = Shot(still_shot(3).frames, frozenset({1}))
    assert [bool(mask.any()) for mask in static_masks(cut)] == [False, True]


def test_the_filter_of_the_program_calms_noise() -> None:
    shot = still_shot(12)
    rng = np.random.default_rng(0)
    base = np.repeat(np.linspace(0.2, 0.8, 96)[None], 64, 0)
    estimates = estimated_shot(Pretend(lambda frame: base + rng.normal(0, 0.02, base.shape)), shot)
    plain = [rgbd.disparity.astype(np.float32) for rgbd in estimates]
    flows, masks = [np.zeros((64, 96, 2), np.float32)] * 11, [np.ones((64, 96), bool)] * 11
    both = compared(plain, filtered(shot, estimates), lambda maps: jitter(maps, flows, masks))
    assert both is not None
    assert both["ratio"] < 0.6


def test_an_estimator_gets_the_context_it_wants_and_a_fresh_state_at_each_cut() -> None:
    shot = Shot(still_shot(5).frames, frozenset({3}))
    seen: list[list[int]] = []
    starts = []

    class Looking(Pretend):
        context = (1, 2)

        def start(self, clip: object) -> None:
            starts.append(len(seen))

        def step(self, frames: object, state: object) -> tuple[RgbdFrame, object]:
            seen.append([frame.index for frame in frames])  # type: ignore[attr-defined]
            return super().step(frames, state)  # type: ignore[arg-type]

    estimated_shot(Looking(lambda frame: np.zeros((64, 96))), shot)
    assert seen == [[0, 0, 1, 2], [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 4], [3, 4, 4, 4]]
    assert starts == [0, 3]


def test_clips_are_measured_with_and_without_truth(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "box.mp4", frames=40, sound=False)
    write_clip(tmp_path / "box.disparity_reference.mp4", frames=4, sound=False)
    (tmp_path / "short.mp4").write_bytes(b"no clip")
    assert [path.name for path in find_clips(tmp_path)] == ["box.mp4", "short.mp4"]
    folder = tmp_path / "box.disparity"
    folder.mkdir()
    for index in range(40):
        truth = np.full((96, 160), 0.2, np.float32)
        truth[48:72, 8 + 2 * index : 32 + 2 * index] = 0.9
        np.save(folder / f"{index:03d}.npy", truth)
    rng = np.random.default_rng(0)

    def guess(frame: Frame) -> NDArray[np.floating]:
        x = 8 + 2 * frame.index
        values = np.full((96, 160), 0.3) + rng.normal(0, 0.01, (96, 160))
        values[48:72, x : x + 24] = 0.8
        return values

    figures = measure_steadiness(Pretend(guess), find_clips(tmp_path), frames=40)
    row = figures["clips"][0]
    assert row["frames"] == 40
    assert row["static_share"] > 0.5
    assert row["jitter"]["ratio"] < 0.6
    assert row["drift"] is not None
    assert row["smear"]["ratio"] < 1.3
    assert 0 < row["truth_smear"] < 0.1
    assert figures["skipped"][0]["what"] == "short.mp4"

    def averaged(shot: Shot, estimates: object) -> Maps:
        plain = [rgbd.disparity.astype(np.float32) for rgbd in estimates]  # type: ignore[attr-defined]
        return [np.mean(plain[max(i - 5, 0) : i + 1], axis=0) for i in range(len(plain))]

    blunt = measure_steadiness(Pretend(guess), [clip], frames=40, steadier=averaged)["clips"][0]
    assert blunt["smear"]["ratio"] > 1.5 * row["smear"]["ratio"]
    assert blunt["truth_smear"] > 1.5 * row["truth_smear"]


def test_cuts_are_found(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "cut.mp4", frames=20, cut_at=9, sound=False)
    assert read_shot(clip, 20).cuts == {9}
