"""Picture files of cameras and scenes to RGB. Paths become bytes here, not in OpenCV, which loads when needed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import MediaError

_MAX_FILE_BYTES: Final = 2**30


def decode_picture(data: bytes, *, where: object) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Decode a picture file's bytes to RGB [h, w, 3] of 8 or 16 bits; MediaError if that cannot be done."""
    import cv2

    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR) if data else None
    except cv2.error:
        decoded = None
    if decoded is None or decoded.dtype not in (np.uint8, np.uint16):
        raise MediaError("the picture cannot be decoded", where=where)
    rgb: NDArray[np.uint8] = np.ascontiguousarray(decoded[..., ::-1])
    return rgb


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture file as RGB [h, w, 3] uint8; MediaError if it is missing, too large or damaged."""
    rgb = decode_picture(read_file(path), where=path)
    return (rgb >> 8).astype(np.uint8) if rgb.dtype == np.uint16 else np.asarray(rgb, np.uint8)


def read_file(path: Path) -> bytes:
    """Return the content of a file of reasonable size; MediaError if that cannot be had."""
    try:
        if not path.is_file():
            raise MediaError("there is no such picture", where=path)
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise MediaError("the picture is too large", where=path)
        return path.read_bytes()
    except OSError as error:
        raise MediaError(f"the picture cannot be read: {error.strerror or error}", where=path) from None
