"""Zoom of the viewer as plain arithmetic: the place under the pointer stays, edges hold, 1:1 lies on whole pixels."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, QSizeF

from rvr_laaf_app.ui.viewer.zoom import Zoom, fit_factor, next_factor, wheel_factor

AREA, CLIP = QRectF(0, 0, 900, 500), QSizeF(1920, 1080)


def zoomed(zoom: Zoom, factor: float, place: QPointF, *, ratio: float = 1.0) -> Zoom:
    return zoom.zoomed(factor, place, zoom.rect(AREA, CLIP, ratio), AREA, CLIP, ratio)


def test_fit_is_the_letterbox() -> None:
    rect = Zoom().rect(AREA, CLIP, 1.0)
    assert rect == QRectF(6, 0, 889, 500)
    assert fit_factor(AREA, CLIP, 1.0) == pytest.approx(0.463, abs=1e-3)


def test_real_pixels_on_an_ordinary_and_on_a_dense_screen() -> None:
    for ratio in (1.0, 2.0):
        rect = zoomed(Zoom(), 1.0, QPointF(450, 250), ratio=ratio).rect(AREA, CLIP, ratio)
        assert (rect.width() * ratio, rect.height() * ratio) == (1920, 1080)
        assert rect.left() * ratio == int(rect.left() * ratio)


@given(st.floats(0.6, 8), st.floats(0.6, 8), st.floats(50, 850), st.floats(20, 480))
def test_the_place_under_the_pointer_stays(first: float, second: float, x: float, y: float) -> None:
    place = QPointF(x, y)
    before = zoomed(Zoom(), first, place)
    after = zoomed(before, second, place)
    assume(not after.fits)
    a, b = before.rect(AREA, CLIP, 1.0), after.rect(AREA, CLIP, 1.0)
    for at, low_a, low_b, span_a, span_b, room in (
        (x, a.left(), b.left(), a.width(), b.width(), AREA.width()),
        (y, a.top(), b.top(), a.height(), b.height(), AREA.height()),
    ):
        at_edge = abs(low_b) < 1 or abs(low_b + span_b - room) < 1
        assert at_edge or (at - low_a) / span_a == pytest.approx((at - low_b) / span_b, abs=2 / span_b)


@given(st.floats(0.6, 8), st.floats(-4000, 4000), st.floats(-4000, 4000))
def test_moved_it_never_shows_the_outside(factor: float, x: float, y: float) -> None:
    zoom = zoomed(Zoom(), factor, QPointF(300, 200)).moved(QPointF(x, y), AREA, CLIP, 1.0)
    rect = zoom.rect(AREA, CLIP, 1.0)
    assert rect.left() <= 0.5
    assert rect.top() <= 0.5
    assert rect.right() >= AREA.right() - 0.5
    assert rect.bottom() >= AREA.bottom() - 0.5


def test_moving_back_comes_back_at_once_from_an_edge() -> None:
    zoom = zoomed(Zoom(), 2.0, QPointF(450, 250)).moved(QPointF(9999, 0), AREA, CLIP, 1.0)
    assert zoom.rect(AREA, CLIP, 1.0).left() == 0
    assert zoom.moved(QPointF(-10, 0), AREA, CLIP, 1.0).rect(AREA, CLIP, 1.0).left() == -10


def test_out_to_the_whole_is_no_zoom() -> None:
    zoom = zoomed(Zoom(), 2.0, QPointF(450, 250))
    assert zoomed(zoom, 0.4, QPointF(450, 250)).fits
    assert not zoomed(zoom, 0.5, QPointF(450, 250)).fits


def test_a_small_clip_can_be_shown_at_its_own_size() -> None:
    small = QSizeF(160, 96)
    assert fit_factor(AREA, small, 1.0) > 5
    assert Zoom().zoomed(0.3, QPointF(450, 250), Zoom().rect(AREA, small, 1.0), AREA, small, 1.0).factor == 1.0
    zoom = Zoom().zoomed(1.5, QPointF(450, 250), Zoom().rect(AREA, small, 1.0), AREA, small, 1.0)
    rect = zoom.rect(AREA, small, 1.0)
    assert (rect.width(), rect.height()) == (240, 144)
    assert rect.center() == QPointF(450, 250)


def test_steps_and_wheel() -> None:
    assert next_factor(0.46, 1) == 0.5
    assert next_factor(1.0, 1) == 1.5
    assert next_factor(1.0, -1) == pytest.approx(2 / 3)
    assert next_factor(8.0, 1) == 8.0
    assert wheel_factor(0.9, 1, fit=0.5) == 1.0
    assert wheel_factor(1.0, 1, fit=0.5) == 1.25
    assert wheel_factor(1.1, -1, fit=0.5) == 1.0
    assert wheel_factor(1.7, 2, fit=0.5) == 2.0
    assert wheel_factor(0.55, -1, fit=0.5) == 0.5
    assert wheel_factor(2.9, 3, fit=3.04) == 3.04
