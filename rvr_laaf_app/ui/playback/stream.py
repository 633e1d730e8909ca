"""Pictures ahead of the clock: one thread makes them in order and skips what it cannot make in time."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QImage

AHEAD = 6  # pictures kept ready
_POLL_S = 0.05
log = logging.getLogger(__name__)

PictureOf = Callable[[int], QImage]


@dataclass(frozen=True, slots=True)
class StreamCount:
    """How the stream did: pictures made, and frames of the clip that were never made because they came too late."""

    made: int
    dropped: int


class PictureStream:
    """Makes pictures from `start` on in steps of +1 or -1; `take(wanted)` gives the newest one that is due.

    picture_of runs in the stream's thread, and so does at_end when it ends. If picture_of raises, the stream ends and
    `failure` says why.
    """

    def __init__(
        self,
        picture_of: PictureOf,
        *,
        start: int,
        stop: int,
        step: int = 1,
        frames_per_s: float = 25.0,
        at_end: Callable[[], None] | None = None,
    ) -> None:
        self.failure: Exception | None = None
        self._picture_of = picture_of
        self._step, self._stop = step, stop
        self._frames_per_s = frames_per_s
        self._at_end = at_end
        self._wake = threading.Condition()
        self._ready: deque[tuple[int, QImage]] = deque()
        self._wanted = start
        self._next = start
        self._made = self._dropped = 0
        self._took_s = 0.0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="playback", daemon=True)
        self._thread.start()

    @property
    def count(self) -> StreamCount:
        """What was made and dropped so far."""
        with self._wake:
            return StreamCount(self._made, self._dropped)

    def take(self, wanted: int) -> tuple[int, QImage] | None:
        """Return the newest picture at or before frame `wanted` in playing order, or None; older ones are let go."""
        with self._wake:
            self._wanted = wanted
            found = None
            while self._ready and (self._ready[0][0] - wanted) * self._step <= 0:
                found = self._ready.popleft()
            self._wake.notify()
            return found

    def ask_to_end(self) -> None:
        """Let the thread end after the picture under way."""
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
            self._make_pictures()
        finally:
            if self._at_end is not None:
                self._at_end()

    def _make_pictures(self) -> None:
        while True:
            with self._wake:
                while not self._closed and len(self._ready) >= AHEAD:
                    self._wake.wait(_POLL_S)
                if self._closed:
                    return
                index = self._choose()
            if index is None:
                return
            begin = time.monotonic()
            try:
                picture = self._picture_of(index)
            except Exception as error:
                log.info("playback stopped at frame %d", index, exc_info=error)
                self.failure = error
                return
            with self._wake:
                self._took_s = 0.7 * self._took_s + 0.3 * (time.monotonic() - begin)
                self._made += 1
                self._ready.append((index, picture))

    def _choose(self) -> int | None:
        """Return the next frame to make: the following one, or, when late, one that will be due when it is ready."""
        index = self._next
        late = (self._wanted - index) * self._step
        if late > 0:
            lead = 1 + int(self._took_s * self._frames_per_s)
            target = self._wanted + lead * self._step
            self._dropped += abs(target - index)
            index = target
        if (index - self._stop) * self._step >= 0:
            last = self._stop - self._step
            if (last - self._next) * self._step < 0:
                return None
            index = last  # the last frame is always shown
        self._next = index + self._step
        return index
