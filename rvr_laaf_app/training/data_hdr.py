"""Pictures whose lost light is known: crops of HDR maps exposed as a camera would, and photographs pushed to clip.

Each example is what a camera records (8 bits, clipped) together with the stops that the clipping took away. Maps and
camera are those of `measure.hdr_views`, so that training and measuring see alike; knows nothing of networks.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import decode_transfer
from rvr_laaf_app.measure.hdr_views import (
    HELD_OUT,
    LARGEST_STOPS,
    Exposed,
    HdrMap,
    expose,
    load_map,
    look_into,
    random_light,
    split_names,
)

__all__ = [
    "HELD_OUT",
    "LARGEST_STOPS",
    "Exposed",
    "HdrMap",
    "add_glow",
    "add_lamps",
    "expose",
    "load_map",
    "look_into",
    "random_example",
    "random_light",
    "split_names",
]


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


def add_glow(linear: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Put large soft lights into a picture that is made darker: flames, low suns, lit shades, windows in haze.

    Their light rises on inside the clipped area as it rises around it, which is what tells how much was lost.
    """
    height, width = linear.shape[:2]
    lit = linear * np.float32(2 ** rng.uniform(-4.0, 0.0))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):
        centre_x, centre_y = rng.uniform(0, 1, 2) * (width, height)
        across = 2 ** rng.uniform(2.5, 6.8)
        stretch, turn = np.exp(rng.uniform(-0.8, 0.8)), rng.uniform(0, np.pi)
        dx, dy = x - np.float32(centre_x), y - np.float32(centre_y)
        along, aside = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
        distance = np.hypot(along / (across * stretch), aside / (across / stretch))
        shape = np.exp(-(distance ** np.float32(rng.uniform(0.7, 4.0))))
        tint = np.array([1.0, rng.uniform(0.3, 1.0), rng.uniform(0.05, 1.0)], np.float32)
        colour = tint if rng.random() < 0.7 else rng.uniform(0.2, 1, 3).astype(np.float32)
        lit += (shape * np.float32(2 ** rng.uniform(-0.5, 6.0)))[..., None].astype(np.float32) * colour
    return lit


def random_example(
    maps: list[HdrMap], photos: list[NDArray[np.uint8]], *, size: tuple[int, int], rng: np.random.Generator
) -> Exposed:
    """One training example: half from maps, the rest photographs with lamps, with glows, or pushed to clip."""
    kind = rng.random()
    if kind < 0.5:
        linear = random_light(maps[rng.integers(len(maps))], size=size, rng=rng)
        white = float(np.percentile(linear.max(2), rng.uniform(82, 99.8)))
        return expose(linear, white=white, rng=rng)
    photo = cv2.resize(photos[rng.integers(len(photos))], size, interpolation=cv2.INTER_AREA)
    linear = decode_transfer(photo / 255.0, "srgb").astype(np.float32)
    if kind < 0.8:
        lit = add_lamps(linear, rng) if kind < 0.65 else add_glow(linear, rng)
        return expose(lit, white=1.0, rng=rng)
    # White walls, shirts and clouds clip by a little: pushed by up to 1.6 stops, the truth is in the photograph,
    # except where the photograph itself had clipped.
    pushed = expose(linear, white=float(2 ** -rng.uniform(0.2, 1.6)), rng=rng)
    trusted = np.repeat((photo < 245).all(2)[..., None], 3, axis=2)
    return Exposed(pushed.rgb, pushed.stops, trusted)
