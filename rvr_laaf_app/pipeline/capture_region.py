"""Which part of a live picture is focused on: a box, a face, or a subject that is followed from picture to picture.

One thread feeds pictures; the chosen box may be read by any other at any time.
"""

from __future__ import annotations

import threading
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box, Point, fit_long_side
from rvr_laaf_app.detect.face import FaceFinder, HogFinder
from rvr_laaf_app.pipeline.capture_focus import box_around
from rvr_laaf_app.track.base import DEFAULT_TRACKER, TRACKERS, Tracker

RegionKind = Literal["nearest", "whole", "box", "face", "follow"]
_LOOK_PX: Final = 640  # long side of the pictures in which faces and subjects are looked for
_FACES_EVERY: Final = 8  # pictures
_SAME_FACE: Final = 0.2
_LOST_AFTER: Final = 20  # pictures in which a followed subject was not found
_FACE_PART: Final = 0.9  # of a face's box: eyes and mouth, without hair and background


class RegionFollower:
    """The region and what is known of it."""

    def __init__(self, finder: FaceFinder | None = None) -> None:
        self._lock = threading.Lock()
        self._kind: RegionKind = "nearest"
        self._box: Box | None = None
        self._faces: tuple[Box, ...] = ()
        self._finder = finder
        self._tracker: Tracker[object] | None = None
        self._state: object = None
        self._begin = False
        self._known = True
        self._missed = self._pictures = 0

    @property
    def kind(self) -> RegionKind:
        """What kind of region it is."""
        return self._kind

    @property
    def box(self) -> Box | None:
        """The region; None = the middle of the picture."""
        with self._lock:
            return self._box

    @property
    def known(self) -> bool:
        """False while a followed subject is lost, or there is no face."""
        return self._known

    @property
    def faces(self) -> tuple[Box, ...]:
        """All faces of the last look for them."""
        with self._lock:
            return self._faces

    def choose(self, kind: RegionKind, box: Box | None = None) -> None:
        """Take another kind of region; box: where it begins (None: what there is, else the middle)."""
        with self._lock:
            self._kind = kind
            if kind in ("nearest", "whole"):
                self._box = box if kind == "nearest" else None
            elif box is not None or self._box is None:
                self._box = box or Box.around(Point(0.5, 0.5), 0.2, 0.2)
            self._begin, self._known, self._missed = True, True, 0
            if kind != "face":
                self._faces = ()

    def point(self, point: Point, aspect: float) -> None:
        """Take what was clicked: a face if there is one, else a box around it (and follow it, if that is wanted)."""
        face = next((f for f in self.faces if _inside(f, point)), None)
        if self._kind == "face" and face is not None:
            self.choose("face", face)
            return
        self.choose("follow" if self._kind == "follow" else "box", box_around(point, aspect))

    def see(self, rgb: NDArray[np.uint8]) -> None:
        """Take the next live picture [h, w, 3] uint8."""
        if self._kind == "follow":
            self._follow(_small(rgb))
        elif self._kind == "face":
            if self._begin or self._pictures % _FACES_EVERY == 0:
                self._find_faces(_small(rgb))
            self._begin = False
            self._pictures += 1

    def _follow(self, rgb: NDArray[np.uint8]) -> None:
        box = self.box
        if self._begin and box is not None:
            self._tracker = TRACKERS.load(DEFAULT_TRACKER)()
            self._state, self._begin = self._tracker.start(rgb, box), False
            return
        if self._tracker is None:
            return
        moved, confidence, self._state = self._tracker.step(rgb, self._state)
        found = confidence > 0 and moved.clipped().area > 0
        self._missed = 0 if found else self._missed + 1
        self._known = self._missed < _LOST_AFTER
        if found:
            with self._lock:
                self._box = moved.clipped()

    def _find_faces(self, rgb: NDArray[np.uint8]) -> None:
        if self._finder is None:
            self._finder = HogFinder()
        height, width = rgb.shape[:2]
        found = tuple(
            Box.from_pixels(*pixels, picture=(width, height)).scaled(_FACE_PART).clipped()
            for pixels, _score in self._finder.find(rgb)
        )
        with self._lock:
            self._faces = found
            self._known = bool(found)
            if found:
                before = self._box
                near = [f for f in found if before is not None and f.overlap(before) > _SAME_FACE]
                self._box = near[0] if near else max(found, key=lambda f: f.area)


def _inside(box: Box, point: Point) -> bool:
    return box.x <= point.x <= box.x + box.width and box.y <= point.y <= box.y + box.height


def _small(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    if max(width, height) <= _LOOK_PX:
        return rgb
    size = fit_long_side((width, height), _LOOK_PX)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
