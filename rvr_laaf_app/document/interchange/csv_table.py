"""Targets, or the focus curve of every frame, as a CSV table for spreadsheets and scripts.

Carries targets with all their settings but no tracks, lens or unknown fields; or the curve (disparity, f-number,
state, nominal metres). Both in one file it cannot. RFC 4180: comma, CRLF, quotes; UTF-8 with the names of the columns
in the first row. What a spreadsheet saves is read too: semicolons or tabs, decimal commas, columns in any order, a
byte order mark. Needed of a target: seconds, x, y. A text that a spreadsheet would take for a formula is written with
an apostrophe before it, which is taken away on reading.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable

import numpy as np

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document.interchange.incoming import Incoming, incoming_of
from rvr_laaf_app.document.interchange.sheet import STATES, CurveSamples, FocusSheet, What, distance_m, number, precise
from rvr_laaf_app.document.interchange.timing import Moment, moment_of, seconds_of
from rvr_laaf_app.document.strict_json import JsonObject

TARGET_COLUMNS = (
    *("id", "seconds", "pull_seconds", "x", "y", "width", "height"),
    *("ease", "strength", "tracker", "source", "reason", "frame", "pts", "pull_frames"),
)
CURVE_COLUMNS = ("frame", "pts", "seconds", "focus_disparity", "f_number", "state", "focus_distance_m")
_TEXTS = ("id", "ease", "strength", "tracker", "source", "reason")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_LONGEST_CELL = 100_000
MAX_ROWS = 1_000_000
MAX_CELLS = 5_000_000
_LONGEST_HEADER = 10_000


def write_csv(sheet: FocusSheet, what: What) -> bytes:
    """Return the table of targets, or of the curve."""
    lines = _curve_lines(sheet) if what == "curve" else _target_lines(sheet)
    out = io.StringIO(newline="")
    csv.writer(out).writerows(lines)
    return out.getvalue().encode()


def read_csv(data: bytes) -> Incoming:
    """Return the targets, or the curve, of a table; ValueError naming row and column for what is wrong."""
    header, rows, comma = _parse(data)
    if "focus_disparity" in header:
        curve, seconds = _read_curve(header, rows, comma)
        return Incoming(incoming_of([]).project, {}, curve=curve, curve_seconds=seconds)
    for needed in ("seconds", "x", "y"):
        if needed not in header:
            raise ValueError(f"the column {needed!r} is missing in the first row")
    items = [_target(_Row(header, row, line, comma)) for line, row in rows]
    strange = [name for name in header if name not in TARGET_COLUMNS]
    notes = (f"columns not understood and left out: {', '.join(strange)[:200]}",) if strange else ()
    return incoming_of(items, notes=notes)


def _target_lines(sheet: FocusSheet) -> Iterable[Iterable[str]]:
    yield TARGET_COLUMNS
    for target in sheet.project.targets:
        moment, place = moment_of(sheet.table, target.frame, target.pull_frames), target.place
        extent = (precise(place.width), precise(place.height)) if isinstance(place, Box) else ("", "")
        pts = str(int(sheet.table.pts[target.frame])) if target.frame < len(sheet.table) else ""
        yield (
            _safe(target.id),
            precise(moment.seconds),
            precise(moment.pull_seconds or 0.0),
            *(precise(place.x), precise(place.y), *extent),
            *(_safe(t) for t in (target.ease, target.strength, target.tracker, target.source, target.reason)),
            *(str(target.frame), pts, str(target.pull_frames)),
        )


def _curve_lines(sheet: FocusSheet) -> Iterable[Iterable[str]]:
    curve, table = sheet.samples, sheet.table
    metres = distance_m(curve.focus_disparity, sheet.project.lens.lens)
    yield CURVE_COLUMNS
    for index in range(len(curve)):
        far = not math.isfinite(metres[index])
        yield (
            str(index),
            str(int(table.pts[index])),
            precise(seconds_of(table, index)),
            number(curve.focus_disparity[index]),
            number(curve.f_number[index]),
            STATES[int(curve.state[index])],
            "" if far else f"{metres[index]:.6f}",
        )


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _parse(data: bytes) -> tuple[list[str], list[tuple[int, list[str]]], bool]:
    """Return (names of the columns, rows with their numbers from 1, whether numbers have a decimal comma)."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text (byte {error.start})") from None
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    if len(first) > _LONGEST_HEADER or text.count(delimiter) > MAX_CELLS:
        raise ValueError("it has more columns or cells than such a table can have")
    header: list[str] = []
    rows: list[tuple[int, list[str]]] = []
    try:
        for line, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if len(rows) >= MAX_ROWS:
                raise ValueError(f"it has more than {MAX_ROWS} rows")
            if not header:
                header = [name.strip().lower() for name in row]
            elif any(cell.strip() for cell in row):
                rows.append((line, row))
    except csv.Error as error:
        raise ValueError(f"it is not a CSV table: {error}") from None
    if not header:
        raise ValueError("it is empty")
    if len(set(header)) != len(header) or len(header) > 200:
        raise ValueError("the first row must name each column once")
    return header, rows, delimiter == ";"


