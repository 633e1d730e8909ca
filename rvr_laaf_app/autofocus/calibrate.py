"""Measure how a lens blurs and magnifies: the paper's search by normalised cross-correlation, and the model made of it.

"Intelligent Autofocus", section 3: a patch that is in focus at z0 is blurred by a disk of radius r, its inner part
scaled by alpha and sought in the picture taken at z; the (r, alpha) that match best are the calibration of (z0, z).
Brute force tries them all; `climb` finds the same pair in a fraction of the trials, since the score rises to one top:
from every fourth, uphill. From the pairs come r and alpha over the whole range, and the depth of field. Knows pictures
and positions, no camera; sweeps are taken by whoever calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.autofocus.sharpness import tenengrad
from rvr_laaf_app.camera.defocus import DefocusModel, apply_defocus
from rvr_laaf_app.core.color import linear_table
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.geometry import Box

Light = NDArray[np.float32]
CIRCLE_PX: Final = 1.5  # radius in a picture 1920 wide that still looks sharp
_COARSE: Final = 4  # every fourth radius and size is tried first


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured for one pair of positions; score is the correlation 0..1 of the best match."""

    z0: int
    z: int
    radius_px: float
    magnification: float
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """What is tried: radii in pixels and magnifications, both rising; drift_px is how far the match may have moved."""

    radii_px: NDArray[np.float64]
    magnifications: NDArray[np.float64]
    drift_px: int = 8

    @classmethod
    def up_to(cls, largest_px: float, *, breathing: float = 0.05, drift_px: int = 8) -> Trials:
        """Return radii up to `largest_px`, half a pixel and later 2.5 % apart, and sizes 0.25 % apart."""
        radii = [0.0]
        while radii[-1] < largest_px:
            radii.append(radii[-1] + max(0.5, 0.025 * radii[-1]))
        count = max(1, round(breathing / 0.0025))
        sizes = np.asarray(1.0 + 0.0025 * np.arange(-count, count + 1), np.float64)
        return cls(np.array(radii), sizes, drift_px)


class PairMatch:
    """The score of every (radius, magnification) of one pair of pictures; each is computed once at most."""

    def __init__(self, sharp: Light, seen: Light, trials: Trials) -> None:
        """Take what is in focus at z0 [h, w], and the same place of the picture at z [h, w], both linear."""
        self.sharp, self.seen, self.trials = sharp, seen, trials
        self.scores: dict[tuple[int, int], float] = {}
        self._blurred = lru_cache(maxsize=4)(self._blur)

    def _blur(self, number: int) -> Light:
        radius = float(self.trials.radii_px[number])
        blurred = apply_defocus(self.sharp, radius)
        # what lies outside the patch would have shone into its rim: the inner part alone is compared
        rim = round(min(radius, 0.3 * min(self.sharp.shape))) + self.trials.drift_px + 4
        return np.ascontiguousarray(blurred[rim : blurred.shape[0] - rim, rim : blurred.shape[1] - rim])

    def score(self, radius: int, size: int) -> float:
        """Return the highest normalised cross-correlation over all places, for a radius and a size by number."""
        if (radius, size) not in self.scores:
            inner = self._blurred(radius)
            scale = float(self.trials.magnifications[size])
            shape = (max(8, round(inner.shape[1] * scale)), max(8, round(inner.shape[0] * scale)))
            template = _scaled(inner, scale, shape)
            if template.shape[0] > self.seen.shape[0] or template.shape[1] > self.seen.shape[1]:
                self.scores[radius, size] = -1.0
            else:
                field = cv2.matchTemplate(self.seen, template, cv2.TM_CCOEFF_NORMED)
                self.scores[radius, size] = float(field.max())
        return self.scores[radius, size]

    def brute_force(self) -> tuple[int, int]:
        """Return the numbers of the best pair after trying every one."""
        every = [(r, s) for r in range(len(self.trials.radii_px)) for s in range(len(self.trials.magnifications))]
        return max(every, key=lambda pair: self.score(*pair))

    def climb(self, start: tuple[int, int] | None = None) -> tuple[int, int]:
        """Return the numbers of the best pair by going uphill from `start`, or from the best few of a coarse grid."""
        if start is None:
            radii = range(0, len(self.trials.radii_px), _COARSE)
            sizes = range(len(self.trials.magnifications) // 2 % _COARSE, len(self.trials.magnifications), _COARSE)
            coarse = sorted(((r, s) for r in radii for s in sizes), key=lambda pair: -self.score(*pair))
            starts = coarse[:3]
        else:
            starts = [start]
        return max((self._uphill(place) for place in starts), key=lambda pair: self.score(*pair))

    def _uphill(self, place: tuple[int, int]) -> tuple[int, int]:
        while True:
            best = max(self._around(place), key=lambda pair: self.score(*pair))
            if self.score(*best) <= self.score(*place):
                return place
            place = best

    def _around(self, place: tuple[int, int]) -> list[tuple[int, int]]:
        """The neighbours, and two further along each axis: the pixel grid makes small bumps."""
        reach = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0)]
        reach += [(-2, 0), (2, 0), (0, -2), (0, 2), (-3, 0), (3, 0), (0, -3), (0, 3)]
        radii, sizes = len(self.trials.radii_px), len(self.trials.magnifications)
        near = [(place[0] + a, place[1] + b) for a, b in reach]
        return [(r, s) for r, s in near if 0 <= r < radii and 0 <= s < sizes]


