"""What a target and a track hold besides their first fields, as JSON values and back. What is as usual is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.limits import MAX_CORRECTIONS
from rvr_laaf_app.document.project import Correction, FocusTarget, SubjectTrack
from rvr_laaf_app.document.strict_json import Fields, JsonObject

EncodePlace = Callable[[Point | Box], JsonObject]
DecodePlace = Callable[[Fields], Point | Box]


def encode_hold(target: FocusTarget, place: EncodePlace) -> JsonObject:
    """Return how long and how a target holds the focus."""
    values: JsonObject = {}
    if target.hold_frames is not None:
        values["hold_frames"] = int(target.hold_frames)
    if not target.follow:
        values["plane"] = "held"
    if target.offset:
        values["offset"] = float(target.offset)
    if target.group:
        values["group"] = target.group
    return values | encode_corrections(target.corrections, place)


def decode_hold(fields: Fields, place: DecodePlace) -> dict[str, Any]:
    """Return the same as arguments of FocusTarget; raise ValueError for what cannot be."""
    plane = fields.text("plane", "followed")
    if plane not in ("followed", "held"):
        raise ValueError(f"{fields.name('plane')} must be 'followed' or 'held'")
    return {
        "hold_frames": fields.integer("hold_frames") if fields.has("hold_frames") else None,
        "follow": plane == "followed",
        "offset": fields.real("offset", 0.0),
        "group": fields.text("group", ""),
        "corrections": decode_corrections(fields, place),
    }


def encode_sought(track: SubjectTrack, place: EncodePlace) -> JsonObject:
    """Return what a track was made from besides the target's place, and how far back."""
    values = encode_corrections(track.corrections, place)
    if track.sought_from is not None:
        values["sought_from"] = int(track.sought_from)
    return values


def decode_sought(fields: Fields, place: DecodePlace) -> dict[str, Any]:
    """Return the same as arguments of SubjectTrack; raise ValueError for what cannot be."""
    sought = fields.integer("sought_from") if fields.has("sought_from") else None
    return {"corrections": decode_corrections(fields, place), "sought_from": sought}


def encode_corrections(corrections: tuple[Correction, ...], place: EncodePlace) -> JsonObject:
    """Return {"corrections": [...]}, or nothing without any."""
    if not corrections:
        return {}
    return {"corrections": [{"frame": int(c.frame), **place(c.place)} for c in corrections]}


def decode_corrections(fields: Fields, place: DecodePlace) -> tuple[Correction, ...]:
    """Return the corrections; raise ValueError for what cannot be."""
    items = fields.items("corrections")
    if len(items) > MAX_CORRECTIONS:
        raise ValueError(f"{fields.name('corrections')} has more than {MAX_CORRECTIONS} entries")
    found = []
    for number, item in enumerate(items):
        inner = Fields(item, f"{fields.name('corrections')}[{number}]")
        found.append(Correction(inner.integer("frame"), place(inner)))
    return tuple(found)
