"""Composed scenes with real people and animals: cut out along their silhouettes, standing in rooms and streets.

A scene is a pinhole camera before a few planes (floor, walls, ceiling, a far wall), whose 1 / distance is linear in
picture coordinates; the nearest plane of a pixel is the one with the largest. Before them stand cut-outs, boxes, balls
and poles at true distances: their feet touch the floor where its distance is theirs, their size follows from it, and a
body is a little nearer in its middle than at its rim. Textures are crops of photographs too small to look like a
scene of their own. Everything that a camera does to such a picture is left to `data_hdr.expose`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import decode_transfer
from rvr_laaf_app.training.data_hdr import add_lamps, expose
from rvr_laaf_app.training.data_photos import RankedPhoto, load_ranked, recolour

Picture = NDArray[np.uint8]
Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """Someone cut out: rgb [h, w, 3] uint8, alpha [h, w] float32; `whole`: with feet, so it can stand somewhere."""

    rgb: Picture
    alpha: Map
    whole: bool


@dataclass(frozen=True, slots=True, eq=False)
class CutoutLibrary:
    """What scenes are made of: photographs for textures, and cut-outs."""

    photos: list[Picture]
    cutouts: list[Cutout]

    @classmethod
    def load(cls, data: Path, subjects: Path) -> CutoutLibrary:
        """Read the photographs of the split train and the silhouettes that `subject_masks` wrote."""
        photos = load_ranked(data / "photos" / "ordinal_depth.json", "train", subjects=subjects)
        return cls([photo.rgb for photo in photos], [c for photo in photos if (c := cut_out(photo)) is not None])


@dataclass(frozen=True, slots=True)
class Camera:
    """Pinhole: focal length, vanishing point (x, y) in pixels, height over the floor in metres."""

    focal: float
    x: float
    y: float
    height: float


def cut_out(photo: RankedPhoto) -> Cutout | None:
    """The subject of a photograph, if its silhouette is clear and neither tiny nor all of the picture."""
    if photo.subject is None:
        return None
    mask = photo.subject
    share, unsure = (mask > 128).mean(), ((mask > 40) & (mask < 215)).mean()
    if not 0.03 < share < 0.6 or unsure > 0.45 * share:
        return None
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask > 128).astype(np.uint8))
    main = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    near = cv2.dilate((labels == main).astype(np.uint8), np.ones((7, 7), np.uint8))
    alpha = np.clip((mask.astype(np.float32) * near - 60) / 150, 0, 1)
    x, y, w, h = (int(v) for v in stats[main][:4])
    window = slice(max(y - 3, 0), y + h + 3), slice(max(x - 3, 0), x + w + 3)
    height, width = mask.shape
    whole = y + h < height - 3 and x > 2 and x + w < width - 2 and count < 6
    return Cutout(np.ascontiguousarray(photo.rgb[window]), np.ascontiguousarray(alpha[window]), whole)


def compose(library: CutoutLibrary, *, size: tuple[int, int], rng: np.random.Generator) -> tuple[Picture, Map, Map]:
    """One scene at `size` (width, height): rgb uint8, disparity (1 / metres) float32, stops [H, W, 3] clipped off."""
    width, height = size
    camera = Camera(
        focal=width * float(np.exp(rng.uniform(np.log(0.55), np.log(1.9)))),
        x=width * rng.uniform(0.15, 0.85),
        y=height * rng.uniform(0.1, 0.62),
        height=rng.uniform(0.5, 2.2),
    )
    scene, disparity = planes(library, camera, size=size, rng=rng)
    count = int(rng.integers(1, 7))
    things = sorted(float(np.exp(rng.uniform(np.log(0.8), np.log(25.0)))) for _ in range(count))
    for distance in reversed(things):
        place_thing(scene, disparity, library, camera, distance, rng)
    return record(scene, disparity, rng)


def planes(
    library: CutoutLibrary, camera: Camera, *, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Map, Map]:
    """Floor, walls, ceiling and what is far behind: display colours [H, W, 3] float32 in bytes, and 1 / metres."""
    width, height = size
    x, y = np.meshgrid(np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5)
    tilt = rng.normal(0, 0.03)
    u, v = (x - camera.x) / camera.focal, (y - camera.y) / camera.focal + tilt * (x - camera.x) / camera.focal
    far = 1.0 / float(np.exp(rng.uniform(np.log(2.5), np.log(120.0))))
    walls: list[Map] = [np.full((height, width), far, np.float32), v / camera.height]
    indoor = rng.random() < 0.55
    for side in (-1.0, 1.0):
        if rng.random() < 0.6:
            turn = rng.uniform(-0.6, 0.25) * far  # not all walls run straight ahead
            walls.append((side * u / rng.uniform(0.8, 5.0) + turn).astype(np.float32))
    if indoor and rng.random() < 0.7:
        walls.append(-v / rng.uniform(0.6, 3.0))
    stack = np.stack(walls)
    nearest = stack.argmax(0)
    disparity = np.ascontiguousarray(np.clip(stack.max(0), far, 2.0), np.float32)
    scene = np.zeros((height, width, 3), np.float32)
    for index in range(len(walls)):
        part = nearest == index
        if not part.any():
            continue
        if index == 0:
            painted = backdrop(library, size=size, sky=not indoor and far < 1 / 15, rng=rng)
        else:
            distance = 1.0 / np.maximum(disparity, 1e-3)
            across, along = (u * distance, distance) if index == 1 or index > 3 else (v * distance, distance)
            painted = textured(library, across.astype(np.float32), along.astype(np.float32), rng)
        light = rng.uniform(0.5, 1.15)
        scene[part] = painted[part] * np.float32(light)
    return scene, disparity


def backdrop(library: CutoutLibrary, *, size: tuple[int, int], sky: bool, rng: np.random.Generator) -> Map:
    """What is far behind: a wall of one texture, or a sky."""
    if sky and rng.random() < 0.7:
        top, low = rng.uniform((60, 110, 170), (160, 190, 255)), rng.uniform((170, 190, 200), (262, 262, 265))
        ramp = np.linspace(0, 1, size[1], dtype=np.float32)[:, None, None]
        clouds = cv2.resize(rng.normal(0, 1, (6, 8)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
        return np.asarray(top * (1 - ramp) + low * ramp + clouds[..., None] * rng.uniform(0, 18), np.float32)
    return patch(library, size, rng, share=(0.08, 0.3))


def patch(
    library: CutoutLibrary, size: tuple[int, int], rng: np.random.Generator, *, share: tuple[float, float]
) -> Map:
    """A crop of a photograph too small to be a scene of its own, enlarged to `size`; float32 bytes."""
    photo = library.photos[rng.integers(len(library.photos))]
    height, width = photo.shape[:2]
    part = rng.uniform(*share)
    w, h = max(int(width * part), 8), max(int(height * part), 8)
    x, y = rng.integers(width - w + 1), rng.integers(height - h + 1)
    crop = cv2.resize(photo[y : y + h, x : x + w], size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(recolour(np.asarray(crop, np.uint8), rng), np.float32)


def textured(library: CutoutLibrary, across: Map, along: Map, rng: np.random.Generator) -> Map:
    """A plane painted with a mirrored texture at its own coordinates in metres; coarser where it is far."""
    side = 256
    tile = patch(library, (side, side), rng, share=(0.12, 0.5))
    metres = float(np.exp(rng.uniform(np.log(0.6), np.log(5.0))))
    turn = rng.uniform(0, np.pi)
    a, b = across * np.cos(turn) + along * np.sin(turn), along * np.cos(turn) - across * np.sin(turn)
    columns, rows = (np.abs((c / metres) % 2.0 - 1.0) * (side - 1) for c in (a, b))
    step = np.hypot(*np.gradient(along.astype(np.float32))) / metres * side
    out = np.zeros((*along.shape, 3), np.float32)
    for level, above in ((0, 0.0), (2, 2.0), (4, 8.0), (6, 32.0)):
        coarse = cv2.GaussianBlur(tile, (0, 0), 2.0**level / 2) if level else tile
        seen = cv2.remap(coarse, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR)
        part = step >= above
        out[part] = seen[part]
    return out


def place_thing(
    scene: Map, disparity: Map, library: CutoutLibrary, camera: Camera, distance: float, rng: np.random.Generator
) -> None:
    """Put one cut-out, box, ball or pole into the scene, in front of what is there (farther things come first)."""
    height, width = disparity.shape
    foot = camera.y + camera.focal * camera.height / distance
    middle = rng.uniform(-0.05, 1.05) * width
    kind = rng.random()
    if kind < 0.62 and library.cutouts:
        cutout = library.cutouts[rng.integers(len(library.cutouts))]
        tall = rng.uniform(1.1, 1.9) if rng.random() < 0.75 else rng.uniform(0.3, 0.9)
        h = camera.focal * tall / distance
        if not cutout.whole:  # half a person: cut off by the picture's edge, near enough to fill a good part of it
            h = height * rng.uniform(0.45, 1.15)
            foot = height + 2.0
            distance = max(camera.focal * rng.uniform(0.6, 1.0) / h, 0.5)
        w = h * cutout.alpha.shape[1] / cutout.alpha.shape[0]
        if not 6 <= h <= 3 * height or w > 3 * width:
            return
        seen, alpha = resized(cutout.rgb, w, h), np.asarray(resized(cutout.alpha, w, h), np.float32)
        if rng.random() < 0.5:
            seen, alpha = seen[:, ::-1], np.ascontiguousarray(alpha[:, ::-1])
        seen = recolour(np.ascontiguousarray(seen, np.uint8), rng)
        rgb = seen.astype(np.float32) * np.float32(rng.uniform(0.75, 1.1))
        rim = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
        body = np.minimum(np.minimum(rim, 1e4) * distance / camera.focal, 0.2).astype(np.float32)
        body = cv2.GaussianBlur(body, (0, 0), max(0.06 * min(alpha.shape), 1.0))
        depth = distance - 0.8 * body
        inverse = (1.0 / np.maximum(depth, 0.3)).astype(np.float32)
        paste(scene, disparity, rgb, alpha, inverse, left=middle - w / 2, top=foot - h)
        return
    h = camera.focal * float(np.exp(rng.uniform(np.log(0.15), np.log(2.2)))) / distance
    w = h * float(np.exp(rng.uniform(-0.8, 0.8))) if kind < 0.9 else max(h * rng.uniform(0.01, 0.06), 1.2)
    if not 4 <= h <= 3 * height or w > 3 * width:
        return
    columns, rows = max(round(w), 2), max(round(h), 2)
    rgb = patch(library, (columns, rows), rng, share=(0.05, 0.4)) * np.float32(rng.uniform(0.4, 1.2))
    x = np.linspace(-1, 1, columns, dtype=np.float32)[None]
    y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    lift = 0.0 if rng.random() < 0.7 else rng.uniform(0, 0.6) * height
    if kind < 0.74:  # a ball or an egg: its middle is nearer
        round_ = np.clip(1 - x * x - y * y, 0, 1)
        alpha = np.clip(round_ * min(w, h) / 4, 0, 1)
        depth = distance - np.sqrt(round_) * w / 2 * distance / camera.focal
    else:  # a box seen at its corner, or a pole: two slanted sides
        corner, steep = rng.uniform(-0.9, 0.9), rng.uniform(0.0, 0.9)
        alpha = np.ones((rows, columns), np.float32)
        depth = distance * (1 + steep * np.abs(x - corner) * min(w / camera.focal, 0.5)) + 0 * y
        rgb = rgb * np.where(x < corner, 1.0, rng.uniform(0.55, 0.9)).astype(np.float32)[..., None]
    inverse = (1.0 / np.maximum(depth, 0.3)).astype(np.float32)
    paste(scene, disparity, rgb, alpha.astype(np.float32), inverse, left=middle - w / 2, top=foot - h - lift)


def resized(picture: NDArray[np.generic], width: float, height: float) -> NDArray[np.generic]:
    """The picture at this size in pixels, averaged when it shrinks."""
    size = max(round(width), 2), max(round(height), 2)
    shrinks = size[0] < picture.shape[1]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


def paste(scene: Map, disparity: Map, rgb: Map, alpha: Map, inverse: Map, *, left: float, top: float) -> None:
    """Blend a thing over the scene; disparity is that of whoever covers more than half of the pixel."""
    height, width = disparity.shape
    x0, y0 = round(left), round(top)
    x1, y1 = min(x0 + alpha.shape[1], width), min(y0 + alpha.shape[0], height)
    if x1 <= max(x0, 0) or y1 <= max(y0, 0):
        return
    here = slice(max(y0, 0), y1), slice(max(x0, 0), x1)
    there = slice(max(y0, 0) - y0, y1 - y0), slice(max(x0, 0) - x0, x1 - x0)
    cover = alpha[there][..., None]
    scene[here] += cover * (rgb[there] - scene[here])
    # What stands behind a nearer wall is hidden by it in the world; here it stands in front of it all the same.
    disparity[here] = np.where(alpha[there] > 0.5, np.maximum(inverse[there], disparity[here] * 1.02), disparity[here])


def record(scene: Map, disparity: Map, rng: np.random.Generator) -> tuple[Picture, Map, Map]:
    """Let a camera take the picture: light, lamps now and then, exposure, noise and compression."""
    soft = cv2.GaussianBlur(np.clip(scene, 0, 262), (0, 0), rng.uniform(0.35, 0.75))
    linear = decode_transfer(soft / 255.0, "srgb").astype(np.float32)
    if rng.random() < 0.25:
        linear = add_lamps(linear, rng)
    pushed = expose(linear, white=float(2 ** -rng.uniform(-0.6, 0.7)), rng=rng)
    return recorded_noise(pushed.rgb, rng), disparity, pushed.stops


def recorded_noise(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Sensor noise, stronger in a third of the pictures."""
    if rng.random() > 0.35:
        return rgb
    noise = rng.normal(0, rng.uniform(1, 8), rgb.shape)
    return np.where(rgb == 255, rgb, np.clip(rgb + noise, 0, 254)).astype(np.uint8)
