"""The picture of depth over time: histograms as brightness, and the depth of field as a green band. Arrays, no Qt.

What it costs depends on the size of the picture only, not on the length of the clip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.ui.timeline.series import Columns

if TYPE_CHECKING:
    from rvr_laaf_app.pipeline.depth_histogram import DepthProfile

EDGE_PX = 8.0  # between an end of the lane and disparity 0 or 1
GROUND, BRIGHTEST = 27, 158  # grey of no pixel, and of a frame that is one flat wall
BAND_RGB, BAND_ALPHA = (95, 191, 119), 0.30
_MOST_SHARE = 0.35  # of the maximum, against the mean, where a column shows several frames
_SURE, _DOUBTFUL = 0.55, 0.20  # mean confidence: fully bright from here on, dimmest up to there
_DIMMEST = 0.30


def y_of(disparity: float, top: float, height: float) -> float:
    """Return the height of a disparity inside a lane: 1 near the top, 0 near the bottom; clamped to the lane."""
    inside = min(max(disparity, 0.0), 1.0)
    return top + height - EDGE_PX - inside * (height - 2 * EDGE_PX)


def disparity_at(y: float, top: float, height: float) -> float:
    """Return the disparity at a height of the lane, 0..1."""
    return min(max((top + height - EDGE_PX - y) / max(height - 2 * EDGE_PX, 1.0), 0.0), 1.0)


def brightness(confidence: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the factor 0..1 by which a column is dimmed where its depth is doubtful."""
    sure = (confidence.astype(np.float32) / 255 - _DOUBTFUL) / (_SURE - _DOUBTFUL)
    share = np.clip(sure, 0.0, 1.0)
    return np.asarray(_DIMMEST + (1 - _DIMMEST) * share * share * (3 - 2 * share), np.float32)


def depth_picture(
    profile: DepthProfile | None,
    columns: Columns,
    height: int,
    *,
    focus: NDArray[np.float32] | None,
    sharp_half: float,
    px: float = 1.0,
) -> NDArray[np.uint8]:
    """Return [height, W, 4] uint8 (blue, green, red, 255).

    focus [W] float32: disparity of the focal plane in each column, NaN = not known; None = nowhere. sharp_half: half
    the depth of field in disparity. px: how wide a pixel of the picture is in pixels of the window.
    """
    inner = max(height - 2 * EDGE_PX / px, 1.0)
    disparity = (height - EDGE_PX / px - (np.arange(height, dtype=np.float32) + 0.5)) / np.float32(inner)
    grey = _greys(profile, columns, disparity)
    picture = np.empty((height, len(columns.starts), 4), np.uint8)
    picture[..., :3] = grey[..., None]
    picture[..., 3] = 255
    if focus is not None:
        far = np.abs(disparity[:, None] - focus[None, :])
        share = np.clip((np.float32(sharp_half) - far) * np.float32(inner) + 0.5, 0.0, 1.0) * np.float32(BAND_ALPHA)
        rows, across = np.nonzero(share > 0)
        mixed, weight = grey[rows, across], share[rows, across]
        for channel, colour in enumerate(reversed(BAND_RGB)):
            picture[rows, across, channel] = mixed + (colour - mixed) * weight
    return picture


def _greys(profile: DepthProfile | None, columns: Columns, disparity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return [height, W] float32: the greys of the histograms; ground where nothing is known."""
    count = len(columns.starts)
    if profile is None or not columns.inside.any():
        return np.full((len(disparity), count), GROUND, np.float32)
    number = profile.level_for(columns.frames_each)
    level = profile.levels[number]
    middle = (columns.starts + np.maximum(columns.stops, columns.starts)) // 2
    entry = np.clip((middle // profile.step) >> number, 0, len(level.known) - 1)
    bins = level.mean.shape[1]
    codes = level.mean[entry].astype(np.float32)
    if number:
        codes += np.float32(_MOST_SHARE) * (level.most[entry].astype(np.float32) - codes)
    shown = level.known[entry] & columns.inside
    dimmed = np.where(shown, brightness(level.confidence[entry]), np.float32(0.0))
    codes *= dimmed[:, None] * np.float32((BRIGHTEST - GROUND) / 255)
    place = disparity * bins - 0.5
    below = np.clip(np.floor(place).astype(np.intp), 0, bins - 1)
    above = np.minimum(below + 1, bins - 1)
    share = np.clip(place - below, 0.0, 1.0).astype(np.float32)[:, None]
    rows = np.ascontiguousarray(codes.T)
    grey = rows[below]
    grey += share * (rows[above] - grey)
    grey[(disparity < 0) | (disparity > 1)] = 0
    grey += GROUND
    return np.asarray(grey, np.float32)
