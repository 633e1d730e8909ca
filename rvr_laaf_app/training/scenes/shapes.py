"""The solid shapes of a scene: signed distance, ray hit and normal, each in the shape's own frame. Compiled by numba.

Every shape is given by three sizes (a, b, c) in metres and an edge rounding:
    ELLIPSOID radii a, b, c;  BOX half edges a, b, c;  CYLINDER radius a, half height b, axis y;
    ROUND_CONE radius a at the bottom and c at the top, half height b between the two centres;
    TORUS ring radius a, tube radius b, axis y.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Triple = tuple[float, float, float]

ELLIPSOID, BOX, CYLINDER, ROUND_CONE, TORUS = range(5)

Function = TypeVar("Function", bound=Callable[..., object])

# Reassociation without the flags that assume away infinity and NaN.
_FAST = {"contract", "reassoc", "nsz", "arcp", "afn"}
NO_HIT = 1.0e9
_STEPS = 64


def half_extents(kind: int, size: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (low, high) corners [3] of the shape's box in its own frame."""
    a, b, c = (float(s) for s in size)
    if kind == CYLINDER:
        return np.array([-a, -b, -a]), np.array([a, b, a])
    if kind == ROUND_CONE:
        wide = max(a, c)
        return np.array([-wide, -b - a, -wide]), np.array([wide, b + c, wide])
    if kind == TORUS:
        return np.array([-a - b, -b, -a - b]), np.array([a + b, b, a + b])
    return -np.asarray(size, np.float64), np.asarray(size, np.float64)


def inlined(function: Function) -> Function:
    """Compile a small function into each of its callers: a World is far too large to be passed by value each time."""
    return cast("Function", njit(fastmath=_FAST, error_model="numpy", forceinline=True)(function))


