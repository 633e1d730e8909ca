"""What was refused: kept with the project exactly, read with distrust, matched by time and place."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document.encoding import decode, encode
from rvr_laaf_app.document.project import ClipRef, Project
from rvr_laaf_app.document.refusal import MAX_REFUSALS, NEAR_FRAMES, Refusal
from rvr_laaf_app.document.refusal_edits import add_refusals, drop_refusals

PLACE = Box(0.1, 0.2, 0.3, 0.4)
PROJECT = Project(clip=ClipRef("a.mp4", "f", 100))


def test_refusals_are_sorted_unique_and_round_trip() -> None:
    project = add_refusals(PROJECT, [Refusal(9, PLACE), Refusal(3, PLACE), Refusal(9, PLACE)])
    assert [r.frame for r in project.refusals] == [3, 9]
    assert add_refusals(project, [Refusal(3, PLACE)]) is project
    again = decode(json.loads(json.dumps(encode(project))))
    assert again == project
    assert drop_refusals(project, [Refusal(7, PLACE)]) is project
    assert drop_refusals(project, project.refusals) == PROJECT
    assert "refused" not in encode(PROJECT)  # files without any stay as they were


def test_a_refusal_means_the_same_subject_at_about_the_same_time() -> None:
    refusal = Refusal(50, PLACE)
    assert refusal.means(50 + NEAR_FRAMES, PLACE)
    assert not refusal.means(51 + NEAR_FRAMES, PLACE)
    assert refusal.means(45, replace(PLACE, x=0.15))
    assert not refusal.means(50, replace(PLACE, x=0.6))


@pytest.mark.parametrize(
    "hostile",
    [
        {"frame": -1, "box": [0, 0, 1, 1]},
        {"frame": 2**40, "box": [0, 0, 1, 1]},
        {"frame": 1.5, "box": [0, 0, 1, 1]},
        {"frame": 1, "box": [0, 0, 1]},
        {"frame": 1, "box": [0, 0, -1, 1]},
        {"frame": 1, "box": [0, 0, 1e9, 1]},
        {"frame": 1, "box": ["0", 0, 1, 1]},
        {"frame": 1, "box": [0, 0, 1, 1], "more": 1},
        {"box": [0, 0, 1, 1]},
        7,
        None,
    ],
)
def test_hostile_values_are_refused_by_name(hostile: object) -> None:
    with pytest.raises(ValueError, match="refused"):
        decode({**encode(PROJECT), "refused": [hostile]})


def test_there_is_an_end_to_refusing() -> None:
    many = [Refusal(n, PLACE) for n in range(MAX_REFUSALS)]
    full = add_refusals(PROJECT, many)
    with pytest.raises(UsageError, match="at most"):
        add_refusals(full, [Refusal(MAX_REFUSALS, PLACE)])
    with pytest.raises(UsageError, match="frame"):
        add_refusals(PROJECT, [Refusal(-1, PLACE)])
    with pytest.raises(ValueError, match="refused"):
        decode({**encode(PROJECT), "refused": [{"frame": 0, "box": [0, 0, 1, 1]}] * (MAX_REFUSALS + 1)})
