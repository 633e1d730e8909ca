"""The two-pass baseline of all-in-focus capture: scan the range coarsely, then take the fewest pictures that matter.

After Vaquero, Gelfand, Tico, Pulli and Turk (2011): the scan is captured small and quickly; for each block of the
picture the contrast over the scan tells where it is sharp; intervals of one depth of field then cover all blocks. Every
scanned position costs a movement of the lens, though not a full picture. No network is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.base import FocusRange, Patch
from rvr_laaf_app.autofocus.strategy import Capture, CaptureResult, CaptureStep, Span, Watcher, uniform_sweep, unwatched

BLOCKS: Final = 48  # along the long side
SCAN_SPANS: Final = 3.0  # depths of field from one scanned position to the next
RISE: Final = 1.5  # how much the contrast of a block must rise above its median to tell anything


@dataclass(frozen=True, slots=True)
class TwoPassScan:
    """The baseline; `scan_positions` tells how many of the positions of a run belong to the scan."""

    span: Span | None = None

    def scan_positions(self, limits: FocusRange) -> tuple[int, ...]:
        """Return where the first pass looks."""
        sharp = self.span or (lambda _: float(limits.depth_of_field))
        return uniform_sweep(limits, lambda place: SCAN_SPANS * sharp(place))

    def capture(self, limits: FocusRange, *, start: int, watch: Watcher = unwatched) -> Capture:
        """Run: the scan from the end that is nearer to `start`, then the pictures."""
        sharp = self.span or (lambda _: float(limits.depth_of_field))
        scan = self.scan_positions(limits)
        if abs(start - limits.maximum) < abs(start - limits.minimum):
            scan = scan[::-1]
        contrast = []
        for place in scan:
            contrast.append(_contrast((yield place)))
        best, known = _peaks(np.array(scan, np.float64), np.array(contrast))
        wanted = _cover(np.sort(best[known]), sharp, limits)
        active = np.zeros(best.shape, np.bool_)
        for place in wanted:
            yield place
            deviation = np.asarray(best - place, np.float32)
            active |= np.abs(deviation) <= sharp(place) / 2
            watch(CaptureStep(place, deviation, active.copy()))
        return CaptureResult((*scan, *wanted), "all blocks with contrast are covered", active)


def _contrast(picture: Patch) -> NDArray[np.float64]:
    """Return the energy of the Laplacian of each block."""
    height, width = picture.shape
    step = max(1, max(height, width) // BLOCKS)
    size = max(1, width // step), max(1, height // step)
    energy = cv2.Laplacian(np.asarray(picture, np.float32), cv2.CV_32F) ** 2
    return np.asarray(cv2.resize(energy, size, interpolation=cv2.INTER_AREA), np.float64)


def _peaks(scan: NDArray[np.float64], contrast: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the best position of each block, by a parabola through the logarithm, and whether it is known."""
    order = np.argsort(scan)
    scan, logs = scan[order], np.log(contrast[order] + 1e-12)
    at = logs.argmax(axis=0)
    inner = np.clip(at, 1, len(scan) - 2)
    low, top, high = (np.take_along_axis(logs, (inner + d)[None], 0)[0] for d in (-1, 0, 1))
    bend = low - 2 * top + high
    offset = np.where(bend < -1e-9, 0.5 * (low - high) / np.minimum(bend, -1e-9), 0.0)
    step = float(np.median(np.diff(scan)))
    best = np.where(at == inner, scan[inner] + np.clip(offset, -0.5, 0.5) * step, scan[at])
    known = logs.max(axis=0) - np.median(logs, axis=0) > np.log(RISE)
    return best, np.asarray(known, np.bool_)


def _cover(best: NDArray[np.float64], sharp: Span, limits: FocusRange) -> list[int]:
    """Return the fewest positions whose depths of field hold all of `best` (rising)."""
    wanted: list[int] = []
    edge = -np.inf
    for place in best:
        if place > edge:
            centre = place + sharp(float(place)) / 2
            wanted.append(min(max(round(centre), limits.minimum), limits.maximum))
            edge = centre + sharp(float(centre)) / 2
    return wanted
