"""Where the export queue is kept, so that it outlives the program: a small journal and one file per project snapshot.

    export_queue/queue-1.json       {"schema": "ExportQueue.1", "jobs": [...]}, rewritten with each change of state
    export_queue/project-HASH.json  {"schema": "QueuedProject.1", "project": {...}}, written once, shared by its jobs

Each file is written whole or not at all. A running program holds the lock of its journal; a second one takes the next
number. At the start the journals whose programs are gone, killed or not, are taken over. Reading distrusts the files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from rvr_laaf_app.app.export_queue_job import ExportJob, Trouble, decode_job, encode_job
from rvr_laaf_app.app.folders import config_folder
from rvr_laaf_app.core.atomic import discard, remove_leftovers, write_atomic
from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.document.encoding import decode, encode
from rvr_laaf_app.document.lock import ProjectLock
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.document.strict_json import Fields, parse_object, read_bytes

SCHEMA: Final = "ExportQueue.1"
PROJECT_SCHEMA: Final = "QueuedProject.1"
MAX_JOBS: Final = 1000
_SLOTS: Final = 16  # programs that run at once with a journal of their own
_SNAPSHOT: Final = re.compile(r"project-[0-9a-f]{32}\.json")
_LOST = Trouble("the copy of the project that was kept for this export cannot be read", remedy="Add it again.")
log = logging.getLogger(__name__)


class QueueStore:
    """The journal of one running program. `close` it in the end; a killed one leaves everything to the next."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or config_folder() / "export_queue"
        self.problems: list[str] = []
        self._path: Path | None = None
        self._lock: ProjectLock | None = None
        self._empty = False
        self._names: dict[int, tuple[Project, str]] = {}  # id of a project -> itself (kept alive) and its file

    def load(self) -> list[ExportJob]:
        """Lock a journal, take over those that nobody holds, and return all their jobs, in order."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.problems.append(f"the export queue cannot be kept ({error.strerror or error})")
            return []
        jobs: dict[str, ExportJob] = {}
        taken: list[tuple[Path, ProjectLock]] = []
        for number in range(1, _SLOTS + 1):
            path = self.folder / f"queue-{number}.json"
            if self._path is not None and not path.exists():
                continue
            lock = self._try_lock(path)
            if lock is None:
                continue
            for job in self._read(path):
                jobs.setdefault(job.id, job)
            if self._path is None:
                self._path, self._lock = path, lock
            else:
                taken.append((path, lock))
        kept = list(jobs.values())
        if self.save(kept):  # also when it is empty: its being there keeps others from clearing our snapshots away
            for path, _ in taken:
                discard(path)
        for _, lock in taken:
            lock.release()
        return kept

    def save(self, jobs: Iterable[ExportJob]) -> bool:
        """Write the journal; return when it is on the disk. False (told in the log) if that is impossible."""
        if self._path is None:
            return False
        try:
            values = [encode_job(job, "" if job.project is None else self._keep(job.project)) for job in jobs]
            data = json.dumps({"schema": SCHEMA, "jobs": values}, indent=1, allow_nan=False)
            write_atomic(self._path, data.encode("ascii") + b"\n")
        except (OSError, ValueError) as error:
            log.warning("the export queue cannot be written: %s", error)
            return False
        self._empty = not values
        self._sweep({str(v["project"]) for v in values})
        return True

    def close(self) -> None:
        """Let go of the journal; it stays for the next start unless there is nothing in it."""
        if self._path is not None and self._empty:
            discard(self._path)
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        self._path = None

    def _try_lock(self, path: Path) -> ProjectLock | None:
        try:
            return ProjectLock.acquire(path)
        except ProjectError:
            return None

    def _read(self, path: Path) -> list[ExportJob]:
        remove_leftovers(path)
        try:
            fields = Fields(parse_object(read_bytes(path)))
            if fields.text("schema") != SCHEMA:
                raise ValueError(f"schema must be {SCHEMA}")
            items = fields.items("jobs")[:MAX_JOBS]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, RecursionError) as error:
            self.problems.append(f"the journal of the export queue is damaged and was set aside: {error}")
            with contextlib.suppress(OSError):
                os.replace(path, path.with_suffix(".damaged"))
            return []
        jobs = []
        for number, item in enumerate(items):
            try:
                job, snapshot = decode_job(item, f"jobs[{number}]")
            except (ValueError, RecursionError) as error:
                self.problems.append(f"an export of the queue was left out: {error}")
                continue
            jobs.append(self._with_project(job, snapshot))
        return jobs

    def _with_project(self, job: ExportJob, snapshot: str) -> ExportJob:
        if not snapshot:
            return job.standing("failed", _LOST) if job.left else job
        for project, name in self._names.values():
            if name == snapshot:
                return replace(job, project=project)
        try:
            if not _SNAPSHOT.fullmatch(snapshot):
                raise ValueError("its name is none of ours")
            fields = Fields(parse_object(read_bytes(self.folder / snapshot)))
            if fields.text("schema") != PROJECT_SCHEMA:
                raise ValueError(f"schema must be {PROJECT_SCHEMA}")
            inner = fields.raw("project")
            if not isinstance(inner, dict):
                raise ValueError("project must be an object")
            project = decode(inner)
        except (OSError, ValueError, RecursionError) as error:
            log.warning("the project of a queued export cannot be read: %s", error)
            return job.standing("failed", _LOST) if job.left else job
        self._names[id(project)] = project, snapshot
        return replace(job, project=project)

    def _keep(self, project: Project) -> str:
        """Write a project once; return the name of its file. Raises OSError, or ValueError for what JSON cannot say."""
        known = self._names.get(id(project))
        if known is not None and (self.folder / known[1]).exists():
            return known[1]
        values = {"schema": PROJECT_SCHEMA, "project": encode(project)}
        data = json.dumps(values, separators=(",", ":"), allow_nan=False).encode("ascii")
        name = f"project-{hashlib.blake2b(data, digest_size=16).hexdigest()}.json"
        if not (self.folder / name).exists():
            write_atomic(self.folder / name, data)
        self._names[id(project)] = project, name
        return name

    def _sweep(self, used: set[str]) -> None:
        """Delete the snapshots that no journal needs; those of other running programs are theirs."""
        self._names = {key: pair for key, pair in self._names.items() if pair[1] in used}
        with contextlib.suppress(OSError):
            for journal in self.folder.glob("queue-*.json"):
                if journal != self._path:
                    return  # somebody else's jobs may need them: whoever is alone next cleans up
            for path in self.folder.glob("project-*.json"):
                if path.name not in used:
                    discard(path)
