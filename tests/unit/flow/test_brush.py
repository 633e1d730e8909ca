"""Where a stroke lies on a picture: a disc that stops at edges."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.flow.brush import brush_mask, colour_way, lab_of


def two_halves(noise: float = 3.0) -> np.ndarray:
    """Return a picture [90, 160, 3] that is dark left of column 80 and bright right of it."""
    rng = np.random.default_rng(1)
    picture = np.where(np.arange(160)[None, :, None] < 80, (60.0, 70.0, 80.0), (190.0, 170.0, 120.0))
    return np.clip(np.broadcast_to(picture, (90, 160, 3)) + rng.normal(0, noise, (90, 160, 3)), 0, 255).astype(np.uint8)


STROKE = ((0.42, 0.3), (0.42, 0.7))  # 13 pixels left of the edge


def test_without_edges_it_is_the_disc_along_the_stroke() -> None:
    mask = brush_mask(two_halves(), STROKE, radius=0.15, softness=0.0, edges=0.0)
    rows, columns = np.mgrid[:90, :160]
    x, y = columns + 0.5, np.clip(rows + 0.5, 0.3 * 90, 0.7 * 90)
    away = np.hypot(x - 0.42 * 160, rows + 0.5 - y)
    assert mask.dtype == np.float32
    assert mask[away < 22].min() == 1.0
    assert mask[away > 26].max() == 0.0


def test_it_stops_at_the_edge_and_fills_up_to_it() -> None:
    mask = brush_mask(two_halves(), STROKE, radius=0.15, softness=0.2, edges=0.8)
    middle = mask[30:60]
    assert middle[:, 84:].max() < 0.1
    assert middle[:, 60:77].min() > 0.85


def test_without_edges_the_same_stroke_goes_over() -> None:
    mask = brush_mask(two_halves(), STROKE, radius=0.15, softness=0.2, edges=0.0)
    assert mask[30:60, 82:86].min() > 0.8


def test_texture_is_no_edge() -> None:
    rough = two_halves(noise=18.0)
    mask = brush_mask(rough, STROKE, radius=0.1, softness=0.2, edges=0.7)
    assert np.median(mask[30:60, 58:76]) > 0.8


def test_softness_fades_towards_the_rim() -> None:
    flat = np.full((90, 160, 3), 120, np.uint8)
    soft = brush_mask(flat, ((0.5, 0.5),), radius=0.2, softness=1.0, edges=0.0)
    line = soft[45, 80:115]
    assert line[0] > 0.98
    assert np.all(np.diff(line) <= 1e-6)
    assert 0.3 < line[15] < 0.7


@pytest.mark.parametrize("points", [((-0.5, 0.5),), ((1.9, 1.9), (1.95, 1.9))])
def test_a_stroke_outside_does_nothing(points: tuple[tuple[float, float], ...]) -> None:
    assert not brush_mask(two_halves(), points, radius=0.05, softness=0.5, edges=0.5).any()


def test_a_stroke_on_the_border_is_there() -> None:
    mask = brush_mask(two_halves(), ((0.0, 0.0),), radius=0.05, softness=0.0, edges=0.5)
    assert mask[0, 0] > 0.9


def test_the_way_is_around_what_stands_between() -> None:
    picture = np.full((40, 40, 3), 100, np.uint8)
    picture[:30, 20] = 255  # a wall with a gap below
    seed = np.zeros((40, 40), bool)
    seed[5, 5] = True
    way = colour_way(lab_of(picture), seed)
    assert way[5, 35] < 5.0  # through the gap
    assert way[5, 20] > 20.0
