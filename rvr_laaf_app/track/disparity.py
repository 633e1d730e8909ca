"""The disparity of a subject: one robust number per frame, and a steady series of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter

from rvr_laaf_app.core.geometry import Box

BINS = 64
PEAK_WIDTH = 3  # bins to each side that belong to the subject's own depth
SMOOTH_FRAMES = 2.0
MEDIAN_FRAMES = 7


def subject_disparity(
    disparity: NDArray[np.floating], box: Box, confidence: NDArray[np.floating] | None = None
) -> float:
    """Return the disparity of what fills the middle of the box; NaN if the box lies outside the picture.

    A box also holds background in its corners and sometimes a stick in front: the answer is the mean around the
    strongest peak of a histogram weighted towards the box's middle, not the mean of the box. disparity [h, w] in 0..1.
    """
    height, width = disparity.shape
    x, y, w, h = box.clipped().pixels(width, height)
    x0, y0, x1, y1 = int(x), int(y), int(np.ceil(x + w)), int(np.ceil(y + h))
    if x1 <= x0 or y1 <= y0:
        return float("nan")
    values = np.asarray(disparity[y0:y1, x0:x1], np.float64)
    weights = _towards_middle(box, (width, height), (x0, y0, x1, y1))
    if confidence is not None:
        weights = weights * (0.1 + np.asarray(confidence[y0:y1, x0:x1], np.float64))
    bins = np.clip((values * BINS).astype(int), 0, BINS - 1)
    counts = np.bincount(bins.ravel(), weights=weights.ravel(), minlength=BINS)
    smooth = gaussian_filter1d(counts, 1.5, mode="nearest")
    peak = int(np.argmax(smooth))
    near = np.abs(bins - peak) <= PEAK_WIDTH
    total = float(weights[near].sum())
    return float((values[near] * weights[near]).sum() / total) if total > 0 else float(np.median(values))


def _towards_middle(box: Box, size: tuple[int, int], bounds: tuple[int, int, int, int]) -> NDArray[np.float64]:
    """Weights [rows, columns] falling from 1 in the middle of the box to about 0.1 at its edges."""
    x0, y0, x1, y1 = bounds
    width, height = size
    across = ((np.arange(x0, x1) + 0.5) / width - box.centre.x) / max(box.width / 2, 1e-6)
    down = ((np.arange(y0, y1) + 0.5) / height - box.centre.y) / max(box.height / 2, 1e-6)
    weights: NDArray[np.float64] = np.exp(-1.6 * (across[None, :] ** 2 + down[:, None] ** 2))
    return weights


def smooth_track_disparity(values: NDArray[np.floating], confidence: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the series [N] float32 without jumps of single frames and without lag; gaps are bridged, ends held.

    values [N] with NaN where unknown; confidence [N], 0 where the subject was not seen (its values do not count).
    All NaN comes back as all NaN.
    """
    series = np.where(np.asarray(confidence) > 0, np.asarray(values, np.float64), np.nan)
    known = np.isfinite(series)
    if not known.any():
        return np.full(len(series), np.nan, np.float32)
    places = np.arange(len(series))
    bridged = np.interp(places, places[known], series[known])
    steady = median_filter(bridged, MEDIAN_FRAMES, mode="nearest")
    return np.asarray(gaussian_filter1d(steady, SMOOTH_FRAMES, mode="nearest"), np.float32)
