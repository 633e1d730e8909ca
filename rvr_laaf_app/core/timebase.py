"""Time: stamps as integers in a time base, and the table that turns frame indices into time and back.

Phone video has a variable frame rate, so an index is never divided by a rate here: the pts are the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Timecode:
    """One moment: `pts` ticks of `time_base` seconds."""

    pts: int
    time_base: Fraction

    @property
    def seconds(self) -> float:
        """The moment in seconds, on the clip's own clock."""
        return float(self.pts * self.time_base)


class FrameTable:
    """Index <-> pts <-> seconds of one video stream, safe for variable frame rate.

    `pts` [N] int64, strictly increasing except where a file repeats a stamp; `keyframe` [N] bool.
    `end_pts` is where the last frame stops being shown. `seconds` count from the first frame.
    """

    __slots__ = ("end_pts", "keyframe", "pts", "time_base")

    def __init__(
        self,
        pts: NDArray[np.int64],
        time_base: Fraction,
        *,
        keyframe: NDArray[np.bool_] | None = None,
        end_pts: int | None = None,
    ) -> None:
        pts = np.ascontiguousarray(pts, np.int64)
        if pts.ndim != 1 or len(pts) == 0:
            raise ValueError("a frame table needs at least one pts")
        if np.any(np.diff(pts) < 0):
            raise ValueError("pts must not decrease")
        self.pts = pts
        self.time_base = Fraction(time_base)
        self.keyframe = np.ones(len(pts), bool) if keyframe is None else np.ascontiguousarray(keyframe, bool)
        if len(self.keyframe) != len(pts):
            raise ValueError("keyframe and pts differ in length")
        self.end_pts = int(pts[-1] + self._usual_step(pts)) if end_pts is None else max(int(end_pts), int(pts[-1]))
        for array in (self.pts, self.keyframe):
            array.flags.writeable = False

    @staticmethod
    def _usual_step(pts: NDArray[np.int64]) -> int:
        return int(np.median(np.diff(pts))) if len(pts) > 1 else 1

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def times_s(self) -> NDArray[np.float64]:
        """[N] float64: seconds of each frame since the first one."""
        times: NDArray[np.float64] = (self.pts - self.pts[0]) * float(self.time_base)
        return times

    @property
    def duration_s(self) -> float:
        """Seconds from the first frame's start to the last frame's end."""
        return float((self.end_pts - int(self.pts[0])) * self.time_base)

    @property
    def average_rate(self) -> Fraction:
        """Frames per second over the whole clip, for display and for encoders that want a hint."""
        span = (self.end_pts - int(self.pts[0])) * self.time_base
        return Fraction(len(self), 1) / span if span > 0 else Fraction(25)

    def seconds_of(self, index: int) -> float:
        """Seconds from the first frame to frame `index` (negative indices are refused)."""
        if not 0 <= index < len(self):
            raise IndexError(f"frame {index} is outside 0..{len(self) - 1}")
        return float((int(self.pts[index]) - int(self.pts[0])) * self.time_base)

    def index_at(self, seconds: float) -> int:
        """Return the frame that is on screen at `seconds` after the first frame; clamps at both ends."""
        ticks = seconds / float(self.time_base) + int(self.pts[0])
        # Half a tick of slack: 0.04 s must find the frame whose pts * time_base rounds to 0.04.
        found = int(np.searchsorted(self.pts, ticks + 0.5, side="right")) - 1
        return min(max(found, 0), len(self) - 1)

    def index_of_pts(self, pts: int) -> int:
        """Return the frame with exactly this pts; raise KeyError if there is none."""
        found = int(np.searchsorted(self.pts, pts))
        if found == len(self) or int(self.pts[found]) != pts:
            raise KeyError(pts)
        return found

    @property
    def is_vfr(self) -> bool:
        """True if the frame times do not fit one constant rate (rounding to a tick or a millisecond allowed)."""
        if len(self) < 3:
            return False
        # A constant rate written in whole milliseconds (Matroska) wobbles by one tick; real VFR moves by far more.
        times = self.times_s
        ideal = np.linspace(0.0, float(times[-1]), len(times))
        tolerance = max(2.0 * float(self.time_base), 0.0015)
        return bool(np.max(np.abs(times - ideal)) > tolerance)
