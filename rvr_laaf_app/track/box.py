"""From a click to the box of what was clicked: grown over neighbouring pixels of like disparity and colour."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box, Point

DISPARITY_STEP = 0.035  # what still counts as the same thing, against the clicked place
COLOUR_STEP = 60.0  # codes of 255, against the clicked place, for growing through equal depth
SMALLEST, LARGEST = 0.06, 0.45  # of the picture's height and width: a tracker needs texture, and a subject, not a wall


def subject_box(point: Point, disparity: NDArray[np.floating], rgb: NDArray[np.uint8]) -> Box:
    """Return the box of the subject under `point`; disparity [h, w] in 0..1, rgb [h, w, 3] of the same size.

    What has the clicked place's depth is cut to the part that hangs together with it; a part that is too large (a wall,
    the ground) gives a box of moderate size around the click instead.
    """
    height, width = disparity.shape
    column, row = point.pixel(width, height)
    radius = max(1, width // 160)
    around = np.s_[max(row - radius, 0) : row + radius + 1, max(column - radius, 0) : column + radius + 1]
    level = float(np.median(disparity[around]))
    same = np.abs(np.asarray(disparity, np.float32) - level) <= DISPARITY_STEP
    colour = np.median(rgb[around].reshape(-1, 3), axis=0)
    alike = np.abs(rgb.astype(np.float32) - colour.astype(np.float32)).max(axis=2) <= COLOUR_STEP
    for mask in (same, same & alike):
        box = _part_at(mask, column, row)
        if box is not None and box.width <= LARGEST * 1.5 and box.height <= LARGEST * 2:
            return _reasonable(box, point)
    return Box.around(point, 0.14, min(0.14 * width / height, 0.3))


def _part_at(mask: NDArray[np.bool_], column: int, row: int) -> Box | None:
    """Return the bounding box of the connected part of `mask` at the pixel, after loose threads were cut."""
    kernel = np.ones((3, 3), np.uint8)
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    label = int(labels[row, column])
    if count < 2 or label == 0:
        return None
    x, y, w, h = (int(v) for v in stats[label][:4])
    return Box.from_pixels(x, y, w, h, picture=(mask.shape[1], mask.shape[0]))


def _reasonable(box: Box, point: Point) -> Box:
    """Bring the size between SMALLEST and LARGEST, keeping the clicked point inside."""
    width = min(max(box.width, SMALLEST), LARGEST)
    height = min(max(box.height, SMALLEST), LARGEST * 1.5)
    x = min(max(box.centre.x - width / 2, point.x - width), point.x)
    y = min(max(box.centre.y - height / 2, point.y - height), point.y)
    return Box(x, y, width, height).inside()
