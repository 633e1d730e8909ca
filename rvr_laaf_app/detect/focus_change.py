"""AF-Net over a clip: for every frame how likely focus should change there, and where it belongs (rvr-laaf.txt, 5.3).

The network looks two seconds back and two ahead; what it says of a frame comes that much later. Nothing of another shot
is shown to it: beyond a cut the last frame of the shot stands. Several networks of one kind are averaged: each errs in
its own way. Decides nothing; needs the networks' weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.evidence import Finding, Region
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.detect.base import Look

if TYPE_CHECKING:
    from rvr_laaf_app.nets.af_net import AfNet

LOOK_EVERY = 2  # frames; what is said of one holds for the next
TRAINED_RATE = 30.0  # frames a second of the clips that the stride is meant for
SIDE = 0.2  # of the picture: of the box around the place
BATCH = 8


class FocusChangeDetector:
    """A SeeingDetector.

    measures: (probability of a New Focus Target). The one region is the place where focus belongs. nets: of one
    configuration; rate: frames a second of the clip; its lookback is that of the networks, in frames.
    """

    name = "af-net"
    version = "1"

    def __init__(self, nets: Sequence[AfNet], rate: float) -> None:
        self._nets, self.rate, self._config = tuple(nets), rate, nets[0].config
        self._stride = max(1, round(self._config.stride * rate / TRAINED_RATE))
        self.lookback = (self._config.frames // 2) * self._stride + BATCH * LOOK_EVERY
        self._frames: list[NDArray[np.uint8]] = []  # of the shot, from frame number _first on
        self._first = 0
        self._said = 0  # next frame to be told of
        self._seen = 0  # next frame to come

    def look(self, look: Look) -> list[Finding]:
        """Take the next frame; tell of those whose future is known by now."""
        found = self._flushed() if look.cut else []
        if look.cut:
            self._frames, self._first = [], look.index
        elif self._seen == 0:
            self._first = self._said = look.index
        self._seen = look.index + 1
        size = self._config.width, self._config.height
        self._frames.append(np.asarray(cv2.resize(look.rgb, size, interpolation=cv2.INTER_AREA), np.uint8))
        if self._seen - self._said > self.lookback:
            found += self._told(self._said + BATCH * LOOK_EVERY)
            spare = self._said - (self._config.frames // 2) * self._stride - self._first
            if spare > 0:
                del self._frames[:spare]
                self._first += spare
        return found

    def finish(self) -> list[Finding]:
        """Tell of the rest."""
        return self._flushed()

    def _flushed(self) -> list[Finding]:
        found: list[Finding] = []
        while self._said < self._seen:
            found += self._told(min(self._said + BATCH * LOOK_EVERY, self._seen))
        return found

    def _told(self, stop: int) -> list[Finding]:
        """Return what the network says of the frames from the next untold one to `stop`."""
        import torch

        from rvr_laaf_app.nets.af_net import region_centre, to_input

        half = self._config.frames // 2
        centres = np.arange(self._said, stop, LOOK_EVERY)
        steps = (np.arange(self._config.frames) - half) * self._stride
        index = np.clip(centres[:, None] + steps, self._first, self._first + len(self._frames) - 1) - self._first
        stretches = np.stack([np.stack([self._frames[i] for i in row]) for row in index])
        with torch.inference_mode():
            x = to_input(torch.from_numpy(stretches))
            said = [net(x) for net in self._nets]
            likely = torch.stack([torch.sigmoid(raw.target) for raw in said]).mean(0).tolist()
            where = torch.stack([raw.region[:, self._config.units // 2].float() for raw in said]).mean(0)
            places = region_centre(where).tolist()
        found = []
        for centre, probability, (x, y) in zip(centres.tolist(), likely, places, strict=True):
            region = Region(Box.around(Point(x, y), SIDE, SIDE), probability, "focus belongs here")
            for frame in range(centre, min(centre + LOOK_EVERY, stop)):
                found.append(Finding(frame, (region,), measures=(probability,)))
        self._said = stop
        return found
