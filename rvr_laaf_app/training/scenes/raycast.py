"""Pictures of a World: linear light, planar distance and solid of every pixel, through a pinhole or a thin lens.

Edges are anti-aliased where neighbours differ; distance and solids are those of the pixel's centre, never averages.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.training.scenes.shapes import NO_HIT, Triple, compiled, inlined
from rvr_laaf_app.training.scenes.stage import Array, World
from rvr_laaf_app.training.scenes.surface import shade, sky, through_air
from rvr_laaf_app.training.scenes.trace import nearest

_BAND_ROWS = 24
# Neighbours that differ by more than this, in display terms, are smoothed.
_CONTRAST = 0.085


@inlined
def _ray(cam: Array, u: float, v: float) -> Triple:
    """Direction through picture place (u, v); its part along the optical axis is 1, so t is the planar distance."""
    x, y = (u - cam[13]) / cam[12], (cam[14] - v) / cam[12]
    return (
        x * cam[3] + y * cam[6] + cam[9],
        x * cam[4] + y * cam[7] + cam[10],
        x * cam[5] + y * cam[8] + cam[11],
    )


@compiled
def _light(world: World, o: Triple, d: Triple) -> tuple[float, float, float, float, int]:
    """Light that comes along the ray, its t and the solid it came from."""
    t, solid = nearest(world, o, d, NO_HIT)
    length = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    unit = (d[0] / length, d[1] / length, d[2] / length)
    if solid < 0:
        light = through_air(world, o, unit, 60.0, sky(world, d))
    else:
        p = (o[0] + t * d[0], o[1] + t * d[1], o[2] + t * d[2])
        surface = shade(world, solid, p, (-unit[0], -unit[1], -unit[2]))
        light = through_air(world, o, unit, t * length, surface)
    return light[0], light[1], light[2], t, solid


@compiled
def _centres(world: World, cam: Array, rows: Array, linear: Array, distance: Array, solids: NDArray[np.int32]) -> None:
    """One ray through the centre of each pixel of rows[0]..rows[1]."""
    o = (cam[0], cam[1], cam[2])
    for row in range(int(rows[0]), int(rows[1])):
        for column in range(linear.shape[1]):
            r, g, b, t, solid = _light(world, o, _ray(cam, column + 0.5, row + 0.5))
            linear[row, column, 0], linear[row, column, 1], linear[row, column, 2] = r, g, b
            distance[row, column], solids[row, column] = t, solid


@compiled
def _depths(world: World, cam: Array, distance: Array, solids: NDArray[np.int32]) -> None:
    o = (cam[0], cam[1], cam[2])
    for row in range(distance.shape[0]):
        for column in range(distance.shape[1]):
            distance[row, column], solids[row, column] = nearest(world, o, _ray(cam, column + 0.5, row + 0.5), NO_HIT)


def distances(world: World, cam: Array, size: tuple[int, int]) -> tuple[Array, NDArray[np.int32]]:
    """Planar distance_m [H, W] float64 (inf: sky) and solids [H, W] (-1: sky), without light."""
    distance, solids = np.empty(size[::-1]), np.empty(size[::-1], np.int32)
    _depths(world, cam, distance, solids)
    return np.where(solids < 0, np.inf, distance), solids


@compiled
def _smooth(
    world: World, cam: Array, rows: Array, linear: Array, rough: Array, solids: NDArray[np.int32], grid: int
) -> None:
    """Average grid x grid more rays in each pixel that differs from a neighbour; `rough` is what `_centres` gave."""
    o = (cam[0], cam[1], cam[2])
    height, width = solids.shape
    for row in range(int(rows[0]), int(rows[1])):
        for column in range(width):
            if not _differs(rough, solids, row, column, height, width):
                continue
            r = g = b = 0.0
            for i in range(grid):
                for j in range(grid):
                    u, v = column + (i + 0.5) / grid, row + (j + 0.5) / grid
                    more = _light(world, o, _ray(cam, u, v))
                    r, g, b = r + more[0], g + more[1], b + more[2]
            many = grid * grid
            linear[row, column, 0], linear[row, column, 1], linear[row, column, 2] = r / many, g / many, b / many


@inlined
def _shown(linear: Array, row: int, column: int) -> float:
    """Rough display value of a pixel, for the comparison of neighbours."""
    luma = 0.25 * linear[row, column, 0] + 0.6 * linear[row, column, 1] + 0.15 * linear[row, column, 2]
    return math.sqrt(min(luma, 1.0))


@inlined
def _differs(linear: Array, solids: NDArray[np.int32], row: int, column: int, height: int, width: int) -> bool:
    here, solid = _shown(linear, row, column), solids[row, column]
    for k in range(4):
        y = row + (1 if k == 0 else -1 if k == 1 else 0)
        x = column + (1 if k == 2 else -1 if k == 3 else 0)
        if y < 0 or y >= height or x < 0 or x >= width:
            continue
        if solids[y, x] != solid or abs(_shown(linear, y, x) - here) > _CONTRAST:
            return True
    return False


@compiled
def _through_lens(world: World, cam: Array, rows: Array, linear: Array, lens: Array, focus_m: float) -> None:
    """Average one ray from each lens place [S, 4] (x, y in metres; shift inside the pixel) to the focal plane."""
    for row in range(int(rows[0]), int(rows[1])):
        for column in range(linear.shape[1]):
            r = g = b = 0.0
            for s in range(lens.shape[0]):
                d = _ray(cam, column + lens[s, 2], row + lens[s, 3])
                x, y = lens[s, 0], lens[s, 1]
                ox, oy, oz = x * cam[3] + y * cam[6], x * cam[4] + y * cam[7], x * cam[5] + y * cam[8]
                aimed = (d[0] - ox / focus_m, d[1] - oy / focus_m, d[2] - oz / focus_m)
                more = _light(world, (cam[0] + ox, cam[1] + oy, cam[2] + oz), aimed)
                r, g, b = r + more[0], g + more[1], b + more[2]
            many = lens.shape[0]
            linear[row, column, 0], linear[row, column, 1], linear[row, column, 2] = r / many, g / many, b / many


@compiled
def seen_again(world: World, cam: Array, places: Array, hidden: NDArray[np.bool_]) -> None:
    """Set hidden [P] where something stands between the camera and the place [P, 3]; the last 1e-3 is ignored."""
    o = (cam[0], cam[1], cam[2])
    for i in range(places.shape[0]):
        d = (places[i, 0] - o[0], places[i, 1] - o[1], places[i, 2] - o[2])
        t, _ = nearest(world, o, d, 1.0)
        hidden[i] = t < 0.999


def _in_bands(height: int, workers: int, work: Callable[[Array], None]) -> None:
    bands = [np.array([y, min(y + _BAND_ROWS, height)], np.float64) for y in range(0, height, _BAND_ROWS)]
    if workers <= 1:
        for band in bands:
            work(band)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, bands))


def pinhole(
    world: World, cam: Array, size: tuple[int, int], *, grid: int = 2, workers: int = 1
) -> tuple[Array, Array, NDArray[np.int32]]:
    """Render all sharp: linear [H, W, 3] float64, planar distance_m [H, W] (inf: sky), solids [H, W] (-1: sky)."""
    width, height = size
    rough = np.empty((height, width, 3))
    distance, solids = np.empty((height, width)), np.empty((height, width), np.int32)
    _in_bands(height, workers, lambda rows: _centres(world, cam, rows, rough, distance, solids))
    linear = rough.copy()
    if grid > 1:
        _in_bands(height, workers, lambda rows: _smooth(world, cam, rows, linear, rough, solids, grid))
    return linear, np.where(solids < 0, np.inf, distance), solids


def lens_places(radius_m: float, samples: int) -> Array:
    """Places on a round lens as a sunflower pattern, each with its own shift inside the pixel: [samples, 4]."""
    index = np.arange(samples)
    radius = radius_m * np.sqrt((index + 0.5) / samples)
    angle = index * math.pi * (3.0 - math.sqrt(5.0))
    # The R2 sequence spreads the shifts evenly whatever the number of samples.
    shift_x, shift_y = (0.5 + 0.7548776662466927 * index) % 1.0, (0.5 + 0.5698402909980532 * index) % 1.0
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), shift_x, shift_y], axis=1)


def thin_lens(
    world: World, cam: Array, size: tuple[int, int], lens: Array, *, focus_m: float, workers: int = 1
) -> Array:
    """Render as a thin lens sees it, focused on the plane at `focus_m`: linear [H, W, 3] float64."""
    width, height = size
    linear = np.empty((height, width, 3))
    _in_bands(height, workers, lambda rows: _through_lens(world, cam, rows, linear, lens, focus_m))
    return linear
