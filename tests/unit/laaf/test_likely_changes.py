"""Targets from probabilities: peaks that stand out, on the subject that is there, one at the head of each shot."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.laaf.likely_changes import peaks, suggest_likely
from tests.unit.laaf.pretend_evidence import Face, evidence

LEFT, RIGHT = (0.2, 0.25, 0.12, 0.2), (0.65, 0.25, 0.12, 0.2)


def hill(frames: int, places: list[int], height: float = 0.9) -> NDArray[np.float64]:
    at = np.arange(frames)
    return np.max([height * np.exp(-0.5 * ((at - p) / 4.0) ** 2) for p in places], axis=0)


def test_a_peak_is_a_target_on_the_face_that_is_there() -> None:
    clip = evidence(200, faces=[Face(LEFT), Face(RIGHT)])
    places = np.where(np.arange(200)[:, None] < 100, [[0.25, 0.35]], [[0.7, 0.35]])
    found = suggest_likely(clip, hill(200, [100]), places)
    assert [s.frame for s in found] == [0, pytest.approx(100, abs=1)]
    assert found[0].box.centre.x < 0.5
    assert found[1].box.centre.x > 0.5
    assert found[1].box.width == pytest.approx(0.12, abs=0.01)
    assert found[1].ready == found[1].frame - 6
    assert found[1].detector == "af-net"


def test_low_and_near_peaks_are_none_and_each_shot_begins_with_one() -> None:
    assert peaks(hill(200, [100], 0.4), 0.5, 30) == []
    assert peaks(np.maximum(hill(200, [100], 0.9), hill(200, [115], 0.8)), 0.5, 30) == [100]
    assert peaks(hill(200, [60, 140]), 0.5, 30) == [60, 140]
    clip = evidence(120, cuts=(50,))
    found = suggest_likely(clip, np.zeros(120), np.full((120, 2), 0.5))
    assert [s.frame for s in found] == [0, 50]
    assert "new shot" in found[1].reason
