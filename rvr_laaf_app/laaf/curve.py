"""The focal plane of every frame, from the targets and the disparity of their subjects. Pure functions, NumPy only.

Rules, as an editor would do it by hand; each shot is treated by itself, since disparity is relative to its shot:

- From its frame on, a target's subject is followed until the next target takes over.
- A pull ends one frame *before* the target's frame: the subject is sharp before it matters (rvr-laaf.txt, section 5).
  Both subjects may move during the pull: the plane leaves the one where it is and meets the other where it is.
- A pull never begins before the former target was reached: targets closer than the pull shorten it.
- Nothing is pulled across a cut. The first target of a shot is in focus from the shot's first frame on, unless the
  subject of the shot before is seen again and there is time for the whole pull; then that one is followed until then.
- A shot without targets follows the subject of the shot before where that is seen; else it rests at the default.
- A firm target is met exactly. A soft one is met only so far that its subject looks sharp (within SOFT_SLACK): the
  plane stays where it is as long as that holds, then moves no farther than needed. It gives way to a firm one that
  follows so soon that the plane would leave as it arrives. A suggested one moves nothing.
- Where a subject is not seen, the plane holds; it travels only in the last frames before the subject is seen again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.document.project import DEFAULT_PULL_FRAMES, Ease, Strength
from rvr_laaf_app.laaf.pull import eased, lazily

HOLD, FOLLOW, PULL = 0, 1, 2
SOFT_SLACK = 0.025  # of disparity: inside the depth of field of the usual lens (50 mm, f/1.8: 0.036)
_RANK = {"suggested": 0, "soft": 1, "firm": 2}


@dataclass(frozen=True, slots=True, eq=False)
class FocusSubject:
    """A target and the disparity of its subject.

    disparity [N] float32 for all frames of the clip, NaN where it is not known (before the target, or lost).
    pull_frames: frames that the plane travels before `frame`. A target that is only suggested moves nothing.
    """

    frame: int
    disparity: NDArray[np.float32]
    pull_frames: int = DEFAULT_PULL_FRAMES
    ease: Ease = "linear"
    strength: Strength = "firm"


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
    """Return the focus curve of a clip; `cuts` are the first frames of the shots after the first one.

    Subjects outside the clip are ignored; of several at one frame the strongest counts, of equals the last one.
    Raises ValueError for a series of the wrong length or a default that is not a number.
    """
    if not np.isfinite(default_disparity):
        raise ValueError("default_disparity must be a number")
    for subject in subjects:
        if np.shape(subject.disparity) != (total_frames,):
            raise ValueError(f"a subject's disparity must be [{total_frames}], not {np.shape(subject.disparity)}")
    plane = np.full(total_frames, default_disparity, np.float32)
    state = np.full(total_frames, HOLD, np.uint8)
    chosen = _chosen(subjects, total_frames)
    before: FocusSubject | None = None
    for start, stop in _shots(total_frames, cuts):
        cast = [s for s in chosen if start <= s.frame < stop]
        room_to_pull = not cast or cast[0].frame - cast[0].pull_frames > start
        carried = [before] if before and room_to_pull else []
        _play_shot(plane, state, start, stop, [*carried, *cast])
        before = cast[-1] if cast else before
    return FocusCurve(plane, state)


def hold_and_meet(series: NDArray[np.floating], travel_frames: int = DEFAULT_PULL_FRAMES) -> NDArray[np.float64]:
    """Return the series [N] without gaps (NaN): held, then led evenly to the next known value just before it.

    Before the first known value that one is held backwards. All NaN comes back as all NaN.
    """
    values = np.asarray(series, np.float64)
    places = np.flatnonzero(np.isfinite(values))
    if places.size == 0:
        return np.full(values.shape, np.nan)
    anchors, heights = [places[0]], [values[places[0]]]
    for here, following in pairwise(places):
        if following - here > travel_frames:
            anchors.append(following - travel_frames)
            heights.append(values[here])
        anchors.append(following)
        heights.append(values[following])
    return np.asarray(np.interp(np.arange(len(values)), anchors, heights), np.float64)


def _chosen(subjects: Sequence[FocusSubject], total_frames: int) -> list[FocusSubject]:
    """Return the subjects that move focus, by frame, one per frame, soft ones that are overrun left out."""
    by_frame: dict[int, FocusSubject] = {}
    for subject in subjects:
        if 0 <= subject.frame < total_frames and subject.strength != "suggested":
            rival = by_frame.get(subject.frame)
            if rival is None or _RANK[subject.strength] >= _RANK[rival.strength]:
                by_frame[subject.frame] = subject
    ordered = [by_frame[frame] for frame in sorted(by_frame)]
    overrun = {
        id(soft)
        for soft, later in pairwise(ordered)
        if _RANK[soft.strength] < _RANK[later.strength] and later.frame - later.pull_frames <= soft.frame
    }
    return [s for s in ordered if id(s) not in overrun]


def _shots(total_frames: int, cuts: Sequence[int]) -> Iterator[tuple[int, int]]:
    inner = sorted({int(c) for c in cuts if 0 < c < total_frames})
    return pairwise([0, *inner, total_frames])


def _play_shot(
    plane: NDArray[np.float32], state: NDArray[np.uint8], start: int, stop: int, cast: Sequence[FocusSubject]
) -> None:
    """Fill [start, stop) of plane and state from the subjects of this shot, the one from before the cut first.

    A subject that is not seen in this shot at all changes nothing: what came before it goes on.
    """
    reached: int | None = None
    for subject in cast:
        known = np.isfinite(subject.disparity[start:stop])
        if not known.any():
            continue
        values = hold_and_meet(np.where(known, subject.disparity[start:stop], np.nan))
        arrival = max(subject.frame - start, 0)
        if reached is None:
            own = 0
            if subject.strength == "soft":
                values = lazily(values, float(values[0]), slack=SOFT_SLACK)
        else:
            own = arrival
            begin = max(arrival - subject.pull_frames, reached + 1)
            if subject.strength == "soft":
                values[begin:] = lazily(values[begin:], float(plane[start + begin - 1]), slack=SOFT_SLACK)
            _pull(plane[start + begin : start + arrival], values[begin:arrival], subject.ease)
            state[start + begin : start + arrival] = PULL
        plane[start + own : stop] = values[own:]
        state[start + own : stop] = np.where(known[own:], FOLLOW, HOLD)
        reached = arrival


def _pull(plane: NDArray[np.float32], values: NDArray[np.float64], ease: Ease) -> None:
    """Lead the plane [n] over to the values [n], in place: there at the last of these frames."""
    steps = np.arange(1, len(plane) + 1) / max(len(plane), 1)
    done = np.array([eased(float(step), ease) for step in steps])
    plane[:] = plane * (1.0 - done) + values * done
