"""Targets in from a file and out into one, and the division into train and test, as the window offers them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from rvr_laaf_app.annotation.store import AnnotatorStore, read_books
from rvr_laaf_app.annotation.work import looks_of

if TYPE_CHECKING:
    from rvr_laaf_app.annotation.exchange.transfer import Taken
    from rvr_laaf_app.ui.annotate.desk import Desk

Tr = Callable[[str], str]


def import_file(desk: Desk, path: Path) -> Taken:
    """Take targets from a file; what names nobody counts as this annotator's."""
    from rvr_laaf_app.annotation.exchange.formats import read_file
    from rvr_laaf_app.annotation.exchange.loose import bind
    from rvr_laaf_app.annotation.exchange.transfer import take_in

    loose = read_file(path, desk.annotator)
    bound = bind(loose, desk.survey, lambda facts: looks_of(desk.folder, facts))

    def store_of(annotator: str) -> AbstractContextManager[AnnotatorStore]:
        if annotator == desk.annotator:
            return nullcontext(desk.store)  # it is open here
        return AnnotatorStore.open(desk.folder, annotator)

    taken = take_in(bound, store_of, label=f"import {path.name}")
    desk.changed.emit()
    return taken


def taken_text(taken: Taken, tr: Tr) -> str:
    """Return what came in, in a sentence."""
    text = tr("{0} targets in {1} clips taken").replace("{0}", str(taken.targets)).replace("{1}", str(taken.clips))
    if taken.notes:
        text += "   " + tr("{0} left out: {1}").replace("{0}", str(len(taken.notes))).replace("{1}", taken.notes[0])
    return text


def export_file(desk: Desk, path: Path, tr: Tr) -> str:
    """Write what everybody said about the folder, in the format of the file's ending; return it in a sentence."""
    from rvr_laaf_app.annotation.exchange.formats import format_for
    from rvr_laaf_app.annotation.exchange.transfer import sheet_of, write_out

    format_ = format_for(path)
    sheet = sheet_of(desk.folder, read_books(desk.folder)[0])
    several = format_.name == "cvat" and sum(len(said) for said in sheet.data.annotations.values()) > 1
    # The dialog has asked already whether an existing file is to be replaced.
    written = write_out(format_, sheet, path.with_suffix("") if several else path, overwrite=True)
    text = tr("{0} files written: {1}") if len(written) > 1 else tr("Written: {1}")
    text = text.replace("{0}", str(len(written))).replace("{1}", written[0])
    return text + ("   " + tr("Left out: {0}").replace("{0}", format_.loses) if format_.loses else "")


def divide(desk: Desk, tr: Tr) -> str:
    """Give every usable clip a side, train or test; return how many lie on each."""
    from rvr_laaf_app.annotation.split import load_split, save_split, split_clips

    before = load_split(desk.folder)
    sides = split_clips([f.clip.pictures for f in desk.survey.clips if f.usable], before)
    if sides != before:
        save_split(desk.folder, sides)
    train = sum(side == "train" for side in sides.values())
    text = tr("{0} clips to train on, {1} held out for testing")
    return text.replace("{0}", str(train)).replace("{1}", str(len(sides) - train))
