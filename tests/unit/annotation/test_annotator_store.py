"""An annotator's journal: every edit on the disk, undo and redo as edits, kill -9 at any moment, damage put aside."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rvr_laaf_app.annotation import store as store_module
from rvr_laaf_app.annotation.store import AnnotatorStore, journal_path, read_book, read_books
from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.core.geometry import Point
from tests.unit.annotation.pretend_clips import facts_of, target_at

CLIP = facts_of("talk.mp4").clip
OTHER = facts_of("dogs/run.mp4", seed=3).clip
ROOT = Path(__file__).resolve().parents[3]


def put(store: AnnotatorStore, seconds: float, **extra: object) -> None:
    target = target_at(seconds, **extra)  # type: ignore[arg-type]
    store.edit(CLIP, lambda a: a.put(target), label=f"target at {seconds:g} s")


def test_an_edit_is_there_when_the_call_returns(tmp_path: Path) -> None:
    with AnnotatorStore.open(tmp_path, "Ann B.") as store:
        put(store, 1.0, subject="woman")
        store.edit(OTHER, lambda a: replace(a, state="set_aside", reason="too dark"), label="set aside")
        book = read_book(journal_path(tmp_path, "Ann B."))
        assert dict(book.said) == dict(store.said)
        assert (book.annotator, book.role, book.edits, book.damaged) == ("Ann B.", "annotator", 2, 0)
    assert [a.clip.name for a in book.annotations] == ["dogs/run.mp4", "talk.mp4"]


def test_undo_and_redo_go_on_after_a_restart(tmp_path: Path) -> None:
    with AnnotatorStore.open(tmp_path, "ann") as store:
        put(store, 1.0)
        put(store, 2.0)
        before = dict(store.said)
        store.edit(CLIP, lambda a: a.drop(["t1000"]), label="delete")
        assert store.undo() == "delete"
        assert dict(store.said) == before
    with AnnotatorStore.open(tmp_path, "ann") as store:
        assert dict(store.said) == before
        assert (store.undo_label, store.redo_label) == ("target at 2 s", "delete")
        assert store.redo() == "delete"
        assert [t.id for t in store.of(CLIP).targets] == ["t2000"]
        assert [store.undo() for _ in range(4)] == ["delete", "target at 2 s", "target at 1 s", None]
        assert dict(store.said) == {}
    assert read_book(journal_path(tmp_path, "ann")).said == {}


def test_a_key_held_down_is_one_step_back_but_every_move_is_safe(tmp_path: Path) -> None:
    with AnnotatorStore.open(tmp_path, "ann") as store:
        put(store, 1.0)
        for step in range(20):
            moved = target_at(1.0, place=Point(0.1 + step / 50, 0.5))
            store.edit(CLIP, lambda a, t=moved: a.put(t), label="nudge", merge="nudge t1000")
            assert read_book(journal_path(tmp_path, "ann")).said == store.said
        assert store.edits == 21
        store.undo()
        assert store.of(CLIP).targets[0] == target_at(1.0)


def test_nothing_changed_is_nothing_written(tmp_path: Path) -> None:
    with AnnotatorStore.open(tmp_path, "ann") as store:
        put(store, 1.0)
        size = journal_path(tmp_path, "ann").stat().st_size
        put(store, 1.0)
        store.edit(OTHER, lambda a: a, label="look")
        assert journal_path(tmp_path, "ann").stat().st_size == size
        assert store.undo_label == "target at 1 s"


def test_several_annotators_do_not_meet(tmp_path: Path) -> None:
    with AnnotatorStore.open(tmp_path, "ann") as ann, AnnotatorStore.open(tmp_path, "Ann") as other:
        put(ann, 1.0)
        put(other, 2.0)
        with AnnotatorStore.open(tmp_path, "ann", role="check") as check:
            put(check, 3.0)
        with pytest.raises(ProjectError, match="annotating already"):
            AnnotatorStore.open(tmp_path, "ann")
    books, errors = read_books(tmp_path)
    assert not errors
    assert sorted((b.annotator, b.role, len(b.said)) for b in books) == [
        ("Ann", "annotator", 1),
        ("ann", "annotator", 1),
        ("ann", "check", 1),
    ]
    AnnotatorStore.open(tmp_path, "ann").close()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 81, "a\0", "\ud800"])
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectError, match="annotator"):
        AnnotatorStore.open(tmp_path, name)


def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    with AnnotatorStore.open(tmp_path, "../../etc/passwd") as store:
        put(store, 1.0)
    assert [p.name for p in tmp_path.iterdir()] == ["vaf"]


def test_a_torn_last_line_is_the_last_key_press_and_nothing_else(tmp_path: Path) -> None:
    path = journal_path(tmp_path, "ann")
    with AnnotatorStore.open(tmp_path, "ann") as store:
        put(store, 1.0)
        put(store, 2.0)
    content = path.read_bytes()
    last = content.rstrip(b"\n").rfind(b"\n") + 1
    for cut in (*range(last, len(content), 97), len(content) - 1):
        path.write_bytes(content[:cut])
        book = read_book(path)
        assert (book.edits, book.damaged) == (1, 0), cut
        with AnnotatorStore.open(tmp_path, "ann") as store:
            put(store, 3.0)
            assert [t.id for t in store.of(CLIP).targets] == ["t1000", "t3000"]
        assert read_book(path).edits == 2
    assert not list(path.parent.glob("*.unreadable"))


def test_damage_in_the_middle_is_said_and_put_aside(tmp_path: Path) -> None:
    path = journal_path(tmp_path, "ann")
    with AnnotatorStore.open(tmp_path, "ann") as store:
        for number in range(5):
            put(store, float(number))
    lines = path.read_bytes().split(b"\n")
    lines[3] = lines[3].replace(b"pts", b"ptz")
    path.write_bytes(b"\n".join(lines))
    book = read_book(path)
    assert (book.edits, book.damaged) == (2, 3)
    with AnnotatorStore.open(tmp_path, "ann") as store:
        assert store.edits == 2
    (aside,) = path.parent.glob("*.unreadable")
    assert aside.read_bytes() == b"\n".join(lines[3:])


@pytest.mark.parametrize("content", [b"\n", b"hello\n", b"\xff" * 300 + b"\n", b"0" * 16 + b" {}\n"])
def test_what_is_no_journal_is_one_clear_error_and_stays(tmp_path: Path, content: bytes) -> None:
    path = journal_path(tmp_path, "ann")
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ProjectError):
        AnnotatorStore.open(tmp_path, "ann")
    books, errors = read_books(tmp_path)
    assert (len(books), len(errors)) == (0, 1)
    assert path.read_bytes() == content


def test_a_full_disk_loses_nothing_that_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with AnnotatorStore.open(tmp_path, "ann") as store:
        put(store, 1.0)
        real = os.write

        def full(handle: int, data: bytes) -> int:
            real(handle, bytes(data)[:20])
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(store_module.os, "write", full)
            with pytest.raises(ProjectError, match="No space left"):
                put(store, 2.0)
        assert [t.id for t in store.of(CLIP).targets] == ["t1000"], "what is not on the disk does not count"
        put(store, 3.0)
    assert [t.id for t in read_book(journal_path(tmp_path, "ann")).said[CLIP.pictures].targets] == ["t1000", "t3000"]


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from rvr_laaf_app.annotation.store import AnnotatorStore
from tests.unit.annotation.pretend_clips import facts_of, target_at
clip = facts_of("talk.mp4").clip
with AnnotatorStore.open(Path(sys.argv[1]), "ann") as store:
    for number in range(10_000):
        if number % 5 == 4:
            store.undo()
        else:
            target = target_at(number * 0.04)
            store.edit(clip, lambda a: a.put(target), label=str(number))
        print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="kills a process with SIGKILL")
def test_kill_9_at_any_moment_loses_at_most_the_last_key_press(tmp_path: Path) -> None:
    """A real process; what it said is done must be there, in a state that it went through."""
    rng = random.Random(5)
    for trial in range(3):
        folder = tmp_path / str(trial)
        folder.mkdir()
        child = subprocess.Popen([sys.executable, "-c", CHILD, folder, ROOT], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        acknowledged = -1
        for _ in range(rng.randrange(3, 60)):
            acknowledged = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().split("\n")[:-1]  # said before the kill reached it
        child.wait()
        child.stdout.close()
        acknowledged = int(rest[-1]) if rest else acknowledged
        book = read_book(journal_path(folder, "ann"))
        assert book.edits in (acknowledged + 1, acknowledged + 2)
        assert book.damaged == 0
        assert [t.at.pts for t in book.said[CLIP.pictures].targets] == expected(book.edits)
        with AnnotatorStore.open(folder, "ann") as store:  # the dead process's lock is taken over
            assert store.edits == book.edits


def expected(edits: int) -> list[int]:
    kept: list[int] = []
    for number in range(edits):
        if number % 5 == 4:
            kept.pop()
        else:
            kept.append(number * 40)
    return kept


def test_time_spent_leaves_pauses_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 110.0, 115.0, 2000.0, 2006.0, 2007.0, 2010.0])
    monkeypatch.setattr(store_module.time, "time", lambda: next(clock))
    with AnnotatorStore.open(tmp_path, "ann") as store:
        for number in range(5):
            put(store, float(number))
        store.edit(CLIP, lambda a: a.put(target_at(9.0), target_at(9.5)), label="import", imported=True)
        put(store, 1.0, subject="the same target, named")
    book = read_book(journal_path(tmp_path, "ann"))
    assert book.active_s == pytest.approx(21.0)
    assert book.made == 5, "neither imported nor changed targets are set by hand"
