"""Is what should be sharp sharp? Each target's signed distance to the focal plane in every frame, and the problems.

It measures what the rules of focus_problems judge. Only frames whose analysis is settled count: everything else is
unknown and said to be so, never guessed. The subject is measured anew in its box of each frame, not taken from the
smoothed series that the curve follows; so the check sees where smoothing loses it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.core.optics import sharp_coc
from rvr_laaf_app.document.project import FocusTarget, Project, SubjectTrack
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.laaf.curve import FocusCurve
from rvr_laaf_app.laaf.quality import focus_error_px, sharp_share, steady
from rvr_laaf_app.pipeline.focus_problems import (
    FocusCase,
    FocusProblem,
    Watched,
    find_problems,
    held_frames,
)
from rvr_laaf_app.pipeline.products import ClipProducts

FRAMES_PER_STEP = 8  # read between two yields of the job: some 20 ms
MOST_SUBJECTS = 64  # of which the confidences are kept between two checks


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


class FocusChecker:
    """Checks projects on one clip. It belongs to one thread; it keeps what it read, so that a second check is quick."""

    def __init__(self, products: ClipProducts) -> None:
        self._products = products
        self._trust: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def check_job(self, project: Project, curve: FocusCurve | None) -> Job[FocusReport]:
        """Check a project whose focus follows `curve` (pipeline.focus.curve_of); None: the curve is not known yet."""
        products = self._products
        frames, width = products.info.frames, products.info.display_size[0]
        known = settled_frames(products) if curve is not None else 0
        counting = [t for t in project.targets if t.strength != "suggested" and t.frame < frames]
        tracks = {t.id: project.track_of(t) for t in counting}
        for track in tracks.values():
            if track is not None:
                yield from self._read_trust(track, min(track.stop, known))
        watched = tuple(self._watched(project, t, tracks[t.id], known) for t in counting)
        gain, sharp = project.lens.blur_gain_px(width, width), sharp_coc(width)
        if curve is None:
            return FocusReport(frames, 0, sharp, (), (), tuple(t.id for t in counting if tracks[t.id] is None))
        case = FocusCase(curve, products.cuts, watched, max(gain, 1e-9) / sharp, known)
        subjects = tuple(
            SubjectFocus(
                w.target.id,
                w.name,
                w.target.frame,
                focus_error_px(curve, w.level, gain),
                held_frames(case, w, next((n for n in watched[i + 1 :] if n.target.frame > w.target.frame), None)),
            )
            for i, w in enumerate(watched)
        )
        return FocusReport(frames, known, sharp, subjects, find_problems(case), _pending(counting, tracks, frames))

    def _watched(self, project: Project, target: FocusTarget, track: SubjectTrack | None, known: int) -> Watched:
        """Return the series of a subject; all NaN without a track or before the analysis is settled."""
        products, name = self._products, str(project.targets.index(target) + 1)
        level, seen, trust = np.full((3, products.info.frames), np.nan, np.float32)
        stop = min(track.stop, known) if track is not None else 0
        if track is not None and stop > track.start:
            start = track.start
            level[start:stop] = products.subject_levels(track, start, stop)
            bounds = [start, *(c for c in products.cuts if start < c < stop), stop]
            for first, last in pairwise(bounds):  # depth is relative to its shot
                level[first:last] = steady(level[first:last])
            seen[start:stop] = track.confidence[: stop - start] > 0
            trust[start:stop] = self._trust[track.digest][: stop - start]
        return Watched(target, name, level, seen, trust)

    def _read_trust(self, track: SubjectTrack, stop: int) -> Iterator[Progress]:
        """Read the mean confidence of the depth in each box of the track that was not read before."""
        kept = self._trust.setdefault(track.digest, np.full(len(track.boxes), np.nan, np.float32))
        self._trust.move_to_end(track.digest)
        while len(self._trust) > MOST_SUBJECTS:
            self._trust.popitem(last=False)
        wanted = np.flatnonzero(np.isnan(kept) & (track.confidence > 0)) + track.start
        wanted = wanted[wanted < stop]
        for number, index in enumerate(wanted.tolist()):
            if number % FRAMES_PER_STEP == 0:
                yield Progress(number, len(wanted), "checking focus")
            box = track.box_at(index)
            if box is not None:
                kept[index - track.start] = mean_in_box(self._products.rgbd(index).confidence, box)


def settled_frames(products: ClipProducts) -> int:
    """Return up to which frame the analysis is as it will stay: all, or the shots that are over."""
    if products.complete:
        return products.info.frames
    return max((c for c in products.cuts if c <= products.meta.done), default=0)


def mean_in_box(values: NDArray[np.floating], box: Box) -> float:
    """Return the mean of the middle of a box (its inner half) in a map [h, w]; 0 where the box misses the map."""
    height, width = values.shape
    inner = Box(box.x + box.width / 4, box.y + box.height / 4, box.width / 2, box.height / 2).clipped()
    x, y, w, h = inner.pixels(width, height)
    if w <= 0 or h <= 0:
        return 0.0
    top, left = min(round(y), height - 1), min(round(x), width - 1)
    part = values[top : max(round(y + h), top + 1), left : max(round(x + w), left + 1)]
    return float(np.mean(part, dtype=np.float64))


def _pending(counting: list[FocusTarget], tracks: dict[str, SubjectTrack | None], frames: int) -> tuple[str, ...]:
    """Return the targets that are not followed up to the next one that counts."""
    pending = []
    for target in counting:
        stop = min((t.frame for t in counting if t.frame > target.frame), default=frames)
        track = tracks[target.id]
        if track is None or track.stop < stop:
            pending.append(target.id)
    return tuple(pending)
