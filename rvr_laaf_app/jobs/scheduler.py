"""Lanes that run jobs by priority, one thread each: progress, pause, cancel, results, and an orderly end.

A lane calls next() on its most urgent job, so urgent work slips in between two frames of long work, and only one
thread ever touches a job's generator. Nothing here knows what jobs do or who watches: observers are plain callables,
called on the lane's thread.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from typing import Any, Generic, TypeVar

from rvr_laaf_app.core.errors import Cancelled, RvrError
from rvr_laaf_app.jobs.eta import TimeLeft
from rvr_laaf_app.jobs.job import Job, Progress

T = TypeVar("T")
log = logging.getLogger(__name__)

EVENT_INTERVAL_S = 0.05  # progress of one job is told at most this often; changes of state always are
JOIN_S = 30.0
NOT_BEGUN = Progress(0, None)


class JobState(Enum):
    """Where a job stands. A job that waits for a more urgent one stays RUNNING."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"


class FinishReason(Enum):
    """How a finished job ended."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Priority(IntEnum):
    """How urgent a job is; higher goes first, equals in the order they came."""

    EXPORT = 10
    ANALYSE = 20
    TRACK = 30
    OPEN = 40
    PREVIEW = 50


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A snapshot of one job.

    name: the kind ("open", "analyse", "track", "export"); subject: what it is about (a path, a target id).
    reason is set when the state is FINISHED, error when the reason is FAILED; left_s: seconds left, None = not known.
    """

    id: int
    name: str
    subject: str
    state: JobState = JobState.QUEUED
    progress: Progress = NOT_BEGUN
    left_s: float | None = None
    reason: FinishReason | None = None
    error: BaseException | None = None

    @property
    def finished(self) -> bool:
        """True if the job will do nothing more."""
        return self.state is JobState.FINISHED


StatusObserver = Callable[[JobStatus], None]


class Task(Generic[T]):
    """The handle of a submitted job; every method may be called from any thread."""

    def __init__(
        self, job: Job[T], status: JobStatus, lane: _Lane, *, priority: int, after: Sequence[Task[Any]]
    ) -> None:
        self.job = job
        self.priority = priority
        self.after = tuple(after)
        self.cancelled = False
        self.held = False
        self._lane = lane
        self._status = status
        self._begun = False
        self._telling = threading.RLock()  # the status changes in the lane and by pause: told in the order it changed
        self._value: T | None = None
        self._over = threading.Event()
        self._left = TimeLeft()
        self._told_s = -1.0

    @property
    def status(self) -> JobStatus:
        """The job as it stands now."""
        return self._status

    @property
    def finished(self) -> bool:
        """True once the job is completed, cancelled or failed and its generator is closed."""
        return self._over.is_set()

    def cancel(self) -> None:
        """Ask the job to stop; its generator is closed at its next yield. Returns at once; harmless when finished."""
        self._lane.change(self, cancel=True)

    def pause(self) -> None:
        """Let the job rest from its next yield on."""
        self._lane.change(self, hold=True)

    def resume(self) -> None:
        """Let a paused job go on."""
        self._lane.change(self, hold=False)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until the job is finished; return False if that took longer than `timeout_s`."""
        return self._over.wait(timeout_s)

    def result(self, timeout_s: float | None = None) -> T:
        """Wait, then return what the job returned, or raise what it raised; Cancelled if it was cancelled.

        Raises TimeoutError if it is not finished in time.
        """
        if not self.wait(timeout_s):
            raise TimeoutError(f"{self._status.name} is not finished after {timeout_s} s")
        if self._status.error is not None:
            raise self._status.error
        if self._status.reason is FinishReason.CANCELLED:
            raise Cancelled(f"{self._status.name} was cancelled", where=self._status.subject or None)
        return self._value  # type: ignore[return-value]  # a completed job has a value of its own type

    # Called by the lane only.

    def runnable(self) -> bool:
        """True if the lane may advance the job (or must close it)."""
        return self.cancelled or (not self.held and all(t.finished for t in self.after))

    def step(self) -> bool:
        """Advance the job by one yield, or close it if it was cancelled; return True when it is finished."""
        if self.cancelled:
            self._close()
            return True
        if not self._begun:
            self._begun = True
            self._update()
        try:
            progress = next(self.job)
        except StopIteration as end:
            self._value = end.value
            self._finish(FinishReason.COMPLETED, None)
        except Cancelled:
            self._finish(FinishReason.CANCELLED, None)
        except BaseException as error:  # noqa: BLE001  # the job boundary: told in the status, raised by result()
            self._finish(FinishReason.FAILED, error)
        else:
            self._advance(progress)
            return False
        return True

    def rest(self, hold: bool) -> None:
        """Pause the job or let it go on, and show that."""
        with self._telling:
            if self.held != hold:
                self.held = hold
                self._left.pause()
                self._update()

    def _advance(self, progress: Progress) -> None:
        now_s = time.monotonic()
        with self._telling:
            left_s = self._left.push(progress, now_s)
            told = now_s - self._told_s >= EVENT_INTERVAL_S
            self._told_s = now_s if told else self._told_s
            self._update(told, progress=progress, left_s=left_s)

    def _close(self) -> None:
        try:
            self.job.close()
        except BaseException as error:  # noqa: BLE001  # cleaning up failed: the user must hear of it
            self._finish(FinishReason.FAILED, error)
        else:
            self._finish(FinishReason.CANCELLED, None)

    def _finish(self, reason: FinishReason, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, RvrError):
            log.error("job %s failed", self._status.name, exc_info=error)
        left_s = 0.0 if reason is FinishReason.COMPLETED else None
        with self._telling:
            self._status = replace(self._status, state=JobState.FINISHED, reason=reason, error=error, left_s=left_s)
            self._over.set()
            self._lane.tell(self._status)

    def _update(self, told: bool = True, **changes: Any) -> None:
        with self._telling:
            if self._status.finished:
                return
            going = JobState.RUNNING if self._begun else JobState.QUEUED
            self._status = replace(self._status, state=JobState.PAUSED if self.held else going, **changes)
            if told:
                self._lane.tell(self._status)


class _Lane:
    """One thread and the jobs that it takes turns with."""

    def __init__(self, name: str, scheduler: Scheduler) -> None:
        self.name = name
        self._scheduler = scheduler
        self._wake = scheduler.wake
        self._tasks: list[Task[Any]] = []
        self._stopping = False
        self._thread: threading.Thread | None = None

    def add(self, task: Task[Any]) -> None:
        """Take a job; start the thread with the first one. Called with the lock held."""
        self._tasks.append(task)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"lane-{self.name}", daemon=True)
            self._thread.start()
        self._wake.notify_all()

    def change(self, task: Task[Any], *, cancel: bool = False, hold: bool | None = None) -> None:
        """Set the wishes for a job and wake the lane."""
        if hold is not None:
            task.rest(hold)
        with self._wake:
            task.cancelled = task.cancelled or cancel
            self._wake.notify_all()

    def tell(self, status: JobStatus) -> None:
        """Pass a status on to the scheduler's observer."""
        self._scheduler.tell(status)

    def tasks(self) -> list[Task[Any]]:
        """Return the unfinished jobs. Called with the lock held."""
        return list(self._tasks)

    def stop(self) -> None:
        """Cancel all jobs and let the thread end when they are closed. Called with the lock held."""
        self._stopping = True
        for task in self._tasks:
            task.cancelled = True
        self._wake.notify_all()

    def join(self, deadline_s: float) -> bool:
        """Wait for the thread to end until the monotonic time `deadline_s`; return whether it did."""
        if self._thread is None or self._thread is threading.current_thread():
            return True
        self._thread.join(max(0.0, deadline_s - time.monotonic()))
        return not self._thread.is_alive()

    def _next(self) -> Task[Any] | None:
        """Block until there is something to do; None = the lane is to end."""
        with self._wake:
            while True:
                ready = [t for t in self._tasks if t.runnable()]
                if ready:
                    # Closing a cancelled job is quick and frees files: before everything else.
                    return max(ready, key=lambda t: (t.cancelled, t.priority, -t.status.id))
                if self._stopping:
                    return None
                self._wake.wait()

    def _run(self) -> None:
        while (task := self._next()) is not None:
            if task.step():
                with self._wake:
                    self._tasks.remove(task)
                    self._wake.notify_all()  # another lane may wait for this job
            del task  # a finished job's result must not live on in an idle thread


