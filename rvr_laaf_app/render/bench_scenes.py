"""Seeded pictures with exact disparity for the renderer benchmark. Not used by the program otherwise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_F32 = NDArray[np.float32]
SceneMaker = Callable[[int, int], tuple[_F32, _F32]]


def noise(height: int, width: int, seed: int, *, power: float = 1.1) -> _F32:
    """Return 1 / f**power noise [H, W] float32 in 0..1."""
    rng = np.random.default_rng(seed)
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = 1.0
    spectrum = (rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)) / frequency**power
    field = np.fft.irfft2(spectrum, s=(height, width))
    scaled: _F32 = ((field - field.min()) / np.ptp(field)).astype(np.float32)
    return scaled


def texture(height: int, width: int, seed: int) -> _F32:
    """Return a coloured linear-light texture [H, W, 3] float32."""
    colours = np.stack([noise(height, width, seed + c) for c in range(3)], -1)
    return np.asarray(np.clip((colours - 0.2) * 1.5, 0.01, 1.0) ** 2.2, np.float32)


def portrait(width: int, height: int) -> tuple[_F32, _F32]:
    """A person in focus (disparity 0.6) before a plain wall."""
    y, x = _grid(height, width)
    linear, disparity = np.full((height, width, 3), 0.35, np.float32), np.full((height, width), 0.1, np.float32)
    person = _ellipse(x, y, (0.5, 0.35), (0.09, 0.2)) | _ellipse(x, y, (0.5, 0.95), (0.22, 0.42))
    return _put(linear, disparity, person, 0.6, 20)


def ground(width: int, height: int) -> tuple[_F32, _F32]:
    """A wall and a slanted ground plane through all depths, a person standing on it."""
    y, x = _grid(height, width)
    linear = texture(height, width, 0)
    disparity = np.where(y < 0.5, 0.06, 0.06 + 0.9 * (y - 0.5) / 0.5).astype(np.float32)
    return _put(linear, disparity, _ellipse(x, y, (0.45, 0.5), (0.08, 0.32)), 0.6, 40)


def leaves(width: int, height: int) -> tuple[_F32, _F32]:
    """A person with strands of hair behind blurred foliage: many depth edges."""
    linear, disparity = ground(width, height)
    y, x = _grid(height, width)
    for strand in range(40):
        line = np.abs(x - 0.45 - (strand - 20) * (0.004 + 0.01 * (0.2 - y))) < 0.8 / width
        linear, disparity = _put(linear, disparity, line & (y > 0.12) & (y < 0.22), 0.6, 60)
    rng = np.random.default_rng(8)
    for leaf in range(40):
        centre = (rng.uniform(0, 0.25) if leaf % 2 else rng.uniform(0.85, 1), rng.uniform(0.4, 1))
        turn, size = rng.uniform(0, np.pi), rng.uniform(0.012, 0.03)
        u = (x - centre[0]) * np.cos(turn) + (y - centre[1]) * height / width * np.sin(turn)
        v = -(x - centre[0]) * np.sin(turn) + (y - centre[1]) * height / width * np.cos(turn)
        linear, disparity = _put(linear, disparity, (u / size) ** 2 + (v / size * 3) ** 2 < 1, 0.95, 80 + leaf)
    return linear, disparity


def night(width: int, height: int) -> tuple[_F32, _F32]:
    """`leaves` in the dark with 60 small lights of 10 to 180 times white on the wall."""
    linear, disparity = leaves(width, height)
    linear *= 0.2
    y, x = _grid(height, width)
    rng = np.random.default_rng(5)
    for _ in range(60):
        centre, light = (rng.uniform(0, 1), rng.uniform(0, 0.45)), rng.uniform(10, 60) * rng.uniform(0.4, 1, 3) * 3
        lamp = _ellipse(x, y, centre, (2 / 1280, 2 / 720)) & (disparity < 0.1)
        linear[lamp] = light
    return linear, disparity


SCENES: dict[str, SceneMaker] = {"portrait": portrait, "ground": ground, "leaves": leaves, "night": night}


def lens_truth(
    width: int = 640, height: int = 360, *, radius_px: float = 16.0, samples: int = 900
) -> tuple[_F32, _F32, _F32]:
    """Return a picture, its disparity (focus 0.6) and its true thin-lens image by aperture sampling.

    Four flat things with known hidden parts are shifted by each sample's parallax and put over each other.
    """
    gain = radius_px / 0.6
    planes = _planes(width, height)
    linear, disparity = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    for light, matte, depth in planes:
        linear = linear * (1 - matte[..., None]) + light * matte[..., None]
        disparity = np.where(matte > 0.5, np.float32(depth), disparity)
    steps = np.arange(samples) + 0.5
    radius, angle = np.sqrt(steps / samples), steps * 2.399963
    total = np.zeros((height, width, 3))
    for u, v in zip(radius * np.cos(angle), radius * np.sin(angle), strict=True):
        seen = np.zeros((height, width, 3), np.float32)
        for light, matte, depth in planes:
            moved = _shift(
                np.dstack([light * matte[..., None], matte]), u * (depth - 0.6) * gain, v * (depth - 0.6) * gain
            )
            seen = seen * (1 - moved[..., 3:]) + moved[..., :3]
        total += seen
    return linear.astype(np.float32), disparity, (total / samples).astype(np.float32)


def _planes(width: int, height: int) -> list[tuple[_F32, _F32, float]]:
    """Return (light, matte, disparity) far to near: wall with lights, box, person in focus, leaves."""
    y, x = _grid(height, width)
    wall = texture(height, width, 0)
    rng = np.random.default_rng(5)
    for _ in range(25):
        lamp = _ellipse(x, y, (rng.uniform(0, 1), rng.uniform(0, 0.6)), (1.5 / width, 1.5 / height))
        wall[lamp] = rng.uniform(3, 12) * rng.uniform(0.4, 1, 3)
    box = (abs(x - 0.75) < 0.08) & (abs(y - 0.53) < 0.3)
    person = _ellipse(x, y, (0.42, 0.33), (0.075, 0.16)) | _ellipse(x, y, (0.42, 0.86), (0.16, 0.39))
    leaf = np.zeros_like(person)
    for i in range(30):
        centre = (rng.uniform(0, 0.35) if i % 2 else rng.uniform(0.75, 1), rng.uniform(0.3, 1))
        leaf |= _ellipse(x, y, centre, (0.03 * rng.uniform(0.4, 1), 0.017))
    mattes = [np.ones_like(person), box, person, leaf]
    lights = [wall, *(texture(height, width, seed) for seed in (100, 200, 300))]
    depths = (0.05, 0.35, 0.6, 0.95)
    return [
        (light, matte.astype(np.float32), depth) for light, matte, depth in zip(lights, mattes, depths, strict=True)
    ]


def _shift(picture: _F32, dx: float, dy: float) -> _F32:
    """Return the picture moved by a fraction of pixels, bilinear, its border repeated."""
    for axis, by in ((1, dx), (0, dy)):
        low = int(np.floor(by))
        size = picture.shape[axis]
        at = np.arange(size) - low
        near, far = (np.take(picture, np.clip(at - k, 0, size - 1), axis) for k in (0, 1))
        share = np.float32(by - low)
        picture = near * (1 - share) + far * share
    return picture


def _grid(height: int, width: int) -> tuple[_F32, _F32]:
    """Return y and x of every pixel in 0..1."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return y / np.float32(height), x / np.float32(width)


def _ellipse(x: _F32, y: _F32, centre: tuple[float, float], half: tuple[float, float]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = ((x - centre[0]) / half[0]) ** 2 + ((y - centre[1]) / half[1]) ** 2 < 1
    return inside


def _put(linear: _F32, disparity: _F32, where: NDArray[np.bool_], depth: float, seed: int) -> tuple[_F32, _F32]:
    """Paint a textured thing of one depth."""
    colour = np.random.default_rng(seed).uniform(0.1, 0.9, 3).astype(np.float32)
    height, width = disparity.shape
    grain = noise(height, width, 300 + seed % 3)
    linear[where] = colour * (0.4 + 0.6 * grain[where, None])
    disparity[where] = depth
    return linear, disparity
