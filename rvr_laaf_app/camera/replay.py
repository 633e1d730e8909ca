"""A recorded focus sweep acts as a camera: a position between two recorded ones shows the nearest picture, and says so.

A still is the recorded file itself, byte for byte; a live frame is its decoded picture. Nothing is interpolated.
Address: `replay:FOLDER`.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.base import (
    Camera,
    CameraGone,
    CameraInfo,
    Control,
    EndStop,
    FocusDrive,
    LiveFrame,
    NotOffered,
    Still,
)
from rvr_laaf_app.camera.picture_files import read_picture
from rvr_laaf_app.camera.sweep import Sweep, read_sweep
from rvr_laaf_app.core.errors import MediaError, UsageError

_KEPT_PICTURES: Final = 8
_LONGEST_SIDE_LIVE: Final = 1600  # a live view of a real camera is no larger


class ReplayCamera:
    """A sweep folder behind the Camera protocol."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.info = CameraInfo(f"replay:{folder}", f"Recorded sweep ({folder.name})", "replay", note="a recorded sweep")
        self._sweep: Sweep | None = None
        self._positions: NDArray[np.int64] = np.zeros(0, np.int64)
        self._order: list[int] = []
        self._at = 0
        self._numbers = 0
        self._decoded: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()

    def open(self) -> None:
        """Read the list of the sweep; CameraGone if the folder is not there or cannot be used."""
        try:
            sweep = read_sweep(self.folder)
        except MediaError as error:
            raise CameraGone(error.what, where=error.where, remedy=error.remedy) from None
        if not sweep.frames:
            raise CameraGone("nothing has been captured in this sweep yet", where=self.folder)
        # the last picture of a position counts: it was taken again for a reason
        latest = {frame.position: index for index, frame in enumerate(sweep.frames)}
        self._positions = np.array(sorted(latest), np.int64)
        self._order = [latest[int(p)] for p in self._positions]
        self._sweep = sweep
        count = f"a recorded sweep of {len(self._positions)} pictures; between them the nearest one is shown"
        name = f"Recorded sweep ({sweep.name or self.folder.name})"
        self.info = CameraInfo(
            self.info.id,
            name,
            "replay",
            f"replay:{sweep.serial}" if sweep.serial else "",
            simulated=sweep.simulated,
            note=count,
        )
        self._at = int(self._positions[len(self._positions) // 2])

    def close(self) -> None:
        """Let the pictures go."""
        self._sweep = None
        self._decoded.clear()

    def _opened(self) -> Sweep:
        if self._sweep is None:
            raise NotOffered("the camera is not open", where=self.info.name)
        return self._sweep

    def controls(self) -> tuple[Control, ...]:
        """Return what is known of the recording, and which recorded position is shown now; nothing can be set."""
        sweep = self._opened()
        known = [
            Control("lens", "Lens", "text", sweep.lens or "unknown", read_only=True),
            Control("f_number", "Aperture", "text", f"f/{sweep.f_number:g}" if sweep.f_number else "?", read_only=True),
            Control("shown", "Recorded position shown", "text", str(self.shown_position), read_only=True),
            Control("pictures", "Recorded pictures", "text", str(len(self._positions)), read_only=True),
        ]
        return tuple(known)

    def set_control(self, name: str, value: float | str | bool) -> None:
        """Nothing can be set on a recording."""
        self._opened()
        raise NotOffered(f"{name} of a recording cannot be set", where=self.info.name)

    @property
    def focus_drive(self) -> FocusDrive:
        """Absolute, from the first to the last recorded position."""
        if not len(self._positions):
            return FocusDrive("absolute", reads_back=True)
        steps = np.diff(self._positions)
        return FocusDrive(
            "absolute",
            int(self._positions[0]),
            int(self._positions[-1]),
            step=int(steps.min()) if len(steps) else 1,
            reads_back=True,
        )

    def position(self) -> int | None:
        """Return the position that was last driven to (see `shown_position` for the picture)."""
        self._opened()
        return self._at

    @property
    def shown_position(self) -> int:
        """The recorded position nearest to where the lens was driven (the smaller one of two equally near)."""
        return int(self._positions[self._nearest()])

    def _nearest(self) -> int:
        return int(np.argmin(np.abs(self._positions - self._at)))

    def drive_to(self, position: int) -> None:
        """Drive to a position between the first and the last; EndStop outside."""
        self._opened()
        low, high = int(self._positions[0]), int(self._positions[-1])
        self._at = min(max(position, low), high)
        if self._at != position:
            raise EndStop(f"the sweep was recorded from {low} to {high}", where=self.info.name)

    def drive_by(self, steps: int) -> None:
        """Drive by steps; EndStop at the first and last recorded position."""
        self._opened()
        self.drive_to(self._at + steps)

    def live_frame(self) -> LiveFrame:
        """Return the nearest recorded picture; its position is the recorded one."""
        sweep = self._opened()
        index = self._order[self._nearest()]
        if index not in self._decoded:
            try:
                rgb = _live_size(read_picture(sweep.folder / sweep.frames[index].file))
            except MediaError as error:
                raise self._lost(error) from None
            rgb.flags.writeable = False
            self._decoded[index] = rgb
            while len(self._decoded) > _KEPT_PICTURES:
                self._decoded.popitem(last=False)
        self._decoded.move_to_end(index)
        self._numbers += 1
        return LiveFrame(self._decoded[index], self._numbers, time.monotonic(), self.shown_position)

    def capture_still(self) -> Still:
        """Return the nearest recorded file as it is; its position is the recorded one."""
        sweep = self._opened()
        frame = sweep.frames[self._order[self._nearest()]]
        path = sweep.folder / frame.file
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CameraGone(f"the recorded picture cannot be read: {error.strerror}", where=path) from None
        return Still(data, path.suffix.lower(), frame.position, frame.file)

    def _lost(self, error: MediaError) -> CameraGone:
        if not self.folder.is_dir():
            return CameraGone("the folder of the sweep is gone", where=self.folder)
        return CameraGone(error.what, where=error.where)


def _live_size(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    longest = max(rgb.shape[:2])
    if longest <= _LONGEST_SIDE_LIVE:
        return rgb
    import cv2

    share = _LONGEST_SIDE_LIVE / longest
    size = (max(1, round(rgb.shape[1] * share)), max(1, round(rgb.shape[0] * share)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


class ReplayBackend:
    """Recorded sweeps by folder (Backend protocol); none is found by itself, a folder has to be named."""

    def find(self) -> list[CameraInfo]:
        """Return nothing: folders are opened by name."""
        return []

    def make(self, camera_id: str) -> Camera:
        """Return the camera of a folder; UsageError if there is no such folder."""
        folder = Path(camera_id.removeprefix("replay:")).expanduser()
        if not folder.is_dir():
            raise UsageError("there is no such folder", where=folder, remedy="Give the folder of a focus sweep.")
        return ReplayCamera(folder)
