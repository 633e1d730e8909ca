"""`rvr-laaf eval`: tables, JSON, and one clear line when there is nothing to measure."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.cli.main import run
from tests.clips import write_clip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in the shape of the development data: one ranked photograph, one scene, one map, one clip."""
    photos, depth, hdr, clips = (tmp_path / name for name in ("photos", "depth", "hdr", "clips"))
    for folder in (photos, depth, hdr, clips):
        folder.mkdir()
    rgb = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    cv2.imwrite(str(photos / "a.png"), rgb)
    points = [{"x": 0.5, "y": 0.9, "level": 0}, {"x": 0.5, "y": 0.1, "level": 1}]
    (photos / "ordinal_depth.json").write_text(
        json.dumps({"photos": [{"photo": "a.png", "split": "val", "points": points}]})
    )
    cv2.imwrite(str(depth / "s.png"), rgb)
    np.save(depth / "s.disparity.npy", np.repeat(np.linspace(1, 2, 48)[:, None], 64, 1))
    cv2.imwrite(str(depth / "alone.png"), rgb)
    cv2.imwrite(str(hdr / "m.hdr"), np.random.default_rng(1).random((32, 64, 3)).astype(np.float32) * 4)
    write_clip(clips / "c.mp4", frames=6, sound=False)
    return tmp_path


def evaluate(*arguments: object) -> int:
    return run(["eval", *map(str, arguments), "--estimator", "lower-is-nearer"])


def test_depth_as_table_and_json(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "figures.json"
    assert evaluate("depth", "--data", data, "--json", out) == 0
    printed = capsys.readouterr().out
    for text in ("order of points", "aligned disparity error", "| s ", "skipped alone.png: no truth"):
        assert text in printed
    figures = json.loads(out.read_text())
    assert (figures["measure"], figures["estimator"]) == ("depth", "lower-is-nearer")
    assert figures["order"]["wrong_order_rate"] == 0.0
    assert figures["scenes"]["scenes"][0]["error"] < 0.02
    assert figures["bokeh"] is None
    assert figures["video"] is None


def test_only_one_part_and_only_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("depth", "--data", data, "--only", "order", "--json", "-") == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["order"]["photos"] == 1
    assert figures["scenes"] is None


def test_a_labels_file_by_itself(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("depth", "--data", data / "photos" / "ordinal_depth.json", "--split", "val") == 0
    assert "1 pairs" in capsys.readouterr().out


def test_labels_of_another_name_are_found(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = data / "photos"
    (photos / "ordinal_depth.json").rename(photos / "ranked.json")
    (photos / "about.json").write_text('{"photos": 3}')
    assert evaluate("depth", "--data", photos, "--only", "order") == 0
    assert "1 pairs" in capsys.readouterr().out
    (photos / "ordinal_depth.json").write_text("damaged")
    assert evaluate("depth", "--data", data, "--only", "order") == 3


def test_hdr_and_steady(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("hdr", "--data", data, "--json", "-") == 0
    row = json.loads(capsys.readouterr().out)["light"]["maps"][0]
    assert row["error_stops"] == row["clipped_input_stops"]
    assert evaluate("steady", "--data", data / "clips" / "c.mp4") == 0
    printed = capsys.readouterr().out
    assert "| c.mp4" in printed
    assert "jitter" in printed


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("depth", "--data", "/no/such/folder"), 2, "no such folder"),
        (("hdr", "--data", "EMPTY"), 2, "nothing to measure"),
        (("steady", "--data", "DATA", "--clip", "other"), 2, "other"),
        (("steady", "--data", "DATA", "--frames", "1"), 2, "two frames"),
        (("depth", "--data", "DATA", "--split", "gone"), 2, "'gone'"),
        (("depth", "--data", "DATA", "--checkpoint", "w.safetensors"), 2, "takes no weights"),
        (("taste", "--data", "DATA"), 2, "taste"),
    ],
)
def test_wrong_use_is_one_line(
    data: Path, arguments: tuple[str, ...], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "empty").mkdir()
    named = {"DATA": data, "EMPTY": data / "empty"}
    assert evaluate(*(named.get(a, a) for a in arguments)) == code
    error = capsys.readouterr().err.strip()
    assert words in error
    assert len(error.splitlines()) == 1
