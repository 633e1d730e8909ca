"""Bring the slices of a stack onto each other: focus breathing, hand shake, exposure flicker.

Only slices that were taken near each other are compared (they are blurred alike), over one, two and four slices; all
comparisons together then give each slice's place by least squares, so that small errors do not add up along the
chain. Similarities z -> a z + b with complex a, b make that system linear. Exposure is compared the same way, on the
mean light of large areas, which defocus does not change. Fusing, files and cameras are no business of this module.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import linear_table
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.stack.register import Link, View, register, view_of
from rvr_laaf_app.stack.slices import Alignment, Float, Rgb, Slices, corner_motion, unmoved

WORK_PX: Final = 1280  # long side of the pictures that are compared
HOPS: Final = (1, 2, 4)
DOUBTFUL: Final = 0.2  # agreement below which a comparison says nothing
GAIN_CELLS: Final = 24  # areas along the long side whose light is compared
STILL_PX: Final = 0.5  # at working size
FEW_CELLS: Final = 8
MOST_GAIN: Final = 1.4  # natural logarithm, two stops: more is another exposure, not flicker
ANCHOR: Final = 0.1  # how much the direct view of the reference counts beside neighbours
LEAST_COMMON: Final = 0.25  # share of the reference that all slices must cover
Run = Generator[int, None, Alignment]


@dataclass(frozen=True, slots=True, eq=False)
class _Small:
    """A slice at working size: its view, and its light [h, w, 3] in large cells with NaN where it is clipped."""

    view: View
    cells: Float


@dataclass(frozen=True, slots=True)
class _Tie:
    """A comparison: slice `second` lies on slice `first` by a similarity in full-size px."""

    first: int
    second: int
    link: Link


def aligning(
    slices: Slices,
    *,
    reference: int | None = None,
    scales: Sequence[float] | None = None,
    equalise: bool = True,
) -> Run:
    """Align a stack; a generator that yields the number of slices done and returns the Alignment.

    reference: which slice stays as it is; by default the one that magnifies most, whose frame the others cover.
    scales [n]: expected magnification of each slice (from a lens model), as a first guess.

    Raises:
        UsageError: no slices, slices of different sizes, or slices that have hardly anything in common.
    """
    if slices.count < 1:
        raise UsageError("there are no pictures to stack")
    if reference is not None and not 0 <= reference < slices.count:
        raise UsageError(f"there is no picture {reference + 1} to align to", remedy=f"There are {slices.count}.")
    kept: dict[int, _Small] = {}
    ties: list[_Tie] = []
    cells: list[Float] = []
    size = (0, 0)
    for number in range(slices.count):
        picture = slices.read(number)
        here = picture.shape[1], picture.shape[0]
        if number == 0:
            size = here
        elif here != size:
            raise UsageError(
                f"picture {number + 1} is {here[0]} x {here[1]}, the first is {size[0]} x {size[1]}",
                remedy="All pictures of a stack must have one size.",
            )
        kept[number] = _small(picture)
        cells.append(kept[number].cells)
        for hop in HOPS:
            if number - hop in kept:
                ties.append(_compare(kept, number - hop, number, size, scales, ties))
        kept.pop(number - max(HOPS), None)
        yield number + 1
    matrices = _placed(ties, slices.count, size)
    chosen = int(np.argmin([abs(m) for m, _ in matrices])) if reference is None else reference
    to_reference = np.array([_relative(m, matrices[chosen]) for m in matrices])
    if max(corner_motion(m, size) for m in to_reference) * _share(size) < STILL_PX:
        to_reference = unmoved(size, slices.count).to_reference  # a tripod: less than what defocus alone may feign
    gains = _gains(cells, to_reference, chosen, size[0]) if equalise else np.ones((slices.count, 3))
    if equalise and reference is None:
        gains = gains / np.exp(np.median(np.log(gains.mean(axis=1))))  # flicker: as bright as most, not as any one
    agreement = np.array([_best_agreement(ties, n) for n in range(slices.count)])
    common = common_area(to_reference, size)
    return Alignment(size, chosen, to_reference, gains, common, agreement)


def align_stack(slices: Slices, *, reference: int | None = None, equalise: bool = True) -> Alignment:
    """Run `aligning` to its end."""
    run = aligning(slices, reference=reference, equalise=equalise)
    while True:
        try:
            next(run)
        except StopIteration as end:
            found: Alignment = end.value
            return found


def _share(size: tuple[int, int]) -> float:
    """Return the scale at which slices are compared."""
    return min(1.0, WORK_PX / max(size))


def _small(picture: Rgb) -> _Small:
    """Return what is compared of a slice."""
    height, width = picture.shape[:2]
    scale = _share((width, height))
    small = picture
    if scale < 1.0:
        small = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    levels = int(np.iinfo(small.dtype).max) + 1
    linear = np.take(linear_table("srgb", levels), small)
    luma = cv2.cvtColor(linear, cv2.COLOR_RGB2GRAY)
    return _Small(view_of(np.asarray(luma, np.float32)), _cells(linear, small.max(axis=2), levels))


def _cells(linear: Float, brightest: Rgb, levels: int) -> Float:
    """Return the mean light of large areas [h, w, 3]; NaN where more than a hundredth of one is clipped."""
    height, width = linear.shape[:2]
    share = GAIN_CELLS / max(height, width)
    size = max(2, round(width * share)), max(2, round(height * share))
    cells = np.asarray(cv2.resize(linear, size, interpolation=cv2.INTER_AREA), np.float32)
    clipped = cv2.resize(
        (brightest >= levels - 1 - levels // 256).astype(np.float32), size, interpolation=cv2.INTER_AREA
    )
    cells[clipped > 0.01] = np.nan
    return cells


def _compare(
    kept: dict[int, _Small],
    first: int,
    second: int,
    size: tuple[int, int],
    scales: Sequence[float] | None,
    ties: Sequence[_Tie],
) -> _Tie:
    """Return how `second` lies on `first`, beginning from what shorter hops said."""
    one, two = kept[first], kept[second]
    factor = _factor(one, size)
    guesses = []
    if scales is not None:
        growth = complex(scales[first] / scales[second])
        centre = complex(size[0] - 1, size[1] - 1) / 2 * factor
        guesses.append((growth, (1 - growth) * centre))
    chained = _chained(ties, first, second)
    if chained is not None:
        guesses.append((chained[0], chained[1] * factor))
    link = register(one.view, two.view, guesses=tuple(guesses))
    return _Tie(first, second, Link(link.slope, link.move / factor, link.agreement))


def _factor(small: _Small, size: tuple[int, int]) -> float:
    return float(small.view.levels[-1].texture.shape[1] / size[0])


def _chained(ties: Sequence[_Tie], first: int, second: int) -> tuple[complex, complex] | None:
    """Return the similarity from `second` to `first` by way of single hops."""
    slope, move = 1 + 0j, 0j
    for step in range(second, first, -1):
        tie = next((t for t in reversed(ties) if (t.first, t.second) == (step - 1, step)), None)
        if tie is None:
            return None
        slope, move = tie.link.slope * slope, tie.link.slope * move + tie.link.move
    return slope, move


def _gains(
    cells: Sequence[Float], to_reference: NDArray[np.float64], reference: int, width: int
) -> NDArray[np.float64]:
    """Return [n, 3] factors on linear light that make all slices as bright as the reference.

    Neighbours, which are blurred alike, tell flicker exactly; the reference, seen from each slice, keeps their chain
    from drifting.
    """
    count = len(cells)
    pairs = [(n - hop, n, 1.0 / hop**0.5) for n in range(count) for hop in HOPS if n >= hop]
    pairs += [(reference, n, ANCHOR) for n in range(count) if n != reference]
    rows, right = [], []
    for first, second, weight in pairs:
        relative = _whole(to_reference[first], inverse=True) @ _whole(to_reference[second])
        logs = _log_ratio(cells[first], cells[second], relative[:2], width)
        if logs is None:
            logs, weight = np.zeros(3), 1e-3
        row = np.zeros(count)
        row[second], row[first] = weight, -weight
        rows.append(row)
        right.append(logs * weight)
    if not rows:
        return np.ones((count, 3))
    system = np.delete(np.array(rows), reference, axis=1)
    solved, *_ = np.linalg.lstsq(system, np.array(right), rcond=None)
    return np.asarray(np.exp(np.clip(np.insert(solved, reference, 0.0, axis=0), -MOST_GAIN, MOST_GAIN)), np.float64)


def _whole(matrix: NDArray[np.float64], *, inverse: bool = False) -> NDArray[np.float64]:
    square = np.vstack([matrix, [0.0, 0.0, 1.0]])
    return np.asarray(np.linalg.inv(square) if inverse else square, np.float64)


def _log_ratio(one: Float, two: Float, matrix: NDArray[np.float64], width: int) -> NDArray[np.float64] | None:
    """Return ln(light of one / light of two) [3], `matrix` [2, 3] from two's to one's full-size px; None = unknown.

    Defocus moves light but keeps its sum: sums over all areas that both pictures see unclipped are compared, without
    those areas whose ratio is far from the others' (things that moved).
    """
    share = one.shape[1] / width
    small = matrix.copy()
    small[:, 2] *= share
    there = cv2.warpAffine(two, small, one.shape[1::-1], flags=cv2.INTER_LINEAR, borderValue=(np.nan,) * 3)
    good = np.isfinite(one).all(axis=2) & np.isfinite(there).all(axis=2)
    good[[0, -1]] = good[:, [0, -1]] = False  # light comes in and goes out over the border
    if good.sum() < FEW_CELLS:
        return None
    left, right = one[good].astype(np.float64), there[good].astype(np.float64)
    ratio = np.log((left.sum(axis=1) + 1e-4) / (right.sum(axis=1) + 1e-4))
    away = np.abs(ratio - np.median(ratio))
    near = away <= 3 * 1.4826 * np.median(away) + 1e-3
    return np.asarray(np.log((left[near].sum(axis=0) + 1e-6) / (right[near].sum(axis=0) + 1e-6)), np.float64)


def _placed(ties: Sequence[_Tie], count: int, size: tuple[int, int]) -> list[tuple[complex, complex]]:
    """Return slice -> slice 0 similarities (full px) that satisfy all comparisons best, in the mean over the picture.

    A_second = A_first a, B_second = A_first b + B_first for a tie a, b: linear in the unknown A, B. Weighted by the
    agreement; ties that say nothing hold neighbours together weakly.
    """
    if count == 1:
        return [(1 + 0j, 0j)]
    centre = complex(size[0] - 1, size[1] - 1) / 2
    reach = max(size) / 3  # a turn moves the mean pixel by about this times its angle
    rows, right = [], []
    for tie in ties:
        sure = tie.link.agreement >= DOUBTFUL
        if not sure and tie.second - tie.first > 1:
            continue
        slope, move = (tie.link.slope, tie.link.move) if sure else (1 + 0j, 0j)
        weight = max(tie.link.agreement, 0.0) ** 2 / (tie.second - tie.first) ** 0.5 if sure else 1e-3
        moved = slope * centre + move - centre  # of the centre, so that turns and shifts are told apart
        first, second = 2 * tie.first, 2 * tie.second
        for column, terms in (
            (0, {second: 1, first: -slope}),
            (1, {second + 1: 1, first + 1: -1, first: -moved}),
        ):
            row = np.zeros(2 * count, complex)
            for index, value in terms.items():
                row[index] = value
            rows.append(row * weight * (reach if column == 0 else 1))
            right.append(0j)
    system, wanted = np.array(rows), np.array(right)
    wanted = wanted - system[:, 0]  # slice 0 stays: A_0 = 1, and its centre stays
    solved, *_ = np.linalg.lstsq(system[:, 2:], wanted, rcond=None)
    values = np.concatenate([[1, 0], solved])
    return [(a, m + centre - a * centre) for a, m in zip(values[0::2], values[1::2], strict=True)]


def _relative(one: tuple[complex, complex], reference: tuple[complex, complex]) -> NDArray[np.float64]:
    """Return the matrix [2, 3] from slice px to reference px, both known towards slice 0."""
    slope = one[0] / reference[0]
    move = (one[1] - reference[1]) / reference[0]
    return np.array([[slope.real, -slope.imag, move.real], [slope.imag, slope.real, move.imag]])


def _best_agreement(ties: Sequence[_Tie], number: int) -> float:
    return max((t.link.agreement for t in ties if number in (t.first, t.second)), default=1.0)


def common_area(to_reference: NDArray[np.float64], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return (left, top, width, height) px of the reference that every slice covers.

    Raises:
        UsageError: that is less than a quarter of the picture.
    """
    width, height = size
    left, top, right, bottom = 0.0, 0.0, float(width - 1), float(height - 1)
    for matrix in to_reference:
        if corner_motion(matrix, size) < 0.02:
            continue
        corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]]) @ matrix.T
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
        left, right = max(left, x0, x2), min(right, x1, x3)
        top, bottom = max(top, y0, y1), min(bottom, y2, y3)
    first = int(np.ceil(left - 0.02)), int(np.ceil(top - 0.02))
    last = int(np.floor(right + 0.02)), int(np.floor(bottom + 0.02))
    area = (*first, max(0, last[0] - first[0] + 1), max(0, last[1] - first[1] + 1))
    if area[2] * area[3] < LEAST_COMMON * width * height:
        raise UsageError(
            "the pictures of this stack have hardly anything in common",
            remedy="Leave out those that show something else, or stack without aligning.",
        )
    return area
