"""Following a subject and knowing when it is lost: two experts, four doubts, a hold, and a search.

Each frame two experts propose a box: the correlation tracker, and the points inside the box followed by optical flow
forwards and backwards. The proposal that looks more like the subject is taken. It is doubted when it looks unlike the
subject, when its colours no longer stand out from the surroundings as the subject's did (the box slid to the
background), when the points do not come back, or when its disparity jumps (something passed in front).

A doubted frame holds the last good box with confidence 0, while the experts run on for a moment. A held subject is
searched for in a growing window and must look right, stand out *and* lie at about its old depth to be taken again; weak
evidence must last for some frames, and a place that looked the same while the subject was elsewhere is not the subject.
After a cut it is a new shot: the subject is taken again only if it looks very much the same.
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
from rvr_laaf_app.track.colours import ColourModel, belonging, centred, colour_codes, learn_colours, mass, stands_out
from rvr_laaf_app.track.disparity import subject_disparity
from rvr_laaf_app.track.motion import PointMotion, point_motion
from rvr_laaf_app.track.scale import ScaleHistory, far_level
from rvr_laaf_app.track.search import places_like, places_of_colour

DisparityOf = Callable[[int], NDArray[np.floating]]

LIKE_ENOUGH = 0.42  # likeness below this is not the subject
LIKE_SURELY = 0.62  # above this the look of the subject is learned anew
LIKE_AGAIN = 0.58  # needed to take a lost subject again at once
LIKE_AFTER_CUT = 0.75
LIKE_MAYBE = 0.46  # enough if it also stands out clearly, in so many frames in a row:
GLIMPSES = 4
SAME_THING = 0.85  # likeness of one place in two pictures from which it is the same thing
TELLING = 0.12  # a subject that stands out less than this by colour: colours say nothing about it
CLEAR_ENOUGH = 0.35  # share of its usual standing out below which the box is not on the subject
CLEARLY = 0.7
DISPARITY_JUMP = 0.12  # of the shot's range, against a steady value
POINTS_BACK = 0.25  # share of points that must come back when the look is doubtful
FIRST_REACH, REACH_PER_FRAME, FARTHEST_REACH = 0.6, 0.12, 4.0
RESTART_GROWTH = 1.12  # KCF keeps its size: it is started again when the box has grown or shrunk by this
PATIENCE = 8  # doubtful frames in which the experts still run on: motion blur and a turned head pass
COLOUR_RATE = 0.04
WHOLE = 0.95
LEAST_SIZE, MOST_SIZE = 0.33, 4.0
ENOUGH_POINTS = 36  # that came back: they tell the size if nearly all did, and disparity is not asked
SHARE_FROM, SHARE_FULL = 0.6, 0.9  # of points that came back: noise comes back too, but not all of it
DEPTH_PULL = 0.3  # per frame, of the size towards what the disparity says, where there are no points
MOST_DEPTH_STEP = 0.03  # by which disparity changes the size in one frame
SIZE_PULL = 0.12  # per frame, of the size towards what the colours say: against the drift of the points' growth


@dataclass(frozen=True, slots=True)
class TrackStep:
    """One frame of a track: the box (held while lost), confidence 0..1 (0 while lost)."""

    frame: int
    box: Box
    confidence: float
    lost: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    """What is seen in one frame: the picture, its grey and colour codes, and disparity if it is known."""

    rgb: NDArray[np.uint8]
    grey: NDArray[np.uint8]
    codes: NDArray[np.uint16]
    disparity: NDArray[np.floating] | None

    def level(self, box: Box) -> float | None:
        """Return the disparity of what fills the box, None if that is not known."""
        value = float("nan") if self.disparity is None else subject_disparity(self.disparity, box)
        return value if np.isfinite(value) else None


@dataclass(frozen=True, slots=True, eq=False)
class _Option:
    """A place where the subject may be: how like it looks (0..1) and how clearly it stands out (1 = as usual)."""

    box: Box
    look: Look
    alike: float
    clarity: float

    @property
    def merit(self) -> float:
        return self.alike + 0.5 * min(self.clarity, 1.0)


@dataclass(slots=True, eq=False)
class _Subject:
    """What is known of the subject; first_* as the user gave it, the rest as last seen well."""

    first_box: Box
    first_look: Look
    first_colours: ColourModel
    first_template: NDArray[np.uint8]
    look: Look
    colours: ColourModel
    standing_out: float
    fill: float  # share of the box's area that is the subject by colour
    template: NDArray[np.uint8]
    box: Box  # held while lost
    chased: Box  # where it probably is in the first doubtful frames
    grey: NDArray[np.uint8]
    tracker_state: Any
    tracker_box: Box
    seen_rgb: NDArray[np.uint8]  # the last picture in which it was found
    disparity: float | None
    scale: ScaleHistory
    lost_for: int = 0
    new_shot: bool = False
    glimpse: Box | None = None  # where it was perhaps seen in the frame before
    glimpses: int = 0  # frames in a row


def follow(
    frames: Iterable[tuple[int, NDArray[np.uint8]]],
    box: Box,
    *,
    tracker: Tracker[Any],
    disparity_of: DisparityOf | None = None,
    cuts: Sequence[int] = (),
) -> Iterator[TrackStep]:
    """Yield one step per frame, the first for the frame that `box` was given on; backwards = frames in reverse.

    frames: (index, rgb [h, w, 3] uint8). disparity_of(index) gives [h', w'] in 0..1, normalised per shot. `cuts`: first
    frames of shots, in either direction of travel.
    """
    guard: _Guard | None = None
    before: int | None = None
    for index, rgb in frames:
        grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        sight = _Sight(rgb, grey, colour_codes(rgb), disparity_of(index) if disparity_of is not None else None)
        if guard is None or before is None:
            guard = _Guard(tracker, sight, box)
            yield TrackStep(index, box, 1.0, lost=False)
        else:
            low, high = sorted((before, index))
            yield guard.step(index, sight, cut=any(low < c <= high for c in cuts))
        before = index


class _Guard:
    """One subject being followed; forgets nothing of the first frame."""

    def __init__(self, tracker: Tracker[Any], sight: _Sight, box: Box) -> None:
        self._tracker = tracker
        self._keeps_size = tracker.name == "kcf"
        look = look_at(sight.rgb, box) or look_at(sight.rgb, box.inside())
        if look is None:
            look = Look(np.zeros((32, 32), np.float32), np.zeros(128, np.float32))
        colours = learn_colours(sight.codes, box)
        likely = belonging(sight.codes, colours)
        self._subject = _Subject(
            first_box=box,
            first_look=look,
            first_colours=colours,
            first_template=_cut_out(sight.grey, box),
            look=look,
            colours=colours,
            standing_out=stands_out(likely, box),
            fill=mass(likely, box) / max(box.area, 1e-9),
            template=_cut_out(sight.grey, box),
            box=box,
            chased=box,
            grey=sight.grey,
            tracker_state=tracker.start(sight.rgb, box),
            tracker_box=box,
            seen_rgb=sight.rgb,
            disparity=sight.level(box),
            scale=_new_scale(sight),
        )

    def step(self, index: int, sight: _Sight, *, cut: bool) -> TrackStep:
        """Return the step of the next frame."""
        subject = self._subject
        if cut:
            subject.new_shot, subject.lost_for, subject.disparity, subject.glimpse = True, 1, None, None
        likely = belonging(sight.codes, self._colours())
        taken = self._followed(sight, likely) if subject.lost_for <= PATIENCE and not subject.new_shot else None
        if taken is None and subject.lost_for:
            taken = self._found_again(sight, likely)
        subject.grey = sight.grey
        if taken is None:
            subject.lost_for += 1
            return TrackStep(index, subject.box, 0.0, lost=True)
        subject.lost_for, subject.new_shot, subject.glimpse = 0, False, None
        subject.box, confidence = taken
        subject.chased = subject.box
        subject.seen_rgb = sight.rgb
        return TrackStep(index, subject.box, confidence, lost=False)

    def _colours(self) -> ColourModel:
        """Colours as they were at first and as they are now, against the surroundings of now."""
        subject = self._subject
        both = 0.5 * (subject.first_colours.subject + subject.colours.subject)
        return ColourModel(np.asarray(both, np.float32), subject.colours.around)

    def _judged(self, sight: _Sight, likely: NDArray[np.float32], boxes: Iterable[Box]) -> list[_Option]:
        """Return the boxes that lie in the picture with what speaks for them."""
        subject, options = self._subject, []
        for box in boxes:
            look = look_at(sight.rgb, box)
            if look is None:
                continue
            alike = max(likeness(look, subject.look), likeness(look, subject.first_look))
            usual = subject.standing_out
            options.append(_Option(box, look, alike, stands_out(likely, box) / usual if usual > TELLING else 1.0))
        return options

    def _followed(self, sight: _Sight, likely: NDArray[np.float32]) -> tuple[Box, float] | None:
        """Return the better proposal of the two experts and the confidence in it, or None if it is doubted."""
        subject = self._subject
        motion = point_motion(subject.grey, sight.grey, subject.chased)
        proposed, found, subject.tracker_state = self._tracker.step(sight.rgb, subject.tracker_state)
        boxes = []
        if found > 0:
            centre = proposed.centre
            boxes.append(
                _at(centre.x, centre.y, subject.chased.scaled(motion.growth)) if self._keeps_size else proposed
            )
        if motion.share >= POINTS_BACK:
            boxes.append(motion.applied_to(subject.chased))
        judged = self._judged(sight, likely, boxes)
        if not judged:
            return None
        best = max(judged, key=lambda option: option.merit)
        unsure = subject.lost_for > 0 and self._was_there_before(best)
        if unsure or self._is_doubtful(best, motion, sight.level(best.box)):
            subject.chased = best.box
            return None
        box = self._sized_by_depth(self._sized(best, likely), sight, motion) if self._keeps_size else best.box
        box = self._limited(box)
        self._learn(sight, likely, best, box)
        return box, _confidence(best, motion.share)

    def _is_doubtful(self, option: _Option, motion: PointMotion, level: float | None) -> bool:
        if option.clarity < CLEAR_ENOUGH or option.alike < LIKE_ENOUGH / 2:
            return True
        if option.alike < LIKE_ENOUGH and motion.share < 2 * POINTS_BACK and option.clarity < CLEARLY:
            return True
        usual = self._subject.disparity
        if level is None or usual is None:
            return False
        return abs(level - usual) > DISPARITY_JUMP and option.alike < LIKE_SURELY and option.clarity < CLEARLY

    def _sized(self, option: _Option, likely: NDArray[np.float32]) -> Box:
        """Return the box, a little nearer to the size at which the colours fill it as they did at first."""
        subject = self._subject
        if subject.standing_out <= 2 * TELLING or option.clarity < CLEAR_ENOUGH or subject.fill < 0.05:
            return option.box
        wanted = (mass(likely, option.box) / (subject.fill * option.box.area)) ** 0.5
        return option.box.scaled(float(np.clip(wanted, 0.7, 1.4)) ** SIZE_PULL)

    def _sized_by_depth(self, box: Box, sight: _Sight, motion: PointMotion) -> Box:
        """Return the box, nearer to the size that its disparity tells, the more so the fewer points tell one."""
        subject = self._subject
        level = sight.level(box)
        if level is None:
            return box
        if subject.disparity is not None:
            level = 0.5 * (subject.disparity + level)
        size = (box.area / subject.first_box.area) ** 0.5
        returned = (motion.share - SHARE_FROM) / (SHARE_FULL - SHARE_FROM)
        told = min(motion.points / ENOUGH_POINTS, 1.0) * min(max(returned, 0.0), 1.0)
        if told >= 1.0:
            subject.scale.note(size, level, motion.share)
            return box
        opinion = subject.scale.expected(level)
        if opinion is None:
            return box
        wanted, belief = opinion
        step = DEPTH_PULL * belief * (1.0 - told) * float(np.log(wanted / size))
        return box.scaled(float(np.exp(np.clip(step, -MOST_DEPTH_STEP, MOST_DEPTH_STEP))))

    def _limited(self, box: Box) -> Box:
        """Return the box, held between a third and four times its first size in each direction."""
        first = self._subject.first_box
        width = min(max(box.width, first.width * LEAST_SIZE), first.width * MOST_SIZE)
        height = min(max(box.height, first.height * LEAST_SIZE), first.height * MOST_SIZE)
        centre = box.centre
        return Box(centre.x - width / 2, centre.y - height / 2, width, height)

    def _found_again(self, sight: _Sight, likely: NDArray[np.float32]) -> tuple[Box, float] | None:
        """Return where the lost subject is again; weak evidence must be seen in two frames at one place."""
        subject = self._subject
        reach = min(FIRST_REACH + REACH_PER_FRAME * subject.lost_for, FARTHEST_REACH)
        if subject.new_shot:
            reach = FARTHEST_REACH
        boxes = places_like(sight.grey, (subject.first_template, subject.template), last=subject.box, reach=reach)
        if subject.standing_out > TELLING:
            least = CLEARLY * subject.standing_out
            boxes += places_of_colour(likely, last=subject.box, reach=reach, least=least)
        judged = [o for o in self._judged(sight, likely, boxes) if self._may_be(o, sight)]
        best = max(judged, key=lambda option: option.merit, default=None)
        subject.glimpses = self._glimpses_with(best)
        if best is None:
            return None
        needed = LIKE_AFTER_CUT if subject.new_shot else LIKE_AGAIN
        if best.alike < needed and (subject.new_shot or subject.glimpses < GLIMPSES):
            return None
        box = centred(likely, best.box) if subject.standing_out > TELLING else best.box
        subject.tracker_state, subject.tracker_box = self._tracker.start(sight.rgb, box), box
        subject.disparity = sight.level(box)
        if subject.new_shot:  # disparity is relative to its shot
            subject.scale = _new_scale(sight)
        return box, _confidence(best, 0.5)

    def _glimpses_with(self, option: _Option | None) -> int:
        """Return in how many frames in a row something was seen about here that may be the subject."""
        subject = self._subject
        before, subject.glimpse = subject.glimpse, option.box if option else None
        if option is None:
            return 0
        return subject.glimpses + 1 if before is not None and before.overlap(option.box) > 0.3 else 1

    def _may_be(self, option: _Option, sight: _Sight) -> bool:
        """Tell whether a place can be the subject: alike, as clear, at about its depth, not there before."""
        subject = self._subject
        if option.alike < LIKE_MAYBE or option.clarity < (CLEARLY if option.alike < LIKE_AGAIN else CLEAR_ENOUGH):
            return False
        level = sight.level(option.box)
        # The longer it was away, the farther it may have come: its depth binds less.
        limit = DISPARITY_JUMP * (1.0 + 0.05 * subject.lost_for)
        if level is not None and subject.disparity is not None and abs(level - subject.disparity) > limit:
            return False
        return subject.new_shot or not self._was_there_before(option)

    def _was_there_before(self, option: _Option) -> bool:
        """Tell whether the place looked the same while the subject was seen elsewhere: then it is another thing."""
        subject = self._subject
        if option.box.overlap(subject.box) > 0.2:
            return False
        look = look_at(subject.seen_rgb, option.box)
        return look is not None and likeness(look, option.look) > SAME_THING

    def _learn(self, sight: _Sight, likely: NDArray[np.float32], option: _Option, box: Box) -> None:
        """Follow slow changes of the subject; start the tracker again where its size went stale."""
        subject = self._subject
        whole = box.clipped().area > WHOLE * box.area  # half a subject at the picture's edge is no model of it
        if whole and option.alike > LIKE_SURELY and option.clarity > CLEARLY:
            subject.look, subject.template = option.look, _cut_out(sight.grey, box)
            subject.colours = subject.colours.blended(learn_colours(sight.codes, box), COLOUR_RATE)
            subject.standing_out += COLOUR_RATE * (stands_out(likely, box) - subject.standing_out)
        level = sight.level(box)
        if level is not None:
            subject.disparity = level if subject.disparity is None else 0.8 * subject.disparity + 0.2 * level
        growth = (box.area / max(subject.tracker_box.area, 1e-9)) ** 0.5
        if self._keeps_size and option.alike > LIKE_ENOUGH and not 1 / RESTART_GROWTH < growth < RESTART_GROWTH:
            subject.tracker_state, subject.tracker_box = self._tracker.start(sight.rgb, box), box


def _new_scale(sight: _Sight) -> ScaleHistory:
    return ScaleHistory(0.0 if sight.disparity is None else far_level(sight.disparity))


def _confidence(option: _Option, share: float) -> float:
    """Return 0.05..1: likeness and clarity count alike, points that did not come back take a part away."""
    seen = 0.1 + 0.5 * option.alike + 0.4 * min(max(option.clarity, 0.0), 1.0)
    return float(np.clip(seen * (0.7 + 0.3 * min(2.0 * share, 1.0)), 0.05, 1.0))


def _at(x: float, y: float, size: Box) -> Box:
    return Box(x - size.width / 2, y - size.height / 2, size.width, size.height)


def _cut_out(grey: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    height, width = grey.shape
    x, y, w, h = (round(v) for v in box.clipped().pixels(width, height))
    piece = grey[y : y + max(h, 2), x : x + max(w, 2)]
    return piece.copy() if piece.size else grey[:2, :2].copy()
