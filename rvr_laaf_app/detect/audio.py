"""What there is to hear: level, how much it sounds like a voice, pitch and onsets, every ten milliseconds.

Measures only; where a voice begins and whose it is is decided where the whole clip is known (`laaf.turns`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import HOP_S, SOUND_BANDS, Finding
from rvr_laaf_app.detect.base import SOUND_RATE, Heard

HOP = round(HOP_S * SOUND_RATE)
WINDOW = 640  # samples, 40 ms: two and a half periods of the lowest voice
PITCH_HZ = (70.0, 420.0)
BAND_HZ = (120.0, 6000.0)
FLOOR_DB = -90.0
Signal = NDArray[np.float32]


class VoiceDetector:
    """A HearingDetector.

    Measures of each hop: level in dB of the band of speech, harmonicity 0..1 (how periodic the sound is, 1 = a steady
    vowel), pitch in Hz (0 = none), onset (rise of the bands' levels since 30 ms ago, dB), and the levels of the bands.
    """

    name = "voice"
    version = "1"
    lookback = 4

    def __init__(self) -> None:
        self._rest: Signal = np.zeros(WINDOW // 2, np.float32)  # the first hop is in the middle of its window
        self._index = 0
        self._bands: NDArray[np.float32] = np.full((3, SOUND_BANDS), FLOOR_DB, np.float32)
        self._window = np.hanning(WINDOW).astype(np.float32)
        self._filters = _band_filters()
        spectrum = np.abs(np.fft.rfft(self._window, 2 * WINDOW)) ** 2
        own = np.fft.irfft(spectrum)[:WINDOW]
        self._own = (own / own[0]).astype(np.float32)

    def hear(self, heard: Heard) -> list[Finding]:
        """Measure every hop whose window is complete."""
        samples = np.concatenate([self._rest, heard.samples])
        count = (len(samples) - WINDOW) // HOP + 1
        if count <= 0:
            self._rest = samples
            return []
        self._rest = samples[count * HOP :]
        starts = np.arange(count) * HOP
        return self._measured(samples[starts[:, None] + np.arange(WINDOW)])

    def finish(self) -> list[Finding]:
        """Measure what is left, with silence after it."""
        return self.hear(Heard(np.zeros(WINDOW, np.float32)))

    def _measured(self, windows: Signal) -> list[Finding]:
        windowed = windows * self._window
        spectrum = np.fft.rfft(windowed, 2 * WINDOW)
        power = (np.abs(spectrum) ** 2).astype(np.float32)
        bands = 10.0 * np.log10(power @ self._filters.T / WINDOW + 1e-9)
        level = 10.0 * np.log10((power @ self._filters.sum(axis=0)) / WINDOW + 1e-9)
        harmonicity, pitch = self._periodicity(power)
        before = np.concatenate([self._bands, bands])[:-3]
        self._bands = np.concatenate([self._bands, bands])[-3:]
        onset = np.maximum(bands - before, 0.0).mean(axis=1)
        rows = np.concatenate([np.stack([level, harmonicity, pitch, onset], axis=1), bands], axis=1)
        findings = [Finding(self._index + i, measures=tuple(row)) for i, row in enumerate(rows.tolist())]
        self._index += len(rows)
        return findings

    def _periodicity(self, power: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the height of the autocorrelation's peak in the range of voices, and its place (Boersma 1993)."""
        frequency = np.arange(power.shape[1]) * SOUND_RATE / (2 * WINDOW)
        spoken = power * ((frequency > 60.0) & (frequency < 1500.0))
        correlation = np.fft.irfft(spoken)[:, :WINDOW]
        shortest, longest = int(SOUND_RATE / PITCH_HZ[1]), int(SOUND_RATE / PITCH_HZ[0])
        whole = np.maximum(correlation[:, :1], 1e-9)
        lags = (correlation / whole / np.maximum(self._own, 0.1))[:, shortest : longest + 1]
        best = lags.argmax(axis=1)
        height = np.clip(lags[np.arange(len(lags)), best], 0.0, 1.0)
        pitch = np.where(height > 0.5, SOUND_RATE / (best + shortest), 0.0)
        return height.astype(np.float32), pitch.astype(np.float32)


def _band_filters() -> NDArray[np.float32]:
    """Return triangles [SOUND_BANDS, bins] evenly spaced on the mel scale over BAND_HZ."""
    low, high = (2595.0 * np.log10(1.0 + f / 700.0) for f in BAND_HZ)
    edges = 700.0 * (10.0 ** (np.linspace(low, high, SOUND_BANDS + 2) / 2595.0) - 1.0)
    frequency = np.arange(WINDOW + 1) * SOUND_RATE / (2 * WINDOW)
    rising = (frequency[None, :] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequency[None, :]) / (edges[2:] - edges[1:-1])[:, None]
    return np.clip(np.minimum(rising, falling), 0.0, None).astype(np.float32)
