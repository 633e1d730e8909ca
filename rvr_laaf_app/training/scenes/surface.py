"""Colour of surfaces and of the air: procedural textures, lamps with soft shadows, gloss, halos and haze.

All light is linear, 1 = display white. Everything is a plain function of place, so a picture has no noise of its own.
World.air: sky colour [0:3] above, [3:6] at the horizon, [6:9] warm band; light from above [9:12] and below [12:15];
haze [15] per metre and [16:19] its colour; [19] strength of the halos.
"""

from __future__ import annotations

import math

from rvr_laaf_app.training.scenes.shapes import BOX, NO_HIT, Triple, inlined
from rvr_laaf_app.training.scenes.stage import World
from rvr_laaf_app.training.scenes.trace import nearest, openness, shadow, surface, turn_local

PLAIN, PLANKS, PAVING, BRICK, STRIPES, WINDOWS, SPECKLE, INTERIOR, LINES = range(9)

# Beyond this z nothing is near enough to throw a shadow that is seen.
_SHADOWS_END_M = 10.5


@inlined
def hash01(i: int, j: int, k: int) -> float:
    """A fixed random number in 0..1 for three integers."""
    h = (i * 73856093) ^ (j * 19349663) ^ (k * 83492791)
    h = (h ^ (h >> 13)) & 0x7FFFFFFF
    h = (h * 1274126177) & 0x7FFFFFFF
    h = h ^ (h >> 16)
    h = (h * 668265263) & 0x7FFFFFFF
    return ((h ^ (h >> 11)) & 0xFFFFFF) / 16777215.0


@inlined
def noise(x: float, y: float, z: float) -> float:
    """Smooth value noise in 0..1 with one grain per unit."""
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    u, v, w = x - i, y - j, z - k
    u, v, w = u * u * (3 - 2 * u), v * v * (3 - 2 * v), w * w * (3 - 2 * w)
    a = hash01(i, j, k) * (1 - u) + hash01(i + 1, j, k) * u
    b = hash01(i, j + 1, k) * (1 - u) + hash01(i + 1, j + 1, k) * u
    c = hash01(i, j, k + 1) * (1 - u) + hash01(i + 1, j, k + 1) * u
    e = hash01(i, j + 1, k + 1) * (1 - u) + hash01(i + 1, j + 1, k + 1) * u
    return (a * (1 - v) + b * v) * (1 - w) + (c * (1 - v) + e * v) * w


