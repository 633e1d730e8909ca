"""The open clip on screen: which frame, which view, still or playing. Pictures come from worker threads.

It knows the project only as the value to show; what the user does to the project goes elsewhere.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from rvr_laaf_app.document.project import Project
from rvr_laaf_app.ui.newest import close_all
from rvr_laaf_app.ui.pictures import ClipPictures, PictureMaker, View
from rvr_laaf_app.ui.playback.detail import PlayDetail
from rvr_laaf_app.ui.playback.player import MOST_PER_S, Player, next_rate
from rvr_laaf_app.ui.playback.proxies import ProxyWork, Wish
from rvr_laaf_app.ui.preview import PLAY_ROOM, Preview, Showing, Shown, draft_size
from rvr_laaf_app.ui.timeline.background import LaneWork
from rvr_laaf_app.ui.waveform import waveform

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.products import ClipProducts
    from rvr_laaf_app.pipeline.proxy import ProxyKeys
    from rvr_laaf_app.ui.bridge import GuiBridge
    from rvr_laaf_app.ui.playback.sound import Sound

_LET_GO_MS = 500  # how often it is looked whether the threads of former clips are over
log = logging.getLogger(__name__)


class Stage(QObject):
    """Shows one clip at a time."""

    index_changed = Signal(int)
    picture_changed = Signal(QImage)
    before_changed = Signal(object)  # the original of the frame as QImage, or None: told before picture_changed
    curve_changed = Signal(object)  # FocusCurve or None
    waveform_changed = Signal(object)  # array or None
    view_changed = Signal(str)
    playing_changed = Signal(bool)
    pace_changed = Signal(object)  # playback.player.Pace
    ready_changed = Signal(object)  # runs of frames [start, stop) whose pictures for playing are there
    failed = Signal(object)  # Exception

    def __init__(self, bridge: GuiBridge, sound: Sound, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.player = Player(sound, self)
        self.player.picture_due.connect(self._play_picture)
        self.player.position_changed.connect(self._played_to)
        self.player.playing_changed.connect(self._playing)
        self.player.pace_changed.connect(self.pace_changed)
        self.player.failed.connect(self.failed)
        self.lanes = LaneWork(bridge, self)
        self._clip: ClipPictures | None = None
        self._preview: Preview | None = None
        self._proxies: ProxyWork | None = None
        self._ending: list[Preview | ProxyWork] = []
        self._leaving = QTimer(self)
        self._leaving.setSingleShot(True)
        self._leaving.setInterval(_LET_GO_MS)
        self._leaving.timeout.connect(self._let_go)
        self._project = Project()
        self._index = 0
        self._view: View = "refocused"
        self._room = (640, 360)
        self._exact = self._before = self._loop = False
        self._idle = True
        self._sound_stop = threading.Event()
        self._sound_thread: threading.Thread | None = None

    @property
    def bridge(self) -> GuiBridge:
        """The door from worker threads into the GUI thread."""
        return self._bridge

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

    @property
    def range(self) -> tuple[int, int]:
        """Frames [start, stop) between the I and O marks; the whole clip without marks. For export and loops."""
        return self._project.play_range.frames(self.last_index + 1)

    @property
    def loop(self) -> bool:
        """True if playing goes round and round between the marks."""
        return self._loop

    def open(self, info: ClipInfo, products: ClipProducts | None, project: Project) -> None:
        """Show another clip from its first frame on; without products only as it is."""
        self.close_clip()
        self._clip = ClipPictures(info, products)
        self._project, self._index = project, 0
        self._preview = Preview(self._clip, self._bridge, self)
        self._preview.picture_ready.connect(self._still_picture)
        self._preview.curve_ready.connect(self.curve_changed)
        self._preview.failed.connect(self.failed)
        self._proxies = ProxyWork(self._clip, self._bridge, self)
        self._proxies.ready_changed.connect(self.ready_changed)
        self.ready_changed.emit(())
        self.lanes.open(info, products)
        self.index_changed.emit(0)
        self._show()
        self._begin_waveform(info)

    def close_clip(self) -> None:
        """Show nothing; threads of the former clip end by themselves."""
        self.player.pause()
        self._sound_stop.set()
        self.lanes.close_clip()
        for worker in (self._preview, self._proxies):
            if worker is not None:
                worker.ask_to_end()
                worker.disconnect(self)
                self._ending.append(worker)
        if self._clip is not None:
            self._clip.made.clear()
        self._preview = self._proxies = self._clip = None
        self._leaving.start()

    @Slot()
    def _let_go(self) -> None:
        """Delete what belonged to former clips and has ended: each holds the clip's pictures and depth."""
        ended = [worker for worker in self._ending if worker.has_ended()]
        self._ending = [worker for worker in self._ending if worker not in ended]
        for worker in ended:
            worker.deleteLater()
        if self._ending:
            self._leaving.start()

    def ask_to_end(self) -> None:
        """Show nothing more and let every thread end; does not wait."""
        self.close_clip()

    def close(self, timeout_s: float) -> bool:
        """Join every thread; False if one did not end in time."""
        deadline_s = time.monotonic() + timeout_s
        self.close_clip()
        ended = close_all((*self._ending, self.player, self.lanes), timeout_s)
        if self._sound_thread is None:
            return ended
        self._sound_thread.join(max(0.0, deadline_s - time.monotonic()))
        return ended and not self._sound_thread.is_alive()

    def show_project(self, project: Project) -> None:
        """Show the frame as another value of the project wants it."""
        self._project = project
        self._show()

    def refresh(self) -> None:
        """Show the frame again: the analysis knows more."""
        self._show()

    def set_room(self, room: tuple[int, int], *, exact: bool = False) -> None:
        """Say how many device pixels the whole picture fills; exact: it is to be shown to the clip's own pixels."""
        if exact and self.info is not None:
            width, height = self.info.display_size
            room = min(room[0], width), min(room[1], height)
        if (room, exact) != (self._room, self._exact):
            self._room, self._exact = room, exact
            self._show()

    def set_before(self, wanted: bool) -> None:
        """Say whether the original is wanted beside the picture, for the wipe."""
        if wanted != self._before:
            self._before = wanted
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

    def play_range(self) -> None:
        """Play from the I mark to the O mark."""
        self._index_to(self.range[0])
        self._play(1.0, only_range=True)

    def shuttle(self, direction: int) -> None:
        """Play faster in a direction with each call; a call against the direction of playing turns round."""
        self._play(next_rate(self.player.rate, direction))

    def crawl(self, rate: float) -> None:
        """Play at exactly this rate."""
        self._play(rate)

    def stop(self) -> None:
        """Stop playing."""
        self.player.pause()

    def set_loop(self, loop: bool) -> None:
        """Let playing go round and round between the marks, or not; what plays goes on so."""
        self._loop = loop
        if self.player.playing:
            self._play(self.player.rate)

    def allow_ahead(self, allowed: bool) -> None:
        """Say whether idle time may be used for pictures for playing."""
        self._idle = allowed
        if self._proxies is not None:
            self._proxies.allow(allowed and not self.player.playing)

    def _show(self) -> None:
        if self._preview is None or self._proxies is None:
            return
        self._proxies.want(Wish(self._project, self._index, self.range))
        if not self.player.playing:
            self._preview.show(
                Showing(self._project, self._index, self._view, self._room, exact=self._exact, before=self._before)
            )

    def _play(self, rate: float, *, only_range: bool = False) -> None:
        clip = self._clip
        if clip is None:
            return
        maker = PictureMaker(clip)
        table = clip.info.table
        speed = float(table.average_rate) * abs(rate) if table is not None else 25.0
        detail = PlayDetail(1.0 / min(speed, MOST_PER_S))
        self.player.play(
            clip.info,
            self._index,
            lambda index: self._played_picture(clip, maker, detail, index),
            rate=rate,
            bounds=self.range if self._loop or only_range else None,
            loop=self._loop,
            at_end=maker.close,
        )

    def _played_picture(self, clip: ClipPictures, maker: PictureMaker, detail: PlayDetail, index: int) -> Shown:
        """Return what playing shows of a frame; runs in the thread of the playing."""
        project = self._project
        # Depth of frames that the analysis has not reached would have to be estimated one by one: far too slow.
        view = self._view if clip.has(index) else "original"
        before = None
        if self._before:
            before = maker.picture(project, index, PLAY_ROOM, "original", kind="plain")
        keys = clip.proxy_keys(project) if view == "refocused" else None
        if keys is not None:
            return Shown(maker.kept(keys, index) or made_in_time(maker, project, keys, detail, index), before)
        room = PLAY_ROOM if view == "original" else draft_size(self._room)
        return Shown(maker.picture(project, index, room, view, kind="plain" if view == "original" else "play"), before)

    def _index_to(self, index: int) -> None:
        if index != self._index:
            self._index = index
            self.index_changed.emit(index)

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

    @Slot(int, object)
    def _still_picture(self, index: int, shown: Shown) -> None:
        if not self.player.playing and index == self._index:
            self._to_screen(shown)

    @Slot(int, object)
    def _play_picture(self, _index: int, shown: Shown) -> None:
        self._to_screen(shown)

    def _to_screen(self, shown: Shown) -> None:
        self.before_changed.emit(shown.before)
        self.picture_changed.emit(shown.image)

    @Slot(int)
    def _played_to(self, index: int) -> None:
        self._index_to(index)

    @Slot(bool)
    def _playing(self, playing: bool) -> None:
        self.playing_changed.emit(playing)
        self.lanes.allow(not playing)
        self.allow_ahead(self._idle)
        if not playing:
            if self._proxies is not None:
                self._proxies.look_again()  # playing made some too
            self._show()


def made_in_time(maker: PictureMaker, project: Project, keys: ProxyKeys, detail: PlayDetail, index: int) -> QImage:
    """Make the picture of a frame for playing: one to keep if there is time for it, else a coarser one."""
    begin_s = time.monotonic()
    share = detail.share
    if share == 1.0:
        picture = maker.to_keep(project, keys, index)
    else:
        room = round(PLAY_ROOM[0] * share), round(PLAY_ROOM[1] * share)
        picture = maker.picture(project, index, room, "refocused", kind=f"play {room[0]}")
    detail.took(time.monotonic() - begin_s)
    return picture
