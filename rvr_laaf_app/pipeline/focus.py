"""The focal plane of every frame: targets, their tracks and the disparity of their subjects into one focus curve."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document.project import FocusTarget, Project, SubjectTrack
from rvr_laaf_app.document.reign import partners, reigns
from rvr_laaf_app.document.repair import Repair
from rvr_laaf_app.laaf.curve import FocusCurve, FocusSubject, focus_curve, hold_and_meet
from rvr_laaf_app.pipeline.focus_track import track_job as track_job
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.track.disparity import smooth_track_disparity, subject_disparity

NO_TARGET_DISPARITY = 0.5  # a project without targets focuses on the middle of the shot's depth


def subject_disparities(
    products: ClipProducts, track: SubjectTrack, repairs: Sequence[Repair] = ()
) -> NDArray[np.float32]:
    """Return the steady disparity of a tracked subject [frames of the clip] float32, NaN outside its track."""
    frames = products.info.frames
    series = np.full(frames, np.nan, np.float32)
    start, stop = track.start, min(track.stop, products.meta.done)
    if stop <= start:
        return series
    measured = products.subject_levels(track, start, stop, repairs)
    confidence = track.confidence[: stop - start]
    bounds = [start, *(c for c in products.cuts if start < c < stop), stop]
    for first, last in pairwise(bounds):  # depth is relative to its shot: smooth within it
        part = slice(first - start, last - start)
        series[first:last] = smooth_track_disparity(measured[part], confidence[part])
    return series


def curve_of(products: ClipProducts, project: Project) -> FocusCurve:
    """Return the focus curve of a project as far as its targets are tracked; suggested targets do not move focus."""
    frames = products.info.frames
    depths = {t.id: target_depth(products, project, t) for t in project.targets if t.strength != "suggested"}
    subjects = []
    for target, reign in zip(project.targets, reigns(project.targets, frames), strict=True):
        if target.strength == "suggested":
            continue
        together = [t for t in partners(project.targets, target) if t.frame <= target.frame]
        disparity = _middle([depths[t.id] for t in together], products.cuts)
        disparity = disparity + np.float32(target.offset)
        disparity[reign.stop :] = np.nan  # the plane rests where it is
        subjects.append(FocusSubject(target.frame, disparity, target.pull_frames, target.ease, target.strength))
    return focus_curve(frames, subjects, cuts=products.cuts, default_disparity=NO_TARGET_DISPARITY)


def target_depth(products: ClipProducts, project: Project, target: FocusTarget) -> NDArray[np.float32]:
    """Return the disparity of a target's subject [frames of the clip] float32, NaN where it is not known.

    A target that does not follow keeps what is measured at its own frame, to the ends of its shot.
    """
    track = project.track_of(target)
    if target.follow and track is not None:
        return subject_disparities(products, track, project.repairs)
    series = _aimed_at(products, target, project.repairs)
    if not target.follow and target.frame < len(series):
        start, stop = products.meta.shot_at(target.frame)
        series[start:stop] = series[target.frame]
    return series


def _middle(members: Sequence[NDArray[np.float32]], cuts: Sequence[int]) -> NDArray[np.float32]:
    """Return the middle between the nearest and the farthest of some subjects [N each], gaps held within a shot."""
    if len(members) == 1:
        return members[0].copy()
    total = len(members[0])
    middle = np.full(total, np.nan, np.float32)
    for start, stop in pairwise([0, *(c for c in cuts if 0 < c < total), total]):
        known = [hold_and_meet(m[start:stop]) for m in members if np.isfinite(m[start:stop]).any()]
        if known:
            middle[start:stop] = (np.min(known, axis=0) + np.max(known, axis=0)) / 2
    return middle


def _aimed_at(products: ClipProducts, target: FocusTarget, repairs: Sequence[Repair]) -> NDArray[np.float32]:
    """Return the disparity at the target's own frame only: what is known before its subject was tracked."""
    series = np.full(products.info.frames, np.nan, np.float32)
    if products.has(target.frame):
        place = target.place if isinstance(target.place, Box) else Box.around(target.place, 0.04, 0.04)
        series[target.frame] = subject_disparity(products.rgbd(target.frame, repairs).disparity, place)
    return series
