"""How the points inside a box move from one frame to the next, checked forwards and backwards (Kalal et al. 2010)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box

GRID = 10  # points in each direction of the box
ROUND_TRIP_PX = 1.0
FEWEST_POINTS = 8
_WINDOW = (15, 15)


@dataclass(frozen=True, slots=True)
class PointMotion:
    """shift (dx, dy) in shares of the picture, growth of the box (1 = none), share 0..1 of points that came back.

    points: how many came back, of GRID * GRID where texture is everywhere; growth and shift are told by them.
    """

    shift: tuple[float, float]
    growth: float
    share: float
    points: int = 0

    def applied_to(self, box: Box) -> Box:
        """Return the box moved and scaled about its centre."""
        moved = Box(box.x + self.shift[0], box.y + self.shift[1], box.width, box.height)
        return moved.scaled(self.growth)


def point_motion(before: NDArray[np.uint8], after: NDArray[np.uint8], box: Box) -> PointMotion:
    """Return the motion of the box's points between two grey pictures [h, w]; share 0 if it cannot be told."""
    height, width = before.shape
    points = _points(before, box)
    if len(points) < FEWEST_POINTS:
        return PointMotion((0.0, 0.0), 1.0, 0.0)
    there, ok_there, _ = cv2.calcOpticalFlowPyrLK(before, after, points, None, winSize=_WINDOW, maxLevel=3)
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(after, before, there, None, winSize=_WINDOW, maxLevel=3)
    missed = np.linalg.norm(back - points, axis=-1).ravel()
    good = (ok_there.ravel() == 1) & (ok_back.ravel() == 1) & (missed < ROUND_TRIP_PX)
    if good.sum() < FEWEST_POINTS:
        return PointMotion((0.0, 0.0), 1.0, float(good.mean()))
    old, new = points.reshape(-1, 2)[good], there.reshape(-1, 2)[good]
    dx, dy = np.median(new - old, axis=0)
    shift = float(dx) / width, float(dy) / height
    return PointMotion(shift, _growth(old, new), float(good.mean()), int(good.sum()))


def _points(grey: NDArray[np.uint8], box: Box) -> NDArray[np.float32]:
    """A grid over the inner box, without places that are flat: a flat place moves any way it likes."""
    height, width = grey.shape
    x, y, w, h = box.scaled(0.85).clipped().pixels(width, height)
    if w < 6 or h < 6:
        return np.zeros((0, 1, 2), np.float32)
    columns, rows = np.meshgrid(np.linspace(x, x + w - 1, GRID), np.linspace(y, y + h - 1, GRID))
    points = np.stack([columns.ravel(), rows.ravel()], axis=-1).astype(np.float32)
    x0, y0 = max(int(x) - 4, 0), max(int(y) - 4, 0)
    piece = grey[y0 : int(y + h) + 5, x0 : int(x + w) + 5]
    corner = cv2.cornerMinEigenVal(np.ascontiguousarray(piece), 5)
    at = np.clip((points - [x0, y0]).astype(int), 0, [piece.shape[1] - 1, piece.shape[0] - 1])
    strength = corner[at[:, 1], at[:, 0]]
    kept: NDArray[np.float32] = points[strength > 2e-5][:, None, :]
    return kept


def _growth(old: NDArray[np.float32], new: NDArray[np.float32]) -> float:
    """Return the scale of the similarity that takes the old points to the new ones, by least squares over most of them.

    Distances from the middle would be biased: noise makes them longer. Points that go elsewhere are left out.
    """
    was, now = old - np.median(old, axis=0), new - np.median(new, axis=0)
    step = np.linalg.norm(now - was, axis=1)
    kept = step <= max(3.0 * float(np.median(step)), 0.5)
    spread = float((was[kept] ** 2).sum())
    if kept.sum() < FEWEST_POINTS or spread < 1.0:
        return 1.0
    along = float((was[kept] * now[kept]).sum())
    across = float((was[kept, 0] * now[kept, 1] - was[kept, 1] * now[kept, 0]).sum())
    return float(np.clip(np.hypot(along, across) / spread, 0.93, 1.07))
