"""Single pictures and planes of numbers in and out: PNG, EXR, NumPy files. Paths become bytes here, never in OpenCV."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.core.color import from_linear, to_linear
from rvr_laaf_app.core.errors import ExportError, MediaError, UsageError
from rvr_laaf_app.media.disk_space import check_target, export_errors
from rvr_laaf_app.media.exr import read_exr, write_exr
from rvr_laaf_app.media.reader import ClipReader

MAX_PLANE_BYTES = 2**31  # an array file that claims more is refused before anything is allocated


def write_png(path: str | Path, rgb: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    """Write RGB [H, W, 3] or grey [H, W] of 8 or 16 bits; the file appears whole or not at all."""
    if Path(path).suffix.lower() != ".png":
        raise UsageError("the output must end in .png", where=path)
    ordered = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR) if rgb.ndim == 3 else rgb
    good, data = cv2.imencode(".png", ordered)
    if not good:
        raise ExportError("the picture could not be encoded", where=path)
    _write(Path(path), data.tobytes())


def check_picture_output(path: str | Path, suffixes: Sequence[str], *, sources: Sequence[str]) -> None:
    """Raise UsageError before any work if a picture cannot get this name, or if it is the name of a source."""
    final = Path(path)
    if final.suffix.lower() not in suffixes:
        raise UsageError(f"the output must end in {' or '.join(suffixes)}", where=path)
    for source in sources:
        check_target(final.absolute(), source)
    if final.exists() and not final.is_file():
        raise UsageError("this is a device or pipe, not a file", where=path, remedy="Choose another name.")


def _write(path: Path, data: bytes) -> None:
    with export_errors(path, estimated_bytes=len(data)):
        write_atomic(path, data)


def read_linear(path: str | Path) -> tuple[NDArray[np.float32], str]:
    """Read a picture as light: linear [H, W, 3] float32 (1 = display white) and the transfer it was encoded with."""
    if Path(path).suffix.lower() == ".exr":
        linear = read_exr(Path(path))
        if linear.ndim == 2:
            linear = np.repeat(linear[..., None], 3, axis=2)
        if not np.isfinite(linear).all():
            raise MediaError("the picture holds values that are not finite", where=path)
        return np.maximum(linear, 0.0), "linear"
    with ClipReader(str(path)) as reader:
        frame = reader.read(0)
    return to_linear(frame.rgb, frame.transfer, frame.primaries), frame.transfer


def write_picture(path: str | Path, linear: NDArray[np.float32], *, transfer: str) -> None:
    """Write light [H, W, 3] as linear EXR or as PNG encoded with `transfer` (linear sources: sRGB)."""
    suffix = Path(path).suffix.lower()
    if suffix == ".exr":
        write_exr(Path(path), linear)
    elif suffix == ".png":
        write_png(path, from_linear(linear, "srgb" if transfer == "linear" else transfer))
    else:
        raise UsageError("the output must end in .exr or .png", where=path)


def read_plane(path: str | Path) -> NDArray[np.float32]:
    """Read one plane of numbers [H, W] float32 from .npz (key depth, disparity or the only one), .npy, .exr or .png."""
    suffix = Path(path).suffix.lower()
    if suffix in (".npz", ".npy"):
        return _read_numpy(Path(path))
    if suffix == ".exr":
        plane = read_exr(Path(path))
        return np.ascontiguousarray(plane if plane.ndim == 2 else plane[..., 0])
    if suffix == ".png":
        picture = cv2.imdecode(np.frombuffer(_bytes_of(Path(path)), np.uint8), cv2.IMREAD_UNCHANGED)
        if picture is None:
            raise MediaError("this is not a readable PNG", where=path)
        grey = picture if picture.ndim == 2 else picture[..., 0]
        return np.asarray(grey / np.float32(np.iinfo(grey.dtype).max), np.float32)
    raise UsageError("a depth file must end in .npz, .npy, .exr or .png", where=path)


def write_plane(path: str | Path, plane: NDArray[np.float32]) -> None:
    """Write one plane of numbers [H, W] in 0..1 as .npy, .exr (float32) or 16-bit .png."""
    suffix = Path(path).suffix.lower()
    if suffix == ".npy":
        buffer = io.BytesIO()
        np.save(buffer, plane.astype(np.float32), allow_pickle=False)
        _write(Path(path), buffer.getvalue())
    elif suffix == ".exr":
        write_exr(Path(path), plane.astype(np.float32))
    elif suffix == ".png":
        write_png(path, np.round(np.clip(plane, 0, 1) * 65535).astype(np.uint16))
    else:
        raise UsageError("the output must end in .npy, .png or .exr", where=path)


def _bytes_of(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise MediaError("there is no such file", where=path)
        if path.stat().st_size > MAX_PLANE_BYTES:
            raise MediaError("the file is larger than 2 GiB", where=path)
        return path.read_bytes()
    except OSError as error:
        raise MediaError(error.strerror or str(error), where=path) from error


def _read_numpy(path: Path) -> NDArray[np.float32]:
    data = io.BytesIO(_bytes_of(path))
    try:
        if path.suffix.lower() == ".npz":
            with zipfile.ZipFile(data) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > MAX_PLANE_BYTES:
                    raise MediaError("the archive unpacks to more than 2 GiB", where=path)
            with np.load(data, allow_pickle=False) as arrays:
                names = [n for n in ("depth", "disparity") if n in arrays.files] or arrays.files
                if not names or (len(names) > 1 and names is arrays.files):
                    held = ", ".join(names[:5]) or "nothing"
                    raise MediaError(f"an array named depth or disparity was expected, it holds {held}", where=path)
                plane = arrays[names[0]]
        else:
            plane = np.load(data, allow_pickle=False)
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise MediaError(f"this is not a readable NumPy file ({error})", where=path) from error
    if plane.ndim == 3:  # one plane with an axis for its only channel, first or last
        plane = plane[..., 0] if plane.shape[2] == 1 else plane[0] if plane.shape[0] == 1 else plane
    if plane.ndim != 2 or plane.dtype.kind not in "fiu":
        raise MediaError(f"one plane of numbers was expected, this is {plane.shape} {plane.dtype}", where=path)
    with np.errstate(over="ignore"):  # beyond float32 is as good as infinite
        return np.ascontiguousarray(plane, np.float32)
