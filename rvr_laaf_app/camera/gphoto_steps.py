"""What the large steps of a lens are worth in its smallest ones: learned by looking, and kept per camera and lens.

Makes that drive by sizes (Canon, Sony...) publish no numbers. Here the small step is the ruler: pictures are taken
after each of a row of small steps; then one large step is made from the beginning of that row, and the place in the
row that looks most like what is seen now, found between pictures by a parabola, is its worth. Direction and
approach are always the same, so that the slack of the gears does not enter. Nothing is learned from a picture that
does not change with focus; that is said, not guessed.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.base import CameraError, LiveFrame
from rvr_laaf_app.camera.gphoto_drives import LensDrive
from rvr_laaf_app.core.atomic import write_atomic

MOST_SMALL_STEPS: Final = 64  # in one row; a step of a larger size is compared with the next smaller size
_FIRST_ROW: Final = 8
_SLACK_STEPS: Final = 3
_SIDE: Final = 192  # pictures are compared at about this width
_CLEAR_SIGMAS: Final = 20.0  # by how much the rest of the row must differ more than chance would have it
_SAME_PLACE: Final = 3.0  # times the difference by noise, up to which two pictures may be of one place
_AVERAGED: Final = 3
_FILE: Final = "lens_steps.json"

_Pair = tuple[NDArray[np.float32], NDArray[np.float32]]


class SizedLens(Protocol):
    """A camera whose lens moves by sizes of steps."""

    @property
    def lens_drive(self) -> LensDrive | None:
        """The make's drive."""
        ...

    def use_drive(self, drive: LensDrive) -> None:
        """Drive by these sizes from now on."""
        ...

    def nudge(self, size: int, *, to_far: bool) -> None:
        """Make one step of a size."""
        ...

    def live_frame(self) -> LiveFrame:
        """Return a picture seen after the last step."""
        ...


@dataclass(frozen=True, slots=True)
class LearnedSizes:
    """The worth of each size in smallest steps, and how clear each comparison was (above 1; larger is clearer)."""

    sizes: Mapping[int, int]
    clarity: Mapping[int, float]


def learn_sizes(camera: SizedLens) -> LearnedSizes:
    """Learn all sizes where the lens stands now and have the camera use them; CameraError if nothing changes there.

    Begin a little out of focus on the near side. The lens ends near where it began.
    """
    drive = camera.lens_drive
    if drive is None or drive.style != "sizes":
        raise CameraError("this lens is not driven by sizes of steps", remedy="There is nothing to learn.")
    names = sorted(drive.sizes)
    worth = {names[0]: 1.0}
    clarity: dict[int, float] = {}
    for small, large in itertools.pairwise(names):
        ratio, clarity[large] = _compare(camera, small, large)
        worth[large] = worth[small] * ratio
    sizes = {size: max(round(steps), 1) for size, steps in worth.items()}
    camera.use_drive(replace(drive, sizes=sizes, learned=True))
    return LearnedSizes(sizes, clarity)


def _compare(camera: SizedLens, small: int, large: int) -> tuple[float, float]:
    """(how many small steps one large step is worth, clarity)."""
    _take_up_slack(camera, small)
    row = [_look(camera)]
    count = _FIRST_ROW
    while True:
        for _ in range(count + 1 - len(row)):
            camera.nudge(small, to_far=True)
            row.append(_look(camera))
        _back(camera, small, len(row) - 1)
        begin = _look_twice(camera, small)
        camera.nudge(small, to_far=False)
        _take_up_slack(camera, small)
        camera.nudge(large, to_far=True)
        end = _look_twice(camera, small)
        # Undone in the same way, so that the next row begins where this one did.
        camera.nudge(small, to_far=False)
        camera.nudge(large, to_far=False)
        _take_up_slack(camera, small)
        found = _worth(begin, end, row)
        if found is not None:
            return found
        if count >= MOST_SMALL_STEPS:
            raise CameraError(
                "the steps of the lens cannot be told apart in this picture",
                remedy="Aim at something with detail, near focus, in steady light, and learn again.",
            )
        count *= 2
        row = row[:1]


