"""Who deserves focus and from when: turns, entries, exits, cuts; and what must not draw it."""

from __future__ import annotations

import numpy as np
import pytest

from rvr_laaf_app.core.evidence import Suggestion
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.laaf.fusion import suggest
from rvr_laaf_app.laaf.look_ahead import timed
from rvr_laaf_app.laaf.path import best_path, runs
from rvr_laaf_app.laaf.section_5_2 import bilateral, disparity_edges, focus_points, k_means, suggest_as_printed
from rvr_laaf_app.laaf.turns import turns_of_shot
from tests.unit.laaf.pretend_evidence import Face, evidence

LEFT, RIGHT = (0.2, 0.25, 0.12, 0.2), (0.65, 0.25, 0.12, 0.2)


def sides(found: list[Suggestion]) -> list[tuple[int, str]]:
    return [(s.frame, "left" if s.box.centre.x < 0.5 else "right") for s in found]


def test_focus_goes_to_the_one_who_begins_to_speak_and_is_there_before() -> None:
    turns = [(10, 80), (95, 170), (185, 240)]
    clip = evidence(260, faces=[Face(LEFT, [turns[0], turns[2]]), Face(RIGHT, [turns[1]])], voices=turns)
    found = suggest(clip, "conversation")
    assert [side for _, side in sides(found)] == ["left", "right", "left"]
    assert found[0].frame == 0
    for suggestion, (start, _) in zip(found[1:], turns[1:], strict=True):
        assert abs(suggestion.frame - start) <= 3
        assert suggestion.ready == suggestion.frame - 6
        assert suggestion.reason == "begins to speak"
    assert [side for _, side in sides(suggest(clip, "auto"))] == ["left", "right", "left"]


def test_a_cough_an_unseen_voice_and_a_chewing_listener_draw_no_focus() -> None:
    turns = [(10, 100), (190, 250)]
    unseen, cough = (115, 170), (60, 72)
    clip = evidence(260, faces=[Face(LEFT, turns), Face(RIGHT)], voices=[*turns, unseen], noises=[cough], chewing=[1])
    assert {t.face for t in turns_of_shot(clip, 0, 260)} == {0}
    for mode in ("conversation", "auto"):
        assert sides(suggest(clip, mode)) == [(0, "left")]


def test_a_word_thrown_in_is_no_turn() -> None:
    clip = evidence(250, faces=[Face(LEFT, [(10, 120), (132, 240)]), Face(RIGHT, [(122, 130)])], voices=[(10, 240)])
    assert sides(suggest(clip, "conversation")) == [(0, "left")]
    for stop, word in ((130, ["left"]), (160, ["left", "right", "left"])):
        said = [(10, 100), (110, stop), (stop + 10, 240)]
        faces = [Face(LEFT, [said[0], said[2]]), Face(RIGHT, [said[1]])]
        found = sides(suggest(evidence(250, faces=faces, voices=said), "conversation"))
        assert [side for _, side in found] == word


def test_who_enters_is_in_focus_from_the_first_frame() -> None:
    def sits(frame: int) -> tuple[float, float, float, float]:
        return 0.1 + 0.01 * np.sin(frame / 3), 0.3, 0.15, 0.5

    def enters(frame: int) -> tuple[float, float, float, float] | None:
        return None if frame < 90 else (max(1.0 - 0.02 * (frame - 89), 0.6), 0.2, 0.25, 0.7)

    clip = evidence(200, movers=[sits, enters])
    found = suggest(clip, "action")
    assert found[0].frame == 0
    assert found[0].box.centre.x < 0.4
    assert [s.frame for s in found[1:]] == [90]
    assert found[1].reason == "enters the picture"
    assert found[1].ready == 84
    assert found[1].later is not None
    assert found[1].later[1].area > found[1].box.clipped().area
    assert suggest(clip, "action", lead_frames=2)[1].ready == 88


