from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rvr_laaf_app.core.timebase import FrameTable, Timecode


def _table(pts: list[int], base: Fraction = Fraction(1, 1000), **more: int) -> FrameTable:
    return FrameTable(np.array(pts, np.int64), base, **more)  # type: ignore[arg-type]


def test_seconds_count_from_the_first_frame() -> None:
    table = _table([36_000_000, 36_000_040, 36_000_080])
    np.testing.assert_allclose(table.times_s, [0, 0.04, 0.08])
    assert table.duration_s == pytest.approx(0.12)
    assert table.seconds_of(2) == pytest.approx(0.08)
    assert Timecode(36_000_040, Fraction(1, 1000)).seconds == pytest.approx(36000.04)


def test_the_frame_on_screen_is_the_last_one_begun() -> None:
    table = _table([0, 33, 100, 1600])
    assert [table.index_at(t) for t in (-1, 0, 0.032, 0.033, 0.5, 1.6, 99)] == [0, 0, 0, 1, 2, 3, 3]


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=60), st.integers(-(2**40), 2**40))
def test_index_pts_and_seconds_agree_for_any_spacing(steps: list[int], start: int) -> None:
    pts = start + np.concatenate([[0], np.cumsum(steps)])
    table = FrameTable(pts, Fraction(1, 90000))
    for index in range(len(table)):
        assert table.index_of_pts(int(pts[index])) == index
        assert table.index_at(table.seconds_of(index)) == index


def test_constant_rates_are_constant_even_when_rounded_to_milliseconds() -> None:
    assert not _table([round(k * 1000 / 29.97) for k in range(300)]).is_vfr
    assert not FrameTable(np.arange(240) * 1001, Fraction(1, 30000)).is_vfr
    assert _table([0, 40, 80, 160, 200]).is_vfr
    assert not _table([0, 90]).is_vfr


def test_repeated_stamps_are_allowed_and_backward_ones_are_not() -> None:
    assert len(_table([0, 40, 40, 80])) == 4
    with pytest.raises(ValueError, match="decrease"):
        _table([0, 40, 39])
    with pytest.raises(ValueError, match="at least one"):
        _table([])


def test_outside_indices_are_refused() -> None:
    table = _table([0, 40])
    for index in (-1, 2):
        with pytest.raises(IndexError):
            table.seconds_of(index)
    with pytest.raises(KeyError):
        table.index_of_pts(20)


def test_the_table_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        _table([0, 40]).pts[0] = 1


def test_the_last_frame_lasts_as_long_as_told_or_as_usual() -> None:
    assert _table([0, 40, 80]).end_pts == 120
    assert _table([0, 40, 80], end_pts=1000).duration_s == 1.0
    assert _table([0, 40, 80]).average_rate == 25
