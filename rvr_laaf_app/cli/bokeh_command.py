"""`rvr-laaf bokeh`: blur one picture with a given depth. Linear EXR in, linear EXR out; other pictures as displayed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rvr_laaf_app.cli.options import BOKEH_HELP, parse_bokeh, positive
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document.project import ApertureSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("picture", help="EXR (linear light), PNG, JPEG or TIFF")
    depth = parser.add_mutually_exclusive_group(required=True)
    depth.add_argument("--depth", metavar="FILE", help=".npz, .npy or .exr: planar distance in metres")
    depth.add_argument("--disparity", metavar="FILE", help=".npz, .npy, .exr or 16-bit .png: 0..1, 1 = nearest")
    parser.add_argument("--focus-m", type=positive, required=True, metavar="M", help="distance of the focal plane")
    parser.add_argument("--f-number", type=positive, required=True, metavar="N")
    parser.add_argument("--focal-mm", type=positive, default=50.0, metavar="F")
    parser.add_argument("--sensor-mm", type=positive, default=36.0, metavar="W", help="sensor width")
    parser.add_argument(
        "--nearest-m",
        type=positive,
        default=1.0,
        metavar="M",
        help="with --disparity: the distance of disparity 1 (0 is infinity; default 1)",
    )
    parser.add_argument("--bokeh", type=parse_bokeh, default=ApertureSettings(), metavar="SHAPE", help=BOKEH_HELP)
    parser.add_argument("--renderer", default="spans", help="spans (default), torch or reference (slow, float64)")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help=".exr (linear light) or .png")


def run(arguments: argparse.Namespace) -> int:
    """Blur the picture and write it."""
    from rvr_laaf_app.core.optics import Lens
    from rvr_laaf_app.media.image_file import check_picture_output, read_linear, write_picture
    from rvr_laaf_app.pipeline.still import Still, blur_still

    sources = (arguments.picture, arguments.depth or arguments.disparity)
    check_picture_output(arguments.output, (".exr", ".png"), sources=sources)
    linear, transfer = read_linear(arguments.picture)
    inverse_m = _inverse_distance(arguments, linear.shape[:2])
    lens = Lens(arguments.focal_mm, arguments.f_number, arguments.sensor_mm)
    if arguments.focus_m * 1000 <= arguments.focal_mm:
        raise UsageError(f"--focus-m {arguments.focus_m:g} lies nearer than the focal length of the lens")
    still = Still(linear, inverse_m)
    blurred = blur_still(
        still, lens, focus_m=arguments.focus_m, aperture=arguments.bokeh, renderer_name=arguments.renderer
    )
    write_picture(Path(arguments.output), blurred, transfer=transfer)
    return 0


def _inverse_distance(arguments: argparse.Namespace, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Read --depth or --disparity as 1/m [H, W] float32 of the picture's size."""
    import numpy as np

    from rvr_laaf_app.media.image_file import read_plane

    path = arguments.depth or arguments.disparity
    if arguments.depth and Path(path).suffix.lower() == ".png":
        raise UsageError("a PNG holds no metres", where=path, remedy="Use --disparity, or depth as .npz, .npy or .exr.")
    plane = read_plane(path)
    if plane.shape != shape:
        raise UsageError(
            f"the depth is {plane.shape[1]}x{plane.shape[0]} but the picture is {shape[1]}x{shape[0]}", where=path
        )
    if arguments.disparity:
        if not np.isfinite(plane).all() or plane.min() < -1e-3 or plane.max() > 1 + 1e-3:
            raise UsageError("a disparity lies in 0..1 (1 = nearest)", where=path, remedy="For metres use --depth.")
        return plane / np.float32(arguments.nearest_m)
    if np.isnan(plane).any() or (plane <= 0).any():
        raise UsageError("distances must be above 0 metres", where=path)
    return np.float32(1.0) / plane
