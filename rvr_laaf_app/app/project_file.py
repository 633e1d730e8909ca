"""The file side of a session: path, stamp, lock and journal of the open project. It knows nothing of clips and jobs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from rvr_laaf_app.app.backups import keep_backup
from rvr_laaf_app.app.folders import unsaved_folder
from rvr_laaf_app.core.errors import ProjectError
from rvr_laaf_app.document.journal import Journal, Recovery, find_recoveries
from rvr_laaf_app.document.lock import ProjectLock
from rvr_laaf_app.document.production import Production
from rvr_laaf_app.document.store import Stamp, save_project


class ProjectFile:
    """Where the open project is kept, and the journal of what is not in the file yet."""

    def __init__(
        self,
        production: Production,
        *,
        path: Path | None = None,
        stamp: Stamp | None = None,
        lock: ProjectLock | None = None,
        read_only: str = "",
        recovered: Recovery | None = None,
    ) -> None:
        self.path = path
        self.read_only = read_only
        self._stamp, self._lock = stamp, lock
        self._recovered = recovered
        self._journal = self._new_journal(production)

    @property
    def suggested_path(self) -> Path | None:
        """The project's own path, or that of the project which was recovered."""
        return self.path or (self._recovered.project_path if self._recovered else None)

    def record(self, production: Production) -> None:
        """Keep a change safe against a crash; return when it is on the disk. Raises ProjectError."""
        self._journal.record(production)

    def save(self, production: Production, path: Path | None) -> Path:
        """Save under `path` or the own name; from then on that is the project's file. Raises ProjectError."""
        wanted = path or self.path
        if wanted is None:
            raise ProjectError("the project has no name yet", remedy="Choose where to save it.")
        wanted = Path(os.path.abspath(wanted))
        if self.path is not None and os.path.realpath(wanted) == os.path.realpath(self.path):
            if self.read_only:
                raise ProjectError(self.read_only)
            self._stamp = save_project(production, wanted, expected=self._stamp, lock=self._lock)
        else:
            self._save_as(production, wanted)
        # Only now, when the file was read back: the journals hold nothing that is not in it.
        self.discard_journal()
        self._journal = self._new_journal(production)
        if self._stamp is not None:
            keep_backup(wanted, self._stamp.generation)
        return wanted

    def _save_as(self, production: Production, path: Path) -> None:
        lock = ProjectLock.acquire(path)
        try:
            stamp = save_project(production, path, lock=lock)
        except BaseException:
            lock.release()
            raise
        if self._lock is not None:
            self._lock.release()
        self.path, self._stamp, self._lock, self.read_only = path, stamp, lock, ""

    def discard_journal(self) -> None:
        """Delete the journal of this session, and that of recovered work: it is saved, or the user does not want it."""
        self._journal.remove()
        if self._recovered is not None:
            with contextlib.suppress(OSError):
                self._recovered.path.unlink()
            self._recovered = None

    def recoveries(self, folders: Iterable[Path] = ()) -> list[Recovery]:
        """Return unsaved work of earlier sessions: never saved projects, beside this project, and in `folders`."""
        places = {unsaved_folder(), *folders}
        if self.path is not None:
            places.add(self.path.parent)
        own = self._recovered.path if self._recovered else None
        return [r for r in find_recoveries(places) if r.path != own]

    def close(self, *, keep_journal: bool) -> None:
        """Let go of the file. The journal is kept for `recoveries`, or deleted because all of it is saved."""
        if keep_journal:
            self._journal.close()
        else:
            self._journal.remove()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _new_journal(self, production: Production) -> Journal:
        own = None if self.read_only else self.path  # a reader leaves no files beside somebody else's project
        return Journal(production, project_path=own, spare_folder=unsaved_folder())
