"""The contract of every optical-flow estimator, and the list of those that exist."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.registry import Registry


class FlowEstimator(Protocol):
    """Dense optical flow between two grey pictures of one size."""

    name: str
    version: str

    def flow(self, src: NDArray[np.uint8], dst: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return uv [h, w, 2] float32 px: where each pixel of `src` [h, w] lies in `dst` [h, w], relative to itself."""
        ...


FLOWS: Registry[FlowEstimator] = Registry("flow estimator", {"dis": "rvr_laaf_app.flow.dis:DisFlow"})
