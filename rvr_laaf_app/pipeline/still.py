"""One picture with known depth through the same renderer as video: no estimation, physical lens only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.document.project import ApertureSettings
from rvr_laaf_app.pipeline.resolve import aperture_of
from rvr_laaf_app.render.base import DEFAULT_RENDERER, RENDERERS

MAX_COC_SHARE = 0.25  # of the picture's width: a wider disc says nothing and takes minutes
LARGEST_GAIN_PX = 1e12  # per 1/m: an absurd lens must not make the plane in focus infinity times zero


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A deep-focus picture: linear [H, W, 3] float32 (1 = display white), inverse_m [H, W] float32 in 1/m."""

    linear: NDArray[np.float32]
    inverse_m: NDArray[np.float32]


def blur_still(
    still: Still, lens: Lens, *, focus_m: float, aperture: ApertureSettings, renderer_name: str = DEFAULT_RENDERER
) -> NDArray[np.float32]:
    """Return the picture as `lens` focused at `focus_m` metres would have taken it, linear [H, W, 3] float32."""
    width = still.linear.shape[1]
    gain = lens.blur_gain_px(width, 1.0 / focus_m) / lens.disparity_scale_per_m
    limit = width * MAX_COC_SHARE
    wide = (still.inverse_m - np.float64(1.0 / focus_m)) * min(gain, LARGEST_GAIN_PX)
    coc: NDArray[np.float32] = np.clip(wide, -limit, limit).astype(np.float32)
    renderer = RENDERERS.load(renderer_name)()
    return renderer.render(still.linear, coc, aperture=aperture_of(aperture), quality="final")
