"""Targets as a file tells them, and their binding to the clips of a folder: by frame hash, by time, or by number.

A frame number alone is believed only where the file and the clip agree on how many frames there are. What cannot be
bound is left out and said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from rvr_laaf_app.annotation.encoding import VafData
from rvr_laaf_app.annotation.looks import Found, Looks, find_again, moment_at
from rvr_laaf_app.annotation.schema import ClipAnnotation, VafTarget
from rvr_laaf_app.annotation.work import ClipFacts, Survey
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.core.timebase import FrameTable


@dataclass(frozen=True, slots=True)
class LooseTarget:
    """A target without a hash. Times in frames; seconds (after the first frame) is believed before `frame`."""

    id: str
    place: Point | Box
    frame: int | None = None
    seconds: float | None = None
    early: int | None = None
    late: int | None = None
    hold: int | None = None
    subject: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LooseClip:
    """What a file says about one clip. pictures: its key, "" if the file knows none; frames: its count, or None."""

    name: str
    annotator: str
    targets: tuple[VafTarget | LooseTarget, ...]
    pictures: str = ""
    frames: int | None = None
    state: str = "done"
    note: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is exported: the annotations, and the times of the clips' frames where they are known (by clip key)."""

    data: VafData
    tables: Mapping[str, FrameTable]

    def frame_at(self, clip: str, target: VafTarget, ticks: int) -> int:
        """Return the frame on screen at one of a target's times; by the target's own rate without a table."""
        if clip in self.tables:
            return self.tables[clip].index_at(target.seconds(ticks))
        if target.at.pts == 0:
            return 0
        return round(ticks * target.at.frame / target.at.pts)


@dataclass(frozen=True, slots=True)
class Bound:
    """Annotations by annotator that fit the folder's clips, how each target was found, and what was left out."""

    annotations: Mapping[str, tuple[ClipAnnotation, ...]]
    ways: Mapping[str, int]  # exact, alike, moved (by hash), time, number; lost
    notes: tuple[str, ...]


def loosened(data: VafData) -> list[LooseClip]:
    """Return the content of a VAF file in the form in which all files are bound."""
    return [
        LooseClip(a.clip.name, who, a.targets, a.clip.pictures, a.clip.frames, a.state, a.note, a.reason)
        for who, said in sorted(data.annotations.items())
        for a in said
    ]


def bind(clips: Sequence[LooseClip], survey: Survey, looks_of: Callable[[ClipFacts], Looks]) -> Bound:
    """Bind what files say to the clips that are there. `looks_of` gives the looks of a clip's frames."""
    known = survey.by_pictures()
    found: dict[str, dict[str, ClipAnnotation]] = {}
    ways: dict[str, int] = {}
    notes: list[str] = []
    for clip in clips:
        facts = known.get(clip.pictures) or survey.named(clip.name)
        if facts is None:
            notes.append(f"{clip.name}: there is no such clip here; {len(clip.targets)} targets left out")
            continue
        targets = []
        for bound in _bound_all(clip, facts, looks_of(facts)):
            way = "lost" if isinstance(bound, str) else bound[1]
            ways[way] = ways.get(way, 0) + 1
            if isinstance(bound, str):
                notes.append(f"{facts.clip.name}: a target is left out: {bound}")
            else:
                targets.append(bound[0])
        mine = found.setdefault(clip.annotator, {})
        key = facts.clip.pictures
        if key in mine:
            notes.append(f"{facts.clip.name}: {clip.annotator} has it twice in the file; the first one counts")
            continue
        try:
            mine[key] = ClipAnnotation(facts.clip, tuple(targets), clip.state, clip.note, clip.reason)
        except ValueError as error:
            notes.append(f"{facts.clip.name}: left out: {error}")
    return Bound({who: tuple(said.values()) for who, said in found.items()}, ways, tuple(notes))


