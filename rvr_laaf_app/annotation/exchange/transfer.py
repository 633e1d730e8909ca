"""Annotations into the journals of a folder, and out of them into files; what the command and the window share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from rvr_laaf_app.annotation.encoding import VafData
from rvr_laaf_app.annotation.exchange.formats import Format
from rvr_laaf_app.annotation.exchange.loose import Bound, Sheet
from rvr_laaf_app.annotation.replay import Book
from rvr_laaf_app.annotation.schema import ClipAnnotation
from rvr_laaf_app.annotation.split import load_split
from rvr_laaf_app.annotation.store import AnnotatorStore
from rvr_laaf_app.annotation.work import load_survey
from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.core.errors import ExportError, UsageError

StoreOf = Callable[[str], AbstractContextManager[AnnotatorStore]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What came in: targets, clips, and what was left as it is and why."""

    targets: int
    clips: int
    notes: tuple[str, ...]


def take_in(bound: Bound, store_of: StoreOf, *, label: str, replace: bool = False) -> Taken:
    """Journal annotations that were bound to the clips of a folder.

    store_of: gives the open journal of an annotator. What somebody has annotated already stays, unless `replace`.
    """
    targets, clips, notes = 0, 0, list(bound.notes)
    for annotator, said in bound.annotations.items():
        with store_of(annotator) as store:
            for annotation in said:
                before = store.said.get(annotation.clip.pictures)
                if before is not None and before != annotation and not replace:
                    notes.append(f"{annotation.clip.name}: {annotator} has annotated it already; --replace takes it")
                    continue
                clips += 1
                targets += len(annotation.targets)
                store.edit(annotation.clip, _as_it_is(annotation), label=label, imported=True)
    return Taken(targets, clips, tuple(notes))


def _as_it_is(new: ClipAnnotation) -> Callable[[ClipAnnotation], ClipAnnotation]:
    return lambda _: new


def sheet_of(folder: Path, books: Sequence[Book], annotators: Sequence[str] = ()) -> Sheet:
    """Return what annotators (default: all) said about a folder, ready for a format; UsageError if there is nothing."""
    people = {b.annotator: b.annotations for b in books if b.role == "annotator"}
    unknown = [name for name in annotators if name not in people]
    if unknown:
        raise UsageError(f"there is no annotator {unknown[0]!r}", where=folder)
    chosen = {name: said for name, said in people.items() if not annotators or name in annotators}
    if not any(chosen.values()):
        raise UsageError("there are no annotations to export", where=folder)
    tables = {f.clip.pictures: f.table for f in load_survey(folder).clips}
    return Sheet(VafData(chosen, load_split(folder)), tables)


def write_out(format_: Format, sheet: Sheet, output: Path, *, overwrite: bool = False) -> list[str]:
    """Write a sheet in a format, into a folder if there may be several files; return their paths."""
    try:
        files = format_.write(sheet)
    except ValueError as error:
        raise UsageError(f"{format_.title} cannot hold this: {error}") from error
    try:
        return _written(output, files, overwrite=overwrite)
    except OSError as error:
        raise ExportError(f"the file cannot be written ({error.strerror or error})", where=output) from error


def _written(output: Path, files: Mapping[str, bytes], *, overwrite: bool) -> list[str]:
    one = list(files) == [""] or (len(files) == 1 and output.suffix.lower() == ".xml")
    if one and output.is_dir():
        raise UsageError("this is a folder", where=output, remedy="Give a file to write.")
    if not one and output.suffix:
        raise UsageError(f"there are {len(files)} files to write", where=output, remedy="Give a folder.")
    paths = {output if one else output / name: content for name, content in files.items()}
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise UsageError("the file exists", where=there[0], remedy="Give --overwrite to replace it.")
    for path, content in paths.items():
        if not one:
            output.mkdir(parents=True, exist_ok=True)
        write_atomic(path, content)
    return [str(path) for path in paths]
