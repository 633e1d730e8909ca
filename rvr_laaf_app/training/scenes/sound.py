"""The sound of the sample clip, synthesised: a voice from formants, a spring toy, a quiet yard. Known onsets."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, lfilter

from rvr_laaf_app.training.scenes.score import DURATION_S, HOPS, SONG, Hop, Syllable, voice_level

SAMPLE_RATE = 48_000
SEED = 2024

Signal = NDArray[np.float64]

# The three lowest formants of the vowels, Hz (Peterson and Barney 1952, rounded).
_FORMANTS_HZ = {
    "a": (730.0, 1090.0, 2440.0),
    "e": (530.0, 1840.0, 2480.0),
    "i": (270.0, 2290.0, 3010.0),
    "o": (570.0, 840.0, 2410.0),
    "u": (300.0, 870.0, 2240.0),
}
_FORMANT_WIDTHS_HZ = (90.0, 110.0, 170.0)
_FORMANT_GAINS = (1.0, 0.55, 0.22)


def sung(syllable: Syllable) -> Signal:
    """One syllable as harmonics under a formant envelope: [samples] float64, the first sample at its start."""
    count = round(syllable.length_s * SAMPLE_RATE)
    since = np.arange(count) / SAMPLE_RATE
    vibrato = 0.011 * np.sin(2 * math.pi * 5.6 * since) * np.clip((since - 0.12) / 0.2, 0.0, 1.0)
    scoop = -0.035 * np.exp(-since / 0.035)
    phase = 2 * math.pi * np.cumsum(syllable.pitch_hz * (1.0 + vibrato + scoop)) / SAMPLE_RATE
    wave = np.zeros(count)
    for harmonic in range(1, int(5500.0 / syllable.pitch_hz) + 1):
        wave += _formant_gain(harmonic * syllable.pitch_hz, syllable.vowel) / harmonic**0.7 * np.sin(harmonic * phase)
    # A little ring modulation: it is a robot that sings.
    wave *= 1.0 + 0.22 * np.sin(2 * math.pi * 62.0 * since)
    level = np.array([voice_level(syllable, syllable.start_s + at) for at in since])
    return wave * level / np.max(np.abs(wave))


def _formant_gain(frequency_hz: float, vowel: str) -> float:
    gain = 0.02
    for centre, width, weight in zip(_FORMANTS_HZ[vowel], _FORMANT_WIDTHS_HZ, _FORMANT_GAINS, strict=True):
        gain += weight / (1.0 + ((frequency_hz - centre) / width) ** 2)
    return gain


def sprung(hop: Hop) -> Signal:
    """One take-off: a spring that rises in pitch, from the moment the toy leaves the table."""
    strength = hop.height_m / 0.115
    since = np.arange(round(0.42 * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = 170.0 + 430.0 * (1.0 - np.exp(-since / 0.10)) + 26.0 * np.sin(2 * math.pi * 23.0 * since)
    phase = 2 * math.pi * np.cumsum(pitch) / SAMPLE_RATE
    level = np.minimum(since / 0.004, 1.0) * np.exp(-since / 0.11)
    return strength**0.7 * level * (np.sin(phase) + 0.4 * np.sin(2 * phase) + 0.2 * np.sin(3.01 * phase)) / 1.5


def landed(hop: Hop, rng: np.random.Generator) -> Signal:
    """One landing: a knock of tin on wood."""
    strength = hop.height_m / 0.115
    since = np.arange(round(0.16 * SAMPLE_RATE)) / SAMPLE_RATE
    knock = np.sin(2 * math.pi * 205.0 * since) * np.exp(-since / 0.024)
    ring = 0.25 * np.sin(2 * math.pi * 1480.0 * since) * np.exp(-since / 0.035)
    click = 0.35 * rng.standard_normal(len(since)) * np.exp(-since / 0.004)
    return strength**0.7 * np.minimum(since / 0.001, 1.0) * (knock + ring + click) * 0.8


def _place(track: Signal, sound: Signal, seconds: float, *, pan: float, gain: float) -> None:
    """Add a mono sound to the stereo track from `seconds` on; pan -1 left .. 1 right, equal power."""
    first = round(seconds * SAMPLE_RATE)
    sound = sound[: track.shape[1] - first]
    angle = (pan + 1.0) * math.pi / 4.0
    track[0, first : first + len(sound)] += gain * math.cos(angle) * sound
    track[1, first : first + len(sound)] += gain * math.sin(angle) * sound


def _yard(samples: int, rng: np.random.Generator) -> Signal:
    """The quiet yard: a far murmur without any onset of its own, [2, samples]."""
    murmur = lfilter([1.0], [1.0, -1.96, 0.9625], rng.standard_normal((2, samples)))
    slow = 1.0 + 0.3 * np.sin(2 * math.pi * np.array([[0.21], [0.17]]) * np.arange(samples) / SAMPLE_RATE + 1.0)
    return np.asarray(murmur / np.sqrt(np.mean(murmur**2)) * slow)


def sample_sound() -> NDArray[np.float32]:
    """The whole sound track: [2, samples] float32 in -1..1 at SAMPLE_RATE."""
    rng = np.random.default_rng(SEED)
    samples = round(DURATION_S * SAMPLE_RATE)
    dry = np.zeros((2, samples))
    for syllable in SONG:
        _place(dry, sung(syllable), syllable.start_s, pan=-0.28, gain=0.42)
    for hop in HOPS:
        _place(dry, sprung(hop), hop.start_s, pan=0.42, gain=0.36)
        _place(dry, landed(hop, rng), hop.start_s + hop.length_s, pan=0.42, gain=0.4)
    decay = np.exp(-np.arange(round(0.5 * SAMPLE_RATE)) / (0.12 * SAMPLE_RATE))
    room = rng.standard_normal((2, len(decay))) * decay
    wet = fftconvolve(dry, room / np.sqrt(np.sum(room**2, axis=1, keepdims=True)), axes=1)[:, :samples]
    track = dry + 0.16 * wet + 0.0022 * _yard(samples, rng)
    fade = np.minimum(np.arange(samples)[::-1] / (0.25 * SAMPLE_RATE), 1.0)
    return (np.clip(track, -0.98, 0.98) * fade).astype(np.float32)
