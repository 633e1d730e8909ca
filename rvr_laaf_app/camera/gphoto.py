"""Cameras that libgphoto2 knows (DSLR and mirrorless, USB or PTP/IP): found here, each held by a process of its own.

Needs the optional package gphoto2, which brings its own libgphoto2; there is none for Windows.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import threading
from pathlib import Path
from typing import Final

from rvr_laaf_app.camera import gphoto_address as addresses
from rvr_laaf_app.camera.base import CameraInfo
from rvr_laaf_app.camera.gphoto_camera import FIND_S, WORKER, GphotoCamera
from rvr_laaf_app.camera.gphoto_home import worker_environment
from rvr_laaf_app.camera.worker_link import LinkLost, Refused, Worker
from rvr_laaf_app.core.errors import UsageError

if importlib.util.find_spec("gphoto2") is None:
    raise ImportError("No module named 'gphoto2'", name="gphoto2")

ADDRESSES: Final = "RVR_CAMERA_ADDRESSES"  # comma-separated PTP/IP addresses that `find` lists
_log = logging.getLogger(__name__)


class GphotoBackend:
    """Finds cameras on the USB bus; network cameras are opened by address and listed if $RVR_CAMERA_ADDRESSES says."""

    def __init__(self, usb_devices: Path = addresses.USB_DEVICES) -> None:
        self._usb_devices = usb_devices
        self._lock = threading.Lock()
        self._state: tuple[str, ...] | None = None
        self._found: list[CameraInfo] = []

    def find(self) -> list[CameraInfo]:
        """Return the cameras that are connected now; asks the library only when something was plugged in or out."""
        with self._lock:
            state = addresses.bus_state(self._usb_devices)
            if state is None or state != self._state:
                try:
                    self._found = self._ask()
                    self._state = state
                except (LinkLost, Refused, OSError) as error:
                    _log.info("cameras cannot be listed: %s", error)
            return [*self._found, *_network_cameras()]

    def make(self, camera_id: str) -> GphotoCamera:
        """Return the camera at "gphoto:ADDRESS"."""
        backend, _, address = camera_id.partition(":")
        if backend != "gphoto":
            raise UsageError("that is no camera of gphoto", where=camera_id)
        address = addresses.check_address(address)
        known = [info for info in self._found if info.id == camera_id]
        info = known[0] if known else CameraInfo(f"gphoto:{address}", address, "gphoto")
        return GphotoCamera(info, usb_devices=self._usb_devices)

    def _ask(self) -> list[CameraInfo]:
        worker = Worker(WORKER, worker_environment())
        try:
            worker.start()
            found, _ = worker.call("find", deadline_s=FIND_S)
        finally:
            worker.close()
        serials = addresses.serials_by_port(self._usb_devices)
        return [_info(model, port, serials.get(port, "")) for model, port in found]


def _info(model: str, port: str, serial: str) -> CameraInfo:
    virtual = "VCAMERADIR" in os.environ
    address = f"serial:{serial}" if serial else port
    note = "virtual camera: pictures come from a folder" if virtual else ""
    return CameraInfo(f"gphoto:{address}", model, "gphoto", serial, simulated=virtual, note=note)


def _network_cameras() -> list[CameraInfo]:
    listed = []
    for text in filter(None, (part.strip() for part in os.environ.get(ADDRESSES, "").split(","))):
        try:
            address = addresses.check_address(text if text.startswith("ptpip:") else f"ptpip:{text}")
        except UsageError as error:
            _log.info("%s: %s", ADDRESSES, error)
            continue
        host = address.split(":")[1]
        listed.append(CameraInfo(f"gphoto:{address}", f"Network camera {host}", "gphoto", note="not yet contacted"))
    return listed
