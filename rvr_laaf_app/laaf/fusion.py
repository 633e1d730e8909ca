"""Our fusion: which subject deserves focus at each moment of a shot, knowing all of it, and the New Focus Targets.

Every subject of the shot has a worth in each frame: that it is there, its size, its share of the action, a face, and
above all that it has the word. The best way through the shot (laaf.path) changes the subject only if what follows is
worth more than a change costs; that is minimum hold and hysteresis in one. Nothing is carried across a cut. Then each
change is moved to the event that caused it: the first word, the entry, the exit, the start of the motion.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import GRID, ClipEvidence, Suggestion
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.laaf.look_ahead import DEFAULT_LEAD_FRAMES, timed
from rvr_laaf_app.laaf.path import best_path, runs, smoothed
from rvr_laaf_app.laaf.sections import sections
from rvr_laaf_app.laaf.subjects import Subject, camera_walks, shared
from rvr_laaf_app.laaf.worth import SCENE, SCENE_WORTH, Mode, Shot, weighed

LATER_S = 0.6  # after an entry, when the subject is wholly in the picture
FACE_NEAR_S = 0.5  # a face that is seen so soon says where to look at a subject
GROWS_S, FAIR_PART = 1.0, 0.25  # of what is seen of a subject by then
NEAR_S = 1.0  # a change and the event that caused it lie no farther apart
SAME_THING, NEIGHBOUR = 0.5, 1.3  # share of the smaller box that lies in so many times the other
LATELY_S = 2.0  # before a change: what lay in the former subject for most of it is a part of that
NOTICED = 2 * SCENE_WORTH  # who is worth less is not noticed before the picture as a whole
BELIEVED, AROUND_S = 0.3, 0.5  # of the camera's motion explained, around a change: below, anything seems to move


def suggest(evidence: ClipEvidence, mode: Mode = "auto", *, lead_frames: int = DEFAULT_LEAD_FRAMES) -> list[Suggestion]:
    """Return New Focus Targets for a clip, in order; the first frame of each shot has one.

    mode: "conversation" follows the word alone, "action" ignores sound, "auto" weighs both. lead_frames: how long
    before its target a pull is to end.
    """
    found: list[Suggestion] = []
    for section in sections(evidence):
        shot = weighed(evidence, mode, section.start, section.stop)
        targets = _targets(evidence, shot, lead_frames, settled=section.settled)
        found += [replace(target, scene=shot.scene) for target in targets]
    return timed(found, lead_frames, cuts=evidence.cuts)


def _targets(evidence: ClipEvidence, shot: Shot, lead_frames: int, *, settled: int | None) -> list[Suggestion]:
    """Return the targets of a section: its first subject, and every change."""
    worth = shot.worth if settled is None else np.maximum(shot.worth, 0.0)  # who the camera turns to comes in with it
    path = best_path(worth / evidence.rate, shot.costs)
    path = np.where(path == len(shot.subjects), SCENE, path)
    if not camera_walks(evidence, shot.start, shot.stop):
        path = _from_the_start(shot, path)
    found: list[Suggestion] = []
    held = SCENE
    for first, last, number in runs(path):
        if first == 0:
            opening = (
                _opening(evidence, shot, number) if settled is None else _turned_to(evidence, shot, number, settled)
            )
            found += [opening] if opening else []
        elif number not in (SCENE, held):
            noticed = np.flatnonzero(shot.worth[number, first:last] > NOTICED)
            if noticed.size == 0:
                continue
            change = _change(evidence, shot, (held, number), shot.start + first + int(noticed[0]), lead_frames)
            if change.detector == "voice" or not (
                _unclear(evidence, change) or _part_of(evidence, shot, (held, number), change.frame)
            ):
                found.append(change)
        held = number if number != SCENE else held
    return found


def _from_the_start(shot: Shot, path: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the path with its first subject from the start of the shot on, if it was there before it stirred."""
    seen = np.flatnonzero(path != SCENE)
    if seen.size and shot.subjects[path[seen[0]]].birth != "edge":
        path = path.copy()
        path[: seen[0]] = path[seen[0]]
    return path


def _unclear(evidence: ClipEvidence, change: Suggestion) -> bool:
    """True if the camera moves so wildly around a change that nobody can tell what moves by itself."""
    around = round(AROUND_S * evidence.rate)
    explained = evidence.camera[max(change.frame - around, 0) : change.frame + around + 1, 2]
    return float(explained.mean()) < BELIEVED


