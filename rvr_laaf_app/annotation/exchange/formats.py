"""Which formats annotations can be read from and written to, and which one a file is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rvr_laaf_app.annotation.encoding import decode_data, encode_data
from rvr_laaf_app.annotation.exchange.by_eye import read_by_eye, write_by_eye
from rvr_laaf_app.annotation.exchange.coco_video import read_coco, write_coco
from rvr_laaf_app.annotation.exchange.csv_table import read_csv, write_csv
from rvr_laaf_app.annotation.exchange.cvat_xml import read_cvat, write_cvat
from rvr_laaf_app.annotation.exchange.loose import LooseClip, Sheet, loosened
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document.strict_json import parse_object, read_bytes


@dataclass(frozen=True, slots=True)
class Format:
    """A format by its name. read: (content, annotator) -> clips. write: sheet -> content by file name ("" = the file).

    loses: what does not come back.
    """

    name: str
    suffix: str
    title: str
    read: Callable[[bytes, str], list[LooseClip]]
    write: Callable[[Sheet], Mapping[str, bytes]]
    loses: str = ""


def format_for(path: Path, name: str | None = None) -> Format:
    """Return the format of this name, or for the ending of a file to be written."""
    if name is not None:
        return FORMATS[name]
    if path.suffix.lower() in (".xml", ""):
        return FORMATS["cvat"]
    found = next((f for f in FORMATS.values() if f.suffix == path.suffix.lower()), None)
    if found is None:
        raise UsageError(f"{path.suffix} is no format of annotations", where=path, remedy="Give --format.")
    return found


def read_file(path: Path, annotator: str, *, name: str | None = None) -> list[LooseClip]:
    """Read a file, by what is in it unless the format is named; UsageError for what cannot be read."""
    try:
        content = read_bytes(path)
        return FORMATS[name or format_of(content)].read(content, annotator)
    except OSError as error:
        raise UsageError(f"the file cannot be read ({error.strerror or error})", where=path) from error
    except ValueError as error:
        raise UsageError(f"the annotations cannot be read: {error}", where=path) from error


def format_of(content: bytes) -> str:
    """Return the name of the format that a file's content is in; ValueError if it is none of them."""
    begin = content[:512].removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(b"<"):
        return "cvat"
    if not begin.startswith(b"{"):
        return "csv"
    values = parse_object(content)
    if "videos" in values:
        return "coco"
    if "schema" in values:
        return "vaf"
    if "clips" in values:
        return "by-eye"
    raise ValueError("it is JSON, but holds no clips")


def _write_vaf(sheet: Sheet) -> Mapping[str, bytes]:
    return {"": encode_data(sheet.data)}


def _write_cvat(sheet: Sheet) -> Mapping[str, bytes]:
    files: dict[str, bytes] = {}
    for annotator, said in sorted(sheet.data.annotations.items()):
        who = "".join(c if c.isalnum() else "-" for c in annotator)
        for annotation in said:
            clip = annotation.clip
            stem = PurePosixPath(clip.name).name
            name = f"{stem}.{who}.xml"
            if name in files:
                name = f"{stem}.{clip.pictures[:8]}.{who}.xml"
            files[name] = write_cvat(sheet, annotator, annotation)
    return files


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format("vaf", ".json", "VAF JSON", lambda content, _: loosened(decode_data(content)), _write_vaf),
        Format("csv", ".csv", "CSV table", read_csv, lambda sheet: {"": write_csv(sheet)}),
        Format("cvat", ".xml", "CVAT for video", read_cvat, _write_cvat, "notes and states of clips"),
        Format("coco", "", "COCO for video", read_coco, lambda sheet: {"": write_coco(sheet)}),
        Format(
            "by-eye",
            "",
            "targets by eye",
            read_by_eye,
            lambda sheet: {"": write_by_eye(sheet)},
            "hashes, times between frames, holds, points, and all annotators but one",
        ),
    )
}
