"""Unmixing of depth edges and the background behind near things."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.render.occlusion import separate


def _edge(share: float = 0.5, near_px: float = 20.0) -> tuple[np.ndarray, np.ndarray]:
    """A red near half on a blue far half; column 20 is a mixture whose centre lies on the near side."""
    linear = np.zeros((32, 48, 3), np.float32)
    linear[:, :20], linear[:, 20:] = (0.0, 0.0, 0.6), (0.8, 0.0, 0.0)
    linear[:, 20] = share * linear[0, 30] + (1 - share) * linear[0, 5]
    coc = np.zeros((32, 48), np.float32)
    coc[:, 20:] = near_px
    return linear, coc


@pytest.mark.parametrize("share", [0.45, 0.6, 0.9])
def test_an_edge_pixel_is_unmixed(share: float) -> None:
    surfaces = separate(*_edge(share))
    assert surfaces.front[16, 20, 3] == pytest.approx(share, abs=0.02)
    assert np.allclose(surfaces.front[16, 20, :3] / share, (0.8, 0, 0), atol=0.02)
    assert np.allclose(surfaces.back[16, 20], (0, 0, 0.6, 1), atol=0.02)
    assert surfaces.front_coc_px[16, 20] == 20.0
    assert surfaces.back_coc_px[16, 20] == 0.0


def test_front_over_back_is_the_picture() -> None:
    rng = np.random.default_rng(3)
    linear = rng.uniform(0, 1, (40, 60, 3)).astype(np.float32)
    coc = np.where(rng.uniform(size=(40, 60)) > 0.97, 18.0, -5.0).astype(np.float32)
    surfaces = separate(linear, coc)
    known = surfaces.back[..., 3:] > 0
    rest = np.where(known, (1 - surfaces.front[..., 3:]) * np.where(known, surfaces.back[..., :3], 0), 0)
    # Clamping at black gives up exactness where two colours cannot explain the pixel.
    assert np.percentile(np.abs(surfaces.front[..., :3] + rest - linear), 98) < 1e-5


def test_background_goes_a_blur_radius_under_the_front() -> None:
    surfaces = separate(*_edge(near_px=20.0))
    alpha = surfaces.back[16, :, 3]
    assert np.all(alpha[20:32] == 1)
    assert np.all(alpha[36:] == 0)
    assert np.allclose(surfaces.back[16, 25, :3], (0, 0, 0.6), atol=1e-6)


def test_highlights_are_not_repeated_behind_things() -> None:
    linear, coc = _edge()
    linear[:, :20] = 0.1
    linear[14:18, 15:19] = 50.0
    assert separate(linear, coc).back[..., :3][:, 24:30].max() < 1.0


def test_a_flat_or_slanted_picture_has_one_surface() -> None:
    linear = np.random.default_rng(0).uniform(0, 1, (40, 60, 3)).astype(np.float32)
    slope = np.linspace(-15, 15, 40, dtype=np.float32)[:, None] * np.ones((1, 60), np.float32)
    surfaces = separate(linear, slope)
    assert not np.any(surfaces.back[..., 3])
    assert np.array_equal(surfaces.front[..., :3], linear)
    assert np.array_equal(surfaces.front_coc_px, slope)


def test_a_soft_depth_edge_becomes_a_step() -> None:
    linear, coc = _edge()
    coc[:, 19], coc[:, 20], coc[:, 21] = 4.0, 11.0, 16.0
    found = separate(linear, coc).front_coc_px[16]
    assert set(np.unique(np.round(found[[10, 30]]))) == {0.0, 20.0}
    assert np.all((np.abs(found) < 0.01) | (np.abs(found - 20) < 0.01))
