"""Following what was clicked through a clip without depth: a box grown from the colours, and where it goes.

For annotating, where no clip is analysed; `focus_track` follows the targets of a project.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box, Point, fit_long_side
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.track.base import DEFAULT_TRACKER, TRACKERS
from rvr_laaf_app.track.box import subject_box
from rvr_laaf_app.track.guard import follow

BACKWARD_CHUNK = 48  # frames read at once to be fed in reverse order
LONG_SIDE = 320  # of the pictures that are followed: as sure as with larger ones, and half the time


@dataclass(frozen=True, slots=True)
class Seen:
    """Where the subject is at a frame; confidence 0: it was not found, the box is that from before."""

    frame: int
    box: Box
    confidence: float


def grown_box(rgb: NDArray[np.uint8], point: Point) -> Box:
    """Return the box of what lies under a point of a picture [h, w, 3]; takes some milliseconds."""
    return subject_box(point, np.full(rgb.shape[:2], 0.5, np.float32), rgb)


def follow_places(
    info: ClipInfo, places: Sequence[tuple[int, Point | Box]], *, cuts: Sequence[int] = ()
) -> Iterator[Seen]:
    """Follow one subject that was shown at some frames, in both directions as far as the clip goes.

    From each place on to the next one; where the way got lost, the way back from the next place fills in. A frame that
    comes twice is better known the second time.
    """
    anchors = sorted(places, key=lambda place: place[0])
    if not anchors:
        return
    with ClipReader(info, size=fit_long_side(info.display_size, LONG_SIDE)) as reader:
        for (here, place), (there, other) in pairwise(anchors):
            last = here
            for seen in _way(reader, here, place, there, cuts):
                last = seen.frame if seen.confidence > 0 else last
                yield seen
            if last + 1 < there:
                yield from (s for s in _way(reader, there, other, last, cuts) if s.confidence > 0)
        yield from _way(reader, *anchors[-1], len(reader.table), cuts)
        yield from _way(reader, *anchors[0], -1, cuts)


def _way(reader: ClipReader, frame: int, place: Point | Box, end: int, cuts: Sequence[int]) -> Iterator[Seen]:
    """Follow from a place to just before frame `end`, which may lie on either side."""
    box = place if isinstance(place, Box) else grown_box(reader.read(frame).rgb8, place)
    pictures = _reversed(reader, frame, end) if end < frame else _onwards(reader, frame, end)
    tracker = TRACKERS.load(DEFAULT_TRACKER)()
    for step in follow(pictures, box, tracker=tracker, cuts=cuts):
        yield Seen(step.frame, step.box, 0.0 if step.lost else step.confidence)


def _onwards(reader: ClipReader, frame: int, end: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    return ((f.index, f.rgb8) for f in reader.frames(frame, end))


def _reversed(reader: ClipReader, frame: int, end: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    while frame > end:
        low = max(end + 1, frame + 1 - BACKWARD_CHUNK)
        yield from reversed([(f.index, f.rgb8) for f in reader.frames(low, frame + 1)])
        frame = low - 1
