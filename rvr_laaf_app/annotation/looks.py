"""What frames look like at a small size: the hash by which a frame is known, and finding it again in another file.

Decoded pixels are compared, not bytes of the file: re-muxing changes nothing, and a re-encode little. It does not say
which clip a file is (`work`) and stores nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.annotation.schema import HASH_CHARS, KEY_CHARS, LOOK_SIDE, Moment
from rvr_laaf_app.core.timebase import FrameTable

Looks = NDArray[np.uint8]  # [N, LOOK_SIDE, LOOK_SIDE] luma
_LUMA: Final = np.array([0.2126, 0.7152, 0.0722])
SAME_LEVELS: Final = 3.0  # RMS difference up to which a re-encoded frame is the same one; of 255
_LEAST_LEVELS: Final = 1e-3
_HALF_TICK_S: Final = 0.5e-3  # stamps in milliseconds
BETTER_LEVELS: Final = 0.5  # another frame must be so much more alike to be believed instead of the time


@dataclass(frozen=True, slots=True)
class Found:
    """Where a moment lies in a file now. frame: None if lost.

    how: exact (same time, same pixels), alike (same time, re-encoded), moved (other time), lost. levels: RMS
    difference of the looks.
    """

    frame: int | None
    how: str
    levels: float


def look_of(rgb: NDArray[np.uint8] | NDArray[np.uint16]) -> Looks:
    """Return the look of a picture [H, W, 3] (as it comes out of a reader at `shots.small_size`)."""
    small = cv2.resize(rgb, (LOOK_SIDE, LOOK_SIDE), interpolation=cv2.INTER_AREA)
    values = np.asarray(small, np.float64) / (257.0 if rgb.dtype == np.uint16 else 1.0)
    return np.asarray(np.rint(values @ _LUMA), np.uint8)


def hash_of(look: Looks) -> str:
    """Return the hash of one look."""
    return hashlib.blake2b(look.tobytes(), digest_size=HASH_CHARS // 2).hexdigest()


def pictures_of(looks: Looks) -> str:
    """Return the hash of all frames of a clip, in order."""
    return hashlib.blake2b(looks.tobytes(), digest_size=KEY_CHARS // 2).hexdigest()


def moment_at(table: FrameTable, looks: Looks, frame: int) -> Moment:
    """Return the moment of a frame; raise IndexError outside the clip."""
    if not 0 <= frame < min(len(table), len(looks)):
        raise IndexError(f"frame {frame} is outside 0..{len(table) - 1}")
    pts = int(table.pts[frame]) - int(table.pts[0])
    return Moment(frame, pts, table.time_base, hash_of(looks[frame]), looks[frame].tobytes())


def find_again(moments: Sequence[Moment], table: FrameTable, looks: Looks) -> list[Found]:
    """Find moments of one clip in another version of it; better all at once: a cut head moves all alike.

    Of frames with the very same pixels the one nearest in time is taken. Else the frame at the same time is believed
    unless another one is clearly more alike: in a still scene many frames are. Where most moments say that the clip
    begins earlier or later now, the time is taken with that shift. A frame that differs by more than SAME_LEVELS from
    all is lost, and said so.
    """
    likeness = _Likeness(looks)
    levels = [likeness.of(moment) for moment in moments]
    shift_s = _shift_s(moments, levels, table)
    found = []
    for moment, level in zip(moments, levels, strict=True):
        expected_s = moment.seconds + shift_s
        inside = -_HALF_TICK_S <= expected_s < table.duration_s
        here = table.index_at(expected_s)
        place = _nearest(level, here, inside=inside)
        if shift_s and not inside and place.levels > 0.0:
            place = Found(None, "lost", float(level.min()))  # it lay in the part that was cut off
        elif shift_s and place.frame is not None:
            place = Found(place.frame, "moved", place.levels)
        found.append(place)
    return found


class _Likeness:
    """RMS difference of a look to every frame; 0 only for the very same pixels."""

    def __init__(self, looks: Looks) -> None:
        self._flat = looks.reshape(len(looks), -1)
        small = self._flat.astype(np.float32)
        self._small = small - small.mean(axis=1, keepdims=True)  # a wrong range flag lifts all levels alike

    def of(self, moment: Moment) -> NDArray[np.float64]:
        """Return [N] levels of 255."""
        look = np.frombuffer(moment.look, np.uint8)
        wanted = look.astype(np.float32)
        levels = np.sqrt(np.mean((self._small - (wanted - wanted.mean())) ** 2, axis=1)).astype(np.float64)
        levels = np.maximum(levels, _LEAST_LEVELS)
        levels[(self._flat == look).all(axis=1)] = 0.0
        return np.asarray(levels, np.float64)


def _shift_s(moments: Sequence[Moment], levels: Sequence[NDArray[np.float64]], table: FrameTable) -> float:
    """Return by how many seconds the clip begins later than it did, 0 unless most of several moments say the same."""
    shifts, votes = [], 0
    times = table.times_s
    for moment, level in zip(moments, levels, strict=True):
        best = int(np.argmin(level))
        if level[best] > SAME_LEVELS:
            continue  # gone: it says nothing about the others
        votes += 1
        here = table.index_at(moment.seconds)
        if abs(best - here) > 1 and level[here] > level[best] + BETTER_LEVELS:
            shifts.append(float(times[best]) - moment.seconds)
    if len(shifts) < 2 or 2 * len(shifts) <= votes:
        return 0.0
    middle = float(np.median(shifts))
    step = table.duration_s / len(table)
    return middle if sum(abs(s - middle) <= 1.5 * step for s in shifts) * 2 > votes else 0.0


def _nearest(levels: NDArray[np.float64], here: int, *, inside: bool) -> Found:
    """Choose the frame by likeness [N], the one at the time `here` unless another is clearly better."""
    best = float(levels.min())
    if best > SAME_LEVELS:
        return Found(None, "lost", best)
    if inside and best > 0.0 and levels[here] <= min(SAME_LEVELS, best + BETTER_LEVELS):
        return Found(here, "alike", float(levels[here]))
    close = np.flatnonzero(levels <= best + _LEAST_LEVELS / 2)
    frame = int(close[np.argmin(np.abs(close - here))])
    near = abs(frame - here) <= 1 and inside  # a container's rounded stamps may put a frame one beside its time
    how = ("exact" if best == 0.0 else "alike") if near else "moved"
    return Found(frame, how, float(levels[frame]))
