"""From a click to the box of what was clicked: what can be reached from it without crossing an edge."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box, Point

WORK_LONG_SIDE = 160
# The price of a way, in pixels of the small picture: each step costs one; more where disparity is not the clicked
# one, and where disparity or colour change from pixel to pixel.
OFF_LEVEL = 15.0  # per unit of disparity away from the clicked place, each step
DISPARITY_EDGE = 150.0  # per unit
COLOUR_EDGE = 0.1  # per code of 255
NEAREST, FARTHEST, STEP = 32.0, 110.0, 2.0  # prices at which the region may end
USUAL = 42.0  # where nothing is steady
STEADY = 2  # steps to either side over which the growth of the region is looked at
STEADY_GROWTH = 1.0  # d log(area) / d log(price); on an even wall it is 2
MOST_SHARE = 0.25  # of the picture; what is larger is not a subject
ROUNDS = 3  # sweeps over the picture; ways with more turns than that are taken as too long
THIN = 0.1  # rows and columns with less than this share of the fullest one are threads, not body
SMALLEST = 0.05  # of the picture's width and height: a tracker needs texture


def subject_box(point: Point, disparity: NDArray[np.floating], rgb: NDArray[np.uint8]) -> Box:
    """Return the box of the subject under `point`; disparity [h, w] in 0..1, rgb [h, w, 3] of the same size.

    Geodesic distance from the click (as in Criminisi et al. 2008, GeoS) keeps to one thing where plain similarity runs
    along the ground at equal depth. The region ends where it grows least with the price, as a maximally stable region
    (Matas et al. 2002): at the edge of the thing, whatever its size. On a wall or the ground nothing is stable:
    there it is a box of moderate size around the click.
    """
    height, width = disparity.shape
    scale = min(1.0, WORK_LONG_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    depth = np.asarray(cv2.resize(np.asarray(disparity, np.float32), size, interpolation=cv2.INTER_AREA), np.float32)
    colour = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32)
    column, row = point.pixel(*size)
    near = _steadiest(_distance_from(row, column, depth, colour))
    rows, columns = (_body(near.sum(axis=axis)) for axis in (1, 0))
    box = Box.from_pixels(columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0], picture=(size[0], size[1]))
    return _holding(box, point)


def _distance_from(
    row: int, column: int, depth: NDArray[np.float32], colour: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the price [h, w] of the cheapest way from the clicked pixel, by sweeps in the four directions."""
    start = np.s_[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    step = 1.0 + OFF_LEVEL * np.abs(depth - np.median(depth[start]))
    down, right = (
        DISPARITY_EDGE * np.abs(np.diff(depth, axis=axis))
        + COLOUR_EDGE * np.abs(np.diff(colour, axis=axis)).max(axis=2)
        for axis in (0, 1)
    )
    price = np.full(depth.shape, np.inf, np.float32)
    price[start] = 0.0
    for _ in range(ROUNDS):
        _sweep(price, step, down)
        _sweep(price[::-1], step[::-1], down[::-1])
        _sweep(price.T, step.T, right.T)
        _sweep(price.T[::-1], step.T[::-1], right.T[::-1])
    return price


def _steadiest(price: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the region [h, w] of what is cheaper than the price at which the region grows least, relative to both."""
    prices = np.arange(NEAREST, FARTHEST, STEP)
    areas = np.searchsorted(np.sort(price, axis=None), prices).astype(np.float64)
    here, steps = areas[STEADY:-STEADY], prices[STEADY:-STEADY]
    growth = (areas[2 * STEADY :] - areas[: -2 * STEADY]) / np.maximum(here, 1.0) * steps / (2 * STEADY * STEP)
    growth[here > MOST_SHARE * price.size] = np.inf
    best = int(growth.argmin())
    chosen = float(steps[best]) if growth[best] < STEADY_GROWTH else USUAL
    return np.asarray(price < chosen)


def _sweep(price: NDArray[np.float32], step: NDArray[np.float32], edge: NDArray[np.float32]) -> None:
    """Lower the prices row by row, in place; edge [h - 1, w] lies between the rows."""
    for row in range(1, len(price)):
        np.minimum(price[row], price[row - 1] + edge[row - 1] + step[row], out=price[row])


def _body(counts: NDArray[np.int64]) -> tuple[int, int]:
    """Return the first and one past the last row (or column) that is more than a thread."""
    full = np.flatnonzero(counts > THIN * counts.max())
    return int(full[0]), int(full[-1]) + 1


def _holding(box: Box, point: Point) -> Box:
    """Return the box, not smaller than SMALLEST, moved so that it holds the point and lies in the picture."""
    width, height = max(box.width, SMALLEST), max(box.height, SMALLEST)
    x = min(max(box.centre.x - width / 2, point.x - width), point.x)
    y = min(max(box.centre.y - height / 2, point.y - height), point.y)
    return Box(x, y, width, height).inside()
