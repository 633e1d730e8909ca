"""Find pictures whose depth is known, in the layouts that depth data comes in, and read them.

Known layouts, looked for in every folder below the one that is given:

    NAME.png|jpg|...  + NAME.disparity.EXT or NAME.depth.EXT       the plain layout, for own data
    NAME.color.png    + NAME.depth.png                             RGB-D sequences
    rgb|color|image|images/NAME.* + depth|disparity/NAME.*         KITTI, SLAM sets
    imN.* + dispN.*; NAME_left.* + NAME_gt.* (+ NAME_mask.*)       Middlebury
    sharp.exr + depth.npz + meta.json                              ray-traced scenes with true shallow shots

EXT: npy, npz, exr, pfm, 16-bit or 8-bit png, pgm. Unit does not matter, disparity is brought in line by scale and shift
before it is compared. Unknown: 0, below 0, not finite, and 65535 in 16-bit files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import from_linear
from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.core.frame import Frame
from rvr_laaf_app.measure.estimating import picture_frame, read_picture
from rvr_laaf_app.media.exr import read_exr
from rvr_laaf_app.media.image_file import read_plane

DEEPEST = 4  # folders below the given one
DENSE_SHARE = 0.9  # of known pixels, from which edges can be measured
PICTURES = (".png", ".jpg", ".jpeg", ".ppm", ".tif", ".tiff", ".bmp", ".webp", ".exr")
PLANES = (".npy", ".npz", ".exr", ".pfm", ".png", ".pgm")
PICTURE_FOLDERS = ("rgb", "color", "colour", "image", "images")
TRUTH_FOLDERS = ("depth", "disparity")


@dataclass(frozen=True, slots=True)
class SceneFiles:
    """Where one scene lies. kind says what the truth file holds: "disparity" or "depth"."""

    name: str
    picture: Path
    truth: Path
    kind: str
    mask: Path | None = None

    @property
    def group(self) -> str:
        """What the scene is counted with: its folder."""
        return self.name.rpartition("/")[0] or self.name

    @property
    def rendered(self) -> bool:
        """True for a ray-traced scene with true shallow shots."""
        return (self.truth.parent / "meta.json").is_file() and self.picture.name == "sharp.exr"


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A picture with its truth: disparity [H, W] float64 in any unit, nearer is greater; known [H, W] bool.

    edges: true if edges can be compared: nearly every pixel is known, and not from a depth sensor (integers), which
    sees edges with holes and a few pixels off.
    """

    frame: Frame
    disparity: NDArray[np.float64]
    known: NDArray[np.bool_]
    edges: bool


def find_scenes(folder: Path) -> tuple[list[SceneFiles], list[dict[str, str]]]:
    """Return the scenes below `folder`, and what looked like one but is not complete, with the reason."""
    found: list[SceneFiles] = []
    skipped: list[dict[str, str]] = []
    for place in _folders(folder):
        files = sorted(path for path in place.iterdir() if path.is_file())
        prefix = place.relative_to(folder).as_posix()
        here = list(_scenes_in(place, files, "" if prefix == "." else prefix + "/"))
        found += here
        if here or any(_truth_stem(path) for path in files):
            skipped += _left_over(folder, files, here)
    return found, skipped


def _folders(folder: Path, deeper: int = DEEPEST) -> Iterator[Path]:
    yield folder
    if deeper:
        for child in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
            yield from _folders(child, deeper - 1)


def _scenes_in(place: Path, files: list[Path], prefix: str) -> Iterator[SceneFiles]:
    by_name = {path.name: path for path in files}
    if "sharp.exr" in by_name and "depth.npz" in by_name:
        yield SceneFiles(prefix.rstrip("/") or place.name, by_name["sharp.exr"], by_name["depth.npz"], "depth")
        return
    seen: set[Path] = set()
    for path in files:
        stem = _truth_stem(path)
        if stem is None:
            continue
        label, kind = stem
        picture = _first(place, (f"{label}.color", f"{label}_left", label), PICTURES, by_name)
        if picture is not None and picture not in seen:
            seen.add(picture)
            mask = _first(place, (f"{label}_mask",), PLANES, by_name)
            yield SceneFiles(prefix + label, picture, path, kind, mask)
    if place.name in TRUTH_FOLDERS:
        for path in files:
            for side in PICTURE_FOLDERS:
                picture = _first(place.parent / side, (path.stem,), PICTURES, None)
                if picture is not None and path.suffix.lower() in PLANES:
                    label = prefix.rstrip("/").rpartition("/")[0]
                    yield SceneFiles(f"{label}/{path.stem}".lstrip("/"), picture, path, place.name)
                    break


