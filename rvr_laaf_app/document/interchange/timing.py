"""Where a frame lies in time and where a time lies among frames, also a little outside the clip; and constant rates.

Everything here counts seconds from the first frame of the clip. Other programs know a clip by a constant rate; which
one that is, and which frame of ours is on screen at each of their frames, is answered here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.document.limits import MAX_FRAMES
from rvr_laaf_app.document.project import DEFAULT_PULL_FRAMES

PHOTOGRAPH_RATE = Fraction(25)
RATES = (
    *(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)),
    *(Fraction(n) for n in (12, 15, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240)),
)
_RATE_TOLERANCE = 4e-4  # 24 and 24000/1001 lie 1e-3 apart
_SLACK = 1e-9  # of floating point, relative


@dataclass(frozen=True, slots=True)
class Moment:
    """When a target must be sharp, and how long the pull to it lasts, in seconds.

    frame and pull_frames are the numbers in the clip that the file was made for: they decide only where they agree
    with the seconds. None: the file does not say.
    """

    seconds: float
    pull_seconds: float | None = None
    frame: int | None = None
    pull_frames: int | None = None


def usual_step_s(table: FrameTable) -> float:
    """Return the seconds that a frame of this clip lasts on average."""
    step = table.duration_s / len(table)
    return step if step > 0 and len(table) > 1 else float(1 / PHOTOGRAPH_RATE)


def seconds_of(table: FrameTable, index: int) -> float:
    """Return when frame `index` begins; before and after the clip, frames of the usual length are imagined."""
    if index < 0:
        return index * usual_step_s(table)
    last = len(table) - 1
    if index > last:
        return table.seconds_of(last) + (index - last) * usual_step_s(table)
    return table.seconds_of(index)


def nearest_frame(table: FrameTable, seconds: float, hint: int | None = None) -> int:
    """Return the frame that begins nearest to `seconds` (also one imagined outside the clip).

    `hint` wins where it begins within half a tick: some files repeat a time stamp.
    """
    if hint is not None and abs(seconds_of(table, hint) - seconds) <= half_tick_s(table, seconds):
        return hint
    step, last = usual_step_s(table), len(table) - 1
    if seconds < 0:
        return round(seconds / step)
    after = seconds - table.seconds_of(last)
    if after > 0:
        return last + round(after / step)
    times = table.times_s
    found = min(int(np.searchsorted(times, seconds)), last)
    earlier = max(found - 1, 0)
    return earlier if abs(times[earlier] - seconds) <= abs(times[found] - seconds) else found


def half_tick_s(table: FrameTable, seconds: float = 0.0) -> float:
    """Return the difference that two times of the clip may have and still be the same."""
    return 0.5 * float(table.time_base) + _SLACK * max(1.0, abs(seconds))


def moment_of(table: FrameTable, frame: int, pull_frames: int) -> Moment:
    """Return a target's arrival and pull in seconds."""
    seconds = seconds_of(table, frame)
    return Moment(seconds, seconds - seconds_of(table, frame - pull_frames), frame, pull_frames)


def frames_of(table: FrameTable, moment: Moment) -> tuple[int, int] | None:
    """Return (frame, pull_frames) in this clip, the nearest frames; None if the moment lies outside the clip."""
    frame = nearest_frame(table, moment.seconds, moment.frame)
    if not 0 <= frame < len(table):
        return None
    if moment.pull_seconds is None:
        pull = DEFAULT_PULL_FRAMES if moment.pull_frames is None else moment.pull_frames
    else:
        hint = None if moment.pull_frames is None else frame - moment.pull_frames
        pull = frame - nearest_frame(table, moment.seconds - moment.pull_seconds, hint)
    return frame, min(max(pull, 0), MAX_FRAMES)


def nominal_rate(table: FrameTable) -> Fraction:
    """Return the constant rate by which other programs will know this clip: a usual one if it is near one."""
    if len(table) < 2:
        return PHOTOGRAPH_RATE
    average = table.average_rate
    nearest = min(RATES, key=lambda rate: abs(rate / average - 1))
    if abs(float(nearest / average) - 1) <= _RATE_TOLERANCE:
        return nearest
    return average.limit_denominator(1001)


def frames_at_rate(table: FrameTable, rate: Fraction) -> NDArray[np.int64]:
    """Return for each frame of a player of constant rate the index of our frame that is on its screen [M] int64.

    Looked at a quarter of a frame late, since stamps in whole milliseconds wobble.
    """
    count = max(1, round(float(table.duration_s * rate))) if len(table) > 1 else 1
    moments = (np.arange(count) + 0.25) / float(rate)
    shown = np.searchsorted(table.times_s, moments, side="right") - 1
    return np.clip(shown, 0, len(table) - 1).astype(np.int64)
