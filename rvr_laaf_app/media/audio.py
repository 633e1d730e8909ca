"""Sound of a clip as float samples on the clip's own clock: time 0 is the first video frame. It writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av.error
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import MediaError, UsageError
from rvr_laaf_app.media.open import media_errors, open_media
from rvr_laaf_app.media.probe import AudioInfo, ClipInfo

Samples = NDArray[np.float32]
BLOCK: Final = 1 << 16
_PREROLL_S: Final = 0.25  # decoded before a cut, so that codecs with memory have settled
_ROUNDING_S: Final = 0.010  # gaps and overlaps of time stamps below this are rounding, not silence
_LONGEST_GAP_S: Final = 3600.0
_LARGEST_WHOLE: Final = 1 << 31  # bytes that read_audio may return
_PACKET_ERRORS: Final = (av.error.FFmpegError, UnicodeError, AttributeError, IndexError, ValueError)
# Full scale of the integer sample formats.
_FULL_SCALE: Final = {"u8": 1 << 7, "s16": 1 << 15, "s32": 1 << 31, "s64": 1 << 63}


def read_audio(
    info: ClipInfo, stream: int = 0, *, rate: int | None = None, start_s: float = 0.0, stop_s: float | None = None
) -> tuple[Samples, int]:
    """Return ([n, channels] float32, sample rate) between two moments of the clip; silence where there is no sound.

    stream: which of info.audio. rate: resample to it (soxr, high quality). stop_s None = the end of the sound.
    Raises MediaError if there is no such stream or the sound is too long to be held whole (use `audio_blocks`).
    """
    audio = _stream_info(info, stream)
    parts, size = [], 0
    for part in audio_blocks(info, stream, rate=rate, start_s=start_s, stop_s=stop_s):
        parts.append(part)
        size += part.nbytes
        if size > _LARGEST_WHOLE:
            raise MediaError("the sound is too long to be read in one piece", where=info.path)
    whole = np.concatenate(parts) if parts else np.zeros((0, audio.channels), np.float32)
    return whole, rate or audio.rate


def audio_blocks(
    info: ClipInfo,
    stream: int = 0,
    *,
    rate: int | None = None,
    start_s: float = 0.0,
    stop_s: float | None = None,
    block: int = BLOCK,
) -> Iterator[Samples]:
    """Yield the same sound as `read_audio` in blocks of `block` samples (the last one is shorter)."""
    audio = _stream_info(info, stream)
    if stop_s is not None and stop_s < start_s:
        raise UsageError("the sound's end lies before its start")
    source = _aligned(info, audio, start_s, stop_s)
    if rate is not None and rate != audio.rate:
        source = _resampled(source, audio, rate)
        if stop_s is not None:
            source = _exactly(source, round((stop_s - start_s) * rate), audio.channels)
    yield from _reblocked(source, block)


def _stream_info(info: ClipInfo, stream: int) -> AudioInfo:
    if not 0 <= stream < len(info.audio):
        raise MediaError(f"the clip has no sound stream {stream}", where=info.path)
    return info.audio[stream]


def _aligned(info: ClipInfo, audio: AudioInfo, start_s: float, stop_s: float | None) -> Iterator[Samples]:
    """Yield samples from start_s on without a hole: silence before a late start and in gaps, overlaps cut."""
    at = round(start_s * audio.rate)  # the sample of the clip's clock that comes next
    stop = None if stop_s is None else round(stop_s * audio.rate)
    started = False
    for place, samples in _placed(info, audio, start_s):
        if (started and abs(place - at) <= _ROUNDING_S * audio.rate) or place - at > _LONGEST_GAP_S * audio.rate:
            place = at
        if place > at:
            missing = (place if stop is None else min(place, stop)) - at
            yield from _silence(missing, audio.channels)
            at += max(missing, 0)
        samples = samples[max(at - place, 0) :]
        if stop is not None:
            samples = samples[: max(stop - at, 0)]
        if len(samples):
            started = True
            at += len(samples)
            yield samples
        if stop is not None and at >= stop:
            return
    if stop is not None:
        yield from _silence(stop - at, audio.channels)


def _silence(samples: int, channels: int) -> Iterator[Samples]:
    while samples > 0:
        part = min(samples, BLOCK)
        yield np.zeros((part, channels), np.float32)
        samples -= part


def _placed(info: ClipInfo, audio: AudioInfo, start_s: float) -> Iterator[tuple[int, Samples]]:
    """Yield decoded samples and the sample of the clip's clock that they begin at, from a little before start_s."""
    with open_media(info.path) as container:
        stream = next((s for s in container.streams.audio if s.index == audio.stream_index), None)
        if stream is None:
            raise MediaError("the sound stream is gone; the file has changed", where=info.path)
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        frames = _frames(container, stream, info, start_s)
        expected: int | None = None
        for frame in frames:
            seconds = _seconds(frame, info, stream)
            place = expected if seconds is None else round(seconds * audio.rate)
            samples = _as_float(frame, audio)
            place = 0 if place is None else place
            expected = place + len(samples)
            yield place, samples


