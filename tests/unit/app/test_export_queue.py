"""The export queue with an engine without pixels: order, states, what survives an end, errors that stop no others."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from session_desk import Desk

from rvr_laaf_app.app.engine import ExportChoice
from rvr_laaf_app.app.export_queue import ExportQueue
from rvr_laaf_app.app.export_queue_job import ExportJob
from rvr_laaf_app.app.folders import config_folder
from rvr_laaf_app.core.errors import ExportError, UsageError
from rvr_laaf_app.core.geometry import Point

HERE = Point(0.5, 0.5)
STEPS = 150


class SlowEngine(FakeEngine):
    """Takes two milliseconds a step when it was told to do many: progress is told every 50 ms."""

    def _pass(self, what: str) -> None:
        if self.steps >= STEPS:
            threading.Event().wait(0.002)
        super()._pass(what)


class QueueDesk:
    """A session with a queue, and what the queue told."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.session, self.engine = desk, desk.session, desk.engine
        self.queue = ExportQueue(desk.session)
        self.finished: list[ExportJob] = []
        self.idle: list[tuple[int, int]] = []
        self.queue.on_finished(self.finished.append)
        self.queue.on_idle(lambda done, failed: self.idle.append((done, failed)))

    def add(self, path: Path, **choice: object) -> str:
        project = self.session.project
        wanted = ExportChoice(str(path), **choice)  # type: ignore[arg-type]
        return self.queue.add(project, wanted, preset="Share H.264", title="film", frames=100).id

    def until(self, condition: Callable[[], bool]) -> None:
        self.desk.until(condition)

    def states(self) -> list[str]:
        return [j.state for j in self.queue.jobs]

    def all_over(self) -> bool:
        return not any(j.left for j in self.queue.jobs)


@pytest.fixture
def engine() -> FakeEngine:
    return SlowEngine()


@pytest.fixture
def make(new_desk: Callable[[], Desk], clip: Path) -> Iterator[Callable[[], QueueDesk]]:
    made: list[QueueDesk] = []

    def build() -> QueueDesk:
        desk = new_desk()
        desk.open(clip)
        made.append(QueueDesk(desk))
        made[-1].queue.load()
        return made[-1]

    yield build
    for desk in made:
        desk.engine.gate.set()
        desk.queue.close()


@pytest.fixture
def q(make: Callable[[], QueueDesk]) -> QueueDesk:
    return make()


def journal() -> dict[str, object]:
    return json.loads((config_folder() / "export_queue" / "queue-1.json").read_text())  # type: ignore[no-any-return]


def test_jobs_are_done_one_after_the_other_in_order(q: QueueDesk, tmp_path: Path) -> None:
    q.session.add_target_at(HERE, 3)
    names = [tmp_path / f"{n}.mp4" for n in "abc"]
    for name in names:
        q.add(name)
    assert q.states() == ["running", "waiting", "waiting"]
    q.until(q.all_over)
    assert [Path(j.choice.path) for j in q.finished] == names
    assert [n.read_text() for n in names] == ["1 targets"] * 3
    assert q.idle == [(3, 0)]
    assert all(j.size_bytes == 9 and j.seconds > 0 and j.project is None for j in q.queue.jobs)


def test_later_edits_do_not_change_a_queued_job(q: QueueDesk, tmp_path: Path) -> None:
    q.session.add_target_at(HERE, 3)
    q.engine.gate.clear()
    q.add(tmp_path / "one.mp4")
    q.session.add_target_at(HERE, 50)
    q.add(tmp_path / "two.mp4")
    q.session.new()  # and the project may be closed
    q.engine.gate.set()
    q.until(q.all_over)
    assert (tmp_path / "one.mp4").read_text() == "1 targets"
    assert (tmp_path / "two.mp4").read_text() == "2 targets"


