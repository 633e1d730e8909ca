"""Nuke: a ZDefocus node with the focus plane and the blur size animated, as script text to be pasted or imported.

`center` (focus plane) is our disparity, for an image whose depth.Z is our disparity (EXR of `rvr-laaf depth
--sequence exr`) and the node's math at its usual far=0: large is near, 0 is infinitely far. ZDefocus takes `size` for
the blur at infinity; as the plane moves, that grows with its disparity, so `size` = half the coc diameter per unit of
disparity, times the focus disparity. A user knob holds the f-number.

Carries the curve, frame by frame as Nuke counts frames (first frame 1 unless told otherwise), and the blades. Cannot
carry targets, tracks, states, highlights, cat's eye or squeeze. Cannot be read back. Knob names as in a
published example of ZDefocus2; not tried in Nuke itself.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.document.interchange.sheet import FocusSheet, What, number

FIRST_FRAME = 1
_UNSAFE = re.compile(r"[^A-Za-z0-9 ._-]")


def write_nuke(sheet: FocusSheet, _what: What) -> bytes:
    """Return the script."""
    curve, lens = sheet.samples, sheet.project.lens
    first = FIRST_FRAME if sheet.first_frame is None else sheet.first_frame
    gain_px = lens.lens.blur_gain_px(sheet.size[0]) * lens.lens.f_number / curve.f_number.astype(np.float64)
    size_px = np.maximum(0.5 * gain_px * curve.focus_disparity, 0.0)
    label = f"focus of {_UNSAFE.sub('_', sheet.clip_name)}\\ndepth.Z = disparity, math far=0"
    blades = lens.aperture.blades
    lines = [
        "set cut_paste_input [stack 0]",
        "push $cut_paste_input",
        "ZDefocus2 {",
        " z_channel depth.Z",
        f" center {_curve(curve.focus_disparity, first)}",
        f" size {_curve(size_px, first)}",
        f" max_size {number(lens.max_coc_px / 2)}",
        *([" filter_type bladed", f" blades {blades}"] if blades else []),
        " name RVR_LAAF_Focus",
        f' label "{label}"',
        " selected true",
        " addUserKnob {20 RVR_LAAF}",
        ' addUserKnob {7 f_number l "f-number"}',
        f" f_number {_curve(curve.f_number, first)}",
        "}",
        "",
    ]
    return "\n".join(lines).encode("ascii")


def _curve(values: NDArray[np.floating], first: int) -> str:
    """One key for every frame, so that no interpolation is asked for; a value alone where nothing changes."""
    if len(values) == 0 or np.all(values == values[0]):
        return number(float(values[0])) if len(values) else "0"
    return "{{curve x" + " ".join([str(first), *(number(float(v)) for v in values)]) + "}}"
