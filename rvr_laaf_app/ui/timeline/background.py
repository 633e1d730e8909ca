"""What the lanes show beyond the project itself, fetched in threads: histograms of depth, subjects' depth, the film."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from rvr_laaf_app.media.memory_cache import MemoryCache
from rvr_laaf_app.ui.newest import NewestWorker, close_all
from rvr_laaf_app.ui.timeline.film import FilmStrip
from rvr_laaf_app.ui.timeline.series import MinMaxLevels

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from rvr_laaf_app.document.project import Project, SubjectTrack
    from rvr_laaf_app.document.repair import Repair
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.depth_histogram import DepthProfile
    from rvr_laaf_app.pipeline.products import ClipProducts
    from rvr_laaf_app.ui.bridge import GuiBridge

LINES_BYTES = 32 * 2**20
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class SubjectLine:
    """Disparity of a tracked subject from frame `start` on, held where it was lost (lost = 1, else 0)."""

    start: int
    disparity: MinMaxLevels
    lost: MinMaxLevels

    @property
    def stop(self) -> int:
        """First frame after it."""
        return self.start + len(self.disparity)


def line_of(start: int, disparity: NDArray[np.float32], confidence: NDArray[np.float32]) -> SubjectLine:
    """Return the line of a subject: disparity [n] (NaN = not known), confidence [n] (0 = lost)."""
    return SubjectLine(start, MinMaxLevels(disparity), MinMaxLevels((confidence <= 0).astype(np.float32)))


@dataclass(frozen=True, slots=True, eq=False)
class DepthData:
    """What the depth lane has: histograms (None: depth cannot be known here) and lines by the digest of their track."""

    profile: DepthProfile | None = None
    lines: dict[str, SubjectLine] = field(default_factory=dict)
    version: int = 0  # of the histograms, when this was told


class DepthSupply:
    """Measures what the depth lane of one clip shows, in a thread. Everything else is called in the GUI thread."""

    def __init__(self, products: ClipProducts, bridge: GuiBridge, changed: Callable[[DepthData], None]) -> None:
        self._products, self._bridge, self._changed = products, bridge, changed
        self._profile: DepthProfile | None = None
        self._tracks: tuple[SubjectTrack, ...] = ()
        self._repairs: tuple[Repair, ...] = ()
        self._lines: MemoryCache[str, SubjectLine] = MemoryCache(
            LINES_BYTES, lambda line: 24 * len(line.disparity) + 256
        )
        self._tried: dict[str, Hashable] = {}  # track -> repairs; a line too long to be kept is not made over and over
        self._shown = 0
        self._allowed, self._closed = True, False
        self._worker: NewestWorker[None] = NewestWorker(lambda _: None, name="depth lane", idle=self._one_step)

    def look(self, project: Project) -> None:
        """Say that the project changed or the analysis went on."""
        if not self._closed:
            self._repairs = project.repairs
            self._tracks = tuple(t for t in project.fitting_tracks() if t is not None)
            if self._allowed:
                self._worker.resume_idle()

    def set_shown(self, frame: int) -> None:
        """Say what is looked at: it is measured first."""
        self._shown = frame

    def allow(self, allowed: bool) -> None:
        """Say whether there is time (not while the clip plays)."""
        self._allowed = allowed
        if allowed:
            self._worker.resume_idle()
        else:
            self._worker.pause_idle()

    def ask_to_end(self) -> None:
        """Measure nothing more; does not wait."""
        self._closed = True
        self._worker.ask_to_end()

    @property
    def ended(self) -> bool:
        """True when the thread is over."""
        return self._worker.ended

    def close(self, timeout_s: float) -> bool:
        """Join the thread; False if it did not end in time."""
        return self._worker.close(timeout_s)

    def _tell(self, data: DepthData) -> None:
        if not self._closed:
            self._changed(data)

    # In the worker thread:

    def _one_step(self) -> bool:
        """Do one small piece: a subject's line, else a few frames' histograms. False when all is done for now."""
        from rvr_laaf_app.pipeline.depth_histogram import DepthProfile, measure

        try:
            if self._profile is None:
                self._profile = DepthProfile(self._products.meta.frames)
            mended = (self._repairs, self._products.carried.version) if self._repairs else ()
            missing = (t for t in self._tracks if self._tried.get(t.digest) != mended)
            track = next(missing, None)
            if track is not None and self._products.complete:
                self._tried[track.digest] = mended
                self._lines.put(track.digest, self._line(track))
            elif not measure(self._products, self._profile, at=self._shown, repairs=self._repairs):
                return False
        except Exception:  # the analysis will say what is wrong with its files; a lane stays as far as it is
            log.info("the depth lane cannot go on", exc_info=True)
            return False
        lines = {t.digest: line for t in self._tracks if (line := self._lines.get(t.digest)) is not None}
        data = DepthData(self._profile, lines, self._profile.version)
        self._bridge.post(lambda: self._tell(data))
        return True

    def _line(self, track: SubjectTrack) -> SubjectLine:
        from rvr_laaf_app.pipeline.focus import subject_disparities

        series = subject_disparities(self._products, track, self._repairs)[track.start : track.stop]
        return line_of(track.start, series, track.confidence[: len(series)])


class LaneWork(QObject):
    """The threads behind the lanes of the open clip. Everything is called in the GUI thread."""

    depth_changed = Signal(object)  # DepthData, or None: there is no depth
    film_changed = Signal(object)  # FilmStrip or None

    def __init__(self, bridge: GuiBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._film: FilmStrip | None = None
        self._depth: DepthSupply | None = None
        self._ending: list[FilmStrip | DepthSupply] = []

    def open(self, info: ClipInfo, products: ClipProducts | None) -> None:
        """Begin with another clip."""
        self.close_clip()
        film = self._film = FilmStrip(info, self._bridge, lambda: self.film_changed.emit(film))
        if products is not None:
            self._depth = DepthSupply(products, self._bridge, self.depth_changed.emit)
        self.film_changed.emit(film)
        self.depth_changed.emit(None if products is None else DepthData())

    def look(self, project: Project) -> None:
        """Say that the project changed or the analysis went on."""
        if self._depth is not None:
            self._depth.look(project)

    @Slot(int)
    def set_shown(self, frame: int) -> None:
        """Say which frame is in the middle of what is looked at."""
        if self._depth is not None:
            self._depth.set_shown(frame)

    def allow(self, allowed: bool) -> None:
        """Say whether there is time for this (not while the clip plays)."""
        for worker in (self._film, self._depth):
            if worker is not None:
                worker.allow(allowed)

    def close_clip(self) -> None:
        """Fetch nothing more; the threads end by themselves."""
        self._ending = [w for w in self._ending if not w.ended]
        for worker in (self._film, self._depth):
            if worker is not None:
                worker.ask_to_end()
                self._ending.append(worker)
        if self._film is not None:
            self.film_changed.emit(None)
        self._film = self._depth = None

    def ask_to_end(self) -> None:
        """Fetch nothing more; does not wait."""
        self.close_clip()

    def close(self, timeout_s: float) -> bool:
        """Join every thread; False if one did not end in time."""
        self.close_clip()
        return close_all(self._ending, timeout_s)
