"""What the timeline shows, as one value: made from project, clip and curve by the window, drawn by the lanes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.document.project import FocusTarget, LensSettings, SubjectTrack


@dataclass(frozen=True, slots=True, eq=False)
class TimelineContent:
    """Frames and times of the clip, and everything that lies along them.

    focus [N] float32: disparity of the focal plane, 1 = nearest; empty if not known yet.
    sharp_half: half the depth of field in disparity, where `sharp_halves` [N] float32 does not give it for each frame.
    lens: with the keys of its f-number.
    scale_per_m: 1/m that one unit of disparity is worth; None where lengths in metres mean nothing.
    analysed: frames [0, analysed) have depth. waveform [M, 2] float32: lowest and highest sample of M equal parts.
    """

    table: FrameTable
    targets: tuple[FocusTarget, ...] = ()
    tracks: tuple[SubjectTrack | None, ...] = ()  # one per target
    cuts: tuple[int, ...] = ()
    focus: NDArray[np.float32] | None = None
    sharp_half: float = 0.0
    scale_per_m: float | None = None
    analysed: int = 0
    waveform: NDArray[np.float32] | None = None
    sharp_halves: NDArray[np.float32] | None = None
    lens: LensSettings = field(default_factory=LensSettings)

    @property
    def duration_s(self) -> float:
        """Length of the clip."""
        return self.table.duration_s

    def start_s(self, frame: int) -> float:
        """Return the moment at which a frame begins; past the last frame, the clip's end."""
        return self.table.seconds_of(frame) if frame < len(self.table) else self.table.duration_s

    def starts_s(self, frames: Sequence[int]) -> NDArray[np.float64]:
        """Return the moments at which these frames begin; past the last frame, the clip's end."""
        table, at = self.table, np.asarray(frames, np.int64)
        inside = np.minimum(at, len(table) - 1)
        seconds = (table.pts[inside] - table.pts[0]) * float(table.time_base)
        return np.where(at < len(table), seconds, table.duration_s)

    def sharp_half_at(self, frame: int) -> float:
        """Return half the depth of field in disparity at a frame."""
        return self.sharp_half if self.sharp_halves is None else float(self.sharp_halves[frame])

    def reign(self, number: int) -> tuple[int, int]:
        """Return frames [start, stop) in which target `number` has the focus: up to the next one's pull."""
        target = self.targets[number]
        if number + 1 >= len(self.targets):
            return target.frame, len(self.table)
        following = self.targets[number + 1]
        return target.frame, max(target.frame, following.frame - following.pull_frames)

    def pull(self, number: int) -> tuple[int, int]:
        """Return frames [start, stop) of the pull that arrives at a target; the first target of a shot has none."""
        target = self.targets[number]
        if not self.can_pull(number):
            return target.frame, target.frame
        return max(target.frame - target.pull_frames, self.targets[number - 1].frame), target.frame

    def can_pull(self, number: int) -> bool:
        """Return True if another subject of the same shot comes before a target, so that focus is pulled to it."""
        if number == 0:
            return False
        before, frame = self.targets[number - 1].frame, self.targets[number].frame
        return not any(before < cut <= frame for cut in self.cuts)

    def metres_of(self, disparity: float) -> float | None:
        """Return the distance that the lens gives to a disparity, the farthest thing at infinity; None if unknown."""
        if self.scale_per_m is None or disparity <= 0.005:
            return None
        return 1.0 / (self.scale_per_m * disparity)


def lost_spans(track: SubjectTrack, start: int, stop: int) -> list[tuple[int, int, bool]]:
    """Return [start, stop, lost] runs of a track inside [start, stop)."""
    begin, end = max(start, track.start), min(stop, track.stop)
    if end <= begin:
        return []
    lost = np.asarray(track.confidence[begin - track.start : end - track.start] <= 0)
    edges = [0, *(np.flatnonzero(np.diff(lost)) + 1).tolist(), len(lost)]
    return [(begin + a, begin + b, bool(lost[a])) for a, b in itertools.pairwise(edges)]
