"""`rvr-laaf eval laaf`: proposed New Focus Targets against those that people set, clip by clip, beside the paper's."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rvr_laaf_app.cli.progress import run_with_progress
from rvr_laaf_app.core.errors import UsageError

if TYPE_CHECKING:
    from rvr_laaf_app.core.evidence import Suggestion
    from rvr_laaf_app.measure.laaf import ClipScore, ClipTruth
    from rvr_laaf_app.pipeline.products import ClipProducts

Mode = Literal["auto", "action", "conversation", "af-net"]
MODES: tuple[Mode, ...] = ("auto", "action", "conversation", "af-net")
TRUTH = "new_focus_targets.json"
VIDEO = {".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v"}


def add_laaf_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what only this measure knows."""
    laaf = parser.add_argument_group("laaf")
    laaf.add_argument(
        "--truth", type=Path, metavar="FILE", help="true targets (default: clips/" + TRUTH + " in --data)"
    )
    laaf.add_argument("--clips", type=Path, metavar="DIR", help="where their clips are (default: beside the truth)")
    laaf.add_argument("--mode", choices=MODES, action="append", help="what decides (default auto); repeatable")
    laaf.add_argument("--as-printed", action="store_true", help="section 5.2 of the paper to the letter")
    laaf.add_argument("--depth", action="store_true", help="also delta_d; estimates the depth of every clip")


def run_laaf(arguments: argparse.Namespace, data: Path | None) -> int:
    """Suggest for every clip of the truth, compare, print."""
    from rvr_laaf_app.measure.laaf import PAPER, halves, load_truth, score_clip, spread, summary

    path = arguments.truth or (data / "clips" / TRUTH if data else None)
    if path is None:
        raise UsageError("no true targets were named", remedy="Give --truth FILE.")
    folder = arguments.clips or path.parent
    truths = [t for t in load_truth(path) if not arguments.clip or t.name in arguments.clip]
    found = [(truth, clip) for truth in truths if (clip := _clip_of(folder, truth.name)) is not None]
    if not found:
        raise UsageError("none of the clips of the truth is there", where=folder, remedy="Give --clips DIR.")
    report: dict[str, Any] = {"measure": "laaf", "truth": str(path), "modes": {}}
    for mode in arguments.mode or ["auto"]:
        scores = []
        for truth, clip in found:
            suggestions, delta_d = _suggested(clip, truth, mode, arguments)
            scores.append(score_clip(truth, suggestions, delta_d=delta_d))
        paper = PAPER.get(mode, {})
        mean = summary(scores) | (_protocol(found, arguments) if mode == "af-net" else {})
        interval = spread(scores)
        report["modes"][mode] = {
            "mean": mean,
            "interval_95": interval,
            "halves": halves(scores),
            "paper": paper,
            "clips": [asdict(s) for s in scores],
        }
        if arguments.json != Path("-"):
            print("\n".join(_table(mode, scores, report["modes"][mode])))
    report["skipped"] = [t.name for t in truths if t.name not in {f.name for f, _ in found}]
    if arguments.json == Path("-"):
        print(json.dumps(report, indent=1))
    elif arguments.json is not None:
        from rvr_laaf_app.core.atomic import write_atomic

        write_atomic(arguments.json, (json.dumps(report, indent=1) + "\n").encode())
    return 0


def _clip_of(folder: Path, name: str) -> Path | None:
    """Return the video of this name, with or without its ending."""
    if (folder / name).is_file():
        return folder / name
    return next((p for p in sorted(folder.glob(f"{name}.*")) if p.suffix.lower() in VIDEO and p.stem == name), None)


def _suggested(
    clip: Path, truth: ClipTruth, mode: Mode, arguments: argparse.Namespace
) -> tuple[list[Suggestion], float | None]:
    """Return what is proposed for a clip, and the mean distance of the focal planes if that is wanted."""
    from rvr_laaf_app.media.probe import probe
    from rvr_laaf_app.pipeline.analyse import products_of
    from rvr_laaf_app.pipeline.suggested import as_printed_job, suggest_job

    info = probe(clip)
    if info.frames != truth.frames:
        print(f"note: {clip.name} has {info.frames} frames, its truth speaks of {truth.frames}", file=sys.stderr)
    products = products_of(info, arguments.estimator) if arguments.as_printed or arguments.depth else None
    job = as_printed_job(products, mode) if products and arguments.as_printed else suggest_job(info, mode)
    suggestions = run_with_progress(job, clip.name, quiet=arguments.json == Path("-"))
    return suggestions, _delta_d(products, truth, suggestions) if products and arguments.depth else None


