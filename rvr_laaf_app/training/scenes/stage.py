"""What a scene is made of: solids with poses and materials, lights, the camera, and the arrays the ray caster reads.

World frame: x right, y up, z away from the first camera position; metres. Nothing here knows of pictures or of time:
a scene builds one `World` for each moment, always with its solids in the same order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.training.scenes.shapes import half_extents

Vec = tuple[float, float, float]
Array = NDArray[np.float64]


class World(NamedTuple):
    """One moment of a scene as arrays for the ray caster; N solids, K tree nodes, M materials, L lights, B bulbs.

    axes [N, 3, 3]: columns are the solid's own axes in the world; material_of and subject_of are indices.
    boxes [K, 6]: low and high corner; node_skip [K]: where to go on when a box is missed; node_solid [K]: the solid of
    a leaf, -1 inside the tree; nodes from shadow_nodes on throw no shadow (ground, house fronts), those from
    close_nodes on do not darken what is near them either (lamps and their cables).
    lights [L, 8]: place, colour (irradiance at 1 m), size_m, 1 if it casts shadows;
    bulbs [B, 7]: place, colour (radiance), radius_m; air [20]: see `surface`.
    """

    shape: NDArray[np.int32]
    axes: Array
    place: Array
    size: Array
    rounding: Array
    material_of: NDArray[np.int32]
    subject_of: NDArray[np.int32]
    boxes: Array
    node_skip: NDArray[np.int32]
    node_solid: NDArray[np.int32]
    materials: Array
    lights: Array
    bulbs: Array
    air: Array
    shadow_nodes: int
    close_nodes: int


@dataclass(frozen=True, slots=True)
class Material:
    """How a surface looks: two colours for its texture, gloss, mirror share at right angles and own light."""

    colour: Vec = (0.5, 0.5, 0.5)
    second: Vec = (0.25, 0.25, 0.25)
    emission: Vec = (0.0, 0.0, 0.0)
    texture: int = 0
    texture_m: float = 0.1
    roughness: float = 0.6
    mirror: float = 0.0
    through: float = 0.0

    def row(self) -> list[float]:
        """The material as the ray caster reads it."""
        return [
            *self.colour, *self.second, *self.emission,
            float(self.texture), self.texture_m, self.roughness, self.mirror, self.through,
        ]  # fmt: skip


def turn(*, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Array:
    """Rotation [3, 3]: roll about z, then pitch about x, then yaw about y; degrees, right-handed about each axis."""
    cy, sy = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    cp, sp = math.cos(math.radians(pitch)), math.sin(math.radians(pitch))
    cr, sr = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1.0]])
    return np.asarray(about_y @ about_x @ about_z, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Where a part and what hangs on it is: rotation, place, and a stretch of everything along the part's own axes."""

    place: Array = field(default_factory=lambda: np.zeros(3))
    axes: Array = field(default_factory=lambda: np.eye(3))
    stretch: Array = field(default_factory=lambda: np.ones(3))

    def at(self, x: float, y: float, z: float, *, axes: Array | None = None) -> Pose:
        """Return the pose of a child placed at (x, y, z) of this part and turned by `axes`."""
        place = self.place + self.axes @ (np.array([x, y, z]) * self.stretch)
        return Pose(place, self.axes if axes is None else self.axes @ axes, self.stretch)


