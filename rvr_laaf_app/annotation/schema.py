"""The contract of the VAF data set: what a person said about a clip, as plain values that check themselves.

A moment is a presentation time together with what the frame looks like, so that it is found again in a file that was
re-muxed or re-encoded; a frame number is kept only as a hint for people. No file is read or written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.limits import check_number, check_text

SCHEMA = "rvr-laaf/vaf-1"
LOOK_SIDE = 16
LOOK_BYTES = LOOK_SIDE * LOOK_SIDE
HASH_CHARS = 16
KEY_CHARS = 32
MAX_TARGETS = 10_000  # of one annotator in one clip
MAX_CLIPS = 100_000
MAX_TEXT = 2000
MAX_NAME = 1024
MAX_ANNOTATOR = 80
MAX_TICKS = 2**53  # exact in every program that reads JSON numbers as doubles
MAX_TIME_BASE_TERM = 2**31 - 1
MAX_FRAMES = 2**24
MAX_SIDE_PX = 65_536
STATES = ("open", "done", "set_aside")
_HEX = re.compile(r"[0-9a-f]+")
_NUMBERED = re.compile(r"subject [0-9]{1,6}")
_EDGE = 1e-6  # a box written in decimals may reach so far over the picture's edge


@dataclass(frozen=True, slots=True)
class ClipIdentity:
    """How a clip is known again. name: path in the folder of clips, with "/".

    file: hash of its first and last MiB (the very file). pictures: hash of every decoded frame at a small size; it
    stays when the file is renamed or re-muxed and is the key of all annotations. size_px: (width, height) as displayed.
    """

    name: str
    file: str
    pictures: str
    frames: int
    duration_s: float
    size_px: tuple[int, int]

    def __post_init__(self) -> None:
        _check_line("name", self.name, MAX_NAME)
        if self.name.startswith("/") or "\\" in self.name or ".." in self.name.split("/"):
            raise ValueError("name must be a path inside the folder of clips")
        _check_hex("file", self.file, KEY_CHARS)
        _check_hex("pictures", self.pictures, KEY_CHARS)
        check_number("frames", self.frames, 1, MAX_FRAMES)
        check_number("duration_s", self.duration_s, 0.0, 1e7)
        for side in self.size_px:
            check_number("size_px", side, 1, MAX_SIDE_PX)


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of a clip: pts ticks of time_base seconds after the clip's first frame, and what it looks like.

    hash: of the frame's small picture, equal for equal decoded pixels. look: that picture, LOOK_SIDE x LOOK_SIDE luma
    bytes, to find the frame again after a re-encode. frame: its number when it was annotated; a hint, never the key.
    """

    frame: int
    pts: int
    time_base: Fraction
    hash: str
    look: bytes

    def __post_init__(self) -> None:
        check_number("frame", self.frame, 0, MAX_FRAMES)
        check_number("pts", self.pts, 0, MAX_TICKS)
        check_time_base(self.time_base)
        _check_hex("hash", self.hash, HASH_CHARS)
        if len(self.look) != LOOK_BYTES:
            raise ValueError(f"look must have {LOOK_BYTES} bytes, not {len(self.look)}")

    @property
    def seconds(self) -> float:
        """Seconds after the clip's first frame."""
        return float(self.pts * self.time_base)