class Scheduler:
    """Runs jobs in named lanes. Make it, submit, and call `shutdown` in the end; usable as a context manager.

    Lanes: "work" for everything that takes long, "io" for opening files. Each is one thread, started with its first
    job.
    """

    LANES = ("work", "io")

    def __init__(self, observer: StatusObserver | None = None, *, lanes: Sequence[str] = LANES) -> None:
        self.wake = threading.Condition()
        self._observer = observer
        self._ids = itertools.count(1)
        self._lanes = {name: _Lane(name, self) for name in lanes}
        self._accepting = True

    def __enter__(self) -> Scheduler:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    @property
    def accepting(self) -> bool:
        """False once `shutdown` has begun."""
        return self._accepting

    def submit(
        self,
        job: Job[T],
        name: str,
        *,
        subject: str = "",
        lane: str = "work",
        priority: int = Priority.ANALYSE,
        after: Sequence[Task[Any]] = (),
    ) -> Task[T]:
        """Queue a job and return its handle. It starts when every job of `after` is finished, however they ended.

        Raises RuntimeError after `shutdown`.
        """
        with self.wake:
            if not self._accepting:
                raise RuntimeError("the scheduler is shut down")
            home = self._lanes[lane]
            status = JobStatus(next(self._ids), name, subject)
            task = Task(job, status, home, priority=priority, after=after)
            home.add(task)
        return task

    def tasks(self) -> list[Task[Any]]:
        """Return the jobs that are not finished."""
        with self.wake:
            return [task for lane in self._lanes.values() for task in lane.tasks()]

    def ask_to_end(self) -> None:
        """Stop accepting and cancel every job; does not wait."""
        with self.wake:
            self._accepting = False
            for lane in self._lanes.values():
                lane.stop()

    def shutdown(self, timeout_s: float = JOIN_S) -> bool:
        """Stop accepting, cancel every job, wait until the threads have ended; False if one did not within the time."""
        self.ask_to_end()
        deadline_s = time.monotonic() + timeout_s
        late = [lane.name for lane in self._lanes.values() if not lane.join(deadline_s)]
        if late:
            log.error("lanes still busy after %.0f s: %s", timeout_s, ", ".join(late))
        return not late

    def tell(self, status: JobStatus) -> None:
        """Call the observer; an observer that fails must not stop the lane."""
        if self._observer is None:
            return
        try:
            self._observer(status)
        except Exception:
            log.exception("the observer of jobs failed")