def test_who_is_left_alone_gets_the_focus_when_the_other_has_gone() -> None:
    def runs_out(frame: int) -> tuple[float, float, float, float] | None:
        left = 0.45 + 0.02 * np.sin(frame / 3) + 0.012 * max(frame - 80, 0)
        return (left, 0.3, 0.3, 0.5) if left < 0.97 else None

    def waits(frame: int) -> tuple[float, float, float, float] | None:
        return (0.1 + 0.005 * np.sin(frame / 2), 0.5, 0.1, 0.3) if frame < 15 or frame > 110 else None

    found = suggest(evidence(220, movers=[runs_out, waits]), "action")
    assert sides(found)[0] == (0, "right")
    assert len(found) == 2
    assert found[1].box.centre.x < 0.3
    assert abs(found[1].frame - 123) <= 4


def test_every_shot_begins_with_a_target_and_no_pull_goes_through_a_cut() -> None:
    faces = [Face(LEFT, start=0, stop=60), Face(RIGHT, start=60, stop=150)]
    found = suggest(evidence(150, faces=faces, cuts=(60,)), "auto")
    assert sides(found) == [(0, "left"), (60, "right")]
    assert found[1].ready == 60


def test_a_small_stir_beside_the_subject_changes_nothing() -> None:
    def acts(frame: int) -> tuple[float, float, float, float]:
        return 0.3 + 0.02 * np.sin(frame / 2), 0.2, 0.3, 0.7

    def stirs(frame: int) -> tuple[float, float, float, float] | None:
        return (0.9, 0.8, 0.04, 0.05) if 60 < frame < 75 else None

    assert len(suggest(evidence(150, movers=[acts, stirs]), "auto")) == 1


def test_an_empty_clip_of_one_frame_has_one_target() -> None:
    found = suggest(evidence(1), "auto")
    assert [s.frame for s in found] == [0]
    assert found[0].detector == "saliency"


def test_targets_are_ready_within_their_shot_and_after_the_one_before() -> None:
    box = Box(0.1, 0.1, 0.2, 0.2)
    given = [Suggestion(f, box, 0.5, "face", "") for f in (52, 0, 50, 100)]
    assert [(s.frame, s.ready) for s in timed(given, 6, cuts=(48,))] == [(0, 0), (50, 48), (52, 51), (100, 94)]


def test_the_best_path_changes_only_when_it_pays() -> None:
    scores = np.zeros((2, 40))
    scores[0], scores[1, 10:12], scores[1, 20:] = 0.5, 1.0, 1.0
    assert runs(best_path(scores, 3.0)) == [(0, 20, 0), (20, 40, 1)]
    assert runs(best_path(scores, 0.4)) == [(0, 10, 0), (10, 12, 1), (12, 20, 0), (20, 40, 1)]
    assert best_path(np.zeros((3, 0)), 1.0).shape == (0,)


def test_section_5_2_takes_the_largest_cluster_and_the_steps_of_its_disparity() -> None:
    mask = np.zeros((27, 48), bool)
    mask[10:16, 30:40] = True
    mask[2, 3] = mask[25, 45] = mask[20, 5] = True
    point = focus_points([mask, np.zeros_like(mask)])
    assert point[1] is None
    assert point[0] is not None
    assert 30 / 48 < point[0].x < 40 / 48
    assert 10 / 27 < point[0].y < 16 / 27
    centres, names = k_means(np.array([[0.1, 0.1], [0.9, 0.9]]), 4)
    assert len(centres) == 2
    assert sorted(names) == [0, 1]
    rng = np.random.default_rng(3)
    levels = np.where(np.arange(80) < 40, 0.2, 0.7) + rng.normal(0, 0.01, 80)
    assert disparity_edges(bilateral(levels)) == [40]


def test_section_5_2_finds_the_action_that_moves_in_depth() -> None:
    def mover(frame: int) -> tuple[float, float, float, float]:
        return (0.15, 0.4, 0.15, 0.3) if frame < 60 else (0.7, 0.4, 0.15, 0.3)

    clip = evidence(120, movers=[mover])
    clip.saliency[:] = 1.0

    def disparity_at(_frame: int, point: Point) -> float:
        return 0.8 if point.x < 0.5 else 0.3

    found = suggest_as_printed(clip, "action", disparity_at)
    assert [s.frame for s in found] == [0, pytest.approx(60, abs=2)]
    assert found[1].box.centre.x > 0.6
