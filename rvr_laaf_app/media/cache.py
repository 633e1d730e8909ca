"""Analysis products on disk: disparity, light and confidence of each frame of one clip, as one estimator saw them.

A `ProductStore` is a folder with chunks of consecutive frames, one file each. A chunk appears whole or not at all and
proves itself by length and hashes, so a killed analysis goes on after the last whole chunk and a damaged chunk is
noticed, set aside and computed again. Nothing here is truth: every file may be deleted at any time, and whoever reads
must be ready for CacheError. It does not know what is in the pictures, nor when they are out of date: that is what the
key of `store_for` is for.

What is kept of an RgbdFrame: disparity exactly (its float16 bits); boost_stops in steps of 12/255 stop (error at most
0.024 stop, which is 1.7 % of linear light; values outside 0..12 are clipped); confidence in steps of 1/255 (error at
most 0.002). Values are coded as differences along a row, low and high bytes apart, with zlib level 1: for 640x360 that
is smaller and faster than PNG at any level (depth with noise of 0.001: 220 kB and 4.6 + 1.4 ms to write and read, PNG
257 kB and 6.7 + 3.1 ms; the same depth as linear 16 bit would take 250 kB).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import struct
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.atomic import discard, remove_leftovers, write_atomic
from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.core.frame import RgbdFrame

CHUNK_FRAMES: Final = 32  # what one lost chunk costs: about a second of video
MAX_BOOST_STOPS = 12.0

_MAGIC = b"RVRGBD01"
_HEAD = struct.Struct("<8sIIII")  # magic, start, count, width, height
_ENTRY = struct.Struct("<QII I 16s")  # offset, length of disparity, boost, confidence, hash of the three
_DIGEST_SIZE = 16
_NAME = re.compile(r"(\d{9})-(\d{9})\.rgbd")
_META = "meta.json"
_USED = "used"
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REMEDY = "It will be computed again."


def _digest(*parts: bytes) -> bytes:
    state = hashlib.blake2b(digest_size=_DIGEST_SIZE)
    for part in parts:
        state.update(part)
    return state.digest()


def pack_plane(plane: NDArray[np.uint8 | np.uint16]) -> bytes:
    """Code a [h, w] plane of uint8 or uint16 without loss; a plane of zeros takes no byte."""
    if not plane.any():
        return b""
    delta = plane.copy()
    delta[:, 1:] -= plane[:, :-1]  # unsigned and wrapping, undone exactly by a wrapping sum
    if delta.dtype == np.uint16:
        signed = delta.view(np.int16)
        folded = ((signed << 1) ^ (signed >> 15)).view(np.uint16)  # small steps of either sign to small numbers
        delta = np.stack([(folded & 255).astype(np.uint8), (folded >> 8).astype(np.uint8)])
    return zlib.compress(delta.tobytes(), 1)


def unpack_plane(
    data: bytes, shape: tuple[int, int], kind: type[np.uint8 | np.uint16]
) -> NDArray[np.uint8 | np.uint16]:
    """Undo `pack_plane`; raise ValueError if the data does not fit the shape."""
    if not data:
        return np.zeros(shape, kind)
    raw = np.frombuffer(zlib.decompress(data), np.uint8)
    if kind is np.uint8:
        return np.cumsum(raw.reshape(shape), axis=1, dtype=np.uint8)
    low, high = raw.reshape(2, *shape)
    folded = low.astype(np.uint16) | (high.astype(np.uint16) << 8)
    delta = (folded >> 1) ^ (-(folded & 1).view(np.int16)).view(np.uint16)
    return np.cumsum(delta, axis=1, dtype=np.uint16)


def _encode(frame: RgbdFrame) -> tuple[bytes, bytes, bytes]:
    width, height = frame.size
    boost: NDArray[np.uint8] = np.zeros((height, width * 3), np.uint8)
    if frame.boost_stops.any():
        scaled = np.nan_to_num(frame.boost_stops.astype(np.float32)) * np.float32(255 / MAX_BOOST_STOPS)
        planes = np.clip(np.rint(scaled), 0, 255).astype(np.uint8).transpose(0, 2, 1)
        boost = np.ascontiguousarray(planes).reshape(height, width * 3)
    confidence = np.nan_to_num(frame.confidence.astype(np.float32)) * np.float32(255)
    return (
        pack_plane(np.ascontiguousarray(frame.disparity).view(np.uint16)),
        pack_plane(boost),
        pack_plane(np.clip(np.rint(confidence), 0, 255).astype(np.uint8)),
    )


def _decode(index: int, shape: tuple[int, int], blobs: Sequence[bytes]) -> RgbdFrame:
    height, width = shape
    disparity = unpack_plane(blobs[0], shape, np.uint16).view(np.float16)
    if blobs[1]:
        planes = unpack_plane(blobs[1], (height, width * 3), np.uint8).reshape(height, 3, width)
        stops = np.arange(256, dtype=np.float32) * np.float32(MAX_BOOST_STOPS / 255)
        boost = np.ascontiguousarray(stops.astype(np.float16)[planes].transpose(0, 2, 1))
    else:
        boost = np.zeros((height, width, 3), np.float16)
    levels = (np.arange(256, dtype=np.float32) / np.float32(255)).astype(np.float16)
    return RgbdFrame(index, disparity, boost, levels[unpack_plane(blobs[2], shape, np.uint8)])


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk file whose header was found whole and whose length is right."""

    path: Path
    start: int
    stop: int
    width: int
    height: int
    entries: tuple[tuple[int, int, int, int, bytes], ...]

    @classmethod
    def open(cls, path: Path) -> _Chunk:
        """Read the header of a chunk; raise CacheError if the file is not what its name says."""
        with path.open("rb") as file:
            head = file.read(_HEAD.size)
            if len(head) != _HEAD.size or head[:8] != _MAGIC:
                raise CacheError("not a chunk of analysis products", where=path, remedy=_REMEDY)
            _, start, count, width, height = _HEAD.unpack(head)
            table = file.read(count * _ENTRY.size) if count < 1 << 16 else b""
            entries = tuple(_ENTRY.iter_unpack(table)) if len(table) == count * _ENTRY.size else ()
            whole = bool(entries) and file.read(_DIGEST_SIZE) == _digest(head, table)
            size = os.fstat(file.fileno()).st_size
        if not whole or sum(entries[-1][:4]) != size or path.name != _chunk_name(start, start + count):
            raise CacheError("a chunk of analysis products is damaged", where=path, remedy=_REMEDY)
        return cls(path, start, start + count, width, height, entries)

    def read(self, index: int) -> RgbdFrame:
        """Return one frame of the chunk; raise CacheError if its bytes are not the ones that were written."""
        offset, *lengths, want = self.entries[index - self.start]
        with self.path.open("rb") as file:
            file.seek(offset)
            blobs = [file.read(length) for length in lengths]
        if _digest(*blobs) != want:
            raise CacheError(f"frame {index} of the analysis products is damaged", where=self.path, remedy=_REMEDY)
        return _decode(index, (self.height, self.width), blobs)


