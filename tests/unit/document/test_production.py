from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from rvr_laaf_app.core.errors import ProjectError, UsageError
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document import edits
from rvr_laaf_app.document.document import Change, Document
from rvr_laaf_app.document.production import (
    MAX_CLIPS,
    ClipEntry,
    Production,
    add_clips,
    clip_concerned,
    move_clips,
    new_clip_id,
    remove_clips,
    rename_clip,
)
from rvr_laaf_app.document.project import ClipRef, FocusTarget, LensSettings, Project
from rvr_laaf_app.document.store import load_project, read_project, save_project


def entry(name: str) -> ClipEntry:
    return ClipEntry(name, Project(clip=ClipRef(f"/clips/{name}.mp4", name * 4, 90)))


def several(*names: str) -> Production:
    return Production(tuple(entry(n) for n in names), names[0])


def blurred(pixels: float):  # type: ignore[no-untyped-def]
    return lambda p: edits.set_lens(p, LensSettings(blur_px=pixels))


def test_there_is_always_a_shown_clip_if_there_is_any() -> None:
    assert Production().shown == ""
    assert Production().project == Project()
    assert Production((entry("a"), entry("b")), "gone").shown == "a"
    assert several("a", "b").showing("b").project == several("b").project
    assert several("a", "b").showing("nobody").shown == "a"


def test_what_is_shown_is_no_content() -> None:
    assert several("a", "b") == several("a", "b").showing("b")
    assert several("a", "b") != several("b", "a")


def test_an_edit_touches_one_clip_and_shares_the_others() -> None:
    before = several("a", "b", "c")
    after = before.edited("b", blurred(3))
    assert after.clips[0] is before.clips[0]
    assert after.clips[1].project.lens.blur_px == 3
    assert before.edited("b", lambda p: p) is before
    assert before.edited("nobody", blurred(3)) is before


def test_adding_moving_and_removing() -> None:
    production = add_clips(several("a"), [entry("b"), entry("c")])
    assert (production.ids, production.shown) == (("a", "b", "c"), "b")
    production = add_clips(production, [entry("d")], before="a", show=False)
    assert (production.ids, production.shown) == (("d", "a", "b", "c"), "b")
    assert move_clips(production, ["d", "c"], before=None).ids == ("a", "b", "d", "c")
    assert move_clips(production, ["c", "a"], before="a").ids == ("d", "a", "c", "b")
    assert move_clips(production, ["d"], before="a") is production
    gone = remove_clips(production, ["b", "c"])
    assert (gone.ids, gone.shown) == (("d", "a"), "a")
    assert remove_clips(gone, ["d", "a"]) == Production()


def test_the_empty_first_clip_gives_way() -> None:
    assert add_clips(Production.of(Project()), [entry("a")]).ids == ("a",)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda p: add_clips(p, [entry("a")]),
        lambda p: add_clips(p, [entry("x"), entry("x")]),
        lambda p: add_clips(p, [replace(entry("x"), id="")]),
        lambda p: add_clips(p, [entry(f"n{n}") for n in range(MAX_CLIPS)]),
        lambda p: remove_clips(p, ["x"]),
        lambda p: move_clips(p, ["x"], before=None),
        lambda p: rename_clip(p, "a", "x" * 2000),
        lambda p: rename_clip(p, "a", "x\0"),
        lambda p: rename_clip(p, "x", "y"),
        lambda p: p.named("nothing"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError):
        wrong(several("a", "b"))


def test_clips_are_meant_by_name_file_or_number() -> None:
    production = rename_clip(several("a", "b", "c"), "b", "the wide one")
    assert production.named("the wide one").id == "b"
    assert production.named("b.mp4").id == "b"
    assert production.named("c").id == "c"
    assert production.named("3").id == "c"
    twice = add_clips(production, [replace(entry("c"), id="c2")])
    with pytest.raises(UsageError, match="3, 4"):
        twice.named("c.mp4")
    assert twice.named("c2").id == "c2"
    for none in ("0", "5", "²", "99999999999999999999", ""):
        with pytest.raises(UsageError):
            twice.named(none)


def test_ids_are_new() -> None:
    assert len({new_clip_id(several("a")) for _ in range(200)}) == 200


def test_undo_shows_the_clip_that_it_concerns() -> None:
    document, told = Document(several("a", "b")), []
    document.subscribe(told.append)
    document.apply("Change lens", blurred(3))
    document.show("b")
    document.apply("Change lens", blurred(5))
    document.show("a")
    assert document.undo()
    assert document.production.shown == "b"
    assert document.project.lens.blur_px is None
    assert document.undo()
    assert document.production.shown == "a"
    assert document.project.lens.blur_px is None
    assert document.redo()
    assert (document.production.shown, document.project.lens.blur_px) == ("a", 3)
    assert document.redo()
    assert (document.production.shown, document.project.lens.blur_px) == ("b", 5)
    kinds = [c.kind for c in told]
    assert kinds == ["edit", "open", "edit", "open", "open", "open", "redo", "open"]
    for one, two in itertools.pairwise(told):
        assert one.after is two.before
        assert one.new is two.old


def test_showing_is_no_step_and_changes_nothing_that_is_saved() -> None:
    document = Document(several("a", "b"))
    assert document.show("b")
    assert not document.show("b")
    assert not document.show("nobody")
    assert not document.modified
    assert document.undo_label is None
    document.apply("Change lens", blurred(3))
    document.mark_saved()
    document.show("a")
    assert not document.modified
    document.undo()
    assert document.modified


