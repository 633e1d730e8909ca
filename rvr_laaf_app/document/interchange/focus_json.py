"""Our own open format: targets, tracks, lens and focus curve as JSON with times, for any program to read and write.

    {"schema": "rvr-laaf.focus", "version": 1, "program": "...",
     "clip": {"name", "fingerprint", "frames", "time_base": "1/30000", "first_pts", "duration_seconds",
              "rate": "30000/1001", "width", "height"},
     "lens": {as in a project file},
     "targets": [{"id", "seconds", "pull_seconds", "point": [x, y] or "box": [x, y, width, height],
                  "ease", "strength", "tracker", "source", "reason", "name"?, "frame", "pts", "pull_frames"}],
     "tracks": {"columns": [...], "targets": {ID: {"by", "for": {"seconds", place}, "rows": [[...], ...]}}},
     "curve": {"columns": [...], "states": ["hold", "follow", "pull"], "rows": [[...], ...]}}

Carries everything; needed are schema, version and, of a target, seconds and point or box. `seconds` count from the
first frame and are what is read: the subject is sharp then and from then on, the pull began `pull_seconds` before.
`frame`, `pull_frames` and `pts` (ticks of the clip's time_base, not shifted) are for programs that count; a frame
number is believed only where it agrees with the seconds. Places are fractions of the upright picture, origin top left.
`focus_disparity` is relative to each shot, 1 = nearest; `focus_distance_m` is nominal (null = infinite). Unknown
fields of a target are kept in the project and written again; other unknown fields are told. Cannot carry: depth maps.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from rvr_laaf_app import __version__
from rvr_laaf_app.document.encoding import encode, encode_lens, encode_place, encode_track
from rvr_laaf_app.document.interchange.incoming import Incoming, incoming_of
from rvr_laaf_app.document.interchange.sheet import STATES, CurveSamples, FocusSheet, What, distance_m
from rvr_laaf_app.document.interchange.timing import Moment, moment_of, nominal_rate, seconds_of
from rvr_laaf_app.document.limits import MAX_TRACK_FRAMES, check_number
from rvr_laaf_app.document.project import Project, SubjectTrack
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object

SCHEMA = "rvr-laaf.focus"
VERSION = 1
CURVE_COLUMNS = ("frame", "pts", "seconds", "focus_disparity", "f_number", "state", "focus_distance_m")
TRACK_COLUMNS = ("frame", "seconds", "x", "y", "width", "height", "confidence")
_KNOWN = ("schema", "version", "program", "clip", "lens", "targets", "tracks", "curve")


def write_json(sheet: FocusSheet, what: What) -> bytes:
    """Return the file. It is parsed again before it is given away; ValueError if this program could not read it."""
    values: JsonObject = {
        "schema": SCHEMA,
        "version": VERSION,
        "program": f"rvr-laaf {__version__}",
        "clip": _clip(sheet),
        "lens": encode_lens(sheet.project.lens),
    }
    if what != "curve":
        values["targets"] = target_values(sheet)
        if sheet.with_tracks and sheet.project.tracks:
            values["tracks"] = _tracks(sheet)
    if what != "targets":
        values["curve"] = curve_values(sheet)
    data = _layout(values)
    read_json(data)
    return data


def read_json(data: bytes) -> Incoming:
    """Return what the file holds; ValueError naming the field for whatever is not a sane file of version 1."""
    values = parse_object(data)
    fields = Fields(values)
    if fields.text("schema") != SCHEMA:
        raise ValueError(f"schema must be {SCHEMA!r}; this is no focus file")
    version = fields.integer("version")
    if version != VERSION:
        newer = " and was written by a newer version of this program" if version > VERSION else ""
        raise ValueError(f"the file has version {version}, which is not known here (only {VERSION} is){newer}")
    clip, notes = fields.inner("clip"), []
    items = [_target(item, f"targets[{n}]") for n, item in enumerate(fields.items("targets"))]
    tracks, track_times = _read_tracks(fields.inner("tracks"))
    lens = fields.raw("lens")
    if lens is not None and not isinstance(lens, dict):
        raise ValueError("lens must be an object")
    unknown = [key for key in values if key not in _KNOWN]
    if unknown:
        notes.append(f"not understood and left out: {', '.join(unknown)[:200]}")
    incoming = incoming_of(items, lens=lens, tracks=tracks, notes=tuple(notes))
    curve, seconds = read_curve(fields.inner("curve"))
    return Incoming(
        incoming.project,
        incoming.moments,
        has_lens=lens is not None,
        track_times=track_times,
        curve=curve,
        curve_seconds=seconds,
        fingerprint=clip.text("fingerprint", ""),
        notes=incoming.notes,
    )


def target_values(sheet: FocusSheet) -> list[JsonObject]:
    """Return the targets as in a project file, with their times."""
    encoded = encode(Project(targets=sheet.project.targets, metadata=_of_targets(sheet.project)))["targets"]
    listed = []
    for target, values in zip(sheet.project.targets, encoded, strict=True):
        moment = moment_of(sheet.table, target.frame, target.pull_frames)
        times = {"id": target.id, "seconds": moment.seconds, "pull_seconds": moment.pull_seconds}
        inside = target.frame < len(sheet.table)
        pts = int(sheet.table.pts[target.frame]) if inside else None
        listed.append({**times, **{k: v for k, v in values.items() if k != "id"}, "pts": pts})
    return listed


def target_of(fields: Fields) -> tuple[JsonObject, Moment]:
    """Take the times out of a target's fields; return the rest, as in a project file, and the moment."""
    moment = Moment(
        fields.real("seconds"),
        fields.optional_real("pull_seconds"),
        fields.integer("frame") if fields.has("frame") else None,
        fields.integer("pull_frames") if fields.has("pull_frames") else None,
    )
    fields.raw("pts")
    return fields.rest(), moment


