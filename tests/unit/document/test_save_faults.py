"""Each change that saving makes to the disk fails, or the process dies there: the old or the new project is whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from faults import FAULTS, KILLED, Counter, in_child, watching

from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.document.journal import SUFFIX, Journal, find_recoveries, read_journal
from rvr_laaf_app.document.lock import ProjectLock
from rvr_laaf_app.document.project import ClipRef, LensSettings, Project
from rvr_laaf_app.document.store import load_project, save_project

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills forked processes")

OLD = Project(clip=ClipRef("/clips/a.mp4", "old", 10))
NEW = replace(OLD, lens=LensSettings(blur_px=7.0))


def points(act: Callable[[], object]) -> int:
    counter = Counter()
    with watching(counter):
        act()
    assert counter.count
    return counter.count


def fresh(folder: Path) -> Path:
    for entry in folder.iterdir():
        entry.unlink()
    path = folder / "film.rvr"
    save_project(OLD, path)
    return path


def test_the_counter_sees_the_whole_save(tmp_path: Path) -> None:
    counter, path = Counter(), fresh(tmp_path)
    with watching(counter):
        save_project(NEW, path)
    assert {"open", "write", "fsync", "replace", "link", "unlink"} <= set(counter.names)
    replaced = counter.names.index("replace")
    assert counter.names.index("fsync") < replaced < len(counter.names) - 1 - counter.names[::-1].index("fsync")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_save_that_fails_anywhere_leaves_old_or_new(tmp_path: Path, fault: str) -> None:
    path = fresh(tmp_path)
    total = points(lambda: save_project(NEW, path))
    assert total >= 8
    outcomes = set()
    for at in range(1, total + 1):
        path = fresh(tmp_path)
        if "kill" in fault:
            status = in_child(lambda path=path: save_project(NEW, path), Counter(at, fault))  # type: ignore[misc]
            assert status == KILLED
            came_through = False
        else:
            with watching(Counter(at, fault)):
                try:
                    save_project(NEW, path)
                    came_through = True
                except ProjectError:
                    came_through = False
        found = load_project(path)
        assert found in (OLD, NEW)
        assert found == NEW or not came_through  # no silent loss
        outcomes.add((came_through, found == NEW))
        save_project(NEW, path)  # whatever was left behind is in nobody's way
        if "kill" in fault:
            assert [p.name for p in tmp_path.iterdir()] == ["film.rvr"]
    assert (False, False) in outcomes


@pytest.mark.parametrize("fault", FAULTS)
def test_a_first_save_that_fails_leaves_nothing_or_the_project(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "film.rvr"
    total = points(lambda: save_project(NEW, path))
    for at in range(1, total + 1):
        path.unlink(missing_ok=True)
        if "kill" in fault:
            assert in_child(lambda: save_project(NEW, path), Counter(at, fault)) == KILLED  # type: ignore[arg-type,return-value]
        else:
            with watching(Counter(at, fault)):
                try:
                    save_project(NEW, path)
                except ProjectError:
                    pass
                else:
                    assert path.exists()
        assert not path.exists() or load_project(path) == NEW


STATES = [replace(OLD, lens=LensSettings(blur_px=float(n))) for n in range(6)]


def journal_in(folder: Path) -> Journal:
    return Journal(STATES[0], project_path=folder / "film.rvr", spare_folder=folder / "spare")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_journal_that_fails_anywhere_loses_at_most_the_action_under_way(tmp_path: Path, fault: str) -> None:
    def write_all() -> None:
        journal = journal_in(tmp_path)
        for number, state in enumerate(STATES[1:], start=1):
            journal.record(state)
            (tmp_path / "done").write_text(str(number))

    def clean() -> None:
        for entry in tmp_path.rglob("*"):
            if entry.is_file():
                entry.unlink()

    total = points(write_all)
    for at in range(1, total + 1):
        clean()
        if "kill" in fault:
            assert in_child(write_all, Counter(at, fault)) == KILLED
        else:
            with watching(Counter(at, fault)), contextlib.suppress(ProjectError):
                write_all()
                assert list((tmp_path / "spare").iterdir())  # only that can heal a fault: it went to the spare folder
        done = int((tmp_path / "done").read_text()) if (tmp_path / "done").exists() else 0
        best = 0
        for file in tmp_path.rglob(f"*{SUFFIX}"):
            try:
                best = max(best, STATES.index(read_journal(file).project))
            except ProjectError:
                assert done == 0
        assert best in (done, done + 1)


def test_a_full_disk_is_made_up_for_when_there_is_room_again(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.record(STATES[1])
    with watching(Counter(1, "short")):
        for state in STATES[2:4]:
            with pytest.raises(ProjectError, match="No space"):
                journal.record(state)
    journal.record(STATES[4])
    journal.close()
    assert journal.path is not None
    recovery = read_journal(journal.path)
    assert recovery.project == STATES[4]
    assert not recovery.damaged


def test_a_journal_is_on_the_disk_before_record_returns(tmp_path: Path) -> None:
    counter, journal = Counter(), journal_in(tmp_path)
    with watching(counter):
        journal.record(STATES[1])
        assert counter.names[-2:] == ["write", "fsync"] or counter.names[-1] == "fsync"
        for state in STATES[2:]:
            before = counter.count
            journal.record(state)
            assert counter.names[before:] == ["write", "fsync"]
    journal.remove()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lock_that_fails_anywhere_is_held_or_not_but_never_jams(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "film.rvr"

    def take() -> None:
        ProjectLock.acquire(path).release()

    for at in range(1, points(take) + 1):
        if "kill" in fault:
            in_child(take, Counter(at, fault))
        else:
            with watching(Counter(at, fault)), contextlib.suppress(ProjectError):
                take()
        for entry in tmp_path.glob("*.lock"):
            if "kill" not in fault:
                entry.unlink()  # its holder is this very process, which lives
        lock = ProjectLock.acquire(path)
        assert lock.held
        lock.release()


def test_what_a_power_cut_may_leave_of_a_journal_is_readable(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    sizes = []
    for state in STATES[1:]:
        journal.record(state)
        assert journal.path is not None
        sizes.append(journal.path.stat().st_size)
    journal.close()
    assert journal.path is not None
    whole = journal.path.read_bytes()[: sizes[-1]]
    torn = tmp_path / f"torn{SUFFIX}"
    for cut in {*range(sizes[-2], sizes[-1], 7), sizes[-1] - 1, sizes[-1]}:
        for tail in (b"", b"\0" * (sizes[-1] - cut), b"\xff" * 7, b"\n\n{}\n"):
            torn.write_bytes(whole[:cut] + tail)
            expected = STATES[-1] if torn.read_bytes().startswith(whole) else STATES[-2]
            assert read_journal(torn).project == expected


def test_damage_in_the_middle_keeps_what_is_before_it_and_is_told(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    for state in STATES[1:]:
        journal.record(state)
    journal.close()
    assert journal.path is not None
    lines = journal.path.read_bytes().split(b"\n")
    lines[2] = lines[2][:-1] + b"x"
    journal.path.write_bytes(b"\n".join(lines))
    recovery = read_journal(journal.path)
    assert recovery.project == STATES[1]
    assert recovery.damaged
    assert journal.path.exists()
    assert not [r for r in find_recoveries([tmp_path]) if r.project != STATES[1]]
