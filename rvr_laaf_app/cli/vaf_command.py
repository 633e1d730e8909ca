"""`rvr-laaf vaf`: the data set of focus targets that people set: how far it is, whether it is sound, in and out."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvr_laaf_app.core.errors import RvrError, UsageError

if TYPE_CHECKING:
    from rvr_laaf_app.annotation.exchange.loose import Bound
    from rvr_laaf_app.annotation.store import Book
    from rvr_laaf_app.annotation.work import Survey

FORMAT_NAMES = ["vaf", "csv", "cvat", "coco", "by-eye"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    stats = _action(actions, "stats", "how many clips there are, which are set aside and why, how far everybody is")
    stats.add_argument("--clips", action="store_true", help="also list every clip")
    check = _action(actions, "check", "whether journals are whole and frames are found again; hidden check clips")
    check.add_argument("--adopt", action="store_true", help="take annotations over to clips that were re-encoded")
    split = _action(actions, "split", "divide the clips into train and test; once given, a side stays")
    split.add_argument("--held-out", type=_count, default=40, metavar="N", help="clips for testing, once there are 5 N")
    agree = _action(actions, "agree", "how far annotators agree on time, place and subject, with 95 %% intervals")
    agree.add_argument("annotators", nargs="*", metavar="NAME", help="only these (default: all)")
    bring = _action(actions, "import", "take targets from a file: VAF JSON, CSV, CVAT, COCO, targets by eye")
    bring.add_argument("file", type=Path, metavar="FILE")
    bring.add_argument("--annotator", metavar="NAME", help="who made what the file names nobody for (default: you)")
    bring.add_argument("--as-check", action="store_true", help="as known answers for hidden check clips")
    bring.add_argument("--replace", action="store_true", help="also clips that this annotator has annotated already")
    bring.add_argument("--format", choices=FORMAT_NAMES, help="default: by what is in the file")
    export = _action(actions, "export", "write the annotations for other programs")
    export.add_argument("output", type=Path, metavar="OUT", help=".json (VAF), .csv, .xml or a folder (CVAT)")
    export.add_argument("--annotator", metavar="NAME", action="append", help="only this one; repeatable")
    export.add_argument("--format", choices=FORMAT_NAMES, help="default: by the ending of OUT")
    export.add_argument("--overwrite", action="store_true", help="replace files that exist")


def _action(actions: Any, name: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text)
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of clips")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Do one of the actions; `check` gives 1 if there are problems."""
    doing = {
        "stats": _stats,
        "check": _check,
        "split": _split,
        "agree": _agree,
        "import": _import,
        "export": _export,
    }[arguments.action]
    return doing(arguments)


def _stats(arguments: argparse.Namespace) -> int:
    from rvr_laaf_app.annotation.audit import summaries
    from rvr_laaf_app.annotation.split import load_split
    from rvr_laaf_app.cli.vaf_tables import stats_tables

    survey, books = _survey(arguments), _books(arguments.folder)
    sides = load_split(arguments.folder)
    rows = [asdict(s) for s in summaries(survey, books)]
    usable = [f for f in survey.clips if f.usable]
    report = {
        "folder": str(arguments.folder),
        "clips": len(survey.clips),
        "usable": len(usable),
        "seconds": round(sum(f.clip.duration_s for f in usable), 3),
        "set_aside": [{"name": f.clip.name, "reason": f.set_aside} for f in survey.clips if not f.usable],
        "unreadable": [{"name": u.name, "reason": u.reason} for u in survey.unreadable],
        "copies": [{"name": name, "of": other} for name, other in survey.copies],
        "annotators": rows,
        "split": {side: sum(v == side for v in sides.values()) for side in ("train", "test")},
    }
    if arguments.clips or arguments.json:
        report["list"] = [
            {
                "name": f.clip.name,
                "seconds": round(f.clip.duration_s, 3),
                "frames": f.clip.frames,
                "cuts": list(f.cuts),
                "split": sides.get(f.clip.pictures),
                "annotators": [b.annotator for b in books if f.clip.pictures in b.said and b.role == "annotator"],
            }
            for f in survey.clips
        ]
    _tell(arguments, report, stats_tables(report))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from rvr_laaf_app.annotation.audit import adopt, audit
    from rvr_laaf_app.cli.vaf_tables import agreement_tables, check_tables

    survey = _survey(arguments)
    found = audit(arguments.folder, survey)
    adopted: list[Bound] = []
    if arguments.adopt and found.orphans:
        adopted = adopt(arguments.folder, survey, found)
        found = audit(arguments.folder, survey)
    report: dict[str, Any] = {
        "problems": list(found.problems),
        "remarks": list(found.remarks),
        "targets": dict(found.ways),
        "adopted": {w: sum(b.ways.get(w, 0) for b in adopted) for b in adopted for w in b.ways},
        "left_out": [note for b in adopted for note in b.notes],
        "check_clips": [asdict(a) for a in found.checks],
    }
    _tell(arguments, report, [*check_tables(report), *agreement_tables(report["check_clips"], "on hidden check clips")])
    return 1 if found.problems else 0


