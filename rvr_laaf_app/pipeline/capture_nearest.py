"""Where the nearest subject is: the lens goes from its near end outwards until something has become sharp and passed.

What is seen is compared by tiles of the whole picture. The first tiles that were clearly sharper at an earlier position
than they are now show the nearest thing with detail; the search ends there, so a near subject costs few looks.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import Patch
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.pipeline.capture_view import GRID, tiles_of

LOOKS: Final = 10  # over the whole way of a lens
_PASSED: Final = 1.5  # times sharper than it is now, and than it was at its worst: it was in focus there
_FEWEST_TILES: Final = 2  # side by side: one alone may be noise, or the rim of something
_LEAST: Final = 0.012**2  # energy of detail below which there is nothing to focus on
_SIDE_TILES: Final = 2.4  # of the box around the sharpest tile


@dataclass(frozen=True, slots=True)
class Nearest:
    """The box of the nearest subject and about where it is sharp; box None = nothing was told apart."""

    box: Box | None
    place: int


def nearest_search(limits: tuple[int, int], *, near_is_low: bool = True) -> Generator[int, Patch, Nearest]:
    """Return a search over whole pictures for a session's autofocus run; it leaves the lens where it ended."""
    low, high = limits
    count = min(LOOKS, high - low + 1)
    places = np.linspace(low, high, count).round().astype(int)
    seen: list[NDArray[np.float32]] = []
    for place in places if near_is_low else places[::-1]:
        seen.append(tiles_of((yield int(place))))
        found = _passed(np.stack(seen))
        if found is not None:
            row, column, best = found
            return Nearest(_box(row, column), int((places if near_is_low else places[::-1])[best]))
    return Nearest(_most_detail(np.stack(seen)), int(places[0] if near_is_low else places[-1]))


def _passed(tiles: NDArray[np.float32]) -> tuple[int, int, int] | None:
    """Return row, column and look of the sharpest tile among those [looks, rows, columns] that were in focus before."""
    best = tiles.argmax(axis=0)
    top, now = tiles.max(axis=0), tiles[-1]
    passed = (top > _PASSED * now) & (top > _LEAST) & (best < len(tiles) - 1)
    if not passed.any():
        return None
    count, labels, sizes, _ = cv2.connectedComponentsWithStats(passed.astype(np.uint8), connectivity=8)
    large = [n for n in range(1, count) if sizes[n, cv2.CC_STAT_AREA] >= _FEWEST_TILES]
    if not large:
        return None
    inside = np.isin(labels, large)
    first = int(best[inside].min())  # of several, what was sharp at the nearest position
    near = inside & (best <= first + 1)
    around = cv2.blur(np.where(near, top, 0.0), (3, 3), borderType=cv2.BORDER_CONSTANT)  # well inside, not at its rim
    row, column = np.unravel_index(int(np.where(near, around, 0.0).argmax()), near.shape)
    return int(row), int(column), int(best[row, column])


def _most_detail(tiles: NDArray[np.float32]) -> Box | None:
    """Return the box around the tile with the most detail at any position: what is still to come into focus, or far."""
    top = tiles.max(axis=0)
    if float(top.max()) <= _LEAST:
        return None
    row, column = np.unravel_index(int(top.argmax()), top.shape)
    return _box(int(row), int(column))


def _box(row: int, column: int) -> Box:
    rows, columns = GRID
    middle = Point((column + 0.5) / columns, (row + 0.5) / rows)
    return Box.around(middle, _SIDE_TILES / columns, _SIDE_TILES / rows).clipped()
