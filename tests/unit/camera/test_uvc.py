"""USB cameras and camera modules, with a kernel of our own in the place of the real one (no such device is needed)."""

from __future__ import annotations

import ctypes
import errno
import itertools
import struct
import sys
import time

import cv2
import numpy as np
import pytest

from rvr_laaf_app.camera import uvc_ioctl as v4l2
from rvr_laaf_app.camera.base import BACKENDS, CameraBusy, CameraError, CameraGone, EndStop, NotOffered
from rvr_laaf_app.camera.uvc import UvcBackend
from rvr_laaf_app.camera.uvc_camera import UvcCamera
from rvr_laaf_app.camera.uvc_pictures import PLAIN, plain_rgb
from rvr_laaf_app.core.errors import UsageError
from tests.peers import v4l2_kernel as fake
from tests.peers.v4l2_kernel import Device, TestKernel, packed, voice_coil_module, webcam

pytestmark = pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="the layouts are those of 64-bit kernels")


def kernel(**devices: Device) -> TestKernel:
    return TestKernel({f"/dev/{name.replace('_', '-')}": device for name, device in devices.items()})


def opened(system: TestKernel, camera_id: str = "uvc:/dev/video0") -> UvcCamera:
    camera = UvcBackend(system).make(camera_id)
    assert isinstance(camera, UvcCamera)
    camera.open()
    return camera


def sharpness(rgb: np.ndarray) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def test_request_numbers_and_layouts_are_the_kernels() -> None:
    """Against the numbers of linux/videodev2.h (each holds the size of its structure) and the offsets of fields."""
    names = [n for n in dir(fake) if n.isupper() and isinstance(getattr(fake, n), int) and hasattr(v4l2, n)]
    assert len(names) >= 14
    assert {n: hex(getattr(v4l2, n)) for n in names} == {n: hex(getattr(fake, n)) for n in names}
    buffer = v4l2.Buffer
    assert (buffer.timestamp.offset, buffer.sequence.offset, buffer.m.offset, buffer.length.offset) == (24, 56, 64, 72)
    assert v4l2.Format.fmt.offset == 8
    assert (v4l2.QueryControl.minimum.offset, v4l2.QueryControl.flags.offset) == (40, 56)
    assert (v4l2.FOCUS_ABSOLUTE, v4l2.FOCUS_AUTO) == (fake.FOCUS, fake.FOCUS_AUTO)


def test_cameras_are_found_without_starting_them() -> None:
    module, lens = voice_coil_module()
    data_only = Device("HD Webcam", {}, {}, caps=0x04A00000)
    system = kernel(video0=webcam(), video1=data_only, video2=module, v4l_subdev0=lens)
    found = {info.id: info for info in UvcBackend(system).find()}
    assert list(found) == ["uvc:/dev/video0", "uvc:/dev/video2+/dev/v4l-subdev0"]
    assert (found["uvc:/dev/video0"].name, found["uvc:/dev/video0"].serial) == ("HD Webcam", "9A12")
    assert found["uvc:/dev/video2+/dev/v4l-subdev0"].note == "voice-coil lens"
    assert not any(info.simulated for info in found.values())
    assert not system.open_nodes
    assert fake.STREAMON not in system.devices["/dev/video0"].requests
    system.devices["/dev/video0"].gone = errno.ENODEV
    assert [info.id for info in UvcBackend(system).find()] == ["uvc:/dev/video2+/dev/v4l-subdev0"]


def test_without_devices_nothing_is_found() -> None:
    assert UvcBackend(kernel()).find() == []
    if sys.platform.startswith("linux"):
        assert isinstance(BACKENDS.load("uvc")().find(), list)  # the real kernel of this machine


@pytest.mark.parametrize("which", ["of its own", "sub-device"])
def test_a_sweep_finds_the_sharpest_position(which: str) -> None:
    module, lens = voice_coil_module()
    camera = (
        opened(kernel(video0=webcam()))
        if which == "of its own"
        else opened(kernel(video0=module, v4l_subdev0=lens), "uvc:/dev/video0+/dev/v4l-subdev0")
    )
    drive = camera.focus_drive
    assert (drive.kind, drive.reads_back, drive.near_is_low) == ("absolute", True, False)
    assert (drive.minimum, drive.maximum, drive.step) == ((0, 250, 5) if which == "of its own" else (0, 1023, 1))
    best = 120 if which == "of its own" else 600
    positions = [best + k * (30 if best == 120 else 120) for k in range(-3, 4)]
    curve = []
    for position in positions:
        camera.drive_to(position)
        frame = camera.live_frame()
        assert frame.position == position
        curve.append(sharpness(frame.rgb))
    assert positions[int(np.argmax(curve))] == best
    assert all(a < b for a, b in itertools.pairwise(curve[:4]))
    assert all(a > b for a, b in itertools.pairwise(curve[3:]))
    camera.drive_by(10)  # towards far: smaller positions
    assert camera.position() == positions[-1] - 10
    for beyond in (drive.maximum + 1 if drive.maximum is not None else 0, -1):
        with pytest.raises(EndStop):
            camera.drive_to(beyond)
    camera.close()


