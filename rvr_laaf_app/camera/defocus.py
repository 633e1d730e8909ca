"""How a lens blurs and magnifies when the sensor-side focus is off: the calibrated model of one camera and lens.

The paper's model (intelligent autofocus, Eq. 1-2): I_d = scale(I_i * h_r, alpha), h a disk of radius r pixels, with r
and alpha functions of the best lens position z0 and the lens position z, known on a grid and interpolated between.
Made by `autofocus.calibrate`, used by the simulated camera, by training data and by the strategies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class DefocusModel:
    """r and alpha over (z0, z), and the depth of field, of one camera, lens and f-number.

    positions [k] int: lens positions of the grid, rising.
    radius_px [k, k] float: row = z0 (best position of what is seen), column = z (where the lens stands), for a picture
        `width_px` wide.
    magnification [k, k] float: size of what is seen at z relative to its size at z0 (1 = no focus breathing).
    depth_of_field [k] int: whole span around z0 that looks sharp, in steps.
    """

    camera: str
    lens: str
    f_number: float
    width_px: int
    positions: NDArray[np.int64]
    radius_px: NDArray[np.float64]
    magnification: NDArray[np.float64]
    depth_of_field: NDArray[np.int64]
    measured: bool = False  # False: drawn up from a lens formula, not from a real camera