def curve_values(sheet: FocusSheet) -> JsonObject:
    """Return the focus curve as a table with named columns."""
    curve, table = sheet.samples, sheet.table
    metres = distance_m(curve.focus_disparity, sheet.project.lens.lens)
    rows = [
        [
            index,
            int(table.pts[index]),
            seconds_of(table, index),
            _short(curve.focus_disparity[index]),
            _short(curve.f_number[index]),
            STATES[int(curve.state[index])],
            round(float(metres[index]), 6) if math.isfinite(metres[index]) else None,
        ]
        for index in range(len(curve))
    ]
    return {"columns": list(CURVE_COLUMNS), "states": list(STATES), "rows": rows}


def read_curve(fields: Fields) -> tuple[CurveSamples | None, Any]:
    """Return (curve, seconds [N]) of `curve_values`, (None, None) if there is none. Columns may come in any order."""
    if not fields.has("rows"):
        return None, None
    names = _columns(fields, ("seconds", "focus_disparity", "f_number", "state"))
    rows = _rows(fields, len(names))
    by_name = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    states = by_name["state"]
    wrong = next((s for s in states if s not in STATES), None)
    if wrong is not None:
        raise ValueError(f"{fields.name('rows')}: state must be one of {', '.join(STATES)}, not {str(wrong)[:40]!r}")
    seconds = np.array(_numbers(by_name["seconds"], fields.name("rows")), np.float64)
    planes = np.array(_numbers(by_name["focus_disparity"], fields.name("rows")), np.float32)
    f_numbers = np.array(_numbers(by_name["f_number"], fields.name("rows")), np.float32)
    return CurveSamples(planes, np.array([STATES.index(s) for s in states], np.uint8), f_numbers), seconds


def _clip(sheet: FocusSheet) -> JsonObject:
    table, clip = sheet.table, sheet.project.clip
    return {
        "name": sheet.clip_name,
        "fingerprint": "" if clip is None else clip.fingerprint,
        "frames": len(table),
        "time_base": str(table.time_base),
        "first_pts": int(table.pts[0]),
        "duration_seconds": table.duration_s,
        "rate": str(nominal_rate(table)),
        "width": sheet.size[0],
        "height": sheet.size[1],
    }