def _part_of(evidence: ClipEvidence, shot: Shot, change: tuple[int, int], at: int) -> bool:
    """True if what comes into focus at `at` is a part of the subject before, or more of it, that moves.

    It lies where that one lies, then or for most of the time lately. Two faces are two people.
    """
    held, number = change
    if held == SCENE:
        return False
    former, subject = shot.subjects[held], shot.subjects[number]
    if former.faces and subject.faces:
        return False
    lately = range(max(at - round(LATELY_S * evidence.rate), subject.start, former.start), min(at, former.stop - 1) + 1)
    inside = [shared(former.figure_at(f).scaled(NEIGHBOUR), subject.box_at(f).clipped()) > SAME_THING for f in lately]
    return bool(inside) and ((at < former.stop and inside[-1]) or sum(inside) > 0.5 * len(inside))


def _turned_to(evidence: ClipEvidence, shot: Shot, number: int, settled: int) -> Suggestion | None:
    """Return the target after a whip pan: when its subject comes in, or what draws the eye when the camera rests."""
    frame = settled if number == SCENE else max(shot.subjects[number].start, shot.start)
    if frame >= shot.stop:
        return None
    rest = replace(shot, start=frame, worth=shot.worth[:, frame - shot.start :])
    return _opening(evidence, rest, number, new="the camera has turned")


def _opening(evidence: ClipEvidence, shot: Shot, number: int, *, new: str = "a new shot") -> Suggestion:
    """Return the target at the first frame of a shot."""
    reason = "first subject of the clip" if shot.start == 0 else new
    heard = "; what is heard could be given to nobody in the picture" if shot.unseen else ""
    if number == SCENE:
        box = _salient_box(evidence, shot.start, min(shot.start + round(evidence.rate), shot.stop))
        return Suggestion(shot.start, box, 0.3, "saliency", f"{reason}: nothing moves, this draws the eye{heard}")
    subject = shot.subjects[number]
    what, detector = _kind(subject)
    score = _score(shot, number, 0, round(evidence.rate))
    rival, rival_box = _runner_up(shot, number, shot.start)
    return Suggestion(
        shot.start,
        subject.place_at(max(subject.start, shot.start), round(FACE_NEAR_S * evidence.rate)),
        score,
        detector,
        f"{reason}: {what}{heard}",
        runner_up=rival,
        runner_up_box=rival_box,
    )


def _change(evidence: ClipEvidence, shot: Shot, change: tuple[int, int], at: int, lead_frames: int) -> Suggestion:
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


def _cause(evidence: ClipEvidence, shot: Shot, held: int, subject: Subject, at: int) -> tuple[int, str, str]:
    """Return the frame of the event nearest to a change, the detector that saw it, and the event in words."""
    near = NEAR_S * evidence.rate
    words = [t.start for t in shot.turns if t.face in subject.faces and abs(t.start - at) <= near]
    if words:
        return min(words, key=lambda f: abs(f - at)), "voice", "begins to speak"
    sounds = [s.start for s in shot.heard if s.number == subject.number and abs(s.start - at) <= near]
    if sounds:
        return min(sounds, key=lambda f: abs(f - at)), "sound", "the sound comes from here"
    if subject.birth == "edge" and abs(subject.start - at) <= near:
        return subject.start, "action", "enters the picture"
    if subject.birth == "inside" and abs(subject.start - at) <= near:
        return _seen_from(subject, evidence.rate), *_appears(subject)
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


def _seen_from(subject: Subject, rate: float) -> int:
    """Return the frame from which a fair part of a subject is seen that began as a foot or a hand that stirred."""
    sizes = [box.clipped().area for box in subject.boxes[: round(GROWS_S * rate) + 1]]
    return subject.start + next(i for i, size in enumerate(sizes) if size >= FAIR_PART * max(sizes))


def _rise(subject: Subject, at: int, near: float, rate: float) -> int:
    """Return the frame near `at` from which the subject's share of the action rises most."""
    first, last = max(subject.start, round(at - near)), min(subject.stop - 1, round(at + near))
    if last - first < 2:
        return max(subject.start, at)
    action = smoothed(np.array(subject.action), 0.15 * rate)[first - subject.start : last + 1 - subject.start]
    return first + int(np.argmax(np.diff(action)))


def _kind(subject: Subject) -> tuple[str, str]:
    return ("a face", "face") if subject.faces else ("something that moves", "action")


def _score(shot: Shot, number: int, first: int, frames: int) -> float:
    """Return how clearly the subject leads over the frames after a change, 0..1."""
    part = shot.worth[:, first : first + max(frames, 1)].mean(axis=1)
    others = np.delete(part, number)
    lead = float(part[number] - others.max()) if len(others) else float(part[number])
    return float(np.clip(0.5 + 0.5 * lead, 0.05, 1.0))


def _runner_up(shot: Shot, number: int, frame: int) -> tuple[str, Box | None]:
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
