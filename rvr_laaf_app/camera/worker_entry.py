"""Where a worker process begins in a program that was packed into one file, which has no interpreter to call.

There the program starts itself with WORKER_FLAG and the worker's module. The modules are named here one by one, so that
a packer finds them, and nothing else can be run this way.
"""

from __future__ import annotations

import sys
from typing import Final

WORKER_FLAG: Final = "--camera-worker"
_ROOM: Final = "rvr_laaf_app.camera."


def worker_command(module: str) -> list[str]:
    """Return the command that starts a worker: this program if it is packed, else its interpreter."""
    if getattr(sys, "frozen", False):
        return [sys.executable, WORKER_FLAG, module]
    return [sys.executable, "-m", module]


def run_worker(module: str) -> int:
    """Be that worker until the other side ends; 2 for a module that is none."""
    name = module.removeprefix(_ROOM)
    if name == "gphoto_worker":
        from rvr_laaf_app.camera.gphoto_worker import main
    elif name == "micromanager_worker":
        from rvr_laaf_app.camera.micromanager_worker import main
    elif name == "uvc_opencv_worker":
        from rvr_laaf_app.camera.uvc_opencv_worker import main
    else:
        sys.stderr.write(f"no worker: {module}\n")
        return 2
    return main()
