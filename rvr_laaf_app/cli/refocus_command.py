"""`rvr-laaf refocus`: the main job. Analyse, follow, pull focus, blur, and write the clip with its sound."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvr_laaf_app.cli.options import (
    add_estimator_arguments,
    add_lens_arguments,
    chosen_products,
    count,
    lens_settings,
    parse_seconds,
    parse_target,
)
from rvr_laaf_app.cli.progress import run_with_progress
from rvr_laaf_app.cli.projects import add_clip_argument, choose_clip
from rvr_laaf_app.core.errors import CacheError, ProjectError, UsageError
from rvr_laaf_app.document.project import DEFAULT_PULL_FRAMES, ClipRef, FocusTarget, Project

if TYPE_CHECKING:
    from rvr_laaf_app.document.production import Production
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.export import ExportReport, ExportRequest
    from rvr_laaf_app.pipeline.products import ClipProducts

AUTO_MODES = ("conversation", "action", "auto", "af-net")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("clip", help="a video, a photograph, or a .rvr project")
    add_clip_argument(parser)
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help=".mp4, .mov or .mkv; a folder for frames")
    parser.add_argument(
        "--target",
        type=parse_target,
        action="append",
        default=[],
        metavar="X,Y@SECONDS",
        help="be in focus here from this time on; fractions 0..1 or pixels; X,Y,W,H@SECONDS gives a box; repeatable",
    )
    parser.add_argument(
        "--auto", choices=AUTO_MODES, metavar="MODE", help="find targets: conversation, action, or auto (both)"
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
    add_estimator_arguments(parser)
    parser.add_argument("--save-project", metavar="FILE.rvr", help="also save targets, tracks and lens as a project")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Do the main job."""
    from rvr_laaf_app.pipeline.export import ExportRequest, check_request, range_of

    began = time.monotonic()
    chosen = choose_clip(arguments.clip, arguments.clip_name, quiet=arguments.json)
    project, info = chosen.project, chosen.info
    project = replace(project, lens=lens_settings(arguments, project.lens))
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
    if arguments.save_project:
        _check_save(arguments)
    if arguments.auto:
        project = _with_found(project, arguments, info)
    products = chosen_products(info, arguments, project.depth)
    work = partial(_refocus, products, request=request, whole=bool(arguments.save_project), quiet=arguments.json)
    try:
        project, report = work(project)
    except CacheError:
        products.store.verify()
        if not products.store.missing(products.meta.done):  # nothing was damaged: a second try would end the same way
            raise
        project, report = work(project)
    if arguments.save_project:
        _save(chosen.with_project(project), arguments.save_project)
    exported = range(*range_of(request, info))
    if arguments.json:
        print(json.dumps(_facts(project, report, exported, time.monotonic() - began)))
    else:
        _tell_lost(project, exported)
        print(report.path)
    return 0


def _refocus(
    products: ClipProducts, project: Project, *, request: ExportRequest, whole: bool, quiet: bool
) -> tuple[Project, ExportReport]:
    """Analyse, follow each target, and export; return the project with its tracks, and what was written.

    Unless the `whole` clip is wanted, nothing is done for the shots after the exported range: they cannot change it.
    """
    from rvr_laaf_app.pipeline.analyse import analyse_job
    from rvr_laaf_app.pipeline.export import export_job, range_of
    from rvr_laaf_app.pipeline.focus import curve_of, track_job

    stop = products.info.frames if whole else range_of(request, products.info)[1]
    run_with_progress(analyse_job(products, stop=stop), "analyse", quiet=quiet)
    end = products.shot_end(stop)
    for target in project.targets:
        if target.frame < end and project.track_of(target) is None:
            track = run_with_progress(track_job(products, project, target.id, stop=end), "track", quiet=quiet)
            others = tuple(t for t in project.tracks if t.target_id != target.id)
            project = replace(project, tracks=(*others, track))
    curve = curve_of(products, project)
    return project, run_with_progress(export_job(products, project, curve, request), "export", quiet=quiet)


def _with_targets(project: Project, arguments: argparse.Namespace, info: ClipInfo) -> Project:
    table = info.table
    assert table is not None
    targets = list(project.targets)
    taken = {target.id for target in targets}
    names = (name for number in itertools.count(1) if (name := f"cli-{number}") not in taken)
    for number, given in enumerate(arguments.target, start=1):
        if given.seconds > table.duration_s:
            raise UsageError(
                f"target {number} is at {given.seconds:g} s but the clip ends at {table.duration_s:.2f} s",
                where=info.path,
            )
        targets.append(
            FocusTarget(
                id=next(names),
                frame=table.index_at(given.seconds),
                place=given.place(info.display_size),
                tracker=arguments.tracker,
                pull_frames=arguments.pull_frames,
                ease=arguments.ease,
            )
        )
    if not targets and not arguments.auto:
        raise UsageError("nothing to focus on", remedy="Give at least one --target X,Y@SECONDS, or --auto MODE.")
    clip = ClipRef(str(Path(info.path).absolute()), info.fingerprint, info.frames)
    return replace(project, clip=clip).with_targets(tuple(targets))


def _with_found(project: Project, arguments: argparse.Namespace, info: ClipInfo) -> Project:
    """Return the project with targets that are found by looking and listening."""
    from rvr_laaf_app.pipeline.suggested import suggest_job, with_suggestions

    found = run_with_progress(suggest_job(info, arguments.auto), "suggest", quiet=arguments.json)
    return with_suggestions(
        project, found, pull_frames=arguments.pull_frames, tracker=arguments.tracker, ease=arguments.ease
    )


def _check_save(arguments: argparse.Namespace) -> None:
    path = Path(arguments.save_project)
    if path.suffix.lower() != ".rvr":
        raise UsageError("a project's name must end in .rvr", where=path)
    if not path.absolute().parent.is_dir():
        raise UsageError("the folder does not exist", where=path.parent, remedy="Make it first or choose another.")
    own = path.exists() and os.path.samefile(path, arguments.clip)
    if path.exists() and not own and not arguments.overwrite:
        raise ProjectError("the project exists already", where=path, remedy="Choose another name or add --overwrite.")


def _save(production: Production, path: str) -> None:
    from rvr_laaf_app.document.store import save_project

    save_project(production, Path(path))


def _lost_frames(project: Project, target: FocusTarget, exported: range) -> int:
    """Return in how many of the exported frames the target's subject was followed but not found."""
    track = project.track_of(target)
    if track is None:
        return 0
    seen = track.confidence[max(exported.start - track.start, 0) : max(exported.stop - track.start, 0)]
    return int((seen <= 0).sum())


def _tell_lost(project: Project, exported: range) -> None:
    for target in project.targets:
        lost = _lost_frames(project, target, exported)
        if lost:
            frames = "1 frame" if lost == 1 else f"{lost} frames"
            print(f"note: {target.id} was out of sight in {frames}; focus was held there", file=sys.stderr)


def _facts(project: Project, report: ExportReport, exported: range, seconds: float) -> dict[str, Any]:
    return {
        "output": str(report.path),
        "frames": report.frames,
        "seconds": round(seconds, 2),
        "audio": report.audio,
        "targets": [
            {"id": t.id, "frame": t.frame, "lost_frames": _lost_frames(project, t, exported)} for t in project.targets
        ],
    }
