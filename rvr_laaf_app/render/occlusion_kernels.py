"""The compiled loops that find depth edges, unmix their pixels and guess what near things hide. No policy here.

All loops run over tiles and skip those without a depth edge, so a picture without edges costs next to nothing.
"""

# numba ships no types for its decorators.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

TILE = 16  # pixels
_SNAP = 2  # pixels on either side in which a depth ramp is made a step
_WINDOW = 2  # pixels on either side in which unmixed neighbours are looked for
_OWN_SHARE = 0.4  # a pixel whose centre lies on the near (far) side belongs at least that much to it
_HIGHLIGHT = 3.0  # hidden light is at most this many times the local geometric mean
_LOG_FLOOR = 0.01

_F32 = NDArray[np.float32]
_I32 = NDArray[np.int32]
_U8 = NDArray[np.uint8]
_INNER = {"fastmath": True, "nogil": True, "error_model": "numpy"}
_OPTIONS = {**_INNER, "cache": True}


@njit(parallel=True, **_OPTIONS)
def tile_spread(coc: _F32, border: int) -> _F32:
    """Return max - min of each tile and `border` pixels around it [tile rows, tile columns]."""
    height, width = coc.shape
    rows, columns = (height + TILE - 1) // TILE, (width + TILE - 1) // TILE
    spread = np.zeros((rows, columns), np.float32)
    for a in prange(rows):
        for b in range(columns):
            low = high = coc[a * TILE, b * TILE]
            for y in range(max(0, a * TILE - border), min(height, a * TILE + TILE + border)):
                for x in range(max(0, b * TILE - border), min(width, b * TILE + TILE + border)):
                    low, high = min(low, coc[y, x]), max(high, coc[y, x])
            spread[a, b] = high - low
    return spread


@njit(parallel=True, **_OPTIONS)
def snap(coc: _F32, spread: _F32, limit: float, out: _F32) -> None:
    """Make ramps of more than `limit` within five pixels steps: each pixel takes the nearer end of its window."""
    height, width = coc.shape
    for a in prange(spread.shape[0]):
        y0, y1 = a * TILE, min(height, a * TILE + TILE)
        for b in range(spread.shape[1]):
            x0, x1 = b * TILE, min(width, b * TILE + TILE)
            if spread[a, b] <= limit:
                out[y0:y1, x0:x1] = coc[y0:y1, x0:x1]
                continue
            for y in range(y0, y1):
                for x in range(x0, x1):
                    low = high = here = coc[y, x]
                    for v in range(max(0, y - _SNAP), min(height, y + _SNAP + 1)):
                        for u in range(max(0, x - _SNAP), min(width, x + _SNAP + 1)):
                            low, high = min(low, coc[v, u]), max(high, coc[v, u])
                    if high - low > limit:
                        here = high if high - here <= here - low else low
                    out[y, x] = here


@njit(parallel=True, **_OPTIONS)
def mark_edges(coc: _F32, spread: _F32, step: float, edge: _U8) -> None:
    """Set `edge` to 1 where the 3x3 neighbourhood spans more than `step`, else 0."""
    height, width = coc.shape
    for a in prange(spread.shape[0]):
        for b in range(spread.shape[1]):
            for y in range(a * TILE, min(height, a * TILE + TILE)):
                for x in range(b * TILE, min(width, b * TILE + TILE)):
                    edge[y, x] = 0
                    if spread[a, b] > step:
                        low, high = _range3(coc, y, x)
                        edge[y, x] = np.uint8(1 if high - low > step else 0)


@njit(**_INNER)
def _range3(coc: _F32, y: int, x: int) -> tuple[float, float]:
    """Return the least and greatest value of the 3x3 neighbourhood."""
    low = high = coc[y, x]
    for v in range(max(0, y - 1), min(coc.shape[0], y + 2)):
        for u in range(max(0, x - 1), min(coc.shape[1], x + 2)):
            low, high = min(low, coc[v, u]), max(high, coc[v, u])
    return low, high


