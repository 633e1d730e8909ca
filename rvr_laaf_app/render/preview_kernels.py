"""The compiled loop of the preview tier: levels blurred at full, half and quarter size put together. No policy here."""

# numba ships no types for its decorators.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

_F32 = NDArray[np.float32]
_INNER = {"fastmath": True, "nogil": True, "error_model": "numpy"}
_OPTIONS = {**_INNER, "cache": True}
_ONE = np.float32(1)


@njit(**_INNER)
def _enlarge_row(source: _F32, scale: int, y: int, channels: int, column: _F32, row: _F32) -> None:
    """Write row y of `source` [h, channels * w] enlarged bilinearly; `column` is scratch, a pixel wider each side."""
    width = source.shape[1] // channels
    at = (np.float32(y) + np.float32(0.5)) / np.float32(scale) - np.float32(0.5)
    low = math.floor(at)
    f = np.float32(at - low)
    upper, lower = source[max(low, 0)], source[min(low + 1, len(source) - 1)]
    for j in range(channels * width):
        column[channels + j] = upper[j] + f * (lower[j] - upper[j])
    for c in range(channels):
        column[c] = column[channels + c]
        column[channels * (width + 1) + c] = column[channels * width + c]
    for k in range(scale):
        at = (np.float32(k) + np.float32(0.5)) / np.float32(scale) - np.float32(0.5)
        first = 0 if at < 0 else 1
        g = at + _ONE if at < 0 else at
        for x in range(width):
            i, j = channels * (x + first), channels * (x * scale + k)
            for c in range(channels):
                row[j + c] = column[i + c] + g * (column[i + channels + c] - column[i + c])


@njit(**_INNER)
def _put_behind(row: _F32, lag: _F32, width: int, covered: _F32, hidden: _F32) -> None:
    """Composite one group's row behind those before it, and note what counts as hidden for the next."""
    for x in range(width):
        j = 4 * x
        matte = max(row[j + 3], np.float32(0))
        seen = min(matte * (_ONE - hidden[x]), max(_ONE - covered[j + 3], np.float32(0)))
        w = seen / (matte + np.float32(1e-20))
        hidden[x] = covered[j + 3] + lag[x] * w
        covered[j] += row[j] * w
        covered[j + 1] += row[j + 1] * w
        covered[j + 2] += row[j + 2] * w
        covered[j + 3] += seen


@njit(parallel=True, **_OPTIONS)
def merge(groups: tuple[_F32, ...], lags: tuple[_F32, ...], scales: NDArray[np.int64], linear: _F32) -> None:
    """Enlarge and composite groups of levels, nearest first, and divide by the accumulated weight.

    groups: premultiplied RGBA [h, 4 w]; lags [h, w]: coverage of a group that hides what follows; scales: 1, 2 or 4.
    """
    height, width = linear.shape[:2]
    for y in prange(height):
        room = width + 8
        covered, hidden = np.zeros(4 * room, np.float32), np.zeros(room, np.float32)
        row, lag = np.empty(4 * room, np.float32), np.empty(room, np.float32)
        column = np.empty(4 * room, np.float32)
        for i in range(len(scales)):
            if scales[i] == 1:
                _put_behind(groups[i][y], lags[i][y], width, covered, hidden)
            else:
                _enlarge_row(groups[i], scales[i], y, 4, column, row)
                _enlarge_row(lags[i], scales[i], y, 1, column, lag)
                _put_behind(row, lag, width, covered, hidden)
        for x in range(width):
            inverse = _ONE / max(covered[4 * x + 3], np.float32(1e-8))
            for c in range(3):
                linear[y, x, c] = covered[4 * x + c] * inverse
