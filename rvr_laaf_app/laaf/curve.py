"""The focal plane of every frame, from the targets and the disparity of their subjects. Pure functions, NumPy only.

Rules, as an editor would do it by hand:
- From its frame on, a target's subject is followed until the next target takes over.
- A pull ends one frame *before* the target's frame: the subject is sharp before it matters (rvr-laaf.txt, section 5).
- A pull never begins before the former target was reached: targets closer than the pull shorten it.
- Nothing is pulled across a cut. The first target of a shot is in focus from the shot's first frame on.
- Before any target, and in shots without one before the first, the plane rests at the default disparity.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.document.project import DEFAULT_PULL_FRAMES, Ease
from rvr_laaf_app.laaf.pull import eased

HOLD, FOLLOW, PULL = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class FocusSubject:
    """A target and the disparity of its subject.

    disparity [N] float32 for all frames of the clip, NaN where it is not known (before the target, or lost).
    """

    frame: int
    disparity: NDArray[np.float32]
    pull_frames: int = DEFAULT_PULL_FRAMES
    ease: Ease = "linear"


@dataclass(frozen=True, slots=True, eq=False)
class FocusCurve:
    """focus_disparity [N] float32 and state [N] uint8 (HOLD, FOLLOW or PULL). Derived, never saved."""

    focus_disparity: NDArray[np.float32]
    state: NDArray[np.uint8]

    def __post_init__(self) -> None:
        for array in (self.focus_disparity, self.state):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.focus_disparity)


def focus_curve(
    total_frames: int, subjects: Sequence[FocusSubject], *, cuts: Sequence[int] = (), default_disparity: float = 0.5
) -> FocusCurve:
    """Return the focus curve; `cuts` are the first frames of the shots after the first one.

    Subjects outside the clip are ignored; of several at one frame the last one counts.
    """
    plane = np.full(total_frames, default_disparity, np.float32)
    state = np.full(total_frames, HOLD, np.uint8)
    by_frame = {s.frame: s for s in subjects if 0 <= s.frame < total_frames}
    before = -1
    for frame in sorted(by_frame):
        subject = by_frame[frame]
        values, known = _held(subject.disparity, frame, default_disparity)
        _arrive(plane, state, subject, values, begin=_begin(frame, before, subject.pull_frames, cuts))
        plane[frame:] = values[frame:]
        state[frame:] = np.where(known[frame:], FOLLOW, HOLD)
        before = frame
    return FocusCurve(plane, state)


@dataclass(frozen=True, slots=True)
class _Begin:
    """Where a subject takes over: at once from `frame` on (a shot begins there), or by a pull that starts there."""

    frame: int
    at_once: bool


def _begin(frame: int, before: int, pull_frames: int, cuts: Sequence[int]) -> _Begin:
    last_cut = bisect_right(sorted(cuts), frame)
    shot_start = sorted(cuts)[last_cut - 1] if last_cut else 0
    if before < shot_start:
        return _Begin(shot_start, at_once=True)
    return _Begin(max(frame - pull_frames, before + 1), at_once=False)


def _arrive(
    plane: NDArray[np.float32],
    state: NDArray[np.uint8],
    subject: FocusSubject,
    values: NDArray[np.float32],
    *,
    begin: _Begin,
) -> None:
    """Change the frames before the subject's own one: a hard start of the shot, or the pull."""
    if begin.at_once:
        plane[begin.frame : subject.frame] = values[begin.frame : subject.frame]
        state[begin.frame : subject.frame] = HOLD
        return
    length = subject.frame - begin.frame
    for step, frame in enumerate(range(begin.frame, subject.frame), start=1):
        done = np.float32(eased(step / length, subject.ease))
        plane[frame] += (values[frame] - plane[frame]) * done
        state[frame] = PULL


def _held(disparity: NDArray[np.float32], frame: int, default: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the subject's disparity without gaps (the last known value is held) and where it was known."""
    values = np.asarray(disparity, np.float32).copy()
    known = np.isfinite(values)
    if not known.any():
        return np.full_like(values, default), known
    places = np.where(known, np.arange(len(values)), -1)
    last = np.maximum.accumulate(places)
    first = int(np.argmax(known))
    return values[np.where(last < 0, first, last)], known
