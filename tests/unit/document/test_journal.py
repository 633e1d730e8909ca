from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document import edits, journal
from rvr_laaf_app.document.journal import Journal, find_recoveries, read_journal
from rvr_laaf_app.document.project import ClipRef, FocusTarget, LensSettings, Project, SubjectTrack

START = Project(clip=ClipRef("/clips/a.mp4", "ff", 500), metadata=(("/targets/t1/colour", '"red"'),))


def random_states(seed: int, count: int) -> list[Project]:
    """A random walk of edits, each state different from the one before."""
    rng, states, number = random.Random(seed), [START], 0
    while len(states) <= count:
        project = states[-1]
        ids = [t.id for t in project.targets]
        kind = rng.randrange(6)
        if kind == 0 or not ids:
            number += 1
            target = FocusTarget(f"t{number}", rng.randrange(500), Point(rng.random(), rng.random()))
            project = edits.add_target(project, target)
        elif kind == 1:
            project = edits.move_target(project, rng.choice(ids), place=Point(rng.random(), rng.random()))
        elif kind == 2 and len(ids) > 1:
            project = edits.remove_target(project, rng.choice(ids))
        elif kind == 3:
            project = edits.set_lens(project, LensSettings(blur_px=rng.random() * 40))
        elif kind == 4:
            count_ = rng.randrange(1, 50)
            boxes = np.array([[rng.random() for _ in range(4)] for _ in range(count_)], np.float32)
            track = SubjectTrack(rng.choice(ids), rng.randrange(500), boxes, np.ones(count_, np.float32))
            project = edits.set_track(project, track)
        elif len(states) > 3:
            project = states[-rng.randrange(2, 4)]  # undo is a change like any other
        if project != states[-1]:
            states.append(project)
    return states


@pytest.mark.parametrize("seed", range(5))
def test_replay_gives_every_state(tmp_path: Path, seed: int) -> None:
    states = random_states(seed, 40)
    written = Journal(states[0], project_path=None, spare_folder=tmp_path)
    for number, state in enumerate(states[1:], start=1):
        written.record(state)
        assert written.path is not None
        recovery = read_journal(written.path)
        assert recovery.project == state
        assert recovery.edits == number
        assert not recovery.damaged
    written.remove()
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_without_a_change(tmp_path: Path) -> None:
    written = Journal(START, project_path=None, spare_folder=tmp_path / "state")
    written.record(START)
    written.close()
    assert written.path is None
    assert not (tmp_path / "state").exists()


def test_it_lies_beside_the_project_or_in_the_spare_folder(tmp_path: Path) -> None:
    changed = random_states(0, 1)[1]
    beside = Journal(START, project_path=tmp_path / "film.rvr", spare_folder=tmp_path / "spare")
    beside.record(changed)
    assert beside.path is not None
    assert beside.path.parent == tmp_path
    assert beside.path.name.startswith(".film.rvr.")
    elsewhere = Journal(START, project_path=tmp_path / "gone" / "film.rvr", spare_folder=tmp_path / "spare")
    elsewhere.record(changed)
    assert elsewhere.path is not None
    assert elsewhere.path.parent == tmp_path / "spare"
    recovery = read_journal(elsewhere.path)
    assert recovery.project_path == tmp_path / "gone" / "film.rvr"
    for made in (beside, elsewhere):
        made.close()


def test_recovery_lists_closed_and_dead_journals_only_and_deletes_none(tmp_path: Path) -> None:
    states = random_states(1, 3)
    live = Journal(START, project_path=None, spare_folder=tmp_path)
    closed = Journal(START, project_path=None, spare_folder=tmp_path)
    for written in (live, closed):
        written.record(states[1])
    closed.close()
    child = os.fork()
    if child == 0:
        dead = Journal(START, project_path=None, spare_folder=tmp_path)
        dead.record(states[2])
        os._exit(0)
    os.waitpid(child, 0)
    (tmp_path / "broken.rvr-journal").write_bytes(b"\0" * 100)
    before = sorted(tmp_path.iterdir())
    found = find_recoveries([tmp_path, tmp_path / "missing"])
    assert sorted(r.edits for r in found) == [1, 1]
    assert {r.project for r in found} == {states[1], states[2]}
    assert live.path not in {r.path for r in found}
    assert sorted(tmp_path.iterdir()) == before
    live.remove()


