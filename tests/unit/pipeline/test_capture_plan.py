"""Brackets: both ends are in, neighbours overlap as wanted, gaps are even."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rvr_laaf_app.camera.defocus import paper_model
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.pipeline.capture_plan import plan_bracket, sharp_span


@settings(max_examples=200, deadline=None)
@given(st.integers(-500, 500), st.integers(0, 1500), st.integers(1, 80), st.floats(0, 0.9))
def test_ends_order_and_overlap(near: int, way: int, span: int, overlap: float) -> None:
    bracket = plan_bracket(near, near + way, depth_of_field=span, overlap=overlap)
    places = np.array(bracket.positions)
    assert (bracket.near, bracket.far) == (near, near + way)
    gaps = np.diff(places)
    assert (gaps > 0).all()
    assert (gaps <= max(span * (1 - overlap), 1) + 1).all()
    if len(gaps) > 1:
        assert gaps.max() - gaps.min() <= 1


def test_from_far_to_near_is_the_same_turned_round() -> None:
    there = plan_bracket(100, 900, depth_of_field=50)
    back = plan_bracket(900, 100, depth_of_field=50)
    assert back.positions == there.positions[::-1]


def test_a_calibrated_depth_of_field_is_followed() -> None:
    model = paper_model()
    bracket = plan_bracket(1050, 2100, depth_of_field=sharp_span(model), overlap=0.0)
    assert 45 <= len(bracket.positions) <= 56  # about 20 steps each, over 1050


@pytest.mark.parametrize(("span", "overlap"), [(0, 0.3), (20, -0.1), (20, 0.95), (1, 0.0)])
def test_nonsense_is_refused(span: int, overlap: float) -> None:
    with pytest.raises(UsageError):
        plan_bracket(0, 100_000, depth_of_field=span, overlap=overlap)
