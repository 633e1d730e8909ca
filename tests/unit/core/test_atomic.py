"""Every step of an atomic write fails once, in every way: the final name must hold old or new content, whole."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rvr_laaf_app.core import atomic
from rvr_laaf_app.core.atomic import PART_SUFFIX, publish, remove_leftovers, temporary_beside, write_atomic

OLD = b"old " * 5000
NEW = (b"new-" * 3000, b"", b"content" * 999)
CALLS = ("open", "write", "fsync", "close", "replace", "chmod")


class FailingOs:
    """Counts the calls of os.open, os.write ... and lets the n-th one fail in a given way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, how: str) -> None:
        self.count = 0
        self.hit = ""
        self._at, self._how = at, how
        for name in CALLS:
            monkeypatch.setattr(atomic.os, name, self._wrap(name, getattr(os, name)))

    def _wrap(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            self.count += 1
            if self.count != self._at:
                return real(*args, **kwargs)
            self.hit = name
            if self._how == "short" and name == "write":
                return real(args[0], bytes(args[1])[:7])  # type: ignore[call-overload]
            if self._how == "zero" and name == "write":
                return 0
            if name == "close":
                real(*args)
            if self._how == "interrupt":
                raise KeyboardInterrupt
            raise OSError(getattr(errno, self._how) if self._how.isupper() else errno.EIO, "injected")

        return call


def _steps() -> int:
    with pytest.MonkeyPatch.context() as patch:
        counter = FailingOs(patch, -1, "EIO")
        folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"rvr-atomic-{os.getpid()}"
        folder.mkdir()
        try:
            write_atomic(folder / "x", b"a")
            write_atomic(folder / "x", NEW)
        finally:
            (folder / "x").unlink()
            folder.rmdir()
        return counter.count


@pytest.mark.parametrize("how", ["ENOSPC", "EIO", "EDQUOT", "short", "zero", "interrupt"])
def test_every_failing_step_leaves_old_or_new(tmp_path: Path, how: str) -> None:
    file = tmp_path / "thing.rvr"
    outcomes = set()
    for at in range(1, _steps() + 2):
        file.write_bytes(OLD)
        with pytest.MonkeyPatch.context() as patch:
            fault = FailingOs(patch, at, how)
            try:
                write_atomic(file, NEW)
                failed = False
            except (OSError, KeyboardInterrupt):
                failed = True
        content = file.read_bytes()
        assert content in (OLD, b"".join(NEW)), (at, fault.hit)
        if not failed:
            assert content == b"".join(NEW), (at, fault.hit)
        outcomes.add((fault.hit, failed))
        assert not list(tmp_path.glob(f"*{PART_SUFFIX}")), (at, fault.hit)
    hit = {name for name, _ in outcomes}
    assert {"open", "write", "fsync", "replace"} <= hit
    assert any(failed for _, failed in outcomes) or how == "short"


def test_kill_at_every_step_leaves_old_or_new(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from rvr_laaf_app.core import atomic
at, count = int(sys.argv[2]), 0
def wrap(name, real):
    def call(*args, **kwargs):
        global count
        count += 1
        if count == at:
            if name == "write":
                real(args[0], bytes(args[1])[:100])
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return call
for name in ("open", "write", "fsync", "close", "replace"):
    setattr(os, name, wrap(name, getattr(os, name)))
atomic.write_atomic(Path(sys.argv[1]), [b"new-" * 100, b"content"])
"""
    new = b"new-" * 100 + b"content"
    file = tmp_path / "thing.rvr"
    killed = 0
    for at in range(1, 12):
        file.write_bytes(OLD)
        done = subprocess.run([sys.executable, "-c", script, str(file), str(at)], check=False)
        assert file.read_bytes() in (OLD, new), at
        if done.returncode == 0:
            assert file.read_bytes() == new
            break
        assert done.returncode == -signal.SIGKILL
        killed += 1
    assert killed >= 6
    leftovers = list(tmp_path.glob(f"*{PART_SUFFIX}"))
    assert leftovers
    assert remove_leftovers(file) == len(leftovers)
    assert os.listdir(tmp_path) == ["thing.rvr"]


def test_first_write_and_pieces(tmp_path: Path) -> None:
    file = tmp_path / "new"
    write_atomic(file, NEW)
    assert file.read_bytes() == b"".join(NEW)
    write_atomic(str(file), b"")
    assert file.read_bytes() == b""


def test_pieces_that_raise_leave_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "thing"
    file.write_bytes(OLD)

    def pieces():  # type: ignore[no-untyped-def]
        yield b"half"
        raise RuntimeError("maker failed")

    with pytest.raises(RuntimeError):
        write_atomic(file, pieces())
    assert file.read_bytes() == OLD
    assert len(list(tmp_path.iterdir())) == 1


def test_link_is_followed_and_permissions_are_kept(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_bytes(OLD)
    real.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(real)
    write_atomic(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert real.stat().st_mode & 0o777 == 0o640


def test_long_and_odd_names(tmp_path: Path) -> None:
    for name in ("x" * 250, "ü" * 120 + ".mp4", "a b'\"$(x).mp4", os.fsdecode(b"nonutf8-\xff.mp4")):
        file = tmp_path / name
        write_atomic(file, b"1")
        assert file.read_bytes() == b"1"


def test_leftovers_of_living_processes_stay(tmp_path: Path) -> None:
    file = tmp_path / "out.mp4"
    mine = temporary_beside(file)
    mine.write_bytes(b"being written")
    assert remove_leftovers(file) == 0
    assert mine.exists()
    assert temporary_beside(file) != mine


def test_publish_replaces(tmp_path: Path) -> None:
    file = tmp_path / "out.mp4"
    file.write_bytes(OLD)
    part = temporary_beside(file)
    part.write_bytes(b"new")
    publish(part, file)
    assert file.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["out.mp4"]


def test_missing_folder_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomic(tmp_path / "nowhere" / "x", b"1")
