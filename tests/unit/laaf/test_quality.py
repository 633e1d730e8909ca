"""The measures of the source paper on curves whose errors are known."""

from __future__ import annotations

import numpy as np

from rvr_laaf_app.laaf.curve import FocusCurve
from rvr_laaf_app.laaf.quality import (
    focus_error_px,
    lateness_frames,
    mean_delta_d,
    mean_delta_t,
    runs_of,
    sharp_share,
    steady,
)


def curve_of(values: list[float]) -> FocusCurve:
    return FocusCurve(np.array(values, np.float32), np.zeros(len(values), np.uint8))


def test_focus_error_is_signed_and_in_pixels() -> None:
    error = focus_error_px(curve_of([0.5, 0.5, 0.5]), np.array([0.5, 0.6, 0.3], np.float32), 20.0)
    np.testing.assert_allclose(error, [0, 2, -4], atol=1e-5)


def test_delta_d_counts_known_frames() -> None:
    truth = np.array([0.5, np.nan, 0.9], np.float32)
    assert abs(mean_delta_d(curve_of([0.4, 0.0, 0.9]), truth) - 0.05) < 1e-6
    assert np.isnan(mean_delta_d(curve_of([0.4]), np.array([np.nan], np.float32)))


def test_lateness() -> None:
    subject = np.full(6, 0.8, np.float32)
    pulled = curve_of([0.2, 0.5, 0.8, 0.8, 0.8, 0.8])
    assert lateness_frames(pulled, 3, subject) == -1
    assert lateness_frames(pulled, 0, subject) == 2
    assert lateness_frames(curve_of([0.8] * 6), 4, subject) == -4
    assert lateness_frames(curve_of([0.2] * 6), 4, subject) is None
    assert lateness_frames(pulled, 9, subject) is None


def test_delta_t() -> None:
    assert mean_delta_t([10, 50], [12, 47]) == 2.5
    assert np.isnan(mean_delta_t([1], []))
    assert mean_delta_t([], [1]) == float("inf")


def test_runs() -> None:
    mask = np.array([1, 1, 0, 1, 0, 0, 0, 1], bool)
    assert runs_of(mask) == [(0, 2), (3, 4), (7, 8)]
    assert runs_of(mask, bridge=1) == [(0, 4), (7, 8)]
    assert runs_of(mask, bridge=3) == [(0, 8)]
    assert runs_of(np.zeros(4, bool)) == []
    assert runs_of(np.zeros(0, bool)) == []


def test_steady_takes_single_outliers_out_and_keeps_gaps_and_steps() -> None:
    nan = np.nan
    series = np.array([0.9, 0.2, 0.2, nan, 0.2, 0.7, 0.2, 0.6, 0.6, 0.6], np.float32)
    expected = np.array([0.2, 0.2, 0.2, nan, 0.2, 0.2, 0.6, 0.6, 0.6, 0.6], np.float32)
    np.testing.assert_array_equal(steady(series), expected)
    np.testing.assert_array_equal(steady(np.float32([0.3, nan])), np.float32([0.3, nan]))


def test_share_of_sharp_frames() -> None:
    assert sharp_share(np.float32([0, -2, 3, np.nan]), 2.0) == 2 / 3
    assert np.isnan(sharp_share(np.float32([np.nan]), 2.0))
