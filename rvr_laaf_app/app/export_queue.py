"""The export queue: jobs one after the other, each of a project as it was; paused, cancelled, tried again, moved.

It belongs to the session's thread. Each change of state is on the disk before anything else happens, so that after an
end of any kind the unfinished jobs are there to be continued. A job that was broken off while writing starts its file
anew (what it had written is deleted); analysis and tracking that were on the disk are not done again.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rvr_laaf_app.app.engine import ExportChoice
from rvr_laaf_app.app.export_queue_estimate import ExportSize, Paces, size_on_disk
from rvr_laaf_app.app.export_queue_job import ExportJob, QueueState, Trouble, clean
from rvr_laaf_app.app.export_queue_names import with_free_name
from rvr_laaf_app.app.export_queue_progress import Pulse, Whole, pulse_of, whole_of, written_size
from rvr_laaf_app.app.export_queue_store import MAX_JOBS, QueueStore
from rvr_laaf_app.app.export_queue_work import Prepared, tidy
from rvr_laaf_app.app.observers import Observers
from rvr_laaf_app.core.errors import ExportError, RvrError, UsageError
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.jobs.job import Progress
from rvr_laaf_app.jobs.scheduler import FinishReason, JobStatus, Task

if TYPE_CHECKING:
    from rvr_laaf_app.app.session import Session

TIDY_S: Final = 1.0  # that the end waits for; a network folder may not answer at all
KEPT_FINISHED: Final = 100  # older finished jobs leave the list by themselves
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """The work on one job: its task, and what was begun when."""

    task: Task[Any]
    prepared: Prepared | None = None
    began_s: float = 0.0
    wrote_s: float = 0.0  # spent writing
    since: float = 0.0  # wall clock
    wish: QueueState | None = None  # what the job is to become when its task has stopped


class ExportQueue:
    """The queue of one session. `load` it once, `close` it before the session.

    Observers, called in the session's thread: on_change() for the list and each state, on_pulse(job id) for progress,
    on_finished(job) when one is done or failed, on_idle(done, failed) when the last one of several ends.
    """

    def __init__(self, session: Session, *, store: QueueStore | None = None, paces: Paces | None = None) -> None:
        self._session = session
        self._store = store or QueueStore()
        self.paces = paces or Paces()
        self._jobs: list[ExportJob] = []
        self._runs: dict[str, _Run] = {}
        self._pulses: dict[str, Pulse] = {}
        self._running: str | None = None
        self._held = False
        self._since_idle = [0, 0]
        self._unwritten = False
        self._tidying: threading.Thread | None = None
        self._change: Observers[[]] = Observers()
        self._pulse: Observers[[str]] = Observers()
        self._finished: Observers[[ExportJob]] = Observers()
        self._idle: Observers[[int, int]] = Observers()
        self.on_change, self.on_pulse = self._change.add, self._pulse.add
        self.on_finished, self.on_idle = self._finished.add, self._idle.add
        self._unsubscribe = session.on_job(self._job_told)

    # What there is

    @property
    def jobs(self) -> tuple[ExportJob, ...]:
        """All jobs, in the order in which they are done."""
        return tuple(self._jobs)

    def job(self, job_id: str) -> ExportJob | None:
        """Return a job by its id."""
        return next((j for j in self._jobs if j.id == job_id), None)

    def pulse(self, job_id: str) -> Pulse | None:
        """Return how far a job is that was begun; None for the others."""
        return self._pulses.get(job_id)

    @property
    def held(self) -> bool:
        """True if the whole queue rests."""
        return self._held

    @property
    def busy(self) -> bool:
        """True if a job is being worked on, or one waits and nothing holds it."""
        return self._running is not None

    @property
    def interrupted(self) -> tuple[ExportJob, ...]:
        """Jobs that were not finished when the program ended."""
        return tuple(j for j in self._jobs if j.state == "interrupted")

    @property
    def problems(self) -> tuple[str, ...]:
        """What was wrong with the journal when it was read."""
        return tuple(self._store.problems)

    def outputs(self) -> list[str]:
        """Return the paths that unfinished jobs will write."""
        return [j.choice.path for j in self._jobs if j.left]

    def whole(self) -> Whole:
        """Return how far all of it is."""
        return whole_of(self._jobs, self._pulses)

    # What is asked of it

    def load(self) -> None:
        """Read the journal; what was not finished is interrupted, until somebody says how it goes on."""
        stopped = ("waiting", "running", "paused")
        self._jobs = [j.standing("interrupted") if j.state in stopped else j for j in self._store.load()]
        if self.interrupted:
            paths = [j.choice.path for j in self.interrupted]
            self._tidying = threading.Thread(target=tidy, args=(paths,), name="export-tidy", daemon=True)
            self._tidying.start()
        self._save()
        self._change.tell()

    def add(
        self, project: Project, choice: ExportChoice, *, preset: str, title: str, frames: int, check: bool = True
    ) -> ExportJob:
        """Add an export of the project as it is now; return the job. It starts when its turn comes.

        Raises UsageError or ExportError for what cannot work: another job writes there, or (check) the file exists or
        the folder is missing. The rest is checked again when it starts.
        """
        if len(self._jobs) >= MAX_JOBS:
            raise UsageError(f"there are {MAX_JOBS} exports in the queue", remedy="Remove finished ones first.")
        path = os.path.abspath(choice.path)
        if os.path.realpath(path) in {os.path.realpath(p) for p in self.outputs()}:
            raise UsageError("another export in the queue writes this file", where=path, remedy="Choose another name.")
        info = self._session.clip
        if check and info is not None and project.clip is not None and project.clip.path == info.path:
            self._session.engine.check_export(choice, info)
        job = ExportJob(
            id=uuid.uuid4().hex,
            title=clean(title)[:200],
            preset=clean(preset)[:100],
            choice=replace(choice, path=path),
            project=project,
            frames=frames,
            added=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self._jobs.append(job)
        self._forget_old()
        if not self._save():
            self._jobs.remove(job)
            raise ExportError(
                "the export queue cannot be saved", where=self._store.folder, remedy="Check the folder and free space."
            )
        self._change.tell()
        self._advance()
        return job

    def pause(self, job_id: str) -> None:
        """Let a job rest: while it writes, where it is, from its next frame on; the next job goes on meanwhile."""
        job, run = self.job(job_id), self._runs.get(job_id)
        if job is None or job.state not in ("waiting", "running"):
            return
        self._stop_run(run, "paused")
        if self._running == job_id:
            self._running = None
        self._set(job_id, "paused")
        self._advance()

    def resume(self, job_id: str) -> None:
        """Let a paused or interrupted job go on when its turn comes."""
        job = self.job(job_id)
        if job is not None and job.state in ("paused", "interrupted"):
            self._set(job_id, "waiting")
            self._advance()

    def hold(self) -> None:
        """Let the whole queue rest: what is being written stops at its next frame, nothing new begins."""
        if self._held:
            return
        self._held = True
        if self._running is not None:
            self._stop_run(self._runs.get(self._running), "waiting")
            self._set(self._running, "waiting")
            self._running = None
        self._change.tell()

    def go_on(self) -> None:
        """End `hold`."""
        self._held = False
        self._change.tell()
        self._advance()

    def continue_interrupted(self) -> None:
        """Continue all jobs that an end of the program interrupted."""
        for job in self.interrupted:
            self._replace(self._with_free_name(job).standing("waiting"))
        self._saved_and_told()
        self._advance()

    def cancel(self, job_id: str) -> None:
        """Give a job up; what it had written is deleted. It stays in the list and can be tried again."""
        job, run = self.job(job_id), self._runs.get(job_id)
        if job is None or not job.left:
            return
        if run is not None:
            run.wish = "cancelled"
            run.task.cancel()
        if self._running == job_id:
            self._running = None
        self._set(job_id, "cancelled")
        self._advance()

    def retry(self, job_id: str) -> None:
        """Try a failed, cancelled or interrupted job again, with the project as it was then.

        If its name was taken meanwhile, it gets another one.
        """
        job = self.job(job_id)
        if job is not None and job.can_retry:
            self._replace(self._with_free_name(job))
            self._set(job_id, "waiting")
            self._advance()

    def remove(self, job_id: str) -> None:
        """Take a job out of the list; one that is not finished is cancelled first."""
        self.cancel(job_id)
        self._jobs = [j for j in self._jobs if j.id != job_id]
        self._saved_and_told()

    def clear_finished(self) -> None:
        """Take all finished, failed and cancelled jobs out of the list."""
        self._jobs = [j for j in self._jobs if j.left]
        self._saved_and_told()

    def move(self, job_id: str, to: int) -> None:
        """Put a job at place `to` of the list (0 = first)."""
        job = self.job(job_id)
        if job is None:
            return
        rest = [j for j in self._jobs if j.id != job_id]
        rest.insert(max(0, min(to, len(rest))), job)
        if rest != self._jobs:
            self._jobs = rest
            self._saved_and_told()

    def close(self) -> None:
        """Stop without waiting; unfinished jobs stay in the journal. Call it before the session is closed."""
        self._unsubscribe()
        for run in self._runs.values():
            run.task.cancel()
        self._runs.clear()
        self._store.close()
        if self._tidying is not None:
            self._tidying.join(TIDY_S)

    # Inside

    def _stop_run(self, run: _Run | None, wish: QueueState) -> None:
        """Let the work on a job rest. Preparation is broken off: it goes on from the cache, and others may need it."""
        if run is None:
            return
        if run.prepared is not None:
            run.task.pause()
        else:
            run.wish = wish
            run.task.cancel()

    def _advance(self) -> None:
        """Begin the first job that waits, if none is being worked on."""
        while self._running is None and not self._held:
            job = next((j for j in self._jobs if j.state == "waiting" and not self._stopping(j.id)), None)
            if job is None:
                return
            run = self._runs.get(job.id)
            if run is not None:  # it rested while writing
                run.task.resume()
            elif not self._begin(job):
                continue
            self._running = job.id
            self._set(job.id, "running")

    def _with_free_name(self, job: ExportJob) -> ExportJob:
        others = [j.choice.path for j in self._jobs if j.left and j.id != job.id]
        return replace(job, choice=with_free_name(job.choice, others))

    def _stopping(self, job_id: str) -> bool:
        run = self._runs.get(job_id)
        return run is not None and run.wish is not None

    def _begin(self, job: ExportJob) -> bool:
        project = job.project
        try:
            if project is None:
                raise UsageError("the project of this export was not kept", remedy="Add it again.")
            task = self._session.prepare_export(project, job.choice)
        except (RvrError, RuntimeError) as error:  # RuntimeError: the session is closing
            self._end(job, "failed", Trouble.of(error))
            return False
        self._runs[job.id] = _Run(task, began_s=time.monotonic(), since=time.time())
        self._pulses[job.id] = Pulse(Progress(0, None, "opening"))
        return True

    def _job_told(self, status: JobStatus) -> None:
        found = next(((i, r) for i, r in self._runs.items() if r.task.status.id == status.id), None)
        if found is None:
            return
        job_id, run = found
        if status.finished:
            self._task_ended(job_id, run, status)
        else:
            self._pulses[job_id] = pulse_of(status, self._pulses.get(job_id))
            self._pulse.tell(job_id)

    def _task_ended(self, job_id: str, run: _Run, status: JobStatus) -> None:
        job = self.job(job_id)
        if job is None or run.wish is not None or status.reason is FinishReason.CANCELLED:
            del self._runs[job_id]
            self._pulses.pop(job_id, None)
            if job is not None and run.wish is None and job.left:  # somebody else stopped it
                self._end(job, "cancelled")
            self._advance()
        elif status.reason is FinishReason.FAILED:
            error = status.error
            assert error is not None
            self._end(job, "failed", Trouble.of(error))
        elif run.prepared is None:
            run.prepared = run.task.result(0)
            run.wrote_s = time.monotonic()
            run.task = self._session.write_export(run.prepared, job.choice)
        else:
            self._done(job, run)

    def _done(self, job: ExportJob, run: _Run) -> None:
        now = time.monotonic()
        size_bytes = size_on_disk(Path(job.choice.path), run.since - 2.0)
        prepared = run.prepared
        assert prepared is not None
        width, height = written_size(prepared.products.info.display_size, job.choice.long_side)
        size = ExportSize(job.frames, (width, height))
        self.paces.learn(job.choice, size, seconds=now - run.wrote_s, size_bytes=size_bytes)
        self._end(replace(job, seconds=now - run.began_s, size_bytes=size_bytes, project=None), "done")

    def _end(self, job: ExportJob, state: QueueState, trouble: Trouble | None = None) -> None:
        """Note how a job ended, tell it, and go on with the next one."""
        self._runs.pop(job.id, None)
        self._pulses.pop(job.id, None)
        if self._running == job.id:
            self._running = None
        job = job.standing(state, trouble)
        self._replace(job)
        self._saved_and_told()
        if state in ("done", "failed"):
            self._since_idle[state == "failed"] += 1
            self._finished.tell(job)
        self._advance()
        if self._running is None and not any(j.state in ("waiting", "running", "paused") for j in self._jobs):
            done, failed = self._since_idle
            self._since_idle = [0, 0]
            if done + failed:
                self._idle.tell(done, failed)

    def _set(self, job_id: str, state: QueueState) -> None:
        job = self.job(job_id)
        if job is not None and (job.state, job.trouble) != (state, None):
            self._replace(job.standing(state))
            self._saved_and_told()

    def _replace(self, job: ExportJob) -> None:
        self._jobs = [job if j.id == job.id else j for j in self._jobs]

    def _forget_old(self) -> None:
        finished = [j for j in self._jobs if not j.left]
        for job in finished[: max(len(finished) - KEPT_FINISHED, 0)]:
            self._jobs.remove(job)

    def _saved_and_told(self) -> None:
        self._save()
        self._change.tell()

    def _save(self) -> bool:
        saved = self._store.save(self._jobs)
        if not saved and not self._unwritten:
            self._store.problems.append("the export queue cannot be saved: it would not survive a restart")
        self._unwritten = not saved
        return saved
