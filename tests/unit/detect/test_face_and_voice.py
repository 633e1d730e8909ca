"""Faces keep their identity and show how the mouth moves; a voice is told from a cough."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.core.evidence import Finding
from rvr_laaf_app.detect.audio import VoiceDetector
from rvr_laaf_app.detect.base import Heard, Look
from rvr_laaf_app.detect.face import FaceDetector, YuNetFinder
from rvr_laaf_app.laaf.turns import voice_stretches
from rvr_laaf_app.training.talk_faces import Pose, draw_person, some_look
from rvr_laaf_app.training.talk_sound import RATE, Voice, coughed, room, spoken


def talk(frames: int) -> list[Finding]:
    """Two people; the left one moves the mouth, both sway."""
    detector = FaceDetector()
    rng = np.random.default_rng(4)
    looks = [some_look(rng, 70.0), some_look(rng, 58.0)]
    found: list[Finding] = []
    for i in range(frames):
        canvas = np.full((270, 480, 3), (90, 110, 120), np.uint8)
        mouth = 0.5 + 0.5 * float(np.sin(i * 1.3))
        draw_person(canvas, looks[0], Pose(130 + 3 * np.sin(i / 6), 110, 3, mouth, 0))
        draw_person(canvas, looks[1], Pose(340 + 3 * np.sin(i / 5), 100, -2, 0.0, 0))
        found += detector.look(Look(i, i / 25, canvas))
    return found


def test_two_faces_keep_their_numbers_and_only_the_speakers_mouth_moves() -> None:
    found = talk(20)
    subjects = [sorted(r.subject for r in f.regions) for f in found]
    assert subjects == [[0, 1]] * 20
    by_place = {r.subject: r.box.centre.x < 0.5 for r in found[10].regions}
    left = next(s for s, is_left in by_place.items() if is_left)
    mouths = {s: np.mean([r.measures[0] for f in found[2:] for r in f.regions if r.subject == s]) for s in (0, 1)}
    assert mouths[left] > 3 * mouths[1 - left]


def test_faces_of_another_shot_are_others() -> None:
    detector = FaceDetector()
    canvas = np.full((270, 480, 3), (90, 110, 120), np.uint8)
    draw_person(canvas, some_look(np.random.default_rng(4), 70.0), Pose(200, 110, 0, 0, 0))
    first = detector.look(Look(0, 0.0, canvas))[0].regions[0].subject
    assert detector.look(Look(1, 0.04, canvas, cut=True))[0].regions[0].subject != first


def test_a_file_that_is_no_network_is_refused_clearly(tmp_path: Path) -> None:
    with pytest.raises(RvrError, match="no such network"):
        YuNetFinder(tmp_path / "absent.onnx")
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(RvrError, match="not a YuNet network"):
        YuNetFinder(tmp_path / "text.onnx")


def measured(sound: np.ndarray) -> np.ndarray:
    detector = VoiceDetector()
    found = detector.hear(Heard(sound.astype(np.float32))) + detector.finish()
    return np.array([f.measures for f in found], np.float32)


@pytest.mark.parametrize("pitch", [105.0, 220.0])
def test_a_voice_is_found_when_it_begins_and_a_cough_is_none(pitch: float) -> None:
    rng = np.random.default_rng(7)
    sound = room(6.0, rng)
    words, _ = spoken(Voice(pitch, 1.0, 4.5, 0.04), 2.0, rng)
    cough, _ = coughed(rng)
    sound[RATE : RATE + len(words)] += words
    sound[4 * RATE : 4 * RATE + len(cough)] += cough
    stretches = voice_stretches(measured(sound))
    assert len(stretches) == 1
    assert stretches[0][0] == pytest.approx(1.0, abs=0.06)
    assert stretches[0][1] == pytest.approx(3.0, abs=0.25)


def test_silence_noise_and_applause_hold_no_voice() -> None:
    rng = np.random.default_rng(8)
    assert voice_stretches(measured(np.zeros(3 * RATE))) == []
    assert voice_stretches(measured(room(3.0, rng))) == []
    claps = room(4.0, rng)
    claps[RATE:] += 0.2 * rng.standard_normal(3 * RATE) * (rng.random(3 * RATE) < 0.2)
    assert voice_stretches(measured(claps)) == []


def test_pitch_is_told() -> None:
    words, _ = spoken(Voice(120.0, 1.0, 4.0, 0.02), 1.5, np.random.default_rng(1))
    rows = measured(words)
    pitch = rows[(rows[:, 1] > 0.8) & (rows[:, 2] > 0), 2]
    assert np.median(pitch) == pytest.approx(125.0, rel=0.2)
