"""What a camera session tells the rest of the program: its state, its newest picture, and work that can be stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from rvr_laaf_app.camera.base import CameraInfo, FocusDrive, LiveFrame

_log = logging.getLogger(__name__)
T = TypeVar("T")


class SessionState(StrEnum):
    """What a session is doing, in one word for the panel."""

    CLOSED = "closed"
    OPENING = "opening"
    READY = "ready"
    BUSY = "busy"
    CAPTURING = "capturing"
    DISCONNECTED = "disconnected"
    CARD_FULL = "card full"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """One moment of a session.

    position: lens steps as read back or counted, None = unknown. task: what is being done ("sweep", "autofocus"...,
    "" = nothing), with `done` of `total` steps (0 = unknown). message: what is wrong or worth knowing, one sentence.
    """

    state: SessionState
    camera: CameraInfo
    drive: FocusDrive
    position: int | None = None
    task: str = ""
    done: int = 0
    total: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long the session waits, in seconds.

    call: live view, drives, settings. open and still: these can take long with real cameras. slow: after that the
    status says that the camera does not answer. busy: how long a busy camera is asked again before giving up.
    again: between two tries to reach a lost camera. card: between two tries while the card is full. turn: how long a
    request waits for its turn. heartbeat: how often a camera is asked for a sign of life when nothing else is done.
    close: for everything that has to end when the session closes.
    """

    call: float = 3.5
    open: float = 25.0
    still: float = 60.0
    slow: float = 2.0
    busy: float = 30.0
    again: float = 0.5
    card: float = 2.0
    turn: float = 10.0
    heartbeat: float = 1.0
    close: float = 2.0


DEFAULT_DEADLINES: Final = Deadlines()


class StatusBoard:
    """The present status and those who want to hear of each new one."""

    def __init__(self, status: SessionStatus) -> None:
        self._status = status
        self._lock = threading.Lock()
        self._observers: list[Callable[[SessionStatus], None]] = []

    @property
    def status(self) -> SessionStatus:
        """The present status."""
        return self._status

    def observe(self, observer: Callable[[SessionStatus], None]) -> Callable[[], None]:
        """Call `observer` with each new status, in the thread that posts; returns the function that ends this."""
        with self._lock:
            self._observers.append(observer)

        def stop() -> None:
            with self._lock:
                if observer in self._observers:
                    self._observers.remove(observer)

        return stop

    def post(self, **changes: Any) -> None:
        """Change fields of the status; nobody is called if nothing is different."""
        with self._lock:
            status = replace(self._status, **changes)
            if status == self._status:
                return
            self._status = status
            observers = list(self._observers)
        for observer in observers:
            try:
                observer(status)
            except Exception:  # noqa: BLE001 - an observer's fault must not stop the camera
                _log.exception("an observer of the camera failed")


class FrameSlot:
    """The newest live frame: putting replaces, nothing queues up. `wake` is called when there is one to take.

    `wake` runs in the thread of the session and is not called again before the frame was taken.
    """

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        self._wake = wake
        self._changed = threading.Condition()
        self._frame: LiveFrame | None = None
        self._waiting = False
        self._count = 0

    def set_wake(self, wake: Callable[[], None] | None) -> None:
        """Change what is called when a frame is there."""
        with self._changed:
            self._wake = wake
            self._waiting = False

    def put(self, frame: LiveFrame) -> None:
        """Replace the frame."""
        with self._changed:
            self._frame = frame
            self._count += 1
            wake = None if self._waiting else self._wake
            self._waiting = True
            self._changed.notify_all()
        if wake is not None:
            wake()

    def take(self) -> LiveFrame | None:
        """Return the newest frame (also if it was taken before); the next one wakes again."""
        with self._changed:
            self._waiting = False
            return self._frame

    def wait_next(self, timeout_s: float) -> LiveFrame | None:
        """Wait for a frame that comes from now on; None if there is none in time."""
        with self._changed:
            count = self._count
            return self._frame if self._changed.wait_for(lambda: self._count != count, timeout_s) else None


class SessionTask(Generic[T]):
    """Long work of a session: its future, and a way to stop it at the next frame."""

    def __init__(self, future: Future[T], cancel: threading.Event) -> None:
        self.future = future
        self._cancel = cancel

    def cancel(self) -> None:
        """Stop at the next frame; what was captured is kept."""
        self._cancel.set()

    def result(self, timeout_s: float | None = None) -> T:
        """Wait for what came of it; errors are raised here (Cancelled where there is nothing to show)."""
        return self.future.result(timeout_s)
