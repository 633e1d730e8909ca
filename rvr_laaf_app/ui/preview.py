"""The still preview: newest request wins, a draft at once and the full picture when things are still for a moment.

Idle time is used to make the pictures after the playhead, so that playing shows the refocused clip without dropping.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from rvr_laaf_app.ui.newest import NewestWorker
from rvr_laaf_app.ui.pictures import ClipPictures, PictureMaker, View

if TYPE_CHECKING:
    from rvr_laaf_app.document.project import Project
    from rvr_laaf_app.laaf.curve import FocusCurve
    from rvr_laaf_app.ui.bridge import GuiBridge

FULL_SIZE = (1280, 720)  # the most that a still preview fills, however large the window
DRAFT_SIZE = (640, 360)
SETTLE_MS = 150
READY_AHEAD_S = 10.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Showing:
    """What the viewer is to show: a frame of a project in a view; draft = the small size."""

    project: Project
    index: int
    view: View
    room: tuple[int, int]
    draft: bool
    generation: int = 0


class Preview(QObject):
    """Asks for pictures in a worker thread and hands them to the GUI thread. Everything here is called in that one."""

    picture_ready = Signal(int, QImage)  # frame, picture
    curve_ready = Signal(object)  # laaf.curve.FocusCurve, or None while it cannot be known
    failed = Signal(object)  # Exception

    def __init__(self, clip: ClipPictures, bridge: GuiBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clip, self._bridge = clip, bridge
        self._maker = PictureMaker(clip)
        self._worker: NewestWorker[Showing] = NewestWorker(
            self._work, name="preview", idle=self._make_ahead, at_end=self._maker.close
        )
        self._last: Showing | None = None
        self._generation = 0
        self._shown = 0
        self._told_curve: FocusCurve | None = None
        self._ahead_allowed = True
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._show_full)

    def show(self, project: Project, index: int, view: View, room: tuple[int, int]) -> None:
        """Show a frame: a draft now, the full picture when nothing else was asked for a moment."""
        self._submit(Showing(project, index, view, room, draft=True))
        self._settle.start()

    def allow_ahead(self, allowed: bool) -> None:
        """Say whether idle time may be used for pictures after the playhead (not while jobs need the processor)."""
        self._ahead_allowed = allowed
        if allowed and not self._settle.isActive() and self._last is not None:
            self._worker.resume_idle()
        elif not allowed:
            self._worker.pause_idle()

    def ask_to_end(self) -> None:
        """Stop asking; `close` joins."""
        self._settle.stop()
        self._worker.ask_to_end()

    def has_ended(self) -> bool:
        """Tell whether the thread is over."""
        return self._worker.ended

    def close(self, timeout_s: float) -> bool:
        """Join the thread; False if it did not end in time."""
        self._settle.stop()
        return self._worker.close(timeout_s)

    def _submit(self, showing: Showing) -> None:
        self._generation += 1
        self._last = replace(showing, generation=self._generation)
        self._worker.pause_idle()
        self._worker.submit(self._last)

    @Slot()
    def _show_full(self) -> None:
        if self._last is not None:
            self._submit(replace(self._last, draft=False))

    # In the worker thread:

    def _work(self, showing: Showing) -> None:
        try:
            self._show_original_first(showing)
            curve = self._clip.curve(showing.project)
            size = draft_size(showing.room) if showing.draft else full_size(showing.room)
            kind = "draft" if showing.draft else "full"
            image = self._maker.picture(showing.project, showing.index, size, showing.view, kind=kind)
        except Exception as error:
            failure = error
            log.info("preview of frame %d failed", showing.index, exc_info=error)
            self._bridge.post(lambda: self._fail(showing, failure))
            return
        self._bridge.post(lambda: self._deliver(showing, image, curve))

    def _show_original_first(self, showing: Showing) -> None:
        """Show the plain frame where the wanted picture will take long: at the very first, and before its analysis."""
        slow = self._shown == 0 or not self._clip.has(showing.index)
        if slow and showing.draft and showing.view == "refocused":
            size = draft_size(showing.room)
            image = self._maker.picture(showing.project, showing.index, size, "original", kind="draft")
            self._bridge.post(lambda: self._deliver_original(showing, image))

    def _make_ahead(self) -> bool:
        """Make the next picture after the playhead that is missing; False when there is none to make."""
        showing = self._last
        table = self._clip.info.table
        if showing is None or table is None or showing.view != "refocused" or not self._clip.complete:
            return False
        stop = table.index_at(table.seconds_of(showing.index) + READY_AHEAD_S) + 1
        size = draft_size(showing.room)
        try:
            for index in range(showing.index, stop):
                if not self._maker.has(showing.project, index, size, showing.view):
                    self._maker.picture(showing.project, index, size, showing.view, kind="draft")
                    return True
        except Exception:
            log.info("a picture ahead of the playhead failed", exc_info=True)
        return False

    # In the GUI thread again:

    def _deliver(self, showing: Showing, image: QImage, curve: FocusCurve | None) -> None:
        if showing.generation <= self._shown:
            return
        self._shown = showing.generation
        self.picture_ready.emit(showing.index, image)
        if curve is not self._told_curve:
            self._told_curve = curve
            self.curve_ready.emit(curve)
        if not showing.draft and self._ahead_allowed and showing.generation == self._generation:
            self._worker.resume_idle()

    def _deliver_original(self, showing: Showing, image: QImage) -> None:
        if showing.generation > self._shown:
            self.picture_ready.emit(showing.index, image)

    def _fail(self, showing: Showing, error: Exception) -> None:
        if showing.generation > self._shown:
            self._shown = showing.generation
            self.failed.emit(error)


def full_size(room: tuple[int, int]) -> tuple[int, int]:
    """Return the size of a still picture in a viewer with `room` device pixels."""
    return min(room[0], FULL_SIZE[0]), min(room[1], FULL_SIZE[1])


def draft_size(room: tuple[int, int]) -> tuple[int, int]:
    """Return the size while something is dragged or played."""
    return min(room[0], DRAFT_SIZE[0]), min(room[1], DRAFT_SIZE[1])
