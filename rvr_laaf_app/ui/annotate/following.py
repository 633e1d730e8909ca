"""Following the subjects of the clip in the background, so that their boxes are there when they are wanted."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.ui.newest import NewestWorker, close_all

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.follow_place import Seen
    from rvr_laaf_app.ui.bridge import GuiBridge

_TELL_EVERY = 12  # frames
Places = tuple[tuple[int, Point | Box], ...]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Where a subject is: boxes [N, 4] (x, y, width, height; 0..1) and confidence [N], -1 = not looked at yet."""

    boxes: NDArray[np.float32]
    confidence: NDArray[np.float32]
    places: Places

    def at(self, frame: int) -> tuple[Box, float] | None:
        """Return box and confidence at a frame (0 = lost, the box is held); None where nobody has looked yet."""
        if not 0 <= frame < len(self.confidence) or self.confidence[frame] < 0:
            return None
        x, y, w, h = (float(v) for v in self.boxes[frame])
        box = Box(x, y, w, h).clipped()
        return None if box.area <= 0 else (box, float(self.confidence[frame]))

    def near(self, frame: int) -> Box | None:
        """Return the box at a frame, or at the closest one that was looked at."""
        known = np.flatnonzero(self.confidence >= 0)
        if len(known) == 0:
            return None
        found = self.at(int(known[np.argmin(np.abs(known - frame))]))
        return found[0] if found is not None else None


class _Run:
    """One subject being followed, in the worker's thread."""

    def __init__(self, info: ClipInfo, places: Places, cuts: tuple[int, ...]) -> None:
        from rvr_laaf_app.pipeline.follow_place import follow_places

        self.places, self.over = places, False
        self._boxes = np.zeros((info.frames, 4), np.float32)
        self._confidence = np.full(info.frames, -1.0, np.float32)
        self._steps: Iterator[Seen] = follow_places(info, places, cuts=cuts)

    def step(self) -> None:
        """Go on by some frames; in the end it is over."""
        for _ in range(_TELL_EVERY):
            seen = next(self._steps, None)
            if seen is None:
                self.over = True
                return
            box = seen.box
            self._boxes[seen.frame] = box.x, box.y, box.width, box.height
            self._confidence[seen.frame] = seen.confidence

    def path(self) -> Path:
        """Return what is known so far."""
        return Path(self._boxes.copy(), self._confidence.copy(), self.places)


class Following(QObject):
    """Follows what it is told to, the newest wish first. Everything is called in the GUI thread."""

    changed = Signal()  # a path has become longer, or is complete

    def __init__(self, bridge: GuiBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._info: ClipInfo | None = None
        self._cuts: tuple[int, ...] = ()
        self._wishes: dict[str, Places] = {}
        self._known: dict[Places, Path] = {}
        self._worker: NewestWorker[None] | None = None
        self._ending: list[NewestWorker[None]] = []

    @property
    def paths(self) -> dict[str, Path]:
        """What is known of each subject so far."""
        return {s: self._known[places] for s, places in self._wishes.items() if places in self._known}

    @property
    def busy(self) -> bool:
        """True while something is still to be followed."""
        known = [self._known.get(places) for places in self._wishes.values()]
        return any(path is None or bool((path.confidence < 0).any()) for path in known)

    def open(self, info: ClipInfo, cuts: tuple[int, ...]) -> None:
        """Begin with another clip."""
        self.close_clip()
        self._info, self._cuts = info, cuts
        runs: dict[Places, _Run] = {}
        self._worker = NewestWorker(lambda _: None, name="follow", idle=lambda: self._one_step(info, runs))

    def want(self, wishes: Mapping[str, Places]) -> None:
        """Say which subjects to follow, by name, from which places on; what is not named is let go.

        A subject that is only called otherwise keeps its path.
        """
        if self._info is None or wishes == self._wishes:
            return
        self._wishes = dict(wishes)
        self._known = {places: path for places, path in self._known.items() if places in wishes.values()}
        if self._worker is not None:
            self._worker.resume_idle()

    def allow(self, allowed: bool) -> None:
        """Say whether there is time for this."""
        if self._worker is not None:
            if allowed:
                self._worker.resume_idle()
            else:
                self._worker.pause_idle()

    def close_clip(self) -> None:
        """Follow nothing more; the thread ends by itself."""
        self._ending = [w for w in self._ending if not w.ended]
        if self._worker is not None:
            self._worker.ask_to_end()
            self._ending.append(self._worker)
        self._worker = self._info = None
        self._wishes, self._known = {}, {}

    def ask_to_end(self) -> None:
        """Follow nothing more; does not wait."""
        self.close_clip()

    def close(self, timeout_s: float) -> bool:
        """Join the thread; False if it did not end in time."""
        self.close_clip()
        return close_all(self._ending, timeout_s)

    def _take(self, info: ClipInfo, path: Path) -> None:
        if info is self._info and path.places in self._wishes.values():
            self._known[path.places] = path
            self.changed.emit()

    # In the worker thread:

    def _one_step(self, info: ClipInfo, runs: dict[Places, _Run]) -> bool:
        wanted = list(self._wishes.values())  # the dict is replaced whole, so that it can be read at any time
        for gone in [places for places in runs if places not in wanted]:
            del runs[gone]
        places = next((p for p in reversed(wanted) if p not in runs or not runs[p].over), None)
        if places is None:
            return False
        run = runs.get(places) or _Run(info, places, self._cuts)
        runs[places] = run
        try:
            run.step()
        except Exception:  # a box that cannot be followed is only missing as a proposal
            log.info("what was shown at %s cannot be followed", places, exc_info=True)
            run.over = True
            return True
        path = run.path()
        self._bridge.post(lambda: self._take(info, path))
        return True
