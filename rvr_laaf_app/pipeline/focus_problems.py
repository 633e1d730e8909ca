"""The rules by which a spot of a clip is called a focus problem: pure functions on measured series, nothing is read.

Distances are counted in depths of field: the signed coc diameter over the largest one that still looks sharp, so that
1 is the edge of the depth of field. What is not known (NaN) is neither sharp nor soft and makes no problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.document.project import FocusTarget
from rvr_laaf_app.laaf.curve import PULL, FocusCurve
from rvr_laaf_app.laaf.quality import lateness_frames, runs_of

ProblemKind = Literal[
    "target_soft", "pull_late", "pull_hurried", "leaves_focus", "track_lost", "depth_doubtful", "no_subject"
]
KIND_TITLES: Final[dict[ProblemKind, str]] = {
    "target_soft": "soft",
    "pull_late": "late",
    "pull_hurried": "hurried pull",
    "leaves_focus": "leaves focus",
    "track_lost": "lost",
    "depth_doubtful": "depth doubtful",
    "no_subject": "no subject",
}
SOFT_DOF = 1.0  # beyond this a subject is outside the depth of field
WORTH_DOF = 1.25  # a softness whose peak stays below is not told: nobody sees it
FASTEST_DOF_PER_FRAME = 6.0  # a faster pull looks like a cut; the usual 10 frames cross 2 to 3 each at f/1.8
HURRIED_SHARE = 0.5  # a pull that gets less than this share of the frames asked for is hurried
MIN_FRAMES = 3  # shorter spots are not told: an eighth of a second is not seen
LATE_FRAMES = 2  # one frame late is not told
BRIDGE_FRAMES = 5  # spots of one kind that are this near to each other are one
DOUBTFUL = 0.4  # confidence u: of two points the nearer one is named right in (1 + u^2) / 2 = 58 % only


@dataclass(frozen=True, slots=True)
class FocusProblem:
    """Frames [start, stop) where the focus is not as it should be.

    target_id: "" if it is nobody's. size_dof: how far, in depths of field (1 = its edge), None where it is no distance.
    worst: the frame where it is worst, None if it is the same all over.
    sentence = template with {0}, {1}... filled by arguments; kept apart so that the words can be translated.
    """

    kind: ProblemKind
    start: int
    stop: int
    target_id: str
    name: str
    template: str
    arguments: tuple[str, ...] = ()
    size_dof: float | None = None
    worst: int | None = None

    @property
    def frame(self) -> int:
        """The frame where it is seen best."""
        return self.start if self.worst is None else self.worst

    @property
    def title(self) -> str:
        """The kind of problem in a word or two, in English."""
        return KIND_TITLES[self.kind]

    @property
    def sentence(self) -> str:
        """What is wrong, in English."""
        return fill(self.template, self.arguments)


def fill(template: str, arguments: Sequence[str]) -> str:
    """Return the template with {0}, {1}... replaced."""
    for number, text in enumerate(arguments):
        template = template.replace(f"{{{number}}}", text)
    return template


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A target and what was measured of its subject, all series [frames of the clip], NaN where not known.

    level: disparity, steadied of single outliers, never smoothed as the curve is. seen: 1 found, 0 not found.
    trust: mean confidence of the depth inside the box.
    """

    target: FocusTarget
    name: str
    level: NDArray[np.float32]
    seen: NDArray[np.float32]
    trust: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FocusCase:
    """Everything the rules look at.

    dof_gain [frames] float32: depths of field per unit of disparity. known: frames settled, from 0.
    """

    curve: FocusCurve
    cuts: tuple[int, ...]
    watched: tuple[Watched, ...]
    dof_gain: NDArray[np.float32]
    known: int

    def distance(self, subject: Watched) -> NDArray[np.float32]:
        """Return the signed distance of the subject to the plane in depths of field, positive = in front."""
        return (subject.level - self.curve.focus_disparity) * self.dof_gain

    def shot_of(self, frame: int) -> tuple[int, int]:
        """Return the frames [start, stop) of the shot that holds `frame`."""
        bounds = [0, *self.cuts, len(self.curve)]
        return next((a, b) for a, b in pairwise(bounds) if a <= frame < b)