def _chunk_name(start: int, stop: int) -> str:
    return f"{start:09d}-{stop:09d}.rgbd"


def _covering(index: int, chunks: Iterable[_Chunk]) -> list[_Chunk]:
    return [chunk for chunk in list(chunks) if chunk.start <= index < chunk.stop]


def _pieces(start: int, frames: Sequence[RgbdFrame]) -> list[bytes]:
    """Return the bytes of a chunk file, in pieces."""
    width, height = frames[0].size
    blobs = []
    for index, frame in enumerate(frames, start):
        if frame.index != index or frame.size != (width, height):
            raise ValueError(f"frame {frame.index} {frame.size} does not belong at {index} of a {width}x{height} chunk")
        blobs.append(_encode(frame))
    head = _HEAD.pack(_MAGIC, start, len(frames), width, height)
    offset = len(head) + len(frames) * _ENTRY.size + _DIGEST_SIZE
    table = b""
    for three in blobs:
        lengths = [len(part) for part in three]
        table += _ENTRY.pack(offset, *lengths, _digest(*three))
        offset += sum(lengths)
    return [head, table, _digest(head, table), *(part for three in blobs for part in three)]


class ProductStore:
    """The analysis products of one clip made by one estimator, in one folder (made when first written to).

    May be used from several threads and processes at once: files only appear and disappear whole.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._chunks: dict[str, _Chunk] = {}

    def write_chunk(self, start: int, frames: Sequence[RgbdFrame]) -> None:
        """Store consecutive frames of equal size, the first with index `start`; raise CacheError if it cannot."""
        if not frames:
            raise ValueError("a chunk needs at least one frame")
        self._write(_chunk_name(start, start + len(frames)), _pieces(start, frames))

    def has(self, start: int, stop: int) -> bool:
        """Tell whether all frames of [start, stop) are there (headers and lengths are checked, not every byte)."""
        return not any(first < stop and start < last for first, last in self.missing(stop))

    def missing(self, total: int) -> list[tuple[int, int]]:
        """Return the ranges [start, stop) of frames 0..total that still have to be computed, in order."""
        gaps: list[tuple[int, int]] = []
        reached = 0
        for chunk in self._scan():
            if chunk.start >= total:
                break
            if chunk.start > reached:
                gaps.append((reached, chunk.start))
            reached = max(reached, chunk.stop)
        if reached < total:
            gaps.append((reached, total))
        return gaps

    def read(self, index: int) -> RgbdFrame:
        """Return one frame; raise CacheError if it is not there or damaged (its chunk is then set aside)."""
        known = [chunk for chunk in _covering(index, self._chunks.values()) if chunk.path.exists()]
        for chunk in known or _covering(index, self._scan()):
            return self._read(chunk, index)
        raise CacheError(f"frame {index} has not been analysed yet", where=self.folder, remedy=_REMEDY)

    def verify(self) -> list[tuple[int, int]]:
        """Read every frame back; set damaged chunks aside and return their ranges."""
        damaged = []
        for chunk in self._scan():
            try:
                for index in range(chunk.start, chunk.stop):
                    self._read(chunk, index)
            except CacheError:
                damaged.append((chunk.start, chunk.stop))
        return damaged

    def write_meta(self, meta: Mapping[str, object]) -> None:
        """Store what belongs to the whole clip (cuts, normalisation, whether it is complete) as JSON, atomically."""
        text = json.dumps(meta, sort_keys=True)
        self._write(_META, [json.dumps({"hash": _digest(text.encode()).hex(), "meta": text}).encode()])

    def read_meta(self) -> dict[str, object]:
        """Return what `write_meta` stored, {} if nothing was; raise CacheError if it is damaged."""
        path = self.folder / _META
        try:
            outer = json.loads(path.read_bytes())
            text = outer["meta"]
            if _digest(text.encode()).hex() != outer["hash"]:
                raise ValueError("hash")
            meta = json.loads(text)
            return dict(meta)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError) as error:
            discard(path)
            raise CacheError("the notes on the analysis are damaged", where=path, remedy=_REMEDY) from error

    def size_bytes(self) -> int:
        """Return how much room the products take."""
        return sum(_file_size(entry) for entry in self.folder.rglob("*"))

    def clear(self) -> None:
        """Delete all products of this store."""
        self._chunks.clear()
        _remove_folder(self.folder)

    def drop(self, start: int, stop: int) -> None:
        """Delete the chunks that lie wholly inside [start, stop)."""
        for chunk in self._scan():
            if start <= chunk.start and chunk.stop <= stop:
                self._chunks.pop(chunk.path.name, None)
                discard(chunk.path)

    def covered(self, start: int, stop: int) -> int:
        """Return how far the frames from `start` on are there without a gap, at most to `stop`."""
        reached = start
        for chunk in self._scan():
            if chunk.start <= reached < chunk.stop:
                reached = chunk.stop
        return min(max(reached, start), stop)

    def mark_used(self) -> None:
        """Note that the store is in use now: `prune` removes those first that were not used for longest."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / _USED).touch()

    def _read(self, chunk: _Chunk, index: int) -> RgbdFrame:
        try:
            return chunk.read(index)
        except (CacheError, OSError, ValueError, zlib.error) as error:
            self._chunks.pop(chunk.path.name, None)
            discard(chunk.path)
            if isinstance(error, CacheError):
                raise
            raise CacheError(
                f"frame {index} of the analysis cannot be read", where=chunk.path, remedy=_REMEDY
            ) from error

    def _scan(self) -> list[_Chunk]:
        """Return all chunks in order; set aside those that are not whole."""
        found: dict[str, _Chunk] = {}
        for path in (entry for entry in _entries(self.folder) if _NAME.fullmatch(entry.name)):
            try:
                found[path.name] = self._chunks.get(path.name) or _Chunk.open(path)
            except CacheError:
                discard(path)
            except OSError:
                continue
        self._chunks = found
        return sorted(found.values(), key=lambda chunk: chunk.start)

    def _write(self, name: str, pieces: list[bytes]) -> None:
        write_product(self.folder / name, pieces)
        self._chunks.pop(name, None)


