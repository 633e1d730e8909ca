from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rvr_laaf_app.ui.timeline.scale import MIN_TICK_PX, TimeScale, clock_text


@given(st.floats(0.04, 7200), st.floats(50, 3000), st.floats(0, 1))
def test_pixel_and_moment_are_inverse(duration: float, width: float, share: float) -> None:
    scale = TimeScale(72, width, duration)
    assert scale.seconds_at(scale.x_of(share * duration)) == pytest.approx(share * duration, abs=1e-6)


@given(st.floats(1, 600), st.floats(0.1, 20), st.floats(0, 1))
def test_zoom_keeps_the_moment_under_the_mouse_and_stays_inside(duration: float, factor: float, share: float) -> None:
    scale = TimeScale(72, 900, duration).zoomed(3, around_s=duration / 2)
    moment = scale.first_s + share * scale.shown_s
    zoomed = scale.zoomed(factor, around_s=moment)
    assert 0 <= zoomed.first_s <= zoomed.first_s + zoomed.shown_s <= duration * (1 + 1e-9)
    if factor > 1:
        assert zoomed.x_of(moment) == pytest.approx(scale.x_of(moment), abs=1e-3)


def test_zooming_out_ends_at_the_whole_clip() -> None:
    scale = TimeScale(72, 900, 10).zoomed(4, around_s=5)
    assert scale.is_zoomed
    assert not scale.zoomed(0.01, around_s=5).is_zoomed


def test_scrolling_and_paging_stay_inside_the_clip() -> None:
    scale = TimeScale(0, 900, 10).zoomed(4, around_s=0)
    assert scale.scrolled(-5).first_s == 0
    assert scale.scrolled(50).first_s == pytest.approx(7.5)
    assert scale.showing(1.0) is scale
    assert scale.showing(6.0).first_s == pytest.approx(5.75)


@pytest.mark.parametrize("duration", [0.5, 3, 10, 61, 3600, 7200])
def test_labels_have_room(duration: float) -> None:
    scale = TimeScale(72, 900, duration)
    major, minor = scale.ticks()
    assert major[0] == 0
    assert minor
    gaps = [b - a for a, b in itertools.pairwise(major)]
    assert all(g * scale.px_per_s >= MIN_TICK_PX - 1e-6 for g in gaps)


@pytest.mark.parametrize(
    ("seconds", "digits", "text"),
    [(0, 2, "0:00.00"), (3.456, 2, "0:03.46"), (59.999, 2, "1:00.00"), (3661.5, 1, "1:01:01.5"), (75, 0, "1:15")],
)
def test_clock_text(seconds: float, digits: int, text: str) -> None:
    assert clock_text(seconds, digits=digits) == text
