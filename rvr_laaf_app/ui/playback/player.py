"""Playing: the clock says which frame is due, the stream has it ready, the sound runs along. Runs in the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from rvr_laaf_app.ui.playback.clock import PlayClock
from rvr_laaf_app.ui.playback.sound import Sound
from rvr_laaf_app.ui.playback.stream import PictureOf, PictureStream

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo

_TICK_MS = 5
RATES = (0.25, 0.5, 1.0, 2.0, 4.0)


class Player(QObject):
    """Plays one clip at a time from a frame on; at the end it stays on the last frame."""

    picture_due = Signal(int, QImage)
    position_changed = Signal(int)  # the frame that the clock has reached, whether or not its picture was ready
    playing_changed = Signal(bool)
    failed = Signal(object)  # Exception

    def __init__(self, sound: Sound, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sound = sound
        self._clock = PlayClock()
        self._info: ClipInfo | None = None
        self._stream: PictureStream | None = None
        self._ending: list[PictureStream] = []
        self._index = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)

    @property
    def playing(self) -> bool:
        """True while the clock runs."""
        return self._clock.running

    @property
    def rate(self) -> float:
        """The rate of playing, negative backwards; 0 when it does not play."""
        return self._clock.rate if self.playing else 0.0

    @property
    def dropped(self) -> int:
        """Frames that this playing could not show in time."""
        return self._stream.count.dropped if self._stream is not None else 0

    def play(
        self,
        info: ClipInfo,
        start: int,
        picture_of: PictureOf,
        *,
        rate: float = 1.0,
        at_end: Callable[[], None] | None = None,
    ) -> None:
        """Play from frame `start`; from the clip's beginning if that is the last frame (and the other way round).

        picture_of and at_end run in the thread of this playing; at_end when it is over, also if it never began.
        """
        self.pause()
        table = info.table
        if table is None or len(table) < 2:
            if at_end is not None:
                at_end()
            return
        last = len(table) - 1
        if rate > 0 and start >= last:
            start = 0
        elif rate < 0 and start <= 0:
            start = last
        self._info, self._index = info, start
        step = 1 if rate > 0 else -1
        speed = float(table.average_rate) * abs(rate)
        self._stream = PictureStream(
            picture_of,
            start=start,
            stop=len(table) if step > 0 else -1,
            step=step,
            frames_per_s=speed,
            at_end=at_end,
        )
        at_s = table.seconds_of(start)
        if rate == 1.0:
            self._sound.start(info, at_s)
        self._clock.start(at_s, rate)
        self._timer.start()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        """Stop where it is; harmless when it does not play."""
        if not self.playing:
            return
        self._timer.stop()
        self._clock.stop()
        self._sound.stop()
        if self._stream is not None:
            # Not joined here: the picture under way may take a while, and the window must not wait for it.
            self._stream.ask_to_end()
            self._ending = [s for s in self._ending if not s.close(0.0)]
            self._ending.append(self._stream)
            self._stream = None
        self.playing_changed.emit(False)

    def close(self, timeout_s: float = 4.0) -> bool:
        """Stop and join every thread; return False if one did not end in time."""
        self.pause()
        return not [stream for stream in self._ending if not stream.close(timeout_s)]

    @Slot()
    def _tick(self) -> None:
        if self._info is None or self._info.table is None or self._stream is None:
            return
        played_s = self._sound.played_s()
        if played_s is not None:
            self._clock.report_sound(played_s)
        table = self._info.table
        position_s = self._clock.position_s
        wanted = table.index_at(position_s)
        due = self._stream.take(wanted)
        if due is not None:
            self.picture_due.emit(*due)
        if wanted != self._index:
            self._index = wanted
            self.position_changed.emit(wanted)
        if self._stream is not None and self._stream.failure is not None:
            failure = self._stream.failure
            self.pause()
            self.failed.emit(failure)
        elif position_s >= table.duration_s or position_s < 0:
            self.pause()


def next_rate(rate: float, direction: int) -> float:
    """Return the rate after one more press of L (direction 1) or J (-1): faster that way, or 1 from the other way."""
    if rate == 0 or (rate > 0) != (direction > 0):
        return float(direction)
    speed = abs(rate)
    faster: Callable[[float], bool] = lambda r: r > speed  # noqa: E731
    return direction * next(filter(faster, RATES), RATES[-1])
