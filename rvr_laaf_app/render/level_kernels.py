"""The compiled loops before and after the span renderer: coc into levels and tile masks; weights out again."""

# numba ships no types for its decorators.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from rvr_laaf_app.render.span_tables import TILE

_F32 = NDArray[np.float32]
_U64 = NDArray[np.uint64]
_INNER = {"fastmath": True, "nogil": True, "error_model": "numpy"}
_OPTIONS = {**_INNER, "cache": True}
_ONE = np.float32(1)


@njit(**_INNER)
def _bits(level: float) -> np.uint64:
    """Return the one or two levels between which a level coordinate lies, as bits."""
    low = int(level)
    bits = np.uint64(1) << np.uint64(low)
    if level > np.float32(low):
        bits |= np.uint64(2) << np.uint64(low)
    return bits


@njit(parallel=True, **_OPTIONS)
def to_levels(
    front_coc: _F32,
    back: _F32,
    back_coc: _F32,
    scale: float,
    offset: float,
    top: float,
    front_level: _F32,
    back_level: _F32,
    front_bits: _U64,
    back_bits: _U64,
) -> None:
    """Turn coc diameters into level coordinates and note for each tile which levels occur in it, one bit per level."""
    height, width = front_coc.shape
    k, o, t = np.float32(scale), np.float32(offset), np.float32(top)
    zero = np.float32(0)
    for a in prange(front_bits.shape[0]):
        for b in range(front_bits.shape[1]):
            front, behind = np.uint64(0), np.uint64(0)
            for y in range(a * TILE, min(height, a * TILE + TILE)):
                for x in range(b * TILE, min(width, b * TILE + TILE)):
                    level = min(max(front_coc[y, x] * k + o, zero), t)
                    front_level[y, x] = level
                    front |= _bits(level)
                    if back[y, 4 * x + 3] > 0:
                        level = min(max(back_coc[y, x] * k + o, zero), t)
                        back_level[y, x] = level
                        behind |= _bits(level)
                    else:
                        back_level[y, x] = np.float32(-2)
            front_bits[a, b] = front
            back_bits[a, b] = behind


@njit(parallel=True, **_OPTIONS)
def normalise(out: _F32, linear: _F32) -> None:
    """Divide by the accumulated weight."""
    height, width = linear.shape[:2]
    for y in prange(height):
        for x in range(width):
            inverse = _ONE / max(out[y, 4 * x + 3], np.float32(1e-8))
            for c in range(3):
                linear[y, x, c] = out[y, 4 * x + c] * inverse
