"""What was read from another program's file, and the one edit that puts it into a project, matched by time.

Frame numbers mean nothing in another clip or at another rate: a target goes to the frame that begins nearest to its
time. Nothing is left out in silence: what could not be used is told in `notes`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.document.encoding import decode
from rvr_laaf_app.document.interchange.sheet import CurveSamples
from rvr_laaf_app.document.interchange.timing import Moment, frames_of, half_tick_s, nearest_frame, usual_step_s
from rvr_laaf_app.document.limits import MAX_FRAMES, MAX_TARGETS, check_number
from rvr_laaf_app.document.project import DEFAULT_PULL_FRAMES, FocusTarget, Project, SubjectTrack
from rvr_laaf_app.document.strict_json import JsonObject

LATEST_S = 1e7  # of a target: four months
LONGEST_PULL_S = 1e12
_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class Incoming:
    """A file that was read and found sane, not yet matched to a clip.

    project: its targets, tracks and lens, with the frame numbers of the clip it was made for. moments: by target id.
    track_times: seconds of each row of a track, by target id. curve with curve_seconds [N]: as written there.
    """

    project: Project
    moments: Mapping[str, Moment]
    has_lens: bool = False
    track_times: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    curve: CurveSamples | None = None
    curve_seconds: NDArray[np.float64] | None = None
    fingerprint: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The project after an import; taken: ids of the targets that are in it now; notes: what to tell the user."""

    project: Project
    taken: tuple[str, ...]
    notes: tuple[str, ...]


def incoming_of(
    items: list[tuple[JsonObject, Moment]],
    *,
    lens: JsonObject | None = None,
    tracks: JsonObject | None = None,
    notes: tuple[str, ...] = (),
) -> Incoming:
    """Return checked targets; each item is a target as in a project file, without frame and pull_frames.

    tracks: as in a project file. Fields that are not known go into the metadata of `project`. Raises ValueError that
    names the field.
    """
    targets, moments = [], {}
    for place, (values, moment) in enumerate(items):
        named = {**values, "id": values.get("id") or _made_up_id(values, moment)}
        check_number(f"targets[{place}].seconds", moment.seconds, -LATEST_S, LATEST_S)
        if moment.pull_seconds is not None:
            check_number(f"targets[{place}].pull_seconds", moment.pull_seconds, 0.0, LONGEST_PULL_S)
        for name, count in (("frame", moment.frame), ("pull_frames", moment.pull_frames)):
            if count is not None:
                check_number(f"targets[{place}].{name}", count, 0, MAX_FRAMES)
        pull = DEFAULT_PULL_FRAMES if moment.pull_frames is None else moment.pull_frames
        targets.append({**named, "frame": moment.frame or 0, "pull_frames": pull})
        moments[named["id"] if isinstance(named["id"], str) else ""] = moment
    project = decode({"targets": targets, "tracks": tracks or {}, "lens": lens or {}})
    return Incoming(project, moments, has_lens=lens is not None, notes=notes)


def _made_up_id(values: JsonObject, moment: Moment) -> str:
    """The same target read twice is the same target."""
    text = f"{moment.seconds!r}|{values.get('point')}|{values.get('box')}"
    return f"i{hashlib.blake2b(text.encode(errors='replace'), digest_size=4).hexdigest()}"


def import_into(
    project: Project, incoming: Incoming, table: FrameTable, *, replace_all: bool = False, with_lens: bool = False
) -> Outcome:
    """Return the project with the targets of `incoming` placed by time in the clip of `table`.

    A target with the id of one in the project takes its place, others are added; replace_all: the others go. One
    edit: `document.apply("Import", lambda p: import_into(p, ...).project)`. Raises UsageError if nothing can be used.
    """
    placed, outside = _placed(incoming, table)
    if not placed and not (with_lens and incoming.has_lens):
        raise UsageError(_nothing(incoming, outside))
    kept = () if replace_all else tuple(t for t in project.targets if t.id not in placed)
    if len(kept) + len(placed) > MAX_TARGETS:
        raise UsageError(f"a project has at most {MAX_TARGETS} targets")
    edited = project.with_targets((*kept, *placed.values()))
    tracks = {t.target_id: t for t in edited.tracks}
    tracks |= _tracks(incoming, placed, table)
    edited = replace(edited, tracks=tuple(tracks[i] for i in sorted(tracks)))
    if with_lens and incoming.has_lens:
        edited = replace(edited, lens=incoming.project.lens)
    metadata = dict(project.metadata) | _unknown_fields(incoming, placed)
    edited = replace(edited, metadata=tuple(sorted(metadata.items())))
    notes = [*incoming.notes, *_notes(project, incoming, outside)]
    return Outcome(project if edited == project else edited, tuple(sorted(placed)), tuple(notes))


