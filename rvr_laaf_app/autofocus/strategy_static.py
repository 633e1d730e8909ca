"""The static all-in-focus strategy of ours: all pictures so far decide where each place is sharp, and what is left.

For every place of the picture a likelihood over the lens range is kept; each |steps to focus| read adds to it, so that
signs settle by themselves and a wrong reading is outvoted. The next position is the fullest interval of the shortest
cover of what is not yet sharp. Against the printed strategy it neither returns to noise nor overlaps intervals.
Where the estimator tells likelihoods of real pictures, these are compared with each other, too: `strategy_evidence`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import FocusRange, Patch
from rvr_laaf_app.autofocus.strategy import (
    MOST_FRAMES,
    Capture,
    CaptureResult,
    CaptureStep,
    GlobalEstimator,
    Mask,
    Span,
    StepMap,
    Watcher,
    unwatched,
)
from rvr_laaf_app.autofocus.strategy_evidence import Order, depths

CELLS: Final = 64  # longest side of the map that is reasoned about
BINS_PER_SPAN: Final = 4
RELATIVE_ERROR: Final = 0.1  # of a reading, beside a quarter of the depth of field
OUTLIERS: Final = 0.02  # share of readings that say nothing
TRUST: Final = 0.5  # pictures of one place err alike: less than independent evidence
SURE: Final = 0.75  # belief that a place is sharp in some picture from which it counts as done
MOST_DISAGREEMENT: Final = 0.9  # log likelihood that a place may lose with each reading; more is an edge, two depths
CLEAR: Final = 0.75  # share of the peak that an interval of the cover must have
LEAST_SHARE: Final = 0.002  # of the picture: less is not worth a picture


@runtime_checkable
class LikelihoodEstimator(GlobalEstimator, Protocol):
    """A global step estimator that says more than one number for each place."""

    def log_likelihood(self, picture: Patch, position: int, grid: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return [h, w, g]: how well each best position of `grid` explains each place; all equal = nothing known."""
        ...


