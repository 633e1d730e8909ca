"""What analysis knows of a clip: disparity, light and confidence of each frame, the cuts, and each shot's depth range.

Products depend on the clip and on the versions of estimator, flow and filter, never on the project: moving a target
costs a render, not an inference. They live in the cache on disk and can always be computed again.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.core.frame import ClipTrait, RgbdFrame
from rvr_laaf_app.core.geometry import fit_long_side
from rvr_laaf_app.document.project import SubjectTrack
from rvr_laaf_app.estimate.base import ESTIMATORS, RgbdEstimator
from rvr_laaf_app.flow.normalise import DisparityRange
from rvr_laaf_app.media.cache import ProductStore, store_for
from rvr_laaf_app.media.memory_cache import MemoryCache
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.track.disparity import subject_disparity

UNFILTERED = "none"  # version of flow and filter where disparity is taken as it is, frame by frame
ANALYSIS_LONG_SIDE = 640  # of the frames that the estimator sees, and at most of the maps it returns
MEMORY_BYTES = 256 * 2**20
LEVELS_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class AnalysisKey:
    """Everything that decides what the products are; a change of any makes them stale."""

    estimator: str
    estimator_version: str
    flow_version: str
    filter_version: str
    long_side: int

    @property
    def digest(self) -> str:
        """Short name for the cache folder."""
        text = "|".join(str(v) for v in asdict(self).values())
        return f"{self.estimator}-{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


@dataclass(frozen=True, slots=True)
class ProductMeta:
    """The small facts beside the frames.

    done: frames analysed so far, from 0. cuts: first frames of shots after the first. ranges: one per shot begun,
    the last of them still moving until its shot is done.
    """

    frames: int
    done: int = 0
    cuts: tuple[int, ...] = ()
    ranges: tuple[DisparityRange, ...] = ()

    @property
    def complete(self) -> bool:
        """True if every frame is analysed."""
        return self.done >= self.frames

    def as_json(self) -> dict[str, Any]:
        """Return plain values for the cache's meta file."""
        return {
            "frames": self.frames,
            "done": self.done,
            "cuts": list(self.cuts),
            "ranges": [r.as_json() for r in self.ranges],
        }

    def cut_back(self, done: int, last_range: DisparityRange | None) -> ProductMeta:
        """Return the facts as they were when only `done` frames were known; last_range belongs to the shot there."""
        cuts = tuple(c for c in self.cuts if c < done)
        ranges = self.ranges[: len(cuts)] + ((last_range,) if last_range is not None else ())
        return replace(self, done=done, cuts=cuts, ranges=ranges)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ProductMeta:
        """Read what `as_json` gave; raise CacheError if it is not that."""
        try:
            return cls(
                frames=int(values["frames"]),
                done=int(values["done"]),
                cuts=tuple(int(c) for c in values["cuts"]),
                ranges=tuple(DisparityRange.from_json(r) for r in values["ranges"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CacheError(f"the facts beside the analysis are damaged ({error})") from error


class ClipProducts:
    """The products of one clip; one thread (the analysis) writes, any thread reads.

    make: makes the estimator where its name alone does not say how.
    """

    def __init__(
        self, info: ClipInfo, key: AnalysisKey, *, make: Callable[[], RgbdEstimator[Any]] | None = None
    ) -> None:
        self.info = info
        self.key = key
        self._make = make
        self.store: ProductStore = store_for(info.fingerprint, key.digest)
        self.meta = self._stored_meta()
        self._frames: MemoryCache[int, RgbdFrame] = MemoryCache(MEMORY_BYTES, lambda f: f.disparity.nbytes * 5)
        self._levels: MemoryCache[tuple[str, int, int, bool], NDArray[np.float32]] = MemoryCache(
            LEVELS_BYTES, lambda levels: levels.nbytes
        )

    def _stored_meta(self) -> ProductMeta:
        fresh = ProductMeta(frames=self.info.frames)
        try:
            values = self.store.read_meta()
            meta = ProductMeta.from_json(values) if values else fresh
        except CacheError:
            return fresh
        return meta if meta.frames == self.info.frames else fresh

    def new_estimator(self) -> RgbdEstimator[object]:
        """Return a fresh instance of the estimator that these products come from."""
        return self._make() if self._make is not None else ESTIMATORS.load(self.key.estimator)()

    @property
    def map_source_size(self) -> tuple[int, int]:
        """(width, height) of the frames that analysis looks at."""
        return fit_long_side(self.info.display_size, self.key.long_side)

    @property
    def trait(self) -> ClipTrait:
        """What an estimator may know of the clip beforehand."""
        width, height = self.info.display_size
        rate = float(self.info.table.average_rate) if self.info.table else 0.0
        return ClipTrait(width, height, self.info.frames, rate)

    @property
    def complete(self) -> bool:
        """True if every frame is analysed."""
        return self.meta.complete

    def settled(self, stop: int) -> bool:
        """True if frames [0, stop) are known as they will stay: analysed, and the shot of the last one ended."""
        return self.complete or (self.meta.done >= stop and any(c >= stop for c in self.meta.cuts))

    def shot_end(self, stop: int) -> int:
        """Return the first frame after the shot that holds frame stop - 1, as far as the cuts are known."""
        return next((c for c in self.meta.cuts if c >= stop), self.info.frames)

    @property
    def cuts(self) -> tuple[int, ...]:
        """First frames of the shots after the first one, as far as analysed."""
        return self.meta.cuts

    def update(self, **changes: Any) -> None:
        """Replace facts (atomically for readers) and write them to the cache."""
        self.meta = replace(self.meta, **changes)
        self.store.write_meta(self.meta.as_json())

    def forget(self) -> None:
        """Drop everything that is kept of this clip and estimator."""
        self.store.clear()
        self.meta = ProductMeta(frames=self.info.frames)
        self._frames.clear()

    def shot_of(self, index: int) -> int:
        """Return the number of the shot that holds frame `index`."""
        return bisect_right(self.meta.cuts, index)

    def range_at(self, index: int) -> DisparityRange:
        """Return the depth range of the shot at `index`."""
        ranges = self.meta.ranges
        return ranges[min(self.shot_of(index), len(ranges) - 1)]

    def has(self, index: int) -> bool:
        """Tell whether frame `index` is analysed."""
        return 0 <= index < self.meta.done

    def subject_levels(self, track: SubjectTrack, start: int, stop: int) -> NDArray[np.float32]:
        """Return the subject's disparity [stop - start] in its box of each frame; measured once per track."""
        key = (track.digest, start, stop, self.meta.done >= stop and self.complete)
        known = self._levels.get(key)
        if known is None:
            known = np.array([self._level_in(track, index) for index in range(start, stop)], np.float32)
            self._levels.put(key, known)
        return known

    def _level_in(self, track: SubjectTrack, index: int) -> float:
        box = track.box_at(index)
        if box is None or track.confidence[index - track.start] <= 0:
            return float("nan")
        rgbd = self.rgbd(index)
        return subject_disparity(rgbd.disparity, box, rgbd.confidence)

    def rgbd(self, index: int) -> RgbdFrame:
        """Return the steady products of frame `index`, normalised over its shot; CacheError if absent."""
        if not self.has(index):
            raise CacheError(f"frame {index} is not analysed yet")
        raw = self._frames.get(index)
        if raw is None:
            raw = self.store.read(index)
            self._frames.put(index, raw)
        disparity = self.range_at(index).normalise(raw.disparity.astype(np.float32))
        return replace(raw, disparity=disparity.astype(np.float16), _digest=[])
