"""The temporal filter (rvr-laaf.txt, section 4, Eq. 7 and 8): a frame is a weighted mean with its past along the flow.

    D_i(p) <- sum_j w_j(p) D_j(p + u_{i->j}(p)),  j = i-M..i,  w_j = w_occl,j * w_med,j

Differences from the paper, each for a reason. The wobble of a single-image network is mostly an affine change of the
whole frame: it is fitted between the present and each past frame, taken out before outliers are weighed, and replaced
by its mean over the window. The weights also fall with the difference in luma (a flow can be consistent and wrong).
The window holds unfiltered maps, so the filter has no memory beyond M frames: a run resumed after M frames of warm-up
gives the same result as an undisturbed one. Confidence passes through: it speaks of the single frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.flow.consistency import chain, round_trip_ok, warp
from rvr_laaf_app.flow.dis import DisFlow

FILTER_VERSION = "1"
WINDOW = 6  # M of the paper
WARM_UP_FRAMES = WINDOW
DISPARITY_SPREAD = 0.04  # s of w_med for disparity in 0..1
LUMA_SPREAD = 10.0  # codes of 255
FLOW_LONG_SIDE = 320  # flow is smooth: half the map size costs a quarter and is upsampled


@dataclass(frozen=True, slots=True, eq=False)
class _Maps:
    """One frame as the network gave it: pair [h, w, 2] float32 (disparity, luma), boost [h, w, 3] or None if all 0."""

    pair: NDArray[np.float32]
    boost: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """One earlier frame, the flow uv [h, w, 2] px from the present frame to it, and where that is trusted."""

    maps: _Maps
    uv: NDArray[np.float32]
    ok: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class FilterState:
    """The window, newest first; the newest frame itself, and the grey picture that the next flow starts from."""

    past: tuple[_Past, ...] = ()
    newest: _Maps | None = None
    grey: NDArray[np.uint8] | None = None


class TemporalFilter:
    """A streaming filter with explicit state; one instance per thread (the flow keeps buffers)."""

    def __init__(self, window: int = WINDOW) -> None:
        self.window = window
        self._flow = DisFlow()
        self.flow_version = f"{self._flow.name}-{self._flow.version}-{FLOW_LONG_SIDE}"

    def start(self) -> FilterState:
        """Return the state before the first frame."""
        return FilterState()

    def step(
        self,
        state: FilterState,
        rgb: NDArray[np.uint8],
        disparity: NDArray[np.float32],
        boost: NDArray[np.float32],
        confidence: NDArray[np.float32],
        *,
        cut: bool,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], FilterState]:
        """Return the steadied (disparity [h, w], boost [h, w, 3], confidence [h, w]) and the next state.

        rgb [h, w, 3] uint8 has the size of the maps. `cut`: this frame begins a shot, nothing before it counts.
        """
        luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        now = _Maps(np.dstack([disparity, luma]).astype(np.float32, copy=False), boost if boost.any() else None)
        grey = _flow_picture(luma)
        if cut or state.grey is None or state.newest is None or state.newest.pair.shape != now.pair.shape:
            return disparity, boost, confidence, FilterState((), now, grey)
        past = self._moved_on(state.past, state.newest, self._flow_between(grey, state.grey, luma.shape))
        steady, weights = _mixed(now, past)
        return steady, _mixed_boost(now, past, weights), confidence, FilterState(past, now, grey)

    def _flow_between(
        self, grey: NDArray[np.uint8], before: NDArray[np.uint8], shape: tuple[int, ...]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the flow from the present picture to the one before, at map size, and where it can be trusted."""
        height, width = shape
        back = self._flow.flow(grey, before)
        trusted = round_trip_ok(back, self._flow.flow(before, grey)).astype(np.float32)
        if grey.shape != (height, width):
            scale = np.float32(width / grey.shape[1])
            back = np.asarray(cv2.resize(back, (width, height), interpolation=cv2.INTER_LINEAR), np.float32) * scale
            trusted = np.asarray(cv2.resize(trusted, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        return back, trusted > 0.5

    def _moved_on(
        self, past: tuple[_Past, ...], newest: _Maps, flow: tuple[NDArray[np.float32], NDArray[np.bool_]]
    ) -> tuple[_Past, ...]:
        """Return the window as seen from the present frame: one more flow, all older ones chained to it."""
        uv, ok = flow
        carried = [
            _Past(older.maps, chain(uv, older.uv), ok & (warp(older.ok.astype(np.float32), uv) > 0.5))
            for older in past[: self.window - 1]
        ]
        return (_Past(newest, uv, ok), *carried)


def _flow_picture(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = luma.shape
    scale = FLOW_LONG_SIDE / max(height, width)
    if scale >= 1:
        return luma
    size = max(16, round(width * scale)), max(16, round(height * scale))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def _mixed(now: _Maps, past: tuple[_Past, ...]) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """Return the steadied disparity [h, w] and the weight [h, w] of each past frame."""
    here, luma = np.ascontiguousarray(now.pair[..., 0]), np.ascontiguousarray(now.pair[..., 1])
    warped, fits, off_luma = [], [(1.0, 0.0)], []
    for p in past:
        disparity, its_luma = cv2.split(warp(p.maps.pair, p.uv))
        gain, shift = _fit(disparity, here, p.ok)
        fits.append((1.0 / gain, -shift / gain))  # from the present frame to that one
        warped.append(disparity * np.float32(gain) + np.float32(shift))
        off_luma.append(cv2.absdiff(its_luma, luma))
    middle = _median(np.stack([here, *warped]))
    total = _falling(cv2.absdiff(here, middle), 1.0 / DISPARITY_SPREAD)
    mean, weights = here * total, []
    for disparity, off, p in zip(warped, off_luma, past, strict=True):
        outlying = cv2.addWeighted(cv2.absdiff(disparity, middle), 1.0 / DISPARITY_SPREAD, off, 1.0 / LUMA_SPREAD, 0.0)
        weight = _falling(outlying, 1.0) * p.ok
        mean += disparity * weight
        total += weight
        weights.append(weight)
    gain, shift = np.mean(fits, axis=0)
    steady = np.clip(mean / total * np.float32(gain) + np.float32(shift), 0.0, 1.0)
    return np.asarray(steady, np.float32), weights


def _falling(distance: NDArray[np.float32], rate: float) -> NDArray[np.float32]:
    return np.asarray(cv2.exp(distance * np.float32(-rate)), np.float32)


def _mixed_boost(now: _Maps, past: tuple[_Past, ...], weights: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the steadied boost [h, w, 3] in stops, with the weights found for disparity."""
    shape = (*now.pair.shape[:2], 3)
    if now.boost is None and all(p.maps.boost is None for p in past):
        return np.zeros(shape, np.float32)
    mean = now.boost.copy() if now.boost is not None else np.zeros(shape, np.float32)
    total = np.ones(shape[:2], np.float32)
    for p, weight in zip(past, weights, strict=True):
        if p.maps.boost is not None:
            mean += warp(p.maps.boost, p.uv) * weight[..., None]
        total += weight
    return np.asarray(mean / total[..., None], np.float32)


def _median(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median over the first axis, exactly: a partial sort, since np.median copies and sorts far more."""
    middle = values.shape[0] // 2
    return np.asarray(np.partition(values, middle, axis=0)[middle], np.float32)


def _fit(x: NDArray[np.float32], y: NDArray[np.float32], ok: NDArray[np.bool_]) -> tuple[float, float]:
    """Return gain and shift that bring disparity x [h, w] to y where the flow is trusted; (1, 0) if that is unclear."""
    sample = np.s_[::8, ::8]
    kept = ok[sample]
    there, here = x[sample][kept], y[sample][kept]
    if here.size < 64 or float(there.std()) < 1e-3:
        return 1.0, 0.0
    return _robust_line(there, here)


def _robust_line(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[float, float]:
    """Fit y = gain * x + shift with three rounds of weights that fall with the residual; gain held near 1."""
    weight = np.ones_like(x)
    gain, shift = 1.0, 0.0
    for _ in range(3):
        total = float(weight.sum())
        mean_x, mean_y = float((weight * x).sum()) / total, float((weight * y).sum()) / total
        spread = float((weight * (x - mean_x) ** 2).sum())
        gain = float((weight * (x - mean_x) * (y - mean_y)).sum()) / spread if spread > 0 else 1.0
        gain = min(max(gain, 0.8), 1.25)
        shift = mean_y - gain * mean_x
        residual = np.abs(gain * x + shift - y)
        weight = 1.0 / (1.0 + (residual / max(float(np.median(residual)), 1e-4)) ** 2)
    return gain, shift
