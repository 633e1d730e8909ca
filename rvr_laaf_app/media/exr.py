"""OpenEXR pictures: linear RGB light (BT.709 primaries, 1 = display white) or one plane of numbers."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from rvr_laaf_app.core.atomic import discard, publish, temporary_beside
from rvr_laaf_app.core.errors import ExportError, MediaError
from rvr_laaf_app.media.disk_space import export_errors
from rvr_laaf_app.media.open import MAX_PIXELS, MAX_SIDE

LARGEST_HALF: Final = 65504.0
_DAMAGED: Final = "Check that it is an OpenEXR picture, and that it was copied completely."
# What the binding raises for files that are no EXR, cut or damaged.
_LIBRARY_ERRORS: Final = (RuntimeError, TypeError, ValueError, KeyError, IndexError, OSError, MemoryError)


def write_exr(
    path: Path | str,
    image: NDArray[np.floating[Any]],
    *,
    half: bool | None = None,
    beside: Mapping[str, NDArray[np.floating[Any]]] | None = None,
) -> None:
    """Write [H, W, 3] as R, G, B or [H, W] as Z; the file appears whole or not at all. Raises ExportError.

    half: 16-bit floats; None = for RGB whose values fit (below 65504), while planes keep 32 bits. Values that are not
    finite are refused with ValueError. beside: further planes [H, W] by the name of their channel, as 16-bit floats.
    """
    samples = _samples(image, half)
    more = {name: _samples(plane, half=True) for name, plane in (beside or {}).items()}
    with export_errors(Path(path), estimated_bytes=samples.nbytes + sum(p.nbytes for p in more.values())):
        put_exr(Path(path), samples, beside=more)


def put_exr(
    path: Path,
    samples: NDArray[np.floating[Any]],
    *,
    beside: Mapping[str, NDArray[np.floating[Any]]] | None = None,
) -> None:
    """Write float16 or float32 samples as they are, whole or not at all; raise OSError if the disk will not."""
    final = Path(os.path.realpath(path))
    channels = {"RGB" if samples.ndim == 3 else "Z": samples} | dict(beside or {})
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    part = temporary_beside(final)
    try:
        _write(part, header, channels)
        publish(part, final)
    except BaseException:
        discard(part)
        raise


def _samples(image: NDArray[np.floating[Any]], half: bool | None) -> NDArray[np.floating[Any]]:
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3) or 0 in image.shape:
        raise ValueError(f"an EXR picture is [H, W] or [H, W, 3], not {image.shape}")
    largest = float(np.abs(image).max())
    if not np.isfinite(largest):
        raise ValueError("the picture holds values that are not finite")
    if half is None:
        half = image.ndim == 3 and largest <= LARGEST_HALF
    return half_floats(image) if half else np.ascontiguousarray(image, np.float32)


def half_floats(image: NDArray[np.floating[Any]]) -> NDArray[np.float16]:
    """Return the values as float16, those outside its range at its ends."""
    return np.ascontiguousarray(np.clip(image, -LARGEST_HALF, LARGEST_HALF), np.float16)


def _write(part: Path, header: dict[str, Any], channels: dict[str, NDArray[np.floating[Any]]]) -> None:
    # Made here first: the binding would say only "cannot open" where the system knows the reason.
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    try:
        # File() changes the dictionaries it is given.
        with OpenEXR.File(dict(header), dict(channels)) as file:
            file.write(str(part))
    except RuntimeError as error:
        # The binding drops the number of the system's error; the usual reason by far is a full disk.
        full = any(word in str(error) for word in ("space", "large", "quota", "write"))
        raise OSError(errno.ENOSPC if full else errno.EIO, str(error)) from error


def read_exr(path: Path | str) -> NDArray[np.float32]:
    """Return [H, W, 3] float32 for a picture with R, G and B, else [H, W] for its first plane; raise MediaError.

    Alpha is left out. Values are as stored, also if not finite.
    """
    name = Path(path)
    if not name.is_file():
        raise MediaError("there is no such picture", where=path, remedy="Check the path.")
    try:
        _check_size(name)
        with OpenEXR.File(str(name)) as file:
            channels = file.channels()
            found = next((channels[key] for key in ("RGB", "RGBA") if key in channels), None)
            if found is None and {"R", "G", "B"} <= channels.keys():
                return np.stack([np.asarray(channels[key].pixels, np.float32) for key in "RGB"], axis=-1)
            if found is None:
                named = (channels[key] for key in ("Z", "Y", "V") if key in channels)
                found = next(named, None) or next(iter(channels.values()))
            pixels = np.array(found.pixels, np.float32)
    except _LIBRARY_ERRORS as error:
        raise MediaError("the EXR picture cannot be decoded", where=path, remedy=_DAMAGED) from error
    return np.ascontiguousarray(pixels[..., :3] if pixels.ndim == 3 else pixels)


def verify_exr(path: Path, size: tuple[int, int]) -> None:
    """Raise ExportError unless the file decodes to a picture of `size` (width, height)."""
    try:
        image = read_exr(path)
    except MediaError as error:
        raise ExportError("the written picture cannot be read back", where=path) from error
    if (image.shape[1], image.shape[0]) != size:
        raise ExportError("the written picture has a wrong size", where=path)


def _check_size(path: Path) -> None:
    """Look at the header alone before anything is allocated."""
    with OpenEXR.File(str(path), header_only=True) as file:
        low, high = file.header()["dataWindow"]
    width, height = int(high[0]) - int(low[0]) + 1, int(high[1]) - int(low[1]) + 1
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise MediaError(f"the picture claims to be {width} x {height} pixels", where=path)