def _bound_all(clip: LooseClip, facts: ClipFacts, looks: Looks) -> list[tuple[VafTarget, str] | str]:
    """Return each target in the clip as it is, and how its frame was found; or why it cannot be."""
    table, same = facts.table, clip.pictures == facts.clip.pictures
    whole = [] if same else [t for t in clip.targets if isinstance(t, VafTarget)]
    again = iter(find_again([t.at for t in whole], table, looks) if whole else [])
    found: list[tuple[VafTarget, str] | str] = []
    for target in clip.targets:
        try:
            if isinstance(target, LooseTarget):
                found.append(_bound_loose(target, clip, table, looks))
            else:
                found.append((target, "exact") if same else _bound_whole(target, next(again), table, looks))
        except ValueError as error:
            found.append(str(error))
    return found


def _bound_whole(target: VafTarget, again: Found, table: FrameTable, looks: Looks) -> tuple[VafTarget, str]:
    if again.frame is None:
        raise ValueError(
            f"the frame at {target.at.seconds:.2f} s is not in this file (off by {again.levels:.1f} levels at best)"
        )
    return moved_to(target, again.frame, table, looks), again.how


def _bound_loose(target: LooseTarget, clip: LooseClip, table: FrameTable, looks: Looks) -> tuple[VafTarget, str]:
    if target.seconds is None:
        return _made(target, _by_number(target, clip, len(table)), table, looks), "number"
    if not 0 <= target.seconds <= table.duration_s:
        raise ValueError(f"{target.seconds:.2f} s is outside the clip of {table.duration_s:.2f} s")
    return _made(target, table.index_at(target.seconds), table, looks), "time"


def _by_number(target: LooseTarget, clip: LooseClip, frames: int) -> int:
    if target.frame is None:
        raise ValueError("it has neither time nor frame")
    if clip.frames is not None and clip.frames != frames:
        raise ValueError(
            f"the file counts {clip.frames} frames and the clip has {frames}, so frame {target.frame} may be any other"
        )
    if not 0 <= target.frame < frames:
        raise ValueError(f"frame {target.frame} is outside 0..{frames - 1}")
    return target.frame


def _made(target: LooseTarget, frame: int, table: FrameTable, looks: Looks) -> VafTarget:
    at = moment_at(table, looks, frame)
    last = len(table) - 1

    def ticks(other: int | None) -> int:
        index = frame if other is None else min(max(other, 0), last)
        return int(table.pts[index]) - int(table.pts[0])

    early, late = min(ticks(target.early), at.pts), max(ticks(target.late), at.pts)
    hold = None if target.hold is None else max(ticks(target.hold), at.pts)
    return VafTarget(target.id, at, target.place, at.pts, early, late, hold, target.subject, target.reason)


def moved_to(target: VafTarget, frame: int, table: FrameTable, looks: Looks) -> VafTarget:
    """Return a target at another frame (of another file); its other times move along."""
    at = moment_at(table, looks, frame)
    was = target.at.pts * target.at.time_base

    def ticks(old: int) -> int:
        away: Fraction = old * target.at.time_base - was
        return max(at.pts + round(away / at.time_base), 0)

    return replace(
        target,
        at=at,
        arrive=min(ticks(target.arrive), at.pts),
        early=min(ticks(target.early), at.pts),
        late=max(ticks(target.late), at.pts),
        hold=None if target.hold is None else max(ticks(target.hold), at.pts),
    )


def place_in(numbers: Sequence[float], size_px: tuple[float, float]) -> Point | Box:
    """Return pixels [x, y] or [x, y, width, height] as a place in 0..1, cut at the picture's edge; ValueError."""
    width, height = size_px
    if not (width > 0 and height > 0) or not all(math.isfinite(n) for n in (*numbers, width, height)):
        raise ValueError("a place or the size of the picture is no usable number")
    if len(numbers) == 2:
        return Point(numbers[0] / width, numbers[1] / height)
    box = Box(numbers[0] / width, numbers[1] / height, numbers[2] / width, numbers[3] / height).clipped()
    if box.area <= 0:
        raise ValueError("a box lies outside the picture or has no extent")
    return box
