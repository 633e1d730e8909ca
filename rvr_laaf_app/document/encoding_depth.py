"""Where the depth of a clip comes from, as plain JSON values and back."""

from __future__ import annotations

import math

from rvr_laaf_app.document.depth_source import MEANINGS, DepthSource
from rvr_laaf_app.document.limits import check_path, check_text
from rvr_laaf_app.document.strict_json import Fields, JsonObject


def encode_depth(source: DepthSource) -> JsonObject:
    """Return the source as JSON values."""
    values: JsonObject = {"estimator": source.estimator} if source.estimator else {}
    if source.imported:
        values |= {"path": source.path, "meaning": source.meaning, "steady": source.steady}
        if source.limits is not None:
            values["limits"] = [float(v) for v in source.limits]
    return values


def decode_depth(fields: Fields) -> DepthSource:
    """Return the source that `encode_depth` gave; raise ValueError for values that are none."""
    meaning = fields.text("meaning", "")
    if meaning not in ("", *MEANINGS):
        raise ValueError(f"depth.meaning: {meaning!r} is unknown")
    steady = fields.raw("steady") if fields.has("steady") else False
    if not isinstance(steady, bool):
        raise ValueError("depth.steady must be true or false")
    limits = None
    if fields.has("limits"):
        low, high = fields.reals("limits", 2)
        if not (math.isfinite(low) and low < high):
            raise ValueError("depth.limits must be two numbers, the lower first")
        limits = (low, high)
    source = DepthSource(fields.text("estimator", ""), fields.text("path", ""), meaning, limits, steady)  # type: ignore[arg-type]
    check_source(source)
    return source


def check_source(source: DepthSource) -> None:
    """Raise ValueError for a source that cannot be meant."""
    check_text("depth.estimator", source.estimator)
    check_path("depth.path", source.path)
