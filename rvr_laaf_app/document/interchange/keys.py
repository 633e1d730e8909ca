"""A value for each frame as keyframes: those that straight lines between the others would give again are left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def needed_keys(values: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the indices of the keys that must stay [K]: all but those that equal both their neighbours."""
    values = np.asarray(values)
    if len(values) < 3:
        return np.arange(len(values), dtype=np.int64)
    inside = (values[1:-1] == values[:-2]) & (values[1:-1] == values[2:])
    return np.flatnonzero(np.concatenate(([True], ~inside, [True]))).astype(np.int64)
