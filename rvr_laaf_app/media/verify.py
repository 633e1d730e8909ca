"""Looking at a finished export with fresh eyes.

An encoder that reported no error is no proof: the file is opened again, every frame is decoded and counted, and the
times are compared with those that were asked for, before the file gets its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from av.stream import Discard

from rvr_laaf_app.core.errors import ExportError
from rvr_laaf_app.media.decoding import Decoder, video_stream
from rvr_laaf_app.media.open import media_errors, open_media

_SOUND_TOLERANCE_S = 0.25
_STEP_FRAMES = 8  # frames between two reports of progress
_REMEDY = "Export again; if it happens again, choose another codec or folder."


def verify_export(
    path: Path, times: Sequence[Fraction], *, tolerance_s: Fraction, audio_ends_s: Sequence[float] = ()
) -> None:
    """Raise ExportError unless the file at `path` is whole.

    times: when each frame must begin, in seconds from the first one, within tolerance_s. audio_ends_s: where each sound
    stream must end, in seconds of the file. Every frame is decoded.
    """
    for _ in verify_steps(path, times, tolerance_s=tolerance_s, audio_ends_s=audio_ends_s):
        pass


def verify_steps(
    path: Path, times: Sequence[Fraction], *, tolerance_s: Fraction, audio_ends_s: Sequence[float] = ()
) -> Iterator[tuple[int, int]]:
    """Do what `verify_export` does in small steps; yields (frames checked, frames in all) now and then."""
    _check_sound(path, audio_ends_s)
    count = 0
    with media_errors(path, "decode"), open_media(path) as container:
        stream = video_stream(container)
        if stream is None:
            raise ExportError("the written file has no pictures", where=path, remedy=_REMEDY)
        base = stream.time_base or Fraction(1)
        decoder = Decoder(container, stream, path, fast=True)
        first: Fraction | None = None
        for frame in decoder.frames():
            stamp = (frame.pts or 0) * base
            first = stamp if first is None else first
            if count >= len(times) or abs((stamp - first) - (times[count] - times[0])) > tolerance_s:
                raise ExportError(f"frame {count} of the written file has a wrong time", where=path, remedy=_REMEDY)
            if frame.is_corrupt or decoder.damage:
                raise ExportError(f"frame {count} of the written file is damaged", where=path, remedy=_REMEDY)
            count += 1
            if count % _STEP_FRAMES == 0:
                yield count, len(times)
    if count != len(times):
        raise ExportError(f"the written file has {count} frames instead of {len(times)}", where=path, remedy=_REMEDY)


def _check_sound(path: Path, ends_s: Sequence[float]) -> None:
    """Compare the number of sound streams and where their last packets end."""
    with media_errors(path, "read"), open_media(path) as container:
        found = [0.0] * len(container.streams.audio)
        place = {stream.index: number for number, stream in enumerate(container.streams.audio)}
        if place:
            for stream in container.streams:
                stream.discard = Discard.default if stream.index in place else Discard.all
            for packet in container.demux(list(container.streams.audio)):
                if packet.size and packet.pts is not None:
                    end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    number = place[packet.stream_index]
                    found[number] = max(found[number], end)
    if len(found) != len(ends_s):
        raise ExportError(
            f"the written file has {len(found)} sound streams instead of {len(ends_s)}", where=path, remedy=_REMEDY
        )
    for number, (have, want) in enumerate(zip(found, ends_s, strict=True)):
        if abs(have - want) > _SOUND_TOLERANCE_S:
            raise ExportError(
                f"sound {number} of the written file ends at {have:.2f} s instead of {want:.2f} s",
                where=path,
                remedy=_REMEDY,
            )
