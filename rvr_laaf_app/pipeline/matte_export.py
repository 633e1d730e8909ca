"""A matte of what is in focus, for other programs: white inside the depth of field, black where it is blurred."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.optics import coc_px, sharp_coc
from rvr_laaf_app.document.project import Project
from rvr_laaf_app.laaf.curve import FocusCurve
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.pipeline.resolve import resolve

_BLACK_AT = 2.0  # times the coc at the edge of the depth of field


def focus_matte(
    disparity: NDArray[np.float32], focus_disparity: float, blur_gain_px: float, *, sharp_px: float
) -> NDArray[np.float32]:
    """Return the matte [H, W] of a disparity [H, W]: 1 where the coc is at most `sharp_px`, 0 from twice that on.

    It falls evenly between the two. blur_gain_px: coc diameter in pixels per unit of disparity.
    """
    coc = np.abs(coc_px(disparity, focus_disparity, blur_gain_px))
    return np.clip((_BLACK_AT - coc / np.float32(sharp_px)) / (_BLACK_AT - 1.0), 0.0, 1.0).astype(np.float32)


def mattes_of(
    project: Project, curve: FocusCurve, info: ClipInfo
) -> Callable[[int, NDArray[np.float32]], NDArray[np.float32]]:
    """Return what makes the matte of a frame from its number and its disparity at full size, as `depth_export` asks."""
    width = info.display_size[0]

    def matte(index: int, disparity: NDArray[np.float32]) -> NDArray[np.float32]:
        wanted = resolve(project, curve, index, size=info.display_size, full_width=width)
        return focus_matte(disparity, wanted.focus_disparity, wanted.blur_gain_px, sharp_px=sharp_coc(width))

    return matte
