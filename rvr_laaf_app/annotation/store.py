"""What annotators said, kept safe at once: one append-only journal for each annotator in the folder `vaf` of the clips.

Each line proves itself by a hash and is on the disk before the edit counts as done, so a killed program loses at most
the key press under way. The journal is the history as well: undo is a line like any other and works after a restart.
Nothing is ever written over; what cannot be read is put aside, not thrown away. Who looks at which clip is `work`.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from rvr_laaf_app.annotation.encoding import encode_identity, encode_target, place_values
from rvr_laaf_app.annotation.replay import (
    FOLDER,
    MAX_BYTES,
    PAUSE_S,
    ROLES,
    SUFFIX,
    Book,
    Replay,
    Said,
    line_of,
    project_errors,
    read_book,
    read_books,
)
from rvr_laaf_app.annotation.schema import SCHEMA, ClipAnnotation, ClipIdentity, check_annotator
from rvr_laaf_app.core.atomic import sync_folder, write_atomic
from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.lock import ProjectLock
from rvr_laaf_app.document.strict_json import JsonObject

__all__ = [
    "FOLDER",
    "MAX_BYTES",
    "PAUSE_S",
    "ROLES",
    "SUFFIX",
    "AnnotatorStore",
    "Book",
    "Said",
    "journal_path",
    "read_book",
    "read_books",
]


class AnnotatorStore:
    """The open journal of one annotator: edit, undo, redo; each is on the disk when the call returns. One thread."""

    def __init__(self, path: Path, annotator: str, role: str, lock: ProjectLock) -> None:
        self._path, self._lock = path, lock
        self.annotator, self.role = annotator, role
        self._handle = -1
        self._torn = False
        replay = Replay(annotator, role)
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
        with project_errors(folder):
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

    @property
    def rate(self) -> float | None:
        """Targets set per minute of active time over the whole journal, None before there is any."""
        made, active_s = self._replay.made, self._replay.active_s
        return 60.0 * made / active_s if made and active_s > 0 else None

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
        with project_errors(self._path):
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

    def found(self, clip: ClipIdentity, places: Mapping[str, Point | Box]) -> ClipAnnotation:
        """Give targets (by id) the places that were found for them; journalled, and no step of its own for undo.

        For what was computed of an edit after it: undoing the edit takes it back too. Ids that are gone are ignored.
        """
        before = {t.id: t.place for t in self.of(clip).targets}
        new = {i: place_values(p) for i, p in places.items() if i in before and before[i] != p}
        if new:
            with project_errors(self._path):
                self._take({"step": "found", "clip": clip.pictures, "places": new})
        return self.of(clip)

    def undo(self) -> str | None:
        """Take the last edit back, journal that, and return its label; None if there is none."""
        label = self.undo_label
        if label is not None:
            with project_errors(self._path):
                self._take({"step": "undo"})
        return label

    def redo(self) -> str | None:
        """Do the edit again that was undone last; None if there is none."""
        label = self.redo_label
        if label is not None:
            with project_errors(self._path):
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
        line = line_of(values)
        if self._length + len(line) > MAX_BYTES:
            raise ProjectError(f"the journal is full ({MAX_BYTES // 2**20} MiB)", where=self._path)
        self._torn = True
        view = memoryview(line)
        while len(view):
            view = view[os.write(self._handle, view) :]
        os.fsync(self._handle)
        self._torn = False
        self._length += len(line)


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
