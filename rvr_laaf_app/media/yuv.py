"""From RGB pictures to the planes of a video frame: YCbCr matrix, range, bits and chroma subsampling, explicitly.

The counterpart of `picture`, and for the same reason not left to libswscale. Chroma samples of subsampled formats lie
where H.264, HEVC, ProRes and DNxHR expect them when nothing is said: on the left luma sample, halfway between rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

Rgb = NDArray[np.uint8] | NDArray[np.uint16]

# Luma weights (Kr, Kb) of the matrices, ITU-T H.273 table 4.
WEIGHTS: Final = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
    "smpte240m": (0.212, 0.087),
    "fcc": (0.30, 0.11),
}


@dataclass(frozen=True, slots=True)
class YuvFormat:
    """A planar format of video frames. pix_fmt: FFmpeg's name; halved: whether chroma is halved in (x, y)."""

    pix_fmt: str
    bits: int
    halved: tuple[bool, bool]


FORMATS: Final = {
    f.pix_fmt: f
    for f in (
        YuvFormat("yuv420p", 8, (True, True)),
        YuvFormat("yuv422p", 8, (True, False)),
        YuvFormat("yuv444p", 8, (False, False)),
        YuvFormat("yuv420p10le", 10, (True, True)),
        YuvFormat("yuv422p10le", 10, (True, False)),
        YuvFormat("yuv444p10le", 10, (False, False)),
    )
}


def yuv_frame(rgb: Rgb, pix_fmt: str, *, matrix: str, full_range: bool) -> VideoFrame:
    """Return a video frame of format `pix_fmt` (see FORMATS) for RGB [H, W, 3] uint8 or full-range uint16."""
    planes = yuv_planes(rgb, FORMATS[pix_fmt], matrix=matrix, full_range=full_range)
    frame = VideoFrame(rgb.shape[1], rgb.shape[0], pix_fmt)
    for plane, samples in zip(frame.planes, planes, strict=True):
        row = plane.line_size // samples.itemsize
        buffer = np.frombuffer(plane, samples.dtype)[: row * plane.height].reshape(plane.height, row)  # type: ignore[call-overload]
        buffer[:, : plane.width] = samples
    return frame


def yuv_planes(rgb: Rgb, form: YuvFormat, *, matrix: str, full_range: bool) -> list[Rgb]:
    """Return the Y, Cb and Cr planes as arrays [h, w] of the format's depth."""
    # From 16 bits to 8 the planes stay at 16 bits until the chroma is averaged, then they are rounded once.
    work_bits = form.bits if rgb.dtype == np.uint8 or form.bits > 8 else 16
    white = 255.0 if rgb.dtype == np.uint8 else 65535.0
    source = rgb.astype(np.uint16) if rgb.dtype == np.uint8 and work_bits > 8 else rgb
    ycc = cv2.transform(source, _matrix(matrix, full_range, form.bits, work_bits, white))
    planes = [plane if number == 0 else _halved(plane, form.halved) for number, plane in enumerate(cv2.split(ycc))]
    if work_bits == form.bits:
        return planes
    return [cv2.convertScaleAbs(plane, alpha=1.0 / (1 << (work_bits - form.bits))) for plane in planes]


def _halved(plane: Rgb, halved: tuple[bool, bool]) -> Rgb:
    """Average a chroma plane to half its width and height, the new samples on the left of each pair of columns."""
    height, width = plane.shape
    if halved[1]:
        if height % 2:
            plane = cv2.copyMakeBorder(plane, 0, 1, 0, 0, cv2.BORDER_REPLICATE)
        plane = cv2.resize(plane, (width, plane.shape[0] // 2), interpolation=cv2.INTER_AREA)
    if halved[0]:
        kernel = np.array([0.25, 0.5, 0.25], np.float32)
        plane = cv2.sepFilter2D(plane, -1, kernel, np.ones(1, np.float32), borderType=cv2.BORDER_REPLICATE)[:, ::2]
    return cast("Rgb", np.ascontiguousarray(plane))


@lru_cache(maxsize=32)
def _matrix(matrix: str, full_range: bool, bits: int, work_bits: int, white: float) -> NDArray[np.float64]:
    """Return [3, 4]: RGB codes 0..white (and 1) to YCbCr codes of `bits`, shifted up to `work_bits` (H.273, 8.3)."""
    kr, kb = WEIGHTS[matrix]
    luma = np.array([kr, 1.0 - kr - kb, kb])
    to_ycc = np.stack(
        [
            luma,
            (np.array([0.0, 0.0, 1.0]) - luma) / (2.0 * (1.0 - kb)),
            (np.array([1.0, 0.0, 0.0]) - luma) / (2.0 * (1.0 - kr)),
        ]
    )
    unit, top = float(1 << (bits - 8)), float((1 << bits) - 1)
    scale = np.full(3, top) if full_range else unit * np.array([219.0, 224.0, 224.0])
    offset = unit * np.array([0.0 if full_range else 16.0, 128.0, 128.0])
    whole: NDArray[np.float64] = np.hstack([to_ycc * scale[:, None] / white, offset[:, None]])
    return whole * (1 << (work_bits - bits))
