"""Analysis of a clip: decode small, find cuts, estimate depth and light, steady them over time, keep them on disk.

Runs once per clip and estimator version. It survives being killed: whole chunks on disk are never computed again,
and the filter is warmed up on the frames before the first missing chunk, so that a resumed run gives the same result.
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
from rvr_laaf_app.flow.temporal import FILTER_VERSION, WARM_UP_FRAMES, FilterState, TemporalFilter
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.media.shots import CutFinder
from rvr_laaf_app.pipeline.products import ANALYSIS_LONG_SIDE, UNFILTERED, AnalysisKey, ClipProducts

CHUNK_FRAMES = 32


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
    depth is normalised over its whole shot, and what is known of these frames is the same as after a full analysis.

    A clip whose file ends earlier than its index promised is completed at the last frame that could be decoded:
    the reader raises MediaError for it, and what was done stays on disk.
    """
    total = products.info.frames
    wanted = total if stop is None else min(max(stop, 1), total)
    done = _whole_chunks(products)
    if products.settled(wanted):
        return products
    products.update(done=done)  # a cache that cannot be written is noticed now, not after the first chunk
    estimator = estimator or products.new_estimator()
    yield Progress(done, total, "analysing")
    with ClipReader(products.info, size=products.map_source_size) as reader, closing_of(estimator):
        yield from _look_ahead(estimator, reader, done)
        run = _Run(products, estimator, begin=max(0, done - WARM_UP_FRAMES), keep_from=done)
        for window in _windows(reader.frames(run.begin), estimator.context):
            index = run.push(window)
            yield Progress(max(index + 1, done), total, "analysing")
            if wanted < total and products.settled(wanted):
                return products
    run.finish()
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


def _whole_chunks(products: ClipProducts) -> int:
    """Return how many frames from 0 on are safely on disk; a damaged or missing chunk ends the count."""
    while True:
        done = 0
        while done < products.meta.done:
            stop = min(done + CHUNK_FRAMES, products.meta.frames)
            if not products.store.has(done, stop):
                break
            done = stop
        if done == products.meta.done:
            return done
        try:
            products.meta = products.meta.cut_back(done, _range_before(products, done))
        except CacheError:  # one more damaged chunk, set aside by reading it
            if products.store.has(0, done):
                raise


def _range_before(products: ClipProducts, done: int) -> DisparityRange | None:
    """Measure again the depth range of the shot that holds frame done - 1, up to that frame."""
    if done == 0:
        return None
    begin = max((c for c in products.meta.cuts if c < done), default=0)
    measured = DisparityRange()
    for index in range(begin, done):
        measured = measured.including(products.store.read(index).disparity.astype(np.float32))
    return measured


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
    """The state of one analysis from frame to frame; frames before `keep_from` only warm the filter up."""

    def __init__(self, products: ClipProducts, estimator: RgbdEstimator[object], *, begin: int, keep_from: int) -> None:
        self.begin = begin
        self._products, self._estimator, self._keep_from = products, estimator, keep_from
        self._trait = products.trait
        self._unfiltered = products.key.filter_version == UNFILTERED
        self._filter = TemporalFilter()
        self._cut_finder = CutFinder()
        self._cuts = list(products.meta.cuts)
        self._ranges = list(products.meta.ranges)
        self._state: object = estimator.start(self._trait)
        self._filter_state: FilterState = self._filter.start()
        self._chunk: list[RgbdFrame] = []

    def push(self, window: Sequence[Frame]) -> int:
        """Analyse the middle frame of `window`; return its index."""
        frame = window[self._estimator.context[0]]
        cut = self._is_cut(frame)
        if cut:
            self._state = self._estimator.start(self._trait)
        estimate, self._state = self._estimator.step(window, self._state)
        steady = estimate if self._unfiltered else self._steady(frame, estimate, cut)
        if frame.index >= self._keep_from:
            self._keep(steady)
        return frame.index

    def _is_cut(self, frame: Frame) -> bool:
        """Find cuts in new frames; in warm-up frames trust those that were found before."""
        found = self._cut_finder.push(frame.rgb8)
        if frame.index < self._keep_from:
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
        if not self._ranges or len(self._ranges) <= len(self._cuts):
            self._ranges.append(DisparityRange())
        self._ranges[-1] = self._ranges[-1].including(rgbd.disparity.astype(np.float32))
        self._chunk.append(rgbd)
        if len(self._chunk) == CHUNK_FRAMES:
            self._flush()

    def _flush(self) -> None:
        start = self._chunk[0].index
        self._products.store.write_chunk(start, self._chunk)
        done = start + len(self._chunk)
        self._products.update(done=done, cuts=tuple(c for c in self._cuts if c < done), ranges=tuple(self._ranges))
        self._chunk = []

    def finish(self) -> None:
        """Write the last, shorter chunk; raise CacheError if frames are missing."""
        if self._chunk:
            self._flush()
        if not self._products.complete:
            missing = self._products.meta.frames - self._products.meta.done
            raise CacheError(f"the clip ended {missing} frames early", where=self._products.info.path)