@pytest.mark.parametrize("monotonic", [True, False])
def test_a_picture_is_never_from_before_the_drive(monotonic: bool) -> None:
    device = webcam()
    device.latency_s, device.monotonic = 0.06, monotonic
    camera = opened(kernel(video0=device))
    camera.drive_to(120)
    sharp = sharpness(camera.live_frame().rgb)
    time.sleep(0.05)  # the buffers fill up with pictures of this position
    for _ in range(3):
        camera.drive_to(200)
        assert sharpness(camera.live_frame().rgb) < sharp / 4
        camera.drive_to(120)
        assert sharpness(camera.live_frame().rgb) > sharp / 2
    camera.close()


def test_autofocus_is_off_while_held_and_back_afterwards() -> None:
    device = webcam()
    camera = opened(kernel(video0=device))
    assert device.knobs[fake.FOCUS_AUTO].value == 0
    camera.drive_to(100)
    assert device.knobs[fake.FOCUS].value == 100
    camera.drive_to(103)  # the driver has steps of five
    assert camera.position() == 105
    camera.close()
    assert device.knobs[fake.FOCUS_AUTO].value == 1
    camera.close()


def test_a_lens_that_does_not_go_is_told() -> None:
    device = webcam()
    camera = opened(kernel(video0=device))
    camera.drive_to(50)
    device.knobs[fake.FOCUS].high = 60  # the driver cuts off silently
    with pytest.raises(CameraError, match="stands at 60 instead of 200"):
        camera.drive_to(200)
    camera.close()


def test_settings() -> None:
    device = webcam()
    camera = opened(kernel(video0=device))
    shown = {c.name: c for c in camera.controls()}
    assert list(shown) == [
        "size",
        "brightness",
        "gain",
        "power_line_frequency",
        "bitrate",
        "auto_exposure",
        "exposure_time_absolute",
    ]
    assert shown["power_line_frequency"].choices == ("Disabled", "50 Hz", "60 Hz")
    assert shown["auto_exposure"].choices == ("Manual Mode", "Aperture Priority Mode")  # the menu has holes
    assert shown["bitrate"].choices == ("1000000", "5000000000")
    assert shown["exposure_time_absolute"].read_only
    camera.set_control("auto_exposure", "Manual Mode")
    assert device.knobs[fake.EXPOSURE_AUTO].value == 1
    device.knobs[fake.EXPOSURE].flags = 0
    camera.set_control("exposure_time_absolute", 500)
    camera.set_control("gain", 40.0)
    assert (device.knobs[fake.EXPOSURE].value, device.knobs[fake.GAIN].value) == (500, 40)
    for name, value in [("gain", 101), ("auto_exposure", "Auto"), ("size", "1x1")]:
        with pytest.raises(UsageError):
            camera.set_control(name, value)
    with pytest.raises(NotOffered):
        camera.set_control("zoom", 1)
    assert shown["size"].value == "1920x1080"
    camera.live_frame()
    camera.set_control("size", "640x480")
    assert camera.live_frame().rgb.shape == (480, 640, 3)
    camera.close()


