"""Make shots final: the backward half of steadying, through the cache, for shots of any length.

Works on what the forward half left on disk, one chunk in memory at a time, from the end of a shot to its beginning. The
final chunks appear beside the old ones; only when all of a shot are there does the shot change over, as a whole, and
what was kept on the way is dropped. A run that is killed goes on with the chunk it was at, and because the state at the
border of two chunks is always what was stored, the result is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.core.frame import RgbdFrame
from rvr_laaf_app.flow.backward import BackwardFilter, Later
from rvr_laaf_app.flow.normalise import DisparityRange
from rvr_laaf_app.flow.region import resized
from rvr_laaf_app.flow.temporal import FilterState, Trace
from rvr_laaf_app.jobs.job import Progress
from rvr_laaf_app.media.cache import CHUNK_FRAMES
from rvr_laaf_app.media.plane_file import read_planes
from rvr_laaf_app.pipeline.products import UNFILTERED, ClipProducts


def settle_job(products: ClipProducts) -> Iterator[Progress]:
    """Make every shot final that has been analysed to its end; yields after each frame."""
    while True:
        start, stop = products.meta.shot_at(products.meta.final)
        if products.meta.complete or products.meta.done < stop:
            return
        yield from _settle_shot(products, start, stop)


def stored_state(products: ClipProducts) -> FilterState | None:
    """Return the state from which the forward half goes on, None if it begins a shot; CacheError if it is damaged."""
    meta = products.meta
    return None if meta.done == meta.final or _unfiltered(products) else _state_at(products, meta.done)


def mend(products: ClipProducts) -> None:
    """Bring the facts back to what is really on disk: missing and damaged chunks are then computed again."""
    while True:
        meta = products.meta
        whole = products.store.covered(0, meta.final)
        final = meta.final if whole == meta.final else meta.shot_at(whole)[0]
        done = _resumable(products, final)
        if (final, done) == (meta.final, meta.done):
            return
        try:
            products.meta = meta.cut_back(final, done, _range_before(products, final, done))
        except CacheError:  # one more damaged chunk, set aside by reading it
            if products.forward.covered(final, done) == done:
                raise


def _resumable(products: ClipProducts, final: int) -> int:
    """Return the last frame from which the forward half can go on, nothing between `final` and it being missing."""
    meta = products.meta
    if final >= meta.frames:
        return meta.frames
    whole = products.forward.covered(final, meta.done)
    stops = [final]
    while stops[-1] < whole:
        stop = min((stops[-1] // CHUNK_FRAMES + 1) * CHUNK_FRAMES, meta.frames)
        if stop > whole or not (_unfiltered(products) or products.trace_path(stop).exists()):
            break
        stops.append(stop)
    while stops[-1] > final and not _has_state(products, stops[-1]):
        stops.pop()
    return stops[-1]


def _unfiltered(products: ClipProducts) -> bool:
    return products.key.filter_version == UNFILTERED


def _has_state(products: ClipProducts, stop: int) -> bool:
    if _unfiltered(products):
        return True
    try:
        _state_at(products, stop)
    except CacheError:
        return False
    return True


def _state_at(products: ClipProducts, stop: int) -> FilterState:
    path = products.trace_path(stop)
    try:
        return FilterState.from_planes(read_planes(path)[-1])
    except (ValueError, IndexError) as error:
        raise CacheError("what the filter remembered cannot be read", where=path) from error


def _range_before(products: ClipProducts, final: int, done: int) -> DisparityRange | None:
    """Measure again the depth range of the shot that holds frame done - 1, up to that frame."""
    if done == final:
        return None
    measured = DisparityRange()
    for index in range(max(products.meta.shot_at(done - 1)[0], final), done):
        measured = measured.including(products.forward.read(index).disparity.astype(np.float32))
    return measured


def _pieces(start: int, stop: int) -> list[tuple[int, int]]:
    """Return the chunks of a shot, last first: those of the whole clip, cut at the shot's ends."""
    first, last = start // CHUNK_FRAMES, (stop - 1) // CHUNK_FRAMES
    borders = [start, *(k * CHUNK_FRAMES for k in range(first + 1, last + 1)), stop]
    return list(pairwise(borders))[::-1]


def _settle_shot(products: ClipProducts, start: int, stop: int) -> Iterator[Progress]:
    backward, later, measured = BackwardFilter(), None, DisparityRange()
    for begin, end in _pieces(start, stop):
        traces = [] if _unfiltered(products) else _traces(products, begin, end)
        known = _known(products, begin, end)
        if known:
            for frame in known:
                measured = measured.including(frame.disparity.astype(np.float32))
            yield Progress(stop - begin, stop - start, "steadying")
        else:
            chunk: list[RgbdFrame] = []
            for index in reversed(range(begin, end)):
                frame = products.forward.read(index)
                if traces:
                    frame, later = _final(backward, later, frame, traces[index - begin])
                measured = measured.including(frame.disparity.astype(np.float32))
                chunk.append(frame)
                yield Progress(stop - index, stop - start, "steadying")
            products.store.write_chunk(begin, chunk[::-1])
        later = _read_back(products.store.read(begin), traces[0]) if traces else None
    products.finalise(stop, measured)


def _known(products: ClipProducts, begin: int, end: int) -> list[RgbdFrame]:
    """Return the frames of a chunk that an earlier run made final; [] if it did not, or they cannot be read."""
    if not products.store.has(begin, end):
        return []
    try:
        return [products.store.read(index) for index in range(begin, end)]
    except CacheError:
        return []  # set aside by reading it: it is made again


def _read_back(first: RgbdFrame, trace: Trace) -> Later:
    """Return what the chunk before needs of the first frame of a chunk, as it was stored."""
    light = first.boost_stops.astype(np.float32)
    boost = resized(light, trace.grey.shape) if light.any() else None
    return Later(trace.grey, first.disparity.astype(np.float32), boost)


def _traces(products: ClipProducts, begin: int, end: int) -> list[Trace]:
    """Return the traces of frames [begin, end), which lie in one chunk."""
    chunk_stop = min(((end - 1) // CHUNK_FRAMES + 1) * CHUNK_FRAMES, products.meta.frames)
    path = products.trace_path(chunk_stop)
    groups = read_planes(path)[:-1]
    first = chunk_stop - len(groups)
    if not first <= begin:
        raise CacheError("what the filter remembered is incomplete", where=path, remedy="It will be computed again.")
    try:
        return [Trace.from_planes(group) for group in groups[begin - first : end - first]]
    except ValueError as error:
        raise CacheError("what the filter remembered cannot be read", where=path) from error


def _final(backward: BackwardFilter, later: Later | None, forward: RgbdFrame, trace: Trace) -> tuple[RgbdFrame, Later]:
    maps = forward.disparity.astype(np.float32), forward.boost_stops.astype(np.float32)
    disparity, boost, later = backward.step(later, *maps, trace)
    return (
        RgbdFrame(forward.index, disparity.astype(np.float16), boost.astype(np.float16), forward.confidence),
        later,
    )
