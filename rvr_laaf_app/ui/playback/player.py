"""Playing: the clock says which frame is due, the stream has it ready, the sound runs along. Runs in the GUI thread."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from rvr_laaf_app.ui.newest import close_all
from rvr_laaf_app.ui.playback.clock import PlayClock
from rvr_laaf_app.ui.playback.path import PlayPath
from rvr_laaf_app.ui.playback.sound import Sound
from rvr_laaf_app.ui.playback.stream import PictureStream

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo

_TICK_MS = 5
_PACE_S = 0.5  # how often the pace is told
_WINDOW_S = 2.0  # over which it is measured
_PREROLL = 3  # pictures, and sound, that are waited for before the clock starts,
_PREROLL_S = 0.4  # but not longer than this
MOST_PER_S = 60.0  # pictures: more than a screen shows are not made
RATES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
SLOW = 0.25


@dataclass(frozen=True, slots=True)
class Pace:
    """How playing does: pictures shown a second of late, what it should be, and pictures that came too late."""

    shown_per_s: float
    wanted_per_s: float
    dropped: int


class Player(QObject):
    """Plays one clip at a time from a frame on; at the end it stays on the last frame, or begins anew in a loop."""

    picture_due = Signal(int, object)  # frame, what picture_of returned
    position_changed = Signal(int)  # the frame that the clock has reached, whether or not its picture was ready
    playing_changed = Signal(bool)
    pace_changed = Signal(object)  # Pace, twice a second while it plays, and once in the end
    failed = Signal(object)  # Exception

    def __init__(self, sound: Sound, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sound = sound
        self._clock = PlayClock()
        self._path: PlayPath | None = None
        self._stream: PictureStream[object] | None = None
        self._ending: list[PictureStream[object]] = []
        self._index = 0
        self._rate = 1.0
        self._sounding = False
        self._asked_s: float | None = None  # when play was asked for; None once the clock runs
        self._shown_s: deque[float] = deque()
        self._rolled_s = 0.0  # when the clock was started
        self._shown, self._last_step, self._due_step = 0, -1, 0  # counted in strides
        self._stride = 1
        self._told_s = 0.0
        self._wanted_per_s = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)

    @property
    def playing(self) -> bool:
        """True from `play` until it stops."""
        return self._stream is not None

    @property
    def rate(self) -> float:
        """The rate of playing, negative backwards; 0 when it does not play."""
        return self._rate if self.playing else 0.0

    @property
    def dropped(self) -> int:
        """Pictures whose time has passed and that this playing never showed."""
        skipped = self._last_step + 1 - self._shown
        return skipped + max(0, self._due_step - self._last_step - 1)

    @property
    def pace(self) -> Pace:
        """How playing does now."""
        now = time.monotonic()
        while self._shown_s and self._shown_s[0] < now - _WINDOW_S:
            self._shown_s.popleft()
        span = max(1.0 / max(self._wanted_per_s, 1.0), min(_WINDOW_S, now - self._rolled_s))
        return Pace(min(len(self._shown_s) / span, self._wanted_per_s), self._wanted_per_s, self.dropped)

    def play(
        self,
        info: ClipInfo,
        start: int,
        picture_of: Callable[[int], object],
        *,
        rate: float = 1.0,
        bounds: tuple[int, int] | None = None,
        loop: bool = False,
        at_end: Callable[[], None] | None = None,
    ) -> None:
        """Play frames [start, stop) of `bounds` (None: the clip) from frame `start`, from the other end if it is there.

        picture_of and at_end run in the thread of this playing; at_end when it is over, also if it never began.
        """
        self._halt()
        table = info.table
        if table is None or len(table) < 2:
            if at_end is not None:
                at_end()
            self.playing_changed.emit(False)
            return
        low, high = bounds or (0, len(table))
        step = 1 if rate > 0 else -1
        if not low <= start < high or (not loop and start == (high - 1 if step > 0 else low)):
            start = low if step > 0 else high - 1
        path = self._path = PlayPath(table, start, low, high, step, loop)
        speed = float(table.average_rate) * abs(rate)
        stride = max(1, math.ceil(speed / MOST_PER_S - 1e-3))
        self._index, self._rate, self._wanted_per_s = start, rate, speed / stride
        self._stream = PictureStream(picture_of, path, stride=stride, pictures_per_s=self._wanted_per_s, at_end=at_end)
        self._sounding = rate == 1.0 and self._begin_sound(info, path)
        self._stride = stride
        self._shown, self._last_step, self._due_step = 0, -1, 0
        self._shown_s.clear()
        self._asked_s = self._told_s = time.monotonic()
        self._timer.start()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        """Stop where it is; harmless when it does not play."""
        if self._stream is None:
            return
        pace = self.pace
        self._halt()
        self.pace_changed.emit(pace)
        self.playing_changed.emit(False)

    def _halt(self) -> None:
        if self._stream is None:
            return
        self._timer.stop()
        self._clock.stop()
        self._sound.stop()
        # Not joined here: the picture under way may take a while, and the window must not wait for it.
        self._stream.ask_to_end()
        self._ending = [s for s in self._ending if not s.close(0.0)]
        self._ending.append(self._stream)
        self._stream, self._asked_s = None, None

    def set_muted(self, muted: bool) -> None:
        """Let the sound be heard or not."""
        self._sound.set_volume(0.0 if muted else 1.0)

    def ask_to_end(self) -> None:
        """Stop; does not wait."""
        self.pause()

    def close(self, timeout_s: float = 4.0) -> bool:
        """Stop and join every thread; return False if one did not end in time."""
        self.ask_to_end()
        return close_all(self._ending, timeout_s)

    def _begin_sound(self, info: ClipInfo, path: PlayPath) -> bool:
        low_s, high_s = path.bounds_s
        whole = path.stop == len(path.table) and not path.loop
        return self._sound.start(
            info, path.begin_s, stop_s=None if whole else high_s, again_from_s=low_s if path.loop else None
        )

    def _roll(self, stream: PictureStream[object]) -> bool:
        """Start clock and sound together when both have something to begin with; tell whether they run."""
        if self._asked_s is None:
            return True
        late = time.monotonic() - self._asked_s > _PREROLL_S
        ready = stream.has_ready(_PREROLL) and (not self._sounding or self._sound.ready())
        if not late and not ready:
            return False
        self._asked_s = None
        if self._sounding:
            self._sound.begin()
        self._clock.start(0.0, abs(self._rate))
        self._rolled_s = time.monotonic()
        return True

    @Slot()
    def _tick(self) -> None:
        stream, path = self._stream, self._path
        if stream is None or path is None or not self._roll(stream):
            return
        played_s = self._sound.played_s() if self._sounding else None
        if played_s is not None:
            self._clock.report_sound(played_s)
        serial = path.serial_at(self._clock.position_s)
        last = serial if path.count is None else min(serial, path.count - 1)
        self._due_step = last // self._stride
        due = stream.take(serial)
        if due is not None:
            self._shown, self._last_step = self._shown + 1, due[0] // self._stride
            self._shown_s.append(time.monotonic())
            self.picture_due.emit(path.index_of(due[0]), due[1])
        wanted = path.index_of(serial)
        if wanted != self._index:
            self._index = wanted
            self.position_changed.emit(wanted)
        if time.monotonic() - self._told_s >= _PACE_S:
            self._told_s = time.monotonic()
            self.pace_changed.emit(self.pace)
        if self._stream is not stream:
            return  # someone who heard of this stopped it
        if stream.failure is not None:
            failure = stream.failure
            self.pause()
            self.failed.emit(failure)
        elif path.count is not None and serial >= path.count:
            self.pause()


def next_rate(rate: float, direction: int) -> float:
    """Return the rate after one more press of L (direction 1) or J (-1): faster that way, or 1 from the other way."""
    if rate == 0 or (rate > 0) != (direction > 0):
        return float(direction)
    speed = abs(rate)
    return direction * next((r for r in RATES if r > speed), RATES[-1])
