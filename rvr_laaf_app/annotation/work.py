"""A folder of clips to work through: which there are, which cannot be used and why, and what an annotator does next.

Each clip is decoded once, at a small size, for the looks of its frames and its cuts. What was found lies in the folder
`vaf` and is taken from there until the file changes. What people say about the clips is `store`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final

import numpy as np

from rvr_laaf_app.annotation.encoding import check_schema, decode_identity, encode_identity, fraction_of
from rvr_laaf_app.annotation.looks import Looks, look_of, pictures_of
from rvr_laaf_app.annotation.schema import (
    LOOK_SIDE,
    MAX_CLIPS,
    MAX_TEXT,
    MAX_TICKS,
    SCHEMA,
    ClipIdentity,
    check_time_base,
)
from rvr_laaf_app.annotation.store import FOLDER, Said
from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.core.errors import MediaError, ProjectError, UsageError
from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object, read_bytes
from rvr_laaf_app.media.probe import ClipInfo, fingerprint, probe
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.shots import CutFinder, small_size

CLIPS_FILE: Final = "clips.json"
VIDEO: Final = frozenset({".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".ogv"})
SHORTEST_S: Final = 1.0
_STEP: Final = re.compile(r"([0-9]{1,15})(?:\*([0-9]{1,9}))?")
LONGEST_FRAMES: Final = 200_000  # 51 MB of looks: more than an hour and a half


@dataclass(frozen=True, slots=True, eq=False)
class ClipFacts:
    """A clip of the folder. pts [frames]: ticks of time_base after the first frame; cuts: frames where shots begin.

    set_aside: why it is not to be annotated, "" if it is; kept: a person looked and wants it all the same.
    """

    clip: ClipIdentity
    pts: tuple[int, ...]
    end_pts: int
    time_base: Fraction
    cuts: tuple[int, ...]
    set_aside: str = ""
    kept: bool = False

    @property
    def table(self) -> FrameTable:
        """Index <-> time of the clip."""
        return FrameTable(np.array(self.pts, np.int64), self.time_base, end_pts=self.end_pts)

    @property
    def usable(self) -> bool:
        """True if it is to be annotated."""
        return self.kept or not self.set_aside


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file of the folder that cannot be used at all, and why."""

    name: str
    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What is in a folder of clips. copies: name -> the clip before it that shows the same frames."""

    clips: tuple[ClipFacts, ...]
    unreadable: tuple[Unreadable, ...] = ()
    copies: tuple[tuple[str, str], ...] = ()

    def by_pictures(self) -> Mapping[str, ClipFacts]:
        """Return the clips by their key."""
        return {f.clip.pictures: f for f in self.clips}

    def named(self, name: str) -> ClipFacts | None:
        """Return the clip of this name: whole, or without folder and ending if that is unambiguous."""
        exact = [f for f in self.clips if f.clip.name == name]
        loose = [f for f in self.clips if name in (Path(f.clip.name).name, Path(f.clip.name).stem)]
        found = exact or loose
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One step of a survey: `done` of `total` files, the last one called `name`."""

    done: int
    total: int
    name: str
    survey: Survey


def find_clips(folder: Path) -> list[str]:
    """Return the names of the video files in a folder and below, sorted; hidden ones and `vaf` left out."""
    if not folder.is_dir():
        raise UsageError("this is not a folder of clips", where=folder)
    names = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != FOLDER)
        inner = Path(place).relative_to(folder)
        names += [(inner / f).as_posix() for f in files if not f.startswith(".") and Path(f).suffix.lower() in VIDEO]
        if len(names) > MAX_CLIPS:
            raise UsageError(f"there are more than {MAX_CLIPS} clips", where=folder)
    return sorted(names)


def survey(folder: Path) -> Iterator[Surveyed]:
    """Look at every clip of a folder, step by step; what was seen before and has not changed is not decoded again.

    The record is on the disk after each new clip. ProjectError if it cannot be written.
    """
    known = load_survey(folder)
    facts_by_file = {f.clip.file: f for f in known.clips}
    bad_by_file = {(u.name, u.file): u for u in known.unreadable}
    names = find_clips(folder)
    clips: list[ClipFacts] = []
    bad: list[Unreadable] = []
    copies: list[tuple[str, str]] = []
    seen: dict[str, str] = {}
    for number, name in enumerate(names):
        found = _seen_before(folder, name, facts_by_file, bad_by_file)
        new = found is None
        found = found or _look_at(folder, name)
        if isinstance(found, Unreadable):
            bad.append(found)
        elif found.clip.pictures in seen:
            copies.append((name, seen[found.clip.pictures]))
        else:
            seen[found.clip.pictures] = name
            clips.append(found)
        state = Survey(tuple(clips), tuple(bad), tuple(copies))
        if new:
            _save(folder, _joined(state, known, set(names[number + 1 :])))
        yield Surveyed(number + 1, len(names), name, state)
    final = Survey(tuple(clips), tuple(bad), tuple(copies))
    if not names or _values(final) != _values(known):
        _save(folder, final)
        yield Surveyed(len(names), len(names), "", final)


