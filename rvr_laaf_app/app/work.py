"""The long work of a session: analysis, tracking and export of the open clip, in the lanes of a scheduler.

It decides what runs when. What was found goes out through the callables it was given, in the owner's thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rvr_laaf_app.app.engine import Engine, ExportChoice
from rvr_laaf_app.app.repairing import RepairWork
from rvr_laaf_app.app.suggesting import SuggestWork
from rvr_laaf_app.app.tracking import TrackWish, found, missing_tracks
from rvr_laaf_app.core.errors import Cancelled, RvrError, UsageError
from rvr_laaf_app.document.project import Project, SubjectTrack
from rvr_laaf_app.jobs.job import Job
from rvr_laaf_app.jobs.scheduler import FinishReason, JobState, JobStatus, Priority, Scheduler, Task

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.export import ExportReport
    from rvr_laaf_app.pipeline.products import ClipProducts

BACKGROUND = 5  # priority of the work on clips that are not shown: after everything else
log = logging.getLogger(__name__)


class ClipWork:
    """The jobs of one open clip. Everything is called by the session's thread.

    analyses: those of all clips by fingerprint; clips with one content share it.
    """

    def __init__(
        self,
        engine: Engine,
        scheduler: Scheduler,
        info: ClipInfo,
        products: ClipProducts | None,
        *,
        exports: list[Task[Any]],
        analyses: dict[str, Task[ClipProducts]],
        on_track: Callable[[SubjectTrack], None],
    ) -> None:
        self.info = info
        self.products = products
        self._engine, self._scheduler, self._on_track = engine, scheduler, on_track
        self._analyses = analyses
        self._analysis: Task[ClipProducts] | None = None
        self._forward = False
        self._tracking: dict[TrackWish, Task[SubjectTrack]] = {}
        self._tried: set[TrackWish] = set()
        self.repairs = RepairWork(engine, scheduler, info, products)
        self.suggesting = SuggestWork(engine, scheduler, info)
        self._exports = exports  # of all clips: an export goes on when another clip is opened

    @property
    def analysed(self) -> bool:
        """True if every frame is analysed."""
        return self.products is not None and self.products.complete

    def start_analysis(self) -> Task[ClipProducts]:
        """Analyse what is missing, or return the analysis under way. Raises UsageError if that is impossible."""
        products = self._need_products()
        if self._analysis is None or self._analysis.finished:
            known = self._analyses.get(self.info.fingerprint)
            if known is None or known.finished or known.cancelled:
                known = self._scheduler.submit(
                    self._engine.analyse_job(products),
                    "analyse",
                    subject=self.info.path,
                    after=self.running(self._exports),  # two writers of one cache take turns
                )
                self._analyses[self.info.fingerprint] = known
            self._analysis = known
            self._rank()
        return self._analysis

    @property
    def begun(self) -> bool:
        """True if an analysis is under way and holds memory for it."""
        task = self._analysis
        return task is not None and not task.finished and task.status.state is not JobState.QUEUED

    @property
    def may_analyse(self) -> bool:
        """True if frames are missing, and the user did not stop the analysis."""
        return self.products is not None and not self.analysed and not self._broke_off

    @property
    def progress(self) -> float | None:
        """Share of the clip that is analysed, 0..1; None if it cannot be."""
        if self.products is None or self.analysed:
            return None if self.products is None else 1.0
        return self.products.meta.final / max(self.products.meta.frames, 1)

    def come_forward(self, forward: bool) -> None:
        """Let the work go before or after that on other clips."""
        self._forward = forward
        self._rank()
        if not forward and self.products is not None:
            self.products.let_go()

    def put_aside(self) -> None:
        """Break the analysis off to free its memory; it goes on from there when it is started again."""
        if self._analysis is not None:
            self._analysis.cancel()
            self._analysis = None

    def does(self, job_id: int) -> bool:
        """Return whether a job is one of these."""
        tasks: list[Task[Any] | None] = [
            self._analysis,
            self.repairs.task,
            self.suggesting.task,
            *self._tracking.values(),
        ]
        return any(t is not None and t.status.id == job_id for t in tasks)

    def _rank(self) -> None:
        if self._analysis is not None:
            self._analysis.priority = Priority.ANALYSE if self._forward else BACKGROUND
        for task in self._tracking.values():
            task.priority = Priority.TRACK if self._forward else BACKGROUND + 1

    def follow(self, project: Project) -> None:
        """See to it that every target gets its track: stop what is no longer wanted, start what is missing.

        Tracking needs the whole analysis; that is started if it is missing and was not stopped or broken before.
        """
        self.repairs.follow(project)
        wishes = missing_tracks(project, self.info.frames)
        for running in [r for r in self._tracking if not any(r.covers(w) for w in wishes)]:
            self._tracking.pop(running).cancel()
        wanted = [w for w in wishes if w not in self._tried and not any(r.covers(w) for r in self._tracking)]
        if not wanted or self.products is None:
            return
        after: list[Task[Any]] = []
        if not self.analysed:
            if self._broke_off:
                return
            after = [self.start_analysis()]
        for wish in wanted:
            self._tracking[wish] = self._scheduler.submit(
                self._track_job(self.products, project, wish.target_id),
                "track",
                subject=wish.target_id,
                priority=Priority.TRACK if self._forward else BACKGROUND + 1,
                after=after,
            )

    def follow_again(self, target_id: str) -> None:
        """Allow another attempt for a target whose tracking failed."""
        self._tried = {w for w in self._tried if w.target_id != target_id}

    def export(self, project: Project, choice: ExportChoice) -> Task[ExportReport]:
        """Export a project as it is now, after the work under way that it needs. Raises for what cannot work."""
        products = self._need_products()
        self._engine.check_export(choice, self.info)
        self.follow(project)  # so that the tracks which it needs are made once
        before: list[Task[Any]] = [*self.running(self._exports)]
        if self._analysis is not None and not self._analysis.finished:
            self._analysis.resume()
            before.append(self._analysis)
        tracks = list(self._tracking.values())
        job = self._export_job(products, project, choice, tracks)
        task = self._scheduler.submit(
            job, "export", subject=choice.path, priority=Priority.EXPORT, after=[*before, *tracks]
        )
        self._exports[:] = [*self.running(self._exports), task]
        return task

    def under_way(self) -> tuple[list[Task[Any]], list[Task[SubjectTrack]]]:
        """Return the work on this clip that somebody who needs it should wait for, and which of it is tracking."""
        tracks = list(self._tracking.values())
        analysis = [] if self._analysis is None or self._analysis.finished else [self._analysis]
        return [*analysis, *tracks], tracks

    def finished(self, status: JobStatus, project: Project) -> bool:
        """Take note of a finished job; hand its track over; start what can go on now. False if it is none of these."""
        if self._analysis is not None and status.id == self._analysis.status.id:
            self.follow(project)
            return True
        if self.repairs.task is not None and status.id == self.repairs.task.status.id:
            return True
        if self.suggesting.finished(status):
            return True
        for wish, task in list(self._tracking.items()):
            if task.status.id == status.id:
                del self._tracking[wish]
                if status.reason is not FinishReason.CANCELLED:
                    self._tried.add(wish)
                if status.reason is FinishReason.COMPLETED:
                    self._on_track(task.result(0))
                return True
        return False

    def stop(self) -> None:
        """Cancel analysis and tracking of this clip; exports go on. Does not wait."""
        self.repairs.put_aside()
        self.suggesting.stop()
        tasks: list[Task[Any]] = list(self._tracking.values())
        if self._analysis is not None:
            tasks.append(self._analysis)
        for task in tasks:
            task.cancel()

    @property
    def _broke_off(self) -> bool:
        """True if the last analysis was stopped or failed: it is not begun again until somebody asks for it."""
        task = self._analysis
        return task is not None and task.finished and task.status.reason is not FinishReason.COMPLETED

    def _track_job(self, products: ClipProducts, project: Project, target_id: str) -> Job[SubjectTrack]:
        if not products.complete:  # the analysis that it waited for came to nothing, and that was told already
            raise Cancelled("the clip is not analysed", where=self.info.path)
        return (yield from self._engine.track_job(products, project, target_id))

    def _export_job(
        self, products: ClipProducts, project: Project, choice: ExportChoice, tracks: list[Task[SubjectTrack]]
    ) -> Job[ExportReport]:
        """Do what is missing, then export. Runs in a lane: it touches only values and the engine."""
        if not products.complete:
            yield from self._engine.analyse_job(products)
        for task in tracks:
            if task.status.reason is FinishReason.COMPLETED:
                project = found(task.result(0))(project)
        for wish in missing_tracks(project, products.info.frames):
            track = yield from self._engine.track_job(products, project, wish.target_id)
            project = found(track)(project)
        return (yield from self._engine.export_job(products, project, choice))

    def _need_products(self) -> ClipProducts:
        if self.products is None:
            raise UsageError("the clip cannot be analysed on this machine", where=self.info.path)
        return self.products

    @staticmethod
    def running(tasks: list[Task[Any]]) -> list[Task[Any]]:
        """Return the tasks that are not finished."""
        return [t for t in tasks if not t.finished]


def as_problem(status: JobStatus) -> RvrError | None:
    """Return what to tell the user about a finished job, or None."""
    error = status.error
    if error is None or isinstance(error, Cancelled):
        return None
    if isinstance(error, RvrError):
        return error
    what = f"{status.name} failed unexpectedly ({type(error).__name__}: {error})"
    return RvrError(what, where=status.subject or None, remedy="Your project is safe; please report this.")
