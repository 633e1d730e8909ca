"""A kernel with V4L2 devices for tests: a USB camera with autofocus, a camera module with a voice-coil lens.

It reads and writes the requests as bytes, with layouts and numbers written down here from the kernel's header for
64-bit machines (linux/videodev2.h), not taken from our own structures: so those are checked too. What the lens does to
the picture is a blur that grows with the distance from the best position, some time after the drive.
"""

from __future__ import annotations

import ctypes
import errno
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

QUERYCAP, ENUM_FMT, S_FMT, REQBUFS = 0x80685600, 0xC0405602, 0xC0D05605, 0xC0145608
QUERYBUF, QBUF, DQBUF = 0xC0585609, 0xC058560F, 0xC0585611
STREAMON, STREAMOFF = 0x40045612, 0x40045613
G_CTRL, S_CTRL, QUERYCTRL, QUERYMENU = 0xC008561B, 0xC008561C, 0xC0445624, 0xC02C5625
ENUM_FRAMESIZES = 0xC02C564A

BRIGHTNESS, POWER_LINE, GAIN = 0x00980900, 0x00980918, 0x00980913
EXPOSURE_AUTO, EXPOSURE, FOCUS, FOCUS_AUTO, BITRATE = 0x009A0901, 0x009A0902, 0x009A090A, 0x009A090C, 0x009909CF
NEXT = 0x80000000
INTEGER, BOOLEAN, MENU, BUTTON, CLASS, INTEGER_MENU = 1, 2, 3, 4, 6, 9
INACTIVE = 0x10


@dataclass
class Knob:
    """A control."""

    name: str
    type: int
    low: int
    high: int
    step: int
    value: int
    menu: dict[int, str | int] = field(default_factory=dict)
    flags: int = 0


@dataclass
class Device:
    """One node's device, and what it shows."""

    card: str
    knobs: dict[int, Knob]
    formats: dict[str, list[tuple[int, int]]]
    caps: int = 0x04000001
    driver: str = "uvcvideo"
    serial: str = ""
    best: int = 120
    lens: Device | None = None  # the device whose FOCUS counts
    latency_s: float = 0.0  # how long the picture lags behind the lens
    monotonic: bool = True
    fps: float = 200.0
    stride_extra: int = 0
    gone: int = 0  # the error number of every request once it is unplugged
    silent: bool = False
    damaged: int = 0  # so many of the next pictures are
    busy: bool = False
    moved_at: float = 0.0
    moved_from: int = 0
    taken: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)

    def focus_at(self, moment: float) -> int:
        source = self.lens or self
        if FOCUS not in source.knobs:
            return self.best
        return source.knobs[FOCUS].value if moment >= source.moved_at + self.latency_s else source.moved_from


class Stream:
    """The buffers of one open node."""

    def __init__(self) -> None:
        self.count = 0
        self.queue: list[int] = []
        self.filled: list[tuple[int, int, float, int, int]] = []
        self.memory: list[bytearray] = []
        self.on = False
        self.next_s = 0.0
        self.sequence = 0
        self.format, self.size, self.stride = "MJPG", (640, 480), 0


class Mapped:
    def __init__(self, memory: bytearray, open_maps: list[Mapped]) -> None:
        self._memory, self._open = memory, open_maps
        open_maps.append(self)

    def read_at(self, length: int) -> bytes:
        return bytes(self._memory[:length])

    def close(self) -> None:
        self._open.remove(self)


def webcam() -> Device:
    """A camera like many: continuous autofocus, focus in steps of five, exposure by menu."""
    knobs = {
        0x00980001: Knob("User Controls", CLASS, 0, 0, 0, 0),
        BRIGHTNESS: Knob("Brightness", INTEGER, 0, 255, 1, 128),
        GAIN: Knob("Gain", INTEGER, 0, 100, 1, 10),
        POWER_LINE: Knob("Power Line Frequency", MENU, 0, 2, 1, 2, {0: "Disabled", 1: "50 Hz", 2: "60 Hz"}),
        BITRATE: Knob("Bitrate", INTEGER_MENU, 0, 1, 1, 0, {0: 1_000_000, 1: 5_000_000_000}),
        EXPOSURE_AUTO: Knob("Auto Exposure", MENU, 0, 3, 1, 3, {1: "Manual Mode", 3: "Aperture Priority Mode"}),
        EXPOSURE: Knob("Exposure Time, Absolute", INTEGER, 3, 2047, 1, 250, flags=INACTIVE),
        FOCUS: Knob("Focus, Absolute", INTEGER, 0, 250, 5, 0, flags=INACTIVE),
        FOCUS_AUTO: Knob("Focus, Automatic Continuous", BOOLEAN, 0, 1, 1, 1),
        0x009A0920: Knob("Calibrate", BUTTON, 0, 0, 0, 0),
    }
    sizes = [(640, 480), (1280, 720), (1920, 1080), (2304, 1536)]
    return Device("HD Webcam", knobs, {"YUYV": sizes[:2], "MJPG": sizes}, serial="9A12")


