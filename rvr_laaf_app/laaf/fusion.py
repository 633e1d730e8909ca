"""Our fusion: which subject deserves focus at each moment of a shot, knowing all of it, and the New Focus Targets.

Every subject of the shot has a worth in each frame: that it is there, its size, its share of the action, a face, and
above all that it has the word. The best way through the shot (laaf.path) changes the subject only if what follows is
worth more than a change costs; that is minimum hold and hysteresis in one. Nothing is carried across a cut. Then each
change is moved to the event that caused it: the first word, the entry, the exit, the start of the motion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import GRID, ClipEvidence, Suggestion
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.laaf.look_ahead import DEFAULT_LEAD_FRAMES, timed
from rvr_laaf_app.laaf.path import best_path, runs, smoothed
from rvr_laaf_app.laaf.subjects import Subject, shared, subjects_of_shot
from rvr_laaf_app.laaf.turns import Turn, turns_of_shot

Mode = Literal["conversation", "action", "auto"]
CHANGE_COST_S = 1.0  # worth times seconds that a change must bring
SCENE_WORTH = 0.12  # of the picture as a whole, when nobody is there
HERE, SIZE, FACE, ACTION, WORD = 0.15, 0.3, 0.25, 0.8, 1.6
UNFOUNDED = 0.3  # nothing comes from nowhere: what only begins to move may be a part of what is there
NEW, NEW_S = 0.6, 2.0  # what somebody who has just come in is worth more, and for how long
NOT_YET = -1.0  # nobody is held before they are there
FULL_SIZE = 0.35  # square root of the share of the picture that counts as large
FADES_S = 2.0  # in which a subject that was last seen so long ago loses interest
ACTION_S = 0.5
SAME_THING, NEIGHBOUR = 0.5, 1.3  # share of the smaller box that lies in so many times the other
NEAR_S = 1.0  # a change and the event that caused it lie no farther apart
LATER_S = 0.6  # after an entry, when the subject is wholly in the picture
SCENE = -1


@dataclass(frozen=True, slots=True, eq=False)
class _Shot:
    start: int
    stop: int
    subjects: list[Subject]
    turns: list[Turn]
    worth: NDArray[np.float64]  # [subjects + 1, frames]; the last row is the scene

    def speaker(self, face: int) -> int:
        return next((s.number for s in self.subjects if face in s.faces), SCENE)


def suggest(evidence: ClipEvidence, mode: Mode = "auto", *, lead_frames: int = DEFAULT_LEAD_FRAMES) -> list[Suggestion]:
    """Return New Focus Targets for a clip, in order; the first frame of each shot has one.

    mode: "conversation" follows the word alone, "action" ignores sound, "auto" weighs both. lead_frames: how long
    before its target a pull is to end.
    """
    found: list[Suggestion] = []
    for start, stop in evidence.shots():
        found += _targets(evidence, _weighed(evidence, mode, start, stop), lead_frames)
    return timed(found, lead_frames, cuts=evidence.cuts)


def _weighed(evidence: ClipEvidence, mode: Mode, start: int, stop: int) -> _Shot:
    """Return the subjects of a shot and what each is worth in each frame."""
    subjects = subjects_of_shot(evidence, start, stop)
    turns = turns_of_shot(evidence, start, stop) if mode != "action" else []
    acting = ACTION if mode != "conversation" else 0.15 * ACTION
    rate, frames = evidence.rate, stop - start
    worth = np.zeros((len(subjects) + 1, frames))
    worth[-1] = SCENE_WORTH
    shot = _Shot(start, stop, subjects, turns, worth)
    for subject in subjects:
        here = _presence(subject, start, stop, rate)
        area = subject.series([b.clipped().area for b in subject.boxes], start, stop)
        size = np.clip(np.sqrt(area) / FULL_SIZE, 0.0, 1.0)
        action = smoothed(subject.series(subject.action, start, stop), ACTION_S * rate)
        face = float(bool(subject.faces))
        standing = HERE + SIZE * size + FACE * face
        if subject.birth == "inside" and not subject.faces:
            standing = UNFOUNDED * standing
        worth[subject.number] = here * (standing + acting * action)
        worth[subject.number, : max(subject.start - start, 0)] = NOT_YET
        if subject.birth == "edge" and mode != "conversation":
            first = subject.start - start
            worth[subject.number, first : first + round(NEW_S * rate)] += NEW
    for index, turn in enumerate(turns):
        number = shot.speaker(turn.face)
        if number == SCENE:
            continue
        until = turns[index + 1].start if index + 1 < len(turns) else stop
        stretch = worth[number, turn.start - start : until - start]
        stretch += WORD * (stretch > 0)
    return shot


def _presence(subject: Subject, start: int, stop: int, rate: float) -> NDArray[np.float64]:
    """Return 1 where the subject is seen, less the longer it was not, 0 outside its time [stop - start]."""
    since = np.zeros(len(subject.seen))
    count = 0
    for index, seen in enumerate(subject.seen):
        count = 0 if seen else count + 1
        since[index] = count
    fading = np.maximum(np.exp(-since / (FADES_S * rate)), 0.35)
    return subject.series(fading.tolist(), start, stop)


def _targets(evidence: ClipEvidence, shot: _Shot, lead_frames: int) -> list[Suggestion]:
    """Return the targets of a shot: its first subject, and every change."""
    path = best_path(shot.worth / evidence.rate, CHANGE_COST_S)
    path = np.where(path == len(shot.subjects), SCENE, path)
    found: list[Suggestion] = []
    held = SCENE
    for first, _, number in runs(path):
        if first == 0:
            found.append(_opening(evidence, shot, number))
        elif number not in (SCENE, held):
            change = _change(evidence, shot, (held, number), shot.start + first, lead_frames)
            if not (change.detector != "voice" and _part_of(shot, held, change)):
                found.append(change)
        held = number if number != SCENE else held
    return found


def _part_of(shot: _Shot, held: int, change: Suggestion) -> bool:
    """True if what comes into focus lies where the subject before lies: a part of it, or more of it, that moves."""
    if held == SCENE:
        return False
    former = shot.subjects[held]
    return (
        change.frame < former.stop
        and shared(former.box_at(change.frame).scaled(NEIGHBOUR), change.box.clipped()) > SAME_THING
    )


def _opening(evidence: ClipEvidence, shot: _Shot, number: int) -> Suggestion:
    """Return the target at the first frame of a shot."""
    reason = "first subject of the clip" if shot.start == 0 else "a new shot"
    if number == SCENE:
        box = _salient_box(evidence, shot.start, min(shot.start + round(evidence.rate), shot.stop))
        return Suggestion(shot.start, box, 0.3, "saliency", f"{reason}: nothing moves, this draws the eye")
    subject = shot.subjects[number]
    what, detector = _kind(subject)
    score = _score(shot, number, 0, round(evidence.rate))
    rival, rival_box = _runner_up(shot, number, shot.start)
    return Suggestion(
        shot.start,
        subject.box_at(max(subject.start, shot.start)),
        score,
        detector,
        f"{reason}: {what}",
        runner_up=rival,
        runner_up_box=rival_box,
    )


def _change(evidence: ClipEvidence, shot: _Shot, change: tuple[int, int], at: int, lead_frames: int) -> Suggestion:
    """Return the target for a change from one subject to another, at the event that caused it."""
    held, number = change
    subject = shot.subjects[number]
    frame, detector, reason = _cause(evidence, shot, held, subject, at)
    later = None
    if reason.startswith("enters"):
        settled = min(frame + round(LATER_S * evidence.rate), subject.stop - 1)
        later = (settled, subject.box_at(settled)) if settled > frame else None
    first = max(frame - lead_frames, subject.start)
    rival, rival_box = _runner_up(shot, number, frame)
    return Suggestion(
        frame,
        subject.box_at(frame),
        _score(shot, number, at - shot.start, round(evidence.rate)),
        detector,
        reason,
        earlier=(first, subject.box_at(first)) if first < frame else None,
        later=later,
        runner_up=rival,
        runner_up_box=rival_box,
    )


def _cause(evidence: ClipEvidence, shot: _Shot, held: int, subject: Subject, at: int) -> tuple[int, str, str]:
    """Return the frame of the event nearest to a change, the detector that saw it, and the event in words."""
    near = NEAR_S * evidence.rate
    words = [t.start for t in shot.turns if t.face in subject.faces and abs(t.start - at) <= near]
    if words:
        return min(words, key=lambda f: abs(f - at)), "voice", "begins to speak"
    if subject.birth == "edge" and abs(subject.start - at) <= near:
        return subject.start, "action", "enters the picture"
    if subject.birth == "inside" and abs(subject.start - at) <= near:
        return subject.start, *_appears(subject)
    if held != SCENE:
        former = shot.subjects[held]
        gone = former.last_seen() + 1
        if former.left_at_edge and abs(gone - at) <= near:
            return max(min(gone, subject.stop - 1), subject.start), "action", "is alone after the other has left"
    what, detector = _kind(subject)
    return _rise(subject, at, near, evidence.rate), detector, f"begins to act: {what}"


def _appears(subject: Subject) -> tuple[str, str]:
    what, detector = _kind(subject)
    return detector, f"appears: {what}"


def _rise(subject: Subject, at: int, near: float, rate: float) -> int:
    """Return the frame near `at` from which the subject's share of the action rises most."""
    first, last = max(subject.start, round(at - near)), min(subject.stop - 1, round(at + near))
    if last - first < 2:
        return max(subject.start, at)
    action = smoothed(np.array(subject.action), 0.15 * rate)[first - subject.start : last + 1 - subject.start]
    return first + int(np.argmax(np.diff(action)))


