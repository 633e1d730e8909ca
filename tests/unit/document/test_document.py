from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from rvr_laaf_app.document.document import Change, Document
from rvr_laaf_app.document.history import History
from rvr_laaf_app.document.project import ClipRef, Project


def named(name: str) -> Project:
    return Project(clip=ClipRef(name))


def rename(name: str):  # type: ignore[no-untyped-def]
    return lambda p: replace(p, clip=ClipRef(name))


def test_undo_and_redo_tell_observers_what_changed() -> None:
    document, told = Document(named("a")), []
    document.subscribe(told.append)
    document.apply("Rename", rename("b"))
    assert document.undo_label == "Rename"
    assert document.undo()
    assert document.redo_label == "Rename"
    assert document.redo()
    assert not document.redo()
    a, b = named("a"), named("b")
    assert told == [Change(a, b, "Rename"), Change(b, a, "Rename", "undo"), Change(a, b, "Rename", "redo")]


def test_an_edit_without_effect_leaves_no_trace() -> None:
    document, told = Document(named("a")), []
    document.subscribe(told.append)
    document.apply("Nothing", rename("a"))
    assert not told
    assert document.undo_label is None


def test_one_gesture_is_one_step_and_one_that_comes_back_is_none() -> None:
    document = Document(named("a"))
    for name in "bcd":
        document.apply("Drag", rename(name), merge_key=1)
    assert document.undo()
    assert document.project == named("a")
    assert not document.undo()
    for name in "xya":
        document.apply("Drag", rename(name), merge_key=2)
    assert document.undo_label is None


def test_gestures_do_not_join_across_their_end_undo_or_save() -> None:
    document = Document(named("a"))
    document.apply("Drag", rename("b"), merge_key=1)
    document.end_gesture()
    document.apply("Drag", rename("c"), merge_key=1)
    document.mark_saved()
    document.apply("Drag", rename("d"), merge_key=1)
    document.undo()
    assert document.project == named("c")
    document.apply("Drag", rename("e"), merge_key=1)
    names = []
    while document.undo():
        names.append(document.project.clip.path)  # type: ignore[union-attr]
    assert names == ["c", "b", "a"]


def test_a_transaction_is_one_step_and_one_change() -> None:
    document, told = Document(named("a")), []
    document.subscribe(told.append)
    with document.transaction("Both"):
        document.apply("1", rename("b"))
        with document.transaction("inner"):
            document.apply("2", rename("c"))
        assert document.project == named("c")
    assert told == [Change(named("a"), named("c"), "Both")]
    assert document.undo()
    assert document.project == named("a")


def test_a_failed_transaction_never_was() -> None:
    document, told = Document(named("a")), []
    document.subscribe(told.append)

    def fail() -> None:
        with document.transaction("Both"):
            document.apply("1", rename("b"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert document.project == named("a")
    assert not told
    assert document.undo_label is None
    assert not document.modified


def test_modified_follows_the_saved_state() -> None:
    document = Document(named("a"))
    assert not document.modified
    document.apply("x", rename("b"))
    document.mark_saved()
    document.apply("x", rename("c"))
    assert document.modified
    document.undo()
    assert not document.modified
    document.undo()
    assert document.modified
    document.apply("x", rename("z"))  # the saved state cannot be reached any more
    assert document.modified
    document.undo()
    assert document.modified


def test_results_are_no_steps_and_reach_every_state() -> None:
    document = Document(named("a"))
    document.apply("x", rename("b"))
    document.apply("x", rename("c"))
    document.undo()
    document.amend("found", lambda p: replace(p, metadata=(("k", "1"),)) if p.clip != ClipRef("a") else p)
    assert document.project.metadata
    document.redo()
    assert document.project == replace(named("c"), metadata=(("k", "1"),))
    document.undo()
    document.undo()
    assert document.project == named("a")


def test_changes_arrive_in_order_even_if_an_observer_edits() -> None:
    document, first, second = Document(named("a")), [], []

    def meddle(change: Change) -> None:
        first.append(change.new.clip.path)  # type: ignore[union-attr]
        if change.new == named("b"):
            document.apply("more", rename("c"))

    document.subscribe(meddle)
    document.subscribe(lambda change: second.append(change.new.clip.path))  # type: ignore[union-attr]
    document.apply("x", rename("b"))
    assert first == second == ["b", "c"]


def test_an_observer_that_fails_keeps_nobody_from_hearing() -> None:
    document, told = Document(named("a")), []

    def fail(_: Change) -> None:
        raise KeyError("oops")

    stop = document.subscribe(fail)
    document.subscribe(told.append)
    with pytest.raises(KeyError):
        document.apply("x", rename("b"))
    assert len(told) == 1
    assert document.project == named("b")
    stop()
    stop()
    document.apply("x", rename("c"))
    assert len(told) == 2


def test_another_thread_may_not_touch_it() -> None:
    document, errors = Document(named("a")), []

    def meddle() -> None:
        try:
            document.apply("x", rename("b"))
        except RuntimeError as error:
            errors.append(str(error))

    thread = threading.Thread(target=meddle)
    thread.start()
    thread.join()
    assert len(errors) == 1
    assert document.project == named("a")


def test_history_forgets_the_oldest_beyond_its_limit() -> None:
    history = History(0, limit=3)
    for value in range(1, 10):
        history.push(value, str(value))
    assert [history.undo() for _ in range(4)] == [8, 7, 6, None]
