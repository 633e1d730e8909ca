"""What analysis knows of a clip: disparity, light and confidence of each frame, the cuts, and each shot's depth range.

Products depend on the clip and on the versions of estimator, flow and filter, never on the project: moving a target
costs a render, not an inference. They live in the cache on disk and can always be computed again.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.core.frame import ClipTrait, RgbdFrame
from rvr_laaf_app.core.geometry import fit_long_side
from rvr_laaf_app.core.stopping import stop_if_asked
from rvr_laaf_app.document.project import SubjectTrack
from rvr_laaf_app.document.repair import Repair
from rvr_laaf_app.estimate.base import ESTIMATORS, RgbdEstimator
from rvr_laaf_app.flow.normalise import DisparityRange
from rvr_laaf_app.media.cache import ProductStore, store_for
from rvr_laaf_app.media.memory_cache import MemoryCache
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.pipeline.repaired import CarriedRepairs, repaired, within_reach
from rvr_laaf_app.track.disparity import mean_in_box, subject_disparity

UNFILTERED = "none"  # version of flow and filter where disparity is taken as it is, frame by frame
ANALYSIS_LONG_SIDE = 640  # of the frames that the estimator sees, and at most of the maps it returns
MEMORY_BYTES = 256 * 2**20
LEVELS_BYTES = 16 * 2**20
FORWARD_FOLDER = "forward"  # of what was found on the way, in the folder of the products


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

    done: frames analysed so far, from 0. final: frames of these that are known as they will stay, all of them whole
    shots; from there to `done` there is the one-sided result that was found on the way. cuts: first frames of shots
    after the first. ranges: one per shot begun, still moving while the shot is not final.
    """

    frames: int
    done: int = 0
    cuts: tuple[int, ...] = ()
    ranges: tuple[DisparityRange, ...] = ()
    final: int = 0

    @property
    def complete(self) -> bool:
        """True if every frame is known as it will stay."""
        return self.final >= self.frames

    @property
    def final_shots(self) -> int:
        """How many shots are final."""
        return len(self.ranges) if self.complete else bisect_right(self.cuts, self.final)

    def as_json(self) -> dict[str, Any]:
        """Return plain values for the cache's meta file."""
        return {
            "frames": self.frames,
            "done": self.done,
            "final": self.final,
            "cuts": list(self.cuts),
            "ranges": [r.as_json() for r in self.ranges],
        }

    def cut_back(self, final: int, done: int, last_range: DisparityRange | None) -> ProductMeta:
        """Return the facts as they were when only so many frames were known; last_range belongs to the shot there.

        A cut at `done` itself stays known if the frames before it are final.
        """
        cuts = tuple(c for c in self.cuts if c < done or c == final == done)
        if last_range is None:
            ranges = self.ranges[: bisect_right(cuts, final)]
        else:
            ranges = (*self.ranges[: bisect_right(cuts, done - 1)], last_range)
        return replace(self, done=done, final=final, cuts=cuts, ranges=ranges)

    def shot_at(self, index: int) -> tuple[int, int]:
        """Return the first frame of the shot that holds frame `index`, and that after its last, as far as known."""
        start = max((c for c in self.cuts if c <= index), default=0)
        return start, next((c for c in self.cuts if c > index), self.frames)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ProductMeta:
        """Read what `as_json` gave; raise CacheError if it is not that."""
        try:
            return cls(
                frames=int(values["frames"]),
                done=int(values["done"]),
                final=int(values["final"]),
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
        self.forward = ProductStore(self.store.folder / FORWARD_FOLDER)
        self.meta = self._stored_meta()
        self._frames: MemoryCache[tuple[int, bool], RgbdFrame] = MemoryCache(
            MEMORY_BYTES, lambda f: f.disparity.nbytes * 5
        )
        self.carried = CarriedRepairs(self.store.folder)
        self._levels: MemoryCache[tuple[str, int, int, Hashable], NDArray[np.float32]] = MemoryCache(
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

    def let_go(self) -> None:
        """Free the frames that are kept in memory; they are read again when they are wanted."""
        self._frames.clear()

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
        """True if every frame is known as it will stay."""
        return self.meta.complete

    def settled(self, stop: int) -> bool:
        """True if frames [0, stop) are known as they will stay: analysed, and steadied from both sides."""
        return self.complete or self.meta.final >= stop

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

    def finalise(self, stop: int, measured: DisparityRange) -> None:
        """Note that the next shot, which ends before `stop`, is final; drop what was kept of it on the way."""
        shot = self.meta.final_shots
        ranges = (*self.meta.ranges[:shot], measured, *self.meta.ranges[shot + 1 :])
        self.update(final=stop, ranges=ranges)
        self.forward.drop(0, stop)
        for path in self.forward.folder.glob("*.trace"):
            if int(path.stem) <= stop:
                path.unlink(missing_ok=True)

    def trace_path(self, stop: int) -> Path:
        """Return the file with the traces of the frames of the chunk that ends before `stop`, and the state there."""
        return self.forward.folder / f"{stop:09d}.trace"

    def forget(self) -> None:
        """Drop everything that is kept of this clip and estimator."""
        self.forward.clear()
        self.store.clear()
        self.carried.clear()
        self.meta = ProductMeta(frames=self.info.frames)
        self._frames.clear()

    def shot_of(self, index: int) -> int:
        """Return the number of the shot that holds frame `index`."""
        return bisect_right(self.meta.cuts, index)

    def range_at(self, index: int) -> DisparityRange:
        """Return the depth range of the shot at `index`."""
        return _range_at(self.meta, index)

    def has(self, index: int) -> bool:
        """Tell whether frame `index` is analysed."""
        return 0 <= index < self.meta.done

    def subject_levels(
        self, track: SubjectTrack, start: int, stop: int, repairs: Sequence[Repair] = ()
    ) -> NDArray[np.float32]:
        """Return the subject's disparity [stop - start] in its box of each frame; measured once per track."""
        levels: NDArray[np.float32] = self._measured(track, start, stop, repairs)[0]
        return levels

    def subject_trust(
        self, track: SubjectTrack, start: int, stop: int, repairs: Sequence[Repair] = ()
    ) -> NDArray[np.float32]:
        """Return the confidence [stop - start] of the depth in the middle of the box, 0..1; NaN where not seen."""
        trust: NDArray[np.float32] = self._measured(track, start, stop, repairs)[1]
        return trust

    def _measured(self, track: SubjectTrack, start: int, stop: int, repairs: Sequence[Repair]) -> NDArray[np.float32]:
        """Return disparity and confidence [2, stop - start] of a subject, both from one reading of each frame."""
        key = (track.digest, start, stop, min(self.meta.final, stop))
        known = self._levels.get(key)
        if known is None:
            pairs = [self._measured_in(track, index, ()) for index in range(start, stop)]
            known = np.array(pairs, np.float32).reshape(-1, 2).T
            self._levels.put(key, known)
        acting = [(index, self.repair_state(index, repairs)) for index in within_reach(repairs, start, stop)]
        touched = [(index, state) for index, state in acting if state != ()]
        if touched:
            known = known.copy()
            for index, state in touched:
                known[:, index - start] = self._repaired_level(track, index, repairs, state)
        return known

    def _repaired_level(
        self, track: SubjectTrack, index: int, repairs: Sequence[Repair], state: Hashable
    ) -> NDArray[np.float32]:
        key = (track.digest, index, index + 1, (min(self.meta.final, index + 1), state))
        known = self._levels.get(key)
        if known is None:
            known = np.array(self._measured_in(track, index, repairs), np.float32)
            self._levels.put(key, known)
        return known

    def _measured_in(self, track: SubjectTrack, index: int, repairs: Sequence[Repair]) -> tuple[float, float]:
        stop_if_asked()
        box = track.box_at(index)
        if box is None or track.confidence[index - track.start] <= 0:
            return float("nan"), float("nan")
        rgbd = self.rgbd(index, repairs)
        level = subject_disparity(rgbd.disparity, box, rgbd.confidence)
        return level, mean_in_box(rgbd.confidence, box.scaled(0.5))

    def rgbd(self, index: int, repairs: Sequence[Repair] = ()) -> RgbdFrame:
        """Return the steady products of frame `index`, normalised over its shot; CacheError if absent.

        This is where repairs of the depth come in, for every picture, curve and file: `repairs` as the project has
        them. What none of them touches is the estimate, to the bit. Frames of shots that are not final come as the
        forward half of steadying left them.
        """
        if not self.has(index):
            raise CacheError(f"frame {index} is not analysed yet")
        meta, raw = self._read(index)
        disparity = _range_at(meta, index).normalise(raw.disparity.astype(np.float32))
        estimate = replace(raw, disparity=disparity.astype(np.float16), _digest=[])
        return repaired(self, estimate, repairs) if repairs else estimate

    def repair_state(self, index: int, repairs: Sequence[Repair]) -> Hashable:
        """Return what decides `rgbd(index, repairs)` besides the estimate: for keys of caches. () if none acts."""
        return self.carried.state(self, index, repairs) if repairs else ()

    def raw(self, index: int) -> RgbdFrame:
        """Return the steady products of frame `index` before normalisation; CacheError if absent."""
        return self._read(index)[1]

    def _read(self, index: int) -> tuple[ProductMeta, RgbdFrame]:
        """Return a frame and the facts that go with it: the analysis may go on while this is read."""
        meta = self.meta
        try:
            return meta, self._stored(index, final=index < meta.final)
        except CacheError:
            if index < meta.final or index >= self.meta.final:
                raise
        meta = self.meta  # its shot has become final just now
        return meta, self._stored(index, final=True)

    def _stored(self, index: int, *, final: bool) -> RgbdFrame:
        raw = self._frames.get((index, final))
        if raw is None:
            raw = (self.store if final else self.forward).read(index)
            self._frames.put((index, final), raw)
        return raw


def _range_at(meta: ProductMeta, index: int) -> DisparityRange:
    return meta.ranges[min(bisect_right(meta.cuts, index), len(meta.ranges) - 1)]
