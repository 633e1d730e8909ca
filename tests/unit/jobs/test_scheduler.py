from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from rvr_laaf_app.core.errors import Cancelled, MediaError
from rvr_laaf_app.jobs.eta import TimeLeft
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.jobs.mailbox import Mailbox
from rvr_laaf_app.jobs.scheduler import FinishReason, JobState, JobStatus, Priority, Scheduler

WAIT_S = 20.0


@pytest.fixture
def told() -> list[JobStatus]:
    return []


@pytest.fixture
def scheduler(told: list[JobStatus]) -> Iterator[Scheduler]:
    made = Scheduler(told.append)
    yield made
    assert made.shutdown(WAIT_S)
    assert not [t for t in threading.enumerate() if t.name.startswith("lane-") and t.is_alive()]


def counting(name: str, steps: int, log: list[str]) -> Job[str]:
    try:
        for step in range(steps):
            log.append(f"{name}{step}")
            yield Progress(step + 1, steps)
        return name
    finally:
        log.append(f"{name} closed")


def gated(gate: threading.Event, started: threading.Event, log: list[str]) -> Job[str]:
    """Goes on for ever, one step per opening of the gate."""
    try:
        while True:
            started.set()
            assert gate.wait(WAIT_S)
            log.append("step")
            yield Progress(0, None)
    finally:
        log.append("closed")


def test_a_job_runs_to_its_result_in_a_lane(scheduler: Scheduler, told: list[JobStatus]) -> None:
    task = scheduler.submit(counting("a", 3, []), "count", subject="s")
    assert task.result(WAIT_S) == "a"
    assert task.status.reason is FinishReason.COMPLETED
    assert task.status.progress == Progress(3, 3)
    assert told[0].state is JobState.RUNNING
    assert told[-1].finished
    assert {s.subject for s in told} == {"s"}


def test_the_urgent_job_slips_in_between_two_steps(scheduler: Scheduler) -> None:
    gate, started, log = threading.Event(), threading.Event(), []
    slow = scheduler.submit(gated(gate, started, log), "slow", priority=Priority.EXPORT)
    assert started.wait(WAIT_S)
    late = scheduler.submit(counting("late", 1, log), "late", priority=Priority.ANALYSE)
    urgent = scheduler.submit(counting("u", 2, log), "urgent", priority=Priority.PREVIEW)
    gate.set()
    assert late.result(WAIT_S) == "late"
    assert urgent.finished
    slow.cancel()
    assert slow.wait(WAIT_S)
    order = [entry for entry in log if entry != "step"]
    assert order == ["u0", "u1", "u closed", "late0", "late closed", "closed"]
    assert log[0] == "step"  # the step under way was not torn


def test_cancel_closes_the_generator_and_result_says_so(scheduler: Scheduler) -> None:
    gate, started, log = threading.Event(), threading.Event(), []
    task = scheduler.submit(gated(gate, started, log), "slow")
    assert started.wait(WAIT_S)
    task.cancel()
    gate.set()
    with pytest.raises(Cancelled):
        task.result(WAIT_S)
    assert log == ["step", "closed"]
    task.cancel()  # harmless


def test_a_queued_job_that_is_cancelled_never_begins(scheduler: Scheduler) -> None:
    gate, started, log = threading.Event(), threading.Event(), []
    first = scheduler.submit(gated(gate, started, []), "first")
    second = scheduler.submit(counting("b", 5, log), "second")
    second.cancel()
    first.cancel()
    gate.set()
    assert second.wait(WAIT_S)
    assert second.status.reason is FinishReason.CANCELLED
    assert log == []


def test_errors_are_kept_and_raised_by_result(scheduler: Scheduler) -> None:
    def failing() -> Job[None]:
        yield Progress(0, 1)
        raise MediaError("broken", where="x")

    task = scheduler.submit(failing(), "fail")
    with pytest.raises(MediaError, match="broken"):
        task.result(WAIT_S)
    assert task.status.reason is FinishReason.FAILED
    assert scheduler.submit(counting("after", 1, []), "after").result(WAIT_S) == "after"


def test_a_job_that_cannot_clean_up_has_failed(scheduler: Scheduler) -> None:
    ready, gate = threading.Event(), threading.Event()

    def stubborn() -> Job[None]:
        try:
            ready.set()
            gate.wait(WAIT_S)
            yield Progress(0, None)
            yield Progress(0, None)
        finally:
            raise OSError("cannot delete")

    task = scheduler.submit(stubborn(), "stubborn")
    assert ready.wait(WAIT_S)
    task.cancel()
    gate.set()
    with pytest.raises(OSError, match="cannot delete"):
        task.result(WAIT_S)


def test_a_paused_job_rests_and_others_go_on(scheduler: Scheduler) -> None:
    gate, started, log = threading.Event(), threading.Event(), []
    task = scheduler.submit(gated(gate, started, log), "slow", priority=Priority.PREVIEW)
    assert started.wait(WAIT_S)
    task.pause()
    gate.set()
    assert scheduler.submit(counting("x", 3, []), "x", priority=Priority.EXPORT).result(WAIT_S) == "x"
    steps = len(log)
    assert task.status.state is JobState.PAUSED
    assert steps == 1
    task.resume()
    assert scheduler.submit(counting("y", 1, []), "y", priority=99).result(WAIT_S) == "y"
    task.cancel()
    assert task.wait(WAIT_S)
    assert task.status.reason is FinishReason.CANCELLED


