"""`rvr-laaf bench`: the renderer against its peers, the stages of a clip, and the viewer's answer, on this machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rvr_laaf_app.pipeline.benchmark import StageRow

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "sample_clip.mp4"
PARTS = ("stages", "whole", "refocus", "renderer")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("clip", nargs="?", default=str(SAMPLE), help="the clip to measure with (default: the sample)")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part; repeatable (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer repeats: rough figures in a minute or two")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print. Compare figures of one run only: machines and their load differ."""
    from rvr_laaf_app.pipeline import benchmark

    parts = arguments.part or list(PARTS)
    frames, repeats = (8, 10) if arguments.quick else (24, 40)
    report: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "clip": Path(arguments.clip).name,
    }
    tables: dict[str, list[StageRow]] = {}
    if "stages" in parts:
        tables["stages, one by one"] = benchmark.stage_rows(arguments.clip, frames=frames)
    if "refocus" in parts:
        tables["viewer"] = benchmark.refocus_rows(arguments.clip, repeats=repeats)
    if "whole" in parts and not arguments.quick:
        tables["whole clip, per frame"] = benchmark.whole_rows(arguments.clip)
    if "renderer" in parts:
        report["renderer"] = benchmark.renderer_table(quick=arguments.quick)
    report |= {title: [asdict(row) for row in rows] for title, rows in tables.items()}
    if arguments.json:
        print(json.dumps(report))
        return 0
    print(f"{report['machine']}, load {report['load']}, clip {report['clip']}")
    for title, rows in tables.items():
        _print_stages(title, rows)
    if "renderer" in report:
        print(f"\n{report['renderer']}")
    return 0


def _print_stages(title: str, rows: Sequence[StageRow]) -> None:
    """Print one Markdown table; milliseconds per frame, medians."""
    print(f"\n| {title} | wall ms | cpu ms |\n|---|---|---|")
    for row in rows:
        print(f"| {row.stage} | {row.wall_ms:.1f} | {row.cpu_ms:.1f} |")
