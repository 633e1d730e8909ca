"""Annotations as a CSV table, a row for each target, for spreadsheets and scripts; loses nothing.

Needed of a target are clip, x, y and one of seconds or frame, so that tables made by hand can be read. A text that a
spreadsheet would take for a formula is written with an apostrophe before it, which is taken away on reading.
"""

from __future__ import annotations

import base64
import csv
import io
import math

from rvr_laaf_app.annotation.encoding import fraction_of, look_of_text, place_of, place_values
from rvr_laaf_app.annotation.exchange.loose import LooseClip, LooseTarget, Sheet
from rvr_laaf_app.annotation.schema import STATES, ClipAnnotation, Moment, VafTarget, check_annotator

COLUMNS = (
    *("clip", "pictures", "frames", "annotator", "state", "note", "set_aside_reason"),
    *("id", "seconds", "frame", "x", "y", "width", "height", "subject", "reason"),
    *("pts", "time_base", "arrive", "hold", "early", "late", "hash", "look"),
)
MAX_BYTES = 256 * 2**20
MAX_ROWS = 500_000
_LONGEST_HEADER = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_LINE_BREAK = "\r\n"
Row = dict[str, str]


def write_csv(sheet: Sheet) -> bytes:
    """Return the table; a clip without targets has a row without a target."""
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator=_LINE_BREAK)
    table.writerow(COLUMNS)
    for annotator, said in sorted(sheet.data.annotations.items()):
        for annotation in said:
            first = _clip_cells(annotator, annotation)
            for target in annotation.targets or (None,):
                table.writerow([*first, *(_target_cells(target) if target else [""] * 17)])
    return out.getvalue().encode()


def read_csv(content: bytes, annotator: str) -> list[LooseClip]:
    """Read a table; `annotator` is who made rows that name nobody. ValueError names the line."""
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text (byte {error.start})") from None
    clips: dict[tuple[str, str, str], list[Row]] = {}
    lines: dict[int, int] = {}
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = _header(next(reader, []))
        for number, cells in enumerate(reader):
            if not any(cells):
                continue
            if number >= MAX_ROWS or len(cells) > len(header):
                raise ValueError(f"line {reader.line_num} has too many columns, or the table too many rows")
            row = {name: _plain(cell) for name, cell in zip(header, cells, strict=False)}
            who = row.get("annotator") or annotator
            lines[id(row)] = reader.line_num
            clips.setdefault((who, row.get("pictures", ""), row.get("clip", "")), []).append(row)
    except csv.Error as error:
        raise ValueError(f"it is not a CSV table: {error}") from None
    found = []
    for (who, pictures, name), rows in clips.items():
        line = lines[id(rows[0])]
        try:
            check_annotator(who)
            targets: list[VafTarget | LooseTarget] = []
            for row in rows:
                line = lines[id(row)]
                if row.get("x"):
                    targets.append(_target_of(row, len(targets)))
            found.append(_clip_of(name, who, pictures, rows[0], tuple(targets)))
        except ValueError as error:
            raise ValueError(f"line {line}: {error}") from None
    return found


def _header(cells: list[str]) -> list[str]:
    header = [c.strip().lower() for c in cells]
    if len(header) > _LONGEST_HEADER or len(set(header)) != len(header):
        raise ValueError("the first row names a column twice, or too many")
    missing = [name for name in ("clip", "x", "y") if name not in header]
    if missing or not {"seconds", "frame"} & set(header):
        raise ValueError(f"the column {(missing or ['seconds'])[0]!r} is missing in the first row")
    return header


def _clip_cells(annotator: str, said: ClipAnnotation) -> list[str]:
    texts = [_safe(said.clip.name), said.clip.pictures, str(said.clip.frames), _safe(annotator), said.state]
    return [*texts, _safe(said.note), _safe(said.reason)]


def _target_cells(target: VafTarget) -> list[str]:
    numbers = [repr(n) for n in place_values(target.place)]
    at = target.at
    return [
        *(_safe(target.id), f"{at.seconds:.6f}", str(at.frame), *numbers, *[""] * (4 - len(numbers))),
        *(_safe(target.subject), _safe(target.reason), str(at.pts)),
        f"{at.time_base.numerator}/{at.time_base.denominator}",
        *(str(target.arrive), "" if target.hold is None else str(target.hold), str(target.early), str(target.late)),
        *(at.hash, base64.b64encode(at.look).decode("ascii")),
    ]


def _clip_of(name: str, who: str, pictures: str, row: Row, targets: tuple[VafTarget | LooseTarget, ...]) -> LooseClip:
    state = row.get("state") or "done"
    if state not in STATES:
        raise ValueError(f"state {state[:40]!r} is not known")
    frames = _integer(row, "frames") if row.get("frames") else None
    return LooseClip(name, who, targets, pictures, frames, state, row.get("note", ""), row.get("set_aside_reason", ""))


def _target_of(row: Row, number: int) -> VafTarget | LooseTarget:
    size = ("width", "height") if row.get("width") else ()
    place = place_of(tuple(_real(row, name) for name in ("x", "y", *size)))
    name = row.get("id") or f"row-{number + 1}"
    words = row.get("subject", ""), row.get("reason", "")
    if row.get("look"):
        time_base = fraction_of(row.get("time_base", ""))
        look = look_of_text(row["look"])
        at = Moment(_integer(row, "frame"), _integer(row, "pts"), time_base, row.get("hash", ""), look)
        hold = _integer(row, "hold") if row.get("hold") else None
        times = _integer(row, "arrive"), _integer(row, "early"), _integer(row, "late")
        return VafTarget(name, at, place, *times, hold, *words)
    seconds = _real(row, "seconds") if row.get("seconds") else None
    frame = _integer(row, "frame") if row.get("frame") else None
    return LooseTarget(name, place, frame, seconds, subject=words[0], reason=words[1])


def _real(row: Row, name: str) -> float:
    try:
        number = float(row.get(name, ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} {row.get(name, '')[:40]!r} is not a number")
    return number


def _integer(row: Row, name: str) -> int:
    text = row.get(name, "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 16:
        raise ValueError(f"{name} {text[:40]!r} is not a whole number")
    return int(text)


def _safe(text: str) -> str:
    return "'" + text if text.startswith(_FORMULA) else text


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell
