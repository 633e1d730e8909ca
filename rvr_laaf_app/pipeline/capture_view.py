"""What the capture panel shows over a live picture: focus peaking, histogram, sharpness by tile, distance to focus.

Plain functions on one picture, and one memory of how sharp each tile was at each lens position. It knows no camera.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

GRID: Final = (9, 16)  # rows and columns of tiles: the sixteen zones that focus pullers know, in square tiles at 16:9
_FINE, _COARSE = 0.7, 1.6  # sigmas in pixels between which the gradient of an edge is compared
_LEAST_GRADIENT: Final = 0.012  # of display codes 0..1 per pixel: below it noise has edges too
_RIDGE: Final = np.float32(0.85)
_MOST_POSITIONS: Final = 240
_PEAK_RATIO: Final = 1.6  # of a tile's best sharpness to its worst, from which it says where it is sharp
_CHANGE: Final = 0.06  # mean change of a tile's light by which the scene counts as another one
_SHARE_CHANGED: Final = 0.35


def luma(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return display luma [h, w] float32 in 0..1 of a picture [h, w, 3] uint8."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.float32) / np.float32(255.0)


def peaking(rgb: NDArray[np.uint8], sensitivity: float = 0.5) -> NDArray[np.bool_]:
    """Return where edges are sharp [h, w], whatever their contrast; nothing where nothing is.

    An edge blurred by s pixels has a gradient that falls with sqrt(s^2 + sigma^2); the ratio of the gradients at two
    small sigmas tells s apart from contrast (Zhuo and Sim, Defocus map estimation from a single image, 2011, eq. 3).
    sensitivity 0..1: how much blur still counts as sharp (about 0.6 to 1.6 pixels).
    """
    grey = luma(rgb)
    fine = _gradient(cv2.GaussianBlur(grey, (0, 0), _FINE))
    coarse = _gradient(cv2.GaussianBlur(grey, (0, 0), _COARSE))
    blur = 0.6 + min(max(sensitivity, 0.0), 1.0)
    wanted = np.float32(np.sqrt((blur**2 + _COARSE**2) / (blur**2 + _FINE**2)))
    ridge = fine >= _RIDGE * cv2.dilate(fine, np.ones((3, 3), np.uint8))  # lines, not bands: the picture stays seen
    return np.asarray((fine > _LEAST_GRADIENT) & (fine > wanted * coarse) & ridge, np.bool_)


def _gradient(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    across = cv2.Scharr(grey, cv2.CV_32F, 1, 0, scale=1 / 32)
    down = cv2.Scharr(grey, cv2.CV_32F, 0, 1, scale=1 / 32)
    return np.asarray(cv2.magnitude(across, down), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Display codes as shares of the highest bin: channels [3, 128] and luma [128]; shares of the picture clipped."""

    channels: NDArray[np.float32]
    luma: NDArray[np.float32]
    black: float
    white: float


