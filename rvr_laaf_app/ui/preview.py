"""The still preview: newest request wins, a draft at once and the full picture when things are still for a moment.

Drafts and full pictures are made in threads of their own, so that a draft never waits for a full picture that nobody
wants any more. Where a picture for playing is kept, it serves as the draft.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from rvr_laaf_app.ui.newest import NewestWorker, close_all
from rvr_laaf_app.ui.pictures import ClipPictures, PictureMaker, Quality, View

if TYPE_CHECKING:
    from rvr_laaf_app.document.project import Project
    from rvr_laaf_app.laaf.curve import FocusCurve
    from rvr_laaf_app.ui.bridge import GuiBridge

FULL_SIZE = (1920, 1080)  # the most that a still preview fills, however large the window, unless one zooms in
DRAFT_SIZE = (640, 360)
PLAY_ROOM = (960, 540)  # of the original while it plays
SETTLE_MS = 150
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Showing:
    """What the viewer is to show: a frame of a project in a view; draft = the small size.

    room: device pixels that the whole picture fills. exact: up to the clip's own pixels. before: the original too.
    """

    project: Project
    index: int
    view: View
    room: tuple[int, int]
    exact: bool = False
    before: bool = False
    draft: bool = True
    generation: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """The size of the picture to make."""
        if self.draft:
            return draft_size(self.room)
        return self.room if self.exact else full_size(self.room)


@dataclass(frozen=True, slots=True)
class Shown:
    """What comes to the screen: a picture, and where asked for the original of the same frame."""

    image: QImage
    before: QImage | None = None


class Preview(QObject):
    """Asks for pictures in worker threads and hands them to the GUI thread. Everything here is called in that one."""

    picture_ready = Signal(int, object)  # frame, Shown
    curve_ready = Signal(object)  # laaf.curve.FocusCurve, or None while it cannot be known
    failed = Signal(object)  # Exception

    def __init__(self, clip: ClipPictures, bridge: GuiBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clip, self._bridge = clip, bridge
        self._workers = {draft: self._make_worker(draft=draft) for draft in (True, False)}
        self._last: Showing | None = None
        self._generation = 0
        self._shown = 0
        self._told_curve: FocusCurve | None = None
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._show_full)

    def _make_worker(self, *, draft: bool) -> NewestWorker[Showing]:
        maker = PictureMaker(self._clip)
        return NewestWorker(
            lambda showing: self._work(maker, showing),
            name="preview draft" if draft else "preview",
            at_end=maker.close,
        )

    def show(self, showing: Showing) -> None:
        """Show a frame: a draft now, the full picture when nothing else was asked for a moment."""
        self._submit(replace(showing, draft=True))
        self._settle.start()

    def ask_to_end(self) -> None:
        """Stop asking; `close` joins."""
        self._settle.stop()
        for worker in self._workers.values():
            worker.ask_to_end()

    def has_ended(self) -> bool:
        """Tell whether the threads are over."""
        return all(worker.ended for worker in self._workers.values())

    def close(self, timeout_s: float) -> bool:
        """Join the threads; False if one did not end in time."""
        self.ask_to_end()
        return close_all(self._workers.values(), timeout_s)

    def _submit(self, showing: Showing) -> None:
        self._generation += 1
        self._last = replace(showing, generation=self._generation)
        self._workers[showing.draft].submit(self._last)

    @Slot()
    def _show_full(self) -> None:
        if self._last is not None:
            self._submit(replace(self._last, draft=False))

    # In a worker thread:

    def _work(self, maker: PictureMaker, showing: Showing) -> None:
        if not showing.draft and showing.generation != self._generation:
            return  # overtaken before it was begun
        try:
            self._show_original_first(maker, showing)
            curve = self._clip.curve(showing.project)
            shown = self._made(maker, showing)
        except Exception as error:
            failure = error
            log.info("preview of frame %d failed", showing.index, exc_info=error)
            self._bridge.post(lambda: self._fail(showing, failure))
            return
        self._bridge.post(lambda: self._deliver(showing, shown, curve))

    def _made(self, maker: PictureMaker, showing: Showing) -> Shown:
        project, index, size = showing.project, showing.index, showing.size
        kind = "draft" if showing.draft else "full"
        before = None
        if showing.before:
            before = maker.picture(project, index, size, "original", kind=kind)
        if showing.draft and showing.view == "refocused":
            kept = maker.kept(self._clip.proxy_keys(project), index)
            if kept is not None:
                return Shown(kept, before)
        quality: Quality = "preview" if showing.draft else "final"
        return Shown(maker.picture(project, index, size, showing.view, kind=kind, quality=quality), before)

    def _show_original_first(self, maker: PictureMaker, showing: Showing) -> None:
        """Show the plain frame where the wanted picture will take long: at the very first, and before its analysis."""
        slow = self._shown == 0 or not self._clip.has(showing.index)
        if slow and showing.draft and showing.view == "refocused":
            size = draft_size(showing.room)
            image = maker.picture(showing.project, showing.index, size, "original", kind="draft")
            self._bridge.post(lambda: self._deliver_original(showing, image))

    # In the GUI thread again:

    def _deliver(self, showing: Showing, shown: Shown, curve: FocusCurve | None) -> None:
        if showing.generation <= self._shown:
            return
        self._shown = showing.generation
        self.picture_ready.emit(showing.index, shown)
        if curve is not self._told_curve:
            self._told_curve = curve
            self.curve_ready.emit(curve)

    def _deliver_original(self, showing: Showing, image: QImage) -> None:
        if showing.generation > self._shown:
            self.picture_ready.emit(showing.index, Shown(image))

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
