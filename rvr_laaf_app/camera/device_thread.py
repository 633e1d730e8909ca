"""The one thread that touches a device: calls go in one at a time, with a deadline; a call that hangs is left behind.

A thread that hangs in a driver cannot be ended from Python. It is abandoned instead: whoever asked gets CameraGone at
the deadline, nothing more is ever given to that thread, and it ends by itself if the call should return one day.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from rvr_laaf_app.camera.base import CameraError, CameraGone
from rvr_laaf_app.core.errors import RvrError

_log = logging.getLogger(__name__)
_SLICE_S: Final = 0.05
T = TypeVar("T")


class Interrupted(Exception):
    """The session is closing; the call was left behind."""


class _Call(Generic[T]):
    """One call on its way: what to do, and what came of it."""

    def __init__(self, function: Callable[[], T]) -> None:
        self.function = function
        self.done = threading.Event()
        self.result: T | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self.function()
        except Exception as error:  # noqa: BLE001 - handed to the thread that asked
            self.error = error
        self.done.set()


class DeviceThread:
    """Runs calls for one asking thread at a time."""

    def __init__(self, name: str = "camera-device") -> None:
        self._calls: queue.SimpleQueue[_Call[object] | None] = queue.SimpleQueue()
        self.abandoned = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """True while the thread runs (also if it hangs)."""
        return self._thread.is_alive()

    def run(
        self,
        function: Callable[[], T],
        *,
        deadline_s: float,
        slow_s: float = float("inf"),
        on_slow: Callable[[], None] | None = None,
        stop: threading.Event | None = None,
        stop_grace_s: float = 1.0,
    ) -> T:
        """Run a call in the thread and return its result; its own errors are raised here.

        Raises:
            CameraGone: no answer by the deadline; the thread is abandoned. on_slow is called once, after `slow_s`.
            Interrupted: `stop` was set and the call did not end within `stop_grace_s`; abandoned too.
            CameraError: the call failed in a way nobody foresaw.
        """
        if self.abandoned:
            raise CameraGone("the camera does not answer")
        call: _Call[T] = _Call(function)
        self._calls.put(call)  # type: ignore[arg-type]
        began_s = time.monotonic()
        stopping_s: float | None = None
        while not call.done.wait(_SLICE_S):
            now_s = time.monotonic()
            if on_slow is not None and now_s - began_s > slow_s:
                on_slow()
                on_slow = None
            if stop is not None and stop.is_set():
                stopping_s = stopping_s or now_s
                if now_s - stopping_s > stop_grace_s:
                    self.abandon()
                    raise Interrupted
            if now_s - began_s > deadline_s:
                self.abandon()
                raise CameraGone(f"the camera has not answered for {deadline_s:g} s")
        if call.error is not None:
            raise _foreseen(call.error)
        return call.result  # type: ignore[return-value]

    def abandon(self) -> None:
        """Give nothing more to this thread; it ends when what it does now ends."""
        self.abandoned = True
        self._calls.put(None)

    def close(self, *, timeout_s: float = 1.0) -> bool:
        """End the thread; False if it hangs and had to be left behind."""
        self.abandon()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call.run()


def _foreseen(error: BaseException) -> BaseException:
    """Our own errors as they are; what a driver throws becomes one of ours, so that no caller is surprised."""
    if isinstance(error, RvrError):
        return error
    if isinstance(error, (OSError, EOFError)):
        return CameraGone(f"the connection to the camera failed: {error}")
    _log.error("a camera call failed unexpectedly", exc_info=error)
    return CameraError(f"the camera call failed: {error}")