def test_a_failure_is_clear_and_stops_nobody_else(q: QueueDesk, tmp_path: Path) -> None:
    q.engine.fail["export"] = ExportError("the disk is full", where="/disk", remedy="Free some space.")
    first = q.add(tmp_path / "a.mp4")
    q.until(lambda: q.states() == ["failed"])
    trouble = q.queue.jobs[0].trouble
    assert trouble is not None
    assert (trouble.what, trouble.where, trouble.remedy) == ("the disk is full", "/disk", "Free some space.")
    del q.engine.fail["export"]
    q.add(tmp_path / "b.mp4")
    q.until(lambda: q.states() == ["failed", "done"])
    q.queue.retry(first)
    q.until(lambda: q.states() == ["done", "done"])
    assert q.queue.jobs[0].trouble is None


def test_a_missing_clip_is_told_when_its_turn_comes(q: QueueDesk, clip: Path, tmp_path: Path) -> None:
    q.queue.hold()
    job = q.add(tmp_path / "a.mp4")
    clip.rename(tmp_path / "moved.clip")
    q.queue.go_on()
    q.until(lambda: q.states() == ["failed"])
    trouble = q.queue.jobs[0].trouble
    assert trouble is not None
    assert "not found" in trouble.what
    assert trouble.where == str(clip)
    (tmp_path / "moved.clip").rename(clip)
    q.queue.retry(job)
    q.until(lambda: q.states() == ["done"])
    clip.write_text("99")  # another clip under the same name
    q.add(tmp_path / "b.mp4", overwrite=True)
    q.until(lambda: q.states() == ["done", "failed"])
    assert "not the clip" in str(q.queue.jobs[1].trouble)


def test_pausing_a_job_lets_the_next_one_go_on_and_resuming_continues_where_it_was(
    q: QueueDesk, tmp_path: Path
) -> None:
    q.engine.steps = STEPS
    first = q.add(tmp_path / "a.mp4")
    q.until(lambda: (p := q.queue.pulse(first)) is not None and p.writing and p.progress.done > 2)
    q.queue.pause(first)
    pulse = q.queue.pulse(first)
    assert pulse is not None
    second = q.add(tmp_path / "b.mp4")
    q.engine.steps = 5
    q.until(lambda: q.states() == ["paused", "done"])
    written = q.engine.log.count("export")
    assert q.queue.job(second) is not None
    q.queue.resume(first)
    q.until(lambda: q.states() == ["done", "done"])
    assert q.engine.log.count("export") <= STEPS + 5  # nothing was written twice
    assert written < STEPS + 5


def test_pausing_during_the_analysis_frees_the_clip_for_others(q: QueueDesk, tmp_path: Path) -> None:
    q.engine.steps = STEPS
    job = q.add(tmp_path / "a.mp4")
    q.until(lambda: (p := q.queue.pulse(job)) is not None and p.progress.message == "analysing")
    q.queue.pause(job)
    assert q.states() == ["paused"]
    q.engine.steps = 3
    analysis = q.session.start_analysis()  # waits for no paused export
    q.until(lambda: analysis.finished)
    assert q.states() == ["paused"]
    q.queue.resume(job)
    q.until(q.all_over)
    assert q.states() == ["done"]


def test_holding_the_queue_stops_at_the_next_frame_and_begins_nothing(q: QueueDesk, tmp_path: Path) -> None:
    q.engine.steps = 2 * STEPS
    job = q.add(tmp_path / "a.mp4")
    q.add(tmp_path / "b.mp4")
    q.until(lambda: (p := q.queue.pulse(job)) is not None and p.writing and p.progress.done > 2)
    q.queue.hold()
    q.desk.mailbox.run_until(lambda: False, 0.05)
    count = q.engine.log.count("export")
    q.desk.mailbox.run_until(lambda: False, 0.1)
    assert q.engine.log.count("export") == count
    assert q.states() == ["waiting", "waiting"]
    q.queue.go_on()
    assert q.states() == ["running", "waiting"]
    q.queue.cancel(job)
    assert q.states() == ["cancelled", "running"]