def find_problems(case: FocusCase) -> tuple[FocusProblem, ...]:
    """Return the problems in the order of time."""
    found: list[FocusProblem] = list(_unattended_shots(case))
    for number, subject in enumerate(case.watched):
        following = following_of(case.watched, number)
        held = held_frames(case, subject, following)
        found += _soft(case, subject, held)
        found += _lost(subject, held)
        found += _doubtful(subject, held)
        if following is not None:
            found += _hurried(case, subject, following)
    return tuple(sorted(found, key=lambda p: (p.start, p.stop, p.kind)))


def following_of(watched: Sequence[Watched], number: int) -> Watched | None:
    """Return the next one that takes the focus over: later, and not of the same group."""
    here = watched[number].target
    later = (w for w in watched[number + 1 :] if w.target.frame > here.frame)
    return next((w for w in later if not here.group or w.target.group != here.group), None)


def held_frames(case: FocusCase, subject: Watched, following: Watched | None) -> NDArray[np.bool_]:
    """Return where [frames] the subject must be sharp: from its frame on until the focus is on its way to the next.

    Shots after its own one count only where it is seen again, as the curve has it.
    """
    frame = subject.target.frame
    mask = np.zeros(len(case.curve), np.bool_)
    if frame >= case.known:
        return mask
    stop = case.known if following is None else min(following.target.frame, case.known)
    if subject.target.hold_frames is not None:
        stop = min(stop, frame + subject.target.hold_frames)
    if following is not None and stop == following.target.frame:
        while stop > frame + 1 and case.curve.state[stop - 1] == PULL:
            stop -= 1
    mask[frame:stop] = True
    for first, last in _later_shots(case, frame, stop):
        taken_over = (
            following is not None
            and first <= following.target.frame < case.shot_of(first)[1]
            and following.target.frame - following.target.pull_frames <= first
        )
        if taken_over or not (subject.seen[first:last] > 0).any():
            mask[first:last] = False
    return mask


def _later_shots(case: FocusCase, frame: int, stop: int) -> Iterator[tuple[int, int]]:
    inner = [c for c in case.cuts if frame < c < stop]
    return pairwise([*inner, stop])


def _soft(case: FocusCase, subject: Watched, held: NDArray[np.bool_]) -> Iterator[FocusProblem]:
    """Late where the plane arrives after the target's frame, soft where it never does, else out of focus in between."""
    distance = case.distance(subject)
    away = np.nan_to_num(np.abs(distance))
    frame = subject.target.frame
    soft = held & (away > SOFT_DOF)
    begun = 0
    if frame < len(held) and soft[frame]:
        begun = next(stop for start, stop in runs_of(soft) if start <= frame < stop)
        arrives = begun < len(held) and held[begun] and np.isfinite(distance[begun])
        late = _lateness(case, subject) if arrives else None
        if late is None or late >= LATE_FRAMES:
            yield from _at_the_mark(subject, distance, begun, late)
    for start, stop in runs_of(soft[begun:], bridge=BRIDGE_FRAMES):
        first, last = start + begun, stop + begun
        if last - first >= MIN_FRAMES and np.nanmax(away[first:last]) >= WORTH_DOF:
            template = "The subject of target {0} drifts {1} times the depth of field {side} the focal plane."
            yield _problem("leaves_focus", subject, first, last, template, distance)


def _lateness(case: FocusCase, subject: Watched) -> int | None:
    frame = subject.target.frame
    return lateness_frames(case.curve, frame, subject.level, tolerance=SOFT_DOF / float(case.dof_gain[frame]))


def _at_the_mark(
    subject: Watched, distance: NDArray[np.float32], stop: int, late: int | None
) -> Iterator[FocusProblem]:
    frame = subject.target.frame
    if np.nanmax(np.abs(distance[frame:stop])) < WORTH_DOF:
        return
    if late is None:
        template = (
            "Target {0} is not sharp when it should be: its subject is {1} times the depth of field {side} the plane."
        )
        yield _problem("target_soft", subject, frame, stop, template, distance)
    else:
        template = (
            "The focus reaches target {0} {2} frames late; until then the subject is up to {1} times the "
            "depth of field {side} the plane."
        )
        yield _problem("pull_late", subject, frame, frame + late, template, distance, str(late))


