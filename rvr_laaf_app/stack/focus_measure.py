"""How sharp each pixel of a slice is, in strips, so that large pictures need little memory.

The measures are those of GFDF (Qiu, Li, Zhang and Yuan 2019): the distance to the local mean, smoothed by a guided
filter (He, Sun and Tang 2010). What is chosen by them is the business of `fuse`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from rvr_laaf_app.stack.slices import Float

STRIP_ROWS: Final = 768
MEAN_PX: Final = 7  # side of the mean filter (GFDF)
GUIDE_RADIUS: Final = 5  # radius of its guided filters, and how much contrast they smooth over
GUIDE_EPS: Final = 0.3


def in_strips(height: int, margin: int, work: Callable[[slice, slice], None]) -> None:
    """Call `work(rows read, rows of these to keep)` for strips that overlap by `margin` rows on both sides."""
    for top in range(0, height, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, height)
        first, last = max(0, top - margin), min(height, bottom + margin)
        work(slice(first, last), slice(top - first, bottom - first))


def rough_focus(luma: Float, *, side: int = MEAN_PX) -> Float:
    """Return |I - mean(I)| [h, w] (GFDF, Eq. 1-2)."""
    return np.asarray(cv2.absdiff(luma, cv2.blur(luma, (side, side))), np.float32)


def smoothed(guide: Float, values: Float, *, radius: int = GUIDE_RADIUS, eps: float = GUIDE_EPS) -> Float:
    """Return `values` [h, w] filtered so that their edges follow the guide [h, w] or [h, w, 3], in strips."""
    out = np.empty(values.shape, np.float32)

    def strip(rows: slice, keep: slice) -> None:
        part = cv2.ximgproc.guidedFilter(np.ascontiguousarray(guide[rows]), values[rows], radius, eps)
        out[rows.start + keep.start : rows.start + keep.stop] = part[keep]

    in_strips(len(values), 2 * radius + 1, strip)
    return out