def _of_targets(project: Project) -> tuple[tuple[str, str], ...]:
    return tuple((place, text) for place, text in project.metadata if place.startswith("/targets/"))


def _target(item: object, name: str) -> tuple[JsonObject, Moment]:
    return target_of(Fields(item, name))


def _tracks(sheet: FocusSheet) -> JsonObject:
    table, tracks = sheet.table, {}
    for track in sheet.project.tracks:
        rows = [
            [track.start + n, seconds_of(table, track.start + n), *map(_short, box), _short(seen)]
            for n, (box, seen) in enumerate(zip(track.boxes, track.confidence, strict=True))
        ]
        made_for = None
        if track.for_place is not None:
            frame, place = track.for_place
            made_for = {"frame": frame, **encode_place(place)}
        tracks[track.target_id] = {"by": track.by, "start": track.start, "for": made_for, "rows": rows}
    return {"columns": list(TRACK_COLUMNS), "targets": tracks}


def _read_tracks(fields: Fields) -> tuple[JsonObject, dict[str, Any]]:
    """Return the tracks as in a project file (its own checks follow), and the seconds of their rows."""
    tracks, times = {}, {}
    inner = fields.inner("targets")
    ids = list(inner.rest())
    names = _columns(fields, TRACK_COLUMNS[1:]) if ids else []
    for target_id in ids:
        track = inner.inner(target_id)
        rows = _rows(track, len(names))
        name = track.name("rows")
        table = np.array([_numbers(row, name) for row in rows], np.float64).reshape(len(rows), len(names))
        with np.errstate(over="ignore"):
            numbers = table[:, [names.index(c) for c in TRACK_COLUMNS[2:]]].astype(np.float32)
        if not np.isfinite(numbers).all():
            raise ValueError(f"{name} holds a number that is too large")
        seconds = table[:, names.index("seconds")]
        if np.any(np.diff(seconds) < 0):
            raise ValueError(f"{name}: seconds must not decrease")
        start = track.integer("start", 0)
        check_number(track.name("start"), start, 0, MAX_TRACK_FRAMES)
        made = SubjectTrack(target_id, start, numbers[:, :4].copy(), numbers[:, 4].copy())
        tracks[target_id] = {**encode_track(made), "by": track.text("by", "kcf"), "for": track.raw("for")}
        times[target_id] = seconds
    return tracks, times


def _columns(fields: Fields, needed: Iterable[str]) -> list[str]:
    names = [str(c) for c in fields.items("columns")]
    missing = [c for c in needed if c not in names]
    if missing:
        raise ValueError(f"{fields.name('columns')} lacks {', '.join(missing)}")
    return names


def _rows(fields: Fields, width: int) -> list[list[object]]:
    rows = fields.items("rows")
    for row in rows:
        if not isinstance(row, list) or len(row) != width:
            raise ValueError(f"{fields.name('rows')} must hold lists of {width} values")
    return rows  # type: ignore[return-value]


def _numbers(values: Iterable[object], name: str) -> list[float]:
    numbers = []
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} must hold numbers, not {str(value)[:40]!r}")
        numbers.append(float(value))
    return numbers


def _short(value: np.floating[Any]) -> float:
    """Return a float32 as the shortest number that is still the same."""
    return float(str(np.float32(value)))


def _layout(values: JsonObject) -> bytes:
    """One line for each target and each row: easy to read, easy to compare."""
    lines = [f" {json.dumps(key)}: {_block(value, 1)}" for key, value in values.items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _block(value: object, depth: int) -> str:
    pad = " " * depth
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        return "[\n" + ",\n".join(f"{pad} {_text(v)}" for v in value) + f"\n{pad}]"
    if isinstance(value, dict) and any(isinstance(v, dict | list) for v in value.values()) and depth < 4:
        return "{\n" + ",\n".join(f"{pad} {_text(k)}: {_block(v, depth + 1)}" for k, v in value.items()) + f"\n{pad}}}"
    return _text(value)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
