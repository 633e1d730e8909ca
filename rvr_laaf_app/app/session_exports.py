"""The exports of a session: of what is open, and those of the queue, of any project; and giving up work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rvr_laaf_app.app.engine import Engine, ExportChoice
from rvr_laaf_app.app.export_queue_work import Prepared, prepare_job, write_job
from rvr_laaf_app.app.observers import Observers
from rvr_laaf_app.app.open_clips import OpenClips
from rvr_laaf_app.app.work import ClipWork
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document.project import Project, SubjectTrack
from rvr_laaf_app.jobs.scheduler import Priority, Scheduler, Task

if TYPE_CHECKING:
    from rvr_laaf_app.app.opening import Opened
    from rvr_laaf_app.pipeline.export import ExportReport
    from rvr_laaf_app.pipeline.products import ClipProducts


class SessionExports:
    """A part of Session, which has these attributes."""

    _engine: Engine
    _scheduler: Scheduler
    _clips: OpenClips
    _exports: list[Task[Any]]
    _opening: Task[Opened] | None
    _clip_changed: Observers[[]]

    @property
    def project(self) -> Project:
        """The current value of the shown clip's project."""
        raise NotImplementedError

    @property
    def _work(self) -> ClipWork | None:
        raise NotImplementedError

    def request_export(self, choice: ExportChoice) -> Task[ExportReport]:
        """Export the project as it is now, in the background, after the analysis and tracking that it needs.

        Raises UsageError or ExportError at once for a choice that cannot work. Cancel with the task's `cancel`.
        """
        return self._need_work().export(self.project, choice)

    @property
    def engine(self) -> Engine:
        """What does the work."""
        return self._engine

    def prepare_export(self, project: Project, choice: ExportChoice) -> Task[Prepared]:
        """Begin the first half of a queued export of any project, open or not: analysis and tracking it lacks.

        It takes turns with the work on the open clip: an analysis has one writer at a time.
        """
        products: ClipProducts | None = None
        tracks: list[Task[SubjectTrack]] = []
        before = ClipWork.running(self._exports)
        clip = project.clip
        work = self._clips.work_on(clip.fingerprint) if clip is not None and clip.fingerprint else None
        if work is not None:
            products = work.products
            under_way, tracks = work.under_way()
            before = [*before, *under_way]
        job = prepare_job(self._engine, project, choice, products=products, tracks=tracks)
        task = self._scheduler.submit(job, "export", subject=choice.path, priority=Priority.EXPORT, after=before)
        self._exports[:] = [*ClipWork.running(self._exports), task]
        return task

    def write_export(self, prepared: Prepared, choice: ExportChoice) -> Task[ExportReport]:
        """Begin the second half: write. It reads only, and may be paused for as long as one likes."""
        job = write_job(self._engine, prepared, choice)
        return self._scheduler.submit(job, "export", subject=choice.path, priority=Priority.EXPORT)

    def cancel_job(self, job_id: int) -> None:
        """Cancel an unfinished job. An opening is given up at once: what was open stays, however slow the disk is."""
        if self._opening is not None and self._opening.status.id == job_id:
            self._opening.cancel()
            self._opening = None
            self._clip_changed.tell()
            return
        for task in self._scheduler.tasks():
            if task.status.id == job_id:
                task.cancel()

    def _need_work(self) -> ClipWork:
        if self._work is None:
            raise UsageError("there is no clip to work on")
        return self._work
