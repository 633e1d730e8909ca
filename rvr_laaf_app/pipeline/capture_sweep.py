"""A sweep while it is being captured: what is taken, and of which parts one of the pictures is sharp already."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.base import Still
from rvr_laaf_app.camera.sweep import Sweep
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.pipeline.capture_focus import patch_of, sharpness_of
from rvr_laaf_app.pipeline.capture_view import ZoneMemory

_SMALL_PX: Final = 960  # about the long side at which sharpness is judged
_REDUCED: Final = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))


@dataclass(slots=True)
class SweepView:
    """What is known of a sweep under way. Used by one thread; span: steps that look sharp at once."""

    span: float
    region: Box | None = None
    _memory: ZoneMemory = field(default_factory=ZoneMemory)
    _sharpness: dict[int, float] = field(default_factory=dict)

    def recall(self, sweep: Sweep) -> None:
        """Take note of the pictures of a sweep that is gone on with; does nothing once a picture is known."""
        if not self._sharpness:
            for frame in sweep.frames:
                with contextlib.suppress(OSError):  # it is only for the map that is shown
                    self._note((sweep.folder / frame.file).read_bytes(), frame.position)

    def add(self, still: Still, position: int) -> NDArray[np.uint8] | None:
        """Take note of a picture and return it made smaller; None for a kind that cannot be decoded."""
        return self._note(still.data, position if still.position is None else still.position)

    def _note(self, data: bytes, position: int) -> NDArray[np.uint8] | None:
        rgb = small_picture(data)
        if rgb is not None:
            self._memory.add(rgb, position)
            self._sharpness[position] = sharpness_of(patch_of(rgb, self.region))
        return rgb

    @property
    def sharp(self) -> NDArray[np.float32] | None:
        """Of which tiles one of the pictures is sharp [rows, columns] 0..1; None = it cannot be told."""
        return self._memory.sharp(self.span) if self._memory.positions else None

    @property
    def curve(self) -> tuple[tuple[int, float], ...]:
        """(position, sharpness of the region as a share of the best) in the order of the lens."""
        top = max(self._sharpness.values(), default=0.0) or 1.0
        return tuple((p, v / top) for p, v in sorted(self._sharpness.items()))


def small_picture(data: bytes) -> NDArray[np.uint8] | None:
    """Return a picture file's pixels [h, w, 3] at about 960 pixels; None for a kind that cannot be decoded (raw)."""
    if not data:
        return None
    coded = np.frombuffer(data, np.uint8)
    try:
        found = cv2.imdecode(coded, cv2.IMREAD_REDUCED_COLOR_8)
        if found is None:
            return None
        full_px = 8 * max(found.shape[:2])
        how = next((flag for factor, flag in _REDUCED if full_px / factor >= _SMALL_PX), cv2.IMREAD_COLOR)
        found = cv2.imdecode(coded, how)
    except cv2.error:
        return None
    if found is None:
        return None
    return np.ascontiguousarray(found[..., ::-1], np.uint8)
