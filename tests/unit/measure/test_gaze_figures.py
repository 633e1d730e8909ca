"""CC, NSS and AUC-Judd on maps whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.measure.gaze import auc_judd, correlation, fixation_density, scanpath_saliency

PLACES = np.array([[0.25, 0.5], [0.27, 0.52], [0.8, 0.2]], np.float32)


def test_a_density_sums_to_one_and_lies_where_people_looked() -> None:
    density = fixation_density(PLACES, (60, 80), aspect=4 / 3)
    assert density.sum() == pytest.approx(1.0)
    row, column = np.unravel_index(density.argmax(), density.shape)
    assert (column + 0.5) / 80 == pytest.approx(0.26, abs=0.02)
    assert (row + 0.5) / 60 == pytest.approx(0.51, abs=0.02)


def test_the_truth_is_perfect_its_opposite_is_not_and_a_flat_map_is_chance() -> None:
    density = fixation_density(PLACES, (60, 80), aspect=4 / 3)
    flat = np.ones((60, 80), np.float32)
    assert correlation(density, density) == pytest.approx(1.0)
    assert correlation(-density, density) == pytest.approx(-1.0)
    assert correlation(flat, density) == 0.0
    assert scanpath_saliency(density, PLACES) > 3
    assert scanpath_saliency(flat, PLACES) == 0.0
    assert auc_judd(density, PLACES) > 0.97
    assert auc_judd(-density, PLACES) < 0.2
    assert auc_judd(flat, PLACES) == pytest.approx(0.5)


def test_random_maps_are_chance() -> None:
    rng = np.random.default_rng(1)
    places = rng.random((40, 2)).astype(np.float32)
    found = [auc_judd(rng.random((60, 80)), places) for _ in range(20)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.05)