def test_after_waits_for_jobs_however_they_end_in_any_lane(scheduler: Scheduler) -> None:
    gate, started, log = threading.Event(), threading.Event(), []
    first = scheduler.submit(gated(gate, started, log), "first", lane="io")
    assert started.wait(WAIT_S)
    second = scheduler.submit(counting("b", 1, log), "second", lane="work", priority=99, after=[first])
    third = scheduler.submit(counting("c", 1, log), "third", lane="work", priority=1)
    assert third.result(WAIT_S) == "c"
    assert second.status.state is JobState.QUEUED
    first.cancel()
    gate.set()
    assert second.result(WAIT_S) == "b"
    assert log.index("closed") < log.index("b0")


def test_shutdown_closes_everything_and_takes_no_more() -> None:
    scheduler, log = Scheduler(), []
    gate, started = threading.Event(), threading.Event()
    gate.set()
    running = scheduler.submit(gated(gate, started, log), "r")
    assert started.wait(WAIT_S)
    waiting = scheduler.submit(counting("w", 1, log), "w", after=[running])
    held = scheduler.submit(counting("h", 1, log), "h")
    held.pause()
    assert scheduler.shutdown(WAIT_S)
    assert log[-1] == "closed"
    assert all(t.status.reason is FinishReason.CANCELLED for t in (running, waiting, held))
    assert scheduler.tasks() == []
    with pytest.raises(RuntimeError):
        scheduler.submit(counting("x", 1, log), "x")
    assert scheduler.shutdown(WAIT_S)


def test_shutdown_tells_when_a_thread_is_stuck(caplog: pytest.LogCaptureFixture) -> None:
    scheduler = Scheduler()
    gate, started = threading.Event(), threading.Event()
    scheduler.submit(gated(gate, started, []), "stuck")
    assert started.wait(WAIT_S)
    assert not scheduler.shutdown(0.05)
    assert "work" in caplog.text
    gate.set()
    assert scheduler.shutdown(WAIT_S)


def test_a_failing_observer_does_not_stop_the_lane(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: JobStatus) -> None:
        raise ValueError("observer")

    with Scheduler(fail) as scheduler:
        assert scheduler.submit(counting("a", 2, []), "a").result(WAIT_S) == "a"
    assert "observer" in caplog.text


def test_many_jobs_cancelled_at_random_all_end(scheduler: Scheduler) -> None:
    import random

    rng, log = random.Random(4), []
    lanes = Scheduler.LANES
    tasks = []
    for number in range(200):
        after = [rng.choice(tasks)] if tasks and rng.random() < 0.3 else []
        job = counting(f"{number}.", rng.randrange(1, 20), log)
        tasks.append(scheduler.submit(job, "n", lane=rng.choice(lanes), priority=rng.randrange(5), after=after))
        if rng.random() < 0.3:
            rng.choice(tasks).cancel()
        if rng.random() < 0.2:
            paused = rng.choice(tasks)
            paused.pause()
            paused.resume()
    for task in tasks:
        assert task.wait(WAIT_S)
        assert task.status.reason in (FinishReason.COMPLETED, FinishReason.CANCELLED)
        assert task.status.state is JobState.FINISHED
    assert scheduler.tasks() == []


def test_time_left_follows_the_pace_and_forgets_pauses() -> None:
    left = TimeLeft()
    assert left.push(Progress(0, 100), 0.0) is None
    assert left.push(Progress(10, 100), 1.0) == pytest.approx(9.0)
    assert left.push(Progress(20, 100), 3.0) == pytest.approx(12.0)
    left.pause()
    assert left.push(Progress(20, 100), 1000.0) is None
    assert left.push(Progress(30, 100), 1001.0) == pytest.approx(7.0)
    assert left.push(Progress(0, 50, "writing"), 1002.0) is None  # another phase
    assert left.push(Progress(50, 50, "writing"), 1003.0) == 0.0
    assert left.push(Progress(1, None), 1004.0) is None


def test_time_left_stays_small_and_recent() -> None:
    left = TimeLeft()
    for step in range(20_000):
        left.push(Progress(step, 100_000), step * 0.001)
    assert left.push(Progress(20_000, 100_000), 20.0) == pytest.approx(80.0, rel=0.05)
    for step in range(2000):  # ten times slower now
        found = left.push(Progress(20_001 + step, 100_000), 20.0 + 0.01 * (step + 1))
    assert found == pytest.approx((100_000 - 22_000) * 0.01, rel=0.05)


def test_the_mailbox_runs_posts_in_order_in_the_owners_thread() -> None:
    mailbox, seen = Mailbox(), []

    def work() -> None:
        for number in range(5):
            mailbox.post(lambda n=number: seen.append((n, threading.get_ident())))

    thread = threading.Thread(target=work)
    thread.start()
    assert mailbox.run_until(lambda: len(seen) == 5, WAIT_S)
    thread.join()
    assert seen == [(n, threading.get_ident()) for n in range(5)]
    assert mailbox.run_pending() == 0
    assert not mailbox.run_until(lambda: False, 0.01)
