"""A small night scene with known depth, seen through a lens: what the lens does, shown before any clip is rendered.

From left to right: lamps far behind the focal plane, the sharp post of a fence in it, lamps in front of it. The blur is
that of a picture `PICTURE_HEIGHTS` times as wide as the scene is high, of which the scene is the middle: large enough
to show the shape of the opening.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import from_linear
from rvr_laaf_app.core.optics import coc_px
from rvr_laaf_app.document.project import LensSettings
from rvr_laaf_app.pipeline.resolve import aperture_of
from rvr_laaf_app.render.base import DEFAULT_RENDERER, RENDERERS

PICTURE_HEIGHTS = 7
FULL_WIDTH = 1280  # of a clip for which lengths in pixels are meant
FOCUS, FAR, NEAR = 0.5, 0.05, 0.95
LIFT_STOPS = 4.5  # that highlight recovery gives back to a lamp
_MOST_SHARE = 0.45  # of the scene's height: a wider blur would show nothing but itself
# x, y as shares of the scene, colour; those left of the middle are far, the others near
_LAMPS = (
    (0.09, 0.30, (1.0, 0.72, 0.42)),
    (0.17, 0.72, (0.95, 0.95, 1.0)),
    (0.28, 0.26, (0.55, 0.8, 1.0)),
    (0.38, 0.66, (1.0, 0.55, 0.35)),
    (0.64, 0.34, (1.0, 0.85, 0.6)),
    (0.79, 0.70, (0.6, 1.0, 0.75)),
    (0.91, 0.30, (1.0, 0.7, 0.5)),
)


def bokeh_sample(settings: LensSettings, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the scene through a lens as it stands (without keys), RGB [h, w, 3] uint8; size (width, height)."""
    linear, disparity = _scene(size, 2.0 ** (LIFT_STOPS * settings.highlight_boost))
    width = PICTURE_HEIGHTS * size[1]
    coc = coc_px(disparity, FOCUS, settings.blur_gain_px(width, FULL_WIDTH))
    per_full_px = width / FULL_WIDTH
    limit = min(settings.max_coc_px * per_full_px, _MOST_SHARE * size[1])
    near = min(limit, settings.max_near_coc_px * per_full_px)
    np.clip(coc, -limit, near, out=coc)
    renderer = RENDERERS.load(DEFAULT_RENDERER)()
    picture = renderer.render(linear, coc, aperture=aperture_of(settings.aperture), quality="final")
    return from_linear(picture, "srgb")


def _scene(size: tuple[int, int], lift: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return light [h, w, 3] and disparity [h, w] of the scene."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    dusk = 0.010 + 0.020 * (y / height)
    linear = np.stack([dusk * 0.9, dusk, dusk * 1.25], -1).astype(np.float32)
    disparity = np.full((height, width), FAR, np.float32)
    radius = max(1.2, height / 40)
    post = np.abs(x - width * 0.5) < height * 0.045
    stripes = 0.08 + 0.22 * ((y // max(2.0, height / 22)) % 2)
    linear[post] = stripes[post][:, None] * np.array([0.9, 0.8, 0.65], np.float32)
    disparity[post] = FOCUS
    for across, down, colour in _LAMPS:
        lamp = (x - across * width) ** 2 + (y - down * height) ** 2 <= radius * radius
        near = across > 0.5
        around = (x - across * width) ** 2 + (y - down * height) ** 2 <= (1.5 * radius) ** 2
        if near:
            disparity[around] = NEAR
        linear[lamp] = np.array(colour, np.float32) * np.float32(lift)
    return linear, disparity
