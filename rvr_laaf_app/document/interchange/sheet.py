"""What is given to another program: a project, the times and the picture size of its clip, and its focus curve.

The curve is derived (laaf.curve) and handed in; here it only gets its numbers in the units that others use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.optics import Lens
from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.document.encoding import encode_target
from rvr_laaf_app.document.project import FocusTarget, LensSettings, Project

What = Literal["targets", "curve", "all"]
STATES = ("hold", "follow", "pull")
LARGEST_F_NUMBER = 1000.0  # stands for "no blur at all"
FARTHEST_M = 10_000.0  # stands for infinity where a program wants a number
NOMINAL_METRES = (
    "Distances in metres are nominal: disparity is relative to each shot, 0 is taken as infinitely far "
    "and the lens's disparity scale gives the rest."
)


@dataclass(frozen=True, slots=True, eq=False)
class CurveSamples:
    """The focus of every frame: focus_disparity [N] float32, state [N] uint8 (index in STATES), f_number [N] float32.

    Raises ValueError if the arrays do not fit each other or are not finite.
    """

    focus_disparity: NDArray[np.float32]
    state: NDArray[np.uint8]
    f_number: NDArray[np.float32]

    def __post_init__(self) -> None:
        shape = self.focus_disparity.shape
        if len(shape) != 1 or self.state.shape != shape or self.f_number.shape != shape:
            raise ValueError("the arrays of a focus curve must be [N]")
        if not (np.isfinite(self.focus_disparity).all() and np.isfinite(self.f_number).all()):
            raise ValueError("a focus curve must hold finite numbers")
        if len(self.state) and int(self.state.max()) >= len(STATES):
            raise ValueError(f"a state must be one of {', '.join(STATES)}")

    def __len__(self) -> int:
        return len(self.focus_disparity)


@dataclass(frozen=True, slots=True, eq=False)
class FocusSheet:
    """Everything that the writers may need.

    size: display (width, height) of the clip in pixels. curve: one sample per frame of `table`, None without one.
    first_frame: the number that programs counting frames give to the first one; None = what is usual there.
    """

    project: Project
    table: FrameTable
    size: tuple[int, int]
    curve: CurveSamples | None = None
    with_tracks: bool = False
    first_frame: int | None = None

    def __post_init__(self) -> None:
        if self.curve is not None and len(self.curve) != len(self.table):
            raise ValueError(f"the curve has {len(self.curve)} samples but the clip {len(self.table)} frames")

    @property
    def samples(self) -> CurveSamples:
        """The curve; ValueError without one."""
        if self.curve is None:
            raise ValueError("this needs the focus curve")
        return self.curve

    @property
    def clip_name(self) -> str:
        """The clip's file name, without its folder: folders are nobody else's business."""
        path = "" if self.project.clip is None else self.project.clip.path
        return path.replace("\\", "/").rsplit("/", 1)[-1] or "clip"


def curve_samples(
    focus_disparity: NDArray[np.float32], state: NDArray[np.uint8], *, lens: LensSettings, width_px: int
) -> CurveSamples:
    """Return the samples of a focus curve [N] with the f-numbers that `lens` means in a clip `width_px` wide."""
    frames = len(focus_disparity)
    f_number = lens.f_numbers(frames) if lens.follows_keys else np.full(frames, f_number_of(lens, width_px), np.float32)
    return CurveSamples(np.asarray(focus_disparity, np.float32), np.asarray(state, np.uint8), f_number)


def f_number_of(lens: LensSettings, width_px: int) -> float:
    """Return the f-number; of a lens given as a plain blur strength, the one that blurs as much."""
    if lens.blur_px is None:
        return lens.lens.f_number
    gain = lens.blur_gain_px(width_px, width_px)
    if gain <= 0:
        return LARGEST_F_NUMBER
    return min(lens.lens.f_number_for_gain(gain, width_px), LARGEST_F_NUMBER)


def distance_m(disparity: NDArray[np.float32], lens: Lens) -> NDArray[np.float64]:
    """Return nominal distances in metres [same shape]; inf where the disparity is not above 0."""
    inverse = np.asarray(disparity, np.float64) * lens.disparity_scale_per_m
    with np.errstate(divide="ignore", over="ignore"):
        return np.where(inverse > 0, 1.0 / np.where(inverse > 0, inverse, 1.0), np.inf)


def finite_distance_m(disparity: NDArray[np.float32], lens: Lens) -> NDArray[np.float64]:
    """Return nominal distances in metres, infinity as FARTHEST_M."""
    return np.minimum(distance_m(disparity, lens), FARTHEST_M)


def label_of(target: FocusTarget) -> str:
    """Return what a person calls a target, on one line."""
    values = encode_target(target)
    text = values.get("name") or target.reason or target.id
    return "".join(c if c.isprintable() else " " for c in str(text))[:200].strip() or "focus"


def number(value: float) -> str:
    """Return a float32 as the shortest decimal number that is still the same, without an exponent."""
    return np.format_float_positional(np.float32(value), trim="-")


def precise(value: float) -> str:
    """Return a float64 as the shortest decimal number that is still the same, without an exponent."""
    return np.format_float_positional(np.float64(value), trim="-")
