from __future__ import annotations

import threading

from rvr_laaf_app.ui.newest import NewestWorker


def test_newest_request_wins_and_overtaken_ones_are_never_begun() -> None:
    started, release = threading.Event(), threading.Event()
    seen: list[int] = []
    last = threading.Event()

    def work(request: int) -> None:
        seen.append(request)
        started.set()
        release.wait(5)
        if request == 99:
            last.set()

    worker = NewestWorker(work, name="test")
    worker.submit(0)
    assert started.wait(5)
    for request in range(1, 100):
        worker.submit(request)
    release.set()
    assert last.wait(5)
    assert seen == [0, 99]
    assert worker.close()


def test_close_waits_for_work_under_way_and_runs_at_end_in_the_thread() -> None:
    started, release, ended = threading.Event(), threading.Event(), []

    def work(_request: int) -> None:
        started.set()
        release.wait(5)

    worker = NewestWorker(work, name="test", at_end=lambda: ended.append(threading.current_thread().name))
    worker.submit(1)
    assert started.wait(5)
    worker.submit(2)
    assert not worker.close(0.01)
    release.set()
    assert worker.close(5)
    assert ended == ["test"]


def test_idle_work_gives_way_to_requests_and_stops_when_done() -> None:
    left = [3]
    order: list[str] = []
    idle_done = threading.Event()

    def idle() -> bool:
        if left[0] == 0:
            idle_done.set()
            return False
        left[0] -= 1
        order.append("idle")
        return True

    worker = NewestWorker(lambda _r: order.append("work"), name="test", idle=idle)
    worker.submit(1)
    worker.resume_idle()
    assert idle_done.wait(5)
    assert worker.close()
    assert order == ["work", "idle", "idle", "idle"]
