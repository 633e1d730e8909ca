"""Depth with the user's repairs: the one place where the estimate and what was carried of the strokes come together.

Masks are derived from the clip, kept beside its products under a hash of what they follow from, and made again
whenever they are missing (`pipeline.repair_carry`); a repair whose masks are not there yet changes nothing yet. The
estimate itself is never written to.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.core.frame import RgbdFrame
from rvr_laaf_app.document.repair import Repair
from rvr_laaf_app.flow.carry import CARRY_VERSION, Carried
from rvr_laaf_app.media.memory_cache import MemoryCache
from rvr_laaf_app.media.plane_file import read_planes, write_planes

if TYPE_CHECKING:
    from rvr_laaf_app.pipeline.products import ClipProducts

FOLDER = "repairs"
CHUNK = 16  # frames in one file; where a piece ends, the mask is set anew on the edges of its last frame
MASK_BYTES = 96 * 2**20
LEVEL_RADIUS = 0.008  # of the picture's width: where the depth of a sample is measured
LEVEL_FRAMES = 3  # before and after: the mean of so many does not flicker with the sample's pixel
SURE = 0.35  # below this the sampled place is taken for hidden
Way = Literal["back", "ahead"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames that are carried together: way and number of the piece, and its frames, nearest to the stroke first."""

    way: Way
    number: int
    frames: tuple[int, ...]

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.way}-{self.number:05d}.planes"

    @property
    def before_first(self) -> int:
        """The frame from which its first frame is reached."""
        return self.frames[0] - (1 if self.way == "ahead" else -1)

    @property
    def before(self) -> Piece | None:
        """The piece that it goes on from; None: the stroke's own frame."""
        if self.number == 0:
            return None
        step = -1 if self.way == "ahead" else 1
        last = self.before_first
        frames = tuple(last + step * n for n in reversed(range(CHUNK)))
        return Piece(self.way, self.number - 1, frames)


