"""What each subject of a shot is worth in each frame, what a change to it costs, and what kind of scene it is.

Worth: that it is there, its size, a face, that people look there, its share of the action, and above all that it has
the word or that the sound comes from it. A change is cheap at the moment of an event that explains it (somebody enters,
begins to speak, is left alone) and dear anywhere else: that is minimum hold and hysteresis in one. NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import GRID, ClipEvidence
from rvr_laaf_app.laaf.path import smoothed
from rvr_laaf_app.laaf.soundings import Sounding, soundings, unseen
from rvr_laaf_app.laaf.subjects import Subject, shared, subjects_of_shot
from rvr_laaf_app.laaf.turns import Turn, turns_of_shot

Mode = Literal["conversation", "action", "auto"]
Scene = Literal["conversation", "action"]
SCENE = -1  # the number of the picture as a whole, when nobody is there
SCENE_WORTH = 0.12
HERE, SIZE, FACE, GAZE, ACTION, WORD, SOUND = 0.15, 0.3, 0.25, 0.4, 0.8, 1.6, 1.0
NEW, NEW_S = 0.6, 2.0  # what somebody who has just come in is worth more, and for how long
NEW_INSIDE = 0.6  # ... and somebody large who suddenly moves beside the others
LARGE, APART = 0.2, 0.3  # square root of the share of the picture; share of the smaller box in common
NOT_YET = -1.0  # nobody is held before they are there
FULL_SIZE = 0.35  # square root of the share of the picture that counts as large
FADES_S = 2.0  # in which a subject that was last seen so long ago loses interest
ACTION_S = 0.5
CHANGE_COST_S = 0.6  # worth times seconds that a change must bring that no event explains
EVENT_COST_S = 0.3  # ... and one that an event explains
SPOKEN = 0.25  # share of a shot in which somebody seen has the word: a conversation
FACING = 0.6  # share of a shot in which each of two faces is seen
CAME_IN_S, CAME_IN_SIZE = 1.5, 0.2  # after an entry; square root of the share of the picture that was worth it
SEEN_S, CAME_IN_SEEN = 1.0, 0.6
GAZE_EVERY = 4  # frames
EVENT_S = 0.4  # from the event on in which the change is cheap


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A shot as it is weighed: worth and costs [subjects + 1, frames]; the last row is the picture as a whole."""

    start: int
    stop: int
    scene: Scene
    subjects: list[Subject]
    turns: list[Turn]
    heard: list[Sounding]
    worth: NDArray[np.float64]
    costs: NDArray[np.float64]
    unseen: bool = False  # there is much to hear and nothing in the picture that it comes from

    def speaker(self, face: int) -> int:
        """Return the number of the subject whose face this is."""
        return _speaker(self.subjects, face)


def weighed(evidence: ClipEvidence, mode: Mode, start: int, stop: int) -> Shot:
    """Return the subjects of a shot, what each is worth in each frame, and what changing to it costs."""
    subjects = subjects_of_shot(evidence, start, stop)
    turns = turns_of_shot(evidence, start, stop) if mode != "action" else []
    heard = soundings(evidence, subjects, start, stop) if mode != "action" else []
    scene = scene_of(subjects, turns, start, stop) if mode == "auto" else mode
    worth = _standing(evidence, subjects, mode, (start, stop))
    for index, turn in enumerate(turns):
        number = _speaker(subjects, turn.face)
        if number == SCENE:
            continue
        until = turns[index + 1].start if index + 1 < len(turns) else stop
        stretch = worth[number, turn.start - start : until - start]
        stretch += WORD * (stretch > 0)
    for sounding in heard:
        stretch = worth[sounding.number, sounding.start - start : sounding.stop - start]
        stretch += SOUND * sounding.share * (stretch > 0)
    events = _events(subjects, turns, heard, worth, start)
    costs = np.full(worth.shape, CHANGE_COST_S)
    soon = max(round(EVENT_S * evidence.rate), 1)
    for numbers, frame in events:
        costs[numbers, max(frame - start, 0) : max(frame - start, 0) + soon] = EVENT_COST_S
    return Shot(
        start,
        stop,
        scene,
        subjects,
        turns,
        heard,
        worth,
        costs,
        mode != "action" and unseen(evidence, turns, heard, start, stop),
    )


def scene_of(subjects: list[Subject], turns: list[Turn], start: int, stop: int) -> Scene:
    """Return the kind of a shot: a conversation if people who are seen have the word in a good part of it.

    Without sound: if two faces or more are seen for most of it.
    """
    spoken = sum(t.stop - t.start for t in turns) >= SPOKEN * (stop - start)
    facing = sum(len(s.face_boxes) >= FACING * (stop - start) for s in subjects) >= 2
    return "conversation" if spoken or facing else "action"


