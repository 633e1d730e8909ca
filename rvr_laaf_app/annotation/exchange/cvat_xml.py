"""Annotations as CVAT for video 1.1 (XML): a task for each clip, a track for each target.

CVAT knows frames by number only; the attribute `vaf` carries what it has no place for, so that a target comes back
whole, and what was moved in CVAT comes back moved. Entities and document types are refused: no such file needs them.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape

from rvr_laaf_app.annotation.encoding import decode_target, encode_target
from rvr_laaf_app.annotation.exchange.loose import LooseClip, LooseTarget, Sheet, place_in
from rvr_laaf_app.annotation.schema import MAX_TARGETS, MAX_TEXT, ClipAnnotation, ClipIdentity, VafTarget
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.strict_json import parse_object

LABEL: Final = "focus target"
MAX_BYTES: Final = 256 * 2**20
MAX_ELEMENTS: Final = 2_000_000
MAX_DEPTH: Final = 12
MAX_CHARACTERS: Final = 100_000  # of one attribute
_MOVED_PX: Final = 0.51  # CVAT writes two decimals; less than this was not moved by hand
_ATTRIBUTES: Final = ("subject", "reason", "vaf")


def write_cvat(sheet: Sheet, annotator: str, annotation: ClipAnnotation) -> bytes:
    """Return the task of one clip and one annotator."""
    clip = annotation.clip
    width, height = clip.size_px
    declared = "".join(
        f"<attribute><name>{name}</name><mutable>False</mutable><input_type>text</input_type>"
        "<default_value></default_value><values></values></attribute>"
        for name in _ATTRIBUTES
    )
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<annotations>",
        "<version>1.1</version>",
        f"<meta><task><name>{_text(clip.name)}</name><size>{clip.frames}</size><mode>interpolation</mode>",
        f"<start_frame>0</start_frame><stop_frame>{clip.frames - 1}</stop_frame><frame_filter></frame_filter>",
        f"<labels><label><name>{LABEL}</name><attributes>{declared}</attributes></label></labels>",
        f"<assignee><username>{_text(annotator)}</username></assignee>",
        f"<original_size><width>{width}</width><height>{height}</height></original_size>",
        f"<source>{_text(clip.name)}</source></task></meta>",
    ]
    for number, target in enumerate(annotation.targets):
        lines += _track(sheet, clip, target, number)
    return "\n".join([*lines, "</annotations>", ""]).encode()


def read_cvat(content: bytes, annotator: str) -> list[LooseClip]:
    """Read one task; `annotator` counts where it names no assignee. ValueError for what is not sane."""
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MiB")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.EntityDeclHandler = _refuse
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise ValueError(f"it is not XML: {error}") from None
    return [reader.clip(annotator)]


def _track(sheet: Sheet, clip: ClipIdentity, target: VafTarget, number: int) -> list[str]:
    start = sheet.frame_at(clip.pictures, target, target.at.pts)
    stop = None if target.hold is None else sheet.frame_at(clip.pictures, target, target.hold)
    attributes = "".join(
        f'<attribute name="{name}">{_text(value)}</attribute>'
        for name, value in zip(_ATTRIBUTES, _values(target), strict=True)
    )
    lines = [f'<track id="{number}" label="{LABEL}" source="manual">', _shape(clip, target, start, 0, attributes)]
    if stop is not None and stop < clip.frames - 1:
        lines.append(_shape(clip, target, max(stop, start) + 1, 1, attributes))
    return [*lines, "</track>"]


def _shape(clip: ClipIdentity, target: VafTarget, frame: int, outside: int, attributes: str) -> str:
    width, height = clip.size_px
    common = f'frame="{frame}" outside="{outside}" occluded="0" keyframe="1"'
    if isinstance(target.place, Point):
        point = f"{target.place.x * width:.2f},{target.place.y * height:.2f}"
        return f'<points {common} points="{point}" z_order="0">{attributes}</points>'
    x, y, w, h = target.place.pixels(width, height)
    corners = f'xtl="{x:.2f}" ytl="{y:.2f}" xbr="{x + w:.2f}" ybr="{y + h:.2f}"'
    return f'<box {common} {corners} z_order="0">{attributes}</box>'


def _values(target: VafTarget) -> tuple[str, str, str]:
    return target.subject, target.reason, json.dumps(encode_target(target), separators=(",", ":"))


def _allowed(text: str) -> str:
    """Return the text with what XML 1.0 cannot hold as spaces, and line ends as it reads them."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff") else " " for c in lines)


def _text(text: str) -> str:
    return escape(_allowed(text))


def _refuse(name: str, *_: object) -> None:
    raise ValueError(f"it declares {str(name)[:40]!r}, which no such file needs")


@dataclass(slots=True)
class _Shape:
    """One shape of a track: where and when, and what its attributes say."""

    frame: int
    outside: bool
    numbers: tuple[float, ...]
    values: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Track:
    label: str
    shapes: list[_Shape] = field(default_factory=list)