class _Row:
    """The cells of one row by the name of their column."""

    def __init__(self, header: list[str], row: list[str], line: int, comma: bool) -> None:
        if len(row) > len(header):
            raise ValueError(f"row {line} has more cells than the first row has names")
        self._cells = dict(zip(header, row, strict=False))
        self._line = line
        self._comma = comma

    def text(self, name: str) -> str | None:
        """Return a text, None where there is none (an empty cell is one only where that means something)."""
        cell = self._cells.get(name, "")
        if len(cell) > _LONGEST_CELL:
            raise ValueError(f"row {self._line}, {name}: the text is too long")
        may_be_empty = name in ("source", "reason") and name in self._cells
        return _plain(cell) if cell or may_be_empty else None

    def real(self, name: str) -> float | None:
        """Return a finite number, None where the cell is empty."""
        cell = self._cells.get(name, "").strip()
        if not cell:
            return None
        plain = cell.replace(",", ".") if self._comma else cell
        value = float(plain) if len(plain) < 400 and _NUMBER.fullmatch(plain) else math.nan
        if not math.isfinite(value):
            raise ValueError(f"row {self._line}, {name}: {cell[:40]!r} is not a number that can be used")
        return value

    def needed(self, name: str) -> float:
        """Return a finite number; ValueError where there is none."""
        value = self.real(name)
        if value is None:
            raise ValueError(f"row {self._line}: {name} is missing")
        return value

    def whole(self, name: str) -> int | None:
        """Return a whole number, None where the cell is empty."""
        value = self.real(name)
        if value is not None and value != int(value):
            raise ValueError(f"row {self._line}, {name}: {value:g} is not a whole number")
        return None if value is None else int(value)


def _target(row: _Row) -> tuple[JsonObject, Moment]:
    x, y, width, height = row.needed("x"), row.needed("y"), row.real("width"), row.real("height")
    texts = {name: text for name in _TEXTS if (text := row.text(name)) is not None}
    place: JsonObject = {"point": [x, y]}
    if width is not None and height is not None:
        place = {"box": [x, y, width, height]}
    moment = Moment(row.needed("seconds"), row.real("pull_seconds"), row.whole("frame"), row.whole("pull_frames"))
    return {**texts, **place}, moment


def _read_curve(
    header: list[str], rows: list[tuple[int, list[str]]], comma: bool
) -> tuple[CurveSamples, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    seconds, planes, f_numbers, states = [], [], [], []
    for line, cells in rows:
        row = _Row(header, cells, line, comma)
        state = row.text("state") or "hold"
        if state not in STATES:
            raise ValueError(f"row {line}, state: {state[:40]!r} is none of {', '.join(STATES)}")
        seconds.append(row.needed("seconds"))
        planes.append(row.needed("focus_disparity"))
        f_numbers.append(row.needed("f_number"))
        states.append(STATES.index(state))
    with np.errstate(over="ignore"):
        curve = CurveSamples(np.array(planes, np.float32), np.array(states, np.uint8), np.array(f_numbers, np.float32))
    return curve, np.array(seconds, np.float64)
