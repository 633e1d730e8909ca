"""Scenes whose disparity is known, and estimates of them as unsteady as those of a single-image network."""

from __future__ import annotations

import cv2
import numpy as np

HEIGHT, WIDTH, SIDE = 120, 200, 44
FAR, NEAR = 0.3, 0.7


def texture(height: int, width: int, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)
    mixed = cv2.GaussianBlur(noise, (0, 0), 1.2) + 2 * cv2.GaussianBlur(noise, (0, 0), 3)
    return cv2.normalize(mixed, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def flat(height: int, width: int, code: int) -> np.ndarray:
    noise = np.random.default_rng(code).normal(code, 1.5, (height, width, 3))
    return np.clip(noise, 0, 255).astype(np.uint8)


def scene(frames: int, *, step: int = 3, seed: int = 0, textured: bool = True) -> tuple[list[np.ndarray], np.ndarray]:
    """A near square moves `step` px a frame over a far wall: pictures, true disparity [frames, h, w]."""
    if textured:
        wall, square = texture(HEIGHT, WIDTH, seed), texture(SIDE, SIDE, seed + 1)
    else:
        wall, square = flat(HEIGHT, WIDTH, 120), flat(SIDE, SIDE, 160)
    pictures, truth = [], np.full((frames, HEIGHT, WIDTH), FAR, np.float32)
    for k in range(frames):
        left = 10 + (k * step) % (WIDTH - SIDE - 20)
        picture = wall.copy()
        picture[40 : 40 + SIDE, left : left + SIDE] = square
        truth[k, 40 : 40 + SIDE, left : left + SIDE] = NEAR
        pictures.append(picture)
    return pictures, truth


def approach(frames: int, *, rate: float = 0.01) -> tuple[list[np.ndarray], np.ndarray]:
    """A square in the middle comes nearer: it grows in the picture as its disparity grows. Pictures, true disparity."""
    wall, square = texture(HEIGHT, WIDTH, 0), texture(SIDE, SIDE, 1)
    pictures, truth = [], np.full((frames, HEIGHT, WIDTH), 0.2, np.float32)
    for k in range(frames):
        scale = float(np.exp(rate * k))
        place = np.float32([[scale, 0, (WIDTH - scale * SIDE) / 2], [0, scale, (HEIGHT - scale * SIDE) / 2]])
        picture = wall.copy()
        picture = cv2.warpAffine(square, place, (WIDTH, HEIGHT), dst=picture, borderMode=cv2.BORDER_TRANSPARENT)
        inside = cv2.warpAffine(np.ones((SIDE, SIDE), np.uint8), place, (WIDTH, HEIGHT), flags=cv2.INTER_NEAREST)
        truth[k][inside > 0] = 0.35 * scale
        pictures.append(np.asarray(picture))
    return pictures, truth


def wobbling(truth: np.ndarray, seed: int = 7) -> np.ndarray:
    """The truth as an unsteady network gives it: each frame's scale and shift, swelling regions, a little noise."""
    rng = np.random.default_rng(seed)
    out = np.empty_like(truth)
    for k, frame in enumerate(truth):
        regions = cv2.resize(
            rng.normal(0, 0.03, (3, 5)).astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC
        )
        noise = rng.normal(0, 0.005, frame.shape).astype(np.float32)
        out[k] = frame * (1 + rng.normal(0, 0.04)) + rng.normal(0, 0.02) + regions + noise
    return np.clip(out, 0, 1)


def inner(truth: np.ndarray, level: float = 0.5) -> list[np.ndarray]:
    """The pixels [h, w] well inside the near thing, for each frame."""
    return [cv2.erode((t > level).astype(np.uint8), np.ones((9, 9))) > 0 for t in truth]


def rim(near: np.ndarray) -> np.ndarray:
    """The pixels [h, w] within two pixels of the border of a mask."""
    mask, window = near.astype(np.uint8), np.ones((5, 5))
    return np.asarray(cv2.dilate(mask, window) != cv2.erode(mask, window))
