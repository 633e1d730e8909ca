"""A timed rack: the lens is sent along its way, evenly in time and gently at both ends, as fast as it can follow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any, Final, Protocol

from rvr_laaf_app.camera.base import CameraBusy

_PAUSE_S: Final = 0.02
_ANSWER_S: Final = 30.0
_PATIENCE_S: Final = 10.0  # after the end of the rack's time


class Driven(Protocol):
    """What sends the lens: a camera session."""

    def drive_to(self, position: int) -> Future[Any]:
        """Send the lens to a position."""
        ...


class Rack:
    """One rack in a thread of its own; `over(error)` is called in that thread when it has ended."""

    def __init__(
        self,
        lens: Driven,
        begin: int,
        end: int,
        seconds: float,
        over: Callable[[BaseException | None], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._lens, self._begin, self._end, self._seconds, self._over = lens, begin, end, max(seconds, 1e-3), over
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rack", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop where the lens is."""
        self._stop.set()

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            self._drive()
        except CancelledError:
            pass
        except Exception as caught:  # noqa: BLE001 - handed to whoever began it
            error = caught
        self._over(error)

    def _drive(self) -> None:
        began_s = self._clock()
        stands: int | None = None
        while stands != self._end and not self._stop.is_set():
            share = min((self._clock() - began_s) / self._seconds, 1.0)
            place = round(self._begin + (self._end - self._begin) * share * share * (3.0 - 2.0 * share))
            if place != stands:
                try:
                    self._lens.drive_to(place).result(_ANSWER_S)
                    stands = place
                except (CameraBusy, CancelledError):  # it had no time: the next place is as good
                    if share >= 1.0 and self._clock() - began_s > self._seconds + _PATIENCE_S:
                        raise
            self._stop.wait(_PAUSE_S)
