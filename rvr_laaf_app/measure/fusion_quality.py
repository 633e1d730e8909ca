"""How good a fused picture is: against the truth, or, where there is none, against the pictures it was made from.

Written from the papers' formulas: Q^AB/F (Xydeas and Petrovic 2000), normalised mutual information Q_MI (Hossny,
Nahavandi and Creighton 2008), Q_Y (Yang, Zhang, Wang and Li 2008), PSNR, and SSIM (Wang et al. 2004). All are higher
for better, and all but PSNR are at most 1 (Q_MI: 2). Published figures depend on details of an implementation; compare
only figures that were made here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float64]
_STRENGTH: Final = (0.9994, -15.0, 0.5)  # of Q^AB/F: gamma, kappa, sigma of edge strength and of orientation
_ORIENTATION: Final = (0.9879, -22.0, 0.8)
_YANG_SIMILAR: Final = 0.75  # structural similarity of the sources above which both count
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def grey_of(rgb: NDArray[np.uint8]) -> Grey:
    """Return luma [h, w] float64 in 0..255, as the measures want it; grey pictures [h, w] are taken as they are."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) if rgb.ndim == 3 else rgb
    return np.asarray(grey, np.float64)


def psnr(picture: NDArray[np.uint8], truth: NDArray[np.uint8], *, border: int = 0) -> float:
    """Return the peak signal to noise ratio in dB over all channels, without a border of so many pixels."""
    inside = slice(border, -border or None)
    away = picture[inside, inside].astype(np.float64) - truth[inside, inside]
    return float(10 * np.log10(255.0**2 / max(float(np.mean(away * away)), 1e-10)))


def ssim(picture: NDArray[np.uint8], truth: NDArray[np.uint8], *, border: int = 0) -> float:
    """Return the mean structural similarity of luma, Gaussian window of sigma 1.5 px."""
    inside = slice(border, -border or None)
    one, two = grey_of(picture)[inside, inside], grey_of(truth)[inside, inside]
    return float(_ssim_map(one, two, _gaussian).mean())


def edges_kept(sources: list[Grey], fused: Grey) -> float:
    """Return Q^AB/F: share of the sources' edges, weighed by their strength, that the fused picture has as they are."""
    strength, angle = _edges(fused)
    total = weights = 0.0
    for source in sources:
        own_strength, own_angle = _edges(source)
        low, high = np.minimum(strength, own_strength), np.maximum(strength, own_strength)
        ratio = np.where(high > 0, low / np.maximum(high, 1e-12), 1.0)
        turned = 1.0 - np.abs(own_angle - angle) / (np.pi / 2)
        kept = _sigmoid(ratio, *_STRENGTH) * _sigmoid(turned, *_ORIENTATION)
        total += float((kept * own_strength).sum())
        weights += float(own_strength.sum())
    return total / max(weights, 1e-12)


def mutual_information(sources: list[Grey], fused: Grey) -> float:
    """Return Q_MI of two sources: 2 (I(A,F) / (H(A) + H(F)) + I(B,F) / (H(B) + H(F))), 256 grey levels."""
    shares = []
    for source in sources:
        joint, _, _ = np.histogram2d(source.ravel(), fused.ravel(), bins=256, range=((0, 256), (0, 256)))
        joint /= joint.sum()
        own, other = _entropy(joint.sum(axis=1)), _entropy(joint.sum(axis=0))
        shares.append((own + other - _entropy(joint.ravel())) / max(own + other, 1e-12))
    return float(4.0 / len(shares) * sum(shares)) if len(shares) != 2 else float(2.0 * sum(shares))


def structure_kept(first: Grey, second: Grey, fused: Grey) -> float:
    """Return Q_Y: structural similarity of the fused picture to the sources, window 7 px.

    Where the sources resemble each other both count, by their variance; elsewhere the better one.
    """
    alike = _ssim_map(first, second, _box)
    to_first, to_second = _ssim_map(first, fused, _box), _ssim_map(second, fused, _box)
    one, two = _variance(first), _variance(second)
    share = (one + 1e-12) / (one + two + 2e-12)
    both = share * to_first + (1 - share) * to_second
    return float(np.where(alike >= _YANG_SIMILAR, both, np.maximum(to_first, to_second)).mean())


def _edges(grey: Grey) -> tuple[Grey, Grey]:
    """Return strength and orientation (-pi/2..pi/2) of edges, Sobel."""
    across, down = cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1)
    safe = np.where(across == 0, 1e-12, across)
    return np.hypot(across, down), np.arctan(down / safe)


def _sigmoid(values: Grey, gamma: float, kappa: float, sigma: float) -> Grey:
    return np.asarray(gamma / (1.0 + np.exp(kappa * (values - sigma))), np.float64)


def _entropy(shares: Grey) -> float:
    there = shares[shares > 0]
    return float(-(there * np.log2(there)).sum())


def _gaussian(values: Grey) -> Grey:
    return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), np.float64)


def _box(values: Grey) -> Grey:
    return np.asarray(cv2.blur(values, (7, 7)), np.float64)


def _variance(values: Grey) -> Grey:
    mean = _box(values)
    return np.maximum(_box(values * values) - mean * mean, 0.0)


def _ssim_map(one: Grey, two: Grey, window: Callable[[Grey], Grey]) -> Grey:
    mean_one, mean_two = window(one), window(two)
    var_one = window(one * one) - mean_one**2
    var_two = window(two * two) - mean_two**2
    both = window(one * two) - mean_one * mean_two
    up = (2 * mean_one * mean_two + _C1) * (2 * both + _C2)
    return np.asarray(up / ((mean_one**2 + mean_two**2 + _C1) * (var_one + var_two + _C2)), np.float64)
