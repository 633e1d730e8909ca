"""Where the program keeps what belongs to the user, not to a project: settings and unsaved work."""

from __future__ import annotations

import os
from pathlib import Path


def config_folder() -> Path:
    """Return the folder of settings: $RVR_CONFIG_DIR, else the user's configuration folder of this system."""
    chosen = os.environ.get("RVR_CONFIG_DIR")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_config_dir("rvr-laaf", appauthor=False))


def unsaved_folder() -> Path:
    """Return the folder of the journals of projects that were never saved."""
    chosen = os.environ.get("RVR_CONFIG_DIR")
    if chosen:
        return Path(chosen) / "unsaved"
    import platformdirs

    return Path(platformdirs.user_state_dir("rvr-laaf", appauthor=False)) / "unsaved"