def test_a_long_journal_is_compacted_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "COMPACT_BYTES", 20_000)
    states = random_states(3, 200)
    written = Journal(states[0], project_path=None, spare_folder=tmp_path)
    largest = 0
    for state in states[1:]:
        written.record(state)
        assert written.path is not None
        largest = max(largest, written.path.stat().st_size)
        assert read_journal(written.path).project == state
    assert largest < 60_000
    assert len(list(tmp_path.iterdir())) == 1
    written.remove()


def test_a_journal_that_is_no_journal_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "x.rvr-journal"
    for content in (b"", b"\n", b"hello\n", b"\xff" * 1000, b"0" * 16 + b" {}\n"):
        path.write_bytes(content)
        with pytest.raises(ProjectError, match="journal"):
            read_journal(path)
    with pytest.raises(ProjectError):
        read_journal(tmp_path / "missing")


@pytest.mark.skipif(os.name != "posix", reason="kills a forked process")
def test_kill_9_at_any_moment_loses_at_most_the_last_action(tmp_path: Path) -> None:
    rng = random.Random(11)
    lost = []
    for trial in range(25):
        states = random_states(trial, 100)
        folder = tmp_path / str(trial)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            written = Journal(states[0], project_path=None, spare_folder=folder)
            for state in states[1:]:
                written.record(state)
                os.write(writer, b".")
            signal.pause()
        os.close(writer)
        wanted, acknowledged = rng.randrange(1, 100), 0
        while acknowledged < wanted:
            acknowledged += len(os.read(reader, wanted - acknowledged))
        pause = threading_event_wait(rng.random() * 0.002)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while rest := os.read(reader, 100):  # acknowledged before the kill reached it
            acknowledged += len(rest)
        os.close(reader)
        found = find_recoveries([folder])
        assert len(found) == 1, pause
        number = found[0].edits
        assert found[0].project == states[number]
        assert number in (acknowledged, acknowledged + 1)
        lost.append(acknowledged - number)
    assert max(lost) <= 0


def threading_event_wait(seconds: float) -> float:
    import threading

    threading.Event().wait(seconds)
    return seconds


def test_recording_costs_little(tmp_path: Path) -> None:
    """A project with long tracks must not be written again for every small edit."""
    boxes = np.random.default_rng(0).random((20_000, 4), np.float32)
    project = START
    for number in range(5):
        project = edits.add_target(project, FocusTarget(f"t{number}", number, Point(0, 0)))
        track = SubjectTrack(f"t{number}", number, boxes.copy(), np.ones(len(boxes), np.float32))
        project = edits.set_track(project, track)
    written = Journal(project, project_path=None, spare_folder=tmp_path)
    written.record(replace(project, lens=LensSettings(blur_px=1.0)))
    assert written.path is not None
    size = written.path.stat().st_size
    began = time.process_time()
    for number in range(50):
        project = edits.move_target(project, "t0", place=Point(number / 50, 0.5))
        written.record(project)
    assert time.process_time() - began < 2.0
    assert written.path.stat().st_size - size < 50 * 2000
    written.remove()


def test_a_large_project_is_not_written_anew_with_each_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "COMPACT_BYTES", 1000)
    boxes = np.random.default_rng(0).random((2000, 4), np.float32)
    project = edits.add_target(START, FocusTarget("t", 0, Point(0, 0)))
    project = edits.set_track(project, SubjectTrack("t", 0, boxes, np.ones(len(boxes), np.float32)))
    written = Journal(project, project_path=None, spare_folder=tmp_path)
    anew: list[object] = []
    monkeypatch.setattr(written, "_compact", lambda: anew.append(1))
    for number in range(30):
        project = edits.move_target(project, "t", place=Point(number / 30 + 0.01, 0.5))
        written.record(project)
    assert not anew
    written.remove()
