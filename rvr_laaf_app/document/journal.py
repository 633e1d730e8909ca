"""Unsaved work that survives a crash: an append-only file with the project as it was and every change since.

Each line proves itself by a hash and is on the disk before the edit counts as done, so a killed program loses at most
the action under way. A journal lies beside its project, or in the folder of unsaved work. It is deleted only when what
it holds was saved or the user gave it up; what is found of earlier sessions is offered as a copy and never touched.
Order is by line, never by the clock.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from rvr_laaf_app.core.atomic import sync_folder, write_atomic
from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.document.journal_values import applied, base_values, decoded, difference, first_values
from rvr_laaf_app.document.limits import check_path
from rvr_laaf_app.document.lock import Holder
from rvr_laaf_app.document.migrations import schema_name
from rvr_laaf_app.document.production import Production
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object

SUFFIX = ".rvr-journal"
COMPACT_BYTES = 16 * 2**20
MAX_BYTES = 512 * 2**20
_HASH_CHARS = 16


@dataclass(frozen=True, slots=True)
class Recovery:
    """Unsaved work of an earlier session. project_path: the file that it belongs to, None if it was never saved.

    edits: how many changes were made; damaged: something after them could not be read (a torn last line is normal
    after a crash and not meant by it).
    """

    path: Path
    production: Production
    project_path: Path | None
    edits: int
    damaged: bool = False

    @property
    def project(self) -> Project:
        """The project of the clip that was shown."""
        return self.production.project


class Journal:
    """The journal of one open project. The file is made with the first change. Not for more than one thread."""

    def __init__(self, base: Project | Production, *, project_path: Path | None, spare_folder: Path) -> None:
        self._recorded = Production.of(base)
        self._project_path = project_path
        self._spare_folder = spare_folder
        self._path: Path | None = None
        self._handle = -1
        self._length = self._base = 0  # bytes written, and of these the first line
        self._torn = False

    @property
    def path(self) -> Path | None:
        """Where the journal is, None while there was no change."""
        return self._path

    def record(self, work: Project | Production) -> None:
        """Put a new value of the work on the disk; return when it is there. Raises ProjectError if it cannot be.

        After a failure the journal still holds everything before, and the next call makes up for what is missing.
        """
        production = Production.of(work)
        change = difference(self._recorded, production)
        if not change:
            return
        try:
            if self._handle < 0:
                self._begin()
            elif self._length > max(COMPACT_BYTES, 2 * self._base):  # a large project is not written anew every time
                self._compact()
            self._append({"change": change})
        except OSError as error:
            raise ProjectError(
                f"changes cannot be kept safe against a crash ({error.strerror or error})",
                where=self._path or self._project_path,
                remedy="Save the project, or free some space.",
            ) from error
        self._recorded = production

    def close(self) -> None:
        """Stop writing and leave the file for a later session."""
        if self._handle >= 0:
            with contextlib.suppress(OSError):
                self._append({"closed": True})
            os.close(self._handle)
            self._handle = -1

    def remove(self) -> None:
        """Delete the journal: what it holds is saved, or the user does not want it."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            self._path = None

    def _begin(self) -> None:
        """Create the file beside the project, or in the spare folder where that cannot be."""
        if self._project_path is not None:
            final = Path(os.path.realpath(self._project_path))
            with contextlib.suppress(OSError):
                self._create(final.with_name(f".{final.name[:150]}.{secrets.token_hex(4)}{SUFFIX}"))
                return
        self._spare_folder.mkdir(parents=True, exist_ok=True)
        self._create(self._spare_folder / f"unsaved.{secrets.token_hex(4)}{SUFFIX}")

    def _create(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        handle = os.open(path, flags, 0o600)
        self._handle, self._path, self._length = handle, path, 0
        try:
            self._append(self._header(self._recorded))
            self._base = self._length
            sync_folder(path.parent)
        except OSError:
            self.remove()
            raise

    def _header(self, base: Production) -> JsonObject:
        return {
            "schema": schema_name(),
            "project": None if self._project_path is None else os.path.abspath(self._project_path),
            "holder": asdict(Holder.me()),
            **base_values(base),
        }

    def _append(self, values: JsonObject) -> None:
        """Write one line and wait for the disk; on failure cut the file back to what it was."""
        if self._torn:
            os.ftruncate(self._handle, self._length)
            os.lseek(self._handle, self._length, os.SEEK_SET)
            self._torn = False
        line = _line(values)
        self._torn = True
        view = memoryview(line)
        while len(view):
            view = view[os.write(self._handle, view) :]
        os.fsync(self._handle)
        self._torn = False
        self._length += len(line)

    def _compact(self) -> None:
        """Replace the file by one whose base is the last recorded value."""
        assert self._path is not None
        line = _line(self._header(self._recorded))
        write_atomic(self._path, line)
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
        os.close(self._handle)
        self._handle, self._length, self._base, self._torn = handle, len(line), len(line), False


def find_recoveries(folders: Iterable[Path]) -> list[Recovery]:
    """Return the unsaved work in these folders that no living session is still writing, newest file first.

    Journals without any readable change, or that cannot be read at all, are left alone and not listed.
    """
    found: dict[Path, float] = {}
    for folder in folders:
        with contextlib.suppress(OSError):
            for path in folder.iterdir():
                if path.name.endswith(SUFFIX):
                    found[path] = path.stat().st_mtime
    recoveries = []
    for path in sorted(found, key=lambda p: (-found[p], str(p))):
        with contextlib.suppress(ProjectError):
            recovery, busy = _replay(path)
            if recovery.edits and not busy:
                recoveries.append(recovery)
    return recoveries


def read_journal(path: Path) -> Recovery:
    """Return what a journal holds, up to its first line that is not whole; raise ProjectError if the header is not."""
    return _replay(path)[0]


def _replay(path: Path) -> tuple[Recovery, bool]:
    """Return what a journal holds, and whether a living session still writes it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MiB")
        lines = path.read_bytes().split(b"\n")
        head = Fields(_content(lines[0]))
        project_path, holder = _owner(head)
        states = [first_values(head.rest())]
        decoded(states[0])
    except (OSError, ValueError, RecursionError) as error:
        raise ProjectError(f"the journal of unsaved work cannot be read: {error}", where=path) from error
    closed, whole = False, 1
    for line in lines[1:-1]:
        try:
            entry = Fields(_content(line))
            closed = entry.raw("closed") is True
            if not closed:
                states.append(applied(states[-1], entry.inner("change")))
        except (ValueError, RecursionError):
            break
        whole += 1
    production, edits = _newest(states)
    damaged = whole < len(lines) - 2 or edits < len(states) - 1  # more than a torn last line is missing
    busy = holder is not None and holder.alive and not closed
    return Recovery(path, production, project_path, edits, damaged), busy


def _newest(states: list[JsonObject]) -> tuple[Production, int]:
    """Return the last state that makes a production, and its number; the first one does for sure."""
    for number in range(len(states) - 1, 0, -1):
        with contextlib.suppress(ValueError, RecursionError):
            return decoded(states[number]), number
    return decoded(states[0]), 0


def _owner(head: Fields) -> tuple[Path | None, Holder | None]:
    text = head.text("project") if head.has("project") else ""
    check_path("project", text)
    return Path(text) if text else None, Holder.from_json(json.dumps(head.raw("holder")))


def _line(values: JsonObject) -> bytes:
    content = json.dumps(values, separators=(",", ":"), allow_nan=False).encode("ascii")
    return _hash(content) + b" " + content + b"\n"


def _content(line: bytes) -> JsonObject:
    proof, _, content = line.partition(b" ")
    if len(proof) != _HASH_CHARS or proof != _hash(content):
        raise ValueError("a line is not whole")
    return parse_object(content)


def _hash(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_HASH_CHARS // 2).hexdigest().encode("ascii")
