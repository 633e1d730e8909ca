"""What a phone makes of the light: one exposure, highlights that clip at display white, sensor noise, 8 bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import from_linear

SEED = 7
# Variance of the noise in linear light: photons (times the signal) and read-out.
_PHOTON_NOISE = 2.2e-5
_READ_NOISE = 4.0e-7


def camera_record(linear: NDArray[np.float32], *, index: int, noise: bool = True) -> NDArray[np.uint8]:
    """Record linear light [H, W, 3], 1 = display white, as frame `index`: [H, W, 3] uint8, BT.709, full range.

    The noise depends on `index` and the size alone, so the same frame is always the same.
    """
    light = np.asarray(linear, np.float32)
    if noise:
        rng = np.random.default_rng((SEED, index))
        spread = np.sqrt(_PHOTON_NOISE * np.clip(light, 0.0, 1.0) + _READ_NOISE)
        light = light + spread * rng.standard_normal(light.shape, np.float32)
    return from_linear(light, "bt709")
