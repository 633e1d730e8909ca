"""`rvr-laaf eval stack`: aligning, fusing and all-in-focus capturing, every method and strategy in one table each."""

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

MEASURES = {"psnr": "PSNR, dB", "ssim": "SSIM", "q_abf": "Q^AB/F", "q_mi": "Q_MI", "q_y": "Q_Y"}
CAPTURE = {
    "frames": "pictures",
    "of_uniform": "of the sweep by depth of field",
    "of_equally_sharp": "of the even sweep as sharp",
    "mean_radius_px": "mean blur, px",
    "p99_radius_px": "99 %, px",
    "in_focus": "share in focus",
    "wasted": "not needed",
    "scanned": "scanned before",
}


def add_stack_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what only this measure knows."""
    stack = parser.add_argument_group("stack")
    stack.add_argument("--cases", type=count, default=3, metavar="N", help="drawn stacks of each kind (default 3)")
    stack.add_argument("--with-net", action="store_true", help="capture also with the network, on rendered pictures")


def run_stack(arguments: argparse.Namespace, data: Path | None) -> int:
    """Measure, print; `data` is optional: without it everything is drawn."""
    from rvr_laaf_app.measure.stack import measure_alignment, measure_fusion
    from rvr_laaf_app.measure.stack_capture import measure_capture

    if arguments.cases < 1:
        raise UsageError("at least one stack must be drawn")
    began = time.monotonic()
    seed = arguments.seed
    report: dict[str, Any] = {"measure": "stack", "seed": seed, "data": None if data is None else str(data)}
    report["alignment"] = measure_alignment(seed, stacks=max(1, arguments.cases - 1), tell=_tell)
    report["fusion"] = measure_fusion(seed, data, stacks=arguments.cases, tell=_tell)
    report["capture"] = measure_capture(seed, tell=_tell)
    if arguments.with_net:
        report["capture_with_net"] = _with_net(seed)
    report["seconds"] = round(time.monotonic() - began, 1)
    _tell("")
    if arguments.json == Path("-"):
        print(json.dumps(report, indent=1))
        return 0
    print("\n".join(tables(report)))
    if arguments.json is not None:
        from rvr_laaf_app.core.atomic import write_atomic

        write_atomic(arguments.json, (json.dumps(report, indent=1) + "\n").encode())
    return 0


def _with_net(seed: int) -> dict[str, Any]:
    from rvr_laaf_app.measure.stack_capture import blur_map, measure_capture

    return measure_capture(seed, scenes=("desk", "two"), estimator=blur_map(), size=(540, 960), tell=_tell)


def tables(report: dict[str, Any]) -> Iterator[str]:
    """Return the report as Markdown."""
    yield f"**aligning**, seed {report['seed']}: error at the corner where it is largest"
    yield "| capture | before, px | after, mean px | worst px | exposure, stops |"
    yield "|---|---|---|---|---|"
    for fault, row in report["alignment"].items():
        cells = (f"{row[key]:.3g}" for key in ("raw_px", "mean_px", "worst_px", "stops"))
        yield f"| {fault} | {' | '.join(cells)} |"
    for group, methods in report["fusion"]["groups"].items():
        keys = [key for key in MEASURES if key in next(iter(methods.values()))]
        yield f"\n**fusing, {group}** ({report['fusion']['cases'][group]})"
        yield f"| method | {' | '.join(MEASURES[k] for k in keys)} |"
        yield "|---" * (len(keys) + 1) + "|"
        for method, row in methods.items():
            yield f"| {method} | {' | '.join(f'{row[k]:.4g}' for k in keys)} |"
    for part, words in (("capture", "oracle with errors"), ("capture_with_net", "network")):
        for scene, rows in report.get(part, {}).items():
            yield f"\n**capturing {scene}** ({words})"
            yield f"| strategy | {' | '.join(CAPTURE.values())} |"
            yield "|---" * (len(CAPTURE) + 1) + "|"
            for strategy, row in rows.items():
                yield f"| {strategy} | {' | '.join(_number(row.get(key)) for key in CAPTURE)} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _tell(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[2K{line}", end="", file=sys.stderr, flush=True)
