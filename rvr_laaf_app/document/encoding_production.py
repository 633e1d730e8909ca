"""A production as plain JSON values and back: the list of clips around what `encoding` does for each of them.

It reads and writes no files. Fields that this version does not know stay in `Production.metadata`.
"""

from __future__ import annotations

import json

from rvr_laaf_app.document.encoding import decode, encode
from rvr_laaf_app.document.limits import check_text
from rvr_laaf_app.document.production import MAX_CLIPS, ClipEntry, Production, check_entry
from rvr_laaf_app.document.strict_json import Fields, JsonObject

_OWN = ("id", "name")


def encode_production(production: Production) -> JsonObject:
    """Return the production as JSON values: shown, clips (list), and unknown fields."""
    values: JsonObject = {"shown": production.shown, "clips": [encode_entry(c) for c in production.clips]}
    for key, text in production.metadata:
        values.setdefault(key, json.loads(text))
    return values


def encode_entry(entry: ClipEntry) -> JsonObject:
    """Return one clip as JSON values: id, name, and the fields of its project."""
    project = {k: v for k, v in encode(entry.project).items() if k not in _OWN}
    return {"id": entry.id, "name": entry.name, **project}


def decode_production(values: JsonObject) -> Production:
    """Return the production that `encode_production` gave these values for; ValueError naming what is wrong."""
    fields = Fields(values)
    shown, items = fields.text("shown", ""), fields.items("clips")
    if len(items) > MAX_CLIPS:
        raise ValueError(f"clips has more than {MAX_CLIPS} entries")
    clips: dict[str, ClipEntry] = {}
    for number, item in enumerate(items):
        entry = decode_entry(item, f"clips[{number}]")
        if entry.id in clips:
            raise ValueError(f"clips[{number}].id {entry.id[:80]!r} occurs twice")
        clips[entry.id] = entry
    unknown = fields.rest()
    for key in unknown:
        check_text("the name of a field", key, 1000)
    kept = sorted((k, json.dumps(v, sort_keys=True, separators=(",", ":"))) for k, v in unknown.items())
    return Production(tuple(clips.values()), shown, tuple(kept))


def decode_entry(item: object, where: str = "clip") -> ClipEntry:
    """Return the clip that `encode_entry` gave these values for."""
    fields = Fields(item, where)
    clip_id, name = fields.text("id"), fields.text("name", "")
    try:
        entry = ClipEntry(clip_id, decode(fields.rest()), name)
        check_entry(entry)
    except ValueError as error:
        message = str(error)
        raise ValueError(message if message.startswith(where) else f"{where}.{message}") from None
    return entry
