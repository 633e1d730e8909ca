"""USD: a camera whose focusDistance and fStop have time samples, as text (usda).

Carries the curve: nominal metres (in scene units of a centimetre, so that focalLength and the apertures, which USD
counts in tenths of a scene unit, are millimetres), f-number, and the disparity itself as rvr:focusDisparity. Time
codes are frames of the clip's constant rate; a frame of a clip with a variable rate lies between two. Cannot carry
targets, tracks, states or shots. Cannot be read back. As in UsdGeomCamera (openusd.org): focusDistance in scene
units, fStop 0 = no depth of field.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.document.interchange.keys import needed_keys
from rvr_laaf_app.document.interchange.sheet import (
    NOMINAL_METRES,
    FocusSheet,
    What,
    finite_distance_m,
    number,
    precise,
)
from rvr_laaf_app.document.interchange.timing import nominal_rate

_CM_PER_M = 100.0
_NEARLY_WHOLE = 0.1  # of a frame: stamps in milliseconds wobble


def write_usda(sheet: FocusSheet, _what: What) -> bytes:
    """Return the layer."""
    curve, lens = sheet.samples, sheet.project.lens.lens
    codes = time_codes(sheet)
    rate = precise(float(nominal_rate(sheet.table)))
    distance_cm = finite_distance_m(curve.focus_disparity, lens) * _CM_PER_M
    height_mm = lens.sensor_width_mm * sheet.size[1] / sheet.size[0]
    lines = [
        "#usda 1.0",
        "(",
        f"    doc = {_quoted(f'Focus of {sheet.clip_name}. {NOMINAL_METRES}')}",
        '    defaultPrim = "FocusCamera"',
        f"    startTimeCode = {precise(codes[0])}",
        f"    endTimeCode = {precise(codes[-1])}",
        f"    framesPerSecond = {rate}",
        f"    timeCodesPerSecond = {rate}",
        "    metersPerUnit = 0.01",
        '    upAxis = "Y"',
        ")",
        "",
        'def Camera "FocusCamera"',
        "{",
        '    token projection = "perspective"',
        f"    float focalLength = {number(lens.focal_length_mm)}",
        f"    float horizontalAperture = {number(lens.sensor_width_mm)}",
        f"    float verticalAperture = {number(height_mm)}",
        *_samples("float focusDistance", codes, distance_cm),
        *_samples("float fStop", codes, curve.f_number),
        *_samples("custom float rvr:focusDisparity", codes, curve.focus_disparity),
        "}",
        "",
    ]
    return "\n".join(lines).encode()


def time_codes(sheet: FocusSheet) -> NDArray[np.float64]:
    """Return the time code of each frame [N]: its number where the rate is constant."""
    codes = sheet.table.times_s * float(nominal_rate(sheet.table))
    whole = np.arange(len(codes), dtype=np.float64)
    if np.all(np.abs(codes - whole) < _NEARLY_WHOLE):
        codes = whole
    return np.round(codes, 4) + float(sheet.first_frame or 0)


def _samples(attribute: str, codes: NDArray[np.float64], values: NDArray[np.floating]) -> list[str]:
    shortest = values.astype(np.float32)
    keys = [f"        {precise(codes[k])}: {number(shortest[k])}," for k in needed_keys(shortest)]
    return [f"    {attribute}.timeSamples = {{", *keys, "    }"]


def _quoted(text: str) -> str:
    """Quote a text for usda, on one line."""
    plain = "".join(c if c.isprintable() else " " for c in text).encode(errors="replace").decode()
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
