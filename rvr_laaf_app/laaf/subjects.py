"""Who and what is in a shot: faces and moving things of single frames joined to subjects that last.

A subject that stops moving stays where it is; one that goes over the edge of the picture is gone, and what comes in
there later is somebody else. No identities across cuts. Pure functions over evidence, NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import ClipEvidence, box_of
from rvr_laaf_app.core.geometry import Box

Birth = Literal["shot", "edge", "inside"]
EDGE = 0.03  # of the picture: nearer to its border is "at the edge"
SAME = 0.25  # share of the smaller box that two boxes of one thing have in common
MOST_BLOBS = 6  # of a frame, the heaviest
LIGHTEST = 0.06  # share of a frame's action below which a moving thing is not noticed
LEAST_SEEN_S = 0.3
AT_START_S = 0.4  # what is seen so soon after a cut was there all along
GONE_AFTER_S = 0.35  # unseen at the edge for so long
FORGOTTEN_AFTER_S = 60.0  # what rests stays where it is
GONE_UNSEEN_S = 8.0  # ... but at the edge it has probably left
RESTED_S = 2.0  # since who rests was last seen to move: what then comes in from the edge is somebody else
LAST_S = 0.4  # of motion that says where somebody went
RECENT_S = 0.6  # who moved so lately takes up new motion near by before one who rests
REACH = 1.3  # times its box: motion that near belongs to a subject that is moving
RESTING_SAME = 0.3  # share of what moves that lies where a resting subject lately reached
SHRINKS_S = 1.0  # in which a subject's reach falls back to where it is
TRUSTED = 0.3  # how far the camera must be explained for motion to be somebody new
QUIET = 0.004  # mean heat of action in the picture at which a thing that moves counts half
OUTWARDS = 0.1  # widths or heights of the picture a second
WALKING = 0.03  # widths and heights of the picture a second: the camera moves
LEAST_STREAM, STREAM_ALIGNED, STREAM_EDGE = 10, 0.4, 0.9  # frames; cosine to the middle; share of them at the border
BODY_OF_FACE = (2.6, 4.5)  # widths and heights of a face that its body takes up
FIGURE_OF_FACE = (3.2, 9.0)  # ... and all of somebody who stands


@dataclass(slots=True, eq=False)
class Subject:
    """Something that may deserve focus in the frames [start, stop) of a shot.

    boxes, seen and action (share of the frame's action, less where hardly anything moves, 0..1) from start on.
    face: its number in the evidence, -1 = none seen. face_boxes: by frame.
    """

    number: int
    start: int
    birth: Birth
    box: Box
    boxes: list[Box] = field(default_factory=list)
    seen: list[bool] = field(default_factory=list)
    action: list[float] = field(default_factory=list)
    reach: Box | None = None  # where it has been lately
    face_boxes: dict[int, Box] = field(default_factory=dict)
    faces: set[int] = field(default_factory=set)
    left_at_edge: bool = False
    motions: list[tuple[int, Box, float, float]] = field(default_factory=list)  # frame, place, velocity

    @property
    def stop(self) -> int:
        """First frame after the last one in which it is there."""
        return self.start + len(self.boxes)

    def box_at(self, frame: int) -> Box:
        """Return its face, if that is seen at `frame`, else all of it; the nearest known place outside its time."""
        face = self.face_boxes.get(frame)
        if face is not None:
            return face
        return self.boxes[min(max(frame - self.start, 0), len(self.boxes) - 1)].clipped()

    def figure_at(self, frame: int) -> Box:
        """Return all of it at `frame`, with the legs of somebody whose face is seen."""
        box = self.boxes[min(max(frame - self.start, 0), len(self.boxes) - 1)]
        face = self.face_boxes.get(frame)
        return (box if face is None else _union(box, _figure(face))).clipped()

    def place_at(self, frame: int, reach: int) -> Box:
        """Return its face at `frame` or at the nearest frame within `reach` that shows it; else all of it."""
        near = min(self.face_boxes, key=lambda f: (abs(f - frame), f), default=None)
        if near is None or abs(near - frame) > reach:
            return self.box_at(frame)
        return self.face_boxes[near]

    def series(self, values: list[float], start: int, stop: int) -> NDArray[np.float64]:
        """Return values of its frames as an array over [start, stop), 0 where it is not there."""
        whole = np.zeros(stop - start)
        first, last = max(self.start, start), min(self.stop, stop)
        whole[first - start : last - start] = values[first - self.start : last - self.start]
        return whole

    def last_seen(self) -> int:
        """Return the last frame in which it was really seen."""
        places = np.flatnonzero(self.seen)
        return self.start + (int(places[-1]) if places.size else 0)


def subjects_of_shot(evidence: ClipEvidence, start: int, stop: int) -> list[Subject]:
    """Return the subjects of the shot [start, stop), those that were hardly seen left out."""
    cast = _Cast(evidence, start, stop)
    for frame in range(start, stop):
        cast.step(frame)
    least = max(3, round(LEAST_SEEN_S * evidence.rate))
    least = min(least, max((stop - start) // 2, 3), stop - start)
    subjects = [s for s in cast.everyone if sum(s.seen) >= least]
    for subject in subjects:
        if subject.birth == "edge" and not _came_in(subject, evidence.rate):
            subject.birth = "inside"
    if camera_walks(evidence, start, stop):
        subjects = [s for s in subjects if not _streams_out(s)]
    for number, subject in enumerate(subjects):
        subject.number = number
        _cut_tail(subject, stop, evidence.rate)
    return subjects


def camera_walks(evidence: ClipEvidence, start: int, stop: int) -> bool:
    """True if the camera moves the picture much of the time: a shot from the hand, a pan, a walk."""
    return float(np.abs(evidence.camera[start:stop, :2]).sum(axis=1).mean()) * evidence.rate > WALKING


def _streams_out(subject: Subject) -> bool:
    """True for what flows outwards along the border all the time: under a moving camera that is near, not active."""
    if subject.faces or subject.birth == "edge" or len(subject.motions) < LEAST_STREAM:
        return False
    outwards, edge = 0.0, 0
    for _, box, dx, dy in subject.motions:
        away = np.array([box.centre.x - 0.5, box.centre.y - 0.5])
        size = float(np.hypot(*away) * np.hypot(dx, dy))
        outwards += float(away @ (dx, dy)) / size if size > 0 else 0.0
        edge += _at_edge(box)
    count = len(subject.motions)
    return outwards > STREAM_ALIGNED * count and edge > STREAM_EDGE * count


def _cut_tail(subject: Subject, stop: int, rate: float) -> None:
    """Let a subject end when it was last seen, if it then left over the edge or was not seen for long."""
    last = subject.last_seen()
    unseen = subject.stop - 1 - last
    if subject.stop >= stop and not (subject.left_at_edge or unseen > FORGOTTEN_AFTER_S * rate):
        return
    keep = last + 1 - subject.start if subject.left_at_edge else len(subject.boxes)
    del subject.boxes[keep:], subject.seen[keep:], subject.action[keep:]


class _Cast:
    """The subjects of a shot while its frames go by."""

    def __init__(self, evidence: ClipEvidence, start: int, stop: int) -> None:
        self._evidence, self._start, self._rate = evidence, start, evidence.rate
        strength = evidence.motion[start:stop].astype(np.float32).mean(axis=(1, 2))
        self._strength = strength / (strength + QUIET)
        self._faces = _by_frame(evidence.faces, start, stop)
        self._blobs = _by_frame(evidence.blobs, start, stop)
        self.everyone: list[Subject] = []
        self._here: list[Subject] = []
        self._unseen: dict[int, int] = {}

    def step(self, frame: int) -> None:
        dx, dy, explained = (float(v) for v in self._evidence.camera[frame])
        if explained > 0:
            for subject in self._here:
                subject.box = _moved(subject.box, dx, dy)
                subject.reach = _moved(subject.reach or subject.box, dx, dy)
        action: dict[int, float] = {}
        boxes: dict[int, Box] = {}
        faces = self._faces.get(frame, np.zeros((0, 10), np.float32))
        for row in faces:
            subject = self._of_face(frame, int(row[1]), box_of(row[2:]), {int(n) for n in faces[:, 1]})
            subject.face_boxes[frame] = box_of(row[2:])
            subject.faces.add(int(row[1]))
            action.setdefault(subject.number, 0.0)
        for row in self._blobs.get(frame, np.zeros((0, 9), np.float32))[:MOST_BLOBS]:
            if row[8] < LIGHTEST:
                continue
            box = box_of(row[1:])
            velocity = float(row[6]), float(row[7])
            mover = self._of_blob(frame, box, velocity, trusted=explained > TRUSTED)
            if mover is None:
                continue
            if mover.number not in boxes:
                mover.motions.append((frame, box, *velocity))
            share = float(row[8]) * explained * float(self._strength[frame - self._start])
            action[mover.number] = action.get(mover.number, 0.0) + share
            boxes[mover.number] = _union(boxes[mover.number], box) if mover.number in boxes else box
        for subject in self._here:
            self._record(subject, frame, boxes.get(subject.number), action.get(subject.number))
        self._here = [s for s in self._here if not self._gone(s)]

    def _of_face(self, frame: int, face: int, box: Box, others: set[int]) -> Subject:
        """Return the subject of a face: the one that had it, or who is there and shows no other face, or a new one."""
        for subject in self._here:
            if face in subject.faces:
                return subject
        body = _body(box)
        around = [s for s in self._here if not s.faces & others and shared(s.box, box) > 0.6 and s.box.area < 0.6]
        if around:
            return max(around, key=lambda s: s.box.overlap(body))
        return self._new(frame, body, face=box)

    def _of_blob(self, frame: int, box: Box, velocity: tuple[float, float], *, trusted: bool) -> Subject | None:
        """Return the subject of something that moves: who moved here lately, else who rests here, else a new one."""
        recent = RECENT_S * self._rate
        moving = [s for s in self._here if self._unseen.get(s.number, 0) <= recent]
        near = [(s, shared(s.box.scaled(REACH), box)) for s in moving]
        near = [(s, share) for s, share in near if share > SAME]
        if not near:
            near = [(s, shared(s.reach or s.box, box)) for s in self._here]
            entering = _across_edge(box, -velocity[0], -velocity[1])
            near = [
                (s, share)
                for s, share in near
                if share > RESTING_SAME and not (entering and self._unseen.get(s.number, 0) > RESTED_S * self._rate)
            ]
        if near:
            return max(near, key=lambda pair: pair[1] + pair[0].box.overlap(box))[0]
        return self._new(frame, box) if trusted else None

    def _new(self, frame: int, box: Box, *, face: Box | None = None) -> Subject:
        early = frame - self._start <= AT_START_S * self._rate
        birth: Birth = "shot" if early else "edge" if _at_edge(face or box) else "inside"
        subject = Subject(len(self.everyone), frame, birth, box)
        self.everyone.append(subject)
        self._here.append(subject)
        return subject

    def _record(self, subject: Subject, frame: int, blob: Box | None, action: float | None) -> None:
        if frame in subject.face_boxes:
            body = _body(subject.face_boxes[frame])
            subject.box = _blend(subject.box, body, 0.5)
        elif blob is not None:
            subject.box = _grown(subject.box, blob)
        subject.reach = _reached(subject.reach or subject.box, subject.box, 1.0 / (SHRINKS_S * self._rate))
        if frame in subject.face_boxes:
            subject.reach = _union(subject.reach, _figure(subject.face_boxes[frame]))
        subject.boxes.append(subject.box)
        subject.seen.append(action is not None)
        subject.action.append(min(action or 0.0, 1.0))
        self._unseen[subject.number] = 0 if action is not None else self._unseen.get(subject.number, 0) + 1

    def _gone(self, subject: Subject) -> bool:
        unseen = self._unseen[subject.number]
        if unseen > GONE_AFTER_S * self._rate and (_leaving(subject.box) or _left(subject, self._rate)):
            subject.left_at_edge = True
            return True
        patience = GONE_UNSEEN_S if _at_exit(subject.box) else FORGOTTEN_AFTER_S
        return unseen > patience * self._rate


def _by_frame(rows: NDArray[np.float32], start: int, stop: int) -> dict[int, NDArray[np.float32]]:
    first, last = np.searchsorted(rows[:, 0], [start, stop]) if len(rows) else (0, 0)
    part = rows[first:last]
    frames, places = np.unique(part[:, 0], return_index=True) if len(part) else (np.zeros(0), np.zeros(0, int))
    pieces = np.split(part, places[1:]) if len(frames) else []
    return {int(frame): piece for frame, piece in zip(frames, pieces, strict=True)}


def shared(a: Box, b: Box) -> float:
    """Return the intersection as a share of the smaller box."""
    across = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    down = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    smaller = min(a.area, b.area)
    return max(across, 0.0) * max(down, 0.0) / smaller if smaller > 0 else 0.0


def _union(a: Box, b: Box) -> Box:
    x0, y0 = min(a.x, b.x), min(a.y, b.y)
    x1, y1 = max(a.x + a.width, b.x + b.width), max(a.y + a.height, b.y + b.height)
    return Box(x0, y0, x1 - x0, y1 - y0)


def _blend(a: Box, b: Box, share: float) -> Box:
    def mix(p: float, q: float) -> float:
        return p + share * (q - p)

    return Box(mix(a.x, b.x), mix(a.y, b.y), mix(a.width, b.width), mix(a.height, b.height))


def _moved(box: Box, dx: float, dy: float) -> Box:
    return Box(box.x + dx, box.y + dy, box.width, box.height)


def _reached(reach: Box, box: Box, share: float) -> Box:
    """Return the union of both, less a share of what sticks out beyond the box."""
    return _blend(_union(reach, box), box, min(share, 1.0))


def _grown(box: Box, blob: Box) -> Box:
    """Return the box led to what moves: quickly outwards; inwards only if most of the thing moves, not just an arm."""
    inwards = 0.5 if blob.area > 0.4 * box.area else 0.04
    x0 = box.x + (0.5 if blob.x < box.x else inwards) * (blob.x - box.x)
    y0 = box.y + (0.5 if blob.y < box.y else inwards) * (blob.y - box.y)
    right, bottom = box.x + box.width, box.y + box.height
    blob_right, blob_bottom = blob.x + blob.width, blob.y + blob.height
    x1 = right + (0.5 if blob_right > right else inwards) * (blob_right - right)
    y1 = bottom + (0.5 if blob_bottom > bottom else inwards) * (blob_bottom - bottom)
    return Box(x0, y0, x1 - x0, y1 - y0)


def _body(face: Box) -> Box:
    width, height = BODY_OF_FACE[0] * face.width, BODY_OF_FACE[1] * face.height
    return Box(face.centre.x - width / 2, face.y - 0.3 * face.height, width, height).clipped()


def _figure(face: Box) -> Box:
    width, height = FIGURE_OF_FACE[0] * face.width, FIGURE_OF_FACE[1] * face.height
    return Box(face.centre.x - width / 2, face.y - 0.3 * face.height, width, height).clipped()


def _at_edge(box: Box) -> bool:
    right, bottom = 1.0 - box.x - box.width, 1.0 - box.y - box.height
    return min(box.x, box.y, right, bottom) < EDGE


def _left(subject: Subject, rate: float) -> bool:
    """True if the last that was seen of a subject moved out over the edge of the picture."""
    if not subject.motions or subject.face_boxes.get(subject.last_seen()) is not None:
        return False
    last, box = subject.motions[-1][:2]
    lately = [m for m in subject.motions[-25:] if m[0] > last - LAST_S * rate]
    return _across_edge(box, *_mean_velocity(lately))


def _came_in(subject: Subject, rate: float) -> bool:
    """True if what was seen first of a subject moved in from the edge; a thing that stirs at the edge does not."""
    if subject.faces and not subject.motions:
        return True
    first = [m for m in subject.motions if m[0] <= subject.start + LAST_S * rate]
    if not first:
        return bool(subject.faces)
    dx, dy = _mean_velocity(first)
    return _across_edge(first[0][1], -dx, -dy)


def _mean_velocity(motions: list[tuple[int, Box, float, float]]) -> tuple[float, float]:
    count = len(motions)
    return sum(m[2] for m in motions) / count, sum(m[3] for m in motions) / count


def _across_edge(box: Box, dx: float, dy: float) -> bool:
    """True if a box at the edge of the picture with this velocity is moving out over it."""
    right, bottom = 1.0 - box.x - box.width, 1.0 - box.y - box.height
    return (
        (box.x < EDGE and dx < -OUTWARDS)
        or (box.y < EDGE and dy < -OUTWARDS)
        or (right < EDGE and dx > OUTWARDS)
        or (bottom < EDGE and dy > OUTWARDS)
    )


def _at_exit(box: Box) -> bool:
    """True at the sides and below: people do not leave upwards, their heads are cut off there."""
    return min(box.x, 1.0 - box.x - box.width, 1.0 - box.y - box.height) < EDGE


def _leaving(box: Box) -> bool:
    """True if the box is small and at the edge, or mostly outside: what was there has gone over the border."""
    inside = box.clipped().area
    return inside < 0.5 * box.area or (_at_edge(box) and inside < 0.05)
