"""Rendered focal stacks: the lens formula, what is blurred, sameness of a seed; and the table made of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rvr_laaf_app.measure.dff import GOAL, SLIDES, known_methods, measure_dff, score
from rvr_laaf_app.measure.dff_scenes import (
    ThinLens,
    focal_stack,
    ramp_distances,
    random_scene,
    random_stack,
)
from rvr_laaf_app.measure.dff_textures import drawn_texture, plain

SIZE = (64, 64)


def test_the_circle_of_confusion_is_that_of_the_formula() -> None:
    """f = 50 mm at f/2 focused on 2 m: a point at 4 m makes a disc of 0.025 * 0.05 * 2 / (4 * 1.95) m = 0.3205 mm."""
    lens = ThinLens(50.0, 2.0, 100.0)
    assert float(lens.coc_px(np.array(4.0), 2.0)) == pytest.approx(32.05, abs=0.01)
    assert float(lens.coc_px(np.array(2.0), 2.0)) == 0.0


def test_the_circle_of_confusion_is_linear_in_inverse_distance() -> None:
    lens = ThinLens(28.0, 1.8, 50.0)
    inverse = np.linspace(0.3, 0.9, 7)
    steps = np.diff(lens.coc_px(1.0 / inverse, 1.0 / 0.3))
    np.testing.assert_allclose(steps, steps[0], rtol=1e-4)


@pytest.mark.parametrize("moving", [False, True])
@pytest.mark.parametrize("things", ["small", "large"])
def test_a_stack_holds_together(things: str, moving: bool) -> None:
    stack = random_stack(np.random.default_rng(4), size=SIZE, frames=5, things=things, moving=moving)
    assert stack.slices.shape == (5, 64, 64, 3)
    assert stack.slices.dtype == np.uint8
    assert (np.diff(stack.focus_m) > 0).all()
    np.testing.assert_allclose(stack.places[[0, -1]], [1, 0], atol=1e-6)
    assert (np.diff(stack.places) < 0).all()
    assert 0 <= stack.disparity.min() <= stack.disparity.max() <= 1
    np.testing.assert_allclose(stack.depth_of(stack.disparity), stack.depth, rtol=1e-4)
    assert stack.known.any()
    assert stack.moving == moving
    assert stack.coc_px.max() > 1.0
    if not moving:  # the coc of the truth is that of its own depth
        known = stack.known
        nearest = stack.coc_px[0][known]
        np.testing.assert_allclose(nearest, stack.gain_px * (1 - stack.disparity[known]), atol=0.02 * stack.gain_px)


def test_the_same_seed_makes_the_same_stack_and_another_another() -> None:
    first, again, other = (random_stack(np.random.default_rng(seed), size=SIZE, frames=3) for seed in (1, 1, 2))
    assert np.array_equal(first.slices, again.slices)
    assert np.array_equal(first.disparity, again.disparity)
    assert not np.array_equal(first.slices, other.slices)


def test_things_are_sharpest_where_the_focus_is_on_them() -> None:
    """Over many scenes: the mean contrast of what lies near the first focus falls slice by slice."""
    near = []
    for seed in range(12):
        stack = random_stack(np.random.default_rng(seed), size=(96, 96), frames=4, things="large")
        there = stack.known & (stack.disparity > 0.85)
        if there.sum() > 200:
            grey = stack.slices.mean(-1)
            steps = [np.abs(np.diff(picture, axis=1))[there[:, 1:]].mean() for picture in grey]
            near.append(np.array(steps) / steps[0])
    assert len(near) >= 3
    assert np.mean(near, axis=0)[1:].max() < 0.95


def test_moving_scenes_move_and_the_five_ramps_differ() -> None:
    rng = np.random.default_rng(9)
    scene = random_scene(rng, size=SIZE, things="large", moving=True)
    focus = ramp_distances(scene, rng)
    truths = [focal_stack(scene, focus, np.random.default_rng(0), ramp=ramp).disparity for ramp in range(5)]
    assert all(not np.array_equal(a, b) for a, b in itertools.pairwise(truths))


@pytest.mark.parametrize("paint", [drawn_texture, plain])
def test_textures_are_light(paint: object) -> None:
    for seed in range(20):
        light = paint(np.random.default_rng(seed), (31, 23))  # type: ignore[operator]
        assert light.shape == (23, 31, 3)
        assert light.dtype == np.float32
        assert 0 < light.min() <= light.max() <= 1


def test_the_truth_itself_scores_full_marks() -> None:
    stack = random_stack(np.random.default_rng(5), size=SIZE)
    figures = score(stack, lambda slices, places: (stack.disparity, np.ones_like(stack.disparity)))
    assert figures.rms < 1e-4
    assert figures.accuracy == 100.0
    far = score(stack, lambda slices, places: (np.zeros_like(stack.disparity), np.ones_like(stack.disparity)))
    assert far.rms > 0.1
    assert far.accuracy < 80


def test_the_table_is_the_same_for_a_seed() -> None:
    methods = {"classical": known_methods()["classical"]}
    first, again = (measure_dff(methods, seed=3, stacks=2, side=64) for _ in range(2))
    for report in (first, again):
        for sort in report["methods"]["classical"].values():
            sort.pop("seconds")
    assert first == again
    assert first["slides"] == SLIDES
    assert first["goal"] == GOAL
    assert set(first["methods"]["classical"]) == {"static", "moving"}
