"""Autofocus as the capture window and the command line ask for it: methods by name, regions, and looks to be shown.

The search knows no camera and the camera's session no search; here both are brought together. Nothing is driven here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import AUTOFOCUS, DEFAULT_AUTOFOCUS, FocusRange, Patch, Search
from rvr_laaf_app.autofocus.base import FocusResult as FocusResult
from rvr_laaf_app.camera.base import LiveFrame
from rvr_laaf_app.camera.defocus import DefocusModel
from rvr_laaf_app.camera.focusing import Seen
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.core.registry import Unavailable
from rvr_laaf_app.pipeline.capture_view import luma

PATCH_PX: Final = 512  # what the printed networks were trained on
_LEAST_SIDE: Final = 32
_POINT_SIDE: Final = 0.18  # of the picture's height: the box that a click means
CALIBRATED: Final = "learned"  # the method that works with a calibration
TITLES: Final = {
    "learned": "Learned",
    "algorithm1": "Learned, as published",
    "fibonacci": "Fibonacci search",
    "rule_based": "Rule-based search",
    "hill_climbing": "Hill climbing",
    "curve_fit": "Curve fit",
}


@dataclass(frozen=True, slots=True)
class Method:
    """A way to find focus: its name, an English title, and why it cannot be used here ("" = it can)."""

    name: str
    title: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FocusLook:
    """One look of a run: its number from 1, the lens position, how sharp the region was (bigger = sharper), its box.

    scanning: what to focus on was still being looked for, in the whole picture.
    """

    number: int
    position: int
    sharpness: float
    box: Box
    scanning: bool = False


def focus_methods() -> list[Method]:
    """Return all methods, the default first, with the reason for those that cannot be used here."""
    names = [DEFAULT_AUTOFOCUS, *(n for n in AUTOFOCUS if n != DEFAULT_AUTOFOCUS)]
    found = []
    for name in names:
        what = AUTOFOCUS.find(name)
        reason = what.reason if isinstance(what, Unavailable) else ""
        found.append(Method(name, TITLES.get(name, name), reason))
    return found


def box_around(point: Point, aspect: float) -> Box:
    """Return the square box that a click means, in a picture of this width to height."""
    return Box.around(point, _POINT_SIDE / aspect, _POINT_SIDE)


def patch_of(rgb: NDArray[np.uint8], box: Box | None) -> Patch:
    """Return the grey patch [h, w] float32 0..1 of a region; without one the middle, as large as a network's patch.

    Pixels are those of the picture, never scaled: how blurred they are is what is measured.
    """
    height, width = rgb.shape[:2]
    if box is None:
        side = min(PATCH_PX, width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return luma(np.ascontiguousarray(rgb[top : top + side, left : left + side]))
    x, y, across, down = box.clipped().pixels(width, height)
    across, down = max(round(across), _LEAST_SIDE), max(round(down), _LEAST_SIDE)
    left = min(max(round(x), 0), max(width - across, 0))
    top = min(max(round(y), 0), max(height - down, 0))
    return luma(np.ascontiguousarray(rgb[top : top + down, left : left + across]))


def sharpness_of(patch: Patch) -> float:
    """Return the mean energy of the gradient (Tenengrad) of a patch: for the curve that is shown, by any method."""
    smooth = cv2.GaussianBlur(patch, (0, 0), 0.7)
    across, down = (cv2.Scharr(smooth, cv2.CV_32F, *way, scale=1 / 32) for way in ((1, 0), (0, 1)))
    return float(np.mean(np.square(across) + np.square(down)))


def begin_search(
    method: str,
    limits: tuple[int, int],
    *,
    start: int,
    depth_of_field: int,
    model: DefocusModel | None = None,
    width_px: int | None = None,
    seed: int = 0,
) -> Search:
    """Search by a method of AUTOFOCUS from a lens position on; its network is loaded at the first step, not before.

    model: the calibration of the lens, for methods that can use it, and the width of the live picture.

    Raises, when it begins, UsageError for an unknown method, CheckpointError if its network is missing.
    """
    low, high = limits
    where = FocusRange(low, high, max(depth_of_field, 1))
    begin = min(max(start, low), high)
    kind = AUTOFOCUS.load(method)
    if model is not None and method == CALIBRATED:
        from rvr_laaf_app.autofocus.modern import ModernAutofocus

        return (yield from ModernAutofocus(model, width_px=width_px).search(where, start=begin, seed=seed))
    return (yield from kind().search(where, start=begin, seed=seed))


def look_of(seen: Seen, number: int, *, scanning: bool = False) -> FocusLook:
    """Return what one step of a session's autofocus run comes to."""
    return FocusLook(number, seen.position, sharpness_of(patch_of(seen.frame.rgb, seen.box)), seen.box, scanning)


def middle_of(frame: LiveFrame) -> Box:
    """Return the middle of a picture, as large as a network's patch: where is focused if nobody says."""
    height, width = frame.rgb.shape[:2]
    side = min(PATCH_PX, width, height)
    return Box.from_pixels((width - side) / 2, (height - side) / 2, side, side, picture=(width, height))


def region_for(chosen: Callable[[LiveFrame], Box | None]) -> Callable[[LiveFrame], Box]:
    """Return what a session is to look at: what was chosen, else the middle."""

    def where(frame: LiveFrame) -> Box:
        box = chosen(frame)
        return middle_of(frame) if box is None else box

    return where
