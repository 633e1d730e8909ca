"""Annotations as JSON values and back: strict, bounded, every refusal a ValueError that names the field.

One VAF file holds many clips, each with what every annotator said about it. Files are not touched here.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import TypeVar

from rvr_laaf_app.annotation.schema import (
    MAX_CLIPS,
    SCHEMA,
    ClipAnnotation,
    ClipIdentity,
    Moment,
    VafTarget,
    check_annotator,
    check_place,
)
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object

T = TypeVar("T")
_FRACTION = re.compile(r"([0-9]{1,10})/([0-9]{1,10})")


@dataclass(frozen=True, slots=True)
class VafData:
    """Annotations by annotator, and (if it was decided) which clips by their key are for training and for testing."""

    annotations: Mapping[str, tuple[ClipAnnotation, ...]]
    split: Mapping[str, str] = field(default_factory=dict)


def encode_data(data: VafData) -> bytes:
    """Return the VAF file: clip after clip, stable under reordering of the input."""
    clips: dict[str, ClipIdentity] = {}
    said: dict[str, list[JsonObject]] = {}
    for annotator, spoken in sorted(data.annotations.items()):
        for annotation in spoken:
            key = annotation.clip.pictures
            clips.setdefault(key, annotation.clip)
            said.setdefault(key, []).append({"annotator": annotator, **encode_said(annotation)})
    rows = []
    for key in sorted(clips, key=lambda k: (clips[k].name, k)):
        row = encode_identity(clips[key])
        if key in data.split:
            row["split"] = data.split[key]
        rows.append({**row, "annotations": said[key]})
    return (json.dumps({"schema": SCHEMA, "clips": rows}, indent=1, allow_nan=False) + "\n").encode()


def decode_data(content: bytes) -> VafData:
    """Read a VAF file; ValueError for everything that is not sane."""
    fields = Fields(parse_object(content))
    check_schema(fields)
    rows = fields.items("clips")
    if len(rows) > MAX_CLIPS:
        raise ValueError(f"clips: more than {MAX_CLIPS}")
    annotations: dict[str, list[ClipAnnotation]] = {}
    split: dict[str, str] = {}
    for number, row in enumerate(rows):
        where = f"clips[{number}]"
        clip_fields = Fields(row, where)
        clip = decode_identity(clip_fields, where)
        if clip_fields.has("split"):
            split[clip.pictures] = _one_of(clip_fields, "split", ("train", "test"))
        for place, item in enumerate(clip_fields.items("annotations")):
            inner = f"{where}.annotations[{place}]"
            said = Fields(item, inner)
            annotator = said.text("annotator")
            _within(inner, partial(check_annotator, annotator))
            mine = annotations.setdefault(annotator, [])
            if any(a.clip.pictures == clip.pictures for a in mine):
                raise ValueError(f"{inner}: {annotator!r} has annotated this clip before")
            mine.append(decode_said(said, clip, inner))
    return VafData({k: tuple(v) for k, v in annotations.items()}, split)


def check_schema(fields: Fields) -> None:
    """Raise ValueError unless the object says that it is of this schema."""
    schema = fields.text("schema")
    if schema != SCHEMA:
        newer = schema.startswith("rvr-laaf/vaf-")
        raise ValueError(f"schema {schema[:40]!r} is not known" + (" (made by a newer program?)" if newer else ""))


def encode_identity(clip: ClipIdentity) -> JsonObject:
    """Return a clip's identity as JSON values."""
    return {
        "name": clip.name,
        "file": clip.file,
        "pictures": clip.pictures,
        "frames": clip.frames,
        "duration_s": clip.duration_s,
        "size_px": list(clip.size_px),
    }


def decode_identity(fields: Fields, where: str) -> ClipIdentity:
    """Read a clip's identity."""
    width, height = fields.reals("size_px", 2)
    if width % 1 or height % 1:
        raise ValueError(f"{fields.name('size_px')} must hold whole numbers")
    name, file, pictures = fields.text("name"), fields.text("file"), fields.text("pictures")
    frames, duration_s = fields.integer("frames"), fields.real("duration_s")
    return _within(where, lambda: ClipIdentity(name, file, pictures, frames, duration_s, (int(width), int(height))))


