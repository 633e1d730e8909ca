"""A folder (or a single picture) as the scene of a simulated camera: a photograph, with its depth if there is one.

Looked for in a folder: `sharp.exr`, else the first picture; and `depth.npz` or `depth.npy` (metres, "depth" in the
archive), or `disparity.png` / `depth.png` (brighter = nearer, 8 or 16 bit). Without depth the photograph is tilted:
its foot is near and its top far, as most photographs are.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.picture_files import decode_picture, read_file
from rvr_laaf_app.camera.picture_files import read_picture as read_picture  # asked for here as well
from rvr_laaf_app.camera.scene import Scene, picture_with_depth, position_of_distance
from rvr_laaf_app.camera.sweep import PICTURE_SUFFIXES, natural_order
from rvr_laaf_app.core.color import to_linear
from rvr_laaf_app.core.errors import MediaError

Image = NDArray[np.float32]
_DEPTH_NAMES: Final = ("depth.npz", "depth.npy", "disparity.png", "depth.png")
_MAX_PIXELS: Final = 64 * 2**20
_NEAR, _FAR = 0.12, 0.88  # where the nearest and farthest thing of a relative depth lie in the range of the lens


def read_scene(place: Path, *, limits: tuple[int, int], size: tuple[int, int] | None = None) -> Scene:
    """Return the scene in a folder or picture file, scaled to `size` = (height, width) if that is given.

    Raises:
        MediaError: nothing that can be used is there.
    """
    import cv2

    picture = _picture_in(place) if place.is_dir() else place
    linear = _read_linear(picture)
    best = _positions(picture.parent, linear.shape[:2], limits)
    if size is not None and size != linear.shape[:2]:
        linear = cv2.resize(linear, (size[1], size[0]), interpolation=cv2.INTER_AREA)
        best = cv2.resize(best, (size[1], size[0]), interpolation=cv2.INTER_NEAREST)
    return picture_with_depth(linear, best, name=place.name)


def _picture_in(folder: Path) -> Path:
    if (folder / "sharp.exr").is_file():
        return folder / "sharp.exr"
    names = sorted((p for p in folder.iterdir() if p.is_file()), key=lambda p: natural_order(p.name))
    pictures = [p for p in names if p.suffix.lower() in PICTURE_SUFFIXES and p.name not in _DEPTH_NAMES]
    if not pictures:
        raise MediaError("there is no picture in this folder", where=folder)
    return pictures[0]


def _read_linear(path: Path) -> Image:
    if path.suffix.lower() == ".exr":
        return _read_exr(path)
    rgb = decode_picture(read_file(path), where=path)
    if rgb.shape[0] * rgb.shape[1] > _MAX_PIXELS or min(rgb.shape[:2]) < 16:
        raise MediaError(f"a picture of {rgb.shape[1]} x {rgb.shape[0]} cannot be a scene", where=path)
    return to_linear(rgb, "srgb")


def _read_exr(path: Path) -> Image:
    import OpenEXR

    try:
        channels = OpenEXR.File(str(path)).channels()
        plane = channels["RGB"].pixels if "RGB" in channels else np.dstack([channels[c].pixels for c in "RGB"])
    except (RuntimeError, KeyError, ValueError, OSError) as error:
        raise MediaError(f"the picture cannot be decoded: {error}", where=path) from None
    linear = np.ascontiguousarray(plane, np.float32)
    return np.maximum(np.nan_to_num(linear, nan=0.0, posinf=1e4, neginf=0.0), 0.0)


def _positions(folder: Path, shape: tuple[int, ...], limits: tuple[int, int]) -> Image:
    """Best lens position per pixel [h, w] of the picture in a folder."""
    import cv2

    for name in _DEPTH_NAMES:
        path = folder / name
        if not path.is_file():
            continue
        if name.endswith(".png"):
            plane = decode_picture(read_file(path), where=path)[..., 0].astype(np.float32)
            best = _spread(plane.max() - plane, limits)
        else:
            best = position_of_distance(_read_plane(path), limits)
        if best.shape != shape:
            best = cv2.resize(best, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST)
        return np.ascontiguousarray(best, np.float32)
    rows = np.linspace(1.0, 0.0, shape[0], dtype=np.float32)[:, None]
    return _spread(np.repeat(rows, shape[1], axis=1), limits)


def _spread(farness: Image, limits: tuple[int, int]) -> Image:
    low, high = float(farness.min()), float(farness.max())
    share = _NEAR + (_FAR - _NEAR) * (farness - low) / max(high - low, 1e-6)
    return np.asarray(limits[0] + share * (limits[1] - limits[0]), np.float32)


def _read_plane(path: Path) -> Image:
    try:
        stored = np.load(path, allow_pickle=False)
        plane = np.asarray(stored["depth"] if path.suffix == ".npz" else stored, np.float32)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise MediaError(f"the depth cannot be read: {error}", where=path) from None
    if plane.ndim != 2 or not np.isfinite(plane).all():
        raise MediaError("the depth must be one plane of finite numbers", where=path)
    return plane
