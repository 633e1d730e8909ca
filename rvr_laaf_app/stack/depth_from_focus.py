"""Depth from a focus sweep: aligned slices with their lens positions in, relative disparity and confidence out.

One entry for all methods, `depth_from_focus`. Checks what comes in and says what positions mean; the methods themselves
stand in files of their own. Aligns nothing (`stack.align`) and reads no file.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.stack.depth_from_focus_classical import classical_depth

METHODS = ("auto", "classical", "network", "dense")
"""auto: what measures best, "network" for few slices and "dense" (a network, then sharpness) for many."""

FEW_SLICES = 6  # up to so many the network sees them all

Map = NDArray[np.float32]


def depth_from_focus(
    slices: NDArray[np.float32] | Sequence[NDArray[np.float32]],
    positions: ArrayLike,
    *,
    method: str = "auto",
    near_is_low: bool = True,
) -> tuple[Map, Map]:
    """Return (disparity [h, w], confidence [h, w]), both float32 in 0..1; disparity 1 = nearest.

    slices [n, h, w, 3] float32: aligned pictures of one scene, display-encoded 0..1, n >= 2. positions [n]: where the
    lens stood, in steps of any unit and spacing that is even in inverse distance (as the extension of a lens nearly
    is); near_is_low tells whether they grow from near to far (as `camera.base` has it). Disparity 0 and 1 are the
    farthest and the nearest position. Raises UsageError if the arrays do not fit or the method is unknown,
    CheckpointError if the weights of the network are missing or damaged ("classical" needs none).
    """
    if method not in METHODS:
        raise UsageError(
            f"there is no depth-from-focus method {method!r}", remedy=f"Choose one of {', '.join(METHODS)}."
        )
    places = focus_places(positions, near_is_low=near_is_low)
    pictures = _checked(slices, len(places))
    order = np.argsort(places)
    pictures, places = [pictures[i] for i in order], places[order]
    if method == "classical":
        return classical_depth(pictures, places)
    from rvr_laaf_app.stack.depth_from_focus_dense import dense_depth
    from rvr_laaf_app.stack.depth_from_focus_net import learned_depth, load_published

    few = len(places) <= FEW_SLICES if method == "auto" else method == "network"
    return (learned_depth if few else dense_depth)(pictures, places, net=load_published())


def focus_places(positions: ArrayLike, *, near_is_low: bool) -> Map:
    """Return lens positions as disparity in 0..1: 0 = the farthest of them, 1 = the nearest."""
    given = np.asarray(positions, np.float64)
    if given.ndim != 1 or len(given) < 2 or not np.isfinite(given).all():
        raise UsageError("a focus sweep needs two or more lens positions that are numbers")
    low, high = float(given.min()), float(given.max())
    if len(np.unique(given)) < len(given):
        raise UsageError("two pictures of the focus sweep have the same lens position")
    rising = (given - low) / (high - low)
    return np.asarray(1.0 - rising if near_is_low else rising, np.float32)


def _checked(slices: NDArray[np.float32] | Sequence[NDArray[np.float32]], count: int) -> list[Map]:
    pictures = [np.ascontiguousarray(picture, np.float32) for picture in slices]
    shapes = {picture.shape for picture in pictures}
    if len(pictures) != count:
        raise UsageError(f"{len(pictures)} pictures do not fit {count} lens positions")
    shape = next(iter(shapes))
    if len(shapes) > 1 or len(shape) != 3 or shape[2] != 3 or min(shape[:2]) < 8:
        raise UsageError(f"pictures of a focus sweep are [h, w, 3], all of one size, not {sorted(shapes)}")
    return pictures
