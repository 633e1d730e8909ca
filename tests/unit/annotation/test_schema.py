"""What the contract refuses, each by its name."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from rvr_laaf_app.annotation.encoding import VafData, decode_data, encode_data
from rvr_laaf_app.annotation.schema import ClipAnnotation
from rvr_laaf_app.core.geometry import Box, Point
from tests.unit.annotation.pretend_clips import bound_target, facts_of, target_at

FACTS = facts_of("talk.mp4")
TARGET = target_at(1.0, early_s=0.5, late_s=1.5, hold_s=3.0)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"early": 1001}, "between early and late"),
        ({"late": 999}, "between early and late"),
        ({"arrive": 1001}, "arrive"),
        ({"hold": 999}, "hold"),
        ({"early": -1}, "early"),
        ({"place": Point(1.1, 0.5)}, "x must be"),
        ({"place": Point(float("nan"), 0.5)}, "x must be"),
        ({"place": Box(0.5, 0.5, 0.0, 0.1)}, "width"),
        ({"place": Box(0.5, 0.5, 0.6, 0.1)}, "width"),
        ({"subject": "x" * 2001}, "subject is longer"),
        ({"reason": "a\0"}, "NUL"),
        ({"id": ""}, "id"),
    ],
)
def test_targets_that_make_no_sense(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        replace(TARGET, **changes)


@pytest.mark.parametrize("name", ["/etc/passwd", "../x.mp4", "a/../../x", "a\\b", "a\nb", ""])
def test_a_clip_lies_in_the_folder(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        replace(FACTS.clip, name=name)


def test_two_targets_of_one_id() -> None:
    with pytest.raises(ValueError, match="same id"):
        ClipAnnotation(FACTS.clip, (TARGET, replace(TARGET, subject="x")))


def test_targets_are_in_order_of_time() -> None:
    annotation = ClipAnnotation(FACTS.clip).put(target_at(2.0), target_at(1.0), target_at(3.0)).drop(["t2000"])
    assert [t.id for t in annotation.targets] == ["t1000", "t3000"]


def values() -> dict[str, Any]:
    said = ClipAnnotation(FACTS.clip, (bound_target(FACTS, 5),), "done")
    loaded = json.loads(encode_data(VafData({"ann": (said,)})))
    assert isinstance(loaded, dict)
    return loaded


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (["schema"], "rvr-laaf/vaf-9", "newer program"),
        (["schema"], 1, "schema must be text"),
        (["clips"], {}, "clips must be a list"),
        (["clips", 0, "pictures"], "xyz", r"clips\[0\]: pictures"),
        (["clips", 0, "frames"], 1.5, "whole number"),
        (["clips", 0, "frames"], True, "whole number"),
        (["clips", 0, "size_px"], [640.5, 360], "whole numbers"),
        (["clips", 0, "split"], "both", "split must be"),
        (["clips", 0, "annotations", 0, "annotator"], "a\nb", "annotator"),
        (["clips", 0, "annotations", 0, "state"], "lost", "state"),
        (["clips", 0, "annotations", 0, "targets", 0, "time_base"], "1/0", "time_base"),
        (["clips", 0, "annotations", 0, "targets", 0, "time_base"], "0/5", "time_base"),
        (["clips", 0, "annotations", 0, "targets", 0, "look"], "AAAA", "look must have"),
        (["clips", 0, "annotations", 0, "targets", 0, "look"], "?", "base64"),
        (["clips", 0, "annotations", 0, "targets", 0, "hash"], "ZZ", "hash"),
        (["clips", 0, "annotations", 0, "targets", 0, "place"], [1], "place"),
        (["clips", 0, "annotations", 0, "targets", 0, "pts"], 2**60, "pts"),
    ],
)
def test_files_that_lie_are_refused_by_field(path: list[Any], value: object, why: str) -> None:
    content = values()
    inner: Any = content
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(ValueError, match=why):
        decode_data(json.dumps(content).encode())


def test_one_annotator_has_a_clip_once() -> None:
    content = values()
    content["clips"][0]["annotations"] *= 2
    with pytest.raises(ValueError, match="before"):
        decode_data(json.dumps(content).encode())
