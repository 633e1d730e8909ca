"""The clip that is annotated on screen: exactly the frame asked for, still or playing, with where people look in it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage, QPainter

from rvr_laaf_app.ui.newest import NewestWorker, close_all
from rvr_laaf_app.ui.playback.player import Player, next_rate
from rvr_laaf_app.ui.qt_image import to_qimage
from rvr_laaf_app.ui.waveform import waveform

if TYPE_CHECKING:
    from rvr_laaf_app.media.memory_cache import MemoryCache
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.media.reader import ClipReader
    from rvr_laaf_app.pipeline.attention import Attention, Source
    from rvr_laaf_app.ui.bridge import GuiBridge
    from rvr_laaf_app.ui.playback.sound import Sound

CACHE_BYTES = 256 * 2**20
BACK_FRAMES = 16  # decoded at once when stepping backwards: decoding goes forwards only
PLAY_ROOM = (960, 540)
_SMALLEST = 64
Attended = Literal["off", "over", "beside"]  # how the map of where people look is shown
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """A frame for the screen. plain: as it is in the clip; heat: where people look, to be drawn beside it."""

    image: QImage
    plain: QImage
    heat: QImage | None = None


@dataclass(frozen=True, slots=True)
class _Wish:
    index: int
    size: tuple[int, int]
    attention: Attended


class _Pictures:
    """Makes the pictures of one clip in one thread; what was made is shared. Close it in the thread that used it."""

    def __init__(self, info: ClipInfo, made: MemoryCache[tuple[int, int], QImage], attention: Attention) -> None:
        self._info, self._made, self._attention = info, made, attention
        self._reader: ClipReader | None = None
        self._last = -1

    def look(self, wish: _Wish) -> Look:
        """Return a frame at a size; stepping backwards, the frames before it are made as well."""
        image = self._made.get((wish.index, wish.size[0]))
        if image is None:
            first = max(0, wish.index - BACK_FRAMES + 1) if wish.index == self._last - 1 else wish.index
            for frame in self._open(wish.size).frames(first, wish.index + 1):
                image = to_qimage(frame.rgb8)
                self._made.put((frame.index, wish.size[0]), image)
        assert image is not None
        self._last = wish.index
        if wish.attention == "off":
            return Look(image, image)
        heat = self._attention.heat(wish.index, rgb_of(image))
        if wish.attention == "beside":
            return Look(image, image, heat_image(heat))
        return Look(in_spotlight(image, heat), image)

    def _open(self, size: tuple[int, int]) -> ClipReader:
        from rvr_laaf_app.media.reader import ClipReader

        if self._reader is None or self._reader.size != size:
            self.close()
            self._reader = ClipReader(self._info, size=size)
        return self._reader

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


class ClipShow(QObject):
    """Shows one clip at a time; everything is called in the GUI thread."""

    index_changed = Signal(int)
    shown = Signal(object)  # Look
    waveform_changed = Signal(object)  # array or None
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
        self._info: ClipInfo | None = None
        self._attend: Callable[[], Attention] | None = None
        self._made: MemoryCache[tuple[int, int], QImage] | None = None
        self._stills: NewestWorker[_Wish] | None = None
        self._ending: list[NewestWorker[_Wish]] = []
        self._index = 0
        self._room = PLAY_ROOM
        self._attention: Attended = "off"
        self.source: Source = "computed"
        self._sound_stop = threading.Event()
        self._sound_thread: threading.Thread | None = None

    @property
    def info(self) -> ClipInfo | None:
        """The clip that is shown."""
        return self._info

    @property
    def index(self) -> int:
        """The frame that is shown."""
        return self._index

    @property
    def last_index(self) -> int:
        """The last frame of the clip."""
        return max(self._info.frames - 1, 0) if self._info is not None else 0

    def open(self, info: ClipInfo, folder: Path, name: str, cuts: tuple[int, ...]) -> None:
        """Show a clip from its first frame on."""
        from rvr_laaf_app.media.memory_cache import MemoryCache
        from rvr_laaf_app.pipeline.attention import Attention

        self.close_clip()
        assert info.table is not None
        table = info.table
        self._info, self._index = info, 0
        self._made = MemoryCache(CACHE_BYTES, lambda image: image.sizeInBytes())
        self._attend = lambda: Attention(folder, name, table, cuts=cuts)
        attention = self._attend()
        self.source = attention.source
        pictures = _Pictures(info, self._made, attention)
        worker: NewestWorker[_Wish] = NewestWorker(
            lambda wish: self._make(info, pictures, wish), name="annotate", at_end=pictures.close
        )
        self._stills = worker
        self.index_changed.emit(0)
        self._show()
        self._begin_waveform(info)

    def close_clip(self) -> None:
        """Show nothing; the threads of the former clip end by themselves."""
        self.player.pause()
        self._sound_stop.set()
        self._ending = [w for w in self._ending if not w.ended]
        if self._stills is not None:
            self._stills.ask_to_end()
            self._ending.append(self._stills)
        self._info = self._stills = self._made = self._attend = None
        self._index = 0

    def ask_to_end(self) -> None:
        """Show nothing more; does not wait."""
        self.close_clip()

    def close(self, timeout_s: float) -> bool:
        """Join every thread; False if one did not end in time."""
        deadline_s = time.monotonic() + timeout_s
        self.close_clip()
        ended = close_all((*self._ending, self.player), timeout_s)
        if self._sound_thread is None:
            return ended
        self._sound_thread.join(max(0.0, deadline_s - time.monotonic()))
        return ended and not self._sound_thread.is_alive()

    def set_room(self, room: tuple[int, int]) -> None:
        """Say how many device pixels the picture fills."""
        if room != self._room:
            self._room = room
            self._show()

    def set_attention(self, shown: Attended) -> None:
        """Say how the map of where people look is shown."""
        if shown != self._attention:
            self._attention = shown
            self._show()

    def attention_text(self, tr: Callable[[str], str]) -> str:
        """Return where the map comes from, in words."""
        texts = {
            "fixations": tr("Where people looked: recorded fixations"),
            "maps": tr("Where people looked: recorded maps"),
        }
        return texts.get(self.source, tr("Where people would look: computed"))

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
            self.play(1.0)

    def shuttle(self, direction: int) -> None:
        """Play faster in a direction with each call; a call against the direction of playing turns round."""
        self.play(next_rate(self.player.rate, direction))

    def play(self, rate: float) -> None:
        """Play from here at a rate."""
        info, made, attend = self._info, self._made, self._attend
        if info is None or made is None or attend is None:
            return
        pictures = _Pictures(info, made, attend())
        size, attention = self._size(info, PLAY_ROOM), self._attention
        self.player.play(
            info, self._index, lambda i: pictures.look(_Wish(i, size, attention)), rate=rate, at_end=pictures.close
        )

    def _size(self, info: ClipInfo, most: tuple[int, int]) -> tuple[int, int]:
        """Return the size of the clip's picture in the room, never above the clip's own."""
        width, height = info.display_size
        room = min(self._room[0], most[0]), min(self._room[1], most[1])
        scale = min(1.0, room[0] / width, room[1] / height)
        return max(_SMALLEST, round(width * scale)), max(_SMALLEST * height // width, 2, round(height * scale))

    def _show(self) -> None:
        if self._stills is not None and self._info is not None and not self.player.playing:
            self._stills.submit(_Wish(self._index, self._size(self._info, self._info.display_size), self._attention))

    def _make(self, info: ClipInfo, pictures: _Pictures, wish: _Wish) -> None:
        """Make a still; runs in the worker's thread."""
        try:
            look = pictures.look(wish)
        except Exception as error:
            log.info("frame %d of %r cannot be shown", wish.index, info.path, exc_info=True)
            failure = error
            self._bridge.post(lambda: self.failed.emit(failure) if info is self._info else None)
            return
        self._bridge.post(lambda: self._take_still(info, wish, look))

    def _take_still(self, info: ClipInfo, wish: _Wish, look: Look) -> None:
        if info is self._info and wish.index == self._index and not self.player.playing:
            self.shown.emit(look)

    @Slot(int, object)
    def _play_picture(self, _index: int, look: Look) -> None:
        self.shown.emit(look)

    @Slot(int)
    def _played_to(self, index: int) -> None:
        if index != self._index:
            self._index = index
            self.index_changed.emit(index)

    @Slot(bool)
    def _playing(self, playing: bool) -> None:
        self.playing_changed.emit(playing)
        if not playing:
            self._show()

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
            self._bridge.post(lambda: None if stop.is_set() else self.waveform_changed.emit(outline))

        self._sound_thread = threading.Thread(target=measure, name="waveform", daemon=True)
        self._sound_thread.start()


