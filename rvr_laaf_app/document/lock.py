"""Who has a project open: a small file beside it that names host, process and when that process started.

A lock whose process is gone is taken over; a process number that was given out again is told apart by its start time.
A lock of another host is believed. This is a courtesy between windows; what protects the content when locks fail
(network folders, synchronised folders) is the comparison before each save in `store`.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rvr_laaf_app.core.atomic import discard, remove_leftovers, temporary_beside
from rvr_laaf_app.core.errors import ProjectError

_MAX_BYTES = 4096
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True, slots=True)
class Holder:
    """A process, such that no other one at any time is equal to it; token tells two windows of one process apart."""

    host: str
    pid: int
    started: str
    token: str = ""

    @classmethod
    def me(cls) -> Holder:
        """Return this process with a fresh token."""
        return cls(socket.gethostname(), os.getpid(), _started(os.getpid()), secrets.token_hex(8))

    @property
    def alive(self) -> bool:
        """False only if it is sure that the process is gone."""
        if self.host != socket.gethostname() or os.name != "posix":
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except (OSError, OverflowError):
            return self.pid > 0
        started = _started(self.pid)
        return not (started and self.started and started != self.started)

    def as_json(self) -> str:
        """Return the content of a lock file."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Holder | None:
        """Return who a lock file names, None if it names nobody."""
        try:
            values = json.loads(text)
            holder = cls(values["host"], values["pid"], values["started"], values["token"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        fits = isinstance(holder.pid, int) and holder.pid > 0
        return holder if fits and all(isinstance(t, str) for t in (holder.host, holder.started, holder.token)) else None


class ProjectLock:
    """A held lock. Release it in the end; a killed process leaves a stale one, which is no harm."""

    def __init__(self, path: Path, holder: Holder) -> None:
        self._path, self._holder = path, holder

    @classmethod
    def acquire(cls, project: Path) -> ProjectLock:
        """Lock a project file (it need not exist yet); raise ProjectError if a living process has it."""
        path, holder = lock_path(project), Holder.me()
        remove_leftovers(path)
        try:
            for _ in range(20):
                if _create(path, holder) or _take_over(path, holder, project):
                    return cls(path, holder)
        except OSError as error:
            if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
                return cls(path, holder)  # nobody can write here, so nobody can overwrite anything either
            raise ProjectError(
                f"the project cannot be locked ({error.strerror})",
                where=project,
                remedy="Check the folder and the free space.",
            ) from error
        raise ProjectError("the project is being opened by several programs at once", where=project)

    @property
    def held(self) -> bool:
        """True if the lock file still names this holder."""
        return _read(self._path) == self._holder

    def release(self) -> None:
        """Let go. Harmless when called twice, or when the lock was lost."""
        if not self.held:
            return
        try:
            self._path.unlink()
        except OSError:
            with contextlib.suppress(OSError):
                os.truncate(self._path, 0)  # a lock that names nobody is stale


def lock_path(project: Path) -> Path:
    """Return where the lock of a project lies, links followed."""
    final = Path(os.path.realpath(project))
    return final.with_name(f".{final.name[:200]}.lock")


def _create(path: Path, holder: Holder) -> bool:
    """Make the lock file with its content in one step; False if there is one."""
    temporary = temporary_beside(path)
    try:
        _write_new(temporary, holder)
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _create_without_links(path, holder)
    finally:
        discard(temporary)
    return True


def _create_without_links(path: Path, holder: Holder) -> bool:
    """The same on file systems without hard links (FAT): for an instant the file is empty, and looks stale."""
    try:
        _write_new(path, holder)
    except FileExistsError:
        return False
    return True


def _write_new(path: Path, holder: Holder) -> None:
    """Write a file that must not be there yet."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        os.write(handle, holder.as_json().encode("ascii"))  # a short write leaves a lock that names nobody: stale
    finally:
        os.close(handle)


def _take_over(path: Path, holder: Holder, project: Path) -> bool:
    """Replace a stale lock; False if it vanished or changed meanwhile; raise ProjectError if its process lives."""
    with _exclusively(path) as handle:
        if handle is None:
            return False
        # What this very file says, not what lies at its path by now: if its holder lets go and somebody else locks,
        # nothing would be read, and the new lock would be taken for one that names nobody.
        other = Holder.from_json(os.read(handle, _MAX_BYTES).decode(errors="replace"))
        if other is not None and other.alive:
            raise ProjectError(
                f"the project is open in another window (process {other.pid} on {other.host})",
                where=project,
                remedy="Save under another name, or close it there first.",
            )
        temporary = temporary_beside(path)
        try:
            _write_new(temporary, holder)
            os.replace(temporary, path)
        finally:
            discard(temporary)
    return _read(path) == holder


@contextlib.contextmanager
def _exclusively(path: Path) -> Iterator[int | None]:
    """Keep other processes from judging this very lock file; gives None if it is gone or already another one."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield None
        return
    try:
        with contextlib.suppress(ImportError, OSError):  # no such locks on Windows and some network folders
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle if _lies_at(handle, path) else None
    finally:
        os.close(handle)


def _lies_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _read(path: Path) -> Holder | None:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return Holder.from_json(file.read(_MAX_BYTES))
    except OSError:
        return None


def _started(pid: int) -> str:
    """Return when a process started, as this system tells it; "" where it does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            ticks = file.read().rpartition(")")[2].split()[19]
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read().strip()}:{ticks}"
    except (OSError, IndexError):
        return ""
