"""Keyed f-numbers: the opening of the lens over time, as keys on frames with an even way between them in stops.

Before the first key the first one holds, after the last key the last one. The way *to* a key has that key's ease. Stops
are what the eye and the light see as even: from f/2 to f/8 the middle is f/4, not f/5.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

KeyEase = Literal["linear", "in", "out", "in_out", "hold"]
KEY_EASES: tuple[KeyEase, ...] = ("linear", "in", "out", "in_out", "hold")
MIN_F_NUMBER, MAX_F_NUMBER = 0.5, 64.0


@dataclass(frozen=True, slots=True)
class LensKey:
    """The f-number at a frame, and how it is reached from the key before ("hold": it jumps at this frame)."""

    frame: int
    f_number: float
    ease: KeyEase = "linear"

    def __post_init__(self) -> None:
        if self.frame < 0:
            raise ValueError("the frame of a lens key must not be negative")
        if not (math.isfinite(self.f_number) and MIN_F_NUMBER <= self.f_number <= MAX_F_NUMBER):
            raise ValueError(f"f_number must be between {MIN_F_NUMBER:g} and {MAX_F_NUMBER:g}, not {self.f_number!r}")
        if self.ease not in KEY_EASES:
            raise ValueError(f"ease must be one of {', '.join(KEY_EASES)}, not {self.ease!r}")


def stops_of(f_number: float) -> float:
    """Return the f-number in stops: 0 at f/1, 1 at f/1.4, 2 at f/2."""
    return 2.0 * math.log2(f_number)


def f_number_of(stops: float) -> float:
    """Return the f-number of stops, see `stops_of`."""
    return float(2.0 ** (stops / 2.0))


def f_number_at(keys: Sequence[LensKey], frame: int) -> float:
    """Return the f-number at a frame; `keys` are sorted by frame and not empty."""
    after = bisect_right(keys, frame, key=lambda k: k.frame)
    if after == 0:
        return keys[0].f_number
    before = keys[after - 1]
    if after == len(keys) or before.frame == frame:
        return before.f_number
    following = keys[after]
    share = (frame - before.frame) / (following.frame - before.frame)
    low, high = stops_of(before.f_number), stops_of(following.f_number)
    return f_number_of(low + _eased(share, following.ease) * (high - low))


def f_numbers(keys: Sequence[LensKey], frames: int) -> NDArray[np.float32]:
    """Return the f-number of every frame [frames] float32; `keys` are sorted by frame and not empty."""
    series = np.full(frames, keys[0].f_number, np.float32)
    for number, key in enumerate(keys):
        stop = keys[number + 1].frame if number + 1 < len(keys) else frames
        for frame in range(key.frame, min(stop, frames)):
            series[frame] = f_number_at(keys, frame)
    return series


def sorted_keys(keys: Sequence[LensKey]) -> tuple[LensKey, ...]:
    """Return the keys by frame; of several at one frame the last one given."""
    by_frame = {key.frame: key for key in keys}
    return tuple(by_frame[frame] for frame in sorted(by_frame))


def _eased(share: float, ease: KeyEase) -> float:
    """Return the share of the way for a share of the time, 0 <= share < 1."""
    if ease == "hold":
        return 0.0
    if ease == "in":
        return share * share
    if ease == "out":
        return 1.0 - (1.0 - share) * (1.0 - share)
    if ease == "in_out":
        return share * share * (3.0 - 2.0 * share)
    return share


def with_key(keys: Sequence[LensKey], key: LensKey, *, moved_from: int | None = None) -> tuple[LensKey, ...]:
    """Return the keys with this one, in the place of one at its frame and of the one at `moved_from`."""
    return sorted_keys([*(k for k in keys if k.frame != moved_from), key])


def without_key(keys: Sequence[LensKey], frame: int) -> tuple[LensKey, ...]:
    """Return the keys without the one at a frame."""
    return tuple(k for k in keys if k.frame != frame)


def key_at(keys: Sequence[LensKey], frame: int) -> LensKey | None:
    """Return the key at a frame, or None."""
    return next((k for k in keys if k.frame == frame), None)
