"""Small clips with known content, made by the tests that need them: colour patches, flashes, beeps, any time stamps."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.media.orientation import display_matrix
from rvr_laaf_app.media.yuv import yuv_frame

MATRIX_TAGS = {"bt601": 6, "bt709": 1, "bt2020": 9}
VFR_PTS = (0, 3000, 4500, 10500, 12000, 18000, 19500, 30000, 33000, 36000, 36500, 45000)
PATCHES = np.array(
    [[235, 20, 20], [20, 220, 30], [25, 30, 230], [200, 200, 200], [16, 16, 16], [255, 255, 255], [240, 200, 30]],
    np.uint8,
)


@dataclass(frozen=True)
class Sound:
    """A stream of sound: one 1 kHz beep of 20 ms at each of `beeps` (seconds of the file)."""

    codec: str = "aac"
    seconds: float = 2.0
    start_s: float = 0.0
    beeps: tuple[float, ...] = (0.5, 1.0, 1.5)
    rate: int = 48000
    channels: int = 1
    language: str = ""


@dataclass(frozen=True)
class Video:
    size: tuple[int, int] = (288, 160)
    pts: tuple[int, ...] = VFR_PTS
    time_base: Fraction = Fraction(1, 90000)
    encoder: str = "libx264"
    pix_fmt: str = "yuv420p"
    matrix: str = "bt709"
    full_range: bool = False
    transfer_tag: int = 1
    primaries_tag: int = 1
    quarter_turns: int = 0
    mirror: bool = False
    flash_frames: tuple[int, ...] = ()
    options: dict[str, str] | None = None


def patch_frame(size: tuple[int, int], *, deep: bool = False, flash: bool = False) -> NDArray[np.uint8 | np.uint16]:
    """Upright columns of the patch colours; a flash is all white."""
    width, height = size
    column = np.minimum(np.arange(width) * len(PATCHES) // width, len(PATCHES) - 1)
    rgb = np.broadcast_to(PATCHES[column], (height, width, 3)).copy()
    rgb[: height // 4] = rgb[: height // 4] // 2  # so that up and down differ
    if flash:
        rgb[:] = 255
    return rgb.astype(np.uint16) * 257 if deep else rgb


def patch_errors(rgb: NDArray[np.uint8 | np.uint16], want: NDArray[np.uint8 | np.uint16]) -> float:
    """The largest error in the middle of the patches, in 8-bit codes."""
    height, width = rgb.shape[:2]
    scale = 257 if rgb.dtype == np.uint16 else 1
    want_scale = 257 if want.dtype == np.uint16 else 1
    worst = 0.0
    for number in range(len(PATCHES)):
        x = int((number + 0.5) * width / len(PATCHES))
        for y in (height // 8, height * 5 // 8):
            have = rgb[y - 1 : y + 2, x - 1 : x + 2].mean(axis=(0, 1)) / scale
            truth = want[y, x] / want_scale
            worst = max(worst, float(np.abs(have - truth).max()))
    return worst


def beep_track(sound: Sound) -> NDArray[np.float32]:
    """[n] samples of the stream; silence with beeps."""
    samples = np.zeros(round(sound.seconds * sound.rate), np.float32)
    for beep in sound.beeps:
        at = round((beep - sound.start_s) * sound.rate)
        tone = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(round(0.02 * sound.rate)) / sound.rate)
        inside = tone[: max(len(samples) - at, 0)]
        samples[at : at + len(inside)] = inside
    return samples


def beeps_in(samples: NDArray[np.float32], rate: int) -> list[float]:
    """Seconds at which beeps begin in [n, channels] samples."""
    loud = np.abs(samples[:, 0]) > 0.2
    rises = np.flatnonzero(loud & ~np.concatenate([[False], loud[:-1]]))
    starts: list[float] = []
    for rise in rises:
        if not starts or rise / rate - starts[-1] > 0.1:
            starts.append(rise / rate)
    return starts


def make_clip(path: Path, video: Video | None = None, sounds: tuple[Sound, ...] = ()) -> Path:
    """Write a clip; frames come as `patch_frame` shows them once the clip's turn and mirror are applied."""
    video = video or Video()
    with av.open(str(path), "w") as container:
        stream = container.add_stream(video.encoder, rate=25, options=video.options or _options(video.encoder))
        stream.width, stream.height = video.size
        stream.pix_fmt = video.pix_fmt
        stream.time_base = stream.codec_context.time_base = video.time_base
        context = stream.codec_context
        context.color_range = 2 if video.full_range else 1
        context.colorspace = MATRIX_TAGS[video.matrix]
        context.color_trc, context.color_primaries = video.transfer_tag, video.primaries_tag
        if video.quarter_turns or video.mirror:
            stream.set_display_matrix(display_matrix(video.quarter_turns, mirror=video.mirror, size=video.size))
        audio = [_add_sound(container, sound) for sound in sounds]
        for index, pts in enumerate(video.pts):
            deep = "10" in video.pix_fmt
            rgb = patch_frame(video.size, deep=deep, flash=index in video.flash_frames)
            frame = yuv_frame(rgb, video.pix_fmt, matrix=video.matrix, full_range=video.full_range)
            frame.pts, frame.time_base = pts, video.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        for out, sound in zip(audio, sounds, strict=True):
            _encode_sound(container, out, sound)
    return path


def _options(encoder: str) -> dict[str, str]:
    return {"preset": "ultrafast", "crf": "4", "threads": "1"} if encoder == "libx264" else {}


def _add_sound(container: av.container.OutputContainer, sound: Sound) -> av.audio.stream.AudioStream:
    stream = container.add_stream(sound.codec, rate=sound.rate)
    stream.codec_context.layout = {1: "mono", 2: "stereo", 6: "5.1"}[sound.channels]
    if sound.language:
        stream.metadata["language"] = sound.language
    return stream


def _encode_sound(container: av.container.OutputContainer, stream: av.audio.stream.AudioStream, sound: Sound) -> None:
    samples = np.repeat(beep_track(sound)[:, None], sound.channels, axis=1)
    begin = round(sound.start_s * sound.rate)
    for at in range(0, len(samples), 4096):
        part = samples[at : at + 4096]
        frame = av.AudioFrame.from_ndarray(part.reshape(1, -1), "flt", stream.codec_context.layout.name)
        frame.sample_rate, frame.time_base, frame.pts = sound.rate, Fraction(1, sound.rate), begin + at
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
