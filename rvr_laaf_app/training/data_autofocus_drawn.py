"""Surfaces drawn by code for training autofocus: leaves, print, clouds, bricks, sand.

A drawing is [SIDE, SIDE] display-encoded, about 0..1. Knows no lens.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

Light = NDArray[np.float32]  # [h, w] linear light, 1 = a white sheet
SIDE = 864  # of a surface: a patch of 512 with room for disks of 165 px around it; its transform is fast
_NOISE_BANK = 2048


def drawn(rng: np.random.Generator) -> Light:
    """Return a drawing of any kind, half of them with clouds over it."""
    drawings = (_leaves, _writing, _fractal, _bricks, _speckle)
    display = drawings[int(rng.integers(len(drawings)))](rng)
    if rng.random() < 0.5:
        display = display * (0.6 + 0.4 * _fractal(rng)) if rng.random() < 0.5 else display + 0.15 * _fractal(rng)
    return display


def normal(rng: np.random.Generator, side: int) -> NDArray[np.float32]:
    """Normal deviates [side, side] cut from a bank: drawing them afresh would take longer than everything else."""
    bank = _bank()
    top, left = rng.integers(_NOISE_BANK - side, size=2)
    return bank[top : top + side, left : left + side]


@lru_cache(maxsize=1)
def _bank() -> NDArray[np.float32]:
    return np.random.default_rng(77).standard_normal((_NOISE_BANK, _NOISE_BANK), dtype=np.float32)


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
    white = scipy.fft.rfft2(normal(rng, SIDE))
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
    out = cv2.GaussianBlur(normal(rng, SIDE), (0, 0), grain)
    out = out / out.std()
    if rng.random() < 0.5:
        out = np.where(out > rng.uniform(0.3, 1.5), 1.0, -1.0)
    return np.asarray(np.clip(0.5 + 0.25 * out, 0, 1), np.float32)
