"""Arguments that several commands share: times, targets, lenses, aperture shapes, ranges."""

from __future__ import annotations

import argparse
import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rvr_laaf_app.core.errors import MediaError, UsageError
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.depth_source import DEFAULT_SOURCE, DepthSource
from rvr_laaf_app.document.project import ApertureSettings, LensSettings

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo
    from rvr_laaf_app.pipeline.products import ClipProducts

POLYGONS = {"pentagon": 5, "hexagon": 6, "heptagon": 7, "octagon": 8, "nonagon": 9}
LARGEST = 1e6
SMALLEST_BOX_PX = 2
OVAL_SQUEEZE = 0.6
CATS_EYE = 0.7
BOKEH_HELP = (
    f"shape of blurred lights: disc, {', '.join(POLYGONS)}, oval (anamorphic), cats-eye; "
    "join with commas, turn a polygon with :degrees (hexagon:15,cats-eye)"
)

ESTIMATOR_HELP = "rvr (default), lower-is-nearer (a plain heuristic), or an installed network (rvr-laaf models list)"


@dataclass(frozen=True, slots=True)
class TargetArgument:
    """A target as typed: numbers in fractions of the picture if all are <= 1, else in pixels."""

    numbers: tuple[float, ...]
    seconds: float

    def place(self, size: tuple[int, int]) -> Point | Box:
        """Return the point or box in 0..1 for a clip of this display size; raise UsageError if it lies outside."""
        width, height = size
        fractions = all(n <= 1.0 for n in self.numbers)
        scale = (1.0, 1.0, 1.0, 1.0) if fractions else (width, height, width, height)
        values = [n / s for n, s in zip(self.numbers, scale, strict=False)]
        x, y = values[0], values[1]
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise UsageError(
                f"target {self.numbers[0]:g},{self.numbers[1]:g} lies outside the picture of {width}x{height}",
                remedy="Give fractions 0..1 or pixels.",
            )
        if len(values) == 2:
            return Point(x, y)
        box = Box(*values).clipped()
        if box.width * width < SMALLEST_BOX_PX or box.height * height < SMALLEST_BOX_PX:
            raise UsageError(
                f"the box {','.join(f'{n:g}' for n in self.numbers)} covers less than {SMALLEST_BOX_PX} pixels of the "
                f"picture of {width}x{height}",
                remedy="Give a larger box, or a point.",
            )
        return box


