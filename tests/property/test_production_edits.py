"""Any sequence of edits of any clips, with clips coming and going: undo, journal and file lose and mix up nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import given, settings
from project_strategies import Edit, projects, random_edits, texts

from rvr_laaf_app.document.document import Change, Document
from rvr_laaf_app.document.journal import Journal, read_journal
from rvr_laaf_app.document.production import (
    ClipEntry,
    Production,
    add_clips,
    move_clips,
    remove_clips,
    rename_clip,
)
from rvr_laaf_app.document.store import read_project, save_project

Act = Callable[[Document], object]
CLIP_IDS = ("c1", "c/2", "ü", "id", "clips")
some_ids = st.sampled_from(CLIP_IDS)


@st.composite
def productions(draw: st.DrawFn) -> Production:
    chosen = draw(st.lists(some_ids, unique=True, max_size=3))
    entries = tuple(ClipEntry(i, draw(projects()), draw(texts)) for i in chosen)
    return Production(entries, draw(some_ids))


def _if_there(clip_id: str, change: Callable[[Production], Production]) -> Callable[[Production], Production]:
    return lambda p: change(p) if p.entry(clip_id) is not None else p


def _edit(clip_id: str, edit: Edit) -> Act:
    return lambda d: d.apply("edit", edit, clip_id=clip_id)


@st.composite
def acts(draw: st.DrawFn) -> Act:
    kind = draw(st.sampled_from(["edit", "edit", "edit", "add", "remove", "move", "rename", "show", "undo", "redo"]))
    clip_id, other = draw(some_ids), draw(some_ids)
    if kind == "edit":
        return _edit(clip_id, draw(random_edits())[1])
    if kind == "show":
        return lambda d: d.show(clip_id)
    if kind in ("undo", "redo"):
        return lambda d: d.undo() if kind == "undo" else d.redo()
    if kind == "add":
        entry = ClipEntry(clip_id, draw(projects()))
        show = draw(st.booleans())
        return lambda d: d.apply_to_all(
            "add", lambda p: p if p.entry(clip_id) is not None else add_clips(p, [entry], before=other, show=show)
        )
    if kind == "remove":
        return lambda d: d.apply_to_all("remove", _if_there(clip_id, lambda p: remove_clips(p, [clip_id])))
    if kind == "move":
        return lambda d: d.apply_to_all("move", _if_there(clip_id, lambda p: move_clips(p, [clip_id], before=other)))
    name = draw(texts)
    return lambda d: d.apply_to_all("rename", _if_there(clip_id, lambda p: rename_clip(p, clip_id, name)))


def run(document: Document, steps: list[Act]) -> list[Production]:
    """Do the steps; return every value that was told, and check that the changes are an unbroken chain."""
    seen = [document.production]

    def hear(change: Change) -> None:
        assert change.before is seen[-1]
        assert change.old is change.before.project
        assert change.new is change.after.project
        seen.append(change.after)

    end = document.subscribe(hear)
    for step in steps:
        step(document)
        shown = document.production.shown
        assert (document.production.entry(shown) is not None) == bool(document.production.clips)
        assert document.production is seen[-1]
    end()
    return seen


@settings(max_examples=80, deadline=None)
@given(productions(), st.lists(acts(), max_size=25))
def test_undo_all_is_the_start_and_redo_all_the_end(start: Production, steps: list[Act]) -> None:
    document = Document(start)
    run(document, steps)
    while document.redo():
        pass
    end = document.production
    while document.undo():
        pass
    assert document.production == start
    assert not document.modified
    while document.redo():
        pass
    assert document.production == end


@settings(max_examples=80, deadline=None)
@given(productions(), st.lists(acts(), max_size=20))
def test_an_undone_edit_is_on_screen(start: Production, steps: list[Act]) -> None:
    document = Document(start)
    run(document, steps)
    while True:
        before = document.production
        if not document.undo():
            return
        after = document.production
        was = {c.id: c.project for c in before.clips}
        changed = {c.id for c in after.clips if was.get(c.id) != c.project}
        assert not changed or after.shown in changed


@settings(max_examples=80, deadline=None)
@given(productions(), st.lists(acts(), max_size=15))
def test_the_journal_replays_every_value(start: Production, steps: list[Act]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        document = Document(start)
        journal = Journal(start, project_path=None, spare_folder=Path(folder))
        document.subscribe(lambda change: journal.record(change.after))
        for step in steps:
            step(document)
            if journal.path is not None:
                assert read_journal(journal.path).production == document.production
        journal.close()


@settings(max_examples=60, deadline=None)
@given(productions())
def test_save_and_load_is_identity(production: Production) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.rvr"
        save_project(production, path)
        loaded = read_project(path).production
        assert loaded == production
        assert loaded.shown == production.shown
        first = path.read_bytes()
        save_project(loaded, path)
        assert path.read_bytes() == first.replace(b'"generation": 1,', b'"generation": 2,', 1)
