"""Turning pictures back to how the source stores them, and the display matrix that turns them upright again."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8] | NDArray[np.uint16]
_ONE = 1 << 16
# Clockwise quarter turns of (x, y), y down: rows of the matrix that gives x' and y'.
_TURNS = (((1, 0), (0, 1)), ((0, -1), (1, 0)), ((-1, 0), (0, -1)), ((0, 1), (-1, 0)))


def turned_back(rgb: Rgb, quarter_turns: int, *, mirror: bool) -> Rgb:
    """Undo "mirror left to right, then turn clockwise by quarter_turns" on an upright picture [H, W, 3]."""
    if quarter_turns:
        turn = (cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE)[quarter_turns - 1]
        rgb = cv2.rotate(rgb, turn)
    if mirror:
        rgb = cv2.flip(rgb, 1)
    return cast("Rgb", np.ascontiguousarray(rgb))


def display_matrix(quarter_turns: int, *, mirror: bool, size: tuple[int, int]) -> list[int]:
    """Return the nine numbers (a b u c d v x y w) for stored pictures of `size` (ISO 14496-12, 8.3.2).

    x' = a x + c y + x0, y' = b x + d y + y0, moved so that the shown picture begins at (0, 0).
    """
    (xx, xy), (yx, yy) = _TURNS[quarter_turns]
    if mirror:
        xx, yx = -xx, -yx
    width, height = size
    x0 = max(0, -xx) * width + max(0, -xy) * height
    y0 = max(0, -yx) * width + max(0, -yy) * height
    return [xx * _ONE, yx * _ONE, 0, xy * _ONE, yy * _ONE, 0, x0 * _ONE, y0 * _ONE, 1 << 30]
