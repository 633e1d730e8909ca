"""Files that mean harm, or nothing: each is refused with one clear error, quickly, and nothing is changed."""

from __future__ import annotations

import json
import os
import random
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.errors import ProjectError, RvrError
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.document.interchange.formats import FORMATS, read_file
from rvr_laaf_app.document.interchange.incoming import import_into
from rvr_laaf_app.document.interchange.sheet import FocusSheet, curve_samples
from rvr_laaf_app.document.project import ClipRef, FocusTarget, LensSettings, Project, SubjectTrack

TABLE = FrameTable(np.arange(24), Fraction(1, 24))
TRACK = SubjectTrack("a", 2, np.full((3, 4), 0.25, np.float32), np.ones(3, np.float32), for_place=(2, Point(0.5, 0.5)))
PROJECT = Project(
    clip=ClipRef("/c.mp4", "ff", 24), targets=(FocusTarget("a", 2, Point(0.5, 0.5), reason="r"),), tracks=(TRACK,)
)
CURVE = curve_samples(np.full(24, 0.5, np.float32), np.zeros(24, np.uint8), lens=LensSettings(), width_px=640)
SHEET = FocusSheet(PROJECT, TABLE, (640, 360), CURVE, with_tracks=True)
READABLE = ["json", "csv", "otio", "fcpxml"]


def refused(tmp_path: Path, name: str, data: bytes) -> str:
    """Return the one line with which a file is refused."""
    path = tmp_path / "hostile"
    path.write_bytes(data)
    began = time.process_time()
    with pytest.raises(RvrError) as caught:
        import_into(Project(), read_file(path, FORMATS[name]), TABLE)
    assert time.process_time() - began < 5.0
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 700
    return text


def good(name: str) -> bytes:
    return FORMATS[name].write(SHEET, "all" if "all" in FORMATS[name].whats else "targets")


def test_the_good_files_are_good(tmp_path: Path) -> None:
    for name in READABLE:
        path = tmp_path / name
        path.write_bytes(good(name))
        assert import_into(Project(), read_file(path, FORMATS[name]), TABLE).project.targets == PROJECT.targets


JSON_CHANGES = [
    ('"schema": "rvr-laaf.focus"', '"schema": "other"', "schema"),
    ('"version": 1', '"version": 2', "newer version"),
    ('"version": 1', '"version": 0', "not known"),
    ('"version": 1', '"version": 1.0', "whole number"),
    ('"version": 1', '"version": true', "whole number"),
    ('"point": [0.5, 0.5]', '"point": [NaN, 0.5]', "NaN"),
    ('"point": [0.5, 0.5]', '"point": [1e999, 0.5]', "too large"),
    ('"point": [0.5, 0.5]', '"point": [1e300, 0.5]', "place.x"),
    ('"point": [0.5, 0.5]', '"point": [0.5]', "2 numbers"),
    ('"point": [0.5, 0.5]', '"point": ["a", 0.5]', "numbers"),
    ('"point": [0.5, 0.5]', '"point": null', "missing"),
    ('"point": [0.5, 0.5]', '"point": [0, 0], "box": [0, 0, 1, 1]', "exclude"),
    ('"point": [0.5, 0.5]', '"box": [0, 0, -1, 1]', "width"),
    ('"seconds": 0.08', '"seconds": 1e12, "q": 1', "seconds"),
    ('"seconds": 0.08', '"seconds": "now", "q": 1', "targets[0].seconds"),
    ('"seconds": 0.08', '"seconds": 99999999999999999999999, "q": 1', "too large"),
    ('"pull_seconds": 0.4', '"pull_seconds": -3, "q": 1', "pull_seconds"),
    ('"pull_frames": 10', '"pull_frames": -10', "pull_frames"),
    ('"frame": 2', '"frame": 99999999999', "frame"),
    ('"ease": "linear"', '"ease": "bouncy"', "ease"),
    ('"strength": "firm"', '"strength": 3', "strength"),
    ('"reason": "r"', '"reason": "\\u0000"', "NUL"),
    ('"reason": "r"', '"reason": "\\ud800"', "broken"),
    ('"id": "a"', '"id": ["a"]', "id"),
    ('"f_number": 1.8', '"f_number": 0', "f_number"),
    ('"hold", 2.0', '"sleep", 2.0', "state"),
    ('"columns": ["frame", "pts"', '"columns": ["pts", "pts2"', None),
    ('"focus_distance_m"]', '"focus_distance_m", "more"]', "lists of"),
    ('"confidence"]', '"certainty"]', "confidence"),
    ("0.25, 0.25, 0.25, 0.25, 1.0]", "1e39, 0.25, 0.25, 0.25, 1.0]", "too large"),
    ("0.25, 0.25, 0.25, 0.25, 1.0]", "null, 0.25, 0.25, 0.25, 1.0]", "numbers"),
    ('   "a": {', '   "z": {', "belongs to no target"),
]


