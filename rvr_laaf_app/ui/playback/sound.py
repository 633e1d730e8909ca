"""Sound while playing: samples decoded in a thread, handed to the sound device in small portions; silence without one.

A machine without a sound device, or one whose device fails, plays on silently; the picture never waits for sound.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLoggingCategory, QObject, QTimer, Slot

if TYPE_CHECKING:
    from PySide6.QtCore import QIODevice
    from PySide6.QtMultimedia import QAudioSink

    from rvr_laaf_app.media.probe import ClipInfo

Samples = NDArray[np.float32]
RATE_HZ = 48_000
BLOCK = 4_800  # a tenth of a second
_BUFFER_S = 0.3
_FEED_MS = 20
_CENTRE = 0.7071
log = logging.getLogger(__name__)


class Sound(Protocol):
    """What the player needs of a sound output."""

    def start(
        self, info: ClipInfo, at_s: float, *, stop_s: float | None = None, again_from_s: float | None = None
    ) -> bool:
        """Prepare to sound from a moment of the clip up to another; False if there is nothing to sound with.

        again_from_s: after `stop_s` go on from here, again and again.
        """
        ...

    def ready(self) -> bool:
        """Tell whether the first samples are there."""
        ...

    def begin(self) -> None:
        """Sound from now on what was prepared."""
        ...

    def stop(self) -> None:
        """Be silent."""
        ...

    def played_s(self) -> float | None:
        """Seconds played since the start as the device counts them; None without a device."""
        ...

    def set_volume(self, volume: float) -> None:
        """Set 0..1."""
        ...


def to_stereo(samples: Samples) -> Samples:
    """Return [n, 2] for [n, channels] in the usual order L R C LFE Ls Rs: mono twice, centre and rear at -3 dB."""
    channels = samples.shape[1]
    if channels == 1:
        return np.repeat(samples, 2, axis=1)
    stereo = samples[:, :2].copy()
    if channels >= 3:
        stereo += _CENTRE * samples[:, 2:3]
    if channels >= 6:
        stereo += _CENTRE * samples[:, 4:6]
    return np.clip(stereo, -1.0, 1.0)


class SampleFeed:
    """Decodes in a thread; `take` returns bytes of interleaved float32 stereo, as much as is ready."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._queue: queue.Queue[bytes | None] = queue.Queue(maxsize=10)
        self._rest = b""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(blocks,), name="sound", daemon=True)
        self._thread.start()

    @property
    def ready(self) -> bool:
        """True when there is something to take, or nothing will come any more."""
        return not self._queue.empty() or not self._thread.is_alive()

    def take(self, limit: int) -> bytes:
        """Return at most `limit` bytes, without waiting."""
        parts, size = [self._rest], len(self._rest)
        while size < limit:
            try:
                block = self._queue.get_nowait()
            except queue.Empty:
                break
            if block is None:
                break
            parts.append(block)
            size += len(block)
        whole = b"".join(parts)
        self._rest = whole[limit:]
        return whole[:limit]

    def close(self) -> None:
        """End the thread; returns when it has ended."""
        self._closed.set()
        while True:  # a full queue would keep the thread from seeing the flag
            try:
                self._queue.get_nowait()
            except queue.Empty:
                break
        self._thread.join(4.0)

    def _run(self, blocks: Iterator[Samples]) -> None:
        try:
            for block in blocks:
                if not self._put(np.ascontiguousarray(to_stereo(block)).tobytes()):
                    return
            self._put(None)
        except Exception:
            log.warning("the sound cannot be decoded further; playing goes on silently", exc_info=True)

    def _put(self, item: bytes | None) -> bool:
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False


