"""One picture through an estimator as the program uses it: read, estimated, its maps brought to full size."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.estimate.base import ESTIMATORS, RgbdEstimator
from rvr_laaf_app.estimate.upsample import upsample_disparity
from rvr_laaf_app.media.reader import ClipReader

Estimator = RgbdEstimator[object]
Tell = Callable[[str], None]
"""Takes a short line about what is being measured now; for showing progress."""


def silent(_line: str) -> None:
    """Tell nobody."""


def new_estimator(name: str, checkpoint: Path | None = None) -> Estimator:
    """Return the estimator of this name, with other weights than the published ones if a checkpoint is given."""
    kind: Any = ESTIMATORS.load(name)
    if checkpoint is None:
        return kind()  # type: ignore[no-any-return]
    if "checkpoint" not in inspect.signature(kind).parameters:
        raise UsageError(f"the estimator {name!r} takes no weights", remedy="Leave --checkpoint out.")
    return kind(checkpoint=checkpoint)  # type: ignore[no-any-return]


def read_picture(path: Path) -> Frame:
    """Return a photograph as the program reads it; raise MediaError if it cannot be read."""
    with ClipReader(str(path)) as reader:
        return reader.read(0)


def picture_frame(rgb: NDArray[np.uint8]) -> Frame:
    """Return a picture [H, W, 3] uint8 in sRGB as a frame."""
    return Frame(0, 0, np.ascontiguousarray(rgb), "srgb")


def estimated(estimator: Estimator, frame: Frame) -> RgbdFrame:
    """Return the estimate for one picture, taken as a clip of its own."""
    before, after = estimator.context
    clip = ClipTrait(*frame.size, 1, 25.0)
    rgbd, _ = estimator.step([frame] * (before + 1 + after), estimator.start(clip))
    return rgbd


def full_disparity(rgbd: RgbdFrame, frame: Frame) -> NDArray[np.float32]:
    """Return the disparity [H, W] float32 at the frame's size, as it is rendered."""
    return upsample_disparity(rgbd.disparity, frame.rgb8)


def row_ramp(shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return the plainest guess [H, W] float32: the lower in the picture, the nearer."""
    rows = (np.arange(shape[0], dtype=np.float32) + np.float32(0.5)) / np.float32(shape[0])
    return np.repeat(rows[:, None], shape[1], axis=1)
