"""Photographs with points ranked near to far by eye: reading the labels, keeping the pictures, cutting training views.

Knows the label file (`photos/ordinal_depth.json`) and how a view of a photograph is made; knows nothing of networks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

POINTS = 12  # a photograph has at most this many ranked points; the rest of the row is padding (level -1)


@dataclass(frozen=True, slots=True, eq=False)
class RankedPhoto:
    """One photograph: rgb [H, W, 3] uint8; points [K, 2] float32 (x, y in 0..1); levels [K] int64, 0 = nearest.

    subject [H, W] uint8 is 255 where a person or an animal surely is (see `subject_masks`), or None.
    """

    name: str
    rgb: NDArray[np.uint8]
    points: NDArray[np.float32]
    levels: NDArray[np.int64]
    subject: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A crop of a photograph at the size the network trains on.

    rgb [h, w, 3] uint8; points [POINTS, 2] float32 in 0..1 of the view; levels [POINTS] int64, -1 = no point;
    window [2, 3] float32 maps view coordinates in -1..1 to those of the whole photograph (for grid_sample);
    subject [h, w] float32 is 1 where a person or an animal surely is, 0 where surely none is.
    """

    rgb: NDArray[np.uint8]
    points: NDArray[np.float32]
    levels: NDArray[np.int64]
    window: NDArray[np.float32]
    subject: NDArray[np.float32]


def load_ranked(labels: Path, split: str, *, subjects: Path | None = None) -> list[RankedPhoto]:
    """Read every photograph of this split ("train" or "val"); photographs marked "test" are never opened.

    subjects: the folder that `subject_masks` wrote, if silhouettes are wanted.
    """
    if split not in ("train", "val"):
        raise ValueError(f"only train and val may be read, not {split!r}")
    entries = json.loads(labels.read_text())["photos"]
    photos = []
    for entry in entries:
        if entry["split"] != split:
            continue
        bgr = cv2.imread(str(labels.parent / entry["photo"]))
        if bgr is None:
            raise FileNotFoundError(labels.parent / entry["photo"])
        marks = entry["points"]
        points = np.array([(mark["x"], mark["y"]) for mark in marks], np.float32)
        levels = np.array([mark["level"] for mark in marks], np.int64)
        mask = None
        if subjects is not None and (path := (subjects / entry["photo"]).with_suffix(".png")).exists():
            mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        rgb = np.ascontiguousarray(bgr[..., ::-1])
        photos.append(RankedPhoto(entry["photo"], rgb, points, levels, None if mask is None else np.asarray(mask)))
    return photos


def plain_view(photo: RankedPhoto, *, size: tuple[int, int]) -> View:
    """The whole photograph at `size` (width, height), unchanged in colour."""
    rgb = cv2.resize(photo.rgb, size, interpolation=cv2.INTER_AREA)
    window = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    nothing = np.zeros((size[1], size[0]), np.float32)
    return View(np.asarray(rgb, np.uint8), *_padded(photo.points, photo.levels), window, nothing)


def random_view(photo: RankedPhoto, *, size: tuple[int, int], rng: np.random.Generator, smallest: float) -> View:
    """A random crop (down to `smallest` of the largest that fits), mirrored half the time, in other colours."""
    height, width = photo.rgb.shape[:2]
    wanted = size[0] / size[1] * float(np.exp(rng.uniform(-0.18, 0.18)))
    crop_w = min(width, height * wanted)
    crop_h = crop_w / wanted
    share = rng.uniform(smallest, 1.0)
    crop_w, crop_h = crop_w * share, crop_h * share
    x0, y0 = rng.uniform(0, width - crop_w), rng.uniform(0, height - crop_h)
    mirrored = bool(rng.random() < 0.5)

    # Pixel centres: view pixel (u + 0.5) / size lies at x0 + that share of the crop.
    sx, sy = crop_w / size[0], crop_h / size[1]
    to_photo = np.array([[sx, 0, x0 + 0.5 * sx - 0.5], [0, sy, y0 + 0.5 * sy - 0.5]], np.float64)
    if mirrored:
        to_photo[0] = [-sx, 0, x0 + crop_w - 0.5 * sx - 0.5]
    rgb = cv2.warpAffine(
        photo.rgb, to_photo, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )

    points = (photo.points * (width, height) - (x0, y0)) / (crop_w, crop_h)
    if mirrored:
        points[:, 0] = 1.0 - points[:, 0]
    inside = np.all((points >= 0) & (points < 1), axis=1)
    subject = np.zeros((size[1], size[0]), np.float32)
    if photo.subject is not None:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped = cv2.warpAffine(photo.subject, to_photo, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        subject = np.asarray(warped, np.float32) / 255.0
    centre_x, centre_y = 2 * (x0 + crop_w / 2) / width - 1, 2 * (y0 + crop_h / 2) / height - 1
    across = -crop_w / width if mirrored else crop_w / width
    window = np.array([[across, 0, centre_x], [0, crop_h / height, centre_y]], np.float32)
    padded = _padded(points[inside].astype(np.float32), photo.levels[inside])
    return View(recolour(np.asarray(rgb, np.uint8), rng), *padded, window, subject)


def recolour(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The same picture under another light and from a worse camera: gamma, contrast, tint, grey, blur, noise, JPEG."""
    ramp = np.arange(256, dtype=np.float32) / 255.0
    contrast, lift, gamma = rng.uniform(0.75, 1.25), rng.uniform(-0.1, 0.1), float(np.exp(rng.uniform(-0.3, 0.3)))
    tints = rng.uniform(0.9, 1.1, 3)
    curves = [np.clip(((ramp**gamma - 0.5) * contrast + 0.5 + lift) * tint, 0, 1) * 255 for tint in tints]
    table = np.stack(curves, -1).astype(np.uint8)[None]
    out = cv2.LUT(rgb, table)
    if rng.random() < 0.08:
        out = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if rng.random() < 0.15:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.5))
    if rng.random() < 0.15:
        noise = rng.normal(0.0, rng.uniform(1, 9), out.shape)
        out = np.clip(out + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        _, coded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])
        out = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return np.asarray(out, np.uint8)


def _padded(points: NDArray[np.float32], levels: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Rows of fixed length, so that views stack into a batch."""
    row = np.full((POINTS, 2), 0.5, np.float32)
    level = np.full(POINTS, -1, np.int64)
    count = min(len(points), POINTS)
    row[:count], level[:count] = points[:count], levels[:count]
    return row, level
