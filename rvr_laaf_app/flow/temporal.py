"""The forward half of steadying (after rvr-laaf.txt, section 4, Eq. 7 and 8): each frame is fused with all before it.

The paper takes a weighted mean of seven frames along the flow. Here each pixel carries a running mean along the flow,
and with it the number of frames that it stands for (a Kalman filter of a level that walks at random):

    n' = trust * n / (1 + q n),   D <- M + k (D' - M) + k' (D - D'),   k = 1 / (1 + n'),   n <- n' + 1

M is the mean carried here, D' the frame brought into line with it region by region (`flow.region`), q the unrest of the
pixel: nearly none where nothing moves, so that even slow drift of the network is taken out there; more where it moves;
most where a region swells, since that is what comes nearer. What the regions say about the frame as a whole enters more
slowly (k', the least of k and of the region's own 1 / (1 + n')). Where trust is lost, or D' is too far from M to be the
same surface, the frame itself counts, in line with its surroundings: a moving edge is where the frame has it.

What comes out at once is one-sided; `flow.backward` does the other half when the shot has ended. The state is explicit,
and `FilterState.stored` gives what can be kept on disk: a run that goes on from there is the same, bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.flow.consistency import pixel_grid, warp
from rvr_laaf_app.flow.dis import DisFlow
from rvr_laaf_app.flow.region import coarse_shape, in_line, resized, resized_flow, span_of
from rvr_laaf_app.flow.tie import FLOW_LONG_SIDE, Tie, both_flows, flow_picture, tie

FILTER_VERSION = "3"
MOST_FRAMES = 250.0  # that a mean stands for
# Unrest q = 1 / n^2: a mean of n frames is what a level of such unrest is best estimated by.
STILL_UNREST, MOVING_UNREST, SWELLING_UNREST = 1 / 250**2, 1 / 6**2, 1 / 4**2
REGION_MOVING_UNREST = 1 / 12**2
# Difference to the mean, as a share of the span, from which it is another surface.
STILL_LEAP, MOVING_LEAP = 0.30, 0.12
LEAST_LUMA_GAIN = np.float32(1 / 8)  # the light of a still scene may change, its depth not
LEAST_BOOST_GAIN = np.float32(1 / 16)
_COUNT_STEPS = 32.0  # per doubling, of a count kept in 8 bits

Map = NDArray[np.float32]
Grey = NDArray[np.uint8]
Plane = NDArray[np.uint8 | np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What the backward half needs of a frame besides its disparity and boost.

    grey [fh, fw] uint8; count [fh, fw] and region_count [ch, cw] float32: frames that a mean stands for; boost
    [fh, fw, 3] float32 in stops, None if it is 0 everywhere.
    """

    grey: Grey
    count: Map
    region_count: Map
    boost: Map | None

    def as_planes(self) -> list[Plane]:
        """Return the trace as planes of 8 and 16 bits; counts are rounded to about 2 %."""
        counts = [
            np.rint(np.log2(np.maximum(c, 1.0)) * np.float32(_COUNT_STEPS)).astype(np.uint8)
            for c in (self.count, self.region_count)
        ]
        return [self.grey, *counts, *_half_planes(self.boost, self.grey.shape)]

    @classmethod
    def from_planes(cls, planes: list[Plane]) -> Trace:
        """Read what `as_planes` gave; raise ValueError if there are too few or too many."""
        grey, count, region_count, *boost = planes
        counts = [np.exp2(c.astype(np.float32) * np.float32(1 / _COUNT_STEPS)) for c in (count, region_count)]
        return cls(grey.astype(np.uint8, copy=False), counts[0], counts[1], _from_half_planes(boost))


