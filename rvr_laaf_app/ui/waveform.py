"""The outline of a clip's sound for the timeline: lowest and highest sample of many short parts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rvr_laaf_app.media.probe import ClipInfo

PARTS = 8000


def waveform(info: ClipInfo, stop: threading.Event) -> NDArray[np.float32] | None:
    """Return [PARTS, 2] float32 over the clip's length, loudest part = 1; None without sound or when stopped."""
    from rvr_laaf_app.media.audio import audio_blocks

    if not info.audio or info.table is None:
        return None
    number = next((i for i, a in enumerate(info.audio) if a.default), 0)
    per_part = info.table.duration_s * info.audio[number].rate / PARTS
    outline = np.zeros((PARTS, 2), np.float32)
    at = 0
    for block in audio_blocks(info, number):
        if stop.is_set():
            return None
        mono = block.mean(axis=1)
        part = ((at + np.arange(len(mono))) / per_part).astype(np.int64)
        inside = part < PARTS
        np.minimum.at(outline[:, 0], part[inside], mono[inside])
        np.maximum.at(outline[:, 1], part[inside], mono[inside])
        at += len(mono)
    loudest = float(np.abs(outline).max())
    return outline / np.float32(loudest) if loudest > 0 else outline