def test_stills_are_the_cameras_own_jpeg() -> None:
    camera = opened(kernel(video0=webcam()))
    still = camera.capture_still()
    assert still.suffix == ".jpg"
    assert still.position == 0
    picture = cv2.imdecode(np.frombuffer(still.data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (1080, 1920, 3)
    camera.close()


@pytest.mark.parametrize("pixel_format", PLAIN)
@pytest.mark.parametrize("extra", [0, 16])
def test_uncompressed_pictures(pixel_format: str, extra: int) -> None:
    device = webcam()
    device.formats = {pixel_format: [(320, 240)]}
    device.stride_extra = extra
    device.knobs[fake.FOCUS].value = device.best
    camera = opened(kernel(video0=device))
    frame = camera.live_frame()
    assert frame.rgb.shape == (240, 320, 3)
    still = camera.capture_still()
    assert still.suffix == ".png"
    decoded = cv2.imdecode(np.frombuffer(still.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(decoded.astype(int) - frame.rgb).max() <= 2
    camera.close()


@pytest.mark.parametrize("pixel_format", PLAIN)
def test_colours_of_uncompressed_pictures(pixel_format: str) -> None:
    rgb = np.zeros((32, 64, 3), np.uint8)
    rgb[:, :32], rgb[:, 32:] = (200, 60, 40), (30, 90, 220)
    if pixel_format == "GREY":
        rgb[:] = rgb.mean(axis=2, keepdims=True)
    lines = packed(rgb, pixel_format)
    found = plain_rgb(lines.tobytes(), pixel_format, (64, 32), lines.shape[1])
    assert np.abs(found[8:24, 8:24].astype(int) - rgb[8:24, 8:24]).max() < 6
    assert np.abs(found[8:24, 40:56].astype(int) - rgb[8:24, 40:56]).max() < 6
    with pytest.raises(CameraError, match="incomplete"):
        plain_rgb(lines.tobytes()[:-1], pixel_format, (64, 32), lines.shape[1])


def test_damaged_pictures_are_left_out() -> None:
    device = webcam()
    camera = opened(kernel(video0=device))
    camera.live_frame()
    device.damaged = 4
    assert camera.live_frame().rgb.any()
    camera.close()


@pytest.mark.parametrize("gone", [errno.ENODEV, errno.EIO])
@pytest.mark.parametrize("call", ["live_frame", "capture_still", "position", "controls", "drive"])
def test_unplugged_at_any_moment(gone: int, call: str) -> None:
    device = webcam()
    system = kernel(video0=device)
    camera = opened(system)
    camera.live_frame()
    device.gone = gone
    with pytest.raises(CameraGone):
        camera.drive_to(50) if call == "drive" else getattr(camera, call)()
    camera.close()
    assert not system.open_nodes
    assert not system.open_maps
    device.gone = 0
    system.devices["/dev/video4"] = system.devices.pop("/dev/video0")  # plugged in again, at another node
    camera.open()
    assert camera.live_frame().rgb.any()
    camera.close()


def test_a_camera_that_sends_nothing_is_noticed() -> None:
    device = webcam()
    camera = opened(kernel(video0=device))
    device.silent = True
    with pytest.raises(CameraGone):
        camera.live_frame()
    camera.close()


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.EACCES, CameraBusy, "group"),
        (errno.EBUSY, CameraBusy, "another program"),
        (errno.ENOSPC, CameraBusy, "USB bus"),
        (errno.ENODEV, CameraGone, "not there"),
    ],
)
def test_errors_say_what_to_do(number: int, kind: type[CameraError], words: str) -> None:
    class Refusing(TestKernel):
        def open(self, node: str) -> int:
            raise OSError(number, "no", node)

    camera = UvcBackend(Refusing({"/dev/video0": webcam()})).make("uvc:/dev/video0")
    with pytest.raises(kind, match=words):
        camera.open()


def test_a_camera_in_use_is_busy_and_left_closed() -> None:
    device = webcam()
    device.busy = True
    system = kernel(video0=device)
    camera = UvcBackend(system).make("uvc:/dev/video0")
    with pytest.raises(CameraBusy):
        camera.open()
    assert not system.open_nodes
    with pytest.raises(CameraGone, match="not open"):
        camera.live_frame()


def test_a_camera_without_a_driven_lens() -> None:
    device = webcam()
    del device.knobs[fake.FOCUS]
    del device.knobs[fake.FOCUS_AUTO]
    camera = opened(kernel(video0=device))
    assert camera.focus_drive.kind == "none"
    assert camera.position() is None
    for wrong in (lambda: camera.drive_to(3), lambda: camera.drive_by(3)):
        with pytest.raises(NotOffered):
            wrong()
    assert camera.live_frame().position is None
    camera.close()


def test_formats_that_cannot_be_used_are_told() -> None:
    device = webcam()
    device.formats = {"BA81": [(640, 480)]}
    with pytest.raises(NotOffered, match="BA81"):
        opened(kernel(video0=device))


def test_addresses() -> None:
    backend = UvcBackend(kernel())
    for wrong in ("uvc:", "uvc:0", "uvc:/etc/passwd", "uvc:/dev/video0+/dev/video1", "gphoto:/dev/video0"):
        with pytest.raises(UsageError):
            backend.make(wrong)


def test_ranges_of_sizes_are_listed_by_halves() -> None:
    class Stepwise(TestKernel):
        def _enumerate_sizes(self, device: Device, stream: fake.Stream, data: bytearray) -> None:
            if struct.unpack_from("<I", data)[0]:
                raise OSError(errno.EINVAL, "no more")
            struct.pack_into("<7I", data, 8, 3, 64, 2592, 16, 64, 1944, 8)

    device = webcam()
    camera = opened(Stepwise({"/dev/video0": device}))
    sizes = next(c for c in camera.controls() if c.name == "size")
    assert sizes.choices[0] == "2592x1944"
    assert all(int(w) % 16 == 0 for w in (s.split("x")[0] for s in sizes.choices))
    assert sizes.value == sizes.choices[1]
    camera.close()
