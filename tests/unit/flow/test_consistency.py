"""Warping, chaining and the round trip, on flows that are known exactly."""

from __future__ import annotations

import numpy as np

from rvr_laaf_app.flow.consistency import chain, round_trip_ok, warp


def constant(dx: float, dy: float, height: int = 20, width: int = 30) -> np.ndarray:
    uv = np.empty((height, width, 2), np.float32)
    uv[...] = dx, dy
    return uv


def ramp(height: int = 20, width: int = 30) -> np.ndarray:
    return (np.arange(width, dtype=np.float32)[None] + 100 * np.arange(height, dtype=np.float32)[:, None]).copy()


def test_warp_pulls_from_where_the_flow_points() -> None:
    picture = ramp()
    np.testing.assert_array_equal(warp(picture, constant(0, 0)), picture)
    np.testing.assert_array_equal(warp(picture, constant(3, 2))[:18, :27], picture[2:, 3:])
    np.testing.assert_allclose(warp(picture, constant(0.5, 0))[:, :29], picture[:, :29] + 0.5, rtol=1e-5)
    colours = np.dstack([picture, -picture, picture * 2])
    np.testing.assert_array_equal(warp(colours, constant(3, 2))[:18, :27], colours[2:, 3:])
    assert warp(picture, constant(1000, 0)).max() == picture.max(), "beyond the border the border is repeated"


def test_chained_flows_add_up_along_the_way() -> None:
    np.testing.assert_allclose(chain(constant(2, 1), constant(-5, 3)), constant(-3, 4))
    growing = np.zeros((20, 30, 2), np.float32)
    growing[..., 0] = np.arange(30) * 0.1
    chained = chain(constant(4, 0), growing)
    np.testing.assert_allclose(chained[:, :26, 0], np.broadcast_to(4 + (np.arange(26) + 4) * 0.1, (20, 26)), rtol=1e-5)


def test_a_round_trip_home_is_trusted_inside_the_picture() -> None:
    ok = round_trip_ok(constant(3, 0), constant(-3, 0))
    assert ok[:, :27].all()
    assert not ok[:, 27:].any(), "leaves the picture"


def test_a_round_trip_that_ends_elsewhere_is_not_trusted() -> None:
    assert not round_trip_ok(constant(3, 0), constant(0, 0)).any()
    assert round_trip_ok(constant(3, 0), constant(-3.4, 0))[:, :27].all(), "a fraction of a pixel is the flow's noise"
    back = constant(-3, 0)
    back[:, 10:15] = 0  # something else is there
    ok = round_trip_ok(constant(3, 0), back)
    assert not ok[:, 8:11].any()
    assert ok[:, :6].all()
    assert ok[:, 13:27].all()