@njit(**_INNER)
def _side(
    linear: _F32, coc: _F32, edge: _U8, y: int, x: int, near: bool, middle: float, around: float, step: float
) -> tuple[float, float, float, float, float, int]:
    """Return mean colour, coc, weight and nearest pixel (flat index, -1 = none) of one side's unmixed neighbours."""
    height, width = coc.shape
    total = r = g = b = c = 0.0
    closest, found = 1 << 30, -1
    for v in range(max(0, y - _WINDOW), min(height, y + _WINDOW + 1)):
        for u in range(max(0, x - _WINDOW), min(width, x + _WINDOW + 1)):
            if edge[v, u] or (coc[v, u] > middle) != near or abs(coc[v, u] - around) >= step:
                continue
            distance = (v - y) * (v - y) + (u - x) * (u - x)
            w = 1.0 / (distance * distance)
            total += w
            r += w * linear[v, u, 0]
            g += w * linear[v, u, 1]
            b += w * linear[v, u, 2]
            c += w * coc[v, u]
            if distance < closest:
                closest, found = distance, v * width + u
    if total == 0.0:
        return 0.0, 0.0, 0.0, around, 0.0, -1
    return r / total, g / total, b / total, c / total, total, found


@njit(**_INNER)
def _thin(
    linear: _F32, coc: _F32, y: int, x: int, middle: float, around: float, step: float
) -> tuple[float, float, float, float, float, int]:
    """Return what `_side` does for a near thing too thin to have unmixed pixels: its innermost pixels count most."""
    height, width = coc.shape
    total = r = g = b = c = 0.0
    for v in range(max(0, y - 1), min(height, y + 2)):
        for u in range(max(0, x - 1), min(width, x + 2)):
            if coc[v, u] <= middle or abs(coc[v, u] - around) >= step:
                continue
            inside = 0.0
            for q in range(max(0, v - 1), min(height, v + 2)):
                for p in range(max(0, u - 1), min(width, u + 2)):
                    inside += 1.0 if coc[q, p] > middle else 0.0
            w = inside**6
            total += w
            r += w * linear[v, u, 0]
            g += w * linear[v, u, 1]
            b += w * linear[v, u, 2]
            c += w * coc[v, u]
    if total == 0.0:
        return 0.0, 0.0, 0.0, around, 0.0, -1
    return r / total, g / total, b / total, c / total, total, -1


@njit(**_INNER)
def _share(i0: float, i1: float, i2: float, f0: float, f1: float, f2: float, b0: float, b1: float, b2: float) -> float:
    """Return how much of colour i is f rather than b, 0..1 by projection; -1 if f and b are too alike to tell."""
    d0, d1, d2 = f0 - b0, f1 - b1, f2 - b2
    length = d0 * d0 + d1 * d1 + d2 * d2
    if length <= 0.002 * (f0 * f0 + f1 * f1 + f2 * f2 + b0 * b0 + b1 * b1 + b2 * b2) + 1e-6:
        return -1.0
    return min(max(((i0 - b0) * d0 + (i1 - b1) * d1 + (i2 - b2) * d2) / length, 0.0), 1.0)


