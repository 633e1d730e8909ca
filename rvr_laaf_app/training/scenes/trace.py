"""Rays through a World: the nearest hit, soft shadow and closeness of surfaces. Compiled by numba; no colours here."""

from __future__ import annotations

import math

from rvr_laaf_app.training.scenes.shapes import (
    ELLIPSOID,
    NO_HIT,
    Triple,
    clip_to_shape,
    distance_to,
    hit_shape,
    inlined,
    normal_at,
)
from rvr_laaf_app.training.scenes.stage import World

# How far beside a solid its half shadow still reaches.
_PENUMBRA_M = 0.09


@inlined
def to_local(world: World, solid: int, p: Triple) -> Triple:
    """World point -> the solid's own frame."""
    x, y, z = p[0] - world.place[solid, 0], p[1] - world.place[solid, 1], p[2] - world.place[solid, 2]
    return turn_local(world, solid, (x, y, z))


@inlined
def turn_local(world: World, solid: int, v: Triple) -> Triple:
    """World direction -> the solid's own frame."""
    return (
        world.axes[solid, 0, 0] * v[0] + world.axes[solid, 1, 0] * v[1] + world.axes[solid, 2, 0] * v[2],
        world.axes[solid, 0, 1] * v[0] + world.axes[solid, 1, 1] * v[1] + world.axes[solid, 2, 1] * v[2],
        world.axes[solid, 0, 2] * v[0] + world.axes[solid, 1, 2] * v[1] + world.axes[solid, 2, 2] * v[2],
    )


@inlined
def to_world(world: World, solid: int, v: Triple) -> Triple:
    """Direction in the solid's own frame -> world."""
    return (
        world.axes[solid, 0, 0] * v[0] + world.axes[solid, 0, 1] * v[1] + world.axes[solid, 0, 2] * v[2],
        world.axes[solid, 1, 0] * v[0] + world.axes[solid, 1, 1] * v[1] + world.axes[solid, 1, 2] * v[2],
        world.axes[solid, 2, 0] * v[0] + world.axes[solid, 2, 1] * v[1] + world.axes[solid, 2, 2] * v[2],
    )


@inlined
def size_of(world: World, solid: int) -> Triple:
    """The three sizes of a solid."""
    return world.size[solid, 0], world.size[solid, 1], world.size[solid, 2]


@inlined
def _inverse(d: Triple) -> Triple:
    """1 / d, with a tiny part instead of none, so that box tests need no special case."""
    x = d[0] if abs(d[0]) > 1e-12 else 1e-12
    y = d[1] if abs(d[1]) > 1e-12 else 1e-12
    z = d[2] if abs(d[2]) > 1e-12 else 1e-12
    return 1.0 / x, 1.0 / y, 1.0 / z


@inlined
def _meets_box(world: World, node: int, o: Triple, inverse: Triple, far: float, margin: float) -> bool:
    xa, xb = (world.boxes[node, 0] - margin - o[0]) * inverse[0], (world.boxes[node, 3] + margin - o[0]) * inverse[0]
    ya, yb = (world.boxes[node, 1] - margin - o[1]) * inverse[1], (world.boxes[node, 4] + margin - o[1]) * inverse[1]
    za, zb = (world.boxes[node, 2] - margin - o[2]) * inverse[2], (world.boxes[node, 5] + margin - o[2]) * inverse[2]
    enter = max(max(min(xa, xb), min(ya, yb)), max(min(za, zb), 0.0))
    leave = min(min(max(xa, xb), max(ya, yb)), min(max(za, zb), far))
    return enter <= leave


@inlined
def nearest(world: World, o: Triple, d: Triple, far: float) -> tuple[float, int]:
    """First solid along o + t d with 0 < t < far: (t, solid), or (NO_HIT, -1)."""
    best, found = far, -1
    inverse = _inverse(d)
    node, count = 0, world.node_skip.shape[0]
    while node < count:
        if not _meets_box(world, node, o, inverse, best, 0.0):
            node = world.node_skip[node]
            continue
        solid = world.node_solid[node]
        if solid >= 0:
            lo, ld = to_local(world, solid, o), turn_local(world, solid, d)
            t = hit_shape(world.shape[solid], size_of(world, solid), world.rounding[solid], lo, ld, best)
            if t < best:
                best, found = t, solid
        node += 1
    return (best, found) if found >= 0 else (NO_HIT, -1)


