"""The worker process that holds a microscope through MMCore: `python -m rvr_laaf_app.camera.micromanager_worker`.

Device adapters are other people's native code; one that crashes or hangs takes this process only. Positions are in
micrometres here, pictures are sent as the camera gave them.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, Final

import pymmcore

from rvr_laaf_app.camera.worker_loop import serve
from rvr_laaf_app.camera.worker_messages import Head

_DEVICE_TIMEOUT_MS: Final = 2500
_BUFFER_MB: Final = 64
_POLL_S: Final = 0.002
_LATE_S: Final = 2.0  # beyond the exposure, a picture that has not come by then does not come
_HUB_TYPE: Final = 15
_KINDS: Final = {pymmcore.Integer: "integer", pymmcore.Float: "float"}


class Device:
    """The microscope of this process, and the requests about it: each public method is a request."""

    def __init__(self) -> None:
        self._core: Any = None
        self._pause = threading.Event()  # never set
        self._stale = False

    def hello(self) -> tuple[Any, bytes]:
        """Say which library this is."""
        core = pymmcore.CMMCore()
        return {"version": core.getVersionInfo(), "interface": core.getAPIVersionInfo()}, b""

    def open(self, *, folders: Sequence[str], config: str, devices: Sequence[str]) -> tuple[Any, bytes]:
        """Load a configuration file, or single devices ("Library/Device"): the camera and, after it, the Z stage."""
        self.leave()
        core = pymmcore.CMMCore()
        core.setDeviceAdapterSearchPaths([str(folder) for folder in folders])
        core.setTimeoutMs(_DEVICE_TIMEOUT_MS)
        core.setCircularBufferMemoryFootprint(_BUFFER_MB)  # of the live view; the default costs a second to set up
        self._core = core
        if config:
            core.loadSystemConfiguration(config)
        else:
            self._load(devices)
        if not core.getCameraDevice():
            raise RuntimeError("this configuration names no camera")
        return self.state()

    def state(self) -> tuple[Any, bytes]:
        """Say what is held: labels, picture format, exposure, and where the stage is."""
        core = self._core
        stage = core.getFocusDevice()
        return {
            "camera": core.getDeviceName(core.getCameraDevice()),
            "library": core.getDeviceLibrary(core.getCameraDevice()),
            "stage": core.getDeviceName(stage) if stage else "",
            "direction": core.getFocusDirection(stage) if stage else 0,
            "position_um": core.getPosition() if stage else None,
            "exposure_ms": core.getExposure(),
            "bit_depth": core.getImageBitDepth(),
        }, b""

    def leave(self) -> tuple[Any, bytes]:
        """Let all devices go."""
        core, self._core = self._core, None
        if core is not None:
            with contextlib.suppress(RuntimeError, OSError):
                core.reset()
        return None, b""

    def properties(self) -> tuple[Any, bytes]:
        """List the camera's properties that can be read now."""
        core, label = self._core, self._core.getCameraDevice()
        listed = []
        for name in core.getDevicePropertyNames(label):
            if not core.isPropertyPreInit(label, name):
                listed.append(_property(core, label, name))
        return listed, b""

    def set(self, *, name: str, value: Any) -> tuple[Any, bytes]:
        """Change one property of the camera; a running live view is stopped first, since many refuse otherwise."""
        self._stop()
        self._core.setProperty(self._core.getCameraDevice(), name, value)
        self._core.waitForDevice(self._core.getCameraDevice())
        return None, b""

    def expose(self, *, exposure_ms: float) -> tuple[Any, bytes]:
        """Set the exposure time."""
        self._stop()
        self._core.setExposure(exposure_ms)
        return None, b""

    def drive(self, *, position_um: float) -> tuple[Any, bytes]:
        """Drive the stage to a position, wait for it, and say where it is."""
        core = self._core
        self._stale = True
        core.setPosition(position_um)
        core.waitForDevice(core.getFocusDevice())
        return core.getPosition(), b""

    def where(self) -> tuple[Any, bytes]:
        """Say where the stage is."""
        return self._core.getPosition(), b""

    def live(self) -> tuple[Any, bytes]:
        """Return the newest picture of the live view; one whose exposure began before the last drive is left out."""
        core = self._core
        if not core.isSequenceRunning():
            core.startContinuousSequenceAcquisition(0)
            self._stale = False
        elif self._stale:
            core.clearCircularBuffer()
            self._next()
            self._stale = False
        picture = self._next()
        while core.getRemainingImageCount():
            picture = core.popNextImage()
        return self._described(picture)

    def snap(self) -> tuple[Any, bytes]:
        """Take one picture."""
        self._stop()
        self._core.snapImage()
        return self._described(self._core.getImage())

    def _next(self) -> Any:
        until = time.monotonic() + self._core.getExposure() / 1000 + _LATE_S
        while not self._core.getRemainingImageCount():
            if time.monotonic() > until:
                raise RuntimeError("the camera sends no pictures: timed out")
            self._pause.wait(_POLL_S)
        return self._core.popNextImage()

    def _described(self, picture: Any) -> tuple[Any, bytes]:
        core = self._core
        return {
            "shape": list(picture.shape),
            "bytes_per_pixel": core.getBytesPerPixel(),
            "components": core.getNumberOfComponents(),
            "bit_depth": core.getImageBitDepth(),
        }, picture.tobytes()

    def _stop(self) -> None:
        if self._core.isSequenceRunning():
            self._core.stopSequenceAcquisition()

    def _load(self, devices: Sequence[str]) -> None:
        core = self._core
        for role, address in zip(("camera", "stage"), devices, strict=False):
            library, _, name = address.partition("/")
            hub = self._hub(library)
            core.loadDevice(role, library, name)
            if hub:
                core.setParentLabel(role, hub)
            core.initializeDevice(role)
        core.setCameraDevice("camera")
        if len(devices) > 1:
            core.setFocusDevice("stage")

    def _hub(self, library: str) -> str:
        """Load the hub of a library first, if it has one: its devices work only below it."""
        core = self._core
        label = f"hub of {library}"
        if label in core.getLoadedDevices():
            return label
        names, kinds = core.getAvailableDevices(library), core.getAvailableDeviceTypes(library)
        hubs = [name for name, kind in zip(names, kinds, strict=True) if kind == _HUB_TYPE]
        if len(hubs) != 1:
            return ""
        core.loadDevice(label, library, hubs[0])
        core.initializeDevice(label)
        return label


def _property(core: Any, label: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "value": core.getProperty(label, name),
        "type": _KINDS.get(core.getPropertyType(label, name), "text"),
        "choices": list(core.getAllowedPropertyValues(label, name)),
        "read_only": core.isPropertyReadOnly(label, name),
    }
    if core.hasPropertyLimits(label, name):
        found["limits"] = [core.getPropertyLowerLimit(label, name), core.getPropertyUpperLimit(label, name)]
    return found


def refusal(error: Exception) -> Head | None:
    """Return what the other side is told of an error of MMCore, which raises the plain kinds."""
    if isinstance(error, RuntimeError | OSError | ValueError | MemoryError):
        return {"code": -1, "text": str(error) or type(error).__name__}
    return None


def main() -> int:
    """Serve on the standard streams until the other side ends."""
    serve(Device(), refusal, before=lambda: None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
