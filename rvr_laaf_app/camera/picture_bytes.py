"""A JPEG from a camera to RGB, and back for pictures that come uncompressed; sizes are checked before decoding."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.base import CameraError

MAX_PIXELS: Final = 1 << 27
_FRAME_HEADERS: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})
# Huffman tables that USB cameras leave out of their Motion JPEG are put in by the decoder itself (libjpeg-turbo >= 2).


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) from the header; None if this is no JPEG or it is damaged before its size."""
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _FRAME_HEADERS:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        elif marker in _WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def decode_jpeg(data: bytes, name: str = "") -> NDArray[np.uint8]:
    """Return rgb [h, w, 3] uint8 as stored (not turned by EXIF); CameraError if the picture is damaged or too large."""
    import cv2

    start = data.find(b"\xff\xd8", 0, 4096)  # some cameras put a header of their own before the picture
    picture = data[start:] if start > 0 else data
    size = jpeg_size(picture)
    if size is None or min(size) < 1:
        raise CameraError("the camera sent a damaged picture", where=name)
    if size[0] * size[1] > MAX_PIXELS:
        raise CameraError(f"the camera sent a picture of {size[0]} x {size[1]}: too large", where=name)
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    rgb = cv2.imdecode(np.frombuffer(picture, np.uint8), flags)
    if rgb is None:
        raise CameraError("the camera sent a damaged picture", where=name)
    return np.asarray(rgb, dtype=np.uint8)


def encode_png(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """Return grey [h, w] or rgb [h, w, 3], 8 or 16 bit, as a PNG file."""
    import cv2

    # Level 1: a picture from a microscope camera in a tenth of a second instead of one.
    bgr = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    done, data = cv2.imencode(".png", np.ascontiguousarray(bgr), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise CameraError("the picture cannot be encoded")
    return bytes(data.tobytes())
