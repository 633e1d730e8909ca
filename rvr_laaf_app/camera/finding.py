"""Which cameras are there, over all backends; opening one by its id; and noticing when one comes or goes.

A backend that is not installed, fails or is slow never spoils the list: it is reported beside it with the reason. The
identity of a camera is its serial number where it has one; its address may change.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rvr_laaf_app.camera.base import BACKENDS, Backend, Camera, CameraGone, CameraInfo
from rvr_laaf_app.core.errors import UsageError

_log = logging.getLogger(__name__)

FIND_DEADLINE_S: Final = 3.0  # a backend that takes longer to list its cameras is reported as silent
WATCH_INTERVAL_S: Final = 1.0
_QUICK_S: Final = 0.02  # a backend that answers in this time is asked every time
_ASK_ALL_S: Final = 10.0  # others at least so often
_WAKING_UP_S: Final = 6.0  # and for so long after something was plugged in: cameras take a while to answer


@dataclass(frozen=True, slots=True)
class Found:
    """The cameras that are there, and why a backend could not be asked (backend -> reason)."""

    cameras: tuple[CameraInfo, ...]
    missing: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one backend said: its cameras, or why there is no answer; and how long it took."""

    cameras: tuple[CameraInfo, ...]
    missing: str
    took_s: float


@dataclass(frozen=True, slots=True)
class Change:
    """What changed since the list was last read; `moved` are cameras at another address (same serial)."""

    found: Found
    arrived: tuple[CameraInfo, ...]
    left: tuple[CameraInfo, ...]
    moved: tuple[CameraInfo, ...]


def identity(info: CameraInfo) -> str:
    """Return what stays the same when a camera is plugged in elsewhere: its serial, or its id where it has none."""
    return f"{info.backend} serial {info.serial}" if info.serial else info.id