@dataclass(frozen=True, slots=True, eq=False)
class FilterState:
    """What the filter remembers of the shot, as the newest frame sees it.

    grey [fh, fw] uint8 of the newest frame; disparity, count [h, w]; luma [fh, fw]; region_count [ch, cw]; boost
    [fh, fw, 3] or None, all float32 running means.
    """

    grey: Grey
    disparity: Map
    count: Map
    luma: Map
    region_count: Map
    boost: Map | None

    @property
    def trace(self) -> Trace:
        """What the backward half will need of the newest frame."""
        return Trace(self.grey, resized(self.count, self.grey.shape), self.region_count, self.boost)

    def as_planes(self) -> list[Plane]:
        """Return the state as planes of 8 and 16 bits (half floats)."""
        halves = [
            m.astype(np.float16).view(np.uint16) for m in (self.disparity, self.count, self.luma, self.region_count)
        ]
        return [self.grey, *halves, *_half_planes(self.boost, self.grey.shape)]

    @classmethod
    def from_planes(cls, planes: list[Plane]) -> FilterState:
        """Read what `as_planes` gave; raise ValueError if there are too few or too many."""
        grey, disparity, count, luma, region_count, *boost = planes
        return cls(
            grey.astype(np.uint8, copy=False),
            _from_half(disparity),
            _from_half(count),
            _from_half(luma),
            _from_half(region_count),
            _from_half_planes(boost),
        )

    @property
    def stored(self) -> FilterState:
        """The state as it will be read back; go on with this one where the state is stored."""
        return FilterState.from_planes(self.as_planes())


class TemporalFilter:
    """A streaming filter with explicit state; one instance per thread (the flow keeps buffers)."""

    def __init__(self) -> None:
        self._flow = DisFlow()
        self.flow_version = f"{self._flow.name}-{self._flow.version}-{FLOW_LONG_SIDE}"

    def start(self) -> FilterState | None:
        """Return the state before the first frame."""
        return None

    def step(
        self,
        state: FilterState | None,
        rgb: NDArray[np.uint8],
        disparity: Map,
        boost: Map,
        confidence: Map,
        *,
        cut: bool,
    ) -> tuple[Map, Map, Map, FilterState]:
        """Return the steadied (disparity [h, w], boost [h, w, 3], confidence [h, w]) and the next state.

        rgb [h, w, 3] uint8 has the size of the maps; disparity is in 0..1 and stays there. `cut`: this frame begins a
        shot, nothing before it counts (nor does it after a change of size). Confidence passes through: it speaks of
        the single frame.
        """
        grey = flow_picture(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8))
        small_boost = resized(boost, grey.shape) if boost.any() else None
        if cut or state is None or state.disparity.shape != disparity.shape:
            regions = np.ones(coarse_shape(disparity.shape), np.float32)
            ones = np.ones_like(disparity)
            first = FilterState(grey, disparity, ones, grey.astype(np.float32), regions, small_boost)
            return disparity, boost, confidence, first
        there, back = both_flows(self._flow, grey, state.grey)
        luma = grey.astype(np.float32)
        link = tie(there, back, luma=luma, other_luma=state.luma, shape=disparity.shape)
        steady, count, region_count = _fused(disparity, state, link)
        gain = 1.0 / resized(count, grey.shape)  # of the frame in its mean: the count includes it
        before = warp(state.luma, link.flow_uv)
        mean_luma = before + np.maximum(gain, LEAST_LUMA_GAIN) * (luma - before)
        mean_boost = blended(small_boost, state.boost, link.flow_uv, gain=np.maximum(gain, LEAST_BOOST_GAIN))
        steady_boost = moved_light(boost, small_boost, mean_boost)
        return steady, steady_boost, confidence, FilterState(grey, steady, count, mean_luma, region_count, mean_boost)


def unrest(link: Tie) -> Map:
    """Return the unrest q of each pixel [h, w]."""
    return _unrest(link.motion, link.swelling, MOVING_UNREST)


def region_unrest(link: Tie) -> Map:
    """Return the unrest q of each region [ch, cw]."""
    return _unrest(resized(link.motion, link.swelling.shape), link.swelling, REGION_MOVING_UNREST)


def slow_unrest(link: Tie) -> Map:
    """Return the unrest q of each pixel [h, w] as far as it follows its region."""
    return _unrest(link.motion, link.swelling, REGION_MOVING_UNREST)


