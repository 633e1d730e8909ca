"""Decode one video stream of an open container, packet by packet, and go on after damage. It knows no indices."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final, cast

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.media.open import MAX_PIXELS, AnyPath, media_errors, shown_path

THREADS: Final = min(os.cpu_count() or 1, 4)
# What one packet may raise without the stream being at its end.
_PACKET_ERRORS: Final = (av.error.FFmpegError, UnicodeError, AttributeError, IndexError, ValueError)
_NOT_THE_CLIP: Final = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.dependent


def video_stream(container: InputContainer) -> VideoStream | None:
    """Return the stream that is the clip: not a cover, more than one picture, default, then the largest."""

    def rank(stream: VideoStream) -> tuple[bool, bool, int, int]:
        context = stream.codec_context
        return (
            stream.frames != 1,
            bool(stream.disposition & Disposition.default),
            context.width * context.height,
            -stream.index,
        )

    usable = [s for s in container.streams.video if not s.disposition & _NOT_THE_CLIP and s.codec_context]
    return max(usable, key=rank, default=None)


def is_encrypted(stream: VideoStream) -> bool:
    """True if the sample entry says that the pictures are encrypted (ISO 23001-7)."""
    return stream.codec_context.codec_tag.lower() in ("encv", "drmi", "drms")


class Decoder:
    """Packets and frames of one video stream. `damage` counts what could not be read; nothing raises but MediaError.

    `fast` skips the deblocking filter: for counting frames, not for looking at them. `threads`: on damaged streams
    one thread gets more frames out, because an error in one of several threads takes their frames with it.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        path: AnyPath,
        *,
        fast: bool = False,
        threads: int = THREADS,
    ) -> None:
        self.container = container
        self.stream = stream
        self.path = path
        self.damage = 0
        context = stream.codec_context
        if context.codec is None or is_encrypted(stream):
            raise MediaError("the video is encrypted", where=shown_path(path), remedy="Use a copy without protection.")
        context.thread_count = threads
        context.thread_type = "AUTO" if threads > 1 else "NONE"
        context.options = {"max_pixels": str(MAX_PIXELS)}
        if fast:
            context.options["skip_loop_filter"] = "all"
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """Yield the packets of the stream, and the empty one at the end that flushes the decoder."""
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except _PACKET_ERRORS:
                # The demuxer is lost; what it has already handed over is still good, so flush the decoder.
                self.damage += 1
                yield cast("Packet[VideoStream]", Packet())
                return
            yield packet

    def frames(self) -> Iterator[VideoFrame]:
        """Yield the pictures in display order from where the container stands."""
        for packet in self.packets():
            yield from self._decode(packet)

    def _decode(self, packet: Packet[VideoStream]) -> list[VideoFrame]:
        if packet.size and packet.is_corrupt:
            self.damage += 1
        try:
            return self.stream.codec_context.decode(packet if packet.size else None)
        except _PACKET_ERRORS:
            self.damage += 1
            return []

    def seek(self, stamp: int) -> None:
        """Go to the key frame at or before `stamp` (ticks of the stream), or as near as the container can."""
        with media_errors(self.path):
            self.container.seek(stamp, stream=self.stream, backward=True)


def stamp_of(frame: VideoFrame) -> int | None:
    """Return what identifies a decoded frame within its stream: pts, or dts where the container knows no pts."""
    return frame.pts if frame.pts is not None else frame.dts