def histogram(rgb: NDArray[np.uint8]) -> Histogram:
    """Return the histogram of a picture; the two end bins do not set the scale, what they hold is told in numbers."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    planes = [rgb[..., 0], rgb[..., 1], rgb[..., 2], grey]
    counts = np.stack([np.bincount(np.asarray(p).reshape(-1) >> 1, minlength=128) for p in planes]).astype(np.float32)
    scale = np.float32(max(float(counts[:, 1:-1].max()), 1.0))
    clipped = np.asarray(rgb).max(axis=2)
    return Histogram(
        np.minimum(counts[:3] / scale, 1.0),
        np.minimum(counts[3] / scale, 1.0),
        float((clipped <= 1).mean()),
        float((clipped >= 254).mean()),
    )


def tile_sharpness(rgb: NDArray[np.uint8], grid: tuple[int, int] = GRID) -> NDArray[np.float32]:
    """Return the energy of fine detail (Tenengrad) of each tile [rows, columns]; bigger = sharper."""
    return tiles_of(luma(rgb), grid)


def tiles_of(grey: NDArray[np.float32], grid: tuple[int, int] = GRID) -> NDArray[np.float32]:
    """Return the same of display luma [h, w] float32 in 0..1."""
    energy = np.square(_gradient(cv2.GaussianBlur(grey, (0, 0), _FINE)))
    return np.asarray(cv2.resize(energy, grid[::-1], interpolation=cv2.INTER_AREA), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ZoneMap:
    """Signed distance of each tile's best lens position from where the lens stands [rows, columns], in steps.

    NaN where it is not known; positive = farther away. signed False: the distances are sizes only (an estimate from
    one picture). source: "measured" at positions the lens was at, or "estimated" by a network from the picture alone.
    """

    steps: NDArray[np.float32]
    signed: bool
    source: str


@dataclass(slots=True)
class ZoneMemory:
    """How sharp each tile was at each lens position, since the scene last changed. Not shared between threads."""

    grid: tuple[int, int] = GRID
    _seen: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    _light: NDArray[np.float32] | None = None

    def add(self, rgb: NDArray[np.uint8], position: int) -> None:
        """Take note of a picture; all is forgotten first if it shows another scene."""
        light = np.asarray(cv2.resize(luma(rgb), self.grid[::-1], interpolation=cv2.INTER_AREA), np.float32)
        if self._light is not None and float((np.abs(light - self._light) > _CHANGE).mean()) > _SHARE_CHANGED:
            self.clear()
        self._light = light if self._light is None else 0.9 * self._light + 0.1 * light
        if len(self._seen) >= _MOST_POSITIONS and position not in self._seen:
            self._seen.pop(next(iter(self._seen)))
        self._seen[position] = tile_sharpness(rgb, self.grid)

    def clear(self) -> None:
        """Forget everything."""
        self._seen.clear()
        self._light = None

    @property
    def positions(self) -> int:
        """How many lens positions are remembered."""
        return len(self._seen)

    def zones(self, position: int) -> ZoneMap | None:
        """Return what is known at a lens position; None if too few positions were seen."""
        best = self.best()
        return None if best is None else ZoneMap(best - np.float32(position), True, "measured")

    def best(self) -> NDArray[np.float32] | None:
        """Return where each tile is sharpest [rows, columns], NaN = not known; None if too few positions were seen."""
        if len(self._seen) < 3:
            return None
        places = np.array(sorted(self._seen), np.float32)
        values = np.stack([self._seen[int(p)] for p in places])  # [positions, rows, columns]
        top = values.argmax(axis=0)
        best = _refined(places, values, top)
        inside = (top > 0) & (top < len(places) - 1)
        low = values.min(axis=0)
        clear = values.max(axis=0) > _PEAK_RATIO * np.maximum(low, np.float32(1e-7))
        known = inside & clear & (values.max(axis=0) > _LEAST_GRADIENT**2)
        return np.where(known, best, np.nan).astype(np.float32)

    def sharp(self, span: float) -> NDArray[np.float32]:
        """Return how surely each tile is sharp at one of the positions seen [rows, columns], 0..1.

        span: steps that look sharp at once. A tile is sharp if its best position lies no farther than half of that
        from one that was seen.
        """
        best = self.best()
        if best is None:
            return np.zeros(self.grid, np.float32)
        places = np.array(list(self._seen), np.float32)
        off = np.abs(best[..., None] - places).min(axis=2)
        return np.where(np.isnan(best), 0.0, off <= span / 2 + 0.5).astype(np.float32)


def _refined(places: NDArray[np.float32], values: NDArray[np.float32], top: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the vertex of the parabola through the logarithms of the best value and its two neighbours."""
    last = len(places) - 1
    middle = np.clip(top, 1, max(last - 1, 1))
    rows, columns = np.indices(top.shape)
    x0, x1, x2 = places[middle - 1], places[middle], places[middle + 1]
    y0, y1, y2 = (np.log(np.maximum(values[middle + d, rows, columns], 1e-9)) for d in (-1, 0, 1))
    first, second = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
    bend = (second - first) / (x2 - x0)
    with np.errstate(divide="ignore", invalid="ignore"):
        vertex = (x0 + x1) / 2 - first / (2 * bend)
    sound = (bend < 0) & (vertex >= x0) & (vertex <= x2)
    return np.where(sound, vertex, places[top]).astype(np.float32)
