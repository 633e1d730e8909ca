"""Annotated clips as AF-Net learns from them: a VAF file (or what use has added to one) and the folder of its clips.

Only clips that are done and not split off for testing are read. Between two targets the subject stands where the first
of them was set: what is annotated is moments, not tracks. Every other frame is what AF-Net sees of a clip.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.annotation.encoding import VafData, decode_data
from rvr_laaf_app.annotation.schema import ClipAnnotation
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.nets.af_net import AfNetConfig
from rvr_laaf_app.training.data_af import Sequence, around_changes, seen_frames

KEPT = 9 / 8  # of the network's size, for cutting
SEEN_RATE = 30.0  # frames a second for which the network's stride is meant
LEAST_SIDE = 0.08  # of the picture, of a place that was given as a point


def load_vaf(file: Path, clips: Path, config: AfNetConfig) -> list[Sequence]:
    """Return a stretch around every New Focus Target, and one of each clip without any; clips that are gone are passed.

    Raises UsageError for a file that is no VAF data.
    """
    try:
        data = decode_data(file.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"this is no VAF data ({error})", where=file) from error
    found = []
    for annotation in annotations_to_learn(data):
        path = clips / annotation.clip.name
        if path.is_file():
            found += stretches_of(annotation, path, config)
    return found


def annotations_to_learn(data: VafData) -> list[ClipAnnotation]:
    """Return what may be learnt from: done, with targets, not for testing."""
    return [
        annotation
        for said in data.annotations.values()
        for annotation in said
        if annotation.state == "done" and annotation.targets and data.split.get(annotation.clip.pictures) != "test"
    ]


def stretches_of(annotation: ClipAnnotation, path: Path, config: AfNetConfig) -> list[Sequence]:
    """Return the stretches of one annotated clip at the network's rate."""
    size = round(config.width * KEPT), round(config.height * KEPT)
    frames = seen_frames(path, size)
    rate = len(frames) / max(annotation.clip.duration_s, 1e-3)
    stride = max(1, round(config.stride * rate / SEEN_RATE))
    rgb = frames[::stride]
    at = [min(round(t.at.seconds * rate / stride), len(rgb) - 1) for t in annotation.targets]
    boxes = [_numbers(t.box.x, t.box.y, t.box.width, t.box.height) for t in annotation.targets]
    return around_changes(rgb, at, np.stack(boxes))


def _numbers(x: float, y: float, width: float, height: float) -> NDArray[np.float32]:
    across, down = max(width, LEAST_SIDE), max(height, LEAST_SIDE)
    return np.array([x + width / 2 - across / 2, y + height / 2 - down / 2, across, down], np.float32)
