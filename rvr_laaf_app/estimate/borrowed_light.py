"""Light for depth that comes without it: what our own network says of clipped lamps, and nothing else of it.

Public depth networks and imported depth know nothing of light, but bokeh lives from it. Frames without anything bright
cost nothing: the network is not asked.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.frame import ClipTrait, Frame
from rvr_laaf_app.estimate.base import DEFAULT_ESTIMATOR, ESTIMATORS, RgbdEstimator

_BRIGHT: Final = 180  # code of 255 below which, even averaged with its neighbours, nothing can be clipped


class BorrowedLight:
    """The boost of the shipped estimator; it is loaded when first needed. version: part of that of its user."""

    def __init__(self) -> None:
        self._estimator: RgbdEstimator[object] = ESTIMATORS.load(DEFAULT_ESTIMATOR)()
        self.version = self._estimator.version

    def boost_stops(self, frame: Frame, size: tuple[int, int]) -> NDArray[np.float16]:
        """Return boost [h, w, 3] float16 in stops for maps of (width, height) `size`."""
        width, height = size
        if int(frame.rgb8.max()) <= _BRIGHT:
            return np.zeros((height, width, 3), np.float16)
        before, after = self._estimator.context
        state = self._estimator.start(ClipTrait(*frame.size, 1, 25.0))
        rgbd, _ = self._estimator.step([frame] * (before + 1 + after), state)
        if rgbd.size == size or not rgbd.boost_stops.any():
            return rgbd.boost_stops if rgbd.size == size else np.zeros((height, width, 3), np.float16)
        grown = cv2.resize(rgbd.boost_stops.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(np.maximum(grown, 0.0), np.float16)
