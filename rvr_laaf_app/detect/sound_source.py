"""Which part of the picture moves with the sound: a barking dog, a struck ball, hands that clap, a mouth that speaks.

The energy of motion of every cell of the picture is correlated with the envelope and with the onsets of the sound over
stretches of some seconds. What counts is not how high the correlation is but how far it lies above what the very same
pictures and sounds give when one is shifted against the other in time, the best cell of all taken each time: so that
what only moves a lot, or has a rhythm of its own, is no source, and a sound from outside the picture has none.
(Hershey and Movellan 1999 for the measure; the null by shifts is ours.) NumPy and OpenCV; knows nothing of subjects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import HOP_S, ClipEvidence
from rvr_laaf_app.core.geometry import Box

STRETCH_S = 8.0  # over which the source of a sound is looked for
LEAST_STRETCH_S = 2.5
SLOW_S = 1.0  # slower changes of motion and sound are taken out: trends always agree with something
TOGETHER_S = 0.12  # picture and sound may be out of step by so much
APART_S = 0.6  # shifted by more than that, they have nothing to do with each other
SURE = 4.0  # deviations above the shifted
LEAST_CORRELATION = 0.25
LEAST_SOUND_DB = 3.0  # deviation of the level within a stretch; a hum points at nothing
LEAST_MOTION = 0.01  # root mean square of a cell's motion, in units of the map of action
ONSET_DB = 4.0
PART = 0.6  # of the best cell's correlation: cells around it that reach so much belong to the source
Series = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SoundSource:
    """In the frames [start, stop) the sound comes from `box`; sure: deviations above chance; correlation 0..1."""

    start: int
    stop: int
    box: Box
    sure: float
    correlation: float


def sound_sources(
    motion: NDArray[np.floating], sound: NDArray[np.float32], times_s: NDArray[np.float64], *, first: int = 0
) -> list[SoundSource]:
    """Return where the sound of one shot comes from, stretch by stretch; none where nothing moves with it.

    motion [N, rows, columns] of GRID; sound [T, 4 or more] by hops of HOP_S from 0 s on (level in dB, harmonicity,
    pitch, onset in dB); times_s [N]; first: the number of the shot's first frame.
    """
    frames = len(motion)
    span = float(times_s[-1] - times_s[0]) if frames > 1 else 0.0
    if span < LEAST_STRETCH_S or len(sound) == 0:
        return []
    rate = (frames - 1) / span
    level, onset = sound_by_frame(sound, times_s, rate)
    count = max(1, round(span / (STRETCH_S / 2)) - 1)
    length = min(frames, round(STRETCH_S * rate))
    starts = np.unique(np.linspace(0, frames - length, count).round().astype(int))
    found = []
    for start in starts.tolist():
        stop = start + length
        source = _source(motion[start:stop], level[start:stop], onset[start:stop], rate)
        if source is not None:
            box, sure, correlation = source
            found.append(SoundSource(first + start, first + stop, box, sure, correlation))
    return found


def with_sources(evidence: ClipEvidence) -> ClipEvidence:
    """Return the evidence with what its sound comes from, shot by shot."""
    if evidence.sound is None:
        return evidence
    rows = [
        (s.start, s.stop, s.box.x, s.box.y, s.box.width, s.box.height, s.sure, s.correlation)
        for start, stop in evidence.shots()
        for s in sound_sources(evidence.motion[start:stop], evidence.sound, evidence.times_s[start:stop], first=start)
    ]
    return replace(evidence, sources=np.array(rows, np.float32).reshape(-1, 8))


def sound_by_frame(sound: NDArray[np.float32], times_s: NDArray[np.float64], rate: float) -> tuple[Series, Series]:
    """Return the level (dB above the quietest tenth) and the strongest onset (dB) of the sound in each frame [N]."""
    edges = np.concatenate([times_s, times_s[-1:] + 1.0 / rate])
    hops = np.clip((edges / HOP_S).round().astype(int), 0, len(sound))
    quiet = float(np.percentile(sound[:, 0], 10))
    level, onset = np.zeros(len(times_s)), np.zeros(len(times_s))
    for frame, (low, high) in enumerate(zip(hops[:-1], np.maximum(hops[1:], hops[:-1] + 1), strict=True)):
        part = sound[low:high]
        if len(part):
            level[frame] = max(float(part[:, 0].mean()) - quiet, 0.0)
            onset[frame] = max(float(part[:, 3].max()) - ONSET_DB, 0.0)
    return level, onset


def _source(motion: NDArray[np.floating], level: Series, onset: Series, rate: float) -> tuple[Box, float, float] | None:
    """Return box, certainty and correlation of the part of a stretch [n, rows, columns] that moves with the sound."""
    if level.std() < LEAST_SOUND_DB:
        return None
    rows, columns = motion.shape[1:]
    energy = np.stack([cv2.blur(np.asarray(frame, np.float32), (3, 3)) for frame in motion]).reshape(len(motion), -1)
    moving = np.sqrt((energy**2).mean(axis=0)) > LEAST_MOTION
    if not moving.any():
        return None
    cells = energy[:, moving].astype(np.float64)
    sudden = np.abs(np.diff(cells, axis=0, prepend=cells[:1]))
    best: tuple[float, float, NDArray[np.float64]] | None = None
    for seen, heard in ((cells, level), (sudden, onset)):
        if heard.max() <= 0:
            continue
        sure, correlations = beyond_chance(_quick(seen, rate), _quick(heard[:, None], rate)[:, 0], rate)
        if best is None or sure > best[0]:
            best = sure, float(correlations.max()), correlations
    if best is None or best[0] < SURE or best[1] < LEAST_CORRELATION:
        return None
    whole = np.zeros(rows * columns)
    whole[moving] = best[2]
    return _around_best(whole.reshape(rows, columns)), best[0], best[1]


def beyond_chance(seen: Series, heard: Series, rate: float) -> tuple[float, Series]:
    """Return how far the best cell lies above what shifted sound gives, in deviations, and each cell's correlation.

    seen [n, cells] and heard [n], both without their means and slow changes. For every shift the best cell of all
    counts, within +-TOGETHER_S; shifts of more than APART_S say what chance can do.
    """
    count = len(seen)
    size = 2 * count
    there = np.fft.rfft(seen, size, axis=0)
    here = np.fft.rfft(heard, size)
    # Circular over the stretch itself: every shift compares equally many frames.
    linear = np.fft.irfft(there * here.conj()[:, None], size, axis=0)
    shifted = linear[:count] + linear[count:]
    norms = np.sqrt((seen**2).sum(axis=0) * (heard**2).sum())
    shifted /= np.maximum(norms, 1e-12)
    reach = max(1, round(TOGETHER_S * rate))
    near = np.concatenate([shifted[: 1 + reach], shifted[-reach:]])
    correlations = near.max(axis=0)
    apart = round(APART_S * rate)
    highest = shifted[apart : count - apart].max(axis=1)
    windows = 2 * reach + 1
    if len(highest) < 3 * windows:
        return 0.0, correlations
    chance = highest[: len(highest) // windows * windows].reshape(-1, windows).max(axis=1)
    return float((correlations.max() - chance.mean()) / max(float(chance.std()), 0.02)), correlations


def _quick(series: Series, rate: float) -> Series:
    """Return a series [n, ...] without what changes slower than SLOW_S."""
    reach = 2 * round(SLOW_S * rate / 2) + 1
    slow = cv2.blur(np.ascontiguousarray(series), (1, reach), borderType=cv2.BORDER_REFLECT)
    quick = series - slow.reshape(series.shape)
    return np.asarray(quick - quick.mean(axis=0), np.float64)


def _around_best(correlations: Series) -> Box:
    """Return the box of the cells around the best one [rows, columns] that move with the sound as well."""
    rows, columns = correlations.shape
    place = int(correlations.argmax())
    _, names = cv2.connectedComponents((correlations >= PART * correlations.max()).astype(np.uint8))
    y, x = np.nonzero(names == names[place // columns, place % columns])
    left, top = float(x.min()), float(y.min())
    return Box.from_pixels(left, top, float(x.max()) + 1 - left, float(y.max()) + 1 - top, picture=(columns, rows))