@inlined
def _step(low: float, high: float, x: float) -> float:
    x = min(max((x - low) / (high - low), 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)


@inlined
def _planks(x: float, z: float, width: float) -> tuple[float, float]:
    board = math.floor(x / width)
    across = x / width - board
    seam = _step(0.0, 0.035, min(across, 1.0 - across))
    grain = noise(x * 160.0, z * 5.0 + board * 7.3, 0.5) * 0.6 + noise(x * 45.0, z * 2.0 + board * 3.1, 4.5) * 0.4
    tone = 0.25 + 0.5 * hash01(board, 3, 9) + 0.55 * (grain - 0.5)
    return min(max(tone, 0.0), 1.0), 0.3 + 0.7 * seam


@inlined
def _masonry(x: float, y: float, length: float, height: float, joint: float) -> tuple[float, float]:
    row = math.floor(y / height)
    shifted = x / length + 0.5 * (row & 1)
    column = math.floor(shifted)
    fx, fy = (shifted - column) * length, (y / height - row) * height
    edge = min(min(fx, length - fx), min(fy, height - fy))
    solid = _step(joint * 0.4, joint * 1.3, edge)
    grain = noise(x / height * 2.1, y / height * 2.1, 0.3)
    return 0.75 * hash01(column, row, 5) + 0.25 * grain, solid


@inlined
def _windows(u: float, v: float, pitch: float) -> float:
    """Own light of a far house front: 0 wall, else brightness of a lit window."""
    column, row = math.floor(u / pitch), math.floor(v / (pitch * 1.25))
    fu, fv = u / pitch - column, v / (pitch * 1.25) - row
    if fu < 0.28 or fu > 0.72 or fv < 0.25 or fv > 0.75:
        return 0.0
    lit = hash01(column, row, 17)
    return 0.0 if lit < 0.55 else 0.25 + 2.2 * (lit - 0.55)


@inlined
def _interior(x: float, y: float, width: float, height: float) -> float:
    """Brightness of a lit room behind a window: lamp-lit ceiling, shelves with things, a darker counter."""
    v = y / height
    glow = 0.55 + 0.45 * math.exp(-((x / width) ** 2) * 1.6 - ((v - 0.35) ** 2) * 3.0)
    shelf = math.floor((v + 1.0) * 3.5)
    thing = hash01(math.floor(x / 0.09), shelf, 31)
    top = (v + 1.0) * 3.5 - shelf
    if 0.12 < top < 0.3 + 0.5 * thing and thing > 0.25:
        glow *= 0.45 + 0.4 * hash01(math.floor(x / 0.09), shelf, 77)
    if top < 0.1:
        glow *= 0.4
    if v < -0.6:
        glow *= 0.35
    return glow


@inlined
def texture(world: World, solid: int, p: Triple, n: Triple) -> tuple[float, float, float]:
    """At a point p of the solid's own frame: (mix of the two colours, dimming, factor of its own light)."""
    kept = world.material_of[solid]
    kind, scale = int(world.materials[kept, 9]), world.materials[kept, 10]
    x, y, z = p
    if kind == PLANKS:
        mix, dim = _planks(x, z, scale)
        return mix, dim, 1.0
    if kind == PAVING:
        mix, dim = _masonry(x, z, scale * 1.6, scale, 0.012)
        mix = 0.8 * mix + 0.2 * noise(x * 31.0, z * 31.0, 0.7)
        return mix, 0.45 + 0.55 * dim, 1.0
    if kind == BRICK:
        mix, dim = _masonry(x if abs(n[2]) > 0.5 else z, y, scale * 3.0, scale, 0.008)
        return mix, 0.6 + 0.4 * dim, 1.0
    if kind == STRIPES:
        along = x / scale - math.floor(x / scale)
        return (1.0 if along < 0.5 else 0.0), 1.0, 1.0
    if kind == WINDOWS:
        u = x if abs(n[2]) > 0.5 else z
        above = y + world.size[solid, 1]
        return 0.5 * noise(x, y, z), 1.0, _windows(u + 100.0, above, scale) if above > 1.4 * scale else 0.0
    if kind == SPECKLE:
        return noise(x / scale, y / scale, z / scale), 0.85 + 0.3 * noise(x / scale * 2.7, y / scale * 2.7, 3.1), 1.0
    if kind == INTERIOR:
        return 0.0, 1.0, _interior(x, y, world.size[solid, 0], world.size[solid, 1])
    if kind == LINES:
        line = math.floor(y / scale)
        inside = y / scale - line
        reach = (0.35 + 0.5 * hash01(line, 2, 3)) * world.size[solid, 0]
        drawn = 0.35 < inside < 0.6 and abs(x) < reach and noise(x / scale * 3.0, line * 5.0, 0.0) > 0.38
        return (1.0 if drawn else 0.0), 1.0, 1.0
    return 0.0, 1.0, 1.0


@inlined
def sky(world: World, d: Triple) -> Triple:
    """Light of the evening sky along d (any length): dark blue above, a warm band at the horizon on one side."""
    length = math.sqrt(d[0] ** 2 + d[1] ** 2 + d[2] ** 2)
    up = max(d[1] / length, 0.0)
    air = world.air
    rise = math.exp(-up * 5.5)
    warm = math.exp(-up * 6.5) * (0.35 + 0.65 * math.exp(-((d[0] / length - 0.28) ** 2) * 5.0))
    r = air[0] + (air[3] - air[0]) * rise + air[6] * warm
    g = air[1] + (air[4] - air[1]) * rise + air[7] * warm
    b = air[2] + (air[5] - air[2]) * rise + air[8] * warm
    return r, g, b


@inlined
def _gloss(n: Triple, v: Triple, light: Triple, rough: float) -> float:
    """GGX highlight (times n.l) of a dielectric; all directions of length 1."""
    hx, hy, hz = v[0] + light[0], v[1] + light[1], v[2] + light[2]
    hl = math.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9
    nh = max((n[0] * hx + n[1] * hy + n[2] * hz) / hl, 0.0)
    vh = max((v[0] * hx + v[1] * hy + v[2] * hz) / hl, 0.0)
    nl = max(n[0] * light[0] + n[1] * light[1] + n[2] * light[2], 0.0)
    nv = max(n[0] * v[0] + n[1] * v[1] + n[2] * v[2], 0.05)
    a2 = rough**4
    bell = a2 / (math.pi * (nh * nh * (a2 - 1.0) + 1.0) ** 2 + 1e-9)
    k = rough * rough * 0.5
    geometry = 0.25 / ((nl * (1 - k) + k) * (nv * (1 - k) + k))
    return bell * geometry * nl * (0.04 + 0.96 * (1.0 - vh) ** 5)


@inlined
def _lamps(world: World, own: int, p: Triple, n: Triple, v: Triple, rough: float, soft: bool) -> tuple[Triple, Triple]:
    """Irradiance from the lamps, and their highlights."""
    dr = dg = db = sr = sg = sb = 0.0
    for i in range(world.lights.shape[0]):
        x, y, z = world.lights[i, 0] - p[0], world.lights[i, 1] - p[1], world.lights[i, 2] - p[2]
        far2 = x * x + y * y + z * z
        far = math.sqrt(far2)
        x, y, z = x / far, y / far, z / far
        facing = n[0] * x + n[1] * y + n[2] * z
        strength = 1.0 / (far2 + world.lights[i, 6] * world.lights[i, 6])
        # Weak light fades out before it is dropped, so that no border shows.
        strength *= _step(0.012, 0.045, strength * facing * max(world.lights[i, 3], world.lights[i, 5]))
        if facing <= 0.0 or strength <= 0.0:
            continue
        free = 1.0
        if world.lights[i, 7] > 0.5 and soft:
            start = (p[0] + 3e-3 * n[0], p[1] + 3e-3 * n[1], p[2] + 3e-3 * n[2])
            free = shadow(
                world, own, start, (x, y, z), far - world.lights[i, 6] * 0.5, min(world.lights[i, 6] / far, 0.2)
            )
            if free <= 0.0:
                continue
        shine = _gloss(n, v, (x, y, z), max(rough, 0.18)) * strength * free * 1.8 if rough < 0.65 else 0.0
        facing *= strength * free
        dr, dg, db = (
            dr + facing * world.lights[i, 3],
            dg + facing * world.lights[i, 4],
            db + facing * world.lights[i, 5],
        )
        sr, sg, sb = sr + shine * world.lights[i, 3], sg + shine * world.lights[i, 4], sb + shine * world.lights[i, 5]
    return (dr, dg, db), (sr, sg, sb)


@inlined
def _bulb_streaks(world: World, p: Triple, n: Triple, v: Triple, rough: float) -> Triple:
    """Highlights of the bulbs on a wet floor."""
    r = g = b = 0.0
    for i in range(world.bulbs.shape[0]):
        x, y, z = world.bulbs[i, 0] - p[0], world.bulbs[i, 1] - p[1], world.bulbs[i, 2] - p[2]
        far2 = x * x + y * y + z * z
        far = math.sqrt(far2)
        shine = (
            _gloss(n, v, (x / far, y / far, z / far), rough) * math.pi * world.bulbs[i, 6] * world.bulbs[i, 6] / far2
        )
        r, g, b = r + shine * world.bulbs[i, 3], g + shine * world.bulbs[i, 4], b + shine * world.bulbs[i, 5]
    return r, g, b


@inlined
def _own_light(world: World, solid: int, factor: float, facing: float) -> Triple:
    kept = world.material_of[solid]
    rim = factor * (0.55 + 0.45 * max(facing, 0.0)) if world.shape[solid] != BOX else factor
    return world.materials[kept, 6] * rim, world.materials[kept, 7] * rim, world.materials[kept, 8] * rim


@inlined
def _facing_normal(world: World, solid: int, p: Triple, v: Triple) -> tuple[Triple, Triple]:
    """The point in the solid's frame, and its normal on the side of v."""
    local, n = surface(world, solid, p)
    if n[0] * v[0] + n[1] * v[1] + n[2] * v[2] < 0.0:
        n = (-n[0], -n[1], -n[2])
    return local, n


@inlined
def _reflected(
    world: World, solid: int, p: Triple, n: Triple, v: Triple, local: Triple, open_sky: float, deep: bool
) -> Triple:
    """Own, scattered and glossy light of a surface point; `deep`: with shadows."""
    kept = world.material_of[solid]
    local_n = turn_local(world, solid, n) if world.shape[solid] == BOX else n
    mix, dim, own = texture(world, solid, local, local_n)
    r, g, b = _own_light(world, solid, own, n[0] * v[0] + n[1] * v[1] + n[2] * v[2])
    if max(r, max(g, b)) > 4.0:
        return r, g, b
    rough = world.materials[kept, 11]
    wet = int(world.materials[kept, 9]) == PAVING
    if wet:
        puddle = _step(0.42, 0.62, noise(local[0] * 1.1, local[2] * 1.7, 2.2))
        rough = 0.46 - 0.26 * puddle
        dim *= 1.0 - 0.35 * puddle
    air = world.air
    up = 0.5 + 0.5 * n[1]
    lit, shine = _lamps(world, solid, p, n, v, rough, deep)
    r += (
        dim
        * (world.materials[kept, 0] + (world.materials[kept, 3] - world.materials[kept, 0]) * mix)
        * (lit[0] + open_sky * (air[9] * up + air[12] * (1 - up)))
        + shine[0]
    )
    g += (
        dim
        * (world.materials[kept, 1] + (world.materials[kept, 4] - world.materials[kept, 1]) * mix)
        * (lit[1] + open_sky * (air[10] * up + air[13] * (1 - up)))
        + shine[1]
    )
    b += (
        dim
        * (world.materials[kept, 2] + (world.materials[kept, 5] - world.materials[kept, 2]) * mix)
        * (lit[2] + open_sky * (air[11] * up + air[14] * (1 - up)))
        + shine[2]
    )
    if wet:
        streak = _bulb_streaks(world, p, n, v, rough)
        r, g, b = r + dim * streak[0], g + dim * streak[1], b + dim * streak[2]
    return r, g, b


@inlined
def shade(world: World, solid: int, p: Triple, v: Triple) -> Triple:
    """Light that leaves point p of a solid towards v (length 1), with shadows and one mirror bounce."""
    local, n = _facing_normal(world, solid, p, v)
    kept = world.material_of[solid]
    if (
        int(world.materials[kept, 9]) == PLAIN
        and max(world.materials[kept, 6], max(world.materials[kept, 7], world.materials[kept, 8])) > 8.0
    ):
        return _own_light(world, solid, 1.0, n[0] * v[0] + n[1] * v[1] + n[2] * v[2])
    # Lit rooms and what is far from everything need no shadows.
    deep = p[2] < _SHADOWS_END_M and int(world.materials[kept, 9]) != INTERIOR
    open_sky = openness(world, solid, p, n) if deep else 0.7
    r, g, b = _reflected(world, solid, p, n, v, local, open_sky, deep)
    if world.materials[kept, 12] > 0.0:
        mr, mg, mb = _mirrored(world, p, n, v, world.materials[kept, 12], open_sky)
        r, g, b = r + mr, g + mg, b + mb
    return r, g, b


@inlined
def _mirrored(world: World, p: Triple, n: Triple, v: Triple, share: float, open_sky: float) -> Triple:
    """What a glossy coat mirrors, without shadows; lamps are held at 12 so that enamel does not sparkle."""
    facing = n[0] * v[0] + n[1] * v[1] + n[2] * v[2]
    share = share + (1.0 - share) * 0.55 * (1.0 - facing) ** 5
    d = (2 * facing * n[0] - v[0], 2 * facing * n[1] - v[1], 2 * facing * n[2] - v[2])
    start = (p[0] + 2e-3 * n[0], p[1] + 2e-3 * n[1], p[2] + 2e-3 * n[2])
    t, solid = nearest(world, start, d, NO_HIT)
    if solid < 0:
        r, g, b = sky(world, d)
        return share * r * open_sky, share * g * open_sky, share * b * open_sky
    hit = (start[0] + t * d[0], start[1] + t * d[1], start[2] + t * d[2])
    back = (-d[0], -d[1], -d[2])
    local, normal = _facing_normal(world, solid, hit, back)
    r, g, b = _reflected(world, solid, hit, normal, back, local, 0.7, False)
    return share * min(r, 12.0), share * min(g, 12.0), share * min(b, 12.0)


@inlined
def through_air(world: World, o: Triple, d: Triple, t: float, light: Triple) -> Triple:
    """Haze between o and o + t d (d of length 1), and the halos of the bulbs passed on the way."""
    air = world.air
    clear = math.exp(-air[15] * min(t, 400.0))
    r = light[0] * clear + air[16] * (1 - clear)
    g = light[1] * clear + air[17] * (1 - clear)
    b = light[2] * clear + air[18] * (1 - clear)
    for i in range(world.bulbs.shape[0]):
        x, y, z = world.bulbs[i, 0] - o[0], world.bulbs[i, 1] - o[1], world.bulbs[i, 2] - o[2]
        along = x * d[0] + y * d[1] + z * d[2]
        if along <= 0.0 or along > t + 0.05:
            continue
        reach = world.bulbs[i, 6] * 15.0
        gap2 = x * x + y * y + z * z - along * along
        if gap2 >= reach * reach:
            continue
        q = gap2 / (reach * reach)
        halo = air[19] * (1.0 - q) ** 3 / (1.0 + 24.0 * q)
        r, g, b = r + halo * world.bulbs[i, 3], g + halo * world.bulbs[i, 4], b + halo * world.bulbs[i, 5]
    return r, g, b
