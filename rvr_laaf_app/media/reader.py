"""Frames of a clip by index: exactly the one asked for, upright, square pixels, RGB. Decoding in order never seeks."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final, Self

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.core.frame import Frame
from rvr_laaf_app.core.stopping import stop_if_asked
from rvr_laaf_app.media import stills
from rvr_laaf_app.media.decoding import THREADS, Decoder, stamp_of
from rvr_laaf_app.media.open import AnyPath, media_errors, open_media
from rvr_laaf_app.media.picture import Picture, Rgb, resized
from rvr_laaf_app.media.probe import ClipInfo, probe
from rvr_laaf_app.media.sequence import FrameNamer

_SEEK_MARGIN_S: Final = 1


class ClipReader:
    """Reads frames of one clip. Not for use from several threads at once; each thread opens its own.

    size: (width, height) of the frames that come out (scaled by area), None = as displayed.
    """

    def __init__(self, info_or_path: ClipInfo | AnyPath, *, size: tuple[int, int] | None = None) -> None:
        self.info = info_or_path if isinstance(info_or_path, ClipInfo) else probe(info_or_path)
        if self.info.table is None:
            raise MediaError("the file has sound but no pictures", where=self.info.path)
        self.table = self.info.table
        self.size = size or self.info.display_size
        self._source: _Source | None = None
        self._last: tuple[int, Rgb] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. The reader opens it again if it is used further."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def read(self, index: int) -> Frame:
        """Return frame `index`; raise IndexError outside the clip, MediaError if the file cannot be read any more."""
        if not 0 <= index < len(self.table):
            raise IndexError(f"frame {index} is outside 0..{len(self.table) - 1}")
        if self._last is None or self._last[0] != index:
            self._last = (index, self._picture(index))
        return self._frame(index, self._last[1])

    def frames(self, start: int = 0, stop: int | None = None, *, prefetch: int = 0) -> Iterator[Frame]:
        """Yield the frames start..stop in order; with `prefetch` > 0 a thread decodes so many frames ahead."""
        end = len(self.table) if stop is None else min(stop, len(self.table))
        if prefetch > 0:
            yield from _ahead(self, start, end, prefetch)
            return
        for index in range(start, end):
            yield self.read(index)

    def _frame(self, index: int, rgb: Rgb) -> Frame:
        return Frame(index, int(self.table.pts[index]), rgb, self.info.transfer, self.info.primaries)

    def _picture(self, index: int) -> Rgb:
        if self.info.kind == "still":
            return resized(stills.read_still(self.info.path).rgb, self.size)
        if self._source is None:
            self._source = _Source(self.info)
        picture = self.info.picture or Picture(self.size)
        with media_errors(self.info.path, "decode"):
            return picture.rgb_of(self._source.at(index), self.size)


class _Source:
    """An open container that stands somewhere in the clip and knows which frame comes next."""

    def __init__(self, info: ClipInfo) -> None:
        assert info.table is not None
        self._info = info
        self._table = info.table
        self._namer = FrameNamer(info.stamps, len(info.table))
        self._keys = np.flatnonzero(info.table.keyframe)
        self._opened: AbstractContextManager[InputContainer] | None = None
        self._decoder: Decoder | None = None
        self._frames: Iterator[VideoFrame] = iter(())
        self._held: tuple[int, VideoFrame] | None = None  # the frame decoded last, and its index
        self._ahead: tuple[int, VideoFrame] | None = None  # decoded already but not asked for yet

    def close(self) -> None:
        self._frames = iter(())
        self._held = self._ahead = self._decoder = None
        if self._opened is not None:
            opened, self._opened = self._opened, None
            opened.__exit__(None, None, None)

    def at(self, index: int) -> VideoFrame:
        """Return the decoded picture of frame `index`."""
        if self._held is not None and self._held[0] == index:
            return self._held[1]
        if self._is_ahead(index):
            found = self._forward(index)
            if found is not None:
                return found
        for start in self._starts(index):
            if not self._go(start):
                continue
            found = self._forward(index, fresh=start is not None)
            if found is not None:
                return found
        raise MediaError(f"frame {index} cannot be decoded", where=self._info.path)

    def _is_ahead(self, index: int) -> bool:
        """True if decoding on from here is the way to `index`."""
        if self._held is None or index <= self._held[0]:
            return False
        between = int(np.searchsorted(self._keys, index, side="right")) - 1
        key = int(self._keys[between]) if between >= 0 else 0
        return key <= self._held[0] or index == self._held[0] + 1

    def _starts(self, index: int) -> Iterator[int | None]:
        """Yield stamps to seek to, further and further back, and None for the start of the file.

        Containers without an index (MPEG-TS) seek by decoding time, land after the key frame that was meant, and may
        not know key frames at all; so the first step back is one in time.
        """
        if self._info.stamps is not None:
            margin = int(_SEEK_MARGIN_S / self._table.time_base)
            at, step = int(np.searchsorted(self._keys, index, side="right")) - 1, 1
            while at >= 0 and int(self._keys[at]) > 0:
                stamp = int(self._info.stamps[self._keys[at]])
                yield stamp
                if step == 1:
                    yield stamp - margin
                at, step = at - step, step * 2
        yield None

    def _go(self, start: int | None) -> bool:
        """Seek to a stamp, or open the file anew for None. False if the container cannot seek."""
        if start is None or self._decoder is None:
            self._open()
        if start is not None and self._decoder is not None:
            try:
                self._decoder.seek(start)
            except MediaError:
                return False
        assert self._decoder is not None
        self._held = self._ahead = None
        self._namer.restart(counting=start is None)
        self._frames = self._decoder.frames()
        return True

    def _open(self) -> None:
        self.close()
        opened = open_media(self._info.path)
        container = opened.__enter__()
        self._opened = opened
        stream = next(s for s in container.streams.video if s.index == self._info.stream_index)
        self._decoder = Decoder(container, stream, self._info.path, threads=1 if self._info.damaged else THREADS)

    def _forward(self, index: int, *, fresh: bool = False) -> VideoFrame | None:
        """Decode on to `index`; None if a fresh start turns out to lie too late or on a broken picture."""
        while True:
            stop_if_asked()  # a frame far from its key frame takes a while
            item = self._next(fresh)
            if item is None or (fresh and item[0] > index):
                # Past the end: a frame that the index promised is not there, so the one before stays on screen.
                return None if fresh or self._held is None else self._held[1]
            fresh = False
            if item[0] > index:
                self._ahead = item
                return (self._held or item)[1]
            self._held = item
            if item[0] == index:
                return item[1]

    def _next(self, fresh: bool) -> tuple[int, VideoFrame] | None:
        """Return the next frame with its index. The first one after a seek must be a key frame with a known name."""
        if self._ahead is not None:
            item, self._ahead = self._ahead, None
            return item
        for frame in self._frames:
            index = self._namer.name(stamp_of(frame))
            if index is None:
                if fresh:
                    return None
                continue
            if fresh and not (frame.key_frame or bool(self._table.keyframe[index])):
                return None
            return index, frame
        return None


def _ahead(reader: ClipReader, start: int, stop: int, depth: int) -> Iterator[Frame]:
    """Yield frames that a thread of its own decodes, at most `depth` ahead; the thread is joined in any case."""
    ready: queue.Queue[Frame | BaseException | None] = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def offer(item: Frame | BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def decode() -> None:
        try:
            with ClipReader(reader.info, size=reader.size) as own:
                for frame in own.frames(start, stop):
                    if not offer(frame):
                        return
            offer(None)
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that reads
            offer(error)

    thread = threading.Thread(target=decode, name=f"decode {os.path.basename(reader.info.path)}", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        while not ready.empty():
            ready.get_nowait()
        thread.join()
