from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from session_desk import Desk

from rvr_laaf_app.core.errors import MediaError, ProjectError
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.lock import lock_path
from rvr_laaf_app.document.project import LensSettings
from rvr_laaf_app.document.store import load_project, save_project

HERE = Point(0.5, 0.5)
NewDesk = Callable[[], Desk]


def saved_project(desk: Desk, clip: Path, path: Path) -> Path:
    session = desk.open(clip)
    session.add_target_at(HERE, 10)
    desk.idle()
    session.save(path)
    return path


def test_save_and_reopen_gives_the_same_project(desk: Desk, clip: Path, tmp_path: Path, new_desk: NewDesk) -> None:
    path = saved_project(desk, clip, tmp_path / "film.rvr")
    session = desk.session
    assert not session.modified
    assert session.path == path
    assert session.title == "film"
    assert load_project(path) == session.project
    session.set_lens(LensSettings(blur_px=4.0))
    assert session.modified
    session.save()
    project = session.project
    session.close()
    later = new_desk().open(path)
    assert later.project == project
    assert later.clip_state == "online"
    assert not later.modified
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix != ".clip") == [
        lock_path(path).name,
        "film.rvr",
    ]


def test_saving_needs_a_name_and_a_place(desk: Desk, clip: Path, tmp_path: Path) -> None:
    session = desk.open(clip)
    session.add_target_at(HERE, 1)
    with pytest.raises(ProjectError, match="no name yet"):
        session.save()
    with pytest.raises(ProjectError):
        session.save(tmp_path / "missing" / "film.rvr")
    assert session.path is None
    assert session.modified


def test_a_second_window_reads_only_and_may_save_a_copy(
    desk: Desk, clip: Path, tmp_path: Path, new_desk: NewDesk
) -> None:
    path = saved_project(desk, clip, tmp_path / "film.rvr")
    second = new_desk()
    second.open(path)
    assert "open in another window" in second.session.read_only
    assert second.session.project == desk.session.project
    second.session.set_lens(LensSettings(blur_px=4.0))
    data = path.read_bytes()
    with pytest.raises(ProjectError, match="open in another window"):
        second.session.save()
    assert path.read_bytes() == data
    copy = second.session.save(tmp_path / "copy.rvr")
    assert second.session.path == copy
    assert not second.session.read_only
    assert load_project(copy).lens.blur_px == 4.0
    with pytest.raises(ProjectError):
        second.session.save(path)  # not over the other one's file either
    desk.session.save()


def test_a_file_changed_by_another_program_is_not_overwritten(desk: Desk, clip: Path, tmp_path: Path) -> None:
    path = saved_project(desk, clip, tmp_path / "film.rvr")
    values = json.loads(path.read_text(encoding="utf-8"))
    values["clips"][0]["lens"]["blur_px"] = 77
    path.write_text(json.dumps(values), encoding="utf-8")  # say, a synchronised folder
    desk.session.set_lens(LensSettings(blur_px=4.0))
    with pytest.raises(ProjectError, match="changed by another"):
        desk.session.save()
    assert load_project(path).lens.blur_px == 77
    assert desk.session.modified
    desk.session.save(tmp_path / "mine.rvr")


def test_a_missing_clip_leaves_the_project_whole_and_it_can_be_found_again(
    desk: Desk, clip: Path, tmp_path: Path, new_desk: NewDesk
) -> None:
    path = saved_project(desk, clip, tmp_path / "film.rvr")
    project = desk.session.project
    desk.session.close()
    moved = tmp_path / "elsewhere.clip"
    clip.rename(moved)
    later = new_desk()
    session = later.open(path)
    assert session.clip_state == "offline"
    assert [type(p) for p in later.problems] == [MediaError]
    assert session.project == project
    session.set_lens(LensSettings(blur_px=4.0))  # an offline project can be edited and saved
    session.save()
    assert load_project(path).targets == project.targets
    session.relink(moved)
    later.idle()
    assert session.clip_state == "online"
    assert session.project.clip is not None
    assert session.project.clip.path == str(moved)
    assert session.project.targets == project.targets
    assert session.project.tracks == project.tracks
    assert session.modified
    session.undo()
    assert session.project.clip.path == str(moved)  # where a clip lies is no edit
    session.save()
    assert load_project(path).clip == session.project.clip


def test_a_clip_replaced_by_another_one_is_noticed(desk: Desk, clip: Path, tmp_path: Path, new_desk: NewDesk) -> None:
    path = saved_project(desk, clip, tmp_path / "film.rvr")
    desk.session.close()
    clip.write_text("55")
    later = new_desk()
    session = later.open(path)
    assert session.clip_state == "offline"
    assert "not the clip" in str(later.problems[0])
    assert len(session.project.targets) == 1
    session.relink(clip)
    later.idle()
    assert session.project.clip is not None
    assert session.project.clip.frames == 55


