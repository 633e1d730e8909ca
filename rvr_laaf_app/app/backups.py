"""Earlier saves of a project, kept in the user's state folder: what was saved over can be had again.

Which is newer is told by the generation number in the file's name, never by a clock. Only files in this folder are ever
deleted. A backup that cannot be made is logged and never stops a save.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path

from rvr_laaf_app.app.folders import unsaved_folder
from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.document.store import read_project
from rvr_laaf_app.jobs.job import Job, Progress

KEPT_RECENT = 8  # the last saves one by one,
KEPT_OLDER = 8  # and older ones ever farther apart
_NAME = re.compile(r"(\d{9})\.rvr")
log = logging.getLogger(__name__)


def keep_backup(project: Path, generation: int) -> Path | None:
    """Copy a project that was just saved; return where to, None if that failed. Old backups are thinned out."""
    folder = backup_folder(project)
    copy = folder / f"{generation:09d}.rvr"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(copy, project.read_bytes())
        for outdated in _outdated(generations(project)):
            with contextlib.suppress(OSError):
                (folder / f"{outdated:09d}.rvr").unlink()
    except OSError as error:
        log.warning("no backup of this save: %s", error)
        return None
    return copy


def backup_folder(project: Path) -> Path:
    """Return where the backups of a project lie: one folder per path of a project."""
    path = os.path.realpath(project)
    digest = hashlib.blake2b(os.fsencode(path), digest_size=6).hexdigest()
    return unsaved_folder().parent / "backups" / f"{project.stem[:60]}-{digest}"


def generations(project: Path) -> list[int]:
    """Return the generations of a project that there are backups of, newest first."""
    with contextlib.suppress(OSError):
        names = (_NAME.fullmatch(entry.name) for entry in backup_folder(project).iterdir())
        return sorted((int(name[1]) for name in names if name), reverse=True)
    return []


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier save. saved_s: when, by the clock of then (only to show); clips and targets: how many it has."""

    generation: int
    path: Path
    saved_s: float
    clips: int
    targets: int


def versions_job(project: Path) -> Job[tuple[Version, ...]]:
    """Read what the backups of a project hold, newest first; damaged ones are left out."""
    found: list[Version] = []
    for generation in generations(project):
        path = backup_folder(project) / f"{generation:09d}.rvr"
        yield Progress(len(found), None, "reading")
        with contextlib.suppress(OSError, ProjectError):
            clips = read_project(path, beside=project).production.clips
            targets = sum(len(c.project.targets) for c in clips)
            found.append(Version(generation, path, path.stat().st_mtime, len(clips), targets))
    return tuple(found)


def _outdated(newest_first: list[int]) -> list[int]:
    """Return what need not be kept: of the older ones only the newest of each doubling of the distance."""
    if not newest_first:
        return []
    newest, older = newest_first[0], newest_first[KEPT_RECENT:]
    kept: dict[int, int] = {}
    for generation in reversed(older):  # the oldest of each class stays, so that it can grow old enough for the next
        kept.setdefault((newest - generation).bit_length(), generation)
    stay = set(sorted(kept.values(), reverse=True)[:KEPT_OLDER])
    return [g for g in older if g not in stay]
