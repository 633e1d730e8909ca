"""Calibrating a lens from a sweep that the camera took of a chart: positions, the fit, a picture of it, and words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.defocus import DefocusModel


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """The model, a picture of the fit [h, w, 3] uint8, and what it comes to in one sentence."""

    model: DefocusModel
    picture: NDArray[np.uint8]
    summary: str


def calibration_positions(limits: tuple[int, int], step: int) -> tuple[int, ...]:
    """Return positions from end to end, `step` apart, the far end among them."""
    low, high = limits
    return tuple(dict.fromkeys([*range(low, high, max(step, 1)), high]))
