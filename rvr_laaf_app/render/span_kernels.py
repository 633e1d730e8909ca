"""The compiled loops of the span renderer: occupancy, row prefix sums, span gather, compositing. No policy here.

A level's blur is a sum over rows of (prefix at the right end - prefix at the left end). Work is cut into blocks of the
picture; inside a block the prefix rows of one level live in a ring that fits the processor's second-level cache.
"""

# numba ships no types for its decorators.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

TILE = 16  # pixels; the grain of the occupancy masks
CHUNK = 64  # output pixels gathered at a time

_F32 = NDArray[np.float32]
_OPTIONS = {"fastmath": True, "nogil": True, "cache": True, "error_model": "numpy"}


@njit(parallel=True, nogil=True, cache=True)
def pack(linear: _F32, coc_px: _F32, scale: float, offset: float, top: float, rgba: _F32, level: _F32) -> None:
    """Write RGBA with alpha 1 and the level coordinate of every pixel."""
    height, width = coc_px.shape
    for y in prange(height):
        for x in range(width):
            rgba[y, 4 * x] = linear[y, x, 0]
            rgba[y, 4 * x + 1] = linear[y, x, 1]
            rgba[y, 4 * x + 2] = linear[y, x, 2]
            rgba[y, 4 * x + 3] = np.float32(1)
            level[y, x] = min(
                max(coc_px[y, x] * np.float32(scale) + np.float32(offset), np.float32(0)), np.float32(top)
            )


