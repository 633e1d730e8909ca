"""The only door for media files: guarded open, one clear error. It does not decode and does not judge the content.

A file may be named anything and hold anything. Only regular files are opened, only by demuxers that read one file
(no playlists, no image sequences, no network), and every way in which the library may fail becomes a MediaError.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import av
import av.error
from av.container import InputContainer

from rvr_laaf_app.core.errors import MediaError

AnyPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

MAX_SIDE: Final = 16384
MAX_PIXELS: Final = 1 << 26  # 8192 x 8192; a decoder keeps up to 17 pictures of this size
MAX_FRAMES: Final = 1 << 24

# Containers that hold their own media in one file. Playlists (hls, dash, concat), scripts, image patterns and raw
# streams without a header are left out on purpose.
_DEMUXERS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,gif,flv,asf,ogg,mxf,dv,ivf,"
    "wav,w64,mp3,flac,aac,ac3,aiff,caf,apng"
)
_OPTIONS: Final = {
    "protocol_whitelist": "file",
    "max_pixels": str(MAX_PIXELS),
    "max_streams": "64",
}
_OPEN_TIMEOUT_S: Final = 10.0

# What PyAV was seen to raise on damaged files, besides its own family.
_LIBRARY_ERRORS: Final = (
    av.error.FFmpegError,
    OSError,
    UnicodeError,
    AttributeError,
    IndexError,
    KeyError,
    ValueError,
    TypeError,
    OverflowError,
    MemoryError,
    RuntimeError,
    NotImplementedError,
    EOFError,
)
_DAMAGED: Final = "Check that it is a video, picture or sound file, and that it was copied completely."


def shown_path(path: AnyPath) -> str:
    """Return the path as text that can be printed, whatever bytes its name holds."""
    return os.fsdecode(os.fspath(path)).encode("utf-8", "backslashreplace").decode("utf-8")


@contextmanager
def media_errors(path: AnyPath, doing: str = "read") -> Iterator[None]:
    """Turn everything that a media library may raise into one MediaError that names the file."""
    try:
        yield
    except MediaError:
        raise
    except _LIBRARY_ERRORS as error:
        raise MediaError(_what(error, doing), where=shown_path(path), remedy=_remedy(error)) from error


def _what(error: BaseException, doing: str) -> str:
    if isinstance(error, FileNotFoundError):
        return "the file does not exist"
    if isinstance(error, PermissionError):
        return "there is no permission to read the file"
    if isinstance(error, MemoryError):
        return "the file asks for more memory than there is"
    if isinstance(error, av.error.InvalidDataError | UnicodeError):
        return f"the file cannot be {_PAST.get(doing, doing)}: it is damaged or not a media file of a known kind"
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"the file cannot be {_PAST.get(doing, doing)} ({reason})"


_PAST: Final = {"read": "read", "open": "opened", "decode": "decoded"}


def _remedy(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return "Check the path, or whether the drive is connected."
    if isinstance(error, PermissionError):
        return "Change the permissions of the file or copy it elsewhere."
    return _DAMAGED


def check_file(path: AnyPath) -> os.stat_result:
    """Return the stat of a regular, non-empty file; raise MediaError for anything else. Opens nothing."""
    with media_errors(path, "open"):
        found = os.stat(path)
    if stat.S_ISDIR(found.st_mode):
        raise MediaError("this is a folder, not a media file", where=shown_path(path), remedy="Choose a file in it.")
    if not stat.S_ISREG(found.st_mode):
        raise MediaError("this is a device or pipe, not a file", where=shown_path(path), remedy="Choose a file.")
    if found.st_size == 0:
        raise MediaError("the file is empty", where=shown_path(path), remedy=_DAMAGED)
    return found


@contextmanager
def open_media(path: AnyPath, *, demuxers: str = _DEMUXERS) -> Iterator[InputContainer]:
    """Open a video or sound file for reading, and close it afterwards; raise MediaError if that is not possible.

    `demuxers`: comma-separated names of those that may be used.
    """
    check_file(path)
    with media_errors(path, "open"):
        # "file:" and an absolute path: a name such as "http:x.mp4" or "%03d.mp4" is then only a name.
        name = "file:" + str(Path(os.fsdecode(os.fspath(path))).absolute())
        options = {**_OPTIONS, "format_whitelist": demuxers}
        # A single demuxer is named outright: by its name alone "photo.jpg" would go to that of image sequences.
        only = demuxers if "," not in demuxers else None
        container = av.open(
            name, format=only, options=options, metadata_errors="replace", timeout=(_OPEN_TIMEOUT_S, None)
        )
    try:
        _check_sizes(container, path)
        yield container
    finally:
        _park_decoders(container)
        container.close()


def _park_decoders(container: InputContainer) -> None:
    """Let decoding threads finish before the decoders are freed.

    PyAV frees a decoder, and so joins its threads, while it holds the interpreter lock; a thread that just then logs
    something through Python would wait for that lock, for ever. Flushing waits for the threads without the lock.
    """
    for stream in container.streams:
        context = getattr(stream, "codec_context", None)
        if context is not None:
            context.flush_buffers()


def _check_sizes(container: InputContainer, path: AnyPath) -> None:
    for stream in container.streams.video:
        context = getattr(stream, "codec_context", None)  # None where there is no decoder
        width, height = (context.width, context.height) if context else (0, 0)
        if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
            raise MediaError(
                f"the picture is {width} x {height} pixels, more than this program opens ({MAX_SIDE} a side)",
                where=shown_path(path),
                remedy="Scale it down first, if it really is that large.",
            )
