"""Depth that was made elsewhere, as planes of numbers by frame: numbered PNG, TIFF or EXR pictures, or a grey video.

Says how many planes there are, how large, and what is in them, as they are stored; what the numbers mean (disparity,
metres, near bright or near dark) is for the one who asks. A fingerprint tells one set of files from another.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.media.open import media_errors
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.stills import read_header, read_still

_CODED: Final = (".png", ".tif", ".tiff")
_ENDINGS: Final = (*_CODED, ".exr")
CONFIDENCE: Final = "confidence"  # channel of an EXR picture beside that of depth
# Before, number, after: the last number in the name counts.
_NUMBERED: Final = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
_PATTERN: Final = re.compile(r"%0?\d{0,2}d")
_PROOF_BYTES: Final = 1 << 16
# Share of the range by which the channels of a grey picture may differ (chroma that was compressed).
_GREY_TOLERANCE: Final = 0.02
_FALSE_COLOURS: Final = "Export it as grey: false colours cannot be turned back into depth."


class DepthFiles(Protocol):
    """Planes of numbers, one for each frame.

    size: (width, height) of the first. coded: values are integer codes, scaled to 0..1; else as they are in the file.
    """

    frames: int
    size: tuple[int, int]
    coded: bool
    fingerprint: str

    def read(self, index: int) -> NDArray[np.float32]:
        """Return plane `index` [H, W] float32; raise MediaError if it cannot be read."""
        ...

    def confidence(self, index: int) -> NDArray[np.float32] | None:
        """Return how far plane `index` can be trusted [H, W] float32 in 0..1; None where the files do not say."""
        ...

    def close(self) -> None:
        """Close what is open; `read` opens it again."""
        ...


def open_depth(path: Path | str) -> DepthFiles:
    """Return the depth at `path`: a folder or pattern (depth_%04d.exr) of pictures, one picture, or a grey video."""
    place = Path(path)
    if place.is_dir():
        return DepthPictures(_series(_candidates(place), where=place))
    if _PATTERN.search(place.name) and not place.exists():
        return DepthPictures(_series(_matching(place), where=place))
    if place.suffix.lower() in _ENDINGS:
        return DepthPictures([place])
    return DepthVideo(place)


class DepthPictures:
    """A series of pictures in the order of their numbers."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = list(files)
        self.frames = len(self._files)
        header = read_header(self._files[0])
        self.size = header.display_size
        self.coded = self._files[0].suffix.lower() in _CODED
        self.fingerprint = _proof(self._files)

    def read(self, index: int) -> NDArray[np.float32]:
        """Return plane `index` [H, W] float32; raise MediaError if it cannot be read."""
        path = self._files[index]
        if not self.coded:
            plane = _exr_plane(path)
            assert plane is not None  # it raised otherwise
            return plane
        if read_header(path).transfer == "pq":
            raise MediaError("TIFF pictures of floats are not read", where=path, remedy="Use OpenEXR.")
        return _grey(read_still(path).rgb, where=path)

    def confidence(self, index: int) -> NDArray[np.float32] | None:
        """Return what an EXR picture says of itself; None for other kinds, and without a channel of that name."""
        if self.coded:
            return None
        plane = _exr_plane(self._files[index], CONFIDENCE)
        return None if plane is None else np.clip(np.nan_to_num(plane, posinf=0.0, neginf=0.0), 0.0, 1.0)

    def close(self) -> None:
        """Nothing stays open."""


class DepthVideo:
    """The frames of a grey video of 8 to 16 bits."""

    def __init__(self, path: Path) -> None:
        info = probe(path)
        if info.table is None:
            raise MediaError("the depth has no pictures", where=path, remedy="Choose a grey video or pictures.")
        self._reader = ClipReader(info)
        self._path = path
        self.frames = info.frames
        self.size = info.display_size
        self.coded = True
        self.fingerprint = info.fingerprint

    def read(self, index: int) -> NDArray[np.float32]:
        """Return plane `index` [H, W] float32 in 0..1; raise MediaError if it cannot be read."""
        return _grey(self._reader.read(index).rgb, where=self._path)

    def confidence(self, index: int) -> None:
        """A video does not say."""

    def close(self) -> None:
        """Close the file; `read` opens it again."""
        self._reader.close()


def _candidates(folder: Path) -> list[Path]:
    with media_errors(folder):
        files = [f for f in sorted(folder.iterdir()) if f.suffix.lower() in _ENDINGS and not f.name.startswith(".")]
    if not files:
        raise MediaError("the folder holds no depth pictures", where=folder, remedy=f"Known: {', '.join(_ENDINGS)}.")
    if len({f.suffix.lower() for f in files}) > 1:
        raise MediaError("the folder mixes kinds of pictures", where=folder, remedy="Keep one series in the folder.")
    return files


