"""Pictures whose lost light is known: crops of HDR maps exposed as a camera would, and photographs pushed to clip.

Each example is what a camera records (8 bits, clipped) together with the stops that the clipping took away. Knows the
map files and the camera; knows nothing of networks.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
from numpy.typing import NDArray

from rvr_laaf_app.core.color import decode_transfer, encode_transfer

HELD_OUT = 3  # maps that never train
SPLIT_SEED = 0
LARGEST_STOPS = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class HdrMap:
    """Linear light [H, W, 3] float32; a panorama covers the whole sphere (equirectangular)."""

    name: str
    linear: NDArray[np.float32]
    panorama: bool


@dataclass(frozen=True, slots=True, eq=False)
class Exposed:
    """rgb [h, w, 3] uint8 as recorded; stops [h, w, 3] float32 lost to clipping, 0 where none; known [h, w, 3] bool."""

    rgb: NDArray[np.uint8]
    stops: NDArray[np.float32]
    known: NDArray[np.bool_]


def split_names(folder: Path) -> tuple[list[str], list[str]]:
    """Return (training, held-out) file names of the maps in `folder`, by a seeded shuffle."""
    names = sorted(path.name for path in folder.iterdir() if path.suffix in (".hdr", ".exr"))
    random.Random(SPLIT_SEED).shuffle(names)
    return sorted(names[HELD_OUT:]), sorted(names[:HELD_OUT])


def load_map(path: Path) -> HdrMap:
    """Read a Radiance or OpenEXR picture."""
    if path.suffix == ".hdr":
        bgr = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if bgr is None:
            raise FileNotFoundError(path)
        linear = bgr[..., ::-1]
    else:
        with OpenEXR.File(str(path)) as file:
            channels = file.channels()
            linear = next(channels[name].pixels for name in ("RGB", "RGBA") if name in channels)[..., :3]
    linear = np.maximum(np.ascontiguousarray(linear, np.float32), 0.0)
    return HdrMap(path.name, linear, linear.shape[1] == 2 * linear.shape[0])


def random_light(source: HdrMap, *, size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """A random view of a map, linear [h, w, 3]: through a lens of 35-95 degrees, or a crop of a flat picture."""
    if source.panorama:
        view = look_into(source.linear, size=size, rng=rng)
    else:
        height, width = source.linear.shape[:2]
        share = rng.uniform(0.4, 1.0)
        crop_w = min(width, height * size[0] / size[1]) * share
        crop_h = crop_w * size[1] / size[0]
        x0, y0 = int(rng.uniform(0, width - crop_w)), int(rng.uniform(0, height - crop_h))
        part = source.linear[y0 : y0 + int(crop_h), x0 : x0 + int(crop_w)]
        view = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.float32)
    return np.ascontiguousarray(view[:, ::-1]) if rng.random() < 0.5 else view


def look_into(panorama: NDArray[np.float32], *, size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Perspective view into an equirectangular map at a random heading, near the horizon."""
    height, width = panorama.shape[:2]
    half = np.tan(np.radians(rng.uniform(35, 95)) / 2)
    heading, pitch = rng.uniform(-np.pi, np.pi), rng.normal(0.05, 0.25)
    # Twice as fine and averaged down: a lamp of a few map pixels must not fall between the samples.
    columns, rows = 2 * size[0], 2 * size[1]
    u = (2 * (np.arange(columns) + 0.5) / columns - 1) * half
    v = (1 - 2 * (np.arange(rows) + 0.5) / rows) * half * rows / columns
    x, y = np.meshgrid(u, v)
    up = y * np.cos(pitch) + np.sin(pitch)
    ahead = np.cos(pitch) - y * np.sin(pitch)
    around = heading + np.arctan2(x, ahead)
    above = np.arctan2(up, np.hypot(x, ahead))
    map_x = ((around / (2 * np.pi) + 0.5) % 1.0 * width - 0.5).astype(np.float32)
    map_y = ((0.5 - above / np.pi) * height - 0.5).astype(np.float32)
    fine = cv2.remap(panorama, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), np.float32)


