"""What looks like somebody new and is not: legs, parts of the subject, a wild camera, a stir that nobody notices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rvr_laaf_app.core.evidence import Suggestion
from rvr_laaf_app.laaf.fusion import suggest
from rvr_laaf_app.laaf.subjects import subjects_of_shot
from tests.unit.laaf.pretend_evidence import Face, Place, evidence

FACE = (0.5, 0.1, 0.06, 0.1)


def moves(x: float, y: float, w: float, h: float, *, start: int = 0, stop: int = 10_000) -> Place:
    """Something that moves in its place in the frames [start, stop)."""

    def place(frame: int) -> tuple[float, float, float, float] | None:
        return (x + 0.012 * float(np.sin(frame / 2)), y, w, h) if start <= frame < stop else None

    return place


def frames_of(found: list[Suggestion]) -> list[int]:
    return [s.frame for s in found]


def test_the_legs_of_somebody_whose_face_is_seen_are_nobody_new() -> None:
    legs = moves(0.42, 0.64, 0.22, 0.36, start=120)
    clip = evidence(200, faces=[Face(FACE)], movers=[moves(0.46, 0.1, 0.14, 0.4, stop=60), legs])
    assert len(subjects_of_shot(clip, 0, 200)) == 1
    assert frames_of(suggest(clip)) == [0]
    beside = moves(0.05, 0.3, 0.25, 0.7, start=120)
    clip = evidence(200, faces=[Face(FACE)], movers=[moves(0.46, 0.1, 0.14, 0.4, stop=60), beside])
    assert len(frames_of(suggest(clip))) == 2


def test_nobody_new_is_told_of_while_the_camera_is_wild() -> None:
    movers = [moves(0.6, 0.2, 0.2, 0.6), moves(0.05, 0.3, 0.25, 0.7, start=120)]
    clip = evidence(200, movers=movers)
    assert len(suggest(clip)) == 2
    camera = clip.camera.copy()
    camera[105:136, 2] = 0.1
    camera[118:123, 2] = 0.6
    assert frames_of(suggest(replace(clip, camera=camera))) == [0]


def test_who_is_not_worth_more_than_the_picture_draws_nothing_when_the_other_leaves() -> None:
    def leaves(frame: int) -> tuple[float, float, float, float] | None:
        left = 0.4 + 0.02 * max(frame - 80, 0) + 0.01 * float(np.sin(frame / 3))
        return (left, 0.3, 0.25, 0.6) if left < 0.97 else None

    def enters(frame: int) -> tuple[float, float, float, float] | None:
        return (min(-0.24 + 0.015 * (frame - 240), 0.3), 0.3, 0.25, 0.6) if frame >= 241 else None

    stir = moves(0.1, 0.5, 0.05, 0.08, start=30, stop=50)
    clip = evidence(300, movers=[leaves, stir, enters])
    found = suggest(clip)
    assert frames_of(found)[0] == 0
    assert len(found) == 2
    assert found[1].reason == "enters the picture"


def test_what_lay_in_the_subject_all_the_time_is_the_subject() -> None:
    """A thing stirred where somebody then stands; that one is lost at the border, and the thing moves again."""

    def comes_and_sinks(frame: int) -> tuple[float, float, float, float] | None:
        x = max(0.6 - 0.008 * max(frame - 50, 0), 0.2) + 0.01 * float(np.sin(frame / 3))
        y = 0.2 + 0.03 * max(frame - 160, 0)
        return (x, y, 0.25, 0.7) if y < 0.95 else None

    thing = moves(0.28, 0.3, 0.1, 0.15, start=15, stop=40)
    again = moves(0.28, 0.3, 0.12, 0.2, start=186)
    clip = evidence(260, movers=[comes_and_sinks, thing, again])
    assert len(subjects_of_shot(clip, 0, 260)) >= 2
    assert frames_of(suggest(clip, "action")) == [0]


def test_who_stirs_a_foot_first_is_the_target_when_all_of_them_moves() -> None:
    def stands_up(frame: int) -> tuple[float, float, float, float] | None:
        sway = 0.012 * float(np.sin(frame / 2))
        return None if frame < 120 else (0.12 + sway, 0.8, 0.1, 0.1) if frame < 136 else (0.08 + sway, 0.2, 0.2, 0.75)

    found = suggest(evidence(220, movers=[moves(0.65, 0.2, 0.2, 0.6, stop=110), stands_up]))
    assert len(found) == 2
    assert 134 <= found[1].frame <= 139
    assert found[1].box.height > 0.3
