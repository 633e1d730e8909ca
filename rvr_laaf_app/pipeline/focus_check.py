"""Is what should be sharp sharp? Each target's signed distance to the focal plane in every frame, and the problems.

It measures what the rules of focus_problems judge. Only frames whose analysis is settled count: everything else is
unknown and said to be so, never guessed. The subject is measured anew in its box of each frame, not taken from the
smoothed series that the curve follows; so the check sees where smoothing loses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.optics import sharp_coc
from rvr_laaf_app.document.project import FocusTarget, Project
from rvr_laaf_app.document.reign import reign_of
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.laaf.curve import FocusCurve
from rvr_laaf_app.laaf.quality import focus_error_px, sharp_share, steady
from rvr_laaf_app.pipeline.focus_problems import (
    FocusCase,
    FocusProblem,
    Watched,
    find_problems,
    following_of,
    held_frames,
)
from rvr_laaf_app.pipeline.products import ClipProducts


@dataclass(frozen=True, slots=True, eq=False)
class SubjectFocus:
    """How far the subject of a target is from the focal plane.

    error_px [frames of the clip] float32: signed coc diameter in pixels at full width, positive in front of the plane,
    NaN where it is not known. held [frames] bool: where it must be sharp.
    """

    target_id: str
    name: str
    frame: int
    error_px: NDArray[np.float32]
    held: NDArray[np.bool_]

    def at(self, index: int) -> float | None:
        """Return the signed coc diameter in pixels at a frame, None if it is not known."""
        value = float(self.error_px[index]) if 0 <= index < len(self.error_px) else float("nan")
        return None if np.isnan(value) else value

    @property
    def worst_px(self) -> float | None:
        """The largest distance, with its sign, where the subject must be sharp; None if nothing is known there."""
        known = self.error_px[self.held & np.isfinite(self.error_px)]
        return float(known[np.argmax(np.abs(known))]) if known.size else None


@dataclass(frozen=True, slots=True, eq=False)
class FocusReport:
    """What the check found, for one value of a project.

    known: frames [0, known) are analysed and settled. pending: ids of targets whose subjects are not followed (as far
    as they should be). sharp_coc_px: the coc diameter at the edge of the depth of field, at full width.
    """

    frames: int
    known: int
    sharp_coc_px: float
    subjects: tuple[SubjectFocus, ...]
    problems: tuple[FocusProblem, ...]
    pending: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """True if nothing is missing: all is analysed, every target is followed."""
        return self.known >= self.frames and not self.pending

    def subject(self, target_id: str) -> SubjectFocus | None:
        """Return what is known of a target's subject."""
        return next((s for s in self.subjects if s.target_id == target_id), None)

    def sharp_share(self, subject: SubjectFocus) -> float:
        """Return the share of the frames that must be sharp, and are known, in which it is; NaN if none is known."""
        return sharp_share(subject.error_px[subject.held], self.sharp_coc_px)


def check_job(products: ClipProducts, project: Project, curve: FocusCurve | None) -> Job[FocusReport]:
    """Check a project whose focus follows `curve` (pipeline.focus.curve_of); None: the curve is not known yet.

    Subjects are measured once per track, by the curve or here; after that a check is a matter of milliseconds.
    """
    frames, width = products.info.frames, products.info.display_size[0]
    counting = [t for t in project.targets if t.strength != "suggested" and t.frame < frames]
    pending = _pending(counting, project, frames)
    gain, sharp = project.lens.gains_px(frames, width), sharp_coc(width)
    if curve is None:
        return FocusReport(frames, 0, sharp, (), (), pending)
    known = min(products.meta.final, frames)
    watched: list[Watched] = []
    for number, target in enumerate(counting):
        yield Progress(number, len(counting), "checking focus")
        watched.append(_watched(products, project, target, known))
    case = FocusCase(curve, products.cuts, tuple(watched), (np.maximum(gain, 1e-9) / sharp).astype(np.float32), known)
    subjects = []
    for number, w in enumerate(watched):
        following = following_of(watched, number)
        error = focus_error_px(curve, w.level, gain)
        subjects.append(SubjectFocus(w.target.id, w.name, w.target.frame, error, held_frames(case, w, following)))
    yield Progress(len(counting), len(counting), "checking focus")
    return FocusReport(frames, known, sharp, tuple(subjects), find_problems(case), pending)


def _watched(products: ClipProducts, project: Project, target: FocusTarget, known: int) -> Watched:
    """Return the series of a subject; all NaN without a track or before the analysis is settled."""
    level, seen, trust = np.full((3, products.info.frames), np.nan, np.float32)
    track = project.track_of(target) if target.follow else None  # a plane that is held is where it should be
    stop = min(track.stop, known) if track is not None else 0
    if track is not None and stop > track.start:
        start = track.start
        level[start:stop] = products.subject_levels(track, start, stop, project.repairs)
        trust[start:stop] = products.subject_trust(track, start, stop, project.repairs)
        seen[start:stop] = track.confidence[: stop - start] > 0
        bounds = [start, *(c for c in products.cuts if start < c < stop), stop]
        for first, last in pairwise(bounds):  # depth is relative to its shot
            level[first:last] = steady(level[first:last]) + np.float32(target.offset)
    return Watched(target, str(project.targets.index(target) + 1), level, seen, trust)


def _pending(counting: list[FocusTarget], project: Project, frames: int) -> tuple[str, ...]:
    """Return the targets that are not followed up to the next one that counts."""
    pending = []
    for target in counting:
        track = project.track_of(target)
        if target.follow and (track is None or track.stop < reign_of(project.targets, target, frames).stop):
            pending.append(target.id)
    return tuple(pending)