@inlined
def _passes(world: World, solid: int, o: Triple, d: Triple, far: float, width: float) -> float:
    """Share of a lamp of angular radius `width` seen past one solid: 0 hidden .. 1 free; d of length 1."""
    lo, ld = to_local(world, solid, o), turn_local(world, solid, d)
    kind, size, r = world.shape[solid], size_of(world, solid), world.rounding[solid]
    t0, t1 = clip_to_shape(kind, size, lo, ld, far, _PENUMBRA_M)
    if t0 > t1:
        return 1.0
    free = 1.0
    t = max(t0, 2e-3)
    for _ in range(28):
        if t > t1:
            break
        x, y, z = lo[0] + t * ld[0], lo[1] + t * ld[1], lo[2] + t * ld[2]
        h = distance_to(kind, x, y, z, size[0], size[1], size[2], r)
        reach = min(width * t, _PENUMBRA_M)
        free = min(free, 0.5 + 0.5 * h / reach)
        if free <= 0.0:
            return 0.0
        # Inside the penumbra the smallest clearance counts, so steps stay short there.
        t += max(abs(h) * 0.9, 0.25 * reach + 1e-3) if kind != ELLIPSOID or h > reach else 0.3 * reach + 2e-3
    return max(free, 0.0)


@inlined
def shadow(world: World, own: int, o: Triple, d: Triple, far: float, width: float) -> float:
    """Share of a lamp of angular radius `width`, at distance `far` along d (length 1), that reaches o on solid `own`.

    Solids are convex (the ring nearly), so none shades its own lit side.
    """
    free = 1.0
    inverse = _inverse(d)
    node, count = 0, world.shadow_nodes
    while node < count:
        if not _meets_box(world, node, o, inverse, far, _PENUMBRA_M):
            node = world.node_skip[node]
            continue
        solid = world.node_solid[node]
        if solid >= 0 and solid != own:
            free = min(free, _passes(world, solid, o, d, far, width))
            if free <= 0.0:
                return 0.0
        node += 1
    return free * free * (3.0 - 2.0 * free)


@inlined
def clearance(world: World, own: int, p: Triple, reach: float) -> float:
    """Distance from p to the nearest solid but `own`, at most `reach`."""
    best = reach
    node, count = 0, world.close_nodes
    while node < count:
        gx = max(max(world.boxes[node, 0] - p[0], p[0] - world.boxes[node, 3]), 0.0)
        gy = max(max(world.boxes[node, 1] - p[1], p[1] - world.boxes[node, 4]), 0.0)
        gz = max(max(world.boxes[node, 2] - p[2], p[2] - world.boxes[node, 5]), 0.0)
        if gx * gx + gy * gy + gz * gz > best * best:
            node = world.node_skip[node]
            continue
        solid = world.node_solid[node]
        if solid >= 0 and solid != own:
            x, y, z = to_local(world, solid, p)
            size = size_of(world, solid)
            h = distance_to(world.shape[solid], x, y, z, size[0], size[1], size[2], world.rounding[solid])
            best = min(best, max(h, 0.0))
        node += 1
    return best


@inlined
def openness(world: World, own: int, p: Triple, n: Triple) -> float:
    """How open the sky above a surface point is, 0..1, from three clearances along the normal."""
    hidden, weight, h = 0.0, 0.5, 0.028
    for _ in range(3):
        free = clearance(world, own, (p[0] + h * n[0], p[1] + h * n[1], p[2] + h * n[2]), h)
        hidden += weight * (1.0 - free / h)
        h *= 3.2
        weight *= 0.72
    return max(0.0, 1.0 - hidden)


@inlined
def surface(world: World, solid: int, p: Triple) -> tuple[Triple, Triple]:
    """The point in the solid's own frame, and the outward normal in the world."""
    local = to_local(world, solid, p)
    size = size_of(world, solid)
    n = normal_at(world.shape[solid], local[0], local[1], local[2], size[0], size[1], size[2], world.rounding[solid])
    out = to_world(world, solid, n)
    length = math.sqrt(out[0] ** 2 + out[1] ** 2 + out[2] ** 2)
    return local, (out[0] / length, out[1] / length, out[2] / length)
