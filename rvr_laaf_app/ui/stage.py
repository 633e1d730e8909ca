"""The open clip on screen: which frame, which view, still or playing. Pictures come from worker threads.

It knows the project only as the value to show; what the user does to the project goes elsewhere.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from rvr_laaf_app.document.project import Project
from rvr_laaf_app.ui.pictures import ClipPictures, PictureMaker, View
from rvr_laaf_app.ui.playback.player import Player, next_rate
from rvr_laaf_app.ui.preview import Preview, draft_size
from rvr_laaf_app.ui.timeline.background import LaneWork
from rvr_laaf_app.ui.waveform import waveform

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.products import ClipProducts
    from rvr_laaf_app.ui.bridge import GuiBridge
    from rvr_laaf_app.ui.playback.sound import Sound

log = logging.getLogger(__name__)


class Stage(QObject):
    """Shows one clip at a time."""

    index_changed = Signal(int)
    picture_changed = Signal(QImage)
    curve_changed = Signal(object)  # FocusCurve or None
    waveform_changed = Signal(object)  # array or None
    view_changed = Signal(str)
    playing_changed = Signal(bool)
    failed = Signal(object)  # Exception

    def __init__(self, bridge: GuiBridge, sound: Sound, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.player = Player(sound, self)
        self.player.picture_due.connect(self._play_picture)
        self.player.position_changed.connect(self._played_to)
        self.player.playing_changed.connect(self._playing)
        self.player.failed.connect(self.failed)
        self.lanes = LaneWork(bridge, self)
        self._clip: ClipPictures | None = None
        self._preview: Preview | None = None
        self._ending: list[Preview] = []
        self._project = Project()
        self._index = 0
        self._view: View = "refocused"
        self._room = (640, 360)
        self._sound_stop = threading.Event()
        self._sound_thread: threading.Thread | None = None

    @property
    def info(self) -> ClipInfo | None:
        """The open clip, or None."""
        return None if self._clip is None else self._clip.info

    @property
    def pictures(self) -> ClipPictures | None:
        """What is shared of the open clip: its products and its focus curve; None without a clip."""
        return self._clip

    @property
    def index(self) -> int:
        """The frame that is shown."""
        return self._index

    @property
    def last_index(self) -> int:
        """The last frame of the clip."""
        return max(0, self.info.frames - 1) if self.info else 0

    @property
    def view(self) -> View:
        """The view that is shown."""
        return self._view

    def open(self, info: ClipInfo, products: ClipProducts | None, project: Project) -> None:
        """Show another clip from its first frame on; without products only as it is."""
        self.close_clip()
        self._clip = ClipPictures(info, products)
        self._project, self._index = project, 0
        self._preview = Preview(self._clip, self._bridge, self)
        self._preview.picture_ready.connect(self._still_picture)
        self._preview.curve_ready.connect(self.curve_changed)
        self._preview.failed.connect(self.failed)
        self.lanes.open(info, products)
        self.index_changed.emit(0)
        self._show()
        self._begin_waveform(info)

    def close_clip(self) -> None:
        """Show nothing; threads of the former clip end by themselves."""
        self.player.pause()
        self._sound_stop.set()
        self.lanes.close_clip()
        if self._preview is not None:
            self._preview.ask_to_end()
            self._preview.disconnect(self)
            self._ending = [p for p in self._ending if not p.has_ended()]
            self._ending.append(self._preview)
        self._preview = self._clip = None

    def close(self, timeout_s: float) -> bool:
        """Join every thread, each for so long at most; False if one did not end in time."""
        self.close_clip()
        joined = [preview.close(timeout_s) for preview in self._ending]
        joined += [self.player.close(timeout_s), self.lanes.close(timeout_s)]
        if self._sound_thread is not None:
            self._sound_thread.join(timeout_s)
            joined.append(not self._sound_thread.is_alive())
        return all(joined)

    def show_project(self, project: Project) -> None:
        """Show the frame as another value of the project wants it."""
        self._project = project
        self._show()

    def refresh(self) -> None:
        """Show the frame again: the analysis knows more."""
        self._show()

    def set_room(self, room: tuple[int, int]) -> None:
        """Say how many device pixels the viewer has for the picture."""
        if room != self._room:
            self._room = room
            self._show()

    def set_view(self, view: View) -> None:
        """Show another view of the same frame."""
        if view != self._view:
            self._view = view
            self.view_changed.emit(view)
            self._show()

    def seek(self, index: int) -> None:
        """Go to a frame and stay there."""
        self.player.pause()
        inside = min(max(index, 0), self.last_index)
        if inside != self._index:
            self._index = inside
            self.index_changed.emit(inside)
            self._show()

    def toggle_play(self) -> None:
        """Play at the ordinary rate, or stop."""
        if self.player.playing:
            self.player.pause()
        else:
            self._play(1.0)

    def shuttle(self, direction: int) -> None:
        """Play faster in a direction with each call; a call against the direction of playing turns round."""
        self._play(next_rate(self.player.rate, direction))

    def stop(self) -> None:
        """Stop playing."""
        self.player.pause()

    def allow_ahead(self, allowed: bool) -> None:
        """Say whether idle time may be used for pictures after the playhead."""
        if self._preview is not None:
            self._preview.allow_ahead(allowed)

    def _show(self) -> None:
        if self._preview is not None and not self.player.playing:
            self._preview.show(self._project, self._index, self._view, self._room)

    def _play(self, rate: float) -> None:
        clip = self._clip
        if clip is None:
            return
        maker = PictureMaker(clip)
        size = draft_size(self._room)

        def picture_of(index: int) -> QImage:
            # Depth of frames that the analysis has not reached would have to be estimated one by one: far too slow.
            view = self._view if clip.has(index) else "original"
            return maker.picture(self._project, index, size, view, kind="play")

        self.allow_ahead(False)
        self.player.play(clip.info, self._index, picture_of, rate=rate, at_end=maker.close)

    def _begin_waveform(self, info: ClipInfo) -> None:
        stop = self._sound_stop = threading.Event()
        self.waveform_changed.emit(None)
        if not info.audio:
            return

        def measure() -> None:
            try:
                outline = waveform(info, stop)
            except Exception:
                log.info("the sound of %r cannot be drawn", info.path, exc_info=True)
                return
            if not stop.is_set():
                self._bridge.post(lambda: None if stop.is_set() else self.waveform_changed.emit(outline))

        self._sound_thread = threading.Thread(target=measure, name="waveform", daemon=True)
        self._sound_thread.start()

    @Slot(int, QImage)
    def _still_picture(self, index: int, image: QImage) -> None:
        if not self.player.playing and index == self._index:
            self.picture_changed.emit(image)

    @Slot(int, QImage)
    def _play_picture(self, _index: int, image: QImage) -> None:
        self.picture_changed.emit(image)

    @Slot(int)
    def _played_to(self, index: int) -> None:
        self._index = index
        self.index_changed.emit(index)

    @Slot(bool)
    def _playing(self, playing: bool) -> None:
        self.playing_changed.emit(playing)
        self.lanes.allow(not playing)
        if not playing:
            self.allow_ahead(True)
            self._show()
