"""Make the sample clip: `python -m rvr_laaf_app.training.scenes.make_sample_clip -o resources/sample_clip.mp4`.

Renders the cafe scene, records it as a phone would, adds the sound, and writes beside the clip a JSON file that says
what is in it. The truth (light, distance, motion) is not written: `cafe` renders it exactly for any frame and size.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from rvr_laaf_app.media.yuv import yuv_frame
from rvr_laaf_app.training.scenes import cafe
from rvr_laaf_app.training.scenes.record import camera_record
from rvr_laaf_app.training.scenes.score import (
    DURATION_S,
    FRAME_RATE,
    FRAMES,
    HOP_STARTS_S,
    SONG_STARTS_S,
)
from rvr_laaf_app.training.scenes.sound import SAMPLE_RATE, sample_sound

SIZE = (1280, 720)
_BT709 = 1
_LIMITED = 1

LICENCE = "CC0-1.0: made by the authors of RVR-LAAF with the code of this repository; use it for anything"
TARGETS = (
    (0.0, "toy", "the clip opens on the toy on the near table"),
    (SONG_STARTS_S, "singer", "the robot on the stage begins to sing: mouth and voice start at this moment"),
    (HOP_STARTS_S, "toy", "the toy on the near table jumps: take-off and spring sound are at this moment"),
)


@dataclass
class Options:
    """What can be asked for on the command line."""

    out: Path = Path("resources/sample_clip.mp4")
    width: int = SIZE[0]  # size at which the scene is rendered; the clip itself is always SIZE
    grid: int = 2  # rays per edge pixel are grid x grid
    workers: int = 1  # threads
    bit_rate: int = 2_650_000  # of the picture, bit/s: the clip must stay under 3 MB


def _video_stream(container: OutputContainer, bit_rate: int) -> VideoStream:
    stream = container.add_stream("libx264", rate=FRAME_RATE)
    stream.width, stream.height = SIZE
    stream.pix_fmt = "yuv420p"
    stream.time_base = Fraction(1, FRAME_RATE)
    stream.bit_rate = bit_rate
    stream.options = {
        "preset": "slow",
        "rc-lookahead": "60",
        "profile": "high",
        "threads": "1",
        "g": str(2 * FRAME_RATE),
    }
    context = stream.codec_context
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    context.color_range = _LIMITED
    return stream


def _video_frame(rgb: NDArray[np.uint8], index: int) -> av.VideoFrame:
    coded = rgb if rgb.shape[1::-1] == SIZE else cv2.resize(rgb, SIZE, interpolation=cv2.INTER_CUBIC)
    frame = yuv_frame(coded, "yuv420p", matrix="bt709", full_range=False)
    frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
    frame.color_primaries = frame.color_trc = _BT709
    frame.pts, frame.time_base = index, Fraction(1, FRAME_RATE)
    return frame


def _mux_sound(container: OutputContainer, stream: AudioStream) -> None:
    frame = av.AudioFrame.from_ndarray(sample_sound(), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _rendered(options: Options) -> Iterator[cafe.SceneFrame]:
    size = (options.width, options.width * SIZE[1] // SIZE[0])
    started = time.monotonic()
    for index in range(FRAMES):
        yield cafe.render_frame(index / FRAME_RATE, size, grid=options.grid, workers=options.workers)
        took = time.monotonic() - started
        left = took / (index + 1) * (FRAMES - index - 1)
        print(f"frame {index + 1}/{FRAMES}  {took:6.0f} s, {left:6.0f} s left", flush=True)


def _round(box: tuple[float, float, float, float] | None) -> list[float] | None:
    return None if box is None else [round(value, 4) for value in box]


def describe(subjects: list[dict[str, list[float] | None]]) -> dict[str, object]:
    """What the clip holds, as written to the JSON file; `subjects` are the boxes (x, y, w, h; 0..1) of each frame."""
    targets = [
        {
            "time_s": seconds,
            "frame": round(seconds * FRAME_RATE),
            "subject": name,
            "box": subjects[round(seconds * FRAME_RATE)][name],
            "why": why,
        }
        for seconds, name, why in TARGETS
    ]
    return {
        "schema": "SampleClip.1",
        "licence": LICENCE,
        "made_by": "python -m rvr_laaf_app.training.scenes.make_sample_clip",
        "video": {"size": list(SIZE), "frame_rate": FRAME_RATE, "frames": FRAMES, "duration_s": DURATION_S},
        "audio": {
            "sample_rate": SAMPLE_RATE,
            "channels": 2,
            "onsets": [
                {"time_s": SONG_STARTS_S, "subject": "singer", "what": "a voice"},
                {"time_s": HOP_STARTS_S, "subject": "toy", "what": "a spring"},
            ],
        },
        "new_focus_targets": targets,
        "nearest_per_m": round(cafe.nearest_per_m(), 4),
        "subjects": {name: {"boxes": [frame[name] for frame in subjects]} for name in cafe.SUBJECTS},
    }


def make(options: Options) -> None:
    """Render and write the clip and its description; nothing half-made gets the final name."""
    part = options.out.with_suffix(".part.mp4")
    boxes: list[dict[str, list[float] | None]] = []
    with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = _video_stream(container, options.bit_rate)
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        audio.bit_rate = 112_000
        for index, truth in enumerate(_rendered(options)):
            rgb = camera_record(truth.linear, index=index)
            container.mux(video.encode(_video_frame(rgb, index)))
            boxes.append({n: _round(cafe.subject_box(truth.subjects, s)) for n, s in cafe.SUBJECTS.items()})
        container.mux(video.encode(None))
        _mux_sound(container, audio)
    os.replace(part, options.out)
    text = json.dumps(describe(boxes), indent=1)
    options.out.with_suffix(".json").write_text(_one_line_boxes(text), encoding="utf-8")
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB")


def _one_line_boxes(text: str) -> str:
    """Put each list of numbers on one line, so that the file can be read by people too."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if inside:
            lines[-1] += (" " if lines[-1].endswith(",") else "") + line.strip()
            inside = not line.strip().startswith("]")
        else:
            lines.append(line)
            inside = line.endswith("[") and '"new' not in line and "boxes" not in line and "onsets" not in line
    return "\n".join(lines) + "\n"


def main() -> None:
    """Read the command line and make the clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=Options.out)
    parser.add_argument("--width", type=int, default=Options.width, help="render at this width (drafts)")
    parser.add_argument("--grid", type=int, default=Options.grid, help="grid x grid rays where a pixel holds an edge")
    parser.add_argument("--workers", type=int, default=Options.workers)
    parser.add_argument("--bit-rate", type=int, default=Options.bit_rate)
    make(Options(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
