from __future__ import annotations

import json
import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.document.lock import Holder, ProjectLock, lock_path
from rvr_laaf_app.document.project import ClipRef, LensSettings, Project
from rvr_laaf_app.document.store import load_project, read_project, save_project

posix_only = pytest.mark.skipif(os.name != "posix", reason="forks")
PROJECT = Project(clip=ClipRef("/clips/a.mp4", "x", 10))


def write_lock(project: Path, holder: Holder) -> None:
    lock_path(project).write_text(holder.as_json(), encoding="utf-8")


def test_a_second_window_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    first = ProjectLock.acquire(path)
    with pytest.raises(ProjectError, match=r"open in another window.*Save under another name"):
        ProjectLock.acquire(path)
    with pytest.raises(ProjectError, match="open in another window"):
        save_project(PROJECT, path)
    assert not path.exists()
    first.release()
    first.release()
    second = ProjectLock.acquire(path)
    first.release()  # must not take the lock of another one
    assert second.held
    second.release()
    assert not list(tmp_path.iterdir())


@posix_only
def test_the_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    child = os.fork()
    if child == 0:
        ProjectLock.acquire(path)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert lock_path(path).exists()
    ProjectLock.acquire(path).release()
    assert not lock_path(path).exists()


def test_a_process_number_given_out_again_is_no_holder(tmp_path: Path) -> None:
    path, me = tmp_path / "film.rvr", Holder.me()
    if not me.started:
        pytest.skip("this system does not tell when a process started")
    write_lock(path, replace(me, started="another boot:5"))
    ProjectLock.acquire(path).release()


def test_another_host_is_believed_and_rubbish_is_not(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    write_lock(path, Holder("some-other-host", 1, "", "t"))
    with pytest.raises(ProjectError, match="some-other-host"):
        ProjectLock.acquire(path)
    for rubbish in (b"", b"\0" * 50, b"[]", b'{"host": 1, "pid": "x", "started": "", "token": ""}', b"[" * 5000):
        lock_path(path).write_bytes(rubbish)
        ProjectLock.acquire(path).release()
    values = {"host": socket.gethostname(), "pid": 2**70, "started": "", "token": ""}
    lock_path(path).write_text(json.dumps(values))
    with pytest.raises(ProjectError):  # cannot be known to be dead
        ProjectLock.acquire(path)


@posix_only
def test_many_processes_after_one_stale_lock_hold_it_one_at_a_time(tmp_path: Path) -> None:
    path, guard = tmp_path / "film.rvr", tmp_path / "guard"
    stale = os.fork()
    if stale == 0:
        os._exit(0)
    os.waitpid(stale, 0)
    write_lock(path, Holder(socket.gethostname(), stale, "long ago", "t"))
    children = []
    for _ in range(8):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                held = 0
                for _ in range(400):
                    try:
                        lock = ProjectLock.acquire(path)
                    except ProjectError:
                        continue
                    os.close(os.open(guard, os.O_CREAT | os.O_EXCL))  # fails if somebody else is inside
                    os.unlink(guard)
                    lock.release()
                    held += 1
                status = 0 if held else 2
            finally:
                os._exit(status)
        children.append(child)
    assert {os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children} == {0}


@posix_only
def test_two_processes_saving_lose_no_generation_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "film.rvr"
    save_project(PROJECT, path)
    pipes, children = [], []
    for driver in range(2):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                accepted = 0
                for step in range(10_000):
                    if accepted == 60:
                        break
                    loaded = read_project(path)
                    changed = replace(loaded.project, lens=LensSettings(blur_px=driver * 1000.0 + step))
                    try:
                        saved = save_project(changed, path, expected=loaded.stamp)
                    except ProjectError:
                        continue  # told, not lost
                    os.write(writer, f"{loaded.stamp.generation} {saved.generation}\n".encode())
                    accepted += 1
                status = 0
            finally:
                os._exit(status)
        os.close(writer)
        pipes.append(reader)
        children.append(child)
    lines = []
    for reader in pipes:
        with os.fdopen(reader) as file:
            lines += file.read().split("\n")[:-1]
    assert {os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children} == {0}
    steps = sorted(tuple(map(int, line.split())) for line in lines)
    # every accepted save built on the one before it, and none was taken twice
    assert steps == [(n, n + 1) for n in range(1, len(steps) + 1)]
    assert read_project(path).stamp.generation == len(steps) + 1
    assert len(steps) == 120
    load_project(path)


def test_a_folder_that_cannot_be_written_does_not_stop_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        lock = ProjectLock.acquire(tmp_path / "film.rvr")
    lock.release()
