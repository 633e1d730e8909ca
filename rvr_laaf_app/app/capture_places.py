"""Where captured sweeps and calibrations are kept, and what they are called. Makes no folder itself."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Final

from rvr_laaf_app.app.folders import config_folder

_LONGEST: Final = 40
_MOST_TRIES: Final = 1000


def usual_sweeps_folder() -> Path:
    """Return the folder of sweeps inside the user's pictures."""
    from platformdirs import user_pictures_path

    return user_pictures_path() / "RVR-LAAF"


def new_sweep_folder(root: Path, camera: str, moment: datetime) -> Path:
    """Return a name inside `root` that is not taken: date, time, camera."""
    stem = f"{moment:%Y-%m-%d_%H-%M-%S}_{file_name(camera)}".rstrip("_")
    for number in range(1, _MOST_TRIES):
        place = root / (stem if number == 1 else f"{stem}_{number}")
        if not place.exists():
            return place
    return root / f"{stem}_{moment:%f}"


def file_name(text: str) -> str:
    """Return letters, digits and dashes of a name, as every file system takes them."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:_LONGEST].strip("-") or "camera"


def calibration_path(camera: str, lens: str) -> Path:
    """Return where the calibration of a camera (its serial number, or its id) with a lens is kept."""
    name = file_name(camera) + (f"_{file_name(lens)}" if lens else "")
    return config_folder() / "lenses" / f"{name}.json"
