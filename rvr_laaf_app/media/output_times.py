"""When each exported frame is shown: the source's stamps on a clock that starts at zero; never index / rate."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.media.probe import ClipInfo

# Sound that starts less than this before the first picture is the priming of a codec or the jitter of a muxer.
_SHORTEST_LEAD_S: Final = 0.05
_LARGEST_TICKS_PER_S: Final = (1 << 31) - 1  # what the MP4 family can say


@dataclass(frozen=True, slots=True, eq=False)
class OutputTimes:
    """Stamps of the frames [start, start + N) of the clip.

    pts [N] int64 strictly increasing, end_pts: when the last frame ends; both in time_base. zero_s: the time on the
    source's own clock that is zero in the result. cut: whether frames of the clip are left out.
    """

    start: int
    pts: NDArray[np.int64]
    end_pts: int
    time_base: Fraction
    zero_s: Fraction
    cut: bool

    @classmethod
    def of(cls, info: ClipInfo, start: int, stop: int) -> OutputTimes:
        """Work the stamps out; raise UsageError if [start, stop) is empty or outside the clip."""
        table = info.table
        if table is None:
            raise UsageError("there are no pictures in this file to export", where=info.path)
        if not 0 <= start < stop <= len(table):
            raise UsageError(
                f"frames {start} to {stop} cannot be exported: the clip has frames 0 to {len(table)}", where=info.path
            )
        cut = stop - start < len(table)
        first = int(table.pts[start])
        lead = 0 if cut else _lead_ticks(info, table)
        end = table.end_pts if stop == len(table) else int(table.pts[stop])
        pts, end, time_base = _distinct(table.pts[start:stop] - first + lead, end - first + lead, table.time_base)
        return cls(start, pts, end, time_base, (first - lead) * table.time_base, cut)

    def __len__(self) -> int:
        return len(self.pts)

    def seconds(self, position: int) -> Fraction:
        """When frame `position` of the result begins, in seconds of the result."""
        return int(self.pts[position]) * self.time_base

    @property
    def all_seconds(self) -> list[Fraction]:
        """When each frame begins."""
        return [int(pts) * self.time_base for pts in self.pts]

    @property
    def end_s(self) -> Fraction:
        """When the last frame ends."""
        return self.end_pts * self.time_base

    @property
    def average_rate(self) -> Fraction:
        """Frames per second, as a hint to encoders."""
        span = (self.end_pts - int(self.pts[0])) * self.time_base
        rate = Fraction(len(self)) / span if span > 0 else Fraction(25)
        return min(max(rate, Fraction(1, 10)), Fraction(1000)).limit_denominator(1001)

    def duration_ticks(self, pts: int) -> int:
        """How long the frame with this stamp is shown, in ticks; 0 for an unknown stamp."""
        position = int(np.searchsorted(self.pts, pts))
        if position == len(self) or int(self.pts[position]) != pts:
            return 0
        following = self.end_pts if position + 1 == len(self) else int(self.pts[position + 1])
        return following - pts


def _lead_ticks(info: ClipInfo, table: FrameTable) -> int:
    """By how much the earliest sound comes before the first picture."""
    lead_s = -min((audio.start_s for audio in info.audio), default=0.0)
    return round(lead_s / float(table.time_base)) if lead_s > _SHORTEST_LEAD_S else 0


def _distinct(pts: NDArray[np.int64], end: int, time_base: Fraction) -> tuple[NDArray[np.int64], int, Fraction]:
    """Part frames that a file shows at the same time by fractions of a tick: encoders need increasing stamps."""
    starts = np.searchsorted(pts, pts, side="left")
    place = np.arange(len(pts)) - starts
    finer = int(place.max()) + 1
    if time_base.denominator * finer > _LARGEST_TICKS_PER_S:
        raise UsageError("the clip's time stamps are too fine for a video file", remedy="Export frames (png) instead.")
    return pts * finer + place, max(end * finer, int(pts[-1]) * finer + finer), time_base / finer
