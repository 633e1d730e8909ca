"""The marked range of a clip as plain JSON values and back."""

from __future__ import annotations

from rvr_laaf_app.document.play_range import PlayRange
from rvr_laaf_app.document.strict_json import Fields, JsonObject


def encode_range(marked: PlayRange) -> JsonObject:
    """Return the range as JSON values."""
    return {"start": marked.start, "stop": marked.stop}


def decode_range(fields: Fields) -> PlayRange:
    """Return the range that `encode_range` gave; raise ValueError for values that are none."""
    ends = [fields.integer(key) if fields.has(key) else None for key in ("start", "stop")]
    return PlayRange(*ends)
