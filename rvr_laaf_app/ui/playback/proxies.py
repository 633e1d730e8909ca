"""Making pictures for playing in the background, nearest to the playhead first, and knowing which are there.

It waits until nothing was changed for a moment, and rests while jobs run or the clip plays. What is there is told as
runs of frames, for the bar in the ruler.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from rvr_laaf_app.ui.newest import NewestWorker
from rvr_laaf_app.ui.pictures import ClipPictures, PictureMaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rvr_laaf_app.document.project import Project
    from rvr_laaf_app.pipeline.proxy import ProxyKeys
    from rvr_laaf_app.ui.bridge import GuiBridge

Runs = tuple[tuple[int, int], ...]
REST_MS = 400  # without any change before making begins
_TELL_S = 0.25
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be ready: the pictures of a project, from frame `index` on. bounds: [start, stop) comes first."""

    project: Project
    index: int
    bounds: tuple[int, int]


class ProxyWork(QObject):
    """One thread for one clip. Everything here is called in the GUI thread; `close` joins."""

    ready_changed = Signal(object)  # Runs

    def __init__(self, clip: ClipPictures, bridge: GuiBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clip, self._bridge = clip, bridge
        self._maker = PictureMaker(clip)
        self._keys: ProxyKeys | None = None
        self._facts: object = None
        self._ready: NDArray[np.bool_] = np.zeros(clip.info.frames, bool)
        self._wish: Wish | None = None
        self._told_s = 0.0
        self._made = 0
        self._begun = self._ended = False
        self._allowed = True
        self._wanted: Wish | None = None
        self._worker: NewestWorker[Wish] = NewestWorker(
            self._look, name="proxies", idle=self._make_one, at_end=self._maker.close
        )
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._begin)

    def want(self, wish: Wish) -> None:
        """Say what is to be ready; work on something else stops at once, and goes on when nothing changes."""
        self._wanted = wish
        self._worker.pause_idle()
        self._rest.start()

    def look_again(self) -> None:
        """Say that someone else made pictures: those that are there are counted anew."""
        self._facts = None
        if self._wanted is not None:
            self._rest.start()

    def allow(self, allowed: bool) -> None:
        """Say whether pictures may be made now."""
        self._allowed = allowed
        if not allowed:
            self._worker.pause_idle()
        elif not self._rest.isActive() and self._wanted is not None:
            self._rest.start()

    def ask_to_end(self) -> None:
        """Stop; `close` joins."""
        self._ended = True
        self._rest.stop()
        self._worker.ask_to_end()

    def has_ended(self) -> bool:
        """Tell whether the thread is over."""
        return self._worker.ended

    def close(self, timeout_s: float) -> bool:
        """Join the thread; False if it did not end in time."""
        self.ask_to_end()
        return self._worker.close(timeout_s)

    @Slot()
    def _begin(self) -> None:
        if self._wanted is not None:
            self._worker.submit(self._wanted)
            if self._allowed:
                self._worker.resume_idle()

    # In the worker thread:

    def _look(self, wish: Wish) -> None:
        """Find out which pictures of the project are there."""
        if not self._begun:
            self._begin_thread()
        self._wish = wish
        project = wish.project
        facts = (project.targets, project.tracks, project.lens, project.repairs, self._clip.state)
        if facts == self._facts:
            return
        try:
            self._keys = self._clip.proxy_keys(project)
            self._ready = self._there(self._keys)
        except Exception:
            log.info("pictures for playing cannot be looked up", exc_info=True)
            self._keys = None
            self._ready = np.zeros(self._clip.info.frames, bool)
        self._facts = facts
        self._tell(now=True)

    def _begin_thread(self) -> None:
        self._begun = True
        # Not at a lower priority: on a busy machine a thread that is kept waiting while it holds the interpreter keeps
        # the window waiting too, for seconds. It rests while jobs run and the clip plays, that has to do.
        if self._clip.proxies is not None:
            _prune()
            self._clip.proxies.scan()

    def _there(self, keys: ProxyKeys | None) -> NDArray[np.bool_]:
        store = self._clip.proxies
        ready = np.zeros(self._clip.info.frames, bool)
        if keys is None or store is None:
            return ready
        for index in range(len(ready)):
            if self._ended:
                break
            ready[index] = keys.of(index) in store
        return ready

    def _make_one(self) -> bool:
        """Make the picture that will be needed first; False when there is none to make."""
        wish, keys = self._wish, self._keys
        index = None if wish is None or keys is None else next(self._missing(wish), None)
        if wish is None or keys is None or index is None:
            self._tell(now=True)
            if self._made:
                self._made = 0
                _prune()
            return False
        try:
            self._maker.to_keep(wish.project, keys, index)
        except Exception:
            log.info("a picture for playing failed at frame %d", index, exc_info=True)
            return False
        self._ready[index] = True
        self._made += 1
        self._tell()
        return True

    def _missing(self, wish: Wish) -> Iterator[int]:
        """Yield frames without a picture in the order in which playing would need them."""
        start, stop = wish.bounds
        index = min(max(wish.index, start), stop - 1)
        for first, last in ((index, stop), (start, index), (stop, len(self._ready)), (0, start)):
            found = np.flatnonzero(~self._ready[first:last])
            if len(found):
                yield first + int(found[0])

    def _tell(self, *, now: bool = False) -> None:
        if now or time.monotonic() - self._told_s >= _TELL_S:
            self._told_s = time.monotonic()
            runs = runs_of(self._ready)
            self._bridge.post(lambda: None if self._ended else self.ready_changed.emit(runs))


def _prune() -> None:
    from rvr_laaf_app.pipeline.proxy import prune_proxies

    prune_proxies()


def runs_of(ready: NDArray[np.bool_]) -> Runs:
    """Return the runs [start, stop) of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], ready, [False])).astype(np.int8)))
    return tuple(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
