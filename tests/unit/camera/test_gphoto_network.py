"""A camera on the network driven by the real libgphoto2: live view, motor, pictures, and every fault we can make."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Iterator

import cv2
import numpy as np
import psutil
import pytest

from rvr_laaf_app.camera.base import (
    CameraBusy,
    CameraError,
    CameraGone,
    CardFull,
    EndStop,
    NotOffered,
)
from rvr_laaf_app.core.errors import UsageError
from tests.peers.ptpip_camera import DRIVE, GET_OBJECT, LIVE_PICTURE, READY, SHOOT, NetworkCamera

pytest.importorskip("gphoto2", reason="the optional package gphoto2 is not installed")

from rvr_laaf_app.camera.gphoto import ADDRESSES, GphotoBackend
from rvr_laaf_app.camera.gphoto_camera import GphotoCamera

NOTICED_S = 3.0


@pytest.fixture(scope="module")
def running() -> Iterator[list[NetworkCamera]]:
    """The peer that tests share; one that a test killed is started anew by the next."""
    shared = [NetworkCamera()]
    yield shared
    shared[0].__exit__(None, None, None)


@pytest.fixture
def peer(running: list[NetworkCamera]) -> NetworkCamera:
    if running[0].process.poll() is None:
        running[0].tell(reset=True)
    else:
        running[0].__exit__(None, None, None)
        running[0] = NetworkCamera()
    return running[0]


@pytest.fixture
def camera(peer: NetworkCamera) -> Iterator[GphotoCamera]:
    found = GphotoBackend().make(f"gphoto:{peer.address}")
    found.open()
    yield found
    found.close()


def sharpness(camera: GphotoCamera) -> float:
    grey = cv2.cvtColor(camera.live_frame().rgb, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def test_the_camera_says_who_it_is_and_what_it_can(camera: GphotoCamera, peer: NetworkCamera) -> None:
    assert camera.info.name == "Nikon Corporation Loopback"
    assert camera.info.serial == "L0012"
    assert not camera.info.simulated
    assert camera.battery() == "battery 80%"
    assert camera.focus_drive.kind == "relative"
    assert camera.focus_drive.minimum is None
    assert camera.position() is None
    shown = {c.name: c for c in camera.controls()}
    assert shown["iso"].choices == ("100", "200", "400", "800")
    camera.set_control("iso", "400")
    assert peer.tell(ask=True)["iso"] == 400
    assert next(c.value for c in camera.controls() if c.name == "iso") == "400"
    with pytest.raises(UsageError, match="400"):
        camera.set_control("iso", "125")
    with pytest.raises(NotOffered):
        camera.set_control("zoom", 3)
    with pytest.raises(NotOffered):
        camera.drive_to(100)


def test_a_sweep_finds_where_the_lens_is_sharp(camera: GphotoCamera, peer: NetworkCamera) -> None:
    """Lens at 1000, the scene at 400: sixteen pictures from the far side to the near end, a hundred steps apart."""
    curve = []
    numbers = []
    for _ in range(10):
        curve.append(sharpness(camera))
        numbers.append(camera.live_frame().number)
        camera.drive_by(-100)
    assert int(np.argmax(curve)) == 6
    assert curve[6] > 5 * max(curve[5], curve[7])
    assert numbers == sorted(set(numbers))
    state = peer.tell(ask=True)
    assert (state["lens"], state["drives"]) == (0, 10)
    with pytest.raises(EndStop):
        camera.drive_by(-100)
    camera.drive_by(0)
    camera.drive_by(400)
    assert peer.tell(ask=True)["lens"] == 400
    assert sharpness(camera) == pytest.approx(curve[6], rel=0.01)
    frame = camera.live_frame()
    assert frame.rgb.shape == (360, 640, 3)
    assert frame.rgb.dtype == np.uint8
    assert frame.position is None


@pytest.mark.parametrize("plain", [0, 1])
def test_stills_are_the_cameras_own_bytes(plain: int) -> None:
    """By Nikon's own way to take a picture, and by the standard's."""
    with NetworkCamera(plain=plain) as peer:
        camera = GphotoBackend().make(f"gphoto:{peer.address}")
        camera.open()
        camera.set_control("capturetarget", "Memory card")
        first = camera.capture_still()
        assert (first.name, first.suffix, camera.companions) == ("DSC_0001.JPG", ".jpg", ())
        stored = peer.tell(ask=True)["objects"]
        assert hashlib.sha256(first.data).hexdigest() == stored["DSC_0001.JPG"]  # and it is still on the card
        camera.close()


def test_raw_and_jpeg_come_both(camera: GphotoCamera, peer: NetworkCamera) -> None:
    camera.set_control("capturetarget", "Memory card")
    camera.live_frame()
    peer.tell(set={"raw": True})
    for number in (1, 2):
        still = camera.capture_still()
        assert (still.name, still.suffix) == (f"DSC_000{number}.JPG", ".jpg")
        (raw,) = camera.companions
        assert (raw.name, raw.suffix) == (f"DSC_000{number}.NEF", ".nef")
        stored = peer.tell(ask=True)["objects"]
        assert hashlib.sha256(still.data).hexdigest() == stored[still.name]
        assert hashlib.sha256(raw.data).hexdigest() == stored[raw.name]


def test_pictures_in_the_cameras_memory_do_not_fill_it(camera: GphotoCamera, peer: NetworkCamera) -> None:
    camera.set_control("capturetarget", "Internal RAM")
    for _ in range(3):
        still = camera.capture_still()
        assert still.suffix == ".jpg"
        assert still.data[:2] == b"\xff\xd8"
        assert peer.tell(ask=True)["objects"] == {}


def test_a_full_card_is_told_and_the_camera_goes_on(camera: GphotoCamera, peer: NetworkCamera) -> None:
    camera.set_control("capturetarget", "Memory card")
    peer.tell(set={"free_bytes": 0})
    with pytest.raises(CardFull):
        camera.capture_still()
    assert camera.live_frame().rgb.any()
    peer.tell(set={"free_bytes": 1 << 33})
    assert camera.capture_still().data


def test_a_busy_camera_is_asked_again_then_told(camera: GphotoCamera, peer: NetworkCamera) -> None:
    camera.live_frame()
    peer.fault("busy", DRIVE, times=3)
    camera.drive_by(-30)
    assert peer.tell(ask=True)["lens"] == 970
    peer.fault("busy", DRIVE, times=10_000)
    with pytest.raises(CameraBusy):
        camera.drive_by(-30)
    assert peer.tell(set={"rules": []})["lens"] == 970
    camera.drive_by(-30)
    assert peer.tell(ask=True)["lens"] == 940


def test_a_slow_motor_is_waited_for_and_sent_off_once(camera: GphotoCamera, peer: NetworkCamera) -> None:
    camera.live_frame()
    peer.tell(set={"motor_s": 2.2})
    began = time.monotonic()
    camera.drive_by(-50)
    assert time.monotonic() - began > 2.1
    state = peer.tell(set={"motor_s": 0.0})
    assert (state["lens"], state["drives"]) == (950, 1)


def test_a_step_too_small_for_the_motor_is_told_apart_from_the_end(camera: GphotoCamera, peer: NetworkCamera) -> None:
    camera.live_frame()
    peer.tell(set={"smallest_step": 5})
    assert camera.focus_drive.step == 1
    with pytest.raises(CameraError, match="so small a step"):
        camera.drive_by(-2)
    assert camera.focus_drive.step > 2
    camera.drive_by(-5)
    assert peer.tell(ask=True)["lens"] == 995


def test_live_view_that_ended_by_itself_is_started_again(camera: GphotoCamera, peer: NetworkCamera) -> None:
    camera.live_frame()
    peer.tell(set={"live": False})
    camera.drive_by(-100)
    state = peer.tell(ask=True)
    assert (state["lens"], state["live"]) == (900, True)


def test_a_damaged_live_picture_is_asked_for_again(camera: GphotoCamera, peer: NetworkCamera) -> None:
    camera.live_frame()
    peer.fault("garbage", LIVE_PICTURE)
    assert camera.live_frame().rgb.shape == (360, 640, 3)
    peer.fault("garbage", LIVE_PICTURE, times=100)
    with pytest.raises(CameraError) as told:
        camera.live_frame()
    assert not isinstance(told.value, CameraGone)
    peer.tell(set={"rules": []})
    assert camera.live_frame().rgb.any()


@pytest.mark.parametrize(
    ("fault", "operation"),
    [
        *[("die", operation) for operation in (LIVE_PICTURE, DRIVE, SHOOT, GET_OBJECT)],
        *[("cut", operation) for operation in (LIVE_PICTURE, READY, GET_OBJECT)],
        *[("hang", operation) for operation in (LIVE_PICTURE, DRIVE, SHOOT)],
    ],
)
def test_a_lost_camera_is_noticed_in_time_and_can_be_opened_again(
    camera: GphotoCamera, peer: NetworkCamera, operation: int, fault: str
) -> None:
    camera.live_frame()
    peer.fault(fault, operation)
    calls = {
        DRIVE: lambda: camera.drive_by(-100),
        READY: lambda: camera.drive_by(-100),
        LIVE_PICTURE: camera.live_frame,
    }
    with pytest.raises(CameraGone):
        calls.get(operation, camera.capture_still)()
    with pytest.raises(CameraGone):
        camera.live_frame()
    if fault == "die":
        peer.process.wait()
        with NetworkCamera(port=peer.port, lens=700):
            camera.open()
            assert camera.live_frame().rgb.any()
            camera.drive_by(-100)
            camera.close()
    else:
        camera.open()
        assert camera.live_frame().rgb.any()


@pytest.mark.slow
def test_a_sweep_survives_unplugging_at_every_step(peer: NetworkCamera) -> None:
    """The camera dies at each call of a small sweep in turn; after opening it again the sweep goes on to its end."""
    camera = GphotoBackend().make(f"gphoto:{peer.address}")
    camera.open()
    camera.live_frame()
    before = peer.tell(ask=True)["calls"]
    for _ in range(2):
        camera.capture_still()
        camera.drive_by(-100)
    calls = peer.tell(ask=True)["calls"] - before
    camera.close()
    assert calls > 8
    port = peer.port
    peer.kill()
    lost = 0
    for nth in range(1, calls + 1, 5):
        with NetworkCamera(port=port) as plugged:
            camera.open()
            camera.live_frame()
            plugged.fault("die", None, nth=nth)
            stills = 0
            try:
                for _ in range(2):
                    stills += bool(camera.capture_still().data)
                    camera.drive_by(-100)
            except CameraGone:
                lost += 1
            plugged.process.wait(5)
        with NetworkCamera(port=port):
            camera.open()
            while stills < 2:
                stills += bool(camera.capture_still().data)
                camera.drive_by(-100)
            camera.close()
        assert stills == 2
    assert lost == len(range(1, calls + 1, 5))


def test_killing_the_peer_between_calls_is_noticed_by_the_next(camera: GphotoCamera, peer: NetworkCamera) -> None:
    camera.live_frame()
    peer.kill()
    with pytest.raises(CameraGone):
        camera.live_frame()
    with pytest.raises(CameraGone):
        camera.open()
    camera.close()
    camera.close()


@pytest.mark.parametrize("plain", [0, 1])
def test_an_idle_camera_is_missed_too(plain: int) -> None:
    with NetworkCamera(plain=plain) as peer:
        camera = GphotoBackend().make(f"gphoto:{peer.address}")
        camera.open()
        camera._answered_s = 0.0  # nothing has been asked of it for a while
        assert camera.position() is None
        peer.kill()
        camera._answered_s = 0.0
        with pytest.raises(CameraGone):
            camera.position()
        camera.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV])
def test_a_crashed_or_hanging_library_costs_one_call(camera: GphotoCamera, how: signal.Signals) -> None:
    camera.live_frame()
    worker = camera._worker
    assert worker is not None
    process = psutil.Process(worker.process_id)
    os.kill(process.pid, how)
    with pytest.raises(CameraGone):
        camera.live_frame()
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    camera.open()
    assert camera.live_frame().rgb.any()


def test_closing_leaves_no_process_behind(peer: NetworkCamera) -> None:
    camera = GphotoBackend().make(f"gphoto:{peer.address}")
    camera.open()
    worker = camera._worker
    assert worker is not None
    pid = worker.process_id
    assert pid is not None
    camera.close()
    assert not psutil.pid_exists(pid)
    with pytest.raises(CameraGone):
        camera.controls()
    with NetworkCamera(serial="another") as other:
        camera._address = f"{other.address}:{other.port}"
        with pytest.raises(CameraGone):  # another camera at that address is not this one
            camera.open()


def test_network_cameras_are_listed_if_the_user_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESSES, "192.168.1.5, ptpip:10.0.0.9:15741, not an address")
    found = [info.id for info in GphotoBackend().find() if "ptpip" in info.id]
    assert found == ["gphoto:ptpip:192.168.1.5:15740:15740", "gphoto:ptpip:10.0.0.9:15741:15741"]