@dataclass(frozen=True, slots=True)
class StaticCapture:
    """The strategy; instances hold no state of a run. least_share: what a further picture must add at least."""

    estimator: GlobalEstimator
    span: Span | None = None
    least_share: float = LEAST_SHARE

    def capture(self, limits: FocusRange, *, start: int, watch: Watcher = unwatched) -> Capture:
        """Run: yields positions, takes pictures, and ends by itself."""
        spans = _spans(limits, self.span)
        grid = np.arange(limits.minimum, limits.maximum + 1, max(1.0, spans.min() / BINS_PER_SPAN))
        widths = np.interp(grid, np.arange(limits.minimum, limits.maximum + 1), spans)
        place, taken = min(max(start, limits.minimum), limits.maximum), list[int]()
        belief: NDArray[np.float32] | None = None
        readings: NDArray[np.int64] | int = 0
        order = Order(grid, widths) if isinstance(self.estimator, LikelihoodEstimator) else None
        least = self.least_share if order is None else 2 * self.least_share  # slopes are filled in: all hold more
        while True:
            picture = yield place
            told = self._told(picture, place, grid, widths)
            taken.append(place)
            belief = told if belief is None else belief + told
            readings = readings + (np.ptp(told, axis=2) > 0)
            agree = belief.max(axis=2) >= -MOST_DISAGREEMENT * readings
            if order is None:
                share = _normalised(belief)
            else:
                ordered = order.see(picture, place)
                share = _normalised(order.finer(belief) + ordered)
            covered = _covered(grid, widths, taken)
            sharp = np.asarray(share[..., covered].sum(axis=2) >= SURE, np.bool_)
            best = np.asarray(grid[share.argmax(axis=2)], np.float32)
            watch(CaptureStep(place, best - np.float32(place), sharp.copy()))
            if order is None:
                left = np.where((sharp | ~agree)[..., None], 0, share).sum(axis=(0, 1)) / sharp.size
            else:
                left = depths(share, best, grid, widths)
            left[covered] = 0
            wanted = _next(left, grid, widths, least=least)
            if wanted is None or len(taken) >= MOST_FRAMES:
                rest = float(left.sum())
                return CaptureResult(tuple(taken), f"{rest:.1%} of the picture is left, too little at one place", sharp)
            place = min(max(round(wanted), limits.minimum), limits.maximum)

    def _told(
        self, picture: Patch, place: int, grid: NDArray[np.float64], widths: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Return [h, w, g]: what a picture says about each best position, by the estimator itself if it can."""
        if isinstance(self.estimator, LikelihoodEstimator):
            logs = self.estimator.log_likelihood(picture, place, grid)
            relative = logs - logs.max(axis=2, keepdims=True)
            return np.asarray(TRUST * np.maximum(relative, np.log(OUTLIERS)), np.float32)
        half = float(np.interp(place, grid, widths)) / 2
        return _log_likelihood(_cells(self.estimator.steps(picture, position=place)), grid, place, half)


def _spans(limits: FocusRange, span: Span | None) -> NDArray[np.float64]:
    places = np.arange(limits.minimum, limits.maximum + 1)
    if span is None:
        return np.full(len(places), float(limits.depth_of_field))
    return np.array([span(float(place)) for place in places])


def _cells(steps: StepMap) -> StepMap:
    """Return the map with at most CELLS cells a side, each the median of its part."""
    factor = int(np.ceil(max(steps.shape) / CELLS))
    if factor <= 1:
        return steps
    height, width = (side // factor for side in steps.shape)
    blocks = steps[: height * factor, : width * factor].reshape(height, factor, width, factor).transpose(0, 2, 1, 3)
    flat = blocks.reshape(height, width, -1)
    known = np.isfinite(flat).any(axis=2)
    out = np.full((height, width), np.nan, np.float32)
    out[known] = np.nanmedian(flat[known], axis=1)
    return out


def _log_likelihood(steps: StepMap, grid: NDArray[np.float64], place: int, half: float) -> NDArray[np.float32]:
    """Return [h, w, g]: how likely each best position is, given |steps| read at `place`; 0 where nothing was read."""
    known = np.isfinite(steps)
    read = np.where(known, steps, 0)[..., None]
    spread = half / 2 + RELATIVE_ERROR * read
    away = (np.abs(grid - place)[None, None] - read) / spread
    logs = np.log((1 - OUTLIERS) * np.exp(-0.5 * away * away) + OUTLIERS)
    return np.asarray(np.where(known[..., None], logs, 0), np.float32)


def _normalised(belief: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the belief as shares of 1 over the lens range, sharpened by smoothing over neighbouring places."""
    height, width, bins = belief.shape
    soft = np.empty_like(belief)
    for at in range(0, bins, 4):  # OpenCV filters up to four channels at once fastest
        soft[..., at : at + 4] = cv2.blur(belief[..., at : at + 4], (5, 5)).reshape(height, width, -1)
    total = belief + soft
    raised = np.exp(total - total.max(axis=2, keepdims=True))
    return np.asarray(raised / raised.sum(axis=2, keepdims=True), np.float32)


def _covered(grid: NDArray[np.float64], widths: NDArray[np.float64], taken: list[int]) -> Mask:
    """Return [g] True where a best position is sharp in a picture that was taken."""
    half = np.interp(taken, grid, widths) / 2
    return np.asarray((np.abs(grid[:, None] - np.array(taken)[None]) <= half[None]).any(axis=1), np.bool_)


def _next(
    left: NDArray[np.float64], grid: NDArray[np.float64], widths: NDArray[np.float64], *, least: float
) -> float | None:
    """Return the fullest position of the shortest cover of what is left; None if none is worth a picture.

    The shortest cover of points on a line by intervals begins each at the first point that is not covered. While what
    is left is still vague, its peak is better than an interval of that cover.
    """
    best, most = None, least
    crumbs = least * 0.02
    ends = np.searchsorted(grid, grid + widths, side="right")
    sums = np.concatenate([[0.0], np.cumsum(left)])
    gains = sums[ends] - sums[:-1]
    at = 0
    while at < len(grid):
        if left[at] <= crumbs:
            at += 1
            continue
        if gains[at] >= most:
            best, most = at, float(gains[at])
        at = int(ends[at])
    peak = int(np.argmax(gains))
    if gains[peak] >= least and (best is None or most < CLEAR * gains[peak]):
        best = peak
    if best is None:
        return None
    inside = slice(best, int(ends[best]))
    return float(np.average(grid[inside], weights=left[inside]))