def _protocol(found: Sequence[tuple[ClipTruth, Path]], arguments: argparse.Namespace) -> dict[str, float]:
    """Return the figures of the paper's protocol for AF-Net: the likeliest of a hundred frames around each target."""
    import numpy as np

    from rvr_laaf_app.measure.laaf import hundred_frames
    from rvr_laaf_app.media.probe import probe
    from rvr_laaf_app.pipeline.af_job import focus_changes_job

    rows: list[list[tuple[float, float]]] = []
    for truth, clip in found:
        if any(t.frame > 0 for t in truth.targets):
            job = focus_changes_job(probe(clip))
            likely = run_with_progress(job, clip.name, quiet=arguments.json == Path("-")).likely
            rows.append(hundred_frames(truth, likely))
    if not rows:
        return {}
    away, middle = (float(v) for v in np.mean([np.mean(row, axis=0) for row in rows], axis=0))
    each = float(np.mean([away for row in rows for away, _ in row]))
    return {
        "delta_t_in_hundred_frames": away,
        "delta_t_of_their_middle": middle,
        "delta_t_in_hundred_frames_of_targets": each,
    }


def _delta_d(products: ClipProducts, truth: ClipTruth, suggestions: Sequence[Suggestion]) -> float:
    """Return the mean distance between the proposed and the true focal plane, in disparity 0..1 of the shot."""
    import numpy as np

    from rvr_laaf_app.core.evidence import Suggestion
    from rvr_laaf_app.pipeline.analyse import analyse_job
    from rvr_laaf_app.pipeline.suggested import planes_of

    run_with_progress(analyse_job(products), "analyse")
    true = [Suggestion(t.frame, t.box, 1.0, "truth", "", ready=t.frame) for t in truth.targets]
    own, theirs = (run_with_progress(planes_of(products, s), "follow") for s in (suggestions, true))
    return float(np.abs(own - theirs).mean())


def _table(mode: str, scores: Sequence[ClipScore], figures: dict[str, Any]) -> Iterator[str]:
    yield f"\n**{mode}**: targets against those set by eye; the first of a clip is free"
    yield "| clip | targets | delta_t | in window | false | delta_d |"
    yield "|---|---|---|---|---|---|"
    for score in scores:
        deltas = " ".join("missed" if m.delta_t is None else f"{m.delta_t:+d}" for m in score.matches)
        hits = " ".join(
            "yes" if m.in_window and m.in_place else "place?" if m.in_window else "no" for m in score.matches
        )
        depth = "" if score.delta_d is None else f"{score.delta_d:.3f}"
        false = " ".join(map(str, score.false))
        yield f"| {score.name} | {len(score.matches)} | {deltas} | {hits} | {false} | {depth} |"
    yield ""
    yield "| figure | ours | 95 %, clips drawn anew | every other clip; the rest | paper, on its own clips |"
    yield "|---|---|---|---|---|"
    words = {
        "targets": "true targets",
        "missed": "missed",
        "mean_abs_delta_t": "mean abs delta_t, frames (missed = 30)",
        "mean_abs_delta_t_of_found": "... of those found",
        "close": "share closer than 15 frames",
        "in_window": "share inside the window",
        "in_window_and_place": "... and at the right place",
        "first_in_place": "first target at the right place",
        "false_per_minute": "false targets a minute",
        "turns": "turns of conversations",
        "turns_in_focus": "share with the speaker in focus before the first word",
        "distracted": "share of coughs, chewing and unseen voices with a false target",
        "mean_delta_d": "mean delta_d (ours: disparity 0..1)",
        "delta_t_in_hundred_frames": "abs delta_t of the likeliest of 100 frames, mean of clips (the paper's protocol)",
        "delta_t_of_their_middle": "... of their middle, without looking",
        "delta_t_in_hundred_frames_of_targets": "... of the likeliest, mean of targets",
    }
    for key, text in words.items():
        if key not in figures["mean"]:
            continue
        span = " to ".join(_number(v) for v in figures["interval_95"].get(key, ()))
        parts = "; ".join(_number(half.get(key)) for half in figures["halves"])
        own, paper = _number(figures["mean"][key]), _number(figures["paper"].get(key))
        yield f"| {text} | {own} | {span} | {parts.strip('; ')} | {paper} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")
