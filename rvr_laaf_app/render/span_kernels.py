"""The compiled loops of the span renderer: row prefix sums, span gather, compositing. No policy here.

A level's blur is a sum over rows of (prefix at the right end - prefix at the left end). Work is cut into blocks of the
picture; inside a block the prefix rows of one level live in a ring that fits the processor's second-level cache, and
the levels are composited front to back, so that what is hidden costs nothing.
"""

# numba ships no types for its decorators.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from rvr_laaf_app.render.span_tables import TILE, Layers, Plan, Shapes

OPAQUE = 0.99999  # what is covered that far hides everything behind it

_F32 = NDArray[np.float32]
_F64 = NDArray[np.float64]
_I64 = NDArray[np.int64]
_U64 = NDArray[np.uint64]
_INNER = {"fastmath": True, "nogil": True, "error_model": "numpy"}
_OPTIONS = {**_INNER, "cache": True}
_ONE = np.float32(1)


@njit(**_INNER)
def _prefix_row(layers: Layers, y: int, d: int, first: int, last: int, origin: int, out: _F32) -> None:
    """Write prefix sums of level d's RGBA in columns first..last - 1; out[4 * (x - origin)] sums columns < x."""
    front, front_level, back, back_level = layers.front[y], layers.front_level[y], layers.back[y], layers.back_level[y]
    front_bits, back_bits = layers.front_bits[y // TILE], layers.back_bits[y // TILE]
    s0 = s1 = s2 = s3 = np.float32(0)
    wanted, bit = np.float32(d), np.uint64(1) << np.uint64(d)
    out[: 4 * (first - origin + 1)] = 0
    start = first
    while start < last:
        b = start // TILE
        stop = min(last, b * TILE + TILE)
        if back_bits[b] & bit:
            for x in range(start, stop):
                m = max(_ONE - abs(front_level[x] - wanted), np.float32(0))
                w = max(_ONE - abs(back_level[x] - wanted), np.float32(0))
                i, j = 4 * x, 4 * (x - origin + 1)
                s0 += m * front[i] + w * back[i]
                s1 += m * front[i + 1] + w * back[i + 1]
                s2 += m * front[i + 2] + w * back[i + 2]
                s3 += m * front[i + 3] + w * back[i + 3]
                out[j], out[j + 1], out[j + 2], out[j + 3] = s0, s1, s2, s3
        elif front_bits[b] & bit:
            for x in range(start, stop):
                m = max(_ONE - abs(front_level[x] - wanted), np.float32(0))
                i, j = 4 * x, 4 * (x - origin + 1)
                s0 += m * front[i]
                s1 += m * front[i + 1]
                s2 += m * front[i + 2]
                s3 += m * front[i + 3]
                out[j], out[j + 1], out[j + 2], out[j + 3] = s0, s1, s2, s3
        else:
            for j in range(4 * (start - origin + 1), 4 * (stop - origin + 1), 4):
                out[j], out[j + 1], out[j + 2], out[j + 3] = s0, s1, s2, s3
        start = stop
    for j in range(4 * (last - origin + 1), len(out), 4):
        out[j], out[j + 1], out[j + 2], out[j + 3] = s0, s1, s2, s3


@njit(**_INNER)
def _prefix_row_scaled(
    layers: Layers, y: int, d: int, scale: int, first: int, last: int, origin: int, out: _F32
) -> None:
    """Do what `_prefix_row` does for means of scale x scale pixels; y and the columns count those."""
    height, width = layers.front_level.shape
    wanted, bit = np.float32(d), np.uint64(1) << np.uint64(d)
    share = np.float32(1.0 / (scale * scale))
    tile = TILE // scale
    front_bits, back_bits = layers.front_bits[y // tile], layers.back_bits[y // tile]
    out[: 4 * (last - origin + 1)] = 0
    for b in range(first // tile, (last - 1) // tile + 1):
        begin, stop = max(first, b * tile), min(last, b * tile + tile)
        behind = back_bits[b] & bit
        if not (behind | (front_bits[b] & bit)):
            continue
        for v in range(y * scale, min(height, (y + 1) * scale)):
            front, front_level = layers.front[v], layers.front_level[v]
            back, back_level = layers.back[v], layers.back_level[v]
            for u in range(begin * scale, min(width, stop * scale)):
                m = max(_ONE - abs(front_level[u] - wanted), np.float32(0)) * share
                i, j = 4 * u, 4 * (u // scale - origin + 1)
                for c in range(4):
                    out[j + c] += m * front[i + c]
                if behind:
                    w = max(_ONE - abs(back_level[u] - wanted), np.float32(0)) * share
                    for c in range(4):
                        out[j + c] += w * back[i + c]
    for j in range(4 * (first - origin + 1), 4 * (last - origin + 1)):
        out[j] += out[j - 4]
    for j in range(4 * (last - origin + 1), len(out)):
        out[j] = out[j - 4]


@njit(**_INNER)
def _gather(
    ring: _F32,
    y: int,
    low: int,
    high: int,
    rows: int,
    start: int,
    size: int,
    offsets: _I64,
    shares: _F32,
    reach: int,
    acc: _F32,
) -> bool:
    """Sum the spans of all rows of one shape for `size` pixels of output row y; return False if there is nothing."""
    m = 4 * size
    acc[:m] = 0
    touched = False
    for k in range(max(-reach, low - y), min(reach + 1, high - y)):
        row = ring[(y + k) % rows]
        a, b = 4 * (start + offsets[k + reach, 0]), 4 * (start + offsets[k + reach, 1])
        if row[a + 3] == row[b + m + 3]:
            continue  # nothing of this level between the two ends
        touched = True
        l0, l1, r0, r1 = shares[k + reach, 0], shares[k + reach, 1], shares[k + reach, 2], shares[k + reach, 3]
        left0, left1, right0, right1 = row[a : a + m], row[a + 4 : a + 4 + m], row[b : b + m], row[b + 4 : b + 4 + m]
        for j in range(m):
            acc[j] += r0 * right0[j] + r1 * right1[j] - (l0 * left0[j] + l1 * left1[j])
    return touched


@njit(**_INNER)
def _composite(acc: _F32, inverse_area: float, size: int, hidden: _F32, out: _F32) -> bool:
    """Put one gathered level behind what is there already; return True when nothing can show through any more.

    Levels close together are parts of one surface and add up; only what lies `hidden` farther in front covers.
    """
    closed = True
    inv, least = np.float32(inverse_area), np.float32(1.0 - OPAQUE)
    for x in range(size):
        j = 4 * x
        free = _ONE - out[j + 3]
        free = free if free > least else np.float32(0)  # rounding is not a gap: a light behind it may be 1000
        cover = max(acc[j + 3] * inv, np.float32(0))  # prefix sums may round to just below nothing
        seen = min(cover * (_ONE - hidden[x]), free)
        w = inv * seen / (cover + np.float32(1e-20))
        out[j] += acc[j] * w
        out[j + 1] += acc[j + 1] * w
        out[j + 2] += acc[j + 2] * w
        out[j + 3] += seen
        if free - seen > least:
            closed = False
    return closed


@njit(**_INNER)
def _occupied_box(
    front_bits: _U64, back_bits: _U64, bit: np.uint64, tile: int, y0: int, y1: int, x0: int, x1: int
) -> tuple[int, int, int, int]:
    """Return tile rows [a0, a1) and columns [b0, b1) of the pixels y0..y1, x0..x1 in which the level occurs."""
    a0, a1, b0, b1 = len(front_bits), 0, front_bits.shape[1], 0
    for a in range(y0 // tile, (y1 - 1) // tile + 1):
        for b in range(x0 // tile, (x1 - 1) // tile + 1):
            if (front_bits[a, b] | back_bits[a, b]) & bit:
                a0, a1 = min(a0, a), max(a1, a + 1)
                b0, b1 = min(b0, b), max(b1, b + 1)
    return a0, a1, b0, b1


@njit(**_INNER)
def _clip(
    left: _F64,
    right: _F64,
    weight: _F64,
    reach: int,
    rx: float,
    ry: float,
    shift_x: float,
    shift_y: float,
    offsets: _I64,
    shares: _F32,
) -> float:
    """Clip a shape by an equal ellipse shifted by shift_x, shift_y pixels; write its spans and return its area."""
    area = 0.0
    for i in range(2 * reach + 1):
        t = (i - reach - shift_y) / ry
        half = rx * math.sqrt(max(1.0 - t * t, 0.0))
        begin, end = max(left[i], shift_x - half), min(right[i], shift_x + half)
        w = weight[i] if end > begin else 0.0
        end = max(begin, end)
        area += w * (end - begin)
        begin, end = begin + 0.5, end + 0.5
        fb, fe = begin - math.floor(begin), end - math.floor(end)
        offsets[i, 0], offsets[i, 1] = math.floor(begin), math.floor(end)
        shares[i, 0], shares[i, 1] = w * (1.0 - fb), w * fb
        shares[i, 2], shares[i, 3] = w * (1.0 - fe), w * fe
    return area


@njit(**_INNER)
def _clip_at(shapes: Shapes, plan: Plan, i: int, x: float, y: float, offsets: _I64, shares: _F32) -> float:
    """Write the spans of level i as seen from output position x, y through the lens barrel; return their area."""
    # The barrel cuts off the outer side of far discs; the tables of near levels are already turned round.
    pull = plan.cats_eye * shapes.extent[i, 2] / plan.diagonal
    area: float = _clip(
        shapes.left[i],
        shapes.right[i],
        shapes.weight[i],
        shapes.reach[i],
        shapes.extent[i, 0],
        shapes.extent[i, 1],
        pull * (x - plan.centre_x),
        pull * (y - plan.centre_y),
        offsets,
        shares,
    )
    return area


@njit(**_INNER)
def _remember(front: _I64, slab: int, covered: _F32, before: _F32, now: _F32) -> None:
    """Keep, per pixel of a chunk, the coverage at the start of this slab of levels and of the one in front of it."""
    step = front[0] - slab
    if step == 0:
        return
    for x in range(len(now)):
        before[x] = now[x] if step == 1 else covered[4 * x + 3]
        now[x] = covered[4 * x + 3]
    front[0] = slab


class _Work(NamedTuple):
    """Scratch of one block: prefix rows, accumulator, coverage seen earlier, clipped spans."""

    ring: _F32
    acc: _F32
    before: _F32
    now: _F32
    slabs: _I64
    closed: NDArray[np.bool_]
    offsets: _I64
    shares: _F32


@njit(**_INNER)
def _level(
    layers: Layers, shapes: Shapes, plan: Plan, i: int, box: tuple[int, int, int, int], work: _Work, out: _F32
) -> None:
    """Blur level first + i into the block `box` (y0, x0, y1, x1), behind what is there."""
    y0, x0, y1, x1 = box
    height, width = len(out), out.shape[1] // 4
    d, n, e, chunk, tile = plan.first + i, shapes.reach[i], shapes.side[i], plan.chunk, TILE // plan.scale
    top, bottom, left, right = max(0, y0 - n), min(height, y1 + n), max(0, x0 - e), min(width, x1 + e)
    a0, a1, b0, b1 = _occupied_box(
        layers.front_bits, layers.back_bits, np.uint64(1) << np.uint64(d), tile, top, bottom, left, right
    )
    if a1 == 0:
        return
    top, bottom = max(top, a0 * tile), min(bottom, a1 * tile)
    left, right = max(left, b0 * tile), min(right, b1 * tile)
    first, last = max(0, (left - e - x0) // chunk), min(work.closed.shape[1], (right + e - x0 + chunk - 1) // chunk)
    if work.closed[max(y0, top - n) - y0 : min(y1, bottom + n) - y0, first:last].all():
        return
    origin, rows, built = x0 - e - 1, 2 * n + 1, top
    row_size = 4 * (x1 - x0 + 2 * e + 3)
    for y in range(max(y0, top - n), min(y1, bottom + n)):
        while built < min(bottom, y + n + 1):
            row = work.ring[built % rows, :row_size]
            if plan.scale == 1:
                _prefix_row(layers, built, d, left, right, origin, row)
            else:
                _prefix_row_scaled(layers, built, d, plan.scale, left, right, origin, row)
            built += 1
        for c in range(first, last):
            if not work.closed[y - y0, c]:
                _chunk(shapes, plan, i, y, c, origin, top, bottom, box, work, out)


@njit(**_INNER)
def _chunk(
    shapes: Shapes,
    plan: Plan,
    i: int,
    y: int,
    c: int,
    origin: int,
    top: int,
    bottom: int,
    box: tuple[int, int, int, int],
    work: _Work,
    out: _F32,
) -> None:
    """Gather and composite level i for chunk c of output row y."""
    start = c * plan.chunk
    x = box[1] + start
    size = min(box[3], x + plan.chunk) - x
    table, parts, area, n = shapes.offsets[i], shapes.shares[i], shapes.area[i], shapes.reach[i]
    if plan.cats_eye > 0.0:
        area = _clip_at(shapes, plan, i, x + 0.5 * size, y + 0.5, work.offsets, work.shares)
        table, parts = work.offsets, work.shares
    if _gather(work.ring, y, top, bottom, 2 * n + 1, x - origin, size, table, parts, n, work.acc):
        row = y - box[0]
        hidden, current = work.before[row, start : start + size], work.now[row, start : start + size]
        target = out[y, 4 * x : 4 * (x + size)]
        _remember(work.slabs[row, c : c + 1], (plan.first + i) // plan.slab, target, hidden, current)
        work.closed[row, c] = _composite(work.acc, 1.0 / area, size, hidden, target)


@njit(**_INNER)
def _block(layers: Layers, shapes: Shapes, plan: Plan, y0: int, x0: int, out: _F32, hidden: _F32) -> None:
    """Render the block of output pixels at y0, x0: all levels, front to back."""
    y1, x1 = min(len(out), y0 + plan.block), min(out.shape[1] // 4, x0 + plan.block)
    size, chunks = (y1 - y0, x1 - x0), (x1 - x0 + plan.chunk - 1) // plan.chunk
    most = 2 * shapes.reach.max() + 1
    work = _Work(
        np.empty((most, 4 * (x1 - x0 + 2 * shapes.side.max() + 3)), np.float32),
        np.empty(4 * plan.chunk, np.float32),
        np.zeros(size, np.float32),
        np.zeros(size, np.float32),
        np.full((y1 - y0, chunks), plan.stop // plan.slab + 2),
        np.zeros((y1 - y0, chunks), np.bool_),
        np.zeros((most, 2), np.int64),
        np.zeros((most, 4), np.float32),
    )
    out[y0:y1, 4 * x0 : 4 * x1] = 0
    for i in range(plan.stop - plan.first - 1, -1, -1):
        _level(layers, shapes, plan, i, (y0, x0, y1, x1), work, out)
    if plan.first == 0:
        return
    for y in range(y0, y1):
        for c in range(chunks):
            a, b = c * plan.chunk, min(x1 - x0, (c + 1) * plan.chunk)
            before = work.before[y - y0, a:b]
            covered = out[y, 4 * (x0 + a) : 4 * (x0 + b)]
            _remember(
                work.slabs[y - y0, c : c + 1], (plan.first - 1) // plan.slab, covered, before, work.now[y - y0, a:b]
            )
            hidden[y, x0 + a : x0 + b] = before


@njit(parallel=True, **_OPTIONS)
def render_blocks(layers: Layers, shapes: Shapes, plan: Plan, out: _F32, hidden: _F32) -> None:
    """Render the plan's levels; `out` [h, 4 w] gets premultiplied RGBA, not yet divided by the accumulated weight.

    `hidden` [h, w] gets the coverage that counts for levels behind these; untouched if these are the last.
    """
    columns = (out.shape[1] // 4 + plan.block - 1) // plan.block
    for i in prange(((len(out) + plan.block - 1) // plan.block) * columns):
        _block(layers, shapes, plan, (i // columns) * plan.block, (i % columns) * plan.block, out, hidden)
