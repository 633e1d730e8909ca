"""Places to compose: open ground, street, corridor, room, table top, with their light.

Every place is seeded by its generator. Lengths are in metres and of the real size of such things, because what a
network should learn is how distance shows: sizes, contact with the ground, haze, perspective.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rvr_laaf_app.training import synth_cutouts as cut
from rvr_laaf_app.training import synth_stage as build
from rvr_laaf_app.training.synth_actors import (
    TILE,
    bowl,
    dimmed,
    fence,
    foreground,
    lights,
    portrait,
    scatter,
    small,
    small_indoor,
    vec,
)
from rvr_laaf_app.training.synth_geometry import Camera, Plane
from rvr_laaf_app.training.synth_stage import Stage
from rvr_laaf_app.training.synth_textures import Light, SceneLibrary, surface


def compose(library: SceneLibrary, *, size: tuple[int, int], rng: np.random.Generator, margin: int = 0) -> Stage:
    """A random scene with its camera."""
    places: list[tuple[float, Callable[[Stage], None]]] = [
        (0.26, open_ground), (0.22, street), (0.12, corridor), (0.24, room), (0.16, table)
    ]  # fmt: skip
    weights = np.array([weight for weight, _ in places])
    place = places[rng.choice(len(places), p=weights / weights.sum())][1]
    on_table = place is table
    height = rng.uniform(0.25, 0.65) if on_table else float(rng.choice([rng.uniform(1.2, 1.9), rng.uniform(0.3, 2.6)]))
    tilt = rng.uniform(0.15, 0.65) if on_table else rng.normal(0.05, 0.09) + 0.08 * (height - 1.4)
    camera = Camera.looking(
        size,
        field_deg=float(np.clip(np.exp(rng.normal(np.log(58), 0.28)), 28, 98)),
        place=(0.0, -height, 0.0),
        tilt=tilt,
        roll=rng.normal(0, 0.02),
        heading=rng.normal(0, 0.06),
    )
    camera = Camera(camera.size, camera.focal_px, camera.place, camera.axes, margin)
    stage = Stage(library, camera, rng)
    stage.night = bool(rng.random() < 0.2)
    direction, long = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.6)
    stage.sun = (float(long * np.cos(direction)), float(long * np.sin(direction)))
    stage.shadow = float(rng.choice([rng.uniform(0.05, 0.3), rng.uniform(0.3, 0.75)]))
    place(stage)
    if not on_table and rng.random() < 0.3:
        portrait(stage)
    if rng.random() < 0.12:
        foreground(stage)
    return stage


def open_ground(stage: Stage) -> None:
    """A field, beach, square or lawn up to a line of trees or houses, with people, animals and plants on it."""
    rng = stage.rng
    build.sky(stage)
    reach = float(np.exp(rng.uniform(np.log(12), np.log(300))))
    for _ in range(int(rng.integers(0, 3))):
        distance = reach * rng.uniform(1.0, 1.6)
        build.skyline(stage, distance_m=distance, height_m=distance * rng.uniform(0.05, 0.3) + 2)
    stage.back.sort(key=lambda piece: -float(piece.plane.origin[2]))
    ground(stage, width=4 * reach + 40, length=1.6 * reach, tile_m=rng.uniform(1.5, 6))
    stage.haze = float(rng.choice([0.0, rng.uniform(0.001, 0.02)]))
    scatter(stage, near=1.2, far=min(reach, 60), count=int(rng.integers(2, 11)))
    if rng.random() < 0.35:
        fence(stage, distance=float(rng.uniform(1.5, 12)))
    if stage.night:
        lights(stage, near=3, far=min(reach, 40))


def ground(stage: Stage, *, width: float, length: float, tile_m: float, start: float = -2.0, grey: float = 0.0) -> None:
    """The ground from behind the camera to `length` ahead; `grey` 0..1: how much of its colour is taken away."""
    level = 0.03 * stage.rng.uniform(0.5, 3) if stage.night else stage.rng.uniform(0.6, 1.2)
    plane = Plane(vec(-width / 2, 0, start), vec(width, 0, 0), vec(0, 0, length - start))
    shade = build.uneven(stage.rng, level=level, contrast=0.15)
    texture = surface(stage.library, side=TILE, rng=stage.rng)
    texture = texture + np.float32(grey) * (texture.mean(axis=2, keepdims=True) - texture)
    build.flat(stage, plane, texture, tile_m=tile_m, shade=shade)


def street(stage: Stage) -> None:
    """A road between two rows of houses to a far end, with poles, boxes of the size of cars, and people."""
    rng = stage.rng
    build.sky(stage)
    length, half = rng.uniform(25, 150), rng.uniform(3.0, 9.0)
    build.skyline(stage, distance_m=length, height_m=rng.uniform(3, 12))
    ground(stage, width=2 * half + 8, length=length + 5, tile_m=rng.uniform(1, 5), grey=rng.uniform(0.3, 1.0))
    stage.haze = float(rng.choice([0.0, rng.uniform(0.001, 0.012)]))
    for side in (-1, 1):
        if rng.random() < 0.9:
            houses(stage, x=side * half, side=side, length=length)
    if rng.random() < 0.5:
        stripe = np.ones((4, 4, 4), np.float32) * np.float32(0.02 if stage.night else 0.6)
        stripe[..., 3] = 0.8
        for z in np.arange(2, min(length, 40), 4.0):
            build.decal(stage, Plane(vec(-0.08, 0, z), vec(0.16, 0, 0), vec(0, 0, 2)), stripe)
    for _ in range(int(rng.integers(0, 5))):  # cars, bins, crates
        side = rng.choice([-1, 1])
        big = rng.random() < 0.6
        wide, tall, deep = (1.7, 1.45, 4.0) if big else tuple(rng.uniform(0.4, 1.0, 3))
        place = vec(side * (half - rng.uniform(1.2, 2.0)), 0, rng.uniform(3.5 + deep / 2, min(length, 35)))
        texture = small(stage, TILE // 2)
        build.block(stage, place, size=(wide, tall, deep), heading=rng.normal(0, 0.04), texture=texture)
    for _ in range(int(rng.integers(0, 6))):
        place = vec(rng.choice([-1, 1]) * (half - 0.5), 0, rng.uniform(2.0, min(length, 40)))
        colour = stage.library.colour(rng, darkest=0.01, brightest=0.3) * np.float32(0.1 if stage.night else 1)
        build.pole(stage, place, height_m=rng.uniform(2.5, 7), width_m=rng.uniform(0.06, 0.25), colour=colour)
    scatter(stage, near=1.5, far=min(length, 45), count=int(rng.integers(1, 9)), half=half - 0.6)
    if stage.night:
        lights(stage, near=3, far=length, half=half)


def houses(stage: Stage, *, x: float, side: int, length: float) -> None:
    """A row of house fronts along the street: walls of different heights with windows, from far to near."""
    rng = stage.rng
    z = -1.0
    fronts = []
    while z < length:
        fronts.append((z, min(z + rng.uniform(6, 25), length)))
        z = fronts[-1][1]
    for z0, z1 in reversed(fronts):
        tall = rng.uniform(4, 16)
        wall = surface(stage.library, side=TILE, rng=rng)
        level = rng.uniform(0.02, 0.08) if stage.night else rng.uniform(0.4, 1.2)
        plane = Plane(
            vec(x, -tall, z1 if side < 0 else z0), vec(0, 0, z0 - z1 if side < 0 else z1 - z0), vec(0, tall, 0)
        )
        tiled = windows(stage, wall * np.float32(level)) if rng.random() < 0.75 else wall * np.float32(level)
        build.flat(stage, plane, tiled, tile_m=rng.uniform(2.6, 3.6), shade=build.uneven(rng, contrast=0.1))


def windows(stage: Stage, wall: Light) -> Light:
    """A tile of a front: the wall with a window in it, which is dark, mirrors the sky or is lit from inside."""
    rng, out = stage.rng, wall.copy()
    side = out.shape[0]
    x0, x1 = sorted(rng.uniform((0.15, 0.6), (0.35, 0.85)))
    y0, y1 = sorted(rng.uniform((0.15, 0.55), (0.35, 0.85)))
    box = slice(int(y0 * side), int(y1 * side)), slice(int(x0 * side), int(x1 * side))
    frame = slice(box[0].start - 3, box[0].stop + 3), slice(box[1].start - 3, box[1].stop + 3)
    out[frame] = stage.library.colour(rng) * np.float32(0.1 if stage.night else 0.8)
    glow = rng.uniform(1.0, 6.0) * np.array([1.0, 0.65, 0.3]) if rng.random() < 0.6 else np.full(3, 0.01)
    pane = glow if stage.night else np.full(3, rng.choice([0.02, 0.08, 0.5]))
    out[box] = (pane * rng.uniform(0.7, 1.3)).astype(np.float32)
    return out


def shell(stage: Stage, *, half: float, tall: float, length: float) -> None:
    """Floor, ceiling and walls of a room, each a little longer than seen, so that no seam shows."""
    rng, library = stage.rng, stage.library
    more, start = 0.4, -1.5
    wall = surface(library, side=TILE, rng=rng)
    if rng.random() < 0.6:  # most walls are plain
        wall = 0.1 * wall + 0.9 * library.colour(rng, darkest=0.25, brightest=0.85)
    holes: build.Holes = ()
    if rng.random() < 0.45:  # a window in the far wall: outside is far and bright
        middle, wide = rng.uniform(0.25, 0.75), rng.uniform(0.08, 0.22)
        holes = ((middle - wide, rng.uniform(0.2, 0.35), middle + wide, rng.uniform(0.5, 0.75)),)
        outside = library.surroundings(size=stage.camera.canvas, rng=rng)
        strength = np.exp(rng.uniform(np.log(1.5), np.log(12)))
        build.backdrop(stage, outside * np.float32(strength), distance_m=rng.uniform(20, 200))
    deep = length - start
    level = rng.uniform(0.15, 0.45) if stage.night else rng.uniform(0.6, 1.1)
    light = [build.uneven(rng, level=level * factor, contrast=0.2) for factor in rng.uniform(0.6, 1.2, 5)]
    back = Plane(vec(-half - more, -tall - more, length), vec(2 * half + 2 * more, 0, 0), vec(0, tall + 2 * more, 0))
    build.flat(stage, back, wall, tile_m=rng.uniform(0.5, 2), holes=holes, shade=light[0])
    floor = Plane(vec(-half - more, 0, start), vec(2 * half + 2 * more, 0, 0), vec(0, 0, deep))
    build.flat(stage, floor, surface(library, side=TILE, rng=rng), tile_m=rng.uniform(0.4, 2.5), shade=light[1])
    top = Plane(vec(-half - more, -tall, start), vec(2 * half + 2 * more, 0, 0), vec(0, 0, deep))
    white = np.full((8, 8, 3), rng.uniform(0.4, 0.85), np.float32)
    build.flat(stage, top, white, tile_m=1.0, shade=light[2])
    for number, x in ((3, -half), (4, half)):
        side = Plane(vec(x, -tall, start), vec(0, 0, deep), vec(0, tall, 0))
        build.flat(stage, side, wall, tile_m=rng.uniform(0.5, 2), shade=light[number])
    hang(stage, half=half, tall=tall, length=length)


def hang(stage: Stage, *, half: float, tall: float, length: float) -> None:
    """Pictures, doors and white sheets on the walls; lamps on the ceiling."""
    rng = stage.rng
    for _ in range(int(rng.integers(0, 5))):
        wide, high = rng.uniform(0.3, 1.3), rng.uniform(0.3, 1.1)
        y = -rng.uniform(0.9, max(1.0, tall - high)) - high / 2
        picture = stage.library.whole(size=(48, 40), rng=rng)
        if rng.random() < 0.25:
            picture = np.full((4, 4, 3), rng.uniform(0.7, 1.3), np.float32)  # paper, a white board
        if rng.random() < 0.5:
            plane = Plane(vec(rng.uniform(-half, half - wide), y, length - 0.01), vec(wide, 0, 0), vec(0, high, 0))
        else:
            z, side = rng.uniform(0.5, max(0.6, length - wide)), rng.choice([-1, 1])
            plane = Plane(vec(side * (half - 0.01), y, z), vec(0, 0, wide), vec(0, high, 0))
        build.decal(stage, plane, np.asarray(picture * np.float32(0.3 if stage.night else 0.9), np.float32))
    for _ in range(int(rng.integers(0, 5))):
        wide, deep = rng.uniform(0.15, 0.6), rng.uniform(0.15, 1.2)
        place = vec(rng.uniform(-half + wide, half - wide), -tall + 0.01, rng.uniform(0.8, length - deep))
        glow = np.full((4, 4, 3), rng.uniform(5, 60), np.float32) * np.array([1, 0.9, 0.75], np.float32)
        build.decal(stage, Plane(place, vec(wide, 0, 0), vec(0, 0, deep)), glow)


def ceiling(stage: Stage) -> float:
    """Height of a room in metres: well above the camera."""
    return float(max(stage.rng.uniform(2.2, 3.5), 0.5 - stage.camera.place[1]))


def corridor(stage: Stage) -> None:
    """A long narrow room with doors."""
    rng = stage.rng
    half, tall, length = rng.uniform(0.9, 2.2), ceiling(stage), rng.uniform(8, 45)
    shell(stage, half=half, tall=tall, length=length)
    for _ in range(int(rng.integers(1, 9))):
        side, z = rng.choice([-1, 1]), rng.uniform(1, length - 1)
        door = np.broadcast_to(stage.library.colour(rng, darkest=0.05), (8, 8, 3)).astype(np.float32)
        build.decal(stage, Plane(vec(side * (half - 0.01), -2.0, z), vec(0, 0, 0.9), vec(0, 2.0, 0)), door)
    scatter(stage, near=1.2, far=length - 0.5, count=int(rng.integers(1, 5)), half=half - 0.4)


def room(stage: Stage) -> None:
    """A room with furniture, people and lamps."""
    rng = stage.rng
    half, tall, length = rng.uniform(1.8, 4.5), ceiling(stage), rng.uniform(3, 9)
    shell(stage, half=half, tall=tall, length=length)
    for _ in range(int(rng.integers(1, 6))):
        size = (rng.uniform(0.4, 2.0), rng.uniform(0.3, 1.9), rng.uniform(0.35, 0.9))
        z = rng.uniform(1.6, length - size[2] / 2 - 0.05)
        x = float(np.clip(rng.normal(0, half), -half + size[0] / 2, half - size[0] / 2))
        build.block(stage, vec(x, 0, z), size=size, heading=rng.normal(0, 0.2), texture=small_indoor(stage))
    scatter(stage, near=1.0, far=length - 0.6, count=int(rng.integers(1, 5)), half=half - 0.4)
    for _ in range(int(rng.integers(0, 4))):
        place = vec(rng.uniform(-half, half), -rng.uniform(0.6, tall - 0.2), rng.uniform(1.0, length - 0.2))
        tint = np.array([1.0, rng.uniform(0.6, 1), rng.uniform(0.3, 1)], np.float32)
        radiance = float(np.exp(rng.uniform(np.log(4), np.log(120))))
        build.lamp(stage, place, radius_m=rng.uniform(0.02, 0.14), radiance=radiance, colour=tint)


def table(stage: Stage) -> None:
    """Things on a table top close to us, the room behind out of reach."""
    rng, camera = stage.rng, stage.camera
    shell_camera_drop = 0.75  # the table top is y = 0, the floor of the room lies below
    behind(stage, drop=shell_camera_drop)
    wide, deep = rng.uniform(0.7, 2.0), rng.uniform(0.7, 1.6)
    texture = surface(stage.library, side=TILE, rng=rng)
    level = rng.uniform(0.2, 0.5) if stage.night else rng.uniform(0.6, 1.1)
    top = Plane(vec(-wide / 2, 0, -0.2), vec(wide, 0, 0), vec(0, 0, deep + 0.2))
    build.flat(stage, top, texture, tile_m=rng.uniform(0.15, 0.8), shade=build.uneven(rng, level=level, contrast=0.12))
    reach = 0.5 * camera.canvas[0] / camera.focal_px
    for _ in range(int(rng.integers(2, 9))):
        z = rng.uniform(0.3, deep - 0.05)
        foot = vec(float(np.clip(rng.uniform(-1, 1) * (z + 0.2) * reach, -wide / 2, wide / 2)), 0, z)
        tall, kind = rng.uniform(0.05, 0.28), rng.random()
        rows = stage.rows_of(tall, max(stage.depth_of(foot), 0.2))
        subject = cut.subject(stage.library, rows=rows, rng=rng) if kind < 0.4 else None
        if subject is not None:
            build.stand(stage, dimmed(stage, subject), foot, height_m=tall)
        elif kind < 0.45:
            build.stand(stage, dimmed(stage, cut.blob(stage.library, rows=rows, rng=rng)), foot, height_m=tall)
        elif kind < 0.52:
            bowl(stage, foot, height_m=tall)
        elif kind < 0.6:
            build.stand(stage, dimmed(stage, cut.plant(stage.library, rows=rows, rng=rng)), foot, height_m=tall)
        else:
            size = (rng.uniform(0.05, 0.25), rng.uniform(0.02, 0.25), rng.uniform(0.05, 0.2))
            build.block(stage, foot, size=size, heading=rng.uniform(0, 1.57), texture=small_indoor(stage))


def behind(stage: Stage, *, drop: float) -> None:
    """What lies beyond a table: a wall, a view, or a patch of something far."""
    rng = stage.rng
    distance = float(np.exp(rng.uniform(np.log(1.8), np.log(12))))
    kind = "near" if rng.random() < 0.2 else "far"
    texture = stage.library.patch(kind, size=stage.camera.canvas, rng=rng)
    if rng.random() < 0.3:
        texture = stage.library.surroundings(size=stage.camera.canvas, rng=rng)
    build.backdrop(stage, texture * np.float32(0.3 if stage.night else 1.0), distance_m=distance + 2.5)
    plane = Plane(vec(-20, drop, -1), vec(40, 0, 0), vec(0, 0, distance + 1))
    build.flat(stage, plane, surface(stage.library, side=TILE, rng=rng), tile_m=1.0)
