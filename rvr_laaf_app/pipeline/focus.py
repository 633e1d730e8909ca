"""The focal plane of every frame: targets, their tracks and the disparity of their subjects into one focus curve."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.project import FocusTarget, Project, SubjectTrack
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.laaf.curve import FocusCurve, FocusSubject, focus_curve
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.track.base import TRACKERS
from rvr_laaf_app.track.box import subject_box
from rvr_laaf_app.track.disparity import smooth_track_disparity, subject_disparity
from rvr_laaf_app.track.guard import follow

NO_TARGET_DISPARITY = 0.5  # a project without targets focuses on the middle of the shot's depth


def span_of(project: Project, target: FocusTarget, frames: int) -> tuple[int, int]:
    """Return the frames [start, stop) in which the target's subject is followed: up to the next target or the end."""
    if target.frame >= frames:
        raise UsageError(f"the target is at frame {target.frame} but the clip has {frames} frames")
    later = [t.frame for t in project.targets if t.frame > target.frame]
    return target.frame, min(later, default=frames)


def _box_of(place: Point | Box, products: ClipProducts, index: int, rgb: NDArray[np.uint8]) -> Box:
    if isinstance(place, Box):
        return place
    disparity = products.rgbd(index).disparity
    size = disparity.shape[1], disparity.shape[0]
    small = rgb if (rgb.shape[1], rgb.shape[0]) == size else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return subject_box(place, disparity, small)


def track_job(
    products: ClipProducts, project: Project, target_id: str, *, stop: int | None = None
) -> Job[SubjectTrack]:
    """Follow the subject of a target from its frame to the next target, the end or `stop`; returns its track.

    A point becomes a box grown from disparity and edges. Frames in which the subject was not found keep the last box
    and have confidence 0.
    """
    target = project.target(target_id)
    if target is None:
        raise UsageError(f"there is no target {target_id!r}")
    start, last = span_of(project, target, products.info.frames)
    stop = last if stop is None else min(last, max(stop, start + 1))
    tracker = TRACKERS.load(target.tracker)()
    boxes: list[tuple[float, float, float, float]] = []
    confidence: list[float] = []
    yield Progress(0, stop - start, "tracking")
    with ClipReader(products.info, size=products.map_source_size) as reader:
        first = reader.read(start).rgb8
        box = _box_of(target.place, products, start, first)
        frames = ((frame.index, frame.rgb8) for frame in reader.frames(start, stop))
        steps = follow(
            frames, box, tracker=tracker, disparity_of=lambda i: products.rgbd(i).disparity, cuts=products.cuts
        )
        for step in steps:
            boxes.append((step.box.x, step.box.y, step.box.width, step.box.height))
            confidence.append(0.0 if step.lost else step.confidence)
            yield Progress(len(boxes), stop - start, "tracking")
    return SubjectTrack(
        target_id,
        start,
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(confidence, np.float32),
        by=target.tracker,
        for_place=(target.frame, target.place),
    )


def subject_disparities(products: ClipProducts, track: SubjectTrack) -> NDArray[np.float32]:
    """Return the steady disparity of a tracked subject [frames of the clip] float32, NaN outside its track."""
    frames = products.info.frames
    series = np.full(frames, np.nan, np.float32)
    start, stop = track.start, min(track.stop, products.meta.done)
    if stop <= start:
        return series
    measured = products.subject_levels(track, start, stop)
    confidence = track.confidence[: stop - start]
    bounds = [start, *(c for c in products.cuts if start < c < stop), stop]
    for first, last in pairwise(bounds):  # depth is relative to its shot: smooth within it
        part = slice(first - start, last - start)
        series[first:last] = smooth_track_disparity(measured[part], confidence[part])
    return series


def curve_of(products: ClipProducts, project: Project) -> FocusCurve:
    """Return the focus curve of a project as far as its targets are tracked; suggested targets do not move focus."""
    subjects = []
    for target in project.targets:
        if target.strength == "suggested":
            continue
        track = project.track_of(target)
        disparity = _aimed_at(products, target) if track is None else subject_disparities(products, track)
        subjects.append(FocusSubject(target.frame, disparity, target.pull_frames, target.ease, target.strength))
    return focus_curve(products.info.frames, subjects, cuts=products.cuts, default_disparity=NO_TARGET_DISPARITY)


def _aimed_at(products: ClipProducts, target: FocusTarget) -> NDArray[np.float32]:
    """Return the disparity at the target's own frame only: what is known before its subject was tracked."""
    series = np.full(products.info.frames, np.nan, np.float32)
    if products.has(target.frame):
        place = target.place if isinstance(target.place, Box) else Box.around(target.place, 0.04, 0.04)
        series[target.frame] = subject_disparity(products.rgbd(target.frame).disparity, place)
    return series
