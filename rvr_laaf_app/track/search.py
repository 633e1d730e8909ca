"""Looking for a lost subject: by its patch and by its colours, at a few sizes, in a window that grows with time."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box

SIZES = (0.8, 1.0, 1.25)
SEARCH_BOX_PX = 24  # the subject is looked for at about this size: fast, and blind to small changes of its shape
CANDIDATES = 3
WEAKEST_MATCH = 0.25


def places_like(
    grey: NDArray[np.uint8], templates: Sequence[NDArray[np.uint8]], *, last: Box, reach: float
) -> list[Box]:
    """Return the places most like a template [th, tw] in grey [h, w], by normalised correlation at three sizes.

    `reach`: how many box sizes around `last` are searched.
    """
    places = []
    for size in SIZES:
        wanted = last.scaled(size)
        window = wanted.scaled(1.0 + 2.0 * reach).clipped()
        scaled = _window_at_search_size(grey, window, wanted)
        if scaled is None:
            continue
        piece, target = scaled
        for template in templates:
            small = cv2.resize(template, target, interpolation=cv2.INTER_AREA)
            response = np.asarray(cv2.matchTemplate(piece, small, cv2.TM_CCOEFF_NORMED), np.float32)
            places += _peaks(response, window, piece.shape, wanted, target, least=WEAKEST_MATCH)
    return places


def places_of_colour(likely: NDArray[np.float32], *, last: Box, reach: float, least: float) -> list[Box]:
    """Return the places of last's size that the subject's colours fill best; likely [h, w] in 0..1.

    `least`: by how much more than what is around it a place must be filled.
    """
    window = last.scaled(1.0 + 2.0 * reach).clipped()
    scaled = _window_at_search_size(likely, window, last)
    if scaled is None:
        return []
    piece, (width, height) = scaled
    within = cv2.blur(piece, (width, height), borderType=cv2.BORDER_REPLICATE)
    around = cv2.blur(piece, (2 * width, 2 * height), borderType=cv2.BORDER_REPLICATE)
    # Of a box as large as its surroundings a quarter is the box itself; what counts is inside less outside.
    middle = within - (4.0 * around - within) / 3.0
    left, top = width // 2, height // 2
    response = middle[top : top + piece.shape[0] - height + 1, left : left + piece.shape[1] - width + 1].copy()
    return _peaks(response, window, piece.shape, last, (width, height), least=least)


def _window_at_search_size(
    values: NDArray[np.generic], window: Box, wanted: Box
) -> tuple[NDArray[np.generic], tuple[int, int]] | None:
    """Return the window of [h, w], shrunk so that the wanted box is small, and that box's (width, height) in it."""
    height, width = values.shape
    _, _, box_width, box_height = wanted.pixels(width, height)
    scale = min(1.0, SEARCH_BOX_PX / max(box_width, box_height, 1.0))
    target = max(round(box_width * scale), 5), max(round(box_height * scale), 5)
    x, y, w, h = (round(v) for v in window.pixels(width, height))
    size = max(round(w * scale), 1), max(round(h * scale), 1)
    piece = np.ascontiguousarray(values[y : y + h, x : x + w])
    if piece.size == 0 or size[0] < target[0] or size[1] < target[1]:
        return None
    return np.asarray(cv2.resize(piece, size, interpolation=cv2.INTER_AREA)), target


def _peaks(
    response: NDArray[np.float32],
    window: Box,
    shape: tuple[int, ...],
    wanted: Box,
    target: tuple[int, int],
    *,
    least: float,
) -> list[Box]:
    """Return boxes at the highest places of the response, each at least half a box away from the others."""
    height, width = shape[:2]
    boxes: list[Box] = []
    for _ in range(CANDIDATES):
        _, value, _, (column, row) = cv2.minMaxLoc(response)
        if not np.isfinite(value) or value < least:
            break
        x, y = window.x + column / width * window.width, window.y + row / height * window.height
        boxes.append(Box(x, y, wanted.width, wanted.height))
        rows = slice(max(row - target[1] // 2, 0), row + target[1] // 2 + 1)
        response[rows, max(column - target[0] // 2, 0) : column + target[0] // 2 + 1] = -1.0
    return boxes
