"""Depth from defocus by reblurring: which distance makes neighbouring slices of a focus sweep agree.

If a place lies at disparity x, slice i shows it blurred by a disc of gain * |x - x_i| px. Blurring slice i by the disc
of slice j and slice j by that of slice i must then give the same picture, whatever the texture is (Xian and Subbarao
2005, BET; Ens and Lawrence 1993). The square of what differs, over what noise alone would leave, is about 1 at the true
x and more elsewhere: a cost volume. It says much more between slices than sharpness does, and nothing where something
moved; it does not decide. `blur_gain` finds the one unknown of the lens from the sweep itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import linear_table

Map = NDArray[np.float32]

LEVELS = 17  # of disparity, even from 0 to 1
GAINS_PX = tuple(float(2.0 * 1.2**k) for k in range(16))  # 2 to 31 px of disc diameter from end to end of the sweep
GAIN_LEVELS = 9  # half as many find the same gain in half the time
_CAP = 400.0  # a larger cost says no more
_WINDOW = 5  # px over which costs are averaged
_LEAST_NOISE = 5e-4  # of linear light


def linear_greys(slices: Sequence[Map]) -> list[Map]:
    """Grey linear light [h, w] of display-encoded slices [h, w, 3], all of the same mean level (flicker)."""
    table = linear_table("srgb")
    greys = []
    for picture in slices:
        byte = np.clip(picture, 0.0, 1.0) * np.float32(255.0)
        low = byte.astype(np.uint8)
        high = np.minimum(low, 254) + 1
        light = table[low] + (byte - low) * (table[high] - table[low])
        greys.append(np.asarray(light.mean(axis=2), np.float32))
    level = float(np.mean([grey.mean() for grey in greys]))
    return [np.asarray(grey * (level / max(float(grey.mean()), 1e-5)), np.float32) for grey in greys]


def noise_of(greys: Sequence[Map]) -> float:
    """Deviation of the noise of grey pictures: median of the Laplacian, which few edges change."""
    spreads = [np.median(np.abs(cv2.Laplacian(grey, cv2.CV_32F))) / (0.6745 * np.sqrt(20.0)) for grey in greys]
    return max(float(np.median(spreads)), _LEAST_NOISE)


def reblur_volume(
    greys: Sequence[Map],
    places: Map,
    *,
    gain_px: float,
    noise: float | None = None,
    levels: int = LEVELS,
    step: int = 2,
) -> Map:
    """Return costs [levels, h / step, w / step] of slices [h, w] in the order of their places, for a lens of this gain.

    noise: deviation of the greys' noise; as `noise_of` finds it if not given.
    """
    noise = noise_of(greys) if noise is None else noise
    height, width = greys[0].shape
    size = width // step, height // step
    volume = np.empty((levels, size[1], size[0]), np.float32)
    for number, level in enumerate(np.linspace(0.0, 1.0, levels)):
        kernels = [disc(gain_px * abs(float(level - place))) for place in places]
        total = np.zeros((height, width), np.float32)
        for one, other, k_one, k_other in zip(greys, greys[1:], kernels, kernels[1:], strict=False):
            off = _blurred(one, k_other) - _blurred(other, k_one)
            total += off * off / np.float32(noise * noise * ((k_one**2).sum() + (k_other**2).sum()))
        cost = cv2.blur(np.minimum(total / np.float32(len(greys) - 1), _CAP), (_WINDOW, _WINDOW))
        volume[number] = cv2.resize(cost, size, interpolation=cv2.INTER_AREA) if step > 1 else cost
    return volume


def blur_gain(greys: Sequence[Map], places: Map) -> tuple[float, float]:
    """Return (gain in px, mean cost that is left with it) of the lens that took these slices [h, w].

    The gain for which the best level of every place costs least, over all places. What is left is a few times what
    noise leaves for a scene that stands still (silhouettes cost), much more for one that moved.
    """
    left, noise = [], noise_of(greys)
    for gain in GAINS_PX:
        volume = reblur_volume(greys, places, gain_px=gain, noise=noise, levels=GAIN_LEVELS, step=4)
        left.append(float(np.minimum(volume.min(axis=0), 50.0).mean()))
    best = int(np.argmin(left))
    if not 0 < best < len(left) - 1:
        return GAINS_PX[best], left[best]
    before, here, after = left[best - 1 : best + 2]
    shift = 0.5 * (before - after) / max(before - 2 * here + after, 1e-6)
    return float(GAINS_PX[best] * 1.2 ** np.clip(shift, -0.5, 0.5)), here


def disc(diameter_px: float) -> Map:
    """Return the kernel [k, k] of a disc of this diameter, its rim shared with the pixels that it cuts; sum 1."""
    radius = 0.5 * diameter_px
    reach = max(0, int(np.ceil(radius - 0.5)))
    if reach == 0:
        return np.ones((1, 1), np.float32)
    fine = (np.arange((2 * reach + 1) * 4, dtype=np.float32) + 0.5) / 4 - (reach + 0.5)
    inside = (np.hypot(fine[:, None], fine[None]) <= radius).astype(np.float32)
    kernel = inside.reshape(2 * reach + 1, 4, 2 * reach + 1, 4).mean((1, 3))
    return np.asarray(kernel / kernel.sum(), np.float32)


def _blurred(grey: Map, kernel: Map) -> Map:
    if kernel.size == 1:
        return grey
    return np.asarray(cv2.filter2D(grey, cv2.CV_32F, kernel, borderType=cv2.BORDER_REFLECT), np.float32)