@njit(**_INNER)
def _unmix(
    linear: _F32,
    coc: _F32,
    edge: _U8,
    y: int,
    x: int,
    step: float,
    front: _F32,
    front_coc: _F32,
    back: _F32,
    back_coc: _F32,
    seed: _I32,
) -> None:
    """Split one pixel of a depth edge into the near thing's share and the far thing behind it."""
    low, high = _range3(coc, y, x)
    middle = 0.5 * (low + high)
    near = coc[y, x] > middle
    f0, f1, f2, cf, wf, _ = _side(linear, coc, edge, y, x, True, middle, high, step)
    if wf == 0.0:
        f0, f1, f2, cf, wf, _ = _thin(linear, coc, y, x, middle, high, step)
    b0, b1, b2, cb, wb, found = _side(linear, coc, edge, y, x, False, middle, low, step)
    if near:
        seed[y, x] = found
    if wf == 0.0 or wb == 0.0:
        return
    i0, i1, i2 = linear[y, x, 0], linear[y, x, 1], linear[y, x, 2]
    share = _share(i0, i1, i2, f0, f1, f2, b0, b1, b2)
    if near:
        share = 1.0 if share < 0.0 else max(share, _OWN_SHARE)
    else:
        share = 0.0 if share < 0.0 else min(share, 1.0 - _OWN_SHARE)
    rest = 1.0 - share
    # What two colours cannot explain stays with the thing that owns the pixel's centre: nothing is lost or invented.
    if near:
        front[y, 4 * x] = max(i0 - rest * b0, min(i0, 0.0))
        front[y, 4 * x + 1] = max(i1 - rest * b1, min(i1, 0.0))
        front[y, 4 * x + 2] = max(i2 - rest * b2, min(i2, 0.0))
    else:
        front[y, 4 * x] = share * f0
        front[y, 4 * x + 1] = share * f1
        front[y, 4 * x + 2] = share * f2
        b0 = max((i0 - share * f0) / rest, min(i0, 0.0))
        b1 = max((i1 - share * f1) / rest, min(i1, 0.0))
        b2 = max((i2 - share * f2) / rest, min(i2, 0.0))
    front[y, 4 * x + 3] = share
    front_coc[y, x] = coc[y, x] if near else cf
    back[y, 4 * x] = b0
    back[y, 4 * x + 1] = b1
    back[y, 4 * x + 2] = b2
    back[y, 4 * x + 3] = 1.0
    back_coc[y, x] = cb if near else coc[y, x]


@njit(parallel=True, **_OPTIONS)
def split(
    linear: _F32,
    coc: _F32,
    edge: _U8,
    spread: _F32,
    step: float,
    front: _F32,
    front_coc: _F32,
    back: _F32,
    back_coc: _F32,
    seed: _I32,
) -> None:
    """Write the front surface of every pixel, the unmixed back surface at depth edges, and where hidden light starts.

    back alpha is 0 where nothing is known; seed: flat index of the far pixel next to a near edge pixel, -1 elsewhere.
    """
    height, width = coc.shape
    for a in prange(spread.shape[0]):
        for y in range(a * TILE, min(height, a * TILE + TILE)):
            for x in range(width):
                front[y, 4 * x] = linear[y, x, 0]
                front[y, 4 * x + 1] = linear[y, x, 1]
                front[y, 4 * x + 2] = linear[y, x, 2]
                front[y, 4 * x + 3] = 1.0
                front_coc[y, x] = coc[y, x]
                for c in range(4):
                    back[y, 4 * x + c] = 0.0
                back_coc[y, x] = 0.0
                seed[y, x] = -1
                if edge[y, x]:
                    _unmix(linear, coc, edge, y, x, step, front, front_coc, back, back_coc, seed)


@njit(**_INNER)
def _distance(coc: _F32, y: int, x: int, seed: int, step: float, margin: float) -> float:
    """Return the squared distance to a seed, or infinity if it is none, not behind this pixel, or beyond its blur."""
    if seed < 0:
        return 1e18
    width = coc.shape[1]
    v, u = seed // width, seed % width
    distance = float((v - y) * (v - y) + (u - x) * (u - x))
    reach = margin * 0.5 * max(abs(coc[y, x]), abs(coc[v, u])) + 2.0
    return distance if coc[y, x] - coc[v, u] >= step and distance <= reach * reach else 1e18


