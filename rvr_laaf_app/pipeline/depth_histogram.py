"""How depth is spread in every frame of a clip, small enough to be looked at over the whole clip at once.

Of each analysed frame it keeps a histogram of disparity and the mean confidence, with coarser levels above them for a
view from far. It is made from the analysis products, beside which it is kept on disk, and can always be made again. It
knows nothing of targets, and nothing of how it is drawn.
"""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.core.frame import RgbdFrame
from rvr_laaf_app.document.repair import Repair
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.pipeline.repaired import within_reach

RAW_BINS = 256  # of disparity as the estimator gave it, before the range of its shot is known
BINS = 64  # of disparity normalised over the shot, as `ClipProducts.rgbd` gives it
CURVE = 0.4  # code = 255 * share ** CURVE: a small subject of one per cent of the picture still gets 40 of 255
MOST_ENTRIES = 2**17  # longer clips (an hour at 30 fps) are looked at every second, third... frame: 60 MB at most
BLOCK = 512  # entries per file
_MAGIC = b"RVRHIST1"
_ROWS_AT_ONCE = 4096
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """Histograms of runs of frames, each twice as long as those of the level below.

    mean, most [N, BINS] uint8: mean and maximum of the frames' codes, bin 0 is the farthest.
    confidence [N] uint8: mean, 255 = sure. known [N] bool: at least one frame of the run was measured.
    """

    mean: NDArray[np.uint8]
    most: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    known: NDArray[np.bool_]


