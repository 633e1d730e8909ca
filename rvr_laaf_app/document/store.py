"""The project file: JSON that a person can read and a version control can compare, written whole or not at all.

    {"schema": "Project.2", "generation": 7, "shown": "c1", "clips": [
      {"id": "c1", "name": "", "clip": {...}, "lens": {...}, "targets": [...], "tracks": {...}}, ...]}

A clip is named by its path relative to the project, by its absolute path and by its fingerprint, so that folders can
be moved. Reading distrusts the file: whatever is wrong with it is one ProjectError that names the field, in bounded
time. A file of a newer version is refused and left untouched: what its fields mean cannot be known here. Before a
save the file on disk is compared with what was read: two windows do not overwrite each other in silence.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rvr_laaf_app import __version__
from rvr_laaf_app.core.atomic import remove_leftovers, write_atomic
from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.document.encoding_production import decode_production, encode_production
from rvr_laaf_app.document.limits import MAX_PATH, check_path
from rvr_laaf_app.document.lock import ProjectLock
from rvr_laaf_app.document.migrations import NewerSchemaError, schema_name, upgrade
from rvr_laaf_app.document.production import ClipEntry, Production
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object, read_bytes

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_LONGEST_MESSAGE = 300
_HEAD = ("schema", "generation", "program")
_OPENED_OUT = ("clips", "targets", "tracks", "repairs")  # one line for each thing that a person can change


@dataclass(frozen=True, slots=True)
class Stamp:
    """By what a saved state is known: its number, one higher with each save, and the hash of the file."""

    generation: int
    digest: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A production as read. places: by clip id, where the clip may lie, the likeliest first (checked by nobody yet)."""

    production: Production
    stamp: Stamp
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        """The project of the clip that was shown last."""
        return self.production.project


def load_project(path: Path, clip: str | None = None) -> Project:
    """Read the project of one clip (by name or number; default: the one shown last), see `read_project`."""
    production = read_project(path).production
    return production.project if clip is None else production.named(clip).project


def read_project(path: Path, *, beside: Path | None = None) -> Loaded:
    """Read a project with its stamp; raise ProjectError for whatever is not a project of this or an older version.

    The path of each clip is the first place where there is a file, else where it was. beside: the project of which
    this is a copy; clips are looked for from there.
    """
    try:
        data = read_bytes(path)
        values = upgrade(parse_object(data))
        generation = Fields(values).integer("generation", 0)
        if generation < 0:
            raise ValueError("generation must not be negative")
        places = _take_places(values, beside or path)
        production = decode_production({k: v for k, v in values.items() if k not in _HEAD})
    except NewerSchemaError as error:
        raise ProjectError(
            f"the project was saved by a newer version of this program ({_short(error)})",
            where=path,
            remedy="Update the program; the file was left as it is.",
        ) from error
    except OSError as error:
        raise ProjectError(f"the project cannot be read ({error.strerror or error})", where=path) from error
    except (ValueError, RecursionError) as error:
        raise ProjectError(
            f"the project file is damaged or not a project: {_short(error)}",
            where=path,
            remedy="Open an earlier version of it, or a copy; the file was left as it is.",
        ) from error
    named = {c.id: ways for c, ways in zip(production.clips, places, strict=True)}
    clips = tuple(_put(c, named[c.id]) for c in production.clips)
    return Loaded(replace(production, clips=clips), Stamp(generation, _digest(data)), named)


def save_project(
    work: Project | Production, path: Path, *, expected: Stamp | None = None, lock: ProjectLock | None = None
) -> Stamp:
    """Write a project and return its stamp; raise ProjectError and leave the old file as it was if that fails.

    work: all clips, or the only one. expected: what the file was when it was read; if the file is another one by now,
    nothing is written (None = write over whatever is there). lock: the lock that the caller holds; without it the
    project is locked for the moment.
    """
    held = lock or ProjectLock.acquire(path)
    try:
        return _save(Production.of(work), path, expected)
    except OSError as error:
        raise ProjectError(
            f"the project cannot be saved ({error.strerror or error})",
            where=path,
            remedy="Save it somewhere else; what was in the file is still there.",
        ) from error
    finally:
        if lock is None:
            held.release()


def current_stamp(path: Path) -> Stamp | None:
    """Return the stamp of the file that is there now, generation 0 if it cannot be understood; None without a file."""
    try:
        data = read_bytes(path)
    except FileNotFoundError:
        return None
    except ValueError:
        return Stamp(0, "")
    try:
        generation = Fields(parse_object(data)).integer("generation", 0)
    except ValueError:
        generation = 0
    return Stamp(max(generation, 0), _digest(data))


