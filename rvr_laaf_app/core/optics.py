"""Thin-lens optics: circle of confusion, depth of field, metres and disparity.

The circle of confusion is linear in inverse distance (d = 1 / distance):
    coc_mm = f^2 / N / (1 - f * d_focus) * (d - d_focus)
so a relative disparity serves as well as metres: its unknown shift cancels, its scale goes into `blur_gain_px`.
Every coc here is a signed *diameter*: positive in front of the focal plane, negative behind it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# One unit of relative disparity (farthest to nearest thing in a shot) in 1/m when nothing better is known:
# the nearest thing at about one metre and the farthest at infinity, a usual phone shot of a person.
DEFAULT_DISPARITY_SCALE_PER_M = 1.0
SHARP_COC_PER_WIDTH = 1 / 720  # a blur disc of this share of the width still looks sharp on a screen


@dataclass(frozen=True, slots=True)
class Lens:
    """The taking lens that is imitated.

    focal_length_mm, f_number and sensor_width_mm as on a lens barrel and a data sheet; `disparity_scale_per_m` is
    how many 1/m one unit of relative disparity is worth.
    """

    focal_length_mm: float = 50.0
    f_number: float = 1.8
    sensor_width_mm: float = 36.0
    disparity_scale_per_m: float = DEFAULT_DISPARITY_SCALE_PER_M

    def __post_init__(self) -> None:
        for name in ("focal_length_mm", "f_number", "sensor_width_mm", "disparity_scale_per_m"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a positive number, not {value!r}")

    def blur_gain_px(self, width_px: int, focus_per_m: float = 0.0) -> float:
        """Return the coc diameter in pixels per unit of relative disparity, for a picture `width_px` wide.

        `focus_per_m` is the inverse distance of the focal plane; the factor 1 / (1 - f d) matters only for macro.
        """
        focal_m = self.focal_length_mm / 1000.0
        reach = 1.0 - focal_m * focus_per_m
        if reach <= 0:
            raise ValueError("the focal plane lies nearer than the focal length")
        coc_mm = self.focal_length_mm * focal_m / self.f_number / reach * self.disparity_scale_per_m
        return coc_mm / self.sensor_width_mm * width_px

    def coc_px_at_distance(
        self, distance_m: NDArray[np.floating], *, focus_m: float, width_px: int
    ) -> NDArray[np.float32]:
        """Signed coc diameter in pixels for planar distances in metres [any shape]; infinite distance is allowed."""
        gain = self.blur_gain_px(width_px, 1.0 / focus_m) / self.disparity_scale_per_m
        with np.errstate(divide="ignore"):
            inverse = 1.0 / np.asarray(distance_m, np.float64)
        return (gain * (inverse - 1.0 / focus_m)).astype(np.float32)

    def f_number_for_gain(self, gain_px: float, width_px: int) -> float:
        """Return the f-number that gives `gain_px` of coc diameter per unit of disparity (far focus)."""
        return self.blur_gain_px(width_px) * self.f_number / gain_px


def coc_px(disparity: NDArray[np.floating], focus_disparity: float, blur_gain_px: float) -> NDArray[np.float32]:
    """Signed coc diameter in pixels: blur_gain_px * (disparity - focus_disparity)."""
    shifted = np.asarray(disparity, np.float32) - np.float32(focus_disparity)
    return shifted * np.float32(blur_gain_px)


def sharp_coc(width_px: int) -> float:
    """Return the largest coc diameter in pixels that still looks sharp in a picture `width_px` wide."""
    return max(1.0, width_px * SHARP_COC_PER_WIDTH)


def depth_of_field(focus_disparity: float, blur_gain_px: float, *, sharp_coc_px: float = 2.0) -> tuple[float, float]:
    """Return (far_limit, near_limit) in disparity: between them the coc diameter stays below `sharp_coc_px`."""
    if blur_gain_px <= 0:
        return 0.0, 1.0
    half = sharp_coc_px / blur_gain_px
    return focus_disparity - half, focus_disparity + half


def breathing_scale(breathing: float, focus_disparity: float) -> float:
    """Return how much larger the picture is than the frame, never below 1, so that no edge comes into it.

    breathing: by how much a lens focused on the nearest thing (disparity 1) shows it larger than one focused on the
    farthest (0); negative: smaller. In between it follows the disparity, as the extension of a real lens does.
    """
    place = min(max(focus_disparity, 0.0), 1.0)
    return 1.0 + (breathing * place if breathing >= 0 else -breathing * (1.0 - place))
