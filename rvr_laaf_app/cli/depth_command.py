"""`rvr-laaf depth`: the disparity of a photograph or a clip, full size, 1 = nearest; one frame of it or all; and light.

With --sequence the steadied disparity of the whole clip (or of --from to --to) is written for other programs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rvr_laaf_app.cli.options import (
    add_estimator_arguments,
    check_frame,
    chosen_products,
    clip_with_pictures,
    count,
    parse_seconds,
)
from rvr_laaf_app.cli.progress import run_with_progress
from rvr_laaf_app.core.errors import UsageError

if TYPE_CHECKING:
    from rvr_laaf_app.pipeline.compose import PreparedFrame


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("picture", metavar="CLIP_OR_PHOTO")
    parser.add_argument("--frame", type=count, metavar="N", help="which frame of a clip (default 0)")
    parser.add_argument(
        "-o",
        "--output",
        "--out",
        required=True,
        metavar="OUT",
        help=".npy, .png (16 bit) or .exr; with --sequence a folder, a pattern (d_%%04d.exr) or an .mkv file",
    )
    parser.add_argument("--hdr", metavar="FILE.exr", help="also write the light: linear, 1 = display white")
    add_estimator_arguments(parser)
    parser.add_argument(
        "--steady", action="store_true", help="for clips: analyse the whole clip and write the steadied disparity"
    )
    whole = parser.add_argument_group("all frames, for other programs")
    whole.add_argument(
        "--sequence",
        choices=["exr", "png16", "ffv1"],
        help="steadied disparity of every frame: EXR (channel Z, float), 16-bit grey PNG, or a 16-bit grey FFV1 video",
    )
    whole.add_argument("--from", dest="start", type=parse_seconds, metavar="S", help="begin at this time")
    whole.add_argument("--to", dest="stop", type=parse_seconds, metavar="S", help="end at this time")
    whole.add_argument("--overwrite", action="store_true", help="replace what exists")


def run(arguments: argparse.Namespace) -> int:
    """Estimate and write."""
    if arguments.sequence:
        return _sequence(arguments)
    if arguments.start is not None or arguments.stop is not None or arguments.overwrite:
        raise UsageError("--from, --to and --overwrite are for many frames", remedy="Add --sequence png16, say.")
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


def _sequence(arguments: argparse.Namespace) -> int:
    from rvr_laaf_app.pipeline.analyse import analyse_job
    from rvr_laaf_app.pipeline.depth_export import DepthRequest, check_depth_request, depth_export_job

    if arguments.frame is not None or arguments.hdr:
        raise UsageError("--frame and --hdr are for one frame, --sequence is for all", remedy="Leave one of them out.")
    info = clip_with_pictures(arguments.picture)
    request = DepthRequest(
        arguments.output, arguments.sequence, arguments.start, arguments.stop, overwrite=arguments.overwrite
    )
    check_depth_request(request, info)  # before minutes of analysis, not after
    products = chosen_products(info, arguments)
    run_with_progress(analyse_job(products, stop=request.frames(info)[1]), "analyse")
    report = run_with_progress(depth_export_job(products, request), "write")
    print(report.path)
    return 0


def _prepared(arguments: argparse.Namespace) -> PreparedFrame:
    from rvr_laaf_app.media.reader import ClipReader
    from rvr_laaf_app.pipeline.analyse import analyse_job, closing_of, estimate_alone
    from rvr_laaf_app.pipeline.compose import prepare

    info = clip_with_pictures(arguments.picture)
    wanted = arguments.frame or 0
    check_frame(wanted, info.frames)
    products = chosen_products(info, arguments)
    if arguments.steady:
        run_with_progress(analyse_job(products), "analyse")
    with ClipReader(info) as reader:
        frame = reader.read(wanted)
    if arguments.steady:
        rgbd = products.rgbd(wanted)
    else:
        estimator = products.new_estimator()
        before, after = estimator.context
        with ClipReader(info, size=products.map_source_size) as reader, closing_of(estimator):
            around = range(wanted - before, wanted + after + 1)
            window = [reader.read(min(max(i, 0), info.frames - 1)) for i in around]
            rgbd = estimate_alone(products, estimator, window)
    return prepare(frame, rgbd)
