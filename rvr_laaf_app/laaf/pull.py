"""How the plane moves: the shape of a pull over its frames, and following that does not chase small movements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.document.project import Ease


def eased(share: float, ease: Ease) -> float:
    """Return the share of the way, 0..1 and never falling, for a share of the time 0..1.

    "linear" is even in disparity, so the blur changes evenly (rvr-laaf.txt, section 5); "in" starts gently, "out" ends
    gently, "in_out" does both.
    """
    t = min(max(share, 0.0), 1.0)
    if ease == "in":
        return t * t
    if ease == "out":
        return 1.0 - (1.0 - t) * (1.0 - t)
    if ease == "in_out":
        return t * t * (3.0 - 2.0 * t)
    return t


def lazily(values: NDArray[np.float64], level: float, *, slack: float) -> NDArray[np.float64]:
    """Return what follows the values [n], from `level` on, only so far that it stays within `slack` of them."""
    lazy = np.empty_like(values)
    for number, value in enumerate(values.tolist()):
        level = min(max(level, value - slack), value + slack)
        lazy[number] = level
    return lazy
