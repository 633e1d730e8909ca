"""The one door from worker threads into the GUI thread: callables go in anywhere and run there, in order.

Workers touch no other Qt object. One argument-less signal is enough, because the queue carries the values.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal, Slot

log = logging.getLogger(__name__)


class GuiBridge(QObject):
    """Runs posted callables in the thread that made the bridge.

    An error raised by a callable is handed to `on_error` (default: the log), and the next callable still runs.
    """

    _wake = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.on_error: Callable[[Exception], None] = lambda error: log.error("posted work failed", exc_info=error)
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._closed = False
        self._wake.connect(self._drain, Qt.ConnectionType.QueuedConnection)

    def post(self, work: Callable[[], None]) -> None:
        """Run `work` in the GUI thread soon; callable from every thread. After `close` it is dropped."""
        with self._lock:
            if self._closed:
                return
            first = not self._waiting
            self._waiting.append(work)
            if first:
                # Under the lock, so that `close` cannot return (and the object die) between test and emission.
                self._wake.emit()

    def close(self) -> None:
        """Drop what waits and take nothing more."""
        with self._lock:
            self._closed = True
            self._waiting.clear()

    @Slot()
    def _drain(self) -> None:
        """Run what waited when the drain began; work posted meanwhile waits for the next turn of the event loop."""
        with self._lock:
            batch = list(self._waiting)
            self._waiting.clear()
        for work in batch:
            if self._closed:
                return
            try:
                work()
            except Exception as error:  # noqa: BLE001 - the border of the GUI thread: one failure must not lose the rest
                self.on_error(error)
