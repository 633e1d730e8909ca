"""The sound of conversations with known truth: voices from a synthesiser, coughs, a room.

A voice is a train of glottal pulses under moving formants, syllable by syllable, with hissed consonants between;
the opening of the mouth is known for every moment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

RATE = 16_000
# First three formants of vowels, Hz (Peterson and Barney 1952, rounded).
VOWELS_HZ = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))
BANDWIDTHS_HZ = (80.0, 110.0, 160.0)
Signal = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice: pitch, size of the throat (formants times this), syllables a second, breath 0..1."""

    pitch_hz: float
    throat: float
    syllables_hz: float
    breath: float


def some_voice(rng: np.random.Generator) -> Voice:
    """Return a voice at random, low or high."""
    low = rng.random() < 0.5
    pitch = rng.uniform(90, 135) if low else rng.uniform(170, 250)
    return Voice(
        float(pitch),
        float(rng.uniform(0.9, 1.0) if low else rng.uniform(1.08, 1.2)),
        float(rng.uniform(3.8, 5.5)),
        float(rng.uniform(0.02, 0.08)),
    )


def spoken(voice: Voice, seconds: float, rng: np.random.Generator) -> tuple[Signal, Signal]:
    """Return the sound [n] of somebody who speaks for so long, and how far the mouth is open [n], 0..1.

    The voice is there from the first sample on.
    """
    count = round(seconds * RATE)
    sound, mouth = np.zeros(count), np.zeros(count)
    at, drift = 0, 1.15
    while at < count:
        length = round(RATE / voice.syllables_hz * rng.uniform(0.7, 1.35))
        vowel = VOWELS_HZ[rng.integers(len(VOWELS_HZ))]
        openness = float(np.clip(vowel[0] / 730.0, 0.35, 1.0)) * rng.uniform(0.8, 1.0)
        syllable = _syllable(voice, length, vowel, drift * rng.uniform(0.95, 1.05), rng)
        consonant = round(length * rng.uniform(0.1, 0.25)) if at else 0
        envelope = np.hanning(length + 2)[1:-1] ** 0.6
        if at == 0:
            envelope[: length // 2] = np.minimum(1.0, np.arange(length // 2) / (0.02 * RATE))
        syllable *= envelope
        syllable[:consonant] = 0.12 * rng.standard_normal(consonant) * np.hanning(consonant + 2)[1:-1]
        stop = min(at + length, count)
        sound[at:stop] += syllable[: stop - at]
        mouth[at:stop] += (openness * np.hanning(length + 2)[1:-1])[: stop - at]
        at += round(length * 0.93)
        drift = max(drift - 0.01, 0.85)
        if rng.random() < 0.06:
            at += round(rng.uniform(0.08, 0.22) * RATE)
    return 0.25 * sound, np.clip(mouth, 0.0, 1.0)


def _syllable(voice: Voice, length: int, vowel: tuple[int, int, int], drift: float, rng: np.random.Generator) -> Signal:
    since = np.arange(length) / RATE
    pitch = voice.pitch_hz * drift * (1.0 + 0.06 * np.sin(2 * np.pi * (1.5 * since + rng.random())))
    phase = np.cumsum(pitch) / RATE
    pulses = np.diff(np.floor(phase), prepend=np.floor(phase[0])) + voice.breath * 0.2 * rng.standard_normal(length)
    wave = lfilter([1.0], [1.0, -0.9], pulses)
    for formant, width in zip(vowel, BANDWIDTHS_HZ, strict=True):
        radius = np.exp(-np.pi * width / RATE)
        angle = 2 * np.pi * formant * voice.throat / RATE
        wave = lfilter([1.0 - radius], [1.0, -2.0 * radius * np.cos(angle), radius**2], wave)
    return np.asarray(wave / max(float(np.abs(wave).max()), 1e-9), np.float64)


def coughed(rng: np.random.Generator) -> tuple[Signal, Signal]:
    """Return a cough: one or two bursts of noise, and how far the mouth is open."""
    parts, mouths = [], []
    for _ in range(int(rng.integers(1, 3))):
        count = round(rng.uniform(0.14, 0.26) * RATE)
        since = np.arange(count) / RATE
        level = np.minimum(since / 0.006, 1.0) * np.exp(-since / 0.07)
        parts += [0.35 * lfilter([1.0], [1.0, -0.6], rng.standard_normal(count)) * level, np.zeros(RATE // 12)]
        mouths += [0.8 * np.hanning(count), np.zeros(RATE // 12)]
    return np.concatenate(parts), np.concatenate(mouths)


def room(seconds: float, rng: np.random.Generator, level: float = 0.002) -> Signal:
    """Return the quiet of a room: low noise."""
    noise = lfilter([1.0], [1.0, -0.95], rng.standard_normal(round(seconds * RATE)))
    return np.asarray(level * noise, np.float64)
