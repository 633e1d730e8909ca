"""Carrying a soft mask, and a place, from frame to frame along optical flow, with what is known of the doubt.

One step goes from a frame to a neighbour, in either direction of time. A pixel of the new frame takes the mask from
where the flow says that it was; where the flow there and back do not agree, or the surface looks different, it was
hidden (rvr-laaf.txt, Eq. 7) and takes nothing unless it is surrounded by what is carried and looks like it. Doubt adds
up from step to step and fades the mask. Nothing here knows of cuts, files or depth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.flow.brush import enclosed
from rvr_laaf_app.flow.consistency import pixel_grid, warp
from rvr_laaf_app.flow.dis import DisFlow
from rvr_laaf_app.flow.tie import tie

CARRY_VERSION = "2"
HOLE_PX = 4.0  # how far a pixel without a past looks for neighbours that have one
GUIDE_PX, GUIDE_EPS = 4, 0.015**2
DOUBT_PER_STEP = 0.0015  # even a perfect flow is off by a little
BELIEF_GAIN, BELIEF_LEAST = 2.5, 0.25  # trust of half is as good as full here: what is believed less adds up fast
GONE = 4  # of 255: a mask weaker than this everywhere is none
LOOK_SPREAD, LOOK_MISFIT_PX = 32.0, 1.0  # bytes of all three channels; pixels that a good flow is off after a piece
PLACE_PX = 3  # half the side of the square whose flow moves a place

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """What a stroke is in one frame: alpha [h, w] uint8, 255 = full; place (x, y) 0..1 of the sample, sure 0..1."""

    alpha: NDArray[np.uint8]
    place: tuple[float, float] | None = None
    sure: float = 0.0

    def as_planes(self) -> list[NDArray[np.uint8 | np.uint16]]:
        """Return planes for keeping."""
        if self.place is None:
            return [self.alpha]
        values = [*(v * 16384 + 16384 for v in self.place), self.sure * 65535]  # places may lie a bit outside
        return [self.alpha, np.array([np.clip(np.rint(values), 0, 65535)], np.uint16)]

    @classmethod
    def from_planes(cls, planes: Sequence[NDArray[np.uint8 | np.uint16]]) -> Carried:
        """Undo `as_planes`; raise ValueError if that is impossible."""
        if not 1 <= len(planes) <= 2 or planes[0].dtype != np.uint8:
            raise ValueError("a carried mask has one plane of bytes, and may have a place")
        alpha = planes[0].view(np.uint8)
        if len(planes) == 1:
            return cls(alpha)
        if planes[1].shape != (1, 3):
            raise ValueError("a place has two coordinates and how sure it is")
        x, y, sure = (float(v) for v in planes[1][0])
        return cls(alpha, ((x - 16384) / 16384, (y - 16384) / 16384), sure / 65535)

    @property
    def gone(self) -> bool:
        """True if there is nothing left to carry."""
        return not (self.alpha > GONE).any() and (self.place is None or self.sure <= 0.01)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A frame as the carrier sees it: rgb [h, w, 3] uint8 at map size, grey [h, w] uint8."""

    rgb: NDArray[np.uint8]
    grey: NDArray[np.uint8]

    @classmethod
    def of(cls, rgb: NDArray[np.uint8]) -> View:
        """Make a view of a picture."""
        return cls(rgb, np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8))

    @property
    def look(self) -> Map:
        """The colours [h, w, 3] float32 by which surfaces are compared: small patches, bytes."""
        return np.asarray(cv2.blur(self.rgb, (3, 3)), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """The tie of a new frame to the one before it: where each pixel was (uv), and how far that can be believed.

    uv [h, w, 2] px; trust [h, w] 0..1; ahead [h, w, 2] px: from the old frame to the new one.
    """

    uv: Map
    trust: Map
    ahead: Map


class Carrier:
    """Carries masks along steps; one instance per thread (the flow keeps buffers)."""

    def __init__(self) -> None:
        self._flow = DisFlow()

    def step(self, old: View, new: View) -> Step:
        """Return the tie of `new` to `old`."""
        uv, ahead = self._flow.flow(new.grey, old.grey), self._flow.flow(old.grey, new.grey)
        luma, other = new.grey.astype(np.float32), old.grey.astype(np.float32)
        link = tie(uv, ahead, luma=luma, other_luma=other, shape=new.grey.shape)
        return Step(link.uv, np.clip(link.trust * BELIEF_GAIN - BELIEF_LEAST, 0.0, 1.0), ahead)


@dataclass(frozen=True, slots=True, eq=False)
class Ride:
    """A mask on its way from the frame where its piece began: sampled there once, so that it does not blur.

    begin [h, w] 0..1: the mask at the first frame; look [h, w, 3]: what that frame looks like; way [h, w, 2] px: from
    each pixel to its place there; held [h, w]: what is left of the belief, 0..1; place in pixels.
    """

    begin: Map
    look: Map
    way: Map
    held: Map
    place: tuple[float, float] | None
    sure: float

    @classmethod
    def from_carried(cls, carried: Carried, view: View) -> Ride:
        """Begin with what was kept of a frame, and its picture."""
        height, width = carried.alpha.shape
        alpha = carried.alpha.astype(np.float32) * np.float32(1 / 255)
        place = None if carried.place is None else (carried.place[0] * width - 0.5, carried.place[1] * height - 0.5)
        way = np.zeros((height, width, 2), np.float32)
        return cls(alpha, view.look, way, np.ones_like(alpha), place, carried.sure)


def ride_on(ride: Ride, step: Step, new: View) -> tuple[Carried, Ride]:
    """Return the mask in the new frame, and the ride there."""
    way = step.uv + warp(ride.way, step.uv)
    trust = step.trust
    held = warp(ride.held, step.uv) * np.float32(1.0 - DOUBT_PER_STEP)
    coordinates = pixel_grid(*new.grey.shape) + way
    alpha = cv2.remap(ride.begin, coordinates, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    held = _filled(held, trust)
    alpha = np.asarray(alpha, np.float32) * held
    if alpha.any():
        before = cv2.remap(ride.look, coordinates, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        alpha *= _same_surface(alpha, np.asarray(before, np.float32), new.look)
    shown = _settled(alpha, new.rgb)
    place, sure = _moved(ride, step)
    height, width = new.grey.shape
    where = None if place is None else ((place[0] + 0.5) / width, (place[1] + 0.5) / height)
    return (
        Carried(np.rint(shown * 255).astype(np.uint8), where, sure),
        Ride(ride.begin, ride.look, way, held, place, sure),
    )


def _same_surface(alpha: Map, before: Map, now: Map) -> Map:
    """Return [h, w] 0..1: how far a pixel looks as where it is said to come from; light may change for all of it.

    A pixel that was uncovered at the edge of a moving thing has a flow there and back that agree, of that thing.
    """
    change = now - before
    weight = alpha / max(float(alpha.sum()), 1e-6)
    change -= np.einsum("ij,ijk->k", weight, change)
    away = np.sqrt(np.einsum("ijk,ijk->ij", change, change))
    slope = cv2.magnitude(*(cv2.Sobel(now[..., 1], -1, *order, scale=0.125) for order in ((1, 0), (0, 1))))
    alike = np.clip(np.float32(2.0) - away / (np.float32(LOOK_SPREAD) + np.float32(LOOK_MISFIT_PX) * slope), 0.0, 1.0)
    alike[enclosed((alike < 0.5) | (alpha < 0.25)) & (alpha >= 0.25)] = 1.0  # a mouth that opens is still the face
    return np.asarray(alike, np.float32)


def _filled(held: Map, trust: Map) -> Map:
    """Return the belief in this frame: what was hidden before has none, small gaps take that of their surroundings."""
    blur = (0, 0)
    mean = cv2.GaussianBlur(held * trust, blur, HOLE_PX)
    weight = cv2.GaussianBlur(trust, blur, HOLE_PX)
    around = mean * np.minimum(weight * np.float32(2.0), np.float32(1.0)) / np.maximum(weight, np.float32(1e-3))
    return np.asarray(trust * held + (1 - trust) * np.minimum(around, held), np.float32)


def _settled(alpha: Map, rgb: NDArray[np.uint8]) -> Map:
    """Return the mask with its border on the edges of the frame (guided filter, He et al. 2010)."""
    if not alpha.any():
        return alpha
    guide = rgb.astype(np.float32) * np.float32(1 / 255)
    fine = cv2.ximgproc.guidedFilter(guide, alpha, GUIDE_PX, GUIDE_EPS)
    return np.asarray(np.clip(fine * np.float32(1.06) - np.float32(0.03), 0.0, 1.0), np.float32)


def _moved(ride: Ride, step: Step) -> tuple[tuple[float, float] | None, float]:
    """Return the sampled place in the new frame, and how sure it is that it is the same."""
    if ride.place is None:
        return None, 0.0
    height, width = step.trust.shape
    x, y = ride.place
    if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
        return ride.place, 0.0
    column, row = round(x), round(y)
    part = slice(max(row - PLACE_PX, 0), row + PLACE_PX + 1), slice(max(column - PLACE_PX, 0), column + PLACE_PX + 1)
    dx, dy = np.median(step.ahead[part].reshape(-1, 2), axis=0)
    x, y = x + float(dx), y + float(dy)
    if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
        return (x, y), 0.0
    believed = float(step.trust[round(y), round(x)])
    return (x, y), ride.sure * (1.0 - DOUBT_PER_STEP) * (0.5 + 0.5 * believed if believed < 0.5 else 1.0)
