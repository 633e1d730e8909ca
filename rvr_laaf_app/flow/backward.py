"""The backward half of steadying: when a shot has ended, each frame is fused with all that come after it.

A Rauch-Tung-Striebel smoother over what `flow.temporal` left: with S the final result of the next frame carried here,
D the forward result of this one, D' the same brought into line with S region by region, n and q as there,

    S <- D + max(g, g') (D' - D) + g (S - D'),   g = trust / (1 + q n)

and g' the same of the regions. So both sides of a frame count alike: nothing lags, what stands still is one mean over
the whole shot, and what was hidden before gets its value from when it was seen. Run from the last frame of the shot to
its first; it needs no pictures, only the traces that the forward half left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.flow.dis import DisFlow
from rvr_laaf_app.flow.region import in_line, resized, span_of
from rvr_laaf_app.flow.temporal import (
    LEAST_BOOST_GAIN,
    TemporalFilter,
    Trace,
    blended,
    carried,
    likeness,
    moved_light,
    slow_unrest,
    unrest,
)
from rvr_laaf_app.flow.tie import both_flows, tie

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """The final result of the next frame: its trace's grey picture, disparity [h, w], boost [fh, fw, 3] or None."""

    grey: NDArray[np.uint8]
    disparity: Map
    boost: Map | None


class BackwardFilter:
    """Goes through a shot backwards with explicit state; one instance per thread (the flow keeps buffers)."""

    def __init__(self) -> None:
        self._flow = DisFlow()

    def step(self, later: Later | None, disparity: Map, boost: Map, trace: Trace) -> tuple[Map, Map, Later]:
        """Return the final disparity [h, w] and boost [h, w, 3] of a frame, and what the frame before it needs.

        disparity, boost: what the forward half gave. later: None at the last frame of the shot.
        """
        if later is None or later.disparity.shape != disparity.shape:
            return disparity, boost, Later(trace.grey, disparity, trace.boost)
        there, back = both_flows(self._flow, trace.grey, later.grey)
        luma, other = trace.grey.astype(np.float32), later.grey.astype(np.float32)
        link = tie(there, back, luma=luma, other_luma=other, shape=disparity.shape)
        after = carried(later.disparity, link.uv)
        span = span_of(disparity)
        aligned = in_line(disparity, after, weight=link.trust, span=span)
        q, slow_q = unrest(link), slow_unrest(link)
        gain = link.trust * link.trust / (1.0 + q * resized(trace.count, q.shape))
        gain *= likeness(aligned, after, link.motion, span)
        own = np.minimum(resized(trace.region_count, q.shape), 1.0 / cv2.sqrt(slow_q))
        fast = np.maximum(gain, resized(resized(link.trust, trace.region_count.shape), q.shape) / (1.0 + slow_q * own))
        final = np.clip(disparity + fast * (aligned - disparity) + gain * (after - aligned), 0.0, 1.0)
        keep = np.maximum(1.0 - resized(gain, trace.grey.shape), LEAST_BOOST_GAIN)
        small_boost = blended(trace.boost, later.boost, link.flow_uv, gain=keep)
        return final, moved_light(boost, trace.boost, small_boost), Later(trace.grey, final, small_boost)


def steadied(
    pictures: Sequence[NDArray[np.uint8]],
    disparities: Sequence[Map],
    boosts: Sequence[Map],
    *,
    cuts: Sequence[int] = (),
) -> tuple[list[Map], list[Map]]:
    """Return the final disparity [h, w] and boost [h, w, 3] of each frame of a short clip that fits into memory.

    pictures [h, w, 3] uint8 of the size of the maps; cuts: the frames at which shots begin.
    """
    forward, state = TemporalFilter(), None
    frames: list[tuple[Map, Map, Trace]] = []
    for index, (rgb, disparity, boost) in enumerate(zip(pictures, disparities, boosts, strict=True)):
        steady, light, _, state = forward.step(state, rgb, disparity, boost, disparity, cut=index in cuts)
        frames.append((steady, light, state.trace))
    backward, later = BackwardFilter(), None
    final: list[tuple[Map, Map]] = []
    for index in reversed(range(len(frames))):
        steady, light, later = backward.step(later, *frames[index])
        final.append((steady, light))
        if index in cuts:
            later = None
    final.reverse()
    return [f[0] for f in final], [f[1] for f in final]
