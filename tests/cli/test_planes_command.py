"""`rvr-laaf planes`: the table, the class map, the refocused photograph, and refusals in one line."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.cli.main import run


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8))
    return path


def planes(*arguments: object) -> int:
    return run(["planes", *map(str, arguments), "--estimator", "lower-is-nearer"])


def test_the_planes_are_told(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert planes(photo, "--count", 4, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert [plane["plane"] for plane in facts["planes"]] == [0, 1, 2, 3]
    assert facts["planes"][0]["y"] > 0.7
    assert len(facts["limits"]) == 3
    assert planes(photo) == 0
    assert "a point on it" in capsys.readouterr().out


def test_one_plane_in_focus(photo: Path, tmp_path: Path) -> None:
    out, classes = tmp_path / "out.png", tmp_path / "classes.png"
    assert planes(photo, "--count", 3, "--focus", 0, "-o", out, "--classes", classes, "--blur", 6) == 0
    before, after, map_ = (cv2.imread(str(p)) for p in (photo, out, classes))
    assert sorted(np.unique(map_)) == [0, 128, 255]
    bottom, top = slice(100, 120), slice(0, 30)
    assert np.array_equal(before[bottom], after[bottom])
    assert after[top].std() < 0.6 * before[top].std()
    assert planes(photo, "--count", 3, "-o", out) == 0
    assert np.array_equal(cv2.imread(str(out)), map_)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--count", "0"), "1 to 16"),
        (("--count", "3", "--focus", "3", "-o", "OUT"), "planes 0 to 2"),
        (("--focus", "0"), "-o OUT.png"),
        (("-o", "PHOTO"), "photo.png"),
        (("-o", "x.jpg"), ".png"),
        (("-o", "OUT", "--classes", "OUT"), "same name"),
        (("--frame", "1"), "frame 1"),
    ],
)
def test_wrong_use_is_one_line(
    photo: Path, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {"OUT": photo.with_name("out.png"), "PHOTO": photo}
    assert planes(photo, *(named.get(a, a) for a in arguments)) == 2
    error = capsys.readouterr().err.strip()
    assert words in error
    assert len(error.splitlines()) == 1
    assert not photo.with_name("out.png").exists()
