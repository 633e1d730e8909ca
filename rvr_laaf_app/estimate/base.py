"""The contract of every RGBD-HDR estimator, and the list of those that exist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.core.registry import Registry

State = TypeVar("State")


class RgbdEstimator(Protocol[State]):
    """Estimate disparity (up to scale and shift per shot), light and confidence of a frame.

    name and version identify the result: both are part of the key of cached products, so a better network makes
    exactly its own products stale. `context` = frames needed (before, after) the one that is estimated; `step` gets
    before + 1 + after frames (edge frames repeated) and returns the estimate of the one in the middle.
    The state is explicit: chunked work gives the same result as work in one go once `context` frames were seen.
    """

    name: str
    version: str
    context: tuple[int, int]

    def start(self, clip: ClipTrait) -> State:
        """Return a fresh state for one shot."""
        ...

    def step(self, frames: Sequence[Frame], state: State) -> tuple[RgbdFrame, State]:
        """Return the estimate of the middle frame; its maps may be smaller than the frame."""
        ...


ESTIMATORS: Registry[RgbdEstimator[object]] = Registry(
    "depth estimator",
    {
        "rvr": "rvr_laaf_app.estimate.rvr:RvrEstimator",
        "lower-is-nearer": "rvr_laaf_app.estimate.heuristic:LowerIsNearer",
    },
)
DEFAULT_ESTIMATOR = "rvr"
