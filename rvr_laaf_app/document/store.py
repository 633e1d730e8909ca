"""The project file: JSON that a person can read and a version control can compare, written whole or not at all.

    {"schema": "Project.1", "generation": 7, "clip": {...}, "lens": {...}, "targets": [...], "tracks": {...}}

The clip is named by its path relative to the project, by its absolute path and by its fingerprint, so that folders can
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
from dataclasses import dataclass, replace
from pathlib import Path

from rvr_laaf_app import __version__
from rvr_laaf_app.core.atomic import remove_leftovers, write_atomic
from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.document.encoding import decode, encode
from rvr_laaf_app.document.limits import MAX_PATH, check_path
from rvr_laaf_app.document.lock import ProjectLock
from rvr_laaf_app.document.migrations import NewerSchemaError, schema_name, upgrade
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object, read_bytes

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_LONGEST_MESSAGE = 300
_HEAD = ("schema", "generation", "program", "clip", "lens", "targets", "tracks")


@dataclass(frozen=True, slots=True)
class Stamp:
    """By what a saved state is known: its number, one higher with each save, and the hash of the file."""

    generation: int
    digest: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A project as read. clip_paths: where its clip may lie, the likeliest first (checked by nobody yet)."""

    project: Project
    stamp: Stamp
    clip_paths: tuple[str, ...]


def load_project(path: Path) -> Project:
    """Read a project; its clip's path is the first place where there is a file, else where it was."""
    loaded = read_project(path)
    return loaded.project


def read_project(path: Path) -> Loaded:
    """Read a project with its stamp; raise ProjectError for whatever is not a project of this or an older version."""
    try:
        data = read_bytes(path)
        values = upgrade(parse_object(data))
        generation = Fields(values).integer("generation", 0)
        if generation < 0:
            raise ValueError("generation must not be negative")
        clip_paths = _clip_paths(values, path)
        project = decode({k: v for k, v in values.items() if k not in ("generation", "program")})
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
            remedy="Try a backup copy; the file was left as it is.",
        ) from error
    if project.clip is not None:
        project = replace(project, clip=replace(project.clip, path=_first_there(clip_paths)))
    return Loaded(project, Stamp(generation, _digest(data)), clip_paths)


def save_project(
    project: Project, path: Path, *, expected: Stamp | None = None, lock: ProjectLock | None = None
) -> Stamp:
    """Write a project and return its stamp; raise ProjectError and leave the old file as it was if that fails.

    expected: what the file was when it was read; if the file is another one by now, nothing is written (None = write
    over whatever is there). lock: the lock that the caller holds; without it the project is locked for the moment.
    """
    held = lock or ProjectLock.acquire(path)
    try:
        return _save(project, path, expected)
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


def _save(project: Project, path: Path, expected: Stamp | None) -> Stamp:
    there = current_stamp(path)
    if expected is not None and there is not None and there.digest != expected.digest:
        raise ProjectError(
            f"the file was changed by another window or program (it holds save {there.generation}, "
            f"this window read save {expected.generation})",
            where=path,
            remedy="Save under another name, or open it again and lose the changes made here.",
        )
    generation = 1 + max(there.generation if there else 0, expected.generation if expected else 0)
    data = to_bytes(project, path, generation)
    write_atomic(path, data)
    if read_bytes(path) != data:
        raise ProjectError(
            "what was saved cannot be read back", where=path, remedy="The disk may be failing: save on another one."
        )
    remove_leftovers(Path(os.path.realpath(path)))
    return Stamp(generation, _digest(data))


def to_bytes(project: Project, path: Path, generation: int) -> bytes:
    """Return the content of a project file at `path`; raise ProjectError if it could not be read again."""
    try:
        values = encode(project)
        _name_clip(values, path)
        data = _layout(
            {
                "schema": schema_name(),
                "generation": generation,
                "program": f"rvr-laaf {__version__}",
                **values,
            }
        )
        again = parse_object(data)
        if encode(decode({k: v for k, v in again.items() if k not in _HEAD[:3]})) != values:
            raise ValueError("it does not come back as it was")
    except (ValueError, TypeError, RecursionError) as error:
        raise ProjectError(f"the project cannot be written: {_short(error)}", where=path) from error
    return data


def _layout(values: JsonObject) -> bytes:
    """One line for each thing that a person can change: easy to read, easy to compare."""

    def compact(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)

    lines = []
    for key in (*_HEAD, *sorted(values.keys() - set(_HEAD))):
        value = values[key]
        if key == "targets" and value:
            text = "[\n" + ",\n".join(f"  {compact(t)}" for t in value) + "\n ]"
        elif key == "tracks" and value:
            text = "{\n" + ",\n".join(f"  {compact(k)}: {compact(v)}" for k, v in value.items()) + "\n }"
        else:
            text = compact(value)
        lines.append(f" {compact(key)}: {text}")
    whole = "{\n" + ",\n".join(lines) + "\n}\n"
    try:
        return whole.encode()
    except UnicodeEncodeError:  # a path that is not UTF-8: written as escapes
        return json.dumps(values, indent=1, allow_nan=False).encode("ascii")


def _name_clip(values: JsonObject, path: Path) -> None:
    """Name the clip relative to the project and absolutely."""
    clip = values["clip"]
    if clip is None:
        return
    absolute = os.path.abspath(clip["path"])
    folder = os.path.dirname(os.path.realpath(path))
    try:
        relative = os.path.relpath(absolute, folder).replace(os.sep, "/")
    except ValueError:  # another drive
        relative = ""
    values["clip"] = {"path": absolute, "relative_path": relative, **{k: v for k, v in clip.items() if k != "path"}}


def _clip_paths(values: JsonObject, path: Path) -> tuple[str, ...]:
    """Take the clip's relative path out of the values; return where the clip may be."""
    clip = values.get("clip")
    if not isinstance(clip, dict):
        return ()
    fields = Fields(clip, "clip")
    absolute, relative = fields.text("path"), fields.text("relative_path", "")
    for name, value in (("clip.path", absolute), ("clip.relative_path", relative)):
        check_path(name, value)
    places = [absolute]
    if relative and not (os.path.isabs(relative) or relative.startswith("\\\\") or _URL.match(relative)):
        folder = os.path.dirname(os.path.realpath(path))
        places.insert(0, os.path.normpath(os.path.join(folder, relative)))
    clip.pop("relative_path", None)
    return tuple(dict.fromkeys(p for p in places if p and len(p) <= MAX_PATH))


def _first_there(paths: tuple[str, ...]) -> str:
    return next((p for p in paths if is_local_file(p)), paths[-1] if paths else "")


def _short(error: Exception) -> str:
    """Return the message; values from the file that it quotes may be of any length."""
    message = str(error)
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}..."


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