def _problem(
    kind: ProblemKind,
    subject: Watched,
    start: int,
    stop: int,
    template: str,
    distance: NDArray[np.float32],
    *more: str,
) -> FocusProblem:
    """Return the problem of a subject that is soft in [start, stop); {0} is its name and {1} its largest distance."""
    worst = start + int(np.nanargmax(np.abs(distance[start:stop])))
    peak = float(distance[worst])
    # Each side makes a template of its own: languages differ in more than that word.
    side = "in front of" if peak > 0 else "behind"
    return FocusProblem(
        kind,
        start,
        stop,
        subject.target.id,
        subject.name,
        template.replace("{side}", side),
        (subject.name, f"{abs(peak):.1f}", *more),
        abs(peak),
        worst,
    )


def _lost(subject: Watched, held: NDArray[np.bool_]) -> Iterator[FocusProblem]:
    missing = held & (subject.seen == 0)
    for start, stop in runs_of(missing, bridge=BRIDGE_FRAMES):
        if stop - start < MIN_FRAMES:
            continue
        again = (subject.seen[stop:][held[stop:]] > 0).any()
        template = (
            "The subject of target {0} is hidden for {1} frames; the focus waits where it was last seen."
            if again
            else "The subject of target {0} is lost for {1} frames; the focus stays where it was last seen."
        )
        arguments = subject.name, str(stop - start)
        yield FocusProblem("track_lost", start, stop, subject.target.id, subject.name, template, arguments)


def _doubtful(subject: Watched, held: NDArray[np.bool_]) -> Iterator[FocusProblem]:
    doubtful = held & (np.nan_to_num(subject.trust, nan=1.0) < DOUBTFUL)
    for start, stop in runs_of(doubtful, bridge=BRIDGE_FRAMES):
        if stop - start >= MIN_FRAMES:
            template = "Depth under the subject of target {0} is little better than a guess (confidence {1} %)."
            percent = f"{100 * float(np.nanmean(subject.trust[start:stop])):.0f}"
            arguments = subject.name, percent
            yield FocusProblem("depth_doubtful", start, stop, subject.target.id, subject.name, template, arguments)


def _hurried(case: FocusCase, subject: Watched, following: Watched) -> Iterator[FocusProblem]:
    """The pull to the following target has too few frames, or too far to go in them."""
    mark, asked = following.target.frame, following.target.pull_frames
    if asked == 0 or mark >= case.known or case.shot_of(mark) != case.shot_of(subject.target.frame):
        return
    frames = min(asked, mark - subject.target.frame - 1)
    begin = mark - frames - 1
    leaves = case.curve.focus_disparity[begin]
    far = abs(float(following.level[mark] - leaves)) * float(case.dof_gain[mark])
    if not far >= WORTH_DOF:  # not known, or the same depth
        return
    if frames < HURRIED_SHARE * asked:
        arguments: tuple[str, ...]
        template = "Targets {0} and {1} are only {2} frames apart: the pull of {3} frames is cut to {4}."
        arguments = subject.name, following.name, str(mark - subject.target.frame), str(asked), str(frames)
    elif far > FASTEST_DOF_PER_FRAME * frames:
        template = "The pull to target {1} crosses {2} times the depth of field in {3} frames: it will look like a cut."
        arguments = subject.name, following.name, f"{far:.0f}", str(frames)
    else:
        return
    yield FocusProblem("pull_hurried", begin, mark + 1, following.target.id, following.name, template, arguments, far)


def _unattended_shots(case: FocusCase) -> Iterator[FocusProblem]:
    """Shots without a target in which the subject from before is not seen: their focus rests anywhere."""
    if not case.watched:
        return
    alone = np.zeros(len(case.curve), np.bool_)
    for first, last in pairwise([0, *case.cuts, len(case.curve)]):
        if last > case.known or any(first <= w.target.frame < last for w in case.watched):
            continue
        before = [w for w in case.watched if w.target.frame < first]
        alone[first:last] = not before or bool((before[-1].seen[first:last] == 0).all())
    template = "Nothing is chosen to be sharp here: the focus rests in the middle of the depth."
    for start, stop in runs_of(alone):
        yield FocusProblem("no_subject", start, stop, "", "", template)
