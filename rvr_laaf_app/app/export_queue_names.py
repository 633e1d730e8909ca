"""File names of exports from a pattern: "{clip}_{preset}" becomes "street_Share H.264.mp4". Reads no media."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from rvr_laaf_app.app.engine import ExportChoice
from rvr_laaf_app.app.export_queue_presets import SUFFIXES, ExportPreset
from rvr_laaf_app.core.errors import UsageError

TOKENS: Final = ("clip", "project", "preset", "date", "time", "range")
_TOKEN: Final = re.compile(r"\{([^{}]*)\}")
_FORBIDDEN: Final = re.compile(r'[\x00-\x1f/\\:*?"<>|]')  # what one of the usual file systems refuses
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST: Final = 180  # bytes; 255 is the usual limit, and the temporary name beside it is longer
_TRIES: Final = 10_000


def name_of(
    preset: ExportPreset,
    *,
    clip: str,
    project: str = "",
    start_s: float | None = None,
    stop_s: float | None = None,
    now: datetime | None = None,
    pattern: str | None = None,
) -> str:
    """Return the file's (or folder's) name with its suffix; raise UsageError for a pattern that cannot be.

    clip, project: names without suffix. A range in seconds becomes "2.50-7.00".
    """
    moment = now or datetime.now().astimezone()
    span = (
        ""
        if start_s is None and stop_s is None
        else f"{start_s or 0:.2f}-{'end' if stop_s is None else f'{stop_s:.2f}'}"
    )
    values = {
        "clip": clip,
        "project": project or clip,
        "preset": preset.name,
        "date": moment.strftime("%Y-%m-%d"),
        "time": moment.strftime("%H%M%S"),
        "range": span,
    }
    wanted = preset.pattern if pattern is None else pattern

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            listed = ", ".join(f"{{{t}}}" for t in TOKENS)
            raise UsageError(f"a file name knows nothing of {match[0]!r}", remedy=f"Use {listed}.")
        return values[match[1]]

    name = _FORBIDDEN.sub("_", _TOKEN.sub(value, wanted)).strip().strip(".")
    name = name.encode(errors="surrogateescape")[:_LONGEST].decode(errors="ignore").rstrip(" .")
    if not name:
        raise UsageError("the file name is empty", remedy="Write a name or a pattern such as {clip}_{preset}.")
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    return name + preset.suffix if preset.suffix else name.replace("%", "_")  # of a folder, % would be a pattern


def free_path(path: Path, taken: Collection[str] = (), *, suffix: str = "") -> Path:
    """Return `path`, or "NAME 2", "NAME 3" ... if that name is there already or among the paths `taken`."""
    wanted = {os.path.abspath(t) for t in taken}
    stem = path.name.removesuffix(suffix)
    for number in range(1, _TRIES):
        candidate = path if number == 1 else path.with_name(f"{stem} {number}{suffix}")
        if os.path.abspath(candidate) not in wanted and not os.path.lexists(candidate):
            return candidate
    raise UsageError("no free name was found", where=path, remedy="Choose another name.")


def with_free_name(choice: ExportChoice, taken: Collection[str]) -> ExportChoice:
    """Return the choice with a name that is neither there nor taken, unless it may replace what is there."""
    if choice.overwrite:
        return choice
    suffix = next((s for s in SUFFIXES.get(choice.codec or "", ()) if s and choice.path.endswith(s)), "")
    return replace(choice, path=str(free_path(Path(choice.path), taken, suffix=suffix)))
