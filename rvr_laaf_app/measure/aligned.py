"""Compare relative disparity with the truth: bring it in line by scale and shift, then look at what is left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def aligned(
    disparity: NDArray[np.floating], truth: NDArray[np.floating], known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return a * disparity + b [same shape] in the truth's unit; a and b by least squares over the known pixels."""
    given = np.column_stack([disparity[known], np.ones(int(known.sum()))]).astype(np.float64)
    (scale, shift), *_ = np.linalg.lstsq(given, truth[known].astype(np.float64), rcond=None)
    return np.asarray(scale * disparity.astype(np.float64) + shift, np.float64)


def aligned_error(disparity: NDArray[np.floating], truth: NDArray[np.floating], known: NDArray[np.bool_]) -> float:
    """Mean |a d + b - t| as a share of the truth's range, which is from its 2nd to its 98th percentile."""
    low, high = np.percentile(truth[known], (2, 98))
    left = np.abs(aligned(disparity, truth, known) - truth)[known]
    return float(left.mean() / max(high - low, 1e-12))


def to_own_range(disparity: NDArray[np.floating], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the map stretched so that its own 2nd to 98th percentile becomes 0..1: scale and shift are gone."""
    low, high = np.percentile(disparity[known], (2, 98))
    return np.asarray((disparity - low) / max(float(high - low), 1e-12), np.float32)
