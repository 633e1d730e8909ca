"""`rvr-laaf eval autofocus`: steps to focus of every method on the simulated camera, beside the paper's figures."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from rvr_laaf_app.core.errors import UsageError

COLUMNS: Final = {
    "mean_steps": "steps, mean",
    "worst_steps": "worst",
    "within_dof": "within the depth of field",
    "mean_error": "error, mean",
    "worst_error": "worst",
    "ms_per_step": "ms a picture",
}


def run_autofocus(arguments: argparse.Namespace) -> int:
    """Measure all methods: on photographs and recorded sweeps where a folder of them is named, else on drawn scenes."""
    from rvr_laaf_app.camera.defocus import paper_model
    from rvr_laaf_app.measure.autofocus import measure_all
    from rvr_laaf_app.measure.autofocus_scenes import find_photos, make_subjects

    began = time.monotonic()
    named = arguments.data or os.environ.get("RVR_DATA")
    data = Path(named) if named else None
    if data is not None and not data.is_dir():
        raise UsageError("there is no such folder", where=data)
    photos = [] if data is None else find_photos(data / "photos" if (data / "photos").is_dir() else data)
    model = paper_model()
    _tell("scenes")
    subjects = make_subjects(seed=arguments.seed, limits=model.limits, photos=photos)
    report: dict[str, Any] = {
        "measure": "autofocus",
        "seed": arguments.seed,
        "scenes": [{"name": subject.name, "best_position": subject.z0} for subject in subjects],
        "camera": model.camera,
        "steps": "moves of the lens after the first picture; rounds: turns of the paper's loop",
        **measure_all(subjects, model, seed=arguments.seed, tell=_tell),
        "sweeps": _sweeps(data),
    }
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


def _sweeps(data: Path | None) -> dict[str, Any]:
    """Measure on recorded sweeps where there are any."""
    if data is None or not (data / "focus").is_dir():
        return {}
    from rvr_laaf_app.measure.autofocus_sweeps import find_sweeps, measure_sweep

    found = {}
    for folder in find_sweeps(data / "focus"):
        _tell(f"sweep {folder.name}")
        found[folder.name] = measure_sweep(folder)
    return found


def table(report: dict[str, Any]) -> Iterator[str]:
    """The report as Markdown."""
    runs = f"{len(report['scenes'])} scenes x 4 starts x 3 lights"
    yield f"\n**autofocus**: {runs}, {report['camera']}, seed {report['seed']}"
    yield f"| method | {' | '.join(COLUMNS.values())} | paper: mean | worst | ms |"
    yield "|---" * (len(COLUMNS) + 4) + "|"
    for name, figures in report["methods"].items():
        paper = report["paper"].get(name, {})
        ours = " | ".join(_number(figures[key]) for key in COLUMNS)
        theirs = " | ".join(_number(paper.get(key)) for key in ("mean_steps", "worst_steps", "ms_per_step"))
        yield f"| {name} | {ours} | {theirs} |"
    one = report["methods"].get("algorithm1")
    if one:
        turns = f"mean {one['mean_rounds']}, worst {one['worst_rounds']}"
        yield f"\nalgorithm1 in the paper's count (turns of its loop): {turns}"
    yield "\n| light | method | steps, mean | worst | within the depth of field | worst error |"
    yield "|---|---|---|---|---|---|"
    for name, figures in report["methods"].items():
        for light, part in figures["lights"].items():
            keys = ("mean_steps", "worst_steps", "within_dof", "worst_error")
            yield f"| {light} | {name} | {' | '.join(_number(part[key]) for key in keys)} |"
    times = ", ".join(f"{name} {value} ms" for name, value in report["ms_of_512_patch"].items())
    yield f"\nOne 512 x 512 patch on one core: {times}; the paper's two networks on its processor 3.56 ms"
    for name, figures in report["sweeps"].items():
        yield f"sweep {name}: " + ", ".join(f"{key} {value}" for key, value in figures.items())


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _tell(line: str) -> None:
    if sys.stderr is not None and sys.stderr.isatty():
        print(f"\r\x1b[2K{line}", end="", file=sys.stderr, flush=True)
