"""Dense inverse search flow (Kroeger et al. 2016) as OpenCV has it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "balanced": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}
DEFAULT_PRESET = "balanced"
SMALLEST_SIDE = 16  # DIS builds an image pyramid of 8-pixel patches and fails below this


class DisFlow:
    """A FlowEstimator. Not for use from several threads at once: OpenCV keeps buffers between calls.

    preset: those of the library, or "balanced": "fast" stops at a quarter of the picture's size, where a small subject
    is a few pixels and its motion is underestimated by a third; this one goes on to half the size with less polishing.
    """

    name = "dis"

    def __init__(self, preset: str = DEFAULT_PRESET) -> None:
        self.version = f"{preset}-{cv2.__version__}"
        self._dis = cv2.DISOpticalFlow.create(PRESETS[preset])
        if preset == "balanced":
            self._dis.setFinestScale(1)
            self._dis.setVariationalRefinementIterations(2)

    def flow(self, src: NDArray[np.uint8], dst: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return uv [h, w, 2] float32 px; pictures too small for the method are taken as still."""
        if min(src.shape) < SMALLEST_SIDE:
            return np.zeros((*src.shape, 2), np.float32)
        return np.asarray(self._dis.calc(src, dst, None), np.float32)
