"""Refocused pictures of a clip kept for playing: small, compressed, named by everything that decides what they show.

A picture is JPEG (4:4:4, quality 92; against the picture it was made from about 47 dB) of at most 960x540. It lies in
memory while there is room and on the disk within a limit over all clips. Nothing here is truth: every file may vanish
at any time and is then made again. Pictures that stand still, and exports, never come from here.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.atomic import temporary_beside
from rvr_laaf_app.core.geometry import fit_long_side
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.laaf.curve import FocusCurve
from rvr_laaf_app.media.cache import cache_root
from rvr_laaf_app.media.memory_cache import MemoryCache
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.pipeline.resolve import resolve
from rvr_laaf_app.render.base import DEFAULT_RENDERER, RENDERERS

PROXY_ROOM: Final = (960, 540)
MEMORY_BYTES: Final = 128 * 2**20  # about 1,500 pictures: a minute
DISK_BYTES: Final = 2 * 2**30  # of all clips together: about a quarter of an hour
_LOWERED: Final = 0.9  # pruned down to this share, so that it is not needed again at once
_QUALITY: Final = 92
_FORM: Final = 1  # raise it when the pictures or their names mean something else
_FOCUS_STEPS: Final = 1 << 14  # of disparity: a plane moved by less blurs less than a hundredth of a pixel
_SUFFIX: Final = ".jpg"
log = logging.getLogger(__name__)


class ProxyStore:
    """The pictures of one analysed clip, by key. Safe to use from many threads."""

    def __init__(self, folder: Path, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self.folder = folder
        self._memory: MemoryCache[str, bytes] = MemoryCache(memory_bytes, len)
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def scan(self) -> None:
        """Learn what lies on the disk."""
        names = {entry.stem for entry in _files(self.folder)}
        with self._lock:
            self._known |= names

    def __contains__(self, key: str) -> bool:
        with self._lock:
            return key in self._known or key in self._memory

    def get(self, key: str) -> NDArray[np.uint8] | None:
        """Return a picture as [h, w, 4] uint8 (blue, green, red, 255), None if it is not (or no longer) here."""
        data = self._memory.get(key) or self._read(key)
        found = None if data is None else cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if data is None or found is None:
            self._forget(key)
            return None
        self._memory.put(key, data)
        pixels: NDArray[np.uint8] = cv2.cvtColor(found, cv2.COLOR_BGR2BGRA).astype(np.uint8, copy=False)
        return pixels

    def put(self, key: str, rgb: NDArray[np.uint8]) -> None:
        """Keep a picture [h, w, 3] uint8; a disk that is full or cannot be written costs nothing but the file."""
        flags = (cv2.IMWRITE_JPEG_QUALITY, _QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR)
        done, data = cv2.imencode(_SUFFIX, rgb[..., ::-1], [*flags, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444])
        if not done:
            return
        self._memory.put(key, data.tobytes())
        path = self.folder / f"{key}{_SUFFIX}"
        part = temporary_beside(path)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data.tobytes())  # not flushed to the disk: a torn picture is seen when it is read
            os.replace(part, path)
        except OSError as error:
            log.info("a picture for playing is kept in memory only: %s", error)
            with contextlib.suppress(OSError):
                part.unlink()
            return
        with self._lock:
            self._known.add(key)

    def _read(self, key: str) -> bytes | None:
        with contextlib.suppress(OSError):
            path = self.folder / f"{key}{_SUFFIX}"
            data = path.read_bytes()
            os.utime(path)  # used just now: the last to be pruned
            return data
        return None

    def _forget(self, key: str) -> None:
        with self._lock:
            self._known.discard(key)
        self._memory.discard(key)
        with contextlib.suppress(OSError):
            (self.folder / f"{key}{_SUFFIX}").unlink()


def proxy_store(products: ClipProducts) -> ProxyStore:
    """Return the store for the pictures that come from these products."""
    return ProxyStore(_root() / products.store.folder.name)


class ProxyKeys:
    """Names of the pictures of one project: another value of anything that decides a picture gives another name."""

    def __init__(self, products: ClipProducts, project: Project, curve: FocusCurve) -> None:
        self._products, self._project, self._curve = products, project, curve
        renderer = RENDERERS.load(DEFAULT_RENDERER)
        self._common = f"{_FORM}|{renderer.name}|{renderer.version}|{products.key.digest}|".encode()
        self._size = proxy_size(products.info.display_size)

    def of(self, index: int) -> str:
        """Return the name of a frame's picture."""
        products, project = self._products, self._project
        full_width = products.info.display_size[0]
        request = resolve(project, self._curve, index, size=self._size, full_width=full_width, quality="final")
        plane = round(request.focus_disparity * _FOCUS_STEPS)
        facts = (
            replace(request, focus_disparity=plane),
            products.range_at(index),
            products.settled(index + 1),
            products.repair_state(index, project.repairs),
        )
        return hashlib.blake2b(self._common + repr(facts).encode(), digest_size=16).hexdigest()


def proxy_size(display_size: tuple[int, int]) -> tuple[int, int]:
    """Return the size (width, height) of a clip's pictures for playing."""
    width, height = display_size
    scale = min(1.0, PROXY_ROOM[0] / width, PROXY_ROOM[1] / height)
    return fit_long_side(display_size, max(16, int(max(width, height) * scale)))


def prune_proxies(max_bytes: int = DISK_BYTES) -> int:
    """Delete what was not used for longest, of all clips, if all take more than `max_bytes`; return bytes freed."""
    found = []
    for folder in _folders(_root()):
        for path in _files(folder):
            with contextlib.suppress(OSError):
                facts = path.stat()
                found.append((facts.st_mtime, facts.st_size, path))
    total = sum(size for _, size, _ in found)
    freed = 0
    if total <= max_bytes:
        return 0
    for _, size, path in sorted(found):
        if total - freed <= max_bytes * _LOWERED:
            break
        with contextlib.suppress(OSError):
            path.unlink()
            freed += size
    return freed


def _root() -> Path:
    return cache_root() / "proxies"


def _folders(root: Path) -> Iterable[Path]:
    with contextlib.suppress(OSError):
        return [entry for entry in root.iterdir() if entry.is_dir()]
    return []


def _files(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [entry for entry in folder.iterdir() if entry.suffix == _SUFFIX]
    return []
