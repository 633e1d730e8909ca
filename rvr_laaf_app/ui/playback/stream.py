"""Pictures ahead of the clock: one thread makes them in order and skips what it cannot make in time."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from rvr_laaf_app.core.stopping import stoppable
from rvr_laaf_app.ui.playback.path import PlayPath

AHEAD = 6  # pictures kept ready
_POLL_S = 0.05
log = logging.getLogger(__name__)

Picture = TypeVar("Picture")


@dataclass(frozen=True, slots=True)
class StreamCount:
    """How the stream did: pictures made, and those that should have been shown but came too late."""

    made: int
    dropped: int


class PictureStream(Generic[Picture]):
    """Makes the pictures of every `stride`-th frame on a path; `take(serial)` gives the newest one that is due.

    picture_of is called with the frame, in the stream's thread; so is at_end when the thread ends. If picture_of
    raises, the stream ends and `failure` says why. pictures_per_s: how fast they will be asked for.
    """

    def __init__(
        self,
        picture_of: Callable[[int], Picture],
        path: PlayPath,
        *,
        stride: int = 1,
        pictures_per_s: float = 25.0,
        at_end: Callable[[], None] | None = None,
    ) -> None:
        self.failure: Exception | None = None
        self._picture_of, self._path = picture_of, path
        self._stride = stride
        self._pictures_per_s = pictures_per_s
        self._at_end = at_end
        self._wake = threading.Condition()
        self._ready: deque[tuple[int, Picture]] = deque()
        self._wanted = self._next = 0
        self._made = self._dropped = 0
        self._took_s = 0.0
        self._closed = self._over = False
        self._thread = threading.Thread(target=self._run, name="playback", daemon=True)
        self._thread.start()

    @property
    def count(self) -> StreamCount:
        """What was made and dropped so far."""
        with self._wake:
            return StreamCount(self._made, self._dropped)

    def has_ready(self, pictures: int) -> bool:
        """Tell whether so many pictures wait to be shown, or none will come any more."""
        with self._wake:
            return len(self._ready) >= min(pictures, AHEAD) or self._over

    def take(self, serial: int) -> tuple[int, Picture] | None:
        """Return the newest picture due at a place of the path, with its own place, or None; older ones are let go."""
        with self._wake:
            self._wanted = serial
            found = None
            while self._ready and self._ready[0][0] <= serial:
                self._dropped += found is not None
                found = self._ready.popleft()
            self._wake.notify()
            return found

    def ask_to_end(self) -> None:
        """Let the thread end as soon as the picture under way can be given up."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    def close(self, timeout_s: float = 4.0) -> bool:
        """End and join the thread; return False if it did not end in time."""
        self.ask_to_end()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with stoppable(lambda: self._closed):
                self._make_pictures()
        finally:
            with self._wake:
                self._over = True
            if self._at_end is not None:
                self._at_end()

    def _make_pictures(self) -> None:
        while True:
            with self._wake:
                while not self._closed and len(self._ready) >= AHEAD:
                    self._wake.wait(_POLL_S)
                if self._closed:
                    return
                serial = self._choose()
            if serial is None:
                return
            begin = time.monotonic()
            try:
                picture = self._picture_of(self._path.index_of(serial))
            except Exception as error:
                log.info("playback stopped at frame %d", self._path.index_of(serial), exc_info=error)
                self.failure = error
                return
            with self._wake:
                self._took_s = 0.7 * self._took_s + 0.3 * (time.monotonic() - begin)
                self._made += 1
                self._ready.append((serial, picture))

    def _choose(self) -> int | None:
        """Return the next place to make: the following one, or, when late, one that will be due when it is ready."""
        stride, serial, count = self._stride, self._next, self._path.count
        if self._wanted - serial >= stride:
            lead = 1 + int(self._took_s * self._pictures_per_s)
            target = (self._wanted // stride + lead) * stride
            if count is not None and target >= count:
                target = max(serial, (count - 1) // stride * stride)
            self._dropped += (target - serial) // stride
            serial = target
        if count is not None and serial >= count:
            serial = count - 1  # the last frame is always shown
            if serial <= self._next - stride:
                return None
        self._next = serial + stride
        return serial
