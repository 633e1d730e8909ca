"""Size from disparity: the unknown offset is learnt or nothing is said."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.track.scale import ScaleHistory, far_level, fitted_line


def series(offset: float, slope: float, *, noise: float = 0.01, frames: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Sizes of a subject that comes nearer and its disparities."""
    random = np.random.default_rng(3)
    sizes = np.linspace(1.0, 1.7, frames)
    return sizes * (1 + random.normal(0, 0.01, frames)), offset + slope * sizes + random.normal(0, noise, frames)


@pytest.mark.parametrize(("offset", "slope"), [(0.1, 0.3), (0.3, 0.2), (-0.1, 0.4)])
def test_the_offset_is_learnt(offset: float, slope: float) -> None:
    sizes, levels = series(offset, slope)
    line = fitted_line(sizes, levels, np.ones(60), far=0.1)
    assert line is not None
    assert line.offset == pytest.approx(offset, abs=0.05)
    assert line.slope == pytest.approx(slope, rel=0.1)
    assert line.support > 0.7


def test_frames_with_something_in_front_do_not_count() -> None:
    sizes, levels = series(0.1, 0.3)
    levels[20:30] = 0.95
    line = fitted_line(sizes, levels, np.ones(60), far=0.1)
    assert line is not None
    assert line.offset == pytest.approx(0.1, abs=0.06)


def test_without_change_of_size_nothing_is_learnt() -> None:
    sizes = np.ones(60)
    assert fitted_line(sizes, 0.4 * sizes, np.ones(60), far=0.1) is None


def test_disparity_that_falls_while_the_size_grows_is_not_believed() -> None:
    sizes, levels = series(0.9, -0.3)
    assert fitted_line(sizes, levels, np.ones(60), far=0.1) is None


def test_few_frames_tell_nothing() -> None:
    sizes, levels = series(0.1, 0.3, frames=8)
    assert fitted_line(sizes, levels, np.ones(8), far=0.1) is None


def test_the_expected_size_goes_on_where_the_points_ended() -> None:
    history = ScaleHistory(far=0.1)
    assert history.expected(0.5) is None
    for size, level in zip(*series(0.1, 0.3), strict=True):
        history.note(float(size), float(level), 1.0)
    opinion = history.expected(0.1 + 0.3 * 2.1)
    assert opinion is not None
    assert opinion[0] == pytest.approx(2.1, rel=0.06)
    assert history.expected(0.12) is None, "too near the offset: noise would be read as size"


def test_the_far_level_is_not_a_single_hole() -> None:
    disparity = np.full((64, 64), 0.3, np.float32)
    disparity[0, 0] = 0.0
    assert far_level(disparity) == pytest.approx(0.3)
