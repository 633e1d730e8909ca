"""A camera behind V4L2 (USB video class, or a module with a voice-coil lens) as a `Camera`.

The lens is driven by focus_absolute, of the video device itself or of a lens sub-device (/dev/v4l-subdev*, the voice
coils of camera modules). By the kernel's definition larger values focus closer, so positions grow from far to near.
The camera's own autofocus is switched off while it is held and put back afterwards.
"""

from __future__ import annotations

import contextlib
import errno
import re
import time
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera import uvc_ioctl as v4l2
from rvr_laaf_app.camera.base import (
    DEADLINE_S,
    CameraBusy,
    CameraError,
    CameraGone,
    CameraInfo,
    Control,
    EndStop,
    FocusDrive,
    LiveFrame,
    NotOffered,
    Still,
)
from rvr_laaf_app.camera.gphoto_settings import check_value
from rvr_laaf_app.camera.picture_bytes import decode_jpeg, encode_png
from rvr_laaf_app.camera.uvc_device import DeviceControl, Node, Picture
from rvr_laaf_app.camera.uvc_ioctl import Kernel
from rvr_laaf_app.camera.uvc_pictures import PLAIN, plain_rgb

SETTLE_S: Final = 0.1  # a voice coil rings for some tens of milliseconds
_EXPOSURE_S: Final = 0.05  # a picture is stamped at its end; the light fell on it before
_COMPRESSED: Final = ("MJPG", "JPEG")
_LIVE_PIXELS: Final = {True: 1920 * 1080, False: 1280 * 720}  # compressed or not: what USB carries at a full rate
_FOCUS: Final = (v4l2.FOCUS_ABSOLUTE, v4l2.FOCUS_AUTO)
_PLUG: Final = "Check the cable and connect it again."
_GONE: Final = (errno.ENODEV, errno.ENXIO, errno.EIO, errno.ENOENT, errno.EPROTO, errno.ETIMEDOUT, errno.EBADF)


