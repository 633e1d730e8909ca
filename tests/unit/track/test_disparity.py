"""One robust disparity per frame, and a steady series without lag."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.track.disparity import smooth_track_disparity, subject_disparity

BOX = Box(0.25, 0.25, 0.5, 0.5)


def ellipse(share: float, *, near: float = 0.7, far: float = 0.2) -> np.ndarray:
    """A near ellipse that fills this share of BOX, with noise."""
    disparity = np.full((200, 300), far, np.float32)
    scale = np.sqrt(share * 4 / np.pi)
    cv2.ellipse(disparity, (150, 100), (round(75 * scale), round(50 * scale)), 0, 0, 360, near, -1)
    return disparity + np.random.default_rng(0).normal(0, 0.01, disparity.shape).astype(np.float32)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.75])
def test_background_in_the_box_does_not_pull(share: float) -> None:
    assert subject_disparity(ellipse(share), BOX) == pytest.approx(0.7, abs=0.02)


def test_a_far_subject_in_front_of_nothing_nearer() -> None:
    assert subject_disparity(ellipse(0.7, near=0.15, far=0.1), BOX) == pytest.approx(0.15, abs=0.02)


def test_a_twig_in_front_does_not_pull() -> None:
    disparity = ellipse(0.7, near=0.4)
    disparity[:, 180:186] = 1.0
    assert subject_disparity(disparity, BOX) == pytest.approx(0.4, abs=0.03)


def test_what_cannot_be_trusted_counts_less() -> None:
    disparity = np.full((100, 100), 0.3, np.float32)
    disparity[:, 50:] = 0.8
    sure = np.ones((100, 100), np.float32)
    sure[:, 50:] = 0.0
    assert subject_disparity(disparity, BOX, sure) == pytest.approx(0.3, abs=0.03)


def test_a_slope_gives_a_steady_level() -> None:
    """A person's feet may be nearer than the head: the level lies in between and hardly moves with the noise."""
    rng = np.random.default_rng(1)
    slope = np.tile(np.linspace(0.4, 0.8, 200, dtype=np.float32)[:, None], (1, 300))
    levels = [subject_disparity(slope + rng.normal(0, 0.02, slope.shape).astype(np.float32), BOX) for _ in range(10)]
    assert np.std(levels) < 0.01
    assert 0.5 < np.mean(levels) < 0.7


def test_boxes_at_and_beyond_the_border() -> None:
    disparity = np.full((50, 50), 0.5, np.float32)
    assert subject_disparity(disparity, Box(0.9, 0.9, 0.5, 0.5)) == pytest.approx(0.5)
    assert np.isnan(subject_disparity(disparity, Box(1.2, 0.2, 0.5, 0.5)))
    assert np.isnan(subject_disparity(disparity, Box(0.5, 0.5, 0.0, 0.0)))
    assert np.isnan(subject_disparity(np.full((50, 50), np.nan, np.float32), BOX))
    assert subject_disparity(disparity.astype(np.float16), BOX) == pytest.approx(0.5)


def test_single_frames_do_not_jump_and_steps_do_not_lag() -> None:
    values = np.full(60, 0.3)
    values[20] = 0.9
    values[40:] = 0.7
    smooth = smooth_track_disparity(values, np.ones(60))
    assert smooth.dtype == np.float32
    assert smooth[15:25].max() < 0.32
    assert abs(int(np.argmax(smooth > 0.5)) - 40) <= 1
    assert (np.diff(smooth[30:50]) > -1e-6).all()


def test_a_gap_is_held_and_left_at_its_end() -> None:
    values, seen = np.full(80, 0.2), np.ones(80)
    values[50:] = 0.6
    values[20:50], seen[20:50] = np.nan, 0
    smooth = smooth_track_disparity(values, seen)
    np.testing.assert_allclose(smooth[:34], 0.2, atol=0.01)
    np.testing.assert_allclose(smooth[56:], 0.6, atol=0.01)
    assert (np.diff(smooth) > -1e-6).all()


def test_values_of_lost_frames_do_not_count() -> None:
    values, seen = np.full(30, 0.4), np.ones(30)
    values[10:20], seen[10:20] = 0.9, 0
    np.testing.assert_allclose(smooth_track_disparity(values, seen), 0.4, atol=1e-6)
    values[:5], seen[:5] = 0.1, 0
    np.testing.assert_allclose(smooth_track_disparity(values, seen), 0.4, atol=1e-6)


def test_nothing_known_stays_unknown() -> None:
    assert np.isnan(smooth_track_disparity(np.full(5, np.nan), np.ones(5))).all()
    assert np.isnan(smooth_track_disparity(np.full(5, 0.5), np.zeros(5))).all()
    assert len(smooth_track_disparity(np.zeros(0), np.zeros(0))) == 0
    np.testing.assert_allclose(smooth_track_disparity(np.array([0.3]), np.ones(1)), 0.3)


def test_a_box_that_reaches_beyond_the_picture_counts_no_row_beyond_it() -> None:
    rng = np.random.default_rng(0)
    for width, height in ((97, 73), (96, 54), (128, 96)):
        disparity = np.full((height, width), 0.5, np.float32)
        for _ in range(2000):  # rounding makes one in a hundred end a row too late
            x, y = rng.uniform(-0.3, 1, 2)
            w, h = rng.uniform(0.05, 1.6, 2)
            found = subject_disparity(disparity, Box(x, y, w, h))
            assert np.isnan(found) or abs(found - 0.5) < 1e-6
