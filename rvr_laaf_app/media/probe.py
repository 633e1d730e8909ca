"""What a media file is: frames and their times, size as displayed, orientation, colour, sound. It reads no pixels."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final, Literal

import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.media import stills
from rvr_laaf_app.media.decoding import Decoder, video_stream
from rvr_laaf_app.media.frame_index import FrameIndex, build_index
from rvr_laaf_app.media.open import MAX_SIDE, AnyPath, check_file, media_errors, open_media, shown_path
from rvr_laaf_app.media.picture import Picture, bits_of
from rvr_laaf_app.media.tags import ColourTags, Orientation, colour_of, has_alpha, orientation_of

Kind = Literal["video", "still", "audio"]
_MEBIBYTE: Final = 1 << 20
_WIDEST_PIXEL: Final = 16
_FASTEST_RATE: Final = 768_000
_MOST_CHANNELS: Final = 64


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """One sound stream. start_s counts from the first video frame (or from the file's start without video)."""

    stream_index: int
    codec: str
    rate: int
    channels: int
    layout: str
    start_s: float
    duration_s: float | None
    language: str | None = None
    default: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ClipInfo:
    """What `probe` found out. Frames come out of the reader as `display_size`, `transfer` and `primaries` say.

    table: None for sound without pictures. rotation_cw (0..359, clockwise) is done after `mirror` (left to right) to
    turn a stored picture upright. stamps [N] int64: what the decoder calls each frame, None if it cannot tell them
    apart and they must be counted. sound_start: without a table, where time 0 lies on the container's clock (s).
    damaged: parts could not be decoded; the frames are those that could.
    """

    path: str
    kind: Kind
    table: FrameTable | None
    display_size: tuple[int, int]
    coded_size: tuple[int, int]
    sample_aspect: Fraction
    rotation_cw: int
    mirror: bool
    color_range: str
    matrix: str
    transfer: str
    primaries: str
    bit_depth: int
    codec: str
    container: str
    interlaced: bool
    has_alpha: bool
    audio: tuple[AudioInfo, ...]
    warnings: tuple[str, ...]
    fingerprint: str
    stream_index: int = -1
    damaged: bool = False
    sound_start: Fraction = Fraction(0)
    stamps: NDArray[np.int64] | None = field(default=None, repr=False)
    picture: Picture | None = field(default=None, repr=False)

    @property
    def frames(self) -> int:
        """Number of frames that are shown; 0 for sound."""
        return 0 if self.table is None else len(self.table)

    @property
    def is_vfr(self) -> bool:
        """True if the frames are not evenly spaced in time."""
        return self.table is not None and self.table.is_vfr


def probe(path: AnyPath) -> ClipInfo:
    """Find out everything about a media file; raise MediaError if there is nothing in it that can be shown or heard."""
    check_file(path)
    if stills.is_still(path):
        return _probe_still(path)
    with open_media(path) as container:
        stream = video_stream(container)
        if stream is None:
            return _probe_sound(container, path)
        codec = stream.codec_context.codec.canonical_name
        first = _first_frame(container, stream, path)
        base = _base(container)
        metadata, aspect, index = dict(stream.metadata), stream.sample_aspect_ratio, stream.index
    frames = build_index(path, first.width * first.height)
    return _clip(path, codec, first, frames, base=base, metadata=metadata, aspect=aspect, stream_index=index)


def fingerprint(path: AnyPath) -> str:
    """Return a hash of the size and the first and last MiB of a file: to know a clip again after it was moved."""
    with media_errors(path), open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        state = hashlib.blake2b(str(size).encode(), digest_size=16)
        state.update(file.read(_MEBIBYTE))
        if size > _MEBIBYTE:
            file.seek(max(size - _MEBIBYTE, _MEBIBYTE))
            state.update(file.read(_MEBIBYTE))
    return state.hexdigest()


def as_json(info: ClipInfo) -> dict[str, Any]:
    """Return what `probe --json` prints: plain values only; times in seconds of the stream's own clock."""
    table = info.table
    start = 0.0 if table is None else float(int(table.pts[0]) * table.time_base)
    return {
        "path": info.path,
        "kind": info.kind,
        "frames": info.frames,
        "times_s": [] if table is None else [round(start + float(t), 6) for t in table.times_s],
        "duration_s": None if table is None else round(table.duration_s, 6),
        "vfr": info.is_vfr,
        "display_size": list(info.display_size),
        "coded_size": list(info.coded_size),
        "sample_aspect": f"{info.sample_aspect.numerator}:{info.sample_aspect.denominator}",
        "rotation_cw": info.rotation_cw,
        "mirror": info.mirror,
        "range": info.color_range,
        "matrix": info.matrix,
        "transfer": info.transfer,
        "primaries": info.primaries,
        "bit_depth": info.bit_depth,
        "codec": info.codec,
        "container": info.container,
        "interlaced": info.interlaced,
        "alpha": info.has_alpha,
        "audio": [
            {
                "index": a.stream_index,
                "codec": a.codec,
                "rate": a.rate,
                "channels": a.channels,
                "layout": a.layout,
                "start_s": round(a.start_s, 6),
                "duration_s": None if a.duration_s is None else round(a.duration_s, 6),
                "language": a.language,
            }
            for a in info.audio
        ],
        "warnings": list(info.warnings),
        "fingerprint": info.fingerprint,
    }


@dataclass(frozen=True, slots=True)
class _Base:
    """What the container says besides its video stream; sound starts in seconds of the container's clock."""

    container: str
    audio: tuple[AudioInfo, ...]
    duration_s: float | None = None


def _base(container: InputContainer) -> _Base:
    audio = tuple(_audio(s) for s in container.streams.audio if _is_sound(s))
    return _Base(container.format.name, audio, container.duration / 1e6 if container.duration else None)


def _early_end(base: _Base, table: FrameTable) -> tuple[str, ...]:
    """Say so if the pictures end long before the file does: it breaks off, or its sound is longer."""
    if base.duration_s is None or base.duration_s - table.duration_s < max(0.5, 0.05 * base.duration_s):
        return ()
    return (f"the pictures end after {table.duration_s:.2f} s, the file is said to last {base.duration_s:.2f} s",)


def _is_sound(stream: AudioStream) -> bool:
    """True if there is a decoder and its rate and channels are not absurd."""
    context = getattr(stream, "codec_context", None)
    return bool(context and 0 < context.sample_rate <= _FASTEST_RATE and 0 < context.channels <= _MOST_CHANNELS)


def _audio(stream: AudioStream) -> AudioInfo:
    base = stream.time_base or Fraction(1, 1)
    return AudioInfo(
        stream.index,
        stream.codec_context.codec.canonical_name,
        stream.codec_context.sample_rate,
        stream.codec_context.channels,
        stream.codec_context.layout.name,
        float((stream.start_time or 0) * base),
        float(stream.duration * base) if stream.duration else None,
        stream.language,
        bool(stream.disposition & 1),
    )


def _first_frame(container: InputContainer, stream: VideoStream, path: AnyPath) -> VideoFrame:
    first = next(Decoder(container, stream, path).frames(), None)
    if first is None or first.width < 1 or first.height < 1:
        raise MediaError(
            "no frame of the video can be decoded", where=shown_path(path), remedy="It may be damaged or encrypted."
        )
    return first


def _clip(
    path: AnyPath,
    codec: str,
    first: VideoFrame,
    index: FrameIndex,
    *,
    base: _Base,
    metadata: dict[str, str],
    aspect: Fraction | None,
    stream_index: int,
) -> ClipInfo:
    colour, turn = colour_of(first, codec), orientation_of(first)
    pixel, aspect_warning = _pixel_shape(aspect, first)
    table = index.table
    start_s = float(int(table.pts[0]) * table.time_base)
    picture = _picture(first, codec, colour, turn, pixel)
    notes = (*colour.warnings, *turn.warnings, *aspect_warning, *index.warnings, *_early_end(base, table))
    if first.interlaced_frame:
        notes = (*notes, "interlaced; its fields are shown woven together")
    return ClipInfo(
        path=os.fsdecode(os.fspath(path)),
        kind="video",
        table=table,
        display_size=picture.size,
        coded_size=(first.width, first.height),
        sample_aspect=pixel,
        rotation_cw=turn.rotation_cw,
        mirror=turn.mirror,
        color_range="full" if colour.full_range else "limited",
        matrix=colour.matrix,
        transfer=colour.transfer,
        primaries=colour.primaries,
        bit_depth=bits_of(first),
        codec=codec,
        container=base.container,
        interlaced=bool(first.interlaced_frame),
        has_alpha=has_alpha(first, metadata),
        audio=tuple(_shifted(a, start_s) for a in base.audio),
        warnings=notes,
        fingerprint=fingerprint(path),
        stream_index=stream_index,
        damaged=index.damaged,
        stamps=index.stamps if index.stamped else None,
        picture=picture,
    )


def _shifted(audio: AudioInfo, start_s: float) -> AudioInfo:
    return replace(audio, start_s=audio.start_s - start_s)


def _pixel_shape(aspect: Fraction | None, frame: VideoFrame) -> tuple[Fraction, tuple[str, ...]]:
    """Return the sample aspect ratio, 1 where it is missing or absurd."""
    if not aspect or aspect <= 0:
        return Fraction(1), ()
    if not Fraction(1, _WIDEST_PIXEL) <= aspect <= _WIDEST_PIXEL or frame.width * aspect > MAX_SIDE:
        return Fraction(1), (f"the pixel aspect ratio {aspect} makes no sense; pixels are taken as square",)
    return Fraction(aspect), ()


def _picture(frame: VideoFrame, codec: str, colour: ColourTags, turn: Orientation, pixel: Fraction) -> Picture:
    size = max(1, round(frame.width * pixel)), frame.height
    centred = codec in ("mjpeg", "mpeg1video", "vp8")
    return Picture(
        size=(size[1], size[0]) if turn.quarter_turns % 2 else size,
        matrix=colour.matrix,
        full_range=colour.full_range,
        quarter_turns=turn.quarter_turns,
        mirror=turn.mirror,
        tilt_deg=turn.tilt_deg,
        cosited=(not centred, colour.matrix == "bt2020"),
    )


def _probe_sound(container: InputContainer, path: AnyPath) -> ClipInfo:
    base = _base(container)
    if not base.audio:
        raise MediaError(
            "the file has neither pictures nor sound", where=shown_path(path), remedy="Choose another file."
        )
    start_s = min(a.start_s for a in base.audio)
    return ClipInfo(
        path=os.fsdecode(os.fspath(path)),
        kind="audio",
        table=None,
        display_size=(0, 0),
        coded_size=(0, 0),
        sample_aspect=Fraction(1),
        rotation_cw=0,
        mirror=False,
        color_range="",
        matrix="",
        transfer="",
        primaries="",
        bit_depth=0,
        codec="",
        container=base.container,
        interlaced=False,
        has_alpha=False,
        audio=tuple(_shifted(a, start_s) for a in base.audio),
        warnings=(),
        fingerprint=fingerprint(path),
        sound_start=Fraction(start_s),
    )


def _probe_still(path: AnyPath) -> ClipInfo:
    head = stills.read_header(path)
    return ClipInfo(
        path=os.fsdecode(os.fspath(path)),
        kind="still",
        table=FrameTable(np.zeros(1, np.int64), Fraction(1, 25)),
        display_size=head.display_size,
        coded_size=head.size,
        sample_aspect=Fraction(1),
        rotation_cw=head.turn.rotation_cw,
        mirror=head.turn.mirror,
        color_range="full",
        matrix=head.matrix,
        transfer=head.transfer,
        primaries="bt709",
        bit_depth=head.bit_depth,
        codec=head.format,
        container=head.format,
        interlaced=False,
        has_alpha=head.has_alpha,
        audio=(),
        warnings=head.warnings,
        fingerprint=fingerprint(path),
    )
