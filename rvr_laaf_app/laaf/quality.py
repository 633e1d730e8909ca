"""How well a focus curve does: focus error of a subject, and how late the plane arrives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.laaf.curve import FocusCurve


def focus_error_px(
    curve: FocusCurve, subject_disparity: NDArray[np.float32], blur_gain_px: float | NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the signed coc diameter [N] in pixels that the subject gets: 0 = sharp, positive = in front.

    blur_gain_px: one for all frames, or one for each [N].
    """
    return (subject_disparity - curve.focus_disparity) * np.asarray(blur_gain_px, np.float32)


def lateness_frames(
    curve: FocusCurve, frame: int, subject_disparity: NDArray[np.float32], *, tolerance: float = 0.02
) -> int | None:
    """Return how many frames after `frame` the plane first stays on the subject (negative: before it), None if never.

    "On the subject" is a difference of disparity of at most `tolerance`, from there through `frame` or one frame.
    """
    on = np.abs(curve.focus_disparity - subject_disparity) <= tolerance
    if frame >= len(on):
        return None
    if on[frame]:
        off = np.flatnonzero(~on[:frame])
        return (int(off[-1]) + 1 if off.size else 0) - frame
    later = np.flatnonzero(on[frame:])
    return int(later[0]) if later.size else None


def sharp_share(error_px: NDArray[np.floating], sharp_coc_px: float) -> float:
    """Return the share of the known frames in which the coc is at most `sharp_coc_px`; NaN if none is known."""
    known = np.isfinite(error_px)
    return float(np.mean(np.abs(error_px[known]) <= sharp_coc_px)) if known.any() else float("nan")


def steady(series: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return a series [N] without outliers of single frames: each known value by the median of three known ones.

    It does not lag and shortens no run of two frames or more; gaps (NaN) stay. At both ends the median is that of the
    outermost three.
    """
    values = np.array(series, np.float32)
    places = np.flatnonzero(np.isfinite(values))
    if places.size >= 3:
        known = values[places]
        threes = np.lib.stride_tricks.sliding_window_view(known, 3)
        values[places] = np.median(np.concatenate([threes[:1], threes, threes[-1:]]), axis=1)
    return values


def runs_of(mask: NDArray[np.bool_], *, bridge: int = 0) -> list[tuple[int, int]]:
    """Return the runs [start, stop) of True in mask [N], in order; gaps of at most `bridge` frames are passed over."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for start, stop in edges.reshape(-1, 2).tolist():
        if runs and start - runs[-1][1] <= bridge:
            runs[-1] = (runs[-1][0], stop)
        else:
            runs.append((start, stop))
    return runs


def mean_delta_d(curve: FocusCurve, truth_disparity: NDArray[np.float32]) -> float:
    """Return delta_d of the paper: the mean absolute difference of disparity over the frames where truth is known."""
    known = np.isfinite(truth_disparity)
    if not known.any():
        return float("nan")
    return float(np.abs(curve.focus_disparity - truth_disparity)[known].mean())


def mean_delta_t(found_frames: Sequence[int], truth_frames: Sequence[int]) -> float:
    """Return delta_t of the paper: the mean distance in frames from each true target to the nearest found one.

    NaN without true targets, infinite if there are true targets and none was found.
    """
    if not truth_frames:
        return float("nan")
    if not found_frames:
        return float("inf")
    return float(np.mean([min(abs(found - truth) for found in found_frames) for truth in truth_frames]))
