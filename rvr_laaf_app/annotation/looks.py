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
    """Find moments that were set in another version of a clip.

    Of frames with the very same pixels the one nearest in time is taken. Else the frame at the same time is believed
    unless another one is clearly more alike: in a still scene many frames are.
    A frame that differs by more than SAME_LEVELS from all is lost, and said so.
    """
    flat = looks.reshape(len(looks), -1)
    small = flat.astype(np.float32)
    small -= small.mean(axis=1, keepdims=True)  # a wrong range or gamma flag lifts all levels alike
    found = []
    for moment in moments:
        here = table.index_at(moment.seconds)
        look = np.frombuffer(moment.look, np.uint8)
        same = np.flatnonzero((flat == look).all(axis=1))
        if len(same):  # a container's rounded stamps may put it one frame beside its time
            frame = int(same[np.argmin(np.abs(same - here))])
            found.append(Found(frame, "exact" if abs(frame - here) <= 1 else "moved", 0.0))
            continue
        wanted = look.astype(np.float32)
        levels = np.sqrt(np.mean((small - (wanted - wanted.mean())) ** 2, axis=1))
        found.append(_nearest(levels, here))
    return found


def _nearest(levels: NDArray[np.floating], here: int) -> Found:
    """Choose the frame by likeness [N], the one at the time `here` unless another is clearly better."""
    best = float(levels.min())
    if best > SAME_LEVELS:
        return Found(None, "lost", best)
    if levels[here] <= min(SAME_LEVELS, best + BETTER_LEVELS):
        return Found(here, "alike", float(levels[here]))
    close = np.flatnonzero(levels <= best + 1e-6)
    frame = int(close[np.argmin(np.abs(close - here))])
    return Found(frame, "moved", float(levels[frame]))