def _truth_stem(path: Path) -> tuple[str, str] | None:
    """Return (name of the picture, kind of truth) if the file is named as a truth."""
    if path.suffix.lower() not in PLANES:
        return None
    if path.stem.endswith((".disparity", ".depth")):
        label, _, kind = path.stem.rpartition(".")
        return label, kind
    if path.stem.endswith("_gt"):
        return path.stem.removesuffix("_gt"), "disparity"
    middlebury = re.fullmatch(r"disp(\d)", path.stem)
    return (f"im{middlebury[1]}", "disparity") if middlebury else None


def _first(
    place: Path, stems: tuple[str, ...], suffixes: tuple[str, ...], by_name: dict[str, Path] | None
) -> Path | None:
    for stem in stems:
        for suffix in suffixes:
            path = place / (stem + suffix)
            if path.name in by_name if by_name is not None else path.is_file():
                return path
    return None


def _left_over(folder: Path, files: list[Path], here: list[SceneFiles]) -> list[dict[str, str]]:
    used = {path for scene in here for path in (scene.picture, scene.truth, scene.mask)}
    stems = {_truth_stem(scene.truth) for scene in here}
    rows = []
    for path in files:
        stem = _truth_stem(path)
        if path in used or path.suffix.lower() not in (*PICTURES, *PLANES) or (stem and stem in stems):
            continue
        if any(scene.rendered for scene in here):
            continue  # the other files of a ray-traced scene are its shots
        why = "no picture for this truth" if stem else "no truth for this picture"
        rows.append({"what": path.relative_to(folder).as_posix(), "why": why})
    return rows


def load_scene(files: SceneFiles) -> Scene:
    """Read a scene; the truth is brought to the picture's size. Raise MediaError if anything cannot be read."""
    frame = display_frame(files.picture)
    stored = _plane(files.truth)
    raw = stored.astype(np.float64)
    known = np.isfinite(raw) & (raw > 0)
    if stored.dtype == np.uint16:
        known &= raw < 65535
    if files.mask is not None:
        known &= _plane(files.mask).astype(np.float64) > 0
    truth = np.where(known, raw, 1.0)
    disparity = np.where(known, 1.0 / truth if files.kind == "depth" else truth, 0.0)
    from_sensor = files.kind == "depth" and stored.dtype.kind in "iu"
    height, width = frame.rgb.shape[:2]
    if disparity.shape != (height, width):
        disparity = np.asarray(cv2.resize(disparity, (width, height), interpolation=cv2.INTER_NEAREST), np.float64)
        known = cv2.resize(known.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)
    if known.sum() < 100 or np.ptp(disparity[known]) == 0:
        raise MediaError("the truth holds no depth to compare with", where=files.truth)
    edges = not from_sensor and float(known.mean()) >= DENSE_SHARE
    return Scene(frame, disparity, known, edges)


def display_frame(path: Path) -> Frame:
    """Read a picture as a camera would have recorded it: light of an EXR is clipped and encoded to 8 bits."""
    if path.suffix.lower() != ".exr":
        return read_picture(path)
    return picture_frame(from_linear(np.maximum(read_exr(path), 0.0), "srgb"))


def _plane(path: Path) -> NDArray[np.generic]:
    """Read one plane of numbers as it is stored: integers stay integers."""
    if path.suffix.lower() in (".npy", ".npz", ".exr"):
        return read_plane(path)
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        stored = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    except (OSError, cv2.error) as error:
        raise MediaError("the truth cannot be read", where=path) from error
    if stored is None:
        raise MediaError("the truth cannot be read", where=path)
    return np.asarray(stored if stored.ndim == 2 else stored[..., 0])
