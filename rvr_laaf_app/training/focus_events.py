"""Composed sequences in which it is known when attention moves, and to whom: truth for AF-Net without footage.

    python -m rvr_laaf_app.training.focus_events --data DATA --subjects MASKS --out POOL --count 600

Real cut-outs stand before a real photograph under a moving camera. Who is *on* (walks, sways, talks with the body,
comes near) deserves focus; a New Focus Target is the moment at which somebody else becomes it: enters, begins while the
other falls still, is left alone, is found by the camera, or comes close. Much happens that is none: the camera moves,
the light flickers, the idle breathe, somebody small passes far behind. Simulated, and said so wherever it is used.
Frames are those AF-Net sees, every fifth of a clip of 30 per second.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.training.data_photos import recolour
from rvr_laaf_app.training.synth_people import Cutout, CutoutLibrary

LENGTH = 45  # frames of a sequence, at RATE
RATE = 6.0  # per second
SIZE = (128, 96)
SHARD = 25
EVENTS = ("enters", "begins", "left_alone", "found", "comes_close", "none")
EVENT_SHARES = (0.25, 0.25, 0.12, 0.12, 0.11, 0.15)
MARGIN = 0.35  # of the picture's width: how far the world reaches beyond its sides

Picture = NDArray[np.uint8]
Series = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class EventSequence:
    """rgb [T, h, w, 3] uint8; boxes [T, 4] float32 of who deserves focus; target: frame of the change, -1 = none."""

    rgb: Picture
    boxes: Series
    target: int


@dataclass(slots=True)
class Actor:
    """Where somebody stands over time: x (middle) and y (feet) in shares of the picture, height likewise, all [T].

    on [T]: 0 = idle, 1 = acts with the whole body.
    """

    cutout: Cutout
    x: Series
    y: Series
    height: Series
    on: Series
    beat: float  # of its movements, per second
    phase: float


def compose_events(library: CutoutLibrary, rng: np.random.Generator, *, size: tuple[int, int] = SIZE) -> EventSequence:
    """One sequence of LENGTH frames."""
    kind = EVENTS[int(rng.choice(len(EVENTS), p=EVENT_SHARES))]
    at = int(rng.integers(8, LENGTH - 8))
    actors, pan = STAGINGS[kind](library, at, rng)
    shake = smooth_noise(rng, 0.4) * rng.choice([0.0, 0.006, 0.02])
    pan = pan + shake
    tilt = smooth_noise(rng, 0.4) * rng.choice([0.0, 0.004, 0.012])
    backdrop = wide_backdrop(library, size, rng)
    flicker = 1.0 + rng.choice([0.0, 0.0, 0.04]) * rng.standard_normal(LENGTH)
    passer = passer_by(library, rng) if rng.random() < 0.25 else None
    frames, first, second = [], [], []
    for t in range(LENGTH):
        canvas = seen_backdrop(backdrop, float(pan[t]), float(tilt[t]), size)
        boxes = {}
        cast = {id(actor): actor for actor in actors}.values()
        drawn = ([passer] if passer is not None else []) + sorted(cast, key=lambda a: float(a.y[t]))
        for actor in drawn:
            boxes[id(actor)] = draw(canvas, actor, t, pan=float(pan[t]), tilt=float(tilt[t]))
        first.append(boxes[id(actors[0])])
        second.append(boxes[id(actors[-1])])
        frames.append(np.clip(canvas * flicker[t], 0, 255).astype(np.uint8))
    target = -1 if kind == "none" else at
    chosen = [first[t] if target < 0 or t < at else second[t] for t in range(LENGTH)]
    rgb = one_camera(np.stack(frames), rng)
    return EventSequence(rgb, np.array(chosen, np.float32), target)


# The ways in which attention moves: each gives the actors (first: who has it, last: who gets it) and the camera's pan


def enters(library: CutoutLibrary, at: int, rng: np.random.Generator) -> tuple[list[Actor], Series]:
    """Somebody comes in from a side, or there was nobody before."""
    first, second = cast_of_two(library, rng)
    side = rng.choice([-1.0, 1.0])
    walk = np.clip((np.arange(LENGTH) - at) / rng.uniform(8, 25), 0, 1).astype(np.float32)
    outside = 0.5 + side * (0.56 + second.height[0] * 0.25)
    second.x = (outside + (second.x - outside) * walk).astype(np.float32)
    second.on = np.where(np.arange(LENGTH) >= at, 1.0, 0.0).astype(np.float32)
    first.on = (first.on * rng.choice([0.0, 0.3])).astype(np.float32)
    return [first, second], still_camera(rng)


def begins(library: CutoutLibrary, at: int, rng: np.random.Generator) -> tuple[list[Actor], Series]:
    """One falls still as the other begins: turn taking."""
    first, second = cast_of_two(library, rng)
    first.on, second.on = step(at + int(rng.integers(-4, 2)), down=True), step(at, down=False)
    return [first, second], still_camera(rng)


def left_alone(library: CutoutLibrary, at: int, rng: np.random.Generator) -> tuple[list[Actor], Series]:
    """Who had the attention walks out; who stays gets it when the other is gone."""
    first, second = cast_of_two(library, rng)
    side = 1.0 if first.x[0] > 0.5 else -1.0
    gone = 0.5 + side * (0.55 + first.height[0] * 0.25)
    walk = np.clip((np.arange(LENGTH) - at) / rng.uniform(6, 16) + 1, 0, 1).astype(np.float32)
    first.x = (first.x + (gone - first.x) * walk).astype(np.float32)
    first.on = np.where(walk < 1, 1.0, 0.0).astype(np.float32)
    second.on = np.full(LENGTH, rng.uniform(0, 0.3), np.float32)
    return [first, second], still_camera(rng)


def found(library: CutoutLibrary, at: int, rng: np.random.Generator) -> tuple[list[Actor], Series]:
    """The camera turns from one to another."""
    first, second = cast_of_two(library, rng)
    way = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 0.8))
    first.x = np.full(LENGTH, 0.5 - 0.1 * way, np.float32)
    second.x = np.full(LENGTH, 0.5 + way, np.float32)
    length = rng.uniform(6, 14)
    pan = way * smooth_step((np.arange(LENGTH) - at + 0.5 * length) / length)
    return [first, second], pan.astype(np.float32)


def comes_close(library: CutoutLibrary, at: int, rng: np.random.Generator) -> tuple[list[Actor], Series]:
    """Somebody steps up to the camera, or holds something into it."""
    first, second = cast_of_two(library, rng)
    grow = smooth_step((np.arange(LENGTH) - at) / rng.uniform(5, 12))
    near = rng.uniform(1.1, 1.6)
    second.height = (second.height + (near - second.height) * grow).astype(np.float32)
    second.y = (second.y + (1.0 + 0.4 * near - second.y) * grow).astype(np.float32)
    second.on = np.where(np.arange(LENGTH) >= at, 0.7, 0.0).astype(np.float32)
    return [first, second], still_camera(rng)


def nothing_changes(library: CutoutLibrary, at: int, rng: np.random.Generator) -> tuple[list[Actor], Series]:
    """One has the attention all the time, whatever the camera does."""
    first, second = cast_of_two(library, rng)
    first.on = np.full(LENGTH, rng.choice([0.2, 1.0]), np.float32)
    second.on = np.zeros(LENGTH, np.float32)
    drift = rng.uniform(-0.25, 0.25) * np.linspace(0, 1, LENGTH)
    first.x = (first.x + drift).astype(np.float32)  # the camera follows: the world moves, she does not
    # Nobody gets the attention after her, so she is the last of the cast as well; drawn once all the same.
    return ([first] if rng.random() < 0.5 else [first, second, first]), drift.astype(np.float32)


STAGINGS: dict[str, Callable[[CutoutLibrary, int, np.random.Generator], tuple[list[Actor], Series]]] = {
    "enters": enters,
    "begins": begins,
    "left_alone": left_alone,
    "found": found,
    "comes_close": comes_close,
    "none": nothing_changes,
}


def cast_of_two(library: CutoutLibrary, rng: np.random.Generator) -> tuple[Actor, Actor]:
    """Two people or animals side by side, one of them acting."""
    places = rng.permutation([rng.uniform(0.15, 0.42), rng.uniform(0.58, 0.85)])
    return new_actor(library, places[0], 1.0, rng), new_actor(library, places[1], 0.0, rng)


def new_actor(library: CutoutLibrary, x: float, on: float, rng: np.random.Generator) -> Actor:
    """Somebody at `x`, standing on the ground or cut by the lower edge."""
    cutout = library.cutouts[int(rng.integers(len(library.cutouts)))]
    height = float(rng.uniform(0.35, 0.95))
    feet = rng.uniform(max(height, 0.7), 1.0) if cutout.whole else 1.0 + rng.uniform(0, 0.15)
    x_, y_, height_, on_ = (np.full(LENGTH, value, np.float32) for value in (x, feet, height, on))
    return Actor(cutout, x_, y_, height_, on_, beat=rng.uniform(0.4, 1.6), phase=rng.uniform(0, 6.3))


def passer_by(library: CutoutLibrary, rng: np.random.Generator) -> Actor:
    """Somebody small who crosses far behind: no reason to change the focus."""
    actor = new_actor(library, 0.5, 0.5, rng)
    way = rng.choice([-1.0, 1.0])
    actor.x = (0.5 + way * np.linspace(-1.0, 1.0, LENGTH) * rng.uniform(0.5, 0.9)).astype(np.float32)
    actor.height[:] = rng.uniform(0.08, 0.18)
    actor.y[:] = rng.uniform(0.5, 0.65)
    return actor


def step(at: int, *, down: bool) -> Series:
    """1 before `at` and 0 after, or the other way round, within two frames."""
    rise = np.clip((np.arange(LENGTH) - at + 1) / 2, 0, 1).astype(np.float32)
    return 1 - rise if down else rise


def smooth_step(t: NDArray[np.floating]) -> NDArray[np.floating]:
    """0 before 0, 1 after 1, with soft ends."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def smooth_noise(rng: np.random.Generator, per_second: float) -> Series:
    """Random walk-like wandering of about unit size, slower than `per_second`."""
    noise = rng.standard_normal(LENGTH + 40).astype(np.float32)[None]
    soft = cv2.GaussianBlur(noise, (0, 0), RATE / per_second / 3)[0, 20 : 20 + LENGTH]
    return np.asarray(soft / max(float(soft.std()), 1e-3), np.float32)


