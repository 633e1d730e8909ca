"""Random scenes seen through a physical thin lens at several focus distances, with their exact depth.

A scene is a far wall, sometimes a ground that rises to the eye, and small or large things at overlapping depths, each
a whole surface with its own texture, flat, slanted or round. Each surface is blurred by itself over its full extent in
linear light and laid over what is behind it, so that nothing has to be guessed at silhouettes (occlusion-aware; method
of the truth in Wang et al. 2018, DeepLens, section 4.2). Circle of confusion: Galim, Maximov, Leal-Taixe,
"Video depth estimation from defocus", c = A f |D - F| / (D (F - f)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import encode_transfer
from rvr_laaf_app.measure.dff_textures import PLAIN_SHARE, Light, Paint, drawn_texture, plain
from rvr_laaf_app.stack.reblur import disc

Things = Literal["small", "large"]
RAMPS, RAMP_FRAMES = 5, 5  # a sequence sweeps the focus five times, jumping back in between
MAX_SPEED_PX = 1.0  # of a thing, per frame; the camera pans up to as much, 1.5 times that for the nearest
COC_PX = (5.6, 17.6)  # widest disc of a sweep, whatever the size of the picture
WALL_PLACE = (-0.25, 0.02)  # disparity of the wall, in that of the focus range
_SLAB_PX = 0.9  # coc step between the slabs that a slanted surface is cut into
_SENSOR_SIGMA = 0.45  # px: what sensor and lens blur even in focus


@dataclass(frozen=True, slots=True)
class ThinLens:
    """The taking lens; px_per_mm is the pixel density of the sensor."""

    focal_length_mm: float
    f_number: float
    px_per_mm: float

    def coc_px(self, distance_m: NDArray[np.floating], focus_m: float) -> NDArray[np.float32]:
        """Diameter in pixels of the circle of confusion of points at these distances [any shape] in metres.

        c = A f |D - F| / (D (F - f)), A = f / N the diameter of the opening, f the focal length, F the focus distance.
        """
        f = self.focal_length_mm / 1000.0
        opening = f / self.f_number
        distance = np.asarray(distance_m, np.float64)
        c = opening * f * np.abs(distance - focus_m) / (distance * (focus_m - f))
        return np.asarray(c * 1000.0 * self.px_per_mm, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """rgba [H, W, 4] premultiplied linear light; place [H, W] disparity in that of the focus range; px per frame."""

    rgba: Light
    place: NDArray[np.float32]
    speed: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class FocalScene:
    """Surfaces far to near, the first of them the wall, drawn `margin` px beyond the picture on all sides.

    near_m, far_m: nearest and farthest focus distance of the sweeps; disparity 1 and 0.
    """

    surfaces: tuple[Surface, ...]
    lens: ThinLens
    near_m: float
    far_m: float
    size: tuple[int, int]
    margin: int
    moving: bool

    def distance(self, place: NDArray[np.floating] | float) -> NDArray[np.float64]:
        """Metres of disparities in that of the focus range."""
        return 1.0 / (1.0 / self.far_m + np.asarray(place, np.float64) * (1.0 / self.near_m - 1.0 / self.far_m))


@dataclass(frozen=True, slots=True, eq=False)
class FocalStack:
    """What a camera recorded of a scene in one sweep, and the truth.

    slices [n, h, w, 3] uint8 (sRGB), rising focus distance; focus_m [n]; places [n] the same as disparity, 1 to 0;
    disparity [h, w] 0..1 and depth [h, w] = metres / far_m, of slice n // 2 (where all stand still: of all);
    coc_px [n, h, w]: diameter of what each slice shows; known [h, w] bool: not the wall.
    """

    slices: NDArray[np.uint8]
    focus_m: NDArray[np.float32]
    places: NDArray[np.float32]
    disparity: NDArray[np.float32]
    depth: NDArray[np.float32]
    coc_px: NDArray[np.float32]
    known: NDArray[np.bool_]
    moving: bool
    near_share: float  # near_m / far_m
    gain_px: float  # disc diameter from one end of the focus range to the other

    def depth_of(self, disparity: NDArray[np.floating]) -> NDArray[np.float32]:
        """Depth in 0..1 (metres / far_m) of disparities 0..1 of the focus range."""
        return np.asarray(1.0 / (1.0 + np.clip(disparity, 0.0, 1.0) * (1.0 / self.near_share - 1.0)), np.float32)


def random_scene(
    rng: np.random.Generator,
    *,
    size: tuple[int, int] = (160, 160),
    things: Things = "small",
    moving: bool = False,
    paint: Paint = drawn_texture,
) -> FocalScene:
    """Return a scene for pictures of this size (width, height)."""
    near_m = float(rng.uniform(0.25, 0.8))
    far_m = near_m * float(np.exp(rng.uniform(np.log(1.6), np.log(5.0))))
    width = size[0]
    coc = float(rng.uniform(*COC_PX))  # of the farthest seen with the focus on the nearest
    focal_m = float(rng.uniform(0.004, 0.05))
    f_number, sensor_m = float(rng.choice([1.4, 1.8, 2.0, 2.8, 4.0])), 1.0
    raw = ThinLens(1000 * focal_m, f_number, width / (1000 * sensor_m))
    at_full = float(raw.coc_px(np.array(far_m), near_m))
    lens = ThinLens(1000 * focal_m, f_number, raw.px_per_mm * coc / at_full)
    margin = int(np.ceil(0.75 * coc)) + 2
    full = size[0] + 2 * margin, size[1] + 2 * margin
    pan = _speed(rng) if moving else (0.0, 0.0)
    surfaces = [_wall(rng, full, paint, pan)]
    if rng.random() < 0.5:
        surfaces.append(_ground(rng, full, paint, pan))
    count = int(rng.integers(10, 24)) if things == "small" else int(rng.integers(3, 9))
    places = np.sort(rng.uniform(0.0, 1.0, count))
    for place in places:
        surfaces.append(_thing(rng, full, paint, float(place), things, pan if moving else None))
    return FocalScene(tuple(surfaces), lens, near_m, far_m, size, margin, moving)


def ramp_distances(scene: FocalScene, rng: np.random.Generator, *, frames: int = RAMP_FRAMES) -> NDArray[np.float32]:
    """Rising focus distances [n] in metres from the nearest to the farthest, about even in inverse distance."""
    step = 1.0 / (frames - 1)
    places = np.linspace(1.0, 0.0, frames)
    places[1:-1] += rng.uniform(-0.25, 0.25, frames - 2) * step
    return np.asarray(scene.distance(places), np.float32)


def focal_stack(
    scene: FocalScene, focus_m: NDArray[np.floating], rng: np.random.Generator, *, ramp: int = 0
) -> FocalStack:
    """Record one sweep at these focus distances [n]; `ramp`: the how manieth of a moving sequence."""
    noise = float(np.exp(rng.uniform(np.log(0.0005), np.log(0.008))))
    middle = len(focus_m) // 2
    slices, cocs = [], []
    disparity = known = None
    for index, focus in enumerate(focus_m):
        # The middle of the sequence is where things were drawn.
        time = ramp % RAMPS * RAMP_FRAMES + index - RAMPS * RAMP_FRAMES // 2 if scene.moving else 0
        surfaces = [_moved(surface, time) for surface in scene.surfaces] if time else list(scene.surfaces)
        light = _seen(scene, surfaces, float(focus))
        slices.append(_recorded(light, rng, noise))
        place, seen = _depth_of(scene, surfaces)
        cocs.append(scene.lens.coc_px(scene.distance(np.maximum(place, -0.5)), float(focus)))
        if index == middle:
            disparity, known = place, seen
    assert disparity is not None
    assert known is not None
    inverse = 1.0 / np.asarray(focus_m, np.float64)
    places = (inverse - 1 / scene.far_m) / (1 / scene.near_m - 1 / scene.far_m)
    disparity = np.clip(disparity, 0.0, 1.0)
    return FocalStack(
        np.stack(slices),
        np.asarray(focus_m, np.float32),
        places.astype(np.float32),
        disparity,
        (scene.distance(disparity) / scene.far_m).astype(np.float32),
        np.stack(cocs),
        known,
        scene.moving,
        scene.near_m / scene.far_m,
        float(scene.lens.coc_px(np.array(scene.far_m), scene.near_m)),
    )


def random_stack(
    rng: np.random.Generator,
    *,
    size: tuple[int, int] = (160, 160),
    frames: int = 4,
    things: Things | None = None,
    moving: bool = False,
    paint: Paint = drawn_texture,
) -> FocalStack:
    """Return a sweep of a new random scene, small or large things by chance unless told."""
    chosen: Things = things or ("small" if rng.random() < 0.5 else "large")
    scene = random_scene(rng, size=size, things=chosen, moving=moving, paint=paint)
    return focal_stack(scene, ramp_distances(scene, rng, frames=frames), rng, ramp=int(rng.integers(RAMPS)))


def _speed(rng: np.random.Generator) -> tuple[float, float]:
    turn, speed = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 1.0) * MAX_SPEED_PX
    return float(speed * np.cos(turn)), float(speed * np.sin(turn))


def _wall(rng: np.random.Generator, full: tuple[int, int], paint: Paint, pan: tuple[float, float]) -> Surface:
    light = paint(rng, full)
    rgba = np.dstack([light, np.ones(light.shape[:2], np.float32)])
    place = np.full(light.shape[:2], rng.uniform(*WALL_PLACE), np.float32)
    return Surface(rgba, place, (0.5 * pan[0], 0.5 * pan[1]))


def _ground(rng: np.random.Generator, full: tuple[int, int], paint: Paint, pan: tuple[float, float]) -> Surface:
    """A ramp: disparity is linear in the picture, as that of every plane."""
    width, height = full
    light = paint(rng, full)
    horizon = rng.uniform(0.15, 0.6) * height
    far, near = rng.uniform(0.0, 0.25), rng.uniform(0.6, 1.0)
    y = np.arange(height, dtype=np.float32)[:, None] + np.zeros((1, width), np.float32)
    place = (far + (near - far) * (y - horizon) / (height - horizon)).astype(np.float32)
    alpha = np.clip(y - horizon + 0.5, 0, 1).astype(np.float32)
    return Surface(np.dstack([light * alpha[..., None], alpha]), np.maximum(place, np.float32(far)), pan)


def _thing(
    rng: np.random.Generator,
    full: tuple[int, int],
    paint: Paint,
    place: float,
    things: Things,
    pan: tuple[float, float] | None,
) -> Surface:
    span = rng.uniform(0.06, 0.22) if things == "small" else rng.uniform(0.25, 0.7)
    radius = 0.5 * span * min(full) + 2.0
    centre = rng.uniform(0.05, 0.95, 2) * np.array(full)
    alpha, u, v = _outline(rng, full, centre, radius)
    is_plain = rng.random() < PLAIN_SHARE
    light = _painted_box(rng, full, plain if is_plain else paint, centre, radius)
    # The tilt of a thing with nothing on it cannot be seen: such things stand parallel to the picture.
    kind = 1.0 if is_plain else rng.random()
    depth = np.full(alpha.shape, place, np.float32)
    if kind < 0.45:  # slanted
        tilt = rng.uniform(-0.25, 0.25, 2) * (1.0 if things == "large" else 0.4)
        depth += (tilt[0] * u + tilt[1] * v).astype(np.float32)
    elif kind < 0.65:  # round
        bulge = rng.uniform(0.05, 0.25) * (1.0 if things == "large" else 0.5)
        depth += (bulge * np.sqrt(np.clip(1 - u * u - v * v, 0, 1)) - bulge / 2).astype(np.float32)
    own = _speed(rng) if pan is not None and rng.random() < 0.7 else (0.0, 0.0)
    speed = (own[0] + pan[0] * (0.5 + place), own[1] + pan[1] * (0.5 + place)) if pan is not None else (0.0, 0.0)
    rgba = np.dstack([light * alpha[..., None], alpha]).astype(np.float32)
    return Surface(rgba, np.clip(depth, 0.0, 1.0).astype(np.float32), speed)


def _painted_box(
    rng: np.random.Generator, full: tuple[int, int], paint: Paint, centre: NDArray[np.float64], radius: float
) -> Light:
    """Texture only where the thing can be; it costs what its box costs."""
    width, height = full
    reach = int(np.ceil(1.7 * radius)) + 2
    x0, y0 = max(0, int(centre[0]) - reach), max(0, int(centre[1]) - reach)
    x1, y1 = min(width, int(centre[0]) + reach), min(height, int(centre[1]) + reach)
    light = np.zeros((height, width, 3), np.float32)
    light[y0:y1, x0:x1] = paint(rng, (x1 - x0, y1 - y0))
    return light


def _outline(
    rng: np.random.Generator, full: tuple[int, int], centre: NDArray[np.float64], radius: float
) -> tuple[Light, Light, Light]:
    """Return (cover [h, w], own coordinates u, v [h, w] in about -1..1) of a random shape."""
    y, x = np.mgrid[0 : full[1], 0 : full[0]].astype(np.float32)
    turn, flat = rng.uniform(0, np.pi), rng.uniform(0.5, 1.0)
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    u = (np.cos(turn) * dx + np.sin(turn) * dy) / np.float32(radius)
    v = (np.cos(turn) * dy - np.sin(turn) * dx) / np.float32(radius * flat)
    u, v = u.astype(np.float32), v.astype(np.float32)
    kind = rng.random()
    if kind < 0.3:
        inside = 1 - np.hypot(u, v)
    elif kind < 0.6:
        inside = 1 - np.maximum(np.abs(u), np.abs(v))
    elif kind < 0.75:  # a bar, or the slat of a fence
        inside = np.minimum(0.25 - np.abs(v), 1.6 - np.abs(u))
    else:  # a blob with lobes
        angle = np.arctan2(v, u)
        lobes = sum(rng.uniform(-0.2, 0.2) * np.cos(k * angle + rng.uniform(0, 6.3)) for k in range(2, 6))
        inside = 0.8 + lobes - np.hypot(u, v)
    return np.clip(inside * np.float32(radius) + 0.5, 0, 1).astype(np.float32), u, v


def _moved(surface: Surface, time: int) -> Surface:
    dx, dy = surface.speed[0] * time, surface.speed[1] * time
    if dx == 0 and dy == 0:
        return surface
    height, width = surface.place.shape
    shift = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
    whole = min(surface.rgba[-1, 0, 3], surface.rgba[-1, -1, 3]) == 1  # wall and ground go on beyond their border
    border = cv2.BORDER_REFLECT if whole else cv2.BORDER_CONSTANT
    rgba = cv2.warpAffine(surface.rgba, shift, (width, height), flags=cv2.INTER_LANCZOS4, borderMode=border)
    place = cv2.warpAffine(
        surface.place, shift, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    rgba = np.clip(rgba, 0.0, 1.0)
    rgba[..., :3] = np.minimum(rgba[..., :3], rgba[..., 3:])
    return Surface(np.asarray(rgba, np.float32), np.asarray(place, np.float32), surface.speed)


def _seen(scene: FocalScene, surfaces: list[Surface], focus_m: float) -> Light:
    """Linear light [h, w, 3] that reaches the sensor with the focus at `focus_m`."""
    out = np.zeros_like(surfaces[0].rgba)
    for surface in surfaces:
        blurred = _blurred(surface.rgba, scene.lens.coc_px(scene.distance(surface.place), focus_m), surface.place)
        out = blurred + out * (1 - blurred[..., 3:])
    light = out[..., :3] / np.maximum(out[..., 3:], 1e-3)
    m = scene.margin
    return np.asarray(cv2.GaussianBlur(light, (0, 0), _SENSOR_SIGMA)[m:-m, m:-m], np.float32)


def _blurred(rgba: Light, coc_px: NDArray[np.float32], place: NDArray[np.float32]) -> Light:
    """One surface out of focus, cut into slabs of nearly the same coc; nothing comes from beyond its border."""
    there = rgba[..., 3] > 0
    if not there.any():
        return rgba
    low, high = float(place[there].min()), float(place[there].max())
    reach = float(coc_px[there].max() - coc_px[there].min())
    # Around the focus the coc falls and rises again: the places, not the cocs, are cut.
    spread = 2.0 * reach if float(coc_px[there].min()) < 0.5 else reach
    count = 1 if high - low < 1e-4 else max(2, int(np.ceil(spread / _SLAB_PX)) + 1)
    if count == 1:
        return _spread(rgba, float(coc_px[there].mean()), np.zeros_like(rgba))
    levels = np.linspace(low, high, count)
    step = np.float32(levels[1] - levels[0])
    total = np.zeros_like(rgba)
    for level in levels:
        share = np.clip(1 - np.abs(place - np.float32(level)) / step, 0, 1) * there
        if share.any():
            _spread(rgba * share[..., None], float(np.average(coc_px, weights=share)), total)
    # Neighbouring slabs overlap a little more or less than fully: no more than opaque.
    return np.asarray(total / np.maximum(total[..., 3:], 1.0), np.float32)


def _spread(part: Light, coc_px: float, total: Light) -> Light:
    """Add `part`, spread by a disc of this diameter, to `total`, working only on the box that it reaches."""
    used = part[..., 3] > 0
    rows, columns = np.flatnonzero(used.any(axis=1)), np.flatnonzero(used.any(axis=0))
    kernel = disc(coc_px)
    reach = kernel.shape[0] // 2
    height, width = used.shape
    y0, y1 = max(0, rows[0] - reach), min(height, rows[-1] + 1 + reach)
    x0, x1 = max(0, columns[0] - reach), min(width, columns[-1] + 1 + reach)
    box = part[y0:y1, x0:x1]
    full_frame = y1 - y0 == height and x1 - x0 == width
    border = cv2.BORDER_REPLICATE if full_frame else cv2.BORDER_CONSTANT
    total[y0:y1, x0:x1] += cv2.filter2D(box, cv2.CV_32F, kernel, borderType=border) if kernel.size > 1 else box
    return total


def _depth_of(scene: FocalScene, surfaces: list[Surface]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Place [h, w] of the nearest surface that covers at least half of the pixel, and where that is not the wall."""
    m = scene.margin
    place = surfaces[0].place[m:-m, m:-m].copy()
    known = np.zeros(place.shape, np.bool_)
    for surface in surfaces[1:]:
        covers = surface.rgba[m:-m, m:-m, 3] >= 0.5
        place[covers] = surface.place[m:-m, m:-m][covers]
        known |= covers
    return place, known


def _recorded(light: Light, rng: np.random.Generator, noise: float) -> NDArray[np.uint8]:
    """Eight bits sRGB of linear light: flicker, photon and read noise, clipping."""
    exposed = light * np.float32(rng.uniform(0.98, 1.02))
    deviation = np.float32(noise) * np.sqrt(0.15 + np.maximum(exposed, 0))
    noisy = exposed + deviation * rng.standard_normal(exposed.shape, dtype=np.float32)
    display = encode_transfer(np.clip(noisy, 0.0, 1.0), "srgb")
    return np.rint(255.0 * np.asarray(display)).astype(np.uint8)
