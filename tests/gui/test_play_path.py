"""The way through a clip: forwards and back, to the end and round and round, also with a variable rate."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.ui.playback.path import PlayPath


def uneven(lengths: list[int]) -> FrameTable:
    pts = np.concatenate(([0], np.cumsum(lengths[:-1]))).astype(np.int64)
    return FrameTable(pts, Fraction(1, 1000), end_pts=int(sum(lengths)))


EVEN = uneven([40] * 20)


def test_forwards_to_the_end_of_the_range() -> None:
    path = PlayPath(EVEN, 5, 3, 9)
    assert path.count == 4
    assert [path.index_of(k) for k in range(6)] == [5, 6, 7, 8, 8, 8]
    assert [path.serial_at(0.04 * k + 0.001) for k in range(5)] == [0, 1, 2, 3, 4]


def test_backwards_shows_the_first_frame_for_its_whole_length() -> None:
    path = PlayPath(EVEN, 5, 3, 9, step=-1)
    assert path.count == 3
    assert [path.index_of(path.serial_at(t)) for t in (0.0, 0.039, 0.041, 0.081, 0.119)] == [5, 5, 4, 3, 3]
    assert path.serial_at(0.125) == 3


@pytest.mark.parametrize("step", [1, -1])
def test_a_loop_goes_on_and_counts_laps(step: int) -> None:
    path = PlayPath(EVEN, 5, 3, 9, step, loop=True)
    assert path.count is None
    lap = [5, 6, 7, 8, 3, 4] if step > 0 else [5, 4, 3, 8, 7, 6]
    assert [path.index_of(k) for k in range(18)] == lap * 3
    assert [path.serial_at(0.04 * k + 0.001) for k in range(40)] == list(range(40))


def test_a_range_of_one_frame_loops_on_it() -> None:
    path = PlayPath(EVEN, 7, 7, 8, loop=True)
    assert {path.index_of(path.serial_at(t / 10)) for t in range(20)} == {7}


def test_a_path_outside_its_range_is_refused() -> None:
    for begin, start, stop in ((2, 3, 9), (9, 3, 9), (0, 0, 21)):
        with pytest.raises(ValueError, match="range"):
            PlayPath(EVEN, begin, start, stop)


@given(
    st.lists(st.integers(5, 400), min_size=3, max_size=30),
    st.data(),
    st.sampled_from([1, -1]),
    st.booleans(),
)
def test_what_is_due_is_what_the_clip_shows_at_that_moment(
    lengths: list[int], data: st.DataObject, step: int, loop: bool
) -> None:
    table = uneven(lengths)
    start = data.draw(st.integers(0, len(table) - 1))
    stop = data.draw(st.integers(start + 1, len(table)))
    begin = data.draw(st.integers(start, stop - 1))
    path = PlayPath(table, begin, start, stop, step, loop)
    low, high = path.bounds_s
    serials = []
    for k in range(60):
        played = 0.0373 * k
        serial = path.serial_at(played)
        serials.append(serial)
        moment = path.begin_s + step * played
        if loop:
            moment = low + (moment - low) % (high - low)
        elif not low < moment < high:
            continue
        near_edge = min(abs(moment - edge / 1000) for edge in [0, *np.cumsum(lengths).tolist()]) < 1e-3
        assert near_edge or path.index_of(serial) == min(max(table.index_at(moment), start), stop - 1)
    assert serials == sorted(serials)


def test_a_tick_as_long_as_a_frame_brings_no_frame_early() -> None:
    coarse = FrameTable(np.arange(10, dtype=np.int64), Fraction(1, 25))
    path = PlayPath(coarse, 0, 0, 10)
    assert [path.serial_at(t) for t in (0.0, 0.03, 0.0401, 0.07, 0.0801)] == [0, 0, 1, 1, 2]
