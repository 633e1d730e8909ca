"""Analysis of a clip: decode small, find cuts, estimate depth and light, steady them over time, keep them on disk.

Runs once per clip and estimator version, in two halves: every frame in order, steadied by what came before it, and
then, as soon as a shot has ended, that shot from its end to its beginning (`pipeline.settle`). It survives being
killed: whole chunks on disk are never computed again, and the filter goes on from the state that was stored with the
last one, so that a resumed run gives the same result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext

import cv2
import numpy as np

from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.core.frame import Frame, RgbdFrame
from rvr_laaf_app.estimate.base import DEFAULT_ESTIMATOR, ESTIMATORS, LooksAhead, RgbdEstimator
from rvr_laaf_app.flow.normalise import DisparityRange
from rvr_laaf_app.flow.temporal import FILTER_VERSION, TemporalFilter
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.media.cache import CHUNK_FRAMES
from rvr_laaf_app.media.plane_file import Plane, write_planes
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.shots import CutFinder
from rvr_laaf_app.pipeline.products import ANALYSIS_LONG_SIDE, UNFILTERED, AnalysisKey, ClipProducts
from rvr_laaf_app.pipeline.settle import mend, settle_job, stored_state

CUT_WARM_UP_FRAMES = 24  # that the finder of cuts sees before the first frame it decides on


def products_of(info: ClipInfo, estimator_name: str = DEFAULT_ESTIMATOR) -> ClipProducts:
    """Return the products of a clip as far as the cache has them; nothing is computed."""
    estimator = ESTIMATORS.load(estimator_name)()
    key = AnalysisKey(
        estimator=estimator.name,
        estimator_version=estimator.version,
        flow_version=TemporalFilter().flow_version,
        filter_version=FILTER_VERSION,
        long_side=ANALYSIS_LONG_SIDE,
    )
    return ClipProducts(info, key)


def analyse_job(
    products: ClipProducts, *, stop: int | None = None, estimator: RgbdEstimator[object] | None = None
) -> Job[ClipProducts]:
    """Analyse what the cache does not hold yet; yields after each frame; returns the products, complete.

    With `stop` only frames before it are asked for: the analysis ends with the shot that holds the last of them, since
    depth is steadied and normalised over its whole shot. What is known of these frames is the same as after a full
    analysis.

    A clip whose file ends earlier than its index promised is completed at the last frame that could be decoded:
    the reader raises MediaError for it, and what was done stays on disk.
    """
    total = products.info.frames
    wanted = total if stop is None else min(max(stop, 1), total)
    mend(products)
    if products.settled(wanted):
        return products
    done = products.meta.done
    products.update(done=done)  # a cache that cannot be written is noticed now, not after the first chunk
    yield Progress(done, total, "analysing")
    yield from settle_job(products)  # a run before this one may have been stopped in the middle of it
    if products.settled(wanted):
        return products
    estimator = estimator or products.new_estimator()
    with ClipReader(products.info, size=products.map_source_size) as reader, closing_of(estimator):
        yield from _look_ahead(estimator, reader, done)
        run = _Run(products, estimator)
        for window in _windows(reader.frames(run.begin), estimator.context):
            index = run.push(window)
            yield Progress(max(index + 1, done), total, "analysing")
            if run.kept == 0:
                yield from settle_job(products)
                if products.settled(wanted):
                    return products
    run.finish()
    yield from settle_job(products)
    return products


def closing_of(estimator: RgbdEstimator[object]) -> AbstractContextManager[object]:
    """Return what closes the files of an estimator that has any."""
    return closing(estimator) if isinstance(estimator, LooksAhead) else nullcontext()


def _look_ahead(estimator: RgbdEstimator[object], reader: ClipReader, done: int) -> Iterator[Progress]:
    """Let an estimator that needs it see the whole clip before its first frame."""
    if isinstance(estimator, LooksAhead):
        for step, steps in estimator.look_ahead(reader.read, reader.info.frames):
            yield Progress(done, reader.info.frames, f"looking ahead ({step} of {steps})")


def estimate_alone(products: ClipProducts, estimator: RgbdEstimator[object], window: Sequence[Frame]) -> RgbdFrame:
    """Estimate the middle frame of `window` by itself: not steady over time, normalised over this frame only."""
    rgbd, _ = estimator.step(window, estimator.start(products.trait))
    disparity = rgbd.disparity.astype(np.float32)
    alone = DisparityRange().including(disparity).normalise(disparity)
    return RgbdFrame(rgbd.index, alone.astype(np.float16), rgbd.boost_stops, rgbd.confidence)


def _windows(frames: Iterator[Frame], context: tuple[int, int]) -> Iterator[Sequence[Frame]]:
    """Yield before + 1 + after frames around each frame, the first and last repeated at the ends."""
    before, after = context
    window: list[Frame] = []
    for frame in frames:
        window += [frame] * (before + 1 if not window else 1)
        if len(window) == before + 1 + after:
            yield window
            window = window[1:]
    for _ in range(after if window else 0):
        window = [*window, window[-1]]
        if len(window) == before + 1 + after:
            yield window
            window = window[1:]


class _Run:
    """The state of one analysis from frame to frame; frames before the first missing one only warm up its memory."""

    def __init__(self, products: ClipProducts, estimator: RgbdEstimator[object]) -> None:
        self._estimator = estimator
        self._products, self._keep_from = products, products.meta.done
        self._estimate_from = max(0, self._keep_from - estimator.context[0])
        self.begin = max(0, self._estimate_from - CUT_WARM_UP_FRAMES)
        self._trait = products.trait
        self._unfiltered = products.key.filter_version == UNFILTERED
        self._filter = TemporalFilter()
        self._cut_finder = CutFinder()
        self._cuts = list(products.meta.cuts)
        self._ranges = list(products.meta.ranges)
        self._state: object = estimator.start(self._trait)
        self._filter_state = stored_state(products)
        self._chunk: list[RgbdFrame] = []
        self._traces: list[list[Plane]] = []

    @property
    def kept(self) -> int:
        """How many frames are known but not on disk yet."""
        return len(self._chunk)

    def push(self, window: Sequence[Frame]) -> int:
        """Analyse the middle frame of `window`; return its index."""
        frame = window[self._estimator.context[0]]
        cut = self._is_cut(frame)
        if frame.index < self._estimate_from:
            return frame.index
        if cut:
            self._state = self._estimator.start(self._trait)
        estimate, self._state = self._estimator.step(window, self._state)
        if frame.index >= self._keep_from:
            self._keep(estimate if self._unfiltered else self._steady(frame, estimate, cut))
        return frame.index

    def _is_cut(self, frame: Frame) -> bool:
        """Find cuts in new frames; in warm-up frames trust those that were found before."""
        found = self._cut_finder.push(frame.rgb8)
        if frame.index < self._keep_from or frame.index in self._cuts:
            return frame.index in self._cuts
        if found and frame.index > 0:
            self._cuts.append(frame.index)
        return found and frame.index > 0

    def _steady(self, frame: Frame, estimate: RgbdFrame, cut: bool) -> RgbdFrame:
        size = estimate.size
        small = frame.rgb8
        if frame.size != size:
            small = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
        disparity, boost, confidence, self._filter_state = self._filter.step(
            self._filter_state,
            small,
            estimate.disparity.astype(np.float32),
            estimate.boost_stops.astype(np.float32),
            estimate.confidence.astype(np.float32),
            cut=cut,
        )
        return RgbdFrame(
            frame.index, disparity.astype(np.float16), boost.astype(np.float16), confidence.astype(np.float16)
        )

    def _keep(self, rgbd: RgbdFrame) -> None:
        if len(self._ranges) <= len(self._cuts):
            self._ranges.append(DisparityRange())
        self._ranges[-1] = self._ranges[-1].including(rgbd.disparity.astype(np.float32))
        self._chunk.append(rgbd)
        if self._filter_state is not None:
            self._traces.append(self._filter_state.trace.as_planes())
        if (rgbd.index + 1) % CHUNK_FRAMES == 0:
            self._flush()

    def _flush(self) -> None:
        start = self._chunk[0].index
        done = start + len(self._chunk)
        self._products.forward.write_chunk(start, self._chunk)
        if self._filter_state is not None:
            write_planes(self._products.trace_path(done), [*self._traces, self._filter_state.as_planes()])
            self._filter_state = self._filter_state.stored
        final = self._products.meta.final_shots
        ranges = (*self._products.meta.ranges[:final], *self._ranges[final:])
        self._products.update(done=done, cuts=tuple(c for c in self._cuts if c < done), ranges=ranges)
        self._chunk, self._traces = [], []

    def finish(self) -> None:
        """Write the last, shorter chunk; raise CacheError if frames are missing."""
        if self._chunk:
            self._flush()
        if self._products.meta.done < self._products.meta.frames:
            missing = self._products.meta.frames - self._products.meta.done
            raise CacheError(f"the clip ended {missing} frames early", where=self._products.info.path)
