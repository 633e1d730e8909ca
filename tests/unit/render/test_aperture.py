"""Aperture shapes: area, continuity, orientation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from rvr_laaf_app.render.aperture import cats_eye_spans, disc_radius_px, extent_of, spans_of
from rvr_laaf_app.render.base import Aperture

SHAPES = [Aperture(), Aperture(squeeze=0.5), *(Aperture(blades=n, rotation_deg=11.0 * n) for n in range(5, 10))]


@pytest.mark.parametrize("aperture", SHAPES, ids=str)
@pytest.mark.parametrize("radius_px", [-1.3, 2.0, -7.7, 24.0])
def test_area_is_that_of_the_disc(aperture: Aperture, radius_px: float) -> None:
    area = math.pi * disc_radius_px(radius_px) ** 2
    assert spans_of(aperture, radius_px).area == pytest.approx(area, rel=0.02)


@pytest.mark.parametrize("aperture", SHAPES, ids=str)
def test_shapes_grow_without_popping(aperture: Aperture) -> None:
    def padded(radius_px: float) -> np.ndarray:
        kernel = spans_of(aperture, radius_px).kernel()
        n, m = 24 - kernel.shape[0] // 2, 24 - kernel.shape[1] // 2
        return np.pad(kernel, ((n, n), (m, m)))

    radii = np.arange(0.3, 14.0, 0.02)
    pictures = [padded(float(r)) for r in radii]
    moved = [float(np.abs(b - a).sum()) for a, b in itertools.pairwise(pictures)]
    # A disc of radius r gains 2 dr / r of its area; twice that moves between its pixels.
    assert all(m < 0.02 * 10 / r + 0.01 for m, r in zip(moved, np.maximum(radii, 0.65), strict=False))


def test_a_point_stays_a_point() -> None:
    assert spans_of(Aperture(), 0.4).kernel().shape == (1, 1)
    assert spans_of(Aperture(blades=6), 0.0).area == 1.0


def test_a_pentagon_points_up_behind_the_focus_and_down_in_front() -> None:
    behind, before = spans_of(Aperture(blades=5), -10.0), spans_of(Aperture(blades=5), 10.0)
    widths = behind.right - behind.left
    assert widths[behind.reach - 7] < 0.85 * widths[behind.reach + 7]
    assert np.allclose(before.kernel(), behind.kernel()[::-1, ::-1])


def test_squeeze_makes_an_upright_oval() -> None:
    spans = spans_of(Aperture(squeeze=0.5), -12.0)
    assert spans.reach == pytest.approx(float(spans.right.max()) * 2, abs=1.0)


def test_the_cats_eye_is_cut_on_the_outer_side_behind_the_focus() -> None:
    aperture = Aperture(cats_eye=1.0)
    full = spans_of(aperture, -12.0)
    clipped = cats_eye_spans(full, extent_of(aperture, -12.0), (0.8, 0.0))  # right of the middle
    assert clipped.area < 0.8 * full.area
    assert float(clipped.right.max()) < 0.7 * float(full.right.max())
    assert float(clipped.left.min()) == pytest.approx(float(full.left.min()), abs=0.6)
    same = cats_eye_spans(full, extent_of(aperture, -12.0), (0.0, 0.0))
    assert same.area == pytest.approx(full.area, rel=0.03)
