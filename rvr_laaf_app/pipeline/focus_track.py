"""Following the subject of a target through the clip, forwards and backwards from every place where it was shown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.frame import RgbdFrame
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.project import FocusTarget, Project, SubjectTrack
from rvr_laaf_app.document.reign import Reign, reign_of
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.track.base import TRACKERS, Tracker
from rvr_laaf_app.track.box import subject_box
from rvr_laaf_app.track.guard import TrackStep, follow

BACKWARD_CHUNK = 48  # frames read at once to be fed in reverse order

Row = tuple[float, float, float, float, float]  # x, y, width, height, confidence


def box_of(place: Point | Box, depth: RgbdFrame | None, rgb: NDArray[np.uint8]) -> Box:
    """Return the box of the subject at a place: a box as it is, one grown around a point; rgb [h, w, 3] of any size.

    depth None: not known yet, colours alone have to do.
    """
    if isinstance(place, Box):
        return place
    if depth is None:
        return subject_box(place, np.full(rgb.shape[:2], 0.5, np.float32), rgb)
    disparity = depth.disparity
    size = disparity.shape[1], disparity.shape[0]
    small = rgb if (rgb.shape[1], rgb.shape[0]) == size else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return subject_box(place, disparity, np.asarray(small, np.uint8))


def track_job(
    products: ClipProducts, project: Project, target_id: str, *, stop: int | None = None
) -> Job[SubjectTrack]:
    """Follow the subject of a target from the target before to the end of its reign, or `stop`; returns its track.

    A point becomes a box grown from disparity and edges. Frames in which the subject was not found keep the last box
    and have confidence 0. From a correction on the track is that of the corrected place; where the way from the place
    before got lost, the way back from the correction fills in. What an existing track knows already is kept.
    """
    target = project.target(target_id)
    frames = products.info.frames
    if target is None:
        raise UsageError(f"there is no target {target_id!r}")
    if target.frame >= frames:
        raise UsageError(f"the target is at frame {target.frame} but the clip has {frames} frames")
    reign = reign_of(project.targets, target, frames)
    last = reign.stop if stop is None else min(reign.stop, max(stop, target.frame + 1))
    with _Follower(products, project, target) as follower:
        yield from follower.run(reign, last)
        return follower.track(reign)


class _Follower:
    """The rows of one track while it is made; holds one reader."""

    def __init__(self, products: ClipProducts, project: Project, target: FocusTarget) -> None:
        self._products, self._project, self._target = products, project, target
        self._tracker_kind = target.tracker
        self._rows: dict[int, Row] = {}
        self._known = project.track_of(target)
        self._reader = ClipReader(products.info, size=products.map_source_size)
        self._done = self._total = 0

    def __enter__(self) -> _Follower:
        self._reader.__enter__()
        return self

    def __exit__(self, *why: Any) -> None:
        self._reader.__exit__(*why)

    def run(self, reign: Reign, stop: int) -> Iterator[Progress]:
        """Fill in the rows of [begin of the reign, stop)."""
        target, known = self._target, self._known
        shown = [(target.frame, target.place), *((c.frame, c.place) for c in target.corrections)]
        anchors = sorted(shown, key=lambda anchor: anchor[0])
        anchors = [a for a in anchors if a[0] == target.frame or reign.begin <= a[0] < stop]
        forwards = known is None or known.stop < stop
        backwards = known is None or (known.sought_from is not None and known.sought_from > reign.begin)
        if known is not None:
            self._take_over(known, before=not backwards, after=not forwards)
        self._total = (stop - target.frame if forwards else 0) + (target.frame - reign.begin if backwards else 0)
        yield Progress(0, self._total, "tracking")
        for (here, place), (there, other) in pairwise(anchors):
            if (forwards and here >= target.frame) or (backwards and there <= target.frame):
                yield from self._between(here, place, there, other)
        if backwards:
            yield from self._way(*anchors[0], reign.begin - 1, backwards=True)
        if forwards:
            yield from self._way(*anchors[-1], stop, backwards=False)

    def _take_over(self, known: SubjectTrack, *, before: bool, after: bool) -> None:
        """Keep what an existing track knows before the target's frame, after it, or both."""
        frame = self._target.frame
        for number in range(len(known.boxes)):
            index = known.start + number
            if (before and index < frame) or (after and index >= frame):
                x, y, w, h = (float(v) for v in known.boxes[number])
                self._rows[index] = (x, y, w, h, float(known.confidence[number]))

    def _between(self, here: int, place: Point | Box, there: int, other: Point | Box) -> Iterator[Progress]:
        """Fill in between two places: forwards, and backwards from the second where that got lost."""
        yield from self._way(here, place, there, backwards=False)
        seen = [i for i in range(here, there) if i in self._rows and self._rows[i][4] > 0]
        gap = max(seen, default=here)
        if gap + 1 < there:
            yield from self._way(there, other, gap, backwards=True)

    def _way(self, frame: int, place: Point | Box, end: int, *, backwards: bool) -> Iterator[Progress]:
        """Follow from a place to just before frame `end`; what is known already is only replaced by what was seen."""
        first = self._reader.read(frame).rgb8
        box = box_of(place, self._products.rgbd(frame, self._project.repairs), first)
        tracker: Tracker[Any] = TRACKERS.load(self._tracker_kind)()
        pictures = self._reversed(frame, end) if backwards else self._ahead(frame, end)
        repairs, products = self._project.repairs, self._products
        steps = follow(
            pictures,
            box,
            tracker=tracker,
            disparity_of=lambda i: products.rgbd(i, repairs).disparity,
            cuts=products.cuts,
        )
        for step in steps:
            row = _row(step)
            if row[4] > 0 or step.frame not in self._rows:
                self._rows[step.frame] = row
            self._done += 1
            yield Progress(min(self._done, self._total), self._total, "tracking")

    def _ahead(self, frame: int, stop: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        return ((f.index, f.rgb8) for f in self._reader.frames(frame, stop))

    def _reversed(self, frame: int, end: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield frames from `frame` down to end + 1, read forwards in pieces."""
        while frame > end:
            low = max(end + 1, frame + 1 - BACKWARD_CHUNK)
            yield from reversed([(f.index, f.rgb8) for f in self._reader.frames(low, frame + 1)])
            frame = low - 1

    def track(self, reign: Reign) -> SubjectTrack:
        """Return the track, from the first frame on in which the subject is seen."""
        target = self._target
        seen = [i for i, row in self._rows.items() if row[4] > 0]
        start = min([target.frame, *seen])
        rows = np.array([self._rows[i] for i in range(start, max(self._rows) + 1)], np.float32)
        known = self._known
        older = known is not None and known.sought_from is None
        return SubjectTrack(
            target.id,
            start,
            np.ascontiguousarray(rows[:, :4]),
            np.ascontiguousarray(rows[:, 4]),
            by=target.tracker,
            for_place=(target.frame, target.place),
            corrections=target.corrections,
            sought_from=None if older else reign.begin,
        )


def _row(step: TrackStep) -> Row:
    box = step.box
    return box.x, box.y, box.width, box.height, 0.0 if step.lost else step.confidence
