"""Only the frames that are needed: the live picture decides at which lens positions something is sharp."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import FocusRange
from rvr_laaf_app.autofocus.strategy import CaptureResult, CaptureStep
from rvr_laaf_app.autofocus.strategy_reading import BlurMap
from rvr_laaf_app.autofocus.strategy_static import StaticCapture
from rvr_laaf_app.camera.defocus import DefocusModel
from rvr_laaf_app.pipeline.capture_plan import sharp_span
from rvr_laaf_app.pipeline.capture_view import GRID, ZoneMap, luma


@dataclass(frozen=True, slots=True)
class Needed:
    """Lens positions that together show everything sharp, in order, and why there are no more."""

    positions: tuple[int, ...]
    reason: str


def needed_search(
    model: DefocusModel,
    ends: tuple[int, int],
    *,
    start: int,
    watch: Callable[[NDArray[np.float32]], None] = lambda _sharp: None,
) -> Generator[int, Any, Needed]:
    """Return a search over the live picture for a session's autofocus run; it leaves the lens where it ended.

    ends: near and far end of the bracket. watch is told of which tiles one of the positions is sharp [rows, columns].
    """
    low, high = min(ends), max(ends)
    spans = sharp_span(model)
    where = FocusRange(low, high, max(round(spans((low + high) / 2)), 1))

    def looked(step: CaptureStep) -> None:
        watch(_on_grid(step.active.astype(np.float32)))

    strategy = StaticCapture(BlurMap(model), span=spans)
    found: CaptureResult = yield from strategy.capture(where, start=min(max(start, low), high), watch=looked)
    return Needed(tuple(sorted(set(found.positions))), found.reason)


class ZoneEstimate:
    """Distances to focus from one picture alone, by the network and the calibration: sizes without a sign.

    The network is loaded by the first picture, in the thread that shows it.
    """

    def __init__(self, model: DefocusModel) -> None:
        self._model = model
        self._map: BlurMap | None = None

    def zones(self, rgb: NDArray[np.uint8], position: int) -> ZoneMap:
        """Return the distance of each tile from focus in steps; NaN where the picture says nothing.

        Raises CheckpointError if the network is not there.
        """
        if self._map is None:
            self._map = BlurMap(self._model)
        steps = self._map.steps(luma(rgb), position=position)
        return ZoneMap(_nearest_on_grid(steps), False, "estimated")


def _on_grid(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(values, GRID[::-1], interpolation=cv2.INTER_AREA), np.float32)


def _nearest_on_grid(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(values, GRID[::-1], interpolation=cv2.INTER_NEAREST), np.float32)
