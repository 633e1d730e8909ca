"""Where the gphoto cameras keep what is theirs: the library's own settings, and what was learned about lenses."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def worker_environment() -> dict[str, str]:
    """Return the environment of a worker: the library's own settings file lies with ours, not in the user's home.

    There it remembers "autofocus before each picture", which would ruin a focus sweep, and how it is known to network
    cameras.
    """
    home = own_folder()
    with contextlib.suppress(OSError):
        home.mkdir(parents=True, exist_ok=True)
    return dict(os.environ) | {"HOME": str(home)}


def own_folder() -> Path:
    """Return where the library's settings and what was learned about lenses are kept."""
    chosen = os.environ.get("RVR_CONFIG_DIR")
    if not chosen:
        import platformdirs

        chosen = platformdirs.user_config_dir("rvr-laaf", appauthor=False)
    return Path(chosen) / "gphoto"