def surveyed(folder: Path) -> Survey:
    """Return what is in a folder, looking at what is new."""
    found = Survey(())
    for step in survey(folder):
        found = step.survey
    return found


def load_survey(folder: Path) -> Survey:
    """Return what the last survey found; nothing if there was none or its record is damaged (it is made again)."""
    path = folder / FOLDER / CLIPS_FILE
    try:
        fields = Fields(parse_object(read_bytes(path)))
        check_schema(fields)
        clips = tuple(_facts_of(row, f"clips[{n}]") for n, row in enumerate(fields.items("clips")))
        bad = tuple(_unreadable_of(row, f"unreadable[{n}]") for n, row in enumerate(fields.items("unreadable")))
        pairs = [Fields(row, "copies") for row in fields.items("copies")]
        return Survey(clips, bad, tuple((p.text("name"), p.text("of")) for p in pairs))
    except (OSError, ValueError):
        return Survey(())


def looks_of(folder: Path, facts: ClipFacts) -> Looks:
    """Return the looks of a clip [frames, 16, 16], from the record or by decoding the clip."""
    path = _looks_path(folder, facts.clip.pictures)
    with contextlib.suppress(OSError, ValueError):
        looks = np.frombuffer(read_bytes(path), np.uint8).reshape(-1, LOOK_SIDE, LOOK_SIDE)
        if pictures_of(looks) == facts.clip.pictures:
            return looks
    looks, _ = _decode(probe(folder / facts.clip.name))
    if pictures_of(looks) != facts.clip.pictures:
        raise MediaError("the clip has changed since it was looked at", where=folder / facts.clip.name)
    _write(path, looks.tobytes())
    return looks


def decide(folder: Path, pictures: str, *, kept: bool, reason: str = "") -> Survey:
    """Keep a clip that was set aside, or set one aside for a reason; written at once. KeyError if there is none."""
    before = load_survey(folder)
    facts = before.by_pictures()[pictures]
    reason = reason or facts.set_aside or "set aside by hand"
    new = replace(facts, kept=kept, set_aside=reason[:MAX_TEXT] if not kept else facts.set_aside)
    after = replace(before, clips=tuple(new if f is facts else f for f in before.clips))
    _save(folder, after)
    return after


def queue_for(annotator: str, clips: Iterable[ClipFacts], said: Said) -> list[ClipFacts]:
    """Return what an annotator still has to do: usable clips neither done nor set aside by them.

    The order is each annotator's own and stable, so that hidden check clips lie anywhere and tiredness hits different
    clips; a clip that was begun comes first.
    """

    def order(facts: ClipFacts) -> tuple[bool, str]:
        key = facts.clip.pictures
        return key not in said, hashlib.blake2b(f"{annotator}\n{key}".encode(), digest_size=8).hexdigest()

    left = [f for f in clips if f.usable and (f.clip.pictures not in said or said[f.clip.pictures].state == "open")]
    return sorted(left, key=order)


def _seen_before(
    folder: Path, name: str, facts: Mapping[str, ClipFacts], bad: Mapping[tuple[str, str], Unreadable]
) -> ClipFacts | Unreadable | None:
    try:
        file = fingerprint(folder / name)
    except MediaError:
        return None
    if file in facts:
        found = facts[file]
        return replace(found, clip=replace(found.clip, name=name))
    return bad.get((name, file))


def _look_at(folder: Path, name: str) -> ClipFacts | Unreadable:
    """Decode a clip once."""
    path, file = folder / name, ""
    try:
        file = fingerprint(path)
        info = probe(path)
        if info.kind != "video" or info.table is None:
            raise MediaError("it has no moving pictures", where=path)
        if info.frames > LONGEST_FRAMES:
            raise MediaError(f"it has more than {LONGEST_FRAMES} frames", where=path, remedy="Cut it into clips.")
        looks, cuts = _decode(info)
        table = info.table
        check_time_base(table.time_base)
        clip = ClipIdentity(name, file, pictures_of(looks), len(table), table.duration_s, info.display_size)
    except (MediaError, ValueError) as error:
        what = error.what if isinstance(error, MediaError) else str(error)
        return Unreadable(name, file, what[:MAX_TEXT])
    _write(_looks_path(folder, clip.pictures), looks.tobytes())
    pts = tuple(int(p) - int(table.pts[0]) for p in table.pts)
    reason = _why_set_aside(info, cuts, table)
    return ClipFacts(clip, pts, table.end_pts - int(table.pts[0]), table.time_base, tuple(cuts), reason)


