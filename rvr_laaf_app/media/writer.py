"""Write the refocused frames of a clip as a video that is like the clip: same times, size, colour tags, turn and sound.

Frames come upright and in square pixels, as the reader gave them. The file gets them turned back, with the display
matrix of the source, so a portrait clip of a phone stays what it was; a tilt that is no quarter turn, and pixels that
are not square, are written as displayed. The clock starts at zero with the earliest stream; distances in time between
all frames and sounds are kept exactly, except in .mkv, whose ticks are milliseconds.

Everything goes into a temporary file beside the final name. Only a file that was closed without error, opened again and
found to hold every frame at its time is renamed. Whatever happens before leaves the final name as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
import numpy as np
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from rvr_laaf_app.core.atomic import discard, publish, remove_leftovers, temporary_beside
from rvr_laaf_app.core.errors import ExportError, MediaError
from rvr_laaf_app.media.decoding import Decoder
from rvr_laaf_app.media.disk_space import LIBRARY_ERRORS, check_space, check_target, export_errors
from rvr_laaf_app.media.encoders import (
    FRAME_CODECS,
    ExportSettings,
    SourceTags,
    VideoEncoding,
    check_size,
    container_of,
    default_settings,
    estimated_bytes,
    video_encoding,
)
from rvr_laaf_app.media.frame_sequence import FrameWriter, existing_frames, room_for
from rvr_laaf_app.media.hdr_metadata import HdrMetadata, hdr_metadata_of
from rvr_laaf_app.media.mux_audio import AudioMux
from rvr_laaf_app.media.open import open_media
from rvr_laaf_app.media.orientation import display_matrix, turned_back
from rvr_laaf_app.media.output_times import OutputTimes
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.media.verify import verify_steps
from rvr_laaf_app.media.yuv import yuv_frame

Rgb = NDArray[np.uint8] | NDArray[np.uint16]

_MATROSKA_TICK_S: Final = Fraction(1, 1000)
_KEPT_METADATA: Final = ("title", "artist", "comment", "description", "creation_time")


class ClipWriter:
    """Encode frames [start, stop) of a clip into `path`; use it in a `with` block.

    `write` takes the frames in order, each once. Leaving the block without an exception finishes the file (see
    `finish`); leaving it with one, or with frames missing, deletes what was written. Sound is copied packet by packet
    where nothing is cut and the container can hold it, else encoded anew.
    """

    def __init__(
        self,
        path: Path | str,
        info: ClipInfo,
        settings: ExportSettings | None = None,
        *,
        start: int = 0,
        stop: int | None = None,
    ) -> None:
        self.path = Path(path).absolute()
        self.info = info
        self.settings = settings or ExportSettings()
        self._container_name = container_of(self.path, self.settings.codec)
        check_target(self.path, info.path)
        self._times = OutputTimes.of(info, start, info.frames if stop is None else stop)
        self.estimated_bytes = estimated_bytes(info, self.settings, len(self._times))
        check_space(self.path, self.estimated_bytes)
        self._part = temporary_beside(self.path)
        self._written = 0
        self._container: OutputContainer | None = None
        self._audio: AudioMux | None = None
        self._audio_ends_s: list[float] = []
        self._done = False
        remove_leftovers(self.path)
        try:
            self._open()
        except BaseException:
            self.abort()
            raise

    @property
    def frames(self) -> int:
        """How many frames the file must get."""
        return len(self._times)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and not self._done:
            self.finish()
        else:
            self.abort()

    def write(self, rgb: Rgb, source_index: int) -> None:
        """Encode the next frame: RGB [H, W, 3] upright at display size, uint8 or full-range uint16.

        Raises ExportError if it cannot be stored, ValueError if it is not the frame that comes next.
        """
        if self._container is None or source_index != self._times.start + self._written:
            raise ValueError(f"frame {source_index} does not come next")
        if rgb.shape != (self.info.display_size[1], self.info.display_size[0], 3):
            raise ValueError(f"the clip's frames are {self.info.display_size}, this one has shape {rgb.shape}")
        encoding = self._encoding
        coded = turned_back(rgb, self._quarter_turns, mirror=self._mirror)
        with self._errors():
            frame = yuv_frame(coded, encoding.pix_fmt, matrix=encoding.matrix, full_range=encoding.full_range)
            frame.pts = self._times.pts[self._written]
            frame.time_base = self._times.time_base
            _tag(frame, encoding)
            if self._written == len(self._times) - 1:
                # Last in time and last in the file, so that its duration is the one that the container keeps.
                frame.pict_type = PictureType.I
            self._mux(self._stream.encode(frame))
            self._written += 1
            if self._audio is not None:
                self._audio.advance(self._times.seconds(self._written - 1))

    def finish(self) -> None:
        """Flush, close, check the file by decoding it, and give it its name; raise ExportError if anything is wrong."""
        for _ in self.finishing():
            pass

    def finishing(self) -> Iterator[tuple[int, int]]:
        """Do what `finish` does in small steps; yields (frames checked, frames in all). Stopping early aborts."""
        try:
            if self._written != len(self._times):
                raise ExportError(f"only {self._written} of {len(self._times)} frames were written", where=self.path)
            with self._errors():
                self._close()
            yield from self._checked()
            with self._errors():
                publish(self._part, self.path)
            self._done = True
        finally:
            self.abort()

    def abort(self) -> None:
        """Close and delete what was written; a finished file stays. Never raises for what the disk says."""
        self._done = True
        if self._audio is not None:
            self._audio.close()
            self._audio = None
        container, self._container = self._container, None
        if container is not None:
            with suppress(*LIBRARY_ERRORS):  # the file is thrown away: that it cannot be completed does not matter
                container.close()
        discard(self._part)

    def _errors(self) -> AbstractContextManager[None]:
        return export_errors(self.path, estimated_bytes=self.estimated_bytes, part=self._part)

    def _open(self) -> None:
        info = self.info
        (width, height), self._quarter_turns, self._mirror = _coded(info)
        tags, metadata = _source_notes(info)
        self._encoding = video_encoding(info, self.settings, tags=tags, size=(width, height), frames=self.frames)
        with self._errors():
            options = {"movflags": "+faststart"} if self._container_name in ("mp4", "mov") else {}
            self._container = av.open(f"file:{self._part}", "w", format=self._container_name, options=options)
            self._container.metadata.update(metadata)
            self._stream = _video_stream(self._container, self._encoding, (width, height), self._times)
            if self._quarter_turns or self._mirror:
                self._stream.set_display_matrix(
                    display_matrix(self._quarter_turns, mirror=self._mirror, size=(width, height))
                )
            if info.audio and self.settings.audio != "none":
                self._audio = AudioMux(
                    self._container, info, self._times, policy=self.settings.audio, codec=self.settings.codec
                )

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        assert self._container is not None
        for packet in packets:
            if packet.pts is not None and packet.time_base == self._times.time_base:
                packet.duration = self._times.duration_ticks(packet.pts)
            self._container.mux_one(packet)

    def _close(self) -> None:
        assert self._container is not None
        self._mux(self._stream.encode(None))
        if self._audio is not None:
            self._audio_ends_s = self._audio.finish()
        container, self._container = self._container, None
        container.close()

    def _checked(self) -> Iterator[tuple[int, int]]:
        tolerance = _MATROSKA_TICK_S if self._container_name == "matroska" else Fraction(1, 1_000_000)
        times, ends = self._times.all_seconds, self._audio_ends_s
        try:
            yield from verify_steps(self._part, times, tolerance_s=tolerance, audio_ends_s=ends)
        except MediaError as error:
            raise ExportError(f"the written file is not readable: {error.what}", where=self.path) from error


def open_writer(
    path: Path | str, info: ClipInfo, settings: ExportSettings | None = None, *, start: int = 0, stop: int | None = None
) -> ClipWriter | FrameWriter:
    """Return the writer for these settings (None = as the name suggests): a video file or numbered pictures."""
    settings = settings or default_settings(Path(path), info)
    kind = FrameWriter if settings.codec in FRAME_CODECS else ClipWriter
    return kind(path, info, settings, start=start, stop=stop)


def check_output(
    path: Path | str, info: ClipInfo, settings: ExportSettings, *, start: int, stop: int, overwrite: bool = False
) -> None:
    """Raise now what `open_writer` would raise: names, folders, sizes, space; ExportError also for existing results."""
    final = Path(path).absolute()
    if settings.codec in FRAME_CODECS:
        existing = existing_frames(final, info, settings.codec, start=start, stop=stop)
    else:
        container_of(final, settings.codec)
        check_target(final, info.path)
        check_size(settings.codec, _coded(info)[0])
        existing = final if final.exists() else None
    if existing is not None and not overwrite:
        raise ExportError(
            "the output exists already", where=existing, remedy="Choose another name or allow overwriting."
        )
    check_space(room_for(final), estimated_bytes(info, settings, stop - start))


def _coded(info: ClipInfo) -> tuple[tuple[int, int], int, bool]:
    """Return the size (width, height) of the encoded pictures, and how a player turns and mirrors them."""
    picture = info.picture
    if picture is None or picture.tilt_deg:
        return info.display_size, 0, False
    size = info.display_size if picture.quarter_turns % 2 == 0 else info.display_size[::-1]
    return size, picture.quarter_turns, picture.mirror


def _source_notes(info: ClipInfo) -> tuple[SourceTags, dict[str, str]]:
    """Return the colour tags of the source's stream as they are, and the metadata that an export keeps."""
    if info.kind != "video":
        return SourceTags(), {}
    with open_media(info.path) as container:
        stream = container.streams[info.stream_index]
        context = stream.codec_context
        tags = SourceTags()
        if isinstance(stream, VideoStream) and isinstance(context, VideoCodecContext):
            tags = SourceTags(
                int(context.colorspace),
                int(context.color_trc),
                int(context.color_primaries),
                _hdr(info, container, stream),
            )
        return tags, {key: value for key, value in container.metadata.items() if key in _KEPT_METADATA}


