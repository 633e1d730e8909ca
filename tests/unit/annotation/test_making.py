"""Targets made by hand: on a frame, moved, limited; places that are found later; where two people differ."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rvr_laaf_app.annotation.agreement import agreement
from rvr_laaf_app.annotation.differences import differences
from rvr_laaf_app.annotation.making import (
    Ground,
    at_frame,
    new_target,
    next_subject,
    on_frame,
    renamed,
    ruling,
    subjects_of,
    with_limit,
)
from rvr_laaf_app.annotation.schema import ClipAnnotation, VafTarget, is_named
from rvr_laaf_app.annotation.store import AnnotatorStore, journal_path, read_book
from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.core.geometry import Box, Point
from tests.unit.annotation.pretend_clips import facts_of, looks_of_noise, said, table_of, target_at

FACTS = facts_of("a.mp4", 100)
GROUND = Ground(table_of(100), looks_of_noise(100))
BOX = Box(0.2, 0.3, 0.2, 0.2)


def frames(target: VafTarget) -> tuple[int, ...]:
    return tuple(GROUND.frame(target, t) for t in (target.arrive, target.at.pts, target.early, target.late))


def test_a_new_target_may_be_a_quarter_of_a_second_off_but_stays_in_the_clip() -> None:
    assert frames(new_target(GROUND, 50, BOX)) == (50, 50, 43, 56)
    assert frames(new_target(GROUND, 0, BOX)) == (0, 0, 0, 6)
    assert frames(new_target(GROUND, 99, Point(0.5, 0.5))) == (99, 99, 92, 99)
    assert new_target(GROUND, 1, Box(0.9, 0.9, 0.3, 0.3)).box.area == pytest.approx(0.01)
    with pytest.raises(IndexError):
        new_target(GROUND, 100, BOX)


def test_moving_takes_all_times_along_and_nothing_leaves_the_clip() -> None:
    target = with_limit(GROUND, with_limit(GROUND, new_target(GROUND, 50, BOX), "arrive", 47), "hold", 80)
    moved = on_frame(GROUND, target, 60, Box(0.5, 0.5, 0.1, 0.1))
    assert frames(moved) == (57, 60, 53, 66)
    assert GROUND.frame(moved, moved.hold or 0) == 90
    assert moved.place == Box(0.5, 0.5, 0.1, 0.1)
    end = on_frame(GROUND, target, 500)
    assert end.at.frame == 99
    assert GROUND.frame(end, end.hold or 0) == 99
    assert on_frame(GROUND, target, 50) == target


@pytest.mark.parametrize(
    ("limit", "frame", "stays"), [("arrive", 70, 50), ("early", 70, 50), ("late", 20, 50), ("hold", 20, 50)]
)
def test_what_makes_no_sense_is_cut_to_what_does(limit: str, frame: int, stays: int) -> None:
    target = with_limit(GROUND, new_target(GROUND, 50, BOX), limit, frame)  # type: ignore[arg-type]
    assert GROUND.frame(target, getattr(target, limit)) == stays


def test_limits_can_be_taken_away() -> None:
    target = with_limit(GROUND, new_target(GROUND, 50, BOX), "hold", 70)
    assert with_limit(GROUND, target, "hold", None).hold is None
    assert with_limit(GROUND, target, "early", None).early == target.at.pts


def test_subjects_are_counted_as_they_come_and_renamed_together() -> None:
    clip = ClipAnnotation(FACTS.clip)
    for frame, subject in ((40, "dog"), (10, "subject 1"), (70, "dog"), (90, "")):
        clip = clip.put(new_target(GROUND, frame, BOX, subject=subject))
    assert subjects_of(clip) == ("subject 1", "dog")
    assert next_subject(subjects_of(clip)) == "subject 2"
    assert subjects_of(renamed(clip, "dog", "cat")) == ("subject 1", "cat")
    assert [is_named(s) for s in ("subject 1", "dog", "", " ", "subject dog")] == [False, True, False, False, True]


def test_who_has_the_focus() -> None:
    held = with_limit(GROUND, new_target(GROUND, 10, BOX, subject="a"), "hold", 30)
    clip = ClipAnnotation(FACTS.clip, (held, new_target(GROUND, 60, BOX, subject="b")))
    at = [ruling(clip, s) for s in (0.0, 0.4, 1.2, 1.4, 2.4)]
    assert [t.subject if t else None for t in at] == [None, "a", "a", None, "b"]
    assert at_frame(clip, 60) is not None
    assert at_frame(clip, 61) is None


def test_a_place_found_later_is_no_step_and_goes_with_its_target(tmp_path: Path) -> None:
    with AnnotatorStore.open(tmp_path, "ann") as store:
        first, second = new_target(GROUND, 10, Point(0.5, 0.5)), new_target(GROUND, 20, Point(0.6, 0.5))
        for target in (first, second):
            store.edit(FACTS.clip, lambda a, t=target: a.put(t), label="Set target")  # type: ignore[misc]
        store.found(FACTS.clip, {first.id: BOX, "gone": BOX})
        assert store.of(FACTS.clip).targets[0].place == BOX
        assert store.undo_label == "Set target"
        assert store.edits == 2
        store.undo()
        assert [t.place for t in store.of(FACTS.clip).targets] == [BOX], "undo of the second keeps what was found"
        store.undo()
        assert not store.of(FACTS.clip).targets
        store.redo()
        with pytest.raises(ProjectError, match="width"):
            store.found(FACTS.clip, {first.id: Box(0.5, 0.5, 0.0, 0.1)})
        store.found(FACTS.clip, {first.id: BOX})  # nothing new: nothing is written
        size = journal_path(tmp_path, "ann").stat().st_size
        store.found(FACTS.clip, {first.id: BOX})
        assert journal_path(tmp_path, "ann").stat().st_size == size
    (annotation,) = read_book(journal_path(tmp_path, "ann")).annotations
    assert [t.place for t in annotation.targets] == [BOX]


def test_where_two_people_differ() -> None:
    mine = said(target_at(0.0), target_at(1.0, early_s=0.8, late_s=1.2), target_at(2.0), target_at(3.0))
    there = Box(0.7, 0.7, 0.2, 0.2)
    theirs = said(target_at(0.0), target_at(1.4, early_s=1.3, late_s=1.5), target_at(3.0, place=there))
    found = differences([mine], [theirs])
    assert [(d.kind, round(d.seconds, 2)) for d in found] == [("time", 1.0), ("only_first", 2.0), ("place", 3.0)]
    assert found[0].apart_s == pytest.approx(0.4)
    assert not differences([mine], [replace(theirs, state="open")]), "only what both have done is compared"
    assert not differences([mine], [mine])


def test_names_that_a_program_gave_are_no_agreement_in_words() -> None:
    mine = said(target_at(0.0, subject="subject 1"), target_at(2.0, subject="woman"))
    theirs = said(target_at(0.0, subject="subject 2"), target_at(2.0, subject="a woman"))
    figures = agreement(("a", [mine]), ("b", [theirs])).figures
    assert (figures["same_words"].value, figures["same_words"].count) == (1.0, 1)
