"""What two pictures of one subject say together about where focus is, that neither says alone.

One picture tells how large the blur is, not on which side focus lies. Of two, the sharper shows what the other looked
like before it was blurred more; so for each place where focus may be, either picture is blurred as the model foretells
of the other (D_b * A = D_a * B where A = D_a * I, B = D_b * I), and only for the true place do they become the same.
Exposure, small shifts and a small error of the magnification are fitted. Knows no network and no search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import Patch

_SMALL_PX: Final = 8.0  # the larger disk at the size at which pictures are compared
_LEAST_SIDE: Final = 7  # of what both pictures show without their borders, at that size
_MOST_SIDE: Final = 72  # more of the patches is not looked at, for time
_ROUNDS: Final = 2  # of fitting the shift, at most
_STILL_PX: Final = 0.1  # shift that needs no second round


@dataclass(frozen=True, slots=True)
class Blur:
    """What a hypothesis foretells of two pictures.

    first_px: the radius of the blur of the first, in pixels of the second, which does not show things at the same size;
    second_px: of the second in pixels of the first. size: of things in the first, relative to the second.
    """

    first_px: float
    second_px: float
    size: float = 1.0


class Pair:
    """Two patches of one size (display-encoded 0..1), made ready for comparison under several hypotheses."""

    def __init__(self, first: Patch, second: Patch) -> None:
        self.light = (_linear(first), _linear(second))
        self.shrunk: dict[int, tuple[Patch, Patch]] = {}

    def misfit(self, blur: Blur) -> float | None:
        """Return by how much the two differ once evenly blurred, 0..1 of their contrast.

        None where it tells nothing: the disks leave next to nothing of the patches that is free of their borders.
        """
        shrink = max(1, round(max(blur.first_px, blur.second_px) / _SMALL_PX))
        margin = int(np.ceil((blur.first_px + blur.second_px) / shrink + 0.5))
        first, second = self._at(shrink)
        if min(first.shape) - 2 * margin < _LEAST_SIDE:
            return None
        first, second = (_middle(light, _MOST_SIDE + 2 * margin) for light in (first, second))
        mine, theirs = _blurred(first, blur.second_px / shrink), _blurred(second, blur.first_px / shrink)
        return _remainder(mine, theirs, blur.size, margin)

    def _at(self, shrink: int) -> tuple[Patch, Patch]:
        if shrink not in self.shrunk:
            first, second = (_shrunk(light, shrink) for light in self.light)
            self.shrunk[shrink] = first, second
        return self.shrunk[shrink]


def _linear(patch: Patch) -> Patch:
    x = np.asarray(patch, np.float32)
    return np.asarray(x * (x * (0.305306011 * x + 0.682171111) + 0.012522878), np.float32)  # sRGB, Hargreaves' cubic


def _middle(light: Patch, side: int) -> Patch:
    top, left = (max(0, (length - side) // 2) for length in light.shape)
    return light[top : light.shape[0] - top, left : light.shape[1] - left]


def _shrunk(light: Patch, shrink: int) -> Patch:
    if shrink == 1:
        return light
    height, width = (side // shrink for side in light.shape)
    top, left = (light.shape[0] - height * shrink) // 2, (light.shape[1] - width * shrink) // 2
    whole = light[top : top + height * shrink, left : left + width * shrink]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _blurred(light: Patch, radius_px: float) -> Patch:
    """Return the picture blurred by a disk whose rim is a ramp; next to nothing below a third of a pixel."""
    drawn = float(np.sqrt(max(radius_px**2 - 1 / 3, 0.0)))
    half = int(np.ceil(drawn + 0.5))
    axis = np.arange(-half, half + 1, dtype=np.float32)
    share = np.clip(drawn + 0.5 - np.hypot(axis[:, None], axis[None]), 0.0, 1.0)
    return np.asarray(cv2.filter2D(light, -1, share / share.sum(), borderType=cv2.BORDER_REFLECT_101), np.float32)


def _remainder(mine: Patch, theirs: Patch, size: float, margin: int) -> float:
    """Return what is left of `mine` when `theirs`, larger by `size`, is fitted to it: 0..1 of its contrast."""
    height, width = mine.shape
    inside = (slice(margin, height - margin), slice(margin, width - margin))
    x = (np.arange(width, dtype=np.float32) - (width - 1) / 2)[None]
    y = (np.arange(height, dtype=np.float32) - (height - 1) / 2)[:, None]
    wanted = mine[inside].ravel().astype(np.float64)
    wanted -= wanted.mean()
    contrast = max(float(wanted @ wanted), 1e-12)
    shift, left = np.zeros(2), 1.0
    for _ in range(_ROUNDS):
        seen = _enlarged(theirs, size, shift)
        dx = cv2.Sobel(seen, cv2.CV_32F, 1, 0, scale=0.125)
        dy = cv2.Sobel(seen, cv2.CV_32F, 0, 1, scale=0.125)
        parts = np.stack([part[inside].ravel() for part in (seen, dx, dy, x * dx + y * dy)]).astype(np.float64)
        parts -= parts.mean(axis=1, keepdims=True)
        gram, told = parts @ parts.T, parts @ wanted
        found = np.linalg.solve(gram + np.diag(1e-6 * gram.diagonal() + 1e-15), told)
        left = min(left, 1.0 - float(found @ (2 * told - gram @ found)) / contrast)
        move = -found[1:3] / max(float(found[0]), 1e-3)
        if np.abs(move).max() < _STILL_PX or np.abs(move).max() > margin:
            break
        shift = shift + move
    return float(np.sqrt(max(left, 0.0)))


def _enlarged(light: Patch, size: float, shift: NDArray[np.float64]) -> Patch:
    """Return a picture larger by `size` about its middle, then moved by `shift` (x, y) pixels."""
    height, width = light.shape
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    offset = middle - (middle + shift) / size
    matrix = np.array([[1 / size, 0.0, offset[0]], [0.0, 1 / size, offset[1]]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(light, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT_101))