def is_local_file(path: str) -> bool:
    """True for an ordinary file of this machine. Web addresses and network shares are not even touched."""
    if not path or "\0" in path or _URL.match(path) or path.startswith("\\\\"):
        return False
    if os.name == "nt" and path.startswith("//"):
        return False
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _save(production: Production, path: Path, expected: Stamp | None) -> Stamp:
    there = current_stamp(path)
    if expected is not None and there is not None and there.digest != expected.digest:
        raise ProjectError(
            f"the file was changed by another window or program (it holds save {there.generation}, "
            f"this window read save {expected.generation})",
            where=path,
            remedy="Save under another name, or open it again and lose the changes made here.",
        )
    generation = 1 + max(there.generation if there else 0, expected.generation if expected else 0)
    data = to_bytes(production, path, generation)
    write_atomic(path, data)
    if read_bytes(path) != data:
        raise ProjectError(
            "what was saved cannot be read back", where=path, remedy="The disk may be failing: save on another one."
        )
    remove_leftovers(Path(os.path.realpath(path)))
    return Stamp(generation, _digest(data))


def to_bytes(work: Project | Production, path: Path, generation: int) -> bytes:
    """Return the content of a project file at `path`; raise ProjectError if it could not be read again."""
    try:
        values = encode_production(Production.of(work))
        for entry in values["clips"]:
            entry["clip"] = _with_ways(entry["clip"], path)
        head = {"schema": schema_name(), "generation": generation, "program": f"rvr-laaf {__version__}"}
        data = _layout({**head, **values})
        again = parse_object(data)
        if encode_production(decode_production({k: v for k, v in again.items() if k not in _HEAD})) != values:
            raise ValueError("it does not come back as it was")
    except (ValueError, TypeError, RecursionError) as error:
        raise ProjectError(f"the project cannot be written: {_short(error)}", where=path) from error
    return data


def _layout(values: JsonObject) -> bytes:
    """One line for each thing that a person can change: easy to read, easy to compare."""
    try:
        return (_opened_out(values, "\n") + "\n").encode()
    except UnicodeEncodeError:  # a path that is not UTF-8: written as escapes
        return json.dumps(values, indent=1, allow_nan=False).encode("ascii")


def _opened_out(values: JsonObject, line: str) -> str:
    """Write an object with a line for each field; line: the line break with the indent of the object itself."""
    inner, deeper = f"{line} ", f"{line}  "
    parts = []
    for key, value in values.items():
        if key not in _OPENED_OUT or not value or not isinstance(value, list | dict):
            text = _compact(value)
        elif isinstance(value, dict):
            rows = (f"{deeper}{_compact(k)}: {_compact(v)}" for k, v in value.items())
            text = "{" + ",".join(rows) + f"{inner}}}"
        elif key == "clips" and all(isinstance(v, dict) for v in value):
            text = "[" + ",".join(f"{deeper}{_opened_out(v, deeper)}" for v in value) + f"{inner}]"
        else:
            text = "[" + ",".join(f"{deeper}{_compact(v)}" for v in value) + f"{inner}]"
        parts.append(f"{inner}{_compact(key)}: {text}")
    return "{" + ",".join(parts) + f"{line}}}"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _with_ways(clip: JsonObject | None, path: Path) -> JsonObject | None:
    """Name a clip absolutely and relative to the project."""
    if clip is None:
        return None
    absolute = os.path.abspath(clip["path"])
    folder = os.path.dirname(os.path.realpath(path))
    try:
        relative = os.path.relpath(absolute, folder).replace(os.sep, "/")
    except ValueError:  # another drive
        relative = ""
    return {"path": absolute, "relative_path": relative, **{k: v for k, v in clip.items() if k != "path"}}


def _take_places(values: JsonObject, path: Path) -> list[tuple[str, ...]]:
    """Take the clips' relative paths out of the values; return where each clip may be."""
    places = []
    for number, entry in enumerate(Fields(values).items("clips")):
        clip = entry.get("clip") if isinstance(entry, dict) else None
        places.append(_ways(clip, path, f"clips[{number}].clip") if isinstance(clip, dict) else ())
    return places


def _ways(clip: JsonObject, path: Path, where: str) -> tuple[str, ...]:
    fields = Fields(clip, where)
    absolute, relative = fields.text("path"), fields.text("relative_path", "")
    for name, value in ((f"{where}.path", absolute), (f"{where}.relative_path", relative)):
        check_path(name, value)
    ways = [absolute]
    if relative and not (os.path.isabs(relative) or relative.startswith("\\\\") or _URL.match(relative)):
        folder = os.path.dirname(os.path.realpath(path))
        ways.insert(0, os.path.normpath(os.path.join(folder, relative)))
    clip.pop("relative_path", None)
    return tuple(dict.fromkeys(p for p in ways if p and len(p) <= MAX_PATH))


def _put(entry: ClipEntry, ways: tuple[str, ...]) -> ClipEntry:
    """Return the entry with its clip where it probably is."""
    project = entry.project
    if project.clip is None:
        return entry
    return replace(entry, project=replace(project, clip=replace(project.clip, path=_first_there(ways))))


def _first_there(paths: tuple[str, ...]) -> str:
    return next((p for p in paths if is_local_file(p)), paths[-1] if paths else "")


def _short(error: Exception) -> str:
    """Return the message; values from the file that it quotes may be of any length."""
    message = str(error)
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}..."


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
