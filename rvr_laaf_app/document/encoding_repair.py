"""Repairs of the depth as plain JSON values and back, read with distrust. It reads and writes no files."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.repair import (
    MAX_REPAIRS,
    MAX_STROKE_POINTS,
    BrushSettings,
    Repair,
    RepairKind,
)
from rvr_laaf_app.document.repair_edits import check_repair
from rvr_laaf_app.document.strict_json import Fields, JsonObject


def encode_repair(repair: Repair) -> JsonObject:
    """Return a repair as JSON values."""
    brush = repair.brush
    values: JsonObject = {
        "id": repair.id,
        "frame": int(repair.frame),
        "kind": repair.kind,
        "stroke": [float(v) for v in repair.stroke],
        "radius": float(brush.radius),
        "softness": float(brush.softness),
        "strength": float(brush.strength),
        "edges": float(brush.edges),
        "back": int(brush.back),
        "ahead": int(brush.ahead),
        "on": bool(repair.on),
    }
    if repair.sample is not None:
        values["sample"] = [float(repair.sample.x), float(repair.sample.y)]
        values["shift"] = float(repair.shift)
    return values


def decode_repairs(items: list[object], unknown: Callable[[str, JsonObject], None]) -> tuple[Repair, ...]:
    """Return the repairs that `encode_repair` gave these values for; raise ValueError naming the field that is wrong.

    unknown(id, fields): called for each repair with the fields that this version does not know.
    """
    if len(items) > MAX_REPAIRS:
        raise ValueError(f"repairs has more than {MAX_REPAIRS} entries")
    repairs: dict[str, Repair] = {}
    for number, item in enumerate(items):
        where = f"repairs[{number}]"
        fields = Fields(item, where)
        repair = _decode(fields, where)
        if repair.id in repairs:
            raise ValueError(f"{where}.id {repair.id!r} occurs twice")
        repairs[repair.id] = repair
        unknown(repair.id, fields.rest())
    return tuple(repairs.values())


def _decode(fields: Fields, where: str) -> Repair:
    usual = BrushSettings()
    brush = BrushSettings(
        fields.real("radius", usual.radius),
        fields.real("softness", usual.softness),
        fields.real("strength", usual.strength),
        fields.real("edges", usual.edges),
        fields.integer("back", usual.back),
        fields.integer("ahead", usual.ahead),
    )
    repair = Repair(
        fields.text("id"),
        fields.integer("frame"),
        cast("RepairKind", fields.text("kind")),
        _stroke(fields),
        brush,
        Point(*fields.reals("sample", 2)) if fields.has("sample") else None,
        fields.real("shift", 0.0),
        _flag(fields, "on"),
    )
    try:
        check_repair(repair)
    except ValueError as error:
        raise ValueError(f"{where}.{error}") from None
    return repair


def _stroke(fields: Fields) -> tuple[float, ...]:
    count = len(fields.items("stroke"))
    if count > 2 * MAX_STROKE_POINTS:  # before each of them is looked at
        raise ValueError(f"{fields.name('stroke')} holds more than {MAX_STROKE_POINTS} points")
    return fields.reals("stroke", count)


def _flag(fields: Fields, key: str) -> bool:
    value = fields.raw(key) if fields.has(key) else True
    if not isinstance(value, bool):
        raise ValueError(f"{fields.name(key)} must be true or false")
    return value
