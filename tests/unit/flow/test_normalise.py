"""The disparity range of a shot: robust ends, exact memory, flat shots left flat."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rvr_laaf_app.flow.normalise import SMALLEST_SPAN, DisparityRange


def test_a_range_is_stretched_to_0_1() -> None:
    ramp = np.tile(np.linspace(0.2, 0.7, 200, dtype=np.float32), (50, 1))
    normalised = DisparityRange().including(ramp).normalise(ramp)
    assert normalised.dtype == np.float32
    assert normalised.min() < 0.005
    assert normalised.max() > 0.995
    np.testing.assert_allclose(normalised[0, 20:180], (ramp[0, 20:180] - 0.2) / 0.5, atol=0.02)


def test_single_pixels_do_not_set_the_range() -> None:
    frame = np.full((100, 100), 0.5, np.float32)
    frame[:, :50] = 0.3
    frame[0, 0], frame[2, 2] = 0.0, 1.0
    low, high = DisparityRange().including(frame).limits
    assert low == pytest.approx(0.3, abs=0.01)
    assert high == pytest.approx(0.5, abs=0.01)


def test_frames_add_up_in_any_order() -> None:
    rng = np.random.default_rng(1)
    frames = [rng.random((20, 30)).astype(np.float32) * s for s in (0.3, 0.9, 0.6)]
    one = DisparityRange().including(frames[0]).including(frames[1]).including(frames[2])
    two = DisparityRange().including(frames[2]).including(frames[0]).including(frames[1])
    assert one == two
    assert one.limits == two.limits


def test_a_flat_shot_stays_flat() -> None:
    wall = np.full((40, 40), 0.4, np.float32)
    wall += np.random.default_rng(2).normal(0, 0.002, wall.shape).astype(np.float32)
    spread = DisparityRange().including(wall).normalise(wall).std()
    assert spread < 0.002 / SMALLEST_SPAN * 1.2
    assert DisparityRange().including(wall).normalise(wall).mean() == pytest.approx(0.5, abs=0.05)


def test_nothing_seen_changes_nothing() -> None:
    frame = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(DisparityRange().normalise(frame), frame)


def test_a_range_survives_json() -> None:
    seen = DisparityRange().including(np.random.default_rng(3).random((30, 30)).astype(np.float32))
    assert DisparityRange.from_json(json.loads(json.dumps(seen.as_json()))) == seen
    assert DisparityRange.from_json(json.loads(json.dumps(DisparityRange().as_json()))) == DisparityRange()


@pytest.mark.parametrize(
    "damaged", [{}, {"counts": {"-1": 3}}, {"counts": {"5000": 1}}, {"counts": {"7": -2}}, {"counts": 5}]
)
def test_damaged_facts_are_refused(damaged: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        DisparityRange.from_json(damaged)
