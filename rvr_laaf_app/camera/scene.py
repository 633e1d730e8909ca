"""What a simulated camera looks at: surfaces with a best lens position per pixel, and how they look through a lens.

Light is blurred slice by slice (slices of nearly equal blur, finer where it is small), added up within a surface and
laid over what is behind, so that a blurred edge lets the background through. Known and left out: the side of an object
that only a lens as wide as this would see. Nothing here knows of cameras, motors or noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from rvr_laaf_app.camera.blur import blur_fast, scale_about_centre
from rvr_laaf_app.camera.defocus import DefocusModel

Image = NDArray[np.float32]
Area = tuple[slice, slice]  # rows and columns

# Blur radii of the slices in pixels: half a pixel apart where the eye and a sharpness measure see it, 20 % apart later.
_NODES_PX: Final = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.75, *(3.5 * 1.2 ** np.arange(38))])
_SPARE: Final = 1.004  # nothing is ever shown at exactly its own size, so no lens position is sharper by luck


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """How a surface moves: across the picture in widths per second, and in lens steps per second, to and fro.

    period_s: after half of it the way back begins; 0 = it goes on.
    """

    right_per_s: float = 0.0
    down_per_s: float = 0.0
    steps_per_s: float = 0.0
    period_s: float = 0.0

    def seconds(self, moment_s: float) -> float:
        """Return how far along the way it is, in seconds of its speed."""
        if self.period_s <= 0:
            return moment_s
        half = self.period_s / 2.0
        place = moment_s % self.period_s
        return place if place <= half else self.period_s - place


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A thing in the scene: linear [h, w, 3] float32, coverage [h, w] float32 0..1, and where the lens sees it best.

    position: one number, or [h, w] float32, in lens steps. Colours are not multiplied by the coverage.
    """

    linear: Image
    coverage: Image
    position: float | Image
    motion: Motion | None = None

    def at(self, moment_s: float) -> Surface:
        """Return the surface as it stands at a moment."""
        if self.motion is None:
            return self
        along = self.motion.seconds(moment_s)
        height, width = self.coverage.shape
        matrix = np.array([[1.0, 0.0, self.motion.right_per_s * along * width], [0, 1, 0]], np.float64)
        matrix[1, 2] = self.motion.down_per_s * along * width
        moved = cv2.warpAffine(np.dstack([self.linear, self.coverage]), matrix, (width, height), flags=cv2.INTER_LINEAR)
        nearer = self.motion.steps_per_s * along
        position = (
            self.position + np.float32(nearer) if isinstance(self.position, np.ndarray) else self.position + nearer
        )
        return replace(self, linear=moved[..., :3], coverage=moved[..., 3], position=position, motion=None)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Surfaces from back to front, all of one size; the first covers everything.

    layered: every surface is whole behind what is in front of it. False: it is one picture with depth, and what nobody
    saw behind an edge is filled from around it.
    """

    name: str
    surfaces: tuple[Surface, ...]
    layered: bool = True

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.surfaces[0].coverage.shape
        return height, width

    @property
    def moves(self) -> bool:
        """True if it looks different at another moment."""
        return any(surface.motion is not None for surface in self.surfaces)

    def at(self, moment_s: float) -> Scene:
        """Return the scene at a moment."""
        return replace(self, surfaces=tuple(s.at(moment_s) for s in self.surfaces)) if self.moves else self

    def sharp_linear(self) -> Image:
        """Return the picture with everything sharp [h, w, 3] linear: the truth for all-in-focus pictures."""
        picture = np.zeros((*self.size, 3), np.float32)
        weight = np.zeros((*self.size, 1), np.float32)
        for surface in self.surfaces:
            cover = surface.coverage[..., None]
            picture = picture * (1.0 - cover) + surface.linear * cover
            weight = weight * (1.0 - cover) + cover
        return np.asarray(picture / np.maximum(weight, 1e-6), np.float32)

    def best_positions(self) -> Image:
        """Return the lens position that is best for what each pixel shows [h, w]: the truth for focus and depth."""
        best = np.zeros(self.size, np.float32)
        for surface in self.surfaces:
            best = np.where(surface.coverage >= 0.5, np.asarray(surface.position, np.float32), best)
        return best


def look(scene: Scene, model: DefocusModel, position: float) -> Image:
    """Return what the lens at a position shows of the scene [h, w, 3] linear float32, breathing included."""
    height, width = scene.size
    picture = np.zeros((height, width, 3), np.float32)
    weight = np.zeros((height, width, 1), np.float32)
    for surface in scene.surfaces:
        for box, blurred in _blurred(surface, model, position, together=scene.layered):
            cover = blurred[..., 3:]
            blurred /= np.maximum(cover, np.float32(1.0))
            for behind, added in ((picture[box], blurred[..., :3]), (weight[box], cover)):
                behind *= 1.0 - cover
                behind += added
    if not scene.layered:
        picture /= np.maximum(weight, 1e-4)
    return np.maximum(scale_about_centre(picture, breathing(model, position)), 0.0)


def shifted(picture: Image, right_px: float, down_px: float) -> Image:
    """Return a picture [h, w, 3] moved by parts of pixels; the border is mirrored."""
    matrix = np.array([[1.0, 0.0, right_px], [0.0, 1.0, down_px]])
    moved: Image = cv2.warpAffine(
        picture, matrix, picture.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.maximum(moved, 0.0)


def breathing(model: DefocusModel, position: float) -> float:
    """Return by how much the picture at a position is enlarged against the sharp scene, never below 1."""
    first = model.limits[0]
    smallest = float(model.magnification_at(first, model.positions).min())
    return _SPARE * float(model.magnification_at(first, position)) / smallest


def seen_positions(scene: Scene, model: DefocusModel, position: float) -> Image:
    """Return `best_positions` as they lie in the picture taken at a position (breathing included)."""
    return scale_about_centre(scene.best_positions(), breathing(model, position), interpolation=cv2.INTER_NEAREST)


def photograph(linear: Image, position: float, *, name: str = "photograph") -> Scene:
    """Return a flat photograph [h, w, 3] linear at one distance."""
    whole = np.ones(linear.shape[:2], np.float32)
    return Scene(name, (Surface(np.ascontiguousarray(linear, np.float32), whole, float(position)),))


def picture_with_depth(linear: Image, positions: Image, *, name: str = "picture") -> Scene:
    """Return a sharp picture [h, w, 3] with a best lens position per pixel [h, w]; lower positions are nearer."""
    whole = np.ones(linear.shape[:2], np.float32)
    best = np.ascontiguousarray(positions, np.float32)
    return Scene(name, (Surface(np.ascontiguousarray(linear, np.float32), whole, best),), layered=False)


def position_of_distance(
    distance_m: ArrayLike, limits: tuple[int, int], *, near_m: float = 0.4, far_m: float = 10.0
) -> Image:
    """Return lens positions for distances: even in 1 / distance, `near_m` at the first limit and `far_m` at the last.

    Nearer and farther things lie beyond the limits, where the lens cannot go.
    """
    inverse = 1.0 / np.maximum(np.asarray(distance_m, np.float64), 1e-3)
    share = (1.0 / near_m - inverse) / (1.0 / near_m - 1.0 / far_m)
    return np.asarray(limits[0] + share * (limits[1] - limits[0]), np.float32)


def _blurred(surface: Surface, model: DefocusModel, position: float, *, together: bool) -> Iterator[tuple[Area, Image]]:
    """Blurred light (multiplied by coverage) and coverage [h, w, 4] of an area: the slices added up, or one by one.

    Slices come from far to near. Everything is done on the part of the picture that the surface can shine into.
    """
    area = _filled(surface.coverage)
    if area is None:
        return
    shape = (surface.coverage.shape[0], surface.coverage.shape[1])
    linear = surface.linear[area]
    slices = list(_slices(surface, area, model, position))
    whole = _grown(area, max(radius for radius, _ in slices), shape)
    total = np.zeros((whole[0].stop - whole[0].start, whole[1].stop - whole[1].start, 4), np.float32)
    for radius, share in slices:
        inner = _filled(share)
        if inner is None:
            continue
        place = _moved(inner, area[0].start, area[1].start)
        box = _grown(place, radius, shape)
        part = np.zeros((box[0].stop - box[0].start, box[1].stop - box[1].start, 4), np.float32)
        filled = part[_moved(place, -box[0].start, -box[1].start)]
        filled[..., 3] = share[inner]
        np.multiply(linear[inner], share[inner][..., None], out=filled[..., :3])
        blurred = blur_fast(part, radius)
        if together:
            total[_moved(box, -whole[0].start, -whole[1].start)] += blurred
        else:
            yield box, blurred
    if together:
        yield whole, total


def _slices(surface: Surface, area: Area, model: DefocusModel, position: float) -> Iterator[tuple[float, Image]]:
    """(blur radius, coverage [area]) of the parts of a surface that are blurred nearly alike; together the whole."""
    width = surface.coverage.shape[1]
    coverage = surface.coverage[area]
    if not isinstance(surface.position, np.ndarray):
        yield float(model.radius_at(surface.position, position, width_px=width)), coverage
        return
    inside = coverage > 0
    best = surface.position[area]
    low, high = float(best[inside].min()), float(best[inside].max())
    grid = np.linspace(low, high, max(2, min(1024, int(high - low) + 2)))
    signed = model.signed_radius_at(grid, position, width_px=width)
    node = np.interp(np.abs(signed), _NODES_PX, np.arange(len(_NODES_PX)))
    place = np.interp(best, grid, np.sign(signed) * node).astype(np.float32)
    for number in range(int(np.floor(place[inside].min())), int(np.ceil(place[inside].max())) + 1):
        share = np.maximum(1.0 - np.abs(place - np.float32(number)), 0.0) * coverage
        yield float(_NODES_PX[abs(number)]), share


def _filled(share: Image) -> Area | None:
    """Rows and columns that are not empty; None if all are."""
    rows, columns = np.flatnonzero(share.max(axis=1) > 0), np.flatnonzero(share.max(axis=0) > 0)
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _grown(area: Area, radius: float, shape: tuple[int, int]) -> Area:
    """Return the area that a blur of this radius shines into, inside the picture."""
    reach = int(np.ceil(radius)) + 2
    rows, columns = area
    return (
        slice(max(0, rows.start - reach), min(shape[0], rows.stop + reach)),
        slice(max(0, columns.start - reach), min(shape[1], columns.stop + reach)),
    )


def _moved(area: Area, down: int, right: int) -> Area:
    return slice(area[0].start + down, area[0].stop + down), slice(area[1].start + right, area[1].stop + right)
