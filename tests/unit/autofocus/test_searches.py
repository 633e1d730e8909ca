"""Sharpness metrics, what a run counts, and the ways in which the single searches differ."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import FocusRange, Patch
from rvr_laaf_app.autofocus.peak import Peak
from rvr_laaf_app.autofocus.run import run_search
from rvr_laaf_app.autofocus.search import FibonacciSearch, HillClimbing, RuleBasedSearch
from rvr_laaf_app.autofocus.sharpness import SHARPNESS, dct, tenengrad

PAPER = FocusRange(1050, 2100, 20)


@pytest.fixture(scope="module")
def texture() -> NDArray[np.float32]:
    rng = np.random.default_rng(2)
    return np.kron(rng.random((40, 40)), np.ones((4, 4))).astype(np.float32) * 0.6 + 0.2


@pytest.mark.parametrize("name", list(SHARPNESS))
def test_less_sharp_is_less_and_exposure_does_not_count(name: str, texture: NDArray[np.float32]) -> None:
    metric = SHARPNESS[name]
    blurred = [metric(cv2.GaussianBlur(texture, (0, 0), sigma)) for sigma in (0.5, 1, 2, 4, 8)]
    assert all(a > b for a, b in pairwise(blurred))
    assert metric(texture) > blurred[0]
    assert metric(texture * np.float32(0.5)) == pytest.approx(metric(texture), rel=1e-4)
    assert metric(np.zeros((32, 32), np.float32)) == 0.0


def test_tenengrad_of_a_ramp_and_dct_of_a_tiny_patch() -> None:
    ramp = np.tile(np.linspace(0.0, 1.0, 101, dtype=np.float32), (50, 1))
    inner = tenengrad(ramp[:, 1:-1])
    assert inner == pytest.approx((8 * 0.01 / 0.5) ** 2, rel=0.03)
    assert dct(np.ones((7, 20), np.float32)) == 0.0


def curve_world(z0: int, width: float = 120.0) -> dict[int, Patch]:
    """Patches whose sharpness falls off evenly with the distance: stripes of falling contrast."""
    stripes = np.tile(np.array([1.0, 1.0, -1.0, -1.0], np.float32), (16, 8))
    return {z: 0.5 + 0.4 * stripes / (1 + ((z - z0) / width) ** 2) for z in range(1050, 2101)}


def test_fibonacci_needs_no_more_than_thirteen_pictures_for_the_paper_s_range() -> None:
    for z0 in (1060, 1500, 2090):
        run = run_search(FibonacciSearch(), PAPER, curve_world(z0).__getitem__, start=1400)
        assert run.pictures in (12, 13)  # one less where two places fall on the same step
        assert abs(run.result.position - z0) <= 5
        assert run.moves == run.pictures + (run.result.position != run.result.steps[-1].position)


def test_the_rule_based_search_goes_once_through_the_range() -> None:
    run = run_search(RuleBasedSearch(), PAPER, curve_world(1700).__getitem__, start=1700)
    places = [step.position for step in run.result.steps]
    assert places == sorted(places)
    assert places[0] == 1050
    assert places[-1] == 2100
    assert 30 <= run.moves <= 90
    assert abs(run.result.position - 1700) <= 10


def test_hill_climbing_begins_where_the_lens_stands() -> None:
    run = run_search(HillClimbing(), PAPER, curve_world(1450).__getitem__, start=1440)
    assert run.result.steps[0].position == 1440
    assert abs(run.result.position - 1450) <= 5


def test_a_run_that_begins_in_focus_moves_only_to_make_sure() -> None:
    class Stay:
        name = "stay"

        def search(self, limits: FocusRange, *, start: int, seed: int = 0):  # type: ignore[no-untyped-def]
            from rvr_laaf_app.autofocus.base import FocusResult

            yield start
            return FocusResult(start, True, 1.0, ())

    run = run_search(Stay(), PAPER, curve_world(1500).__getitem__, start=1500)
    assert (run.moves, run.pictures) == (0, 1)


def climbed(log_sharpness: list[float], begin: int) -> tuple[int, list[int]]:
    """Where a climb over a recorded sweep ends, and what it looked at."""
    peak = Peak(FocusRange(0, len(log_sharpness) - 1, 3))
    peak.add(begin, float(np.exp(log_sharpness[begin])))
    seen = [begin]
    while (place := peak.next_place()) is not None and len(seen) < 15:
        peak.add(place, float(np.exp(log_sharpness[place])))
        seen.append(place)
    return peak.top(), seen


def test_a_small_rise_at_the_end_of_the_range_is_not_taken_for_the_top() -> None:
    slope = [*np.linspace(-5.0, -1.3, 18), -1.8, -1.8, -1.8, -1.9, -2.0, -2.3, -2.3, -2.2, -2.2, -2.1]
    assert abs(climbed(slope, 27)[0] - 17) <= 1
    assert abs(climbed(slope[::-1], 0)[0] - 10) <= 1
    assert climbed(list(np.linspace(-5.0, -1.0, 28)), 26)[0] == 27


def test_a_flat_top_is_followed_as_far_as_it_goes() -> None:
    rising = [*np.linspace(-5.0, -3.7, 23), -3.69, -3.5]
    assert climbed(rising, 22)[0] == 24


def test_a_peak_is_known_when_both_sides_are_less_sharp() -> None:
    peak = Peak(FocusRange(0, 100, 4))
    peak.add(50, np.exp(-1.0))
    seen = [50]
    while (place := peak.next_place()) is not None:
        peak.add(place, float(np.exp(-(((place - 61) / 20) ** 2))))
        seen.append(place)
        assert len(seen) < 15
    assert abs(peak.top() - 61) <= 2
    assert min(seen) < 61 < max(seen)
