"""Calibrating a lens from a sweep that the camera took of something flat: positions, the fit, its picture, and words.

The sweep is looked at in several regions, each of which may be at a distance of its own; those in which no best
position lies inside the sweep, or that show too little, say nothing. The fit itself is `autofocus.calibrate`.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.calibrate import Lens, Sample, Trials, build_model, measure_region
from rvr_laaf_app.autofocus.calibrate_picture import draw_fit
from rvr_laaf_app.camera.defocus import DefocusModel
from rvr_laaf_app.camera.sweep import Sweep, read_sweep
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.media.stills import read_still
from rvr_laaf_app.pipeline.capture_view import ZoneMemory, luma

_WORK_PX: Final = 960  # long side at which blur is measured
_SIDE: Final = 0.34  # of a region, of the picture's width and height
_MOST_REGIONS: Final = 4
_LARGEST_SHARE: Final = 0.1  # of the width: radii up to here are tried
_KEPT: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """The model, a picture of the fit [h, w, 3] uint8, and what it comes to in one sentence."""

    model: DefocusModel
    picture: NDArray[np.uint8]
    summary: str


def calibration_positions(limits: tuple[int, int], step: int) -> tuple[int, ...]:
    """Return positions from end to end, `step` apart, the far end among them."""
    low, high = limits
    return tuple(dict.fromkeys([*range(low, high, max(step, 1)), high]))


class _Pictures:
    """The pictures of a sweep at working size, by position; the last few are kept."""

    def __init__(self, sweep: Sweep) -> None:
        self._paths = dict(zip(sweep.positions, sweep.paths, strict=True))
        self._kept: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self.full_width = 0

    def at(self, position: int) -> NDArray[np.uint8]:
        """Return the grey picture [h, w] uint8 taken at a position; MediaError if it cannot be read."""
        import cv2

        if position not in self._kept:
            rgb = read_still(self._paths[position]).rgb8
            self.full_width = rgb.shape[1]
            scale = _WORK_PX / max(rgb.shape[:2])
            if scale < 1.0:
                size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
                rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
            self._kept[position] = np.asarray(np.round(luma(np.ascontiguousarray(rgb)) * 255), np.uint8)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[position]


def calibrate_job(folder: Path, *, near_is_low: bool = True) -> Job[Calibrated]:
    """Fit blur and magnification over the sweep in a folder; yields after each region.

    Raises UsageError if nothing in the sweep can be measured, MediaError for pictures that cannot be read.
    """
    sweep = read_sweep(folder)
    positions = sorted(set(sweep.positions))
    yield Progress(0, _MOST_REGIONS + 1, "looking for what can be measured")
    pictures = _Pictures(sweep)
    samples: list[Sample] = []
    measured = 0
    failed = ""
    regions = _regions(pictures, positions)
    for number, box in enumerate(regions, start=1):
        width = pictures.at(positions[0]).shape[1]
        try:
            samples += measure_region(pictures.at, positions, box, trials=Trials.up_to(_LARGEST_SHARE * width))
            measured += 1
        except UsageError as error:  # this region says nothing; another one may
            failed = str(error)
        yield Progress(number, len(regions) + 1, "measuring")
    if measured == 0:
        raise UsageError(
            f"nothing in these pictures could be measured{f' ({failed})' if failed else ''}",
            remedy="Put something flat and full of detail before the lens, within its range.",
        )
    low, high = sweep.limits or (positions[0], positions[-1])
    step = max(round(float(np.median(np.diff(positions)))), 1)
    width = pictures.at(positions[0]).shape[1]
    lens = Lens(sweep.name or sweep.camera, sweep.lens or "lens", sweep.f_number or 2.8, width, low, high, step)
    model = build_model(samples, lens)
    return Calibrated(model, draw_fit(samples, model), _summary(model, measured, near_is_low=near_is_low))


def _regions(pictures: _Pictures, positions: list[int]) -> list[Box]:
    """Return regions in which detail comes and goes with the lens, those that show most first."""
    memory = ZoneMemory()
    for position in positions:
        grey = pictures.at(position)
        memory.add(np.repeat(grey[..., None], 3, axis=2), position)
    best = memory.best()
    if best is None:
        raise UsageError("a calibration needs three pictures or more", remedy="Take smaller steps.")
    rows, columns = best.shape
    places = [i * (1.0 - _SIDE) / 2 for i in range(3)]
    found: list[tuple[float, Box]] = []
    for y in places:
        for x in places:
            part = best[
                int(y * rows) : max(int((y + _SIDE) * rows), 1), int(x * columns) : max(int((x + _SIDE) * columns), 1)
            ]
            known = part[~np.isnan(part)]
            if len(known) < 0.5 * part.size:
                continue
            spread = float(np.percentile(known, 80) - np.percentile(known, 20))
            found.append((spread / max(len(known), 1), Box(x, y, _SIDE, _SIDE)))
    found.sort(key=lambda entry: entry[0])
    middle = Box((1 - _SIDE) / 2, (1 - _SIDE) / 2, _SIDE, _SIDE)
    return [box for _, box in found[:_MOST_REGIONS]] or [middle]


def _summary(model: DefocusModel, regions: int, *, near_is_low: bool) -> str:
    spans, sizes = model.depth_of_field, model.magnification
    first, last = (spans[0], spans[-1]) if near_is_low else (spans[-1], spans[0])
    breathing = 100 * (float(sizes.max() / sizes.min()) ** 0.5 - 1)
    largest = float(model.radius_px.max()) / model.width_px
    return (
        f"Measured in {regions} {'region' if regions == 1 else 'regions'}: {first} steps look sharp at once near, "
        f"{last} far; blur reaches {largest:.1%} of the width, breathing {breathing:.1f} %."
    )
