"""Upsampling: steps land on the picture's edges without rims, slopes are left alone, lamps keep their outlines."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.estimate.upsample import clip_gate, upsample_boost, upsample_disparity

NEAR, FAR = 0.8, 0.2


def disc_scene(
    *, contrast: int = 90, texture: float = 8.0, size: tuple[int, int] = (480, 270)
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A textured disc before a textured wall: picture [H, W, 3] and its true disparity [H, W]."""
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width]
    inside = np.clip(height * 0.3 - np.hypot(columns - width * 0.45, rows - height * 0.5) + 0.5, 0, 1)
    rng = np.random.default_rng(0)
    wall = 70 + rng.normal(0, texture, (height, width, 3))
    disc = np.array([70 + contrast, 60, 70 - contrast / 2]) + rng.normal(0, texture, (height, width, 3))
    picture = wall + inside[..., None] * (disc - wall)
    truth = np.where(inside > 0.5, NEAR, FAR).astype(np.float32)
    return np.clip(picture, 0, 255).astype(np.uint8), truth


def small(truth: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    height, width = truth.shape
    size = round(width / factor), round(height / factor)
    return np.asarray(cv2.resize(truth, size, interpolation=cv2.INTER_AREA), np.float32)


@pytest.mark.parametrize(("factor", "share"), [(1.5, 0.6), (2, 0.45), (3, 0.45), (6, 0.45)])
def test_a_step_lands_on_the_edge_of_the_picture(factor: float, share: float) -> None:
    picture, truth = disc_scene()
    coarse = small(truth, factor)
    ours = upsample_disparity(coarse, picture)
    plain = cv2.resize(coarse, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    assert ours.dtype == np.float32
    assert np.abs(ours - truth).mean() < share * np.abs(plain - truth).mean()


@pytest.mark.parametrize("factor", [2, 4])
def test_hardly_a_pixel_lies_between_near_and_far(factor: float) -> None:
    picture, truth = disc_scene()
    coarse = small(truth, factor)

    def between(disparity: NDArray[np.floating]) -> float:
        return float(((disparity > FAR + 0.1) & (disparity < NEAR - 0.1)).mean())

    plain = cv2.resize(coarse, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    assert between(upsample_disparity(coarse, picture)) < 0.35 * between(plain)


def test_without_contrast_it_is_no_worse_than_interpolation() -> None:
    picture, truth = disc_scene(contrast=0, texture=25)
    coarse = small(truth, 3)
    plain = cv2.resize(coarse, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    assert np.abs(upsample_disparity(coarse, picture) - truth).mean() < 1.05 * np.abs(plain - truth).mean()


def test_texture_is_not_copied_into_a_slope() -> None:
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (360, 640, 3), dtype=np.uint8)
    slope = np.repeat(np.linspace(0, 1, 180, dtype=np.float32)[:, None], 320, axis=1)
    ours = upsample_disparity(slope, picture)
    assert np.array_equal(ours, cv2.resize(slope, (640, 360), interpolation=cv2.INTER_LINEAR))


@pytest.mark.parametrize("seed", range(4))
def test_nothing_leaves_the_range_of_its_neighbourhood(seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (180, 320, 3), dtype=np.uint8)
    coarse = cv2.GaussianBlur(rng.random((60, 107)).astype(np.float32), (0, 0), 0.5 + seed)
    ours = upsample_disparity(coarse, picture)
    window = np.ones((9, 9), np.uint8)
    low, high = (
        cv2.resize(edge, (320, 180), interpolation=cv2.INTER_NEAREST_EXACT)
        for edge in (cv2.erode(coarse, window), cv2.dilate(coarse, window))
    )
    assert np.all((ours >= low - 1e-3) & (ours <= high + 1e-3))


@pytest.mark.parametrize(("map_shape", "shape"), [((1, 1), (17, 33)), ((17, 33), (17, 33)), ((36, 64), (7, 5))])
def test_any_sizes_work(map_shape: tuple[int, int], shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(2)
    picture = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    ours = upsample_disparity(rng.random(map_shape).astype(np.float16), picture)
    assert ours.shape == shape
    assert np.all(np.isfinite(ours))
    assert upsample_boost(rng.random((*map_shape, 3)).astype(np.float16), picture).shape == (*shape, 3)


def test_boost_has_the_outline_of_the_lamp() -> None:
    picture = np.full((90, 160, 3), 60, np.uint8)
    picture[40:50, 70:80] = 255
    picture[40:50, 100:110] = (255, 255, 180)
    boost = upsample_boost(np.full((30, 53, 3), 5.0, np.float16), picture)
    assert np.all(boost[40:50, 70:80] == 5.0)
    assert np.all(boost[40:50, 100:110, :2] == 5.0)
    assert not boost[40:50, 100:110, 2].any()
    assert float((boost > 0).any(axis=2).sum()) == 200


def test_no_boost_without_clipping() -> None:
    picture = np.full((20, 30, 3), 240, np.uint8)
    assert not upsample_boost(np.ones((10, 15, 3), np.float32), picture).any()


def test_both_gates_are_the_same() -> None:
    torch = pytest.importorskip("torch")
    from rvr_laaf_app.nets import rvr_net

    codes = np.arange(256, dtype=np.uint8)
    theirs = rvr_net.clip_gate(torch.from_numpy(codes).float() / 255).numpy()
    assert np.allclose(clip_gate(codes), theirs, atol=1e-5)