def _matching(pattern: Path) -> list[Path]:
    before, after = _PATTERN.split(pattern.name, maxsplit=1)
    name = re.compile(re.escape(before) + r"\d+" + re.escape(after))
    with media_errors(pattern.parent):
        files = [f for f in sorted(pattern.parent.iterdir()) if name.fullmatch(f.name)]
    if not files or pattern.suffix.lower() not in _ENDINGS:
        raise MediaError("no depth pictures have such names", where=pattern, remedy=f"Known: {', '.join(_ENDINGS)}.")
    return files


def _series(files: list[Path], *, where: Path) -> list[Path]:
    """Return the files in the order of their numbers; raise MediaError if they are not one series without gaps."""
    if len(files) == 1:
        return files
    parts = [_NUMBERED.fullmatch(file.stem) for file in files]
    found = sorted((int(part[2]), file) for part, file in zip(parts, files, strict=True) if part)
    if len(found) != len(files) or len({(part[1], part[3]) for part in parts if part}) > 1:
        raise MediaError("these are not one numbered series", where=where, remedy="Keep one series in the folder.")
    for (number, file), (following, _) in pairwise(found):
        if following != number + 1:
            what = f"number {number + 1} is missing" if following > number else f"number {number} is there twice"
            raise MediaError(f"the depth has a gap: {what}", where=file, remedy="Export the missing pictures again.")
    return [file for _, file in found]


def _proof(files: Sequence[Path]) -> str:
    """Hash of names, sizes, times of change, and first and last bytes: cheap, and different after any new export."""
    state = hashlib.blake2b(digest_size=16)
    for path in files:
        with media_errors(path), path.open("rb") as file:
            found = os.fstat(file.fileno())
            state.update(f"{path.name}|{found.st_size}|{found.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
            state.update(file.read(_PROOF_BYTES))
            if found.st_size > _PROOF_BYTES:
                file.seek(max(found.st_size - _PROOF_BYTES, _PROOF_BYTES))
                state.update(file.read(_PROOF_BYTES))
    return state.hexdigest()


def _grey(rgb: NDArray[np.uint8] | NDArray[np.uint16], *, where: Path) -> NDArray[np.float32]:
    """Return the codes [H, W, 3] of a grey picture as [H, W] in 0..1; raise MediaError for false colours."""
    white = float(np.iinfo(rgb.dtype).max)
    sample = rgb[::8, ::8].astype(np.float32)
    if float((sample.max(axis=2) - sample.min(axis=2)).mean()) > _GREY_TOLERANCE * white:
        raise MediaError("the depth is in colours", where=where, remedy=_FALSE_COLOURS)
    return rgb[..., 1].astype(np.float32) / np.float32(white)


def _exr_plane(path: Path, channel: str = "") -> NDArray[np.float32] | None:
    """Return a channel of an EXR picture [H, W] float32, as stored; None if it is not there. "": that of depth."""
    read_header(path)  # refuses absurd sizes before anything is allocated
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            channels: dict[str, Any] = {}
            for part in file.parts:
                for name, found in part.channels.items():
                    channels.setdefault(name, found)
            chosen = depth_channel(list(channels)) if not channel else channel if channel in channels else None
            pixels = None if chosen is None else np.array(channels[chosen].pixels, np.float32)
    except (RuntimeError, TypeError, ValueError, KeyError, OSError, MemoryError) as error:
        raise MediaError("the EXR picture cannot be decoded", where=path, remedy="Export it again.") from error
    if channel and (pixels is None or pixels.ndim != 2):
        return None
    if pixels is None or pixels.ndim != 2:
        held = ", ".join(sorted(channels)[:8]) or "nothing"
        raise MediaError(
            f"no channel of depth is in it, but {held}", where=path, remedy="Name the channel Z or depth.Z."
        )
    return np.ascontiguousarray(pixels)


def depth_channel(names: Sequence[str]) -> str | None:
    """Return which of these EXR channels holds depth: Z, depth.Z, ViewLayer.Depth.Z, ...; else a grey one; or None."""
    for name in ("Z", "depth.Z"):
        if name in names:
            return name
    for name in sorted(names):
        layer, _, channel = name.rpartition(".")
        spoken = layer.lower().rpartition(".")[2] if channel in ("Z", "V", "Y", "R") else channel.lower()
        if spoken in ("depth", "disparity", "z", "zdepth"):
            return name
    return next((name for name in ("Y", "V", "R") if name in names), names[0] if len(names) == 1 else None)
