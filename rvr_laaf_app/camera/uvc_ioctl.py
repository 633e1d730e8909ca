"""The kernel's V4L2 interface as structures and request numbers (linux/videodev2.h), and the few calls that use them.

`Kernel` is all that touches a device; tests put another one in its place, since a camera of this kind cannot be had
without hardware. What the numbers and layouts must be is checked against the kernel's published ones.
"""

from __future__ import annotations

import ctypes as c
import mmap
import os
import select
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

CAPTURE: Final = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
MMAP: Final = 1  # V4L2_MEMORY_MMAP
CAN_CAPTURE: Final = 0x0000_0001
CAN_STREAM: Final = 0x0400_0000
HAS_DEVICE_CAPS: Final = 0x8000_0000

NEXT_CONTROL: Final = 0x8000_0000
FLAG_DISABLED, FLAG_GRABBED, FLAG_READ_ONLY, FLAG_INACTIVE, FLAG_WRITE_ONLY = 0x1, 0x2, 0x4, 0x10, 0x40
TYPE_INTEGER, TYPE_BOOLEAN, TYPE_MENU, TYPE_INTEGER_MENU = 1, 2, 3, 9

FOCUS_ABSOLUTE: Final = 0x009A_090A
FOCUS_AUTO: Final = 0x009A_090C

BUFFER_ERROR: Final = 0x40
BUFFER_CLOCK_MASK: Final = 0xE000
BUFFER_CLOCK_MONOTONIC: Final = 0x2000
SIZE_DISCRETE: Final = 1


class Capability(c.Structure):
    """v4l2_capability."""

    _fields_ = (
        ("driver", c.c_char * 16),
        ("card", c.c_char * 32),
        ("bus_info", c.c_char * 32),
        ("version", c.c_uint32),
        ("capabilities", c.c_uint32),
        ("device_caps", c.c_uint32),
        ("reserved", c.c_uint32 * 3),
    )


class QueryControl(c.Structure):
    """v4l2_queryctrl."""

    _fields_ = (
        ("id", c.c_uint32),
        ("type", c.c_uint32),
        ("name", c.c_char * 32),
        ("minimum", c.c_int32),
        ("maximum", c.c_int32),
        ("step", c.c_int32),
        ("default_value", c.c_int32),
        ("flags", c.c_uint32),
        ("reserved", c.c_uint32 * 2),
    )


