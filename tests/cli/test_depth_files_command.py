"""Depth in and out on the command line: `depth --sequence`, and `--depth-from` of analyse and depth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.cli.main import run
from rvr_laaf_app.cli.options import parse_depth_range
from rvr_laaf_app.media.image_file import read_plane, write_png
from tests.clips import write_clip

HEURISTIC = ("--estimator", "lower-is-nearer")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("cli") / "clip.mp4", frames=6, sound=False)


def test_a_sequence_is_written(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "depth"
    assert run(["depth", str(clip), "--out", str(out), "--sequence", "png16", *HEURISTIC]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert len(list(out.iterdir())) == 6
    disparity = read_plane(out / "frame_000004.png")
    assert disparity.shape == (96, 160)
    assert disparity[-8:].mean() > 0.9 > 0.1 > disparity[:8].mean()
    assert run(["depth", str(clip), "--out", str(tmp_path / "d.mkv"), "--sequence", "ffv1", *HEURISTIC]) == 0
    assert run(["depth", str(clip), "--out", str(tmp_path / "d.mkv"), "--sequence", "ffv1", *HEURISTIC]) == 4


@pytest.mark.parametrize(
    "more",
    [
        ["-o", "d.png", "--from", "0.1"],
        ["-o", "d.png", "--overwrite"],
        ["-o", "d", "--sequence", "png16", "--frame", "2"],
        ["-o", "d", "--sequence", "png16", "--hdr", "l.exr"],
        ["-o", "d.mp4", "--sequence", "ffv1"],
        ["-o", "d", "--sequence", "png16", "--from", "9"],
        ["-o", "d.png", "--depth-is", "depth"],
        ["-o", "d.png", "--depth-from", "x", *HEURISTIC],
        ["-o", "d.png", "--depth-range", "3,1"],
    ],
)
def test_wrong_usage(
    clip: Path, more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["depth", str(clip), *more]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_depth_from_files_is_used(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns = np.tile(np.linspace(0, 65535, 160).astype(np.uint16), (96, 1))
    for index in range(6):
        write_png(tmp_path / f"d_{index:03d}.png", columns)
    pattern = str(tmp_path / "d_%03d.png")
    assert run(["analyse", str(clip), "--depth-from", pattern, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["estimator"] == "sidecar"
    assert facts["frames"] == 6
    shown = tmp_path / "out.npy"
    assert run(["depth", str(clip), "--frame", "2", "-o", str(shown), "--depth-from", pattern, "--steady"]) == 0
    assert np.load(shown)[50, 20] < np.load(shown)[50, 140]
    arguments = ["--depth-from", pattern, "--depth-is", "inverted"]
    assert run(["depth", str(clip), "--frame", "2", "-o", str(shown), *arguments]) == 0
    assert np.load(shown)[50, 20] > np.load(shown)[50, 140]


def test_a_count_that_differs_is_one_line(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_png(tmp_path / "one.png", np.zeros((96, 160), np.uint16))
    assert run(["analyse", str(clip), "--depth-from", str(tmp_path / "one.png")]) == 3
    assert "the depth has 1 frames, the clip has 6" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "limits"), [("0,1", (0.0, 1.0)), ("0.5,inf", (0.5, float("inf"))), ("-2,3", (-2, 3))])
def test_ranges(text: str, limits: tuple[float, float]) -> None:
    assert parse_depth_range(text) == limits
