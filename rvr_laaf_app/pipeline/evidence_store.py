"""What the detectors found in a clip, in the cache on disk: chunks of frames and the sound, each whole or not there."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.atomic import discard
from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.core.evidence import GRID, SOUND_BANDS, ClipEvidence, box_of
from rvr_laaf_app.media.cache import cache_root, write_product

CHUNK_FRAMES = 240
SAME_FACE = 0.3
_DIGEST_SIZE = 16
Arrays = dict[str, NDArray[np.generic]]


class EvidenceStore:
    """The evidence of one clip by one set of detectors; key: name and version of all of them."""

    def __init__(self, fingerprint: str, key: str) -> None:
        name = hashlib.blake2b(f"{fingerprint}\0{key}".encode(), digest_size=16).hexdigest()
        self.folder = cache_root() / "evidence" / name

    def has(self, start: int) -> bool:
        """Tell whether the chunk that begins at frame `start` is there (its bytes are checked when it is read)."""
        return self._path(start).is_file()

    def write(self, start: int, arrays: Arrays) -> None:
        """Store a chunk of frames; start -1 = the sound."""
        body = io.BytesIO()
        np.savez_compressed(body, **arrays)  # type: ignore[arg-type]
        data = body.getvalue()
        write_product(self._path(start), [hashlib.blake2b(data, digest_size=_DIGEST_SIZE).digest(), data])

    def read(self, start: int) -> Arrays:
        """Return what `write` stored; raise CacheError if it is absent or damaged (and then set it aside)."""
        path = self._path(start)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CacheError("what the detectors found is missing", where=path) from error
        body = data[_DIGEST_SIZE:]
        if hashlib.blake2b(body, digest_size=_DIGEST_SIZE).digest() != data[:_DIGEST_SIZE]:
            discard(path)
            raise CacheError("what the detectors found is damaged", where=path, remedy="It will be computed again.")
        with np.load(io.BytesIO(body), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    def clear(self) -> None:
        """Delete everything of this clip."""
        for path in self.folder.glob("*.npz"):
            discard(path)

    def _path(self, start: int) -> Path:
        return self.folder / ("sound.npz" if start < 0 else f"{start:09d}.npz")


def assembled(store: EvidenceStore, times_s: NDArray[np.float64], *, sound: bool) -> ClipEvidence:
    """Return the evidence of the whole clip from its chunks; faces go on under one number from chunk to chunk."""
    columns, rows = GRID
    chunks = [store.read(start) for start in range(0, len(times_s), CHUNK_FRAMES)]
    faces = _linked([np.asarray(chunk["faces"], np.float32) for chunk in chunks])
    heard = np.asarray(store.read(-1)["sound"], np.float32) if sound else None

    def joined(name: str, shape: tuple[int, ...], kind: type[np.float16] | type[np.float32]) -> NDArray[np.floating]:
        return np.concatenate([np.asarray(chunk[name], kind).reshape(-1, *shape) for chunk in chunks])

    return ClipEvidence(
        times_s,
        tuple(int(c) for chunk in chunks for c in chunk["cuts"]),
        np.asarray(joined("motion", (rows, columns), np.float16), np.float16),
        np.asarray(joined("saliency", (rows, columns), np.float16), np.float16),
        np.asarray(joined("camera", (3,), np.float32), np.float32),
        faces,
        np.asarray(joined("blobs", (9,), np.float32), np.float32),
        heard if heard is not None and heard.shape[1:] == (4 + SOUND_BANDS,) and len(heard) else None,
    )


def _linked(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return all faces [M, 10] with numbers that are unique in the clip and go on where one chunk follows another."""
    done: list[NDArray[np.float32]] = []
    taken = 0
    for part in parts:
        rows = part.reshape(-1, 10).copy()
        names: dict[int, int] = {}
        if len(rows) and done and len(done[-1]):
            last, first = done[-1], rows[rows[:, 0] == rows[0, 0]]
            ends = last[last[:, 0] == last[-1, 0]]
            if first[0, 0] == ends[0, 0] + 1:
                for face in first:
                    shares = [box_of(face[2:]).overlap(box_of(end[2:])) for end in ends]
                    if max(shares) > SAME_FACE:
                        names[int(face[1])] = int(ends[int(np.argmax(shares)), 1])
        for number in np.unique(rows[:, 1]).astype(int):
            if number not in names:
                names[number] = taken
                taken += 1
        rows[:, 1] = [names[int(number)] for number in rows[:, 1]]
        done.append(rows)
    return np.concatenate(done) if done else np.zeros((0, 10), np.float32)
