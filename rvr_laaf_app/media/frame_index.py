"""Find out which frames a video stream really shows, and when: the index that exact seeking rests on.

Headers lie about counts and rates, so the packets are read, and decoded as well where that is cheap or where the
packets do not add up. It does not look at the pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.media.decoding import THREADS, Decoder, stamp_of, video_stream
from rvr_laaf_app.media.open import MAX_FRAMES, AnyPath, open_media, shown_path

# Up to this many pixels in all (434 frames of 720p, about a second) a clip is decoded to the end to count its frames.
_DECODE_ALL_PIXELS: Final = 400_000_000
_HEAD_FRAMES: Final = 24
_LONGEST_STEP_S: Final = 3600.0
_DISORDER_S: Final = 2.0  # stamps may run back by so much within one group of pictures; more is a break
_LONGEST_LAST_FRAME_S: Final = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class FrameIndex:
    """Every frame of a stream in the order shown.

    stamps [N] int64: what the decoder calls each frame (`stamp_of`); equals table.pts in healthy files, but may repeat
    or run backwards in odd ones, where table.pts was repaired. stamped: False if the decoder gives no stamps at all,
    so that frames can only be counted from the start.
    damaged: the frames are those that one decoding thread gets out.
    """

    table: FrameTable
    stamps: NDArray[np.int64]
    stamped: bool = True
    damaged: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class _Shown:
    """Stamps, key flags and lengths of frames, in one order."""

    stamps: list[int | None]
    key: list[bool]
    length: list[int]

    def add(self, stamp: int | None, key: bool, length: int | None, path: AnyPath) -> None:
        self.stamps.append(stamp)
        self.key.append(key)
        self.length.append(length or 0)
        if len(self.stamps) > MAX_FRAMES:
            raise MediaError(f"the clip has more than {MAX_FRAMES} frames", where=shown_path(path))


def build_index(path: AnyPath, pixels: int) -> FrameIndex:
    """Index the clip's video stream; `pixels` = size of one picture, to judge what a full decode costs.

    Raises MediaError if there is no frame at all.
    """
    warnings: list[str] = []
    damage = 0
    packets, plausible, time_base, missing = _read_packets(path)
    if missing:
        warnings.append(f"the file breaks off: {missing} frames that its header promises are not there")
    shown = None
    if plausible and len(packets.stamps) * pixels > _DECODE_ALL_PIXELS:
        shown = _confirm(path, packets)
    if shown is None:
        shown, damage = _decode_all(path)
        if damage:
            shown, damage = _decode_all(path, threads=1)
            warnings.append(f"damaged: {damage} packets could not be decoded, {len(shown.stamps)} frames can be shown")
    if not shown.stamps:
        raise MediaError("no frame of the video can be decoded", where=shown_path(path), remedy="It may be damaged.")
    stamps, numbered = _number(shown)
    if numbered:
        warnings.append("the file has no time stamps; its frames are taken as evenly spaced")
    pts, repaired = _repair(stamps, time_base)
    if repaired:
        warnings.append("time stamps run backwards or leap; they were repaired")
    table = FrameTable(pts, time_base, keyframe=np.array(shown.key, bool), end_pts=_end(pts, shown.length, time_base))
    return FrameIndex(table, stamps, not numbered, damage > 0, tuple(warnings))


def _read_packets(path: AnyPath) -> tuple[_Shown, bool, Fraction, int]:
    """Return what the packets promise, sorted by time, if they can be believed so far, time base, missing packets."""
    shown, plausible = _Shown([], [], []), True
    with open_media(path) as container:
        stream = video_stream(container)
        if stream is None:
            raise MediaError("the file has no video", where=shown_path(path))
        decoder = Decoder(container, stream, path)
        time_base = stream.time_base or Fraction(1, 90000)
        last_dts: int | None = None
        # Only the sample table of MP4 and its kin is a promise; other headers count something else.
        missing = stream.frames if "mov" in container.format.name else 0
        for packet in decoder.packets():
            missing -= packet.size > 0
            if not packet.size or packet.is_discard:
                continue
            shown.add(packet.pts, packet.is_keyframe, packet.duration, path)
            plausible = plausible and _is_plausible(packet, last_dts, time_base)
            last_dts = last_dts if packet.dts is None else packet.dts
        plausible = plausible and not decoder.damage and len(set(shown.stamps)) == len(shown.stamps)
    if plausible:
        order = sorted(range(len(shown.stamps)), key=lambda i: shown.stamps[i] or 0)
        shown = _Shown(*([values[i] for i in order] for values in (shown.stamps, shown.key, shown.length)))  # type: ignore[arg-type]
    return shown, plausible, time_base, max(missing, 0)


def _is_plausible(packet: Packet[VideoStream], last_dts: int | None, time_base: Fraction) -> bool:
    """True if this packet looks like exactly one frame at a believable time."""
    if packet.pts is None or packet.is_corrupt:
        return False
    if packet.dts is None:  # Matroska stores none; the first few cannot be worked out
        return last_dts is None
    if abs(packet.pts - packet.dts) * time_base > 10:
        return False
    return last_dts is None or last_dts < packet.dts <= last_dts + _LONGEST_STEP_S / time_base


def _confirm(path: AnyPath, promised: _Shown) -> _Shown | None:
    """Decode the head and the tail; return the index, cut where the tail breaks off, or None if it does not hold."""
    stamps = promised.stamps
    with open_media(path) as container:
        decoder = _decoder(container, path)
        head: list[int | None] = []
        for frame in decoder.frames():
            head.append(frame.pts)
            if len(head) == _HEAD_FRAMES:
                break
        if decoder.damage or head != stamps[: len(head)]:
            return None
        tail = _tail(decoder, promised)
    if not tail or tail[0] not in stamps:
        return None
    first = stamps.index(tail[0])
    if tail != stamps[first : first + len(tail)]:
        return None
    stop = first + len(tail)
    return _Shown(stamps[:stop], promised.key[:stop], promised.length[:stop])


def _tail(decoder: Decoder, promised: _Shown) -> list[int | None]:
    """Return the stamps of the frames decoded from the last key frame on; containers may land late, so step back."""
    last = next((i for i in reversed(range(len(promised.key))) if promised.key[i]), None)
    if last is None:
        return []
    second = round(1 / (decoder.stream.time_base or Fraction(1, 90000)))
    for back in (0, 1, 4):
        decoder.seek(int(promised.stamps[last] or 0) - back * second)
        tail = [frame.pts for frame in decoder.frames()]
        if tail:
            return tail
    return []


def _decoder(container: InputContainer, path: AnyPath, *, threads: int = THREADS) -> Decoder:
    stream = video_stream(container)
    if stream is None:
        raise MediaError("the file has no video", where=shown_path(path))
    return Decoder(container, stream, path, fast=True, threads=threads)


def _decode_all(path: AnyPath, *, threads: int = THREADS) -> tuple[_Shown, int]:
    """Return the frames that come out of the decoder, in its order, and how much could not be read."""
    shown = _Shown([], [], [])
    with open_media(path) as container:
        decoder = _decoder(container, path, threads=threads)
        for frame in decoder.frames():
            shown.add(stamp_of(frame), bool(frame.key_frame), _length(frame), path)
        return shown, decoder.damage


def _length(frame: VideoFrame) -> int:
    return int(frame.duration or 0)


def _number(shown: _Shown) -> tuple[NDArray[np.int64], bool]:
    """Return the stamps as integers; frames without any are numbered through at the usual step."""
    known = [s for s in shown.stamps if s is not None]
    if len(known) == len(shown.stamps):
        return np.array(known, np.int64), False
    lengths = [n for n in shown.length if n > 0]
    steps = [b - a for a, b in pairwise(known) if b > a]
    step = int(np.median(lengths or steps or [1]))
    return np.arange(len(shown.stamps), dtype=np.int64) * step, True


def _repair(stamps: NDArray[np.int64], time_base: Fraction) -> tuple[NDArray[np.int64], bool]:
    """Return pts that never decrease and never leap by more than an hour; True if a break had to be mended.

    Stamps that are only out of order among neighbours (AVI with B-frames, where they are guessed) are sorted: the
    decoder's order of pictures is right, and so is the set of times. Equal stamps are left as they are.
    """
    if len(stamps) < 2:
        return stamps.copy(), False
    steps = np.diff(stamps)
    broken = np.flatnonzero((steps < -int(_DISORDER_S / time_base)) | (steps > int(_LONGEST_STEP_S / time_base)))
    parts = [np.sort(part) for part in np.split(stamps, broken + 1)]
    forward = np.concatenate([np.diff(part) for part in parts])
    usual = int(np.median(forward[forward > 0])) if np.any(forward > 0) else 1
    for before, part in pairwise(parts):
        part += before[-1] + usual - part[0]
    return np.concatenate(parts), len(parts) > 1


def _end(pts: NDArray[np.int64], lengths: list[int], time_base: Fraction) -> int | None:
    """Return where the last frame ends, from its own length if that is believable; None = the usual step."""
    last = lengths[-1]
    return int(pts[-1]) + last if 0 < last * time_base <= _LONGEST_LAST_FRAME_S else None
