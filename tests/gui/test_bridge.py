from __future__ import annotations

import threading
import time

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from rvr_laaf_app.ui.bridge import GuiBridge

pytestmark = pytest.mark.gui


def test_work_from_many_threads_runs_in_the_gui_thread_in_order(qtbot: QtBot) -> None:
    bridge = GuiBridge()
    seen: list[tuple[int, int, int]] = []

    def post_many(worker: int) -> None:
        for number in range(50):
            bridge.post(lambda n=number: seen.append((worker, n, threading.get_ident())))

    threads = [threading.Thread(target=post_many, args=(w,)) for w in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    qtbot.waitUntil(lambda: len(seen) == 200)
    assert {ident for *_, ident in seen} == {threading.get_ident()}
    for worker in range(4):
        assert [n for w, n, _ in seen if w == worker] == list(range(50))


def test_one_failure_does_not_lose_the_rest(qtbot: QtBot) -> None:
    bridge = GuiBridge()
    failures: list[Exception] = []
    done: list[int] = []
    bridge.on_error = failures.append

    def fail() -> None:
        raise ValueError("no")

    bridge.post(fail)
    bridge.post(lambda: done.append(1))
    qtbot.waitUntil(lambda: done == [1])
    assert [str(f) for f in failures] == ["no"]


def test_work_posted_while_draining_runs_on_a_later_turn(qtbot: QtBot) -> None:
    bridge = GuiBridge()
    order: list[str] = []
    bridge.post(lambda: (order.append("first"), bridge.post(lambda: order.append("third"))))
    bridge.post(lambda: order.append("second"))
    qtbot.waitUntil(lambda: len(order) == 3)
    assert order == ["first", "second", "third"]


def test_work_that_never_ends_leaves_turns_for_everything_else(qtbot: QtBot) -> None:
    bridge = GuiBridge()
    end_s = time.monotonic() + 2.0

    def again() -> None:
        if time.monotonic() < end_s:
            bridge.post(again)

    bridge.post(again)
    begin_s = time.monotonic()
    for _ in range(3):
        QApplication.processEvents()
    assert time.monotonic() - begin_s < 1.0
    bridge.close()


def test_a_closed_bridge_drops_what_waits(qtbot: QtBot) -> None:
    bridge = GuiBridge()
    done: list[int] = []
    bridge.post(lambda: done.append(1))
    bridge.close()
    bridge.post(lambda: done.append(2))
    qtbot.wait(20)
    assert done == []
