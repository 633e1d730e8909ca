"""`rvr-laaf interchange`: focus targets and the focus curve of a project to and from other programs."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rvr_laaf_app.cli.options import add_estimator_arguments, chosen_products, count
from rvr_laaf_app.cli.progress import run_with_progress
from rvr_laaf_app.cli.projects import add_clip_argument, choose_clip
from rvr_laaf_app.core.errors import UsageError

if TYPE_CHECKING:
    from rvr_laaf_app.document.interchange.sheet import CurveSamples
    from rvr_laaf_app.document.project import Project
    from rvr_laaf_app.media.probe import ClipInfo

FORMAT_NAMES = ["json", "csv", "otio", "fcpxml", "ae", "ae-camera", "nuke", "usd"]
READABLE_NAMES = ["json", "csv", "otio", "fcpxml"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    export = actions.add_parser("export", help="write targets or focus curve of a project for another program")
    export.add_argument("project", metavar="PROJECT", help="a .rvr project")
    add_clip_argument(export)
    export.add_argument("output", metavar="OUT", help=".json, .csv, .otio, .fcpxml, .txt (After Effects), .nk or .usda")
    export.add_argument("--format", choices=FORMAT_NAMES, help="default: by the ending of OUT")
    export.add_argument(
        "--what", choices=["targets", "curve", "all"], help="default: targets where the format has them, else curve"
    )
    export.add_argument("--tracks", action="store_true", help="json: also write where the subjects were found")
    export.add_argument(
        "--first-frame", type=count, metavar="N", help="number of the first frame (nuke: 1, ae and usd: 0)"
    )
    export.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    export.add_argument("--json", action="store_true", help="print what was done as JSON")
    add_estimator_arguments(export)
    bring = actions.add_parser("import", help="take targets from a file into a project, matched by time")
    bring.add_argument("project", metavar="PROJECT", help="a .rvr project; it is changed unless --out is given")
    add_clip_argument(bring)
    bring.add_argument("file", metavar="FILE", help=".json, .csv, .otio or .fcpxml")
    bring.add_argument("--format", choices=READABLE_NAMES, help="default: by the ending of FILE")
    bring.add_argument("--out", metavar="PROJECT", help="write the result here and leave the project as it is")
    bring.add_argument("--replace", action="store_true", help="remove the targets that the file does not have")
    bring.add_argument("--lens", action="store_true", help="also take the lens from the file")
    bring.add_argument("--overwrite", action="store_true", help="replace --out if it exists")
    bring.add_argument("--json", action="store_true", help="print what was done as JSON")
    actions.add_parser("formats", help="what each format carries, and what it cannot")


def run(arguments: argparse.Namespace) -> int:
    """Export, import, or list the formats."""
    if arguments.action == "export":
        _export(arguments)
    elif arguments.action == "import":
        _import(arguments)
    else:
        _list()
    return 0


def _export(arguments: argparse.Namespace) -> None:
    from rvr_laaf_app.document.interchange.formats import check_destination, format_for, write_file
    from rvr_laaf_app.document.interchange.sheet import FocusSheet

    path = Path(arguments.output)
    format_ = format_for(path, arguments.format)
    what = arguments.what or format_.whats[0]
    if what not in format_.whats:
        raise UsageError(f"{format_.title} cannot carry {what}", remedy=f"It carries {' or '.join(format_.whats)}.")
    if arguments.tracks and (format_.name != "json" or what == "curve"):
        raise UsageError("only targets in json can carry tracks", remedy="Leave --tracks out.")
    check_destination(path, overwrite=arguments.overwrite)  # before minutes of analysis, not after
    chosen = choose_clip(arguments.project, arguments.clip_name, quiet=arguments.json)
    project, info, curve = chosen.project, chosen.info, None
    if not project.targets and what == "targets":
        raise UsageError("the project has no targets", where=arguments.project)
    if what != "targets":
        project, curve = _with_curve(project, info, arguments)
    assert info.table is not None
    sheet = FocusSheet(
        project, info.table, info.display_size, curve, with_tracks=arguments.tracks, first_frame=arguments.first_frame
    )
    write_file(path, sheet, format_, what=what, overwrite=arguments.overwrite)
    if arguments.json:
        facts = {"output": str(path), "format": format_.name, "what": what, "targets": len(project.targets)}
        print(json.dumps({**facts, "frames": info.frames, "limits": format_.limits}))
        return
    print(path)
    if format_.limits:
        print(f"note: {format_.title} {format_.limits}", file=sys.stderr)


def _with_curve(project: Project, info: ClipInfo, arguments: argparse.Namespace) -> tuple[Project, CurveSamples]:
    """Analyse the clip and follow the subjects as far as that is not done; return the project and its curve."""
    from rvr_laaf_app.document.interchange.sheet import curve_samples
    from rvr_laaf_app.pipeline.analyse import analyse_job
    from rvr_laaf_app.pipeline.focus import curve_of, track_job

    products = chosen_products(info, arguments, project.depth)
    run_with_progress(analyse_job(products), "analyse", quiet=arguments.json)
    for target in project.targets:
        inside = target.frame < info.frames and target.strength != "suggested"
        if inside and project.track_of(target) is None:
            track = run_with_progress(track_job(products, project, target.id), "track", quiet=arguments.json)
            others = tuple(t for t in project.tracks if t.target_id != target.id)
            project = replace(project, tracks=(*others, track))
    curve = curve_of(products, project)
    return project, curve_samples(curve.focus_disparity, curve.state, lens=project.lens, width_px=info.display_size[0])


def _import(arguments: argparse.Namespace) -> None:
    from rvr_laaf_app.document.interchange.formats import format_for, read_file
    from rvr_laaf_app.document.interchange.incoming import import_into
    from rvr_laaf_app.document.store import save_project

    path, out = Path(arguments.file), Path(arguments.out or arguments.project)
    format_ = format_for(path, arguments.format)
    own = arguments.out is None
    if not own:
        _check_out(out, overwrite=arguments.overwrite)
    incoming = read_file(path, format_)
    chosen = choose_clip(arguments.project, arguments.clip_name, quiet=arguments.json)
    project, table = chosen.project, chosen.info.table
    assert table is not None
    outcome = import_into(project, incoming, table, replace_all=arguments.replace, with_lens=arguments.lens)
    if outcome.project is not project or not own:
        save_project(chosen.with_project(outcome.project), out, expected=chosen.stamp if own else None)
    if arguments.json:
        facts = {"project": str(out), "targets": list(outcome.taken), "notes": list(outcome.notes)}
        print(json.dumps({**facts, "changed": outcome.project is not project}))
        return
    print(out)
    for note in outcome.notes:
        print(f"note: {note}", file=sys.stderr)


def _check_out(path: Path, *, overwrite: bool) -> None:
    from rvr_laaf_app.document.interchange.formats import check_destination

    if path.suffix.lower() != ".rvr":
        raise UsageError("a project's name must end in .rvr", where=path)
    check_destination(path, overwrite=overwrite)


def _list() -> None:
    from rvr_laaf_app.document.interchange.formats import FORMATS

    for format_ in FORMATS.values():
        endings = " ".join(format_.suffixes) or "--format only"
        ways = "export, import" if format_.read else "export"
        print(f"{format_.name:10} {endings:15} {ways:15} {format_.title}: {', '.join(format_.whats)}")
        print(f"{'':10} carries {format_.carries}")
        if format_.limits:
            print(f"{'':10} {format_.limits}")
