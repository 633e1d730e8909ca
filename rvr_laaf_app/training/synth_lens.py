"""Exact shallow depth of field of composed scenes: every layer blurred by itself over its full extent, then stacked.

Nothing has to be guessed behind near things, because each layer was drawn whole. Slanted surfaces are cut into fine
slices of disparity that share each pixel's light between them. The shapes of the opening are those of the renderer.
Method of the truth of Wang et al. 2018 (DeepLens), section 4.2, with slanted layers.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.render.aperture import spans_of
from rvr_laaf_app.render.base import Aperture

Light = NDArray[np.float32]
SLICE_PX = 0.7  # step of the coc diameter from slice to slice


def blurred_layer(rgba: Light, coc_px: Light, aperture: Aperture | None = None) -> Light:
    """One surface [h, w, 4] premultiplied out of focus by signed coc diameters [h, w]; nothing beyond its border."""
    shape = Aperture() if aperture is None else aperture
    there = rgba[..., 3] > 0
    if not there.any():
        return rgba
    low, high = float(coc_px[there].min()), float(coc_px[there].max())
    if max(abs(low), abs(high)) < 1e-3:
        return rgba
    count = max(1, int(np.ceil((high - low) / SLICE_PX)) + 1)
    places = np.linspace(low, high, count) if count > 1 else np.array([0.5 * (low + high)])
    step = float(places[1] - places[0]) if count > 1 else 1.0
    total = np.zeros_like(rgba)
    for place in places:
        share = np.clip(1 - np.abs(coc_px - np.float32(place)) / np.float32(step), 0, 1) if count > 1 else there
        _spread(rgba * (share * there)[..., None].astype(np.float32), float(place), shape, total)
    # Neighbouring slices of a slanted surface overlap a little more or less than fully: no more than opaque.
    return np.asarray(total / np.maximum(total[..., 3:], 1.0), np.float32)


def _spread(part: Light, coc_px: float, aperture: Aperture, total: Light) -> None:
    """Add `part`, convolved with the opening, to `total`; works only on the box that it reaches."""
    used = part[..., 3] > 0
    rows, columns = np.flatnonzero(used.any(axis=1)), np.flatnonzero(used.any(axis=0))
    if len(rows) == 0:
        return
    kernel = np.asarray(spans_of(aperture, 0.5 * coc_px).kernel(), np.float32)
    reach_y, reach_x = kernel.shape[0] // 2, kernel.shape[1] // 2
    height, width = used.shape
    y0, y1 = max(0, rows[0] - reach_y), min(height, rows[-1] + 1 + reach_y)
    x0, x1 = max(0, columns[0] - reach_x), min(width, columns[-1] + 1 + reach_x)
    box = np.ascontiguousarray(part[y0:y1, x0:x1])
    if kernel.size > 1:  # filter2D correlates: the kernel is turned round to scatter
        box = cv2.filter2D(box, cv2.CV_32F, kernel[::-1, ::-1].copy(), borderType=cv2.BORDER_CONSTANT)
    total[y0:y1, x0:x1] += box


def stacked(surfaces: list[tuple[Light, Light]], *, gain_px: float, focus: float) -> Light:
    """Light [h, w, 3] of surfaces (rgba, disparity), far to near, through a lens.

    coc diameter = gain_px * (disparity - focus), as in core.optics; gain_px 0 is a pinhole.
    """
    out = np.zeros_like(surfaces[0][0])
    for rgba, disparity in surfaces:
        coc_px = (np.float32(gain_px) * (disparity - np.float32(focus))).astype(np.float32)
        seen = rgba if gain_px == 0 else blurred_layer(rgba, coc_px)
        out = seen + out * (1 - seen[..., 3:])
    return np.asarray(out[..., :3] / np.maximum(out[..., 3:], 1e-3), np.float32)
