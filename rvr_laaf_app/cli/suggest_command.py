"""`rvr-laaf suggest`: propose New Focus Targets for a clip from what can be seen and heard in all of it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvr_laaf_app.cli.options import add_estimator_arguments, chosen_products, clip_with_pictures, count
from rvr_laaf_app.cli.progress import run_with_progress
from rvr_laaf_app.core.errors import ProjectError, UsageError
from rvr_laaf_app.core.evidence import Suggestion
from rvr_laaf_app.document.production import Production
from rvr_laaf_app.document.project import ClipRef, Project

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo

MODES = ("conversation", "action", "auto", "af-net")
DESCRIPTION = """\
conversation  whoever has the word, from voices and the mouths that move with them
action        what moves by itself, enters, or is left alone
auto          both, shot by shot
af-net        the trained network
A target's frame is where its subject begins to matter; focus is to arrive --lead frames before.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = DESCRIPTION
    parser.add_argument("clip", help="a video")
    parser.add_argument("--mode", choices=MODES, default="auto", help="what decides (default auto)")
    parser.add_argument("--lead", type=count, default=6, metavar="N", help="frames between arrival and target (6)")
    parser.add_argument(
        "--as-printed", action="store_true", help="section 5.2 of the paper to the letter; estimates depth first"
    )
    parser.add_argument("--yunet", type=Path, metavar="FILE", help="find faces with this YuNet network (.onnx)")
    parser.add_argument(
        "--apply", type=Path, metavar="PROJECT.rvr", help="add the targets to this project (made if new)"
    )
    parser.add_argument("--json", action="store_true", help="print the targets as JSON")
    add_estimator_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look, listen, print, and if wanted put the targets into a project."""
    from rvr_laaf_app.pipeline.suggested import check_mode

    check_mode(arguments.mode)
    info = clip_with_pictures(arguments.clip)
    production = _production(arguments.apply, info) if arguments.apply else None
    found = _found(info, arguments)
    if production is not None:
        _save(production, found, arguments.apply)
    assert info.table is not None
    if arguments.json:
        print(json.dumps({"targets": [as_json(s, info.table.seconds_of(s.frame)) for s in found]}))
        return 0
    for suggestion in found:
        box = suggestion.box
        place = f"{box.x:.3f},{box.y:.3f},{box.width:.3f},{box.height:.3f}"
        instead = f" (else: {suggestion.runner_up})" if suggestion.runner_up else ""
        seconds = info.table.seconds_of(suggestion.frame)
        print(f"{suggestion.frame:6d}  {seconds:8.2f} s  {place}  {suggestion.score:.2f}  {suggestion.reason}{instead}")
    return 0


def _found(info: ClipInfo, arguments: argparse.Namespace) -> list[Suggestion]:
    from rvr_laaf_app.pipeline.suggested import as_printed_job, suggest_job

    if arguments.as_printed:
        products = chosen_products(info, arguments)
        job = as_printed_job(products, arguments.mode, lead_frames=arguments.lead, yunet=arguments.yunet)
    else:
        job = suggest_job(info, arguments.mode, lead_frames=arguments.lead, yunet=arguments.yunet)
    return run_with_progress(job, "suggest", quiet=arguments.json)


def as_json(suggestion: Suggestion, seconds: float) -> dict[str, Any]:
    """Return a suggestion as the command prints it; boxes are x, y, width, height in shares of the picture."""
    box = suggestion.box.clipped()
    return {
        "frame": suggestion.frame,
        "time_s": round(seconds, 3),
        "box": [round(v, 4) for v in (box.x, box.y, box.width, box.height)],
        "score": round(suggestion.score, 3),
        "detector": suggestion.detector,
        "reason": suggestion.reason,
        "ready_frame": suggestion.ready,
        **({"scene": suggestion.scene} if suggestion.scene else {}),
    }


def _production(path: Path, info: ClipInfo) -> Production:
    """Return the project to add to, with this clip shown: the one that is there, or a new one."""
    if path.suffix.lower() != ".rvr":
        raise UsageError("a project's name must end in .rvr", where=path)
    if not path.exists():
        if not path.absolute().parent.is_dir():
            raise UsageError("the folder does not exist", where=path.parent, remedy="Make it first.")
        return Production.of(Project(clip=ClipRef(str(Path(info.path).absolute()), info.fingerprint, info.frames)))
    from rvr_laaf_app.document.store import read_project

    production = read_project(path).production
    for entry in (*(c for c in production.clips if c.id == production.shown), *production.clips):
        if entry.project.clip is not None and entry.project.clip.fingerprint in ("", info.fingerprint):
            return production.showing(entry.id)
    raise ProjectError("this clip is not in the project", where=path, remedy="Name another project.")


def _save(production: Production, found: list[Suggestion], path: Path) -> None:
    from rvr_laaf_app.document.store import save_project
    from rvr_laaf_app.pipeline.suggested import with_suggestions

    save_project(production.edited(production.shown, lambda p: with_suggestions(p, found)), path)
