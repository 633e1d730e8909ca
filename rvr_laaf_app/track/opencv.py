"""KCF (Henriques 2015) and CSRT (Lukezic 2017) as OpenCV has them, at a working size that suits the subject's box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.track.appearance import Look, likeness, look_at

# The box is worked on at about this size: larger costs time (quadratically), smaller loses the subject.
WORKING_BOX_PX = 80
SMALLEST_BOX_PX = 8
LEAST_CONFIDENCE = 0.05  # of something that the library calls found


@dataclass(frozen=True, slots=True, eq=False)
class CvState:
    """The library's own tracker object, the (width, height) of the pictures it is fed, and the subject's first look."""

    tracker: Any
    size: tuple[int, int]
    first: Look | None


class _CvTracker:
    """What both have in common; the subclass says how to make one."""

    name = ""

    def make(self) -> Any:
        """Return a new tracker of the library."""
        raise NotImplementedError

    def start(self, rgb: NDArray[np.uint8], box: Box) -> CvState:
        """Return the state after seeing the subject in `box`; rgb [h, w, 3]."""
        height, width = rgb.shape[:2]
        _, _, box_width, box_height = box.pixels(width, height)
        scale = min(1.0, WORKING_BOX_PX / max(box_width, box_height, 1.0))
        size = max(round(width * scale), 2), max(round(height * scale), 2)
        tracker = self.make()
        tracker.init(_shrunk(rgb, size), _inner_rectangle(box, size))
        return CvState(tracker, size, look_at(rgb, box))

    def step(self, rgb: NDArray[np.uint8], state: CvState) -> tuple[Box, float, CvState]:
        """Return the new box, the confidence and the state.

        The library only says found or not. What it found is compared with the first look of the subject; 0 is kept for
        "not found", since a subject may turn round and look like nothing before.
        """
        found, rectangle = state.tracker.update(_shrunk(rgb, state.size))
        box = Box.from_pixels(*(float(v) for v in rectangle), picture=state.size)
        if not found:
            return box, 0.0, state
        look = look_at(rgb, box)
        alike = likeness(look, state.first) if look is not None and state.first is not None else 0.0
        return box, max(alike, LEAST_CONFIDENCE), state


class KcfTracker(_CvTracker):
    """Kernelised correlation filter: fast, steady on rigid subjects, keeps the size of the box."""

    name = "kcf"

    def make(self) -> Any:
        """Return a new KCF tracker."""
        return cv2.TrackerKCF.create()


class CsrtTracker(_CvTracker):
    """Discriminative correlation filter with channel and spatial reliability: slower, follows size and shape."""

    name = "csrt"

    def make(self) -> Any:
        """Return a new CSRT tracker."""
        return cv2.TrackerCSRT.create()


def _shrunk(rgb: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if (rgb.shape[1], rgb.shape[0]) == size:
        return np.ascontiguousarray(rgb)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _inner_rectangle(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the box in whole pixels inside the picture, at least SMALLEST_BOX_PX wide and high where that fits."""
    width, height = size
    x, y, w, h = box.clipped().pixels(width, height)
    w = min(max(round(w), SMALLEST_BOX_PX), width)
    h = min(max(round(h), SMALLEST_BOX_PX), height)
    return min(max(round(x), 0), width - w), min(max(round(y), 0), height - h), w, h
