"""Which index a decoded frame has, told from its time stamp and from what came before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class FrameNamer:
    """Turns stamps into indices. `stamps` None = the frames of this clip can only be counted from its start."""

    def __init__(self, stamps: NDArray[np.int64] | None, frames: int) -> None:
        self._frames = frames
        self._next: int | None = 0
        self._stamps = stamps
        # Healthy stamps rise and are searched as they are; only odd ones pay for a dictionary.
        self._indices: dict[int, list[int]] | None = None
        if stamps is not None and np.any(np.diff(stamps) <= 0):
            self._indices = {}
            for index, stamp in enumerate(stamps.tolist()):
                self._indices.setdefault(stamp, []).append(index)

    def restart(self, *, counting: bool) -> None:
        """Forget the position; `counting`: the next frame is the first of the clip."""
        self._next = 0 if counting else None

    def name(self, stamp: int | None) -> int | None:
        """Return the index of the next decoded frame, None if it is none of the clip's or cannot be told."""
        index = self._tell(stamp)
        if index is not None:
            self._next = index + 1
        return index

    def _tell(self, stamp: int | None) -> int | None:
        if self._stamps is None:
            index = self._next
            return index if index is not None and index < self._frames else None
        if stamp is None:
            return None
        if self._indices is None:
            place = int(np.searchsorted(self._stamps, stamp))
            return place if place < self._frames and int(self._stamps[place]) == stamp else None
        found = self._indices.get(stamp, [])
        if len(found) <= 1:
            return found[0] if found else None
        # A repeated stamp: only the frame before tells which of them this is.
        return self._next if self._next in found else None