def compiled(function: Function) -> Function:
    """Compile a function that Python calls, without the interpreter lock, and keep the result on disk.

    numba sees a change of this function's own file only: after a change of what it calls, delete `__pycache__`.
    """
    return cast("Function", njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")(function))


@inlined
def local_bounds(kind: int, a: float, b: float, c: float) -> tuple[float, float, float, float]:
    """Half widths along x and z, and the lowest and highest y."""
    if kind == CYLINDER:
        return a, a, -b, b
    if kind == ROUND_CONE:
        wide = max(a, c)
        return wide, wide, -b - a, b + c
    if kind == TORUS:
        return a + b, a + b, -b, b
    return a, c, -b, b


@inlined
def distance_to(kind: int, x: float, y: float, z: float, a: float, b: float, c: float, r: float) -> float:
    """Signed distance in metres to the surface (ellipsoid and round cone: a close lower estimate)."""
    if kind == ELLIPSOID:
        k0 = math.sqrt((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2)
        k1 = math.sqrt((x / (a * a)) ** 2 + (y / (b * b)) ** 2 + (z / (c * c)) ** 2)
        return k0 * (k0 - 1.0) / max(k1, 1e-9)
    if kind == BOX:
        qx, qy, qz = abs(x) - a + r, abs(y) - b + r, abs(z) - c + r
        outside = math.sqrt(max(qx, 0.0) ** 2 + max(qy, 0.0) ** 2 + max(qz, 0.0) ** 2)
        return outside + min(max(qx, max(qy, qz)), 0.0) - r
    if kind == CYLINDER:
        qx, qy = math.sqrt(x * x + z * z) - a + r, abs(y) - b + r
        return math.sqrt(max(qx, 0.0) ** 2 + max(qy, 0.0) ** 2) + min(max(qx, qy), 0.0) - r
    if kind == ROUND_CONE:
        slope = (c - a) / (2.0 * b)
        along = min(max(y, -b), b)
        radius = a + slope * (along + b)
        return (math.sqrt(x * x + z * z + (y - along) ** 2) - radius) / math.sqrt(1.0 + slope * slope)
    ring = math.sqrt(x * x + z * z) - a
    return math.sqrt(ring * ring + y * y) - b


@inlined
def normal_at(kind: int, x: float, y: float, z: float, a: float, b: float, c: float, r: float) -> Triple:
    """Outward unit normal near the surface point (x, y, z), in the shape's own frame."""
    if kind == ELLIPSOID:
        nx, ny, nz = x / (a * a), y / (b * b), z / (c * c)
    else:
        e = 2e-4
        d0 = distance_to(kind, x + e, y - e, z - e, a, b, c, r)
        d1 = distance_to(kind, x - e, y - e, z + e, a, b, c, r)
        d2 = distance_to(kind, x - e, y + e, z - e, a, b, c, r)
        d3 = distance_to(kind, x + e, y + e, z + e, a, b, c, r)
        nx, ny, nz = d0 - d1 - d2 + d3, -d0 - d1 + d2 + d3, -d0 + d1 - d2 + d3
    length = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-30
    return nx / length, ny / length, nz / length


@inlined
def slab(low: float, high: float, o: float, d: float, t0: float, t1: float) -> tuple[float, float]:
    """Clip the ray interval (t0, t1) to low <= o + t d <= high; empty if t0 > t1 after."""
    if abs(d) < 1e-12:
        if o < low or o > high:
            return 1.0, -1.0
        return t0, t1
    inverse = 1.0 / d
    near, far = (low - o) * inverse, (high - o) * inverse
    if near > far:
        near, far = far, near
    return max(t0, near), min(t1, far)


@inlined
def clip_to_shape(kind: int, size: Triple, o: Triple, d: Triple, far: float, margin: float) -> tuple[float, float]:
    """Clip the ray interval (0, far) to the shape's box grown by `margin`."""
    hx, hz, y0, y1 = local_bounds(kind, size[0], size[1], size[2])
    t0, t1 = slab(-hx - margin, hx + margin, o[0], d[0], 0.0, far)
    if t0 <= t1:
        t0, t1 = slab(y0 - margin, y1 + margin, o[1], d[1], t0, t1)
    if t0 <= t1:
        t0, t1 = slab(-hz - margin, hz + margin, o[2], d[2], t0, t1)
    return t0, t1


@inlined
def _hit_ellipsoid(size: Triple, o: Triple, d: Triple, far: float) -> float:
    ox, oy, oz = o[0] / size[0], o[1] / size[1], o[2] / size[2]
    dx, dy, dz = d[0] / size[0], d[1] / size[1], d[2] / size[2]
    qa = dx * dx + dy * dy + dz * dz
    qb = ox * dx + oy * dy + oz * dz
    # The foot of the perpendicular first: the textbook discriminant loses its digits on small far shapes.
    foot = -qb / qa
    px, py, pz = ox + foot * dx, oy + foot * dy, oz + foot * dz
    inside = 1.0 - (px * px + py * py + pz * pz)
    if inside < 0.0:
        return NO_HIT
    half = math.sqrt(inside / qa)
    t = foot - half
    if t < 1e-6:
        t = foot + half
    return t if 1e-6 < t < far else NO_HIT


@inlined
def hit_shape(kind: int, size: Triple, r: float, o: Triple, d: Triple, far: float) -> float:
    """First t > 0 where o + t d meets the shape, or NO_HIT; o and d in the shape's frame, d of any length."""
    if kind == ELLIPSOID:
        return _hit_ellipsoid(size, o, d, far)
    t0, t1 = clip_to_shape(kind, size, o, d, far, 0.0)
    if t0 > t1:
        return NO_HIT
    if kind == BOX and r <= 0.0:
        return t0 if t0 > 1e-6 else NO_HIT
    speed = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    t = t0
    for _ in range(_STEPS):
        h = distance_to(kind, o[0] + t * d[0], o[1] + t * d[1], o[2] + t * d[2], size[0], size[1], size[2], r)
        if h < 2e-5:
            return t if t > 1e-6 else NO_HIT
        t += h / speed
        if t > t1:
            return NO_HIT
    return NO_HIT
