"""RGB to planes: exact to rounding against the formula, chroma where the reader expects it, and quick."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from rvr_laaf_app.media.orientation import display_matrix, turned_back
from rvr_laaf_app.media.picture import Picture
from rvr_laaf_app.media.tags import orientation_of_matrix
from rvr_laaf_app.media.yuv import FORMATS, WEIGHTS, yuv_frame, yuv_planes


@pytest.mark.parametrize(("matrix", "full_range", "deep"), [*product(WEIGHTS, (False, True), (False, True))])
def test_matrix_is_that_of_the_standard(matrix: str, full_range: bool, deep: bool) -> None:
    white = 65535 if deep else 255
    rgb = np.random.default_rng(0).integers(0, white + 1, (40, 40, 3)).astype(np.uint16 if deep else np.uint8)
    kr, kb = WEIGHTS[matrix]
    red, green, blue = np.moveaxis(rgb / white, -1, 0)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    for name, bits in (("yuv444p", 8), ("yuv444p10le", 10)):
        unit, top = 1 << (bits - 8), (1 << bits) - 1
        if full_range:
            want = [luma * top, cb * top + 128 * unit, cr * top + 128 * unit]
        else:
            want = [unit * (16 + 219 * luma), unit * (128 + 224 * cb), unit * (128 + 224 * cr)]
        planes = yuv_planes(rgb, FORMATS[name], matrix=matrix, full_range=full_range)
        for plane, truth in zip(planes, want, strict=True):
            assert np.abs(plane - np.clip(truth, 0, top)).max() < 0.75


@pytest.mark.parametrize("pix_fmt", FORMATS)
@pytest.mark.parametrize("deep", [False, True])
def test_reader_gets_a_smooth_picture_back(pix_fmt: str, deep: bool) -> None:
    y, x = np.mgrid[:60, :90].astype(float)
    rgb = np.stack([x / 89, y / 59, 0.5 + 0.4 * np.sin(x / 9)], axis=-1)
    rgb = np.round(rgb * (65535 if deep else 255)).astype(np.uint16 if deep else np.uint8)
    frame = yuv_frame(rgb, pix_fmt, matrix="bt709", full_range=False)
    back = Picture(size=(90, 60), matrix="bt709").rgb_of(frame)
    scale = (257 if deep else 1), (257 if back.dtype == np.uint16 else 1)
    error = np.abs(rgb / scale[0] - back / scale[1])
    assert error.mean() < (0.8 if "10" not in pix_fmt else 0.4)
    assert error[2:-2, 2:-2].max() <= 4


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (17, 33), (34, 35)])
@pytest.mark.parametrize("pix_fmt", FORMATS)
def test_any_size_fills_every_sample(size: tuple[int, int], pix_fmt: str) -> None:
    width, height = size
    rgb = np.full((height, width, 3), (240, 200, 30), np.uint8)
    frame = yuv_frame(rgb, pix_fmt, matrix="bt601", full_range=True)
    back = Picture(size=size, matrix="bt601", full_range=True).rgb_of(frame)
    back = back / 257 if back.dtype == np.uint16 else back
    assert np.abs(back - rgb.astype(float)).max() <= 2


@pytest.mark.parametrize(("quarter_turns", "mirror"), [*product(range(4), (False, True))])
def test_turned_back_and_matrix_agree_with_the_reader(quarter_turns: int, mirror: bool) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (5, 8, 3)).astype(np.uint8)
    stored = turned_back(rgb, quarter_turns, mirror=mirror)
    matrix = display_matrix(quarter_turns, mirror=mirror, size=(stored.shape[1], stored.shape[0]))
    found = orientation_of_matrix(np.array(matrix, np.int32))
    assert (found.quarter_turns, found.mirror) == (quarter_turns, mirror)
    upright = Picture(size=(8, 5), quarter_turns=found.quarter_turns, mirror=found.mirror)._turned(stored)
    assert np.array_equal(upright, rgb)
    a, b, _, c, d, _, x0, y0, _ = (value / 65536 for value in matrix)
    corners = [(a * x + c * y + x0, b * x + d * y + y0) for x in (0, stored.shape[1]) for y in (0, stored.shape[0])]
    assert min(corner[0] for corner in corners) == min(corner[1] for corner in corners) == 0
