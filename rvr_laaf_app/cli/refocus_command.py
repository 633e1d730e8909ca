"""`rvr-laaf refocus`: the main job. Analyse, follow, pull focus, blur, and write the clip with its sound."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvr_laaf_app.cli.options import (
    add_lens_arguments,
    count,
    lens_settings,
    parse_seconds,
    parse_target,
)
from rvr_laaf_app.cli.progress import run_with_progress
from rvr_laaf_app.core.errors import CacheError, UsageError
from rvr_laaf_app.document.project import DEFAULT_PULL_FRAMES, ClipRef, FocusTarget, Project

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.export import ExportReport, ExportRequest
    from rvr_laaf_app.pipeline.products import ClipProducts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("clip", help="a video, a photograph, or a .rvr project")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help=".mp4, .mov or .mkv; a folder for frames")
    parser.add_argument(
        "--target",
        type=parse_target,
        action="append",
        default=[],
        metavar="X,Y@SECONDS",
        help="be in focus here from this time on; fractions 0..1 or pixels; X,Y,W,H@SECONDS gives a box; repeatable",
    )
    add_lens_arguments(parser)
    parser.add_argument(
        "--pull-frames", type=count, default=DEFAULT_PULL_FRAMES, metavar="N", help="length of a focus pull (10)"
    )
    parser.add_argument("--ease", choices=["linear", "in", "out", "in_out"], default="linear")
    parser.add_argument("--tracker", choices=["kcf", "csrt"], default="kcf")
    parser.add_argument("--quality", choices=["final", "preview"], default="final")
    parser.add_argument("--from", dest="start", type=parse_seconds, metavar="S", help="begin at this time")
    parser.add_argument("--to", dest="stop", type=parse_seconds, metavar="S", help="end at this time")
    parser.add_argument(
        "--codec", choices=["h264", "hevc", "prores", "dnxhr", "png", "exr"], help="default: by the output's name"
    )
    parser.add_argument("--estimator", default="rvr", help="rvr (default) or lower-is-nearer (a plain heuristic)")
    parser.add_argument("--save-project", metavar="FILE.rvr", help="also save targets, tracks and lens as a project")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Do the main job."""
    from rvr_laaf_app.media.probe import probe
    from rvr_laaf_app.pipeline.analyse import products_of
    from rvr_laaf_app.pipeline.export import ExportRequest, check_request

    began = time.monotonic()
    project = _project(arguments)
    assert project.clip is not None
    info = probe(project.clip.path)
    project = _with_targets(project, arguments, info)
    request = ExportRequest(
        out_path=arguments.output,
        codec=arguments.codec,
        quality=arguments.quality,
        start_s=arguments.start,
        stop_s=arguments.stop,
        overwrite=arguments.overwrite,
    )
    check_request(request, info)  # before minutes of analysis, not after
    products = products_of(info, arguments.estimator)
    try:
        project, report = _refocus(products, project, request, quiet=arguments.json)
    except CacheError:  # a damaged piece of the cache was set aside by reading it: compute it again, once
        project, report = _refocus(products, project, request, quiet=arguments.json)
    if arguments.save_project:
        _save(project, arguments.save_project)
    if arguments.json:
        print(json.dumps(_facts(project, report, time.monotonic() - began)))
    else:
        _tell_lost(project)
        print(report.path)
    return 0


def _refocus(
    products: ClipProducts, project: Project, request: ExportRequest, *, quiet: bool
) -> tuple[Project, ExportReport]:
    """Analyse, follow each target, and export; return the project with its tracks, and what was written."""
    from rvr_laaf_app.pipeline.analyse import analyse_job
    from rvr_laaf_app.pipeline.export import export_job
    from rvr_laaf_app.pipeline.focus import curve_of, track_job

    run_with_progress(analyse_job(products), "analyse", quiet=quiet)
    for target in project.targets:
        if project.track_of(target) is None:
            track = run_with_progress(track_job(products, project, target.id), "track", quiet=quiet)
            others = tuple(t for t in project.tracks if t.target_id != target.id)
            project = replace(project, tracks=(*others, track))
    curve = curve_of(products, project)
    return project, run_with_progress(export_job(products, project, curve, request), "export", quiet=quiet)


def _project(arguments: argparse.Namespace) -> Project:
    if Path(arguments.clip).suffix.lower() == ".rvr":
        from rvr_laaf_app.document.store import load_project

        project: Project = load_project(Path(arguments.clip))
        return project
    return Project(clip=ClipRef(arguments.clip), lens=lens_settings(arguments))


def _with_targets(project: Project, arguments: argparse.Namespace, info: ClipInfo) -> Project:
    table = info.table
    if table is None:
        raise UsageError("the file has sound but no pictures", where=info.path)
    targets = list(project.targets)
    for number, given in enumerate(arguments.target, start=1):
        if given.seconds > table.duration_s:
            raise UsageError(
                f"target {number} is at {given.seconds:g} s but the clip ends at {table.duration_s:.2f} s",
                where=info.path,
            )
        targets.append(
            FocusTarget(
                id=f"cli-{number}",
                frame=table.index_at(given.seconds),
                place=given.place(info.display_size),
                tracker=arguments.tracker,
                pull_frames=arguments.pull_frames,
                ease=arguments.ease,
            )
        )
    if not targets:
        raise UsageError("nothing to focus on", remedy="Give at least one --target X,Y@SECONDS.")
    clip = ClipRef(str(Path(info.path).absolute()), info.fingerprint, info.frames)
    return replace(project, clip=clip).with_targets(tuple(targets))


def _save(project: Project, path: str) -> None:
    from rvr_laaf_app.document.store import save_project

    save_project(project, Path(path))


def _lost_frames(project: Project) -> dict[str, int]:
    return {t.target_id: int((t.confidence <= 0).sum()) for t in project.tracks}


def _tell_lost(project: Project) -> None:
    for target in project.targets:
        lost = _lost_frames(project).get(target.id, 0)
        if lost:
            print(f"note: {target.id} was out of sight in {lost} frames; focus was held there", file=sys.stderr)


def _facts(project: Project, report: ExportReport, seconds: float) -> dict[str, Any]:
    return {
        "output": str(report.path),
        "frames": report.frames,
        "seconds": round(seconds, 2),
        "audio": report.audio,
        "targets": [
            {"id": t.id, "frame": t.frame, "lost_frames": _lost_frames(project).get(t.id, 0)} for t in project.targets
        ],
    }