def _hdr(info: ClipInfo, container: InputContainer, stream: VideoStream) -> HdrMetadata:
    if info.transfer not in ("hlg", "pq"):
        return HdrMetadata()
    first = next(Decoder(container, stream, info.path).frames(), None)
    return HdrMetadata() if first is None else hdr_metadata_of(first)


def _tag(frame: VideoFrame, encoding: VideoEncoding) -> None:
    """Name the colours on the frame as well: ProRes takes them from here, not from the stream."""
    frame.color_range = 2 if encoding.full_range else 1
    frame.colorspace = encoding.matrix_tag
    frame.color_trc = encoding.transfer_tag
    frame.color_primaries = encoding.primaries_tag


def _video_stream(
    container: OutputContainer, encoding: VideoEncoding, size: tuple[int, int], times: OutputTimes
) -> VideoStream:
    stream = container.add_stream(encoding.encoder, rate=times.average_rate, options=dict(encoding.options))
    if not isinstance(stream, VideoStream):
        raise ValueError(f"{encoding.encoder} is not a video encoder")
    stream.width, stream.height = size
    stream.pix_fmt = encoding.pix_fmt
    stream.time_base = times.time_base
    context = stream.codec_context
    context.time_base = times.time_base
    context.sample_aspect_ratio = Fraction(1)
    context.color_range = 2 if encoding.full_range else 1
    context.colorspace = encoding.matrix_tag
    context.color_trc = encoding.transfer_tag
    context.color_primaries = encoding.primaries_tag
    if encoding.codec_tag and container.format.name != "matroska":
        context.codec_tag = encoding.codec_tag
    return stream
