"""Where a stack's pictures come from: read one at a time, so that no stack has to fit into memory.

`AlignedSlices` gives them as the reference sees them: exposure equalised, moved, cut to the common area. Nothing here
estimates anything, and nothing here knows of files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import decode_transfer, encode_transfer

Rgb = NDArray[np.uint8] | NDArray[np.uint16]
Float = NDArray[np.float32]
CODES = 65535  # aligned slices have 16 bits, so that equalising and moving adds no banding


class Slices(Protocol):
    """Pictures of one size, display-encoded sRGB [H, W, 3] uint8 or uint16, in the order of capture."""

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    def read(self, index: int) -> Rgb:
        """Return one picture; may be asked for again; MediaError if it cannot be read."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ListedSlices:
    """Slices that are in memory."""

    pictures: Sequence[Rgb]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.pictures)

    def read(self, index: int) -> Rgb:
        """Return one of them."""
        return self.pictures[index]


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """How the slices of a stack lie to each other.

    to_reference [n, 2, 3] float64: pixel (x, y, 1) of each slice -> pixel of the reference (pixel centres at whole
    numbers). gains [n, 3]: factor on each slice's linear light that makes all equally bright.
    common: (left, top, width, height) px of the reference that every slice covers. agreement [n] 0..1: correlation of
    each slice with its neighbours where they were compared; below `align.DOUBTFUL` nothing could be matched and the
    slice lies where its neighbours say.
    """

    size: tuple[int, int]
    reference: int
    to_reference: NDArray[np.float64]
    gains: NDArray[np.float64]
    common: tuple[int, int, int, int]
    agreement: NDArray[np.float64]

    @property
    def crop_share(self) -> float:
        """Share of the reference's area that the common area keeps."""
        return self.common[2] * self.common[3] / (self.size[0] * self.size[1])

    @property
    def still(self) -> NDArray[np.bool_]:
        """[n] True where a slice need not be moved: no corner goes further than a fiftieth of a pixel."""
        return np.array([corner_motion(matrix, self.size) < 0.02 for matrix in self.to_reference])


def corner_motion(matrix: NDArray[np.float64], size: tuple[int, int]) -> float:
    """Return how far the corner that moves most goes under a [2, 3] matrix, in pixels."""
    width, height = size
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]], np.float64)
    return float(np.hypot(*(corners @ matrix.T - corners[:, :2]).T).max())


def unmoved(size: tuple[int, int], count: int, *, reference: int = 0) -> Alignment:
    """Return the alignment of a stack that needs none."""
    matrices = np.tile(np.eye(2, 3), (count, 1, 1))
    whole = (0, 0, *size)
    return Alignment(size, reference, matrices, np.ones((count, 3)), whole, np.ones(count))


@dataclass(frozen=True, slots=True, eq=False)
class AlignedSlices:
    """Slices as the reference sees them, uint16, cut to the common area."""

    slices: Slices
    alignment: Alignment

    @property
    def count(self) -> int:
        """How many there are."""
        return self.slices.count

    def read(self, index: int) -> Rgb:
        """Return one slice, equalised, moved (bicubic) and cut."""
        found = self.alignment
        picture = equalised(self.slices.read(index), found.gains[index])
        left, top, width, height = found.common
        if found.still[index]:
            return np.ascontiguousarray(picture[top : top + height, left : left + width])
        matrix = found.to_reference[index].copy()
        matrix[:, 2] -= (left, top)
        moved = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint16)


def equalised(picture: Rgb, gains: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Return the picture in 16 bits with each channel's linear light multiplied by its gain."""
    codes = np.arange(np.iinfo(picture.dtype).max + 1) / np.iinfo(picture.dtype).max
    out = np.empty(picture.shape, np.uint16)
    for channel, gain in enumerate(gains):
        light = codes if abs(gain - 1) < 1e-6 else encode_transfer(decode_transfer(codes, "srgb") * gain, "srgb")
        table = np.rint(np.clip(light, 0, 1) * CODES).astype(np.uint16)
        np.take(table, picture[..., channel], out=out[..., channel])
    return out


def luma_of(picture: Rgb) -> Float:
    """Return display-encoded luma [h, w] float32 0..1."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(grey, np.float32) * np.float32(1.0 / np.iinfo(picture.dtype).max)


def codes_of(picture: Float) -> NDArray[np.uint16]:
    """Return 0..1 as 16-bit codes, in strips."""
    out = np.empty(picture.shape, np.uint16)
    for top in range(0, len(picture), 256):
        rows = slice(top, top + 256)
        out[rows] = np.rint(np.clip(picture[rows], 0.0, 1.0) * CODES)
    return out
