"""What surfaces of composed scenes look like: patches of photographs, drawn patterns, and views of HDR maps.

A patch is linear light [h, w, 3] float32, 1 = a white sheet. Which part of a photograph serves as ground, as something
near or as far background follows from the points ranked by eye. Knows nothing of geometry.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import linear_table
from rvr_laaf_app.measure.hdr_views import HdrMap, load_map, random_light, split_names
from rvr_laaf_app.training.synth_subjects import Subject, cut_out

Light = NDArray[np.float32]
PHOTOS = 500  # read from disk at most
SUBJECTS = 200  # of these are searched for a subject to cut out: two of five have one, 0.06 s each
LONG_SIDE = 320
FAR, NEAR, EVEN = "far", "near", "even"  # what a patch is cut for


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A box of a photograph: number of the photograph, x0, y0, x1, y1 in pixels."""

    photo: int
    box: tuple[int, int, int, int]


class SceneLibrary:
    """Photographs and HDR maps that scenes are made of, read once.

    `data` holds `photos/ordinal_depth.json` with its photographs and `hdr/`; only photographs of the split `photos`
    and HDR maps for training are opened. Either may be missing: then everything is drawn.
    """

    def __init__(self, data: Path, *, seed: int, photos: str = "train", limit: int = PHOTOS) -> None:
        if photos not in ("train", "val"):
            raise ValueError(f"only train and val may be used, not {photos!r}")
        rng = np.random.default_rng(seed)
        self.photos: list[NDArray[np.uint8]] = []
        self.subjects: list[Subject] = []
        self.cuts: dict[str, list[Cut]] = {FAR: [], NEAR: [], EVEN: []}
        labels = data / "photos" / "ordinal_depth.json"
        if labels.exists():
            self._read_photos(labels, photos, limit, rng)
        self.maps: list[HdrMap] = []
        if photos == "train" and (data / "hdr").is_dir():
            self.maps = [load_map(data / "hdr" / name) for name in split_names(data / "hdr")[0]]

    def _read_photos(self, labels: Path, split: str, limit: int, rng: np.random.Generator) -> None:
        entries = [entry for entry in json.loads(labels.read_text())["photos"] if entry["split"] == split]
        chosen = np.sort(rng.permutation(len(entries))[:limit])
        even: list[tuple[float, Cut]] = []
        for entry in (entries[i] for i in chosen):
            bgr = cv2.imread(str(labels.parent / entry["photo"]))
            if bgr is None:
                raise FileNotFoundError(labels.parent / entry["photo"])
            scale = min(1.0, LONG_SIDE / max(bgr.shape[:2]))
            size = round(bgr.shape[1] * scale), round(bgr.shape[0] * scale)
            rgb = np.ascontiguousarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)[..., ::-1])
            number = len(self.photos)
            self.photos.append(np.asarray(rgb, np.uint8))
            self._cut_by_rank(number, entry["points"])
            subject = cut_out(self.photos[-1], entry["points"]) if number < SUBJECTS else None
            if subject is not None:
                self.subjects.append(subject)
            even.extend((_unevenness(rgb, box), Cut(number, box)) for box in _random_boxes(rgb.shape, rng))
        even.sort(key=lambda pair: pair[0])
        self.cuts[EVEN] = [cut for _, cut in even[: max(1, len(even) // 5)]]

    def _cut_by_rank(self, number: int, points: list[dict[str, Any]]) -> None:
        """Boxes that hold only points of the farthest rank, or only points of the nearest."""
        height, width = self.photos[number].shape[:2]
        levels = [point["level"] for point in points]
        if not levels or min(levels) == max(levels):
            return
        for kind, level, half_w, half_h in ((FAR, max(levels), 0.30, 0.22), (NEAR, 0, 0.14, 0.19)):
            for point in points:
                if point["level"] != level:
                    continue
                x, y = min(max(point["x"], half_w), 1 - half_w), min(max(point["y"], half_h), 1 - half_h)
                others = [p for p in points if abs(p["x"] - x) < half_w and abs(p["y"] - y) < half_h]
                if all(p["level"] == level for p in others):
                    box = (x - half_w) * width, (y - half_h) * height, (x + half_w) * width, (y + half_h) * height
                    x0, y0, x1, y1 = (int(value) for value in box)
                    self.cuts[kind].append(Cut(number, (x0, y0, x1, y1)))

    def patch(self, kind: str, *, size: tuple[int, int], rng: np.random.Generator) -> Light:
        """A patch of a photograph cut for `kind`, at `size` (width, height), mirrored half the time."""
        cuts = self.cuts[kind]
        if not cuts:
            return fibres(size, rng=rng)
        cut = cuts[rng.integers(len(cuts))]
        x0, y0, x1, y1 = cut.box
        part = self.photos[cut.photo][y0:y1, x0:x1]
        if rng.random() < 0.5:
            part = part[:, ::-1]
        shrinks = size[0] < part.shape[1]
        resized = cv2.resize(part, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
        return np.asarray(linear_table("srgb")[np.asarray(resized, np.uint8)], np.float32)

    def whole(self, *, size: tuple[int, int], rng: np.random.Generator) -> Light:
        """A whole photograph (a poster, a screen) at `size`."""
        if not self.photos:
            return fibres(size, rng=rng)
        resized = cv2.resize(self.photos[rng.integers(len(self.photos))], size, interpolation=cv2.INTER_AREA)
        return np.asarray(linear_table("srgb")[np.asarray(resized, np.uint8)], np.float32)

    def colour(self, rng: np.random.Generator, *, darkest: float = 0.02, brightest: float = 0.8) -> Light:
        """The colour [3] of some place in some photograph, as bright as asked."""
        if self.photos and rng.random() < 0.8:
            photo = self.photos[rng.integers(len(self.photos))]
            place = rng.integers(photo.shape[0]), rng.integers(photo.shape[1])
            found = linear_table("srgb")[photo[place]]
        else:
            found = rng.uniform(0.05, 1.0, 3) ** 1.5
        level = np.exp(rng.uniform(np.log(darkest), np.log(brightest)))
        tint = 0.35 + found / max(float(np.max(found)), 1e-3)
        return (tint / tint.max() * level).astype(np.float32)

    def surroundings(self, *, size: tuple[int, int], rng: np.random.Generator) -> Light:
        """A view into an HDR map, scaled so that its middle tone is 0.2."""
        if not self.maps:
            return self.patch(FAR, size=size, rng=rng)
        light = random_light(self.maps[rng.integers(len(self.maps))], size=size, rng=rng)
        middle = float(np.exp(np.log(light.mean(axis=2) + 1e-4).mean()))
        return np.minimum(light * np.float32(0.2 / max(middle, 1e-4)), np.float32(500.0))


def _random_boxes(shape: tuple[int, ...], rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
    boxes = []
    for _ in range(5):
        side = int(rng.uniform(0.2, 0.45) * min(shape[:2]))
        x0, y0 = int(rng.integers(shape[1] - side + 1)), int(rng.integers(shape[0] - side + 1))
        boxes.append((x0, y0, x0 + side, y0 + side))
    return boxes


def _unevenness(rgb: NDArray[np.uint8], box: tuple[int, int, int, int]) -> float:
    """How little a patch looks like a surface of one stuff: its coarse steps against its fine ones."""
    x0, y0, x1, y1 = box
    small = cv2.resize(rgb[y0:y1, x0:x1], (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    blocks = small.reshape(8, 4, 8, 4, 3)
    coarse = blocks.mean((1, 3)).std((0, 1)).mean()
    fine = blocks.std((1, 3))
    return float((coarse + fine.mean(2).std()) / (fine.mean() + 2.0))


def noise(size: tuple[int, int], *, rng: np.random.Generator, coarsest: int = 4, octaves: int = 5) -> Light:
    """Cloudy noise [h, w] float32 of mean 0 and deviation 1, coarsest detail first."""
    width, height = size
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cells = coarsest * 2**octave
        if cells > max(size):
            break
        grid = rng.standard_normal((max(2, min(cells, height)), max(2, min(cells, width)))).astype(np.float32)
        total += cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC) * np.float32(0.65**octave)
    return np.asarray((total - total.mean()) / max(float(total.std()), 1e-6), np.float32)


def fibres(size: tuple[int, int], *, rng: np.random.Generator, colour: Light | None = None) -> Light:
    """Noise in one colour: plaster, asphalt, cloth, grass seen from afar."""
    base = rng.uniform(0.05, 0.6, 3).astype(np.float32) if colour is None else colour
    contrast = rng.uniform(0.04, 0.3)
    rough = noise(size, rng=rng, coarsest=int(rng.integers(2, 24)), octaves=6)
    return np.clip(base * (1 + contrast * rough[..., None]), 0.003, 1.0).astype(np.float32)


def pattern(library: SceneLibrary, *, side: int, rng: np.random.Generator) -> Light:
    """A square tile that repeats: floor tiles, planks, bricks, stripes, checks or plain stuff."""
    first = library.colour(rng, darkest=0.04)
    second = np.clip(first * np.exp(rng.normal(0, 0.5)) * rng.uniform(0.8, 1.2, 3), 0.01, 0.9).astype(np.float32)
    kind = rng.integers(5)
    if kind == 0:
        return fibres((side, side), rng=rng, colour=first)
    rows = int(rng.choice([2, 4, 8]))
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    if kind == 1:  # tiles or checks
        check = (np.floor(x * rows) + np.floor(y * rows)) % 2
        share = check if rng.random() < 0.5 else _joints(x * rows, y * rows, rng)
    elif kind == 2:  # bricks or planks
        long = int(rng.choice([1, 2, 4]))
        row = np.floor(y * rows)
        share = _joints(x * max(rows // (2 * long), 1) + 0.5 * (row % 2), y * rows, rng)
        first = first * (1 + 0.18 * rng.standard_normal(rows)[row.astype(int)][..., None])
    elif kind == 3:
        share = (np.sin(2 * np.pi * rows * (x if rng.random() < 0.5 else y)) > rng.uniform(-0.7, 0.7)).astype(float)
    else:
        share = np.clip(0.5 + 0.8 * noise((side, side), rng=rng, coarsest=rows, octaves=4), 0, 1)
    mixed = first + (second - first) * np.asarray(share, np.float32)[..., None]
    grain = 1 + rng.uniform(0.02, 0.12) * noise((side, side), rng=rng, coarsest=16, octaves=4)
    return np.clip(mixed * grain[..., None], 0.003, 1.0).astype(np.float32)


def _joints(x: Light, y: Light, rng: np.random.Generator) -> Light:
    """1 in the joints between stones."""
    thick = rng.uniform(0.02, 0.08)
    near = np.minimum(np.minimum(x % 1, 1 - x % 1), np.minimum(y % 1, 1 - y % 1))
    return (near < thick).astype(np.float32)


def surface(library: SceneLibrary, *, side: int, rng: np.random.Generator) -> Light:
    """A square of one stuff that repeats without a seam: half from photographs, half drawn."""
    if rng.random() < 0.45 or not library.cuts[EVEN]:
        return pattern(library, side=side, rng=rng)
    patch = library.patch(EVEN, size=(side // 2, side // 2), rng=rng)
    row = np.concatenate([patch, patch[:, ::-1]], axis=1)
    return np.ascontiguousarray(np.concatenate([row, row[::-1]], axis=0))
