"""Any sequence of edits: undo all of it gives the start, redo all of it the end, and nothing in between is lost."""

from __future__ import annotations

import random

import hypothesis.strategies as st
from hypothesis import given, settings
from project_strategies import Edit, projects, random_edits

from rvr_laaf_app.document.document import Change, Document
from rvr_laaf_app.document.project import Project


@settings(max_examples=80, deadline=None)
@given(projects(), st.lists(random_edits(), max_size=15))
def test_undo_all_is_the_start_and_redo_all_the_end(start: Project, steps: list[tuple[str, Edit]]) -> None:
    document, seen = Document(start), [start]
    document.subscribe(lambda change: seen.append(change.new))
    for label, edit in steps:
        document.apply(label, edit)
    end, states = document.project, list(seen)
    back = [document.project]
    while document.undo():
        back.append(document.project)
    assert document.project is start
    assert [id(p) for p in reversed(back)] == [id(p) for p in states]
    assert not document.modified
    while document.redo():
        pass
    assert document.project is end


OPERATIONS = ("edit", "edit", "edit", "undo", "redo", "gesture", "transaction", "failed transaction", "save")


@settings(max_examples=80, deadline=None)
@given(projects(), st.lists(st.tuples(st.sampled_from(OPERATIONS), random_edits(), random_edits()), max_size=30))
def test_the_document_agrees_with_a_simple_model(
    start: Project, steps: list[tuple[str, tuple[str, Edit], tuple[str, Edit]]]
) -> None:
    """The model is a list of states and an index; the document must be at the same state after every operation."""
    document, told = Document(start), [start]

    def hear(change: Change) -> None:
        assert change.old is told[-1]  # an unbroken chain: nobody misses a value
        told.append(change.new)

    document.subscribe(hear)
    states, at, saved = [start], 0, start

    def push(value: Project) -> None:
        nonlocal at
        if value != states[at]:
            del states[at + 1 :]
            states.append(value)
            at += 1

    for number, (operation, (label, one), (_, two)) in enumerate(steps):
        if operation == "undo":
            assert document.undo() == (at > 0)
            at = max(at - 1, 0)
        elif operation == "redo":
            assert document.redo() == (at + 1 < len(states))
            at = min(at + 1, len(states) - 1)
        elif operation == "save":
            document.mark_saved()
            saved = document.project
        elif operation == "gesture":
            document.apply(label, one, merge_key=number)
            document.apply(label, two, merge_key=number)
            push_gesture(states, at, one, two, push)
        elif operation == "transaction":
            with document.transaction(label):
                document.apply("1", one)
                document.apply("2", two)
            push(two(one(states[at])))
        elif operation == "failed transaction":
            fail(document, one)
        else:
            document.apply(label, one)
            push(one(states[at]))
        assert document.project == states[at]
        assert told[-1] is document.project
        assert document.modified == (document.project is not saved)


def push_gesture(states: list[Project], at: int, one: Edit, two: Edit, push: object) -> None:
    first = one(states[at])
    second = two(first)
    if first == states[at] or second != states[at]:
        push(second)  # type: ignore[operator]
    else:
        del states[at + 1 :]  # there and back: no step, but what could be redone was overtaken


def fail(document: Document, edit: Edit) -> None:
    class Oops(Exception):
        pass

    before = document.project
    try:
        with document.transaction("fails"):
            document.apply("1", edit)
            raise Oops
    except Oops:
        pass
    assert document.project is before


def test_thousands_of_sequences_of_undo_and_redo_are_identity() -> None:
    """Many more, but cheap: values are what edits made them, so a walk over few states is enough for the list."""
    rng = random.Random(7)
    for _ in range(3000):
        document = Document(Project())
        count = rng.randrange(1, 8)
        for number in range(count):
            document.apply("x", lambda p, n=number: Project(metadata=(("n", str(n)),)))
        end, steps = document.project, rng.randrange(1, count + 1)
        for _ in range(steps):
            assert document.undo()
        for _ in range(steps):
            assert document.redo()
        assert document.project is end
