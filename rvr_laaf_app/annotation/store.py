"""What annotators said, kept safe at once: one append-only journal for each annotator in the folder `vaf` of the clips.

Each line proves itself by a hash and is on the disk before the edit counts as done, so a killed program loses at most
the key press under way. The journal is the history as well: undo is a line like any other and works after a restart.
Nothing is ever written over; what cannot be read is put aside, not thrown away. Who looks at which clip is `work`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from rvr_laaf_app.annotation.encoding import (
    check_schema,
    decode_identity,
    decode_target,
    encode_identity,
    encode_target,
)
from rvr_laaf_app.annotation.schema import SCHEMA, ClipAnnotation, ClipIdentity, check_annotator
from rvr_laaf_app.core.atomic import sync_folder, write_atomic
from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.document.history import History
from rvr_laaf_app.document.lock import ProjectLock
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object

FOLDER: Final = "vaf"
SUFFIX: Final = ".vaf-journal"
ROLES: Final = ("annotator", "check")  # check: known answers for hidden check clips, no person's work
MAX_BYTES: Final = 256 * 2**20
MAX_LINE_BYTES: Final = 16 * 2**20
PAUSE_S: Final = 60.0  # a longer time between two edits was not spent on annotating
_HASH_CHARS: Final = 16
_DISK: Final = "Check the free space and the permissions of the folder."

Said = Mapping[str, ClipAnnotation]  # by ClipIdentity.pictures


@dataclass(frozen=True, slots=True)
class Book:
    """All that one annotator said. edits: lines that count, undone ones too.

    active_s: time spent, pauses and imports taken out; made: targets set in that time, later deleted ones too.
    damaged: lines (or what is left of them) at the end that could not be read; a torn last line is not meant by it.
    """

    annotator: str
    role: str
    said: Said
    edits: int
    active_s: float
    made: int = 0
    damaged: int = 0
    path: Path | None = None

    @property
    def annotations(self) -> tuple[ClipAnnotation, ...]:
        """What was said, by the names of the clips."""
        return tuple(sorted(self.said.values(), key=lambda a: (a.clip.name, a.clip.pictures)))


class AnnotatorStore:
    """The open journal of one annotator: edit, undo, redo; each is on the disk when the call returns. One thread."""

    def __init__(self, path: Path, annotator: str, role: str, lock: ProjectLock) -> None:
        self._path, self._lock = path, lock
        self.annotator, self.role = annotator, role
        self._handle = -1
        self._torn = False
        replay = _Replay(annotator, role)
        whole, damaged = 0, b""
        if path.exists():
            whole, damaged = replay.read(path)
            if (replay.annotator, replay.role) != (annotator, role):
                raise ProjectError(f"this is the work of {replay.annotator!r} ({replay.role})", where=path)
        self._replay, self._length = replay, whole
        self._begin(damaged)

    @classmethod
    def open(cls, folder: Path, annotator: str, *, role: str = "annotator") -> Self:
        """Open (or begin) an annotator's work in a folder of clips; ProjectError if a living program has it open."""
        with _project_errors(folder):
            check_annotator(annotator)
            if role not in ROLES:
                raise ValueError(f"role must be one of {', '.join(ROLES)}")
            (folder / FOLDER).mkdir(exist_ok=True)
            path = journal_path(folder, annotator, role)
            try:
                lock = ProjectLock.acquire(path)
            except ProjectError as error:
                raise ProjectError(f"{annotator!r} is annotating already: {error.what}", where=path) from error
            try:
                return cls(path, annotator, role, lock)
            except BaseException:
                lock.release()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def said(self) -> Said:
        """What was said so far, by ClipIdentity.pictures."""
        return self._replay.history.value

    @property
    def undo_label(self) -> str | None:
        """What `undo` would take back, or None."""
        return self._replay.history.undo_label

    @property
    def redo_label(self) -> str | None:
        """What `redo` would do again, or None."""
        return self._replay.history.redo_label

    @property
    def edits(self) -> int:
        """Edits on the disk, for "saved n of n"."""
        return self._replay.edits

    def of(self, clip: ClipIdentity) -> ClipAnnotation:
        """Return what was said about a clip; an empty annotation if nothing was."""
        return self.said.get(clip.pictures) or ClipAnnotation(clip)

    def edit(
        self,
        clip: ClipIdentity,
        change: Callable[[ClipAnnotation], ClipAnnotation],
        *,
        label: str,
        merge: str | None = None,
        imported: bool = False,
    ) -> ClipAnnotation:
        """Change what is said about a clip, journal it, return the new value; nothing happens if nothing changes.

        Edits in a row with the same `merge` (one drag, a key held down) are undone as one. `imported`: it came out of a
        file, so it took nobody's time. ProjectError if it cannot
        be written: then nothing has changed here either.
        """
        before = self.of(clip)
        with _project_errors(self._path):
            after = change(before)
            if after.clip.pictures != clip.pictures:
                raise ValueError("an edit must not change the clip")
            difference = _difference(before, after)
            if difference:
                line = {"clip": clip.pictures, "label": label[:200] or "edit", **difference}
                if clip.pictures not in self.said:
                    line["identity"] = encode_identity(after.clip)
                if merge is not None:
                    line["merge"] = merge[:200]
                if imported:
                    line["imported"] = 1
                self._take(line)
        return self.of(clip)

    def undo(self) -> str | None:
        """Take the last edit back, journal that, and return its label; None if there is none."""
        label = self.undo_label
        if label is not None:
            with _project_errors(self._path):
                self._take({"step": "undo"})
        return label

    def redo(self) -> str | None:
        """Do the edit again that was undone last; None if there is none."""
        label = self.redo_label
        if label is not None:
            with _project_errors(self._path):
                self._take({"step": "redo"})
        return label

    def close(self) -> None:
        """Close the file and let go of the lock. Everything is on the disk already."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        self._lock.release()

    def _begin(self, damaged: bytes) -> None:
        """Open the file for appending; cut off what is not whole, after a copy of it was put aside."""
        if damaged.strip(b"\n") and b"\n" in damaged:
            proof = hashlib.blake2b(damaged, digest_size=4).hexdigest()
            write_atomic(self._path.with_name(f"{self._path.stem}.{proof}.unreadable"), damaged)
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._handle = os.open(self._path, flags, 0o644)
        try:
            os.ftruncate(self._handle, self._length)
            os.lseek(self._handle, self._length, os.SEEK_SET)
            if self._length == 0:
                self._append({"schema": SCHEMA, "annotator": self.annotator, "role": self.role})
                sync_folder(self._path.parent)
        except BaseException:
            os.close(self._handle)
            self._handle = -1
            raise

    def _take(self, line: JsonObject) -> None:
        """Apply a line to the value, write it, and only then let the value count."""
        line["at"] = round(time.time(), 3)
        self._replay.check(line)
        self._append(line)
        self._replay.take(line)

    def _append(self, values: JsonObject) -> None:
        """Write one line and wait for the disk; on failure cut the file back to what it was."""
        if self._handle < 0:
            raise ProjectError("the journal is closed", where=self._path)
        if self._torn:
            os.ftruncate(self._handle, self._length)
            os.lseek(self._handle, self._length, os.SEEK_SET)
            self._torn = False
        line = _line(values)
        if self._length + len(line) > MAX_BYTES:
            raise ProjectError(f"the journal is full ({MAX_BYTES // 2**20} MiB)", where=self._path)
        self._torn = True
        view = memoryview(line)
        while len(view):
            view = view[os.write(self._handle, view) :]
        os.fsync(self._handle)
        self._torn = False
        self._length += len(line)


class _Replay:
    """The value and its history, made of the lines of a journal one after the other."""

    def __init__(self, annotator: str = "", role: str = "annotator") -> None:
        self.annotator, self.role = annotator, role
        self.history: History[Said] = History({})
        self.edits = self.made = 0
        self.active_s = 0.0
        self._last_at: float | None = None

    def read(self, path: Path) -> tuple[int, bytes]:
        """Take all whole lines; return how many bytes they are, and what follows them."""
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MiB")
        content = path.read_bytes()
        whole = content.find(b"\n") + 1
        if whole == 0:
            return 0, b""  # killed while it was begun
        head = Fields(_content(content[: whole - 1]))
        check_schema(head)
        self.annotator, self.role = head.text("annotator"), head.text("role")
        check_annotator(self.annotator)
        if self.role not in ROLES:
            raise ValueError(f"role {self.role[:40]!r} is not known")
        while (end := content.find(b"\n", whole)) >= 0:
            try:
                line = _content(content[whole:end])
                self.check(line)
            except (ValueError, RecursionError):
                break
            self.take(line)
            whole = end + 1
        return whole, content[whole:]

    def check(self, line: JsonObject) -> None:
        """Raise ValueError for a line that `take` would not."""
        step = line.get("step")
        if step is None:
            self._changed(line)
        elif step not in ("undo", "redo"):
            raise ValueError("a step is neither undo nor redo")
        elif (self.history.undo_label if step == "undo" else self.history.redo_label) is None:
            raise ValueError(f"there is nothing to {step}")
        Fields(line).real("at")

    def take(self, line: JsonObject) -> None:
        """Apply a line that was checked."""
        step = line.get("step")
        if step == "undo":
            self.history.undo()
        elif step == "redo":
            self.history.redo()
        else:
            before = self.history.value.get(str(line["clip"]))
            known = {t.id for t in before.targets} if before else set()
            new = sum(isinstance(t, dict) and t.get("id") not in known for t in line.get("put", ()))
            self.made += 0 if line.get("imported") else new
            self.history.push(self._changed(line), str(line.get("label", "")), line.get("merge"))
        self.edits += 1
        at = None if line.get("imported") else float(line["at"])
        if self._last_at is not None and at is not None and 0.0 < at - self._last_at < PAUSE_S:
            self.active_s += at - self._last_at
        self._last_at = at

    def _changed(self, line: JsonObject) -> Said:
        """Return the value after a line."""
        fields = Fields(line)
        key = fields.text("clip")
        for name in ("label", "merge"):
            fields.text(name, "")  # texts, if they are there
        said = self.history.value
        if fields.has("identity"):
            clip = decode_identity(fields.inner("identity"), "identity")
            if clip.pictures != key:
                raise ValueError("the clip is another one than its identity")
            before = replace(said[key], clip=clip) if key in said else ClipAnnotation(clip)
        elif key in said:
            before = said[key]
        else:
            raise ValueError("the clip has no identity")
        gone = {i for i in fields.items("drop") if isinstance(i, str)}
        after = before.drop(gone).put(*(decode_target(t, "put") for t in fields.items("put")))
        state = fields.text("state", after.state)
        note, reason = fields.text("note", after.note), fields.text("reason", after.reason)
        return {**said, key: replace(after, state=state, note=note, reason=reason)}


def read_book(path: Path) -> Book:
    """Read a journal without touching it, whether or not somebody writes it; ProjectError if its head is unreadable."""
    replay = _Replay()
    with _project_errors(path):
        _, rest = replay.read(path)
        if not replay.annotator:
            raise ValueError("it was only just begun")
    damaged = rest.count(b"\n")  # a torn last line has no end
    said = dict(replay.history.value)
    times = replay.active_s, replay.made
    return Book(replay.annotator, replay.role, said, replay.edits, *times, damaged, path)


def read_books(folder: Path) -> tuple[list[Book], list[ProjectError]]:
    """Read the work of all annotators of a folder of clips, and say which journals cannot be read at all."""
    books, errors = [], []
    for path in sorted((folder / FOLDER).glob(f"*{SUFFIX}")):
        try:
            if path.is_file() and path.stat().st_size:
                books.append(read_book(path))
        except ProjectError as error:
            errors.append(error)
    return books, errors


def journal_path(folder: Path, annotator: str, role: str = "annotator") -> Path:
    """Return where an annotator's journal lies: a readable name, made unique by a hash."""
    plain = re.sub(r"[^a-z0-9]+", "-", annotator.lower()).strip("-")[:40] or "annotator"
    proof = hashlib.blake2b(f"{role}\n{annotator}".encode(), digest_size=4).hexdigest()
    return folder / FOLDER / f"{plain}.{proof}{SUFFIX}"


