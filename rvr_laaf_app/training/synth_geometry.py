"""Cameras and textured planes of composed scenes: projection, exact disparity and exact motion of a plane.

World coordinates in metres: x to the right, y down (the ground is y = 0), z ahead. A plane is seen through one 3x3
homography; the third row of its inverse *is* the disparity 1 / Z, linear in the pixel coordinates. Knows no pictures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
NEAR_M = 0.12  # nothing nearer than this is drawn


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """A pinhole camera: `size` (width, height) px with `margin` px more on each side, `place` [3] in the world.

    `axes` [3, 3]: its right, down and ahead as rows. Pixel centres of the frame have integer coordinates, from
    -margin to size + margin - 1.
    """

    size: tuple[int, int]
    focal_px: float
    place: Array
    axes: Array
    margin: int = 0

    @classmethod
    def looking(
        cls,
        size: tuple[int, int],
        *,
        field_deg: float,
        place: tuple[float, float, float],
        tilt: float = 0.0,
        roll: float = 0.0,
        heading: float = 0.0,
    ) -> Camera:
        """A camera whose longer side covers `field_deg`; tilt > 0 looks down; roll, heading: to the right; radians."""
        focal = 0.5 * max(size) / np.tan(np.radians(field_deg) / 2)
        return cls(size, float(focal), np.array(place, np.float64), turned(tilt=tilt, roll=roll, heading=heading))

    def moved(self, *, place: Array, axes: Array) -> Camera:
        """The same camera elsewhere."""
        return replace(self, place=place, axes=axes)

    @property
    def canvas(self) -> tuple[int, int]:
        """(width, height) with the margin."""
        return self.size[0] + 2 * self.margin, self.size[1] + 2 * self.margin

    def matrix(self) -> Array:
        """World point (homogeneous) to canvas pixel times distance: [3, 4]; the third component is Z in metres."""
        shift = (np.array(self.size) - 1) / 2 + self.margin
        inner = np.array([[self.focal_px, 0, shift[0]], [0, self.focal_px, shift[1]], [0, 0, 1]])
        outer: Array = inner @ np.hstack([self.axes, -(self.axes @ self.place)[:, None]])
        return outer

    def project(self, points: Array) -> Array:
        """Canvas pixels and Z of world points [N, 3]: [N, 3] (x, y, Z)."""
        seen = points @ self.matrix()[:, :3].T + self.matrix()[:, 3]
        return np.column_stack([seen[:, :2] / seen[:, 2:], seen[:, 2]])

    def horizon_row(self) -> float:
        """Canvas row of the horizon in the middle column (beyond the picture when it looks up or down)."""
        ahead = np.array([self.axes[2, 0], 0.0, self.axes[2, 2]])
        return float(self.project(self.place + 1e6 * ahead[None])[0, 1])


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """A rectangle in the world: `origin` its first corner, `across` and `down` its whole sides, each [3] metres."""

    origin: Array
    across: Array
    down: Array

    def corners(self) -> Array:
        """The four corners in order round it: [4, 3]."""
        return np.stack(
            [self.origin, self.origin + self.across, self.origin + self.across + self.down, self.origin + self.down]
        )

    def seen_by(self, camera: Camera) -> Array:
        """Homography [3, 3] from (u, v, 1), 0..1 over the rectangle, to canvas pixels times Z."""
        frame = np.zeros((4, 3))
        frame[:3, 0], frame[:3, 1], frame[:3, 2], frame[3, 2] = self.across, self.down, self.origin, 1.0
        seen: Array = camera.matrix() @ frame
        return seen

    def window(self, camera: Camera) -> tuple[int, int, int, int] | None:
        """Canvas box (x0, y0, x1, y1), half-open, that holds all of it beyond NEAR_M; None if nothing is seen."""
        seen = self.corners() @ camera.matrix()[:, :3].T + camera.matrix()[:, 3]
        kept = []
        for here, there in zip(seen, np.roll(seen, -1, axis=0), strict=True):
            if here[2] >= NEAR_M:
                kept.append(here)
            if (here[2] >= NEAR_M) != (there[2] >= NEAR_M):
                share = (NEAR_M - here[2]) / (there[2] - here[2])
                kept.append(here + share * (there - here))
        if not kept:
            return None
        points = np.array(kept)
        pixels = points[:, :2] / points[:, 2:]
        low, high = np.floor(pixels.min(0)) - 1, np.ceil(pixels.max(0)) + 2
        width, height = camera.canvas
        x0, y0 = int(np.clip(low[0], 0, width)), int(np.clip(low[1], 0, height))
        x1, y1 = int(np.clip(high[0], 0, width)), int(np.clip(high[1], 0, height))
        return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def turned(*, tilt: float = 0.0, roll: float = 0.0, heading: float = 0.0) -> Array:
    """Rows right, down, ahead of a camera turned by heading (right), then tilt (down), then roll (clockwise)."""
    ch, sh, ct, st, cr, sr = *_turn(heading), *_turn(tilt), *_turn(roll)
    around = np.array([[ch, 0, -sh], [0, 1, 0], [sh, 0, ch]])
    nod = np.array([[1, 0, 0], [0, ct, -st], [0, st, ct]])
    lean = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
    axes: Array = lean @ nod @ around
    return axes


def _turn(angle: float) -> tuple[float, float]:
    return float(np.cos(angle)), float(np.sin(angle))


def facing(foot: Array, *, width: float, height: float, heading: float = 0.0, lean: float = 0.0) -> Plane:
    """An upright rectangle of this size that stands on `foot` (middle of its lower side), turned about the vertical.

    With heading 0 it faces straight back along z; `lean` radians tips its top towards that side.
    """
    across = width * np.array([np.cos(heading), 0.0, np.sin(heading)])
    back = np.array([-np.sin(heading), 0.0, np.cos(heading)])
    down = height * (np.cos(lean) * np.array([0.0, 1.0, 0.0]) + np.sin(lean) * back)
    return Plane(foot - across / 2 - down, across, down)


def coordinates(inverse: Array, window: tuple[int, int, int, int]) -> tuple[Array, Array, Array]:
    """u, v and disparity [h, w] each at the pixels of a canvas window, by the inverse homography of `seen_by`."""
    columns = np.arange(window[0], window[2], dtype=np.float64)
    rows = np.arange(window[1], window[3], dtype=np.float64)[:, None]
    first, second, third = (inverse[i, 0] * columns + (inverse[i, 1] * rows + inverse[i, 2]) for i in range(3))
    safe = np.where(np.abs(third) < 1e-9, 1e-9, third)
    u: Array = first / safe
    v: Array = second / safe
    return u, v, third


def flow_of(before: Array, after: Array, window: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """Motion [h, w, 2] px of the pixels of a window, from the homographies (`seen_by`) of two moments."""
    move = after @ np.linalg.inv(before)
    columns = np.arange(window[0], window[2], dtype=np.float64)
    rows = np.arange(window[1], window[3], dtype=np.float64)[:, None]
    x, y, w = (move[i, 0] * columns + (move[i, 1] * rows + move[i, 2]) for i in range(3))
    w = np.where(np.abs(w) < 1e-12, 1e-12, w)
    return np.stack([x / w - columns, y / w - rows], axis=-1).astype(np.float32)
