"""Files that are there whole or not at all: write beside the final name, flush to the disk, then rename.

Used by everything that a user would miss: projects, exports, analysis products. It knows nothing of what is inside the
files and raises plain OSError; the rooms above turn that into a sentence for the user.

What is promised for a file that is written or published here, whatever step fails and whenever the process is killed:
the final name holds the old content or the new content, never a mixture and never a part; and when the call has
returned, the new content survives a power cut (as far as the file system keeps its word about fsync).
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import shutil
import socket
import zlib
from collections.abc import Iterable
from pathlib import Path

PART_SUFFIX = ".part"
_LONGEST_STEM = 120  # characters of the final name that are repeated in the temporary one; 255 bytes is the usual limit
_ERRNOS_NO_DIRECTORY_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES)
_counter = itertools.count()


def _host() -> str:
    """Eight hexadecimal digits that tell this machine from others that share a folder."""
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _stem(path: Path) -> str:
    return path.name.encode(errors="surrogateescape")[:_LONGEST_STEM].decode(errors="ignore")


def temporary_beside(path: Path) -> Path:
    """Return an unused name in the folder of `path` for its content while that is being made.

    It reads `NAME.HOST-PID-COUNT.part`: a leftover of a killed process can be recognised (`remove_leftovers`).
    """
    return path.with_name(f"{_stem(path)}.{_host()}-{os.getpid()}-{next(_counter)}{PART_SUFFIX}")


def _alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def remove_leftovers(path: Path) -> int:
    """Delete temporary files and folders of `path` whose process on this machine is gone; return how many were deleted.

    Only POSIX systems can tell whether a process lives without disturbing it; elsewhere nothing is deleted.
    """
    if os.name != "posix":
        return 0
    pattern = re.compile(rf"{re.escape(_stem(path))}\.{_host()}-(\d+)-\d+{re.escape(PART_SUFFIX)}")
    removed = 0
    with contextlib.suppress(OSError):
        for entry in list(path.parent.iterdir()):
            match = pattern.fullmatch(entry.name)
            if match and not _alive(int(match[1])):
                with contextlib.suppress(OSError):
                    if entry.is_dir() and not entry.is_symlink():
                        shutil.rmtree(entry)
                    else:
                        entry.unlink()
                    removed += 1
    return removed


def write_atomic(path: Path | str, data: bytes | Iterable[bytes]) -> None:
    """Replace the content of `path` by `data` (one piece or several in a row), or leave it untouched and raise OSError.

    A link is followed, the permissions of an existing file are kept. OSError from the very last step (making the new
    name durable) leaves the new content in place.
    """
    final = Path(os.path.realpath(path))
    pieces = (data,) if isinstance(data, bytes) else data
    temporary = temporary_beside(final)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        try:
            for piece in pieces:
                _write_all(handle, piece)
            os.fsync(handle)
        finally:
            os.close(handle)
        _keep_permissions(final, temporary)
        os.replace(temporary, final)
    except BaseException:
        discard(temporary)
        raise
    sync_folder(final.parent)


def publish(temporary: Path, final: Path) -> None:
    """Give a finished file of the same folder its final name, durably: flush, rename, flush the folder."""
    flag = os.O_RDONLY if os.name == "posix" else os.O_RDWR
    handle = os.open(temporary, flag | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    _keep_permissions(final, temporary)
    os.replace(temporary, final)
    sync_folder(final.parent)


def discard(temporary: Path) -> None:
    """Delete a temporary file; one that is not there, or cannot be deleted, is not an error."""
    with contextlib.suppress(OSError):
        temporary.unlink()


def sync_folder(folder: Path) -> None:
    """Make names in `folder` durable, where the system can do that at all."""
    if os.name != "posix":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return  # a folder one may write but not read: the rename stands, only its durability is up to the system
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _ERRNOS_NO_DIRECTORY_SYNC:
            raise
    finally:
        os.close(handle)


def _write_all(handle: int, data: bytes) -> None:
    """Write everything: os.write may take only a part, for instance on a disk that is almost full."""
    view = memoryview(data)
    while len(view):
        written = os.write(handle, view)
        if written == 0:
            raise OSError(errno.EIO, "the system accepted no data")
        view = view[written:]


def _keep_permissions(final: Path, temporary: Path) -> None:
    with contextlib.suppress(OSError):
        os.chmod(temporary, final.stat().st_mode & 0o7777)
