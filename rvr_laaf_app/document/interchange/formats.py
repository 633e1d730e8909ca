"""The formats by name, and files of them: read with distrust, written whole or not at all.

Whatever is wrong with a file is one ProjectError; whatever hinders writing one is one ExportError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rvr_laaf_app.core.atomic import write_atomic
from rvr_laaf_app.core.errors import ExportError, ProjectError, UsageError
from rvr_laaf_app.document.interchange.after_effects import write_camera, write_sliders
from rvr_laaf_app.document.interchange.csv_table import read_csv, write_csv
from rvr_laaf_app.document.interchange.final_cut import read_fcpxml, write_fcpxml
from rvr_laaf_app.document.interchange.focus_json import read_json, write_json
from rvr_laaf_app.document.interchange.incoming import Incoming
from rvr_laaf_app.document.interchange.nuke import write_nuke
from rvr_laaf_app.document.interchange.sheet import FocusSheet, What
from rvr_laaf_app.document.interchange.timeline_otio import read_otio, write_otio
from rvr_laaf_app.document.interchange.usd_camera import write_usda
from rvr_laaf_app.document.strict_json import read_bytes

MAX_BYTES = 64 * 2**20
_LONGEST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Format:
    """A format: what it can hold (the first of `whats` is usual), and for the user what it carries and what not.

    write(sheet, what) returns the file; read(data) returns what is in it, or is None where nothing can be read back.
    """

    name: str
    suffixes: tuple[str, ...]
    title: str
    whats: tuple[What, ...]
    carries: str
    lacks: str
    write: Callable[[FocusSheet, What], bytes]
    read: Callable[[bytes], Incoming] | None = None

    @property
    def limits(self) -> str:
        """What the user must know, "" if nothing."""
        parts = [f"cannot carry {self.lacks}"] if self.lacks else []
        return "; ".join([*parts, *(["cannot be read back"] if self.read is None else [])])


_OUTSIDE_CURVE = "targets, tracks and states"

FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format(
            "json",
            (".json",),
            "RVR-LAAF focus (JSON)",
            ("targets", "curve", "all"),
            "everything: targets, lens, curve, and tracks if wanted",
            "",
            write_json,
            read_json,
        ),
        Format(
            "csv",
            (".csv",),
            "CSV table",
            ("targets", "curve"),
            "targets with their settings, or the curve of every frame",
            "both at once, tracks, the lens",
            write_csv,
            read_csv,
        ),
        Format(
            "otio",
            (".otio",),
            "OpenTimelineIO",
            ("targets", "all"),
            "targets as markers of one clip with all their settings, the lens, and the curve as metadata",
            "tracks, and no program makes focus of the markers by itself",
            write_otio,
            read_otio,
        ),
        Format(
            "fcpxml",
            (".fcpxml",),
            "Final Cut Pro XML",
            ("targets",),
            "targets as markers of the clip, their settings in the notes",
            "tracks, lens, curve, times between frames (the notes keep them), the time code of the media",
            write_fcpxml,
            read_fcpxml,
        ),
        Format(
            "ae",
            (".txt",),
            "After Effects keyframes (sliders)",
            ("curve",),
            "focus disparity and f-number as keys of two slider effects, to paste on a layer",
            _OUTSIDE_CURVE,
            write_sliders,
        ),
        Format(
            "ae-camera",
            (),
            "After Effects keyframes (camera)",
            ("curve",),
            "focus distance and aperture in pixels, to paste on a camera with the lens's focal length and sensor width",
            f"true metres (they are nominal), {_OUTSIDE_CURVE}",
            write_camera,
        ),
        Format(
            "nuke",
            (".nk",),
            "Nuke script",
            ("curve",),
            "a ZDefocus node with focus plane, blur size and f-number frame by frame, for our disparity in depth.Z",
            f"highlights, cat's eye, squeeze, {_OUTSIDE_CURVE}",
            write_nuke,
        ),
        Format(
            "usd",
            (".usda",),
            "USD camera",
            ("curve",),
            "a camera with focus distance, f-stop and disparity as time samples",
            f"true metres (they are nominal), {_OUTSIDE_CURVE}",
            write_usda,
        ),
    )
}


def format_for(path: Path, name: str | None = None) -> Format:
    """Return the format of this name, or the one that the file's ending means; UsageError if there is none."""
    if name is not None:
        if name not in FORMATS:
            raise UsageError(f"there is no format {name!r}", remedy=f"Choose one of {', '.join(FORMATS)}.")
        return FORMATS[name]
    suffix = path.suffix.lower()
    found = next((f for f in FORMATS.values() if suffix in f.suffixes), None)
    if found is None:
        endings = ", ".join(ending for f in FORMATS.values() for ending in f.suffixes)
        raise UsageError(
            f"the ending {suffix!r} means no format", where=path, remedy=f"Use one of {endings}, or say --format."
        )
    return found


def write_file(path: Path, sheet: FocusSheet, format_: Format, *, what: What, overwrite: bool = False) -> None:
    """Write the file, whole or not at all; ExportError if that fails or it exists and may not be replaced."""
    check_destination(path, overwrite=overwrite)
    if what not in format_.whats:
        raise UsageError(f"{format_.title} cannot carry {what}", remedy=f"It carries {' or '.join(format_.whats)}.")
    try:
        write_atomic(path, format_.write(sheet, what))
    except OSError as error:
        raise ExportError(f"the file cannot be written ({error.strerror or error})", where=path) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise ExportError(
            f"{format_.title} cannot hold this: {_short(error)}",
            where=path,
            remedy="Leave the tracks out, or write targets and curve as two files.",
        ) from error


def check_destination(path: Path, *, overwrite: bool) -> None:
    """Raise before any work if the file cannot be put there."""
    if path.is_dir():
        raise ExportError("this is a folder", where=path, remedy="Give the name of a file.")
    if not path.absolute().parent.is_dir():
        raise ExportError("the folder does not exist", where=path.parent, remedy="Make it first or choose another.")
    if path.exists() and not overwrite:
        raise ExportError("the file exists already", where=path, remedy="Choose another name or add --overwrite.")


def read_file(path: Path, format_: Format) -> Incoming:
    """Return what the file holds; ProjectError for whatever is wrong with it."""
    if format_.read is None:
        readable = ", ".join(f.name for f in FORMATS.values() if f.read is not None)
        raise UsageError(f"{format_.title} cannot be read back", where=path, remedy=f"Readable: {readable}.")
    try:
        return format_.read(read_bytes(path, most=MAX_BYTES))
    except OSError as error:
        raise ProjectError(f"the file cannot be read ({error.strerror or error})", where=path) from error
    except (ValueError, RecursionError) as error:
        raise ProjectError(
            f"this is not a usable {format_.title} file: {_short(error)}", where=path, remedy="Nothing was changed."
        ) from error


def _short(error: Exception) -> str:
    message = " ".join(str(error).split())
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}..."
