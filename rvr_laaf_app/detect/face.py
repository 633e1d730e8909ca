"""Faces and how their mouths move: dlib's HOG finder every few frames, optical flow and identities in between.

YuNet takes the finder's place when the user has installed its network. A face that the finder misses (it turns away)
is followed on for as long as it still looks like itself.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import CheckpointError, UsageError
from rvr_laaf_app.core.evidence import Finding, Region
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.detect.base import Look

FIND_EVERY = 6  # frames between two searches; in between faces are followed
SEARCH_WIDTH = 1280  # the HOG finder knows faces of 80 px: at this size, a sixteenth of the picture's width
LEAST_SCORE = 0.0
KEEP_SCORE = -0.3  # a weaker answer still confirms a face that is known
SAME_FACE = 0.3  # overlap of boxes
MOST_MISSED = 8  # searches in a row that may miss a face that still looks like itself
STILL_ITSELF = 0.55  # correlation with how it looked when it was last found
PATCH = 64
_MOUTH = np.s_[40:62, 14:50]
_BROW = np.s_[4:30, 8:56]
Patch = NDArray[np.float32]
Pixels = tuple[float, float, float, float]


class FaceFinder(Protocol):
    """Finds faces in one picture."""

    def find(self, rgb: NDArray[np.uint8]) -> list[tuple[Pixels, float]]:
        """Return boxes (x, y, width, height in px) from brow to chin, with a score, 0 = doubtful, 1 = good."""
        ...


@lru_cache(maxsize=1)
def _hog() -> Any:
    """Return dlib's detector to be copied: unpacking it takes a third of a second in which no other thread runs."""
    import dlib

    return dlib.get_frontal_face_detector()


class HogFinder:
    """dlib's frontal face detector (King 2009: HOG and a sliding window). Comes with the program."""

    def __init__(self) -> None:
        self._find = copy.deepcopy(_hog())  # each is used by one thread

    def find(self, rgb: NDArray[np.uint8]) -> list[tuple[Pixels, float]]:
        """Look for faces of a sixteenth of the picture's width and larger."""
        scale = SEARCH_WIDTH / rgb.shape[1]
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        size = SEARCH_WIDTH, max(round(rgb.shape[0] * scale), 1)
        rectangles, scores, _ = self._find.run(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), 0, KEEP_SCORE)
        return [
            ((r.left() / scale, r.top() / scale, r.width() / scale, r.height() / scale), float(s))
            for r, s in zip(rectangles, scores, strict=True)
        ]