def _split(arguments: argparse.Namespace) -> int:
    from rvr_laaf_app.annotation.split import load_split, save_split, split_clips

    survey = _survey(arguments)
    before = load_split(arguments.folder)
    clips = {f.clip.pictures: f.clip.name for f in survey.clips if f.usable}
    sides = split_clips(clips, before, held_out=arguments.held_out)
    if sides != before:
        save_split(arguments.folder, sides)
    report: dict[str, Any] = {
        side: sorted(clips.get(key, f"({key}, not here)") for key, of in sides.items() if of == side)
        for side in ("train", "test")
    }
    report["new"] = len(sides) - len(before)
    lines = [f"train {len(report['train'])}, test {len(report['test'])}; {report['new']} clips were given a side"]
    _tell(arguments, report, [*lines, *(f"test  {name}" for name in report["test"])])
    return 0


def _agree(arguments: argparse.Namespace) -> int:
    from rvr_laaf_app.annotation.agreement import agreements
    from rvr_laaf_app.cli.vaf_tables import agreement_tables

    people = {b.annotator: b.annotations for b in _books(arguments.folder) if b.role == "annotator"}
    unknown = [name for name in arguments.annotators if name not in people]
    if unknown:
        raise UsageError(f"there is no annotator {unknown[0]!r}", remedy=f"There are: {', '.join(people) or 'none'}.")
    chosen = {name: said for name, said in people.items() if not arguments.annotators or name in arguments.annotators}
    found = [asdict(a) for a in agreements(chosen)]
    tables = agreement_tables(found) or ["no two annotators have a clip done in common"]
    _tell(arguments, {"agreements": found}, tables)
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from rvr_laaf_app.annotation.exchange.formats import read_file
    from rvr_laaf_app.annotation.exchange.loose import bind
    from rvr_laaf_app.annotation.exchange.transfer import take_in
    from rvr_laaf_app.annotation.store import AnnotatorStore
    from rvr_laaf_app.annotation.work import looks_of

    who = arguments.annotator or ("check" if arguments.as_check else _user())
    loose = read_file(arguments.file, who, name=arguments.format)
    survey = _survey(arguments)
    bound = bind(loose, survey, lambda facts: looks_of(arguments.folder, facts))
    role = "check" if arguments.as_check else "annotator"
    taken = take_in(
        bound,
        lambda annotator: AnnotatorStore.open(arguments.folder, annotator, role=role),
        label=f"import {arguments.file.name}",
        replace=arguments.replace,
    )
    report = {
        "file": str(arguments.file),
        "targets": taken.targets,
        "clips": taken.clips,
        "annotators": sorted(bound.annotations),
        "found_by": dict(bound.ways),
        "notes": list(taken.notes),
    }
    ways = ", ".join(f"{count} by {way}" for way, count in sorted(bound.ways.items()))
    lines = [f"{report['targets']} targets in {report['clips']} clips taken ({ways or 'none'})"]
    _tell(arguments, report, lines)
    if not arguments.json:
        for note in taken.notes:
            print(f"note: {note}", file=sys.stderr)
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from rvr_laaf_app.annotation.exchange.formats import format_for
    from rvr_laaf_app.annotation.exchange.transfer import sheet_of, write_out

    format_ = format_for(arguments.output, arguments.format)
    sheet = sheet_of(arguments.folder, _books(arguments.folder), arguments.annotator or ())
    written = write_out(format_, sheet, arguments.output, overwrite=arguments.overwrite)
    targets = sum(len(a.targets) for said in sheet.data.annotations.values() for a in said)
    report = {"format": format_.name, "files": written, "targets": targets, "loses": format_.loses}
    _tell(arguments, report, written)
    if format_.loses and not arguments.json:
        print(f"note: {format_.title} does not carry {format_.loses}", file=sys.stderr)
    return 0


def _survey(arguments: argparse.Namespace) -> Survey:
    """Look at the clips of the folder; what was looked at before is taken from its record."""
    from rvr_laaf_app.annotation.work import Survey, survey

    found = Survey(())
    show = sys.stderr.isatty() and not arguments.json
    for step in survey(arguments.folder):
        found = step.survey
        if show:
            print(f"\r\x1b[2Kclips: {step.done}/{step.total} {step.name}", end="", file=sys.stderr, flush=True)
    if show:
        print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
    return found


def _books(folder: Path) -> list[Book]:
    """Read all journals; one that cannot be read at all is a note, for `check` says more."""
    from rvr_laaf_app.annotation.store import read_books

    if not folder.is_dir():
        raise UsageError("this is not a folder of clips", where=folder)
    books, errors = read_books(folder)
    for error in errors:
        print(f"note: {error}", file=sys.stderr)
    return books


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:
        raise RvrError("this system does not say who you are", remedy="Give --annotator NAME.") from error


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100000")
    return number


def _tell(arguments: argparse.Namespace, report: dict[str, Any], lines: list[str]) -> None:
    print(json.dumps(report, indent=1) if arguments.json else "\n".join(lines))