def parse_seconds(text: str) -> float:
    """Parse seconds, m:ss.s or h:mm:ss.s into seconds."""
    parts = text.strip().split(":")
    try:
        numbers = [float(p) for p in parts]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 3 or any(n < 0 or not math.isfinite(n) for n in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time (2.5 or 1:02.5)")
    return float(sum(n * 60.0**i for i, n in enumerate(reversed(numbers))))


def parse_target(text: str) -> TargetArgument:
    """Parse X,Y@SECONDS or X,Y,W,H@SECONDS."""
    place, at, when = text.partition("@")
    try:
        numbers = tuple(float(n) for n in place.split(","))
    except ValueError:
        numbers = ()
    good = at and len(numbers) in (2, 4) and all(math.isfinite(n) and n >= 0 for n in numbers)
    if not good or (len(numbers) == 4 and min(numbers[2:]) <= 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y@SECONDS (or X,Y,WIDTH,HEIGHT@SECONDS)")
    return TargetArgument(numbers, parse_seconds(when))


def parse_bokeh(text: str) -> ApertureSettings:
    """Parse an aperture shape as BOKEH_HELP describes."""
    shape = ApertureSettings()
    for part in text.lower().split(","):
        name, _, angle = part.strip().partition(":")
        if name in POLYGONS or re.fullmatch(r"[5-9]", name):
            try:
                turn = math.fmod(float(angle), 360.0) if angle else 0.0
            except ValueError:
                turn = math.nan
            if math.isnan(turn):
                raise argparse.ArgumentTypeError(f"{angle!r} is not an angle in degrees") from None
            shape = replace(shape, blades=POLYGONS.get(name) or int(name), rotation_deg=turn)
        elif name == "oval":
            shape = replace(shape, squeeze=OVAL_SQUEEZE)
        elif name == "cats-eye":
            shape = replace(shape, cats_eye=CATS_EYE)
        elif name != "disc":
            raise argparse.ArgumentTypeError(f"unknown bokeh {name!r}; {BOKEH_HELP}")
    return shape


def positive(text: str) -> float:
    """Parse a number above zero; beyond what any lens or scene has, it is taken for a slip."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 1 / LARGEST <= value <= LARGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 (and at most {LARGEST:g})")
    return value


def count(text: str) -> int:
    """Parse a whole number of at least zero."""
    if not re.fullmatch(r"\d{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)


def add_lens_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the lens: in a photographer's words, or as a plain blur strength."""
    strength = parser.add_mutually_exclusive_group()
    strength.add_argument("--f-number", type=positive, metavar="N", help="f-number of the imitated lens (default 1.8)")
    strength.add_argument(
        "--blur", type=positive, metavar="PX", help="blur radius in pixels across the whole depth of the shot"
    )
    parser.add_argument("--focal-mm", type=positive, metavar="MM", help="focal length (default 50)")
    parser.add_argument("--sensor-mm", type=positive, metavar="MM", help="sensor width (default 36)")
    parser.add_argument("--bokeh", type=parse_bokeh, metavar="SHAPE", help=BOKEH_HELP)


def lens_settings(arguments: argparse.Namespace, base: LensSettings) -> LensSettings:
    """Return `base` with what the arguments of `add_lens_arguments` change."""
    lens = replace(
        base.lens,
        focal_length_mm=arguments.focal_mm or base.lens.focal_length_mm,
        f_number=arguments.f_number or base.lens.f_number,
        sensor_width_mm=arguments.sensor_mm or base.lens.sensor_width_mm,
    )
    speaks_of_a_lens = arguments.f_number or arguments.focal_mm or arguments.sensor_mm
    kept = None if speaks_of_a_lens else base.blur_px
    return replace(base, lens=lens, blur_px=arguments.blur or kept, aperture=arguments.bokeh or base.aperture)


def parse_depth_range(text: str) -> tuple[float, float]:
    """Parse LOW,HIGH: two different numbers; HIGH may be inf."""
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not LOW,HIGH") from None
    if not math.isfinite(low) or math.isnan(high) or low >= high:
        raise argparse.ArgumentTypeError(f"{text!r} is no range: LOW must be below HIGH")
    return low, high


def add_estimator_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where depth comes from: a network, or files of the user's."""
    parser.add_argument("--estimator", metavar="NAME", help=ESTIMATOR_HELP)
    depth = parser.add_argument_group("imported depth")
    depth.add_argument(
        "--depth-from",
        metavar="PATH",
        help="take depth from here: a folder or pattern (d_%%04d.exr) of EXR, PNG or TIFF, or a grey video",
    )
    depth.add_argument(
        "--depth-is",
        choices=["disparity", "depth", "inverted"],
        help="larger is nearer (default), distance from the camera, or near is dark",
    )
    depth.add_argument(
        "--depth-range", type=parse_depth_range, metavar="LOW,HIGH", help="stored numbers at the ends of the range"
    )
    depth.add_argument(
        "--depth-steady", action="store_true", help="filter it over time (for depth that another network estimated)"
    )


def chosen_products(
    info: ClipInfo, arguments: argparse.Namespace, source: DepthSource = DEFAULT_SOURCE
) -> ClipProducts:
    """Return the products with depth as the arguments of `add_estimator_arguments` say, else as the project does."""
    if arguments.depth_from is None:
        if arguments.depth_is or arguments.depth_range or arguments.depth_steady:
            raise UsageError("--depth-is, --depth-range and --depth-steady describe --depth-from, which is missing")
        from rvr_laaf_app.pipeline.sourced import products_from

        return products_from(info, DepthSource(arguments.estimator) if arguments.estimator else source)
    if arguments.estimator:
        raise UsageError("--estimator and --depth-from exclude each other")
    from rvr_laaf_app.estimate.sidecar import SidecarSpec
    from rvr_laaf_app.pipeline.imported import imported_products

    spec = SidecarSpec(arguments.depth_from, arguments.depth_is, arguments.depth_range, arguments.depth_steady)
    return imported_products(info, spec)


def clip_with_pictures(path: str) -> ClipInfo:
    """Return what is in the file; raise MediaError if it cannot be read or has only sound."""
    from rvr_laaf_app.media.probe import probe

    info: ClipInfo = probe(path)
    if info.table is None or info.frames == 0:
        raise MediaError(
            "the file has sound but no pictures", where=info.path, remedy="Choose a video or a photograph."
        )
    return info


def check_frame(frame: int, frames: int) -> None:
    """Raise UsageError unless the clip has frame number `frame`."""
    if frame >= frames:
        raise UsageError(f"frame {frame} does not exist", remedy=f"The clip has frames 0 to {frames - 1}.")
