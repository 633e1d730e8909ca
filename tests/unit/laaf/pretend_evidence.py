"""Evidence made by hand: a scene in which known boxes move and known people speak, without pictures or sound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import GRID, HOP_S, SOUND_BANDS, ClipEvidence

RATE = 25.0
Place = Callable[[int], tuple[float, float, float, float] | None]


@dataclass(frozen=True)
class Face:
    """A face at (x, y, width, height) in the frames [start, stop) whose mouth moves in the frames where `talks`."""

    box: tuple[float, float, float, float]
    talks: Sequence[tuple[int, int]] = ()
    start: int = 0
    stop: int | None = None


def words(frames: int, stretches: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Syllables, four a second, in the given frames [frames] 0..1."""
    level = np.zeros(frames)
    for start, stop in stretches:
        at = np.arange(start, min(stop, frames))
        level[at] = 0.4 + 0.6 * np.abs(np.sin(2.0 * np.pi * 2.1 * (at - start) / RATE + 0.6))
    return level


def evidence(
    frames: int,
    *,
    movers: Sequence[Place] = (),
    faces: Sequence[Face] = (),
    voices: Sequence[tuple[int, int]] | None = None,
    noises: Sequence[tuple[int, int]] = (),
    cuts: tuple[int, ...] = (),
    chewing: Sequence[int] = (),
) -> ClipEvidence:
    """Make the evidence of a clip. movers: box of a moving thing at each frame; chewing: faces that never rest."""
    rng = np.random.default_rng(0)
    columns, rows = GRID
    motion = np.zeros((frames, rows, columns), np.float16)
    blobs = []
    for frame in range(frames):
        here = [(place(frame), place(frame - 1)) for place in movers]
        present = [(b, p) for b, p in here if b is not None]
        for box, before in present:
            x, y, w, h = box
            dx, dy = (0.0, 0.0) if before is None else ((x - before[0]) * RATE, (y - before[1]) * RATE)
            blobs.append((frame, x, y, w, h, 1.0 / len(present), dx, dy, 1.0 / len(present)))
            cells = np.s_[int(y * rows) : int((y + h) * rows) + 1, int(x * columns) : int((x + w) * columns) + 1]
            motion[frame][cells] = 0.4
    seen = []
    for number, face in enumerate(faces):
        level = words(frames, face.talks)
        for frame in range(face.start, min(face.stop or frames, frames)):
            mouth = 0.05 + 0.3 * level[frame] + 0.02 * rng.random()
            if number in chewing:
                mouth = 0.2 + 0.1 * np.sin(frame / RATE * 2 * np.pi * 1.5)
            seen.append((frame, number, *face.box, 0.9, mouth, 0.3, 0.05 + 0.02 * rng.random()))
    sound = None if voices is None else _sound(frames, voices, noises, rng)
    return ClipEvidence(
        np.arange(frames) / RATE,
        cuts,
        motion,
        np.full((frames, rows, columns), 0.1, np.float16),
        np.tile(np.array([0.0, 0.0, 1.0], np.float32), (frames, 1)),
        np.array(sorted(seen), np.float32).reshape(-1, 10),
        np.array(blobs, np.float32).reshape(-1, 9),
        sound,
    )


def _sound(
    frames: int,
    voices: Sequence[tuple[int, int]],
    noises: Sequence[tuple[int, int]],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    hops = round(frames / RATE / HOP_S)
    rows = np.zeros((hops, 4 + SOUND_BANDS), np.float32)
    rows[:, 0] = -55.0 + rng.normal(0, 1, hops)
    rows[:, 1] = 0.2
    level = np.interp(np.arange(hops) * HOP_S * RATE, np.arange(frames), words(frames, voices))
    talks = level > 0.05
    rows[talks, 0], rows[talks, 1], rows[talks, 2] = -35.0 + 15.0 * level[talks], 0.9, 140.0
    for start, stop in noises:
        part = slice(round(start / RATE / HOP_S), round(stop / RATE / HOP_S))
        rows[part, 0], rows[part, 1] = -20.0, 0.25
    return rows
