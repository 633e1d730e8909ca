"""Clips with a test card that says which frame it is, which way is up, and which colours went in.

The card is drawn and turned into YCbCr here, in float64 and independently of the product's code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from numpy.typing import NDArray

BITS = 8
CORNERS = np.array([[0.8, 0.1, 0.1], [0.1, 0.7, 0.1], [0.1, 0.1, 0.8], [0.9, 0.9, 0.9]])  # TL TR BL BR
PATCHES = np.array([[0.75, 0, 0], [0, 0.75, 0], [0, 0, 0.75], [0.75, 0.75, 0], [0.25, 0.25, 0.25], [0.92, 0.92, 0.92]])
WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593), "smpte240m": (0.212, 0.087)}
# code points of H.273 for the tags of the stream
SPACE = {"bt709": 1, "bt601": 6, "bt2020": 9, "smpte240m": 7}


@dataclass(frozen=True)
class Card:
    """How a test clip is made."""

    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    size: tuple[int, int] = (320, 180)
    frames: int = 20
    rate: Fraction = Fraction(25)
    times: Sequence[int] | None = None  # in ticks of time_base
    time_base: Fraction | None = None
    matrix: str = "bt601"
    full: bool = False
    tags: dict[str, int] = field(default_factory=dict)  # color_range, colorspace, color_trc, color_primaries
    sar: Fraction | None = None
    display_matrix: tuple[int, ...] | None = None
    options: dict[str, str] = field(default_factory=dict)
    mux: dict[str, str] = field(default_factory=dict)
    format: str | None = None
    gop: int = 10
    stamps: Sequence[int] | None = None  # written over the packets' pts and dts, in ticks of 1 / rate
    shift: int = 0  # added to every packet's time before it is written, in frames
    audio: str | None = None
    audio_rate: int = 48000
    audio_layout: str = "stereo"
    audio_span: tuple[float, float] = (0.0, 1.0)
    metadata: dict[str, str] = field(default_factory=dict)


def draw(index: int, width: int, height: int) -> NDArray[np.float64]:
    """Return the card [height, width, 3] for frame `index`, display-encoded, 0..1."""
    card = np.full((height, width, 3), 0.45)
    h8, w8 = max(height // 8, 1), max(width // 8, 1)
    card[:h8, :w8], card[:h8, -w8:], card[-h8:, :w8], card[-h8:, -w8:] = CORNERS
    top, bottom = round(height * 0.2), round(height * 0.4)
    for k, colour in enumerate(PATCHES):
        card[top:bottom, round(width * k / 6) : round(width * (k + 1) / 6)] = colour
    top, bottom = round(height * 0.45), round(height * 0.65)
    for k in range(BITS):
        left, right = round(width * k / BITS), round(width * (k + 1) / BITS)
        card[top:bottom, left:right] = 0.9 if index >> (BITS - 1 - k) & 1 else 0.1
    return card


def number_of(rgb: NDArray[np.generic]) -> int:
    """Read the frame number back from a picture."""
    picture = as_unit(rgb)
    height, width = picture.shape[:2]
    row = picture[round(height * 0.55)]
    return sum(int(row[int(width * (k + 0.5) / BITS)].mean() > 0.5) << (BITS - 1 - k) for k in range(BITS))


def corners_of(rgb: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the colours in the corners [4, 3]: top left, top right, bottom left, bottom right."""
    picture = as_unit(rgb)
    y, x = max(picture.shape[0] // 16, 1), max(picture.shape[1] // 16, 1)
    return np.stack([picture[y, x], picture[y, -x - 1], picture[-y - 1, x], picture[-y - 1, -x - 1]])


def patches_of(rgb: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the mean colours of the six patches [6, 3]."""
    picture = as_unit(rgb)
    height, width = picture.shape[:2]
    rows = slice(round(height * 0.26), round(height * 0.34))
    centres = [int(width * (k + 0.5) / 6) for k in range(6)]
    reach = max(width // 40, 1)
    return np.stack([picture[rows, c - reach : c + reach].mean((0, 1)) for c in centres])


def as_unit(rgb: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return code values as 0..1."""
    return rgb.astype(np.float64) / np.iinfo(rgb.dtype).max


def to_ycbcr(rgb: NDArray[np.float64], matrix: str, full: bool, bits: int) -> NDArray[np.float64]:
    """Return code values of Y, Cb, Cr for RGB 0..1 (ITU-T H.273)."""
    kr, kb = WEIGHTS[matrix]
    y = rgb @ np.array([kr, 1 - kr - kb, kb])
    cb, cr = (rgb[..., 2] - y) / (2 * (1 - kb)), (rgb[..., 0] - y) / (2 * (1 - kr))
    unit, top = 1 << (bits - 8), (1 << bits) - 1
    if full:
        return np.stack([y * top, cb * top + 128 * unit, cr * top + 128 * unit], -1)
    return unit * np.stack([16 + 219 * y, 128 + 224 * cb, 128 + 224 * cr], -1)


def video_frame(rgb: NDArray[np.float64], card: Card) -> VideoFrame:
    """Return the picture as a frame of card.pix_fmt (planar YCbCr, planar RGB or rgb24)."""
    height, width = rgb.shape[:2]
    if card.pix_fmt == "rgb24" or card.pix_fmt.startswith(("rgb", "bgr")):
        frame = VideoFrame.from_ndarray(np.rint(rgb * 255).astype(np.uint8), format="rgb24")
        return frame if card.pix_fmt == "rgb24" else frame.reformat(format=card.pix_fmt)
    frame = VideoFrame(width, height, card.pix_fmt)
    bits = frame.format.components[0].bits
    if card.pix_fmt.startswith("gbr"):
        planes = [rgb[..., k] * ((1 << bits) - 1) for k in (1, 2, 0)]
    else:
        ycc = to_ycbcr(rgb, card.matrix, card.full, bits)
        planes = [_shrunk(ycc[..., k], (p.width, p.height)) for k, p in enumerate(list(frame.planes)[:3])]
    if len(frame.planes) == 4:
        planes.append(np.full((height, width), float((1 << bits) - 1)))
    for plane, values in zip(frame.planes, planes, strict=False):
        kind = np.uint16 if bits > 8 else np.uint8
        rows = np.zeros((plane.height, plane.line_size // kind().itemsize), kind)
        rows[:, : plane.width] = np.rint(values)
        plane.update(rows.tobytes())
    return frame


def _shrunk(plane: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    width, height = size
    if plane.shape == (height, width):
        return plane
    step_y, step_x = -(-plane.shape[0] // height), -(-plane.shape[1] // width)
    padded = np.pad(plane, ((0, height * step_y - plane.shape[0]), (0, width * step_x - plane.shape[1])), mode="edge")
    return padded.reshape(height, step_y, width, step_x).mean((1, 3))


def write_clip(path: Path, card: Card) -> Path:
    """Encode the clip and return its path."""
    with av.open(str(path), "w", format=card.format, options=dict(card.mux)) as out:
        out.metadata.update(card.metadata)
        stream = out.add_stream(card.codec, rate=card.rate, options=dict(card.options))
        stream.width, stream.height = card.size
        stream.pix_fmt = card.pix_fmt
        stream.codec_context.gop_size = card.gop
        stream.codec_context.thread_count = 1
        base = card.time_base or 1 / Fraction(card.rate)
        stream.codec_context.time_base = base
        if card.sar:
            stream.codec_context.sample_aspect_ratio = card.sar
        for name, value in card.tags.items():
            setattr(stream.codec_context, name, value)
        if card.display_matrix:
            stream.set_display_matrix(card.display_matrix)
        sound = out.add_stream(card.audio, rate=card.audio_rate, layout=card.audio_layout) if card.audio else None
        for index in range(card.frames):
            frame = video_frame(draw(index, *card.size), card)
            frame.pts = card.times[index] if card.times else index
            frame.time_base = base
            for name in ("color_range", "colorspace", "color_trc", "color_primaries"):
                if name in card.tags:
                    setattr(frame, name, card.tags[name])
            _write(out, stream, frame, card, base)
        _write(out, stream, None, card, base)
        if sound is not None:
            write_sound(out, sound, card)
    return path


def _write(out: av.container.OutputContainer, stream: object, frame: object, card: Card, base: Fraction) -> None:
    for packet in stream.encode(frame):  # type: ignore[attr-defined]
        if card.shift:
            ticks = int(card.shift / card.rate / packet.time_base)
            packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
        if card.stamps:
            ticks = int(1 / card.rate / packet.time_base)
            packet.pts = packet.dts = card.stamps[round(packet.pts / ticks)] * ticks
        out.mux(packet)


def tone(rate: int, start_s: float, stop_s: float, channels: int) -> NDArray[np.float32]:
    """Return [channels, n]: a click train, one sample of 0.9 at every tenth of a second, the channels told by sign."""
    first, last = round(start_s * rate), round(stop_s * rate)
    wave = np.zeros((channels, last - first), np.float32)
    for tenth in range(int(np.ceil(start_s * 10)), int(np.ceil(stop_s * 10))):
        at = round(tenth * rate / 10) - first
        wave[:, at : at + rate // 200] = 0.8
    wave[1:] *= -0.5
    return wave


def write_sound(out: av.container.OutputContainer, stream: object, card: Card) -> None:
    channels = {"mono": 1, "stereo": 2, "5.1": 6}[card.audio_layout]
    wave = tone(card.audio_rate, *card.audio_span, channels)
    resampler = av.AudioResampler(
        format=stream.codec_context.format.name,
        layout=card.audio_layout,
        rate=card.audio_rate,  # type: ignore[attr-defined]
    )
    offset, size = round(card.audio_span[0] * card.audio_rate), 1024
    for at in range(0, wave.shape[1], size):
        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(wave[:, at : at + size]), format="fltp", layout=card.audio_layout
        )
        frame.sample_rate, frame.pts, frame.time_base = card.audio_rate, at + offset, Fraction(1, card.audio_rate)
        for ready in resampler.resample(frame):
            out.mux(stream.encode(ready))  # type: ignore[attr-defined]
    out.mux(stream.encode(None))  # type: ignore[attr-defined]
