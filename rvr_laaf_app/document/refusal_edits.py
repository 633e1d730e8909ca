"""Pure edits of what was refused, Project -> Project, and the same as plain JSON values and back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document.limits import MAX_FRAMES, check_number, check_place
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.document.refusal import MAX_REFUSALS, Refusal
from rvr_laaf_app.document.strict_json import Fields, JsonObject


def check_refusal(refusal: Refusal) -> None:
    """Raise ValueError naming the field if a refusal is outside the limits."""
    check_number("frame", refusal.frame, 0, MAX_FRAMES)
    check_place("box", refusal.place)


def add_refusals(project: Project, refusals: Sequence[Refusal]) -> Project:
    """Remember what was refused; what is known already changes nothing. Raises UsageError for what cannot be."""
    new = [r for r in dict.fromkeys(refusals) if r not in project.refusals]
    if not new:
        return project
    try:
        for refusal in new:
            check_refusal(refusal)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if len(project.refusals) + len(new) > MAX_REFUSALS:
        raise UsageError(f"a clip keeps at most {MAX_REFUSALS} refused suggestions", remedy="Bring them back first.")
    ordered = sorted((*project.refusals, *new), key=lambda r: r.frame)
    return replace(project, refusals=tuple(ordered))


def drop_refusals(project: Project, refusals: Collection[Refusal]) -> Project:
    """Forget that these were refused."""
    kept = tuple(r for r in project.refusals if r not in refusals)
    return project if len(kept) == len(project.refusals) else replace(project, refusals=kept)


def encode_refusal(refusal: Refusal) -> JsonObject:
    """Return a refusal as JSON values."""
    box = refusal.place
    return {"frame": int(refusal.frame), "box": [float(v) for v in (box.x, box.y, box.width, box.height)]}


def decode_refusals(items: list[object]) -> tuple[Refusal, ...]:
    """Return the refusals that `encode_refusal` gave these values for; raise ValueError naming the wrong field."""
    if len(items) > MAX_REFUSALS:
        raise ValueError(f"refused has more than {MAX_REFUSALS} entries")
    refusals = []
    for number, item in enumerate(items):
        where = f"refused[{number}]"
        fields = Fields(item, where)
        refusal = Refusal(fields.integer("frame"), Box(*fields.reals("box", 4)))
        try:
            check_refusal(refusal)
        except ValueError as error:
            raise ValueError(f"{where}.{error}") from None
        if unknown := sorted(fields.rest()):
            raise ValueError(f"{where}.{unknown[0][:80]} is not known")
        refusals.append(refusal)
    return tuple(sorted(dict.fromkeys(refusals), key=lambda r: r.frame))
