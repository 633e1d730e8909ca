"""The film lane: which frames stand where, and their small pictures, decoded in a thread of their own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from rvr_laaf_app.media.memory_cache import MemoryCache
from rvr_laaf_app.ui.newest import NewestWorker
from rvr_laaf_app.ui.qt_image import to_qimage
from rvr_laaf_app.ui.timeline.scale import TimeScale

if TYPE_CHECKING:
    from rvr_laaf_app.core.timebase import FrameTable
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.media.reader import ClipReader
    from rvr_laaf_app.ui.bridge import GuiBridge

LIMIT_BYTES = 32 * 2**20
HIGH_PX = 80  # of a picture as decoded: sharp in a lane of 40 at two pixels per point
WIDEST_PX = 320
_STAND_INS = 200
log = logging.getLogger(__name__)


def cells(
    scale: TimeScale, left: float, right: float, *, width_px: float, table: FrameTable, keys: NDArray[np.int64]
) -> list[tuple[float, int]]:
    """Return (x, frame) of the pictures between two pixels, laid edge to edge from the clip's start on.

    A cell moves with the film when it is scrolled. Its frame is a multiple of a power of two, so that it is the same at
    neighbouring zooms, or a key frame (keys: their indices) close after that: those are decoded quickly.
    """
    origin = scale.x_of(0.0)
    first = max(0, int((left - origin) // width_px))
    found = []
    number = first
    while (x := origin + number * width_px) < min(right, scale.x_of(scale.duration_s)):
        begin = table.index_at(scale.seconds_at(x + 1e-3))
        stop = table.index_at(scale.seconds_at(x + width_px))
        found.append((x, _handy_frame(begin, max(stop - begin, 1), keys)))
        number += 1
    return found


def _handy_frame(begin: int, span: int, keys: NDArray[np.int64]) -> int:
    run = 1 << (span.bit_length() - 1)
    frame = min(-(-begin // run) * run, begin + span - 1) if begin else 0
    after = int(np.searchsorted(keys, frame))
    close = int(keys[after]) if after < len(keys) else -1
    return close if frame <= close < begin + span else frame


class FilmStrip:
    """Small pictures of one clip. Everything is called in the GUI thread; it decodes in its own.

    changed: called in the GUI thread when a picture came.
    """

    def __init__(self, info: ClipInfo, bridge: GuiBridge, changed: Callable[[], None]) -> None:
        self.info = info
        width, height = info.display_size
        self.picture_size = min(max(1, round(HIGH_PX * width / height)), WIDEST_PX), HIGH_PX
        table = info.table
        self.keys = np.flatnonzero(table.keyframe) if table is not None else np.zeros(0, np.int64)
        self._bridge, self._changed = bridge, changed
        self._made: MemoryCache[int, QImage] = MemoryCache(LIMIT_BYTES, lambda image: image.sizeInBytes() + 64)
        self._wanted: tuple[int, ...] = ()
        self._known: tuple[int, ...] = ()  # decoded lately; replaced whole, so that it can be read at any time
        self._reader: ClipReader | None = None
        self._allowed, self._closed = True, False
        self._worker: NewestWorker[None] = NewestWorker(
            lambda _: None, name="film", idle=self._decode_one, at_end=self._let_go
        )

    @property
    def aspect(self) -> float:
        """Width over height of a picture."""
        return self.picture_size[0] / self.picture_size[1]

    def picture(self, frame: int) -> QImage | None:
        """Return the picture of a frame; None while it is not there; a null image if it cannot be decoded."""
        return self._made.get(frame)

    def stand_in(self, frame: int) -> QImage | None:
        """Return the picture closest in time that is there, for the moment until that of `frame` has come."""
        closest = min(self._known, key=lambda known: abs(known - frame), default=None)
        found = None if closest is None else self._made.get(closest)
        return None if found is None or found.isNull() else found

    def want(self, frames: tuple[int, ...]) -> None:
        """Say which frames are seen, in the order in which they are wanted; what was wanted before is dropped."""
        if frames != self._wanted and not self._closed:
            self._wanted = frames
            if self._allowed:
                self._worker.resume_idle()

    def allow(self, allowed: bool) -> None:
        """Say whether there is time to decode (not while the clip plays)."""
        self._allowed = allowed
        if allowed:
            self._worker.resume_idle()
        else:
            self._worker.pause_idle()

    def ask_to_end(self) -> None:
        """Decode nothing more; does not wait."""
        self._wanted, self._closed = (), True
        self._made.clear()
        self._worker.ask_to_end()

    @property
    def ended(self) -> bool:
        """True when the thread is over."""
        return self._worker.ended

    def close(self, timeout_s: float) -> bool:
        """Join the thread; False if it did not end in time."""
        return self._worker.close(timeout_s)

    # In the worker thread:

    def _decode_one(self) -> bool:
        frame = next((f for f in self._wanted if f not in self._made), None)
        if frame is None:
            self._let_go()  # an open decoder of a large clip holds much memory
            return False
        self._made.put(frame, self._decode(frame))
        self._known = (*(f for f in self._known if f != frame), frame)[-_STAND_INS:]
        self._bridge.post(self._tell)
        return True

    def _tell(self) -> None:
        if not self._closed:
            self._changed()

    def _decode(self, frame: int) -> QImage:
        from rvr_laaf_app.media.reader import ClipReader

        try:
            if self._reader is None:
                self._reader = ClipReader(self.info, size=self.picture_size)
            return to_qimage(self._reader.read(frame).rgb8)
        except Exception:
            log.info("no small picture of frame %d", frame, exc_info=True)
            return QImage()

    def _let_go(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
