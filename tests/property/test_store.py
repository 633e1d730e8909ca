"""Files and journals give back what was put in, and no damage to a file is more than one ProjectError."""

from __future__ import annotations

import copy
import json
import random
import tempfile
import time
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from project_strategies import Edit, projects, random_edits

from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document import edits
from rvr_laaf_app.document.encoding import decode, encode
from rvr_laaf_app.document.journal import Journal, read_journal
from rvr_laaf_app.document.project import ClipRef, FocusTarget, Project
from rvr_laaf_app.document.store import load_project, read_project, save_project, to_bytes

BASELINE = Path(__file__).resolve().parents[1] / "baselines" / "project-2.rvr"


@settings(max_examples=100, deadline=None)
@given(projects())
def test_save_and_load_is_identity(project: Project) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.rvr"
        save_project(project, path)
        assert load_project(path) == project
        first = path.read_bytes()
        save_project(load_project(path), path)
        assert path.read_bytes() == first.replace(b'"generation": 1,', b'"generation": 2,', 1)


@settings(max_examples=100, deadline=None)
@given(projects(), st.lists(random_edits(), max_size=15))
def test_replay_of_a_journal_is_the_last_value(start: Project, steps: list[tuple[str, Edit]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal, project = Journal(start, project_path=None, spare_folder=Path(folder)), start
        for _, edit in steps:
            project = edit(project)
            journal.record(project)
        journal.close()
        if journal.path is None:
            assert project == start
        else:
            assert read_journal(journal.path).project == project


field_names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(projects(), st.dictionaries(field_names.map(lambda k: f"x{k}"), json_values, max_size=3))
def test_unknown_fields_of_any_kind_survive(project: Project, unknown: dict[str, object]) -> None:
    values = encode(project) | unknown
    names = [k for k in places(unknown, []) if isinstance(k[1], str)]
    if any("\0" in str(k) for _, k in names if k in unknown):
        with pytest.raises(ValueError, match="the name of a field"):
            decode(copy.deepcopy(values))
        return
    loaded = decode(copy.deepcopy(values))
    assert encode(loaded) == values
    assert loaded.targets == project.targets


def rich() -> bytes:
    return to_bytes(read_project(BASELINE).production, BASELINE, 3)


def try_load(path: Path, data: bytes) -> bool:
    """Load these bytes; True if they are a project. Anything but a short ProjectError fails, and so does slowness."""
    path.write_bytes(data)
    began = time.process_time()
    try:
        production = read_project(path).production
        to_bytes(production, path, 1)  # whatever is accepted can be saved again
        accepted, message = True, "-"
    except ProjectError as error:
        accepted, message = False, str(error)
    assert 0 < len(message) < 2000
    assert time.process_time() - began < 2.0
    return accepted


def byte_mutant(data: bytes, rng: random.Random) -> bytes:
    mutant = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        at, kind = rng.randrange(len(mutant)), rng.randrange(6)
        if kind == 0:
            mutant[at] = rng.randrange(256)
        elif kind == 1:
            del mutant[at : at + rng.randrange(1, 40)]
        elif kind == 2:
            mutant[at:at] = rng.choice(
                [b"\0", b"}", b"]", b"[", b'"', b"{", b",", b"\xff", b"1e308", b"-", b"NaN", b"\\u0000"]
            )
        elif kind == 3:
            mutant[at:at] = mutant[at : at + rng.randrange(1, 200)]
        elif kind == 4:
            mutant[at : at + 1] = bytes([mutant[at] ^ (1 << rng.randrange(8))])
        else:
            mutant = mutant[: rng.randrange(1, len(mutant) + 1)]
        if not mutant:
            return b""
    return bytes(mutant)


STRANGE = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    10**19,
    0.5,
    -0.0,
    1e-308,
    1e308,
    "",
    "a",
    "\0",
    "\ud800",
    "x" * 20_000,
    "../../etc",
    "C:\\x",
    "\\\\h\\s",
    "/dev/zero",
    "http://x",
    [],
    {},
    [[]],
    {"": {}},
    [1e308] * 5,
    {"point": [0, 0]},
    [None] * 100,
    {"a": {"b": {"c": [{}] * 3}}},
    "AAAA",
    "NaN",
    ["t"] * 3,
]


def places(value: object, found: list[tuple[object, object]]) -> list[tuple[object, object]]:
    """Every (container, key) in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found.append((value, key))
        places(inner, found)
    return found


def structural_mutant(values: dict[str, object], rng: random.Random) -> bytes:
    mutant = copy.deepcopy(values)
    for _ in range(rng.randrange(1, 4)):
        spots = places(mutant, [])
        if not spots:
            break
        container, key = rng.choice(spots)
        kind = rng.randrange(5)
        if kind <= 2:
            container[key] = copy.deepcopy(rng.choice(STRANGE))  # type: ignore[index]
        elif kind == 3:
            del container[key]  # type: ignore[attr-defined]
        else:
            other, other_key = rng.choice(spots)
            try:
                container[key] = copy.deepcopy(other[other_key])  # type: ignore[index]
            except (IndexError, KeyError):
                continue
    return json.dumps(mutant).encode()


@pytest.mark.parametrize("seed", range(4))
def test_damaged_bytes_are_a_project_or_one_clear_error(tmp_path: Path, seed: int) -> None:
    rng, data = random.Random(seed), rich()
    accepted = sum(try_load(tmp_path / "film.rvr", byte_mutant(data, rng)) for _ in range(600))
    assert 0 < accepted < 500


@pytest.mark.parametrize("seed", range(4))
def test_strange_values_are_a_project_or_one_clear_error(tmp_path: Path, seed: int) -> None:
    rng, values = random.Random(100 + seed), json.loads(rich())
    accepted = sum(try_load(tmp_path / "film.rvr", structural_mutant(values, rng)) for _ in range(600))
    assert 0 < accepted < 500


def test_damaged_journals_are_an_earlier_state_or_one_clear_error(tmp_path: Path) -> None:
    start = Project(clip=ClipRef("/clips/a.mp4", "x", 9))
    journal, states = Journal(start, project_path=None, spare_folder=tmp_path / "made"), [start]
    for number in range(6):
        place = Point(0.1 * number, 0.5) if number % 2 else Box(0.1, 0.1, 0.1 * number, 0.2)
        states.append(edits.add_target(states[-1], FocusTarget(f"t{number}", number, place)))
        journal.record(states[-1])
    journal.close()
    assert journal.path is not None
    data, rng, path = journal.path.read_bytes(), random.Random(5), tmp_path / "x.rvr-journal"
    outcomes = set()
    for _ in range(1000):
        path.write_bytes(byte_mutant(data, rng))
        try:
            outcomes.add(states.index(read_journal(path).project))
        except ProjectError:
            outcomes.add(-1)
    assert outcomes == {-1, 0, 1, 2, 3, 4, 5, 6}