class _Reader:
    """Collects tracks and the task's facts while the document is parsed."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._text: list[str] = []
        self._characters = self._elements = 0
        self._attribute = ""
        self._facts: dict[str, str] = {}
        self._tracks: list[_Track] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element as it begins."""
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._path) > MAX_DEPTH:
            raise ValueError("it has too many elements, or they are nested too deeply")
        if not self._path and name != "annotations":
            raise ValueError("it is XML, but not of CVAT")
        if name == "image":
            raise ValueError("it is of CVAT for images; export the task as CVAT for video")
        if name == "track":
            if len(self._tracks) >= MAX_TARGETS:
                raise ValueError(f"it has more than {MAX_TARGETS} tracks")
            self._tracks.append(_Track(attributes.get("label", "")))
        elif name in ("box", "points", "polygon", "polyline", "ellipse") and self._path[-1:] == ["track"]:
            self._tracks[-1].shapes.append(_shape_of(name, attributes))
        self._attribute = attributes.get("name", "") if name == "attribute" else ""
        self._path.append(name)
        self._text, self._characters = [], 0

    def characters(self, text: str) -> None:
        """Take a piece of text."""
        self._characters += len(text)
        if self._characters > MAX_CHARACTERS:
            raise ValueError("a text in it is too long")
        self._text.append(text)

    def end(self, name: str) -> None:
        """Leave an element."""
        self._path.pop()
        text = "".join(self._text)
        if name == "attribute" and self._path[-1:] != ["attributes"]:
            if self._tracks and self._tracks[-1].shapes:
                self._tracks[-1].shapes[-1].values[self._attribute] = text
        elif "meta" in self._path and name in _FACTS:
            key = f"{self._path[-1]}/{name}"
            if key == "task/source" and key in self._facts:
                raise ValueError("it holds several tasks; export them one at a time")
            self._facts.setdefault(key, text.strip())
        self._text, self._characters = [], 0

    def clip(self, annotator: str) -> LooseClip:
        """Return what was read."""
        facts = self._facts
        size = (_number(facts, "original_size/width"), _number(facts, "original_size/height"))
        if facts.get("task/frame_filter") or facts.get("task/start_frame", "0") not in ("", "0"):
            raise ValueError("it counts frames of a part of the clip; export a task of the whole clip")
        name = facts.get("task/source") or facts.get("task/name", "")
        if not name:
            raise ValueError("it does not say of which clip it is")
        frames = int(_number(facts, "task/size")) if facts.get("task/size") else None
        targets: list[VafTarget | LooseTarget] = []
        for number, track in enumerate(self._tracks):
            targets += _targets(track, number, size)
        return LooseClip(name, facts.get("assignee/username") or annotator, tuple(targets), frames=frames)


_FACTS: Final = frozenset({"source", "name", "size", "start_frame", "frame_filter", "width", "height", "username"})


def _shape_of(kind: str, attributes: dict[str, str]) -> _Shape:
    frame = int(_number(attributes, "frame"))
    outside = attributes.get("outside") == "1"
    if kind == "box":
        x0, y0, x1, y1 = (_number(attributes, n) for n in ("xtl", "ytl", "xbr", "ybr"))
        return _Shape(frame, outside, (x0, y0, x1 - x0, y1 - y0))
    if kind == "ellipse":
        x, y, rx, ry = (_number(attributes, n) for n in ("cx", "cy", "rx", "ry"))
        return _Shape(frame, outside, (x - rx, y - ry, 2 * rx, 2 * ry))
    points = [p.split(",") for p in attributes.get("points", "").split(";")]
    if any(len(p) != 2 for p in points):
        raise ValueError("the points of a shape are not x,y;x,y")
    xs, ys = ([_real(p[i], "points") for p in points] for i in (0, 1))
    if kind == "points" and len(points) == 1:
        return _Shape(frame, outside, (xs[0], ys[0]))
    return _Shape(frame, outside, (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)))


def _targets(track: _Track, number: int, size: tuple[float, float]) -> list[VafTarget | LooseTarget]:
    """Return a target for each stretch in which the track is visible."""
    shapes = sorted(track.shapes, key=lambda s: s.frame)
    found: list[VafTarget | LooseTarget] = []
    begun: _Shape | None = None
    for shape in [*shapes, None]:
        if begun is not None and (shape is None or shape.outside):
            stop = None if shape is None else max(shape.frame - 1, begun.frame)
            found.append(_target(begun, stop, track.label, f"track-{number}-{len(found)}", size))
            begun = None
        elif shape is not None and begun is None and not shape.outside:
            begun = shape
    return found


def _target(
    shape: _Shape, stop: int | None, label: str, name: str, size: tuple[float, float]
) -> VafTarget | LooseTarget:
    place = place_in(shape.numbers, size)
    subject = shape.values.get("subject", "" if label == LABEL else label)[:MAX_TEXT]
    reason = shape.values.get("reason", "")[:MAX_TEXT]
    if shape.values.get("vaf"):
        target = decode_target(parse_object(shape.values["vaf"].encode()), "the attribute vaf")
        if subject != _allowed(target.subject):
            target = replace(target, subject=subject)
        if reason != _allowed(target.reason):
            target = replace(target, reason=reason)
        if not _same(target.place, shape.numbers, size):
            target = replace(target, place=place)
        if shape.frame == target.at.frame:
            return target
        return LooseTarget(target.id, target.place, shape.frame, None, hold=stop, subject=subject, reason=reason)
    return LooseTarget(name, place, shape.frame, None, hold=stop, subject=subject, reason=reason)


def _same(place: Point | Box, numbers: tuple[float, ...], size: tuple[float, float]) -> bool:
    """True if a shape in CVAT is where the target was when it was written."""
    here = (place.x * size[0], place.y * size[1])
    if isinstance(place, Box):
        here = place.pixels(int(size[0]), int(size[1]))  # type: ignore[assignment]
    return len(here) == len(numbers) and all(abs(a - b) < _MOVED_PX for a, b in zip(here, numbers, strict=True))


def _number(values: dict[str, str], name: str) -> float:
    if name not in values:
        raise ValueError(f"{name} is missing")
    return _real(values[name], name)


def _real(text: str, name: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not -1e9 < number < 1e9:
        raise ValueError(f"{name} {text[:40]!r} is not a usable number")
    return number
