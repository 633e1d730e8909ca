"""Pure edits of the repairs of the depth, and what a repair may be. No state, no files.

An edit is a function Project -> Project; it raises UsageError for values that make no sense and for ids that do not
exist. One that changes nothing returns the very project it was given.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document.limits import MAX_FRAMES, check_number, check_place, check_text
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.document.repair import (
    KINDS,
    LARGEST_RADIUS,
    MAX_ID,
    MAX_REACH,
    MAX_REPAIRS,
    MAX_STROKE_POINTS,
    SMALLEST_RADIUS,
    BrushSettings,
    Repair,
)


def check_repair(repair: Repair) -> None:
    """Raise ValueError naming the field if a repair is outside its limits."""
    check_text("id", repair.id, MAX_ID)
    if not repair.id:
        raise ValueError("id must not be empty")
    check_number("frame", repair.frame, 0, MAX_FRAMES)
    if repair.kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {repair.kind!r}")
    count = len(repair.stroke)
    if count < 2 or count % 2 or count > 2 * MAX_STROKE_POINTS:
        raise ValueError(f"stroke must hold 1 to {MAX_STROKE_POINTS} points as x, y in turn, not {count} numbers")
    for value in repair.stroke:
        check_number("stroke", value, -1.0, 2.0)
    check_brush(repair.brush)
    check_number("shift", repair.shift, -1.0, 1.0)
    if (repair.kind == "same") != (repair.sample is not None):
        raise ValueError("sample must be given for 'same', and only for it")
    if repair.sample is not None:
        check_place("sample", repair.sample)


def check_brush(brush: BrushSettings) -> None:
    """Raise ValueError naming the field if a brush is outside its limits."""
    check_number("radius", brush.radius, SMALLEST_RADIUS, LARGEST_RADIUS)
    for name in ("softness", "strength", "edges"):
        check_number(name, getattr(brush, name), 0.0, 1.0)
    for name in ("back", "ahead"):
        check_number(name, getattr(brush, name), 0, MAX_REACH)


def new_repair_id(project: Project) -> str:
    """Return a short id that no repair of the project has."""
    while True:
        made = f"r{secrets.token_hex(4)}"
        if find_repair(project, made) is None:
            return made


def find_repair(project: Project, repair_id: str) -> Repair | None:
    """Return the repair with this id, or None."""
    return next((r for r in project.repairs if r.id == repair_id), None)


def add_repair(project: Project, repair: Repair) -> Project:
    """Add a repair over all that are there; its id must be new."""
    if find_repair(project, repair.id) is not None:
        raise UsageError(f"there is already a repair {repair.id!r}")
    if len(project.repairs) >= MAX_REPAIRS:
        raise UsageError(f"a clip can have {MAX_REPAIRS} repairs", remedy="Remove some that are not needed any more.")
    _check(repair)
    return replace(project, repairs=(*project.repairs, repair))


def change_repair(project: Project, repair_id: str, **values: Any) -> Project:
    """Replace fields of a repair."""
    old = find_repair(project, repair_id)
    if old is None:
        raise UsageError(f"there is no repair {repair_id!r}")
    new = replace(old, **values)
    _check(new)
    if new == old:
        return project
    return replace(project, repairs=tuple(new if r.id == repair_id else r for r in project.repairs))


def remove_repair(project: Project, repair_id: str) -> Project:
    """Remove a repair: the depth below it is again what it was."""
    if find_repair(project, repair_id) is None:
        raise UsageError(f"there is no repair {repair_id!r}")
    return replace(project, repairs=tuple(r for r in project.repairs if r.id != repair_id))


def _check(repair: Repair) -> None:
    try:
        check_repair(repair)
    except ValueError as error:
        raise UsageError(str(error)) from error
