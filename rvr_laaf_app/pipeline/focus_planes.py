"""Choosing a depth instead of a subject: the planes of one analysed frame, and the depth at one place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.estimate.planes import Pick as Pick
from rvr_laaf_app.estimate.planes import find_planes, label_planes, picks
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.track.disparity import subject_disparity

LEAST_SHARE = 0.01  # of the picture; smaller planes are not offered


@dataclass(frozen=True, slots=True)
class FramePlanes:
    """The planes of a frame, nearest first, each with a point well inside it."""

    index: int
    planes: tuple[Pick, ...]


def planes_at(products: ClipProducts, project: Project, index: int, *, count: int | None = None) -> FramePlanes:
    """Return the depth planes of a frame (K-means); count None = as many as explain it. CacheError if not analysed."""
    disparity = np.asarray(products.rgbd(index, project.repairs).disparity, np.float32)
    planes = find_planes(disparity, count)
    found = picks(label_planes(disparity, planes), planes)
    return FramePlanes(index, tuple(p for p in found if p.share >= LEAST_SHARE))


def depth_at(products: ClipProducts, project: Project, index: int, point: Point) -> float:
    """Return the disparity under a place of a frame."""
    disparity = products.rgbd(index, project.repairs).disparity
    return subject_disparity(disparity, Box.around(point, 0.04, 0.04))