def test_the_right_clip_is_chosen_among_several_by_its_content(
    desk: Desk, clip: Path, tmp_path: Path, new_desk: NewDesk
) -> None:
    path = saved_project(desk, clip, tmp_path / "film.rvr")
    desk.session.close()
    (tmp_path / "moved").mkdir()
    wrong = tmp_path / "moved" / clip.name
    wrong.write_text("3")  # beside the moved project lies another clip of the same name
    path.rename(tmp_path / "moved" / "film.rvr")
    later = new_desk()
    session = later.open(tmp_path / "moved" / "film.rvr")
    assert session.clip_state == "online"
    assert session.project.clip is not None
    assert session.project.clip.path == str(clip)


def test_unsaved_work_is_offered_again_after_a_crash(desk: Desk, clip: Path, tmp_path: Path, new_desk: NewDesk) -> None:
    """A child sets targets and dies; the next session finds all of it, as a copy, and saving ends the offer."""
    child = os.fork()
    if child == 0:
        try:
            crashing = Desk(desk.engine)
            session = crashing.open(clip)
            for frame in (5, 6, 7):
                session.add_target_at(HERE, frame)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    later = new_desk()
    offers = later.session.recoveries()
    assert [len(r.project.targets) for r in offers] == [3]
    later.session.recover(offers[0])
    later.idle()
    session = later.session
    assert [t.frame for t in session.project.targets] == [5, 6, 7]
    assert session.modified
    assert session.path is None
    assert session.clip_state == "online"
    assert offers[0].path.exists()  # until it is saved
    assert session.recoveries() == []  # it is open already
    session.save(tmp_path / "found.rvr")
    assert not offers[0].path.exists()
    assert new_desk().session.recoveries() == []


def test_unsaved_changes_are_kept_by_close_and_forgotten_by_discard(desk: Desk, clip: Path, new_desk: NewDesk) -> None:
    session = desk.open(clip)
    session.add_target_at(HERE, 5)
    session.close()
    second = new_desk()
    assert len(second.session.recoveries()) == 1
    second.open(clip)
    second.session.add_target_at(HERE, 6)
    second.session.discard_changes()
    second.session.close()
    third = new_desk()
    offers = third.session.recoveries()
    assert [r.project.targets[0].frame for r in offers] == [5]
    third.session.recover(offers[0])
    third.idle()
    third.session.discard_changes()
    third.session.close()
    assert new_desk().session.recoveries() == []


def test_opening_something_else_keeps_unsaved_changes_too(desk: Desk, clip: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.clip"
    other.write_text("3")
    session = desk.open(clip)
    session.add_target_at(HERE, 5)
    desk.open(other)
    assert [r.edits > 0 for r in session.recoveries()] == [True]


def test_a_journal_beside_a_recent_project_is_found(desk: Desk, clip: Path, tmp_path: Path, new_desk: NewDesk) -> None:
    path = saved_project(desk, clip, tmp_path / "film.rvr")
    desk.session.set_lens(LensSettings(blur_px=5.0))
    desk.session.close()
    offers = new_desk().session.recoveries()
    assert [r.project_path for r in offers] == [path]
    assert offers[0].project.lens.blur_px == 5.0


def test_a_journal_that_cannot_be_written_is_told_once(desk: Desk, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = desk.open(clip)
    real = os.fsync

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    session.add_target_at(HERE, 5)
    session.add_target_at(HERE, 6)
    assert len(session.project.targets) == 2
    assert len(desk.problems) == 1
    assert "No space left" in str(desk.problems[0])
    monkeypatch.setattr(os, "fsync", real)
    session.add_target_at(HERE, 7)
    session.close()
    recovered = [r for r in session.recoveries() if len(r.project.targets) == 3]
    assert len(recovered) == 1


def test_source_clips_are_never_written(desk: Desk, clip: Path, tmp_path: Path) -> None:
    clip.chmod(0o444)
    before = clip.stat()
    saved_project(desk, clip, tmp_path / "film.rvr")
    assert clip.stat() == before


def test_a_newer_project_is_refused_and_what_is_open_stays(desk: Desk, clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.rvr"
    session = desk.open(clip)
    save_project(session.project, path)
    path.write_text(path.read_text(encoding="utf-8").replace("Project.2", "Project.9"), encoding="utf-8")
    desk.open(path)
    assert "newer version" in str(desk.problems[0])
    assert session.clip_state == "online"
    assert not lock_path(path).exists()
