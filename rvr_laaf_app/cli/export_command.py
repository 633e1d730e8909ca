"""`rvr-laaf export`: projects in a row, all their clips or some, in one or several presets; what is done is not redone.

Every result is there whole or not at all. A batch that was broken off, even killed, is run again with the same command:
results that are there already, unchanged, are left alone. One that fails does not stop the others.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvr_laaf_app.app.engine import ExportChoice, PipelineEngine
from rvr_laaf_app.app.export_queue_ledger import Ledger
from rvr_laaf_app.app.export_queue_names import name_of
from rvr_laaf_app.app.export_queue_presets import ExportPreset, load_presets
from rvr_laaf_app.app.export_queue_work import find_clip, prepare_job, write_job
from rvr_laaf_app.cli.options import add_estimator_arguments, chosen_products, parse_seconds
from rvr_laaf_app.cli.progress import clock, run_with_progress
from rvr_laaf_app.core.errors import Cancelled, ExportError, ProjectError, RvrError, UsageError
from rvr_laaf_app.document.depth_source import DEFAULT_SOURCE, DepthSource
from rvr_laaf_app.document.project import Project

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.products import ClipProducts


@dataclass(slots=True)
class Row:
    """One export of the batch and how it went."""

    project_path: str
    clip: str
    preset: str
    project: Project | None = None
    choice: ExportChoice | None = None
    state: str = "waiting"  # done, skipped, failed, waiting (never begun)
    error: RvrError | None = None
    frames: int = 0
    seconds: float = 0.0
    marked: bool = field(default=False)

    def fail(self, error: RvrError) -> None:
        """Note why it failed."""
        self.state, self.error = "failed", error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("projects", nargs="*", metavar="PROJECT.rvr", help="projects, exported one after the other")
    parser.add_argument(
        "--preset", action="append", default=[], metavar="NAME", help='how (default "Share H.264"); repeatable'
    )
    parser.add_argument("--list-presets", action="store_true", help="say which presets there are, and end")
    parser.add_argument("--out", metavar="DIR", help="folder of the results (default: beside each project)")
    parser.add_argument(
        "--name", metavar="PATTERN", help="file name, of {clip} {project} {preset} {date} {time} {range}"
    )
    parser.add_argument(
        "--clip", action="append", default=[], metavar="NAME", help="only this clip, by name or number; repeatable"
    )
    parser.add_argument("--from", dest="start", type=parse_seconds, metavar="S", help="begin at this time")
    parser.add_argument("--to", dest="stop", type=parse_seconds, metavar="S", help="end at this time")
    parser.add_argument("--marked", action="store_true", help="only what lies between the I and O marks of each clip")
    add_estimator_arguments(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace results that are something else")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


class _Engine(PipelineEngine):
    """The engine with depth as the arguments want it."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments

    def products_of(self, info: ClipInfo, source: DepthSource = DEFAULT_SOURCE) -> ClipProducts:
        """See Engine."""
        return chosen_products(info, self._arguments, source)


def run(arguments: argparse.Namespace) -> int:
    """Export the batch; return 0, or the exit code of the first failure."""
    presets, problems = load_presets()
    for problem in problems:
        print(f"note: {problem}", file=sys.stderr)
    if arguments.list_presets:
        for preset in presets.all:
            print(f"{preset.name:<26} {preset.codec:<12} {preset.suffix or 'folder':<7} {preset.pattern}")
        return 0
    if not arguments.projects:
        raise UsageError("no project was given", remedy="Give one or more .rvr files.")
    if arguments.marked and (arguments.start is not None or arguments.stop is not None):
        raise UsageError("--marked and --from or --to exclude each other")
    chosen = [_preset(presets.get(name), name) for name in arguments.preset or [presets.all[0].name]]
    if arguments.out and not Path(arguments.out).is_dir():
        raise UsageError("the folder does not exist", where=arguments.out, remedy="Make it first or choose another.")
    rows = [row for path in arguments.projects for row in _rows(path, chosen, arguments)]
    engine, ledger = _Engine(arguments), Ledger()
    stopped: BaseException | None = None
    try:
        for number, row in enumerate(rows, start=1):
            _export(engine, ledger, row, label=f"[{number}/{len(rows)}]", arguments=arguments)
    except (KeyboardInterrupt, Cancelled) as error:
        stopped = error
    _tell(rows, as_json=arguments.json)
    if stopped is not None:
        raise Cancelled("stopped; the same command goes on with what is missing")
    return next((row.error.exit_code for row in rows if row.error is not None), 0)


def _preset(preset: ExportPreset | None, name: str) -> ExportPreset:
    if preset is None:
        raise UsageError(f"there is no preset {name!r}", remedy="See: rvr-laaf export --list-presets")
    return preset


