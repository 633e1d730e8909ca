"""OpenTimelineIO: a timeline with one clip whose markers are the focus targets. Written and read as OTIO's JSON.

Carries the targets with all their settings, and the lens (in the metadata "rvr_laaf" of marker and clip), the curve
too if wanted. Cannot carry tracks, and no program turns the markers into focus by itself: OTIO has no standard for
focus or for keyframes. Markers lie at whole frames of a constant rate; the exact time stands beside, and is believed
unless the marker was moved. Programs that drop metadata often keep the comment: it holds the target as one line too
(marker_note). Schemas as OpenTimelineIO 0.18 writes them: Timeline.1, Stack.1, Track.1, Clip.2, ExternalReference.1,
Marker.2, TimeRange.1, RationalTime.1 (opentimelineio.readthedocs.io, "Serialized Schema").
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from rvr_laaf_app.document.encoding import encode_lens
from rvr_laaf_app.document.interchange.focus_json import (
    SCHEMA,
    VERSION,
    curve_values,
    read_curve,
    target_of,
    target_values,
)
from rvr_laaf_app.document.interchange.incoming import LATEST_S, Incoming, incoming_of
from rvr_laaf_app.document.interchange.marker_note import note_of, right_time, target_of_note
from rvr_laaf_app.document.interchange.sheet import FocusSheet, What, label_of
from rvr_laaf_app.document.interchange.timing import Moment, moment_of, nominal_rate
from rvr_laaf_app.document.limits import check_number
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object

KEY = "rvr_laaf"
_COLOURS = {"firm": "GREEN", "soft": "YELLOW", "suggested": "PURPLE"}
_MOVED_FRAMES = 0.51  # rounding to a frame moves a marker by up to half a frame


def write_otio(sheet: FocusSheet, what: What) -> bytes:
    """Return the timeline; `what` is targets or all (with the curve)."""
    rate = nominal_rate(sheet.table)
    frames = max(1, round(float(sheet.table.duration_s * rate)))
    whole = _range(0, frames, rate)
    about: JsonObject = {"schema": SCHEMA, "version": VERSION, "lens": encode_lens(sheet.project.lens)}
    if what == "all":
        about["curve"] = curve_values(sheet)
    clip = {
        "OTIO_SCHEMA": "Clip.2",
        **_item(sheet.clip_name, source_range=whole),
        "metadata": {KEY: about},
        "markers": _markers(sheet, rate),
        "media_references": {"DEFAULT_MEDIA": _reference(sheet, whole)},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }
    track = {"OTIO_SCHEMA": "Track.1", **_item("V1"), "children": [clip], "kind": "Video"}
    timeline = {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {},
        "name": f"{sheet.clip_name} focus",
        "global_start_time": None,
        "tracks": {"OTIO_SCHEMA": "Stack.1", **_item("tracks"), "children": [track]},
    }
    data = (json.dumps(timeline, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    read_otio(data)
    return data


def read_otio(data: bytes) -> Incoming:
    """Return the targets of all markers that hold one; others are counted in the notes. ValueError if damaged."""
    timeline = parse_object(data)
    if not isinstance(timeline.get("OTIO_SCHEMA"), str):
        raise ValueError("OTIO_SCHEMA is missing: this is no OpenTimelineIO file")
    items, strangers = [], 0
    about: JsonObject = {}
    for node, offset_s in _walk(timeline):
        schema = str(node.get("OTIO_SCHEMA", ""))
        if schema.startswith("Marker."):
            found = _target(node, offset_s)
            strangers += found is None
            items += [found] if found else []
        elif schema.startswith("Clip.") and not about:
            about = _ours(node) or {}
    fields = Fields(about, KEY)
    lens = fields.raw("lens")
    notes = (f"{strangers} markers hold no focus target and were left out",) if strangers else ()
    incoming = incoming_of(items, lens=lens if isinstance(lens, dict) else None, notes=notes)
    curve, seconds = read_curve(fields.inner("curve"))
    return Incoming(
        incoming.project,
        incoming.moments,
        has_lens=incoming.has_lens,
        curve=curve,
        curve_seconds=seconds,
        notes=notes,
    )


def _item(name: str, source_range: JsonObject | None = None) -> JsonObject:
    return {"metadata": {}, "name": name, "source_range": source_range, "effects": [], "markers": [], "enabled": True}


def _reference(sheet: FocusSheet, whole: JsonObject) -> JsonObject:
    clip = sheet.project.clip
    return {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {},
        "name": sheet.clip_name,
        "available_range": whole,
        "available_image_bounds": None,
        "target_url": file_url("" if clip is None else clip.path),
    }


def file_url(path: str) -> str:
    """Return a path of this machine as a URL, as editing programs want it."""
    return Path(path).absolute().as_uri() if path else ""


def _markers(sheet: FocusSheet, rate: Fraction) -> list[JsonObject]:
    markers = []
    for target, values in zip(sheet.project.targets, target_values(sheet), strict=True):
        moment = moment_of(sheet.table, target.frame, target.pull_frames)
        markers.append(
            {
                "OTIO_SCHEMA": "Marker.2",
                "metadata": {KEY: {"target": values}},
                "name": label_of(target),
                "color": _COLOURS.get(target.strength, "GREEN"),
                "marked_range": _range(round(moment.seconds * rate), 1, rate),
                "comment": note_of(target, moment),
            }
        )
    return markers


def _range(start: int, duration: int, rate: Fraction) -> JsonObject:
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "duration": {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(duration)},
        "start_time": {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(start)},
    }


def _walk(timeline: JsonObject) -> Iterator[tuple[JsonObject, float]]:
    """Yield every object with the seconds at which the media begins that its markers are counted in."""
    waiting: list[tuple[object, float]] = [(timeline, 0.0)]
    while waiting:
        node, offset_s = waiting.pop()
        if isinstance(node, dict):
            if str(node.get("OTIO_SCHEMA", "")).startswith("Clip."):
                offset_s = _media_start_s(node)
            yield node, offset_s
            inner = [v for k, v in node.items() if k != "metadata"]
        else:
            inner = node if isinstance(node, list) else []
        waiting.extend((v, offset_s) for v in reversed(inner) if isinstance(v, dict | list))


def _media_start_s(clip: JsonObject) -> float:
    """Return where the clip's media begins on its own clock (its time code), 0 if it does not say."""
    references = clip.get("media_references")
    reference = clip.get("media_reference")
    if isinstance(references, dict):
        reference = references.get(str(clip.get("active_media_reference_key", "DEFAULT_MEDIA")))
    available = reference.get("available_range") if isinstance(reference, dict) else None
    return _start_of(Fields(available, "available_range"))[0] if isinstance(available, dict) else 0.0


