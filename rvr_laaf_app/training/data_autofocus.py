"""Scenes for training autofocus: surfaces of photographs and of drawn patterns, as a lens out of focus shows them.

The defocus is the paper's (Eq. 1-4): linear light convolved with a disk, then magnified, then encoded; noise grows with
light as a sensor's does. Photographs of the development data are small, so a surface is a mosaic of them at their own
sharpness. Knows nothing of networks.

    python -m rvr_laaf_app.training.data_autofocus --data DATA --split train --out POOL --surfaces 4000

writes POOL/patches.npy [n, 512, 512] uint8 and POOL/facts.npz (surface, z0, z, radius_px with the sign of z - z0,
magnification, shot; one value per patch).
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from rvr_laaf_app.camera.blur import blur_fast, disk_kernel
from rvr_laaf_app.camera.defocus import DefocusModel, paper_model
from rvr_laaf_app.training.data_autofocus_drawn import SIDE, Light, drawn, normal

PATCH = 512
_EXACT_PX = 4.0


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a sensor sees light: gain of the exposure, share of shot noise (variance per light), read noise."""

    gain: float
    shot: float
    read: float


def load_photos(labels: Path, split: str) -> list[NDArray[np.uint8]]:
    """Return the photographs of a split ("train", "val"; "test" only to measure) as grey [h, w] uint8."""
    photos = []
    for entry in json.loads(labels.read_text())["photos"]:
        if entry["split"] == split:
            grey = cv2.imread(str(labels.parent / entry["photo"]), cv2.IMREAD_GRAYSCALE)
            if grey is None:
                raise FileNotFoundError(labels.parent / entry["photo"])
            photos.append(np.asarray(grey, np.uint8))
    return photos


def random_surface(rng: np.random.Generator, photos: list[NDArray[np.uint8]]) -> Light:
    """Return a sharp surface [SIDE, SIDE] of linear light: of photographs (if there are any) or drawn."""
    display = _mosaic(rng, photos) if photos and rng.random() < 0.7 else drawn(rng)
    display = np.clip(display, 0.0, 1.0)
    low, high = rng.uniform(0.0, 0.3), rng.uniform(0.55, 1.0)
    light = np.asarray((low + (high - low) * display) ** rng.uniform(1.7, 2.6), np.float32)
    softness = rng.uniform(0.0, 0.6)  # no lens is perfect where it is in focus
    return light if softness < 0.25 else np.asarray(cv2.GaussianBlur(light, (0, 0), softness), np.float32)


def blurred(spectrum: NDArray[np.complex64], radius_px: float) -> Light:
    """Return the surface [SIDE, SIDE] with this transform (rfft2) seen through a disk of this radius (periodic)."""
    if radius_px <= 0:
        return np.asarray(scipy.fft.irfft2(spectrum, (SIDE, SIDE)), np.float32)
    kernel = disk(radius_px)
    whole = np.zeros((SIDE, SIDE), np.float32)
    half = kernel.shape[0] // 2
    whole[: kernel.shape[0], : kernel.shape[1]] = kernel
    whole = np.roll(whole, (-half, -half), (0, 1))
    return np.asarray(scipy.fft.irfft2(spectrum * scipy.fft.rfft2(whole), (SIDE, SIDE)), np.float32)


def disk(radius_px: float) -> Light:
    """Return the kernel of Eq. 4 [n, n], sum 1: the exact one when small, else one whose rim is a straight ramp.

    Measuring the pixels that a large rim crosses takes 0.1 s, which a pool of thousands cannot wait for; pictures
    differ by less than a step of 8 bits.
    """
    if radius_px < _EXACT_PX:
        return disk_kernel(round(radius_px, 2 if radius_px < 0.5 else 1))
    drawn = np.sqrt(radius_px**2 - 1 / 3)
    half = int(np.ceil(radius_px))
    axis = np.arange(-half, half + 1, dtype=np.float32)
    share = np.clip(drawn + 0.5 - np.hypot(axis[:, None], axis[None]), 0.0, 1.0)
    return np.asarray(share / share.sum(), np.float32)


