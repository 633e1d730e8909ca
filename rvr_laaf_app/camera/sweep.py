"""A focus sweep on disk: a folder with pictures and `sweep.json`, read and written so that nothing captured is lost.

Each picture is flushed to the disk before the manifest that names it replaces the former one; a capture that is killed
at any moment leaves a folder that reads and can be gone on with. Pictures are never decoded here, and never replaced.

sweep.json: {"schema": "rvr-sweep/1", "camera", "name", "serial", "simulated", "lens", "f_number" or null, "range":
[min, max] or null, "depth_of_field_steps" or null, "planned": [position...], "frames": [{"file", "position", "time_s",
"sha256", and where they apply "wanted": the planned position, "companions": [file...] (raw beside JPEG)}]}. A folder of
pictures without a manifest is a sweep too: natural order of names, positions 0, 1, 2...
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rvr_laaf_app.camera import fields
from rvr_laaf_app.core.atomic import discard, remove_leftovers, sync_folder, temporary_beside, write_atomic
from rvr_laaf_app.core.errors import ExportError, MediaError, UsageError

MANIFEST: Final = "sweep.json"
SCHEMA: Final = "rvr-sweep/1"
PICTURE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".ppm", ".pgm", ".exr")
MAX_FRAMES: Final = 20_000
_MAX_MANIFEST_BYTES: Final = 16 * 2**20
_FRAME_NAME: Final = re.compile(r"frame_(\d{4,})_at_(-?\d+)(\.[a-z0-9]{1,8})")
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class SweepFrame:
    """One picture of a sweep: its file name in the folder, where the lens stood, when (Unix time), and its hash.

    time_s is 0 and sha256 is "" where nobody wrote them down. wanted: the planned position where it differs.
    companions: other files of the same picture, such as raw beside JPEG.
    """

    file: str
    position: int
    time_s: float = 0.0
    sha256: str = ""
    wanted: int | None = None
    companions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """A focus sweep in `folder`, in the order of capture; `planned` are all positions that were wanted (may be empty).

    limits: the range of the lens in steps; depth_of_field_steps: how many steps look sharp at once; None = unknown.
    """

    folder: Path
    camera: str = ""
    name: str = ""
    serial: str = ""
    simulated: bool = False
    lens: str = ""
    f_number: float | None = None
    limits: tuple[int, int] | None = None
    depth_of_field_steps: int | None = None
    planned: tuple[int, ...] = ()
    frames: tuple[SweepFrame, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The pictures in the order of capture."""
        return tuple(self.folder / frame.file for frame in self.frames)

    @property
    def positions(self) -> tuple[int, ...]:
        """The lens positions in the order of capture."""
        return tuple(frame.position for frame in self.frames)

    @property
    def remaining(self) -> tuple[int, ...]:
        """Planned positions that are not captured yet, in the order of the plan."""
        done = Counter(frame.position if frame.wanted is None else frame.wanted for frame in self.frames)
        left = []
        for position in self.planned:
            if done[position] > 0:
                done[position] -= 1
            else:
                left.append(position)
        return tuple(left)