class QueryMenu(c.Structure):
    """v4l2_querymenu; the name's eight first bytes are the value of an integer menu."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("id", c.c_uint32), ("index", c.c_uint32), ("name", c.c_char * 32), ("reserved", c.c_uint32))


class ControlValue(c.Structure):
    """v4l2_control."""

    _fields_ = (("id", c.c_uint32), ("value", c.c_int32))


class FormatDescription(c.Structure):
    """v4l2_fmtdesc."""

    _fields_ = (
        ("index", c.c_uint32),
        ("type", c.c_uint32),
        ("flags", c.c_uint32),
        ("description", c.c_char * 32),
        ("pixelformat", c.c_uint32),
        ("mbus_code", c.c_uint32),
        ("reserved", c.c_uint32 * 3),
    )


class FrameSize(c.Structure):
    """v4l2_frmsizeenum; sizes are width, height if discrete, else min, max, step of the width, then of the height."""

    _fields_ = (
        ("index", c.c_uint32),
        ("pixel_format", c.c_uint32),
        ("type", c.c_uint32),
        ("sizes", c.c_uint32 * 6),
        ("reserved", c.c_uint32 * 2),
    )


class PixelFormat(c.Structure):
    """v4l2_pix_format."""

    _fields_ = tuple(
        (name, c.c_uint32)
        for name in (
            "width",
            "height",
            "pixelformat",
            "field",
            "bytesperline",
            "sizeimage",
            "colorspace",
            "priv",
            "flags",
            "ycbcr_enc",
            "quantization",
            "xfer_func",
        )
    )


class _FormatUnion(c.Union):
    # The pointer gives the union the alignment that v4l2_window has in the kernel's header.
    _fields_ = (("pix", PixelFormat), ("raw", c.c_uint8 * 200), ("align", c.c_void_p))


class Format(c.Structure):
    """v4l2_format."""

    _fields_ = (("type", c.c_uint32), ("fmt", _FormatUnion))


class RequestBuffers(c.Structure):
    """v4l2_requestbuffers."""

    _fields_ = (
        ("count", c.c_uint32),
        ("type", c.c_uint32),
        ("memory", c.c_uint32),
        ("capabilities", c.c_uint32),
        ("flags", c.c_uint8),
        ("reserved", c.c_uint8 * 3),
    )


class _Time(c.Structure):
    _fields_ = (("seconds", c.c_long), ("microseconds", c.c_long))


class _Place(c.Union):
    _fields_ = (("offset", c.c_uint32), ("userptr", c.c_ulong), ("fd", c.c_int32))


class Buffer(c.Structure):
    """v4l2_buffer."""

    _fields_ = (
        ("index", c.c_uint32),
        ("type", c.c_uint32),
        ("bytesused", c.c_uint32),
        ("flags", c.c_uint32),
        ("field", c.c_uint32),
        ("timestamp", _Time),
        ("timecode", c.c_uint32 * 4),
        ("sequence", c.c_uint32),
        ("memory", c.c_uint32),
        ("m", _Place),
        ("length", c.c_uint32),
        ("reserved2", c.c_uint32),
        ("request_fd", c.c_int32),
    )


class Number(c.Structure):
    """The plain int that starting and stopping the stream take."""

    _fields_ = (("value", c.c_int32),)


_READ, _WRITE = 2, 1


def _request(direction: int, number: int, structure: type[c.Structure]) -> int:
    """Return the ioctl number: direction, size and number of a request of the type 'V' (asm-generic/ioctl.h)."""
    return direction << 30 | c.sizeof(structure) << 16 | ord("V") << 8 | number


QUERYCAP: Final = _request(_READ, 0, Capability)
ENUM_FMT: Final = _request(_READ | _WRITE, 2, FormatDescription)
S_FMT: Final = _request(_READ | _WRITE, 5, Format)
REQBUFS: Final = _request(_READ | _WRITE, 8, RequestBuffers)
QUERYBUF: Final = _request(_READ | _WRITE, 9, Buffer)
QBUF: Final = _request(_READ | _WRITE, 15, Buffer)
DQBUF: Final = _request(_READ | _WRITE, 17, Buffer)
STREAMON: Final = _request(_WRITE, 18, Number)
STREAMOFF: Final = _request(_WRITE, 19, Number)
G_CTRL: Final = _request(_READ | _WRITE, 27, ControlValue)
S_CTRL: Final = _request(_READ | _WRITE, 28, ControlValue)
QUERYCTRL: Final = _request(_READ | _WRITE, 36, QueryControl)
QUERYMENU: Final = _request(_READ | _WRITE, 37, QueryMenu)
ENUM_FRAMESIZES: Final = _request(_READ | _WRITE, 74, FrameSize)


class Memory(Protocol):
    """A mapped buffer."""

    def read_at(self, length: int) -> bytes:
        """Copy the first bytes."""
        ...

    def close(self) -> None:
        """Unmap it."""
        ...


class Kernel(Protocol):
    """What a system offers to reach V4L2 devices; everything may raise OSError."""

    def nodes(self, kind: str) -> Sequence[str]:
        """Return the device nodes of a kind ("video", "v4l-subdev"), in order of their numbers."""
        ...

    def serial(self, node: str) -> str:
        """Return the USB serial number of the device behind a node, "" if none is known."""
        ...

    def open(self, node: str) -> int:
        """Open a node and return its descriptor."""
        ...

    def close(self, descriptor: int) -> None:
        """Close a descriptor."""
        ...

    def ioctl(self, descriptor: int, request: int, structure: c.Structure) -> None:
        """Do a request; the structure is read and written."""
        ...

    def map(self, descriptor: int, length: int, offset: int) -> Memory:
        """Map a buffer of the device."""
        ...

    def wait(self, descriptor: int, timeout_s: float) -> bool:
        """Wait until a picture is there; False after the timeout."""
        ...


class _Mapped:
    def __init__(self, descriptor: int, length: int, offset: int) -> None:
        self._map = mmap.mmap(descriptor, length, mmap.MAP_SHARED, mmap.PROT_READ, offset=offset)

    def read_at(self, length: int) -> bytes:
        return self._map[:length]

    def close(self) -> None:
        self._map.close()


class LinuxKernel:
    """The real one."""

    def nodes(self, kind: str) -> Sequence[str]:
        """Return /dev/KIND0, /dev/KIND1..."""
        names = [p.name for p in Path("/dev").glob(f"{kind}[0-9]*") if p.name.removeprefix(kind).isdigit()]
        return [f"/dev/{name}" for name in sorted(names, key=lambda name: int(name.removeprefix(kind)))]

    def serial(self, node: str) -> str:
        """Return the serial number that sysfs has for the USB device of a node."""
        device = Path("/sys/class/video4linux") / Path(node).name / "device"
        try:
            return (device.resolve().parent / "serial").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    def open(self, node: str) -> int:
        """Open without blocking: a picture is waited for with a time limit."""
        return os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def close(self, descriptor: int) -> None:
        """Close a descriptor."""
        os.close(descriptor)

    def ioctl(self, descriptor: int, request: int, structure: c.Structure) -> None:
        """Do a request."""
        import fcntl

        fcntl.ioctl(descriptor, request, structure, True)

    def map(self, descriptor: int, length: int, offset: int) -> Memory:
        """Map a buffer of the device."""
        return _Mapped(descriptor, length, offset)

    def wait(self, descriptor: int, timeout_s: float) -> bool:
        """Wait until a picture is there."""
        return bool(select.select([descriptor], [], [], timeout_s)[0])
