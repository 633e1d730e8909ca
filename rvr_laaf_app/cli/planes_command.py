"""`rvr-laaf planes`: a photograph in a few depth planes, near to far, and one of them in focus."""

from __future__ import annotations

import argparse
import json

from rvr_laaf_app.cli.options import add_lens_arguments, check_frame, clip_with_pictures, count, lens_settings
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.document.project import LensSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("picture", metavar="PHOTO", help="a photograph, or a clip (see --frame)")
    parser.add_argument("--count", type=count, metavar="K", help="how many planes, 1 to 16 (default: chosen, up to 8)")
    parser.add_argument("--focus", type=count, metavar="I", help="focus on plane I, 0 = nearest")
    parser.add_argument("--stepped", action="store_true", help="one blur for each plane")
    parser.add_argument("-o", "--out", metavar="PNG", help="the refocused photo; without --focus the map of planes")
    parser.add_argument("--classes", metavar="PNG", help="also write the map of planes: grey, the nearest white")
    parser.add_argument("--frame", type=count, default=0, metavar="N", help="which frame of a clip (default 0)")
    parser.add_argument("--estimator", default="rvr", help="rvr (default) or lower-is-nearer (a plain heuristic)")
    parser.add_argument("--json", action="store_true", help="print the planes as JSON")
    add_lens_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Find the planes, say where they are, and write what was asked for."""
    from rvr_laaf_app.media.image_file import write_png
    from rvr_laaf_app.pipeline.planes import check_count, picture_in_planes, refocus_on_plane

    check_count(arguments.count)
    _check_outputs(arguments)
    info = clip_with_pictures(arguments.picture)
    check_frame(arguments.frame, info.frames)
    picture = picture_in_planes(info, arguments.frame, estimator=arguments.estimator, count=arguments.count)
    refocused = None
    if arguments.focus is not None:
        lens = lens_settings(arguments, LensSettings())
        refocused = refocus_on_plane(picture, arguments.focus, lens, stepped=arguments.stepped)
    if arguments.classes:
        write_png(arguments.classes, picture.class_map)
    if arguments.out:
        write_png(arguments.out, picture.class_map if refocused is None else refocused)
    if arguments.json:
        print(json.dumps(picture.as_json()))
        return 0
    print("plane  disparity  share  a point on it")
    for pick in picture.picks:
        print(f"{pick.plane:5d}  {pick.disparity:9.3f}  {100 * pick.share:4.0f}%  {pick.x:.3f},{pick.y:.3f}")
    return 0


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Raise UsageError for what makes no sense, before any work."""
    from rvr_laaf_app.media.image_file import check_picture_output

    if arguments.focus is not None and not arguments.out:
        raise UsageError("--focus needs a place for the picture", remedy="Add -o OUT.png.")
    if arguments.out and arguments.out == arguments.classes:
        raise UsageError("both pictures cannot have the same name", where=arguments.out)
    for path in (arguments.out, arguments.classes):
        if path:
            check_picture_output(path, (".png",), sources=(arguments.picture,))