def _rows(path: str, presets: list[ExportPreset], arguments: argparse.Namespace) -> list[Row]:
    """Return the exports of one project; one failed row if it cannot be read or has not the clips that are wanted."""
    from rvr_laaf_app.document.store import read_project

    try:
        if Path(path).suffix.lower() != ".rvr":
            raise UsageError("export wants projects (.rvr)", where=path, remedy="For a clip use refocus.")
        production = read_project(Path(path)).production
        entries = [production.named(name) for name in arguments.clip] or list(production.clips)
        entries = [e for e in entries if e.project.clip is not None]
        if not entries:
            raise ProjectError("the project has no clip yet", where=path, remedy="Open it in the window.")
    except RvrError as error:
        return [Row(path, "", "", state="failed", error=error)]
    rows = []
    for entry in entries:
        for preset in presets:
            row = Row(path, Path(entry.title).stem, preset.name, entry.project)
            try:
                row.choice = _choice(row, preset, arguments)
            except RvrError as error:
                row.fail(error)
            rows.append(row)
    return rows


def _choice(row: Row, preset: ExportPreset, arguments: argparse.Namespace) -> ExportChoice:
    folder = Path(arguments.out) if arguments.out else Path(row.project_path).absolute().parent
    row.marked = arguments.marked and row.project is not None and row.project.play_range.is_set
    name = name_of(
        preset,
        clip=row.clip,
        project=Path(row.project_path).stem,
        start_s=arguments.start,
        stop_s=arguments.stop,
        pattern=arguments.name,
    )
    path = str(folder.absolute() / name)
    return preset.choice(path, start_s=arguments.start, stop_s=arguments.stop, overwrite=arguments.overwrite)


def _export(engine: PipelineEngine, ledger: Ledger, row: Row, *, label: str, arguments: argparse.Namespace) -> None:
    """Do one export of the batch; whatever our family raises is noted in its row."""
    if row.state == "failed" or row.choice is None or row.project is None:
        _say(row, label, quiet=arguments.json)
        return
    began = time.monotonic()
    try:
        choice = _marked(engine, row) if row.marked else row.choice
        row.choice = choice
        if ledger.is_done(row.project, choice):
            row.state = "skipped"
        else:
            _check_new(choice)
            name = f"{label} {Path(choice.path).name}"
            prepared = run_with_progress(
                prepare_job(engine, row.project, choice), f"{name} prepare", quiet=arguments.json
            )
            report = run_with_progress(write_job(engine, prepared, choice), f"{name} write", quiet=arguments.json)
            row.frames, row.state = report.frames, "done"
            ledger.note(row.project, choice)
    except Cancelled:
        raise
    except RvrError as error:
        row.fail(error)
    except (OSError, MemoryError) as error:
        row.fail(RvrError(str(error) or "not enough memory", where=row.choice.path))
    row.seconds = time.monotonic() - began
    _say(row, label, quiet=arguments.json)


def _marked(engine: PipelineEngine, row: Row) -> ExportChoice:
    """Return the choice with the marks of the clip as times."""
    project, choice = row.project, row.choice
    assert project is not None
    assert choice is not None
    table = find_clip(engine, project).table
    if table is None:
        return choice
    start, stop = project.play_range.frames(len(table))
    end_s = table.duration_s if stop >= len(table) else table.seconds_of(stop)
    return replace(choice, start_s=table.seconds_of(start), stop_s=end_s)


def _check_new(choice: ExportChoice) -> None:
    """Raise ExportError for a result that is there and is something else, in words that fit a batch."""
    if os.path.lexists(choice.path) and not choice.overwrite:
        raise ExportError(
            "something else lies there already",
            where=choice.path,
            remedy="Add --overwrite, or choose another --out or --name.",
        )


def _say(row: Row, label: str, *, quiet: bool) -> None:
    if quiet:
        return
    if row.state == "failed":
        print(f"{label} failed: {row.error}", file=sys.stderr)
    elif row.state == "skipped" and row.choice is not None:
        print(f"{label} already there: {row.choice.path}", file=sys.stderr)


def _tell(rows: list[Row], *, as_json: bool) -> None:
    """Print the summary."""
    if as_json:
        print(json.dumps({"schema": "ExportBatch.1", "exports": [_facts(r) for r in rows]}, indent=1))
        return
    width = max(len(r.clip or Path(r.project_path).name) for r in rows)
    print(f"{'state':<8} {'clip':<{width}} {'preset':<22} {'frames':>7} {'time':>8}  result")
    for row in rows:
        result = str(row.error) if row.error is not None else "" if row.choice is None else row.choice.path
        frames, took = str(row.frames or ""), clock(row.seconds) if row.state == "done" else ""
        name = row.clip or Path(row.project_path).name
        print(f"{row.state:<8} {name:<{width}} {row.preset:<22} {frames:>7} {took:>8}  {result}")
    counts = {state: sum(r.state == state for r in rows) for state in ("done", "skipped", "failed", "waiting")}
    said = {"done": "done", "skipped": "already there", "failed": "failed", "waiting": "not begun"}
    print(", ".join(f"{n} {said[state]}" for state, n in counts.items() if n))


def _facts(row: Row) -> dict[str, Any]:
    error = row.error
    return {
        "project": row.project_path,
        "clip": row.clip or None,
        "preset": row.preset or None,
        "output": None if row.choice is None else row.choice.path,
        "state": row.state,
        "frames": row.frames,
        "seconds": round(row.seconds, 2),
        "error": None if error is None else {"what": error.what, "where": error.where, "remedy": error.remedy},
    }
