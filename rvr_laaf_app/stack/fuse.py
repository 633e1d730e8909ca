"""One sharp picture from a stack, by a method chosen by name; the index of the slice that each pixel comes from.

The methods live in their own files and read slices one at a time. Aligning comes before (`align`), depth with
confidence comes after (`index_map`, `depth_from_focus`).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.stack.gfdf import fuse_gfdf
from rvr_laaf_app.stack.guided import fuse_guided
from rvr_laaf_app.stack.pyramid import fuse_pyramid
from rvr_laaf_app.stack.slices import Float, Slices, codes_of, luma_of

PASSES: Final = {"guided": 4, "gfdf": 3, "pyramid": 1, "max_laplacian": 1, "average": 1}
DEFAULT_METHOD: Final = "guided"
METHODS: Final = tuple(PASSES)
Fusion = Generator[int, None, "Fused"]


@dataclass(frozen=True, slots=True, eq=False)
class Fused:
    """What a stack became: rgb [h, w, 3] uint16 sRGB, and the slice number [h, w] float32 that each pixel is from."""

    rgb: NDArray[np.uint16]
    index: Float


def fusing(slices: Slices, *, method: str = DEFAULT_METHOD) -> Fusion:
    """Fuse aligned slices; yields steps done, of `steps_of(method, count)`, and returns the result.

    Raises:
        UsageError: an unknown method, or no slices.
    """
    if method not in PASSES:
        raise UsageError(f"unknown fusion {method!r}", remedy=f"Choose one of: {', '.join(METHODS)}.")
    if slices.count < 1:
        raise UsageError("there are no pictures to stack")
    run = {
        "guided": fuse_guided,
        "gfdf": fuse_gfdf,
        "pyramid": fuse_pyramid,
        "max_laplacian": _fuse_max_laplacian,
        "average": _fuse_average,
    }[method]
    picture, index = yield from run(slices)
    return Fused(codes_of(picture), index)


def steps_of(method: str, count: int) -> int:
    """Return how many steps `fusing` counts."""
    return PASSES[method] * count


def fuse(slices: Slices, *, method: str = DEFAULT_METHOD) -> Fused:
    """Run `fusing` to its end."""
    run = fusing(slices, method=method)
    while True:
        try:
            next(run)
        except StopIteration as end:
            fused: Fused = end.value
            return fused


def _fuse_max_laplacian(slices: Slices) -> Generator[int, None, tuple[Float, Float]]:
    """Take each pixel from the slice with the strongest Laplacian around it: the plain way, for comparison."""
    picture = index = best = None
    for number in range(slices.count):
        own = slices.read(number)
        sharpness = cv2.blur(np.abs(cv2.Laplacian(luma_of(own), cv2.CV_32F)), (9, 9))
        if picture is None or index is None or best is None:
            picture, best, index = own.copy(), sharpness, np.zeros(sharpness.shape, np.float32)
        else:
            won = sharpness > best
            picture[won], best[won], index[won] = own[won], sharpness[won], number
        yield number + 1
    if picture is None or index is None:
        raise ValueError("no slices")
    return picture.astype(np.float32) * np.float32(1 / np.iinfo(picture.dtype).max), index


def _fuse_average(slices: Slices) -> Generator[int, None, tuple[Float, Float]]:
    """Return the mean of all slices: what no fusion may fall below."""
    total: Float | None = None
    for number in range(slices.count):
        own = slices.read(number)
        scaled = own.astype(np.float32) * np.float32(1 / np.iinfo(own.dtype).max / slices.count)
        total = scaled if total is None else total + scaled
        yield number + 1
    if total is None:
        raise ValueError("no slices")
    return total, np.full(total.shape[:2], (slices.count - 1) / 2, np.float32)