def pieces_of(products: ClipProducts, repair: Repair) -> Iterator[Piece]:
    """Yield the pieces of a repair's shot within its reach that can be carried now, nearest first.

    Whole pieces: a reach that ends inside one does not cut it. The shot's end must be known.
    """
    start, stop = products.meta.shot_at(repair.frame)
    known = stop if products.meta.done >= stop else products.meta.done
    ways: dict[Way, range] = {
        "ahead": range(repair.frame + 1, stop),
        "back": range(repair.frame - 1, start - 1, -1),
    }
    reach = {"ahead": repair.brush.ahead, "back": repair.brush.back}
    for number in range(max(-(-r // CHUNK) for r in reach.values())):
        for way, frames in ways.items():
            part = tuple(frames[number * CHUNK : (number + 1) * CHUNK])
            if part and number * CHUNK < reach[way] and max(part) < known:
                yield Piece(way, number, part)


def within_reach(repairs: Sequence[Repair], start: int, stop: int) -> list[int]:
    """Return the frames of [start, stop) that any of these repairs may change, in order."""
    reached: set[int] = set()
    for repair in repairs:
        if repair.on:
            first, last = repair.frame - repair.brush.back, repair.frame + repair.brush.ahead
            reached.update(range(max(first, start), min(last + 1, stop)))
    return sorted(reached)


class CarriedRepairs:
    """The masks of one clip's repairs on disk. One thread writes at a time; any thread reads.

    version: grows whenever there is more to see.
    """

    def __init__(self, products_folder: Path) -> None:
        self._root = products_folder / FOLDER
        self._masks: MemoryCache[tuple[str, int], Carried] = MemoryCache(MASK_BYTES, lambda c: c.alpha.nbytes + 64)
        self._levels: MemoryCache[tuple[Hashable, ...], NDArray[np.float32]] = MemoryCache(2**20, lambda _: 64)
        self._there: set[Path] = set()
        self._lock = threading.Lock()
        self.version = 0

    def clear(self) -> None:
        """Forget what is kept in memory; the files go with those of the products."""
        self._masks.clear()
        self._levels.clear()
        with self._lock:
            self._there.clear()
            self.version += 1

    def folder(self, products: ClipProducts, repair: Repair) -> Path:
        """Return the folder of the masks of one stroke."""
        facts = f"{CARRY_VERSION}|{CHUNK}|{products.map_source_size}|{repair.shape_digest}"
        return self._root / hashlib.blake2b(facts.encode(), digest_size=12).hexdigest()

    def has(self, products: ClipProducts, repair: Repair, piece: Piece | None) -> bool:
        """Tell whether a piece is carried; None: the stroke's own frame."""
        return self._exists(self.folder(products, repair) / _name(piece))

    def _exists(self, path: Path) -> bool:
        if path in self._there:
            return True
        if not path.exists():
            return False
        with self._lock:
            self._there.add(path)
        return True

    def write(self, products: ClipProducts, repair: Repair, piece: Piece | None, frames: Sequence[Carried]) -> None:
        """Keep the masks of a piece (None: of the stroke's own frame)."""
        path = self.folder(products, repair) / _name(piece)
        write_planes(path, [c.as_planes() for c in frames])
        with self._lock:
            self._there.add(path)
            self.version += 1

    def read(self, products: ClipProducts, repair: Repair, piece: Piece | None) -> list[Carried]:
        """Return the masks of a piece; CacheError if they are absent or damaged."""
        path = self.folder(products, repair) / _name(piece)
        try:
            return [Carried.from_planes(group) for group in read_planes(path)]
        except ValueError as error:
            raise CacheError("the masks of a repair cannot be read", where=path) from error
        except CacheError:
            with self._lock:
                self._there.discard(path)
            raise

    def at(self, products: ClipProducts, repair: Repair, index: int) -> Carried | None:
        """Return what was carried of a repair to frame `index`; None if it is not there (yet)."""
        place = _place(products, repair, index)
        if place is None:
            return None
        path = self.folder(products, repair) / place[0]
        key = (str(path), place[1])
        found = self._masks.get(key)
        if found is None:
            if not self._exists(path):
                return None
            try:
                group = [Carried.from_planes(g) for g in read_planes(path)]
            except (CacheError, ValueError):  # set aside by reading it: it is carried again
                with self._lock:
                    self._there.discard(path)
                return None
            for number, carried in enumerate(group):
                self._masks.put((str(path), number), carried)
            found = group[place[1]] if place[1] < len(group) else None
        return found

    def state(self, products: ClipProducts, index: int, repairs: Sequence[Repair]) -> Hashable:
        """Return what decides the repairs' effect on frame `index`: () if there is none."""
        acting = []
        for repair in repairs:
            if repair.reaches(index):
                place = _place(products, repair, index)
                if place is not None and self._exists(self.folder(products, repair) / place[0]):
                    brush = repair.brush
                    acting.append((repair.shape_digest, repair.kind, brush.strength, repair.shift, repair.fade(index)))
        return tuple(acting)

    def level(self, products: ClipProducts, repair: Repair, index: int) -> float | None:
        """Return the disparity that the sample of a "same" repair has at frame `index`; None if it cannot be known."""
        settled = products.settled(index + 1)
        key = (repair.shape_digest, index)
        known = self._levels.get(key) if settled else None
        if known is None:
            start, stop = products.meta.shot_at(repair.frame)
            span = range(max(index - LEVEL_FRAMES, start), min(index + LEVEL_FRAMES + 1, stop))
            measured = [v for v in (self._level_in(products, repair, i) for i in span) if v is not None]
            if not measured:
                measured = [v for v in (self._held(products, repair, index),) if v is not None]
            known = np.array([np.mean(measured) if measured else np.nan], np.float32)
            if settled:
                self._levels.put(key, known)
        return None if np.isnan(known[0]) else float(np.clip(known[0] + repair.shift, 0.0, 1.0))

    def _held(self, products: ClipProducts, repair: Repair, index: int) -> float | None:
        """Return the level where the sample was last seen on the way to frame `index`."""
        step = 1 if repair.frame > index else -1
        for near in range(index, repair.frame + step, step):
            value = self._level_in(products, repair, near)
            if value is not None:
                return value
        return None

    def _level_in(self, products: ClipProducts, repair: Repair, index: int) -> float | None:
        carried = self.at(products, repair, index)
        if carried is None or carried.place is None or carried.sure < SURE or not products.has(index):
            return None
        return level_around(products.rgbd(index), *carried.place)


def level_around(rgbd: RgbdFrame, x: float, y: float) -> float:
    """Return the median disparity around a place (0..1) of a frame."""
    width, height = rgbd.size
    reach = max(1, round(LEVEL_RADIUS * width))
    column, row = min(max(int(x * width), 0), width - 1), min(max(int(y * height), 0), height - 1)
    part = rgbd.disparity[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
    return float(np.median(part.astype(np.float32)))


def repaired(products: ClipProducts, estimate: RgbdFrame, repairs: Sequence[Repair]) -> RgbdFrame:
    """Return a frame with the repairs laid over its estimate, one over the other; the estimate itself if none acts.

    Pixels that none touches keep their bits. Where the user has spoken, depth counts as certain.
    """
    weights = [(repair, _weight(products, repair, estimate)) for repair in repairs]
    acting = [(repair, weight) for repair, weight in weights if weight is not None]
    if not acting:
        return estimate
    disparity, doubt = estimate.disparity.astype(np.float32), 1 - estimate.confidence.astype(np.float32)
    touched = np.zeros(disparity.shape, np.bool_)
    for repair, weight in acting:
        if repair.kind == "same":
            level = products.carried.level(products, repair, estimate.index)
            if level is None:
                continue
            disparity += weight * np.float32(repair.brush.strength) * (np.float32(level) - disparity)
        else:
            disparity += weight * np.float32(repair.step)
        doubt *= 1 - weight
        touched |= weight > 0
    mended = np.where(touched, np.clip(disparity, 0.0, 1.0).astype(np.float16), estimate.disparity)
    sure = np.where(touched, (1 - doubt).astype(np.float16), estimate.confidence)
    return replace(estimate, disparity=mended, confidence=sure, _digest=[])


def _weight(products: ClipProducts, repair: Repair, frame: RgbdFrame) -> NDArray[np.float32] | None:
    """Return the repair's weight [h, w] 0..1 at a frame; None if it has none there."""
    fade = repair.fade(frame.index)
    carried = products.carried.at(products, repair, frame.index) if fade > 0 else None
    if carried is None or not carried.alpha.any():
        return None
    weight = carried.alpha.astype(np.float32) * np.float32(fade / 255)
    if weight.shape != frame.disparity.shape:
        weight = np.asarray(cv2.resize(weight, frame.size, interpolation=cv2.INTER_LINEAR), np.float32)
    return weight


def _place(products: ClipProducts, repair: Repair, index: int) -> tuple[str, int] | None:
    """Return the file with frame `index` of a repair and the number of the frame in it; None in another shot."""
    start, stop = products.meta.shot_at(repair.frame)
    if not start <= index < stop:
        return None
    if index == repair.frame:
        return _name(None), 0
    offset = abs(index - repair.frame) - 1
    way: Way = "ahead" if index > repair.frame else "back"
    return Piece(way, offset // CHUNK, ()).name, offset % CHUNK


def _name(piece: Piece | None) -> str:
    return "origin.planes" if piece is None else piece.name


def drop_unused(products: ClipProducts, repairs: Sequence[Repair], *, most: int = 64) -> None:
    """Delete the masks of strokes that no repair has, all but the newest `most`: undo may want those again."""
    root = products.store.folder / FOLDER
    used = {products.carried.folder(products, r) for r in repairs}
    try:
        spare = [p for p in root.iterdir() if p.is_dir() and p not in used]
        spare.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    except OSError:
        return
    for path in spare[most:]:
        shutil.rmtree(path, ignore_errors=True)
