"""The measures of fused pictures: what their papers' formulas give where the answer is known."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.cli.main import run
from rvr_laaf_app.measure.fusion_quality import (
    edges_kept,
    grey_of,
    mutual_information,
    psnr,
    ssim,
    structure_kept,
)
from rvr_laaf_app.measure.stack import find_pairs, found_cases
from rvr_laaf_app.measure.stack_scenes import StackSpec, draw_stack


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    stack = draw_stack(51, StackSpec(size=(200, 160), layers=2, slices=2, max_radius_px=6))
    return stack.slices[0], stack.slices[1], stack.truth


def test_psnr_and_ssim_of_known_differences() -> None:
    one = np.full((40, 50, 3), 100, np.uint8)
    assert psnr(one, one) == pytest.approx(10 * np.log10(255**2 / 1e-10))
    assert psnr(one + np.uint8(5), one) == pytest.approx(20 * np.log10(255 / 5))
    edge = one.copy()
    edge[0, :] = 255
    assert psnr(edge, one, border=2) > 100
    assert ssim(one, one) == pytest.approx(1.0)
    noisy = np.random.default_rng(1).integers(0, 255, one.shape, dtype=np.uint8)
    assert ssim(noisy, one) < 0.1


def test_a_picture_of_itself_keeps_everything(pair: tuple[np.ndarray, ...]) -> None:
    grey = grey_of(pair[2])
    assert edges_kept([grey, grey], grey) == pytest.approx(0.9994 / (1 + np.exp(-7.5)) * 0.9879 / (1 + np.exp(-4.4)))
    assert mutual_information([grey, grey], grey) == pytest.approx(2.0)
    assert structure_kept(grey, grey, grey) == pytest.approx(1.0)


@pytest.mark.parametrize("measure", ["q_abf", "q_mi", "q_y"])
def test_the_truth_scores_above_the_mean_and_above_noise(measure: str, pair: tuple[np.ndarray, ...]) -> None:
    one, two = grey_of(pair[0]), grey_of(pair[1])
    mean = np.rint((one + two) / 2)
    noise = np.random.default_rng(2).integers(0, 255, one.shape).astype(np.float64)

    def score(fused: np.ndarray) -> float:
        if measure == "q_abf":
            return edges_kept([one, two], fused)
        return mutual_information([one, two], fused) if measure == "q_mi" else structure_kept(one, two, fused)

    assert score(grey_of(pair[2])) > score(mean) > score(noise)


def test_mutual_information_of_independent_pictures_is_small() -> None:
    random = np.random.default_rng(3)
    one, two, other = (random.integers(0, 4, (300, 300)).astype(np.float64) for _ in range(3))
    assert mutual_information([one, two], other) < 0.01


def test_drawn_stacks_tell_what_was_done() -> None:
    spec = StackSpec(size=(120, 90), slices=3, breathing=0.05, shake_px=2, flicker_stops=0.2)
    stack = draw_stack(52, spec)
    again = draw_stack(52, spec)
    assert all(np.array_equal(a, b) for a, b in zip(stack.slices, again.slices, strict=True))
    assert np.array_equal(stack.to_truth[-1], np.eye(2, 3))
    assert stack.gains[-1] == 1
    slopes = np.hypot(stack.to_truth[:, 0, 0], stack.to_truth[:, 1, 0])
    assert slopes[0] == pytest.approx(1 / 0.95)


def test_pairs_and_rendered_truths_are_found_in_a_folder(tmp_path: Path) -> None:
    picture = np.zeros((24, 32, 3), np.uint8)
    (tmp_path / "lytro").mkdir()
    for name in ("x-A.png", "x-B.png", "office_all.png", "office_near.png", "office_far.png", "y-A.png"):
        (tmp_path / name).write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    for name in ("001_00.jpg", "001_04.jpg", "002_00.jpg"):
        (tmp_path / "lytro" / name).write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    assert [name for name, _, _ in find_pairs(tmp_path)] == ["x", "lytro 001"]
    cases = found_cases(tmp_path, 0, 1)
    assert [(c.name, c.group, c.truth is not None) for c in cases] == [
        ("office", "rendered truth", True),
        ("x", "real pairs", False),
        ("lytro 001", "real pairs", False),
    ]


@pytest.mark.slow
def test_eval_stack_needs_no_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = StackSpec(size=(160, 120), slices=3, layers=2, breathing=0.02)
    monkeypatch.setattr("rvr_laaf_app.measure.stack.FAULTS", {"breathing": small})
    monkeypatch.setattr("rvr_laaf_app.measure.stack.DEEP", small)
    monkeypatch.setattr("rvr_laaf_app.measure.stack_capture.SCENES", ("two",))
    monkeypatch.setattr("rvr_laaf_app.measure.stack_capture.SIZE", (90, 160))
    (tmp_path / "empty").mkdir()
    assert run(["eval", "stack", "--seed", "3", "--cases", "1", "--data", str(tmp_path / "empty"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["seed"] == 3
    assert set(report["fusion"]["groups"]) == {"drawn stacks", "drawn pairs"}
    assert report["fusion"]["groups"]["drawn pairs"]["guided"]["q_y"] > 0.9
    assert report["alignment"]["breathing"]["mean_px"] < 0.5
    assert report["capture"]["two"]["ours"]["frames"] < report["capture"]["two"]["uniform"]["frames"]
