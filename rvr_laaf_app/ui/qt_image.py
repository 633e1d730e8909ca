"""Arrays to Qt pictures. A QImage over NumPy memory dies with the array, so every picture made here owns its pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage


def to_qimage(rgb: NDArray[np.uint8]) -> QImage:
    """Return RGB [h, w, 3] uint8 as a QImage in the format that QPainter draws fastest; callable from any thread."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise ValueError(f"rgb must be [h, w, 3] uint8, not {rgb.shape} {rgb.dtype}")
    height, width = rgb.shape[:2]
    bgrx = np.empty((height, width, 4), np.uint8)
    bgrx[..., :3] = rgb[..., ::-1]
    bgrx[..., 3] = 255
    return QImage(bgrx.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()
