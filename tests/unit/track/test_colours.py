"""What is the subject by colour, and how clearly a box stands out."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.track.colours import belonging, centred, colour_codes, learn_colours, mass, stands_out
from tests.unit.track.stage import HEIGHT, WIDTH, Stage


@pytest.fixture
def seen() -> tuple[np.ndarray, Box]:
    stage = Stage(lambda k: (150, 90))
    box = stage.truth(0)
    assert box is not None
    codes = colour_codes(stage.frame(0)[0])
    return belonging(codes, learn_colours(codes, box)), box


def test_the_subject_belongs_and_the_wall_does_not(seen: tuple[np.ndarray, Box]) -> None:
    likely, box = seen
    assert likely.shape == (HEIGHT, WIDTH)
    x, y, w, h = (round(v) for v in box.pixels(WIDTH, HEIGHT))
    assert likely[y + 3 : y + h - 3, x + 3 : x + w - 3].mean() > 0.8
    assert np.median(likely[:40]) < 0.2


def test_only_the_subject_stands_out(seen: tuple[np.ndarray, Box]) -> None:
    likely, box = seen
    assert stands_out(likely, box) > 0.5
    assert stands_out(likely, Box(0.05, 0.05, box.width, box.height)) < 0.1
    assert stands_out(likely, Box(1.2, 0, 0.1, 0.1)) <= 0.1
    assert stands_out(likely, Box(0, 0, 1, 1)) < 0.1
    assert stands_out(likely, Box(-0.5, -0.5, 2, 2)) == 0.0, "no surroundings"


def test_a_box_beside_the_subject_is_led_to_it(seen: tuple[np.ndarray, Box]) -> None:
    likely, box = seen
    beside = Box(box.x + 0.3 * box.width, box.y - 0.2 * box.height, box.width, box.height)
    assert centred(likely, beside).overlap(box) > 0.8


def test_the_mass_follows_the_size() -> None:
    small, large = (Stage(lambda k: (150, 90), size=lambda k, s=s: s) for s in (1.0, 1.5))
    box = small.truth(0)
    assert box is not None
    codes = colour_codes(small.frame(0)[0])
    model = learn_colours(codes, box)
    one = mass(belonging(codes, model), box)
    two = mass(belonging(colour_codes(large.frame(0)[0]), model), box)
    assert two / one == pytest.approx(2.25, rel=0.15)


def test_models_blend() -> None:
    stage = Stage(lambda k: (150, 90))
    codes = colour_codes(stage.frame(0)[0])
    here, there = learn_colours(codes, stage.truth(0)), learn_colours(codes, Box(0, 0, 0.2, 0.2))
    halfway = here.blended(there, 0.5)
    np.testing.assert_allclose(halfway.subject, (here.subject + there.subject) / 2, atol=1e-6)
    assert halfway.subject.sum() == pytest.approx(1.0, abs=1e-4)
