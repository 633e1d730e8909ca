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
from pathlib import Path

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from rvr_laaf_app.camera.blur import blur_fast, disk_kernel
from rvr_laaf_app.camera.defocus import DefocusModel, paper_model

Light = NDArray[np.float32]  # [h, w] linear light, 1 = a white sheet
SIDE = 864  # of a surface: a patch of 512 with room for disks of 165 px around it; its transform is fast
PATCH = 512
_NOISE_BANK = 2048
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
    kind = rng.random()
    if photos and kind < 0.7:
        display = _mosaic(rng, photos)
    else:
        drawings = (_leaves, _writing, _fractal, _bricks, _speckle)
        display = drawings[int(rng.integers(len(drawings)))](rng)
        if rng.random() < 0.5:
            display = display * (0.6 + 0.4 * _fractal(rng)) if rng.random() < 0.5 else display + 0.15 * _fractal(rng)
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
    x = x + _normal(rng, len(light)) * np.sqrt(exposure.shot * x + exposure.read**2)
    table = _encoding()
    return table[np.clip(x * (len(table) - 1), 0, len(table) - 1).astype(np.int32)]


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


def random_position(rng: np.random.Generator, z0: float, limits: tuple[int, int]) -> int:
    """Return a lens position: anywhere, or near z0 (as often at one step from it as at a hundred), or right there."""
    kind = rng.random()
    if kind < 0.08:
        return round(z0)
    if kind < 0.5:
        return int(rng.integers(limits[0], limits[1] + 1))
    away = np.exp(rng.uniform(0.0, np.log(120.0))) * rng.choice((-1, 1))
    return int(np.clip(round(z0 + away), *limits))


def write_pool(out: Path, photos: list[NDArray[np.uint8]], *, surfaces: int, views: int = 5, seed: int = 0) -> None:
    """Write patches of random scenes seen from `views` positions each, and what is true of them (see the module)."""
    out.mkdir(parents=True, exist_ok=True)
    rng, model, began = np.random.default_rng(seed), paper_model(), time.monotonic()
    shape = (surfaces * views, PATCH, PATCH)
    patches = np.lib.format.open_memmap(out / "patches.npy", mode="w+", dtype=np.uint8, shape=shape)
    facts = np.zeros((surfaces * views, 6))
    for surface in range(surfaces):
        scene = random_scene(rng, photos, model)
        exposure = None
        for view in range(views):
            z = random_position(rng, scene.subject.z0, model.limits)
            light, radius, magnification = scene.seen(z, model)
            exposure = exposure or random_exposure(rng, light)
            flicker = replace(exposure, gain=exposure.gain * float(np.exp(rng.normal(0.0, 0.02))))
            row = surface * views + view
            patches[row] = exposed(light, flicker, rng)
            facts[row] = surface, scene.subject.z0, z, radius, magnification, exposure.shot
        if surface % 200 == 199:
            print(f"{surface + 1} of {surfaces} surfaces, {time.monotonic() - began:.0f} s", flush=True)
    patches.flush()
    surface_of, z0, z, radius_px, magnifications, shot = facts.T
    np.savez(
        out / "facts.npz", surface=surface_of, z0=z0, z=z, radius_px=radius_px, magnification=magnifications, shot=shot
    )


