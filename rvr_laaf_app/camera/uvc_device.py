"""One V4L2 device node: its controls, its formats, and pictures through mapped buffers. No focus, no policy here."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from ctypes import Structure
from dataclasses import dataclass
from typing import Final, TypeVar

from rvr_laaf_app.camera import uvc_ioctl as v4l2
from rvr_laaf_app.camera.uvc_ioctl import Kernel, Memory

BUFFERS: Final = 3
_MOST_LISTED: Final = 512  # controls, formats or sizes that a broken driver may list
_SHOWN_TYPES: Final = {
    v4l2.TYPE_INTEGER: "range",
    v4l2.TYPE_BOOLEAN: "switch",
    v4l2.TYPE_MENU: "choice",
    v4l2.TYPE_INTEGER_MENU: "choice",
}
S = TypeVar("S", bound=Structure)


@dataclass(frozen=True, slots=True)
class DeviceControl:
    """A control as the driver tells it; `menu` are the words of a choice by their index."""

    id: int
    name: str
    kind: str
    minimum: int
    maximum: int
    step: int
    menu: tuple[tuple[int, str], ...] = ()
    read_only: bool = False
    inactive: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """One captured buffer: its bytes, when it was captured (monotonic clock, None if the driver uses another)."""

    data: bytes
    monotonic_s: float | None
    sequence: int


def fourcc(text: str) -> int:
    """Return the number of a pixel format by its four letters."""
    return int.from_bytes(text.encode(), "little")


def fourcc_text(number: int) -> str:
    """Return the four letters of a pixel format."""
    return number.to_bytes(4, "little").decode("ascii", errors="replace")


class Node:
    """An open device node. Everything may raise OSError."""

    def __init__(self, kernel: Kernel, path: str) -> None:
        self.path = path
        self._kernel = kernel
        self._descriptor: int | None = kernel.open(path)
        self._memory: list[Memory] = []
        self._streaming = False

    def close(self) -> None:
        """Stop, unmap and close; never raises, may be called twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        with contextlib.suppress(OSError):
            self._stop_on(descriptor)
        with contextlib.suppress(OSError):
            self._kernel.close(descriptor)

    def capability(self) -> v4l2.Capability:
        """Return name and abilities; `device_caps` is filled in for old drivers too."""
        found = self._do(v4l2.QUERYCAP, v4l2.Capability())
        if not found.capabilities & v4l2.HAS_DEVICE_CAPS:
            found.device_caps = found.capabilities
        return found

    # ---- controls

    def controls(self) -> list[DeviceControl]:
        """List the controls that a user can see."""
        listed = []
        number = v4l2.NEXT_CONTROL
        for _ in range(_MOST_LISTED):
            try:
                found = self._do(v4l2.QUERYCTRL, v4l2.QueryControl(id=number))
            except OSError as error:
                if error.errno in (errno.EINVAL, errno.ENOTTY):
                    break
                raise
            if found.type in _SHOWN_TYPES and not found.flags & (v4l2.FLAG_DISABLED | v4l2.FLAG_WRITE_ONLY):
                listed.append(self._described(found))
            number = found.id | v4l2.NEXT_CONTROL
        return listed

    def _described(self, found: v4l2.QueryControl) -> DeviceControl:
        kind = _SHOWN_TYPES[found.type]
        return DeviceControl(
            found.id,
            found.name.decode(errors="replace"),
            kind,
            found.minimum,
            found.maximum,
            max(found.step, 1),
            tuple(self._menu(found)) if kind == "choice" else (),
            bool(found.flags & (v4l2.FLAG_READ_ONLY | v4l2.FLAG_GRABBED)),
            bool(found.flags & v4l2.FLAG_INACTIVE),
        )

    def _menu(self, control: v4l2.QueryControl) -> Iterator[tuple[int, str]]:
        for index in range(control.minimum, min(control.maximum, control.minimum + _MOST_LISTED) + 1):
            try:
                item = self._do(v4l2.QUERYMENU, v4l2.QueryMenu(id=control.id, index=index))
            except OSError as error:
                if error.errno != errno.EINVAL:  # menus have holes
                    raise
                continue
            if control.type == v4l2.TYPE_INTEGER_MENU:
                value = bytes(item)[8:16]
                yield index, str(int.from_bytes(value, "little", signed=True))
            else:
                yield index, item.name.decode(errors="replace")

    def get(self, control: int) -> int:
        """Read a control."""
        return int(self._do(v4l2.G_CTRL, v4l2.ControlValue(id=control)).value)

    def set(self, control: int, value: int) -> None:
        """Write a control."""
        self._do(v4l2.S_CTRL, v4l2.ControlValue(id=control, value=value))

    # ---- formats

    def formats(self) -> list[str]:
        """List the pixel formats by their four letters, in the driver's order."""
        found = [f.pixelformat for f in self._enumerate(v4l2.ENUM_FMT, v4l2.FormatDescription, type=v4l2.CAPTURE)]
        return [fourcc_text(number) for number in found]

    def sizes(self, pixel_format: str) -> list[tuple[int, int]]:
        """List the sizes (width, height) of a format; of a continuous range the largest and halves of it."""
        listed: list[tuple[int, int]] = []
        for size in self._enumerate(v4l2.ENUM_FRAMESIZES, v4l2.FrameSize, pixel_format=fourcc(pixel_format)):
            if size.type == v4l2.SIZE_DISCRETE:
                listed.append((size.sizes[0], size.sizes[1]))
                continue
            low_w, high_w, step_w, low_h, high_h, step_h = size.sizes
            width, height = high_w, high_h
            while width >= low_w and height >= low_h and len(listed) < 6:
                listed.append((width, height))
                width, height = (
                    low + (value // 2 - low) // max(step, 1) * max(step, 1)
                    for value, low, step in ((width, low_w, step_w), (height, low_h, step_h))
                )
            break
        return listed

    def use_format(self, pixel_format: str, size: tuple[int, int]) -> v4l2.PixelFormat:
        """Set format and size (not while streaming) and return what the driver made of them."""
        wanted = v4l2.Format(type=v4l2.CAPTURE)
        wanted.fmt.pix.width, wanted.fmt.pix.height = size
        wanted.fmt.pix.pixelformat = fourcc(pixel_format)
        made: v4l2.PixelFormat = self._do(v4l2.S_FMT, wanted).fmt.pix
        return made

    # ---- pictures

    def start(self) -> None:
        """Map the buffers, hand them to the driver and start the stream."""
        if self._streaming:
            return
        asked = self._do(v4l2.REQBUFS, v4l2.RequestBuffers(count=BUFFERS, type=v4l2.CAPTURE, memory=v4l2.MMAP))
        for index in range(asked.count):
            buffer = self._do(v4l2.QUERYBUF, self._buffer(index))
            self._memory.append(self._kernel.map(self._open_descriptor(), buffer.length, buffer.m.offset))
            self._do(v4l2.QBUF, self._buffer(index))
        self._do(v4l2.STREAMON, v4l2.Number(value=v4l2.CAPTURE))
        self._streaming = True

    def stop(self) -> None:
        """Stop the stream and give the buffers back."""
        self._stop_on(self._open_descriptor())

    def wait(self, timeout_s: float) -> bool:
        """Wait for a picture; False after the timeout."""
        return self._kernel.wait(self._open_descriptor(), timeout_s)

    def take(self) -> Picture | None:
        """Take the oldest picture that is there; None if there is none, or it is a damaged one."""
        try:
            buffer = self._do(v4l2.DQBUF, v4l2.Buffer(type=v4l2.CAPTURE, memory=v4l2.MMAP))
        except BlockingIOError:
            return None
        data = self._memory[buffer.index].read_at(min(buffer.bytesused, buffer.length))
        self._do(v4l2.QBUF, self._buffer(buffer.index))
        if buffer.flags & v4l2.BUFFER_ERROR or not data:
            return None
        seconds = None
        if buffer.flags & v4l2.BUFFER_CLOCK_MASK == v4l2.BUFFER_CLOCK_MONOTONIC:
            seconds = buffer.timestamp.seconds + buffer.timestamp.microseconds / 1e6
        return Picture(data, seconds, int(buffer.sequence))

    # ---- within

    def _stop_on(self, descriptor: int) -> None:
        memory, self._memory = self._memory, []
        was, self._streaming = self._streaming, False
        try:
            if was:
                self._kernel.ioctl(descriptor, v4l2.STREAMOFF, v4l2.Number(value=v4l2.CAPTURE))
        finally:
            for mapped in memory:
                mapped.close()
        if memory:
            self._kernel.ioctl(
                descriptor, v4l2.REQBUFS, v4l2.RequestBuffers(count=0, type=v4l2.CAPTURE, memory=v4l2.MMAP)
            )

    def _buffer(self, index: int) -> v4l2.Buffer:
        return v4l2.Buffer(index=index, type=v4l2.CAPTURE, memory=v4l2.MMAP)

    def _enumerate(self, request: int, structure: type[S], **fields: int) -> Iterator[S]:
        for index in range(_MOST_LISTED):
            try:
                yield self._do(request, structure(index=index, **fields))
            except OSError as error:
                if error.errno in (errno.EINVAL, errno.ENOTTY):
                    return
                raise

    def _do(self, request: int, structure: S) -> S:
        self._kernel.ioctl(self._open_descriptor(), request, structure)
        return structure

    def _open_descriptor(self) -> int:
        if self._descriptor is None:
            raise OSError(errno.ENODEV, "the device is closed", self.path)
        return self._descriptor
