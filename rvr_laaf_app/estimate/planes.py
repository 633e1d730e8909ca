"""Depth planes: one picture's disparity in a few classes, near to far (autofocus-by-depth-estimation.txt, steps 5-8).

As in the paper: median and Gaussian refinement, K-means, classes reordered by mean depth, blur by the distance from the
class in focus. Where this differs: K-means of one variable is solved exactly on a histogram (dynamic programming), so
there is no random start and the same picture always gives the same planes; what refinement does to silhouettes (a rim
of classes in between) is undone; and blur may rise continuously with the distance from the plane, since one blur per
class shows steps on every floor. Knows nothing of pictures' colours, lenses or files.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

MOST_PLANES = 16
USUAL_MOST = 8  # planes that are chosen without being asked for
EXPLAINED = 0.97  # share of the disparity's variance that this choice must explain
BINS = 512
MEDIAN_SIDE = 5
SIGMA_SHARE = 1.5 / 640  # Gaussian, as a share of the long side
RIM_SHARE = 4 / 640  # half width of the rim of in-between values at a silhouette

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DepthPlanes:
    """Where the planes lie. disparity: mean of each, nearest first; limits: the K - 1 borders between them, falling."""

    disparity: tuple[float, ...]
    limits: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.disparity)

    def range_of(self, plane: int) -> tuple[float, float]:
        """Return (far, near) disparity limits of a plane; the outermost planes reach to infinity."""
        edges = (np.inf, *self.limits, -np.inf)
        return edges[plane + 1], edges[plane]


@dataclass(frozen=True, slots=True)
class Pick:
    """One plane as a user picks it: its mean disparity, its share of the picture, and a point well inside it (0..1)."""

    plane: int
    disparity: float
    share: float
    x: float
    y: float


def find_planes(disparity: NDArray[np.floating], count: int | None = None) -> DepthPlanes:
    """Return the planes of a disparity map [H, W] in 0..1, nearest first.

    count: how many (1 to MOST_PLANES); None = as few as explain EXPLAINED of the variance, at most USUAL_MOST. A map
    with fewer different values than that gives fewer planes.
    """
    if count is not None and not 1 <= count <= MOST_PLANES:
        raise ValueError(f"there can be 1 to {MOST_PLANES} planes, not {count}")
    refined = refined_disparity(disparity)
    counts, edges = np.histogram(refined, bins=BINS, range=(0.0, 1.0))
    filled = np.flatnonzero(counts)
    weights = counts[filled].astype(np.float64)
    # The mean of a bin, not its middle: a flat picture must come back with its own disparity.
    index = np.clip(np.digitize(refined.ravel(), edges[1:-1]), 0, BINS - 1)
    sums = np.bincount(index, weights=refined.ravel().astype(np.float64), minlength=BINS)[filled]
    values = sums / weights
    most = min(count or USUAL_MOST, len(filled))
    costs, starts = _optimal_cuts(values, weights, most)
    chosen = most if count is not None else _fewest(costs)
    firsts = _backtracked(starts, chosen, len(values))
    groups = list(zip(firsts, [*firsts[1:], len(values)], strict=True))
    means = [float(np.average(values[a:b], weights=weights[a:b])) for a, b in groups]
    borders = [float((means[i] + means[i + 1]) / 2) for i in range(len(means) - 1)]
    return DepthPlanes(tuple(means[::-1]), tuple(borders[::-1]))


def refined_disparity(disparity: NDArray[np.floating]) -> Map:
    """Return the map [H, W] after median and Gaussian (paper, step 5): noise would become islands of other classes."""
    values = np.ascontiguousarray(disparity, np.float32)
    calm = cv2.medianBlur(values, MEDIAN_SIDE) if min(values.shape) >= MEDIAN_SIDE else values
    return np.asarray(cv2.GaussianBlur(calm, (0, 0), max(SIGMA_SHARE * max(values.shape), 0.5)), np.float32)


def label_planes(disparity: NDArray[np.floating], planes: DepthPlanes) -> NDArray[np.uint8]:
    """Return the plane of each pixel [H, W] uint8, 0 = nearest; the rims at silhouettes belong to one side or other."""
    values = np.ascontiguousarray(disparity, np.float32)
    labels = _by_limits(refined_disparity(values), planes)
    reach = max(round(RIM_SHARE * max(values.shape)), 1)
    window = np.ones((2 * reach + 1,) * 2, np.uint8)
    nearest, farthest = cv2.erode(labels, window), cv2.dilate(labels, window)
    between = (labels > nearest) & (labels < farthest)
    # A true plane in between is wider than a rim: it survives an opening.
    for plane in range(1, len(planes) - 1):
        own = (labels == plane).astype(np.uint8)
        between &= cv2.morphologyEx(own, cv2.MORPH_OPEN, window) == 0
    centres = np.asarray(planes.disparity, np.float32)
    to_near = np.abs(values - centres[nearest]) < np.abs(values - centres[farthest])
    return np.where(between, np.where(to_near, nearest, farthest), labels).astype(np.uint8)


def plane_disparity(
    disparity: NDArray[np.floating], planes: DepthPlanes, focus: int, *, stepped: bool = False
) -> tuple[Map, float]:
    """Return the map [H, W] to render with and its focus disparity, so that all of plane `focus` is sharp.

    stepped: every plane has one blur (the paper); else blur begins at the border of the plane in focus and rises
    evenly from there.
    """
    if not 0 <= focus < len(planes):
        raise ValueError(f"there are planes 0 to {len(planes) - 1}, not {focus}")
    labels = label_planes(disparity, planes)
    centre = np.float32(planes.disparity[focus])
    if stepped:
        return np.asarray(planes.disparity, np.float32)[labels], float(centre)
    ranges = np.array([planes.range_of(plane) for plane in range(len(planes))], np.float32)
    # The label decides: a rim that was given to one side gets a disparity that lies on that side.
    values = np.clip(disparity.astype(np.float32), ranges[labels, 0], ranges[labels, 1])
    beyond = values - np.clip(values, *ranges[focus])
    return np.asarray(centre + beyond, np.float32), float(centre)


def picks(labels: NDArray[np.uint8], planes: DepthPlanes) -> list[Pick]:
    """Return one pick per plane that is seen, nearest first; its point is the one farthest from the plane's edges."""
    height, width = labels.shape
    found = []
    for plane, disparity in enumerate(planes.disparity):
        own = np.pad((labels == plane).astype(np.uint8), 1)
        if own.any():
            inside = cv2.distanceTransform(own, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
            row, column = np.unravel_index(int(inside.argmax()), inside.shape)
            share = float(own.sum()) / labels.size
            found.append(Pick(plane, disparity, share, (int(column) + 0.5) / width, (int(row) + 0.5) / height))
    return found


def _by_limits(values: Map, planes: DepthPlanes) -> NDArray[np.uint8]:
    rising = np.asarray(planes.limits[::-1], np.float32)
    return (len(planes) - 1 - np.digitize(values, rising)).astype(np.uint8)


def _optimal_cuts(
    values: NDArray[np.float64], weights: NDArray[np.float64], most: int
) -> tuple[list[float], list[NDArray[np.intp]]]:
    """Exact K-means of sorted values for 1..most groups: (within-group squares, first value of the last group).

    costs[k] is for k + 1 groups; starts[k][j] is where the last of k + 1 groups of values[: j + 1] begins.
    """
    within = _group_costs(values, weights)
    best = within[0].copy()
    costs, starts = [float(best[-1])], [np.zeros(len(values), np.intp)]
    for _ in range(1, most):
        before = np.concatenate([[np.inf], best[:-1]])
        total = before[:, None] + within  # [first of the last group, last value]
        starts.append(total.argmin(axis=0))
        best = total.min(axis=0)
        costs.append(float(best[-1]))
    return costs, starts


def _group_costs(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squares around the mean of values[i : j + 1], [n, n]; infinite where j < i."""
    w, wv, wvv = (np.concatenate([[0.0], np.cumsum(weights * values**power)]) for power in (0, 1, 2))
    count, total, square = (s[None, 1:] - s[:-1, None] for s in (w, wv, wvv))
    cost = np.maximum(square - total**2 / np.maximum(count, 1e-12), 0.0)
    cost[np.tril_indices(len(values), -1)] = np.inf
    return np.asarray(cost, np.float64)


def _fewest(costs: list[float]) -> int:
    allowed = (1 - EXPLAINED) * costs[0]
    return next((k + 1 for k, cost in enumerate(costs) if cost <= allowed), len(costs))


def _backtracked(starts: list[NDArray[np.intp]], count: int, length: int) -> list[int]:
    """Return the first value of each group."""
    firsts, last = [], length - 1
    for k in range(count - 1, -1, -1):
        first = int(starts[k][last])
        firsts.append(first)
        last = first - 1
    return firsts[::-1]
