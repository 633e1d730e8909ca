"""What was exported, so that a batch that was broken off can be run again and does only what is missing.

An entry says: this result, as it lies on the disk, is this state of the project written in this way by this version of
the program. If any of that differs the result is somebody else's, and is never taken for done.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final, cast

from rvr_laaf_app import __version__
from rvr_laaf_app.app.engine import ExportChoice
from rvr_laaf_app.app.folders import config_folder
from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.document.encoding import encode
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.document.strict_json import Fields, JsonObject, parse_object, read_bytes

SCHEMA: Final = "ExportLedger.1"
_FILE: Final = "export_ledger.json"
_KEPT: Final = 2000
log = logging.getLogger(__name__)


class Ledger:
    """The results of earlier exports, by path."""

    def __init__(self, folder: Path | None = None) -> None:
        self._path = (folder or config_folder()) / _FILE
        self._entries = self._load()

    def is_done(self, project: Project, choice: ExportChoice) -> bool:
        """True if the result is there, untouched, and would come out the same again."""
        known = self._entries.get(os.path.abspath(choice.path))
        return known is not None and known == (digest_of(project, choice), look_of(Path(choice.path)))

    def note(self, project: Project, choice: ExportChoice) -> None:
        """Remember a finished export of a project as it was asked for; tracks found on the way do not count."""
        path = os.path.abspath(choice.path)
        self._entries.pop(path, None)
        self._entries[path] = digest_of(project, choice), look_of(Path(path))
        kept = list(self._entries.items())[-_KEPT:]
        values = [{"path": p, "digest": d, "look": look} for p, (d, look) in kept]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, json.dumps({"schema": SCHEMA, "done": values}, indent=0).encode("ascii") + b"\n")
        except OSError as error:
            log.warning("what was exported cannot be noted: %s", error)

    def _load(self) -> dict[str, tuple[str, str]]:
        try:
            fields = Fields(parse_object(read_bytes(self._path)))
            if fields.text("schema") != SCHEMA:
                return {}
            entries = [Fields(cast("JsonObject", e), "done") for e in fields.items("done")[-_KEPT:]]
            return {e.text("path"): (e.text("digest"), e.text("look")) for e in entries}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            log.warning("the list of earlier exports cannot be read: %s", error)
            return {}


def digest_of(project: Project, choice: ExportChoice) -> str:
    """Return a hash of everything that decides a result: project, clip, manner, program; not of stored tracks."""
    values = encode(replace(project, tracks=()))
    clip = values.get("clip")
    if isinstance(clip, dict):
        clip.pop("path", None)  # the fingerprint says which clip it is, wherever it lies
    manner = asdict(replace(choice, path="", overwrite=False))
    text = json.dumps([values, manner, __version__], sort_keys=True, allow_nan=False)
    return hashlib.blake2b(text.encode("ascii", "backslashreplace"), digest_size=16).hexdigest()


def look_of(path: Path) -> str:
    """Return size and time of a result on the disk, "" if it is not there; of a folder those of its pictures."""
    try:
        if path.is_dir():
            facts = [p.stat() for p in path.iterdir() if p.is_file()]
            return f"{len(facts)} {sum(f.st_size for f in facts)} {max((f.st_mtime_ns for f in facts), default=0)}"
        fact = path.stat()
    except OSError:
        return ""
    return f"1 {fact.st_size} {fact.st_mtime_ns}"
