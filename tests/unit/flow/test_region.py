"""Regions: bringing maps into line, and telling what swells."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.flow.consistency import pixel_grid
from rvr_laaf_app.flow.region import in_line, level, span_of, swelling


def hills(seed: int = 0, shape: tuple[int, int] = (90, 160)) -> np.ndarray:
    rows, columns = np.indices(shape).astype(np.float32)
    return (0.45 + 0.2 * np.sin(rows / 17 + seed) + 0.15 * np.cos(columns / 23)).astype(np.float32)


def test_one_scale_and_shift_are_found_although_a_fifth_does_not_fit() -> None:
    x = hills()
    y = 1.3 * x - 0.1
    y[:, :32] = 0.9
    gain, shift = level(x, y.astype(np.float32), weight=np.ones_like(x), span=span_of(x))
    assert gain == pytest.approx(1.3, abs=0.05)
    assert shift == pytest.approx(-0.1, abs=0.04)


def test_without_any_weight_values_stay() -> None:
    x = hills()
    np.testing.assert_allclose(in_line(x, 1 - x, weight=np.zeros_like(x), span=0.5), x, atol=1e-5)


def test_a_swell_of_a_region_is_taken_out_and_an_edge_stays() -> None:
    truth = np.full((96, 160), 0.3, np.float32)
    truth[:, 80:] = 0.7
    swollen = truth + 0.08 * np.exp(-(((np.indices(truth.shape)[0] - 48) / 30.0) ** 2)).astype(np.float32)
    calm = in_line(swollen, truth, weight=np.ones_like(truth), span=span_of(truth))
    assert np.abs(calm - truth).mean() < 0.4 * np.abs(swollen - truth).mean()
    assert (np.diff(calm[:, 78:82], axis=1)[:, 1] > 0.35).all()


def test_span_leaves_the_ends_out() -> None:
    values = np.linspace(0.2, 0.6, 96 * 160, dtype=np.float32).reshape(96, 160)
    values[:2, :2] = 1.0
    assert span_of(values) == pytest.approx(0.4, abs=0.05)
    assert span_of(np.full((8, 8), 0.5, np.float32)) > 0


@pytest.mark.parametrize("rate", [0.01, -0.01])
def test_swelling_is_the_growth_of_area(rate: float) -> None:
    uv = ((pixel_grid(180, 320) - np.float32([160, 90])) * np.float32(rate)).astype(np.float32)
    grown = swelling(uv, (360, 640))
    assert grown.shape == (45, 80)
    assert np.median(grown) == pytest.approx(0.02, rel=0.02)
    assert swelling(np.full((180, 320, 2), 3.0, np.float32), (360, 640)).max() < 1e-5