@njit(**_INNER)
def _better(coc: _F32, y: int, x: int, carried: int, own: int, step: float, margin: float) -> int:
    """Return the closer of two seeds for pixel y, x, or -1 if neither will do."""
    d_own, d_carried = _distance(coc, y, x, own, step, margin), _distance(coc, y, x, carried, step, margin)
    if min(d_own, d_carried) >= 1e18:
        return -1
    return own if d_own <= d_carried else carried


@njit(parallel=True, **_OPTIONS)
def spread_rows(coc: _F32, step: float, margin: float, seed: _I32) -> None:
    """Carry seeds along rows, both ways, under the near surface."""
    height, width = coc.shape
    for y in prange(height):
        carried = -1
        for x in range(width):
            if carried >= 0 or seed[y, x] >= 0:
                carried = seed[y, x] = _better(coc, y, x, carried, seed[y, x], step, margin)
        carried = -1
        for x in range(width - 1, -1, -1):
            if carried >= 0 or seed[y, x] >= 0:
                carried = seed[y, x] = _better(coc, y, x, carried, seed[y, x], step, margin)


@njit(parallel=True, **_OPTIONS)
def spread_columns(coc: _F32, step: float, margin: float, seed: _I32) -> None:
    """Carry seeds along columns, both ways, under the near surface."""
    height, width = coc.shape
    for strip in prange((width + TILE - 1) // TILE):
        last = min(width, strip * TILE + TILE)
        for y in range(1, height):
            for x in range(strip * TILE, last):
                if seed[y - 1, x] >= 0:
                    seed[y, x] = _better(coc, y, x, seed[y - 1, x], seed[y, x], step, margin)
        for y in range(height - 2, -1, -1):
            for x in range(strip * TILE, last):
                if seed[y + 1, x] >= 0:
                    seed[y, x] = _better(coc, y, x, seed[y + 1, x], seed[y, x], step, margin)


@njit(parallel=True, **_OPTIONS)
def local_light(linear: _F32) -> _F32:
    """Return the geometric mean of luminance around each tile (5x5 tiles, every fourth pixel)."""
    height, width = linear.shape[:2]
    rows, columns = (height + TILE - 1) // TILE, (width + TILE - 1) // TILE
    logs = np.zeros((rows, columns), np.float32)
    for a in prange(rows):
        for b in range(columns):
            total, count = 0.0, 0
            for y in range(a * TILE, min(height, a * TILE + TILE), 4):
                for x in range(b * TILE, min(width, b * TILE + TILE), 4):
                    light = 0.2126 * linear[y, x, 0] + 0.7152 * linear[y, x, 1] + 0.0722 * linear[y, x, 2]
                    total += math.log(max(light, 0.0) + _LOG_FLOOR)
                    count += 1
            logs[a, b] = total / count
    mean = np.zeros_like(logs)
    for a in prange(rows):
        for b in range(columns):
            block = logs[max(0, a - 2) : a + 3, max(0, b - 2) : b + 3]
            mean[a, b] = math.exp(block.mean())
    return mean


@njit(parallel=True, **_OPTIONS)
def fill(linear: _F32, coc: _F32, seed: _I32, light: _F32, back: _F32, back_coc: _F32) -> None:
    """Continue the far surface under the near one from each pixel's seed; highlights are not repeated there."""
    height, width = coc.shape
    for y in prange(height):
        for x in range(width):
            if seed[y, x] < 0 or back[y, 4 * x + 3] > 0:
                continue
            v, u = seed[y, x] // width, seed[y, x] % width
            r, g, b = linear[v, u, 0], linear[v, u, 1], linear[v, u, 2]
            here = 0.2126 * r + 0.7152 * g + 0.0722 * b
            scale = min(1.0, _HIGHLIGHT * light[v // TILE, u // TILE] / max(here, 1e-6))
            back[y, 4 * x] = r * scale
            back[y, 4 * x + 1] = g * scale
            back[y, 4 * x + 2] = b * scale
            back[y, 4 * x + 3] = 1.0
            back_coc[y, x] = coc[v, u]
