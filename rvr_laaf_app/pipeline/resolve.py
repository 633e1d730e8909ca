"""From a project and its focus curve to what one frame must look like: the pure function that every path shares.

Preview, export, command line and tests all call `resolve`; there is no second way: what one sees is what one exports.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from rvr_laaf_app.core.optics import breathing_scale
from rvr_laaf_app.document.project import ApertureSettings, Project
from rvr_laaf_app.laaf.curve import FocusCurve
from rvr_laaf_app.render.base import Aperture, Quality


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """How to blur one frame: all that decides the picture besides the frame itself, so it serves as a key of caches.

    Lengths are in pixels of the picture of `size` (width, height). max_near_coc_px: the most in front of the focal
    plane. guard: 0..1, how far blur is held back where depth is doubtful. scale: how far the picture is enlarged, >= 1.
    """

    index: int
    size: tuple[int, int]
    focus_disparity: float
    blur_gain_px: float
    max_coc_px: float
    aperture: Aperture
    highlight_boost: float
    quality: Quality
    max_near_coc_px: float = math.inf
    guard: float = 0.0
    scale: float = 1.0


def aperture_of(shape: ApertureSettings) -> Aperture:
    """Return the renderer's aperture for the user's settings."""
    return Aperture(
        blades=shape.blades, rotation_deg=shape.rotation_deg, squeeze=shape.squeeze, cats_eye=shape.cats_eye
    )


def resolve(
    project: Project,
    curve: FocusCurve,
    index: int,
    *,
    size: tuple[int, int],
    full_width: int,
    quality: Quality = "final",
) -> RenderRequest:
    """Return the request for frame `index` of the project's clip at picture size `size`.

    `full_width` is the display width of the clip in pixels: lengths the user gave in full-size pixels follow `size`.
    """
    lens = project.lens.at(index)
    focus = float(curve.focus_disparity[index])
    per_full_px = size[0] / full_width
    return RenderRequest(
        index=index,
        size=size,
        focus_disparity=focus,
        blur_gain_px=lens.blur_gain_px(size[0], full_width),
        max_coc_px=lens.max_coc_px * per_full_px,
        aperture=aperture_of(lens.aperture),
        highlight_boost=lens.highlight_boost,
        quality=quality,
        max_near_coc_px=min(lens.max_near_coc_px, lens.max_coc_px) * per_full_px,
        guard=lens.confidence_guard,
        scale=breathing_scale(lens.breathing, focus),
    )
