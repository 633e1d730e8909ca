"""The contract of every box tracker, and the list of those that exist."""

from __future__ import annotations

from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.core.registry import Registry

State = TypeVar("State")


class Tracker(Protocol[State]):
    """Follow a box from frame to frame. Backward tracking = the frames fed in reverse order.

    rgb [h, w, 3] uint8 in both calls, one size throughout.
    """

    name: str

    def start(self, rgb: NDArray[np.uint8], box: Box) -> State:
        """Return the state after seeing the subject in `box`."""
        ...

    def step(self, rgb: NDArray[np.uint8], state: State) -> tuple[Box, float, State]:
        """Return the new box, the tracker's own confidence 0..1 (0 = it says that it failed), and the next state."""
        ...


TRACKERS: Registry[Tracker[object]] = Registry(
    "tracker",
    {
        "kcf": "rvr_laaf_app.track.opencv:KcfTracker",
        "csrt": "rvr_laaf_app.track.opencv:CsrtTracker",
    },
)
DEFAULT_TRACKER = "kcf"
