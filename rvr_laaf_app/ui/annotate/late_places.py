"""Places of targets whose clip was left before their subject was followed so far: found in the background after it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from rvr_laaf_app.annotation.schema import ClipIdentity
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.ui.annotate.following import Places
from rvr_laaf_app.ui.newest import NewestWorker

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.follow_place import Seen
    from rvr_laaf_app.ui.annotate.desk import Desk
    from rvr_laaf_app.ui.bridge import GuiBridge

_FRAMES = 12  # between two looks whether the thread is to end
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Task:
    """One subject of one clip: targets by the frame at which its place is wanted."""

    info: ClipInfo
    cuts: tuple[int, ...]
    clip: ClipIdentity
    places: Places
    wanted: dict[int, str]
    steps: Iterator[Seen] | None = None


class LatePlaces(QObject):
    """Everything is called in the GUI thread. What is not found when the program ends is found at the next opening."""

    found = Signal(object, object)  # ClipIdentity, {id of a target: Box}

    def __init__(self, bridge: GuiBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._closed = False
        self._tasks: deque[_Task] = deque()
        self._worker: NewestWorker[None] = NewestWorker(lambda _: None, name="late places", idle=self._one_step)

    def take_over(self, info: ClipInfo | None, desk: Desk, waiting: Mapping[str, int]) -> None:
        """Find the places of the targets (id -> frame) of the clip that is about to be left."""
        said, facts, places = desk.said, desk.facts, desk.places()
        if info is None or said is None or facts is None:
            return
        by_subject: dict[str, dict[int, str]] = {}
        for target in said.targets:
            if waiting.get(target.id) == target.at.frame:
                by_subject.setdefault(target.subject, {})[target.at.frame] = target.id
        for subject, wanted in by_subject.items():
            self._tasks.append(_Task(info, facts.cuts, facts.clip, places[subject], wanted))
        if by_subject:
            self._worker.resume_idle()

    def ask_to_end(self) -> None:
        """Find nothing more."""
        self._closed = True
        self._worker.ask_to_end()

    def close(self, timeout_s: float) -> bool:
        """Join the thread; False if it did not end in time."""
        self.ask_to_end()
        return self._worker.close(timeout_s)

    # In the worker thread:

    def _one_step(self) -> bool:
        if not self._tasks:
            return False
        task = self._tasks[0]
        try:
            over = self._follow(task)
        except Exception:  # the clip may be gone; the place stays as it is
            log.info("%s cannot be followed further", task.clip.name, exc_info=True)
            over = True
        if over:
            self._tasks.popleft()
        return bool(self._tasks)

    def _follow(self, task: _Task) -> bool:
        """Follow by some frames; True when there is nothing more to find."""
        from rvr_laaf_app.pipeline.follow_place import follow_places

        task.steps = task.steps or follow_places(task.info, task.places, cuts=task.cuts)
        for _ in range(_FRAMES):
            seen = next(task.steps, None)
            if seen is None:
                return True
            box = seen.box.clipped()
            if seen.frame in task.wanted and seen.confidence > 0 and box.area > 0:
                self._tell(task.clip, task.wanted.pop(seen.frame), box)
        return not task.wanted

    def _tell(self, clip: ClipIdentity, target_id: str, box: Box) -> None:
        self._bridge.post(lambda: None if self._closed else self.found.emit(clip, {target_id: box}))
