"""What the timeline shows, as one value: made from project, clip and curve by the window, drawn by the lanes."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.document.project import FocusTarget, LensSettings, SubjectTrack
from rvr_laaf_app.document.reign import Reign, reigns


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
    _reigns: list[tuple[Reign, ...]] = field(default_factory=list, repr=False)

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

    def reigns(self) -> tuple[Reign, ...]:
        """Return the reign of each target, worked out once."""
        if not self._reigns:
            self._reigns.append(reigns(self.targets, len(self.table)))
        return self._reigns[0]

    def reign(self, number: int) -> tuple[int, int]:
        """Return frames [start, stop) in which target `number` has the focus: to its end, or the next one's pull."""
        reign = self.reigns()[number]
        stop = reign.stop
        if reign.after is not None:
            following = self.targets[reign.after]
            stop = min(stop, following.frame - following.pull_frames)
        return reign.start, max(reign.start, stop)

    def pull(self, number: int) -> tuple[int, int]:
        """Return frames [start, stop) of the pull that arrives at a target; the first target of a shot has none."""
        target = self.targets[number]
        before = self._former(number)
        if before is None or not self.can_pull(number):
            return target.frame, target.frame
        return max(target.frame - target.pull_frames, self.targets[before].frame), target.frame

    def can_pull(self, number: int) -> bool:
        """Return True if another subject of the same shot comes before a target, so that focus is pulled to it."""
        before, frame = self._former(number), self.targets[number].frame
        if before is None or self.targets[number].strength == "suggested":
            return False
        return bisect_right(self.cuts, self.targets[before].frame) == bisect_right(self.cuts, frame)

    def _former(self, number: int) -> int | None:
        """Return the last target before this one that moves the focus, of its group or not."""
        frame = self.targets[number].frame
        while number > 0:
            number -= 1
            if self.targets[number].strength != "suggested" and self.targets[number].frame < frame:
                return number
        return None

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