def test_a_gesture_ends_when_another_clip_is_shown() -> None:
    document = Document(several("a", "b"))
    document.apply("Change lens", blurred(1), merge_key="g")
    document.show("b")
    document.apply("Change lens", blurred(2), merge_key="g")
    document.show("a")
    document.apply("Change lens", blurred(3), merge_key="g")
    for shown, blur in (("a", 1), ("b", None), ("a", None)):
        assert document.undo()
        assert (document.production.shown, document.project.lens.blur_px) == (shown, blur)
    assert not document.undo()


def test_a_removed_clip_comes_back_and_is_shown() -> None:
    document = Document(several("a", "b", "c"))
    document.apply("Change lens", blurred(3), clip_id="b")
    document.apply_to_all("Remove clip", lambda p: remove_clips(p, ["b"]))
    assert document.production.shown == "a"
    document.undo()
    assert document.production.shown == "b"
    assert document.project.lens.blur_px == 3
    document.redo()
    assert document.production.ids == ("a", "c")


def test_undoing_an_addition_shows_a_neighbour() -> None:
    document = Document(several("a", "b"))
    document.apply_to_all("Add clips", lambda p: add_clips(p, [entry("c")]))
    assert document.production.shown == "c"
    document.undo()
    assert document.production.shown in ("a", "b")
    assert not document.modified


def test_results_reach_a_clip_that_is_not_shown_in_every_state() -> None:
    document, told = Document(several("a", "b")), []
    document.apply("Change lens", blurred(3))
    document.subscribe(told.append)
    document.amend("found", lambda p: replace(p, metadata=(("/k", "1"),)), clip_id="b")
    assert [(c.kind, c.old is c.new) for c in told] == [("result", True)]
    document.undo()
    assert {c.id: c.project.metadata for c in document.production.clips} == {"a": (), "b": (("/k", "1"),)}


def test_another_clip_is_not_shown_inside_a_transaction() -> None:
    document = Document(several("a", "b"))
    with pytest.raises(RuntimeError), document.transaction("x"):
        document.show("b")


def test_a_transaction_over_several_clips_is_one_step() -> None:
    document = Document(several("a", "b"))
    with document.transaction("Same lens"):
        for clip_id in document.production.ids:
            document.apply("Change lens", blurred(4), clip_id=clip_id)
    document.undo()
    assert {c.project.lens.blur_px for c in document.production.clips} == {None}


def test_what_differs_decides_what_is_shown() -> None:
    old = several("a", "b")
    assert clip_concerned(old, old.edited("b", blurred(1))) == "b"
    assert clip_concerned(old, move_clips(old, ["a"], before=None)) == "a"
    assert clip_concerned(old, rename_clip(old, "b", "x")) == "a"
    both = old.edited("a", blurred(1)).edited("b", blurred(1))
    assert clip_concerned(old.showing("b"), both) == "b"
    assert clip_concerned(old, several("b")) == "b"
    assert clip_concerned(old, Production()) == ""


def test_the_first_edit_of_nothing_begins_a_clip() -> None:
    document = Document(Production())
    document.apply("Change lens", blurred(2))
    assert document.project.lens.blur_px == 2
    document.undo()
    assert document.production == Production()


def test_a_change_compares_by_the_shown_project() -> None:
    assert Change(Project(), Project(), "x", before=several("a")) == Change(Project(), Project(), "x")


def test_all_clips_are_saved_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    (tmp_path / "media").mkdir()
    clips = []
    for name in "abc":
        clip = tmp_path / "media" / f"{name}.mp4"
        clip.write_bytes(b"x")
        clips.append(ClipEntry(name, Project(clip=ClipRef(str(clip), name, 9)), f"take {name}"))
    production = Production(tuple(clips), "b", (("room", '{"wall":"blue"}'),))
    save_project(production, path)
    loaded = read_project(path)
    assert loaded.production == production
    assert loaded.production.shown == "b"
    assert load_project(path, "take c") == clips[2].project
    assert load_project(path) == clips[1].project
    moved = tmp_path.with_name(f"{tmp_path.name}-moved")
    tmp_path.rename(moved)
    again = read_project(moved / "film.rvr")
    assert [Path(c.project.clip.path).parent for c in again.production.clips] == [moved / "media"] * 3  # type: ignore[union-attr]
    assert again.places["c"] == (str(moved / "media" / "c.mp4"), str(tmp_path / "media" / "c.mp4"))
    moved.rename(tmp_path)


def test_each_clip_is_readable_text(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    production = several("a", "b").edited("b", lambda p: edits.add_target(p, FocusTarget("t", 3, Point(0.5, 0.5))))
    save_project(production, path)
    text = path.read_text(encoding="utf-8")
    assert sum('"point": [0.5, 0.5]' in line for line in text.splitlines()) == 1
    changed = production.edited("a", blurred(1))
    save_project(changed, path)
    pairs = zip(text.splitlines(), path.read_text(encoding="utf-8").splitlines(), strict=True)
    assert sum(one != two for one, two in pairs) == 2  # generation, and the lens of one clip


def test_an_empty_production_is_a_file_too(tmp_path: Path) -> None:
    save_project(Production(), tmp_path / "film.rvr")
    assert read_project(tmp_path / "film.rvr").production == Production()
    assert load_project(tmp_path / "film.rvr") == Project()


def test_hostile_lists_of_clips_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    base = {"schema": "Project.2", "generation": 1, "shown": "a"}
    for clips in ([[]], ["a"], [None], [{"id": 1}], [{"id": "a", "name": 5}], [{"id": "a", "clip": {"path": 5}}]):
        path.write_text(json.dumps({**base, "clips": clips}), encoding="utf-8")
        with pytest.raises(ProjectError, match=r"clips\[0\]"):
            read_project(path)
    path.write_text(json.dumps({**base, "shown": "gone", "clips": [{"id": "a"}]}), encoding="utf-8")
    assert read_project(path).production.shown == "a"
