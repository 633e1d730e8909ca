"""Following a subject and knowing when it is lost: two experts, three doubts, a hold, and a search.

Each frame two experts propose a box: the correlation tracker, and the points inside the box followed by optical flow
forwards and backwards. The proposal that looks more like the subject is taken. It is doubted when it looks unlike the
subject, when the points do not come back, or when its disparity jumps (something passed in front, or the box slid to
the background). A doubted frame holds the last good box with confidence 0; a held subject is searched for in a growing
window and must look right *and* lie at about its old depth to be taken again. After a cut it is a new shot: the subject
is taken again only if it looks very much the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.track.appearance import Look, likeness, look_at
from rvr_laaf_app.track.base import Tracker
from rvr_laaf_app.track.disparity import subject_disparity
from rvr_laaf_app.track.motion import PointMotion, point_motion
from rvr_laaf_app.track.search import find_again

DisparityOf = Callable[[int], NDArray[np.floating]]

LIKE_ENOUGH = 0.42  # likeness below this is not the subject
LIKE_SURELY = 0.62  # above this the look of the subject is learned anew
LIKE_AGAIN = 0.58  # needed to take a lost subject again
LIKE_AFTER_CUT = 0.75
DISPARITY_JUMP = 0.12  # of the shot's range, against a steady value
POINTS_BACK = 0.25  # share of points that must come back when the look is doubtful
FIRST_REACH, REACH_PER_FRAME, FARTHEST_REACH = 0.6, 0.12, 4.0
RESTART_GROWTH = 1.12  # KCF keeps its size: it is started again when the box has grown or shrunk by this


@dataclass(frozen=True, slots=True)
class TrackStep:
    """One frame of a track: the box (held while lost), confidence 0..1 (0 while lost)."""

    frame: int
    box: Box
    confidence: float
    lost: bool


@dataclass(slots=True, eq=False)
class _Subject:
    """What is known of the subject: first and latest look, template, depth, and the tracker's state."""

    first: Look
    latest: Look
    template: NDArray[np.uint8]
    box: Box
    grey: NDArray[np.uint8]
    tracker_state: Any
    tracker_box: Box
    disparity: float | None
    lost_for: int = 0
    new_shot: bool = False


def follow(
    frames: Iterable[tuple[int, NDArray[np.uint8]]],
    box: Box,
    *,
    tracker: Tracker[Any],
    disparity_of: DisparityOf | None = None,
    cuts: Sequence[int] = (),
) -> Iterator[TrackStep]:
    """Yield one step per frame, the first for the frame that `box` was given on; backwards = frames in reverse.

    frames: (index, rgb [h, w, 3] uint8). disparity_of(index) gives [h', w'] in 0..1, normalised per shot.
    """
    guard: _Guard | None = None
    shot_starts = frozenset(cuts)
    for index, rgb in frames:
        disparity = disparity_of(index) if disparity_of is not None else None
        if guard is None:
            guard = _Guard(tracker, rgb, box, disparity)
            yield TrackStep(index, box, 1.0, lost=False)
            continue
        yield guard.step(index, rgb, disparity, cut=index in shot_starts)


