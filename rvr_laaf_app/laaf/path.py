"""The best way through a clip: at each frame one of several states, changes cost something (Viterbi 1967).

This is where the future counts: a change is made only if what follows pays for it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def best_path(scores: NDArray[np.floating], change_cost: float | NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the state of each frame [N] with the highest sum of scores [S, N] less the cost of each change.

    change_cost: one for all, or [S, N]: what it costs to change to a state at a frame.
    """
    states, frames = scores.shape
    if frames == 0:
        return np.zeros(0, np.int64)
    costs = np.broadcast_to(np.asarray(change_cost, np.float64), scores.shape)
    back = np.zeros((frames, states), np.int32)
    own = np.arange(states)
    total = scores[:, 0].astype(np.float64)
    for frame in range(1, frames):
        best = int(total.argmax())
        coming = total[best] - costs[:, frame]
        moved = coming > total
        back[frame] = np.where(moved, best, own)
        total = np.where(moved, coming, total) + scores[:, frame]
    path = np.zeros(frames, np.int64)
    path[-1] = int(total.argmax())
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = back[frame, path[frame]]
    return path


def runs(path: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Return (first frame, frame after the last, state) of each stretch of one state."""
    if len(path) == 0:
        return []
    starts = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist()]
    return [(a, b, int(path[a])) for a, b in zip(starts, [*starts[1:], len(path)], strict=True)]


def smoothed(values: NDArray[np.floating], frames: float) -> NDArray[np.float64]:
    """Return a series [..., N] filtered over its last axis with a Gaussian of this deviation, ends mirrored."""
    series = np.asarray(values, np.float64)
    reach = min(int(3 * frames + 0.5), series.shape[-1] - 1)
    if reach < 1:
        return series
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / frames) ** 2)
    kernel /= kernel.sum()
    padded = np.concatenate([series[..., reach:0:-1], series, series[..., -2 : -reach - 2 : -1]], axis=-1)
    flat = padded.reshape(-1, padded.shape[-1])
    done = np.stack([np.convolve(row, kernel, mode="valid") for row in flat])
    return done.reshape(series.shape)
