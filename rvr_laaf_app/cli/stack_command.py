"""`rvr-laaf stack`: a folder (or a video) of a focus sweep becomes one sharp picture, and its depth."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from rvr_laaf_app.cli.options import count
from rvr_laaf_app.cli.progress import run_with_progress
from rvr_laaf_app.core.errors import ExportError, UsageError

METHODS = ("guided", "gfdf", "pyramid", "max_laplacian", "average")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("sweep", metavar="DIR", help="a folder of pictures (with sweep.json or without), or a video")
    parser.add_argument("-o", "--out", required=True, type=Path, metavar="FILE", help="the sharp picture: .png or .exr")
    parser.add_argument(
        "--depth", type=Path, metavar="FILE", help="also the disparity: .png, .exr or .npy, 1 = nearest"
    )
    parser.add_argument("--confidence", type=Path, metavar="FILE", help="also how far the disparity can be trusted")
    parser.add_argument("--slices", type=Path, metavar="DIR", help="also the aligned slices, as a sweep folder")
    parser.add_argument("--method", choices=METHODS, help=f"how to fuse (default {METHODS[0]})")
    parser.add_argument("--no-align", action="store_true", help="the pictures lie on each other already")
    parser.add_argument("--no-equalise", action="store_true", help="leave differences of exposure as they are")
    parser.add_argument("--reference", type=count, metavar="N", help="picture N (from 1) stays as it is")
    parser.add_argument("--far-first", action="store_true", help="the sweep goes from far to near, not near to far")
    parser.add_argument("--overwrite", action="store_true", help="replace what exists")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Stack and write."""
    from rvr_laaf_app.pipeline.stack_job import StackFiles, StackOptions, stack_job

    if arguments.reference == 0:
        raise UsageError("pictures are counted from 1")
    options = StackOptions(
        method=arguments.method or METHODS[0],
        align=not arguments.no_align,
        equalise=not arguments.no_equalise,
        depth=arguments.depth is not None or arguments.confidence is not None,
        near_is_low=not arguments.far_first,
        reference=None if arguments.reference is None else arguments.reference - 1,
    )
    files = StackFiles(arguments.out, arguments.depth, arguments.confidence, arguments.slices)
    if not arguments.overwrite:
        _check_new(arguments.out, arguments.depth, arguments.confidence, arguments.slices)
    stacked = run_with_progress(stack_job(arguments.sweep, files, options), "stack")
    for note in stacked.notes:
        print(f"note: {note}", file=sys.stderr)
    if arguments.json:
        print(json.dumps({**stacked.summary(), "method": options.method, "picture": str(arguments.out)}, indent=1))
    else:
        print(arguments.out)
    return 0


def _check_new(*paths: Path | None) -> None:
    """Raise ExportError before any work if a result exists already; an empty folder may be filled."""
    for path in paths:
        if path is None or not os.path.lexists(path) or (path.is_dir() and not any(path.iterdir())):
            continue
        what = "this folder is not empty" if path.is_dir() else "the file exists already"
        raise ExportError(what, where=path, remedy="Choose another name or add --overwrite.")
