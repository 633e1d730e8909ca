"""What every registered flow estimator must do."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from rvr_laaf_app.flow.base import FLOWS
from rvr_laaf_app.flow.consistency import round_trip_ok

HEIGHT, WIDTH = 120, 200


def texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Speckle [height, width] uint8 with detail at several sizes."""
    noise = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    mixed = sum(cv2.GaussianBlur(noise, (0, 0), s) * s for s in (1.5, 3.0, 6.0))
    return cv2.normalize(mixed, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


@pytest.fixture(params=list(FLOWS))
def estimator(request: pytest.FixtureRequest):
    return FLOWS.load(request.param)()


@pytest.mark.parametrize("shift", [(0, 0), (3, -2), (-9, 5)])
def test_a_translation_is_found_within_half_a_pixel(estimator, shift: tuple[int, int]) -> None:
    dx, dy = shift
    scene = texture(HEIGHT + 40, WIDTH + 40)
    src = scene[20 : 20 + HEIGHT, 20 : 20 + WIDTH]
    dst = scene[20 - dy : 20 - dy + HEIGHT, 20 - dx : 20 - dx + WIDTH]
    uv = estimator.flow(np.ascontiguousarray(src), np.ascontiguousarray(dst))
    assert uv.shape == (HEIGHT, WIDTH, 2)
    assert uv.dtype == np.float32
    inner = uv[16:-16, 16:-16].reshape(-1, 2)
    assert np.abs(inner - [dx, dy]).mean(axis=0).max() < 0.5


def test_what_is_covered_is_not_consistent(estimator) -> None:
    background, square = texture(HEIGHT, WIDTH, 1), texture(50, 50, 2)
    pictures = []
    for left in (60, 72):
        picture = background.copy()
        picture[35:85, left : left + 50] = square
        pictures.append(picture)
    ok = round_trip_ok(estimator.flow(*pictures), estimator.flow(*reversed(pictures)))
    assert ok[40:80, 111:121].mean() < 0.35, "background that the square covers next"
    assert ok[40:80, 64:106].mean() > 0.9, "the square itself"
    assert ok[:25].mean() > 0.98, "background that stays"


def test_the_same_pictures_give_the_same_flow(estimator) -> None:
    a, b = texture(HEIGHT, WIDTH, 3), texture(HEIGHT, WIDTH, 4)
    first = estimator.flow(a, b)
    estimator.flow(b, a)
    np.testing.assert_array_equal(first, estimator.flow(a, b))


@pytest.mark.parametrize("size", [(1, 1), (2, 40), (17, 33), (9, 300), (300, 9), (16, 16)])
def test_any_size_gives_a_finite_flow(estimator, size: tuple[int, int]) -> None:
    uv = estimator.flow(texture(*size, 5), texture(*size, 6))
    assert uv.shape == (*size, 2)
    assert np.isfinite(uv).all()
