"""Autofocus on recorded focus sweeps: for each region, is the slice that a method stops at the sharpest, or next to it?

The truth of a region is the slice where an exhaustive look finds it sharpest. Regions without texture, and regions that
are sharpest in no one place (the best slice hardly sharper than the usual one), are left out. A sweep whose files say
nothing of positions is put in order first: pictures taken at neighbouring positions are sharp and blurred at the same
places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import Autofocus, FocusRange, Patch
from rvr_laaf_app.autofocus.modern import ModernAutofocus
from rvr_laaf_app.autofocus.run import run_search
from rvr_laaf_app.autofocus.sharpness import laplacian, tenengrad
from rvr_laaf_app.camera.scene_files import read_picture
from rvr_laaf_app.camera.sweep import read_sweep

REGION: Final = 128  # pixels: the side of what focus is asked for
_TEXTURE: Final = 2.0  # times sharper than the usual slice the sharpest must be
_SUFFIXES: Final = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Grey display-encoded pictures [n, h, w] 0..1 by lens position; ordered says that the order is our own finding."""

    name: str
    pictures: NDArray[np.float32]
    ordered: bool


def find_sweeps(folder: Path) -> list[Path]:
    """Return the folders below that hold a recorded sweep: at least eight pictures beside one another."""
    found = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        names = [path.name for path in place.iterdir() if path.suffix.lower() in _SUFFIXES]
        if len(names) >= 8 and not all("_" in name and name[:3].isdigit() for name in names):
            found.append(place)
    return found


def read_stack(folder: Path) -> Stack:
    """Read a sweep; without positions in a manifest, its pictures are put in the order of focus."""
    sweep = read_sweep(folder)
    grey = [cv2.cvtColor(read_picture(path), cv2.COLOR_RGB2GRAY) for path in sweep.paths]
    pictures = np.stack(grey).astype(np.float32) / np.float32(255)
    if (folder / "sweep.json").exists():
        return Stack(folder.name, pictures[np.argsort(sweep.positions, kind="stable")], False)
    order = focus_order(pictures)
    return Stack(folder.name, pictures[order], order != list(range(len(order))))


def focus_order(pictures: NDArray[np.float32]) -> list[int]:
    """Return the order in which the lens stood, from pictures [n, h, w] in any order (up to its direction).

    The order is the shortest way through the pictures, the distance of two being how differently their regions are
    sharp; the order of the files stays where it is not much longer than that.
    """
    cells = np.array([[tenengrad(cell) for cell in _cells(picture)] for picture in pictures])
    logs = np.log(np.maximum(cells, 1e-9))
    logs -= logs.mean(axis=1, keepdims=True)  # how sharp the whole picture is says nothing about the side
    distance = np.sqrt(((logs[:, None] - logs[None]) ** 2).mean(axis=2))
    given = list(range(len(pictures)))
    shortest = min((_improved(_greedy(start, distance), distance) for start in given), key=lambda o: _way(o, distance))
    return given if _way(given, distance) < 1.5 * _way(shortest, distance) else shortest


def _way(order: list[int], distance: NDArray[np.float64]) -> float:
    return float(distance[order[:-1], order[1:]].sum())


def _greedy(start: int, distance: NDArray[np.float64]) -> list[int]:
    order, left = [start], set(range(len(distance))) - {start}
    while left:
        order.append(min(left, key=lambda k: float(distance[order[-1], k])))
        left.remove(order[-1])
    return order


def _improved(order: list[int], distance: NDArray[np.float64]) -> list[int]:
    """Turn stretches of the way round for as long as that makes it shorter."""
    best, length, again = order, _way(order, distance), True
    while again:
        again = False
        for low in range(len(order) - 1):
            for high in range(low + 2, len(order) + 1):
                tried = [*best[:low], *best[low:high][::-1], *best[high:]]
                if (way := _way(tried, distance)) < length - 1e-9:
                    best, length, again = tried, way, True
    return best


def _cells(picture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    height, width = (side // REGION * REGION for side in picture.shape)
    rows = picture[:height, :width].reshape(height // REGION, REGION, width // REGION, REGION)
    return list(rows.transpose(0, 2, 1, 3).reshape(-1, REGION, REGION))


def measure_sweep(
    folder: Path, *, method: Autofocus | None = None, starts: Sequence[float] = (0.0, 0.5, 1.0)
) -> dict[str, Any]:
    """Run a method (default: `learned`, not calibrated) on every region of a sweep; return shares and steps."""
    stack = read_stack(folder)
    count = len(stack.pictures)
    method = method or ModernAutofocus(width_px=stack.pictures.shape[2])
    limits = FocusRange(0, count - 1, 3)  # the sharpest slice and its neighbours count
    hits, misses, steps, regions = 0, 0, [], 0
    for cells in zip(*(_cells(picture) for picture in stack.pictures), strict=True):
        truth = sharpest_slice(cells)
        if truth is None:
            continue
        regions += 1

        def see(place: int, cells: Sequence[Patch] = cells) -> Patch:
            return cells[place]

        for start in starts:
            run = run_search(method, limits, see, start=round(start * (count - 1)))
            near = abs(run.result.position - truth) <= 1
            hits, misses = hits + near, misses + (not near)
            steps.append(run.moves)
    return {
        "slices": count,
        "put_in_order": stack.ordered,
        "regions": regions,
        "sharpest_or_neighbour": round(hits / max(hits + misses, 1), 4),
        "mean_steps": round(float(np.mean(steps)), 2) if steps else None,
        "worst_steps": max(steps, default=None),
    }


def sharpest_slice(cells: Sequence[Patch]) -> int | None:
    """Return the slice in which a region is sharpest; None where that cannot be told."""
    curves = np.array([[tenengrad(cell), laplacian(cell)] for cell in cells])
    clear = curves.max(axis=0) / np.maximum(np.median(curves, axis=0), 1e-9)
    best = curves.argmax(axis=0)
    if clear[0] < _TEXTURE or abs(int(best[0]) - int(best[1])) > 1:
        return None
    return int(best[0])