def main() -> None:
    """Write a pool."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None, help="the development data; without it surfaces are drawn")
    parser.add_argument("--split", choices=("train", "val"), default="train")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--surfaces", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    labels = None if options.data is None else options.data / "photos" / "ordinal_depth.json"
    photos = [] if labels is None else load_photos(labels, options.split)
    write_pool(options.out, photos, surfaces=options.surfaces, seed=options.seed)


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


def _leaves(rng: np.random.Generator) -> Light:
    """Dead leaves: disks and boxes over one another, sizes by a power law."""
    canvas = np.full((SIDE, SIDE), rng.random(), np.float32)
    for _ in range(int(rng.integers(150, 700))):
        size = float(np.clip(4 * (1 - rng.random()) ** -0.9, 4, 220))
        x, y = (int(v) for v in rng.integers(0, SIDE, 2))
        shade = float(rng.random())
        if rng.random() < 0.5:
            cv2.circle(canvas, (x, y), int(size), shade, -1, cv2.LINE_AA)
        else:
            corners = cv2.boxPoints(((x, y), (2 * size, size * rng.uniform(0.3, 2)), float(rng.uniform(0, 180))))
            cv2.fillConvexPoly(canvas, corners.astype(np.int32), shade, cv2.LINE_AA)
    return canvas


def _writing(rng: np.random.Generator) -> Light:
    """A printed page: lines of letters in one or several sizes."""
    paper, ink = (230, 25) if rng.random() < 0.7 else (40, 215)
    canvas = np.full((SIDE, SIDE), paper, np.uint8)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 .,;"))
    y = int(rng.integers(0, 40))
    while y < SIDE + 40:
        scale = float(rng.choice([0.35, 0.5, 0.5, 0.8, 1.5, 3.0]))
        line = "".join(rng.choice(letters, 120))
        at = (int(rng.integers(-60, 60)), y)
        cv2.putText(canvas, line, at, int(rng.integers(0, 8)), scale, ink, max(1, round(scale * 1.5)), cv2.LINE_AA)
        y += max(8, int(32 * scale * rng.uniform(0.9, 1.8)))
    turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), float(rng.uniform(-15, 15)), 1.0)
    page = cv2.warpAffine(canvas, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(page, np.float32) / np.float32(255)


def _fractal(rng: np.random.Generator) -> Light:
    """Noise whose spectrum falls like that of nature, 1 / f ** 0.8-1.5, possibly streaked."""
    fy, fx = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None]
    stretch = float(np.exp(rng.uniform(-0.7, 0.7)))
    f = np.hypot(fy * stretch, fx / stretch)
    f[0, 0] = 1.0
    white = scipy.fft.rfft2(_normal(rng, SIDE))
    waves = scipy.fft.irfft2(white * (f ** -rng.uniform(0.8, 1.5)).astype(np.float32), (SIDE, SIDE))
    waves = (waves - waves.mean()) / waves.std()
    return np.asarray(np.clip(0.5 + 0.2 * waves, 0, 1), np.float32)


def _bricks(rng: np.random.Generator) -> Light:
    """Regular things: rows of boxes of other shades with joints between."""
    wide, high = int(rng.integers(10, 160)), int(rng.integers(8, 90))
    columns, rows = SIDE // wide + 3, SIDE // high + 2
    shades = rng.uniform(0.3, 0.9, (rows, columns)).astype(np.float32)
    canvas = np.repeat(np.repeat(shades, high, 0), wide, 1)
    joint = float(rng.random())
    thick = max(1, min(wide, high) // 10)
    for row in range(rows):
        canvas[row * high : row * high + thick] = joint
        shift = (row % 2) * (wide // 2)
        canvas[row * high : (row + 1) * high] = np.roll(canvas[row * high : (row + 1) * high], shift, 1)
    for column in range(columns):
        canvas[:, column * wide : column * wide + thick] = joint
    grain = rng.standard_normal(canvas.shape, dtype=np.float32) * rng.uniform(0, 0.06)
    turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), float(rng.uniform(-45, 45)), float(rng.uniform(0.8, 1.3)))
    out = cv2.warpAffine(canvas + grain, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(out, np.float32)


def _speckle(rng: np.random.Generator) -> Light:
    """Sand, cloth, foliage: random grains of one size or two on a plain ground."""
    grain = float(rng.uniform(0.5, 6))
    out = cv2.GaussianBlur(_normal(rng, SIDE), (0, 0), grain)
    out = out / out.std()
    if rng.random() < 0.5:
        out = np.where(out > rng.uniform(0.3, 1.5), 1.0, -1.0)
    return np.asarray(np.clip(0.5 + 0.25 * out, 0, 1), np.float32)


_TABLES: dict[str, NDArray[np.float32] | NDArray[np.uint8]] = {}


def _normal(rng: np.random.Generator, side: int) -> NDArray[np.float32]:
    """Normal deviates [side, side] cut from a bank: drawing them afresh would take longer than everything else."""
    if "noise" not in _TABLES:
        drawn = np.random.default_rng(77).standard_normal((_NOISE_BANK, _NOISE_BANK), dtype=np.float32)
        _TABLES["noise"] = drawn
    top, left = rng.integers(_NOISE_BANK - side, size=2)
    return np.asarray(_TABLES["noise"][top : top + side, left : left + side], np.float32)


def _encoding() -> NDArray[np.uint8]:
    if "encoding" not in _TABLES:
        ramp = np.arange(16384) / 16383.0
        _TABLES["encoding"] = np.round(255.0 * ramp ** (1 / 2.2)).astype(np.uint8)
    return np.asarray(_TABLES["encoding"], np.uint8)


if __name__ == "__main__":
    main()