def rgb_of(image: QImage) -> NDArray[np.uint8]:
    """Return the pixels [h, w, 3] of a picture in the format of `to_qimage`."""
    view = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return np.ascontiguousarray(view[:, : image.width(), 2::-1])


def in_spotlight(image: QImage, heat: NDArray[np.float32]) -> QImage:
    """Return a picture that is dark where nobody looks; no colour is laid over it. heat [h, w] in 0..1."""
    height, width = heat.shape
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[..., 3] = (1.0 - np.clip(heat, 0.0, 1.0) ** 0.7) * 190
    shade = QImage(rgba.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    shaded = image.copy()
    painter = QPainter(shaded)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(shaded.rect(), shade)
    painter.end()
    return shaded


def heat_image(heat: NDArray[np.float32]) -> QImage:
    """Return a map [h, w] of 0..1 as a picture of its own, black through amber to white (see-through where cold)."""
    value = np.clip(heat, 0.0, 1.0)[..., None]
    amber, white = np.array([242, 177, 52], np.float32), np.array([255, 255, 255], np.float32)
    colour = np.where(value < 0.7, amber, amber + (white - amber) * (value - 0.7) / 0.3)
    alpha = np.clip(value * 1.15 - 0.15, 0.0, 1.0) * 200
    height, width = heat.shape
    rgba = np.ascontiguousarray(np.concatenate([colour, alpha], axis=2).astype(np.uint8))
    return QImage(rgba.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
