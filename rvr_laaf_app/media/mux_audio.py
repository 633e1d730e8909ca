"""Sound of an export: copied packet by packet where nothing is cut and the file can hold it, else encoded anew.

Each stream of the clip becomes one stream of the result, encoded in one go, so there are no joins. Packets are handed
to the muxer as the pictures advance; nothing is collected in memory. It decides nothing about pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from typing import Final, Protocol

import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Discard, Stream

from rvr_laaf_app.core.errors import ExportError
from rvr_laaf_app.media.audio import audio_blocks
from rvr_laaf_app.media.encoders import AudioPolicy, Codec
from rvr_laaf_app.media.open import media_errors, open_media
from rvr_laaf_app.media.output_times import OutputTimes
from rvr_laaf_app.media.probe import AudioInfo, ClipInfo

# What a container can hold and usual players understand. PCM in .mp4 exists on paper only.
_COMPRESSED: Final = frozenset(("aac", "mp3", "mp2", "ac3", "eac3", "alac"))
_PCM_MOV: Final = frozenset(
    f"pcm_{kind}" for kind in ("s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "f32le", "f32be", "u8", "mulaw")
)
_PCM_MKV: Final = frozenset(f"pcm_{kind}" for kind in ("u8", "s16le", "s16be", "s24le", "s32le", "f32le"))
_COPIES: Final = {
    "mp4": _COMPRESSED | {"opus", "flac"},
    "mov": _COMPRESSED | _PCM_MOV,
    "matroska": _COMPRESSED | _PCM_MKV | {"opus", "vorbis", "flac", "dts", "truehd"},
}
_AAC_RATES: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_AAC_BITS_PER_CHANNEL: Final = 96_000
_USUAL_LAYOUTS: Final = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_BLOCK: Final = 1 << 13
_PACKET_ERRORS: Final = (av.error.FFmpegError, UnicodeError, AttributeError, IndexError, ValueError)


class _Track(Protocol):
    end_s: float

    def advance(self, seconds: Fraction | None) -> None: ...


def can_copy(codec: str, container: str) -> bool:
    """Tell whether packets of this sound codec may go into this container (FFmpeg's names) as they are."""
    return codec in _COPIES[container]


class AudioMux:
    """All sound streams of an export. `advance` before the muxer needs them, `finish` once, `close` always."""

    def __init__(
        self, container: OutputContainer, info: ClipInfo, times: OutputTimes, *, policy: AudioPolicy, codec: Codec
    ) -> None:
        self._open_sources = ExitStack()
        name = container.format.name
        self._encoded: list[_EncodedTrack] = []
        copied: dict[int, AudioStream] = {}
        self._order: list[tuple[bool, int]] = []
        for number, audio in enumerate(info.audio):
            if policy == "auto" and not times.cut and can_copy(audio.codec, name):
                self._order.append((True, audio.stream_index))
                copied[audio.stream_index] = _copy_stream(container, info, audio)
            else:
                self._order.append((False, len(self._encoded)))
                self._encoded.append(
                    _EncodedTrack(container, info, number, times, lossless=codec in ("prores", "dnxhr"))
                )
        self._copied = _CopiedTracks(container, info, copied, times, self._open_sources) if copied else None

    def advance(self, seconds: Fraction | None) -> None:
        """Mux the sound up to this time of the result; None = all that is left."""
        if self._copied is not None:
            self._copied.advance(seconds)
        for track in self._encoded:
            track.advance(seconds)

    def finish(self) -> list[float]:
        """Mux all that is left; return where each stream ends, in seconds of the result."""
        self.advance(None)
        ends = self._copied.ends_s if self._copied is not None else {}
        return [ends.get(which, 0.0) if copied else self._encoded[which].end_s for copied, which in self._order]

    def close(self) -> None:
        """Close the files that sound was read from."""
        for track in self._encoded:
            track.close()
        self._open_sources.close()


def _copy_stream(container: OutputContainer, info: ClipInfo, audio: AudioInfo) -> AudioStream:
    with open_media(info.path) as source:
        template = source.streams[audio.stream_index]
        if not isinstance(template, AudioStream):
            raise ExportError("the sound of the clip is not what it was when it was opened", where=info.path)
        stream = container.add_stream_from_template(template)
        _label(stream, audio)
        return stream


def _label(stream: AudioStream, audio: AudioInfo) -> None:
    if audio.language:
        stream.metadata["language"] = audio.language


class _CopiedTracks:
    """Packets of the streams that are copied, read in the order of the file."""

    def __init__(
        self,
        container: OutputContainer,
        info: ClipInfo,
        streams: dict[int, AudioStream],
        times: OutputTimes,
        open_sources: ExitStack,
    ) -> None:
        self.ends_s: dict[int, float] = {}
        self._container = container
        self._streams = streams
        self._zero_s = times.zero_s
        self._path = info.path
        source = open_sources.enter_context(open_media(info.path))
        for stream in source.streams:
            if stream.index not in streams:
                stream.discard = Discard.all
        self._packets = self._wanted(source.demux([source.streams[index] for index in streams]))
        self._waiting: Packet[Stream] | None = next(self._packets, None)

    def advance(self, seconds: Fraction | None) -> None:
        while (packet := self._waiting) is not None and packet.pts is not None:
            begins = packet.pts * packet.time_base - self._zero_s
            if seconds is not None and begins > seconds:
                return
            index = packet.stream_index
            self._mux(packet, index)
            self._waiting = next(self._packets, None)

    def _mux(self, packet: Packet[Stream], index: int) -> None:
        shift = round(self._zero_s / packet.time_base)
        assert packet.pts is not None
        packet.pts -= shift
        packet.dts = packet.pts if packet.dts is None else packet.dts - shift
        end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
        self.ends_s[index] = max(self.ends_s.get(index, 0.0), end)
        packet.stream = self._streams[index]
        self._container.mux_one(packet)

    def _wanted(self, packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
        while True:
            try:
                with media_errors(self._path):
                    packet = next(packets)
            except StopIteration:
                return
            if packet.size and packet.pts is not None:
                yield packet


class _EncodedTrack:
    """One stream that is decoded, aligned to the sample, and encoded anew."""

    def __init__(
        self, container: OutputContainer, info: ClipInfo, number: int, times: OutputTimes, *, lossless: bool
    ) -> None:
        audio = info.audio[number]
        self.end_s = 0.0
        self._container = container
        self._rate = _rate(audio.rate, lossless=lossless)
        self._stream, self._channels = _encoder(container, audio, self._rate, lossless=lossless)
        _label(self._stream, audio)
        table = info.table
        clip_zero_s = int(table.pts[0]) * table.time_base if table is not None else Fraction(0)
        begin_s = times.zero_s - clip_zero_s
        self._blocks = audio_blocks(
            info,
            number,
            rate=self._rate,
            start_s=float(begin_s),
            stop_s=float(begin_s + times.end_s) if times.cut else None,
            block=_BLOCK,
        )
        self._done_samples = 0
        self._finished = False

    def advance(self, seconds: Fraction | None) -> None:
        while not self._finished and (seconds is None or self._done_samples <= seconds * self._rate):
            samples = next(self._blocks, None)
            if samples is None:
                self._finished = True
                self._mux(self._stream.encode(None) if self._done_samples else [])
                return
            mixed = _mixed(samples, self._channels)
            frame = AudioFrame.from_ndarray(
                np.ascontiguousarray(mixed.reshape(1, -1)), "flt", _USUAL_LAYOUTS[self._channels]
            )
            frame.sample_rate = self._rate
            frame.time_base = Fraction(1, self._rate)
            frame.pts = self._done_samples
            self._done_samples += len(samples)
            self._mux(self._stream.encode(frame))

    def close(self) -> None:
        close = getattr(self._blocks, "close", None)
        if close is not None:
            close()

    def _mux(self, packets: list[Packet[AudioStream]]) -> None:
        for packet in packets:
            self._container.mux_one(packet)
        self.end_s = self._done_samples / self._rate


def _rate(rate: int, *, lossless: bool) -> int:
    if lossless or rate in _AAC_RATES:
        return rate
    return 48000 if rate > _AAC_RATES[-1] else min(_AAC_RATES, key=lambda usual: (usual < rate, abs(usual - rate)))


def _encoder(container: OutputContainer, audio: AudioInfo, rate: int, *, lossless: bool) -> tuple[AudioStream, int]:
    """Open AAC, or PCM for editing formats; more channels than a usual layout has are mixed to stereo."""
    channels = audio.channels if audio.channels in _USUAL_LAYOUTS else 2
    codec = "aac" if not lossless else "pcm_s16le" if audio.codec in _SIXTEEN_BIT else "pcm_s24le"
    if codec == "aac" and channels == 3:
        channels = 2
    stream = container.add_stream(codec, rate=rate)
    if not isinstance(stream, AudioStream):
        raise ExportError(f"the sound encoder {codec} is missing")
    stream.codec_context.layout = AudioLayout(_USUAL_LAYOUTS[channels])
    stream.codec_context.time_base = Fraction(1, rate)
    if codec == "aac":
        stream.bit_rate = _AAC_BITS_PER_CHANNEL * channels
    else:
        stream.codec_context.format = "s16" if codec == "pcm_s16le" else "s32"
    return stream, channels


_SIXTEEN_BIT: Final = frozenset(
    ("pcm_s16le", "pcm_s16be", "pcm_u8", "pcm_s8", "pcm_mulaw", "pcm_alaw", "adpcm_ima_wav")
)


def _mixed(
    samples: np.ndarray[tuple[int, int], np.dtype[np.float32]], channels: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Fit [n, c] samples to this number of channels: all are averaged into each where they differ."""
    if samples.shape[1] == channels:
        return samples
    mean = samples.mean(axis=1, keepdims=True, dtype=np.float32)
    return np.repeat(mean, channels, axis=1)
