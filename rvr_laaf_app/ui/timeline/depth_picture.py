"""The picture of depth over time: histograms as brightness, and the depth of field as a green band. Arrays, no Qt.

What it costs depends on the size of the picture only, not on the length of the clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.ui.timeline.series import Columns

if TYPE_CHECKING:
    from rvr_laaf_app.pipeline.depth_histogram import DepthProfile

EDGE_PX = 8.0  # between an end of the lane and disparity 0 or 1
GROUND, BRIGHTEST = 27, 158  # grey of no pixel, and of a frame that is one flat wall
BAND_RGB, BAND_ALPHA = (95, 191, 119), 0.38
# Shares become greys as on a waveform monitor: an even spread stays dark, a wall of a tenth of the picture is bright.
_TONES = (np.clip(np.arange(256) / 128.0, 0.0, 1.0) ** 1.5).astype(np.float32)
_MOST_SHARE = 0.35  # of the maximum, against the mean, where a column shows several frames
_SURE, _DOUBTFUL = 0.55, 0.20  # mean confidence: fully bright from here on, dimmest up to there
_DIMMEST = 0.30


@dataclass(frozen=True, slots=True, eq=False)
class Ink:
    """A line over columns `first`, `first` + 1...: from the lowest to the highest disparity in each [w], NaN = gap.

    wide_px: in pixels of the window; alpha 0..1; dashed: five pixels on, three off.
    """

    first: int
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    rgb: tuple[int, int, int]
    wide_px: float
    alpha: float = 1.0
    dashed: bool = False


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
    sharp_half: float | NDArray[np.float32],
    inks: Sequence[Ink] = (),
    px: float = 1.0,
    ground: NDArray[np.float32] | None = None,
) -> NDArray[np.uint8]:
    """Return [height, W, 4] uint8 (blue, green, red, 255).

    focus [W] float32: disparity of the focal plane in each column, NaN = not known; None = nowhere.
    sharp_half: half the depth of field in disparity, of all columns or of each [W]. inks: lines over it, the last one
    on top. px: how wide a pixel of the picture is in pixels of the window. ground: what `ground_of` gave for all this.
    """
    inner = max(height - 2 * EDGE_PX / px, 1.0)
    disparity = _disparities(height, px)
    grey = ground_of(profile, columns, height, px=px) if ground is None else ground
    picture = np.empty((height, len(columns.starts), 4), np.uint8)
    picture[..., :3] = grey[..., None]
    picture[..., 3] = 255
    if focus is not None:
        half = np.asarray(sharp_half, np.float32)
        top, end = _rows_within(disparity, focus, float(half.max()) + 1.0 / inner)
        far = np.abs(disparity[top:end, None] - focus[None, :])
        share = np.clip((half - far) * np.float32(inner) + 0.5, 0.0, 1.0) * np.float32(BAND_ALPHA)
        rows, across = np.nonzero(share > 0)
        weight = share[rows, across]
        rows += top
        mixed = grey[rows, across]
        for channel, colour in enumerate(reversed(BAND_RGB)):
            picture[rows, across, channel] = mixed + (colour - mixed) * weight
    for ink in inks:
        _draw(picture, ink, px)
    return picture


def ground_of(profile: DepthProfile | None, columns: Columns, height: int, *, px: float = 1.0) -> NDArray[np.float32]:
    """Return [height, W] float32: the greys of the histograms alone, which stay while planes and subjects move."""
    return _greys(profile, columns, _disparities(height, px))


def _disparities(height: int, px: float) -> NDArray[np.float32]:
    """Return the disparity [height] float32 of each row, falling."""
    inner = np.float32(max(height - 2 * EDGE_PX / px, 1.0))
    rows: NDArray[np.float32] = (height - EDGE_PX / px - (np.arange(height, dtype=np.float32) + 0.5)) / inner
    return rows


def _rows_within(disparity: NDArray[np.float32], focus: NDArray[np.float32], reach: float) -> tuple[int, int]:
    """Return the rows [top, end) that a focal plane [W], NaN = not known, comes as near as `reach`."""
    known = focus[np.isfinite(focus)]
    if not len(known):
        return 0, 0
    rising = -disparity
    top = np.searchsorted(rising, -(float(known.max()) + reach))
    return int(top), int(np.searchsorted(rising, -(float(known.min()) - reach), side="right"))


def _draw(picture: NDArray[np.uint8], ink: Ink, px: float) -> None:
    """Draw one line into the picture, without steps; the work grows with the pixels that it covers."""
    height = picture.shape[0]
    bottom, inner = height - EDGE_PX / px, height - 2 * EDGE_PX / px
    upper, lower = bottom - np.clip(ink.high, 0, 1) * inner, bottom - np.clip(ink.low, 0, 1) * inner
    middle = (upper + lower) / 2
    half_way = (middle[1:] + middle[:-1]) / 2  # each column reaches half the way to its neighbours: no gaps in a slope
    upper[1:], lower[1:] = np.fmin(upper[1:], half_way), np.fmax(lower[1:], half_way)
    upper[:-1], lower[:-1] = np.fmin(upper[:-1], half_way), np.fmax(lower[:-1], half_way)
    reach = ink.wide_px / px / 2
    known = np.isfinite(middle)
    if ink.dashed:
        known &= ((ink.first + np.arange(len(known))) * px % 8) < 5
    columns = np.flatnonzero(known)
    top = np.clip(np.floor(upper[columns] - reach - 1), 0, height - 1).astype(np.int64)
    end = np.clip(np.ceil(lower[columns] + reach + 1), 1, height).astype(np.int64)
    counts = end - top
    offsets = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    rows, which = offsets + np.repeat(top, counts), np.repeat(columns, counts)
    away = np.maximum(upper[which] - (rows + 0.5), (rows + 0.5) - lower[which])
    cover = (np.clip(reach + 0.5 - away, 0.0, 1.0) * ink.alpha)[:, None].astype(np.float32)
    across = which + ink.first
    under = picture[rows, across, :3]
    colour = np.array(ink.rgb[::-1], np.float32)
    picture[rows, across, :3] = np.rint(under + (colour - under) * cover)


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
    codes = _TONES[np.rint(codes).astype(np.intp)]
    shown = level.known[entry] & columns.inside
    dimmed = np.where(shown, brightness(level.confidence[entry]), np.float32(0.0))
    codes *= dimmed[:, None] * np.float32(BRIGHTEST - GROUND)
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