class DepthProfile:
    """The histograms of one clip. One thread writes; others may read at any time and see the rest with a later version.

    step: every how many frames one is measured (1 up to MOST_ENTRIES frames). version: grows with each change.
    """

    def __init__(self, frames: int) -> None:
        if frames < 1:
            raise ValueError("a clip has at least one frame")
        self.frames = frames
        self.step = -(-frames // MOST_ENTRIES)
        self.entries = -(-frames // self.step)
        self.version = 0
        self.levels = _empty_levels(self.entries)
        self.repaired: dict[int, Hashable] = {}  # entry -> under which repairs of the depth it was measured
        self.wanted: tuple[Hashable, dict[int, Hashable]] = ((), {})  # what is asked for now, and what follows from it
        self.passing = np.zeros(self.entries, bool)  # measured before the shot was steadied as a whole
        self._raw = np.zeros((self.entries, RAW_BINS), np.uint8)
        self._shots: dict[int, tuple[int, tuple[float, float]]] = {}  # first entry -> stop, limits used

    @property
    def known(self) -> NDArray[np.bool_]:
        """[entries] bool: what was measured."""
        return self.levels[0].known

    def level_for(self, frames_per_column: float) -> int:
        """Return the level whose runs are at least as long as a column of the picture, so that none is left out."""
        ratio = max(frames_per_column / self.step, 1.0)
        return min(int(np.ceil(np.log2(ratio))), len(self.levels) - 1)

    def put(self, start: int, raw: NDArray[np.uint8], confidence: NDArray[np.uint8]) -> None:
        """Take over measured entries from `start` on: raw codes [n, RAW_BINS] and confidence [n]; then `refresh`."""
        stop = start + len(raw)
        self._raw[start:stop] = raw
        self.levels[0].confidence[start:stop] = confidence
        self.levels[0].known[start:stop] = True

    def block(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return raw codes and confidence of one block of entries, for keeping."""
        part = slice(number * BLOCK, min((number + 1) * BLOCK, self.entries))
        return self._raw[part], self.levels[0].confidence[part]

    def refresh(self, shots: list[tuple[int, int, tuple[float, float]]], changed: tuple[int, int]) -> None:
        """Normalise again what needs it: entries [changed), and shots whose range (low, high) moved.

        shots: first frame, stop, limits of each.
        """
        spans = []
        for first_frame, stop_frame, limits in shots:
            first, stop = -(-first_frame // self.step), min(-(-stop_frame // self.step), self.entries)
            moved = self._shots.get(first) != (stop, limits)
            self._shots[first] = (stop, limits)
            a, b = (first, stop) if moved else (max(first, changed[0]), min(stop, changed[1]))
            if a < b:
                self._normalise(a, b, limits)
                spans.append((a, b))
        for a, b in spans:
            self._raise_levels(a, b)
        self.version += 1

    def _normalise(self, start: int, stop: int, limits: tuple[float, float]) -> None:
        spread = _spread(limits)
        for a in range(start, stop, _ROWS_AT_ONCE):
            b = min(a + _ROWS_AT_ONCE, stop)
            shares = _SHARES[self._raw[a:b]] @ spread
            self.levels[0].mean[a:b] = np.rint(255 * np.minimum(shares, 1.0) ** CURVE)

    def _raise_levels(self, start: int, stop: int) -> None:
        """Bring the coarser levels up to date above entries [start, stop)."""
        for below, above in pairwise(self.levels):
            start, stop = start // 2, -(-stop // 2)
            pairs = np.minimum(np.arange(2 * start, 2 * stop), len(below.known) - 1).reshape(-1, 2)
            weight = below.known[pairs].astype(np.uint16)
            weight[pairs[:, 0] == pairs[:, 1], 1] = 0  # the odd one at the end
            total = np.maximum(weight.sum(axis=1), 1).astype(np.uint16)
            sums = (below.mean[pairs] * weight[..., None]).sum(axis=1, dtype=np.uint16)
            above.mean[start:stop] = sums // total[:, None]
            above.most[start:stop] = (below.most[pairs] * weight[..., None].astype(np.uint8)).max(axis=1)
            above.confidence[start:stop] = (below.confidence[pairs] * weight).sum(axis=1, dtype=np.uint16) // total
            above.known[start:stop] = weight.any(axis=1)


def _empty_levels(entries: int) -> tuple[Level, ...]:
    levels: list[Level] = []
    count = entries
    while True:
        mean = np.zeros((count, BINS), np.uint8)
        most = mean if not levels else np.zeros((count, BINS), np.uint8)
        levels.append(Level(mean, most, np.zeros(count, np.uint8), np.zeros(count, bool)))
        if count == 1:
            return tuple(levels)
        count = -(-count // 2)


# The raw codes are coarser steps of the same kind, by square root: 1 of 255 is a share of 15 in a million.
_SHARES = ((np.arange(256, dtype=np.float32) / np.float32(255)) ** 2).astype(np.float32)


def _spread(limits: tuple[float, float]) -> NDArray[np.float32]:
    """Return [RAW_BINS, BINS]: the share of a raw bin that falls into each bin of a shot; the ends take the rest."""
    edges = np.linspace(limits[0], limits[1], BINS + 1)
    edges[0], edges[-1] = -1.0, 2.0
    below = np.clip(edges[None, :] * RAW_BINS - np.arange(RAW_BINS)[:, None], 0.0, 1.0)
    return np.diff(below, axis=1).astype(np.float32)


def raw_histogram(frame: RgbdFrame) -> tuple[NDArray[np.uint8], int]:
    """Return (codes [RAW_BINS] uint8 of the share of pixels, mean confidence 0..255) of one frame, not normalised."""
    disparity = frame.disparity[::2, ::2].astype(np.float32).ravel()
    bins = np.clip(np.nan_to_num(disparity) * RAW_BINS, 0, RAW_BINS - 1).astype(np.intp)
    shares = np.bincount(bins, minlength=RAW_BINS) / max(len(bins), 1)
    confidence = float(np.nan_to_num(frame.confidence[::2, ::2].astype(np.float32)).mean())
    return np.rint(255 * np.sqrt(shares)).astype(np.uint8), round(255 * min(max(confidence, 0.0), 1.0))


def measure(
    products: ClipProducts, profile: DepthProfile, *, at: int, most: int = 16, repairs: Sequence[Repair] = ()
) -> bool:
    """Measure up to `most` entries that are analysed but not known yet, those near frame `at` first.

    Then those that `repairs` of the depth change, or changed before; only the estimate is kept on disk.
    What was measured while its shot was still moving is measured again once the shot is final, and only then kept.
    Returns False if there was nothing to do. What was kept on disk is read instead, a whole block at once. Raises
    CacheError if products cannot be read any more (the analysis will make them again).
    """
    analysed = min(-(-products.meta.done // profile.step), profile.entries)
    final = products.meta.final // profile.step if not products.meta.complete else profile.entries
    wanted = ~profile.known[:analysed]
    wanted[:final] |= profile.passing[:analysed][:final]
    missing = np.flatnonzero(wanted)
    if not len(missing):
        return _measure_repaired(products, profile, repairs, at=at, most=most)
    from_here = missing[missing // BLOCK >= at // profile.step // BLOCK]
    first = int(from_here[0]) if len(from_here) else int(missing[0])
    number = first // BLOCK
    start, stop = number * BLOCK, min((number + 1) * BLOCK, profile.entries)
    fresh = stop <= final and (wanted[start:stop] | profile.passing[start:stop]).all()
    kept = _read_block(_block_path(products, profile, number), stop - start) if fresh else None
    if kept is not None:
        profile.put(start, *kept)
        profile.repaired = {entry: state for entry, state in profile.repaired.items() if not start <= entry < stop}
        profile.passing[start:stop] = False
        profile.refresh(shots_of(products), (start, stop))
        return True
    end = first
    while end < min(stop, analysed, first + most) and wanted[end]:
        end += 1
    _measure_frames(products, profile, first, end)
    profile.repaired = {entry: state for entry, state in profile.repaired.items() if not first <= entry < end}
    profile.passing[first:end] = np.arange(first, end) >= final
    mended = any(start <= entry < stop for entry in profile.repaired)
    if profile.known[start:stop].all() and not profile.passing[start:stop].any() and not mended:
        _write_block(_block_path(products, profile, number), *profile.block(number))
    return True


def _measure_frames(products: ClipProducts, profile: DepthProfile, first: int, end: int) -> None:
    """Measure entries [first, end) and take them over."""
    rows, sure = np.zeros((end - first, RAW_BINS), np.uint8), np.zeros(end - first, np.uint8)
    for entry in range(first, end):
        rows[entry - first], sure[entry - first] = raw_histogram(products.raw(entry * profile.step))
    profile.put(first, rows, sure)
    profile.refresh(shots_of(products), (first, end))


def _measure_repaired(
    products: ClipProducts, profile: DepthProfile, repairs: Sequence[Repair], *, at: int, most: int
) -> bool:
    """Measure some of the entries whose repairs are not those they were measured under; False if there are none."""
    wanted = _states_of(products, profile, repairs) if repairs else {}
    stale = [e for e in wanted.keys() | profile.repaired.keys() if wanted.get(e, ()) != profile.repaired.get(e, ())]
    if not stale:
        return False
    for entry in sorted(stale, key=lambda e: abs(e * profile.step - at))[:most]:
        index = entry * profile.step
        frame = products.rgbd(index, repairs)
        low, high = products.range_at(index).limits
        raw = (frame.disparity.astype(np.float32) * (high - low) + low).astype(np.float16)
        row, sure = raw_histogram(replace(frame, disparity=raw, _digest=[]))
        profile.put(entry, row[None], np.array([sure], np.uint8))
        profile.refresh(shots_of(products), (entry, entry + 1))
        if wanted.get(entry, ()) == ():
            profile.repaired.pop(entry, None)
        else:
            profile.repaired[entry] = wanted[entry]
    return True


def _states_of(products: ClipProducts, profile: DepthProfile, repairs: Sequence[Repair]) -> dict[int, Hashable]:
    """Return the state of the repairs for each entry that is known and within reach; worked out once per state."""
    key = (tuple(repairs), products.carried.version, int(profile.known.sum()))
    if profile.wanted[0] != key:
        frames = within_reach(repairs, 0, products.meta.frames)
        entries = [i // profile.step for i in frames if i % profile.step == 0 and profile.known[i // profile.step]]
        profile.wanted = key, {e: products.repair_state(e * profile.step, repairs) for e in entries}
    return profile.wanted[1]


def shots_of(products: ClipProducts) -> list[tuple[int, int, tuple[float, float]]]:
    """Return first frame, stop and range of disparity of each shot as far as it is known."""
    meta = products.meta
    bounds = [0, *meta.cuts, meta.frames]
    return [(a, b, r.limits) for (a, b), r in zip(pairwise(bounds), meta.ranges, strict=False)]


def _block_path(products: ClipProducts, profile: DepthProfile, number: int) -> Path:
    return products.store.folder / f"depth-{profile.step}-{number:05d}.hist"


def _write_block(path: Path, raw: NDArray[np.uint8], confidence: NDArray[np.uint8]) -> None:
    packed = zlib.compress(raw.tobytes() + confidence.tobytes(), 1)
    digest = hashlib.blake2b(packed, digest_size=16).digest()
    try:
        write_atomic(path, [_MAGIC, digest, packed])
    except OSError as error:  # it is made again the next time; the analysis itself complains of a full disk
        log.info("histograms are not kept: %s", error)


def _read_block(path: Path, count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """Return raw codes [count, RAW_BINS] and confidence [count]; None if the file is missing or damaged."""
    try:
        data = path.read_bytes()
        packed = data[24:]
        if data[:8] != _MAGIC or hashlib.blake2b(packed, digest_size=16).digest() != data[8:24]:
            raise CacheError("damaged histograms", where=path)
        values = np.frombuffer(zlib.decompress(packed), np.uint8)
        return values[: count * RAW_BINS].reshape(count, RAW_BINS), values[count * RAW_BINS :].reshape(count)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, CacheError, zlib.error) as error:
        log.info("histograms are measured again: %s", error)
        return None
