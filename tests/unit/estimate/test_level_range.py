"""Numbers without a scale to disparity: order kept everywhere, linear inside, one range for a clip."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.estimate.level_range import LevelRange


def test_inside_the_range_it_is_linear() -> None:
    known = LevelRange(10.0, 50.0)
    levels = np.linspace(10, 50, 41, dtype=np.float32)[None]
    steps = np.diff(known.disparity(levels)[0])
    assert steps.min() == pytest.approx(steps.max(), rel=1e-3)


def test_order_is_kept_far_outside() -> None:
    levels = np.linspace(-30, 90, 200, dtype=np.float32)[None]
    disparity = LevelRange(10.0, 50.0).disparity(levels)[0]
    assert np.all(np.diff(disparity) > 0)
    assert disparity[0] >= 0
    assert disparity[-1] <= 1


def test_the_slope_does_not_jump_where_the_range_ends() -> None:
    levels = np.array([[49.0, 50.0, 51.0]], np.float32)
    before, after = np.diff(LevelRange(10.0, 50.0).disparity(levels)[0])
    assert after == pytest.approx(before, rel=0.1)


def test_scale_and_shift_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    levels = rng.random((40, 60)).astype(np.float32)
    one = LevelRange().including(levels).disparity(levels)
    other = 800 * levels - 300
    np.testing.assert_allclose(LevelRange().including(other).disparity(other), one, atol=1e-4)


def test_noise_and_holes_do_not_widen_it() -> None:
    levels = np.tile(np.linspace(0, 1, 400, dtype=np.float32), (300, 1))
    levels[7, 8] = 1e6
    levels[20:40] = np.nan
    found = LevelRange().including(levels)
    assert found.high < 1.1
    assert found.low > -0.1
    assert LevelRange().including(np.full((4, 4), np.nan, np.float32)).empty


def test_a_flat_map_is_finite() -> None:
    for value in (0.0, 5.0, -1e6):
        flat = np.full((8, 8), value, np.float32)
        assert np.isfinite(LevelRange().including(flat).disparity(flat)).all()
