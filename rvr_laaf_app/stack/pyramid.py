"""Fusion on Laplacian pyramids: at every scale the strongest detail of all slices (Burt and Kolczynski 1993).

A comparison, and a good one for hair and stalks: it needs no map of what is in front. It also collects the noise and
the halos of all slices. Slices are read one at a time.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

import cv2
import numpy as np

from rvr_laaf_app.stack.slices import Float, Slices, luma_of

LEAST_PX: Final = 16  # the pyramid ends where the short side would fall below this
WINDOW: Final = 5  # pixels over which the strength of detail is compared


def fuse_pyramid(slices: Slices) -> Generator[int, None, tuple[Float, Float]]:
    """Fuse; yields slices done and returns the picture [h, w, 3] float32 0..1 and the index [h, w] of the finest scale.

    What remains at the coarsest scale is the mean of all slices.
    """
    kept: list[Float] = []
    best: list[Float] = []
    index: Float | None = None
    for number in range(slices.count):
        picture = slices.read(number)
        levels = _laplacian(picture.astype(np.float32) * np.float32(1 / np.iinfo(picture.dtype).max))
        grey = luma_of(picture)
        strengths = [_strength(level) for level in _laplacian(grey)[:-1]]
        if index is None:
            kept, best, index = levels, strengths, np.zeros(grey.shape, np.float32)
            kept[-1] = np.asarray(kept[-1] / slices.count, np.float32)
        else:
            for at, strength in enumerate(strengths):
                won = strength > best[at]
                kept[at][won] = levels[at][won]
                best[at][won] = strength[won]
                if at == 0:
                    index[won] = number
            kept[-1] += levels[-1] / slices.count
        yield number + 1
    if index is None:
        raise ValueError("no slices")
    picture_out = kept[-1]
    for level in reversed(kept[:-1]):
        picture_out = cv2.pyrUp(picture_out, dstsize=level.shape[1::-1]) + level
    return np.clip(picture_out, 0.0, 1.0), index


def _laplacian(picture: Float) -> list[Float]:
    """Return detail levels, fine to coarse, and what remains."""
    levels = []
    while min(picture.shape[:2]) >= 2 * LEAST_PX:
        small = cv2.pyrDown(picture)
        levels.append(np.asarray(picture - cv2.pyrUp(small, dstsize=picture.shape[1::-1]), np.float32))
        picture = np.asarray(small, np.float32)
    return [*levels, picture]


def _strength(level: Float) -> Float:
    return np.asarray(cv2.boxFilter(np.abs(level), -1, (WINDOW, WINDOW)), np.float32)
