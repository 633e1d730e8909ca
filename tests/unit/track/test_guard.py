"""Following with a guard: hold instead of jumping, say so, and find the subject again."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.track.guard import TrackStep, follow
from rvr_laaf_app.track.opencv import KcfTracker
from tests.unit.track.stage import HEIGHT, WIDTH, Stage


def followed(stage: Stage, order: range, *, depth: bool = True, cuts: tuple[int, ...] = ()) -> list[TrackStep]:
    disparity_of = (lambda k: stage.frame(k)[1]) if depth else None
    box = stage.truth(order[0])
    assert box is not None
    steps = list(follow(stage.frames(order), box, tracker=KcfTracker(), disparity_of=disparity_of, cuts=cuts))
    assert [s.frame for s in steps] == list(order), "one step a frame"
    assert all(np.isfinite([s.box.x, s.box.y, s.box.width, s.box.height, s.confidence]).all() for s in steps)
    assert all(0.0 <= s.confidence <= 1.0 and (s.confidence == 0.0) == s.lost for s in steps)
    return steps


def across(k: int) -> tuple[float, float]:
    return 40 + 4 * k, 90 + 8 * np.sin(k / 7)


@pytest.mark.parametrize("depth", [True, False])
@pytest.mark.parametrize("order", [range(0, 55), range(55, 0, -1)], ids=["forwards", "backwards"])
def test_a_plain_subject_is_never_lost(order: range, depth: bool) -> None:
    stage = Stage(across)
    for step in followed(stage, order, depth=depth):
        assert not step.lost
        assert step.box.overlap(stage.truth(step.frame)) > 0.6
        assert step.confidence > 0.6


@pytest.mark.parametrize("depth", [True, False])
def test_behind_a_pole_the_box_is_held_and_the_subject_found_again(depth: bool) -> None:
    stage = Stage(across, pole=(140, 200))
    steps = followed(stage, range(55), depth=depth)
    hidden = [s for s in steps if across(s.frame)[0] - 20 >= 143 and across(s.frame)[0] + 20 <= 197]
    assert len(hidden) >= 3
    assert all(s.lost for s in hidden)
    held = {s.box for s in hidden}
    assert len(held) == 1, "the box does not move while the subject is hidden"
    after = [s for s in steps if across(s.frame)[0] - 20 > 222]
    assert after
    assert all(not s.lost and s.box.overlap(stage.truth(s.frame)) > 0.5 for s in after)


def test_a_subject_that_leaves_and_comes_back() -> None:
    stage = Stage(lambda k: (250 + 6 * min(k, 60 - k), 90))
    steps = followed(stage, range(60))
    away = [s for s in steps if 250 + 6 * min(s.frame, 60 - s.frame) - 20 > WIDTH]
    assert all(s.lost for s in away)
    assert not steps[-1].lost
    assert steps[-1].box.overlap(stage.truth(59)) > 0.5


def test_a_subject_that_vanishes_is_not_seen_elsewhere() -> None:
    stage = Stage(lambda k: across(k) if k < 15 else None)
    steps = followed(stage, range(60))
    assert not any(s.lost for s in steps[:15])
    assert all(s.lost for s in steps[17:])


@pytest.mark.parametrize("sign", [1, -1])
def test_size_is_followed(sign: int) -> None:
    stage = Stage(lambda k: (160 + k / 2, 90), size=lambda k: 1.012 ** (sign * k))
    steps = followed(stage, range(60))
    assert not any(s.lost for s in steps)
    truth = stage.truth(59)
    assert truth is not None
    assert steps[-1].box.width / truth.width == pytest.approx(1.0, abs=0.2)
    assert steps[-1].box.overlap(truth) > 0.6


def test_a_steady_subject_keeps_its_size() -> None:
    stage = Stage(across)
    last = followed(stage, range(55))[-1].box
    assert last.width * WIDTH == pytest.approx(40, rel=0.12)
    assert last.height * HEIGHT == pytest.approx(40, rel=0.12)


def test_after_a_cut_the_subject_is_lost_unless_it_is_plainly_there() -> None:
    one, other = Stage(across), Stage(across, seed=40)

    class Cut(Stage):
        def frame(self, k: int) -> tuple[np.ndarray, np.ndarray]:
            return (other if 20 <= k < 40 else one).frame(k)

    steps = followed(Cut(across), range(55), cuts=(20, 40))
    assert not any(s.lost for s in steps[:20])
    assert all(s.lost for s in steps[20:40]), "another shot, another thing"
    assert not any(s.lost for s in steps[42:]), "the first shot again"
    assert steps[-1].box.overlap(one.truth(54)) > 0.5


def test_a_box_that_holds_nothing_does_no_harm() -> None:
    rgb = np.full((60, 80, 3), 128, np.uint8)
    for box in (Box(0.4, 0.4, 0.2, 0.2), Box(1.5, 1.5, 0.2, 0.2), Box(0.0, 0.0, 1.0, 1.0)):
        steps = list(follow(((k, rgb) for k in range(5)), box, tracker=KcfTracker()))
        assert len(steps) == 5
    assert list(follow(iter(()), Box(0, 0, 1, 1), tracker=KcfTracker())) == []
