"""Repairs as values: what may be, what is refused, and that files give back what was put in."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.encoding import decode, encode
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.document.repair import (
    MAX_REACH,
    MAX_REPAIRS,
    MAX_STROKE_POINTS,
    BrushSettings,
    Repair,
)
from rvr_laaf_app.document.repair_edits import (
    add_repair,
    change_repair,
    find_repair,
    new_repair_id,
    remove_repair,
)

NEARER = Repair("r1", 3, "nearer", (0.1, 0.2, 0.15, 0.25))
SAME = Repair("r2", 5, "same", (0.5, 0.5), BrushSettings(0.1, 0.0, 1.0, 0.0, 0, 7), Point(0.9, 0.1), -0.25, on=False)


def project_with(*repairs: Repair) -> Project:
    project = Project()
    for repair in repairs:
        project = add_repair(project, repair)
    return project


def test_a_file_gives_back_what_was_put_in() -> None:
    project = project_with(NEARER, SAME)
    assert decode(encode(project)) == project
    assert decode(encode(project)).repairs == (NEARER, SAME)


def test_a_project_without_repairs_says_nothing_of_them() -> None:
    assert "repairs" not in encode(Project())


def test_fields_of_a_newer_version_are_kept() -> None:
    values = encode(project_with(NEARER))
    values["repairs"][0]["hue"] = {"a": [1, 2]}
    project = decode(values)
    assert project.repairs == (NEARER,)
    assert encode(project)["repairs"][0]["hue"] == {"a": [1, 2]}


HOSTILE: list[tuple[str, Any, str]] = [
    ("stroke", [], "points"),
    ("stroke", [0.1], "points"),
    ("stroke", [0.1, 0.2, 0.3], "points"),
    ("stroke", [0.1, 1e9], "stroke"),
    ("stroke", [0.1, "x"], "numbers"),
    ("stroke", [0.1, True], "numbers"),
    ("stroke", [0.5] * (2 * MAX_STROKE_POINTS + 2), "more than"),
    ("stroke", "0.1,0.2", "list"),
    ("stroke", [float("nan"), 0.2], "finite"),
    ("kind", "deeper", "kind"),
    ("kind", 3, "text"),
    ("frame", -1, "frame"),
    ("frame", 2**40, "frame"),
    ("frame", 1.5, "whole"),
    ("radius", 0.0, "radius"),
    ("radius", 1e300, "radius"),
    ("softness", -0.1, "softness"),
    ("strength", 2, "strength"),
    ("strength", float("inf"), "strength"),
    ("edges", "much", "edges"),
    ("back", -1, "back"),
    ("ahead", MAX_REACH + 1, "ahead"),
    ("on", 1, "true or false"),
    ("id", "", "id"),
    ("id", "x" * 1000, "id"),
    ("id", "a\0b", "NUL"),
    ("sample", [0.5, 0.5], "sample"),
    ("sample", [0.5], "2 numbers"),
]


@pytest.mark.parametrize(("field", "value", "named"), HOSTILE)
def test_hostile_values_are_refused_by_name(field: str, value: Any, named: str) -> None:
    values = encode(project_with(NEARER))
    values["repairs"][0][field] = value
    with pytest.raises(ValueError, match=named) as refused:
        decode(values)
    assert "repairs[0]" in str(refused.value)


def test_same_needs_a_sample() -> None:
    values = encode(project_with(SAME))
    del values["repairs"][0]["sample"]
    with pytest.raises(ValueError, match="sample"):
        decode(values)
    values = encode(project_with(SAME))
    values["repairs"][0]["shift"] = 3.0
    with pytest.raises(ValueError, match="shift"):
        decode(values)


def test_too_many_and_doubled_repairs_are_refused() -> None:
    one = encode(project_with(NEARER))
    one["repairs"] = [copy.deepcopy(one["repairs"][0]) for _ in range(2)]
    with pytest.raises(ValueError, match="twice"):
        decode(one)
    one["repairs"] = [{**one["repairs"][0], "id": f"r{n}"} for n in range(MAX_REPAIRS + 1)]
    with pytest.raises(ValueError, match="more than"):
        decode(one)
    one["repairs"] = "all"
    with pytest.raises(ValueError, match="list"):
        decode(one)


def test_edits_return_the_same_project_when_nothing_changes() -> None:
    project = project_with(NEARER)
    assert change_repair(project, "r1", on=True) is project
    assert find_repair(change_repair(project, "r1", on=False), "r1") == replace(NEARER, on=False)
    assert remove_repair(project, "r1") == Project()
    assert find_repair(project, new_repair_id(project)) is None


def test_edits_refuse_what_cannot_be() -> None:
    project = project_with(NEARER)
    with pytest.raises(UsageError, match="already"):
        add_repair(project, NEARER)
    with pytest.raises(UsageError, match="no repair"):
        remove_repair(project, "r9")
    with pytest.raises(UsageError, match="strength"):
        change_repair(project, "r1", brush=BrushSettings(strength=float("nan")))
    assert project.repairs == (NEARER,)


def test_the_shape_is_what_has_to_be_carried_again() -> None:
    brush = NEARER.brush
    same = [
        replace(NEARER, id="other"),
        replace(NEARER, on=False),
        replace(NEARER, kind="farther"),
        replace(NEARER, brush=replace(brush, strength=0.1, back=1, ahead=900)),
    ]
    other = [
        replace(NEARER, frame=4),
        replace(NEARER, stroke=(0.1, 0.2)),
        *(replace(NEARER, brush=replace(brush, **{name: 0.123})) for name in ("radius", "softness", "edges")),
    ]
    assert {r.shape_digest for r in same} == {NEARER.shape_digest}
    assert NEARER.shape_digest not in {r.shape_digest for r in other}


def test_the_effect_goes_out_towards_the_reach() -> None:
    repair = replace(NEARER, frame=100, brush=BrushSettings(back=0, ahead=40))
    fades = [repair.fade(i) for i in range(98, 145)]
    assert fades[:2] == [0.0, 0.0]
    assert fades[2] == 1.0
    assert all(a >= b for a, b in pairwise(fades[2:]))
    assert 0 < repair.fade(140) < 0.3
    assert repair.fade(141) == 0
    assert replace(repair, on=False).fade(100) == 0


def test_nearer_and_farther_are_opposite() -> None:
    assert NEARER.step == -replace(NEARER, kind="farther").step > 0
    assert SAME.step == 0
