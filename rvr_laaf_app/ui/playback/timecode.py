"""Frame numbers as timecode and back: HH:MM:SS:FF as editors read it, drop-frame where the rate asks for it. No Qt.

Timecode counts frames at a whole rate. At 30000/1001 (and its multiples) that count runs 3.6 s an hour slow, so two
labels (four at 59.94) are left out at each minute but every tenth: SMPTE ST 12-1 drop-frame, written with ";".
23.976 has no such rule and stays slow, as everywhere. A clip of variable frame rate has no frame count that means
time; its label is the true second, and the frames that begin within that second are counted from 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rvr_laaf_app.core.timebase import FrameTable

_NTSC = Fraction(1000, 1001)
_SAME_RATE = 4e-4  # 24 and 24000/1001 lie 1e-3 apart
_DIGITS = re.compile(r"\d{1,9}")
_FIELDS = re.compile(r"\d{1,4}(?:[:;.]\d{1,4}){1,3}")
_SECONDS = re.compile(r"(\d{1,7}(?:\.\d{1,6})?)\s*s")


@dataclass(frozen=True, slots=True)
class Timecode:
    """How the frames of one clip are labelled. base: labels a second; drop: labels left out at a minute, 0 = none.

    base 0: a variable rate, labelled by true seconds.
    """

    table: FrameTable
    base: int
    drop: int = 0

    @property
    def separator(self) -> str:
        """What stands before the frames: ";" says drop-frame."""
        return ";" if self.drop else ":"

    def text(self, index: int) -> str:
        """Return the label of a frame, HH:MM:SS:FF."""
        if self.base == 0:
            second, frame = self._place_in_second(index)
        else:
            second, frame = divmod(self._with_dropped(index), self.base)
        return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{self.separator}{frame:02d}"

    def index(self, text: str, current: int) -> int | None:
        """Return the frame that was typed, inside the clip; None if the text is none of these.

        A frame number; HH:MM:SS:FF with leading parts left out (12:05 = 12 s and 5 frames); seconds ("3.5s"); each of
        them after + or - counts from the frame `current`.
        """
        text = text.strip().replace(",", ".")
        sign = {"+": 1, "-": -1, "\N{MINUS SIGN}": -1}.get(text[:1], 0)
        body = text[1:].strip() if sign else text
        found = self._relative(body, current, sign) if sign else self._absolute(body)
        return None if found is None else min(max(found, 0), len(self.table) - 1)

    def _absolute(self, body: str) -> int | None:
        if _DIGITS.fullmatch(body):
            return int(body)
        if seconds := _SECONDS.fullmatch(body):
            return self.table.index_at(float(seconds[1]))
        if not _FIELDS.fullmatch(body):
            return None
        second, frame = _seconds_and_frames(body)
        if self.base == 0:
            first = self._first_of(second)
            return first + min(frame, max(self._first_of(second + 1) - first - 1, 0))
        return self._without_dropped(second * self.base + frame)

    def _relative(self, body: str, current: int, sign: int) -> int | None:
        if _DIGITS.fullmatch(body):
            return current + sign * int(body)
        seconds = _SECONDS.fullmatch(body)
        if seconds:
            away_s = float(seconds[1])
        elif _FIELDS.fullmatch(body):
            second, frame = _seconds_and_frames(body)
            if self.base:
                return current + sign * (second * self.base + frame)  # a length is counted in frames, none is dropped
            away_s = second + frame / float(self.table.average_rate)
        else:
            return None
        inside = min(max(current, 0), len(self.table) - 1)
        return self.table.index_at(self.table.seconds_of(inside) + sign * away_s)

    def _with_dropped(self, index: int) -> int:
        """Return the label number of a frame: labels that were left out count."""
        if not self.drop:
            return index
        minute = 60 * self.base - self.drop
        tens, rest = divmod(index, 10 * minute + self.drop)
        extra = self.drop * 9 * tens
        if rest >= 60 * self.base:
            extra += self.drop * (1 + (rest - 60 * self.base) // minute)
        return index + extra

    def _without_dropped(self, label: int) -> int:
        """Return the frame of a label number; a label that does not exist stands for the one after it."""
        if not self.drop:
            return label
        minutes, in_minute = divmod(label, 60 * self.base)
        if minutes % 10 and in_minute < self.drop:
            label += self.drop - in_minute
        return label - self.drop * (minutes - minutes // 10)

    def _place_in_second(self, index: int) -> tuple[int, int]:
        second = int(self.table.seconds_of(index) + 1e-6)
        return second, index - self._first_of(second)

    def _first_of(self, second: int) -> int:
        """Return the first frame that begins in a second or later."""
        return int(np.searchsorted(self.table.times_s, second - 1e-6))


def timecode_of(table: FrameTable) -> Timecode:
    """Return how the frames of a clip are labelled."""
    rate = table.average_rate
    base = max(1, round(rate))
    if table.is_vfr:
        return Timecode(table, 0)
    whole, ntsc = abs(float(rate) / base - 1) < _SAME_RATE, abs(float(rate / (base * _NTSC)) - 1) < _SAME_RATE
    if ntsc and not whole and base % 30 == 0:
        return Timecode(table, base, drop=2 * base // 30)
    return Timecode(table, base) if whole or ntsc else Timecode(table, 0)


def _seconds_and_frames(body: str) -> tuple[int, int]:
    parts = [int(p) for p in re.split("[:;.]", body)]
    hours, minutes, seconds, frames = [0] * (4 - len(parts)) + parts
    return hours * 3600 + minutes * 60 + seconds, frames
