"""What AF-Net learns from: stretches of composed sequences with known changes, and pictures with eye fixations.

Both are cut to what the network sees, `AfNetConfig.frames` frames. Of footage only clips that are free for it may be
learnt from (`load_annotated`); all others are measured on (`train_af`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.nets.af_net import AfNetConfig

FIXATION_SPREAD = 0.045  # of the picture's width: about 1.5 degrees in the OSIE set-up
FIXATION_SIZE = (800, 600)  # pixels in which fixations are given
HELD_OUT_EVERY = 7  # of the photographs with fixations
LEAST_SEEN = 0.02  # of the picture's width, of somebody who enters
REACH = 22  # frames of the network's rate that are kept to each side of a change
NEAR_FRAMES = 1.0  # a target this far from the centre counts by exp(-1/2)

Picture = NDArray[np.uint8]
Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class AfExample:
    """rgb [T, h, w, 3] uint8; region [units, h/8, w/8] float32 that sums to 1 each; target 0..1, or -1 = unknown."""

    rgb: Picture
    region: Map
    target: float


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A composed sequence: rgb [T, h, w, 3] uint8, boxes [T, 4] float32, frame of the change or -1."""

    rgb: Picture
    boxes: Map
    target: int


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A picture [h, w, 3] uint8 and where viewers looked [n, 2] float32 in 0..1."""

    rgb: Picture
    places: Map


def load_sequences(folder: Path) -> list[Sequence]:
    """Every sequence of a pool of `focus_events`."""
    found = []
    for path in sorted(folder.glob("events_*.npz")):
        with np.load(path) as shard:
            found += [
                Sequence(rgb, boxes, first_seen(boxes, int(at)))
                for rgb, boxes, at in zip(shard["rgb"], shard["boxes"], shard["target"], strict=True)
            ]
    return found


def first_seen(boxes: Map, at: int) -> int:
    """The frame of a change, or the one a little later in which who gets the attention is in the picture; -1 = none.

    Who walks in sets out outside; a person who watches sets the target where something of them can be seen.
    """
    seen = np.flatnonzero(boxes[max(at, 0) :, 2] > LEAST_SEEN)
    return at if at < 0 or seen.size == 0 else at + int(seen[0])


def load_annotated(truth: Path, names: tuple[str, ...], config: AfNetConfig) -> list[Sequence]:
    """Real clips on which a person said where and when focus belongs, as stretches for every offset of the stride.

    truth: a file of targets by eye beside its clips; names: those that may be learnt from.
    """
    found = []
    listed = json.loads(truth.read_text())["clips"]
    for name in names:
        path = next((p for p in sorted(truth.parent.glob(f"{name}.*")) if p.suffix != ".json"), None)
        if path is None:
            continue
        targets = sorted(listed[name]["targets"], key=lambda t: int(t["frame"]))
        frames = seen_frames(path, (config.width * 9 // 8, config.height * 9 // 8))
        stride = max(1, round(config.stride * float(listed[name]["fps"]) / 30))
        for offset in range(stride):
            rgb = frames[offset::stride]
            at = [min(max(round((int(t["frame"]) - offset) / stride), 0), len(rgb) - 1) for t in targets]
            found += around_changes(rgb, at, np.array([t["box"] for t in targets], np.float32))
    return found


def around_changes(rgb: Picture, at: list[int], places: Map) -> list[Sequence]:
    """A stretch around every change of a clip, and what lies between them; a subject stands where it was set.

    rgb [T, h, w, 3]; at: frames of the targets in order, one at 0 is no change; places [K, 4] their boxes.
    """
    boxes = np.repeat(places[:1], len(rgb), axis=0)
    for place, box in zip(at, places, strict=True):
        boxes[place:] = box
    changes = [place for place in at if place > 0]
    found, reached = [], 0
    for place in changes:
        # Another target in the same stretch would be called none: the stretch ends halfway to it.
        low = max([0, place - REACH, *((place + p) // 2 for p in changes if p < place)])
        high = min([len(rgb), place + REACH + 1, *((place + p + 1) // 2 for p in changes if p > place)])
        if low - reached >= REACH:
            found.append(Sequence(rgb[reached:low], boxes[reached:low], -1))
        found.append(Sequence(rgb[low:high], boxes[low:high], place - low))
        reached = high
    if len(rgb) - reached >= REACH or not changes:
        found.append(Sequence(rgb[reached:], boxes[reached:], -1))
    return found


def seen_frames(path: Path, size: tuple[int, int]) -> Picture:
    """Every frame of a clip [T, h, w, 3] at `size` (width, height)."""
    with ClipReader(str(path)) as reader:
        total = reader.info.frames
        return np.stack([cv2.resize(reader.read(i).rgb8, size, interpolation=cv2.INTER_AREA) for i in range(total)])


def load_looked(data: Path, *, size: tuple[int, int], held_out: bool = False) -> list[Looked]:
    """The OSIE photographs with fixations of all viewers but the first of each (it starts in the middle).

    Every seventh, 100 of 700, is held out: returned with `held_out` only, and never learnt from by any network of ours.
    """
    fixations = json.loads((data / "gaze" / "osie_fixations.json").read_text())
    found = []
    for name, viewers in sorted(fixations.items()):
        number = int(name.partition(".")[0]) - 1000  # the data set counts from 1001, the folder of photographs from 1
        if (number % HELD_OUT_EVERY == 0) != held_out:
            continue
        path = data / "photos" / "osie" / f"{number:05d}.jpg"
        bgr = cv2.imread(str(path)) if path.is_file() else None
        places = [(x, y) for viewer in viewers for x, y, _ in viewer[1:]]
        if bgr is not None and places:
            small = cv2.resize(bgr, (size[0] * 5 // 4, size[1] * 5 // 4), interpolation=cv2.INTER_AREA)
            rgb = np.ascontiguousarray(small[..., ::-1])
            found.append(Looked(rgb, (np.array(places, np.float32) / FIXATION_SIZE).astype(np.float32)))
    return found


def stretch_of(sequence: Sequence, config: AfNetConfig, rng: np.random.Generator) -> AfExample:
    """A stretch about the change (half of the time), or about another frame; faster or slower, mirrored, cut."""
    length = len(sequence.rgb)
    half = config.frames // 2
    if sequence.target >= 0 and rng.random() < 0.5:
        centre = sequence.target + int(rng.integers(-1, 2))
    else:
        centre = int(rng.integers(min(half // 2, length // 3), length - min(half // 2, length // 3)))
    speed = float(np.exp(rng.uniform(-0.35, 0.35)))
    index = np.clip(np.rint(centre + (np.arange(config.frames) - half) * speed), 0, length - 1).astype(int)
    away = (centre - sequence.target) / NEAR_FRAMES if sequence.target >= 0 else np.inf
    share, x0, y0 = crop(rng)
    boxes = sequence.boxes[index]
    boxes = np.stack(
        [(boxes[:, 0] - x0) / share, (boxes[:, 1] - y0) / share, boxes[:, 2] / share, boxes[:, 3] / share], 1
    )
    rgb = cut(sequence.rgb[index], share, x0, y0, size=(config.width, config.height))
    if rng.random() < 0.5:
        rgb, boxes[:, 0] = rgb[:, :, ::-1], 1 - boxes[:, 0] - boxes[:, 2]
    middles = np.arange(config.units) * config.unit_frames + config.unit_frames // 2
    region = np.stack([attention_of_box(box, config) for box in boxes[middles]])
    return AfExample(np.ascontiguousarray(rgb), region, float(np.exp(-0.5 * away * away)))


def still_of(looked: Looked, config: AfNetConfig, rng: np.random.Generator) -> AfExample:
    """A photograph under a moving camera: people look where they looked, and nothing is a New Focus Target."""
    share = rng.uniform(0.75, 0.95)
    travel = rng.uniform(-1, 1, 2) * (1 - share) / 2 * rng.choice([0.0, 1.0])
    along = np.linspace(-1, 1, config.frames)
    x = np.clip((1 - share) / 2 + travel[0] * along + rng.normal(0, 0.002, config.frames), 0, 1 - share)
    y = np.clip((1 - share) / 2 + travel[1] * along + rng.normal(0, 0.002, config.frames), 0, 1 - share)
    mirrored = rng.random() < 0.5
    size = config.width, config.height
    rgb = np.stack([cut(looked.rgb[None], share, x[t], y[t], size=size)[0] for t in range(config.frames)])
    regions = []
    for unit in range(config.units):
        t = unit * config.unit_frames + config.unit_frames // 2
        places = (looked.places - (x[t], y[t])) / share
        regions.append(attention_of_places(places.astype(np.float32), config))
    region = np.stack(regions)
    if mirrored:
        rgb, region = rgb[:, :, ::-1], region[:, :, ::-1]
    return AfExample(np.ascontiguousarray(rgb), np.ascontiguousarray(region), 0.0)


def crop(rng: np.random.Generator) -> tuple[float, float, float]:
    """Share of the picture that is kept, and where it begins."""
    share = float(rng.uniform(0.82, 1.0))
    return share, float(rng.uniform(0, 1 - share)), float(rng.uniform(0, 1 - share))


def cut(frames: Picture, share: float, x0: float, y0: float, *, size: tuple[int, int]) -> Picture:
    """The same window of every frame [T, h, w, 3] at `size` (width, height)."""
    height, width = frames.shape[1:3]
    matrix = np.array([[share * width / size[0], 0, x0 * width], [0, share * height / size[1], y0 * height]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = [cv2.warpAffine(f, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE) for f in frames]
    return np.asarray(np.stack(warped), np.uint8)


def attention_of_box(box: NDArray[np.floating], config: AfNetConfig) -> Map:
    """A Gaussian over the visible part of a box (x, y, w, h): the share of attention [h/8, w/8]."""
    x0, x1 = np.clip([box[0], box[0] + box[2]], 0.0, 1.0)
    y0, y1 = np.clip([box[1], box[1] + box[3]], 0.0, 1.0)
    centre = np.array([[(x0 + x1) / 2, (y0 + y1) / 2]], np.float32)
    return _spread(centre, max((x1 - x0) / 4, 0.04), max((y1 - y0) / 4, 0.04), config)


def attention_of_places(places: Map, config: AfNetConfig) -> Map:
    """Fixations [n, 2] -> the share of attention [h/8, w/8]."""
    return _spread(places, FIXATION_SPREAD, FIXATION_SPREAD * config.width / config.height, config)


def _spread(places: Map, across: float, down: float, config: AfNetConfig) -> Map:
    width, height = config.width // 8, config.height // 8
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    gx = np.exp(-0.5 * ((x - places[:, :1]) / across) ** 2)
    gy = np.exp(-0.5 * ((y - places[:, 1:]) / down) ** 2)
    density = np.einsum("ny,nx->yx", gy, gx)
    total = density.sum()
    return np.asarray(density / total if total > 1e-9 else np.full_like(density, 1 / density.size), np.float32)