def read_sweep(folder: Path | str, *, verify: bool = False) -> Sweep:
    """Return the sweep in a folder; with `verify` each picture must have the hash that was written down.

    Raises:
        MediaError: the folder or a picture is missing, the manifest is damaged or not ours, a picture was changed.
    """
    place = Path(folder)
    if not place.is_dir():
        raise MediaError("there is no such folder", where=folder)
    manifest = place / MANIFEST
    if not manifest.exists():
        return _without_manifest(place)
    try:
        sweep = _decode(place, fields.read_object(manifest, most=_MAX_MANIFEST_BYTES))
    except (ValueError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise MediaError(f"the list of the sweep cannot be used: {reason}", where=manifest) from None
    for frame in sweep.frames:
        path = place / frame.file
        if not path.is_file():
            raise MediaError("a picture of the sweep is missing", where=path)
        if verify and frame.sha256 and _hash(path) != frame.sha256:
            raise MediaError("the picture is not the one that was captured", where=path)
    return sweep


class SweepWriter:
    """Writes pictures into a sweep folder; used by one thread at a time.

    A new writer makes the folder and its manifest. With `resume` it goes on where an unfinished sweep of the same
    camera (same serial; the same id where there is none) stopped, and takes in a picture that was written just before
    the capture was killed.
    """

    def __init__(self, folder: Path | str, about: Sweep, *, resume: bool = False) -> None:
        """Begin or go on; `about` says all but the frames.

        Raises:
            UsageError: the folder holds something else already. MediaError: its manifest is damaged.
            ExportError: the folder cannot be written.
        """
        place = Path(folder)
        with _write_errors(place):
            place.mkdir(parents=True, exist_ok=True)
            taken = any(p.suffix.lower() in PICTURE_SUFFIXES for p in place.iterdir())
        if (place / MANIFEST).exists():
            if not resume:
                raise UsageError("this folder holds a sweep already", where=place, remedy="Choose another folder.")
            self._sweep = self._go_on(place, about)
        elif taken:
            raise UsageError("this folder holds other pictures", where=place, remedy="Choose an empty folder.")
        else:
            self._sweep = replace(about, folder=place, frames=())
        # Numbers of files that nobody listed (a picture half taken over) are not given out again.
        used = [int(m[1]) for p in place.iterdir() if (m := _FRAME_NAME.fullmatch(p.name))]
        self._number = max(used, default=0)
        self._write_manifest()

    @property
    def sweep(self) -> Sweep:
        """What is safely on the disk."""
        return self._sweep

    def add(
        self,
        data: bytes,
        suffix: str,
        *,
        position: int,
        wanted: int | None = None,
        companions: Sequence[tuple[bytes, str]] = (),
        time_s: float | None = None,
    ) -> SweepFrame:
        """Write one picture as the camera gave it, then the manifest; returns when both would survive a power cut.

        position: where the lens stood; wanted: what the plan said, if that is not the same. companions: (content,
        suffix) of other files of the same picture; they are written first, so that a listed picture is complete.

        Raises:
            ExportError: no room or no right to write; what was captured before is untouched.
        """
        folder = self._sweep.folder
        self._number += 1
        stem = f"frame_{self._number:04d}_at_{position}"
        moment_s = time.time() if time_s is None else time_s
        with _write_errors(folder):
            beside = []
            for count, (content, ending) in enumerate(companions):
                beside.append(stem + (_suffix(ending) if ending.lower() != suffix.lower() else f"_{count}{ending}"))
                _write_new(folder / beside[-1], content)
            final = folder / (stem + _suffix(suffix))
            _write_new(final, data)
            digest = hashlib.sha256(data).hexdigest()
            planned = None if wanted == position else wanted
            frame = SweepFrame(final.name, position, moment_s, digest, planned, tuple(beside))
            self._sweep = replace(self._sweep, frames=(*self._sweep.frames, frame))
            self._write_manifest()
        return frame

    def _go_on(self, place: Path, about: Sweep) -> Sweep:
        found = read_sweep(place)
        same = found.serial == about.serial if found.serial or about.serial else found.camera == about.camera
        if not same:
            raise UsageError(
                f"the sweep in this folder was begun with another camera ({found.name or found.camera})",
                where=place,
                remedy="Connect that camera, or choose another folder.",
            )
        if found.planned and about.planned and found.planned != about.planned:
            raise UsageError("the sweep in this folder has other positions", where=place)
        sweep = replace(found, camera=about.camera, planned=found.planned or about.planned)
        with _write_errors(place):
            return replace(sweep, frames=sweep.frames + _unlisted(place, sweep.frames))

    def _write_manifest(self) -> None:
        path = self._sweep.folder / MANIFEST
        with _write_errors(self._sweep.folder):
            write_atomic(path, _encode(self._sweep))


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts names with numbers as people do: frame2 before frame10."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((0, int(p), "") if p.isdecimal() and p.isascii() else (1, 0, p) for p in parts)


def _without_manifest(folder: Path) -> Sweep:
    names = sorted(
        (p.name for p in folder.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES and p.is_file()), key=natural_order
    )
    if not names:
        raise MediaError("there are no pictures in this folder", where=folder)
    if len(names) > MAX_FRAMES:
        raise MediaError(f"there are more than {MAX_FRAMES} pictures in this folder", where=folder)
    frames = tuple(SweepFrame(name, number) for number, name in enumerate(names))
    return Sweep(folder, name=folder.name, limits=(0, len(names) - 1), frames=frames)


def _decode(folder: Path, values: dict[str, object]) -> Sweep:
    if values.get("schema") != SCHEMA:
        raise ValueError(f"its schema is {str(values.get('schema'))[:40]!r}, not {SCHEMA!r}")
    limits = fields.integers(values, "range")
    if limits and (len(limits) != 2 or limits[0] > limits[1]):
        raise ValueError("range must be two whole numbers, the smaller first")
    depth = values.get("depth_of_field_steps")
    f_number = values.get("f_number")
    entries = fields.items(values, "frames")
    if len(entries) > MAX_FRAMES:
        raise ValueError(f"it lists more than {MAX_FRAMES} frames")
    frames = tuple(_decode_frame(entry, f"frames[{i}]") for i, entry in enumerate(entries))
    if len({f.file for f in frames}) != len(frames):
        raise ValueError("a file is listed twice")
    return Sweep(
        folder,
        camera=fields.text(values, "camera", ""),
        name=fields.text(values, "name", ""),
        serial=fields.text(values, "serial", ""),
        simulated=fields.switch(values, "simulated", False),
        lens=fields.text(values, "lens", ""),
        f_number=None if f_number is None else fields.real(f_number, "f_number"),
        limits=(limits[0], limits[1]) if limits else None,
        depth_of_field_steps=None if depth is None else fields.integer(depth, "depth_of_field_steps"),
        planned=fields.integers(values, "planned"),
        frames=frames,
    )


def _decode_frame(entry: object, where: str) -> SweepFrame:
    if not isinstance(entry, dict):
        raise ValueError(f"{where} must be an object")
    digest = fields.text(entry, "sha256", "")
    if digest and not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError(f"{where}.sha256 must be 64 hexadecimal digits")
    moment = entry.get("time_s")
    return SweepFrame(
        _file_name(entry.get("file"), f"{where}.file"),
        fields.integer(entry.get("position"), f"{where}.position"),
        0.0 if moment is None else fields.real(moment, f"{where}.time_s"),
        digest,
        None if (wanted := entry.get("wanted")) is None else fields.integer(wanted, f"{where}.wanted"),
        tuple(_file_name(name, f"{where}.companions") for name in fields.items(entry, "companions")),
    )


def _file_name(name: object, where: str) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= 255 or name in {".", ".."}:
        raise ValueError(f"{where} must be the name of a file")
    if any(c in name for c in '/\\:\0\n"'):
        raise ValueError(f"{where} must be the name of a file in the same folder")
    return name


def _encode(sweep: Sweep) -> bytes:
    values = {
        "schema": SCHEMA,
        "camera": sweep.camera,
        "name": sweep.name,
        "serial": sweep.serial,
        "simulated": sweep.simulated,
        "lens": sweep.lens,
        "f_number": sweep.f_number,
        "range": None if sweep.limits is None else list(sweep.limits),
        "depth_of_field_steps": sweep.depth_of_field_steps,
        "planned": list(sweep.planned),
        "frames": [_encode_frame(frame) for frame in sweep.frames],
    }
    return (json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _encode_frame(frame: SweepFrame) -> dict[str, object]:
    values: dict[str, object] = {
        "file": frame.file,
        "position": frame.position,
        "time_s": frame.time_s,
        "sha256": frame.sha256,
    }
    if frame.wanted is not None:
        values["wanted"] = frame.wanted
    return values | ({"companions": list(frame.companions)} if frame.companions else {})


def _unlisted(folder: Path, listed: tuple[SweepFrame, ...]) -> tuple[SweepFrame, ...]:
    """Pictures of ours that are whole on the disk (they have their final name) but not in the manifest.

    Files of one name belong together; a raw file alone, where the others are not, is a picture half taken over.
    """
    known = {Path(frame.file).stem for frame in listed}
    raw_only = not any(Path(frame.file).suffix in PICTURE_SUFFIXES for frame in listed)
    groups: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir(), key=lambda p: (p.suffix not in PICTURE_SUFFIXES, natural_order(p.name))):
        if _FRAME_NAME.fullmatch(path.name) and path.stem not in known and path.is_file():
            groups.setdefault(path.stem, []).append(path)
    found = []
    for stem in sorted(groups, key=natural_order):
        first, *others = groups[stem]
        if first.suffix in PICTURE_SUFFIXES or raw_only:
            position = int(stem.rpartition("_")[2])
            beside = tuple(p.name for p in others)
            found.append(SweepFrame(first.name, position, first.stat().st_mtime, _hash(first), None, beside))
    return tuple(found)


def _suffix(suffix: str) -> str:
    if not re.fullmatch(r"\.[a-z0-9]{1,8}", suffix.lower()):
        raise UsageError(f"{suffix!r} is no kind of picture file")
    return suffix.lower()


def _write_new(final: Path, data: bytes) -> None:
    """Write a file that must not exist yet, flushed to the disk before it gets its name."""
    remove_leftovers(final)
    temporary = temporary_beside(final)
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _name_once(temporary, final)
    finally:
        discard(temporary)
    sync_folder(final.parent)


def _name_once(temporary: Path, final: Path) -> None:
    """Give the file its name; FileExistsError if the name is taken (in one step where the disk knows links)."""
    try:
        os.link(temporary, final)
    except FileExistsError:
        raise
    except OSError:
        if final.exists():
            raise FileExistsError(errno.EEXIST, "the file is there already", str(final)) from None
        os.rename(temporary, final)


def _hash(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _write_errors(folder: Path) -> Iterator[None]:
    """Turn what the system says about writing into one sentence for the user."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise ExportError(
                "there is no room left on the disk for another picture",
                where=folder,
                remedy="What was captured is kept; make room and go on.",
            ) from error
        raise ExportError(f"the sweep cannot be written: {error.strerror or error}", where=folder) from error
