"""What a deep-focus picture does not say outright: whose light an edge pixel holds, and what lies behind near things.

A shallow lens sees past the edge of a near thing. Blurring the picture as it is would either smear the near colour or
leave a hard edge inside the blur. So the picture is first taken apart into two surfaces per pixel: the front, with a
soft matte at depth edges, and the back, continued a blur's width under the front. Nothing is blurred here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.render import occlusion_kernels as kernels

EDGE_COC_PX = 2.0  # neighbours whose coc differs by more lie on two surfaces: a pixel of blur radius
EDGE_SHARE = 0.03  # ... or by more than this share of the whole range of coc
_SNAP_FACTOR = 2.0  # a ramp within five pixels must be this many edge steps high to be made a step
_MARGIN = 1.2  # the back surface goes this many blur radii under the front


@dataclass(frozen=True, slots=True, eq=False)
class Surfaces:
    """Two surfaces per pixel.

    front, back [H, W, 4] float32: linear light premultiplied by its alpha, and the alpha (back alpha 0 = no surface).
    front_coc_px, back_coc_px [H, W] float32: signed coc diameters (0 where there is no back surface).
    """

    front: NDArray[np.float32]
    front_coc_px: NDArray[np.float32]
    back: NDArray[np.float32]
    back_coc_px: NDArray[np.float32]


def plain(linear: NDArray[np.float32], coc_px: NDArray[np.float32]) -> Surfaces:
    """Return the picture as it is: one opaque surface, nothing behind it."""
    front = np.concatenate([linear, np.ones_like(linear[..., :1])], -1)
    return Surfaces(front, coc_px.copy(), np.zeros_like(front), np.zeros_like(coc_px))


def separate(linear: NDArray[np.float32], coc_px: NDArray[np.float32]) -> Surfaces:
    """Take a picture [H, W, 3] with signed coc diameters [H, W] apart into its two surfaces.

    Ramps of estimated depth are made steps, edge pixels are unmixed by projection on the line between the unmixed
    colours of both sides, and the far side is continued under the near one from its nearest pixel.
    """
    height, width = coc_px.shape
    step = max(EDGE_COC_PX, EDGE_SHARE * float(coc_px.max() - coc_px.min()))
    coc = np.empty_like(coc_px)
    kernels.snap(coc_px, kernels.tile_spread(coc_px, 2), _SNAP_FACTOR * step, coc)
    spread = kernels.tile_spread(coc, 1)
    edge = np.empty(coc.shape, np.uint8)
    kernels.mark_edges(coc, spread, step, edge)
    front, back = np.empty((height, 4 * width), np.float32), np.empty((height, 4 * width), np.float32)
    front_coc, back_coc = np.empty_like(coc), np.empty_like(coc)
    seed = np.empty(coc.shape, np.int32)
    kernels.split(linear, coc, edge, spread, step, front, front_coc, back, back_coc, seed)
    kernels.spread_rows(coc, step, _MARGIN, seed)
    kernels.spread_columns(coc, step, _MARGIN, seed)
    kernels.fill(linear, coc, seed, kernels.local_light(linear), back, back_coc)
    shape = (height, width, 4)
    return Surfaces(front.reshape(shape), front_coc, back.reshape(shape), back_coc)
