from __future__ import annotations

import numpy as np

from rvr_laaf_app.estimate.light import HIGHEST_COLOUR_RATIO, lifted_light


def one(*rgb: float) -> np.ndarray:
    return np.array([[rgb]], np.float32)


def test_without_boost_nothing_changes() -> None:
    picture = np.random.default_rng(0).random((4, 5, 3), np.float32)
    np.testing.assert_array_equal(lifted_light(picture, np.zeros_like(picture)), picture)


def test_a_clipped_lamp_keeps_its_stops_and_some_of_its_colour() -> None:
    np.testing.assert_allclose(lifted_light(one(1, 1, 1), one(4, 4, 4)), one(16, 16, 16))
    warm = lifted_light(one(1, 1, 1), one(5, 4, 2))[0, 0]
    assert warm[0] > warm[1] > warm[2]
    assert warm[0] / warm[2] < 2.0 ** (5 - 2)
    np.testing.assert_allclose(np.log2(warm).mean(), 11 / 3, rtol=1e-5)


def test_a_wall_clipped_in_red_alone_stays_a_wall() -> None:
    lit = lifted_light(one(1.0, 0.6, 0.3), one(6, 0, 0))
    np.testing.assert_allclose(lit, one(0.6 * HIGHEST_COLOUR_RATIO, 0.6, 0.3))


def test_no_channel_gets_darker() -> None:
    lit = lifted_light(one(1.0, 0.05, 0.05), one(5, 0, 0))
    np.testing.assert_allclose(lit, one(1.0, 0.05, 0.05))
