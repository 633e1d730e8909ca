"""The level grid: anchored on the focal plane, fine, at most 64 levels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rvr_laaf_app.render.levels import FINEST_SPACING_PX, MAX_LEVELS, level_grid


@given(st.floats(-4000, 4000), st.floats(-4000, 4000), st.sampled_from([None, 2, 16, 64]))
def test_covers_the_range_with_a_level_in_focus(a: float, b: float, count: int | None) -> None:
    grid = level_grid(np.array([[a, b]], np.float32), count=count)
    assert 1 <= grid.count <= MAX_LEVELS
    assert grid.radii_px[grid.focus_index] == 0.0
    if grid.count > 2:
        slack = 1e-3 * max(abs(a), abs(b), 1.0)
        assert grid.radii_px[0] <= min(a, b, 0.0) / 2 + slack
        assert grid.radii_px[-1] >= max(a, b, 0.0) / 2 - slack


def test_spacing_is_fine_where_64_levels_allow() -> None:
    assert level_grid(np.array([[-40.0, 30.0]], np.float32)).spacing_px == FINEST_SPACING_PX
    assert level_grid(np.array([[-80.0, 60.0]], np.float32)).spacing_px < 1.2


def test_a_surface_is_a_few_levels_deep() -> None:
    assert level_grid(np.array([[-9.0, 9.0]], np.float32)).slab == 3
    assert level_grid(np.array([[-900.0, 9.0]], np.float32)).slab == 1
