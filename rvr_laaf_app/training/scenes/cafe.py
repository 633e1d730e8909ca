"""The cafe scene of the sample clip, and exact truth of any of its moments at any size.

A yard of a street cafe in the evening: a wind-up toy on the table before us (1.3 m), a robot that sings on a small
stage (3.2 m), a waiter who rolls by (6.9 m), strings of bulbs, a lit cafe front and the street with the sky behind.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.training.scenes import raycast
from rvr_laaf_app.training.scenes.cafe_cast import SINGER, TOY, WAITER, build_cast
from rvr_laaf_app.training.scenes.cafe_set import build_set
from rvr_laaf_app.training.scenes.score import DURATION_S
from rvr_laaf_app.training.scenes.shapes import CYLINDER, ROUND_CONE, TORUS
from rvr_laaf_app.training.scenes.stage import Array, Assembly, Camera, World

FIELD_DEG = 54.0
SUBJECTS = {"toy": TOY, "singer": SINGER, "waiter": WAITER}

# Sky: zenith, horizon, warm band; light from above and from below; haze per metre and its colour; strength of halos.
AIR = (
    0.012, 0.030, 0.085,  0.085, 0.125, 0.215,  0.62, 0.27, 0.10,
    0.060, 0.085, 0.145,  0.034, 0.025, 0.022,
    0.0085, 0.115, 0.110, 0.150,  0.0042,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class SceneFrame:
    """Exact truth of one moment.

    linear [H, W, 3] float32, 1 = display white (lamps reach 100 and more); distance_m [H, W] float32, planar, inf for
    the sky; per_m [H, W] float32 = 1 / distance_m; disparity [H, W] float32, 0..1 over the whole shot, 1 nearest;
    subjects [H, W] uint8, 0 for the set and sky, else as in SUBJECTS.
    """

    seconds: float
    linear: NDArray[np.float32]
    distance_m: NDArray[np.float32]
    per_m: NDArray[np.float32]
    disparity: NDArray[np.float32]
    subjects: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FlowTruth:
    """Where each pixel of one moment is at another: uv [H, W, 2] float32 px (dx right, dy down).

    occluded [H, W] bool: something stands before it at the other moment; inside [H, W] bool: still in the picture.
    """

    uv: NDArray[np.float32]
    occluded: NDArray[np.bool_]
    inside: NDArray[np.bool_]

    @property
    def valid(self) -> NDArray[np.bool_]:
        """[H, W] bool: still seen at the other moment."""
        return self.inside & ~self.occluded


def camera_at(seconds: float) -> Camera:
    """The camera: a slow dolly to the right and a little forward, always towards the stage."""
    share = seconds / DURATION_S
    place = (-0.12 + 0.26 * share, 1.235 - 0.02 * share, -0.06 + 0.13 * share)
    return Camera.looking(place, (0.02 + 0.05 * share, 0.90, 3.2), field_deg=FIELD_DEG)


@functools.lru_cache(maxsize=4)
def world_at(seconds: float) -> World:
    """All solids and lamps at this moment, always in the same order."""
    scene = Assembly()
    build_cast(scene, seconds)
    build_set(scene)
    return scene.world(np.array(AIR), camera_at(seconds).place)


@functools.lru_cache(maxsize=1)
def nearest_per_m() -> float:
    """1 / distance of the nearest thing in the whole shot: what normalises the disparity (the sky is 0)."""
    size = (160, 90)
    nearest = 0.0
    for seconds in np.linspace(0.0, DURATION_S, 9):
        distance, _ = _distance(float(seconds), size)
        nearest = max(nearest, 1.0 / float(distance.min()))
    return nearest


def _distance(seconds: float, size: tuple[int, int]) -> tuple[Array, NDArray[np.int32]]:
    return raycast.distances(world_at(seconds), camera_at(seconds).packed(size), size)


def render_frame(seconds: float, size: tuple[int, int], *, grid: int = 2, workers: int = 1) -> SceneFrame:
    """Render the moment `seconds` at (width, height), with grid x grid rays where a pixel holds an edge."""
    world = world_at(seconds)
    linear, distance, solids = raycast.pinhole(world, camera_at(seconds).packed(size), size, grid=grid, workers=workers)
    subjects = np.where(solids < 0, 0, world.subject_of[solids]).astype(np.uint8)
    per_m = 1.0 / distance
    disparity = np.clip(per_m / nearest_per_m(), 0.0, 1.0)
    return SceneFrame(
        seconds, linear.astype(np.float32), distance.astype(np.float32), per_m.astype(np.float32),
        disparity.astype(np.float32), subjects,
    )  # fmt: skip


def render_thin_lens(
    seconds: float, size: tuple[int, int], lens: Lens, *, focus_m: float, samples: int = 128, workers: int = 1
) -> NDArray[np.float32]:
    """Render the moment with the blur of a lens of this aperture diameter, by sampling it: linear [H, W, 3] float32.

    The field of view stays that of the scene; of `lens` the aperture diameter (focal length / f-number) counts, scaled
    so that the blur in pixels is `lens.blur_gain_px(width)` per 1/m.
    """
    camera = camera_at(seconds)
    places = raycast.lens_places(lens_radius_m(camera, lens, focus_m=focus_m), samples)
    packed = camera.packed(size)
    linear = raycast.thin_lens(world_at(seconds), packed, size, places, focus_m=focus_m, workers=workers)
    return linear.astype(np.float32)


def lens_radius_m(camera: Camera, lens: Lens, *, focus_m: float) -> float:
    """Radius of the opening that blurs this camera's picture by `lens.blur_gain_px(width)` px per 1/m."""
    gain_widths = lens.blur_gain_px(1, 1.0 / focus_m) / lens.disparity_scale_per_m
    return gain_widths / camera.focal_widths / 2.0