class YuNetFinder:
    """The YuNet network (Wu et al. 2023) through OpenCV, from a file that the user has installed."""

    def __init__(self, network: Path) -> None:
        if not network.is_file():
            raise UsageError("there is no such network", where=network)
        try:
            self._net = cv2.FaceDetectorYN.create(str(network), "", (320, 320), 0.5)
        except cv2.error as error:
            raise CheckpointError("this is not a YuNet network that OpenCV can read", where=network) from error

    def find(self, rgb: NDArray[np.uint8]) -> list[tuple[Pixels, float]]:
        """Look for faces of any size; boxes are made as tight as those of the HOG finder."""
        self._net.setInputSize((rgb.shape[1], rgb.shape[0]))
        _, rows = self._net.detect(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        found: list[tuple[Pixels, float]] = []
        for x, y, w, h, *rest in [] if rows is None else rows.tolist():
            side = 0.5 * (w + h) * 0.85
            found.append(((x + w / 2 - side / 2, y + 0.56 * h - side / 2, side, side), 2.0 * (rest[-1] - 0.5)))
        return found


@dataclass(slots=True)
class _Face:
    subject: int
    box: Pixels
    score: float
    template: Patch
    missed: int = 0
    mouth: float = 0.0
    openness: float = 0.0
    brow: float = 0.0


class FaceDetector:
    """A SeeingDetector.

    Regions are faces with an identity; measures: motion of the mouth, openness of the mouth (darkness of its darkest
    part against the brow), motion of the brow; all as shares of the face's contrast, the face held still.
    """

    name = "face"
    version = "1"
    lookback = 0

    def __init__(self, finder: FaceFinder | None = None) -> None:
        self._finder = finder or HogFinder()
        self._faces: list[_Face] = []
        self._grey: NDArray[np.uint8] | None = None
        self._next = 0
        self._since = FIND_EVERY

    def look(self, look: Look) -> list[Finding]:
        """Follow the faces that are known and look for others every FIND_EVERY frames."""
        grey = np.asarray(cv2.cvtColor(look.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        if look.cut or (self._grey is not None and self._grey.shape != grey.shape):
            self._faces, self._grey, self._since = [], None, FIND_EVERY
        if self._grey is not None:
            before = self._grey
            self._faces = [face for face in self._faces if _followed(face, before, grey)]
        self._grey = grey
        self._since += 1
        if self._since >= FIND_EVERY:
            self._since = 0
            self._renew(look.rgb, grey)
        height, width = grey.shape
        regions = tuple(
            Region(
                Box.from_pixels(*face.box, picture=(width, height)),
                float(np.clip(0.5 + 0.4 * face.score, 0.1, 1.0)),
                "a face" if face.missed == 0 else "a face, followed",
                face.subject,
                (face.mouth, face.openness, face.brow),
            )
            for face in self._faces
        )
        return [Finding(look.index, regions)]

    def finish(self) -> list[Finding]:
        """Nothing lags."""
        return []

    def _renew(self, rgb: NDArray[np.uint8], grey: NDArray[np.uint8]) -> None:
        """Search the picture; confirm, add and drop faces."""
        found = sorted(self._finder.find(rgb), key=lambda item: -item[1])
        seen: set[int] = set()
        for box, score in found:
            known = [f for f in self._faces if f.subject not in seen and _overlap(f.box, box) > SAME_FACE]
            if known:
                face = max(known, key=lambda f: _overlap(f.box, box))
                face.box = tuple(0.5 * (a + b) for a, b in zip(face.box, box, strict=True))  # type: ignore[assignment]
                face.score, face.missed, face.template = score, 0, _patch(grey, face.box)
                seen.add(face.subject)
            elif score >= LEAST_SCORE and not any(_overlap(f.box, box) > 0.1 for f in self._faces):
                self._faces.append(_Face(self._next, box, score, _patch(grey, box)))
                seen.add(self._next)
                self._next += 1
        for face in self._faces:
            if face.subject not in seen:
                face.missed += 1
        self._faces = [f for f in self._faces if f.missed <= MOST_MISSED and (f.missed == 0 or _is_itself(f, grey))]


def _is_itself(face: _Face, grey: NDArray[np.uint8]) -> bool:
    now = _patch(grey, face.box)
    return float(np.mean(now * face.template)) > STILL_ITSELF


def _followed(face: _Face, before: NDArray[np.uint8], grey: NDArray[np.uint8]) -> bool:
    """Move the face on by the median motion of its points and measure its mouth; False if it was lost."""
    x, y, w, h = face.box
    columns, rows = np.meshgrid(np.linspace(x + 0.15 * w, x + 0.85 * w, 6), np.linspace(y + 0.05 * h, y + 0.6 * h, 6))
    points = np.asarray(np.stack([columns.ravel(), rows.ravel()], axis=1)[:, None, :], np.float32)
    there, ok, _ = cv2.calcOpticalFlowPyrLK(before, grey, points, None, winSize=(15, 15), maxLevel=2)
    good = ok.ravel() == 1
    if good.sum() < 6:
        return False
    dx, dy = np.median((there - points).reshape(-1, 2)[good], axis=0)
    old, face.box = face.box, (x + float(dx), y + float(dy), w, h)
    x, y = face.box[:2]
    height, width = grey.shape
    if x + 0.7 * w < 0 or y + 0.7 * h < 0 or x + 0.3 * w > width or y + 0.3 * h > height:
        return False
    past, now = _patch(before, old), _patch(grey, face.box)
    change = np.abs(now - past)
    face.mouth, face.brow = float(change[_MOUTH].mean()), float(change[_BROW].mean())
    face.openness = float(now[_BROW].mean() - np.percentile(now[_MOUTH], 10))
    return True


def _patch(grey: NDArray[np.uint8], box: Pixels) -> Patch:
    """Return the face as [PATCH, PATCH] float32 with mean 0 and deviation 1."""
    x, y, w, h = box
    map_ = np.array([[w / PATCH, 0, x], [0, h / PATCH, y]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(grey, map_, (PATCH, PATCH), flags=flags, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    cut = cv2.GaussianBlur(cut, (0, 0), 1.0)
    return np.asarray((cut - cut.mean()) / max(float(cut.std()), 4.0), np.float32)


def _overlap(a: Pixels, b: Pixels) -> float:
    return Box(*a).overlap(Box(*b))