def _decode(info: ClipInfo) -> tuple[Looks, list[int]]:
    """Return the looks of all frames, and where shots begin."""
    finder = CutFinder()
    looks, cuts = [], []
    with ClipReader(info, size=small_size(*info.display_size)) as reader:
        for frame in reader.frames():
            looks.append(look_of(frame.rgb))
            if finder.push(frame.rgb):
                cuts.append(frame.index)
    return np.stack(looks), cuts


def _why_set_aside(info: ClipInfo, cuts: list[int], table: FrameTable) -> str:
    if cuts:
        times = ", ".join(f"{table.seconds_of(c):.2f} s" for c in cuts[:5]) + (", ..." if len(cuts) > 5 else "")
        return f"{len(cuts)} jump cut{'s' if len(cuts) > 1 else ''} at {times}"
    if info.damaged:
        return "parts of it cannot be decoded"
    if table.duration_s < SHORTEST_S:
        return f"it lasts only {table.duration_s:.2f} s"
    return ""


def _joined(state: Survey, known: Survey, ahead: set[str]) -> Survey:
    """Add what is known of the files that were not looked at yet, so that a stopped survey loses nothing."""
    clips = (*state.clips, *(f for f in known.clips if f.clip.name in ahead))
    return replace(
        state, clips=clips, unreadable=(*state.unreadable, *(u for u in known.unreadable if u.name in ahead))
    )


def _looks_path(folder: Path, pictures: str) -> Path:
    return folder / FOLDER / "looks" / f"{pictures}.luma"


def _save(folder: Path, found: Survey) -> None:
    _write(folder / FOLDER / CLIPS_FILE, (json.dumps(_values(found), allow_nan=False) + "\n").encode())


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, content)
    except OSError as error:
        what = f"what was found out about the clips cannot be written ({error.strerror or error})"
        raise ProjectError(
            what, where=path, remedy="Check the permissions of the folder and the free space."
        ) from error


def _values(found: Survey) -> JsonObject:
    return {
        "schema": SCHEMA,
        "clips": [
            {
                **encode_identity(f.clip),
                "time_base": f"{f.time_base.numerator}/{f.time_base.denominator}",
                "steps": _steps_text(f.pts),
                "end_pts": f.end_pts,
                "cuts": list(f.cuts),
                "set_aside": f.set_aside,
                "kept": int(f.kept),
            }
            for f in found.clips
        ],
        "unreadable": [{"name": u.name, "file": u.file, "reason": u.reason} for u in found.unreadable],
        "copies": [{"name": name, "of": other} for name, other in found.copies],
    }


def _facts_of(row: object, where: str) -> ClipFacts:
    fields = Fields(row, where)
    clip = decode_identity(fields, where)
    pts, cuts = _pts_of(fields.text("steps"), clip.frames), _integers(fields, "cuts")
    if any(not 0 < c < clip.frames for c in cuts):
        raise ValueError(f"{where}: the cuts do not fit the clip")
    facts = ClipFacts(
        clip,
        pts,
        fields.integer("end_pts"),
        fraction_of(fields.text("time_base")),
        cuts,
        fields.text("set_aside"),
        bool(fields.integer("kept")),
    )
    check_time_base(facts.time_base)
    return facts


def _steps_text(pts: tuple[int, ...]) -> str:
    """Write the steps from frame to frame: "512*299", or "33*2 34" where they vary."""
    runs = [(step, len(list(same))) for step, same in groupby(b - a for a, b in pairwise(pts))]
    return " ".join(f"{step}*{count}" if count > 1 else str(step) for step, count in runs)


def _pts_of(text: str, frames: int) -> tuple[int, ...]:
    """Read what `_steps_text` wrote, for so many frames."""
    pts = [0]
    for part in text.split():
        found = _STEP.fullmatch(part)
        if found is None or len(pts) + int(found[2] or 1) > min(frames, LONGEST_FRAMES):
            raise ValueError("the steps do not fit the clip")
        for _ in range(int(found[2] or 1)):
            pts.append(pts[-1] + int(found[1]))
    if len(pts) != frames or pts[-1] > MAX_TICKS:
        raise ValueError("the steps do not fit the clip")
    return tuple(pts)


def _integers(fields: Fields, key: str) -> tuple[int, ...]:
    values = fields.items(key)
    if not all(isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 2**62 for v in values):
        raise ValueError(f"{fields.name(key)} must hold whole numbers")
    return tuple(v for v in values if isinstance(v, int))


def _unreadable_of(row: object, where: str) -> Unreadable:
    fields = Fields(row, where)
    return Unreadable(fields.text("name"), fields.text("file"), fields.text("reason"))
