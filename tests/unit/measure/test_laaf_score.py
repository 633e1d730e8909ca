"""Proposed targets against true ones: matching, windows, false ones, turns and distractions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.evidence import Suggestion
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.measure.laaf import (
    ClipTruth,
    Stretch,
    TrueTarget,
    halves,
    hundred_frames,
    load_truth,
    score_clip,
    spread,
    summary,
)

LEFT, RIGHT = Box(0.1, 0.2, 0.2, 0.3), Box(0.7, 0.2, 0.2, 0.3)


def at(frame: int, box: Box = LEFT) -> Suggestion:
    return Suggestion(frame, box, 1.0, "face", "", ready=max(frame - 6, 0))


def truth(*targets: tuple[int, int, int, Box], **more: tuple[Stretch, ...]) -> ClipTruth:
    return ClipTruth("clip", 300, 30.0, tuple(TrueTarget(*t) for t in targets), **more)


def test_figures_of_a_clip() -> None:
    true = truth((0, 0, 0, LEFT), (50, 40, 55, RIGHT), (120, 118, 125, LEFT), (200, 195, 205, RIGHT))
    score = score_clip(true, [at(0), at(53, RIGHT), at(113, LEFT), at(160)])
    assert [(m.delta_t, m.in_window, m.in_place) for m in score.matches] == [
        (3, True, True),
        (-7, False, True),
        (None, False, False),
    ]
    assert score.false == (160,)
    assert score.first_in_place
    figures = summary([score])
    assert figures["mean_abs_delta_t"] == pytest.approx((3 + 7 + 30) / 3)
    assert figures["mean_abs_delta_t_of_found"] == pytest.approx(5)
    assert figures["in_window"] == pytest.approx(1 / 3)
    assert figures["close"] == pytest.approx(2 / 3)
    assert figures["false_per_minute"] == pytest.approx(6.0)
    assert figures["missed"] == 1
    assert figures["turns_in_focus"] is None


def test_one_proposal_serves_one_truth_and_a_far_one_is_both_matched_and_false() -> None:
    true = truth((100, 100, 100, LEFT), (105, 105, 105, RIGHT))
    assert [m.delta_t for m in score_clip(true, [at(104, RIGHT)]).matches] == [None, -1]
    late = score_clip(truth((100, 100, 100, LEFT)), [at(125)])
    assert late.matches[0].delta_t == 25
    assert late.false == (125,)


def test_turns_and_distractions() -> None:
    turns = (Stretch(20, 80, LEFT), Stretch(100, 160, RIGHT))
    true = truth((0, 0, 0, LEFT), (100, 85, 103, RIGHT), turns=turns, distractions=(Stretch(50, 60), Stretch(200, 230)))
    good = score_clip(true, [at(0), at(99, RIGHT)])
    assert (good.turns, good.turns_in_focus, good.distractions, good.distracted) == (2, 2, 2, 0)
    late = score_clip(true, [at(0), at(110, RIGHT), at(205)])
    assert (late.turns_in_focus, late.distracted) == (1, 1)


def test_nothing_at_all() -> None:
    figures = summary([])
    assert figures["mean_abs_delta_t"] is None
    assert figures["false_per_minute"] is None


def test_how_far_figures_depend_on_the_clips_at_hand() -> None:
    right = score_clip(truth((50, 40, 60, LEFT)), [at(0), at(50)])
    wrong = score_clip(truth((50, 40, 60, LEFT)), [at(0)])
    low, high = spread([right, right, wrong, wrong])["in_window"]
    assert low < 0.3 < 0.7 < high
    assert spread([right] * 4)["in_window"] == (1.0, 1.0)
    assert spread([]) == {}
    scores = [replace(right, name="a"), replace(wrong, name="b"), replace(right, name="c"), replace(wrong, name="d")]
    assert [half["in_window"] for half in halves(scores)] == [1.0, 0.0]


def test_files_of_truth(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(
        json.dumps({"clips": {"a": {"frames": 9, "fps": 3, "targets": [{"frame": 4, "box": [0, 0, 1, 1]}]}}})
    )
    assert load_truth(path)[0].targets == (TrueTarget(4, 4, 4, Box(0, 0, 1, 1)),)
    for text in ("", "[]", '{"clips": {"a": {}}}', '{"clips": {"a": {"frames": 1, "fps": 1, "targets": [{}]}}}'):
        path.write_text(text)
        with pytest.raises(UsageError, match="no file of true targets"):
            load_truth(path)
    with pytest.raises(UsageError, match="cannot be read"):
        load_truth(tmp_path / "absent.json")


def test_the_likeliest_of_a_hundred_frames() -> None:
    true = truth((0, 0, 0, LEFT), (150, 145, 155, RIGHT))
    likely = np.zeros(300)
    likely[153] = 1.0
    assert [away for away, _ in hundred_frames(true, likely)] == [3.0]
    (_, middle) = hundred_frames(true, likely)[0]
    assert 15 < middle < 30
    assert [away for away, _ in hundred_frames(truth((20, 15, 25, LEFT)), likely[:60])] == [20.0]
    assert hundred_frames(truth((0, 0, 0, LEFT)), likely) == []