class Assembly:
    """Collects the solids, materials and lights of one moment and packs them into a World."""

    def __init__(self) -> None:
        self._solids: list[tuple[int, Pose, Array, float, int, int]] = []
        self._materials: list[Material] = []
        self._index: dict[Material, int] = {}
        self._lights: list[list[float]] = []
        self._bulbs: list[list[float]] = []
        self.subject = 0

    def add(self, kind: int, pose: Pose, size: Vec, material: Material, *, rounding: float = 0.0) -> None:
        """Add a solid at `pose`; it belongs to the subject set in `self.subject` (0 = the set)."""
        if material not in self._index:
            self._index[material] = len(self._materials)
            self._materials.append(material)
        scaled = np.array(size, np.float64) * pose.stretch
        self._solids.append((kind, pose, scaled, rounding, self._index[material], self.subject))

    def rod(self, kind: int, start: Vec, end: Vec, size: tuple[float, float], material: Material) -> None:
        """Add a shape with axis y (cylinder, round cone) from `start` to `end`; `size`: radius there and there."""
        first, last = np.array(start, np.float64), np.array(end, np.float64)
        axis = last - first
        length = float(np.linalg.norm(axis))
        up = axis / length
        side = np.cross(up, [0.0, 0.0, 1.0] if abs(up[2]) < 0.9 else [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        axes = np.stack([side, up, np.cross(side, up)], axis=1)
        self.add(kind, Pose((first + last) / 2, axes), (size[0], length / 2, size[1]), material)

    def light(self, place: Vec, colour: Vec, *, size_m: float = 0.2, shadow: bool = True) -> None:
        """Add a lamp that lights surfaces (it is not seen itself); `colour` is its irradiance at one metre."""
        self._lights.append([*place, *colour, size_m, float(shadow)])

    def bulb(self, place: Vec, colour: Vec, radius_m: float) -> None:
        """Add the halo and the gloss of a small lamp; `colour` is its radiance."""
        self._bulbs.append([*place, *colour, radius_m])

    def world(self, air: Array, eye: Vec) -> World:
        """Pack everything; the tree puts what is near `eye` first."""
        kinds, poses, sizes, roundings, materials, subjects = zip(*self._solids, strict=True)
        axes = np.stack([pose.axes for pose in poses])
        place = np.stack([pose.place for pose in poses])
        low, high = _boxes(kinds, axes, place, np.stack(sizes))
        through = np.array([self._materials[m].through > 0 for m in materials])
        boxes, skip, leaves, shadow_nodes, close_nodes = _tree(low, high, np.array(eye), through)
        return World(
            np.array(kinds, np.int32), axes, place, np.stack(sizes), np.array(roundings, np.float64),
            np.array(materials, np.int32), np.array(subjects, np.int32), boxes, skip, leaves,
            np.array([m.row() for m in self._materials]), np.array(self._lights), np.array(self._bulbs), air,
            shadow_nodes, close_nodes,
        )  # fmt: skip


def _boxes(kinds: tuple[int, ...], axes: Array, place: Array, sizes: Array) -> tuple[Array, Array]:
    low, high = np.empty_like(place), np.empty_like(place)
    for i, kind in enumerate(kinds):
        a, b = half_extents(kind, sizes[i])
        centre, half = axes[i] @ ((a + b) / 2) + place[i], np.abs(axes[i]) @ ((b - a) / 2)
        low[i], high[i] = centre - half, centre + half
    return low, high


def _tree(
    low: Array, high: Array, eye: Array, through: NDArray[np.bool_]
) -> tuple[Array, NDArray[np.int32], NDArray[np.int32], int, int]:
    """Median-split box tree in depth-first order with skip links: traversal needs no stack."""
    middle = (low + high) / 2
    nodes: list[tuple[Array, Array, int]] = []
    skip: list[int] = []

    def build(members: NDArray[np.intp]) -> None:
        here = len(nodes)
        box_low, box_high = low[members].min(0), high[members].max(0)
        nodes.append((box_low, box_high, int(members[0]) if len(members) == 1 else -1))
        skip.append(0)
        if len(members) > 1:
            spread = np.ptp(middle[members], axis=0)
            order = members[np.argsort(middle[members, int(np.argmax(spread))], kind="stable")]
            halves = [order[: len(order) // 2], order[len(order) // 2 :]]
            halves.sort(key=lambda part: float(np.linalg.norm(middle[part].mean(0) - eye)))
            for half in halves:
                build(half)
        skip[here] = len(nodes)

    # Vast solids (ground, house fronts) would blow up every box above them, so they follow the tree as leaves of their
    # own: falling through the skip links reaches them, no common root is needed.
    vast = (high - low).max(1) > 12.0
    build(np.flatnonzero(~vast & ~through))
    shadow_nodes = len(nodes)
    for member in np.flatnonzero(vast & ~through):
        build(np.array([member]))
    close_nodes = len(nodes)
    if through.any():
        build(np.flatnonzero(through))
    boxes = np.stack([np.concatenate([n[0], n[1]]) for n in nodes])
    return boxes, np.array(skip, np.int32), np.array([n[2] for n in nodes], np.int32), shadow_nodes, close_nodes


def _vec(values: Array) -> Vec:
    return float(values[0]), float(values[1]), float(values[2])


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera: place, axes (right, up, forward) and focal length in picture widths."""

    place: Vec
    axes: tuple[Vec, Vec, Vec]
    focal_widths: float

    @classmethod
    def looking(cls, place: Vec, towards: Vec, *, field_deg: float) -> Camera:
        """Make a level camera at `place` that looks at `towards` with this horizontal field of view."""
        forward = np.array(towards, np.float64) - np.array(place)
        forward /= np.linalg.norm(forward)
        right = np.cross([0.0, 1.0, 0.0], forward)
        right /= np.linalg.norm(right)
        up = np.cross(forward, right)
        return cls(place, (_vec(right), _vec(up), _vec(forward)), 0.5 / math.tan(math.radians(field_deg) / 2))

    def packed(self, size: tuple[int, int]) -> Array:
        """The camera as the ray caster reads it for a picture of (width, height): [15] float64."""
        width, height = size
        axes = np.array(self.axes)
        return np.concatenate([self.place, axes.ravel(), [self.focal_widths * width, width / 2, height / 2]])

    def project(self, points: Array, size: tuple[int, int]) -> tuple[Array, Array]:
        """Project world points [..., 3]; return pixels [..., 2] (pixel centres at +0.5) and planar distance_m [...]."""
        packed = self.packed(size)
        seen = (np.asarray(points, np.float64) - packed[:3]) @ np.array(self.axes).T
        distance = seen[..., 2]
        safe = np.where(np.abs(distance) < 1e-9, 1e-9, distance)
        u = packed[12] * seen[..., 0] / safe + packed[13]
        v = -packed[12] * seen[..., 1] / safe + packed[14]
        return np.stack([u, v], axis=-1), distance
