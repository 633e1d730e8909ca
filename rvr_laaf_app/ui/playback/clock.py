"""The moment of the clip that should be on screen: a monotonic clock, kept in step with the sound device.

The device's own count moves in jumps (up to two seconds with some servers), so it never drives the picture directly;
it only corrects slow drift.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_SETTLING_S = 1.0  # in the first second the device fills its buffers; its lead then is latency, not drift
_TRUST = 0.05  # share of a new measurement that is believed at once
_LARGEST_DRIFT_S = 0.25


class PlayClock:
    """Runs from a moment of the clip at a rate (negative = backwards) until it is stopped."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began: float | None = None
        self._from_s = 0.0
        self._rate = 1.0
        self._drift_s = 0.0
        self._latency_s: float | None = None
        self._reported_s = -1.0

    @property
    def running(self) -> bool:
        """True between `start` and `stop`."""
        return self._began is not None

    @property
    def rate(self) -> float:
        """Seconds of the clip per second."""
        return self._rate

    @property
    def position_s(self) -> float:
        """The moment of the clip now."""
        if self._began is None:
            return self._from_s
        return self._from_s + (self._now() - self._began + self._drift_s) * self._rate

    def start(self, at_s: float, rate: float = 1.0) -> None:
        """Begin to run at a moment of the clip."""
        self._began, self._from_s, self._rate = self._now(), at_s, rate
        self._drift_s, self._latency_s, self._reported_s = 0.0, None, -1.0

    def stop(self) -> float:
        """Stop and return the moment reached."""
        self._from_s = self.position_s
        self._began = None
        return self._from_s

    def report_sound(self, played_s: float) -> None:
        """Take what the sound device says it has played since the start; ignored unless it moved."""
        if self._began is None or played_s == self._reported_s:
            return
        self._reported_s = played_s
        elapsed_s = self._now() - self._began
        ahead_s = played_s - elapsed_s
        if elapsed_s < _SETTLING_S or self._latency_s is None:
            self._latency_s = ahead_s
            return
        error_s = ahead_s - self._latency_s - self._drift_s
        moved = self._drift_s + _TRUST * error_s
        self._drift_s = min(max(moved, -_LARGEST_DRIFT_S), _LARGEST_DRIFT_S)
