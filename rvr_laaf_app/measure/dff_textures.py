"""What the surfaces of rendered focal stacks look like when no photograph is at hand: drawn patterns in linear light.

Fine and coarse noise, checks, stripes, dots, strokes like writing, and surfaces with nothing on them. Seeded; knows
neither lens nor depth.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float32]
Paint = Callable[[np.random.Generator, tuple[int, int]], Light]
"""(rng, (width, height)) -> linear light [height, width, 3] float32, 1 = a white sheet."""

PLAIN_SHARE = 0.12  # of all things have no texture at all


def drawn_texture(rng: np.random.Generator, size: tuple[int, int]) -> Light:
    """One random surface [h, w, 3]: one of six patterns in two colours, with grain on it."""
    share = _PATTERNS[rng.integers(len(_PATTERNS))](rng, size)
    first, second = two_colours(rng)
    mixed = first + (second - first) * share[..., None]
    grain = 1.0 + rng.uniform(0.0, 0.15) * cloud(rng, size, cells=max(size) // int(rng.integers(2, 6)))
    return np.asarray(np.clip(mixed * grain[..., None], 0.002, 1.0), np.float32)


def plain(rng: np.random.Generator, size: tuple[int, int]) -> Light:
    """One colour with a soft fall of light over it."""
    width, height = size
    turn = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(size)
    fall = 1.0 + rng.uniform(0.0, 0.5) * (np.cos(turn) * x + np.sin(turn) * y)
    return np.asarray(np.clip(two_colours(rng)[0] * fall[..., None], 0.002, 1.0), np.float32)


def two_colours(rng: np.random.Generator) -> tuple[Light, Light]:
    """Two colours [3] whose contrast is anything from faint (a fifth brighter) to full."""
    dark = np.exp(rng.uniform(np.log(0.02), np.log(0.5))) * rng.uniform(0.5, 1.0, 3)
    ratio = np.exp(rng.uniform(np.log(1.2), np.log(6.0)))
    light = np.minimum(dark * ratio * rng.uniform(0.85, 1.15, 3), 0.95)
    first, second = (dark, light) if rng.random() < 0.5 else (light, dark)
    return first.astype(np.float32), second.astype(np.float32)


def cloud(rng: np.random.Generator, size: tuple[int, int], *, cells: int, octaves: int = 1) -> Light:
    """Smooth noise [h, w] of deviation 1 with about `cells` spots along the longer side, finer octaves on top."""
    width, height = size
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        count = min(max(2, cells) * 2**octave, max(size))
        shape = max(2, count * height // max(size)), max(2, count * width // max(size))
        grid = rng.standard_normal(shape).astype(np.float32)
        total += cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC) * np.float32(0.7**octave)
    return np.asarray((total - total.mean()) / max(float(total.std()), 1e-6), np.float32)


def _clouds(rng: np.random.Generator, size: tuple[int, int]) -> Light:
    cells = int(rng.integers(3, max(4, max(size) // 6)))
    noise = cloud(rng, size, cells=cells, octaves=6)
    return np.asarray(np.clip(0.5 + rng.uniform(0.3, 0.6) * noise, 0, 1), np.float32)


def _blots(rng: np.random.Generator, size: tuple[int, int]) -> Light:
    """Hard-edged spots: a cloud cut at a level."""
    noise = cloud(rng, size, cells=int(rng.integers(4, max(5, max(size) // 4))), octaves=2)
    return _soft_step(noise - rng.uniform(-0.6, 0.6), 0.25)


def _turned(rng: np.random.Generator, size: tuple[int, int]) -> tuple[Light, Light]:
    """Pixel coordinates [h, w], turned by a random angle."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    turn = np.float32(rng.uniform(0, np.pi))
    return np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x


def _checks(rng: np.random.Generator, size: tuple[int, int]) -> Light:
    u, v = _turned(rng, size)
    period = rng.uniform(4.0, 24.0)
    return _soft_step(np.sin(2 * np.pi * u / period) * np.sin(2 * np.pi * v / period), 0.35)


def _stripes(rng: np.random.Generator, size: tuple[int, int]) -> Light:
    wave = _turned(rng, size)[0] + 1.5 * rng.random() * cloud(rng, size, cells=4)
    return _soft_step(np.sin(2 * np.pi * wave / rng.uniform(3.0, 20.0)) - rng.uniform(-0.5, 0.5), 0.35)


def _dots(rng: np.random.Generator, size: tuple[int, int]) -> Light:
    u, v = _turned(rng, size)
    period = rng.uniform(5.0, 20.0)
    distance = np.hypot(u % period - period / 2, v % period - period / 2)
    return _soft_step(period * rng.uniform(0.15, 0.4) - distance, 0.5)


def _strokes(rng: np.random.Generator, size: tuple[int, int]) -> Light:
    """Lines of short strokes, like print."""
    width, height = size
    canvas = np.zeros((height, width), np.uint8)
    line = int(rng.integers(5, 14))
    for top in range(0, height, line + int(rng.integers(2, 5))):
        x = 0
        while x < width:
            step = int(rng.integers(2, line))
            ends = rng.integers(0, line, 2)
            if rng.random() < 0.85:
                cv2.line(canvas, (x, top + int(ends[0])), (x + step, top + int(ends[1])), 255, 1, cv2.LINE_AA)
            x += step + (int(rng.integers(3, 8)) if rng.random() < 0.2 else 0)
    return np.asarray(canvas, np.float32) / np.float32(255.0)


def _soft_step(level: NDArray[np.floating], width: float) -> Light:
    return np.asarray(np.clip(level / width + 0.5, 0, 1), np.float32)


_PATTERNS = (_clouds, _clouds, _blots, _checks, _stripes, _dots, _strokes)