def add_lamps(linear: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Put small strong lights with the glow of a lens into a picture, which is made darker: a night scene."""
    height, width = linear.shape[:2]
    lit = linear * np.float32(2 ** rng.uniform(-3.5, -0.5))
    for _ in range(int(rng.integers(1, 9))):
        radius, radiance = 2 ** rng.uniform(-0.3, 2.6), 2 ** rng.uniform(1.0, 9.0)
        tint = np.array([1.0, rng.uniform(0.55, 1.0), rng.uniform(0.2, 1.0)])
        colour = (tint if rng.random() < 0.7 else rng.uniform(0.05, 1, 3)).astype(np.float32)
        centre = rng.uniform(0, 1, 2) * (width, height) * (1.0, 0.75)
        lamp = np.zeros((height, width), np.float32)
        axes = radius * np.exp(rng.uniform(-0.4, 0.4)), radius
        box = (*map(float, centre),), (2 * axes[0] + 0.5, 2 * axes[1] + 0.5), float(rng.uniform(0, 180))
        cv2.ellipse(lamp, (box[0], box[1], box[2]), 1.0, -1, cv2.LINE_AA)
        glow = cv2.GaussianBlur(lamp, (0, 0), 0.6) + 0.02 * cv2.GaussianBlur(lamp, (0, 0), 3 + 2 * radius)
        lit += (glow * np.float32(radiance))[..., None] * colour
    return lit


def expose(linear: NDArray[np.float32], *, white: float, rng: np.random.Generator | None) -> Exposed:
    """Record light as a camera does: `white` is the light that just clips; with `rng`, noise and JPEG as well."""
    light = linear / np.float32(max(white, 1e-6))
    if rng is not None:
        light = light * rng.uniform(0.93, 1.07, 3).astype(np.float32)
    recorded = np.clip(light, 0.0, 1.0)
    if rng is not None:
        recorded = recorded + rng.normal(0, rng.uniform(0, 0.006), light.shape) * (recorded < 1)
    rgb = np.rint(np.clip(encode_transfer(np.clip(recorded, 0, 1), "srgb"), 0, 1) * 255).astype(np.uint8)
    if rng is not None and rng.random() < 0.5:
        _, coded = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))])
        rgb = cv2.cvtColor(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8), cv2.COLOR_BGR2RGB)
    stops = np.clip(np.log2(np.maximum(light, 1.0)), 0.0, LARGEST_STOPS).astype(np.float32)
    return Exposed(rgb, stops, np.ones(stops.shape, bool))


def random_example(
    maps: list[HdrMap], photos: list[NDArray[np.uint8]], *, size: tuple[int, int], rng: np.random.Generator
) -> Exposed:
    """One training example: half from maps, a quarter night scenes with lamps, a quarter photographs pushed to clip."""
    kind = rng.random()
    if kind < 0.5:
        linear = random_light(maps[rng.integers(len(maps))], size=size, rng=rng)
        white = float(np.percentile(linear.max(2), rng.uniform(82, 99.8)))
        return expose(linear, white=white, rng=rng)
    photo = cv2.resize(photos[rng.integers(len(photos))], size, interpolation=cv2.INTER_AREA)
    linear = decode_transfer(photo / 255.0, "srgb").astype(np.float32)
    if kind < 0.75:
        return expose(add_lamps(linear, rng), white=1.0, rng=rng)
    # White walls, shirts and clouds clip by a little: pushed by up to 1.6 stops, the truth is in the photograph,
    # except where the photograph itself had clipped.
    pushed = expose(linear, white=float(2 ** -rng.uniform(0.2, 1.6)), rng=rng)
    trusted = np.repeat((photo < 245).all(2)[..., None], 3, axis=2)
    return Exposed(pushed.rgb, pushed.stops, trusted)
