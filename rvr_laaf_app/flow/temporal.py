"""The temporal filter (rvr-laaf.txt, section 4, Eq. 7 and 8): a frame is a weighted mean with its past along the flow.

    D_i(p) <- sum_j w_j(p) D_j(p + u_{i->j}(p)),  j = i-M..i,  w_j = w_occl,j * w_med,j

Differences from the paper, each for a reason. Regions of a single-image network swell and sink, and six frames are too
few to calm that: each frame is first brought into line with a longer past (`flow.history`). The weights also fall with
the difference in luma (a flow can be consistent and wrong). Flows are chained at the size at which they are computed.
Confidence passes through: it speaks of the single frame.

The filter has no memory beyond WARM_UP_FRAMES: a run that is resumed after so many frames of warm-up gives the same
result, bit by bit, as an undisturbed one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.flow.consistency import chain, round_trip_ok, warp
from rvr_laaf_app.flow.dis import DisFlow
from rvr_laaf_app.flow.history import HISTORY, CoarseFrame, CoarsePast, aligned, coarse_frame, moved_on

FILTER_VERSION = "2"
WINDOW = 6  # M of the paper
WARM_UP_FRAMES = WINDOW + HISTORY
DISPARITY_SPREAD = 0.04  # s of w_med for disparity in 0..1
LUMA_SPREAD = 8.0  # codes of 255, on an even surface
MISFIT_PX = 0.5  # by which a good flow may be off: on a steep texture that alone changes the luma
# A difference to the present frame that is too large for a wobble: another surface, even if flow and luma agree (flat
# walls). Then the present frame, which never weighs less than PRESENT_LEAST, prevails.
LEAP, PRESENT_LEAST = 0.15, np.float32(0.05)
VOTE = 0.35  # likelihood from which a past frame counts for the median
FADE_PX = 1.5  # of trust, in flow pixels
FLOW_LONG_SIDE = 320  # flow is smooth: half the map size costs a quarter and is upsampled

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """One frame in line with its history.

    pair [h, w, 2] float32: disparity, luma; boost [fh, fw, 3] float32 at flow size, None if it is 0 everywhere.
    """

    pair: Map
    boost: Map | None


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """One earlier frame, the flow uv [fh, fw, 2] px from the present one to it, and trust [fh, fw] in that, 0..1."""

    frame: _Frame
    uv: Map
    trust: Map


@dataclass(frozen=True, slots=True, eq=False)
class _Newest:
    """The frame that was filtered last, and the grey picture from which the next flow starts."""

    frame: _Frame
    coarse: CoarseFrame
    grey: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FilterState:
    """What the filter remembers of the shot: its newest frame, the window and the longer past, both newest first."""

    newest: _Newest | None = None
    window: tuple[_Past, ...] = ()
    history: tuple[CoarsePast, ...] = ()


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
        disparity: Map,
        boost: Map,
        confidence: Map,
        *,
        cut: bool,
    ) -> tuple[Map, Map, Map, FilterState]:
        """Return the steadied (disparity [h, w], boost [h, w, 3], confidence [h, w]) and the next state.

        rgb [h, w, 3] uint8 has the size of the maps; disparity is in 0..1 and stays there. `cut`: this frame begins a
        shot, nothing before it counts (nor does it after a change of size).
        """
        luma = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        grey, coarse = _flow_picture(luma), coarse_frame(disparity, luma)
        small_boost = _resized(boost, grey.shape) if boost.any() else None
        before = state.newest
        if cut or before is None or before.frame.pair.shape[:2] != disparity.shape:
            now = _Frame(_pair(disparity, luma), small_boost)
            return disparity, boost, confidence, FilterState(_Newest(now, coarse, grey))
        uv, trust = self._way_back(grey, before.grey)
        coarse_shape = coarse.pair.shape[:2]
        history = moved_on(state.history, before.coarse, _resized_flow(uv, coarse_shape), _resized(trust, coarse_shape))
        now = _Frame(_pair(aligned(disparity, coarse, history), luma), small_boost)
        carried = (_Past(p.frame, chain(uv, p.uv), trust * warp(p.trust, uv)) for p in state.window)
        window = (_Past(before.frame, uv, trust), *carried)[: self.window]
        views = [_seen_from_now(p) for p in window]
        weights = _weights(now, views)
        steady = np.clip(_mean([now.pair[..., 0], *(v.disparity for v in views)], weights), 0.0, 1.0)
        steady_boost = _steadied_boost(boost, now, window, weights)
        return steady, steady_boost, confidence, FilterState(_Newest(now, coarse, grey), window, history)

    def _way_back(self, grey: NDArray[np.uint8], before: NDArray[np.uint8]) -> tuple[Map, Map]:
        """Return the flow [fh, fw, 2] from the present picture to the one before, and trust: 0 if occluded (Eq. 7)."""
        back = self._flow.flow(grey, before)
        return back, round_trip_ok(back, self._flow.flow(before, grey)).astype(np.float32)


def _pair(disparity: Map, luma: NDArray[np.uint8]) -> Map:
    return np.asarray(cv2.merge([disparity.astype(np.float32, copy=False), luma.astype(np.float32)]), np.float32)


def _flow_picture(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = luma.shape
    scale = FLOW_LONG_SIDE / max(height, width)
    if scale >= 1:
        return luma
    size = max(16, round(width * scale)), max(16, round(height * scale))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def _resized(values: Map, shape: tuple[int, ...]) -> Map:
    """Return a map [h, w] or [h, w, c] at another (height, width)."""
    if values.shape[:2] == shape:
        return values
    interpolation = cv2.INTER_AREA if shape[0] < values.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, (shape[1], shape[0]), interpolation=interpolation), np.float32)


def _resized_flow(uv: Map, shape: tuple[int, ...]) -> Map:
    """Return flow [h, w, 2] in pixels of a picture of another (height, width)."""
    scale = shape[1] / uv.shape[1], shape[0] / uv.shape[0]
    return uv if scale == (1.0, 1.0) else np.asarray(cv2.multiply(_resized(uv, shape), (*scale, 1.0, 1.0)), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A past frame carried to the present one: disparity and luma [h, w], trust [h, w] 0..1."""

    disparity: Map
    luma: Map
    trust: Map


