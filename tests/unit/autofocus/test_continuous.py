"""Focus kept on a subject: nothing moves without a reason, and a subject that moves is followed in few moves."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from rvr_laaf_app.autofocus import continuous
from rvr_laaf_app.autofocus.base import FocusRange, Patch
from rvr_laaf_app.autofocus.continuous import keep_focus
from rvr_laaf_app.autofocus.modern import Reading
from rvr_laaf_app.camera.defocus import paper_model

LIMITS = FocusRange(1050, 2100, 20)
RADII = np.linspace(0.0, 170.0, 600)


class Truth:
    """A reader that knows the radius, as the patch tells it, up to a few per cent."""

    def read(self, patch: Patch) -> Reading:
        radius = float(patch[0, 0])
        return Reading(RADII, -0.5 * ((RADII - radius) / (0.03 * radius + 0.4)) ** 2)


def follow(path: list[int | None], start: int, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[bool]]:
    """Where the lens stood at each frame of a subject that is best at path[frame] (None: lost), and if it searched."""
    model = paper_model()
    monkeypatch.setattr(continuous, "brenner", lambda patch: 1.0 / (1.0 + float(patch[0, 0])) ** 2)
    focus = keep_focus(LIMITS, start=start, defocus=model, reader=Truth())  # type: ignore[arg-type]
    wish = next(focus)
    places, searching = [], []
    for z0 in path:
        places.append(wish.position)
        searching.append(wish.searching)
        assert LIMITS.minimum <= wish.position <= LIMITS.maximum
        seen = None if z0 is None else np.full((2, 2), float(model.radius_at(z0, wish.position)), np.float32)
        wish = focus.send(seen)
    focus.close()
    return places, searching


def test_a_subject_that_stays_sharp_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    places, searching = follow([1503] * 40, 1500, monkeypatch)
    assert set(places) == {1500}
    assert not any(searching)


def test_one_blurred_frame_moves_nothing_and_a_lost_subject_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    places, _ = follow([1500, 1500, 1900, 1500, 1500, None, None, None, 1500], 1500, monkeypatch)
    assert set(places) == {1500}


@pytest.mark.parametrize("goal", [1250, 1780])
def test_a_subject_that_jumps_is_found_in_few_moves(goal: int, monkeypatch: pytest.MonkeyPatch) -> None:
    places, searching = follow([1500] * 5 + [goal] * 20, 1500, monkeypatch)
    assert abs(places[-1] - goal) <= 10
    assert not searching[-1]
    assert sum(a != b for a, b in pairwise(places)) <= 4


def test_a_subject_that_comes_nearer_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    path = [1900 - 4 * frame for frame in range(150)]
    places, _ = follow(path, 1900, monkeypatch)
    late = np.abs(np.array(places) - np.array(path))[20:]
    assert float(np.mean(late <= 25)) > 0.7
    assert int(late.max()) < 120
    turns = np.sign(np.diff(places)[np.diff(places) != 0])
    assert float(np.mean(turns < 0)) > 0.6  # it seldom looks on the wrong side
