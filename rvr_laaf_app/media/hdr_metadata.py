"""What an HDR clip says of the screen it was graded on: read from a decoded frame, told to an encoder again.

Mastering display colour volume (SMPTE ST 2086) and content light level (CTA-861.3). Blurring a picture changes neither
the screen nor, to speak of, the brightest pixels, so both are passed on as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, cast

from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame

_MASTERING: Final = struct.Struct("<20i2i")  # AVMasteringDisplayMetadata: ten fractions, two flags
_LIGHT: Final = struct.Struct("<2I")
_CHROMATICITY_STEPS: Final = 50_000  # steps of 0.00002
_LUMINANCE_STEPS: Final = 10_000  # steps of 0.0001 cd/m2


@dataclass(frozen=True, slots=True)
class HdrMetadata:
    """Static HDR metadata in the units of the bit stream; None = not said.

    primaries: (x, y) of red, green, blue and white in steps of 0.00002; luminance: (max, min) in steps of
    0.0001 cd/m2; light_level: (brightest pixel, brightest frame average) in cd/m2.
    """

    primaries: tuple[tuple[int, int], ...] | None = None
    luminance: tuple[int, int] | None = None
    light_level: tuple[int, int] | None = None

    @property
    def mastering_display(self) -> str | None:
        """The mastering display as x264 and x265 want it, or None unless it is known whole."""
        if self.primaries is None or self.luminance is None:
            return None
        red, green, blue, white = (f"({x},{y})" for x, y in self.primaries)
        return f"G{green}B{blue}R{red}WP{white}L({self.luminance[0]},{self.luminance[1]})"

    def encoder_parameters(self, encoder: str) -> dict[str, str]:
        """Return the private parameters of libx264 or libx265 that carry this."""
        names = {"libx264": ("mastering-display", "cll"), "libx265": ("master-display", "max-cll")}[encoder]
        found: dict[str, str] = {}
        if self.mastering_display:
            found[names[0]] = self.mastering_display
        if self.light_level:
            found[names[1]] = f"{self.light_level[0]},{self.light_level[1]}"
        return found


def hdr_metadata_of(frame: VideoFrame) -> HdrMetadata:
    """Read the metadata that the decoder attached to a frame; what is missing or makes no sense is left out."""
    primaries = luminance = light = None
    try:
        items = cast("Iterable[SideData]", frame.side_data)  # the stub calls it a dictionary
        attached = [(item.type, bytes(item)) for item in items]
    except ValueError:
        return HdrMetadata()  # the binding cannot list a kind of side data that it does not know
    for kind, data in attached:
        if kind is SideDataType.MASTERING_DISPLAY_METADATA and len(data) >= _MASTERING.size:
            numbers = _MASTERING.unpack(data[: _MASTERING.size])
            pairs = list(zip(numbers[0:20:2], numbers[1:20:2], strict=True))
            if numbers[20] and all(denominator > 0 for _, denominator in pairs[:8]):
                steps = [round(_CHROMATICITY_STEPS * n / d) for n, d in pairs[:8]]
                primaries = tuple(zip(steps[::2], steps[1::2], strict=True))
            if numbers[21] and all(denominator > 0 for _, denominator in pairs[8:]):
                low, high = (round(_LUMINANCE_STEPS * n / d) for n, d in pairs[8:])
                luminance = (high, low)
        elif kind is SideDataType.CONTENT_LIGHT_LEVEL and len(data) >= _LIGHT.size:
            light = _LIGHT.unpack(data[: _LIGHT.size])
    return HdrMetadata(primaries, luminance, light if light and any(light) else None)