class UvcCamera:
    """One V4L2 capture device and, if it has none of its own, the lens sub-device that focuses it."""

    def __init__(self, info: CameraInfo, kernel: Kernel, node: str, *, lens: str = "") -> None:
        self.info = info
        self._kernel = kernel
        self._path = node
        self._lens_path = lens
        self._node: Node | None = None
        self._lens: Node | None = None
        self._focus: DeviceControl | None = None
        self._auto_before: int | None = None
        self._listed: dict[str, DeviceControl] = {}
        self._format = ""
        self._size = (0, 0)
        self._stride = 0
        self._fresh_from_s = 0.0
        self._drop = 0
        self._number = 0

    # ---- holding

    def open(self) -> None:
        """Take hold of the device with the same serial number, at whatever node it is now; switch autofocus off."""
        self.close()
        with self._errors():
            try:
                self._node = Node(self._kernel, self._present_path())
                self._choose_format()
                self._find_lens()
                self._listed = {_name(c): c for c in self._node.controls()}
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Put autofocus back and let the device go."""
        lens, node = self._lens, self._node
        if lens is not None and self._auto_before is not None:
            with contextlib.suppress(OSError):
                lens.set(v4l2.FOCUS_AUTO, self._auto_before)
        self._lens = self._node = self._focus = self._auto_before = None
        for held in (lens, node):
            if held is not None:
                held.close()

    def _present_path(self) -> str:
        if not self.info.serial or self._kernel.serial(self._path) == self.info.serial:
            return self._path
        for path in self._kernel.nodes("video"):
            if self._kernel.serial(path) == self.info.serial and can_capture(self._kernel, path):
                self._path = path
                return path
        raise FileNotFoundError(errno.ENOENT, "not connected", self._path)

    def _choose_format(self) -> None:
        node = self._open_node()
        offered = node.formats()
        usable = [f for f in (*_COMPRESSED, *PLAIN) if f in offered]
        if not usable:
            shown = ", ".join(offered) or "none"
            raise NotOffered(f"the camera offers no usable picture format ({shown})", where=self.info.name)
        most = _LIVE_PIXELS[usable[0] in _COMPRESSED]
        sizes = sorted(node.sizes(usable[0]), key=lambda s: s[0] * s[1])
        fitting = [s for s in sizes if s[0] * s[1] <= most]
        self._use_format(usable[0], (fitting or sizes or [(640, 480)])[-1 if fitting else 0])

    def _use_format(self, pixel_format: str, size: tuple[int, int]) -> None:
        made = self._open_node().use_format(pixel_format, size)
        self._format = pixel_format
        self._size = (int(made.width), int(made.height))
        self._stride = int(made.bytesperline)

    def _find_lens(self) -> None:
        node = self._open_node()
        self._lens, self._focus = node, _focus_of(node)
        if self._focus is None and self._lens_path:
            self._lens = Node(self._kernel, self._lens_path)
            self._focus = _focus_of(self._lens)
        if self._focus is None:
            return
        with contextlib.suppress(OSError):  # not every lens has it
            self._auto_before = self._lens.get(v4l2.FOCUS_AUTO)
            self._lens.set(v4l2.FOCUS_AUTO, 0)

    # ---- settings

    def controls(self) -> tuple[Control, ...]:
        """Return the picture size and all controls of the driver but focus."""
        with self._errors():
            node = self._open_node()
            self._listed = {_name(c): c for c in node.controls()}
            shown = [_control(name, c, node.get(c.id)) for name, c in self._listed.items() if c.id not in _FOCUS]
            sizes = tuple(_size_text(s) for s in node.sizes(self._format))
        here = _size_text(self._size)
        size = Control("size", "Picture size", "choice", here, choices=sizes or (here,), read_only=len(sizes) < 2)
        return (size, *shown)

    def set_control(self, name: str, value: float | str | bool) -> None:
        """Set one control; UsageError for a value outside what was advertised."""
        control = next((c for c in self.controls() if c.name == name), None)
        if control is None:
            raise NotOffered(f"the camera has no setting {name!r}", where=self.info.name)
        checked = check_value(control, value)
        with self._errors():
            node = self._open_node()
            if name == "size":
                node.stop()
                width, _, height = str(checked).partition("x")
                self._use_format(self._format, (int(width), int(height)))
                return
            found = self._listed[name]
            number = next((i for i, word in found.menu if word == checked), None) if found.menu else int(float(checked))
            node.set(found.id, number if number is not None else found.minimum)

    # ---- focus

    @property
    def focus_drive(self) -> FocusDrive:
        """The range of focus_absolute."""
        focus = self._focus
        if focus is None:
            return FocusDrive("none")
        return FocusDrive(
            "absolute",
            focus.minimum,
            focus.maximum,
            step=focus.step,
            reads_back=True,
            settle_s=SETTLE_S,
            near_is_low=False,
        )

    def position(self) -> int | None:
        """Return where the lens says it is."""
        if self._lens is None or self._focus is None:
            return None
        with self._errors():
            return self._lens.get(v4l2.FOCUS_ABSOLUTE)

    def drive_to(self, position: int) -> None:
        """Drive to a position (rounded to the driver's step) and check that the driver took it."""
        lens, focus = self._lens, self._focus
        if lens is None or focus is None:
            raise NotOffered("the lens of this camera is focused by hand", where=self.info.name)
        if not focus.minimum <= position <= focus.maximum:
            raise EndStop(f"the lens goes from {focus.minimum} to {focus.maximum}", where=self.info.name)
        wanted = min(focus.minimum + round((position - focus.minimum) / focus.step) * focus.step, focus.maximum)
        with self._errors():
            lens.set(v4l2.FOCUS_ABSOLUTE, wanted)
            reached = lens.get(v4l2.FOCUS_ABSOLUTE)
        self._fresh_from_s = time.monotonic() + SETTLE_S + _EXPOSURE_S
        self._drop = 2 + 1  # the buffers that may hold older pictures, where the driver's clock is another
        if abs(reached - wanted) > focus.step:
            raise CameraError(f"the lens stands at {reached} instead of {wanted}", where=self.info.name)

    def drive_by(self, steps: int) -> None:
        """Drive so many steps from here, positive towards far (smaller positions)."""
        here = self.position()
        if here is None:
            raise NotOffered("the lens of this camera is focused by hand", where=self.info.name)
        self.drive_to(here - steps)

    # ---- pictures

    def live_frame(self) -> LiveFrame:
        """Return the newest picture; one whose light fell before the last drive was over is left out."""
        with self._errors():
            picture = self._fresh()
        position = self.position()
        self._number += 1
        return LiveFrame(self._rgb(picture.data), self._number, time.monotonic(), position)

    def capture_still(self) -> Still:
        """Return a picture of the stream: the camera's own JPEG, or a PNG where it sends none."""
        with self._errors():
            picture = self._fresh()
        position = self.position()
        if self._format in _COMPRESSED:
            decode_jpeg(picture.data, self.info.name)  # a damaged one is told here, not later
            return Still(picture.data, ".jpg", position)
        return Still(encode_png(self._rgb(picture.data)), ".png", position)

    def _fresh(self) -> Picture:
        node = self._open_node()
        node.start()
        until = time.monotonic() + DEADLINE_S
        newest: Picture | None = None
        while newest is None or node.wait(0.0):
            left = until - time.monotonic()
            if left <= 0 or not node.wait(left):
                if newest is not None:
                    break
                raise TimeoutError(errno.ETIMEDOUT, "no picture", self._path)
            taken = node.take()
            if taken is not None and self._is_fresh(taken):
                newest = taken
        return newest

    def _is_fresh(self, picture: Picture) -> bool:
        if picture.monotonic_s is not None:
            return picture.monotonic_s >= self._fresh_from_s
        if self._drop and time.monotonic() < self._fresh_from_s + DEADLINE_S:
            self._drop -= 1
            return False
        return time.monotonic() >= self._fresh_from_s

    def _rgb(self, data: bytes) -> NDArray[np.uint8]:
        if self._format in _COMPRESSED:
            return decode_jpeg(data, self.info.name)
        return plain_rgb(data, self._format, self._size, self._stride)

    # ---- errors

    def _open_node(self) -> Node:
        if self._node is None:
            raise CameraGone("the camera is not open", where=self.info.name)
        return self._node

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise meaning(error, self.info.name) from error


def meaning(error: OSError, name: str) -> CameraError:
    """Return the error of our family that a system error stands for."""
    if error.errno in (errno.EACCES, errno.EPERM):
        remedy = 'Add yourself to the group "video" (sudo usermod -aG video $USER) and log in again.'
        return CameraBusy("you may not use this camera", where=name, remedy=remedy)
    if error.errno == errno.EBUSY:
        return CameraBusy("another program uses the camera", where=name, remedy="Close it.")
    if error.errno == errno.ENOSPC:
        remedy = "Choose a smaller picture size, or plug other cameras into another USB port."
        return CameraBusy("the USB bus has no room for this picture size", where=name, remedy=remedy)
    if error.errno in _GONE:
        return CameraGone("the camera is not there any more", where=name, remedy=_PLUG)
    if error.errno in (errno.EINVAL, errno.ERANGE, errno.ENOTTY):
        return NotOffered("the camera does not offer that", where=name)
    return CameraError(f"the camera refused: {error.strerror or error}", where=name)


def can_capture(kernel: Kernel, path: str) -> bool:
    """True if pictures can be streamed from this node (USB cameras have a second one for data only)."""
    return capability(kernel, path) is not None


def capability(kernel: Kernel, path: str) -> v4l2.Capability | None:
    """Return the abilities of a capture device; None for other nodes and for those that cannot be opened."""
    try:
        node = Node(kernel, path)
    except OSError:
        return None
    try:
        found = node.capability()
    except OSError:
        return None
    finally:
        node.close()
    wanted = v4l2.CAN_CAPTURE | v4l2.CAN_STREAM
    return found if found.device_caps & wanted == wanted else None


def can_focus(kernel: Kernel, path: str) -> bool:
    """True if a node has a lens that takes positions."""
    try:
        node = Node(kernel, path)
    except OSError:
        return False
    try:
        return _focus_of(node) is not None
    except OSError:
        return False
    finally:
        node.close()


def _focus_of(node: Node) -> DeviceControl | None:
    return next((c for c in node.controls() if c.id == v4l2.FOCUS_ABSOLUTE and c.maximum > c.minimum), None)


def _name(control: DeviceControl) -> str:
    """The name as the v4l2 tools write it: "Exposure Time, Absolute" -> "exposure_time_absolute"."""
    return re.sub(r"[^a-z0-9]+", "_", control.name.lower()).strip("_") or f"control_{control.id:08x}"


def _control(name: str, found: DeviceControl, value: int) -> Control:
    read_only = found.read_only or found.inactive
    if found.kind == "switch":
        return Control(name, found.name, "switch", bool(value), read_only=read_only)
    if found.kind == "choice":
        words = dict(found.menu)
        choices = tuple(words.values())
        return Control(name, found.name, "choice", words.get(value, str(value)), choices=choices, read_only=read_only)
    low, high, step = float(found.minimum), float(found.maximum), float(found.step)
    return Control(name, found.name, "range", float(value), low, high, step, read_only=read_only)


def _size_text(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
