"""Focus to and from other programs, in a session: writing is work in the background, taking a file in is one edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rvr_laaf_app.app.interchange_work import FocusFile, check_focus_file, write_focus_job
from rvr_laaf_app.app.session_exports import SessionExports
from rvr_laaf_app.app.work import ClipWork
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document.document import Document
from rvr_laaf_app.jobs.scheduler import Priority, Task

if TYPE_CHECKING:
    from rvr_laaf_app.document.interchange.incoming import Incoming, Outcome


class SessionInterchange(SessionExports):
    """A part of Session, which has these attributes."""

    _document: Document

    def write_focus(self, wish: FocusFile) -> Task[FocusFile]:
        """Write targets or focus curve as they are now, after the analysis and tracking that it needs.

        Raises UsageError or ExportError at once for what cannot work.
        """
        work = self._need_work()
        check_focus_file(wish, self.project)
        before, tracks = work.under_way() if wish.needs_curve else ([], [])
        if wish.needs_curve:  # like an export it may have to write the analysis: these take turns
            before = [*ClipWork.running(self._exports), *before]
        job = write_focus_job(self._engine, self.project, work.info, work.products, wish, tracks=tracks)
        lane = "work" if wish.needs_curve else "io"
        task = self._scheduler.submit(
            job, "interchange", subject=wish.path, lane=lane, priority=Priority.EXPORT, after=before
        )
        if wish.needs_curve:
            self._exports[:] = [*ClipWork.running(self._exports), task]
        return task

    def would_import(self, incoming: Incoming, *, replace_all: bool = False, with_lens: bool = False) -> Outcome:
        """Return what an import into the shown clip would come to. Raises UsageError if nothing can be used."""
        from rvr_laaf_app.document.interchange.incoming import import_into

        table = self._need_work().info.table
        if table is None:
            raise UsageError("the clip has no pictures")
        return import_into(self.project, incoming, table, replace_all=replace_all, with_lens=with_lens)

    def import_focus(self, incoming: Incoming, *, replace_all: bool = False, with_lens: bool = False) -> Outcome:
        """Take targets from a file into the shown clip, placed by time, as one undo step."""
        outcome = self.would_import(incoming, replace_all=replace_all, with_lens=with_lens)
        self._document.apply("Import focus", lambda _: outcome.project)
        return outcome
