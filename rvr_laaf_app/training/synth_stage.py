"""Building blocks of composed scenes: grounds, walls, backdrops, boxes, standing cut-outs with shadows, lamps, wires.

Everything is placed in metres and stands where it seems to stand. Which things make up which place is said elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from rvr_laaf_app.training.synth_cutouts import Cutout
from rvr_laaf_app.training.synth_draw import BACK, BASE, Light, Piece
from rvr_laaf_app.training.synth_geometry import Array, Camera, Plane, facing
from rvr_laaf_app.training.synth_textures import SceneLibrary, noise

SKY_M = 20000.0
Holes = tuple[tuple[float, float, float, float], ...]


@dataclass(slots=True)
class Stage:
    """A scene while it is built: pieces by role, and what they share.

    `sun` (x, z) is where shadows fall, per metre of height; `shadow` 0..1 how dark; `haze` per metre and its colour.
    """

    library: SceneLibrary
    camera: Camera
    rng: np.random.Generator
    back: list[Piece] = field(default_factory=list)
    base: list[Piece] = field(default_factory=list)
    things: list[tuple[float, list[Piece]]] = field(default_factory=list)
    sun: tuple[float, float] = (0.5, 0.5)
    shadow: float = 0.5
    haze: float = 0.0
    haze_colour: tuple[float, float, float] = (0.5, 0.55, 0.6)
    night: bool = False
    owners: int = 0

    def pieces(self) -> list[Piece]:
        """All pieces from far to near."""
        ordered = sorted(self.things, key=lambda thing: -thing[0])
        return [*self.back, *self.base, *(piece for _, group in ordered for piece in group)]

    def next_owner(self) -> int:
        """A number for the next thing that may move by itself."""
        self.owners += 1
        return self.owners

    def rows_of(self, height_m: float, distance_m: float) -> int:
        """About how many pixels a thing of this height takes up at this distance."""
        return max(4, round(self.camera.focal_px * height_m / max(distance_m, 0.05)))

    def depth_of(self, place: Array) -> float:
        """Distance of a place along the optical axis."""
        return float(self.camera.axes[2] @ (place - self.camera.place))


def screen(camera: Camera, distance_m: float, *, larger: float = 1.0) -> Plane:
    """The rectangle across the line of sight at this distance that just fills the canvas (times `larger`)."""
    width, height = (side / camera.focal_px * distance_m * larger for side in camera.canvas)
    across, down = width * camera.axes[0], height * camera.axes[1]
    return Plane(camera.place + distance_m * camera.axes[2] - across / 2 - down / 2, across, down)


def backdrop(stage: Stage, texture: Light, *, distance_m: float = SKY_M) -> None:
    """Fill the picture with something far."""
    stage.back.append(Piece(screen(stage.camera, distance_m, larger=1.25), texture, role=BACK))


def sky(stage: Stage) -> None:
    """A sky: a view into an HDR map, or a gradient with clouds, dark at night."""
    rng, size = stage.rng, stage.camera.canvas
    if rng.random() < 0.3 and not stage.night:
        backdrop(stage, stage.library.surroundings(size=size, rng=rng))
        return
    small = max(8, size[0] // 2), max(8, size[1] // 2)
    top, low = np.array([0.12, 0.25, 0.6]), np.array([0.55, 0.65, 0.8])
    if rng.random() < 0.4:
        top = low = np.full(3, 0.8) * rng.uniform(0.9, 1.1, 3)
    if rng.random() < 0.2:
        low = np.array([1.0, 0.5, 0.25])
    share = np.linspace(0, 1, small[1])[:, None, None] ** rng.uniform(0.5, 2)
    light = np.broadcast_to(top + (low - top) * share, (small[1], small[0], 3)).astype(np.float32).copy()
    if rng.random() < 0.6:
        cloud = np.clip(0.5 * noise(small, rng=rng, coarsest=3, octaves=5) + rng.uniform(-0.6, 0.5), 0, 1)
        light += cloud[..., None] * (np.float32(rng.uniform(0.6, 1.8)) - light)
    strength = rng.uniform(0.003, 0.03) if stage.night else np.exp(rng.uniform(np.log(0.6), np.log(4.0)))
    light *= np.float32(strength)
    if not stage.night and rng.random() < 0.12:  # the sun itself
        spot = (int(rng.uniform(0.1, 0.9) * small[0]), int(rng.uniform(0.02, 0.4) * small[1]))
        disc = np.zeros((small[1], small[0]), np.float32)
        cv2.circle(disc, spot, max(1, small[0] // 60), 1.0, -1, cv2.LINE_AA)
        light += (disc * 300 + cv2.GaussianBlur(disc, (0, 0), small[0] / 15) * 25)[..., None]
    backdrop(stage, light)


def skyline(stage: Stage, *, distance_m: float, height_m: float) -> None:
    """Trees, houses or hills across the whole picture at this distance, of something that was far in a photograph."""
    rng, camera = stage.rng, stage.camera
    width_m = 2.6 * camera.canvas[0] / camera.focal_px * distance_m
    columns, rows = camera.canvas[0], int(np.clip(stage.rows_of(height_m, distance_m), 6, camera.canvas[1]))
    top = noise((columns, 1), rng=rng, coarsest=8, octaves=6)[0] * 0.25
    if rng.random() < 0.4:  # roofs
        steps = max(3, columns // int(rng.integers(8, 30)))
        top = np.repeat(rng.uniform(-0.5, 0.5, steps), -(-columns // steps))[:columns]
    rim = (0.35 - 0.6 * top).clip(0.02, 0.9) * rows
    alpha = np.clip(np.arange(rows)[:, None] - rim + 0.5, 0, 1).astype(np.float32)
    far = stage.library.patch("far", size=(columns, rows), rng=rng)
    if rng.random() < 0.5:
        far = far * 0.3 + stage.library.colour(rng, darkest=0.03, brightest=0.4) * 0.7
    light = far * np.float32((0.03 if stage.night else 1.0) * rng.uniform(0.5, 1.2))
    foot = np.array([0.0, 0.0, distance_m])
    texture = np.dstack([light * alpha[..., None], alpha]).astype(np.float32)
    plane = facing(foot, width=width_m, height=height_m)
    stage.back.append(Piece(plane, texture, role=BACK))


def flat(
    stage: Stage, plane: Plane, texture: Light, *, tile_m: float, holes: Holes = (), shade: Light | None = None
) -> None:
    """Add a ground or wall whose texture repeats every `tile_m` metres."""
    tiles = float(np.linalg.norm(plane.across)) / tile_m, float(np.linalg.norm(plane.down)) / tile_m
    stage.base.append(Piece(plane, texture, role=BASE, tiles=tiles, holes=holes, shade=shade))


def uneven(rng: np.random.Generator, *, level: float = 1.0, contrast: float = 0.3) -> Light:
    """Slowly changing light over a wall or ground [n, m]."""
    rows, columns = int(rng.integers(4, 12)), int(rng.integers(4, 12))
    cloud = noise((columns, rows), rng=rng, coarsest=3, octaves=2)
    return np.clip(level * (1 + contrast * cloud), 0.1 * level, 3 * level).astype(np.float32)


def decal(stage: Stage, plane: Plane, texture: Light, *, owner: int = 0) -> None:
    """Paint on a ground or wall: a poster, a marking, a shadow."""
    stage.base.append(Piece(plane, texture, role=BASE, solid=False, owner=owner))


def stand(stage: Stage, cutout: Cutout, foot: Array, *, height_m: float, heading: float = 0.0) -> None:
    """Put a cut-out on the ground (or table) at `foot`, with its shadow."""
    plane = facing(foot, width=height_m * cutout.aspect, height=height_m, heading=heading)
    owner = stage.next_owner()
    ground_shadow(stage, cutout, foot, height_m=height_m, owner=owner)
    piece = Piece(plane, cutout.rgba, relief=cutout.relief * np.float32(height_m), owner=owner)
    stage.things.append((stage.depth_of(foot), [piece]))


def hover(stage: Stage, cutout: Cutout, centre: Array, *, height_m: float, owner: int = 0) -> None:
    """Put a cut-out with its middle at `centre`, square to the line of sight (a ball looks round from everywhere)."""
    across, down = height_m * cutout.aspect * stage.camera.axes[0], height_m * stage.camera.axes[1]
    plane = Plane(centre - across / 2 - down / 2, across, down)
    relief = cutout.relief * np.float32(height_m)
    stage.things.append((stage.depth_of(centre), [Piece(plane, cutout.rgba, relief=relief, owner=owner)]))


def ground_shadow(stage: Stage, cutout: Cutout, foot: Array, *, height_m: float, owner: int = 0) -> None:
    """The shadow of a cut-out: its outline laid down along the light, and the dark patch right under it."""
    if stage.shadow <= 0:
        return
    alpha = cv2.resize(cutout.rgba[..., 3], (64, 64), interpolation=cv2.INTER_AREA)
    width = height_m * cutout.aspect
    across = np.array([width, 0.0, 0.0])
    if stage.sun != (0.0, 0.0):
        away = np.array([stage.sun[0], 0.0, stage.sun[1]]) * height_m
        soft = cv2.GaussianBlur(np.pad(alpha, ((4, 0), (4, 4))), (0, 0), 1.0) * stage.shadow
        wide = across * 72 / 64
        tall = away * 68 / 64
        decal(stage, Plane(foot + tall - wide / 2, wide, -tall), _dark(soft), owner=owner)
    y, x = np.mgrid[-1:1:24j, -1:1:24j].astype(np.float32)
    round_patch = np.clip(1 - np.hypot(x, y), 0, 1) ** 1.5 * min(1.0, 0.4 + stage.shadow)
    deep = np.array([0.0, 0.0, 0.5 * width])
    wide = 1.1 * across
    decal(stage, Plane(foot + deep / 2 - wide / 2, wide, -deep), _dark(round_patch), owner=owner)


def _dark(alpha: Light) -> Light:
    rgba = np.zeros((*alpha.shape, 4), np.float32)
    rgba[..., 3] = alpha
    return rgba


def block(
    stage: Stage, foot: Array, *, size: tuple[float, float, float], heading: float, texture: Light, lift: float = 0.0
) -> None:
    """A box (width, height, depth in metres) standing on `foot` or `lift` above it, turned about the vertical."""
    width, height, deep = size
    rng = stage.rng
    right = np.array([np.cos(heading), 0.0, np.sin(heading)])
    back = np.array([-np.sin(heading), 0.0, np.cos(heading)])
    up = np.array([0.0, -1.0, 0.0])
    middle = foot + up * (lift + height / 2)
    faces = [
        (-back, right * width, -up * height, deep),
        (back, -right * width, -up * height, deep),
        (right, back * deep, -up * height, width),
        (-right, -back * deep, -up * height, width),
        (up, right * width, -back * deep, height),
        (-up, right * width, back * deep, height),
    ]
    owner = stage.next_owner()
    light = np.array([rng.normal(), -1.5, rng.normal()])
    light /= np.linalg.norm(light)
    pieces = []
    for normal, across, down, thick in faces:
        centre = middle + normal * thick / 2
        shade = np.full((2, 2), 0.55 + 0.5 * max(float(normal @ light), 0.0), np.float32)
        shade[1] *= 0.85
        plane = Plane(centre - across / 2 - down / 2, across, down)
        side = max(width, height, deep)
        tiles = float(np.linalg.norm(across)) / side, float(np.linalg.norm(down)) / side
        pieces.append(Piece(plane, texture, tiles=tiles, shade=shade, body=owner, owner=owner))
    if lift == 0:
        _block_shadow(stage, foot, right * width, back * deep, owner=owner)
    stage.things.append((stage.depth_of(foot), pieces))


def _block_shadow(stage: Stage, foot: Array, across: Array, deep: Array, *, owner: int) -> None:
    soft = cv2.GaussianBlur(np.pad(np.ones((20, 20), np.float32), 10), (0, 0), 4.0) * (0.3 + 0.6 * stage.shadow)
    wide, far = across * 1.8, deep * 1.8
    push = 0.12 * np.array([stage.sun[0], 0, stage.sun[1]]) * float(np.linalg.norm(across))
    decal(stage, Plane(foot - wide / 2 + far / 2 + push, wide, -far), _dark(soft), owner=owner)


def lamp(stage: Stage, place: Array, *, radius_m: float, radiance: float, colour: Light) -> None:
    """A small strong light, round, with a soft rim."""
    side = int(np.clip(2 * stage.rows_of(radius_m, stage.depth_of(place)), 5, 64))
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    alpha = np.clip((1 - np.hypot(x, y)) * side / 2 + 0.5, 0, 1)
    rgb = alpha[..., None] * colour * np.float32(radiance)
    plane = facing(place + np.array([0, radius_m, 0]), width=2 * radius_m, height=2 * radius_m)
    stage.things.append((stage.depth_of(place), [Piece(plane, np.dstack([rgb, alpha]).astype(np.float32))]))


def pole(stage: Stage, foot: Array, *, height_m: float, width_m: float, colour: Light) -> None:
    """An upright pole, round by its shading."""
    across = np.linspace(-1, 1, 12, dtype=np.float32)
    shade = 0.4 + 0.7 * np.sqrt(np.maximum(1 - (across - 0.3) ** 2 / 1.8, 0))
    texture = np.broadcast_to(colour * shade[None, :, None], (16, 12, 3)).astype(np.float32)
    relief = np.broadcast_to(width_m / 2 * np.sqrt(np.maximum(1 - across**2, 0)), (16, 12)).astype(np.float32)
    plane = facing(foot, width=width_m, height=height_m)
    cover = Cutout(np.dstack([texture, np.ones((16, 12), np.float32)]), relief, width_m / height_m)
    ground_shadow(stage, cover, foot, height_m=height_m)
    stage.things.append((stage.depth_of(foot), [Piece(plane, texture, relief=relief, tiles=(1.0, 1.0))]))


def string_of_lights(stage: Stage, start: Array, end: Array, *, bulbs: int, radiance: float) -> None:
    """A sagging wire between two places with bulbs on it: one slanted plane, as thin as it should be."""
    rng = stage.rng
    span = end - start
    sag = rng.uniform(0.05, 0.2) * float(np.linalg.norm(span))
    height_m = 2 * sag + 0.2
    nearest = max(0.3, min(stage.depth_of(start), stage.depth_of(end)))
    scale = stage.camera.focal_px / nearest
    columns = int(np.clip(float(np.linalg.norm(span)) * scale, 48, 900))
    rows = int(np.clip(height_m * scale, 24, 300))
    t = np.linspace(0, 1, 60)
    line = np.stack([t * (columns - 1), (4 * sag * t * (1 - t) + 0.08) / height_m * rows], -1)
    mask = np.zeros((rows, columns), np.uint8)
    cv2.polylines(mask, [np.rint(line * 16).astype(np.int32)], False, 255, 1, cv2.LINE_AA, 4)
    wire = mask.astype(np.float32) / 255 * np.float32(min(1.0, 0.012 * scale))
    rgba = np.dstack([np.zeros((rows, columns, 3), np.float32) + 0.01 * wire[..., None], wire])
    tint = np.array([1.0, rng.uniform(0.5, 0.95), rng.uniform(0.2, 0.9)], np.float32)
    for share in (np.arange(bulbs) + 0.5) / bulbs:
        x, y = share * (columns - 1), (4 * sag * share * (1 - share) + 0.12) / height_m * rows
        dot = np.zeros((rows, columns), np.uint8)
        radius = max(0.8, 0.03 * scale)
        cv2.circle(dot, (round(x * 16), round(y * 16)), round(radius * 16), 255, -1, cv2.LINE_AA, 4)
        lit = dot.astype(np.float32)[..., None] / 255
        if rng.random() < 0.15:
            tint = rng.uniform(0.1, 1.0, 3).astype(np.float32)
        rgba = rgba * (1 - lit) + lit * np.append(tint * np.float32(radiance), 1.0).astype(np.float32)
    down = np.array([0.0, height_m, 0.0])
    stage.things.append((max(stage.depth_of(start), 0.2), [Piece(Plane(start, span, down), rgba.astype(np.float32))]))
