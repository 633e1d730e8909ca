"""Looking for a lost subject: its patch at a few sizes in a window that grows while it stays away."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.track.appearance import Look, likeness, look_at

SIZES = (0.8, 1.0, 1.25)
SEARCH_BOX_PX = 24  # the subject is looked for at about this size: fast, and blind to small changes of its shape
CANDIDATES = 3


def find_again(
    rgb: NDArray[np.uint8], grey_template: NDArray[np.uint8], looks: tuple[Look, ...], *, last: Box, reach: float
) -> tuple[Box, float] | None:
    """Return the place most like the subject and how like it is, or None.

    grey_template [h, w] is the subject as last seen well; `reach`: how many box sizes around `last` are searched.
    """
    best: tuple[Box, float] | None = None
    for size in SIZES:
        for box in _matches(rgb, grey_template, last.scaled(size), reach):
            look = look_at(rgb, box)
            if look is None:
                continue
            alike = max(likeness(look, known) for known in looks)
            if best is None or alike > best[1]:
                best = (box, alike)
    return best


def _matches(rgb: NDArray[np.uint8], template: NDArray[np.uint8], wanted: Box, reach: float) -> list[Box]:
    """Return the best places for a subject of this size, by normalised correlation of the shrunk grey pictures."""
    height, width = rgb.shape[:2]
    _, _, box_width, box_height = wanted.pixels(width, height)
    scale = min(1.0, SEARCH_BOX_PX / max(box_width, box_height, 1.0))
    target = max(round(box_width * scale), 5), max(round(box_height * scale), 5)
    window = wanted.scaled(1.0 + 2.0 * reach).clipped()
    x, y, w, h = (round(v) for v in window.pixels(width, height))
    piece = rgb[y : y + h, x : x + w]
    if piece.size == 0:
        return []
    size = max(round(w * scale), 1), max(round(h * scale), 1)
    if size[0] < target[0] or size[1] < target[1]:
        return []
    grey = cv2.cvtColor(cv2.resize(np.ascontiguousarray(piece), size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(template, target, interpolation=cv2.INTER_AREA)
    response = cv2.matchTemplate(grey, small, cv2.TM_CCOEFF_NORMED)
    boxes = []
    for _ in range(CANDIDATES):
        _, value, _, (column, row) = cv2.minMaxLoc(response)
        if not np.isfinite(value) or value < 0.3:
            break
        boxes.append(
            Box(
                window.x + column / size[0] * window.width,
                window.y + row / size[1] * window.height,
                wanted.width,
                wanted.height,
            )
        )
        response[
            max(row - target[1] // 2, 0) : row + target[1] // 2 + 1,
            max(column - target[0] // 2, 0) : column + target[0] // 2 + 1,
        ] = -1.0
    return boxes
