"""`rvr-laaf depth`: the disparity of a photograph or of one frame of a clip, full size, 1 = nearest; and its light."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rvr_laaf_app.cli.options import check_frame, clip_with_pictures, count
from rvr_laaf_app.cli.progress import run_with_progress

if TYPE_CHECKING:
    from rvr_laaf_app.pipeline.compose import PreparedFrame


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("picture", metavar="CLIP_OR_PHOTO")
    parser.add_argument("--frame", type=count, default=0, metavar="N", help="which frame of a clip (default 0)")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".npy, .png (16 bit) or .exr")
    parser.add_argument("--hdr", metavar="FILE.exr", help="also write the light: linear, 1 = display white")
    parser.add_argument("--estimator", default="rvr", help="rvr (default) or lower-is-nearer (a plain heuristic)")
    parser.add_argument(
        "--steady", action="store_true", help="for clips: analyse the whole clip and write the steadied disparity"
    )


def run(arguments: argparse.Namespace) -> int:
    """Estimate and write."""
    from rvr_laaf_app.media.exr import write_exr
    from rvr_laaf_app.media.image_file import check_picture_output, write_plane

    check_picture_output(arguments.output, (".npy", ".png", ".exr"), sources=(arguments.picture,))
    if arguments.hdr:
        check_picture_output(arguments.hdr, (".exr",), sources=(arguments.picture,))
    prepared = _prepared(arguments)
    write_plane(arguments.output, prepared.disparity)
    if arguments.hdr:
        write_exr(Path(arguments.hdr), prepared.linear)
    return 0


def _prepared(arguments: argparse.Namespace) -> PreparedFrame:
    from rvr_laaf_app.media.reader import ClipReader
    from rvr_laaf_app.pipeline.analyse import analyse_job, estimate_alone, products_of
    from rvr_laaf_app.pipeline.compose import prepare

    info = clip_with_pictures(arguments.picture)
    check_frame(arguments.frame, info.frames)
    products = products_of(info, arguments.estimator)
    if arguments.steady:
        run_with_progress(analyse_job(products), "analyse")
    with ClipReader(info) as reader:
        frame = reader.read(arguments.frame)
    if arguments.steady:
        rgbd = products.rgbd(arguments.frame)
    else:
        estimator = products.new_estimator()
        before, after = estimator.context
        with ClipReader(info, size=products.map_source_size) as reader:
            wanted = range(arguments.frame - before, arguments.frame + after + 1)
            window = [reader.read(min(max(i, 0), info.frames - 1)) for i in wanted]
        rgbd = estimate_alone(products, estimator, window)
    return prepare(frame, rgbd)