def _unrest(motion: Map, swelling: Map, moving: float) -> Map:
    still = np.float32(STILL_UNREST)
    return (
        still
        + np.float32(moving - STILL_UNREST) * motion
        + np.float32(SWELLING_UNREST) * resized(swelling, motion.shape)
    )


def likeness(a: Map, b: Map, motion: Map, span: float) -> Map:
    """Return how likely two disparities [h, w] are one surface, 0..1."""
    leap = np.float32(STILL_LEAP * span) + np.float32((MOVING_LEAP - STILL_LEAP) * span) * motion
    off = cv2.absdiff(a, b) / leap
    return np.asarray(cv2.exp(-off * off), np.float32)


def carried(disparity: Map, uv: Map) -> Map:
    """Return disparity [h, w] of a neighbour carried along the flow; cubic, so that it stays sharp on a long way."""
    place = pixel_grid(*uv.shape[:2]) + uv
    return np.asarray(cv2.remap(disparity, place, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)


def blended(here: Map | None, other: Map | None, uv: Map, *, gain: Map) -> Map | None:
    """Return the neighbour's boost [fh, fw, 3] carried here, moved by `gain` [fh, fw] towards that of this frame."""
    if here is None and other is None:
        return None
    zero = np.zeros((*gain.shape, 3), np.float32)
    before = zero if other is None else warp(other, uv)
    mean = before + cv2.merge([gain] * 3) * ((zero if here is None else here) - before)
    return mean if (mean > np.float32(1e-3)).any() else None


def moved_light(boost: Map, small: Map | None, mean: Map | None) -> Map:
    """Return the boost [h, w, 3] moved by what its mean at flow size differs from itself there.

    Light that is estimated flickers in patches, its outlines are those of the present frame.
    """
    if small is None and mean is None:
        return boost
    none = np.zeros_like(mean if small is None else small)
    change = (none if mean is None else mean) - (none if small is None else small)
    return np.asarray(np.maximum(boost + resized(change, boost.shape[:2]), 0.0), np.float32)


def _fused(disparity: Map, state: FilterState, link: Tie) -> tuple[Map, Map, Map]:
    """Return the new mean [h, w], its count [h, w] and that of the regions [ch, cw]."""
    mean = carried(state.disparity, link.uv)
    span = span_of(state.disparity)
    aligned = in_line(disparity, mean, weight=link.trust, span=span)
    q, region_q = unrest(link), region_unrest(link)
    region_count = warp(state.region_count, resized_flow(link.flow_uv, region_q.shape))
    region_count = region_count / (1.0 + region_q * region_count) * resized(link.trust, region_q.shape)
    count = warp(state.count, link.uv)
    count = count / (1.0 + q * count) * link.trust * link.trust * likeness(aligned, mean, link.motion, span)
    gain = 1.0 / (1.0 + count)
    # A still region may hold a small thing that moves: that one follows as fast as its own unrest demands.
    own = np.minimum(resized(region_count, gain.shape), 1.0 / cv2.sqrt(slow_unrest(link)))
    slow = np.minimum(gain, 1.0 / (1.0 + own))
    fused = np.clip(mean + gain * (aligned - mean) + slow * (disparity - aligned), 0.0, 1.0)
    most = np.float32(MOST_FRAMES)
    return fused, np.minimum(count + 1.0, most), np.minimum(region_count + 1.0, most)


def _half_planes(boost: Map | None, shape: tuple[int, ...]) -> list[Plane]:
    if boost is None:
        return []
    half = boost.astype(np.float16).view(np.uint16)
    return [np.ascontiguousarray(half[..., k]) for k in range(3)]


def _from_half(plane: Plane) -> Map:
    return np.ascontiguousarray(plane.astype(np.uint16, copy=False)).view(np.float16).astype(np.float32)


def _from_half_planes(planes: list[Plane]) -> Map | None:
    if not planes:
        return None
    if len(planes) != 3:
        raise ValueError(f"a boost has 3 planes, not {len(planes)}")
    return np.dstack([_from_half(p) for p in planes])