def _frames(container: InputContainer, stream: AudioStream, info: ClipInfo, start_s: float) -> Iterator[AudioFrame]:
    """Yield decoded frames from before start_s; from the file's start if the container cannot seek there."""
    if start_s > _PREROLL_S and stream.time_base:
        wanted = start_s - _PREROLL_S + float(_clock_start(info))
        try:
            container.seek(int(wanted / stream.time_base), stream=stream, backward=True)
        except av.error.FFmpegError:
            pass
        else:
            frames = _decoded(container, stream)
            first = next(frames, None)
            if first is not None and _begins_before(first, start_s, info, stream):
                yield first
                yield from frames
                return
        with media_errors(info.path):
            container.seek(min(stream.start_time or 0, 0), stream=stream, backward=True)
    yield from _decoded(container, stream)


def _decoded(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
            yield from stream.codec_context.decode(packet if packet.size else None)
        except StopIteration:
            return
        except EOFError:
            return
        except _PACKET_ERRORS:
            continue


def _clock_start(info: ClipInfo) -> Fraction:
    """Return where time 0 of the clip lies on the container's clock, in seconds."""
    if info.table is not None:
        return int(info.table.pts[0]) * info.table.time_base
    return info.sound_start


def _seconds(frame: AudioFrame, info: ClipInfo, stream: AudioStream) -> float | None:
    """Return when a decoded frame begins on the clip's clock."""
    base = frame.time_base or stream.time_base
    return None if frame.pts is None or base is None else float(frame.pts * base - _clock_start(info))


def _begins_before(frame: AudioFrame, moment_s: float, info: ClipInfo, stream: AudioStream) -> bool:
    seconds = _seconds(frame, info, stream)
    return seconds is not None and seconds <= moment_s


def _as_float(frame: AudioFrame, audio: AudioInfo) -> Samples:
    """Return [n, channels] float32 in -1..1 at the stream's rate, whatever the sample format."""
    raw = frame.to_ndarray()
    channels = frame.layout.nb_channels
    samples = raw.T if frame.format.is_planar else raw.reshape(-1, channels)
    kind = frame.format.packed.name if frame.format.is_planar else frame.format.name
    if kind in _FULL_SCALE:
        scale = _FULL_SCALE[kind]
        samples = (samples.astype(np.float64) - (scale if kind == "u8" else 0)) / scale
    whole = np.ascontiguousarray(samples, np.float32)
    if channels != audio.channels:
        whole = _with_channels(whole, audio.channels)
    if frame.sample_rate != audio.rate:
        whole = soxr.resample(whole, frame.sample_rate, audio.rate)
    return np.nan_to_num(whole, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)


def _with_channels(samples: Samples, channels: int) -> Samples:
    """Fit a passage with another number of channels: mono is spread, else channels are dropped or left silent."""
    if samples.shape[1] == 1:
        return np.repeat(samples, channels, axis=1)
    fitted = np.zeros((len(samples), channels), np.float32)
    shared = min(channels, samples.shape[1])
    fitted[:, :shared] = samples[:, :shared]
    return fitted


def _resampled(source: Iterator[Samples], audio: AudioInfo, rate: int) -> Iterator[Samples]:
    stream = soxr.ResampleStream(audio.rate, rate, audio.channels, dtype="float32", quality="HQ")
    for samples in source:
        yield stream.resample_chunk(samples).reshape(-1, audio.channels)
    yield stream.resample_chunk(np.zeros((0, audio.channels), np.float32), last=True).reshape(-1, audio.channels)


def _exactly(source: Iterator[Samples], length: int, channels: int) -> Iterator[Samples]:
    for samples in source:
        yield samples[:length]
        length -= min(len(samples), length)
    yield from _silence(length, channels)


def _reblocked(source: Iterator[Samples], block: int) -> Iterator[Samples]:
    waiting: list[Samples] = []
    size = 0
    for samples in source:
        waiting.append(samples)
        size += len(samples)
        while size >= block:
            whole = np.concatenate(waiting)
            yield whole[:block]
            waiting, size = [whole[block:]], size - block
    if size:
        yield np.concatenate(waiting)
