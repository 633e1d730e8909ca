"""Focus stacks with exact truth, drawn by seed: flat layers behind each other, each blurred by itself, then composited.

Because every layer is blurred with its own matte before it covers what is behind, a blurred edge in front is half
transparent as through a real lens, and the all-in-focus truth has no artefact (deeplens.txt, 4.2). A stack may breathe,
shake, flicker and be noisy; what was done is returned beside it. Photographs may be given as textures; without any,
textures are drawn. Nothing here reads files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import decode_transfer, encode_transfer

Float = NDArray[np.float32]
T = TypeVar("T", np.float32, np.uint8)
MARGIN = 0.12  # of the width: drawn around the frame, so that nothing empty breathes into it


@dataclass(frozen=True, slots=True)
class StackSpec:
    """What to draw: size (width, height) px, layers, slices, and the faults of the capture.

    max_radius_px: blur of the nearest layer when the farthest is in focus. breathing: growth of the picture from the
    first slice (focused near) to the last. shake_px, shake_deg: standard deviation of the hand. flicker_stops and
    noise (of display white, at white): standard deviations.
    """

    size: tuple[int, int] = (480, 320)
    layers: int = 4
    slices: int = 6
    max_radius_px: float = 9.0
    breathing: float = 0.0
    shake_px: float = 0.0
    shake_deg: float = 0.0
    flicker_stops: float = 0.0
    noise: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class TrueStack:
    """A drawn stack: slices [h, w, 3] uint8 near to far, truth [h, w, 3] uint8 (as the last slice frames it).

    depth [h, w] float32 0..1 (0 = nearest, in units of the sweep); to_truth [n, 2, 3]: slice px -> truth px; gains [n]
    linear light of each slice by that of the truth.
    """

    slices: tuple[NDArray[np.uint8], ...]
    truth: NDArray[np.uint8]
    depth: Float
    to_truth: NDArray[np.float64]
    gains: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """linear [H, W, 3] and matte [H, W] of one layer, and its place in the sweep 0..1."""

    linear: Float
    matte: Float
    place: float


def draw_stack(seed: int, spec: StackSpec | None = None, *, photos: Sequence[NDArray[np.uint8]] = ()) -> TrueStack:
    """Return the stack of this seed; `photos` (RGB of any size) are used as textures in a row."""
    spec = spec or StackSpec()
    random = np.random.default_rng(seed)
    layers = _layers(random, spec, photos)
    width, height = spec.size
    sharp, depth = _composite(layers, [0.0] * len(layers)), _depth_of(layers)
    centre = np.array([(sharp.shape[1] - 1) / 2, (sharp.shape[0] - 1) / 2])
    views, to_truth, gains = [], [], []
    for number in range(spec.slices):
        focus = number / max(spec.slices - 1, 1)
        last = number == spec.slices - 1
        view = _composite(layers, [spec.max_radius_px * abs(layer.place - focus) for layer in layers])
        scale = 1.0 - spec.breathing * (1.0 - focus)
        angle = 0.0 if last else np.deg2rad(random.normal(0, spec.shake_deg) if spec.shake_deg else 0.0)
        shift = np.zeros(2) if last or not spec.shake_px else random.normal(0, spec.shake_px, 2)
        matrix = _similarity(scale, angle, shift, centre)  # large truth -> large slice
        gain = 1.0 if last or not spec.flicker_stops else 2.0 ** random.normal(0, spec.flicker_stops)
        linear = cv2.warpAffine(view, matrix, (view.shape[1], view.shape[0]), flags=cv2.INTER_CUBIC) * gain
        views.append(_developed(_cut(linear, width, height), spec.noise, random))
        to_truth.append(_in_frame(matrix, sharp.shape, (width, height)))
        gains.append(gain)
    truth = _developed(_cut(sharp, width, height), 0.0, random)
    return TrueStack(tuple(views), truth, _cut(depth, width, height), np.array(to_truth), np.array(gains))


def _layers(random: np.random.Generator, spec: StackSpec, photos: Sequence[NDArray[np.uint8]]) -> list[_Layer]:
    """Return the layers, far to near; the farthest fills the frame."""
    width, height = (round(side * (1 + 2 * MARGIN)) for side in spec.size)
    places = np.linspace(1.0, 0.0, spec.layers) if spec.layers > 1 else np.zeros(1)
    layers = []
    for number, place in enumerate(places):
        if photos:
            photo = photos[number % len(photos)]
            texture = decode_transfer(_filling(photo, width, height) / 255.0, "srgb").astype(np.float32)
        else:
            texture = draw_texture(random, (width, height))
        matte = np.ones((height, width), np.float32) if number == 0 else _shape(random, width, height)
        layers.append(_Layer(texture, matte, float(place)))
    return layers


def draw_texture(random: np.random.Generator, size: tuple[int, int]) -> Float:
    """Return linear light [h, w, 3]: clouds of several sizes, lines, letters and small lights over a base colour."""
    width, height = size
    base = random.uniform(0.08, 0.5, 3)
    picture = np.ones((height, width, 3), np.float32) * base.astype(np.float32)
    for cell, strength in ((64, 0.5), (16, 0.35), (4, 0.3), (1, 0.15)):
        cloud = random.normal(0, 1, (height // cell + 2, width // cell + 2, 1)).astype(np.float32)
        fine = cv2.resize(cloud, (width, height), interpolation=cv2.INTER_CUBIC)
        mask = _shape(random, width, height) if cell < 16 else np.ones((height, width), np.float32)
        picture *= np.exp(strength * (fine * mask)[..., None])
    for _ in range(12):
        colour = [float(c) for c in random.uniform(0.01, 0.9, 3)]
        start, end = random.integers(0, (width, height)), random.integers(0, (width, height))
        cv2.line(picture, start.tolist(), end.tolist(), colour, int(random.integers(1, 4)), cv2.LINE_AA)
        word = "".join(chr(int(c)) for c in random.integers(65, 91, 6))
        at = random.integers(0, (width, height)).tolist()
        ink = np.zeros((height, width), np.uint8)
        cv2.putText(ink, word, at, cv2.FONT_HERSHEY_SIMPLEX, float(random.uniform(0.3, 0.9)), 255, 1)
        cover = ink[..., None].astype(np.float32) / np.float32(255)
        picture = picture * (1 - cover) + np.array(colour, np.float32) * cover
    for _ in range(6):
        cv2.circle(picture, random.integers(0, (width, height)).tolist(), 2, (2.0, 1.9, 1.7), -1, cv2.LINE_AA)
    return np.clip(picture, 0.0, 2.0)


def _shape(random: np.random.Generator, width: int, height: int) -> Float:
    """Return a matte of a few blobs with some thin stalks, antialiased."""
    matte = np.zeros((height, width), np.uint8)
    side = min(width, height)
    for _ in range(int(random.integers(1, 4))):
        centre = random.integers(0, (width, height))
        turns = np.sort(random.uniform(0, 2 * np.pi, 14))
        reach = side * random.uniform(0.08, 0.28) * random.uniform(0.6, 1.3, 14)
        points = centre + np.stack([np.cos(turns) * reach, np.sin(turns) * reach], 1)
        cv2.fillPoly(matte, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        stalk = random.integers(0, (width, height)).tolist()
        cv2.line(matte, centre.tolist(), stalk, 255, int(random.integers(1, 5)), cv2.LINE_AA)
    return matte.astype(np.float32) / np.float32(255)


def disc(radius_px: float) -> Float:
    """Return a disc kernel of sum 1 with a soft border (paper, Eq. 4); a radius below a third of a pixel is sharp."""
    if radius_px < 1 / 3:
        return np.ones((1, 1), np.float32)
    reach = int(np.ceil(radius_px))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius_px + 0.5 - np.hypot(x, y), 0.0, 1.0).astype(np.float32)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _composite(layers: Sequence[_Layer], radii_px: Sequence[float]) -> Float:
    """Return the light of all layers, far to near, each blurred with its matte."""
    out = np.zeros_like(layers[0].linear)
    for layer, radius in zip(layers, radii_px, strict=True):
        kernel = disc(radius)
        light = cv2.filter2D(layer.linear * layer.matte[..., None], -1, kernel, borderType=cv2.BORDER_REFLECT_101)
        cover = cv2.filter2D(layer.matte, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
        out = out * (1 - cover[..., None]) + light
    return out


def _depth_of(layers: Sequence[_Layer]) -> Float:
    depth = np.zeros(layers[0].matte.shape, np.float32)
    for layer in layers:
        depth[layer.matte >= 0.5] = layer.place
    return depth


def _similarity(
    scale: float, angle: float, shift: NDArray[np.float64], centre: NDArray[np.float64]
) -> NDArray[np.float64]:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([turn, centre + shift - turn @ centre])


def _in_frame(matrix: NDArray[np.float64], large: tuple[int, ...], size: tuple[int, int]) -> NDArray[np.float64]:
    """Return slice px -> truth px for the inner cut, from large truth -> large slice."""
    left, top = (large[1] - size[0]) // 2, (large[0] - size[1]) // 2
    move = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64)
    whole = np.linalg.inv(move) @ np.vstack([matrix, [0, 0, 1]]) @ move
    return np.asarray(np.linalg.inv(whole)[:2], np.float64)


def _cut(picture: NDArray[T], width: int, height: int) -> NDArray[T]:
    left, top = (picture.shape[1] - width) // 2, (picture.shape[0] - height) // 2
    return np.ascontiguousarray(picture[top : top + height, left : left + width])


def _developed(linear: Float, noise: float, random: np.random.Generator) -> NDArray[np.uint8]:
    """Return display-encoded bytes, with photon-like noise: its variance grows with the light."""
    light = np.clip(linear, 0.0, None)
    if noise > 0:
        spread = noise * np.sqrt(np.minimum(light, 1.0) + 0.01)
        light = np.asarray(light + random.normal(0, 1, light.shape) * spread, np.float32)
    return np.rint(np.clip(encode_transfer(light, "srgb"), 0, 1) * 255).astype(np.uint8)


def _filling(photo: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return the photo scaled and cut so that it fills the size."""
    scale = max(width / photo.shape[1], height / photo.shape[0])
    size = max(width, round(photo.shape[1] * scale)), max(height, round(photo.shape[0] * scale))
    large = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    return _cut(large, width, height)
