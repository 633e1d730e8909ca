"""Carrying repairs of the depth through their shots: the job that makes the masks which `pipeline.repaired` applies.

The stroke's own frame comes first, then the frames around it in turns, so that what is looked at is there soonest. Each
piece begins with what was stored of the frame before it: a run that was stopped goes on with the piece it was at, with
the same result. It stops at cuts, at the reach, and where nothing is left to carry.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import numpy as np

from rvr_laaf_app.core.errors import CacheError
from rvr_laaf_app.document.repair import Repair
from rvr_laaf_app.flow.brush import brush_mask
from rvr_laaf_app.flow.carry import Carried, Carrier, Ride, Step, View, ride_on
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.media.memory_cache import MemoryCache
from rvr_laaf_app.media.reader import ClipReader
from rvr_laaf_app.pipeline.products import ClipProducts
from rvr_laaf_app.pipeline.repaired import Piece, drop_unused, pieces_of

STEP_BYTES = 128 * 2**20
VIEW_BYTES = 48 * 2**20


def missing_pieces(products: ClipProducts, repairs: Sequence[Repair]) -> list[tuple[Repair, Piece | None]]:
    """Return what has to be carried, in the order of use: None stands for the stroke's own frame."""
    wanted: list[tuple[int, Repair, Piece | None]] = []
    for repair in repairs:
        if not repair.on or not products.has(repair.frame):
            continue
        if not products.carried.has(products, repair, None):
            wanted.append((-1, repair, None))
        for piece in pieces_of(products, repair):
            if not products.carried.has(products, repair, piece):
                wanted.append((piece.number, repair, piece))
    return [(repair, piece) for _, repair, piece in sorted(wanted, key=lambda w: w[0])]


def carry_job(products: ClipProducts, repairs: Sequence[Repair]) -> Job[int]:
    """Carry what is missing of these repairs as far as the clip is analysed; yields after each frame.

    Returns how many frames were made. Closing the generator leaves whole pieces only.
    """
    todo = missing_pieces(products, repairs)
    total = sum(len(piece.frames) if piece is not None else 1 for _, piece in todo)
    yield Progress(0, total, "carrying repairs")
    if not todo:
        return 0
    done = 0
    with _Carrying(products) as carrying:
        for repair, piece in todo:
            for made in carrying.carry(repair, piece):
                done += made
                yield Progress(done, total, "carrying repairs")
    drop_unused(products, repairs)
    return done


class _Carrying:
    """One run: the reader, and the ties of frames, which strokes of one shot have in common."""

    def __init__(self, products: ClipProducts) -> None:
        self._products = products
        self._reader = ClipReader(products.info, size=products.map_source_size)
        self._carrier = Carrier()
        self._views: MemoryCache[int, View] = MemoryCache(VIEW_BYTES, lambda v: v.rgb.nbytes + v.grey.nbytes)
        self._steps: MemoryCache[tuple[int, int], Step] = MemoryCache(
            STEP_BYTES, lambda s: s.uv.nbytes + s.ahead.nbytes + s.trust.nbytes
        )

    def __enter__(self) -> _Carrying:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def carry(self, repair: Repair, piece: Piece | None) -> Iterator[int]:
        """Make and keep one piece; yields often: how many frames were made since."""
        carried = self._products.carried
        if piece is None:
            carried.write(self._products, repair, None, [self._origin(repair)])
            yield 1
            return
        kept = yield from self._before(repair, piece)
        last = piece.before_first
        for index in sorted((last, *piece.frames)):  # decoding goes forward only
            self._view(index)
            yield 0
        ride, made = Ride.from_carried(kept, self._view(last)), list[Carried]()
        for index in piece.frames:
            if kept.gone:
                kept = Carried(np.zeros_like(kept.alpha))
            else:
                kept, ride = ride_on(ride, self._step(last, index), self._view(index))
            made.append(kept)
            last = index
            yield 1
        carried.write(self._products, repair, piece, made)

    def _before(self, repair: Repair, piece: Piece) -> Generator[int, None, Carried]:
        """Return what was kept of the frame before a piece."""
        products, before = self._products, piece.before
        try:
            return products.carried.read(products, repair, before)[-1]
        except (CacheError, IndexError):  # it was there a moment ago: made again, once
            yield from (0 for _ in self.carry(repair, before))
            return products.carried.read(products, repair, before)[-1]

    def _origin(self, repair: Repair) -> Carried:
        brush = repair.brush
        alpha = brush_mask(
            self._view(repair.frame).rgb,
            repair.points,
            radius=brush.radius,
            softness=brush.softness,
            edges=brush.edges,
        )
        place = None if repair.sample is None else (repair.sample.x, repair.sample.y)
        return Carried(np.rint(alpha * 255).astype(np.uint8), place, 1.0 if place is not None else 0.0)

    def _step(self, old: int, new: int) -> Step:
        found = self._steps.get((old, new))
        if found is None:
            found = self._carrier.step(self._view(old), self._view(new))
            self._steps.put((old, new), found)
        return found

    def _view(self, index: int) -> View:
        found = self._views.get(index)
        if found is None:
            found = View.of(self._reader.read(index).rgb8)
            self._views.put(index, found)
        return found
