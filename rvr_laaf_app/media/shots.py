"""Find the cuts of a clip: the frames at which a new shot begins. Slow dissolves are not cuts and are not reported."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.media.reader import ClipReader

LONG_SIDE: Final = 128  # pixels of the pictures that are compared
_BLOCK: Final = 16
_REACH: Final = 12  # how far a block may move from frame to frame: a tenth of the picture
_SAME: Final = 0.6  # normalised correlation from which a block counts as found again
_TEXTURE: Final = 4.0  # standard deviation below which a block says nothing
_FEWEST_BLOCKS: Final = 6
_LOST_SHARE: Final = 0.33  # share of blocks not found again that makes a cut; the most in one shot was 0.21
_ABOVE_USUAL: Final = 2.5  # ... and so many times the usual share of the frames before
_HISTOGRAM_DISTANCE: Final = 0.5
_PAN_MATCH: Final = 0.75
_FLASH_SHARE: Final = 0.35  # newly burnt-out share of the picture that makes a flash
_HISTORY: Final = 4


@dataclass(frozen=True, slots=True)
class _Look:
    """What is remembered of a frame: grey picture, colour histogram, share of burnt-out pixels."""

    grey: NDArray[np.uint8]
    histogram: NDArray[np.float32]
    burnt: float


class CutFinder:
    """Tells at each frame whether a new shot begins. Feed every frame in order; one size throughout.

    Each textured block of the frame is looked for near its place in the last frames. Correlation does not mind a
    change of exposure, the search does not mind motion, the older frames bridge a flash of up to three frames, and a
    shift of the whole picture is tried before a fast pan is taken for a cut.
    """

    def __init__(self) -> None:
        self._before: deque[_Look] = deque(maxlen=_HISTORY)
        self._lost: deque[float] = deque(maxlen=_HISTORY)

    def push(self, rgb: NDArray[np.uint8] | NDArray[np.uint16]) -> bool:
        """Return True if a new shot begins at this frame [H, W, 3]; False at the first frame."""
        look = _look(rgb)
        if not self._before:
            self._before.append(look)
            return False
        if look.burnt - min(b.burnt for b in self._before) > _FLASH_SHARE:
            return False  # a flash hides what it shows; the frame after it is compared with those before it
        usual = float(np.mean(self._lost)) if self._lost else 0.0
        limit = max(_LOST_SHARE, _ABOVE_USUAL * usual)
        lost = _lost_share(self._before[-1], look)
        cut = lost > limit and all(
            _lost_share(older, look) > limit and not _panned(older, look) for older in reversed(self._before)
        )
        if cut:
            self._before.clear()
            self._lost.clear()
        else:
            self._lost.append(lost)
        self._before.append(look)
        return cut


def find_cuts(reader: ClipReader) -> list[int]:
    """Return the frames at which new shots begin (never 0), decoding the clip once at a small size."""
    width, height = reader.info.display_size
    finder = CutFinder()
    with ClipReader(reader.info, size=small_size(width, height)) as small:
        return [frame.index for frame in small.frames() if finder.push(frame.rgb)]


def small_size(width: int, height: int) -> tuple[int, int]:
    """Return the (width, height) at which frames are compared: the long side LONG_SIDE, never enlarged."""
    scale = min(LONG_SIDE / max(width, height), 1.0)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def _look(rgb: NDArray[np.uint8] | NDArray[np.uint16]) -> _Look:
    size = small_size(rgb.shape[1], rgb.shape[0])
    small = rgb if size == (rgb.shape[1], rgb.shape[0]) else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    picture = (small >> 8).astype(np.uint8) if small.dtype == np.uint16 else np.asarray(small, np.uint8)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2Lab)
    histogram = np.asarray(cv2.calcHist([lab], [0, 1, 2], None, [8, 8, 8], [0, 256] * 3), np.float32).ravel()
    return _Look(grey, histogram / max(float(histogram.sum()), 1.0), float(np.mean(grey > 250)))


def _lost_share(before: _Look, now: _Look) -> float:
    """Return the share of blocks of `now` that are nowhere near their place in `before`; by colour if it is flat."""
    if before.grey.shape != now.grey.shape:
        return 1.0
    height, width = now.grey.shape
    blocks = lost = 0
    for top in range(0, height - _BLOCK + 1, _BLOCK):
        for left in range(0, width - _BLOCK + 1, _BLOCK):
            block = now.grey[top : top + _BLOCK, left : left + _BLOCK]
            if block.std() < _TEXTURE:
                continue
            blocks += 1
            window = before.grey[
                max(top - _REACH, 0) : top + _BLOCK + _REACH, max(left - _REACH, 0) : left + _BLOCK + _REACH
            ]
            lost += float(cv2.matchTemplate(window, block, cv2.TM_CCOEFF_NORMED).max()) < _SAME
    if blocks < _FEWEST_BLOCKS:
        return float(0.5 * np.abs(before.histogram - now.histogram).sum() > _HISTOGRAM_DISTANCE)
    return lost / blocks


def _panned(before: _Look, now: _Look) -> bool:
    """True if the middle of one picture lies somewhere in the other: the same scene, moved by up to a quarter."""
    return before.grey.shape == now.grey.shape and (
        _middle_found(now.grey, before.grey) or _middle_found(before.grey, now.grey)
    )


def _middle_found(part: NDArray[np.uint8], whole: NDArray[np.uint8]) -> bool:
    height, width = part.shape
    middle = part[height // 4 : height - height // 4, width // 4 : width - width // 4]
    if middle.std() < _TEXTURE or middle.size == 0:
        return False
    return float(cv2.matchTemplate(whole, middle, cv2.TM_CCOEFF_NORMED).max()) > _PAN_MATCH
