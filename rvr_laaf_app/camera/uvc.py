"""USB cameras and camera modules: found through V4L2 on Linux, through OpenCV elsewhere.

Addresses: "uvc:/dev/video0", "uvc:/dev/video0+/dev/v4l-subdev2" (with the lens of a camera module), and "uvc:0"
where there is no V4L2. No other program and no library of ours stands between this and the kernel.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import Final

from rvr_laaf_app.camera.base import Camera, CameraInfo
from rvr_laaf_app.camera.uvc_camera import UvcCamera, can_focus, capability
from rvr_laaf_app.camera.uvc_ioctl import Kernel, LinuxKernel
from rvr_laaf_app.camera.uvc_opencv import OpencvCamera, OpencvFinder
from rvr_laaf_app.core.errors import UsageError

_NODES: Final = re.compile(r"(/dev/video\d+)(?:\+(/dev/v4l-subdev\d+))?")
_TEST_DRIVERS: Final = (b"vivid", b"vimc")  # the kernel's own, which measure no light
_INDEX: Final = re.compile(r"\d{1,2}")
_log = logging.getLogger(__name__)


class UvcBackend:
    """Lists the capture devices of this machine; none is started for that."""

    def __init__(self, kernel: Kernel | None = None, finder: OpencvFinder | None = None) -> None:
        on_linux = sys.platform.startswith("linux")
        self._kernel = kernel if kernel is not None else LinuxKernel() if on_linux else None
        self._finder = finder if finder is not None or self._kernel is not None else OpencvFinder()

    def find(self) -> list[CameraInfo]:
        """Return the cameras that are there now."""
        if self._kernel is None:
            return self._finder.find() if self._finder is not None else []
        try:
            return _listed(self._kernel)
        except OSError as error:
            _log.info("USB cameras cannot be listed: %s", error)
            return []

    def make(self, camera_id: str) -> Camera:
        """Return the camera at "uvc:ADDRESS"."""
        backend, _, address = camera_id.partition(":")
        match = _NODES.fullmatch(address)
        if backend == "uvc" and match is not None and self._kernel is not None:
            known = [info for info in self.find() if info.id == camera_id]
            serial = self._kernel.serial(match[1])
            info = known[0] if known else CameraInfo(camera_id, address, "uvc", serial)
            return UvcCamera(info, self._kernel, match[1], lens=match[2] or "")
        if backend == "uvc" and _INDEX.fullmatch(address) and self._kernel is None:
            return OpencvCamera(CameraInfo(camera_id, f"USB camera {address}", "uvc"), int(address))
        form = 'Use "uvc:/dev/video0".' if self._kernel is not None else 'Use "uvc:0".'
        raise UsageError("that is no address of a USB camera", where=camera_id, remedy=form)


def _listed(kernel: Kernel) -> list[CameraInfo]:
    found = [(node, capable) for node in kernel.nodes("video") if (capable := capability(kernel, node)) is not None]
    fixed = [node for node, _ in found if not can_focus(kernel, node)]
    lenses = [node for node in kernel.nodes("v4l-subdev") if can_focus(kernel, node)] if fixed else []
    infos = []
    for node, capable in found:
        address, note = node, ""
        if fixed == [node] and len(lenses) == 1:  # of several, only the user can say which belongs to which
            address, note = f"{node}+{lenses[0]}", "voice-coil lens"
        name = capable.card.decode(errors="replace") or node
        simulated = capable.driver in _TEST_DRIVERS
        infos.append(CameraInfo(f"uvc:{address}", name, "uvc", kernel.serial(node), simulated=simulated, note=note))
    return infos
