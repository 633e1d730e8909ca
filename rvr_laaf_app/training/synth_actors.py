"""Who and what stands in composed scenes: people, animals, plants, boxes, fences, lamps; a portrait; things before us.

Lengths are in metres and of the real size of such things. Which place they stand in is said elsewhere.
"""

from __future__ import annotations

import cv2
import numpy as np

from rvr_laaf_app.training import synth_cutouts as cut
from rvr_laaf_app.training import synth_figures as figures
from rvr_laaf_app.training import synth_stage as build
from rvr_laaf_app.training.synth_draw import Piece
from rvr_laaf_app.training.synth_geometry import Array
from rvr_laaf_app.training.synth_stage import Stage
from rvr_laaf_app.training.synth_textures import Light, surface

TILE = 128


def vec(x: float, y: float, z: float) -> Array:
    """A place or direction."""
    return np.array([x, y, z], np.float64)


def small(stage: Stage, side: int) -> Light:
    """A texture for a box, darker at night."""
    texture = surface(stage.library, side=side, rng=stage.rng)
    return texture * np.float32(0.06 if stage.night else 1.0)


def small_indoor(stage: Stage) -> Light:
    """A texture for furniture."""
    return surface(stage.library, side=TILE // 2, rng=stage.rng) * np.float32(0.5 if stage.night else 1.0)


def scatter(stage: Stage, *, near: float, far: float, count: int, half: float | None = None) -> None:
    """Stand things about: mostly people, at distances spread evenly in their logarithm."""
    rng, camera = stage.rng, stage.camera
    reach = 0.5 * camera.canvas[0] / camera.focal_px
    for _ in range(count):
        z = float(np.exp(rng.uniform(np.log(near), np.log(max(far, near * 1.1)))))
        x = rng.uniform(-1.05, 1.05) * z * reach
        if half is not None:
            x = float(np.clip(x, -half, half))
        put_one(stage, vec(x, 0, z))


def put_one(stage: Stage, foot: Array) -> None:
    """One thing on the ground."""
    rng, library = stage.rng, stage.library
    kind, z = rng.random(), max(stage.depth_of(foot), 0.3)
    if kind >= 0.9:
        size = (rng.uniform(0.3, 1.2), rng.uniform(0.3, 1.1), rng.uniform(0.3, 0.9))
        build.block(stage, foot, size=size, heading=rng.uniform(0, 1.57), texture=small(stage, TILE // 2))
        return
    if kind >= 0.85:
        bowl(stage, foot, height_m=rng.uniform(0.15, 0.7))
        return
    made: cut.Cutout | None
    if kind < 0.4:
        tall = float(rng.normal(1.7, 0.1)) if rng.random() < 0.85 else rng.uniform(0.9, 1.4)
        made = figures.person(library, rows=stage.rows_of(tall, z), rng=rng)
    elif kind < 0.62:
        # Not larger than it was in its photograph: what is near must not be known by its blur.
        tall = min(rng.uniform(0.4, 1.8), 0.7 * min(stage.camera.size[1], 260) / stage.camera.focal_px * z)
        made = cut.subject(library, rows=stage.rows_of(tall, z), rng=rng)
    elif kind < 0.7:
        tall = rng.uniform(0.3, 1.3)
        made = cut.animal(library, rows=stage.rows_of(tall, z), rng=rng)
    elif kind < 0.8:
        tall = rng.uniform(0.5, 5.0) if z > 4 else rng.uniform(0.3, 1.5)
        made = cut.plant(library, rows=stage.rows_of(tall, z), rng=rng)
    else:
        tall = rng.uniform(0.3, 1.6)
        made = cut.blob(library, rows=stage.rows_of(tall, z), rng=rng)
    if made is not None:
        build.stand(stage, dimmed(stage, made), foot, height_m=tall, heading=rng.normal(0, 0.15))


def bowl(stage: Stage, foot: Array, *, height_m: float) -> None:
    """A ball on the ground or table."""
    rows = stage.rows_of(height_m, max(stage.depth_of(foot), 0.2))
    made = dimmed(stage, cut.ball(stage.library, rows=rows, rng=stage.rng))
    owner = stage.next_owner()
    build.ground_shadow(stage, made, foot, height_m=height_m, owner=owner)
    build.hover(stage, made, foot - vec(0, height_m / 2, 0), height_m=height_m, owner=owner)


def dimmed(stage: Stage, made: cut.Cutout) -> cut.Cutout:
    """The cut-out in the light of the place."""
    level = stage.rng.uniform(0.015, 0.1) if stage.night else stage.rng.uniform(0.7, 1.2)
    rgba = made.rgba.copy()
    rgba[..., :3] *= np.float32(level)
    return cut.Cutout(rgba, made.relief, made.aspect)


def fence(stage: Stage, *, distance: float) -> None:
    """A railing across, nearer on one side."""
    rng = stage.rng
    tall, aspect = rng.uniform(0.8, 1.3), rng.uniform(5, 9)
    made = cut.fence(stage.library, rows=stage.rows_of(tall, distance), aspect=aspect, rng=rng)
    build.stand(
        stage, dimmed(stage, made), vec(rng.normal(0, 1), 0, distance), height_m=tall, heading=rng.normal(0, 0.3)
    )


def lights(stage: Stage, *, near: float, far: float, half: float = 6.0) -> None:
    """Lamps of a night scene: on poles, in strings, and far ones."""
    rng = stage.rng
    for _ in range(int(rng.integers(1, 9))):
        z = float(np.exp(rng.uniform(np.log(near), np.log(far))))
        tint = (
            np.array([1.0, rng.uniform(0.5, 1), rng.uniform(0.15, 1)])
            if rng.random() < 0.8
            else rng.uniform(0.05, 1, 3)
        )
        place = vec(rng.uniform(-half, half), -rng.uniform(0.4, 5), z)
        radiance = float(np.exp(rng.uniform(np.log(5), np.log(200))))
        build.lamp(stage, place, radius_m=rng.uniform(0.03, 0.2), radiance=radiance, colour=tint.astype(np.float32))
    if rng.random() < 0.4:
        start, end = vec(-half, -rng.uniform(2.2, 4), near), vec(half, -rng.uniform(2.2, 4), min(far, near + 9))
        count = int(rng.integers(5, 25))
        build.string_of_lights(stage, start, end, bulbs=count, radiance=rng.uniform(8, 100))


def portrait(stage: Stage) -> None:
    """One or two people close before us, seen to the chest or knees: cut out of photographs, or drawn."""
    rng, camera = stage.rng, stage.camera
    for _ in range(1 if rng.random() < 0.75 else 2):
        z = rng.uniform(0.6, 2.2)
        if rng.random() < 0.65 and close_up(stage, z=z):
            continue
        tall = float(-camera.place[1] + rng.uniform(0.0, 0.25)) if rng.random() < 0.7 else 1.7
        tall = float(np.clip(tall, 1.0, 2.0))
        made = figures.person(stage.library, rows=stage.rows_of(tall, z), rng=rng)
        x = rng.uniform(-0.35, 0.35) * camera.canvas[0] / camera.focal_px * z
        build.stand(stage, dimmed(stage, made), vec(x, 0, z), height_m=tall, heading=rng.normal(0, 0.1))


def close_up(stage: Stage, *, z: float) -> bool:
    """A subject that a photograph's lower border cut off, cut off by ours too: above the ground, at distance `z`."""
    rng, camera = stage.rng, stage.camera
    width, height = camera.size
    below = camera.axes[2] + (height / 2 + 2) / camera.focal_px * camera.axes[1]
    if below[1] > 0:  # the ground must not stand before it
        z = min(z, 0.9 * float(-camera.place[1] / below[1]))
    share = rng.uniform(0.45, 1.0)
    made = cut.subject(stage.library, rows=round(share * height), rng=rng, bust=True)
    if made is None:
        return False
    tall = share * height / camera.focal_px * z
    x = rng.uniform(-0.3, 0.3) * width / camera.focal_px * z
    middle = camera.place + z * below + x * camera.axes[0] - tall / 2 * camera.axes[1]
    build.hover(stage, dimmed(stage, made), middle, height_m=tall, owner=stage.next_owner())
    return True


def twig(rng: np.random.Generator, size: tuple[int, int]) -> Array:
    """A bent line [40, 2] that grows into the picture from one of its sides, in pixels."""
    heading = rng.uniform(0, 2 * np.pi)
    start = (0.5 - 0.62 * np.array([np.cos(heading), np.sin(heading)])) * size
    turns = heading + np.cumsum(rng.normal(0, 0.12, 40))
    step = rng.uniform(0.005, 0.02) * size[0]
    line: Array = start + np.cumsum(np.stack([np.cos(turns), np.sin(turns)], -1), axis=0) * step
    return line


def foreground(stage: Stage) -> None:
    """Something thin and close before the camera: twigs, a cable, a grid."""
    rng, camera = stage.rng, stage.camera
    distance = rng.uniform(0.25, 1.0)
    columns, rows = camera.canvas
    mask = np.zeros((rows, columns), np.uint8)
    for _ in range(int(rng.integers(1, 6))):
        line = twig(rng, (columns, rows))
        cv2.polylines(mask, [np.rint(line * 16).astype(np.int32)], False, 255, int(rng.integers(1, 5)), cv2.LINE_AA, 4)
        for place in line[:: int(rng.integers(3, 12))]:
            axes = round(rng.uniform(2, 9) * 16), round(rng.uniform(1, 4) * 16)
            centre = np.rint((place + rng.normal(0, 4, 2)) * 16).astype(int)
            angle = rng.uniform(0, 180)
            cv2.ellipse(mask, (centre[0], centre[1]), axes, angle, 0, 360, 255, -1, cv2.LINE_AA, 4)
    alpha = mask.astype(np.float32)[..., None] / 255
    colour = stage.library.colour(rng, darkest=0.01, brightest=0.4) * np.float32(0.05 if stage.night else 1)
    texture = np.concatenate([alpha * colour, alpha], axis=2).astype(np.float32)
    stage.things.append((distance, [Piece(build.screen(camera, distance), texture)]))
