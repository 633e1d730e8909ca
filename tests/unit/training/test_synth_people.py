"""Scenes with people cut out of photographs: which ones are taken, and that what is composed is true."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from rvr_laaf_app.training.data_photos import RankedPhoto
from rvr_laaf_app.training.synth_people import (
    Camera,
    Cutout,
    CutoutLibrary,
    compose,
    cut_out,
    paste,
    place_thing,
    planes,
)

POINTS, LEVELS = np.zeros((2, 2), np.float32), np.array([0, 1])


def photo_with(mask: np.ndarray) -> RankedPhoto:
    rgb = np.random.default_rng(0).integers(0, 256, (*mask.shape, 3), dtype=np.uint8)
    return RankedPhoto("p", rgb, POINTS, LEVELS, mask)


def ellipse(bottom: bool = False) -> np.ndarray:
    mask = np.zeros((120, 160), np.uint8)
    return cv2.ellipse(mask, (80, 95 if bottom else 60), (20, 40), 0, 0, 360, 255, -1)


@pytest.fixture(scope="module")
def library() -> CutoutLibrary:
    rng = np.random.default_rng(1)
    photos = [rng.integers(0, 256, (15, 20, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1) for _ in range(5)]
    cutout = cut_out(photo_with(ellipse()))
    assert cutout is not None
    return CutoutLibrary(photos, [cutout])


def test_only_clear_silhouettes_are_cut_out() -> None:
    whole, half = cut_out(photo_with(ellipse())), cut_out(photo_with(ellipse(bottom=True)))
    assert whole is not None
    assert half is not None
    assert whole.whole
    assert not half.whole
    assert whole.alpha.shape == whole.rgb.shape[:2]
    assert cut_out(photo_with(np.full((120, 160), 128, np.uint8))) is None
    assert cut_out(photo_with(np.zeros((120, 160), np.uint8))) is None
    assert cut_out(RankedPhoto("p", np.zeros((8, 8, 3), np.uint8), POINTS, LEVELS)) is None


def test_the_same_seed_gives_the_same_scene(library: CutoutLibrary) -> None:
    first, second = (compose(library, size=(96, 72), rng=np.random.default_rng(5)) for _ in range(2))
    for one, two in zip(first, second, strict=True):
        assert np.array_equal(one, two)


def test_scenes_are_whole(library: CutoutLibrary) -> None:
    rng = np.random.default_rng(2)
    for _ in range(12):
        rgb, disparity, stops = compose(library, size=(96, 72), rng=rng)
        assert rgb.shape == stops.shape == (72, 96, 3)
        assert disparity.shape == (72, 96)
        assert np.isfinite(disparity).all()
        assert disparity.min() > 0
        assert not (stops > 0.5).any() or np.median(rgb[stops > 0.5]) > 225  # compression moves single ones


def test_the_floor_is_a_plane_of_one_over_distance(library: CutoutLibrary) -> None:
    camera = Camera(focal=96.0, x=48.0, y=20.0, height=1.5)
    for seed in range(20):
        _, disparity = planes(library, camera, size=(96, 72), rng=np.random.default_rng(seed))
        bottom = disparity[-1, 40:56]
        assert (
            np.abs(np.diff(bottom, 2)).max() < 1e-5 or np.ptp(np.diff(bottom)) > 0.001
        )  # straight, or a wall meets it


def test_feet_touch_the_floor_where_its_distance_is_theirs(library: CutoutLibrary) -> None:
    camera, distance = Camera(focal=120.0, x=80.0, y=40.0, height=1.4), 4.0
    found = 0
    for seed in range(40):
        scene, disparity = np.zeros((120, 160, 3), np.float32), np.full((120, 160), 1e-3, np.float32)
        place_thing(scene, disparity, library, camera, distance, np.random.default_rng(seed))
        rows = np.nonzero((disparity > 0.01).any(1))[0]
        if len(rows) and rows.max() < 119 and np.allclose(disparity[rows.max()].max(), 1 / distance, rtol=0.1):
            foot = camera.y + camera.focal * camera.height / distance
            found += abs(rows.max() + 1 - foot) < 3
    assert found >= 15


def test_what_is_pasted_hides_what_is_behind(library: CutoutLibrary) -> None:
    scene, disparity = np.zeros((20, 30, 3), np.float32), np.full((20, 30), 0.2, np.float32)
    alpha = np.zeros((8, 8), np.float32)
    alpha[2:6, 2:6] = 1
    paste(scene, disparity, np.full((8, 8, 3), 99, np.float32), alpha, np.full((8, 8), 0.5, np.float32), left=-4, top=5)
    assert bool((disparity[7:11, :2] == 0.5).all())
    assert bool((scene[7:11, :2] == 99).all())
    assert bool((disparity[:, 3:] == np.float32(0.2)).all())


def test_half_a_person_is_cut_by_the_edge() -> None:
    half = Cutout(np.full((40, 30, 3), 200, np.uint8), np.ones((40, 30), np.float32), whole=False)
    library = CutoutLibrary([np.zeros((40, 40, 3), np.uint8)], [half])
    for seed in range(20):
        scene, disparity = np.zeros((60, 80, 3), np.float32), np.full((60, 80), 1e-3, np.float32)
        place_thing(scene, disparity, library, Camera(80.0, 40.0, 20.0, 1.5), 3.0, np.random.default_rng(seed))
        if (scene > 100).any():
            assert (disparity[-1] > 0.01).any()
