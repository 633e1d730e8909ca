"""Uncompressed pictures of V4L2 cameras (packed and planar YUV, grey, RGB) to RGB."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.base import CameraError

_DEPTHS: Final = {"YUYV": 2, "UYVY": 2, "NV12": 1, "RGB3": 3, "BGR3": 3, "GREY": 1}  # bytes per pixel of a line
PLAIN: Final = tuple(_DEPTHS)  # best first


def plain_rgb(data: bytes, pixel_format: str, size: tuple[int, int], stride: int) -> NDArray[np.uint8]:
    """Return an uncompressed picture as rgb [h, w, 3]; CameraError if bytes are missing."""
    import cv2

    width, height = size
    depth = _DEPTHS[pixel_format]
    rows = height * 3 // 2 if pixel_format == "NV12" else height
    stride = max(stride, width * depth)
    if len(data) < stride * (rows - 1) + width * depth:
        raise CameraError("the camera sent an incomplete picture")
    padded = np.zeros(stride * rows, np.uint8)
    padded[: min(len(data), padded.size)] = np.frombuffer(data, np.uint8, min(len(data), padded.size))
    lines = padded.reshape(rows, stride)[:, : width * depth]
    if pixel_format == "RGB3":
        return np.ascontiguousarray(lines.reshape(height, width, 3))
    if pixel_format == "BGR3":
        return np.ascontiguousarray(lines.reshape(height, width, 3)[..., ::-1])
    codes = {
        "YUYV": cv2.COLOR_YUV2RGB_YUYV,
        "UYVY": cv2.COLOR_YUV2RGB_UYVY,
        "NV12": cv2.COLOR_YUV2RGB_NV12,
        "GREY": cv2.COLOR_GRAY2RGB,
    }
    packed = np.ascontiguousarray(lines.reshape(rows, width, 2) if depth == 2 else lines)
    return np.asarray(cv2.cvtColor(packed, codes[pixel_format]), dtype=np.uint8)
