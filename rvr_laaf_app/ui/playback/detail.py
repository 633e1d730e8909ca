"""How finely a refocused frame is drawn while it plays and no picture of it is kept: only as finely as there is time.

A focus pull is judged by its timing: coarse pictures in time say more than fine ones that are dropped. No Qt.
"""

from __future__ import annotations

import math
from typing import Final

SHARES: Final = (1.0, 2 / 3, 1 / 2, 0.4)  # of the side of a kept picture
_ROOM: Final = 0.9  # of the time between two pictures that making one may take
_NEWEST: Final = 0.25  # weight of the newest picture in the mean
_LEAST: Final = 3  # pictures before anything is concluded: the first one opens the file


class PlayDetail:
    """Goes down step by step while pictures take too long, never up again within one playing.

    period_s: time between two pictures. Another size has to find its place in the file anew: it must not change often.
    """

    def __init__(self, period_s: float) -> None:
        self._room_s = _ROOM * period_s
        self._level = 0
        self._mean_s = math.nan
        self._count = 0

    @property
    def share(self) -> float:
        """The side of the next picture, as a share of a kept one's."""
        return SHARES[self._level]

    def took(self, seconds: float) -> None:
        """Learn how long a picture of the present share took."""
        self._count += 1
        if self._count == 1:
            return
        known = math.isfinite(self._mean_s)
        self._mean_s = seconds if not known else (1 - _NEWEST) * self._mean_s + _NEWEST * seconds
        if self._count < _LEAST or self._mean_s <= self._room_s or self._level == len(SHARES) - 1:
            return
        # the work grows with the pixels: the first share that should fit, at least one step down
        fitting = self.share * math.sqrt(self._room_s / self._mean_s)
        lower = range(self._level + 1, len(SHARES))
        self._level = next((n for n in lower if SHARES[n] <= fitting), len(SHARES) - 1)
        self._mean_s, self._count = math.nan, 0
