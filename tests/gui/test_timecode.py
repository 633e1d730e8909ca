"""Labels of frames: drop-frame against the rule of SMPTE ST 12-1 written out, variable rate, and what may be typed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.ui.playback.timecode import timecode_of


def table_of(rate: Fraction, frames: int) -> FrameTable:
    return FrameTable(np.arange(frames, dtype=np.int64) * rate.denominator, Fraction(1, rate.numerator))


def labels_by_counting(base: int, drop: int, frames: int) -> list[str]:
    """The rule as it is written: count, and leave out the first labels of each minute but every tenth."""
    found, label = [], 0
    while len(found) < frames:
        second, frame = divmod(label, base)
        if not (second % 60 == 0 and (second // 60) % 10 and frame < drop):
            found.append(f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d};{frame:02d}")
        label += 1
    return found


@pytest.mark.parametrize(("rate", "base", "drop"), [(Fraction(30000, 1001), 30, 2), (Fraction(60000, 1001), 60, 4)])
def test_drop_frame_is_the_written_rule(rate: Fraction, base: int, drop: int) -> None:
    frames = 21 * 60 * base  # past two tenth minutes
    code = timecode_of(table_of(rate, frames))
    wanted = labels_by_counting(base, drop, frames)
    assert [code.text(i) for i in range(0, frames, 7)] == wanted[::7]
    edges = [i for i in range(frames) if wanted[i].endswith((";00", f";{drop:02d}", f";{base - 1}"))]
    assert [code.text(i) for i in edges] == [wanted[i] for i in edges]
    assert all(code.index(wanted[i], 0) == i for i in edges)


def test_a_drop_frame_hour_is_a_true_hour_and_23_976_is_not() -> None:
    ntsc = timecode_of(table_of(Fraction(30000, 1001), 108_000))
    assert ntsc.index("01:00:00;00", 0) == 107_892
    assert ntsc.table.seconds_of(107_892) == pytest.approx(3600, abs=0.01)
    film = timecode_of(table_of(Fraction(24000, 1001), 24 * 61))
    assert film.drop == 0
    assert film.text(24 * 60) == "00:01:00:00"
    assert film.table.seconds_of(24 * 60) == pytest.approx(60.06)


def test_a_label_that_was_dropped_means_the_next_one() -> None:
    code = timecode_of(table_of(Fraction(30000, 1001), 4000))
    assert code.index("00:01:00;00", 0) == code.index("00:01:00;02", 0) == 1800
    assert code.index("00:01:00:02", 0) == 1800  # typed with a colon it is the same label


def test_variable_rate_labels_are_true_seconds() -> None:
    pts = [0, 40, 80, 400, 900, 1000, 1010, 2500]
    code = timecode_of(FrameTable(np.array(pts, np.int64), Fraction(1, 1000)))
    assert code.base == 0
    assert [code.text(i) for i in range(8)] == [
        "00:00:00:00",
        "00:00:00:01",
        "00:00:00:02",
        "00:00:00:03",
        "00:00:00:04",
        "00:00:01:00",
        "00:00:01:01",
        "00:00:02:00",
    ]
    assert all(code.index(code.text(i), 0) == i for i in range(8))
    assert code.index("00:00:01:30", 0) == 6  # that second has no more


@pytest.mark.parametrize(
    ("typed", "frame"),
    [
        ("37", 37),
        ("+10", 60),
        ("-10", 40),
        ("\N{MINUS SIGN}1:00", 25),
        ("+1:05", 80),
        ("2:10", 60),
        ("00:00:04:03", 103),
        ("00.01.00.00", 1500),
        ("3.6s", 90),
        ("3,6s", 90),
        ("+2s", 100),
        ("99999", 1999),
        ("-900", 0),
        (" 12 ", 12),
    ],
)
def test_what_may_be_typed(typed: str, frame: int) -> None:
    assert timecode_of(table_of(Fraction(25), 2000)).index(typed, 50) == frame


@pytest.mark.parametrize(
    "typed", ["", "x", "1:2:3:4:5", "+", "--3", "1:", "12:5x", "s", "1e9", "\u0661\u0662:", "9" * 12]
)
def test_what_is_no_time(typed: str) -> None:
    assert timecode_of(table_of(Fraction(25), 2000)).index(typed, 50) is None


@given(
    st.sampled_from(
        [Fraction(n, d) for n in (24, 25, 30, 48, 50, 60) for d in (1,)]
        + [Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)]
    ),
    st.integers(0, 300_000),
)
def test_label_and_back(rate: Fraction, index: int) -> None:
    code = timecode_of(table_of(rate, 300_001))
    assert code.index(code.text(index), 0) == index
