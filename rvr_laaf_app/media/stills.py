"""Pictures that are not videos: JPEG, PNG, TIFF, WebP, BMP, OpenEXR and Radiance HDR, known by content, not by name.

The size is read from the header before anything is decoded. Light beyond display white (EXR, HDR) is kept: as a Frame
it is encoded with the PQ curve, and `read_linear` returns it as it is.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.color import from_linear, to_linear
from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.core.frame import Frame
from rvr_laaf_app.media.decoding import Decoder, video_stream
from rvr_laaf_app.media.open import MAX_PIXELS, MAX_SIDE, AnyPath, check_file, media_errors, open_media, shown_path
from rvr_laaf_app.media.picture import Picture
from rvr_laaf_app.media.tags import UPRIGHT, Orientation, colour_of

MAX_STILL_PIXELS: Final = MAX_PIXELS  # as for a frame: it goes the same way
_MAX_FILE_BYTES: Final = 1 << 31
_SIGNATURES: Final = {
    "jpeg": b"\xff\xd8\xff",
    "png": b"\x89PNG\r\n\x1a\n",
    "tiff": b"II*\0",
    "tiff-be": b"MM\0*",
    "exr": b"\x76\x2f\x31\x01",
    "hdr": b"#?RADIANCE",
    "hdr-rgbe": b"#?RGBE",
    "bmp": b"BM",
}
# EXIF orientation -> (degrees clockwise, mirror first).
_EXIF: Final = {
    2: (0, True),
    3: (180, False),
    4: (180, True),
    5: (270, True),
    6: (90, False),
    7: (90, True),
    8: (270, False),
}
_FLOAT_FORMATS: Final = ("exr", "hdr")
_QUIET_FORMATS: Final = ("jpeg", "png", "webp")
_SAVE_AGAIN: Final = "Save it again as PNG or JPEG."


@dataclass(frozen=True, slots=True)
class StillHeader:
    """What the header of a picture file says."""

    format: str
    size: tuple[int, int]
    bit_depth: int
    has_alpha: bool = False
    turn: Orientation = UPRIGHT
    warnings: tuple[str, ...] = ()
    is_cmyk: bool = False

    @property
    def display_size(self) -> tuple[int, int]:
        """(width, height) upright."""
        return (self.size[1], self.size[0]) if self.turn.quarter_turns % 2 else self.size

    @property
    def transfer(self) -> str:
        """The transfer of the Frame that comes out."""
        return "pq" if self.format in _FLOAT_FORMATS or self.bit_depth == 32 else "srgb"

    @property
    def matrix(self) -> str:
        """The YCbCr matrix inside the file."""
        return "bt601" if self.format in ("jpeg", "webp") else "rgb"


def is_still(path: AnyPath) -> bool:
    """True if the file begins like a single picture of a known kind."""
    check_file(path)
    with media_errors(path), open(path, "rb") as file:
        head = file.read(4096)
    return _format_of(head[:64]) is not None and not _is_animated(head)


def read_header(path: AnyPath) -> StillHeader:
    """Read size, depth and orientation; raise MediaError if it is no picture, damaged, or too large."""
    data = _bytes(path)
    try:
        header = _parse(data)
    except (struct.error, IndexError, ValueError, UnicodeDecodeError):
        header = None
    if header is None or min(header.size) < 1:
        raise MediaError("the picture's header is damaged", where=shown_path(path), remedy="Copy the file again.")
    width, height = header.size
    if max(width, height) > MAX_SIDE or width * height > MAX_STILL_PIXELS:
        raise MediaError(
            f"the picture is too large ({width} x {height})", where=shown_path(path), remedy="Scale it down."
        )
    return header


def read_still(path: AnyPath) -> Frame:
    """Return the picture upright as a Frame: uint8, or uint16 for deeper files; raise MediaError if it is damaged."""
    header = read_header(path)
    samples = _decoded(path, header)
    if samples.dtype == np.float32:
        # Light files hold what no display code can; the PQ curve keeps it up to 49 times display white.
        deep = from_linear(samples.astype(np.float32), "pq", dtype=np.uint16)
        return Frame(0, 0, deep, "pq")
    return Frame(0, 0, samples, "srgb")  # type: ignore[arg-type]


def read_linear(path: AnyPath) -> NDArray[np.float32]:
    """Return the picture upright as linear light [H, W, 3] float32, 1 = display white, unclipped for EXR and HDR."""
    samples = _decoded(path, read_header(path))
    if samples.dtype == np.float32:
        return samples.astype(np.float32, copy=False)
    return to_linear(samples, "srgb")  # type: ignore[arg-type]


def _bytes(path: AnyPath) -> bytes:
    size = check_file(path).st_size
    if size > _MAX_FILE_BYTES:
        raise MediaError("the picture file is larger than 2 GiB", where=shown_path(path), remedy="Scale it down.")
    with media_errors(path), open(path, "rb") as file:
        return file.read()


def _format_of(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM" and (len(head) < 18 or head[6:10] != b"\0\0\0\0"):
        return None
    return next((name.split("-")[0] for name, sign in _SIGNATURES.items() if head.startswith(sign)), None)


def _is_animated(head: bytes) -> bool:
    """True for an animated PNG, which is read as a clip."""
    return head.startswith(_SIGNATURES["png"]) and b"acTL" in head.split(b"IDAT")[0]


def _parse(data: bytes) -> StillHeader | None:
    kind = _format_of(data[:64])
    readers = {"png": _png, "jpeg": _jpeg, "webp": _webp, "bmp": _bmp, "tiff": _tiff, "exr": _exr, "hdr": _hdr}
    return readers[kind](data) if kind else None


def _png(data: bytes) -> StillHeader:
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    return StillHeader("png", (width, height), max(depth, 8), colour in (4, 6))


def _jpeg(data: bytes) -> StillHeader | None:
    """Walk the marker segments to the frame header (SOF)."""
    at, turn = 2, Orientation()
    while at + 9 < len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        if marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            turn = _exif_turn(data[at + 10 : at + 2 + length])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            depth, height, width = struct.unpack(">BHH", data[at + 4 : at + 9])
            cut = () if b"\xff\xd9" in data[-4096:] else ("the picture file is cut short",)
            return StillHeader("jpeg", (width, height), max(depth, 8), False, turn, cut, is_cmyk=data[at + 9] == 4)
        at += 2 + length
    return None


def _exif_turn(tiff: bytes) -> Orientation:
    value = _tiff_tags(tiff).get(0x0112, 1)
    degrees, mirror = _EXIF.get(value, (0, False))
    return Orientation(float(degrees), mirror)


def _tiff_tags(tiff: bytes) -> dict[int, int]:
    """Return the tags of the first directory with their first value, as far as they are short or long integers."""
    order = "<" if tiff[:2] == b"II" else ">"
    tags: dict[int, int] = {}
    try:
        start = struct.unpack(order + "I", tiff[4:8])[0]
        count = struct.unpack(order + "H", tiff[start : start + 2])[0]
        for entry in range(min(count, 512)):
            at = start + 2 + 12 * entry
            tag, kind, number = struct.unpack(order + "HHI", tiff[at : at + 8])
            if kind == 3:
                where = at + 8
                if number > 2:
                    where = struct.unpack(order + "I", tiff[at + 8 : at + 12])[0]
                tags[tag] = struct.unpack(order + "H", tiff[where : where + 2])[0]
            elif kind == 4:
                tags[tag] = struct.unpack(order + "I", tiff[at + 8 : at + 12])[0]
    except struct.error:
        return tags
    return tags


def _tiff(data: bytes) -> StillHeader | None:
    tags = _tiff_tags(data)
    if 256 not in tags or 257 not in tags:
        return None
    degrees, mirror = _EXIF.get(tags.get(0x0112, 1), (0, False))
    samples = tags.get(277, 1)
    return StillHeader(
        "tiff", (tags[256], tags[257]), max(tags.get(258, 8), 8), samples in (2, 4), Orientation(float(degrees), mirror)
    )


def _webp(data: bytes) -> StillHeader | None:
    chunk = data[12:16]
    if chunk == b"VP8X":
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
        moving = ("an animated WebP; only its first picture is shown",) if data[20] & 0x02 else ()
        return StillHeader("webp", (width, height), 8, bool(data[20] & 0x10), warnings=moving)
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return StillHeader("webp", (1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)), 8, bool(bits >> 28 & 1))
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return StillHeader("webp", (width & 0x3FFF, height & 0x3FFF), 8)
    return None


def _bmp(data: bytes) -> StillHeader:
    width, height = struct.unpack("<ii", data[18:26])
    return StillHeader("bmp", (width, abs(height)), 8)


def _hdr(data: bytes) -> StillHeader | None:
    for line in data[:8192].split(b"\n"):
        words = line.split()
        if len(words) == 4 and words[0] in (b"-Y", b"+Y") and words[2] in (b"+X", b"-X"):
            return StillHeader("hdr", (int(words[3]), int(words[1])), 32)
    return None


def _exr(data: bytes) -> StillHeader | None:
    at = data.find(b"dataWindow\0box2i\0", 0, 1 << 16)
    if at < 0:
        return None
    x0, y0, x1, y1 = struct.unpack("<4i", data[at + 21 : at + 37])
    return StillHeader("exr", (x1 - x0 + 1, y1 - y0 + 1), 32)


def _decoded(path: AnyPath, header: StillHeader) -> NDArray[np.generic]:
    """Return the samples upright [H, W, 3]: uint8, uint16 or float32 linear."""
    if header.format == "exr":
        rgb: NDArray[np.generic] = _read_exr(path)
    elif header.format in _QUIET_FORMATS and not header.is_cmyk:
        rgb = _read_with_av(path, header)
    else:
        rgb = _read_with_opencv(path)
    if rgb.shape[:2] != (header.size[1], header.size[0]):
        raise MediaError("the picture is not as large as its header says", where=shown_path(path))
    if header.turn.mirror:
        rgb = rgb[:, ::-1]
    return np.ascontiguousarray(np.rot90(rgb, -header.turn.quarter_turns))


def _read_with_av(path: AnyPath, header: StillHeader) -> NDArray[np.generic]:
    """Decode with FFmpeg, which says nothing on stderr about a damaged file (libpng and libjpeg do)."""
    with open_media(path, demuxers=f"{header.format}_pipe") as container:
        stream = video_stream(container)
        frame = next(Decoder(container, stream, path, threads=1).frames(), None) if stream else None
        if frame is None:
            raise MediaError("the picture cannot be decoded", where=shown_path(path), remedy=_SAVE_AGAIN)
        with media_errors(path, "decode"):
            colour = colour_of(frame, "mjpeg" if header.format == "jpeg" else header.format)
            size = frame.width, frame.height
            picture = Picture(size, header.matrix, colour.full_range, cosited=(False, False))
            if frame.format.is_rgb or frame.format.name.startswith("pal8"):
                picture = Picture(size, "rgb", True)
            return picture.rgb_of(frame)


def _read_with_opencv(path: AnyPath) -> NDArray[np.generic]:
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            bgr = cv2.imdecode(np.frombuffer(_bytes(path), np.uint8), flags)
        finally:
            cv2.utils.logging.setLogLevel(level)
    except cv2.error:
        bgr = None
    if bgr is None or bgr.ndim != 3 or bgr.dtype not in (np.uint8, np.uint16, np.float32):
        raise MediaError("the picture cannot be decoded", where=shown_path(path), remedy=_SAVE_AGAIN)
    return np.ascontiguousarray(bgr[:, :, ::-1])


def _read_exr(path: AnyPath) -> NDArray[np.float32]:
    import OpenEXR

    name = os.fsdecode(os.fspath(path))
    try:
        with OpenEXR.File(name) as file:
            channels = file.channels()
            pixels = next((channels[n].pixels for n in ("RGB", "RGBA") if n in channels), None)
            if pixels is None:
                grey = channels.get("Y") or channels.get("R") or next(iter(channels.values()))
                pixels = np.repeat(grey.pixels[:, :, None], 3, axis=2)
            light = np.ascontiguousarray(pixels[:, :, :3], np.float32)
    except (RuntimeError, TypeError, ValueError, KeyError, StopIteration, OSError) as error:
        raise MediaError("the EXR picture cannot be decoded", where=shown_path(path)) from error
    return np.nan_to_num(light, nan=0.0, posinf=65504.0, neginf=0.0)
