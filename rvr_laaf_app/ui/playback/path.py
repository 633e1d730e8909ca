"""The way that playing takes through a clip: on or back, to an end or round and round between two marks. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from rvr_laaf_app.core.timebase import FrameTable


@dataclass(frozen=True, slots=True)
class PlayPath:
    """Playing from frame `begin` inside [start, stop), step +1 or -1; loop: over the other end it goes on.

    A place on the way is a `serial`: 0 is `begin`, and each frame that follows, also on later laps, counts one.
    """

    table: FrameTable
    begin: int
    start: int
    stop: int
    step: int = 1
    loop: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.begin < self.stop <= len(self.table):
            raise ValueError("playing must begin inside its range, and that inside the clip")

    @property
    def lap(self) -> int:
        """Frames of a whole lap."""
        return self.stop - self.start

    @property
    def count(self) -> int | None:
        """Frames on the way; None = it never ends."""
        if self.loop:
            return None
        return self.stop - self.begin if self.step > 0 else self.begin - self.start + 1

    @property
    def begin_s(self) -> float:
        """The moment of the clip at which playing begins: forwards the begin of its first frame, backwards the end."""
        return self._start_s(self.begin) if self.step > 0 else self._start_s(self.begin + 1)

    @property
    def bounds_s(self) -> tuple[float, float]:
        """The moments of the clip between which it plays."""
        return self._start_s(self.start), self._start_s(self.stop)

    def index_of(self, serial: int) -> int:
        """Return the frame at a place on the way; after the last place, the last frame."""
        if self.count is not None:
            return self.begin + self.step * min(serial, self.count - 1)
        return self.start + (self.begin - self.start + self.step * serial) % self.lap

    def serial_at(self, played_s: float) -> int:
        """Return the place that is due when so many seconds of the clip were played; `count` when it is over."""
        if played_s < 0:
            return 0
        low, high = self.bounds_s
        length = max(high - low, 1e-6)
        moment = self.begin_s + self.step * played_s
        laps = 0
        if self.loop:
            laps, moment = int((moment - low) // length), low + (moment - low) % length
            if self.step < 0:
                laps = -laps
        elif not low <= moment <= high or (self.step > 0 and moment >= high):
            return self.count or 0
        # Backwards a frame is due from its end on: at the very end of frame k it is k, not k + 1.
        # The table takes what is half a tick away as reached, for moments that were rounded; where a tick is a whole
        # frame that would be half a frame too early.
        early_s = 0.5 * float(self.table.time_base)
        index = self.table.index_at(moment - early_s + (1e-6 if self.step > 0 else -1e-6))
        index = min(max(index, self.start), self.stop - 1)
        return max(0, laps * self.lap + self.step * (index - self.begin))

    def _start_s(self, index: int) -> float:
        return self.table.seconds_of(index) if index < len(self.table) else self.table.duration_s
