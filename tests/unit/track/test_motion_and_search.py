"""Points that move with the subject, likeness of looks, and the search for a lost patch."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.track.appearance import likeness, look_at
from rvr_laaf_app.track.motion import point_motion
from rvr_laaf_app.track.search import places_like, places_of_colour
from tests.unit.track.stage import HEIGHT, WIDTH, Stage


def grey(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def test_points_tell_shift_and_growth() -> None:
    stage = Stage(lambda k: (150 + 5 * k, 90 - 3 * k), size=lambda k: 1.05**k)
    motion = point_motion(grey(stage.frame(0)[0]), grey(stage.frame(1)[0]), stage.truth(0))
    assert motion.share > 0.7
    assert motion.shift[0] * WIDTH == pytest.approx(5, abs=0.5)
    assert motion.shift[1] * HEIGHT == pytest.approx(-3, abs=0.5)
    assert motion.growth == pytest.approx(1.05, abs=0.015)
    assert motion.applied_to(stage.truth(0)).overlap(stage.truth(1)) > 0.9


def test_points_do_not_come_back_from_another_picture() -> None:
    one, other = Stage(lambda k: (150, 90)), Stage(lambda k: None, seed=30)
    assert point_motion(grey(one.frame(0)[0]), grey(other.frame(0)[0]), one.truth(0)).share < 0.3


def test_a_flat_or_tiny_box_has_no_motion() -> None:
    flat = np.full((90, 160), 100, np.uint8)
    assert point_motion(flat, flat, Box(0.3, 0.3, 0.3, 0.3)).share == 0.0
    assert point_motion(flat, flat, Box(0.3, 0.3, 0.001, 0.001)).share == 0.0


def test_likeness() -> None:
    stage = Stage(lambda k: (100 + 60 * k, 90))
    first, second = stage.frame(0)[0], stage.frame(1)[0]
    here, there = look_at(first, stage.truth(0)), look_at(second, stage.truth(1))
    wall = look_at(second, stage.truth(0))
    assert here is not None
    assert there is not None
    assert wall is not None
    assert likeness(here, there) > 0.95
    assert likeness(here, wall) < 0.3
    assert likeness(here, there) == likeness(there, here)
    assert look_at(first, Box(0.95, 0.1, 0.5, 0.5)) is None, "hardly anything of it is in the picture"


def test_a_patch_is_found_within_reach_only() -> None:
    stage = Stage(lambda k: (60 + 100 * k, 90))
    start, template = stage.truth(0), grey(stage.frame(0)[0])[70:110, 40:80]
    rgb = stage.frame(1)[0]
    found = places_like(grey(rgb), (template,), last=start, reach=3.0)
    assert max(box.overlap(stage.truth(1)) for box in found) > 0.7
    near = places_like(grey(rgb), (template,), last=start, reach=0.5)
    assert all(box.overlap(stage.truth(1)) == 0 for box in near)


def test_a_place_is_found_by_its_colour() -> None:
    likely = np.full((HEIGHT, WIDTH), 0.1, np.float32)
    likely[60:100, 200:240] = 0.9
    last = Box.from_pixels(120, 60, 40, 40, picture=(WIDTH, HEIGHT))
    best = places_of_colour(likely, last=last, reach=3.0, least=0.2)[0]
    assert best.overlap(Box.from_pixels(200, 60, 40, 40, picture=(WIDTH, HEIGHT))) > 0.7
    assert places_of_colour(np.full((HEIGHT, WIDTH), 0.5, np.float32), last=last, reach=1.0, least=0.2) == []
    assert places_of_colour(likely, last=Box(3, 3, 0.1, 0.1), reach=0.5, least=0.2) == []