def _standing(
    evidence: ClipEvidence, subjects: list[Subject], mode: Mode, shot: tuple[int, int]
) -> NDArray[np.float64]:
    """Return what each subject is worth before anything is heard [subjects + 1, frames]."""
    start, stop = shot
    acting = ACTION if mode != "conversation" else 0.15 * ACTION
    rate = evidence.rate
    worth = np.zeros((len(subjects) + 1, stop - start))
    worth[-1] = SCENE_WORTH
    for subject in subjects:
        here = _presence(subject, start, stop, rate)
        area = subject.series([b.clipped().area for b in subject.boxes], start, stop)
        size = np.clip(np.sqrt(area) / FULL_SIZE, 0.0, 1.0)
        action = smoothed(subject.series(subject.action, start, stop), ACTION_S * rate)
        standing = HERE + SIZE * size + FACE * float(bool(subject.faces))
        standing = standing + GAZE * _looked_at(evidence, subject, start, stop)
        if not subject.faces:
            standing = standing * min(sum(subject.seen) / (SEEN_S * rate), 1.0)
        worth[subject.number] = here * (standing + acting * action)
        worth[subject.number, : max(subject.start - start, 0)] = NOT_YET
        if subject.birth != "shot" and mode != "conversation":
            first = subject.start - start
            new = NEW if subject.birth == "edge" else NEW_INSIDE * float(_stands_apart(subject, subjects))
            worth[subject.number, first : first + round(NEW_S * rate)] += new * _what_came_in(subject, rate)
    return worth


def _speaker(subjects: list[Subject], face: int) -> int:
    return next((s.number for s in subjects if face in s.faces), SCENE)


def _presence(subject: Subject, start: int, stop: int, rate: float) -> NDArray[np.float64]:
    """Return 1 where the subject is seen, less the longer it was not, 0 outside its time [stop - start]."""
    since = np.zeros(len(subject.seen))
    count = 0
    for index, seen in enumerate(subject.seen):
        count = 0 if seen else count + 1
        since[index] = count
    fading = np.maximum(np.exp(-since / (FADES_S * rate)), 0.35)
    return subject.series(fading.tolist(), start, stop)


def _what_came_in(subject: Subject, rate: float) -> float:
    """Return 0..1: how much of somebody who enters is seen soon after, and how steadily; an edge that flickers is 0."""
    soon = subject.boxes[: max(round(CAME_IN_S * rate), 1)]
    size = np.sqrt(max(box.clipped().area for box in soon)) / CAME_IN_SIZE
    seen = float(np.mean(subject.seen[: max(round(SEEN_S * rate), 1)])) / CAME_IN_SEEN
    return float(min(size, 1.0) * min(seen, 1.0))


def _stands_apart(subject: Subject, others: list[Subject]) -> bool:
    """True if one who was born inside the picture is large and beside all others: somebody gets up, comes out."""
    box = subject.box_at(subject.start)
    here = (o for o in others if o is not subject and o.start < subject.start < o.stop)
    large = np.sqrt(box.clipped().area) >= LARGE
    return bool(large) and all(shared(o.box_at(subject.start), box) < APART for o in here)


def _looked_at(evidence: ClipEvidence, subject: Subject, start: int, stop: int) -> NDArray[np.float64]:
    """Return how much the eye is drawn to the subject in each frame [stop - start], 0..1, as a picture by itself."""
    columns, rows = GRID
    values = np.zeros(len(subject.boxes))
    for index in range(0, len(values), GAZE_EVERY):
        x, y, w, h = subject.box_at(subject.start + index).clipped().pixels(columns, rows)
        heat = evidence.saliency[subject.start + index]
        part = heat[int(y) : max(int(np.ceil(y + h)), int(y) + 1), int(x) : max(int(np.ceil(x + w)), int(x) + 1)]
        values[index : index + GAZE_EVERY] = float(part.max()) if part.size else 0.0
    return smoothed(subject.series(values.tolist(), start, stop), ACTION_S * evidence.rate)


def _events(
    subjects: list[Subject], turns: list[Turn], heard: list[Sounding], worth: NDArray[np.float64], start: int
) -> list[tuple[int | slice, int]]:
    """Return the moments at which a change to a subject (or to any) explains itself, with its frame."""
    found: list[tuple[int | slice, int]] = []
    for subject in subjects:
        if subject.birth == "edge" or (subject.birth == "inside" and _stands_apart(subject, subjects)):
            found.append((subject.number, subject.start))
        last = subject.last_seen() - start
        if subject.left_at_edge and worth[:, last].argmax() == subject.number:
            found.append((slice(0, len(subjects)), start + last + 1))
    speakers = [(_speaker(subjects, turn.face), turn.start) for turn in turns]
    found += [(number, frame) for number, frame in speakers if number != SCENE]
    return found + [(sounding.number, sounding.start) for sounding in heard]
