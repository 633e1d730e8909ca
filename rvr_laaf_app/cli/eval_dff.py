"""`rvr-laaf eval dff`: depth from focus on rendered focal stacks, every method in one table beside the slides'."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rvr_laaf_app.cli.options import count
from rvr_laaf_app.core.errors import UsageError

COLUMNS = {
    "mse": "MSE",
    "rms": "RMS",
    "accuracy": "accuracy, %",
    "disparity_rms": "RMS of disparity",
    "sure_rms": "... surer half",
    "seconds": "s",
}


def add_dff_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what only this measure knows."""
    dff = parser.add_argument_group("dff")
    dff.add_argument("--stacks", type=count, default=16, metavar="N", help="static and moving stacks each (default 16)")
    dff.add_argument("--slices", type=count, default=4, metavar="N", help="slices of a stack (default 4)")
    dff.add_argument("--method", action="append", metavar="NAME", help="only this method; repeatable")


def run_dff(arguments: argparse.Namespace) -> int:
    """Render, estimate, compare, print."""
    from rvr_laaf_app.measure.dff import known_methods, measure_dff

    if arguments.slices < 2:
        raise UsageError("a focal stack has at least two slices")
    methods = known_methods()
    if arguments.method:
        unknown = sorted(set(arguments.method) - methods.keys())
        if unknown:
            raise UsageError(f"there is no method {unknown[0]!r}", remedy=f"There are: {', '.join(methods)}.")
        methods = {name: methods[name] for name in arguments.method}
    began = time.monotonic()
    report = measure_dff(methods, seed=arguments.seed, stacks=arguments.stacks, frames=arguments.slices, tell=_tell)
    _tell("")
    report["elapsed_seconds"] = round(time.monotonic() - began, 1)
    if arguments.json == Path("-"):
        print(json.dumps(report, indent=1))
        return 0
    print("\n".join(table(report)))
    if arguments.json is not None:
        from rvr_laaf_app.core.atomic import write_atomic

        write_atomic(arguments.json, (json.dumps(report, indent=1) + "\n").encode())
    return 0


def table(report: dict[str, Any]) -> Iterator[str]:
    """The report as Markdown."""
    for sort in ("static", "moving"):
        yield f"\n**{sort} scenes**: {report['stacks']} stacks of {report['frames']} slices, seed {report['seed']}"
        yield f"| method | {' | '.join(COLUMNS.values())} |"
        yield "|---" * (len(COLUMNS) + 1) + "|"
        for name, sorts in report["methods"].items():
            shown = f"{name} (default)" if name == report["default"] else name
            yield f"| {shown} | {' | '.join(_number(sorts[sort].get(key)) for key in COLUMNS)} |"
    yield "\n**the slides, on their scenes**, and the goal"
    yield "| method | MSE | RMS | accuracy, % |"
    yield "|---|---|---|---|"
    for name, figures in {**report["slides"], "goal": report["goal"]}.items():
        yield f"| {name} | {_number(figures.get('mse'))} | {_number(figures['rms'])} | {_number(figures['accuracy'])} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _tell(line: str) -> None:
    if sys.stderr is not None and sys.stderr.isatty():
        print(f"\r\x1b[2K{line}", end="", file=sys.stderr, flush=True)