def still_camera(rng: np.random.Generator) -> Series:
    """No pan, or a slow one that means nothing."""
    return np.asarray(np.linspace(0, rng.choice([0.0, 0.0, 1.0]) * rng.uniform(-0.12, 0.12), LENGTH), np.float32)


def wide_backdrop(library: CutoutLibrary, size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """A photograph mirrored to both sides, so that the camera may turn."""
    photo = library.photos[int(rng.integers(len(library.photos)))]
    width, height = round(size[0] * (1 + 2 * MARGIN)), round(size[1] * 1.12)
    soft = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        soft = cv2.GaussianBlur(soft, (0, 0), rng.uniform(0.5, 2.0))
    return np.asarray(np.hstack([soft[:, ::-1], soft, soft[:, ::-1]]), np.uint8)


def seen_backdrop(backdrop: Picture, pan: float, tilt: float, size: tuple[int, int]) -> NDArray[np.float32]:
    """What the camera sees of it, turned by `pan` and `tilt` (shares of the picture's width and height)."""
    x = (backdrop.shape[1] - size[0]) / 2 + np.clip(pan, -1.4, 1.4) * size[0]
    y = (backdrop.shape[0] - size[1]) / 2 * (1 + np.clip(tilt * 10, -1, 1))
    matrix = np.array([[1, 0, x], [0, 1, y]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(backdrop, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(seen, np.float32)


def draw(canvas: NDArray[np.float32], actor: Actor, t: int, *, pan: float, tilt: float) -> tuple[float, ...]:
    """Put an actor into the picture [h, w, 3] in place; return its box (x, y, w, h) in 0..1, cut to the picture."""
    height, width = canvas.shape[:2]
    source_h, source_w = actor.cutout.alpha.shape
    scale = float(actor.height[t]) * height / source_h
    now = t / RATE
    swing = float(actor.on[t]) * 0.16 + 0.008
    lean = swing * np.sin(6.28 * actor.beat * now + actor.phase)
    bob = float(actor.on[t]) * 0.02 * np.sin(6.28 * 1.7 * actor.beat * now)
    foot_x = (float(actor.x[t]) - pan) * width
    foot_y = (float(actor.y[t]) - tilt + bob) * height
    # Upright about the feet, leaning: x gains lean per height above the ground.
    matrix = np.array(
        [
            [scale, scale * lean, foot_x - scale * source_w / 2 - scale * lean * source_h],
            [0, scale, foot_y - scale * source_h],
        ]
    )
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    alpha = cv2.warpAffine(actor.cutout.alpha, matrix, (width, height), flags=flags)
    colour = cv2.warpAffine(actor.cutout.rgb, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    canvas += alpha[..., None] * (colour - canvas)
    left, right = foot_x - scale * source_w / 2, foot_x + scale * source_w / 2
    top, bottom = foot_y - scale * source_h, foot_y
    x0, x1 = (float(np.clip(v / width, 0, 1)) for v in (left, right))
    y0, y1 = (float(np.clip(v / height, 0, 1)) for v in (top, bottom))
    return x0, y0, max(x1 - x0, 0.01), max(y1 - y0, 0.01)


def one_camera(frames: Picture, rng: np.random.Generator) -> Picture:
    """All frames [T, h, w, 3] through the same camera: colours, blur, noise and coding as one long picture."""
    count, height, width = frames.shape[:3]
    return recolour(frames.reshape(count * height, width, 3), rng).reshape(count, height, width, 3)


def write_shard(path: Path, library: CutoutLibrary, *, number: int, seed: int) -> None:
    """Compose SHARD sequences: the same number and seed give the same."""
    rng = np.random.default_rng((seed, number))
    made = [compose_events(library, rng) for _ in range(SHARD)]
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez_compressed(
            file,
            rgb=np.stack([m.rgb for m in made]),
            boxes=np.stack([m.boxes for m in made]),
            target=np.array([m.target for m in made], np.int64),
        )
    os.replace(partial, path)


def main() -> None:
    """Write the shards that are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--subjects", type=Path, default=Path("../subject_masks"))
    parser.add_argument("--out", type=Path, default=Path("../focus_events"))
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    library = CutoutLibrary.load(options.data, options.subjects)
    for number in range(options.count // SHARD):
        path = options.out / f"events_{number:04d}.npz"
        if not path.exists():
            write_shard(path, library, number=number, seed=options.seed)
            print(path, flush=True)


if __name__ == "__main__":
    main()