class _Guard:
    def __init__(
        self, tracker: Tracker[Any], rgb: NDArray[np.uint8], box: Box, disparity: NDArray[np.floating] | None
    ) -> None:
        self._tracker = tracker
        look = look_at(rgb, box) or look_at(rgb, box.inside())
        if look is None:
            look = Look(np.zeros((32, 32), np.float32), np.zeros(128, np.float32))
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        self._subject = _Subject(
            first=look,
            latest=look,
            template=_cut_out(grey, box),
            box=box,
            grey=grey,
            tracker_state=tracker.start(rgb, box),
            tracker_box=box,
            disparity=_level(disparity, box),
        )

    def step(
        self, index: int, rgb: NDArray[np.uint8], disparity: NDArray[np.floating] | None, *, cut: bool
    ) -> TrackStep:
        """Return the step of the next frame."""
        subject = self._subject
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        if cut:
            subject.new_shot, subject.lost_for, subject.disparity = True, 1, None
        taken = None if subject.lost_for else self._followed(rgb, grey, disparity)
        if taken is None:
            taken = self._found_again(rgb, grey, disparity)
        subject.grey = grey
        if taken is None:
            subject.lost_for += 1
            return TrackStep(index, subject.box, 0.0, lost=True)
        subject.lost_for, subject.new_shot = 0, False
        subject.box, confidence = taken
        return TrackStep(index, subject.box, confidence, lost=False)

    def _followed(
        self, rgb: NDArray[np.uint8], grey: NDArray[np.uint8], disparity: NDArray[np.floating] | None
    ) -> tuple[Box, float] | None:
        """Return the better proposal of the two experts with its likeness, or None if it is doubted."""
        subject = self._subject
        motion = point_motion(subject.grey, grey, subject.box)
        proposed, found, subject.tracker_state = self._tracker.step(rgb, subject.tracker_state)
        grown = subject.box.scaled(motion.growth)
        options = []
        if found > 0:
            same_size = self._tracker.name == "kcf"
            centre = proposed.centre
            options.append(_at(centre.x, centre.y, grown) if same_size else proposed)
        if motion.share >= POINTS_BACK:
            options.append(motion.applied_to(subject.box))
        judged = [(box, look, self._likeness(look)) for box in options if (look := look_at(rgb, box)) is not None]
        if not judged:
            return None
        box, look, alike = max(judged, key=lambda option: option[2])
        if self._is_doubtful(box, alike, motion, disparity):
            return None
        self._learn(rgb, grey, box, look, alike)
        self._settle_disparity(disparity, box)
        return box, _confidence(alike, motion.share)

    def _is_doubtful(self, box: Box, alike: float, motion: PointMotion, disparity: NDArray[np.floating] | None) -> bool:
        if alike < LIKE_ENOUGH and motion.share < 2 * POINTS_BACK:
            return True
        if alike < LIKE_ENOUGH / 2:
            return True
        level, usual = _level(disparity, box), self._subject.disparity
        if level is None or usual is None:
            return False
        jump = abs(level - usual)
        return jump > DISPARITY_JUMP and (alike < LIKE_SURELY or jump > 2.5 * DISPARITY_JUMP)

    def _found_again(
        self, rgb: NDArray[np.uint8], grey: NDArray[np.uint8], disparity: NDArray[np.floating] | None
    ) -> tuple[Box, float] | None:
        subject = self._subject
        reach = min(FIRST_REACH + REACH_PER_FRAME * subject.lost_for, FARTHEST_REACH)
        if subject.new_shot:
            reach = FARTHEST_REACH
        found = find_again(rgb, subject.template, (subject.first, subject.latest), last=subject.box, reach=reach)
        if found is None:
            return None
        box, alike = found
        if alike < (LIKE_AFTER_CUT if subject.new_shot else LIKE_AGAIN):
            return None
        level = _level(disparity, box)
        # The longer it was away, the farther it may have come: its depth binds less.
        limit = DISPARITY_JUMP * (1.0 + 0.05 * subject.lost_for)
        if level is not None and subject.disparity is not None and abs(level - subject.disparity) > limit:
            return None
        subject.tracker_state, subject.tracker_box = self._tracker.start(rgb, box), box
        self._settle_disparity(disparity, box, fresh=True)
        return box, _confidence(alike, 0.5)

    def _likeness(self, look: Look) -> float:
        return max(likeness(look, self._subject.latest), likeness(look, self._subject.first))

    def _learn(self, rgb: NDArray[np.uint8], grey: NDArray[np.uint8], box: Box, look: Look, alike: float) -> None:
        """Follow slow changes of the look; start the tracker again where its size or place went stale."""
        subject = self._subject
        if alike > LIKE_SURELY:
            subject.latest = look
            subject.template = _cut_out(grey, box)
        growth = (box.area / max(subject.tracker_box.area, 1e-9)) ** 0.5
        moved_on = not 1 / RESTART_GROWTH < growth < RESTART_GROWTH and self._tracker.name == "kcf"
        if moved_on and alike > LIKE_ENOUGH:
            subject.tracker_state, subject.tracker_box = self._tracker.start(rgb, box), box

    def _settle_disparity(self, disparity: NDArray[np.floating] | None, box: Box, *, fresh: bool = False) -> None:
        level = _level(disparity, box)
        if level is None:
            return
        usual = self._subject.disparity
        self._subject.disparity = level if fresh or usual is None else 0.8 * usual + 0.2 * level


def _confidence(alike: float, share: float) -> float:
    return float(np.clip(0.25 + 0.6 * alike + 0.25 * share, 0.05, 1.0))


def _at(x: float, y: float, size: Box) -> Box:
    return Box(x - size.width / 2, y - size.height / 2, size.width, size.height)


def _level(disparity: NDArray[np.floating] | None, box: Box) -> float | None:
    if disparity is None:
        return None
    value = subject_disparity(disparity, box)
    return value if np.isfinite(value) else None


def _cut_out(grey: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    height, width = grey.shape
    x, y, w, h = (round(v) for v in box.clipped().pixels(width, height))
    piece = grey[y : y + max(h, 2), x : x + max(w, 2)]
    return piece.copy() if piece.size else grey[:2, :2].copy()
