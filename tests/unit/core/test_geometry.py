from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rvr_laaf_app.core.geometry import Box, Point, fit_long_side

unit = st.floats(0, 1, allow_nan=False)


@given(unit, unit, st.integers(1, 4000), st.integers(1, 4000))
def test_a_point_is_always_inside_the_picture(x: float, y: float, width: int, height: int) -> None:
    column, row = Point(x, y).pixel(width, height)
    assert 0 <= column < width
    assert 0 <= row < height


@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(0.01, 3), st.floats(0.01, 3))
def test_inside_lies_inside_and_keeps_the_size_if_it_fits(x: float, y: float, w: float, h: float) -> None:
    box = Box(x, y, w, h).inside()
    assert box.x >= 0
    assert box.y >= 0
    assert box.x + box.width <= 1 + 1e-9
    assert box.y + box.height <= 1 + 1e-9
    assert box.width == min(w, 1.0)


def test_overlap_is_intersection_over_union() -> None:
    assert Box(0, 0, 0.5, 1).overlap(Box(0.25, 0, 0.5, 1)) == pytest.approx(1 / 3)
    assert Box(0, 0, 0.1, 0.1).overlap(Box(0.5, 0.5, 0.1, 0.1)) == 0
    assert Box(0, 0, 0, 0).overlap(Box(0, 0, 0, 0)) == 0


def test_clipped_drops_what_is_outside() -> None:
    assert Box(-0.5, 0.5, 1.0, 1.0).clipped() == Box(0.0, 0.5, 0.5, 0.5)
    assert Box(1.5, 0, 1, 1).clipped().area == 0


@given(st.integers(1, 8000), st.integers(1, 8000), st.sampled_from([2, 32]))
def test_fit_long_side_keeps_the_aspect(width: int, height: int, multiple: int) -> None:
    w, h = fit_long_side((width, height), 640, multiple=multiple)
    assert w % multiple == 0
    assert h % multiple == 0
    assert max(w, h) <= max(640, multiple)
    scale = min(1, 640 / max(width, height))
    assert abs(w - width * scale) <= multiple
    assert abs(h - height * scale) <= multiple


def test_small_pictures_keep_their_size() -> None:
    assert fit_long_side((320, 180), 640) == (320, 180)
    assert fit_long_side((17, 33), 640) == (16, 32)
    assert fit_long_side((1, 1), 640) == (2, 2)
