"""Alignment and edges: scale and shift are taken out, a soft edge is no edge, two pixels are forgiven and no more."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.frame import Frame, RgbdFrame
from rvr_laaf_app.measure.aligned import aligned, aligned_error, to_own_range
from rvr_laaf_app.measure.boundary import bilinear_disparity, boundary_f1
from tests.unit.measure.pretend import Pretend, grey_is_near

ALL_KNOWN = np.ones((60, 80), bool)


def box(*, left: int = 30, right: int = 50, top: int = 20, soft: int = 0) -> NDArray[np.float32]:
    """A near box before a floor that slants gently; `soft` = width of its rim in pixels."""
    picture = np.repeat(np.linspace(0, 0.3, 60, dtype=np.float32)[:, None], 80, 1)
    inside = np.zeros((60, 80), np.float32)
    inside[top:45, left:right] = 1
    if soft:
        kernel = np.ones(soft, np.float32) / soft
        for axis in (0, 1):
            inside = np.apply_along_axis(np.convolve, axis, inside, kernel, "same").astype(np.float32)
    return picture * (1 - inside) + 0.9 * inside


def test_alignment_takes_out_scale_and_shift() -> None:
    truth = np.random.default_rng(0).random((20, 30))
    known = np.ones((20, 30), bool)
    assert aligned_error((3 * truth - 1).astype(np.float32), truth, known) < 1e-6
    constant = aligned_error(np.zeros((20, 30), np.float32), truth, known)
    assert math.isclose(constant, 0.25, abs_tol=0.03)


def test_alignment_looks_at_known_pixels_only() -> None:
    truth = np.random.default_rng(0).random((20, 30))
    known = np.ones((20, 30), bool)
    known[:, :5] = False
    spoilt = truth.copy()
    spoilt[:, :5] = 1e6
    assert aligned_error(truth.astype(np.float32), spoilt, known) < 1e-6
    assert np.allclose(aligned(2 * truth, spoilt, known)[known], truth[known])


def test_the_own_range_ignores_scale_and_shift() -> None:
    values = box()
    assert np.allclose(to_own_range(values, ALL_KNOWN), to_own_range(7 * values - 3, ALL_KNOWN), atol=1e-5)


def test_edges_in_the_right_place_score_one() -> None:
    assert boundary_f1(5 * box() + 2, box(), ALL_KNOWN) == pytest.approx(1.0)


@pytest.mark.parametrize(("shift", "low", "high"), [(1, 0.95, 1.0), (2, 0.9, 1.0), (6, 0.0, 0.6)])
def test_two_pixels_are_forgiven(shift: int, low: float, high: float) -> None:
    score = boundary_f1(box(left=30 + shift, right=50 + shift), box(), ALL_KNOWN)
    assert low <= score <= high


def test_the_softer_the_edge_the_lower_the_score() -> None:
    scores = [boundary_f1(box(soft=soft), box(), ALL_KNOWN) for soft in (0, 5, 11, 21)]
    assert scores[0] >= scores[1] > scores[2]
    assert max(scores[2:]) < 0.3


def test_a_slant_and_nothing_have_no_edges() -> None:
    floor = np.repeat(np.linspace(0, 1, 60, dtype=np.float32)[:, None], 80, 1)
    assert boundary_f1(floor, box(), ALL_KNOWN) == 0.0
    assert math.isnan(boundary_f1(box(), floor, ALL_KNOWN))


def test_edges_of_the_unknown_do_not_count() -> None:
    truth, known = box(), ALL_KNOWN.copy()
    truth[:, 60:] = -5.0
    known[:, 60:] = False
    assert boundary_f1(box(), truth, known) == pytest.approx(1.0)


def test_the_bilinear_baseline_comes_from_the_network_if_it_can_be_asked() -> None:
    rgb = np.zeros((60, 80, 3), np.uint8)
    rgb[20:45, 30:50] = 230
    frame = Frame(0, 0, rgb, "srgb")
    guess = Pretend(grey_is_near)
    zeros = np.zeros((60, 80, 3), np.float16)
    rgbd = RgbdFrame(0, box().astype(np.float16), zeros, zeros[..., 0])
    soft, source = bilinear_disparity(guess, frame, rgbd)
    assert source == "map at a quarter"
    assert boundary_f1(soft, box(), ALL_KNOWN) < boundary_f1(box(), box(), ALL_KNOWN)

    class Asked(Pretend):
        def network_disparity(self, frame: Frame) -> NDArray[np.float32]:
            return np.array([[0.25]], np.float32)

    flat, source = bilinear_disparity(Asked(grey_is_near), frame, rgbd)
    assert source == "network"
    assert np.all(flat == 0.25)
