"""Reading the journal of an annotator: its lines, one after the other, make the value, its history and its figures.

Nothing is written here (`store` does); a line that is not whole, or makes no sense, ends what is believed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rvr_laaf_app.annotation.encoding import check_schema, decode_identity, decode_places, decode_target
from rvr_laaf_app.annotation.schema import ClipAnnotation, check_annotator
from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.document.history import History
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object

FOLDER: Final = "vaf"
SUFFIX: Final = ".vaf-journal"
# check: known answers for hidden check clips, no person's work. refused: where a user refused a suggestion; what lies
# there is no target but the opposite of one, and counts as nobody's annotation.
ROLES: Final = ("annotator", "check", "refused")
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


class Replay:
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
        head = Fields(content_of(content[: whole - 1]))
        check_schema(head)
        self.annotator, self.role = head.text("annotator"), head.text("role")
        check_annotator(self.annotator)
        if self.role not in ROLES:
            raise ValueError(f"role {self.role[:40]!r} is not known")
        while (end := content.find(b"\n", whole)) >= 0:
            try:
                line = content_of(content[whole:end])
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
        elif step == "found":
            _placed(self.history.value, line)
        elif step not in ("undo", "redo"):
            raise ValueError("a step is none that is known")
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
        elif step == "found":
            self.history.amend(lambda said: _placed(said, line))
            return  # nobody did anything
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


def _placed(said: Said, line: JsonObject) -> Said:
    """Return a value with the places that a line of the step "found" gives, where there are such targets."""
    fields = Fields(line)
    key, places = fields.text("clip"), decode_places(fields.raw("places"))
    if key not in said:
        return said
    moved = [replace(t, place=places[t.id]) for t in said[key].targets if t.id in places]
    return {**said, key: said[key].put(*moved)} if moved else said


def read_book(path: Path) -> Book:
    """Read a journal without touching it, whether or not somebody writes it; ProjectError if its head is unreadable."""
    replay = Replay()
    with project_errors(path):
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


def line_of(values: JsonObject) -> bytes:
    """Return a line of a journal: a hash that proves it, and the values."""
    content = json.dumps(values, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(content) > MAX_LINE_BYTES:
        raise ValueError("one edit is too large")
    return _hash(content) + b" " + content + b"\n"


def content_of(line: bytes) -> JsonObject:
    """Return the values of a line (without its end); ValueError unless it is whole."""
    proof, _, content = line.partition(b" ")
    if len(proof) != _HASH_CHARS or proof != _hash(content) or len(content) > MAX_LINE_BYTES:
        raise ValueError("a line is not whole")
    return parse_object(content)


def _hash(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_HASH_CHARS // 2).hexdigest().encode("ascii")


@contextlib.contextmanager
def project_errors(path: Path) -> Iterator[None]:
    """Turn what may go wrong with a journal into one ProjectError."""
    try:
        yield
    except OSError as error:
        what = f"annotations cannot be kept safe ({error.strerror or error})"
        raise ProjectError(what, where=path, remedy=_DISK) from error
    except ValueError as error:
        raise ProjectError(f"the annotations cannot be used: {error}", where=path) from error
