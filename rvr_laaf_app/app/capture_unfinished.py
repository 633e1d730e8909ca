"""Sweeps that were interrupted: which there are in a folder, of which camera, and how the user leaves one for good.

A sweep is unfinished if planned pictures are missing and nobody has made anything of it: it was not developed, and not
left. Nothing captured is changed or removed here.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rvr_laaf_app.camera.base import CameraInfo
from rvr_laaf_app.camera.sweep import MANIFEST, Sweep, read_sweep
from rvr_laaf_app.core.errors import RvrError

LEFT: Final = "sweep.left"  # an empty file in the sweep's folder: the user does not want to go on with it
DEVELOPED: Final = "developed"  # the folder of results
FEWEST: Final = 2  # pictures that make a stack
_MOST_FOLDERS: Final = 200  # the newest ones are looked at


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An interrupted sweep; since_s: when its list was last written (Unix time)."""

    sweep: Sweep
    since_s: float

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.sweep.folder

    @property
    def usable(self) -> bool:
        """Whether there are pictures enough to be put together as they are."""
        return len(self.sweep.frames) >= FEWEST

    def is_of(self, info: CameraInfo) -> bool:
        """Return whether this is the camera that began it: the same serial, or the same id where there is none."""
        if self.sweep.serial or info.serial:
            return self.sweep.serial == info.serial
        return self.sweep.camera == info.id


def find_unfinished(root: Path) -> Unfinished | None:
    """Return the newest interrupted sweep among the folders in `root`; None if there is none, or no such folder."""
    for since_s, folder in _newest_first(root):
        if (folder / LEFT).exists() or (folder / DEVELOPED).exists():
            continue
        try:
            sweep = read_sweep(folder)
        except (RvrError, OSError):  # a damaged one is told when somebody opens it
            continue
        if sweep.remaining:
            return Unfinished(sweep, since_s)
    return None


def _newest_first(root: Path) -> Iterator[tuple[float, Path]]:
    found: list[tuple[float, Path]] = []
    with contextlib.suppress(OSError), os.scandir(root) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                found.append((os.stat(os.path.join(entry.path, MANIFEST)).st_mtime, Path(entry.path)))
    yield from sorted(found, reverse=True)[:_MOST_FOLDERS]


def leave(unfinished: Unfinished) -> None:
    """Do not offer this sweep again; where nothing can be written it is offered at the next start once more."""
    with contextlib.suppress(OSError):
        (unfinished.folder / LEFT).touch()
