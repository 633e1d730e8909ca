"""The compiled loop from disparity to circle of confusion where blur is held back in doubt. No policy here."""

# numba ships no types for its decorators.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

_F32 = NDArray[np.float32]


@njit(parallel=True, nogil=True, cache=True, error_model="numpy")
def held_coc(
    disparity: _F32, doubt: _F32, focus: float, gain: float, hold: float, far: float, near: float, out: _F32
) -> None:
    """Write signed coc diameters [H, W], shrunk as a Wiener filter would shrink a distance x with noise `doubt` * hold.

    x^3 / (x^2 + (hold * doubt)^2) for the distance x from the focal plane: what is far beyond its doubt keeps its blur,
    what is within it is taken for sharp. Clipped to [-far, near] pixels.
    """
    plane, per_unit, share = np.float32(focus), np.float32(gain), np.float32(hold)
    least, most = np.float32(-far), np.float32(near)
    for y in prange(disparity.shape[0]):
        for x in range(disparity.shape[1]):
            distance = disparity[y, x] - plane
            noise = share * doubt[y, x]
            square = distance * distance
            coc = per_unit * distance * (square / (square + noise * noise + np.float32(1e-12)))
            out[y, x] = min(max(coc, least), most)
