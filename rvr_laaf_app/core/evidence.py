"""What detectors say of a clip, and what is concluded from it: plain values that every room may hold.

A detector gives Findings; `ClipEvidence` keeps them by frame for a whole clip; a Suggestion is what fusion makes of
them. A suggestion is a product, never project state: accepting one is an edit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box

GRID = (48, 27)  # columns and rows of the maps of evidence, whatever the aspect of the picture
HOP_S = 0.01  # of the sound's measures
SOUND_BANDS = 12


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture that a detector points at.

    score: 0..1. subject: the same number in several frames is the same thing; -1 = not known. measures: numbers whose
    meaning the detector tells.
    """

    box: Box
    score: float
    reason: str
    subject: int = -1
    measures: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What one detector says of one frame (of one hop of HOP_S, if it listens).

    heat: [rows, columns] float32 of GRID, 0..1, or None. measures: of the whole frame.
    """

    index: int
    regions: tuple[Region, ...] = ()
    heat: NDArray[np.float32] | None = None
    measures: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A New Focus Target as proposed: at `frame` the subject in `box` begins to matter.

    ready: the frame from which it should be sharp, a little earlier. earlier: where the subject is at a frame before,
    from which on it can be followed. later: where it is at a later frame, if at `frame` only its edge is in the
    picture. runner_up: what was second best, in words, and where. scene: the kind of shot that was decided on
    ("conversation" or "action"), "" where none was.
    """

    frame: int
    box: Box
    score: float
    detector: str
    reason: str
    ready: int = 0
    earlier: tuple[int, Box] | None = None
    later: tuple[int, Box] | None = None
    runner_up: str = ""
    runner_up_box: Box | None = None
    scene: str = ""


# Columns of ClipEvidence.faces after (frame, subject), of .blobs after (frame), and of .camera.
FACE_COLUMNS = ("x", "y", "width", "height", "score", "mouth", "openness", "brow")
BLOB_COLUMNS = ("x", "y", "width", "height", "score", "dx", "dy", "mass")
CAMERA_COLUMNS = ("dx", "dy", "explained")
SOURCE_COLUMNS = ("stop", "x", "y", "width", "height", "sure", "correlation")  # after the first frame


@dataclass(frozen=True, slots=True, eq=False)
class ClipEvidence:
    """Everything the detectors found in a clip of N frames.

    times_s [N] float64; cuts: first frames of the shots after the first. motion, saliency [N, rows, columns] float16
    of GRID: motion that the camera does not explain (shares of the picture's long side a second), and 0..1.
    camera [N, 3]: shift of the picture since the frame before in shares of its width and height, and how far one
    motion of the camera explains what is seen, 0..1.
    faces [M, 10] (frame, subject, FACE_COLUMNS) sorted by frame; blobs [K, 9] (frame, BLOB_COLUMNS), things that move.
    sound [T, 4 + SOUND_BANDS] float32 by hops of HOP_S from the first frame on: level (dB), harmonicity 0..1, pitch
    (Hz, 0 = none), onset (dB), and the levels of the bands (dB); None if there is no sound. sources [K, 8] (start,
    SOURCE_COLUMNS): in the frames [start, stop) the sound comes from that part of the picture, so sure in deviations
    above chance; none where the sound comes from nothing that is seen.
    """

    times_s: NDArray[np.float64]
    cuts: tuple[int, ...]
    motion: NDArray[np.float16]
    saliency: NDArray[np.float16]
    camera: NDArray[np.float32]
    faces: NDArray[np.float32]
    blobs: NDArray[np.float32]
    sound: NDArray[np.float32] | None = None
    sources: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 8), np.float32))

    @property
    def frames(self) -> int:
        """How many frames the clip has."""
        return len(self.times_s)

    @property
    def rate(self) -> float:
        """Frames a second, on average."""
        span = float(self.times_s[-1] - self.times_s[0])
        return (self.frames - 1) / span if span > 0 else 25.0

    def shots(self) -> list[tuple[int, int]]:
        """Return the first frame and the one after the last of each shot."""
        bounds = [0, *(c for c in self.cuts if 0 < c < self.frames), self.frames]
        return list(pairwise(bounds))


def box_of(row: NDArray[np.floating]) -> Box:
    """Return the box whose x, y, width, height are the four numbers of `row`."""
    x, y, width, height = (float(v) for v in row[:4])
    return Box(x, y, width, height)