def measure_region(
    picture_at: Callable[[int], NDArray[np.uint8]],
    positions: Sequence[int],
    box: Box,
    *,
    trials: Trials,
    brute_force: bool = False,
) -> list[Sample]:
    """Return samples for one flat region (box in 0..1 of the picture) of a sweep; its best position is found first.

    picture_at: display-encoded [h, w] or [h, w, 3] uint8 at each of `positions`, which must rise. UsageError where the
    region has no best position inside the sweep's ends or is too small for the radii.
    """
    order = list(positions)
    patches = {z: _linear_patch(picture_at(z), box) for z in order}
    curve = [tenengrad(patches[z]) for z in order]
    best = int(np.argmax(curve))
    if max(curve) <= 1.3 * float(np.median(curve)):
        raise UsageError("the region is nowhere clearly in focus", remedy="Choose a flat region with texture.")
    samples: dict[int, Sample] = {}
    for side in (range(best, len(order)), range(best - 1, -1, -1)):
        start: tuple[int, int] | None = None
        for index in side:
            pair = PairMatch(patches[order[best]], patches[order[index]], trials)
            # the next position differs little from this one: climbing from there finds it at once
            found = pair.brute_force() if brute_force else _checked_climb(pair, start)
            start = found
            radius, size = trials.radii_px[found[0]], trials.magnifications[found[1]]
            samples[order[index]] = Sample(order[best], order[index], float(radius), float(size), pair.score(*found))
    return [samples[z] for z in order]


def _checked_climb(pair: PairMatch, start: tuple[int, int] | None) -> tuple[int, int]:
    """Climb from the neighbour's answer; where the match is poor there, from a coarse grid as well."""
    if start is None:
        return pair.climb()
    found = pair.climb(start)
    return found if pair.score(*found) > 0.97 else max(found, pair.climb(), key=lambda place: pair.score(*place))


@dataclass(frozen=True, slots=True)
class Lens:
    """Whose model it is, and the range that it shall cover in steps of `step`."""

    camera: str
    name: str
    f_number: float
    width_px: int
    minimum: int
    maximum: int
    step: int = 50
    least_score: ClassVar[float] = 0.8  # a worse match says nothing