def _seen_from_now(past: _Past) -> _View:
    shape = past.frame.pair.shape[:2]
    disparity, luma = cv2.split(warp(past.frame.pair, _resized_flow(past.uv, shape)))
    # Trust fades towards occlusions: a hard border between past and present values would be seen as a seam.
    trust = past.trust * cv2.GaussianBlur(past.trust, (0, 0), FADE_PX)
    return _View(disparity, luma, _resized(trust, shape))


def _weights(now: _Frame, views: list[_View]) -> list[Map]:
    """Return the weight [h, w] of the present frame and of each past one (Eq. 8), not yet of sum 1."""
    here, luma = cv2.split(now.pair)
    rate = 1.0 / (LUMA_SPREAD + MISFIT_PX * _around(_slope(luma)))
    likely = [v.trust * _falling(_around(cv2.absdiff(v.luma, luma)) * rate) for v in views]
    # A past frame that is occluded or looks different has no vote, the present one votes in its place: else the
    # background that a subject uncovers would be outvoted by what was there before.
    votes = [here, *(np.where(w > VOTE, v.disparity, here) for v, w in zip(views, likely, strict=True))]
    middle = _median(votes if len(votes) % 2 else [*votes, here])
    weights = [np.maximum(_falling(cv2.absdiff(here, middle) * np.float32(1.0 / DISPARITY_SPREAD)), PRESENT_LEAST)]
    for view, weight in zip(views, likely, strict=True):
        off = cv2.absdiff(view.disparity, middle) * np.float32(1.0 / DISPARITY_SPREAD)
        leap = cv2.absdiff(view.disparity, here) * np.float32(1.0 / LEAP)
        weights.append(weight * _falling(off + leap * leap))
    return weights


def _slope(luma: Map) -> Map:
    """Return how steep the luma is [h, w], in codes per pixel."""
    return np.asarray(cv2.magnitude(cv2.Sobel(luma, -1, 1, 0, scale=0.125), cv2.Sobel(luma, -1, 0, 1, scale=0.125)))


def _around(values: Map) -> Map:
    """Return the mean over 5 x 5 pixels: a small patch tells a surface from another, a pixel does not."""
    return np.asarray(cv2.blur(values, (5, 5)), np.float32)


def _falling(distance: Map) -> Map:
    return np.asarray(cv2.exp(-distance), np.float32)


def _mean(values: list[Map], weights: list[Map]) -> Map:
    mean, total = values[0] * weights[0], weights[0].copy()
    for value, weight in zip(values[1:], weights[1:], strict=True):
        mean += value * weight
        total += weight
    return np.asarray(mean / np.maximum(total, np.float32(1e-12)), np.float32)


def _steadied_boost(boost: Map, now: _Frame, window: tuple[_Past, ...], weights: list[Map]) -> Map:
    """Return the boost [h, w, 3] in stops, moved by what it differs from the weighted mean at flow size.

    Light that is estimated flickers in patches, its outlines are those of the present frame: only the difference is
    carried from the smaller maps.
    """
    if now.boost is None and all(p.frame.boost is None for p in window):
        return boost
    shape = window[0].uv.shape[:2]
    small_weights = [_resized(w, shape) for w in weights]
    total = np.maximum(sum(small_weights[1:], small_weights[0]), np.float32(1e-12))
    mean = np.zeros((*shape, 3), np.float32)
    for p, weight in zip(window, small_weights[1:], strict=True):
        if p.frame.boost is not None:
            mean += warp(p.frame.boost, p.uv) * cv2.merge([weight / total] * 3)
    if now.boost is not None:
        mean += now.boost * (cv2.merge([small_weights[0] / total] * 3) - np.float32(1.0))
    return np.asarray(np.maximum(boost + _resized(mean, boost.shape[:2]), 0.0), np.float32)


def _median(values: list[Map]) -> Map:
    """Return the median [h, w] of an odd number of maps: a bubble sort of whole maps, up to the middle one.

    np.median and np.partition walk through memory pixel by pixel and take ten times as long.
    """
    ranked = list(values)
    for last in range(len(ranked) - 1, len(ranked) // 2 - 1, -1):
        for k in range(last):
            ranked[k], ranked[k + 1] = cv2.min(ranked[k], ranked[k + 1]), cv2.max(ranked[k], ranked[k + 1])
    return ranked[len(ranked) // 2]
