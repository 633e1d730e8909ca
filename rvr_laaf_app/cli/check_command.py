"""`rvr-laaf check`: is what should be sharp sharp? The problems of a project, in a table or as JSON.

Problems are a result, not a failure: the exit code is 0 whenever the check itself could be done. Without --analyse it
reads what is known already and says what is missing; it never guesses.

JSON (schema "FocusCheck.1"): clip, frames, known_frames (settled from 0), complete, sharp_coc_px (coc diameter at the
edge of the depth of field, at full width), pending (ids of targets not followed), subjects (id, name, frame,
held_frames, sharp_share, worst_coc_px; with --frames coc_px: one signed number per frame of the clip, positive in front
of the plane, null where not known) and problems (kind, start, stop: frames [start, stop), start_s, stop_s, target,
size_dof in depths of field or null, sentence).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvr_laaf_app.cli.options import add_estimator_arguments, chosen_products
from rvr_laaf_app.cli.progress import run_with_progress
from rvr_laaf_app.cli.projects import add_clip_argument, choose_clip
from rvr_laaf_app.core.errors import UsageError

if TYPE_CHECKING:
    from rvr_laaf_app.document.project import Project
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.focus_check import FocusReport, SubjectFocus
    from rvr_laaf_app.pipeline.products import ClipProducts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("project", metavar="PROJECT", help="a .rvr project")
    add_clip_argument(parser)
    parser.add_argument("--analyse", action="store_true", help="first analyse and follow what is missing (not saved)")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--frames", action="store_true", help="with --json: also the distance of every single frame")
    add_estimator_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check the project and say what was found."""
    from rvr_laaf_app.pipeline.focus import curve_of
    from rvr_laaf_app.pipeline.focus_check import check_job

    if arguments.frames and not arguments.json:
        raise UsageError("--frames belongs to --json", remedy="Add --json.")
    project, info = _opened(arguments)
    products = chosen_products(info, arguments, project.depth)
    if arguments.analyse:
        project = _completed(products, project, quiet=arguments.json)
    report = run_with_progress(check_job(products, project, curve_of(products, project)), "check", quiet=arguments.json)
    if arguments.json:
        print(json.dumps(_facts(report, info, every_frame=arguments.frames)))
    else:
        _print_report(report, project, info)
    return 0


def _opened(arguments: argparse.Namespace) -> tuple[Project, ClipInfo]:
    path = arguments.project
    if Path(path).suffix.lower() != ".rvr":
        raise UsageError("check wants a project (.rvr)", where=path, remedy="Save one in the window or with refocus.")
    chosen = choose_clip(path, arguments.clip_name, quiet=arguments.json)
    return chosen.project, chosen.info


def _completed(products: ClipProducts, project: Project, *, quiet: bool) -> Project:
    """Analyse the clip and follow the targets that have no track; return the project with its tracks."""
    from rvr_laaf_app.pipeline.analyse import analyse_job
    from rvr_laaf_app.pipeline.focus import track_job

    run_with_progress(analyse_job(products), "analyse", quiet=quiet)
    for target in project.targets:
        if target.strength != "suggested" and target.frame < products.info.frames and not project.track_of(target):
            track = run_with_progress(track_job(products, project, target.id), "track", quiet=quiet)
            others = tuple(t for t in project.tracks if t.target_id != target.id)
            project = replace(project, tracks=(*others, track))
    return project


def _facts(report: FocusReport, info: ClipInfo, *, every_frame: bool) -> dict[str, Any]:
    return {
        "schema": "FocusCheck.1",
        "clip": info.path,
        "frames": report.frames,
        "known_frames": report.known,
        "complete": report.complete,
        "sharp_coc_px": round(report.sharp_coc_px, 3),
        "pending": list(report.pending),
        "subjects": [_subject_facts(report, s, every_frame=every_frame) for s in report.subjects],
        "problems": [
            {
                "kind": p.kind,
                "start": p.start,
                "stop": p.stop,
                "start_s": round(_seconds(info, p.start), 4),
                "stop_s": round(_seconds(info, p.stop), 4),
                "target": p.target_id or None,
                "size_dof": None if p.size_dof is None else round(p.size_dof, 3),
                "sentence": p.sentence,
            }
            for p in report.problems
        ],
    }


def _subject_facts(report: FocusReport, subject: SubjectFocus, *, every_frame: bool) -> dict[str, Any]:
    share, worst = report.sharp_share(subject), subject.worst_px
    facts: dict[str, Any] = {
        "id": subject.target_id,
        "name": subject.name,
        "frame": subject.frame,
        "held_frames": int(subject.held.sum()),
        "sharp_share": None if share != share else round(share, 4),
        "worst_coc_px": None if worst is None else round(worst, 3),
    }
    if every_frame:
        facts["coc_px"] = [None if v != v else round(v, 3) for v in subject.error_px.tolist()]
    return facts


def _seconds(info: ClipInfo, frame: int) -> float:
    table = info.table
    assert table is not None  # clip_with_pictures
    return table.seconds_of(frame) if frame < len(table) else table.duration_s


def _print_report(report: FocusReport, project: Project, info: ClipInfo) -> None:
    if report.subjects:
        print("target     from  must be sharp    is sharp  worst")
    for subject in report.subjects:
        share, worst = report.sharp_share(subject), subject.worst_px
        count = int(subject.held.sum())
        held = "1 frame" if count == 1 else f"{count} frames"
        sharp = "unknown" if share != share else f"{share:.1%}"
        far = "" if worst is None else f"{worst:+.1f} px"
        print(f"{subject.name:>6}  {_seconds(info, subject.frame):6.2f} s  {held:>13}  {sharp:>10}  {far}")
    if report.problems:
        print("\n          time         frames  target          what   size")
    for p in report.problems:
        span = f"{_seconds(info, p.start):.2f}-{_seconds(info, p.stop):.2f} s"
        size = "" if p.size_dof is None else f"{p.size_dof:.1f}x"
        frames = f"{p.start}-{p.stop - 1}"
        print(f"{span:>14}  {frames:>13}  {p.name or '-':>6}  {p.title:>14}  {size:>5}  {p.sentence}")
    for line in _closing_lines(report, project):
        print(line)


def _closing_lines(report: FocusReport, project: Project) -> list[str]:
    """Return how many problems there are, and what is not known yet."""
    lines = []
    if not project.targets:
        return ["the project has no targets: nothing has to be sharp"]
    if report.problems:
        lines.append("\n1 problem" if len(report.problems) == 1 else f"\n{len(report.problems)} problems")
    elif report.complete:
        lines.append("\nno problems found")
    if report.known < report.frames:
        lines.append(f"not known: frames {report.known} to {report.frames - 1} are not analysed (add --analyse)")
    names = {t.id: str(number) for number, t in enumerate(project.targets, start=1)}
    if report.pending:
        listed = ", ".join(names[i] for i in report.pending)
        lines.append(f"not known: the subject of target {listed} is not followed to its end (add --analyse)")
    return lines
