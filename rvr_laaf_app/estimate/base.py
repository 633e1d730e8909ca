"""The contract of every RGBD-HDR estimator, and the list of those that exist: shipped, and installed by the user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar, cast, runtime_checkable

from rvr_laaf_app.core.errors import CheckpointError, UsageError
from rvr_laaf_app.core.frame import ClipTrait, Frame, RgbdFrame
from rvr_laaf_app.core.registry import Registry, Unavailable

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


@runtime_checkable
class LooksAhead(Protocol):
    """An estimator that must know the range of its numbers in the whole clip before the first frame is estimated.

    What it finds depends on the clip and on itself only, so a resumed analysis goes on with the same numbers.
    """

    def look_ahead(self, read: Callable[[int], Frame], frames: int) -> Iterator[tuple[int, int]]:
        """Look at what it needs of the clip's `frames`; yields (steps done, steps in all)."""
        ...

    def close(self) -> None:
        """Close the files that are open."""
        ...


class Estimators(Registry[RgbdEstimator[object]]):
    """The shipped estimators by name; `find` and `load` also know the networks that the user installed.

    Iterating gives the shipped ones only: they are what every copy of the program has.
    """

    def find(self, name: str) -> type[RgbdEstimator[object]] | Unavailable:
        """Return the implementation, or Unavailable with the reason; raise UsageError for an unknown name."""
        if name in iter(self):
            return super().find(name)
        from rvr_laaf_app.estimate import model_store

        try:
            net = model_store.find(name)
        except CheckpointError as error:
            return Unavailable(str(error))
        if net is None:
            names = [*self, *(other.name for other in model_store.installed())]
            raise UsageError(f"unknown {self.kind} {name!r}", remedy=f"Choose one of: {', '.join(names)}.")
        try:
            from rvr_laaf_app.estimate.pretrained import estimator_class
        except ImportError as error:
            return Unavailable(f"{error.name} is not installed")
        return cast("type[RgbdEstimator[object]]", estimator_class(net))


ESTIMATORS: Estimators = Estimators(
    "depth estimator",
    {
        "rvr": "rvr_laaf_app.estimate.rvr:RvrEstimator",
        "rvr-better": "rvr_laaf_app.estimate.rvr:RvrBetterEstimator",
        "lower-is-nearer": "rvr_laaf_app.estimate.heuristic:LowerIsNearer",
    },
)
DEFAULT_ESTIMATOR = "rvr"
SIDECAR = "sidecar"  # the name of imported depth: it needs files, so it is not in the list
RESERVED_NAMES = (*ESTIMATORS, SIDECAR)
