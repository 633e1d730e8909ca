"""What the lines of a journal say: the work as it was, and each change as the parts that became others.

Plain JSON values in, plain JSON values out; no files. A change names parts, not edits: a clip's lens, its list of
targets, single tracks, and whatever else a project has by then. Changes are in the schema of their journal's first
line: they are put together first and brought to the current schema after that.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

from rvr_laaf_app.document.encoding import encode, encode_clip, encode_lens, encode_target, encode_track
from rvr_laaf_app.document.encoding_production import decode_production, encode_production
from rvr_laaf_app.document.limits import check_text
from rvr_laaf_app.document.migrations import upgrade
from rvr_laaf_app.document.production import ClipEntry, Production
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.document.strict_json import Fields, JsonObject

_FLAT = "Project.1"  # the schema in which a journal knew one clip only
_SINGLE = ("clip", "lens", "targets", "tracks")  # parts with a rule of their own in `_clip_difference`
_METADATA = "metadata"  # of a clip: kept beside the fields it belongs to, which come and go


def base_values(production: Production) -> JsonObject:
    """Return the work for the first line of a journal."""
    values = encode_production(replace(production, clips=()))
    values["clips"] = [_entry_values(c) for c in production.clips]
    return values


def first_values(head: JsonObject) -> JsonObject:
    """Return the state that a journal begins with, of its first line (without what concerns the file)."""
    if head.get("schema") == _FLAT:
        return head
    clips = {str(Fields(c, "clips").text("id")): c for c in Fields(head).items("clips")}
    return {**head, "clips": clips, "order": list(clips)}


def applied(values: JsonObject, change: Fields) -> JsonObject:
    """Return the state after one change; what is untouched is shared."""
    if values.get("schema") == _FLAT:
        return _clip_applied(values, change)
    clips = dict(values["clips"])
    for clip_id, part in change.inner("clips").rest().items():
        if part is None:
            clips.pop(clip_id, None)
        else:
            clips[clip_id] = _clip_applied(clips.get(clip_id, {"id": clip_id}), Fields(part, "clips"))
    order = change.items("order") if change.has("order") else values["order"]
    return {**values, "clips": clips, "order": order, "shown": change.text("shown", values.get("shown", ""))}


def decoded(values: JsonObject) -> Production:
    """Return the work of a state; ValueError if it makes none."""
    flat = dict(values)
    if flat.get("schema") == _FLAT:
        kept = flat.pop(_METADATA, [])
        production = decode_production(upgrade(flat))
        return replace(production, clips=tuple(_with_metadata(c, kept) for c in production.clips))
    order = flat.pop("order")
    entries = [dict(flat["clips"][i]) for i in order]
    kept = [entry.pop(_METADATA, []) for entry in entries]
    production = decode_production(upgrade({**flat, "clips": entries}))
    clips = (_with_metadata(c, pairs) for c, pairs in zip(production.clips, kept, strict=True))
    return replace(production, clips=tuple(clips))


def difference(old: Production, new: Production) -> JsonObject:
    """Return the parts of `new` that differ; unchanged parts are the same objects, so this is quick."""
    change: JsonObject = {}
    before = {c.id: c for c in old.clips}
    clips: JsonObject = dict.fromkeys(sorted(before.keys() - set(new.ids)))
    for entry in new.clips:
        known = before.get(entry.id)
        if known is None:
            clips[entry.id] = {k: v for k, v in _entry_values(entry).items() if k != "id"}
        elif known is not entry:
            part = _clip_difference(known, entry)
            if part:
                clips[entry.id] = part
    if clips:
        change["clips"] = clips
    if old.ids != new.ids:
        change["order"] = list(new.ids)
    if change:
        change["shown"] = new.shown
    return change


def _clip_difference(old: ClipEntry, new: ClipEntry) -> JsonObject:
    change: JsonObject = {} if old.name == new.name else {"name": new.name}
    one, two = old.project, new.project
    if one is two:
        return change
    if two.clip != one.clip:
        change["clip"] = None if two.clip is None else encode_clip(two.clip)
    if two.lens != one.lens:
        change["lens"] = encode_lens(two.lens)
    if two.targets != one.targets:
        change["targets"] = [encode_target(t) for t in two.targets]
    if two.tracks is not one.tracks:
        tracks = _track_difference(one, two)
        if tracks:
            change["tracks"] = tracks
    if any(getattr(one, f.name) != getattr(two, f.name) for f in fields(Project) if f.name not in _SINGLE):
        first, second = _other_parts(one), _other_parts(two)
        change |= dict.fromkeys(first.keys() - second.keys())
        change |= {k: v for k, v in second.items() if k not in first or first[k] != v}
    return change


def _track_difference(old: Project, new: Project) -> JsonObject:
    before = {t.target_id: t for t in old.tracks}
    after = {t.target_id: t for t in new.tracks}
    tracks: JsonObject = dict.fromkeys(before.keys() - after.keys())
    return tracks | {k: encode_track(t) for k, t in after.items() if k not in before or before[k] != t}


def _other_parts(project: Project) -> JsonObject:
    """Return whatever a project has beside its single parts, so that no kind of edit can be forgotten here."""
    values = encode(replace(project, targets=(), tracks=(), metadata=()))
    others = {k: v for k, v in values.items() if k not in _SINGLE}
    return {**others, _METADATA: [list(pair) for pair in project.metadata]}


def _entry_values(entry: ClipEntry) -> JsonObject:
    project = entry.project
    values = {"id": entry.id, "name": entry.name, **encode(replace(project, metadata=()))}
    return {**values, _METADATA: [list(pair) for pair in project.metadata]}


def _clip_applied(values: JsonObject, change: Fields) -> JsonObject:
    """Return one clip's values after a change of it."""
    tracks = dict(values.get("tracks") or {})
    for target_id, track in change.inner("tracks").rest().items():
        if track is None:
            tracks.pop(target_id, None)
        else:
            tracks[target_id] = track
    parts = change.rest()
    kept = {k: v for k, v in values.items() if k not in parts or parts[k] is not None}
    return {**kept, **{k: v for k, v in parts.items() if v is not None}, "tracks": tracks}


def _with_metadata(entry: ClipEntry, pairs: Any) -> ClipEntry:
    """Return the clip with its unknown fields, which a journal keeps apart."""
    if not isinstance(pairs, list):
        raise ValueError("metadata must be a list")
    kept = []
    for pair in pairs:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(t, str) for t in pair)):
            raise ValueError("metadata must hold pairs of texts")
        check_text("metadata", pair[0])
        json.loads(pair[1])
        kept.append((pair[0], pair[1]))
    return replace(entry, project=replace(entry.project, metadata=tuple(kept)))