def test_cancel_remove_and_clear(q: QueueDesk, tmp_path: Path) -> None:
    q.engine.gate.clear()
    ids = [q.add(tmp_path / f"{n}.mp4") for n in range(4)]
    q.queue.cancel(ids[0])
    q.queue.cancel(ids[1])
    q.queue.remove(ids[2])
    q.engine.gate.set()
    q.until(q.all_over)
    assert q.states() == ["cancelled", "cancelled", "done"]
    assert not (tmp_path / "0.mp4").exists()
    q.queue.retry(ids[1])
    q.until(q.all_over)
    assert q.states() == ["cancelled", "done", "done"]
    q.queue.clear_finished()
    assert q.queue.jobs == ()


def test_a_cancelled_job_that_is_tried_again_at_once_is_done(q: QueueDesk, tmp_path: Path) -> None:
    q.engine.gate.clear()
    job = q.add(tmp_path / "a.mp4")
    q.queue.cancel(job)
    q.queue.retry(job)
    q.queue.pause(job)
    q.queue.resume(job)
    q.engine.gate.set()
    q.until(q.all_over)
    assert q.states() == ["done"]


def test_the_order_can_be_changed(q: QueueDesk, tmp_path: Path) -> None:
    q.engine.gate.clear()
    ids = [q.add(tmp_path / f"{n}.mp4") for n in range(4)]
    q.queue.move(ids[3], 1)
    q.queue.move(ids[1], 99)
    q.queue.move("nobody", 0)
    assert [j.id for j in q.queue.jobs] == [ids[0], ids[3], ids[2], ids[1]]
    q.engine.gate.set()
    q.until(q.all_over)
    assert [j.id for j in q.finished] == [ids[0], ids[3], ids[2], ids[1]]


def test_what_cannot_work_is_refused_at_once(q: QueueDesk, tmp_path: Path) -> None:
    q.engine.gate.clear()
    q.add(tmp_path / "a.mp4")
    with pytest.raises(UsageError, match="another export"):
        q.add(tmp_path / "x" / ".." / "a.mp4")
    (tmp_path / "there.mp4").write_text("mine")
    with pytest.raises(ExportError, match="exists"):
        q.add(tmp_path / "there.mp4")
    assert len(q.queue.jobs) == 1


def test_unfinished_jobs_are_offered_after_an_end_and_do_the_same(
    make: Callable[[], QueueDesk], clip: Path, tmp_path: Path
) -> None:
    first = make()
    first.session.add_target_at(HERE, 3)
    first.add(tmp_path / "done.mp4")
    first.until(first.all_over)
    first.engine.gate.clear()
    first.add(tmp_path / "a.mp4")
    paused = first.add(tmp_path / "b.mp4")
    first.queue.pause(paused)
    first.session.add_target_at(HERE, 60)
    first.queue.close()
    first.engine.gate.set()

    second = make()
    assert second.states() == ["done", "interrupted", "interrupted"]
    assert len(second.queue.interrupted) == 2
    second.add(tmp_path / "new.mp4")  # does not wait for an answer
    second.until(lambda: second.states()[-1] == "done")
    assert second.states()[1:3] == ["interrupted", "interrupted"]
    second.queue.continue_interrupted()
    second.until(second.all_over)
    assert [(tmp_path / n).read_text() for n in ("a.mp4", "b.mp4")] == ["1 targets"] * 2
    assert second.states() == ["done"] * 4


def test_two_windows_keep_their_queues_apart_and_the_next_start_has_both(
    make: Callable[[], QueueDesk], tmp_path: Path
) -> None:
    one, two = make(), make()
    one.engine.gate.clear()
    one.add(tmp_path / "one.mp4")
    two.add(tmp_path / "two.mp4")
    one.queue.close()
    two.queue.close()
    one.engine.gate.set()
    three = make()
    assert {Path(j.choice.path).name for j in three.queue.interrupted} == {"one.mp4", "two.mp4"}
    assert sorted(p.name for p in (config_folder() / "export_queue").glob("queue-*.json")) == ["queue-1.json"]
    three.queue.continue_interrupted()
    three.until(three.all_over)
    assert three.states() == ["done", "done"]


