"""Where the depth of a clip comes from, as the user chose it: a network by name, or files beside the clip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Meaning = Literal["disparity", "depth", "inverted"]
MEANINGS: Final[tuple[Meaning, ...]] = ("disparity", "depth", "inverted")


@dataclass(frozen=True, slots=True)
class DepthSource:
    """A network (estimator; "" = the program's own default), or, if `path` is not empty, imported depth.

    path: a folder, a pattern (d_%04d.exr) or a file; relative ones are relative to the clip's folder. meaning: larger
    is nearer (disparity), distance (depth), near is dark (inverted); "" = found out. limits: the stored numbers at the
    ends of the range, None = found out. steady: filter it over time.
    """

    estimator: str = ""
    path: str = ""
    meaning: Meaning | Literal[""] = ""
    limits: tuple[float, float] | None = None
    steady: bool = False

    @property
    def imported(self) -> bool:
        """True if depth comes from files."""
        return bool(self.path)

    def path_beside(self, clip_path: str) -> str:
        """Return where the files are, for a clip that lies there."""
        return str(Path(clip_path).parent / self.path)


DEFAULT_SOURCE: Final = DepthSource()