def write_product(path: Path, pieces: Sequence[bytes]) -> None:
    """Write a file of analysis products, whole or not at all; raise CacheError if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
        write_atomic(path, pieces)
    except OSError as error:
        if error.errno in _NO_SPACE:
            needed = sum(map(len, pieces)) / 1e6
            raise CacheError(
                f"no space left for the analysis ({needed:.1f} MB more were needed at this point)",
                where=path.parent,
                remedy="Free some space, or set RVR_CACHE_DIR to a folder on another disk; "
                "what was computed so far is kept.",
            ) from error
        raise CacheError(
            f"the analysis cannot be stored: {error.strerror or error}",
            where=path.parent,
            remedy="Set RVR_CACHE_DIR to a folder that can be written.",
        ) from error


def cache_root() -> Path:
    """Return the folder of all analysis products: $RVR_CACHE_DIR, else the user's cache folder of this system."""
    chosen = os.environ.get("RVR_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("rvr-laaf", appauthor=False))


def store_for(fingerprint: str, key: str) -> ProductStore:
    """Return the store of a clip (by fingerprint) and an estimator (name, version, size) in the user's cache."""
    name = _digest(fingerprint.encode(), b"\0", key.encode()).hex()
    store = ProductStore(cache_root() / "products" / name)
    store.mark_used()
    return store


def prune(max_bytes: int, *, keep: Iterable[ProductStore] = ()) -> int:
    """Delete whole stores, the longest unused first, until at most `max_bytes` are left; return the bytes freed.

    Stores in `keep` stay, whatever they take. A process that still reads a deleted store gets CacheError.
    """
    kept = {store.folder for store in keep}
    stores = [ProductStore(folder) for folder in _entries(cache_root() / "products") if folder.is_dir()]
    sizes = {store.folder: store.size_bytes() for store in stores}
    total = sum(sizes.values())
    freed = 0
    for store in sorted(stores, key=lambda store: _last_use(store.folder)):
        if total - freed <= max_bytes:
            break
        if store.folder not in kept:
            store.clear()
            freed += sizes[store.folder]
    return freed


def _last_use(folder: Path) -> float:
    with contextlib.suppress(OSError):
        return (folder / _USED).stat().st_mtime
    return 0.0


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _file_size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def _remove_folder(folder: Path) -> None:
    """Move the folder out of the way first, so that nobody meets it half deleted."""
    doomed = folder.with_name(f"{folder.name}.{os.getpid()}-{time.monotonic_ns()}.gone")
    try:
        folder.rename(doomed)
    except OSError:
        doomed = folder
    shutil.rmtree(doomed, ignore_errors=True)
