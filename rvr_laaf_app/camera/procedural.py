"""Scenes drawn by rule, so that a camera can be simulated with nothing at hand: a desk, a chart, a tilted plane...

Every scene is made from a seed, has texture at all scales and exact best lens positions. Made by ourselves entirely.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.scene import Motion, Scene, Surface
from rvr_laaf_app.core.errors import UsageError

Image = NDArray[np.float32]
_FINE: Final = 2  # things are drawn at twice the size and averaged down


def make_scene(name: str, *, size: tuple[int, int], limits: tuple[int, int], seed: int = 0) -> Scene:
    """Return a scene by name, `size` = (height, width); positions lie inside `limits`. UsageError for other names."""
    if name not in SCENES:
        raise UsageError(f"there is no simulated scene {name!r}", remedy=f"Choose one of: {', '.join(SCENES)}.")
    height, width = size
    if not (16 <= height <= 4096 and 16 <= width <= 8192):
        raise UsageError(f"a simulated picture cannot be {width} x {height}")
    return SCENES[name](height, width, limits, np.random.default_rng(seed))


Maker = Callable[[int, int, tuple[int, int], np.random.Generator], Scene]


def _desk(height: int, width: int, limits: tuple[int, int], rng: np.random.Generator) -> Scene:
    """A wall with pictures, a table that runs from near to far, and things that stand on it."""
    wall_at, near_at = _at(limits, 0.93), _at(limits, 0.08)
    surfaces = [Surface(_wall(height, width, rng), np.ones((height, width), np.float32), wall_at)]
    surfaces.append(_table(height, width, near_at, wall_at, rng))
    for share in np.linspace(0.82, 0.12, 6) + rng.uniform(-0.04, 0.04, 6):
        surfaces.append(_thing(height, width, _at(limits, float(share)), float(share), rng))
    return Scene("desk", tuple(surfaces))


def _chart(height: int, width: int, limits: tuple[int, int], rng: np.random.Generator) -> Scene:
    """One flat test chart at a distance drawn by lot: a single answer for autofocus."""
    picture = _texture(height, width, rng, contrast=0.9)
    _marks(picture, rng, count=40)
    at = _at(limits, float(rng.uniform(0.1, 0.9)))
    return Scene("chart", (Surface(picture, np.ones((height, width), np.float32), float(at)),))


def _slope(height: int, width: int, limits: tuple[int, int], rng: np.random.Generator) -> Scene:
    """A plane that runs from near (bottom) to far (top)."""
    picture = _texture(height, width, rng, contrast=0.9)
    _marks(picture, rng, count=40)
    rows = np.linspace(0.95, 0.05, height, dtype=np.float32)[:, None]
    at = limits[0] + np.repeat(rows, width, axis=1) * np.float32(limits[1] - limits[0])
    return Scene("slope", (Surface(picture, np.ones((height, width), np.float32), at.astype(np.float32)),))


def _two(height: int, width: int, limits: tuple[int, int], rng: np.random.Generator) -> Scene:
    """A near thing in front of a far wall: two answers, and a rack between them."""
    whole = np.ones((height, width), np.float32)
    wall = Surface(_wall(height, width, rng), whole, _at(limits, 0.9))
    cover = np.zeros((height, width), np.float32)
    cover[round(0.2 * height) : round(0.95 * height), round(0.1 * width) : round(0.48 * width)] = 1.0
    thing = _texture(height, width, rng, contrast=0.9)
    _marks(thing, rng, count=25)
    return Scene("two", (wall, Surface(thing, cover, _at(limits, 0.15))))


def _moving(height: int, width: int, limits: tuple[int, int], rng: np.random.Generator) -> Scene:
    """The desk with one thing that comes nearer while it crosses the picture, and goes back."""
    still = _desk(height, width, limits, rng)
    span = limits[1] - limits[0]
    mover = _thing(height, width, _at(limits, 0.75), 0.45, rng, centre=0.2)
    motion = Motion(right_per_s=0.1, steps_per_s=-0.09 * span, period_s=12.0)
    return Scene("moving", (*still.surfaces[:3], Surface(mover.linear, mover.coverage, mover.position, motion)))


def _blank(height: int, width: int, limits: tuple[int, int], rng: np.random.Generator) -> Scene:
    """An evenly lit wall without any texture: there is nothing to focus on."""
    down = np.linspace(0.42, 0.38, height, dtype=np.float32)[:, None, None]
    picture = np.ascontiguousarray(np.broadcast_to(down, (height, width, 3)), np.float32)
    at = _at(limits, float(rng.uniform(0.2, 0.8)))
    return Scene("blank", (Surface(picture, np.ones((height, width), np.float32), at),))


SCENES: Final[dict[str, Maker]] = {
    "desk": _desk,
    "chart": _chart,
    "slope": _slope,
    "two": _two,
    "moving": _moving,
    "blank": _blank,
}


def _at(limits: tuple[int, int], share: float) -> float:
    return float(round(limits[0] + share * (limits[1] - limits[0])))


def _texture(height: int, width: int, rng: np.random.Generator, *, contrast: float = 0.6) -> Image:
    """Cloth-like colour with detail at every scale [h, w, 3] linear, about 0.02..0.9."""
    field = np.zeros((height, width), np.float32)
    cell, weight = 1, 1.0
    while cell < min(height, width):
        grain = rng.standard_normal((height // cell + 2, width // cell + 2)).astype(np.float32)
        field += np.float32(weight) * cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC)
        cell, weight = cell * 2, weight * 1.15
    field = (field - field.mean()) / max(float(field.std()), 1e-6)
    shade = np.exp(np.float32(contrast) * field)
    colour = (rng.uniform(0.12, 0.28) * rng.uniform(0.75, 1.25, 3)).astype(np.float32)
    tint = cv2.resize(rng.standard_normal((9, 9, 3)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    tint = 1.0 + 0.08 * tint / max(float(tint.std()), 1e-6)
    return np.asarray(np.clip(shade[..., None] * colour * np.maximum(tint, 0.2), 0.01, 1.2), np.float32)


def _marks(picture: Image, rng: np.random.Generator, *, count: int) -> None:
    """Draw strokes, rings and letters into a texture, in place: hard edges of many directions, dark and light ones."""
    height, width = picture.shape[:2]
    for shade in (0.02, 0.8):
        mask = np.zeros((height * _FINE, width * _FINE), np.uint8)
        for _ in range(count // 2):
            _mark(mask, rng)
        cover = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)[..., None].astype(np.float32) / 255.0
        colour = (shade * rng.uniform(0.7, 1.0, 3)).astype(np.float32)
        picture[:] = picture * (1.0 - cover) + colour * cover


def _mark(mask: NDArray[np.uint8], rng: np.random.Generator) -> None:
    height, width = mask.shape
    unit = height / 100.0
    x, y = int(rng.uniform(0, width)), int(rng.uniform(0, height))
    size = float(rng.uniform(3, 14) * unit)
    kind = int(rng.integers(3))
    if kind == 0:
        turn = float(rng.uniform(0, np.pi))
        end = (int(x + size * np.cos(turn)), int(y + size * np.sin(turn)))
        cv2.line(mask, (x, y), end, 255, max(1, int(unit * rng.uniform(0.3, 1.5))), cv2.LINE_AA)
    elif kind == 1:
        line = max(1, int(unit * rng.uniform(0.4, 2)))
        cv2.circle(mask, (x, y), max(2, int(size / 2)), 255, line, cv2.LINE_AA)
    else:
        word = "".join(rng.choice(list("AEFHKMNRSTXZ2358"), 4))
        cv2.putText(mask, word, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size / 25, 255, max(1, int(unit / 2)), cv2.LINE_AA)


def _wall(height: int, width: int, rng: np.random.Generator) -> Image:
    wall = _texture(height, width, rng, contrast=0.25)
    wall *= np.float32(0.35 / max(float(wall.mean()), 1e-6))
    for _ in range(5):
        top, left = int(rng.uniform(0, 0.4) * height), int(rng.uniform(0, 0.85) * width)
        tall, wide = int(rng.uniform(0.12, 0.3) * height), int(rng.uniform(0.1, 0.2) * width)
        frame = wall[top : top + tall, left : left + wide]
        inner = _texture(frame.shape[0], frame.shape[1], rng, contrast=0.8) if min(frame.shape[:2]) > 2 else frame
        frame[:] = inner
        cv2.rectangle(wall, (left, top), (left + wide, top + tall), (0.03, 0.025, 0.02), max(1, height // 120))
    return wall


def _table(height: int, width: int, near_at: float, far_at: float, rng: np.random.Generator) -> Surface:
    """The table: grain that narrows towards the far edge; positions even in 1 / distance, as perspective has it."""
    horizon = round(0.5 * height)
    flat = _texture(height, width, rng, contrast=0.5)
    _marks(flat, rng, count=30)
    rows = np.arange(height, dtype=np.float32)
    share = np.clip((rows - horizon) / max(1, height - horizon), 0.0, 1.0)  # 0 far edge, 1 nearest
    depth = 1.0 / (0.18 + 0.82 * share)
    x = (np.arange(width, dtype=np.float32) - width / 2)[None, :] * (0.35 * depth)[:, None] + width / 2
    y = np.broadcast_to((height * 0.25 * depth)[:, None], (height, width))
    grain = cv2.remap(flat, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    cover = np.repeat((rows >= horizon).astype(np.float32)[:, None], width, axis=1)
    at = np.repeat((far_at + (near_at - far_at) * share)[:, None], width, axis=1).astype(np.float32)
    return Surface(np.maximum(grain, 0.005), cover, at)


def _thing(
    height: int, width: int, at: float, share: float, rng: np.random.Generator, *, centre: float | None = None
) -> Surface:
    """A ball or a standing board; nearer ones (smaller share) are larger and stand lower in the picture."""
    grown = 1.35 - share
    tall = (0.20 + 0.16 * grown) * height
    foot = (1.02 - 0.48 * share) * height
    x = (float(rng.uniform(0.08, 0.92)) if centre is None else centre) * width
    ball = rng.random() < 0.4
    wide = tall if ball else tall * float(rng.uniform(0.5, 0.9))
    edges = (round(foot - tall), round(foot), round(x - wide / 2), round(x + wide / 2))
    top, bottom, left, right = max(edges[0], 0), min(edges[1], height), max(edges[2], 0), min(edges[3], width)
    inside = (slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1)))
    tile = _texture(edges[1] - edges[0], edges[3] - edges[2], rng, contrast=0.8)
    _marks(tile, rng, count=14)
    picture, cover = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    position: float | Image = at
    if ball:
        down, across = np.mgrid[0:height, 0:width].astype(np.float32)
        radius = tall / 2
        distance = np.hypot(across + 0.5 - x, down + 0.5 - (foot - radius))
        cover[:] = np.clip(radius - distance + 0.5, 0.0, 1.0)
        bulge = np.sqrt(np.maximum(1.0 - (distance / radius) ** 2, 0.0)).astype(np.float32)
        position = (at - 30.0 * bulge).astype(np.float32)
        shade = 0.35 + 0.65 * bulge[..., None]
    else:
        cover[inside] = 1.0
        shade = np.ones((1, 1, 1), np.float32)
    cut = (slice(inside[0].start - edges[0], None), slice(inside[1].start - edges[2], None))
    piece = tile[cut][: inside[0].stop - inside[0].start, : inside[1].stop - inside[1].start]
    picture[inside[0].start : inside[0].start + piece.shape[0], inside[1].start : inside[1].start + piece.shape[1]] = (
        piece
    )
    return Surface(picture * shade, cover, position)