def magnified(light: Light, magnification: float, size: int = PATCH) -> Light:
    """Return the middle [size, size] of a surface, its content larger by this factor."""
    start = (light.shape[0] - size) // 2
    if abs(magnification - 1.0) * size < 0.05:
        return light[start : start + size, start : start + size]
    centre = (light.shape[0] - 1) / 2
    scale = 1.0 / magnification
    shift = centre - scale * (size - 1) / 2
    matrix = np.array([[scale, 0, shift], [0, scale, shift]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(light, matrix, (size, size), flags=flags), np.float32)


def exposed(light: Light, exposure: Exposure, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return what a sensor records of linear light: noise, display encoding (power 1 / 2.2), 8 bits."""
    x = np.maximum(light * exposure.gain, 0.0)
    x = x + normal(rng, len(light)) * np.sqrt(exposure.shot * x + exposure.read**2)
    table = _encoding()
    return table[np.clip(x * (len(table) - 1), 0, len(table) - 1).astype(np.int32)]


def developed(picture: NDArray[np.uint8], finish: str) -> NDArray[np.uint8]:
    """Return a picture as cameras hand it out: "raw" (untouched), "jpeg" or "crisp" (with edges raised)."""
    if finish == "jpeg":
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
    if finish == "crisp":
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        return np.asarray(cv2.addWeighted(picture, 1.5, soft, -0.5, 0.0), np.uint8)
    return picture


def random_exposure(rng: np.random.Generator, light: Light) -> Exposure:
    """From bright daylight to the bulb at night: well exposed on average, noise of three decades in variance."""
    middle = max(float(light.mean()), 1e-3)
    gain = float(np.exp(rng.normal(np.log(0.22), 0.4))) / middle
    shot = float(10 ** rng.uniform(-5.0, -2.3))
    return Exposure(gain, shot, float(np.sqrt(shot) * rng.uniform(0.0, 0.2)))


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A surface [SIDE, SIDE] and its transform (rfft2), best at lens position z0."""

    light: Light
    spectrum: NDArray[np.complex64]
    z0: float

    @classmethod
    def of(cls, light: Light, z0: float) -> Layer:
        """Return the layer of a surface."""
        return cls(light, scipy.fft.rfft2(light), z0)


@dataclass(frozen=True, slots=True, eq=False)
class Lens:
    """How one lens differs from its calibration.

    shape: "disk", "pyramid" (a disk without its finest ripples, as fast renderers make it) or "soft" (a disk whose rim
    is a gradual one). breathing multiplies how much the model magnifies; zoom is the size of what is in focus.
    """

    shape: str
    breathing: float
    zoom: float


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What stands before the lens: a subject, and in some scenes something else that covers a part of it."""

    subject: Layer
    lens: Lens
    other: Layer | None = None
    mask: Layer | None = None  # 1 where the other one is in front

    def seen(self, z: float, model: DefocusModel) -> tuple[Light, float, float]:
        """Return the patch at lens position z, and the subject's radius (signed as z - z0) and magnification."""
        radius = float(model.signed_radius_at(self.subject.z0, z))
        change = float(model.magnification_at(self.subject.z0, z)) - 1.0
        magnification = self.lens.zoom * (1.0 + self.lens.breathing * change)
        light = _seen(self.subject, abs(radius), self.lens.shape)
        if self.other is not None and self.mask is not None:
            theirs = abs(float(model.signed_radius_at(self.other.z0, z)))
            cover = np.clip(_seen(self.mask, theirs, self.lens.shape), 0.0, 1.0)
            light = light * (1.0 - cover) + _seen(self.other, theirs, self.lens.shape) * cover
        return magnified(light, magnification), radius, magnification


def _seen(layer: Layer, radius_px: float, shape: str) -> Light:
    if shape == "pyramid":
        return blur_fast(layer.light, radius_px)
    if shape == "soft" and radius_px > 2:
        # the variance of the whole stays that of the disk: a quarter of its square radius
        return np.asarray(cv2.GaussianBlur(blurred(layer.spectrum, 0.97 * radius_px), (0, 0), 0.12 * radius_px))
    return blurred(layer.spectrum, radius_px)


def random_scene(
    rng: np.random.Generator, photos: list[NDArray[np.uint8]], model: DefocusModel, *, two: float = 0.15
) -> Scene:
    """Return a scene anywhere in the lens's range; with the probability `two` something else covers up to a third."""
    low, high = model.limits
    shape = str(rng.choice(["disk", "pyramid", "soft"], p=[0.6, 0.3, 0.1]))
    lens = Lens(shape, float(rng.uniform(-0.5, 2.0)), float(rng.choice([1.0, rng.uniform(1.0, 1.02)])))
    subject = Layer.of(random_surface(rng, photos), float(rng.uniform(low, high)))
    if rng.random() >= two:
        return Scene(subject, lens)
    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.17, 0.45) * PATCH
    axis = np.arange(SIDE, dtype=np.float32) - SIDE / 2
    along = axis[:, None] * np.sin(angle) + axis[None] * np.cos(angle)
    z0 = float(rng.uniform(low, high))
    mask = Layer.of((along > reach).astype(np.float32), z0)
    return Scene(subject, lens, Layer.of(random_surface(rng, photos), z0), mask)


def random_position(rng: np.random.Generator, z0: float, limits: tuple[int, int], *, anywhere: float = 0.42) -> int:
    """Return a lens position: anywhere, or near z0 (as often at one step from it as at a hundred), or right there.

    anywhere: the probability of the first; of the others one in seven is right there.
    """
    kind = rng.random()
    there = 0.08 / 0.58 * (1.0 - anywhere)
    if kind < there:
        return round(z0)
    if kind < there + anywhere:
        return int(rng.integers(limits[0], limits[1] + 1))
    away = np.exp(rng.uniform(0.0, np.log(120.0))) * rng.choice((-1, 1))
    return int(np.clip(round(z0 + away), *limits))


def write_pool(
    out: Path,
    photos: list[NDArray[np.uint8]],
    *,
    surfaces: int,
    views: int = 5,
    anywhere: float = 0.42,
    seed: int = 0,
) -> None:
    """Write patches of random scenes seen from `views` positions each, and what is true of them (see the module)."""
    out.mkdir(parents=True, exist_ok=True)
    rng, model, began = np.random.default_rng(seed), paper_model(), time.monotonic()
    shape = (surfaces * views, PATCH, PATCH)
    patches = np.lib.format.open_memmap(out / "patches.npy", mode="w+", dtype=np.uint8, shape=shape)
    facts = np.zeros((surfaces * views, 6))
    for surface in range(surfaces):
        scene = random_scene(rng, photos, model)
        exposure, finish = None, str(rng.choice(["raw", "jpeg", "crisp"], p=[0.8, 0.12, 0.08]))
        for view in range(views):
            z = random_position(rng, scene.subject.z0, model.limits, anywhere=anywhere)
            light, radius, magnification = scene.seen(z, model)
            exposure = exposure or random_exposure(rng, light)
            flicker = replace(exposure, gain=exposure.gain * float(np.exp(rng.normal(0.0, 0.02))))
            row = surface * views + view
            patches[row] = developed(exposed(light, flicker, rng), finish)
            facts[row] = surface, scene.subject.z0, z, radius, magnification, exposure.shot
        if surface % 200 == 199:
            print(f"{surface + 1} of {surfaces} surfaces, {time.monotonic() - began:.0f} s", flush=True)
    patches.flush()
    np.savez(
        out / "facts.npz",
        surface=facts[:, 0],
        z0=facts[:, 1],
        z=facts[:, 2],
        radius_px=facts[:, 3],
        magnification=facts[:, 4],
        shot=facts[:, 5],
    )


def main() -> None:
    """Write a pool."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None, help="the development data; without it surfaces are drawn")
    parser.add_argument("--split", choices=("train", "val"), default="train")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--surfaces", type=int, default=4000)
    parser.add_argument("--views", type=int, default=5, help="lens positions of every surface")
    parser.add_argument("--anywhere", type=float, default=0.42, help="share of positions drawn from the whole range")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    labels = None if options.data is None else options.data / "photos" / "ordinal_depth.json"
    photos = [] if labels is None else load_photos(labels, options.split)
    write_pool(
        options.out,
        photos,
        surfaces=options.surfaces,
        views=options.views,
        anywhere=options.anywhere,
        seed=options.seed,
    )


def _mosaic(rng: np.random.Generator, photos: list[NDArray[np.uint8]]) -> Light:
    """One photograph and its mirror images side by side, or a quilt of several."""
    shrink = rng.uniform(0.55, 1.0)
    if rng.random() < 0.6:
        tile = _tile(rng, photos, shrink)
        reach = [(0, SIDE + 2 * side) for side in tile.shape]
        wide = np.pad(tile, reach, mode="symmetric")
        top, left = (int(rng.integers(0, 2 * side)) for side in tile.shape)
        return wide[top : top + SIDE, left : left + SIDE]
    surface = np.zeros((SIDE, SIDE), np.float32)
    top = -int(rng.integers(0, 120))
    while top < SIDE:
        row_height = int(rng.integers(120, 240))
        left = -int(rng.integers(0, 120))
        while left < SIDE:
            tile = _tile(rng, photos, shrink)[:row_height]
            y0, x0 = max(top, 0), max(left, 0)
            part = tile[y0 - top : SIDE - top, x0 - left : SIDE - left]
            surface[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]] = part
            left += tile.shape[1]
        top += row_height
    return surface


def _tile(rng: np.random.Generator, photos: list[NDArray[np.uint8]], shrink: float) -> Light:
    photo = photos[int(rng.integers(len(photos)))]
    # the frame of a photograph may be drawn or cut off, and its compression shows on a grid of 8
    photo = photo[3 + int(rng.integers(5)) : -3, 3 + int(rng.integers(5)) : -3]
    size = max(120, round(photo.shape[1] * shrink)), max(120, round(photo.shape[0] * shrink))
    tile = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.float32) / 255.0
    return tile[:, ::-1] if rng.random() < 0.5 else tile


@lru_cache(maxsize=1)
def _encoding() -> NDArray[np.uint8]:
    ramp = np.arange(16384) / 16383.0
    return np.round(255.0 * ramp ** (1 / 2.2)).astype(np.uint8)


if __name__ == "__main__":
    main()
