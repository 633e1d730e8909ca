"""How a frame is tied to its neighbour: where each pixel lies there, whether that can be believed, and what moves.

Everything is judged at the size at which the flow is computed and brought to map size at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.flow.consistency import round_trip_ok, warp
from rvr_laaf_app.flow.dis import DisFlow
from rvr_laaf_app.flow.region import coarse_shape, regional, resized, resized_flow, swelling

FLOW_LONG_SIDE = 320  # flow is smooth: half the map size costs a quarter and is upsampled
# Flow pixels a frame: below the first a pixel stands still (DIS on a still picture: 95 % are below 0.1 px) and is taken
# from exactly the same place, since sampling between pixels a hundred times over would blur; from the second on it
# moves.
STILL_PX, MOVING_PX = 0.075, 0.3
FADE_PX = 1.5  # of trust towards occlusions: a hard border between old and new values would be seen as a seam
LUMA_SPREAD = 6.0  # codes of 255, on an even surface
MISFIT_PX = 0.25  # by which a good flow may be off: on a steep texture that alone changes the luma
ALIKE = 0.6  # of these allowances may be used up at no cost; one more allowance, and nothing is believed
EXPOSURE_RANGE = (0.7, 1.4)  # of a change of the whole picture's brightness that is not taken for a change of surface
# A region that grows or shrinks in the picture is coming nearer or going away. Up to the first share of area it is the
# flow's noise.
SWELLING_NOISE, SWELLING_UNIT, MOST_SWELLING = 0.002, 0.016, 2.0
STIRRED = 4.0  # times the mean motion of a region: from a quarter on, swelling is believed in full

Map = NDArray[np.float32]
Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Tie:
    """A frame's tie to one neighbour, maps of the frame's own size.

    uv [h, w, 2] px: where each pixel lies in the neighbour; flow_uv [fh, fw, 2]: the same at flow size. trust [h, w],
    flow_trust [fh, fw]: how far that can be believed, 0..1. motion [h, w]: 0 stands still, 1 moves. swelling [ch, cw]
    in 0..MOST_SWELLING^2.
    """

    uv: Map
    flow_uv: Map
    trust: Map
    flow_trust: Map
    motion: Map
    swelling: Map


def flow_picture(luma: Grey) -> Grey:
    """Return the picture [fh, fw] between which flow is computed."""
    height, width = luma.shape
    scale = FLOW_LONG_SIDE / max(height, width)
    if scale >= 1:
        return luma
    size = max(16, round(width * scale)), max(16, round(height * scale))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def both_flows(flow: DisFlow, here: Grey, other: Grey) -> tuple[Map, Map]:
    """Return the flow [fh, fw, 2] from here to the other picture, and the one back."""
    return flow.flow(here, other), flow.flow(other, here)


def tie(there: Map, back: Map, *, luma: Map, other_luma: Map, shape: tuple[int, int]) -> Tie:
    """Return the tie of a frame with `luma` [fh, fw] to a neighbour with `other_luma`, for maps of `shape`.

    Trust is the agreement of the flows there and back (rvr-laaf.txt, Eq. 7) and of the luma along the flow: a flow can
    be consistent and wrong.
    """
    consistent = round_trip_ok(there, back).astype(np.float32)
    consistent *= cv2.GaussianBlur(consistent, (0, 0), FADE_PX)
    speed = cv2.magnitude(*cv2.split(there))
    motion = np.clip((speed - np.float32(STILL_PX)) * np.float32(1.0 / (MOVING_PX - STILL_PX)), 0.0, 1.0)
    onset = np.minimum(motion * np.float32(4.0), np.float32(1.0))
    flow_uv = there * cv2.merge([onset, onset])
    flow_trust = consistent * _alike(luma, warp(other_luma, flow_uv))
    grown = np.maximum(swelling(there, shape) - np.float32(SWELLING_NOISE), 0.0) * np.float32(1.0 / SWELLING_UNIT)
    grown = np.minimum(grown, np.float32(MOST_SWELLING))
    # What grows moves, all around the point that it comes from: elsewhere a divergence is noise.
    near = regional(resized(motion, grown.shape)) * np.float32(STIRRED)
    grown *= np.minimum(near, np.float32(1.0))
    return Tie(
        uv=resized_flow(flow_uv, shape),
        flow_uv=flow_uv,
        trust=resized(flow_trust, shape),
        flow_trust=flow_trust,
        motion=resized(motion, shape),
        swelling=grown * grown,
    )


def _alike(luma: Map, other: Map) -> Map:
    """Return how sure the same surface is seen in both [fh, fw], 0..1, whatever the exposure."""
    shape = coarse_shape(luma.shape)
    ratio = np.median((resized(luma, shape) + 1.0) / (resized(other, shape) + 1.0))
    other = other * np.float32(np.clip(ratio, *EXPOSURE_RANGE))
    slope = cv2.magnitude(cv2.Sobel(luma, -1, 1, 0, scale=0.125), cv2.Sobel(luma, -1, 0, 1, scale=0.125))
    allowed = np.float32(LUMA_SPREAD) + np.float32(MISFIT_PX) * _around(slope)
    return np.clip(np.float32(1.0 + ALIKE) - _around(cv2.absdiff(luma, other)) / allowed, 0.0, 1.0)


def _around(values: Map) -> Map:
    """Return the mean over 3 x 3 pixels: a small patch tells a surface from another, a pixel does not."""
    return np.asarray(cv2.blur(values, (3, 3)), np.float32)
