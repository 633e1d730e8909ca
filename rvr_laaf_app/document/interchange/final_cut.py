"""FCPXML 1.10 for Final Cut Pro (and Resolve): a project with the clip in it, the focus targets as its markers.

Carries where in time each target lies and, in the note of its marker as one line of text (marker_note), all its
settings. Cannot carry tracks, lens or curve: `adjust-cinematic` works only on footage that a phone recorded with its
own depth, and there is no public way to hand it ours. Markers lie at whole frames of the nearest rate that the
program knows; the exact time stands in the note, and is believed unless the marker was moved. The sound is not
declared, the media's time code is taken as 0. Reads markers of asset-clips anywhere in a file. Follows Apple's DTD.
"""

from __future__ import annotations

import re
from fractions import Fraction
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from rvr_laaf_app.document.interchange.incoming import LATEST_S, Incoming, incoming_of
from rvr_laaf_app.document.interchange.marker_note import note_of, target_of_note
from rvr_laaf_app.document.interchange.sheet import FocusSheet, What, label_of
from rvr_laaf_app.document.interchange.timeline_otio import file_url
from rvr_laaf_app.document.interchange.timing import Moment, moment_of, nominal_rate
from rvr_laaf_app.document.strict_json import JsonObject

RATES = (*(Fraction(n * 1000, 1001) for n in (24, 30, 60)), *(Fraction(n) for n in (24, 25, 30, 50, 60)))
MAX_ELEMENTS = 1_000_000
MAX_DEPTH = 200
_MOVED_FRAMES = 0.51  # rounding to a frame moves a marker by up to half a frame
_TIME = re.compile(r"(-?\d{1,18})(?:/(\d{1,18}))?s", re.ASCII)
_ATTRIBUTE_BREAKS = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


def write_fcpxml(sheet: FocusSheet, _what: What) -> bytes:
    """Return the document."""
    rate = known_rate(sheet)
    frames = max(1, round(float(sheet.table.duration_s * rate)))
    name, duration = _attribute(sheet.clip_name), _time(frames, rate)
    clip = sheet.project.clip
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!DOCTYPE fcpxml>",
        '<fcpxml version="1.10">',
        " <resources>",
        f'  <format id="r1" frameDuration="{_time(1, rate)}" width="{sheet.size[0]}" height="{sheet.size[1]}"/>',
        f'  <asset id="r2" name={name} start="0s" duration="{duration}" hasVideo="1" format="r1">',
        f'   <media-rep kind="original-media" src={_attribute(file_url("" if clip is None else clip.path))}/>',
        "  </asset>",
        " </resources>",
        ' <library><event name="RVR-LAAF">',
        f"  <project name={_attribute(sheet.clip_name + ' focus')}>",
        f'   <sequence format="r1" duration="{duration}" tcStart="0s" tcFormat="NDF"><spine>',
        f'    <asset-clip ref="r2" name={name} offset="0s" start="0s" duration="{duration}" format="r1">',
        *(f"     {line}" for line in _markers(sheet, rate)),
        "    </asset-clip>",
        "   </spine></sequence>",
        "  </project>",
        " </event></library>",
        "</fcpxml>",
    ]
    return ("\n".join(lines) + "\n").encode()


def read_fcpxml(data: bytes) -> Incoming:
    """Return the targets of all markers whose notes hold one; ValueError for what is not sane FCPXML."""
    reader = _Reader()
    parser = expat.ParserCreate(encoding="UTF-8")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ValueError(f"it is not XML: {error}") from None
    if not reader.is_fcpxml:
        raise ValueError("it is XML, but not FCPXML")
    notes = (f"{reader.strangers} markers hold no focus target and were left out",) if reader.strangers else ()
    return incoming_of(reader.items, notes=notes)


def known_rate(sheet: FocusSheet) -> Fraction:
    """Return the rate that the program will use: it knows only these."""
    rate = nominal_rate(sheet.table)
    return min(RATES, key=lambda known: abs(known / rate - 1))


def _markers(sheet: FocusSheet, rate: Fraction) -> list[str]:
    lines = []
    for target in sheet.project.targets:
        moment = moment_of(sheet.table, target.frame, target.pull_frames)
        start, value, note = _time(round(moment.seconds * rate), rate), label_of(target), note_of(target, moment)
        lines.append(
            f'<marker start="{start}" duration="{_time(1, rate)}" value={_attribute(value)} note={_attribute(note)}/>'
        )
    return lines


def _time(frames: int, rate: Fraction) -> str:
    seconds = frames / rate
    return f"{seconds}s"


def _attribute(text: str) -> str:
    """Quote a text for XML 1.0, which has no way to write control characters and half surrogate pairs."""
    allowed = "".join(c if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff") else " " for c in text)
    return quoteattr(allowed.encode(errors="replace").decode(), _ATTRIBUTE_BREAKS)


def _refuse_entity(name: str, *_: object) -> None:
    raise ValueError(f"it declares the entity {name[:40]!r}, which no such file needs")


class _Reader:
    """Collects the targets while the document is parsed; keeps nothing else of it."""

    def __init__(self) -> None:
        self.items: list[tuple[JsonObject, Moment]] = []
        self.strangers = 0
        self.is_fcpxml = False
        self._starts: dict[str, Fraction] = {}  # of assets and formats' frames, by id
        self._frame = Fraction(1, 24)
        self._offsets: list[Fraction] = []
        self._elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element as it begins."""
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._offsets) > MAX_DEPTH:
            raise ValueError("it has too many elements, or they are nested too deeply")
        offset = self._offsets[-1] if self._offsets else Fraction(0)
        if not self._offsets:
            self.is_fcpxml = name == "fcpxml"
        elif name == "format" and "frameDuration" in attributes:
            self._frame = _seconds(attributes["frameDuration"], "frameDuration")
        elif name == "asset":
            self._starts[attributes.get("id", "")] = _seconds(attributes.get("start", "0s"), "start")
        elif name == "asset-clip":
            offset = self._starts.get(attributes.get("ref", ""), Fraction(0))
        elif name in ("marker", "chapter-marker"):
            self._marker(attributes, offset)
        self._offsets.append(offset)

    def end(self, _name: str) -> None:
        """Leave an element."""
        self._offsets.pop()

    def _marker(self, attributes: dict[str, str], offset: Fraction) -> None:
        start = _seconds(attributes.get("start", ""), "start") - offset
        found = target_of_note(attributes.get("note", ""), float(start), _MOVED_FRAMES * float(self._frame))
        if found is None:
            self.strangers += 1
        else:
            self.items.append(found)


def _seconds(text: str, name: str) -> Fraction:
    found = _TIME.fullmatch(text.strip())
    if found is None or int(found[2] or 1) == 0:
        raise ValueError(f"{name} {text[:40]!r} is not a time like 1001/30000s")
    seconds = Fraction(int(found[1]), int(found[2] or 1))
    if abs(seconds) > LATEST_S:
        raise ValueError(f"{name} {text[:40]!r} is too large")
    return seconds
