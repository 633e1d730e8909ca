"""Clips with two patterned squares that move, made on the spot, for the tests of the annotation window."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from rvr_laaf_app.core.geometry import Box
from tests.clips import texture

SIZE = (320, 192)
SIDE = 48
COLOURS = (((250, 240, 40), (20, 30, 160)), ((240, 60, 60), (40, 200, 90)))


def square_at(number: int, index: int) -> Box:
    """Where square 0 (left, going right) or 1 (right, going left) is at a frame."""
    x = 20 + 0.2 * index if number == 0 else 250 - 0.25 * index
    y = 40 if number == 0 else 110
    return Box.from_pixels(round(x), y, SIDE, SIDE, picture=SIZE)


def write_two_squares(path: Path, *, frames: int = 250, rate: int = 25, seed: int = 1) -> Path:
    """Write a clip with sound of nothing but a beep now and then; its frames are all different."""
    ground = texture(SIZE, seed)
    pattern = np.indices((SIDE, SIDE)).sum(axis=0) // 6 % 2
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=rate, options={"crf": "12", "preset": "ultrafast", "g": "25"})
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        for index in range(frames):
            picture = ground.copy()
            for number, (light, dark) in enumerate(COLOURS):
                box = square_at(number, index)
                x, y = round(box.x * SIZE[0]), round(box.y * SIZE[1])
                picture[y : y + SIDE, x : x + SIDE] = np.where(pattern[..., None] == 0, np.uint8(light), np.uint8(dark))
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, rate)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path