def _blocks(info: ClipInfo, at_s: float, stop_s: float | None, again_from_s: float | None) -> Iterator[Samples]:
    """Yield the clip's sound from one moment to another, and then, if asked to, round and round without a gap."""
    from rvr_laaf_app.media.audio import audio_blocks

    number = next((i for i, a in enumerate(info.audio) if a.default), 0)
    yield from audio_blocks(info, number, rate=RATE_HZ, start_s=at_s, stop_s=stop_s, block=BLOCK)
    while again_from_s is not None and stop_s is not None and stop_s - again_from_s > 0.001:
        yield from audio_blocks(info, number, rate=RATE_HZ, start_s=again_from_s, stop_s=stop_s, block=BLOCK)


class SilentSound:
    """No sound device: the clock alone drives the picture."""

    def start(
        self, info: ClipInfo, at_s: float, *, stop_s: float | None = None, again_from_s: float | None = None
    ) -> bool:
        """Say that nothing will be heard."""
        return False

    def ready(self) -> bool:
        """Have nothing to wait for."""
        return True

    def begin(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""

    def played_s(self) -> float | None:
        """Know nothing."""
        return None

    def set_volume(self, volume: float) -> None:
        """Do nothing."""


class DeviceSound(QObject):
    """The default sound device through QAudioSink, fed from the GUI thread's timer (a copy of a few kilobytes)."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sink: QAudioSink | None = None
        self._device: QIODevice | None = None
        self._feed: SampleFeed | None = None
        self._volume = 1.0
        self._timer = QTimer(self)
        self._timer.setInterval(_FEED_MS)
        self._timer.timeout.connect(self._pour)

    def start(
        self, info: ClipInfo, at_s: float, *, stop_s: float | None = None, again_from_s: float | None = None
    ) -> bool:
        """Open the device and decode ahead; False if the clip has no sound or the machine no device."""
        self.stop()
        if not info.audio:
            return False
        sink = self._open_sink()
        if sink is None:
            return False
        self._feed = SampleFeed(_blocks(info, at_s, stop_s, again_from_s))
        self._sink = sink
        return True

    def ready(self) -> bool:
        """Tell whether the first samples are decoded, or never will be."""
        return self._feed is None or self._feed.ready

    def begin(self) -> None:
        """Let the device play from now on; a device that cannot is let go, and it stays silent."""
        from PySide6.QtMultimedia import QtAudio

        if self._sink is None:
            return
        self._device = self._sink.start()
        if self._sink.state() == QtAudio.State.StoppedState:  # the device vanished or is taken
            self.stop()
            return
        self._sink.setVolume(self._volume)
        self._timer.start()
        self._pour()

    def stop(self) -> None:
        """Be silent and close device and thread."""
        self._timer.stop()
        sink, self._sink, self._device = self._sink, None, None
        feed, self._feed = self._feed, None
        if sink is not None:
            sink.stop()
            sink.deleteLater()
        if feed is not None:
            feed.close()

    def played_s(self) -> float | None:
        """Seconds played since the start as the device counts them."""
        return None if self._sink is None or self._device is None else self._sink.processedUSecs() / 1e6

    def set_volume(self, volume: float) -> None:
        """Set 0..1."""
        self._volume = volume
        if self._sink is not None:
            self._sink.setVolume(volume)

    def _open_sink(self) -> QAudioSink | None:
        # An optional library that is not there is no fault of this clip: keep it out of the log.
        QLoggingCategory.setFilterRules("qt.multimedia.*=false")
        from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices

        device = QMediaDevices.defaultAudioOutput()
        form = QAudioFormat()
        form.setSampleRate(RATE_HZ)
        form.setChannelCount(2)
        form.setSampleFormat(QAudioFormat.SampleFormat.Float)
        if device.isNull() or not device.isFormatSupported(form):
            return None
        sink = QAudioSink(device, form, self)
        sink.setBufferSize(int(_BUFFER_S * RATE_HZ) * 8)
        return sink

    @Slot()
    def _pour(self) -> None:
        """Give the device as much as it can hold."""
        if self._sink is None or self._device is None or self._feed is None:
            return
        room = self._sink.bytesFree() // 8 * 8
        portion = self._feed.take(room) if room > 0 else b""
        if portion:
            self._device.write(portion)
