"""Work that is given up half-way when its thread is asked to stop."""

from __future__ import annotations

import threading

import pytest

from rvr_laaf_app.core.stopping import stop_if_asked, stoppable


def test_nobody_asks_outside() -> None:
    stop_if_asked()
    with stoppable(lambda: False):
        stop_if_asked()


def test_work_ends_where_it_is_asked_to_and_errors_are_not_mixed_up_with_it() -> None:
    done: list[int] = []
    with stoppable(lambda: len(done) == 3):
        for step in range(10):
            try:
                stop_if_asked()
            except Exception:  # noqa: BLE001 - what handlers of errors look like
                pytest.fail("a stop is no error")
            done.append(step)
    assert done == [0, 1, 2]
    stop_if_asked()  # it is over with the block


def test_only_the_thread_that_is_asked_stops() -> None:
    heard: list[bool] = []

    def other() -> None:
        stop_if_asked()
        heard.append(True)

    with stoppable(lambda: True):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert heard == [True]
