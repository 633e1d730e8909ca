"""Small pictures of clips for lists, decoded one after the other in a thread of their own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from rvr_laaf_app.media.memory_cache import MemoryCache
from rvr_laaf_app.ui.newest import NewestWorker
from rvr_laaf_app.ui.qt_image import to_qimage

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.ui.bridge import GuiBridge

SIZE_PX = (192, 108)  # at most; twice the size in the list, for dense screens
LIMIT_BYTES = 64 * 2**20
_INTO = 0.1  # the frame after this share of the clip: the first one is often black
log = logging.getLogger(__name__)


class Thumbnails:
    """Pictures by clip id. Everything is called in the GUI thread; it decodes in its own.

    changed: called in the GUI thread when a picture came.
    """

    def __init__(self, bridge: GuiBridge, changed: Callable[[], None]) -> None:
        self._bridge, self._changed = bridge, changed
        self._made: MemoryCache[str, QImage] = MemoryCache(LIMIT_BYTES, lambda image: image.sizeInBytes() + 64)
        self._wanted: tuple[tuple[str, ClipInfo], ...] = ()
        self._worker: NewestWorker[None] = NewestWorker(lambda _: None, name="thumbnails", idle=self._one)

    def picture(self, clip: ClipInfo) -> QImage | None:
        """Return the picture of a clip; None while it is not there, a null image if there can be none."""
        return self._made.get(_key(clip))

    def want(self, clips: tuple[ClipInfo, ...]) -> None:
        """Say of which clips a picture is wanted, the most urgent first."""
        wanted = tuple((_key(c), c) for c in clips if _key(c) not in self._made)
        if [k for k, _ in wanted] != [k for k, _ in self._wanted]:
            self._wanted = wanted
            if wanted:
                self._worker.resume_idle()

    def ask_to_end(self) -> None:
        """Decode nothing more; does not wait."""
        self._wanted = ()
        self._worker.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread; False if it did not end in time."""
        return self._worker.close(timeout_s)

    def _one(self) -> bool:
        """Make one picture, in the worker's thread; False if none is left to make."""
        wanted = next(((k, c) for k, c in self._wanted if k not in self._made), None)
        if wanted is None:
            return False
        self._made.put(wanted[0], _decode(wanted[1]))
        self._bridge.post(self._changed)
        return True


def _key(clip: ClipInfo) -> str:
    return f"{clip.fingerprint}|{clip.path}"


def _decode(info: ClipInfo) -> QImage:
    from rvr_laaf_app.media.reader import ClipReader

    width, height = info.display_size
    scale = min(SIZE_PX[0] / width, SIZE_PX[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    try:
        with ClipReader(info, size=size) as reader:
            return to_qimage(reader.read(_frame(info)).rgb8)
    except Exception:
        log.info("no small picture of %r", info.path, exc_info=True)
        return QImage()


def _frame(info: ClipInfo) -> int:
    """Return a frame near the beginning that is quick to decode: a key frame, if one is close."""
    wanted = int(info.frames * _INTO)
    table = info.table
    if table is None:
        return wanted
    keys = [i for i in range(wanted, min(wanted + 250, info.frames)) if table.keyframe[i]]
    return keys[0] if keys else max((i for i in range(wanted + 1) if table.keyframe[i]), default=0)
