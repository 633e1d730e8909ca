"""Room on the disk: asked for before an export starts, and named in the error when it runs out in the middle."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import av.error

from rvr_laaf_app.core.errors import ExportError, UsageError

NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LIBRARY_ERRORS: Final = (av.error.FFmpegError, OSError, ValueError)


def check_target(path: Path, source: str) -> None:
    """Raise UsageError if the result cannot have this name: it is the source, a folder, or in a missing folder."""
    if path.is_dir():
        raise UsageError("this is a folder, not a file name", where=path, remedy="Add a file name.")
    if not path.parent.is_dir():
        raise UsageError("the folder does not exist", where=path.parent, remedy="Make it first or choose another.")
    if path.exists() and os.path.exists(source) and os.path.samefile(path, source):
        raise UsageError("the result would replace the clip itself", where=path, remedy="Choose another name.")


def check_space(path: Path, estimated_bytes: int) -> None:
    """Raise ExportError if the disk that will hold `path` has less room than estimated, or cannot be written to."""
    folder = next(folder for folder in path.absolute().parents if folder.is_dir())
    if not os.access(folder, os.W_OK):
        raise ExportError("there is no permission to write here", where=folder, remedy="Choose another folder.")
    free = shutil.disk_usage(folder).free
    if free < estimated_bytes:
        raise ExportError(
            f"not enough space: about {readable_size(estimated_bytes)} are needed, {readable_size(free)} are free",
            where=folder,
            remedy="Free some space or choose another disk.",
        )


def readable_size(count: int) -> str:
    """Return a number of bytes as a person reads it."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


@contextmanager
def export_errors(path: Path, *, estimated_bytes: int, part: Path | None = None) -> Iterator[None]:
    """Turn what an encoder, a muxer or the disk raises into ExportError; a full disk says how much is missing.

    `part` is the file or folder that was being written.
    """
    try:
        yield
    except LIBRARY_ERRORS as error:
        if getattr(error, "errno", None) in NO_SPACE:
            written = _size(part) if part is not None else 0
            needed = max(estimated_bytes - written, 1 << 20)
            raise ExportError(
                f"the disk is full after {readable_size(written)}; about {readable_size(needed)} more are needed",
                where=path.parent,
                remedy="Free some space or choose another disk; nothing half written is left under the final name.",
            ) from error
        reason = getattr(error, "strerror", None) or str(error)
        raise ExportError(f"the result cannot be written ({reason})", where=path) from error


def _size(part: Path) -> int:
    files = part.iterdir() if part.is_dir() else (part,)
    return sum(file.stat().st_size for file in files if file.exists())