def _placed(incoming: Incoming, table: FrameTable) -> tuple[dict[str, FocusTarget], list[FocusTarget]]:
    placed, outside = {}, []
    for target in incoming.project.targets:
        found = frames_of(table, incoming.moments[target.id])
        if found is None:
            outside.append(target)
        else:
            placed[target.id] = replace(target, frame=found[0], pull_frames=found[1])
    return placed, outside


def _tracks(incoming: Incoming, placed: Mapping[str, FocusTarget], table: FrameTable) -> dict[str, SubjectTrack]:
    """Return the tracks of the file on the frames of this clip: each frame takes the row nearest in time."""
    tracks = {}
    for track in incoming.project.tracks:
        target, times = placed.get(track.target_id), incoming.track_times.get(track.target_id)
        if target is None or times is None or len(times) == 0:
            continue
        start = nearest_frame(table, float(times[0]), track.start)
        rows = _rows_of(times, table, min(max(start, 0), len(table)))
        if start >= 0 and len(rows):
            fits = _fits(track, incoming)
            place = (target.frame, target.place) if fits else track.for_place
            led = target.corrections if fits else ()
            boxes, confidence = track.boxes[rows].copy(), track.confidence[rows].copy()
            tracks[track.target_id] = SubjectTrack(track.target_id, start, boxes, confidence, track.by, place, led)
    return tracks


def _rows_of(times: NDArray[np.float64], table: FrameTable, start: int) -> NDArray[np.int64]:
    """Return which row of a track each frame from `start` on takes, as far as the track goes (its last row lasts)."""
    ours = table.times_s[start:]
    same = ours[: len(times)]
    if len(same) == len(times) and np.all(np.abs(same - times) <= half_tick_s(table, table.duration_s)):
        return np.arange(len(times))
    reach = usual_step_s(table)
    lasts = float(np.median(np.diff(times))) if len(times) > 1 else reach
    stop = int(np.searchsorted(ours, times[-1] + max(lasts - 0.5 * reach, 0.0), side="right"))
    return _nearest(times, ours[:stop])


def _fits(track: SubjectTrack, incoming: Incoming) -> bool:
    """True if the track says that it belongs to the place where its target is in the file."""
    target, frame = incoming.project.target(track.target_id), incoming.moments[track.target_id].frame
    if track.for_place is None or target is None:
        return False
    return track.for_place[1] == target.place and frame in (None, track.for_place[0])


def _nearest(times: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.int64]:
    after = np.clip(np.searchsorted(times, wanted), 0, len(times) - 1)
    before = np.maximum(after - 1, 0)
    closer = np.abs(times[before] - wanted) < np.abs(times[after] - wanted)
    return np.where(closer, before, after).astype(np.int64)


def _unknown_fields(incoming: Incoming, placed: Mapping[str, FocusTarget]) -> dict[str, str]:
    """Return the unknown fields of the targets that are taken, by their place in a project file."""
    heads = tuple(f"/targets/{i.replace('~', '~0').replace('/', '~1')}/" for i in placed)
    return {place: text for place, text in incoming.project.metadata if heads and place.startswith(heads)}


def _notes(project: Project, incoming: Incoming, outside: list[FocusTarget]) -> list[str]:
    notes = []
    if outside:
        notes.append(f"{_named(outside)} outside this clip and left out")
    other = project.clip is not None and project.clip.fingerprint not in ("", incoming.fingerprint)
    if incoming.fingerprint and other:
        notes.append("the file was made for another clip; targets were placed by their time")
    strange = [p for p, _ in incoming.project.metadata if not p.startswith("/targets/")]
    if strange:
        notes.append(f"not understood and left out: {', '.join(strange[:_SHOWN])[:200]}")
    return notes


def _named(targets: list[FocusTarget]) -> str:
    names = ", ".join(t.id[:40] for t in targets[:_SHOWN])
    more = ", ..." if len(targets) > _SHOWN else ""
    return f"{len(targets)} target{' lies' if len(targets) == 1 else 's lie'} ({names}{more})"


def _nothing(incoming: Incoming, outside: list[FocusTarget]) -> str:
    if outside:
        return "none of the targets lies inside this clip"
    if incoming.curve is not None:
        return "this is a focus curve without targets; a project keeps targets and derives the curve from them"
    return "; ".join(("there are no focus targets in this file", *incoming.notes))