def test_snapshots_are_shared_and_go_when_nobody_needs_them(q: QueueDesk, tmp_path: Path) -> None:
    q.engine.gate.clear()
    folder = config_folder() / "export_queue"
    for n in range(3):
        q.add(tmp_path / f"{n}.mp4")
    assert len(list(folder.glob("project-*.json"))) == 1
    q.engine.gate.set()
    q.until(q.all_over)
    assert list(folder.glob("project-*.json")) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda t: "{" + t,
        lambda t: t.replace("ExportQueue.1", "ExportQueue.9"),
        lambda t: t.replace('"frames": 100', '"frames": -1'),
        lambda t: t.replace('"frames": 100', '"frames": 1e999'),
        lambda t: t.replace('"state": "waiting"', '"state": "flying"').replace('"running"', '"flying"'),
        lambda t: t.replace('"overwrite": false', '"overwrite": 0'),
        lambda t: t.replace('"title"', '"unheard": 1, "title"'),
        lambda t: t.replace('"project": "project-', '"project": "../project-'),
        lambda _: "[" * 100_000,
    ],
)
def test_a_damaged_journal_never_stops_the_start(
    make: Callable[[], QueueDesk], tmp_path: Path, damage: Callable[[str], str]
) -> None:
    first = make()
    first.engine.gate.clear()
    first.add(tmp_path / "a.mp4")
    first.queue.close()
    first.engine.gate.set()
    path = config_folder() / "export_queue" / "queue-1.json"
    path.write_text(damage(path.read_text()))
    second = make()
    assert second.states() in ([], ["failed"])
    assert second.queue.problems or "cannot be read" in str(second.queue.jobs[0].trouble)
    second.add(tmp_path / "b.mp4")
    second.until(second.all_over)
    assert second.states()[-1] == "done"


def test_a_lost_snapshot_fails_its_job_alone(make: Callable[[], QueueDesk], tmp_path: Path) -> None:
    first = make()
    first.engine.gate.clear()
    first.add(tmp_path / "a.mp4")
    first.session.add_target_at(HERE, 5)
    first.add(tmp_path / "b.mp4")
    first.queue.close()
    first.engine.gate.set()
    snapshot = journal()["jobs"][0]["project"]  # type: ignore[index]
    (config_folder() / "export_queue" / snapshot).write_text('{"schema": "QueuedProject.1", "project": {"lens": 3}}')
    second = make()
    assert second.states() == ["failed", "interrupted"]
    assert not second.queue.jobs[0].can_retry


def test_a_queue_that_cannot_be_written_says_so(q: QueueDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rvr_laaf_app.app.export_queue_store.write_atomic", full)
    with pytest.raises(ExportError, match="cannot be saved"):
        q.add(tmp_path / "a.mp4")
    assert q.queue.jobs == ()
    assert q.queue.problems


def test_progress_of_one_and_of_all(q: QueueDesk, tmp_path: Path) -> None:
    q.engine.steps = STEPS
    seen: list[float] = []
    q.queue.on_pulse(lambda _id: seen.append(q.queue.whole().fraction))
    q.add(tmp_path / "a.mp4")
    q.add(tmp_path / "b.mp4")
    assert q.queue.whole().left == 2
    q.until(q.all_over)
    assert len(seen) > 5
    assert all(0 <= f <= 1 for f in seen)
    assert q.queue.whole().left == 0


def test_a_job_whose_name_was_taken_meanwhile_gets_another_one(q: QueueDesk, tmp_path: Path) -> None:
    q.engine.fail["export"] = ExportError("the disk is full")
    job = q.add(tmp_path / "a.mp4", codec="h264")
    q.until(q.all_over)
    del q.engine.fail["export"]
    (tmp_path / "a.mp4").write_text("of somebody else")
    q.queue.retry(job)
    q.until(q.all_over)
    assert q.states() == ["done"]
    assert (tmp_path / "a.mp4").read_text() == "of somebody else"
    assert (tmp_path / "a 2.mp4").exists()
