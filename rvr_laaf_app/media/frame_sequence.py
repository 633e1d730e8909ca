"""Export as numbered pictures: 8 or 16 bit PNG as the clip encodes light, or OpenEXR with linear light. No sound.

The target is a folder (`shots/`, files named frame_000017.png) or a pattern (`shots/take_%05d.exr`); numbers are those
of the clip's frames, also when only a part is exported. All pictures are written into a temporary folder beside the
target, or in it if it exists, and take their place when the last one is there and read back.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.atomic import remove_leftovers, sync_folder, temporary_beside, write_atomic
from rvr_laaf_app.core.color import to_linear
from rvr_laaf_app.core.errors import ExportError, UsageError
from rvr_laaf_app.media.disk_space import check_space, export_errors
from rvr_laaf_app.media.encoders import CONTAINERS, ExportSettings, estimated_bytes
from rvr_laaf_app.media.exr import half_floats, put_exr, verify_exr
from rvr_laaf_app.media.probe import ClipInfo

_NUMBER: Final = re.compile(r"%(0?)(\d{0,2})d")
_PNG_LEVEL: Final = 1
_IN_FOLDER: Final = "frames"  # what the temporary folder is called after, if it lies in the target
_CICP: Final = {"hlg": (9, 18, 0, 1), "pq": (9, 16, 0, 1)}  # PNG (third edition), 11.3.2.6: primaries, transfer


class FrameWriter:
    """Write frames [start, stop) of a clip as pictures; use it like `writer.ClipWriter`, in a `with` block."""

    def __init__(
        self, path: Path | str, info: ClipInfo, settings: ExportSettings, *, start: int = 0, stop: int | None = None
    ) -> None:
        self.path = Path(path).absolute()
        self.info = info
        self.settings = settings
        self._stop = info.frames if stop is None else stop
        self._next = self._start = start
        if not 0 <= start < self._stop <= info.frames:
            raise UsageError(f"the clip has no frames {start} to {self._stop}", where=info.path)
        existing_frames(self.path, info, settings.codec, start=start, stop=self._stop)
        self._folder, self._pattern = _target(self.path, settings.codec, single=self.frames == 1)
        self.estimated_bytes = estimated_bytes(info, settings, self._stop - start)
        # In the folder if there is one: it may be a disk of its own, where nothing can be moved to from beside it.
        named = room_for(self._folder)
        check_space(named, self.estimated_bytes)
        remove_leftovers(named)
        self._part = temporary_beside(named)
        self._done = False
        with export_errors(self.path, estimated_bytes=self.estimated_bytes):
            self._part.mkdir()

    @property
    def frames(self) -> int:
        """How many pictures are written."""
        return self._stop - self._start

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and not self._done:
            self.finish()
        else:
            self.abort()

    def write(self, picture: NDArray[Any], source_index: int) -> None:
        """Write the next frame [H, W, 3]: uint8 or uint16 as the clip encodes it, or (EXR only) linear float32."""
        if source_index != self._next or self._done:
            raise ValueError(f"frame {source_index} does not come next")
        if picture.shape != (self.info.display_size[1], self.info.display_size[0], 3):
            raise ValueError(f"the clip's frames are {self.info.display_size}, this one has shape {picture.shape}")
        with export_errors(self.path, estimated_bytes=self.estimated_bytes, part=self._part):
            name = self._part / (self._pattern % source_index)
            if self.settings.codec == "exr":
                put_exr(name, half_floats(self._linear(picture)))
            else:
                write_atomic(name, png_bytes(picture, transfer=self.info.transfer))
        self._next += 1

    def finish(self) -> None:
        """Read every picture back, then move all to their place; raise ExportError if anything is wrong."""
        for _ in self.finishing():
            pass

    def finishing(self) -> Iterator[tuple[int, int]]:
        """Do what `finish` does in small steps; yields (pictures checked, pictures in all)."""
        try:
            if self._next != self._stop:
                raise ExportError(f"only {self._next - self._start} of {self.frames} frames were written")
            for done, index in enumerate(range(self._start, self._stop), 1):
                self._check(self._part / (self._pattern % index))
                yield done, self.frames
            with export_errors(self.path, estimated_bytes=self.estimated_bytes, part=self._part):
                self._publish()
        finally:
            self.abort()

    def abort(self) -> None:
        """Delete what was not published."""
        self._done = True
        shutil.rmtree(self._part, ignore_errors=True)

    def _linear(self, picture: NDArray[Any]) -> NDArray[np.float32]:
        if picture.dtype == np.float32:
            return picture
        return to_linear(picture, self.info.transfer, self.info.primaries)

    def _check(self, name: Path) -> None:
        if self.settings.codec == "exr":
            verify_exr(name, self.info.display_size)
            return
        read = cv2.imdecode(np.frombuffer(name.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        if read is None or (read.shape[1], read.shape[0]) != self.info.display_size:
            raise ExportError("a written picture cannot be read back", where=self.path / name.name)

    def _publish(self) -> None:
        sync_folder(self._part)
        if not self._folder.exists():
            os.replace(self._part, self._folder)
        else:
            for index in range(self._start, self._stop):
                name = self._pattern % index
                os.replace(self._part / name, self._folder / name)
        sync_folder(self._folder)
        sync_folder(self._folder.parent)


def room_for(path: Path) -> Path:
    """Return a name that lies on the disk which will hold the pictures of this target."""
    return path / _IN_FOLDER if path.is_dir() else path


def existing_frames(path: Path, info: ClipInfo, codec: str, *, start: int, stop: int) -> Path | None:
    """Return the first picture of frames [start, stop) that is there already, None if all names are free.

    Raises UsageError for names that cannot be, and if a picture would replace the clip itself.
    """
    if path.is_dir():
        remove_leftovers(path / _IN_FOLDER)
    folder, pattern = _target(path, codec, single=stop - start == 1)
    taken = [name for name in (folder / (pattern % index) for index in range(start, stop)) if os.path.lexists(name)]
    if os.path.exists(info.path) and any(os.path.exists(name) and os.path.samefile(name, info.path) for name in taken):
        raise UsageError("the result would replace the clip itself", where=path, remedy="Choose another name.")
    return taken[0] if taken else None


def png_bytes(picture: NDArray[np.uint8] | NDArray[np.uint16], *, transfer: str = "srgb") -> bytes:
    """Return RGB [H, W, 3] of 8 or 16 bits as a PNG file; HLG and PQ are named in it (cICP chunk)."""
    good, data = cv2.imencode(
        ".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL]
    )
    if not good:
        raise ValueError("the picture cannot be encoded as PNG")
    file = data.tobytes()
    if transfer not in _CICP:
        return file
    body = b"cICP" + bytes(_CICP[transfer])
    chunk = struct.pack(">I", 4) + body + struct.pack(">I", zlib.crc32(body))
    return file[:33] + chunk + file[33:]  # right after the signature and IHDR


def _target(path: Path, codec: str, *, single: bool) -> tuple[Path, str]:
    """Return the folder and the pattern of file names; a single frame may have a plain file name."""
    suffix = f".{codec}"
    if path.suffix.lower() in CONTAINERS:
        raise UsageError(f"{codec} pictures do not go into a {path.suffix} file", where=path, remedy="Give a folder.")
    if not path.parent.is_dir():
        raise UsageError("the folder does not exist", where=path.parent, remedy="Make it first or choose another.")
    if single and path.suffix.lower() == suffix and not path.is_dir():
        return path.parent, path.name.replace("%", "%%") + "%.0s"
    if "%" in path.name:
        if len(_NUMBER.findall(path.name)) != 1 or path.name.count("%") != 1 or path.suffix.lower() != suffix:
            raise UsageError(
                "a pattern needs one number, and the codec's ending", where=path, remedy=f"Use frame_%06d{suffix}."
            )
        return path.parent, path.name
    if path.suffix.lower() in (".png", ".exr"):
        raise UsageError(
            "one file cannot hold all frames",
            where=path,
            remedy=f"Give a folder, or a pattern such as {path.stem}_%06d{suffix}.",
        )
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError("the folder is not empty", where=path, remedy="Choose a new one, or give a pattern of names.")
    return path, f"frame_%06d{suffix}"
