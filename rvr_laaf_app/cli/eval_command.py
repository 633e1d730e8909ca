"""`rvr-laaf eval`: measure an estimator against what is known; a table for people, JSON for machines.

Reads, never writes (but for --json). What the figures are is told in the modules of `measure`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvr_laaf_app.cli.eval_autofocus import run_autofocus
from rvr_laaf_app.cli.eval_dff import add_dff_arguments, run_dff
from rvr_laaf_app.cli.eval_laaf import add_laaf_arguments, run_laaf
from rvr_laaf_app.cli.eval_stack import add_stack_arguments, run_stack
from rvr_laaf_app.cli.options import count
from rvr_laaf_app.core.errors import RvrError, UsageError

if TYPE_CHECKING:
    from rvr_laaf_app.measure.estimating import Estimator

PARTS = ("order", "scenes", "bokeh", "video")
LABELS = "ordinal_depth.json"
DESCRIPTION = """\
depth   order   wrong-order rate on photographs whose points are ranked near to far (a labels file of the form
                {"photos": [{"photo": "a.jpg", "split": "val", "points": [{"x": .3, "y": .6, "level": 0}, ...]}]})
        scenes  disparity error after scale and shift, as a share of the truth's 2nd-98th percentile, and F1 of edges
                (2 px). Truth: NAME.png + NAME.disparity.EXT or NAME.depth.EXT (npy, npz, exr, pfm, 16-bit png), or the
                layouts of Middlebury, KITTI and RGB-D sets, or sharp.exr + depth.npz + meta.json
        bokeh   PSNR of refocused pictures against true shallow shots (folders with meta.json)
        video   rank correlation with NAME.disparity_reference.mp4 beside NAME.mp4
hdr     error in stops on clipped pixels of seeded views of HDR maps (.hdr, .exr), and how much else was changed
steady  jitter and drift of static pixels on clips with a static camera, and smear where NAME.disparity/ holds the
        truth of NAME.mp4: steadied against frame by frame (below 1 is better)
laaf    proposed focus targets against those set by eye ({"clips": {NAME: {"frames", "fps", "targets": [{"frame",
        "early", "late", "box": [x, y, w, h]}]}}}): distance in time, place, false ones, beside the paper's
dff     depth from focus, every method, on focal stacks that are rendered for it (--seed), beside the slides' figures
stack   aligning, fusing and all-in-focus capturing on stacks drawn for it (--seed); photographs, rendered truths and
        pairs (NAME-A, NAME-B) of --data too
autofocus  steps to focus, error and time of every method on the simulated camera (--seed), beside the paper's; with
        --data on photographs of a folder, and on the focus sweeps in its folder focus/
