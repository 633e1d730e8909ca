"""Small clips made on the spot: a textured background, a bright square that moves, a beep; VFR and cuts on request."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

SQUARE = 24


def texture(size: tuple[int, int], seed: int) -> NDArray[np.uint8]:
    """Smooth random colours: enough detail for flow and tracking, cheap to encode."""
    width, height = size
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (height // 8 + 2, width // 8 + 2, 3)).astype(np.float32)
    rows = np.linspace(0, coarse.shape[0] - 1.001, height)
    columns = np.linspace(0, coarse.shape[1] - 1.001, width)
    r, c = rows.astype(int), columns.astype(int)
    fr, fc = (rows - r)[:, None, None], (columns - c)[None, :, None]
    top = coarse[r][:, c] * (1 - fc) + coarse[r][:, c + 1] * fc
    bottom = coarse[r + 1][:, c] * (1 - fc) + coarse[r + 1][:, c + 1] * fc
    return (top * (1 - fr) + bottom * fr).astype(np.uint8)


def frame_of(index: int, size: tuple[int, int], *, seed: int = 1) -> NDArray[np.uint8]:
    """Return frame `index`: the texture with a patterned square moving right, two pixels a frame."""
    picture = texture(size, seed).copy() if seed == 1 else (texture(size, seed) // 3)[:, ::-1].copy()
    x, y = 8 + 2 * index, size[1] // 2
    pattern = np.indices((SQUARE, SQUARE)).sum(axis=0) // 4 % 2
    square = np.where(pattern[..., None] == 0, np.uint8([250, 240, 40]), np.uint8([20, 30, 160]))
    x = min(x, size[0] - SQUARE)
    picture[y : y + SQUARE, x : x + SQUARE] = square
    return picture


def write_clip(
    path: Path,
    *,
    frames: int = 40,
    size: tuple[int, int] = (160, 96),
    pts: Sequence[int] | None = None,
    cut_at: int | None = None,
    sound: bool = True,
) -> Path:
    """Write an H.264 clip with its time base in 1/1000 s; pts in milliseconds, 40 ms a frame by default."""
    stamps = list(pts) if pts is not None else [40 * i for i in range(frames)]
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"crf": "12", "preset": "ultrafast", "g": "12"})
        assert isinstance(video, av.VideoStream)
        video.width, video.height = size
        video.pix_fmt = "yuv420p" if size[0] % 2 == 0 and size[1] % 2 == 0 else "yuv444p"
        video.time_base = video.codec_context.time_base = Fraction(1, 1000)
        audio = container.add_stream("aac", rate=48000) if sound else None
        for index, stamp in enumerate(stamps):
            seed = 7 if cut_at is not None and index >= cut_at else 1
            frame = av.VideoFrame.from_ndarray(frame_of(index, size, seed=seed), format="rgb24")
            frame.pts, frame.time_base = stamp, Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            _write_beep(container, audio, (stamps[-1] + 40) / 1000)
    return path


def _write_beep(container: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    time = np.arange(int(48000 * seconds)) / 48000
    wave = (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    for start in range(0, len(wave), 1024):
        block = wave[start : start + 1024][None]
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48000, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
