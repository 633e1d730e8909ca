"""Stands in for OpenCV in the worker of `uvc_opencv`: one camera (number 1) with a lens, as Windows drivers show it.

Put ahead of the real one on the worker's path. FAKE_CV2=no_lens: the camera ignores focus; dies_after=N: it is
unplugged after N pictures; hangs_after=N: reading hangs from then on.
"""

from __future__ import annotations

import os
import threading

import numpy as np

__version__ = "stand-in"
CAP_PROP_EXPOSURE, CAP_PROP_GAIN, CAP_PROP_BRIGHTNESS, CAP_PROP_CONTRAST = 15, 14, 10, 11
CAP_PROP_SATURATION, CAP_PROP_SHARPNESS, CAP_PROP_FOCUS, CAP_PROP_AUTOFOCUS = 12, 20, 28, 39
BEST = 130
MODE = dict(part.partition("=")[::2] for part in os.environ.get("FAKE_CV2", "").split(",") if part)


class error(Exception):
    """OpenCV's error."""


class VideoCapture:
    """A camera."""

    def __init__(self, index: int) -> None:
        self._there = index == 1
        self._values = {CAP_PROP_AUTOFOCUS: 1.0, CAP_PROP_FOCUS: 0.0, CAP_PROP_GAIN: 10.0, CAP_PROP_BRIGHTNESS: 100.0}
        self._pictures = 0
        self._seen = 0.0

    def isOpened(self) -> bool:
        return self._there

    def release(self) -> None:
        self._there = False

    def get(self, key: int) -> float:
        return self._values.get(key, -1.0)

    def set(self, key: int, value: float) -> bool:
        if key == CAP_PROP_FOCUS and "no_lens" in MODE:
            return False
        self._values[key] = value
        return True

    def read(self) -> tuple[bool, np.ndarray | None]:
        self._pictures += 1
        if self._pictures > int(MODE.get("dies_after", 10**9)):
            return False, None
        if self._pictures > int(MODE.get("hangs_after", 10**9)):
            threading.Event().wait()
        # The picture is one behind the lens, as with the buffers of real drivers.
        focus, self._seen = self._seen, self._values[CAP_PROP_FOCUS]
        picture = np.zeros((48, 64, 3), np.uint8)
        contrast = max(0, 120 - int(abs(focus - BEST)))
        picture[::2] = (contrast, contrast // 2, 0)  # bgr
        return True, picture
