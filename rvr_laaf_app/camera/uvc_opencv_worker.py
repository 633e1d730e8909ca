"""The worker process that holds a USB camera through OpenCV: `python -m rvr_laaf_app.camera.uvc_opencv_worker`."""

from __future__ import annotations

import sys
from typing import Any, Final

import cv2

from rvr_laaf_app.camera.worker_loop import serve
from rvr_laaf_app.camera.worker_messages import Head

_SETTINGS: Final = {
    "exposure": cv2.CAP_PROP_EXPOSURE,
    "gain": cv2.CAP_PROP_GAIN,
    "brightness": cv2.CAP_PROP_BRIGHTNESS,
    "contrast": cv2.CAP_PROP_CONTRAST,
    "saturation": cv2.CAP_PROP_SATURATION,
    "sharpness": cv2.CAP_PROP_SHARPNESS,
}
_UNKNOWN: Final = (-1.0, 0.0)  # what OpenCV answers for a property that a camera does not have
_OLD_PICTURES: Final = 2  # that the driver may still hold when the lens has moved


class CameraLost(Exception):
    """The camera gives no pictures."""


class Device:
    """The camera of this process, and the requests about it: each public method is a request."""

    def __init__(self) -> None:
        self._capture: Any = None
        self._drop = 0

    def hello(self) -> tuple[Any, bytes]:
        """Say which library this is."""
        return {"version": cv2.__version__}, b""

    def is_there(self, *, index: int) -> tuple[Any, bytes]:
        """Say whether there is a camera of this number."""
        capture = cv2.VideoCapture(index)
        there = bool(capture.isOpened())
        capture.release()
        return there, b""

    def open(self, *, index: int) -> tuple[Any, bytes]:
        """Take hold of a camera; say whether its lens takes positions."""
        self.leave()
        self._capture = cv2.VideoCapture(index)
        if not self._capture.isOpened():
            raise CameraLost("there is no such camera, or another program uses it")
        self._read()
        return {"focus": self._takes_positions()}, b""

    def leave(self) -> tuple[Any, bytes]:
        """Let the camera go."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()
        return None, b""

    def settings(self) -> tuple[Any, bytes]:
        """List (name, value) of what the camera answers for."""
        values = [(name, float(self._capture.get(key))) for name, key in _SETTINGS.items()]
        return [[name, value] for name, value in values if value != -1.0], b""

    def set(self, *, name: str, value: float) -> tuple[Any, bytes]:
        """Change one setting."""
        self._capture.set(_SETTINGS[name], float(value))
        return None, b""

    def where(self) -> tuple[Any, bytes]:
        """Say where the lens is."""
        return float(self._capture.get(cv2.CAP_PROP_FOCUS)), b""

    def drive(self, *, position: float) -> tuple[Any, bytes]:
        """Drive the lens."""
        self._capture.set(cv2.CAP_PROP_FOCUS, float(position))
        self._drop = _OLD_PICTURES
        return None, b""

    def live(self) -> tuple[Any, bytes]:
        """Return the next picture, bgr."""
        for _ in range(self._drop):
            self._read()
        self._drop = 0
        picture = self._read()
        return list(picture.shape), picture.tobytes()

    def _read(self) -> Any:
        done, picture = self._capture.read()
        if not done or picture is None:
            raise CameraLost("the camera is not there any more")
        return picture

    def _takes_positions(self) -> bool:
        """Autofocus off, then try: two different positions must be read back."""
        capture = self._capture
        capture.set(cv2.CAP_PROP_AUTOFOCUS, 0.0)
        before = float(capture.get(cv2.CAP_PROP_FOCUS))
        read = []
        for position in (50.0, 100.0):
            capture.set(cv2.CAP_PROP_FOCUS, position)
            read.append(float(capture.get(cv2.CAP_PROP_FOCUS)))
        if before not in _UNKNOWN:
            capture.set(cv2.CAP_PROP_FOCUS, before)
        return read == [50.0, 100.0]


def refusal(error: Exception) -> Head | None:
    """Return what the other side is told of an error."""
    if isinstance(error, CameraLost | cv2.error):
        return {"code": -1, "text": str(error)}
    return None


def main() -> int:
    """Serve on the standard streams until the other side ends."""
    serve(Device(), refusal, before=lambda: None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
