"""The stack under way, or the last one, as the window keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rvr_laaf_app.camera.sweep import Sweep
    from rvr_laaf_app.pipeline.capture_develop import Developed


@dataclass(slots=True)
class Shot:
    """Its folder, what was planned and what is taken; near_is_low: whether positions grow from near to far.

    made: what was developed from it; trouble: why it came to nothing, or not to all.
    """

    folder: Path
    planned: tuple[int, ...] = ()
    taken: tuple[int, ...] = ()
    paths: tuple[Path, ...] = ()
    simulated: bool = False
    near_is_low: bool | None = None
    made: Developed | None = None
    trouble: str = ""

    @classmethod
    def of(cls, sweep: Sweep, *, near_is_low: bool | None = None) -> Shot:
        """Return what lies on the disk."""
        return cls(sweep.folder, sweep.planned, sweep.positions, sweep.paths, sweep.simulated, near_is_low)
