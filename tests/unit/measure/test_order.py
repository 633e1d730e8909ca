"""The wrong-order rate: pairs are counted right, baselines and confidence beside it, damage is told."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.core.errors import MediaError, UsageError
from rvr_laaf_app.measure.order import ALL, load_rankings, measure_order, reliability
from tests.unit.measure.pretend import Pretend, grey_is_near


def write_labels(folder: Path, *, levels: tuple[int, ...] = (0, 1, 1, 2)) -> Path:
    """One photograph of four grey stripes from left to right, the left one brightest; ranked from left to right."""
    stripes = np.repeat(np.array([240, 170, 165, 60], np.uint8)[None], 40, 0).repeat(20, 1)
    cv2.imwrite(str(folder / "stripes.png"), np.repeat(stripes[..., None], 3, 2))
    points = [{"x": 0.125 + 0.25 * i, "y": 0.2 + 0.1 * i, "level": level} for i, level in enumerate(levels)]
    entries = [{"photo": "stripes.png", "split": "val", "points": points}]
    entries.append({"photo": "gone.png", "split": "train", "points": points})
    labels = folder / "labels.json"
    labels.write_text(json.dumps({"photos": entries}))
    return labels


def test_the_right_order_and_the_wrong_one(tmp_path: Path) -> None:
    rankings = load_rankings(write_labels(tmp_path), "val")
    right = measure_order(Pretend(grey_is_near), rankings)
    assert (right["pairs"], right["wrong_order_rate"]) == (5, 0.0)
    wrong = measure_order(Pretend(lambda frame: 1 - grey_is_near(frame)), rankings)
    assert wrong["wrong_order_rate"] == 1.0
    # The points lie the lower the farther they are: the ramp has every pair wrong.
    assert right["lower_is_nearer"] == 1.0
    assert right["nearest"]["pairs"] == 3
    assert right["beyond"]["pairs"] == 2
    assert right["adjacent"]["pairs"] == 4
    assert right["confidence"] == [{"pairs": 5, "said_right": 0.82, "was_right": 1.0}]


def test_a_tie_is_wrong(tmp_path: Path) -> None:
    rankings = load_rankings(write_labels(tmp_path), "val")
    flat = measure_order(Pretend(lambda frame: np.zeros(frame.rgb.shape[:2])), rankings)
    assert flat["wrong_order_rate"] == 1.0


def test_photographs_that_are_gone_are_told(tmp_path: Path) -> None:
    figures = measure_order(Pretend(grey_is_near), load_rankings(write_labels(tmp_path), ALL))
    assert figures["photos"] == 1
    assert "gone.png" in figures["skipped"][0]["what"]


def test_labels_without_order_have_no_rate(tmp_path: Path) -> None:
    figures = measure_order(Pretend(grey_is_near), load_rankings(write_labels(tmp_path, levels=(1, 1, 1, 1)), "val"))
    assert figures["pairs"] == 0


@pytest.mark.parametrize("text", ["", "[]", '{"photos": [{"photo": "a.png"}]}', '{"photos": [{"points": 3}]}'])
def test_damaged_labels_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "labels.json"
    path.write_text(text)
    with pytest.raises(MediaError, match=r"labels"):
        load_rankings(path)


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'elsewhere'"):
        load_rankings(write_labels(tmp_path), "elsewhere")


def test_reliability_says_what_was_right() -> None:
    chance = np.array([0.6] * 10 + [0.97] * 10)
    right = np.arange(20) % 2 == 0
    assert reliability(right, chance) == [
        {"pairs": 10, "said_right": 0.6, "was_right": 0.5},
        {"pairs": 10, "said_right": 0.97, "was_right": 0.5},
    ]