@pytest.mark.parametrize(("old", "new", "says"), JSON_CHANGES)
def test_json_that_is_wrong_in_one_place(tmp_path: Path, old: str, new: str, says: str | None) -> None:
    text = good("json").decode()
    assert old in text, old
    changed = text.replace(old, new, 1).encode()
    if says is None:
        assert FORMATS["json"].read is not None
        assert FORMATS["json"].read(changed).curve is not None, "the order and other names of columns are free"
    else:
        assert says in refused(tmp_path, "json", changed)


ROWS = "id,seconds,x,y,pull_seconds,width,height,ease,frame\n"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "'seconds' is missing"),
        (ROWS.encode(), "no focus targets"),
        (ROWS.encode() + b"a,nan,0,0\n", "row 2, seconds"),
        (ROWS.encode() + b"a,inf,0,0\n", "row 2, seconds"),
        (ROWS.encode() + b"a,1e9999,0,0\n", "row 2, seconds"),
        (ROWS.encode() + b"a," + b"9" * 100_000 + b",0,0\n", "row 2, seconds"),
        (ROWS.encode() + b"a,1_0,0,0\n", "row 2, seconds"),
        (ROWS.encode() + b"a,,0,0\n", "seconds is missing"),
        (ROWS.encode() + b"a,1,0.5,17\n", "place.y"),
        (ROWS.encode() + b"a,1,0.5,0.5,-1\n", "pull_seconds"),
        (ROWS.encode() + b"a,1,0.5,0.5,,,,zigzag\n", "ease"),
        (ROWS.encode() + b"a,1,0.5,0.5,,,,,1.5\n", "whole number"),
        (ROWS.encode() + b"a,1,0,0,,,,,,,,,\n", "more cells"),
        (ROWS.encode() + b"a,1,0,0\na,1,0,0\n", "twice"),
        (ROWS.encode() + b'a,1,0,"0\n', "CSV"),
        (ROWS.encode() + b"a\x00,1,0,0\n", ""),
        (b"id,id,seconds,x,y\n", "once"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"seconds,focus_disparity,f_number,state\n0,nan,1,hold\n", "focus_disparity"),
        (b"seconds,focus_disparity,f_number,state\n0,1e39,1,hold\n", "finite"),
        (b"seconds,focus_disparity,f_number,state\n0,1,1,asleep\n", "state"),
        (b'id,seconds,x,y\n"' + b"x" * 200_000 + b'",1,0,0\n', "CSV"),
    ],
)
def test_csv_that_is_wrong(tmp_path: Path, data: bytes, says: str) -> None:
    assert says in refused(tmp_path, "csv", data)


def marker(note: str, start: str = "1s") -> bytes:
    return (
        '<fcpxml version="1.10"><resources><asset id="r2" start="0s"/></resources>'
        f'<asset-clip ref="r2"><marker start="{start}" value="v" note="{note}"/></asset-clip></fcpxml>'
    ).encode()