"""
EPILOGUE = """\
--json writes {"measure", "estimator", "version", "data", "seconds"} and, for depth, "order" {photos, pairs,
wrong_order_rate, interval_95, lower_is_nearer, nearest, beyond, adjacent, confidence}, "scenes" {scenes, mean,
mean_of_groups, worse_than_ramp}, "bokeh" {shots, mean {disparity: {light: dB}}}, "video" [{clip, rank_correlation}];
for hdr, "light" {maps, mean}; for steady, "steady" {clips, mean}. Each part has "skipped" [{what, why}]; a part that
found nothing is null.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description, parser.epilog = DESCRIPTION, EPILOGUE
    parser.add_argument("measure", choices=[*MEASURES, "laaf", "dff", "autofocus", "stack"], help="what to measure")
    parser.add_argument("--estimator", default="rvr", metavar="NAME", help="rvr (default), lower-is-nearer, ...")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="weights other than the published ones")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="a folder, or a labels file, clip or map (default: $RVR_DATA)"
    )
    parser.add_argument(
        "--json",
        type=Path,
        nargs="?",
        const=Path("-"),
        metavar="FILE",
        help="also write the figures as JSON (- or nothing = only them)",
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="depth: only this part; repeatable")
    parser.add_argument("--split", default=None, help="depth: of the labels (default val, all if there is no val)")
    parser.add_argument("--held-out", action="store_true", help="hdr: only the maps that a training leaves out")
    parser.add_argument("--clip", action="append", metavar="NAME", help="steady, laaf: only this clip; repeatable")
    parser.add_argument("--frames", type=count, default=90, metavar="N", help="steady: first frames used (default 90)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of scenes that are made for the test")
    add_laaf_arguments(parser)
    add_stack_arguments(parser)
    add_dff_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table, write the JSON."""
    if arguments.measure == "autofocus":
        return run_autofocus(arguments)
    if arguments.measure == "stack":
        return run_stack(arguments, _data_if_there(arguments.data))
    if arguments.measure == "dff":
        return run_dff(arguments)
    if arguments.measure == "laaf":
        return run_laaf(arguments, None if arguments.truth else _data_folder(arguments.data))
    from rvr_laaf_app.measure.estimating import new_estimator

    data = _data_folder(arguments.data)
    estimator = new_estimator(arguments.estimator, arguments.checkpoint)
    began = time.monotonic()
    report: dict[str, Any] = {
        "measure": arguments.measure,
        "estimator": estimator.name,
        "version": estimator.version,
        "data": str(data),
    }
    parts = MEASURES[arguments.measure](estimator, data, arguments)
    _tell("")
    report |= {"seconds": round(time.monotonic() - began, 1), **parts}
    if not any(parts.values()):
        raise UsageError("there is nothing to measure with", where=data, remedy="See: rvr-laaf eval --help")
    text = json.dumps(report, indent=1)
    if arguments.json == Path("-"):
        print(text)
        return 0
    from rvr_laaf_app.cli.eval_tables import tables_of

    print("\n".join(tables_of(report)))
    if arguments.json is not None:
        _write(arguments.json, text)
    return 0


def _data_if_there(given: Path | None) -> Path | None:
    """Return the folder that was named or lies beside, or None: what is measured can do without."""
    try:
        return _data_folder(given)
    except UsageError:
        if given is not None:
            raise
        return None


def _data_folder(given: Path | None) -> Path:
    named = os.environ.get("RVR_DATA")
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    data = given or (Path(named) if named else beside)
    if not data.exists():
        if given is None and not named:
            raise UsageError("no data to measure with was named", remedy="Give --data DIR.")
        raise UsageError("there is no such folder", where=data)
    return data


def _depth(estimator: Estimator, data: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    from rvr_laaf_app.measure.bokeh import find_rendered, measure_bokeh
    from rvr_laaf_app.measure.depth import find_references, measure_references, measure_scenes
    from rvr_laaf_app.measure.truth import find_scenes

    wanted = arguments.only or PARTS
    parts: dict[str, Any] = dict.fromkeys(PARTS)
    if "order" in wanted:
        parts["order"] = _order(estimator, data, arguments.split)
    if data.is_dir() and {"scenes", "bokeh"} & set(wanted):
        roots = [data / name for name in ("depth", "rendered") if (data / name).is_dir()] or [data]
        looked = [find_scenes(root) for root in roots]
        scenes = [scene for found, _ in looked for scene in found]
        if "scenes" in wanted and scenes:
            parts["scenes"] = measure_scenes(estimator, scenes, tell=_tell)
            parts["scenes"]["skipped"] += [row for _, left in looked for row in left]
        if "bokeh" in wanted and find_rendered(scenes):
            parts["bokeh"] = measure_bokeh(estimator, find_rendered(scenes), tell=_tell)
    if "video" in wanted and data.is_dir():
        pairs = find_references(data / "clips" if (data / "clips").is_dir() else data)
        parts["video"] = measure_references(estimator, pairs, tell=_tell) or None
    return parts


def _order(estimator: Estimator, data: Path, split: str | None) -> dict[str, Any] | None:
    from rvr_laaf_app.measure.order import ALL, load_rankings, measure_order

    labels = data if data.is_file() else _labels_in(data)
    if labels is None:
        return None
    if split is None:
        split = "val" if any(ranking.split == "val" for ranking in load_rankings(labels)) else ALL
    figures = measure_order(estimator, load_rankings(labels, split), tell=_tell)
    return {"labels": str(labels), "split": split, **figures}


def _labels_in(data: Path) -> Path | None:
    """Return the labels file of a folder: the one of the usual name, else the first JSON that is one."""
    from rvr_laaf_app.measure.order import load_rankings

    for folder in (data / "photos", data):
        usual = folder / LABELS
        for path in [usual, *sorted(folder.glob("*.json"))]:
            if not path.is_file():
                continue
            try:
                load_rankings(path)
            except RvrError:
                if path == usual:
                    raise
                continue
            return path
    return None


def _hdr(estimator: Estimator, data: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    from rvr_laaf_app.measure.hdr_views import map_names, split_names
    from rvr_laaf_app.measure.light import measure_light

    if data.is_file():
        maps = [data]
    else:
        folder = data / "hdr" if (data / "hdr").is_dir() else data
        names = split_names(folder)[1] if arguments.held_out else map_names(folder)
        maps = [folder / name for name in names]
    return {"light": measure_light(estimator, maps, tell=_tell) if maps else None}


def _steady(estimator: Estimator, data: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    from rvr_laaf_app.measure.steady import find_clips, measure_steadiness

    folder = data / "clips" if (data / "clips").is_dir() else data
    clips = [data] if data.is_file() else find_clips(folder)
    if arguments.clip:
        clips = [clip for clip in clips if {clip.name, clip.stem} & set(arguments.clip)]
        if len(clips) < len(set(arguments.clip)):
            raise UsageError(f"not every one of the clips {', '.join(arguments.clip)} is there", where=folder)
    if arguments.frames < 2:
        raise UsageError("steadiness needs at least two frames")
    figures = measure_steadiness(estimator, clips, frames=arguments.frames, tell=_tell) if clips else None
    return {"steady": figures}


MEASURES: dict[str, Callable[[Estimator, Path, argparse.Namespace], dict[str, Any]]] = {
    "depth": _depth,
    "hdr": _hdr,
    "steady": _steady,
}


def _tell(line: str) -> None:
    """Show what is being measured, if there is somebody to see it; an empty line wipes it away."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(f"\r\x1b[2K{line}", end="", file=sys.stderr, flush=True)


def _write(path: Path, text: str) -> None:
    from rvr_laaf_app.core.atomic import write_atomic

    write_atomic(path, (text + "\n").encode())
