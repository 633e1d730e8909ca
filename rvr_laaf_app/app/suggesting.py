"""Asking for suggestions on the open clip in the background, and what was found, by mode. Products, never edits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rvr_laaf_app.app.engine import Engine
from rvr_laaf_app.core.evidence import Suggestion
from rvr_laaf_app.jobs.scheduler import FinishReason, JobStatus, Priority, Scheduler, Task

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.suggested import Mode

JOB = "suggest"


class SuggestWork:
    """The suggestions of one clip. Everything is called by the session's thread."""

    def __init__(self, engine: Engine, scheduler: Scheduler, info: ClipInfo) -> None:
        self._engine, self._scheduler, self._info = engine, scheduler, info
        self._task: Task[list[Suggestion]] | None = None
        self._asked: Mode = "auto"
        self._known: dict[Mode, tuple[Suggestion, ...]] = {}
        self.mode: Mode | None = None  # whose suggestions are offered

    @property
    def task(self) -> Task[list[Suggestion]] | None:
        """The last search that was begun."""
        return self._task

    @property
    def running(self) -> Mode | None:
        """The mode that is being searched for; None if nothing is."""
        task = self._task
        return None if task is None or task.finished or task.cancelled else self._asked

    @property
    def found(self) -> tuple[Suggestion, ...] | None:
        """What was found last; None if nobody asked yet."""
        return None if self.mode is None else self._known[self.mode]

    def start(self, mode: Mode) -> bool:
        """Look for suggestions; True if they are known already, so that no job is needed."""
        if mode in self._known:
            self.stop()
            self._task = None  # nobody waits for its end
            self.mode = mode
            return True
        if self.running != mode:
            self.stop()
            self._asked = mode
            self._task = self._scheduler.submit(
                self._engine.suggest_job(self._info, mode), JOB, subject=self._info.path, priority=Priority.TRACK
            )
        return False

    def finished(self, status: JobStatus) -> bool:
        """Take over what a finished search has found; False if it is not this one."""
        task = self._task
        if task is None or task.status.id != status.id:
            return False
        if status.reason is FinishReason.COMPLETED:
            self._known[self._asked] = tuple(task.result(0))
            self.mode = self._asked
        return True

    def stop(self) -> None:
        """Cancel the search; what was looked at stays in the cache. Does not wait."""
        if self._task is not None:
            self._task.cancel()