def _difference(before: ClipAnnotation, after: ClipAnnotation) -> JsonObject:
    """Return what turns one annotation of a clip into another, {} if nothing does."""
    old, new = {t.id: t for t in before.targets}, {t.id: t for t in after.targets}
    change: JsonObject = {}
    if put := [encode_target(t) for t in after.targets if old.get(t.id) != t]:
        change["put"] = put
    if drop := [i for i in old if i not in new]:
        change["drop"] = drop
    for name in ("state", "note", "reason"):
        if getattr(before, name) != getattr(after, name):
            change[name] = getattr(after, name)
    if before.clip != after.clip:
        change["identity"] = encode_identity(after.clip)
    return change


def _line(values: JsonObject) -> bytes:
    content = json.dumps(values, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(content) > MAX_LINE_BYTES:
        raise ValueError("one edit is too large")
    return _hash(content) + b" " + content + b"\n"


def _content(line: bytes) -> JsonObject:
    proof, _, content = line.partition(b" ")
    if len(proof) != _HASH_CHARS or proof != _hash(content) or len(content) > MAX_LINE_BYTES:
        raise ValueError("a line is not whole")
    return parse_object(content)


def _hash(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_HASH_CHARS // 2).hexdigest().encode("ascii")


@contextlib.contextmanager
def _project_errors(path: Path) -> Iterator[None]:
    """Turn what may go wrong with a journal into one ProjectError."""
    try:
        yield
    except OSError as error:
        what = f"annotations cannot be kept safe ({error.strerror or error})"
        raise ProjectError(what, where=path, remedy=_DISK) from error
    except ValueError as error:
        raise ProjectError(f"the annotations cannot be used: {error}", where=path) from error
