"""A project as plain JSON values and back. It reads and writes no files.

What a person decides is plain text; the arrays of a track are base64 of little-endian float32 (x, y, width, height,
confidence per frame): exact to the bit, small, quick, and one line in a diff that says "this track changed".
Fields that this version does not know are kept in `Project.metadata` under their place ("/targets/ID/name") and are
written back there.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.depth_source import DEFAULT_SOURCE
from rvr_laaf_app.document.encoding_depth import decode_depth, encode_depth
from rvr_laaf_app.document.encoding_focus import decode_hold, decode_sought, encode_hold, encode_sought
from rvr_laaf_app.document.encoding_lens import decode_lens
from rvr_laaf_app.document.encoding_lens import encode_lens as encode_lens
from rvr_laaf_app.document.encoding_range import decode_range, encode_range
from rvr_laaf_app.document.encoding_repair import decode_repairs, encode_repair
from rvr_laaf_app.document.limits import (
    MAX_TARGETS,
    MAX_TRACK_FRAMES,
    check_clip,
    check_target,
    check_text,
    check_track,
)
from rvr_laaf_app.document.project import (
    ClipRef,
    Ease,
    FocusTarget,
    LensSettings,
    Project,
    Strength,
    SubjectTrack,
)
from rvr_laaf_app.document.refusal_edits import decode_refusals, encode_refusal
from rvr_laaf_app.document.strict_json import Fields, JsonObject

_COLUMNS = 5
_PACKED = np.dtype("<f4")
Metadata = dict[str, str]


def encode(project: Project) -> JsonObject:
    """Return the project as JSON values: clip, targets (list), lens, tracks (by target id), and unknown fields."""
    values: JsonObject = {
        "clip": None if project.clip is None else encode_clip(project.clip),
        "lens": encode_lens(project.lens),
        "targets": [encode_target(t) for t in project.targets],
        "tracks": {t.target_id: encode_track(t) for t in sorted(project.tracks, key=lambda t: t.target_id)},
    }
    if project.repairs:
        values["repairs"] = [encode_repair(r) for r in project.repairs]
    if project.play_range.is_set:
        values["range"] = encode_range(project.play_range)
    if project.refusals:
        values["refused"] = [encode_refusal(r) for r in project.refusals]
    if project.depth != DEFAULT_SOURCE:
        values["depth"] = encode_depth(project.depth)
    for place, text in project.metadata:
        _put_back(values, place, json.loads(text))
    return values


def decode(values: JsonObject) -> Project:
    """Return the project that `encode` gave these values for; raise ValueError naming the field that is wrong."""
    metadata: Metadata = {}
    fields = Fields(values)
    clip = _decode_clip(fields.inner("clip"), metadata) if fields.has("clip") else None
    lens = _decode_lens(fields.inner("lens"), metadata)
    targets = _decode_targets(fields.items("targets"), metadata)
    tracks = _decode_tracks(fields.inner("tracks"), {t.id for t in targets}, metadata)
    repairs = decode_repairs(fields.items("repairs"), lambda i, rest: _keep(metadata, f"/repairs/{_escape(i)}", rest))
    marked = fields.inner("range")
    play_range = decode_range(marked)
    _keep(metadata, "/range", marked.rest())
    refusals = decode_refusals(fields.items("refused"))
    eyes = fields.inner("depth")
    depth = decode_depth(eyes)
    _keep(metadata, "/depth", eyes.rest())
    _keep(metadata, "", fields.rest())
    unknown = tuple(sorted(metadata.items()))
    project = Project(clip, (), tracks, lens, unknown, repairs, play_range, refusals, depth)
    return project.with_targets(targets)


def encode_clip(clip: ClipRef) -> JsonObject:
    """Return a clip reference as JSON values."""
    return {"path": clip.path, "fingerprint": clip.fingerprint, "frames": int(clip.frames)}


def encode_target(target: FocusTarget) -> JsonObject:
    """Return a target as JSON values."""
    return {
        "id": target.id,
        "frame": int(target.frame),
        **encode_place(target.place),
        "tracker": target.tracker,
        "pull_frames": int(target.pull_frames),
        "ease": target.ease,
        "strength": target.strength,
        "source": target.source,
        "reason": target.reason,
        **encode_hold(target, encode_place),
    }


def encode_place(place: Point | Box) -> JsonObject:
    """Return {"point": [x, y]} or {"box": [x, y, width, height]}."""
    if isinstance(place, Point):
        return {"point": [float(place.x), float(place.y)]}
    return {"box": [float(v) for v in (place.x, place.y, place.width, place.height)]}


def encode_track(track: SubjectTrack) -> JsonObject:
    """Return a track as JSON values."""
    packed = np.empty((len(track.boxes), _COLUMNS), _PACKED)
    packed[:, :4], packed[:, 4] = track.boxes, track.confidence
    place = track.for_place
    return {
        "start": int(track.start),
        "frames": len(track.boxes),
        "by": track.by,
        "for": None if place is None else {"frame": int(place[0]), **encode_place(place[1])},
        "rows": base64.b64encode(packed.tobytes()).decode("ascii"),
        **encode_sought(track, encode_place),
    }


def _decode_clip(fields: Fields, metadata: Metadata) -> ClipRef:
    clip = ClipRef(fields.text("path"), fields.text("fingerprint", ""), fields.integer("frames", 0))
    check_clip(clip)
    _keep(metadata, "/clip", fields.rest())
    return clip


def _decode_lens(fields: Fields, metadata: Metadata) -> LensSettings:
    shape = fields.inner("aperture")
    try:
        settings = decode_lens(fields, shape)
    except ValueError as error:
        raise ValueError(_within("lens", error)) from None
    _keep(metadata, "/lens", fields.rest())
    _keep(metadata, "/lens/aperture", shape.rest())
    return settings


def _decode_targets(items: list[object], metadata: Metadata) -> tuple[FocusTarget, ...]:
    if len(items) > MAX_TARGETS:
        raise ValueError(f"targets has more than {MAX_TARGETS} entries")
    targets: dict[str, FocusTarget] = {}
    for number, item in enumerate(items):
        fields = Fields(item, f"targets[{number}]")
        target = _decode_target(fields, number)
        if target.id in targets:
            raise ValueError(f"targets[{number}].id {target.id[:80]!r} occurs twice")
        targets[target.id] = target
        _keep(metadata, f"/targets/{_escape(target.id)}", fields.rest())
    return tuple(targets.values())


def _decode_target(fields: Fields, number: int) -> FocusTarget:
    place = _decode_place(fields)
    try:
        target = FocusTarget(
            fields.text("id"),
            fields.integer("frame"),
            place,
            fields.text("tracker", "kcf"),
            fields.integer("pull_frames"),
            cast("Ease", fields.text("ease", "linear")),
            cast("Strength", fields.text("strength", "firm")),
            fields.text("source", "user"),
            fields.text("reason", ""),
            **decode_hold(fields, _decode_place),
        )
        check_target(target)
    except ValueError as error:
        raise ValueError(_within(f"targets[{number}]", error)) from None
    return target


def _decode_place(fields: Fields) -> Point | Box:
    if fields.has("point"):
        if fields.has("box"):
            raise ValueError(f"{fields.name('point')} and {fields.name('box')} exclude each other")
        return Point(*fields.reals("point", 2))
    if fields.has("box"):
        return Box(*fields.reals("box", 4))
    raise ValueError(f"{fields.name('point')} is missing")


def _decode_tracks(fields: Fields, known: set[str], metadata: Metadata) -> tuple[SubjectTrack, ...]:
    tracks = []
    for target_id in sorted(fields.rest()):
        if target_id not in known:
            raise ValueError(f"tracks.{target_id[:80]} belongs to no target")
        inner = fields.inner(target_id)
        tracks.append(_decode_track(inner, target_id))
        _keep(metadata, f"/tracks/{_escape(target_id)}", inner.rest())
    return tuple(tracks)


def _decode_track(fields: Fields, target_id: str) -> SubjectTrack:
    frames = fields.integer("frames")
    if not 0 <= frames <= MAX_TRACK_FRAMES:
        raise ValueError(f"{fields.name('frames')} must be between 0 and {MAX_TRACK_FRAMES}")
    rows = _unpack(fields.text("rows"), frames, fields.name("rows"))
    place = None
    if fields.has("for"):
        inner = fields.inner("for")
        place = inner.integer("frame"), _decode_place(inner)
    boxes, confidence = np.ascontiguousarray(rows[:, :4]), np.ascontiguousarray(rows[:, 4])
    sought = decode_sought(fields, _decode_place)
    by = fields.text("by", "kcf")
    track = SubjectTrack(target_id, fields.integer("start"), boxes, confidence, by, place, **sought)
    try:
        check_track(track)
    except ValueError as error:
        raise ValueError(_within(fields.name("")[:-1], error)) from None
    return track


def _unpack(text: str, frames: int, name: str) -> NDArray[np.float32]:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{name} is not base64") from None
    if len(data) != frames * _COLUMNS * _PACKED.itemsize:
        raise ValueError(f"{name} holds {len(data)} bytes, which is not {frames} frames")
    return np.frombuffer(data, _PACKED).reshape(frames, _COLUMNS).astype(np.float32)


def _within(place: str, error: ValueError) -> str:
    """Return the message with the field's full name, unless it has that already."""
    message = str(error)
    return message if message.startswith(place) else f"{place}.{message}"


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _parts(place: str) -> Iterator[str]:
    return (p.replace("~1", "/").replace("~0", "~") for p in place.split("/")[1:])


def _keep(metadata: Metadata, place: str, rest: JsonObject) -> None:
    """Remember fields that are not known, as JSON text in a stable form."""
    for key, value in rest.items():
        check_text(f"the name of a field in {place or '/'}", key, 1000)
        metadata[f"{place}/{_escape(key)}"] = json.dumps(value, sort_keys=True, separators=(",", ":"))


def _put_back(values: JsonObject, place: str, value: object) -> None:
    """Write an unknown field where it was; drop it if what it belonged to is gone."""
    *parents, key = _parts(place)
    here: Any = values
    for parent in parents:
        here = next((t for t in here if t["id"] == parent), None) if isinstance(here, list) else here.get(parent)
        if here is None:
            return
    here.setdefault(key, value)
