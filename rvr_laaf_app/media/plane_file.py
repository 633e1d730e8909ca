"""Planes of 8 and 16 bits in one file that proves itself: what a filter remembers between two parts of its work.

A file holds a list of groups (one a frame, say) of planes. It appears whole or not at all, and whoever reads it gets
back exactly what was written, or CacheError. It does not know what the planes mean.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.atomic import discard
from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.media.cache import pack_plane, unpack_plane, write_product

Plane = NDArray[np.uint8 | np.uint16]

_MAGIC = b"RVRPLN01"
_COUNT = struct.Struct("<I")
_PLANE = struct.Struct("<BIII")  # bytes a sample, height, width, length of the coded plane
_DIGEST_SIZE = 16


def write_planes(path: Path, groups: Sequence[Sequence[Plane]]) -> None:
    """Write groups of planes [h, w] uint8 or uint16, sizes as they come; raise CacheError if that is impossible."""
    pieces = [_MAGIC, _COUNT.pack(len(groups))]
    for group in groups:
        pieces.append(_COUNT.pack(len(group)))
        for plane in group:
            data = pack_plane(plane)
            pieces += [_PLANE.pack(plane.dtype.itemsize, *plane.shape, len(data)), data]
    state = hashlib.blake2b(digest_size=_DIGEST_SIZE)
    for piece in pieces:
        state.update(piece)
    write_product(path, [*pieces, state.digest()])


def read_planes(path: Path) -> list[list[Plane]]:
    """Return what `write_planes` wrote; raise CacheError if it is absent or damaged (and then set it aside)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CacheError(f"what the filter remembered is missing ({error.strerror})", where=path) from error
    body = data[:-_DIGEST_SIZE]
    if body[:8] != _MAGIC or hashlib.blake2b(body, digest_size=_DIGEST_SIZE).digest() != data[-_DIGEST_SIZE:]:
        discard(path)
        raise CacheError("what the filter remembered is damaged", where=path, remedy="It will be computed again.")
    try:
        return _groups(body)
    except (struct.error, ValueError, zlib.error) as error:
        discard(path)
        raise CacheError("what the filter remembered cannot be read", where=path) from error


def _groups(body: bytes) -> list[list[Plane]]:
    place = len(_MAGIC)
    groups: list[list[Plane]] = []
    (count,) = _COUNT.unpack_from(body, place)
    place += _COUNT.size
    for _ in range(count):
        (planes,) = _COUNT.unpack_from(body, place)
        place += _COUNT.size
        group: list[Plane] = []
        for _ in range(planes):
            itemsize, height, width, length = _PLANE.unpack_from(body, place)
            place += _PLANE.size
            data = body[place : place + length]
            group.append(unpack_plane(data, (height, width), np.uint8 if itemsize == 1 else np.uint16))
            place += length
        groups.append(group)
    return groups
