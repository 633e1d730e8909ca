"""Refinement: a soft blob gets the silhouette of the subject, slopes stay slopes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from rvr_laaf_app.estimate.refine import refine_disparity, refine_where_sharper
from tests.unit.estimate.test_upsample import FAR, NEAR, disc_scene


def test_a_soft_blob_gets_the_outline_of_the_subject() -> None:
    picture, truth = disc_scene(size=(640, 360))
    blob = cv2.GaussianBlur(truth, (0, 0), 9)
    half = np.asarray(cv2.resize(blob, (176, 96), interpolation=cv2.INTER_AREA), np.float32)
    plain = cv2.resize(half, (640, 360), interpolation=cv2.INTER_LINEAR)
    refined = refine_disparity(half, picture)
    assert np.abs(refined - truth).mean() < 0.4 * np.abs(plain - truth).mean()
    assert refined.min() > FAR - 0.1
    assert refined.max() < NEAR + 0.1


def test_a_floor_stays_a_floor() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(60, 120, (360, 640, 3), dtype=np.uint8)
    picture[:, ::80] = 220  # joints between tiles
    floor = np.repeat(np.linspace(0.1, 0.9, 96, dtype=np.float32)[:, None], 176, axis=1)
    refined = refine_disparity(floor, picture)
    plain = cv2.resize(floor, (640, 360), interpolation=cv2.INTER_LINEAR)
    inner = np.s_[20:-20, 20:-20]
    assert np.abs(refined - plain)[inner].max() < 0.02


def test_padding_at_the_rim_is_replaced() -> None:
    disparity = np.full((96, 176), 0.5, np.float32)
    disparity[:2] = disparity[-2:] = 0.3
    disparity[:, :2] = disparity[:, -2:] = 0.3
    refined = refine_disparity(disparity, np.full((360, 640, 3), 100, np.uint8))
    assert np.allclose(refined, 0.5, atol=1e-3)


def test_a_silhouette_that_the_picture_does_not_show_stays_where_the_network_has_it() -> None:
    _, truth = disc_scene(size=(640, 360))
    network = cv2.GaussianBlur(truth, (0, 0), 3)
    small = np.asarray(cv2.resize(network, (448, 256), interpolation=cv2.INTER_AREA), np.float32)
    rng = np.random.default_rng(0)
    dark = rng.integers(18, 23, (360, 640, 3), dtype=np.uint8)  # dark hair before a dark wall
    kept = refine_where_sharper(small, dark)
    own = cv2.resize(small, (640, 360), interpolation=cv2.INTER_LINEAR)
    carried = refine_disparity(small, dark)  # nothing stops it
    assert np.abs(kept - own).mean() < 0.5 * np.abs(carried - own).mean()
    assert np.abs(kept - truth).mean() < np.abs(carried - truth).mean()


def test_a_silhouette_that_the_picture_shows_is_taken_from_it() -> None:
    picture, truth = disc_scene(size=(640, 360))
    network = np.asarray(cv2.resize(cv2.GaussianBlur(truth, (0, 0), 6), (448, 256), interpolation=cv2.INTER_AREA))
    own = cv2.resize(network, (640, 360), interpolation=cv2.INTER_LINEAR)
    refined = refine_where_sharper(network, picture)
    assert np.abs(refined - truth).mean() < 0.5 * np.abs(own - truth).mean()


@pytest.mark.parametrize("shape", [(1, 1), (2, 200), (9, 9), (64, 8)])
def test_tiny_pictures_work(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    for refine in (refine_disparity, refine_where_sharper):
        refined = refine(rng.random((32, 32)).astype(np.float32), picture)
        assert refined.shape == shape
        assert np.all(np.isfinite(refined))