@njit(parallel=True, **_OPTIONS)
def occupancy(level: _F32) -> NDArray[np.uint64]:
    """Return for each tile the levels that have a pixel in it, one bit per level [tile rows, tile columns]."""
    height, width = level.shape
    rows, columns = (height + TILE - 1) // TILE, (width + TILE - 1) // TILE
    occupied = np.zeros((rows, columns), np.uint64)
    for a in prange(rows):
        for y in range(a * TILE, min(height, a * TILE + TILE)):
            for x in range(width):
                low = int(level[y, x])
                bits = np.uint64(1) << np.uint64(low)
                if level[y, x] > np.float32(low):
                    bits |= np.uint64(2) << np.uint64(low)
                occupied[a, x // TILE] |= bits
    return occupied


@njit(**_OPTIONS)
def _prefix_row(rgba: _F32, level: _F32, wanted: _F32, first: int, last: int, origin: int, out: _F32) -> None:
    """Write prefix sums of the masked RGBA of columns first..last - 1; out[4 * (x - origin)] sums columns < x."""
    s0 = s1 = s2 = s3 = np.float32(0)
    end = len(out) // 4
    for j in range(4 * (first - origin + 1)):
        out[j] = 0
    for x in range(first, last):
        m = max(np.float32(1) - abs(level[x] - wanted), np.float32(0))
        s0 += m * rgba[4 * x]
        s1 += m * rgba[4 * x + 1]
        s2 += m * rgba[4 * x + 2]
        s3 += m * rgba[4 * x + 3]
        j = 4 * (x - origin + 1)
        out[j] = s0
        out[j + 1] = s1
        out[j + 2] = s2
        out[j + 3] = s3
    for i in range(last - origin + 1, end):
        out[4 * i] = s0
        out[4 * i + 1] = s1
        out[4 * i + 2] = s2
        out[4 * i + 3] = s3


@njit(**_OPTIONS)
def _gather(
    ring: _F32,
    y: int,
    low: int,
    high: int,
    rows: int,
    start: int,
    size: int,
    offsets: NDArray[np.int64],
    shares: _F32,
    reach: int,
    acc: _F32,
) -> None:
    """Sum the spans of all rows of one shape for `size` pixels of output row y."""
    m = 4 * size
    for j in range(m):
        acc[j] = 0
    for k in range(max(-reach, low - y), min(reach + 1, high - y)):
        row = ring[(y + k) % rows]
        a = 4 * (start + offsets[k + reach, 0])
        b = 4 * (start + offsets[k + reach, 1])
        if row[a + 3] == row[b + m + 3]:
            continue  # nothing of this level between the two ends
        l0, l1, r0, r1 = shares[k + reach, 0], shares[k + reach, 1], shares[k + reach, 2], shares[k + reach, 3]
        left0, left1, right0, right1 = row[a : a + m], row[a + 4 : a + 4 + m], row[b : b + m], row[b + 4 : b + 4 + m]
        for j in range(m):
            acc[j] += r0 * right0[j] + r1 * right1[j] - (l0 * left0[j] + l1 * left1[j])


@njit(**_OPTIONS)
def _composite(acc: _F32, inverse_area: float, size: int, out: _F32) -> bool:
    """Put one gathered level behind what is there already; return True when no light can come through any more."""
    closed = True
    inv = np.float32(inverse_area)
    for x in range(size):
        j = 4 * x
        through = (np.float32(1) - out[j + 3]) * inv
        out[j] += acc[j] * through
        out[j + 1] += acc[j + 1] * through
        out[j + 2] += acc[j + 2] * through
        out[j + 3] += acc[j + 3] * through
        if out[j + 3] < np.float32(0.99999):
            closed = False
    return closed


@njit(**_OPTIONS)
def _occupied_box(
    occupied: NDArray[np.uint64], bit: np.uint64, y0: int, y1: int, x0: int, x1: int
) -> tuple[int, int, int, int]:
    """Return tile rows [a0, a1) and columns [b0, b1) of the pixels y0..y1, x0..x1 in which the level occurs."""
    a0, a1, b0, b1 = len(occupied), 0, occupied.shape[1], 0
    for a in range(y0 // TILE, (y1 - 1) // TILE + 1):
        for b in range(x0 // TILE, (x1 - 1) // TILE + 1):
            if occupied[a, b] & bit:
                a0, a1 = min(a0, a), max(a1, a + 1)
                b0, b1 = min(b0, b), max(b1, b + 1)
    return a0, a1, b0, b1


@njit(**_OPTIONS)
def _block(
    rgba: _F32,
    level: _F32,
    occupied: NDArray[np.uint64],
    reach: NDArray[np.int64],
    side: NDArray[np.int64],
    offsets: NDArray[np.int64],
    shares: _F32,
    area: NDArray[np.float64],
    out: _F32,
    y0: int,
    x0: int,
    size: int,
) -> None:
    """Render the block of `size` x `size` output pixels at y0, x0: all levels, front to back."""
    height, width = level.shape
    y1, x1 = min(height, y0 + size), min(width, x0 + size)
    chunks = (x1 - x0 + CHUNK - 1) // CHUNK
    most = 2 * reach.max() + 1
    ring = np.empty((most, 4 * (size + 2 * side.max() + 4)), np.float32)
    closed = np.zeros((y1 - y0, chunks), np.bool_)
    acc = np.empty(4 * CHUNK, np.float32)
    for y in range(y0, y1):
        out[y, 4 * x0 : 4 * x1] = 0
    for d in range(len(reach) - 1, -1, -1):
        n, e = reach[d], side[d]
        bit = np.uint64(1) << np.uint64(d)
        top, bottom, left, right = max(0, y0 - n), min(height, y1 + n), max(0, x0 - e), min(width, x1 + e)
        a0, a1, b0, b1 = _occupied_box(occupied, bit, top, bottom, left, right)
        if a1 == 0:
            continue
        top, bottom = max(top, a0 * TILE), min(bottom, a1 * TILE)
        left, right = max(left, b0 * TILE), min(right, b1 * TILE)
        origin = x0 - e - 1
        row_size = 4 * (x1 - x0 + 2 * e + 3)
        rows = 2 * n + 1
        built = top
        for y in range(max(y0, top - n), min(y1, bottom + n)):
            while built < min(bottom, y + n + 1):
                _prefix_row(
                    rgba[built], level[built], np.float32(d), left, right, origin, ring[built % rows, :row_size]
                )
                built += 1
            for c in range(max(0, (left - e - x0) // CHUNK), min(chunks, (right + e - x0 + CHUNK - 1) // CHUNK)):
                if closed[y - y0, c]:
                    continue
                xa = x0 + c * CHUNK
                xb = min(x1, xa + CHUNK)
                _gather(ring, y, top, bottom, rows, xa - origin, xb - xa, offsets[d], shares[d], n, acc)
                closed[y - y0, c] = _composite(acc, 1.0 / area[d], xb - xa, out[y, 4 * xa : 4 * xb])


@njit(parallel=True, **_OPTIONS)
def render_blocks(
    rgba: _F32,
    level: _F32,
    occupied: NDArray[np.uint64],
    reach: NDArray[np.int64],
    side: NDArray[np.int64],
    offsets: NDArray[np.int64],
    shares: _F32,
    area: NDArray[np.float64],
    out: _F32,
    size: int,
) -> None:
    """Render all blocks; `out` [H, 4 W] gets premultiplied RGBA, not yet divided by the accumulated weight."""
    height, width = level.shape
    columns = (width + size - 1) // size
    for i in prange(((height + size - 1) // size) * columns):
        _block(
            rgba,
            level,
            occupied,
            reach,
            side,
            offsets,
            shares,
            area,
            out,
            (i // columns) * size,
            (i % columns) * size,
            size,
        )


@njit(parallel=True, **_OPTIONS)
def normalise(out: _F32, linear: _F32) -> None:
    """Divide by the accumulated weight."""
    height, width = linear.shape[:2]
    for y in prange(height):
        for x in range(width):
            inverse = np.float32(1) / max(out[y, 4 * x + 3], np.float32(1e-8))
            for c in range(3):
                linear[y, x, c] = out[y, 4 * x + c] * inverse
