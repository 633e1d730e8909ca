"""Microscopes through Micro-Manager's core (optional package pymmcore): configurations found, each one a camera.

Addresses: "micromanager:/path/to/MMConfig.cfg", "micromanager:Library/Camera+Library/Stage", or "micromanager:demo",
Micro-Manager's own simulated microscope. The device adapters are not ours to bring: they come with Micro-Manager.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rvr_laaf_app.camera.base import CameraInfo
from rvr_laaf_app.camera.micromanager_camera import Devices, MicromanagerCamera
from rvr_laaf_app.core.errors import UsageError

if importlib.util.find_spec("pymmcore") is None:
    raise ImportError("No module named 'pymmcore'", name="pymmcore")

FOLDER: Final = "MICROMANAGER_PATH"  # where Micro-Manager is installed, as other programs name it
CONFIG: Final = "RVR_MICROMANAGER_CONFIG"  # configuration files to list, separated as in PATH
_ADAPTERS: Final = re.compile(r"(lib)?mmgr_dal_\w+", re.IGNORECASE)
_DEVICE: Final = re.compile(r"[\w.+-]+/[\w.+ -]+")
_DEMO: Final = Devices((), names=("DemoCamera/DCam", "DemoCamera/DStage"), settings=(("Mode", "Fluorescent Beads"),))
_PLACES: Final = {
    "win32": ("C:/Program Files/Micro-Manager-2*", "C:/Program Files/Micro-Manager*"),
    "darwin": ("/Applications/Micro-Manager*",),
}
_LINUX_PLACES: Final = ("/opt/Micro-Manager*", "/opt/micro-manager*", "/usr/local/lib/micro-manager")


class MicromanagerBackend:
    """Lists the configurations of installed Micro-Managers without loading any of them."""

    def find(self) -> list[CameraInfo]:
        """Return a camera for each configuration file, and the demo microscope if its adapter is there."""
        listed = [
            CameraInfo(f"micromanager:{path}", path.stem, "micromanager", note="microscope") for path in _configs()
        ]
        if _has_demo():
            note = "Micro-Manager's simulated microscope"
            listed.append(CameraInfo("micromanager:demo", "Demo microscope", "micromanager", simulated=True, note=note))
        return listed

    def make(self, camera_id: str) -> MicromanagerCamera:
        """Return the microscope at "micromanager:ADDRESS"."""
        backend, _, address = camera_id.partition(":")
        if backend != "micromanager" or not address:
            raise UsageError("that is no microscope of Micro-Manager", where=camera_id)
        folders = tuple(str(folder) for folder in adapter_folders())
        info = CameraInfo(camera_id, Path(address).stem or address, "micromanager")
        if address == "demo":
            info = CameraInfo(camera_id, "Demo microscope", "micromanager", simulated=True)
            return MicromanagerCamera(info, Devices(folders, names=_DEMO.names, settings=_DEMO.settings))
        if address.lower().endswith(".cfg"):
            if not Path(address).is_file():
                raise UsageError("there is no such configuration file", where=address)
            return MicromanagerCamera(info, Devices(folders, config=str(Path(address).resolve())))
        names = address.split("+")
        if len(names) > 2 or not all(_DEVICE.fullmatch(name) for name in names):
            raise UsageError(
                "that is no address of a microscope",
                where=camera_id,
                remedy="Use a .cfg file, or Library/Camera+Library/Stage.",
            )
        return MicromanagerCamera(info, Devices(folders, names=tuple(names)))


def adapter_folders() -> list[Path]:
    """Return the folders with device adapters: $MICROMANAGER_PATH, else the usual places and the test adapters."""
    chosen = os.environ.get(FOLDER)
    folders = [Path(chosen)] if chosen else list(_installed())
    spec = importlib.util.find_spec("mm_test_adapters")
    if spec is not None and spec.origin is not None:
        folders.append(Path(spec.origin).parent / "libs")
    return [folder for folder in folders if folder.is_dir()]


def _installed() -> Iterator[Path]:
    for pattern in _PLACES.get(sys.platform, _LINUX_PLACES):
        place = Path(pattern)
        yield from sorted(place.parent.glob(place.name), reverse=True)


def _configs() -> list[Path]:
    named = [Path(text) for text in os.environ.get(CONFIG, "").split(os.pathsep) if text]
    found = [path for path in named if path.is_file()]
    for folder in adapter_folders():
        try:
            found += [p for p in sorted(folder.glob("MMConfig*.cfg")) if "demo" not in p.name.lower()]
        except OSError:
            continue
    return list(dict.fromkeys(path.resolve() for path in found))


def _has_demo() -> bool:
    for folder in adapter_folders():
        try:
            if any(_ADAPTERS.match(p.name) and "democamera" in p.name.lower() for p in folder.iterdir()):
                return True
        except OSError:
            continue
    return False
