"""Reblurring: slices of a plane agree at its own disparity and gain, and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from rvr_laaf_app.core.color import from_linear, to_linear
from rvr_laaf_app.stack.reblur import blur_gain, disc, linear_greys, noise_of, reblur_volume

PLACES = np.array([0.0, 0.3, 0.7, 1.0], np.float32)


def plane(disparity: float, *, gain_px: float = 9.0, noise: float = 0.002) -> list[np.ndarray]:
    """Grey linear slices [96, 96] of a textured plane at this disparity."""
    rng = np.random.default_rng(0)
    texture = cv2.resize(rng.random((48, 48), np.float32), (96, 96), interpolation=cv2.INTER_CUBIC)
    slices = [cv2.filter2D(texture, -1, disc(gain_px * abs(disparity - place))) for place in PLACES]
    return [s + noise * rng.standard_normal(s.shape).astype(np.float32) for s in slices]


@pytest.mark.parametrize("diameter", [0.5, 1.0, 2.7, 6.0, 13.3])
def test_a_disc_spreads_all_of_its_light_over_its_area(diameter: float) -> None:
    kernel = disc(diameter)
    assert kernel.sum() == pytest.approx(1.0, abs=1e-5)
    if diameter > 2:
        assert 1.0 / kernel.max() == pytest.approx(np.pi * diameter**2 / 4, rel=0.1)


@pytest.mark.parametrize("disparity", [0.0, 0.125, 0.4375, 0.5, 0.9375])
def test_slices_of_a_plane_agree_at_its_disparity(disparity: float) -> None:
    volume = reblur_volume(plane(disparity), PLACES, gain_px=9.0, noise=0.002)
    assert volume.shape == (17, 48, 48)
    inner = volume[:, 8:-8, 8:-8].mean(axis=(1, 2))
    assert np.linspace(0, 1, 17)[inner.argmin()] == pytest.approx(disparity, abs=0.07)
    assert inner.min() < 3.0  # what noise leaves
    assert np.median(inner) > 3 * inner.min()


@pytest.mark.parametrize("gain", [5.0, 9.0, 16.0])
def test_the_gain_of_the_lens_is_found_in_the_sweep(gain: float) -> None:
    halves = [np.hstack([a, b]) for a, b in zip(plane(0.2, gain_px=gain), plane(0.8, gain_px=gain), strict=True)]
    found, left = blur_gain(halves, PLACES)
    assert found == pytest.approx(gain, rel=0.12)
    assert left < 20


def test_noise_is_measured_beside_texture() -> None:
    rng = np.random.default_rng(1)
    slope = np.linspace(0, 1, 200, dtype=np.float32)[None] * np.ones((200, 1), np.float32)
    for noise in (0.002, 0.02):
        noisy = slope + noise * rng.standard_normal(slope.shape).astype(np.float32)
        assert noise_of([noisy]) == pytest.approx(noise, rel=0.1)


def test_greys_are_linear_light_without_flicker() -> None:
    light = np.random.default_rng(2).random((20, 30, 3), np.float32) * 0.5
    shown = [from_linear(light * level, "srgb").astype(np.float32) / 255 for level in (1.0, 0.8)]
    first, second = linear_greys(shown)
    np.testing.assert_allclose(first, second, atol=0.01)
    wanted = to_linear((shown[0] * 255).astype(np.uint8), "srgb").mean(axis=2)
    np.testing.assert_allclose(first * wanted.mean() / first.mean(), wanted, atol=0.01)
