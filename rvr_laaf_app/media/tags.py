"""What the colour tags and the display matrix of a stream mean, and what is assumed where they are missing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame
from numpy.typing import NDArray

# Code points of ITU-T H.273.
_MATRICES: Final = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 8: "ycgco", 9: "bt2020", 10: "bt2020"}
_TRANSFERS: Final = {8: "linear", 13: "srgb", 16: "pq", 18: "hlg"}
_SDR_TRANSFERS: Final = {1, 2, 4, 5, 6, 7, 11, 12, 14, 15, 0, 3}
_BT2020_PRIMARIES: Final = 9
_NARROW_PRIMARIES: Final = {0, 1, 2, 3, 4, 5, 6, 7}
_SD_PRIMARIES: Final = {5, 6}
_ALPHA: Final = ("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16", "ayuv", "vuya", "pal8")
_SNAP_DEG: Final = 0.5


@dataclass(frozen=True, slots=True)
class ColourTags:
    """Matrix, range, transfer and primaries in the program's words, and what had to be assumed."""

    matrix: str
    full_range: bool
    transfer: str
    primaries: str
    warnings: tuple[str, ...] = ()


def colour_of(frame: VideoFrame, codec: str) -> ColourTags:
    """Read the tags of a decoded frame; missing ones are assumed from the other tags, then from the size."""
    warnings: list[str] = []
    trc, primaries_tag = int(frame.color_trc), int(frame.color_primaries)
    transfer = _TRANSFERS.get(trc, "bt709")
    if trc not in _TRANSFERS and trc not in _SDR_TRANSFERS:
        warnings.append(f"transfer characteristic {trc} is not known here; read as BT.709")
    primaries = "bt2020" if primaries_tag == _BT2020_PRIMARIES else "bt709"
    if primaries_tag == 2 and transfer in ("hlg", "pq"):
        primaries = "bt2020"
    if primaries_tag not in _NARROW_PRIMARIES and primaries_tag != _BT2020_PRIMARIES:
        warnings.append(f"colour primaries {primaries_tag} are read as BT.709; strong colours may look muted")
    return ColourTags(
        _matrix(frame, primaries, primaries_tag), _is_full(frame, codec), transfer, primaries, tuple(warnings)
    )


def _matrix(frame: VideoFrame, primaries: str, primaries_tag: int) -> str:
    if frame.format.is_rgb or frame.format.name.startswith("pal8"):
        return "rgb"
    tagged = _MATRICES.get(int(frame.colorspace))
    if tagged:
        return tagged
    if primaries == "bt2020":
        return "bt2020"
    if primaries_tag in _SD_PRIMARIES:
        return "bt601"
    if primaries_tag == 1:
        return "bt709"
    long, short = max(frame.width, frame.height), min(frame.width, frame.height)
    return "bt709" if long >= 1280 or short > 576 else "bt601"


def _is_full(frame: VideoFrame, codec: str) -> bool:
    name = frame.format.name
    if frame.format.is_rgb or name.startswith(("yuvj", "pal8")):
        return True
    if int(frame.color_range) in (1, 2):
        return int(frame.color_range) == 2
    return codec in ("mjpeg", "jpeg2000") or name.startswith(("gray", "ya", "mono"))


def has_alpha(frame: VideoFrame, metadata: dict[str, str]) -> bool:
    """True if the pictures carry transparency (which is ignored); WebM says so in the stream's metadata only."""
    return frame.format.name.startswith(_ALPHA) or metadata.get("alpha_mode") == "1"


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a stored picture is turned to be upright: mirror (left to right) first, then clockwise by rotation_deg."""

    rotation_deg: float = 0.0
    mirror: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def quarter_turns(self) -> int:
        """Whole quarter turns clockwise, 0..3."""
        return round(self.rotation_deg / 90.0) % 4

    @property
    def tilt_deg(self) -> float:
        """What is left beyond the quarter turns, clockwise, -45..45."""
        return self.rotation_deg - 90.0 * round(self.rotation_deg / 90.0)

    @property
    def rotation_cw(self) -> int:
        """The turn in whole degrees clockwise, 0..359."""
        return round(self.rotation_deg) % 360


UPRIGHT: Final = Orientation()


def _side_data(frame: VideoFrame) -> list[SideData]:
    """Return the side data; raise ValueError if the binding does not know one of its kinds."""
    return list(cast("Iterable[SideData]", frame.side_data))


def orientation_of(frame: VideoFrame) -> Orientation:
    """Read the display matrix that the decoder attached to a frame."""
    try:
        found = [bytes(item) for item in _side_data(frame) if item.type is SideDataType.DISPLAYMATRIX]
    except ValueError:
        # The binding does not know another kind of side data on this frame; its own reading must do.
        return Orientation(rotation_deg=float(-frame.rotation % 360) if abs(frame.rotation) <= 360 else 0.0)
    if not found or len(found[-1]) != 36:
        return Orientation()
    return orientation_of_matrix(np.frombuffer(found[-1], np.int32))


def orientation_of_matrix(matrix: NDArray[np.int32]) -> Orientation:
    """Read a display matrix: 9 integers, a b u c d v x y w (16.16), x' = a x + c y, y' = b x + d y, y down."""
    a, b, c, d = (float(matrix[i]) / 65536.0 for i in (0, 1, 3, 4))
    determinant = a * d - b * c
    if abs(determinant) < 1e-6:
        return Orientation(warnings=("the display matrix is empty; the picture is shown as stored",))
    mirror = determinant < 0
    angle = math.degrees(math.atan2(-b, -a) if mirror else math.atan2(b, a)) % 360.0
    nearest = 90.0 * round(angle / 90.0)
    warnings: tuple[str, ...] = ()
    if abs(angle - nearest) <= _SNAP_DEG:
        angle = nearest % 360.0
    else:
        warnings = (f"the picture is turned by {angle:.0f} degrees, not a quarter turn; its corners are cut off",)
    return Orientation(angle, mirror, warnings)