def encode_said(annotation: ClipAnnotation) -> JsonObject:
    """Return what was said about a clip, without the clip."""
    return {
        "state": annotation.state,
        "note": annotation.note,
        "reason": annotation.reason,
        "targets": [encode_target(t) for t in annotation.targets],
    }


def decode_said(fields: Fields, clip: ClipIdentity, where: str) -> ClipAnnotation:
    """Read what was said about a clip."""
    targets = tuple(decode_target(t, f"{where}.targets[{n}]") for n, t in enumerate(fields.items("targets")))
    state, note, reason = fields.text("state", "open"), fields.text("note", ""), fields.text("reason", "")
    return _within(where, lambda: ClipAnnotation(clip, targets, state, note, reason))


def encode_target(target: VafTarget) -> JsonObject:
    """Return a target as JSON values; `seconds` is written for people and not read."""
    return {
        "id": target.id,
        "seconds": round(target.at.seconds, 6),
        "pts": target.at.pts,
        "time_base": f"{target.at.time_base.numerator}/{target.at.time_base.denominator}",
        "frame": target.at.frame,
        "hash": target.at.hash,
        "look": base64.b64encode(target.at.look).decode("ascii"),
        "place": place_values(target.place),
        "arrive": target.arrive,
        "hold": target.hold,
        "early": target.early,
        "late": target.late,
        "subject": target.subject,
        "reason": target.reason,
    }


def decode_target(value: object, where: str) -> VafTarget:
    """Read a target."""
    fields = Fields(value, where)
    pts, frame, hash_ = fields.integer("pts"), fields.integer("frame"), fields.text("hash")
    time_base, look_text = fields.text("time_base"), fields.text("look")
    numbers = fields.items("place")
    place_fields = fields.reals("place", 2 if len(numbers) == 2 else 4)
    hold = fields.integer("hold") if fields.has("hold") else None
    times = fields.integer("arrive", pts), fields.integer("early", pts), fields.integer("late", pts)
    words = fields.text("id"), fields.text("subject", ""), fields.text("reason", "")

    def made() -> VafTarget:
        at = Moment(frame, pts, fraction_of(time_base), hash_, look_of_text(look_text))
        return VafTarget(words[0], at, place_of(place_fields), *times, hold, *words[1:])

    return _within(where, made)


def place_values(place: Point | Box) -> list[float]:
    """Return [x, y] or [x, y, width, height]."""
    return [place.x, place.y] + ([place.width, place.height] if isinstance(place, Box) else [])


def decode_places(value: object) -> dict[str, Point | Box]:
    """Read places by the ids of their targets."""
    fields = Fields(value, "places")
    return {key: _place_in(fields, key) for key in fields.rest()}


def _place_in(fields: Fields, key: str) -> Point | Box:
    place = place_of(fields.reals(key, 2 if len(fields.items(key)) == 2 else 4))
    _within(f"places.{key[:64]}", partial(check_place, place))
    return place


def place_of(numbers: tuple[float, ...]) -> Point | Box:
    """Return a point for two numbers, a box for four."""
    return Point(*numbers) if len(numbers) == 2 else Box(*numbers)


def fraction_of(text: str) -> Fraction:
    """Read "1/12800"."""
    found = _FRACTION.fullmatch(text)
    if found is None or int(found[2]) == 0:
        raise ValueError(f"time_base {text[:40]!r} is not a fraction like 1/12800")
    return Fraction(int(found[1]), int(found[2]))


def look_of_text(text: str) -> bytes:
    """Read a look from base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("look is not base64") from None


def _one_of(fields: Fields, key: str, known: tuple[str, ...]) -> str:
    text = fields.text(key)
    if text not in known:
        raise ValueError(f"{fields.name(key)} must be one of {', '.join(known)}")
    return text


def _within(where: str, make: Callable[[], T]) -> T:
    """Return what `make` makes; its ValueError is told with the place in the file."""
    try:
        return make()
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
