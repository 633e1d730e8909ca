"""Sharpness of a patch, the traditional way: one number that is largest where the picture is in focus.

Every metric divides by the patch's mean light (or its square), so that flicker of the exposure changes it little. They
say nothing about how far focus is away, and noise adds a floor to all of them: what they are good for is comparing
patches of the same subject. Knows no lens and no search.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import Patch

Sharpness = Callable[[Patch], float]
_DARK: Final = 1e-3  # a mean below this is darkness: nothing is divided by less
_DCT_BLOCK: Final = 8


def tenengrad(patch: Patch) -> float:
    """Mean squared Sobel gradient (Tenenbaum; Krotkov 1988)."""
    scaled = _relative(patch)
    across = cv2.Sobel(scaled, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(scaled, cv2.CV_32F, 0, 1, ksize=3)
    return _power(across) + _power(down)


def brenner(patch: Patch) -> float:
    """Mean squared difference of pixels two apart, along rows (Brenner 1976) and along columns."""
    scaled = _relative(patch)
    return _power(scaled[:, 2:] - scaled[:, :-2]) + _power(scaled[2:] - scaled[:-2])


def laplacian(patch: Patch) -> float:
    """Mean squared Laplacian (energy of the second derivative)."""
    return _power(cv2.Laplacian(_relative(patch), cv2.CV_32F, ksize=3))


def variance(patch: Patch) -> float:
    """Grey-level variance over the squared mean (normalised variance, Groen 1985)."""
    return float(_relative(patch).var())


def dct(patch: Patch) -> float:
    """Mean energy of the middle frequencies of 8 x 8 cosine blocks (1 < u + v < 8: below the noise, above shading)."""
    scaled = _relative(patch)
    rows, columns = (side // _DCT_BLOCK for side in scaled.shape)
    if rows == 0 or columns == 0:
        return 0.0
    blocks = scaled[: rows * _DCT_BLOCK, : columns * _DCT_BLOCK].reshape(rows, _DCT_BLOCK, columns, _DCT_BLOCK)
    # [block rows, u, block columns, v]: the transform along both axes of every block at once
    coefficients = np.einsum("ui,ricj,vj->rucv", _COSINES, blocks, _COSINES, optimize=True)
    return float((coefficients**2 * _MIDDLE[None, :, None, :]).sum() / (rows * columns))


SHARPNESS: Final[dict[str, Sharpness]] = {
    "tenengrad": tenengrad,
    "brenner": brenner,
    "laplacian": laplacian,
    "variance": variance,
    "dct": dct,
}


def _relative(patch: Patch) -> Patch:
    return np.asarray(patch / max(float(patch.mean()), _DARK), np.float32)


def _power(values: NDArray[np.float32]) -> float:
    """Mean square; 0 for a patch too small to have such values."""
    return float(np.vdot(values, values) / values.size) if values.size else 0.0


def _cosines() -> NDArray[np.float32]:
    place = np.arange(_DCT_BLOCK)
    table = np.cos(np.pi * (place[None] + 0.5) * place[:, None] / _DCT_BLOCK) * np.sqrt(2 / _DCT_BLOCK)
    table[0] /= np.sqrt(2)
    return np.asarray(table, np.float32)


_COSINES: Final = _cosines()
_ORDER: Final = np.add.outer(np.arange(_DCT_BLOCK), np.arange(_DCT_BLOCK))
_MIDDLE: Final = ((_ORDER > 1) & (_ORDER < _DCT_BLOCK)).astype(np.float32)
