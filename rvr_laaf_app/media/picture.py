"""From a decoded picture to upright RGB with square pixels: YUV matrix, range, chroma position, scale, turn, mirror.

The matrix is applied here and not by libswscale, whose fast paths repeat chroma samples, are off by up to 3 codes, and
guess BT.601 for untagged HD. What the numbers of the RGB picture mean (transfer, primaries) is not touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from numpy.typing import NDArray

Rgb = NDArray[np.uint8] | NDArray[np.uint16]
_Plane = NDArray[np.uint8] | NDArray[np.uint16]

# Luma weights (Kr, Kb) of the YCbCr matrices.
_WEIGHTS: Final = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
    "smpte240m": (0.212, 0.087),
    "fcc": (0.30, 0.11),
}
_NEAREST: Final = Interpolation.POINT | Interpolation.ACCURATE_RND | Interpolation.BITEXACT


@dataclass(frozen=True, slots=True)
class Picture:
    """How the coded pictures of a clip are shown.

    size: (width, height) upright, square pixels. matrix: "bt601", "bt709", "bt2020", "smpte240m", "fcc", "ycgco" or
    "rgb". mirror is done before the quarter_turns (clockwise); tilt_deg (clockwise, about the centre, -45..45) is what
    is left of a turn that is no multiple of 90 degrees. cosited: chroma samples lie on luma samples (x, y).
    """

    size: tuple[int, int]
    matrix: str = "bt709"
    full_range: bool = False
    quarter_turns: int = 0
    mirror: bool = False
    tilt_deg: float = 0.0
    cosited: tuple[bool, bool] = (True, False)

    def rgb_of(self, frame: VideoFrame, size: tuple[int, int] | None = None) -> Rgb:
        """Return RGB [H, W, 3]: uint8, or uint16 full range for more than 8 bits; scaled to `size` if given."""
        width, height = size or self.size
        coded = (height, width) if self.quarter_turns % 2 else (width, height)
        rgb = _coded_rgb(frame, self, coded)
        return self._turned(rgb)

    def _turned(self, rgb: Rgb) -> Rgb:
        if self.mirror:
            rgb = _samples(cv2.flip(rgb, 1))
        if self.quarter_turns:
            turn = (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE)[self.quarter_turns - 1]
            rgb = _samples(cv2.rotate(rgb, turn))
        if self.tilt_deg:
            height, width = rgb.shape[:2]
            turn_matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -self.tilt_deg, 1.0)
            rgb = _samples(cv2.warpAffine(rgb, turn_matrix, (width, height), flags=cv2.INTER_LINEAR))
        return _samples(rgb)


def resized(rgb: _Plane, size: tuple[int, int]) -> Rgb:
    """Return the picture at (width, height): by area when it shrinks, bicubic when it grows."""
    here = rgb.shape[1], rgb.shape[0]
    return rgb if here == size else _samples(cv2.resize(rgb, size, interpolation=_scaling(here, size)))


def _samples(array: object) -> _Plane:
    return cast("_Plane", np.ascontiguousarray(cast("NDArray[np.uint8]", array)))


def bits_of(frame: VideoFrame) -> int:
    """Return the bits of a component of this picture (8, 10, 12, 16; 32 for float)."""
    return max((c.bits for c in frame.format.components), default=8)


def _coded_rgb(frame: VideoFrame, picture: Picture, size: tuple[int, int]) -> Rgb:
    """Return RGB at `size`, not turned yet."""
    planes, bits, kind = _planes(frame)
    here = (frame.width, frame.height)
    shrinks = size[0] <= here[0] and size[1] <= here[1] and size != here
    if shrinks:
        # Scale first, then convert: less to convert. Both are linear, so the order does not matter.
        planes = [resized(p, size) for p in planes]
        here = size
    rgb = _to_rgb(planes, bits, kind, picture, here)
    return resized(rgb, size)


def _scaling(here: tuple[int, int], size: tuple[int, int]) -> int:
    return int(cv2.INTER_AREA if size[0] <= here[0] and size[1] <= here[1] else cv2.INTER_CUBIC)


def _planes(frame: VideoFrame) -> tuple[list[_Plane], int, str]:
    """Return the components as arrays, their bits, and "yuv", "rgb" or "gray"; odd layouts are unpacked first."""
    name = frame.format.name
    kind = "gray" if name.startswith(("gray", "ya", "mono")) else "rgb" if frame.format.is_rgb else "yuv"
    if name.startswith("pal8"):
        kind = "rgb"
    bits = bits_of(frame)
    if not _is_plain(frame, kind):
        wide = bits > 8
        target = {"gray": ("gray", "gray16le"), "rgb": ("gbrp", "gbrp16le"), "yuv": ("yuv444p", "yuv444p16le")}[kind][
            wide
        ]
        frame = _repacked(frame, target)
        bits = 16 if wide else 8
    planes = [_array(plane, bits) for plane in frame.planes[: 1 if kind == "gray" else 3]]
    if kind == "rgb":
        planes = [planes[2], planes[0], planes[1]]  # stored as G, B, R
    return planes, bits, kind


def _is_plain(frame: VideoFrame, kind: str) -> bool:
    """True if each component lies in a plane of its own, as little-endian integers."""
    name = frame.format.name
    if name.endswith("be") or bits_of(frame) > 16 or min(p.line_size for p in frame.planes) <= 0:
        return False
    if kind == "gray":
        return name.startswith("gray")
    return name.startswith("gbr" if kind == "rgb" else "yuv") and len(frame.planes) >= 3 and "f16" not in name


def _repacked(frame: VideoFrame, target: str) -> VideoFrame:
    """Return the same values in another layout."""
    value_range = ColorRange.JPEG if frame.format.is_rgb else ColorRange.MPEG
    return VideoReformatter().reformat(
        frame,
        format=target,
        src_color_range=value_range,
        dst_color_range=value_range,
        interpolation=_NEAREST,
        threads=1,
    )


def _array(plane: VideoPlane, bits: int) -> _Plane:
    """Return a view of the samples [height, width] of one plane."""
    kind = np.uint16 if bits > 8 else np.uint8
    samples = np.frombuffer(plane, kind)  # type: ignore[call-overload]
    row = plane.line_size // np.dtype(kind).itemsize
    view: _Plane = samples[: row * plane.height].reshape(plane.height, row)[:, : plane.width]
    return view


def _to_rgb(planes: list[_Plane], bits: int, kind: str, picture: Picture, size: tuple[int, int]) -> Rgb:
    """Return RGB of `size` from planes of which the first already has this size."""
    if kind == "yuv":
        whole = [planes[0], *(_upsampled(p, size, picture.cosited) for p in planes[1:])]
        return _transformed(cv2.merge(whole), _yuv_matrix(picture.matrix, picture.full_range, bits))
    if kind == "gray":
        grey = _transformed(planes[0], _grey_matrix(picture.full_range, bits))
        return _samples(cv2.merge([grey, grey, grey]))
    rgb = _samples(cv2.merge(planes))
    return rgb if bits in (8, 16) else _transformed(rgb, _rgb_matrix(bits))


def _transformed(samples: _Plane, matrix: NDArray[np.float64]) -> Rgb:
    return _samples(cv2.transform(samples, matrix))


def _upsampled(plane: _Plane, size: tuple[int, int], cosited: tuple[bool, bool]) -> _Plane:
    """Return a chroma plane at luma size, with its samples where they belong."""
    width, height = size
    if plane.shape == (height, width):
        return plane
    if cosited[1] and plane.shape[0] == (height + 1) // 2:
        plane = _samples(_doubled(_samples(plane.T), height).T)
    if cosited[0] and plane.shape[1] == (width + 1) // 2:
        if plane.shape[0] != height:
            plane = _samples(cv2.resize(plane, (plane.shape[1], height), interpolation=cv2.INTER_LINEAR))
        return _doubled(plane, width)
    return _samples(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR))


def _doubled(plane: _Plane, width: int) -> _Plane:
    """Return the plane [h, w] as [h, width]: samples stay at even places, odd places lie halfway between."""
    after = np.concatenate([plane[:, 1:], plane[:, -1:]], axis=1)
    between = cv2.addWeighted(plane, 0.5, after, 0.5, 0.0)
    return _samples(cv2.merge([plane, between])).reshape(plane.shape[0], -1)[:, :width]


@lru_cache(maxsize=32)
def _yuv_matrix(matrix: str, full_range: bool, bits: int) -> NDArray[np.float64]:
    """Return [3, 4]: code values of Y, Cb, Cr (and 1) to RGB of 8 or 16 bits (ITU-T H.273, 8.3)."""
    unit = float(1 << (bits - 8))
    top = float((1 << bits) - 1)
    if full_range:
        scale, offset = np.full(3, 1.0 / top), np.array([0.0, 128.0 * unit, 128.0 * unit])
    else:
        scale = 1.0 / (unit * np.array([219.0, 224.0, 224.0]))
        offset = unit * np.array([16.0, 128.0, 128.0])
    return _affine(_from_ycc(matrix) * scale, offset, bits)


def _from_ycc(matrix: str) -> NDArray[np.float64]:
    """Return [3, 3]: Y 0..1, Cb and Cr -0.5..0.5 to RGB 0..1."""
    if matrix == "ycgco":
        return np.array([[1.0, -1.0, 1.0], [1.0, 1.0, 0.0], [1.0, -1.0, -1.0]])
    kr, kb = _WEIGHTS[matrix]
    kg = 1.0 - kr - kb
    return np.array(
        [
            [1.0, 0.0, 2.0 * (1.0 - kr)],
            [1.0, -2.0 * (1.0 - kb) * kb / kg, -2.0 * (1.0 - kr) * kr / kg],
            [1.0, 2.0 * (1.0 - kb), 0.0],
        ]
    )


@lru_cache(maxsize=16)
def _grey_matrix(full_range: bool, bits: int) -> NDArray[np.float64]:
    unit, top = float(1 << (bits - 8)), float((1 << bits) - 1)
    scale, offset = (1.0 / top, 0.0) if full_range else (1.0 / (219.0 * unit), 16.0 * unit)
    return _affine(np.array([[scale]]), np.array([offset]), bits)


@lru_cache(maxsize=16)
def _rgb_matrix(bits: int) -> NDArray[np.float64]:
    return _affine(np.eye(3) / ((1 << bits) - 1), np.zeros(3), bits)


def _affine(linear: NDArray[np.float64], offset: NDArray[np.float64], bits: int) -> NDArray[np.float64]:
    """Return [n, n + 1] for code values minus `offset`, scaled to the output's full range."""
    white = 65535.0 if bits > 8 else 255.0
    whole: NDArray[np.float64] = np.hstack([linear, -(linear @ offset)[:, None]]) * white
    return whole