def _kind(subject: Subject) -> tuple[str, str]:
    return ("a face", "face") if subject.faces else ("something that moves", "action")


def _score(shot: _Shot, number: int, first: int, frames: int) -> float:
    """Return how clearly the subject leads over the frames after a change, 0..1."""
    part = shot.worth[:, first : first + max(frames, 1)].mean(axis=1)
    others = np.delete(part, number)
    lead = float(part[number] - others.max()) if len(others) else float(part[number])
    return float(np.clip(0.5 + 0.5 * lead, 0.05, 1.0))


def _runner_up(shot: _Shot, number: int, frame: int) -> tuple[str, Box | None]:
    """Return the second best subject after a change, in words and place."""
    first = frame - shot.start
    part = shot.worth[:-1, first : first + 25].mean(axis=1)
    part[number] = -1.0
    if len(part) < 2 or part.max() <= SCENE_WORTH:
        return "", None
    rival = shot.subjects[int(part.argmax())]
    return _kind(rival)[0], rival.box_at(frame)


def _salient_box(evidence: ClipEvidence, start: int, stop: int) -> Box:
    """Return a box around what draws the eye most in the frames [start, stop)."""
    heat = evidence.saliency[start : max(stop, start + 1)].astype(np.float64).mean(axis=0)
    columns, rows = GRID
    place = int(smoothed(smoothed(heat, 1.5).T, 1.5).T.argmax())
    x, y = (place % columns + 0.5) / columns, (place // columns + 0.5) / rows
    return Box.around(Point(x, y), 0.2, 0.2)
