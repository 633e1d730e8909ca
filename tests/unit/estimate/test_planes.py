"""Depth planes: exact K-means, nearest first, always the same; rims go to a side, thin things stay, one is sharp."""

from __future__ import annotations

from itertools import combinations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.estimate import planes as module
from rvr_laaf_app.estimate.planes import (
    MOST_PLANES,
    USUAL_MOST,
    DepthPlanes,
    find_planes,
    label_planes,
    picks,
    plane_disparity,
)

Map = NDArray[np.float32]


def stage() -> Map:
    """Wall at 0.1, a table at 0.5, a head at 0.9, a pole at 0.9 that is seven pixels wide; a little noise."""
    disparity = np.full((180, 320), 0.1, np.float32)
    disparity[110:] = 0.5
    cv2.circle(disparity, (120, 90), 45, 0.9, -1)
    disparity[20:170, 250:257] = 0.9
    noise = np.random.default_rng(0).normal(0, 0.01, disparity.shape)
    return np.clip(disparity + noise, 0, 1).astype(np.float32)


def squares(values: NDArray[np.float64], weights: NDArray[np.float64], cuts: tuple[int, ...]) -> float:
    total = 0.0
    for first, last in zip((0, *cuts), (*cuts, len(values)), strict=True):
        part, weight = values[first:last], weights[first:last]
        total += float((weight * (part - np.average(part, weights=weight)) ** 2).sum())
    return total


@pytest.mark.parametrize("seed", range(4))
def test_the_classes_are_the_best_there_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, weights = np.sort(rng.random(11)), rng.integers(1, 9, 11).astype(float)
    costs, starts = module._optimal_cuts(values, weights, 4)
    for groups in range(1, 5):
        every = [squares(values, weights, cuts) for cuts in combinations(range(1, 11), groups - 1)]
        assert costs[groups - 1] == pytest.approx(min(every), abs=1e-9)
        firsts = module._backtracked(starts, groups, len(values))
        assert squares(values, weights, tuple(firsts[1:])) == pytest.approx(min(every), abs=1e-9)


def test_planes_are_found_nearest_first() -> None:
    planes = find_planes(stage(), 3)
    assert planes.disparity == pytest.approx((0.9, 0.5, 0.1), abs=0.03)
    assert planes.limits == pytest.approx((0.7, 0.3), abs=0.03)
    assert planes == find_planes(stage(), 3)
    assert planes.range_of(0) == (planes.limits[0], np.inf)
    assert planes.range_of(2) == (-np.inf, planes.limits[1])


def test_as_many_planes_as_explain_the_picture() -> None:
    assert len(find_planes(stage())) == 3
    slope = np.repeat(np.linspace(0, 1, 200, dtype=np.float32)[:, None], 100, 1)
    assert 4 <= len(find_planes(slope)) <= USUAL_MOST


def test_flat_and_tiny_maps() -> None:
    flat = find_planes(np.full((40, 60), 0.37, np.float32), 5)
    assert flat.disparity == pytest.approx((0.37,), abs=1e-4)
    assert flat.limits == ()
    assert not label_planes(np.full((40, 60), 0.37, np.float32), flat).any()
    assert len(find_planes(np.array([[0.0, 1.0]], np.float16), 2)) == 2


@pytest.mark.parametrize("count", [0, MOST_PLANES + 1, -1])
def test_an_impossible_count_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="planes"):
        find_planes(stage(), count)


def test_labels_are_stable_against_noise_and_follow_the_things() -> None:
    labels = label_planes(stage(), find_planes(stage(), 3))
    assert labels[90, 120] == labels[90, 253] == 0
    assert labels[150, 50] == 1
    assert labels[30, 30] == 2
    islands = [cv2.connectedComponents((labels == plane).astype(np.uint8))[0] - 1 for plane in range(3)]
    assert sum(islands) <= 8


def test_a_soft_silhouette_has_no_rim_of_another_plane() -> None:
    soft = cv2.GaussianBlur(stage(), (0, 0), 1.5)
    labels = label_planes(soft, find_planes(soft, 3))
    above_the_table = labels[:100]
    assert (above_the_table == 1).mean() < 0.002
    sharp = (stage() > 0.7)[:100]
    assert ((above_the_table == 0) != sharp).mean() < 0.02


def test_a_map_with_known_planes_keeps_its_labels() -> None:
    """Planes of one frame can label another one: a class does not change its number when something leaves."""
    planes = find_planes(stage(), 3)
    without_head = stage()
    without_head[:, :200][without_head[:, :200] > 0.7] = 0.1
    assert label_planes(without_head, planes)[30, 30] == 2


def test_all_of_the_plane_in_focus_is_sharp() -> None:
    disparity = stage()
    planes = find_planes(disparity, 3)
    labels = label_planes(disparity, planes)
    for focus in range(3):
        rendered, at = plane_disparity(disparity, planes, focus)
        assert np.all(rendered[labels == focus] == np.float32(at))
        assert np.all(rendered[labels < focus] >= at)
        assert np.all(rendered[labels > focus] <= at)
        stepped, at = plane_disparity(disparity, planes, focus, stepped=True)
        assert len(np.unique(stepped)) == 3
        assert at == pytest.approx(planes.disparity[focus])


def test_blur_begins_at_the_border_of_the_plane() -> None:
    slope = np.repeat(np.linspace(0, 1, 400, dtype=np.float32)[:, None], 60, 1)
    planes = find_planes(slope, 4)
    rendered, _ = plane_disparity(slope, planes, 1)
    assert np.abs(np.diff(rendered[:, 30])).max() < 0.02
    stepped, _ = plane_disparity(slope, planes, 1, stepped=True)
    assert np.abs(np.diff(stepped[:, 30])).max() > 0.2


def test_a_plane_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="planes 0 to 2"):
        plane_disparity(stage(), find_planes(stage(), 3), 3)


def test_picks_lie_well_inside_their_plane() -> None:
    planes = find_planes(stage(), 3)
    labels = label_planes(stage(), planes)
    found = picks(labels, planes)
    assert [pick.plane for pick in found] == [0, 1, 2]
    assert sum(pick.share for pick in found) == pytest.approx(1.0)
    for pick in found:
        assert labels[int(pick.y * 180), int(pick.x * 320)] == pick.plane
    assert (found[0].x * 320, found[0].y * 180) == pytest.approx((120, 90), abs=8)
    assert picks(np.zeros((4, 4), np.uint8), DepthPlanes((0.9, 0.1), (0.5,)))[0].share == 1.0