def _start_of(time_range: Fields) -> tuple[float, float]:
    """Return (seconds, seconds of a frame) of the start of a TimeRange."""
    start = time_range.inner("start_time")
    value, rate = start.real("value"), start.real("rate")
    check_number(start.name("rate"), rate, 1e-3, 1e6)
    check_number(start.name("value"), value / rate, -LATEST_S, LATEST_S)
    return value / rate, 1.0 / rate


def _ours(node: JsonObject) -> JsonObject | None:
    metadata = node.get("metadata")
    ours = metadata.get(KEY) if isinstance(metadata, dict) else None
    return ours if isinstance(ours, dict) else None


def _target(marker: JsonObject, offset_s: float) -> tuple[JsonObject, Moment] | None:
    start_s, frame_s = _start_of(Fields(marker.get("marked_range"), "marked_range"))
    tolerance_s, ours = _MOVED_FRAMES * frame_s, _ours(marker)
    if ours is not None and "target" in ours:
        values, written = target_of(Fields(ours["target"], "target"))
        seconds = right_time(written.seconds, start_s - offset_s, tolerance_s)
        return values, Moment(seconds, written.pull_seconds, written.frame, written.pull_frames)
    comment = marker.get("comment")
    return target_of_note(comment, start_s - offset_s, tolerance_s) if isinstance(comment, str) else None
