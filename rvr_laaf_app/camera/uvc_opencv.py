"""USB cameras through OpenCV, where there is no V4L2 (Windows, macOS), each held by a worker process.

OpenCV neither lists cameras nor tells the range of the lens: cameras are found by trying the first few numbers once,
in the background; the lens is taken to go from 0 (far) to 255 (near), as drivers for Windows scale it, and a drive
counts only if the camera says the same position afterwards. Not run on such a system by our tests: they put a
stand-in for OpenCV's capture into the worker.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import numpy as np

from rvr_laaf_app.camera.base import (
    DEADLINE_S,
    CameraError,
    CameraGone,
    CameraInfo,
    Control,
    EndStop,
    FocusDrive,
    LiveFrame,
    NotOffered,
    Still,
)
from rvr_laaf_app.camera.gphoto_settings import check_value
from rvr_laaf_app.camera.picture_bytes import encode_png
from rvr_laaf_app.camera.worker_link import LinkLost, Refused, Worker

WORKER: Final = "rvr_laaf_app.camera.uvc_opencv_worker"
OPEN_S: Final = 15.0  # Windows takes seconds to start a camera
NEAREST: Final = 255
_TRIED: Final = 4
_PLUG: Final = "Check the cable, and that no other program uses the camera."
_log = logging.getLogger(__name__)
T = TypeVar("T")


class OpencvFinder:
    """Tries the first camera numbers once, in a thread: that starts each camera for a moment and takes seconds."""

    def __init__(self, start_worker: Callable[[], Worker] = lambda: Worker(WORKER)) -> None:
        self._start_worker = start_worker
        self._thread: threading.Thread | None = None
        self._found: list[CameraInfo] = []

    def find(self) -> list[CameraInfo]:
        """Return what has been found so far."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._try_all, name="camera finder", daemon=True)
            self._thread.start()
        return list(self._found)

    def wait(self, timeout_s: float) -> None:
        """Wait until all have been tried."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _try_all(self) -> None:
        worker = self._start_worker()
        try:
            worker.start()
            for index in range(_TRIED):
                there, _ = worker.call("is_there", deadline_s=OPEN_S, index=index)
                if there:
                    self._found = [*self._found, CameraInfo(f"uvc:{index}", f"USB camera {index}", "uvc")]
        except (LinkLost, Refused, OSError) as error:
            _log.info("USB cameras cannot be listed: %s", error)
        finally:
            worker.close()


class OpencvCamera:
    """One camera by its number."""

    def __init__(self, info: CameraInfo, index: int) -> None:
        self.info = info
        self._index = index
        self._worker: Worker | None = None
        self._can_focus = False
        self._number = 0

    def open(self) -> None:
        """Take hold of the device and try whether its lens can be driven."""
        self.close()
        worker = Worker(WORKER)
        self._worker = worker
        try:
            self._asked(worker.start)
            state, _ = self._call("open", deadline_s=OPEN_S, index=self._index)
        except BaseException:
            self.close()
            raise
        self._can_focus = bool(state["focus"])

    def close(self) -> None:
        """Let the device go."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def controls(self) -> tuple[Control, ...]:
        """Return the settings that this camera answers for."""
        values, _ = self._call("settings")
        return tuple(
            Control(name, name.capitalize(), "range", float(value), -(2.0**16), 2.0**16) for name, value in values
        )

    def set_control(self, name: str, value: float | str | bool) -> None:
        """Set one control."""
        control = next((c for c in self.controls() if c.name == name), None)
        if control is None:
            raise NotOffered(f"the camera has no setting {name!r}", where=self.info.name)
        self._call("set", name=name, value=check_value(control, value))

    @property
    def focus_drive(self) -> FocusDrive:
        """0 (far) to 255 (near), if the camera takes positions at all."""
        if not self._can_focus:
            return FocusDrive("none")
        return FocusDrive("absolute", 0, NEAREST, reads_back=True, settle_s=0.2, near_is_low=False)

    def position(self) -> int | None:
        """Return where the lens says it is."""
        if not self._can_focus:
            return None
        value, _ = self._call("where")
        return round(float(value))

    def drive_to(self, position: int) -> None:
        """Drive to a position; CameraError if the camera does not say the same afterwards."""
        if not self._can_focus:
            raise NotOffered("the lens of this camera is focused by hand", where=self.info.name)
        if not 0 <= position <= NEAREST:
            raise EndStop(f"the lens goes from 0 to {NEAREST}", where=self.info.name)
        self._call("drive", position=position)
        reached = self.position()
        if reached is None or abs(reached - position) > 5:  # many cameras have steps of five
            raise CameraError(f"the lens stands at {reached} instead of {position}", where=self.info.name)

    def drive_by(self, steps: int) -> None:
        """Drive so many steps from here, positive towards far."""
        here = self.position()
        if here is None:
            raise NotOffered("the lens of this camera is focused by hand", where=self.info.name)
        self.drive_to(here - steps)

    def live_frame(self) -> LiveFrame:
        """Return the next picture."""
        shape, data = self._call("live")
        position = self.position()
        self._number += 1
        rgb = np.frombuffer(data, np.uint8).reshape(shape)[..., ::-1]
        return LiveFrame(np.ascontiguousarray(rgb), self._number, time.monotonic(), position)

    def capture_still(self) -> Still:
        """Return the next picture as a PNG: OpenCV does not hand out what the camera itself wrote."""
        frame = self.live_frame()
        return Still(encode_png(frame.rgb), ".png", frame.position)

    def _call(self, name: str, /, *, deadline_s: float = DEADLINE_S, **arguments: Any) -> tuple[Any, bytes]:
        worker = self._worker
        if worker is None:
            raise CameraGone("the camera is not open", where=self.info.name)
        return self._asked(lambda: worker.call(name, deadline_s=deadline_s, **arguments))

    def _asked(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except LinkLost as error:
            self.close()
            raise CameraGone("the camera does not answer any more", where=self.info.name, remedy=_PLUG) from error
        except Refused as error:
            raise CameraGone(error.text, where=self.info.name, remedy=_PLUG) from error
