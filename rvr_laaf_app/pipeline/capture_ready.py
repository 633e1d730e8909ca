"""Reading ahead what a connected camera will need: libraries, code and the network, before somebody waits for them.

Two things would hold up the window when the first sweep or the first learned focus begins: the loading of torch's
libraries, during which an import lets no other thread run, and the collection of garbage over the hundred thousands
of objects that such imports leave (0.3 s each time). Both are done here, once, while nothing moves yet.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from rvr_laaf_app.core.errors import RvrError

_PARTS: Final = ("sweep", "focus", "plan", "develop", "calibrate", "needed", "keep")
MODULES: Final = tuple(f"rvr_laaf_app.pipeline.capture_{name}" for name in _PARTS)
_LARGE: Final = (("torch", ("lib/libtorch_cpu.so", "lib/libtorch_python.so")),)
_PATCH_PX: Final = 128
_lock = threading.Lock()
_log = logging.getLogger(__name__)


def read_ahead(stopped: Callable[[], bool] = lambda: False, *, modules: Sequence[str] = MODULES) -> None:
    """Load all of it, unless `stopped` says to leave it; what is not installed is passed over. Any thread may call.

    What is in memory then is not looked through for garbage any more: it stays until the end of the program.
    """
    steps: list[Callable[[], object]] = [lambda name=name: importlib.import_module(name) for name in modules]  # type: ignore[misc]
    steps += [lambda large=large: load_libraries(*large) for large in _LARGE]  # type: ignore[misc]
    with _lock:
        collecting = gc.isenabled()
        gc.disable()
        try:
            # The finder of faces first: unpacking it holds everything up, best while only the list of cameras stands.
            for step in (_find_once, *steps, _look_once):
                if stopped():
                    return
                with contextlib.suppress(ImportError, RvrError):
                    step()
            gc.freeze()
        finally:
            if collecting:
                gc.enable()


def load_libraries(package: str, libraries: Sequence[str]) -> int:
    """Load libraries of a package by a call of the system, which lets other threads run; return how many there were.

    The package is not imported; when it is, it finds them loaded. Does nothing where the system has no such call.
    """
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return 0
    if os.name != "posix" or found is None or found.origin is None:
        return 0
    system = ctypes.CDLL(None)
    system.dlopen.restype = ctypes.c_void_p
    loaded = 0
    for path in (Path(found.origin).parent / library for library in libraries):
        if path.is_file() and system.dlopen(os.fsencode(path), os.RTLD_NOW):
            loaded += 1
    _log.debug("%d of %d libraries of %s were loaded ahead", loaded, len(libraries), package)
    return loaded


def _look_once() -> None:
    """Let the network look at nothing: it is read from the disk and has its memory then."""
    from rvr_laaf_app.autofocus.modern import BlurReader

    BlurReader().read(np.zeros((_PATCH_PX, _PATCH_PX), np.float32))


def _find_once() -> None:
    """Let the finder of faces be unpacked."""
    from rvr_laaf_app.detect.face import HogFinder

    HogFinder()
