"""An estimator that says what a test tells it to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame

Guess = Callable[[Frame], NDArray[np.floating]]


def nothing_lost(frame: Frame) -> NDArray[np.floating]:
    return np.zeros(frame.rgb.shape, np.float16)


class Pretend:
    """Disparity (and boost) of each frame come from a function of it."""

    name = "pretend"
    version = "pretend-1"
    context = (0, 0)

    def __init__(self, disparity: Guess, *, boost: Guess = nothing_lost, confidence: float = 0.8) -> None:
        self._disparity, self._boost, self._confidence = disparity, boost, confidence

    def start(self, clip: ClipTrait) -> None:
        """No state is needed."""

    def step(self, frames: Sequence[Frame], state: object) -> tuple[RgbdFrame, object]:
        frame = frames[0]
        disparity = self._disparity(frame).astype(np.float16)
        sure = np.full(disparity.shape, self._confidence, np.float16)
        return RgbdFrame(frame.index, disparity, self._boost(frame).astype(np.float16), sure), state


def grey_is_near(frame: Frame) -> NDArray[np.floating]:
    return frame.rgb8.astype(np.float32).mean(axis=2) / 255.0
