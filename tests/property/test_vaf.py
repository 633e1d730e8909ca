"""Annotations out and in again, in every format and through the journal; hostile files are read or refused."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rvr_laaf_app.annotation.encoding import VafData, decode_data, encode_data
from rvr_laaf_app.annotation.exchange.formats import FORMATS, format_of
from rvr_laaf_app.annotation.exchange.loose import Sheet, bind
from rvr_laaf_app.annotation.schema import ClipAnnotation
from rvr_laaf_app.annotation.split import split_clips
from rvr_laaf_app.annotation.store import AnnotatorStore, journal_path, read_book
from rvr_laaf_app.annotation.work import Survey
from rvr_laaf_app.core.errors import ProjectError
from tests.property.vaf_strategies import FACTS, LOOKS, NAMES, annotations

DATA = st.dictionaries(NAMES, annotations(), max_size=3)
TABLES = {f.clip.pictures: f.table for f in FACTS}
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def plain(said: dict[str, tuple[ClipAnnotation, ...]]) -> dict[str, dict[str, ClipAnnotation]]:
    return {who: {a.clip.pictures: a for a in mine} for who, mine in said.items() if mine}


@FEW
@given(DATA, st.sets(st.sampled_from(FACTS), max_size=3))
def test_vaf_json(said: dict[str, tuple[ClipAnnotation, ...]], held: set[object]) -> None:
    spoken = {a.clip.pictures for mine in said.values() for a in mine}
    split = {f.clip.pictures: "test" if f in held else "train" for f in FACTS if f.clip.pictures in spoken}
    content = encode_data(VafData(said, split))
    again = decode_data(content)
    assert plain(dict(again.annotations)) == plain(said)
    assert again.split == split
    assert encode_data(again) == content


@pytest.mark.parametrize("name", ["vaf", "csv", "coco", "cvat"])
@FEW
@given(DATA)
def test_out_and_in_again(name: str, said: dict[str, tuple[ClipAnnotation, ...]]) -> None:
    """Every target comes back with every field; CVAT has no place for states and notes of clips."""
    files = FORMATS[name].write(Sheet(VafData(said), TABLES))
    loose = []
    for content in files.values():
        if name != "csv" or said:
            assert format_of(content) == name
        loose += FORMATS[name].read(content, "nobody")
    bound = bind(loose, Survey(FACTS), lambda facts: LOOKS[facts.clip.pictures])
    assert not bound.notes
    assert set(bound.ways) <= {"exact"}
    found, wanted = plain(dict(bound.annotations)), plain(said)
    if name == "cvat":
        assert {w: {k: a.targets for k, a in m.items()} for w, m in found.items()} == {
            w.strip(): {k: a.targets for k, a in m.items()} for w, m in wanted.items()
        }
    else:
        assert found == wanted


@FEW
@given(st.lists(st.tuples(annotations(), st.booleans()), max_size=8))
def test_the_journal_says_what_the_store_says(steps: list[tuple[tuple[ClipAnnotation, ...], bool]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with AnnotatorStore.open(folder, "ann") as store:
            states = [dict(store.said)]
            for said, back in steps:
                for annotation in said:
                    store.edit(annotation.clip, lambda _, a=annotation: a, label="said")
                if back and store.undo():
                    store.redo()
                    store.undo()
                states.append(dict(store.said))
            now = dict(store.said)
        assert dict(read_book(journal_path(folder, "ann")).said) == now
        with AnnotatorStore.open(folder, "ann") as store:
            assert dict(store.said) == now
            while store.undo():
                pass
            assert dict(store.said) == {}
            while store.redo():
                pass


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from(["", "{", "<annotations>", '{"videos": [', '{"clips": {', "clip,x,y,frame\n"]),
)
def test_any_bytes_are_read_or_refused(content: bytes, begin: str) -> None:
    """Nothing but ValueError comes out of a reader."""
    for format_ in FORMATS.values():
        with contextlib.suppress(ValueError):
            format_.read(begin.encode() + content, "ann")


@FEW
@given(DATA, st.data())
def test_one_changed_byte_never_breaks_a_reader(
    said: dict[str, tuple[ClipAnnotation, ...]], data: st.DataObject
) -> None:
    for format_ in FORMATS.values():
        try:
            files = format_.write(Sheet(VafData(said), TABLES))
        except ValueError:
            continue  # several annotators in a format for one
        for content in files.values():
            at = data.draw(st.integers(0, len(content) - 1))
            broken = content[:at] + bytes([data.draw(st.integers(0, 255))]) + content[at + 1 :]
            with contextlib.suppress(ValueError):
                format_.read(broken, "ann")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.binary(min_size=1, max_size=3))
def test_a_damaged_journal_keeps_what_is_before_the_damage(seed: int, garbage: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with AnnotatorStore.open(folder, "ann") as store:
            for number, facts in enumerate(FACTS):
                store.edit(facts.clip, lambda a, n=number: ClipAnnotation(a.clip, note=f"note {n}"), label="note")
        path = journal_path(folder, "ann")
        content = bytearray(path.read_bytes())
        at = seed % len(content)
        content[at : at + len(garbage)] = garbage
        path.write_bytes(bytes(content))
        try:
            book = read_book(path)
        except ProjectError:
            assert at <= bytes(content).find(b"\n") + 1
            return
        assert {a.note for a in book.annotations} <= {f"note {n}" for n in range(3)}


@settings(max_examples=50, deadline=None)
@given(st.sets(st.text("0123456789abcdef", min_size=32, max_size=32), max_size=260), st.integers(1, 5), st.randoms())
def test_a_side_once_given_stays(keys: set[str], batches: int, random: object) -> None:
    ordered = sorted(keys)
    random.shuffle(ordered)  # type: ignore[attr-defined]
    sides: dict[str, str] = {}
    for batch in range(1, batches + 1):
        before = dict(sides)
        sides = split_clips(ordered[: len(ordered) * batch // batches], before)
        assert before.items() <= sides.items()
    held = sum(side == "test" for side in sides.values())
    assert held <= min(40, len(keys) // 5)
    if batches == 1:
        assert held == min(40, len(keys) // 5)
        assert sides == split_clips(keys, {})