def voice_coil_module() -> tuple[Device, Device]:
    """A camera module: the sensor's node has no focus, the lens is a device of its own."""
    lens = Device("dw9714", {FOCUS: Knob("Focus, Absolute", INTEGER, 0, 1023, 1, 0)}, {}, caps=0)
    camera = Device("imx519", {GAIN: Knob("Gain", INTEGER, 0, 100, 1, 10)}, {"YUYV": [(320, 240)]}, driver="unicam")
    camera.lens, camera.best = lens, 600
    return camera, lens


class TestKernel:
    """In the place of `LinuxKernel`."""

    __test__ = False

    def __init__(self, devices: dict[str, Device]) -> None:
        self.devices = devices
        self.open_nodes: dict[int, tuple[str, Stream]] = {}
        self.open_maps: list[Mapped] = []
        self._next = 10
        self._made: dict[tuple[object, ...], bytes] = {}
        self._scene = np.random.default_rng(1).integers(0, 255, (1536 // 4, 2304 // 4, 3), np.uint8)
        self._requests: dict[int, Callable[[Device, Stream, bytearray], None]] = {
            QUERYCAP: self._capability,
            ENUM_FMT: self._enumerate_formats,
            ENUM_FRAMESIZES: self._enumerate_sizes,
            S_FMT: self._set_format,
            REQBUFS: self._request_buffers,
            QUERYBUF: self._query_buffer,
            QBUF: self._queue,
            DQBUF: self._dequeue,
            STREAMON: self._start,
            STREAMOFF: self._stop,
            G_CTRL: self._get,
            S_CTRL: self._set,
            QUERYCTRL: self._query_control,
            QUERYMENU: self._query_menu,
        }

    # ---- what LinuxKernel offers

    def nodes(self, kind: str) -> Sequence[str]:
        return [node for node in self.devices if node.startswith(f"/dev/{kind}")]

    def serial(self, node: str) -> str:
        return self.devices[node].serial if node in self.devices else ""

    def open(self, node: str) -> int:
        if node not in self.devices:
            raise OSError(errno.ENOENT, "no such device", node)
        if self.devices[node].gone:
            raise OSError(errno.ENODEV, "gone", node)
        self._next += 1
        self.open_nodes[self._next] = (node, Stream())
        return self._next

    def close(self, descriptor: int) -> None:
        del self.open_nodes[descriptor]

    def ioctl(self, descriptor: int, request: int, structure: ctypes.Structure) -> None:
        node, stream = self.open_nodes[descriptor]
        device = self.devices[node]
        device.requests.append(request)
        if device.gone:
            raise OSError(device.gone, "gone", node)
        if request not in self._requests:
            raise OSError(errno.ENOTTY, "unknown request", node)
        if ctypes.sizeof(structure) != request >> 16 & 0x3FFF:
            raise AssertionError(f"{type(structure).__name__} has {ctypes.sizeof(structure)} bytes")
        data = bytearray(bytes(structure))
        self._requests[request](device, stream, data)
        ctypes.memmove(ctypes.addressof(structure), bytes(data), len(data))

    def map(self, descriptor: int, length: int, offset: int) -> Mapped:
        memory = self.open_nodes[descriptor][1].memory[offset // 4096]
        assert length == len(memory)
        return Mapped(memory, self.open_maps)

    def wait(self, descriptor: int, timeout_s: float) -> bool:
        node, stream = self.open_nodes[descriptor]
        device = self.devices[node]
        until = time.monotonic() + timeout_s
        while True:
            if device.gone:
                return True  # poll reports an error, the request after it says which
            self._expose(device, stream)
            if stream.filled:
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(0.002)

    # ---- requests

    def _capability(self, device: Device, stream: Stream, data: bytearray) -> None:
        caps = device.caps | 0x80000000
        struct.pack_into(
            "<16s32s32s3I", data, 0, device.driver.encode(), device.card.encode(), b"usb-1", 0, caps, device.caps
        )

    def _enumerate_formats(self, device: Device, stream: Stream, data: bytearray) -> None:
        index = struct.unpack_from("<I", data)[0]
        names = list(device.formats)
        if index >= len(names):
            raise OSError(errno.EINVAL, "no more")
        struct.pack_into("<32s4s", data, 12, names[index].encode(), names[index].encode())

    def _enumerate_sizes(self, device: Device, stream: Stream, data: bytearray) -> None:
        index, pixels = struct.unpack_from("<I4s", data)
        sizes = device.formats[pixels.decode()]
        if index >= len(sizes):
            raise OSError(errno.EINVAL, "no more")
        struct.pack_into("<III", data, 8, 1, *sizes[index])

    def _set_format(self, device: Device, stream: Stream, data: bytearray) -> None:
        if stream.on or stream.count:
            raise OSError(errno.EBUSY, "streaming")
        if device.busy:
            raise OSError(errno.EBUSY, "another program")
        width, height, pixels = struct.unpack_from("<II4s", data, 8)
        stream.format, stream.size = pixels.decode(), (width, height)
        depth = {"YUYV": 2, "UYVY": 2, "RGB3": 3, "BGR3": 3}.get(stream.format, 1)
        stream.stride = 0 if stream.format == "MJPG" else width * depth + device.stride_extra
        struct.pack_into("<I", data, 8 + 16, stream.stride)
        struct.pack_into("<I", data, 8 + 20, width * height * 4)

    def _request_buffers(self, device: Device, stream: Stream, data: bytearray) -> None:
        count, kind, memory = struct.unpack_from("<III", data)
        assert (kind, memory) == (1, 1)
        if count == 0:
            assert not self.open_maps, "buffers are given back while they are mapped"
        stream.count = count
        size = stream.size[0] * stream.size[1] * 4
        stream.memory = [bytearray(size) for _ in range(count)]
        stream.queue.clear()

    def _query_buffer(self, device: Device, stream: Stream, data: bytearray) -> None:
        index = struct.unpack_from("<I", data)[0]
        struct.pack_into("<I", data, 64, index * 4096)
        struct.pack_into("<I", data, 72, len(stream.memory[index]))

    def _queue(self, device: Device, stream: Stream, data: bytearray) -> None:
        index = struct.unpack_from("<I", data)[0]
        assert index < stream.count
        assert index not in stream.queue
        stream.queue.append(index)

    def _dequeue(self, device: Device, stream: Stream, data: bytearray) -> None:
        if not stream.filled:
            raise BlockingIOError(errno.EAGAIN, "nothing yet")
        index, used, moment, sequence, flags = stream.filled.pop(0)
        struct.pack_into("<5I", data, 0, index, 1, used, flags, 1)
        struct.pack_into("<qq", data, 24, int(moment), int(moment % 1 * 1e6))
        struct.pack_into("<I", data, 56, sequence)
        struct.pack_into("<I", data, 72, len(stream.memory[index]))

    def _start(self, device: Device, stream: Stream, data: bytearray) -> None:
        assert struct.unpack_from("<I", data)[0] == 1
        stream.on, stream.next_s = True, time.monotonic()

    def _stop(self, device: Device, stream: Stream, data: bytearray) -> None:
        stream.on = False
        stream.queue.clear()
        stream.filled.clear()

    def _get(self, device: Device, stream: Stream, data: bytearray) -> None:
        number = struct.unpack_from("<I", data)[0]
        if number not in device.knobs:
            raise OSError(errno.EINVAL, "no such control")
        struct.pack_into("<i", data, 4, device.knobs[number].value)

    def _set(self, device: Device, stream: Stream, data: bytearray) -> None:
        number, value = struct.unpack_from("<Ii", data)
        if number not in device.knobs:
            raise OSError(errno.EINVAL, "no such control")
        knob = device.knobs[number]
        if knob.flags & INACTIVE:
            raise OSError(errno.EACCES, "inactive")
        if number == FOCUS:
            device.moved_from, device.moved_at = knob.value, time.monotonic()
        knob.value = knob.low + (min(max(value, knob.low), knob.high) - knob.low) // knob.step * knob.step
        if number == FOCUS_AUTO and FOCUS in device.knobs:
            device.knobs[FOCUS].flags = INACTIVE if value else 0

    def _query_control(self, device: Device, stream: Stream, data: bytearray) -> None:
        number = struct.unpack_from("<I", data)[0]
        later = sorted(n for n in device.knobs if n > (number & ~NEXT)) if number & NEXT else [number]
        if not later or later[0] not in device.knobs:
            raise OSError(errno.EINVAL, "no more")
        knob = device.knobs[later[0]]
        name = knob.name.encode()
        struct.pack_into(
            "<II32siiiiI", data, 0, later[0], knob.type, name, knob.low, knob.high, knob.step, 0, knob.flags
        )

    def _query_menu(self, device: Device, stream: Stream, data: bytearray) -> None:
        number, index = struct.unpack_from("<II", data)
        item = device.knobs[number].menu.get(index)
        if item is None:
            raise OSError(errno.EINVAL, "a hole")
        if isinstance(item, int):
            struct.pack_into("<q", data, 8, item)
        else:
            struct.pack_into("<32s", data, 8, item.encode())

    # ---- light

    def _expose(self, device: Device, stream: Stream) -> None:
        """Fill buffers with the pictures that have been taken by now, at the camera's rate."""
        while stream.on and not device.silent and time.monotonic() >= stream.next_s:
            moment, stream.next_s = stream.next_s, stream.next_s + 1 / device.fps
            stream.sequence += 1
            if not stream.queue:
                continue
            index = stream.queue.pop(0)
            focus = device.focus_at(moment)
            device.taken.append(focus)
            data = self._picture(device, stream, focus)
            stream.memory[index][: len(data)] = data
            flags = 0x2000 if device.monotonic else 0x4000
            if device.damaged:
                device.damaged -= 1
                flags |= 0x40
            stream.filled.append((index, len(data), moment if device.monotonic else 1.0, stream.sequence, flags))

    def _picture(self, device: Device, stream: Stream, focus: int) -> bytes:
        """The picture at a focus; made once, so that a slow machine does not fall behind the camera's rate."""
        key = (device.lens is None, device.best, stream.size, stream.format, stream.stride, focus)
        if key not in self._made:
            self._made[key] = self._new_picture(device, stream, focus)
        return self._made[key]

    def _new_picture(self, device: Device, stream: Stream, focus: int) -> bytes:
        reach = 20 if device.lens is None else 80
        seen = cv2.resize(self._scene, stream.size, interpolation=cv2.INTER_NEAREST)
        sigma = abs(focus - device.best) / reach
        if sigma > 0.05:
            seen = cv2.GaussianBlur(seen, (0, 0), sigma)
        if stream.format == "MJPG":
            return bytes(cv2.imencode(".jpg", seen)[1].tobytes())
        plain = packed(seen, stream.format)
        padded = np.zeros((plain.shape[0], max(stream.stride, plain.shape[1])), np.uint8)
        padded[:, : plain.shape[1]] = plain
        return padded.tobytes()


def packed(rgb: Any, pixel_format: str) -> Any:
    """A picture [h, w, 3] in an uncompressed format, as lines of bytes."""
    height, width = rgb.shape[:2]
    if pixel_format == "RGB3":
        return rgb.reshape(height, width * 3)
    if pixel_format == "BGR3":
        return rgb[..., ::-1].reshape(height, width * 3)
    if pixel_format == "GREY":
        return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    if pixel_format == "NV12":
        planar = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)
        chroma = planar[height:].reshape(2, -1)
        return np.vstack([planar[:height], np.stack([chroma[0], chroma[1]], axis=-1).reshape(height // 2, width)])
    full = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    luma = full[..., 0] * 219 / 255 + 16
    chroma = (full[..., 1:] - 128) * 224 / 255 + 128
    v, u = chroma[:, ::2, 0], chroma[:, ::2, 1]
    order = [luma[:, ::2], u, luma[:, 1::2], v] if pixel_format == "YUYV" else [u, luma[:, ::2], v, luma[:, 1::2]]
    return np.clip(np.stack(order, axis=-1), 0, 255).astype(np.uint8).reshape(height, width * 2)
