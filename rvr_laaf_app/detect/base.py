"""The contract of every detector, what it is fed, and the list of those that exist."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import GRID, Finding
from rvr_laaf_app.core.registry import Registry

SMALL_LONG_SIDE = 320  # of the grey pictures in which motion is looked for


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A frame as detectors see it.

    rgb [h, w, 3] uint8 upright; cut: a new shot begins here; seconds since the first frame of the clip.
    """

    index: int
    seconds: float
    rgb: NDArray[np.uint8]
    cut: bool = False
    _small: list[NDArray[np.uint8]] = field(default_factory=list, repr=False)

    @property
    def small_grey(self) -> NDArray[np.uint8]:
        """The grey picture with a long side of SMALL_LONG_SIDE at most, made once for all detectors."""
        if not self._small:
            grey = np.asarray(cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
            scale = SMALL_LONG_SIDE / max(grey.shape)
            if scale < 1.0:
                size = max(round(grey.shape[1] * scale), 1), max(round(grey.shape[0] * scale), 1)
                grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
            self._small.append(grey)
        return self._small[0]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A block of sound as detectors hear it: mono samples [n] float32 at SOUND_RATE; the first block begins at 0 s."""

    samples: NDArray[np.float32]


SOUND_RATE = 16_000


class Detector(Protocol):
    """Looks at every frame of a clip in order (or listens to its sound, block by block), with bounded memory.

    An instance serves one run. Findings come in order, each index once; they may lag behind what was fed, by no more
    than `lookback` frames (hops, if it listens), and `finish` gives the rest.
    """

    name: str
    version: str
    lookback: int

    def finish(self) -> list[Finding]:
        """Return what is still to be said after the last frame or block."""
        ...


@runtime_checkable
class SeeingDetector(Detector, Protocol):
    """A detector that looks at frames."""

    def look(self, look: Look) -> list[Finding]:
        """Take the next frame, return what can be said now."""
        ...


@runtime_checkable
class HearingDetector(Detector, Protocol):
    """A detector that listens."""

    def hear(self, heard: Heard) -> list[Finding]:
        """Take the next block of sound, return what can be said now."""
        ...


DETECTORS: Registry[Detector] = Registry(
    "detector",
    {
        "face": "rvr_laaf_app.detect.face:FaceDetector",
        "action": "rvr_laaf_app.detect.action:ActionDetector",
        "saliency": "rvr_laaf_app.detect.saliency:SaliencyDetector",
        "voice": "rvr_laaf_app.detect.audio:VoiceDetector",
    },
)


def on_grid(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a map [h, w] averaged onto GRID."""
    return np.asarray(cv2.resize(values, GRID, interpolation=cv2.INTER_AREA), np.float32)
