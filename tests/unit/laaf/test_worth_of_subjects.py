"""What draws focus and what does not: exits, comings-out, voices with owners, things that sound, streaming edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import HOP_S, ClipEvidence, Suggestion
from rvr_laaf_app.laaf.fusion import suggest
from rvr_laaf_app.laaf.path import best_path, runs, smoothed
from rvr_laaf_app.laaf.soundings import soundings, unseen
from rvr_laaf_app.laaf.subjects import subjects_of_shot
from rvr_laaf_app.laaf.turns import turns_of_shot, two_heaps, voice_height
from tests.unit.laaf.pretend_evidence import RATE, Face, Place, evidence

LEFT, RIGHT = (0.2, 0.25, 0.12, 0.2), (0.65, 0.25, 0.12, 0.2)


def sways(x: float, y: float, w: float, h: float, *, start: int = 0, stop: int = 10_000) -> Place:
    """Something that moves in its place in the frames [start, stop)."""

    def place(frame: int) -> tuple[float, float, float, float] | None:
        return (x + 0.012 * float(np.sin(frame / 2)), y, w, h) if start <= frame < stop else None

    return place


def frames_of(found: list[Suggestion]) -> list[int]:
    return [s.frame for s in found]


def test_who_is_left_alone_for_a_second_gets_that_second() -> None:
    def runs_out_and_back(frame: int) -> tuple[float, float, float, float] | None:
        if frame < 60:
            left = 0.45 + 0.012 * max(frame - 20, 0) + 0.01 * float(np.sin(frame / 3))
        elif frame >= 92:
            left = 1.0 - 0.014 * (frame - 91)
        else:
            return None
        return (max(left, 0.5), 0.4, 0.25, 0.4) if left < 0.97 else None

    found = suggest(evidence(180, movers=[runs_out_and_back, sways(0.1, 0.2, 0.2, 0.7, start=56, stop=110)]), "action")
    assert len(found) == 3
    assert found[1].box.centre.x < 0.4
    assert 56 <= found[1].frame <= 66
    assert abs(found[2].frame - 92) <= 2
    assert found[2].box.centre.x > 0.5


def test_somebody_large_who_comes_out_is_a_target_and_a_small_stir_is_none() -> None:
    girl = Face(RIGHT)
    found = suggest(evidence(200, faces=[girl], movers=[sways(0.02, 0.2, 0.2, 0.75, start=110)]), "auto")
    assert frames_of(found) == [0, pytest.approx(110, abs=2)]
    assert found[1].reason.startswith("appears")
    found = suggest(evidence(200, faces=[girl], movers=[sways(0.02, 0.5, 0.06, 0.08, start=110, stop=130)]), "auto")
    assert frames_of(found) == [0]


def test_what_begins_to_stir_in_a_still_shot_was_its_subject_all_along() -> None:
    found = suggest(evidence(200, movers=[sways(0.4, 0.4, 0.25, 0.3, start=50)]), "auto")
    assert frames_of(found) == [0]
    assert found[0].box.centre.x == pytest.approx(0.53, abs=0.05)


def test_what_streams_out_at_the_border_under_a_walking_camera_is_no_subject() -> None:
    def streams(frame: int) -> tuple[float, float, float, float] | None:
        return (max(0.12 - 0.004 * (frame % 30), 0.0), 0.75, 0.2, 0.25) if frame > 40 else None

    still = evidence(160, movers=[streams])
    walk = replace(still, camera=np.tile(np.array([0.002, 0.001, 0.9], np.float32), (160, 1)))
    assert subjects_of_shot(still, 0, 160)
    assert not subjects_of_shot(walk, 0, 160)
    assert suggest(walk, "auto")[0].detector == "saliency"
    assert frames_of(suggest(walk, "auto")) == [0]


def test_an_edge_that_flickers_is_no_entry() -> None:
    def flickers(frame: int) -> tuple[float, float, float, float] | None:
        return (0.97 - 0.004 * (frame - 90), 0.4, 0.03, 0.04) if 90 <= frame < 140 and frame % 3 == 0 else None

    clip = evidence(200, faces=[Face(LEFT)], movers=[sways(0.15, 0.2, 0.25, 0.7), flickers])
    assert frames_of(suggest(clip, "auto")) == [0]


def with_pitch(clip: ClipEvidence, stretches: list[tuple[int, int, float]]) -> ClipEvidence:
    assert clip.sound is not None
    sound: NDArray[np.float32] = clip.sound.copy()
    for start, stop, pitch in stretches:
        part = slice(round(start / RATE / HOP_S), round(stop / RATE / HOP_S))
        sound[part, 2] = np.where(sound[part, 2] > 0, pitch, 0.0)
    return replace(clip, sound=sound)


def test_a_voice_belongs_to_the_face_that_moves_with_it_all_through_the_shot() -> None:
    """Both mouths move at last: the pitch tells whose word it is, once the rest of the shot has told the owners."""
    spoken = [(10, 90), (100, 180), (190, 270)]
    both = Face(LEFT, [spoken[0], spoken[2]]), Face(RIGHT, [spoken[1], spoken[2]])
    clip = evidence(280, faces=list(both), voices=spoken)
    for last, owner in ((110.0, 0), (240.0, 1)):
        told = with_pitch(clip, [(10, 90, 110.0), (100, 180, 240.0), (190, 270, last)])
        turns = [t for t in turns_of_shot(told, 0, 280) if t.stop - max(t.start, 190) > 30]
        assert {t.face for t in turns} == {owner}


def test_one_voice_has_no_height() -> None:
    clip = evidence(280, faces=[Face(LEFT, [(10, 250)])], voices=[(10, 250)])
    assert not voice_height(clip).any()
    assert not voice_height(evidence(100)).any()
    two = with_pitch(clip, [(130, 250, 300.0)])
    height = voice_height(two)
    assert np.median(height[20:120][height[20:120] != 0]) < -0.9
    assert np.median(height[140:240][height[140:240] != 0]) > 0.9
    assert two_heaps(np.array([1.0, 1.2, 3.0, 3.1])) == pytest.approx((1.1, 3.05))


def loud(clip: ClipEvidence, stretches: list[tuple[int, int]]) -> ClipEvidence:
    """The clip with barks: loud, without pitch."""
    hops = round(clip.frames / RATE / HOP_S)
    sound = np.zeros((hops, 16), np.float32)
    sound[:, 0] = -55.0
    for start, stop in stretches:
        sound[round(start / RATE / HOP_S) : round(stop / RATE / HOP_S), 0] = -20.0
    return replace(clip, sound=sound)


def test_what_the_sound_comes_from_gets_the_focus_as_it_begins() -> None:
    plays, barks = sways(0.02, 0.2, 0.4, 0.75), sways(0.65, 0.4, 0.2, 0.3)
    clip = loud(evidence(250, movers=[plays, barks]), [(120, 135), (145, 160), (170, 200), (210, 230)])
    source = np.array([[0, 250, 0.68, 0.42, 0.12, 0.2, 9.0, 0.6]], np.float32)
    heard = replace(clip, sources=source)
    subjects = subjects_of_shot(heard, 0, 250)
    found = soundings(heard, subjects, 0, 250)
    assert [(s.start, s.number) for s in found] == [(pytest.approx(120, abs=2), 1)]
    assert found[0].stop >= 228
    targets = suggest(heard, "auto")
    told = [t for t in targets if t.detector == "sound"]
    assert [t.frame for t in told] == [pytest.approx(120, abs=2)]
    assert told[0].box.centre.x > 0.6
    assert all(t.detector != "sound" for t in suggest(heard, "action"))


def test_a_sound_that_nothing_moves_with_draws_no_focus_and_is_told_of() -> None:
    clip = loud(evidence(250, movers=[sways(0.1, 0.4, 0.25, 0.4)]), [(60, 220)])
    assert unseen(clip, [], [], 0, 250)
    found = suggest(clip, "auto")
    assert frames_of(found) == [0]
    assert "could be given to nobody" in found[0].reason
    quiet = loud(evidence(250, movers=[sways(0.1, 0.4, 0.25, 0.4)]), [(60, 70)])
    assert "sound" not in suggest(quiet, "auto")[0].reason


def test_every_target_tells_the_kind_of_its_shot() -> None:
    talk = evidence(200, faces=[Face(LEFT, [(10, 90)]), Face(RIGHT, [(100, 190)])], voices=[(10, 90), (100, 190)])
    assert {s.scene for s in suggest(talk, "auto")} == {"conversation"}
    assert {s.scene for s in suggest(talk, "action")} == {"action"}
    assert {s.scene for s in suggest(evidence(100, movers=[sways(0.3, 0.3, 0.3, 0.5)]), "auto")} == {"action"}
    silent = evidence(100, faces=[Face(LEFT), Face(RIGHT)])
    assert {s.scene for s in suggest(silent, "auto")} == {"conversation"}


def test_a_change_is_made_where_it_is_cheap() -> None:
    scores = np.zeros((2, 60))
    scores[0], scores[1, :25], scores[1, 25:] = 0.1, -1.0, 0.2
    costs = np.full((2, 60), 5.0)
    assert runs(best_path(scores, costs)) == [(0, 60, 0)]
    costs[1, 30] = 0.5
    assert runs(best_path(scores, costs)) == [(0, 30, 0), (30, 60, 1)]


def test_a_voice_from_outside_is_nobodys_though_its_pitch_is_its_own() -> None:
    faces = [Face(LEFT, [(10, 90)]), Face(RIGHT)]
    clip = evidence(280, faces=faces, voices=[(10, 90), (110, 160), (180, 230)])
    told = with_pitch(clip, [(10, 90, 110.0), (110, 160, 250.0), (180, 230, 250.0)])
    assert voice_height(told).max() > 0.9
    assert {t.face for t in turns_of_shot(told, 0, 280)} == {0}
    assert frames_of(suggest(told, "conversation")) == [0]


def test_who_takes_the_word_within_a_voice_has_it_from_where_the_mouth_opens() -> None:
    """No pause between the two tells when the word changes hands: the mouth does."""
    faces = [Face(LEFT, [(10, 120), (190, 250)]), Face(RIGHT, [(100, 200)])]
    turns = turns_of_shot(evidence(270, faces=faces, voices=[(10, 250)]), 0, 270)
    assert [t.face for t in turns] == [0, 1, 0]
    assert turns[0].start == pytest.approx(10, abs=4)
    assert turns[1].start == pytest.approx(100, abs=4)
    assert turns[2].start == pytest.approx(190, abs=4)


@pytest.mark.parametrize(("lead", "every"), [(0, 1000), (0, 3), (2, 5), (4, 3), (4, 1000)])
def test_mouths_that_move_before_they_are_heard_and_frames_shown_twice(lead: int, every: int) -> None:
    """Two mouths that never rest: the rhythm of the sound, up to .16 s after that of the mouth, tells whose it is."""
    rng = np.random.default_rng(3)
    own, other = (np.clip(0.5 + 1.2 * smoothed(rng.normal(size=280), 3.0), 0.0, 1.0) for _ in range(2))
    clip = evidence(250, faces=[Face(LEFT), Face(RIGHT)], voices=[(0, 250)])
    assert clip.sound is not None
    faces, sound = clip.faces.copy(), clip.sound.copy()
    at = faces[:, 0].astype(int)
    faces[:, 7] = 0.03 + 0.35 * np.where(faces[:, 1] == 0, own[at + lead], other[at])
    faces[at % every == 0, 7:10:2] = 0.0
    sound[:, 0] = -45.0 + 20.0 * np.interp(np.arange(len(sound)) * HOP_S * RATE, np.arange(250), own[:250])
    sound[:, 1] = 0.9
    sound[:30, 0] = sound[-200:, 0] = -75.0
    turns = turns_of_shot(replace(clip, faces=faces, sound=sound), 0, 250)
    assert {t.face for t in turns} == {0}
    assert sum(t.stop - t.start for t in turns) > 120