def build_model(samples: Sequence[Sample], lens: Lens) -> DefocusModel:
    """Return the model over the whole range from samples of one region or of several with other best positions.

    Along z it goes straight between samples and on beyond them; between best positions it is interpolated at equal
    z - z0, beyond the nearest and farthest of them it stays as there. UsageError if there are too few.
    """
    rows: dict[int, list[Sample]] = {}
    for sample in samples:
        if sample.score >= lens.least_score or sample.z == sample.z0:
            rows.setdefault(sample.z0, []).append(sample)
    curves = [_Row.of(z0, row) for z0, row in sorted(rows.items()) if len(row) >= 3]
    if not curves:
        raise UsageError("too few pictures of the sweep could be matched", remedy="Use a flat subject with texture.")
    grid = np.unique(np.append(np.arange(lens.minimum, lens.maximum, lens.step), lens.maximum)).astype(np.int64)
    offsets = grid[None, :] - grid[:, None]
    known = np.array([curve.z0 for curve in curves], float)
    radius, size = np.zeros(offsets.shape), np.ones(offsets.shape)
    for k, z0 in enumerate(grid):
        place = float(np.clip(np.interp(z0, known, np.arange(len(known))), 0, len(known) - 1))
        low = int(place)
        high = min(low + 1, len(known) - 1)
        share = place - low
        for curve, weight in ((curves[low], 1 - share), (curves[high], share)):
            radius[k] += weight * curve.radius(offsets[k])
            size[k] += weight * (curve.size(offsets[k]) - 1.0)
    radius = np.abs(radius)
    circle = CIRCLE_PX * lens.width_px / 1920
    return DefocusModel(
        camera=lens.camera,
        lens=lens.name,
        f_number=lens.f_number,
        width_px=lens.width_px,
        positions=grid,
        radius_px=radius,
        magnification=np.maximum(size, 0.1),
        depth_of_field=np.array([_depth_of_field(offsets[k], radius[k], circle) for k in range(len(grid))]),
        measured=True,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """Signed radius and magnification over z - z0 for one best position."""

    z0: int
    offsets: NDArray[np.float64]
    signed: NDArray[np.float64]
    sizes: NDArray[np.float64]

    @classmethod
    def of(cls, z0: int, samples: Sequence[Sample]) -> _Row:
        ordered = sorted(samples, key=lambda sample: sample.z)
        offsets = np.array([sample.z - z0 for sample in ordered], float)
        signed = np.array([sample.radius_px for sample in ordered]) * np.sign(offsets)
        sizes = np.array([sample.magnification for sample in ordered])
        return cls(z0, offsets, signed, sizes / float(np.interp(0.0, offsets, sizes)))

    def radius(self, offsets: NDArray[np.int64]) -> NDArray[np.float64]:
        return _straight(offsets, self.offsets, self.signed)

    def size(self, offsets: NDArray[np.int64]) -> NDArray[np.float64]:
        return _straight(offsets, self.offsets, self.sizes)


def _straight(x: NDArray[np.int64], xs: NDArray[np.float64], ys: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear interpolation that goes on at the mean slope of the outer third beyond the ends."""
    inside = np.interp(x, xs, ys)
    reach = max(2, len(xs) // 3)
    for end, part in ((xs[0], slice(0, reach)), (xs[-1], slice(len(xs) - reach, len(xs)))):
        slope = np.polyfit(xs[part], ys[part], 1)[0]
        beyond = (x < end) if end == xs[0] else (x > end)
        inside = np.where(beyond, np.interp(end, xs, ys) + slope * (x - end), inside)
    return np.asarray(inside, np.float64)


def _depth_of_field(offsets: NDArray[np.int64], radius: NDArray[np.float64], circle_px: float) -> int:
    """Whole span around offset 0 in which the radius stays below the circle.

    From the rate at which blur grows over the nearer part of the range: so close to focus itself, radii are too small
    to be measured.
    """
    away = np.abs(offsets)
    near = (away > 0) & (away <= max(np.ptp(offsets) / 4, np.sort(away)[min(6, len(away) - 1)]))
    rate = float(np.median(radius[near] / away[near])) if near.any() else 0.0
    return max(1, min(round(2 * circle_px / rate), int(np.ptp(offsets)))) if rate > 0 else max(1, int(np.ptp(offsets)))


def _linear_patch(picture: NDArray[np.uint8], box: Box) -> Light:
    """The grey light of a box, as floats."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    height, width = grey.shape
    top, left = round(box.y * height), round(box.x * width)
    part = grey[top : round((box.y + box.height) * height), left : round((box.x + box.width) * width)]
    return np.ascontiguousarray(linear_table("srgb")[part], np.float32)


def _scaled(light: Light, scale: float, shape: tuple[int, int]) -> Light:
    """Resample about the centre to `shape` (width, height) at exactly this scale."""
    wide, high = shape
    centre_x, centre_y = (light.shape[1] - 1) / 2, (light.shape[0] - 1) / 2
    inverse = 1.0 / scale
    matrix = np.array(
        [[inverse, 0, centre_x - inverse * (wide - 1) / 2], [0, inverse, centre_y - inverse * (high - 1) / 2]]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(light, matrix, shape, flags=flags, borderMode=cv2.BORDER_REFLECT), np.float32)
