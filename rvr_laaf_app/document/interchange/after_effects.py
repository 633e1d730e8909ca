"""After Effects: keyframes as the text of its clipboard, to be copied from the file and pasted on a layer.

Two forms, since a camera takes no effects. Sliders: focus disparity on "Slider Control #1" and f-number on "#2" of
any layer, to be linked where wanted (a lens blur that takes our disparity as its depth layer). Camera: "Focus
Distance" and "Aperture" of a camera, in pixels as it counts them, with the sensor as wide as the composition: true to
scale if the camera is set to the lens's focal length and sensor width.

Carries the curve, sampled at each frame of a composition of the clip's constant rate. Cannot carry targets, tracks,
states, or shots (disparity is relative to its shot); keys between which nothing changes are left out. Cannot be read
back. The text follows what programs that write such keys agree on; Adobe has not published it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.document.interchange.keys import needed_keys
from rvr_laaf_app.document.interchange.sheet import FocusSheet, What, finite_distance_m, precise
from rvr_laaf_app.document.interchange.timing import frames_at_rate, nominal_rate

_MM_PER_M = 1000.0


def write_sliders(sheet: FocusSheet, _what: What) -> bytes:
    """Return the curve as keys of two slider effects."""
    curve, shown = sheet.samples, _shown(sheet)
    return _text(
        sheet,
        [
            ("Effects\tSlider Control #1\tSlider #2", "", curve.focus_disparity[shown]),
            ("Effects\tSlider Control #2\tSlider #2", "", curve.f_number[shown]),
        ],
    )


def write_camera(sheet: FocusSheet, _what: What) -> bytes:
    """Return the curve as focus distance and aperture of a camera."""
    curve, lens, shown = sheet.samples, sheet.project.lens.lens, _shown(sheet)
    px_per_mm = sheet.size[0] / lens.sensor_width_mm
    distance_px = finite_distance_m(curve.focus_disparity[shown], lens) * _MM_PER_M * px_per_mm
    aperture_px = lens.focal_length_mm * px_per_mm / curve.f_number[shown].astype(np.float64)
    return _text(
        sheet,
        [
            ("Camera Options\tFocus Distance", "pixels", distance_px),
            ("Camera Options\tAperture", "pixels", aperture_px),
        ],
    )


def _shown(sheet: FocusSheet) -> NDArray[np.int64]:
    return frames_at_rate(sheet.table, nominal_rate(sheet.table))


def _text(sheet: FocusSheet, blocks: list[tuple[str, str, NDArray[np.floating]]]) -> bytes:
    first = sheet.first_frame or 0
    lines = [
        "Adobe After Effects 8.0 Keyframe Data",
        "",
        f"\tUnits Per Second\t{float(nominal_rate(sheet.table)):.6g}",
        f"\tSource Width\t{sheet.size[0]}",
        f"\tSource Height\t{sheet.size[1]}",
        "\tSource Pixel Aspect Ratio\t1",
        "\tComp Pixel Aspect Ratio\t1",
        "",
    ]
    for title, unit, values in blocks:
        rounded = np.round(values.astype(np.float64), 6)
        keys = (f"\t{first + k}\t{precise(rounded[k])}\t" for k in needed_keys(rounded))
        lines += [title, f"\tFrame\t{unit}\t", *keys, ""]
    lines += ["", "End of Keyframe Data", ""]
    return "\n".join(lines).encode()