ENTITIES = (
    b'<!DOCTYPE fcpxml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<fcpxml><marker start="1s" note="&b;"/></fcpxml>'
)
OUTSIDE = b'<!DOCTYPE fcpxml [<!ENTITY a SYSTEM "file:///etc/passwd">]><fcpxml>&a;</fcpxml>'


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "XML"),
        (b"<fcpxml>", "XML"),
        (b"<html/>", "not FCPXML"),
        (ENTITIES, "entity"),
        (OUTSIDE, "entity"),
        (b"<fcpxml>" + b"<a>" * 100_000, "nested"),
        (marker("fix the colour"), "no focus targets"),
        (marker("rvr-laaf x=0.5"), "lacks x or y"),
        (marker("rvr-laaf x=nan y=0"), "number"),
        (marker("rvr-laaf x=1e999 y=0"), "number"),
        (marker("rvr-laaf x=0.5 y=0.5 ease=up"), "ease"),
        (marker("rvr-laaf x=0.5 y=0.5 pull=-1"), "pull"),
        (marker("rvr-laaf x=0.5 y=0.5 " + "q" * 600_000), "too long"),
        (marker("rvr-laaf x=0.5 y=0.5", "soon"), "time"),
        (marker("rvr-laaf x=0.5 y=0.5", "1/0s"), "time"),
        (marker("rvr-laaf x=0.5 y=0.5", "99999999999999s"), "too large"),
        (marker("rvr-laaf x=0.5 y=0.5", "9" * 5000 + "s"), "time"),
    ],
)
def test_fcpxml_that_is_wrong(tmp_path: Path, data: bytes, says: str) -> None:
    assert says in refused(tmp_path, "fcpxml", data)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"OTIO_SCHEMA": "Timeline.1",', "", "OTIO_SCHEMA"),
        ('"rate": 24.0', '"rate": 0.0', "rate"),
        ('"rate": 24.0', '"rate": Infinity', "Infinity"),
        ('"value": 2.0', '"value": 1e300', "value"),
        ('"value": 2.0', '"value": "x"', "value"),
        ('"marked_range": {', '"marked_range": 3, "was": {', "marked_range"),
        ('"target": {', '"target": 3, "was": {', "target"),
        ('"pull_frames": 10', '"pull_frames": null, "box": [0, 0, 1, 1]', "exclude"),
    ],
)
def test_otio_that_is_wrong(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = good("otio").decode()
    assert old in text
    at = text.index('"Marker.2"') if '"rate"' in old or '"value"' in old else 0
    assert says in refused(tmp_path, "otio", (text[:at] + text[at:].replace(old, new)).encode())


@pytest.mark.parametrize("name", READABLE)
def test_too_large_and_too_deep(tmp_path: Path, name: str) -> None:
    path = tmp_path / "huge"
    with open(path, "wb") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(ProjectError, match="larger than 64 MiB"):
        read_file(path, FORMATS[name])
    refused(tmp_path, name, b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
    refused(tmp_path, name, b"[" * 1_000_000)
    refused(tmp_path, name, b"," * 3_000_000)
    refused(tmp_path, name, b"\x00" * 1000)


@pytest.mark.parametrize("name", READABLE)
def test_what_is_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectError, match="cannot be read"):
        read_file(tmp_path / "none", FORMATS[name])
    with pytest.raises(ProjectError):
        read_file(tmp_path, FORMATS[name])
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ProjectError, match="regular file"):
            read_file(tmp_path / "pipe", FORMATS[name])


@pytest.mark.parametrize("name", READABLE)
def test_random_damage_is_one_error_or_none(tmp_path: Path, name: str) -> None:
    """800 damaged copies of a good file: each is read, or refused by our own error, never by another."""
    chance, data, path = random.Random(7), good(name), tmp_path / "damaged"
    refusals: list[str] = []
    for _ in range(200):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(damaged))
            if chance.random() < 0.5:
                damaged[at] = chance.choice(b'0123456789-eE.,:;"{}[]<>/=& \x00\xff')
            else:
                del damaged[at : at + chance.randint(1, 30)]
        path.write_bytes(damaged)
        try:
            import_into(PROJECT, read_file(path, FORMATS[name]), TABLE, with_lens=True)
        except RvrError as error:
            refusals.append(str(error))
    assert len(refusals) > 20
    assert not any("\n" in line for line in refusals)


def test_more_targets_than_a_project_takes(tmp_path: Path) -> None:
    targets = [{"id": f"t{n}", "seconds": 0.5, "point": [0.5, 0.5]} for n in range(10_001)]
    values = {"schema": "rvr-laaf.focus", "version": 1, "targets": targets}
    assert "more than 10000" in refused(tmp_path, "json", json.dumps(values).encode())
    values["targets"] = targets[:9_999]
    path = tmp_path / "many.json"
    path.write_text(json.dumps(values))
    incoming = read_file(path, FORMATS["json"])
    assert len(import_into(PROJECT, incoming, TABLE).project.targets) == 10_000
    two = Project(targets=(FocusTarget("x", 1, Point(0, 0)), FocusTarget("y", 1, Point(0, 0))))
    with pytest.raises(RvrError, match="at most 10000"):
        import_into(two, incoming, TABLE)
