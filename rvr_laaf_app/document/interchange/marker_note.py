"""A target as one line of text, for the note of a marker in a program that knows nothing of focus.

    rvr-laaf t=1.234 pull=0.4 x=0.25 y=0.5 w=0.1 h=0.2 id=t1 ease=in_out strength=firm tracker=kcf source=user reason=A

Times in seconds, places in fractions of the picture (w and h only for a box), texts percent-encoded. Needed: the first
word, x and y; a person may type a note by hand. What another program may do to a marker is to move it: where the
marker's own time differs from `t` by more than half a frame, the marker is right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document.interchange.sheet import precise
from rvr_laaf_app.document.interchange.timing import Moment
from rvr_laaf_app.document.project import FocusTarget
from rvr_laaf_app.document.strict_json import JsonObject

SIGN = "rvr-laaf"
_TEXTS = ("id", "ease", "strength", "tracker", "source", "reason")
_NUMBER = re.compile(r"[+-]?(\d{1,20}\.?\d{0,340}|\.\d{1,340})([eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST = 500_000  # four texts of the greatest length, percent-encoded


def note_of(target: FocusTarget, moment: Moment) -> str:
    """Return the line for a target; `moment` must have a pull."""
    place = target.place
    numbers = {"t": moment.seconds, "pull": moment.pull_seconds or 0.0, "x": place.x, "y": place.y}
    if isinstance(place, Box):
        numbers |= {"w": place.width, "h": place.height}
    texts = {name: getattr(target, name) for name in _TEXTS}
    parts = [f"{name}={precise(value)}" for name, value in numbers.items()]
    return " ".join([SIGN, *parts, *(f"{name}={quote(text, safe='')}" for name, text in texts.items())])


def target_of_note(note: str, marker_s: float, tolerance_s: float) -> tuple[JsonObject, Moment] | None:
    """Return the target that the note of a marker at `marker_s` seconds describes; None if it describes none.

    Raises ValueError for a note that begins like ours and is wrong.
    """
    head, *parts = note[: _LONGEST + 1].split() or [""]
    if head != SIGN:
        return None
    if len(note) > _LONGEST:
        raise ValueError("the note of a marker is too long")
    values = dict(part.split("=", 1) for part in parts if "=" in part)
    x, y, width, height = (_number(values, name) for name in ("x", "y", "w", "h"))
    if x is None or y is None:
        raise ValueError(f"the note {note[:80]!r} lacks x or y")
    place: JsonObject = {"point": [x, y]}
    if width is not None and height is not None:
        place = {"box": [x, y, width, height]}
    texts = {name: unquote(values[name]) for name in _TEXTS if name in values}
    written = _number(values, "t")
    return {**texts, **place}, Moment(right_time(written, marker_s, tolerance_s), _number(values, "pull"))


def right_time(written_s: float | None, marker_s: float, tolerance_s: float) -> float:
    """Return the exact time that was written down, unless the marker was moved since."""
    if written_s is None or abs(written_s - marker_s) > tolerance_s:
        return marker_s
    return written_s


def _number(values: Mapping[str, str], name: str) -> float | None:
    text = values.get(name)
    if text is None:
        return None
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise ValueError(f"{name}={text[:40]} in the note of a marker is not a number that can be used")
    return value