class Finder:
    """Asks every backend at once which cameras it reaches, each in a daemon thread; one that hangs is not asked twice.

    Used by one thread at a time.
    """

    def __init__(
        self,
        backends: Sequence[str] | None = None,
        *,
        load: Callable[[str], Backend] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._names = tuple(BACKENDS) if backends is None else tuple(backends)
        self._load = load or _backend
        self._asking: dict[str, queue.SimpleQueue[_Answer]] = {}
        self._answers: dict[str, _Answer] = {}
        self._ports: frozenset[str] | None = frozenset({"not looked yet"})
        self._ask_all_until_s = 0.0
        self._all_asked_s = 0.0

    def look(self, *, deadline_s: float = FIND_DEADLINE_S) -> Found:
        """Return what is there, within `deadline_s`."""
        self._all_asked_s = self._clock()
        return self._look(self._names, deadline_s)

    def look_quickly(self, *, ports: Callable[[], frozenset[str] | None] | None = None) -> Found:
        """Return what is there, for looking every second: what takes longer is asked when something was plugged in.

        ports: what is plugged in (default: as this system tells); None = nobody knows, everything is asked.
        """
        now_s = self._clock()
        plugged = (ports or plugged_in)()
        if plugged is None or plugged != self._ports:
            self._ports, self._ask_all_until_s = plugged, now_s + _WAKING_UP_S
        if now_s < self._ask_all_until_s or now_s > self._all_asked_s + _ASK_ALL_S:
            return self.look()
        quick = [n for n in self._names if n not in self._answers or self._answers[n].took_s < _QUICK_S]
        return self._look(quick, FIND_DEADLINE_S)

    def _look(self, names: Sequence[str], deadline_s: float) -> Found:
        for name in names:
            if name not in self._asking:
                answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
                self._asking[name] = answers
                arguments = (name, self._load, answers)
                threading.Thread(target=_ask, args=arguments, name=f"camera-find-{name}", daemon=True).start()
        end_s = time.monotonic() + deadline_s
        for name in names:
            try:
                self._answers[name] = self._asking[name].get(timeout=max(0.0, end_s - time.monotonic()))
                del self._asking[name]
            except queue.Empty:
                self._answers[name] = _Answer((), "it does not answer", deadline_s)
        given = [(name, self._answers[name]) for name in self._names if name in self._answers]
        return Found(
            tuple(info for _, answer in given for info in answer.cameras),
            tuple((name, answer.missing) for name, answer in given if answer.missing),
        )


def plugged_in() -> frozenset[str] | None:
    """Return names that change when a USB or video device comes or goes; None where the system does not tell."""
    if sys.platform != "linux":
        return None
    return frozenset(p.name for p in (*Path("/sys/bus/usb/devices").glob("*"), *Path("/dev").glob("video*")))


def list_cameras(*, backends: Sequence[str] | None = None, deadline_s: float = FIND_DEADLINE_S) -> Found:
    """Return the cameras that all (or some) backends reach, within `deadline_s`, and why a backend was not asked."""
    return Finder(backends).look(deadline_s=deadline_s)


def open_camera(camera_id: str) -> Camera:
    """Return the camera of an id "backend:address", not yet open.

    Raises:
        UsageError: no such backend, it is not installed, or it does not know the address.
    """
    name, separator, _ = camera_id.partition(":")
    if not separator or name not in BACKENDS:
        raise UsageError(
            f"{camera_id!r} is no camera",
            remedy=f"A camera is written BACKEND:ADDRESS; backends: {', '.join(BACKENDS)}.",
        )
    return _backend(name).make(camera_id)


def find_again(info: CameraInfo) -> Camera:
    """Return the camera of the same serial (or id) where it is now, not yet open; CameraGone if it is not there."""
    if info.backend in BACKENDS and not info.serial:
        return open_camera(info.id)
    wanted = identity(info)
    for name in [info.backend] if info.backend in BACKENDS else list(BACKENDS):
        backend = _backend(name)
        for candidate in backend.find():
            if identity(candidate) == wanted:
                return backend.make(candidate.id)
    # Network cameras and recorded ones are in no list.
    if info.backend == "replay" or info.id.startswith("gphoto:ptpip:"):
        return open_camera(info.id)
    raise CameraGone("the camera is not connected", where=info.name, remedy="Plug it in and switch it on.")


class CameraWatch:
    """Calls back when a camera comes, goes or moves; one thread of its own, joined by `close`.

    The callback runs in that thread. The first one comes as soon as the cameras were listed once.
    """

    def __init__(
        self,
        changed: Callable[[Change], None],
        *,
        interval_s: float = WATCH_INTERVAL_S,
        look: Callable[[], Found] | None = None,
    ) -> None:
        self._changed, self._interval_s, self._look = changed, interval_s, look or Finder().look_quickly
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera-watch", daemon=True)
        self._thread.start()

    def look_now(self) -> None:
        """Look again at once."""
        self._wake.set()

    def close(self, *, timeout_s: float = 2.0) -> None:
        """Stop watching; a backend that hangs is left behind."""
        self._stop.set()
        self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        known: Found | None = None
        while not self._stop.is_set():
            found = self._look()
            change = compare(known, found)
            if not self._stop.is_set() and (known is None or change.arrived or change.left or change.moved):
                try:
                    self._changed(change)
                except Exception:  # noqa: BLE001 - an observer's fault must not end the watch
                    _log.exception("an observer of the cameras failed")
            known = found
            self._wake.wait(self._interval_s)
            self._wake.clear()


def compare(before: Found | None, now: Found) -> Change:
    """Return what arrived, left and moved between two lists."""
    old = {identity(info): info for info in before.cameras} if before else {}
    new = {identity(info): info for info in now.cameras}
    return Change(
        now,
        tuple(info for key, info in new.items() if key not in old),
        tuple(info for key, info in old.items() if key not in new),
        tuple(info for key, info in new.items() if key in old and old[key].id != info.id),
    )


def _backend(name: str) -> Backend:
    return BACKENDS.load(name)()


def _ask(name: str, load: Callable[[str], Backend], answers: queue.SimpleQueue[_Answer]) -> None:
    """Put the cameras of one backend, or why it cannot be asked."""
    began_s = time.monotonic()
    cameras: tuple[CameraInfo, ...] = ()
    missing = ""
    try:
        cameras = tuple(load(name).find())
    except UsageError as error:
        missing = error.what
    except Exception as error:  # noqa: BLE001 - a driver may raise anything; the other backends must still be listed
        _log.warning("listing the cameras of %s failed: %s", name, error)
        missing = f"it failed: {error}"
    answers.put(_Answer(cameras, missing, time.monotonic() - began_s))
