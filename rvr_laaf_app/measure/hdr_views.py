"""Views of HDR maps whose lost light is known: a map is looked into, exposed as a camera would, and clipped.

Serves measuring and training alike; what is held out from training is told by a seeded list.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import encode_transfer
from rvr_laaf_app.media.exr import read_exr
from rvr_laaf_app.media.stills import read_linear

HELD_OUT = 3  # maps that never train
SPLIT_SEED = 0
LARGEST_STOPS = 10.0
SUFFIXES = (".hdr", ".exr")


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


def map_names(folder: Path) -> list[str]:
    """Return the file names of the HDR maps in `folder`, sorted."""
    return sorted(path.name for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def split_names(folder: Path) -> tuple[list[str], list[str]]:
    """Return (training, held-out) file names of the maps in `folder`, by a seeded shuffle."""
    names = map_names(folder)
    random.Random(SPLIT_SEED).shuffle(names)
    return sorted(names[HELD_OUT:]), sorted(names[:HELD_OUT])


def load_map(path: Path) -> HdrMap:
    """Read a Radiance or OpenEXR picture; raise MediaError if it cannot be read."""
    light = read_exr(path) if path.suffix.lower() == ".exr" else read_linear(path)
    if light.ndim == 2:
        light = np.repeat(light[..., None], 3, axis=2)
    linear = np.maximum(np.nan_to_num(light, nan=0.0, posinf=65504.0, neginf=0.0), 0.0)
    return HdrMap(path.name, np.ascontiguousarray(linear, np.float32), linear.shape[1] == 2 * linear.shape[0])


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
