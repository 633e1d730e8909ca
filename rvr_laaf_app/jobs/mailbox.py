"""A queue of callables for the thread that owns the document: for the command line and tests; a window has its own."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable


class Mailbox:
    """Callables posted from any thread, run by the owner when it asks for them."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def post(self, call: Callable[[], None]) -> None:
        """Leave a callable for the owner; never blocks."""
        self._queue.put(call)

    def run_pending(self) -> int:
        """Run what is there, in order; return how many were run."""
        count = 0
        while True:
            try:
                call = self._queue.get_nowait()
            except queue.Empty:
                return count
            call()
            count += 1

    def run_until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> bool:
        """Run callables as they come until `condition()` is true; return False if it is not in time."""
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return False
            try:
                self._queue.get(timeout=min(left_s, 0.5))()
            except queue.Empty:
                continue
        return True
