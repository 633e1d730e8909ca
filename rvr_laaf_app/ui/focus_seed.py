"""The box of a target at once: grown around the click in a thread, shown until the track brings its own."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.media.memory_cache import MemoryCache
from rvr_laaf_app.ui.newest import NewestWorker

if TYPE_CHECKING:
    from rvr_laaf_app.document.project import Project
    from rvr_laaf_app.media.reader import ClipReader
    from rvr_laaf_app.ui.bridge import GuiBridge
    from rvr_laaf_app.ui.pictures import ClipPictures

MOST_SEEDS = 2000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Wish:
    clip: ClipPictures
    project: Project
    frame: int
    point: Point


class SeedBoxes(QObject):
    """Boxes by frame and clicked place. Everything but the growing itself is called in the GUI thread."""

    changed = Signal()

    def __init__(self, bridge: GuiBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._clip: ClipPictures | None = None
        self._boxes: MemoryCache[tuple[int, Point, bool], Box] = MemoryCache(MOST_SEEDS, lambda _: 1)
        self._reader: tuple[ClipPictures, ClipReader] | None = None
        self._closing = threading.Event()
        self._worker: NewestWorker[_Wish] = NewestWorker(self._grow, name="target-box", at_end=self._close_reader)

    def box(self, clip: ClipPictures | None, project: Project, frame: int, place: Point | Box) -> Box | None:
        """Return the box at a place, None while it is being grown: then `changed` will come."""
        if isinstance(place, Box):
            return place
        if clip is None:
            return None
        if clip is not self._clip:
            self._clip = clip
            self._boxes = MemoryCache(MOST_SEEDS, lambda _: 1)
        found = self._boxes.get((frame, place, clip.has(frame)))
        if found is None:
            self._worker.submit(_Wish(clip, project, frame, place))
        return found

    def ask_to_end(self) -> None:
        """Grow nothing more; does not wait."""
        self._closing.set()
        self._worker.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread; False if it did not end in time."""
        self._closing.set()
        return self._worker.close(timeout_s)

    @Slot()
    def _tell(self) -> None:
        if not self._closing.is_set():
            self.changed.emit()

    # In the worker's thread

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader[1].close()

    def _grow(self, wish: _Wish) -> None:
        try:
            known = wish.clip.has(wish.frame)
            box = self._grown(wish, known=known)
        except RvrError:
            log.info("no box can be grown here", exc_info=True)
            return
        except Exception:  # the thread must live on, but this is a fault of ours
            log.exception("growing a box failed")
            return
        self._boxes.put((wish.frame, wish.point, known), box)
        self._bridge.post(self._tell)

    def _grown(self, wish: _Wish, *, known: bool) -> Box:
        from rvr_laaf_app.core.geometry import fit_long_side
        from rvr_laaf_app.media.reader import ClipReader
        from rvr_laaf_app.pipeline.focus_track import box_of
        from rvr_laaf_app.pipeline.products import ANALYSIS_LONG_SIDE

        clip, products = wish.clip, wish.clip.products
        if self._reader is None or self._reader[0] is not clip:
            self._close_reader()
            size = fit_long_side(clip.info.display_size, ANALYSIS_LONG_SIDE)
            self._reader = clip, ClipReader(clip.info, size=size)
        rgb = self._reader[1].read(wish.frame).rgb8
        depth = products.rgbd(wish.frame, wish.project.repairs) if products is not None and known else None
        return box_of(wish.point, depth, rgb)