def flow_between(seconds: float, other: float, size: tuple[int, int]) -> FlowTruth:
    """Exact motion from one moment to another, by carrying each seen point with its own solid and the camera."""
    width, height = size
    before, after, camera, later = world_at(seconds), world_at(other), camera_at(seconds), camera_at(other)
    distance, solids = _distance(seconds, size)
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    packed = camera.packed(size)
    rays = np.stack([(columns - packed[13]) / packed[12], (packed[14] - rows) / packed[12], np.ones_like(rows)], -1)
    rays = rays @ np.array(camera.axes)
    # The sky is so far that only the camera's rotation moves it.
    places = packed[:3] + rays * np.where(np.isinf(distance), 1e7, distance)[..., None]
    moved = carry(before, after, solids, places)
    pixels, depth = later.project(moved, size)
    hidden = np.zeros(height * width, np.bool_)
    raycast.seen_again(after, later.packed(size), moved.reshape(-1, 3), hidden)
    u, v = pixels[..., 0], pixels[..., 1]
    inside = (depth > 0) & (u >= 0) & (u < width) & (v >= 0) & (v < height)
    uv = np.stack([u - columns, v - rows], axis=-1).astype(np.float32)
    return FlowTruth(uv, hidden.reshape(height, width), inside)


def carry(before: World, after: World, solids: NDArray[np.int32], places: Array) -> Array:
    """Move world points [..., 3] along with the solids [...] that they lie on (-1: they stay)."""
    solid = np.maximum(solids, 0)
    local = np.einsum("...ij,...i->...j", before.axes[solid], places - before.place[solid])
    local = local * (_stretch(after) / _stretch(before))[solid]
    moved = np.einsum("...ij,...j->...i", after.axes[solid], local) + after.place[solid]
    return np.where((solids < 0)[..., None], places, moved)


def _stretch(world: World) -> Array:
    """The three lengths of each solid that its points scale with, along its own axes: [N, 3]."""
    lengths = world.size.copy()
    for kind in (CYLINDER, ROUND_CONE):
        lengths[world.shape == kind, 2] = world.size[world.shape == kind, 0]
    rings = world.shape == TORUS
    lengths[rings] = world.size[rings][:, :1]
    return lengths


def subject_box(subjects: NDArray[np.uint8], subject: int) -> tuple[float, float, float, float] | None:
    """Box (x, y, width, height), 0..1, round what is seen of a subject, or None if nothing is."""
    rows, columns = np.nonzero(subjects == subject)
    if len(rows) == 0:
        return None
    height, width = subjects.shape
    x0, x1, y0, y1 = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
    return float(x0 / width), float(y0 / height), float((x1 - x0) / width), float((y1 - y0) / height)