def _worth(begin: _Pair, end: _Pair, row: Sequence[NDArray[np.float32]]) -> tuple[float, float] | None:
    """How far apart in the row two places are, and how clear that is; None if they cannot be found in it.

    Out of focus by as much on the other side looks nearly the same; so a place is known by two pictures, a small step
    apart, which follow each other in the row on the right side only.
    """
    at_begin, at_end = (_mismatch(pair, row) for pair in (begin, end))
    first, last = int(at_begin.argmin()), int(at_end.argmin())
    chance = max(float(at_begin[first]), 1e-3)  # what noise alone makes of two pictures of one place
    clear = float((np.median(at_end) - at_end[last]) / (_CLEAR_SIGMAS * chance * (2 / begin[0].size) ** 0.5))
    if clear < 1.0 or last <= first or last >= len(at_end) - 1:
        return None
    # Half-way between two pictures of the row the mismatch is a quarter of that between those two.
    neighbours = float(np.mean((row[last + 1] - row[last]) ** 2) + np.mean((row[last] - row[last - 1]) ** 2))
    if at_end[last] > _SAME_PLACE * chance + neighbours:
        return None
    return max(_between(at_end, last) - _between(at_begin, first), 1.0), clear


def _mismatch(pair: _Pair, row: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    differences = [[float(np.mean((seen - other) ** 2)) for other in row] for seen in pair]
    return np.add(differences[0][:-1], differences[1][1:], dtype=np.float64)


def _between(distance: NDArray[np.float64], best: int) -> float:
    """The place of the least distance, between the pictures of the row by a parabola."""
    if best in (0, len(distance) - 1):
        return float(best)
    before, here, after = distance[best - 1 : best + 2]
    bend = before - 2 * here + after
    return best + (float((before - after) / (2 * bend)) if bend > 0 else 0.0)


def _back(camera: SizedLens, size: int, steps: int) -> None:
    for _ in range(steps):
        camera.nudge(size, to_far=False)
    _take_up_slack(camera, size)


def _take_up_slack(camera: SizedLens, size: int) -> None:
    for to_far in (False, True):
        for _ in range(_SLACK_STEPS):
            camera.nudge(size, to_far=to_far)


def _look_twice(camera: SizedLens, small: int) -> _Pair:
    here = _look(camera)
    camera.nudge(small, to_far=True)
    return here, _look(camera)


def _look(camera: SizedLens) -> NDArray[np.float32]:
    """What is seen now, grey around its mean; several pictures against the noise."""
    rgb = camera.live_frame().rgb.astype(np.float32)
    for _ in range(_AVERAGED - 1):
        rgb += camera.live_frame().rgb
    stride = max(rgb.shape[1] // _SIDE, 1)
    # Single pixels, not means: it is the fine detail that changes with focus.
    grey = rgb[::stride, ::stride].mean(axis=2) / _AVERAGED
    return np.asarray(grey - grey.mean(), dtype=np.float32)


def load_sizes(folder: Path, serial: str, lens: str) -> dict[int, int]:
    """Return the sizes learned for this camera and lens, {} if none were."""
    try:
        listed = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return {int(size): int(worth) for size, worth in listed[_key(serial, lens)].items() if int(worth) >= 1}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def save_sizes(folder: Path, serial: str, lens: str, sizes: Mapping[int, int]) -> None:
    """Keep the sizes for this camera and lens; OSError if the folder cannot be written."""
    listed: dict[str, dict[str, int]] = {}
    with contextlib.suppress(OSError, ValueError):
        found = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        listed = found if isinstance(found, dict) else {}
    listed[_key(serial, lens)] = {str(size): worth for size, worth in sizes.items()}
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / _FILE, json.dumps(listed, indent=1, sort_keys=True).encode())


def _key(serial: str, lens: str) -> str:
    return f"{serial} with {lens}"
