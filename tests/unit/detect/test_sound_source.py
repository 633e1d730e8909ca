"""The part of the picture that moves with the sound is found; mere rhythm and sounds from elsewhere are none."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import GRID, HOP_S, SOUND_BANDS, ClipEvidence
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.detect.action import ActionDetector
from rvr_laaf_app.detect.audio import VoiceDetector
from rvr_laaf_app.detect.base import SOUND_RATE, Heard, Look
from rvr_laaf_app.detect.sound_source import SoundSource, beyond_chance, sound_sources, with_sources

RATE = 25.0
FRAMES = 200
TIMES = np.arange(FRAMES) / RATE
BEATS = [14, 31, 40, 66, 83, 90, 117, 133, 158, 166, 187]
OTHERS = [6, 22, 49, 58, 75, 100, 108, 126, 144, 174, 194]


def struck(beats: list[int], place: tuple[int, int], motion: NDArray[np.float32]) -> None:
    """Something at (column, row) of the grid moves fast at each beat and slows down."""
    x, y = place
    for beat in beats:
        for after, speed in enumerate((0.8, 0.5, 0.25, 0.1)):
            if beat + after < len(motion):
                motion[beat + after, y : y + 4, x : x + 4] += speed


def knocks(beats: list[int], *, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    sound = np.zeros((round(FRAMES / RATE / HOP_S), 4 + SOUND_BANDS), np.float32)
    sound[:, 0] = -55 + rng.normal(0, 1.0, len(sound))
    for beat in beats:
        hop = round(beat / RATE / HOP_S)
        for after in range(12):
            sound[hop + after, 0] = -20 - 2 * after
        sound[hop, 3] = 25
    return sound


def rustle(seed: int) -> NDArray[np.float32]:
    return np.abs(np.random.default_rng(seed).normal(0, 0.05, (FRAMES, GRID[1], GRID[0]))).astype(np.float32)


def test_of_two_that_move_the_one_that_is_heard_is_the_source() -> None:
    for seed in range(4):
        motion = rustle(seed)
        struck(BEATS, (8, 12), motion)
        struck(OTHERS, (34, 6), motion)
        found = sound_sources(motion, knocks(BEATS, seed=seed), TIMES, first=40)
        assert len(found) == 1
        source: SoundSource = found[0]
        assert (source.start, source.stop) == (40, 40 + FRAMES)
        assert abs(source.box.centre.x - 10 / GRID[0]) < 0.08
        assert abs(source.box.centre.y - 14 / GRID[1]) < 0.1
        assert source.sure > 4
        other = sound_sources(motion, knocks(OTHERS, seed=seed), TIMES)
        assert other[0].box.centre.x > 0.6


def test_a_sound_from_outside_the_picture_has_no_source() -> None:
    rng = np.random.default_rng(5)
    wrong = 0
    for seed in range(20):
        motion = rustle(seed)
        struck(OTHERS, (34, 6), motion)
        beats = sorted(rng.choice(np.arange(5, FRAMES - 5), 11, replace=False).tolist())
        wrong += len(sound_sources(motion, knocks(beats, seed=seed), TIMES))
    assert wrong <= 1


def test_hums_stillness_and_short_shots_have_none() -> None:
    motion = rustle(1)
    struck(BEATS, (8, 12), motion)
    hum = knocks([])
    assert sound_sources(motion, hum, TIMES) == []
    assert sound_sources(np.zeros_like(motion), knocks(BEATS), TIMES) == []
    assert sound_sources(motion[:20], knocks(BEATS), TIMES[:20]) == []
    assert sound_sources(motion, np.zeros((0, 16), np.float32), TIMES) == []


def test_sound_that_lags_a_little_still_belongs_to_its_source() -> None:
    motion = rustle(2)
    struck(BEATS, (8, 12), motion)
    late = knocks([beat + 2 for beat in BEATS])
    assert len(sound_sources(motion, late, TIMES)) == 1


def test_chance_is_what_shifted_sound_gives() -> None:
    rng = np.random.default_rng(0)
    heard = rng.normal(size=300)
    seen = rng.normal(size=(300, 40))
    sure, correlations = beyond_chance(seen, heard, RATE)
    assert sure < 3.5
    assert correlations.shape == (40,)
    seen[:, 7] += 1.5 * heard
    sure, correlations = beyond_chance(seen, heard, RATE)
    assert sure > 6
    assert correlations.argmax() == 7
    assert correlations[7] == pytest.approx(0.83, abs=0.08)


def test_from_pictures_and_samples_to_the_source() -> None:
    """A ball that bounces with a click beside one that swings silently, through the real detectors."""
    rng = np.random.default_rng(3)
    wall = cv2.resize(rng.integers(60, 160, (18, 32, 3)).astype(np.uint8), (192, 108), interpolation=cv2.INTER_CUBIC)
    period = [0]
    while period[-1] < 170:
        period.append(period[-1] + int(rng.integers(10, 24)))
    samples = rng.normal(0, 1e-3, round(180 / RATE * SOUND_RATE)).astype(np.float32)
    height = np.zeros(180)
    for start, stop in pairwise(period):
        t = np.linspace(0, 1, stop - start, endpoint=False)
        height[start : min(stop, 180)] = (40 * 4 * t * (1 - t))[: max(min(stop, 180) - start, 0)]
        at = round(start / RATE * SOUND_RATE)
        click = rng.normal(0, 0.5, 900) * np.exp(-np.arange(900) / 200)
        samples[at : at + 900] += click[: max(len(samples) - at, 0)].astype(np.float32)
    action, voice = ActionDetector(), VoiceDetector()
    motion = []
    for frame in range(180):
        rgb = wall.copy()
        cv2.circle(rgb, (50, round(85 - height[frame])), 9, (240, 120, 40), -1)
        cv2.circle(rgb, (round(140 + 18 * np.sin(frame / 4.1)), 40), 9, (40, 200, 240), -1)
        heat = action.look(Look(frame, frame / RATE, rgb))[0].heat
        assert heat is not None
        motion.append(heat)
    heard = voice.hear(Heard(samples)) + voice.finish()
    evidence = ClipEvidence(
        np.arange(180) / RATE,
        (),
        np.array(motion, np.float16),
        np.zeros((180, GRID[1], GRID[0]), np.float16),
        np.zeros((180, 3), np.float32),
        np.zeros((0, 10), np.float32),
        np.zeros((0, 9), np.float32),
        np.array([f.measures for f in heard], np.float32),
    )
    found = with_sources(evidence).sources
    assert len(found) >= 1
    assert np.all(found[:, 2] + found[:, 4] / 2 < 0.45)
    assert Point(float(found[0, 2] + found[0, 4] / 2), 0.5).x == pytest.approx(50 / 192, abs=0.12)
