"""The I and O marks of a clip as a value: the part that is looped, and that an export offers. Part of the project."""

from __future__ import annotations

from dataclasses import dataclass

_MOST = 2**31 - 1  # frames, see limits.MAX_FRAMES


@dataclass(frozen=True, slots=True)
class PlayRange:
    """Frames [start, stop): `start` is the I mark, the O mark sits on frame stop - 1. None = not set on that side."""

    start: int | None = None
    stop: int | None = None

    def __post_init__(self) -> None:
        start, stop = self.start, self.stop
        first, end = start or 0, _MOST if stop is None else stop
        if not 0 <= first < end <= _MOST:
            raise ValueError("a marked range must begin at or after frame 0 and hold a frame")

    @property
    def is_set(self) -> bool:
        """True if there is any mark."""
        return self.start is not None or self.stop is not None

    def frames(self, count: int) -> tuple[int, int]:
        """Return [start, stop) inside a clip of `count` frames; the whole clip where nothing inside is marked."""
        start = min(self.start or 0, count)
        stop = count if self.stop is None else min(self.stop, count)
        return (start, stop) if start < stop else (0, count)

    def with_start(self, frame: int) -> PlayRange:
        """Return the range with the I mark on a frame; an O mark before it goes."""
        return PlayRange(frame, self.stop if self.stop is not None and self.stop > frame else None)

    def with_last(self, frame: int) -> PlayRange:
        """Return the range with the O mark on a frame; an I mark after it goes."""
        return PlayRange(self.start if self.start is not None and self.start <= frame else None, frame + 1)