@dataclass(frozen=True, slots=True)
class VafTarget:
    """A New Focus Target: from `at` on this place deserves focus.

    All times are ticks of at.time_base after the first frame: arrive (the pull has ended; not after `at`), hold (focus
    stays until here; None = until the next target), early and late (a change within them would still be right).
    place: 0..1 of the picture as displayed. subject: who or what; reason: why focus goes there.
    """

    id: str
    at: Moment
    place: Point | Box
    arrive: int
    early: int
    late: int
    hold: int | None = None
    subject: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        _check_line("id", self.id, 64)
        check_place(self.place)
        for name, ticks in (("arrive", self.arrive), ("early", self.early), ("late", self.late), ("hold", self.hold)):
            if ticks is not None:
                check_number(name, ticks, 0, MAX_TICKS)
        if not self.early <= self.at.pts <= self.late:
            raise ValueError("the target must lie between early and late")
        if self.arrive > self.at.pts:
            raise ValueError("arrive must not be after the target")
        if self.hold is not None and self.hold < self.at.pts:
            raise ValueError("hold must not end before the target")
        check_text("subject", self.subject, MAX_TEXT)
        check_text("reason", self.reason, MAX_TEXT)

    @property
    def box(self) -> Box:
        """The place as a box; a point is a box without extent."""
        return self.place if isinstance(self.place, Box) else Box(self.place.x, self.place.y, 0.0, 0.0)

    def seconds(self, ticks: int) -> float:
        """Return one of this target's times in seconds after the first frame."""
        return float(ticks * self.at.time_base)


@dataclass(frozen=True, slots=True)
class ClipAnnotation:
    """What one annotator said about one clip. state: open, done or set_aside (then reason says why); note: doubts."""

    clip: ClipIdentity
    targets: tuple[VafTarget, ...] = ()
    state: str = "open"
    note: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"state must be one of {', '.join(STATES)}, not {self.state[:40]!r}")
        if len(self.targets) > MAX_TARGETS:
            raise ValueError(f"a clip may have {MAX_TARGETS} targets")
        if len({t.id for t in self.targets}) != len(self.targets):
            raise ValueError("two targets have the same id")
        check_text("note", self.note, 5 * MAX_TEXT)
        check_text("reason", self.reason, MAX_TEXT)
        object.__setattr__(self, "targets", tuple(sorted(self.targets, key=_order)))

    def put(self, *targets: VafTarget) -> ClipAnnotation:
        """Return it with these targets added, or replaced where the id is known."""
        new = {t.id: t for t in targets}
        return replace(self, targets=(*(t for t in self.targets if t.id not in new), *new.values()))

    def drop(self, ids: Iterable[str]) -> ClipAnnotation:
        """Return it without the targets of these ids."""
        gone = set(ids)
        return replace(self, targets=tuple(t for t in self.targets if t.id not in gone))


def check_annotator(name: str) -> None:
    """Raise ValueError for what cannot be an annotator's name."""
    _check_line("annotator", name, MAX_ANNOTATOR)


def check_time_base(time_base: Fraction) -> None:
    """Raise ValueError unless it is a positive fraction of moderate terms."""
    if not 0 < time_base.numerator <= MAX_TIME_BASE_TERM or time_base.denominator > MAX_TIME_BASE_TERM:
        raise ValueError(f"time_base {str(time_base)[:40]} is not a positive fraction of a second")


def _order(target: VafTarget) -> tuple[Fraction, str]:
    return target.at.pts * target.at.time_base, target.id


def is_named(subject: str) -> bool:
    """Tell whether a subject has a name of its own: none, or a number that a program gave it, says nothing of it."""
    return bool(subject.strip()) and not _NUMBERED.fullmatch(subject.strip())


def check_place(place: Point | Box) -> None:
    """Raise ValueError for a place outside the picture or a box without extent."""
    check_number("x", place.x, -_EDGE, 1 + _EDGE)
    check_number("y", place.y, -_EDGE, 1 + _EDGE)
    if isinstance(place, Box):
        for name, start, extent in (("width", place.x, place.width), ("height", place.y, place.height)):
            check_number(name, extent, 0.0, 1 + _EDGE)
            if extent == 0.0 or start + extent > 1 + 2 * _EDGE:
                raise ValueError(f"{name} must be above 0 and end inside the picture")


def _check_line(name: str, text: str, longest: int) -> None:
    check_text(name, text, longest)
    if not text.strip() or any(c < " " or c == "\x7f" for c in text):
        raise ValueError(f"{name} must be one line of text, and not empty")


def _check_hex(name: str, text: str, length: int) -> None:
    if len(text) != length or not _HEX.fullmatch(text):
        raise ValueError(f"{name} must be {length} hexadecimal digits")
