"""The disparity of a subject: one robust number per frame, and a steady series of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter

from rvr_laaf_app.core.geometry import Box

CENTRE_FALL = 2.5  # how fast weights fall from the middle of the box
START_SHARE = 0.65  # above one half: of two depths in the box the nearer one is the subject
KERNEL = 0.12  # disparity; a subject is not flat, and a narrow peak jumps about between its parts
ROUNDS = 6
MOST_SAMPLES = 4096
SMOOTH_FRAMES = 2.0
MEDIAN_FRAMES = 7
TRAVEL_FRAMES = 10


def subject_disparity(
    disparity: NDArray[np.floating], box: Box, confidence: NDArray[np.floating] | None = None
) -> float:
    """Return the disparity of what fills the middle of the box; NaN if the box lies outside the picture.

    A box also holds background in its corners and sometimes a stick in front: the answer is not the mean of the box but
    the mode that a mean shift (Comaniciu and Meer 2002) reaches from a near weighted quantile, weights falling from the
    middle of the box. disparity [h, w] in 0..1, confidence [h, w] in 0..1.
    """
    height, width = disparity.shape
    x, y, w, h = box.clipped().pixels(width, height)
    x0, y0 = int(x), int(y)
    # Clipped to the picture, a side may still lie beyond it by a rounding error.
    x1, y1 = min(int(np.ceil(x + w)), width), min(int(np.ceil(y + h)), height)
    if x1 <= x0 or y1 <= y0:
        return float("nan")
    step = max(1, int(((x1 - x0) * (y1 - y0) / MOST_SAMPLES) ** 0.5))
    sampled = np.s_[y0:y1:step, x0:x1:step]
    weights = _towards_middle(box, (width, height), (x0, y0, x1, y1))[::step, ::step]
    if confidence is not None:
        weights = weights * (0.1 + np.asarray(confidence[sampled], np.float64))
    values = np.asarray(disparity[sampled], np.float64).ravel()
    known = np.isfinite(values)
    values, flat_weights = values[known], weights.ravel()[known]
    if values.size == 0 or not flat_weights.any():
        return float("nan")
    order = np.argsort(values)
    shares = np.cumsum(flat_weights[order])
    level = float(values[order][np.searchsorted(shares, START_SHARE * shares[-1])])
    for _ in range(ROUNDS):
        pull = flat_weights * np.exp(-(((values - level) / KERNEL) ** 2))
        level = float((pull * values).sum() / pull.sum())
    return level


def mean_in_box(values: NDArray[np.floating], box: Box) -> float:
    """Return the mean of a map [h, w] inside a box; 0 where the box misses the picture."""
    height, width = values.shape
    x, y, w, h = box.clipped().pixels(width, height)
    if w <= 0 or h <= 0:
        return 0.0
    top, left = min(round(y), height - 1), min(round(x), width - 1)
    part = values[top : max(round(y + h), top + 1), left : max(round(x + w), left + 1)]
    return float(np.mean(part, dtype=np.float64))


def _towards_middle(box: Box, size: tuple[int, int], bounds: tuple[int, int, int, int]) -> NDArray[np.float64]:
    """Weights [rows, columns] falling from 1 in the middle of the box to a twelfth at its edges."""
    x0, y0, x1, y1 = bounds
    width, height = size
    across = ((np.arange(x0, x1) + 0.5) / width - box.centre.x) / max(box.width / 2, 1e-6)
    down = ((np.arange(y0, y1) + 0.5) / height - box.centre.y) / max(box.height / 2, 1e-6)
    weights: NDArray[np.float64] = np.exp(-CENTRE_FALL * (across[None, :] ** 2 + down[:, None] ** 2))
    return weights


def smooth_track_disparity(values: NDArray[np.floating], confidence: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the series [N] float32 without jumps of single frames and without lag; gaps and ends are held.

    values [N] with NaN where unknown; confidence [N], 0 where the subject was not seen (its values do not count).
    While the subject is hidden its last depth is held; the way to where it reappears is made in the last frames before.
    All NaN comes back as all NaN. Depth is relative to its shot: call it once per shot.
    """
    series = np.where(np.asarray(confidence) > 0, np.asarray(values, np.float64), np.nan)
    known = np.isfinite(series)
    if not known.any():
        return np.full(len(series), np.nan, np.float32)
    places = np.flatnonzero(known)
    # The median looks at known frames only, else a held value would outvote the frames beside the gap.
    series[places] = median_filter(series[places], MEDIAN_FRAMES, mode="nearest")
    anchors, levels = [places[0]], [series[places[0]]]
    for here, following in pairwise(places):
        if following - here > TRAVEL_FRAMES:
            anchors.append(following - TRAVEL_FRAMES)
            levels.append(series[here])
        anchors.append(following)
        levels.append(series[following])
    bridged = np.interp(np.arange(len(series)), anchors, levels)
    return np.asarray(gaussian_filter1d(bridged, SMOOTH_FRAMES, mode="nearest"), np.float32)
