"""`rvr-laaf frame`: one frame of a clip as a PNG, upright, as displayed."""

from __future__ import annotations

import argparse

from rvr_laaf_app.cli.options import check_frame, count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("clip", help="a video or photograph")
    parser.add_argument("frame", type=count, help="frame number, from 0")
    parser.add_argument("-o", "--output", required=True, metavar="PNG", help="where the picture goes")


def run(arguments: argparse.Namespace) -> int:
    """Write the frame: 8 bit stays 8 bit, more becomes 16."""
    from rvr_laaf_app.media.image_file import check_picture_output, write_png
    from rvr_laaf_app.media.reader import ClipReader

    check_picture_output(arguments.output, (".png",), sources=(arguments.clip,))
    with ClipReader(arguments.clip) as reader:
        check_frame(arguments.frame, reader.info.frames)
        frame = reader.read(arguments.frame)
    write_png(arguments.output, frame.rgb)
    return 0
