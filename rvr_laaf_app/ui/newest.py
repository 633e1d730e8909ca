"""A worker thread with a single slot: the newest request wins, and one that was overtaken is never begun."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from rvr_laaf_app.core.stopping import stoppable

Request = TypeVar("Request")


class Ending(Protocol):
    """What has threads to end."""

    def ask_to_end(self) -> None:
        """Let the threads end soon; does not wait, and may be called twice."""
        ...

    def close(self, timeout_s: float) -> bool:
        """Join the threads; False if one did not end in time."""
        ...


def close_all(parts: Iterable[Ending], timeout_s: float) -> bool:
    """Ask every part to end, then join all within one and the same time; False if one did not end in it."""
    waiting = list(parts)
    deadline_s = time.monotonic() + timeout_s
    for part in waiting:
        part.ask_to_end()
    ended = [part.close(max(0.0, deadline_s - time.monotonic())) for part in waiting]
    return all(ended)


class NewestWorker(Generic[Request]):
    """Calls `work(request)` in its own thread, always for the newest request; `work` handles its own errors.

    idle: called when nothing waits, to do one small piece of background work; it returns False when none is left.
    It is called only after `resume_idle`. When the thread is to end, both are given up where they call
    `core.stopping.stop_if_asked`. `at_end` runs in the thread when it ends (to close what it opened).
    """

    def __init__(
        self,
        work: Callable[[Request], None],
        *,
        name: str,
        idle: Callable[[], bool] | None = None,
        at_end: Callable[[], None] | None = None,
    ) -> None:
        self._work, self._idle, self._at_end = work, idle, at_end
        self._wake = threading.Condition()
        self._slot: list[Request] = []
        self._idle_rounds = 0  # counts calls of resume_idle, so that one during a last piece of work is not lost
        self._idle_left = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> None:
        """Put a request into the slot, over one that still waits there; never blocks."""
        with self._wake:
            self._slot = [request]
            self._wake.notify()

    def resume_idle(self) -> None:
        """Tell the thread that there may be background work again."""
        with self._wake:
            self._idle_left = self._idle is not None
            self._idle_rounds += 1
            self._wake.notify()

    def pause_idle(self) -> None:
        """Begin no further background work until `resume_idle`."""
        with self._wake:
            self._idle_left = False

    def ask_to_end(self) -> None:
        """Drop what waits and let the thread end as soon as the work under way can be given up; does not wait."""
        with self._wake:
            self._closed = True
            self._slot = []
            self._wake.notify()

    def close(self, timeout_s: float = 4.0) -> bool:
        """End and join the thread; return False if it did not end in time."""
        self.ask_to_end()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def ended(self) -> bool:
        """True when the thread is over."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with stoppable(lambda: self._closed):
                self._take_turns()
        finally:
            if self._at_end is not None:
                self._at_end()

    def _take_turns(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closed or bool(self._slot) or self._idle_left)
                if self._closed:
                    return
                taken, self._slot = self._slot, []
                rounds = self._idle_rounds
            if taken:
                self._work(taken[0])
            elif self._idle is not None and not self._idle():
                self._end_idle(rounds)
            del taken  # what was asked for must not live on in an idle thread

    def _end_idle(self, rounds: int) -> None:
        with self._wake:
            if rounds == self._idle_rounds:
                self._idle_left = False
