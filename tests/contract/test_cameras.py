"""The contract of every camera that can run here: simulated, recorded, on the network, virtual USB, demo microscope."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.camera.base import BACKENDS, Camera, CameraError, CameraInfo, EndStop, NotOffered
from rvr_laaf_app.camera.finding import list_cameras, open_camera
from rvr_laaf_app.camera.session import CameraSession
from rvr_laaf_app.camera.session_values import SessionState
from rvr_laaf_app.camera.sweep import Sweep, SweepWriter, read_sweep
from rvr_laaf_app.camera.sweeping import SweepPlan
from rvr_laaf_app.core.errors import UsageError
from rvr_laaf_app.core.registry import Unavailable

WAIT_S = 60.0
Make = Callable[[ExitStack, Path, pytest.MonkeyPatch], str]  # returns the id of a camera that is there


def simulated(options: str) -> Make:
    return lambda stack, folder, monkeypatch: f"simulated:slope?size=96x64&{options}"


def replay(stack: ExitStack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    rng = np.random.default_rng(0)
    writer = SweepWriter(folder / "sweep", Sweep(folder, name="Recorded"))
    for position in (10, 20, 30, 40):
        picture = rng.integers(0, 255, (64, 96, 3), dtype=np.uint8)
        writer.add(cv2.imencode(".png", picture)[1].tobytes(), ".png", position=position)
    return f"replay:{folder / 'sweep'}"


def network(stack: ExitStack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    pytest.importorskip("gphoto2")
    from tests.peers.ptpip_camera import NetworkCamera

    return f"gphoto:{stack.enter_context(NetworkCamera()).address}"


def virtual_usb(stack: ExitStack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    gphoto2 = pytest.importorskip("gphoto2")
    if not (Path(gphoto2.__file__).parent / "libgphoto2" / "vusb").is_dir():
        pytest.skip("this gphoto2 has no virtual camera")
    card = folder / "card" / "DCIM" / "100NIKON"
    card.mkdir(parents=True)
    (card / "DSC_0001.JPG").write_bytes(cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes())
    monkeypatch.setenv("VCAMERADIR", str(folder / "card"))
    return BACKENDS.load("gphoto")().find()[0].id


def microscope(stack: ExitStack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    pytest.importorskip("pymmcore")
    found = BACKENDS.load("micromanager")().find()
    if not found:
        pytest.skip("no Micro-Manager adapters here")
    return found[0].id


CAMERAS: dict[str, Make] = {
    "simulated": simulated("drive=absolute&interval=0"),
    "simulated_relative": simulated("drive=relative&backlash=8&interval=0"),
    "simulated_by_hand": simulated("drive=none&interval=0"),
    "replay": replay,
    "gphoto_network": network,
    "gphoto_virtual_usb": virtual_usb,
    "micromanager": microscope,
}


@pytest.fixture(params=CAMERAS)
def camera_id(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ExitStack() as stack:
        yield CAMERAS[request.param](stack, tmp_path, monkeypatch)


@pytest.fixture
def camera(camera_id: str) -> Iterator[Camera]:
    made = open_camera(camera_id)
    made.open()
    yield made
    made.close()


@pytest.mark.parametrize("name", list(BACKENDS))
def test_backends_find_quickly_and_refuse_nonsense(name: str) -> None:
    kind = BACKENDS.find(name)
    if isinstance(kind, Unavailable):
        assert kind.reason
        return
    backend = kind()
    began_s = time.monotonic()
    for info in backend.find():
        assert isinstance(info, CameraInfo)
        assert info.backend == name
        assert info.id.startswith(f"{name}:")
        assert info.name
    assert time.monotonic() - began_s < 10.0  # under a second on a machine of its own
    with pytest.raises((UsageError, CameraError)):
        backend.make(f"{name}:/no/such\0thing?x=1").open()


def test_the_list_names_every_backend_or_says_why_not() -> None:
    found = list_cameras(deadline_s=20.0)
    assert {info.backend for info in found.cameras} >= {"simulated"}
    assert all(name in BACKENDS and reason for name, reason in found.missing)
    assert len({info.id for info in found.cameras}) == len(found.cameras)


def test_controls_are_what_they_say(camera: Camera) -> None:
    for control in camera.controls():
        assert control.name
        assert control.label
        if control.kind == "range":
            assert control.minimum <= float(control.value) <= control.maximum
        if control.kind == "choice" and not control.read_only:
            assert control.choices
        if control.kind == "switch":
            assert isinstance(control.value, bool)
    with pytest.raises((NotOffered, UsageError)):
        camera.set_control("no such control", 1)


def test_ranges_and_choices_are_kept(camera: Camera) -> None:
    for control in camera.controls():
        if control.read_only or control.kind not in ("range", "choice"):
            continue
        wrong = control.maximum + 1000.0 if control.kind == "range" else "no such choice"
        with pytest.raises((UsageError, NotOffered)):
            camera.set_control(control.name, wrong)


def test_the_lens_goes_where_its_drive_says(camera: Camera) -> None:
    drive = camera.focus_drive
    if drive.kind == "none":
        for move in (camera.drive_to, camera.drive_by):
            with pytest.raises(NotOffered):
                move(1)
        return
    if drive.kind == "relative":
        with pytest.raises(NotOffered):
            camera.drive_to(10)
        camera.drive_by(drive.step * 8)
        camera.drive_by(-drive.step * 8)
        return
    assert drive.minimum is not None
    assert drive.maximum is not None
    assert drive.minimum < drive.maximum
    for position in (drive.minimum, drive.maximum, (drive.minimum + drive.maximum) // 2):
        camera.drive_to(position)
        if drive.reads_back:
            assert abs((camera.position() or 0) - position) <= drive.step
    with pytest.raises((EndStop, UsageError)):
        camera.drive_to(drive.maximum + 100 * drive.step)


def test_live_frames_are_pictures_with_growing_numbers(camera: Camera) -> None:
    try:
        frames = [camera.live_frame() for _ in range(3)]
    except NotOffered:
        return
    for frame in frames:
        assert frame.rgb.dtype == np.uint8
        assert frame.rgb.ndim == 3
        assert frame.rgb.shape[2] == 3
        assert frame.monotonic_s <= time.monotonic()
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))


def test_stills_are_files(camera: Camera) -> None:
    still = camera.capture_still()
    assert len(still.data) > 100
    assert still.suffix.startswith(".")
    assert still.suffix == still.suffix.lower()
    assert cv2.imdecode(np.frombuffer(still.data, np.uint8), cv2.IMREAD_COLOR) is not None


def test_closing_twice_is_fine_and_a_closed_camera_answers_with_an_error(camera_id: str) -> None:
    camera = open_camera(camera_id)
    camera.close()
    camera.open()
    camera.close()
    camera.close()
    for call in (camera.controls, camera.live_frame, camera.capture_still):
        with pytest.raises(CameraError):
            call()
    camera.open()
    assert camera.controls() is not None
    camera.close()


def test_every_camera_works_in_a_session(camera_id: str, tmp_path: Path) -> None:
    with CameraSession(open_camera(camera_id)) as session:
        assert session.controls().result(WAIT_S) is not None or session.status.state is SessionState.READY
        drive = session.status.drive
        if drive.kind == "none":
            assert session.capture().result(WAIT_S).data
            return
        if drive.kind == "absolute":
            assert drive.minimum is not None
            assert drive.maximum is not None
            places = tuple(round(drive.minimum + (drive.maximum - drive.minimum) * n / 3.3) for n in range(4))
        else:
            places = (0, 40, 80)
        report = session.sweep(SweepPlan(tmp_path / "out", places)).result(WAIT_S)
        assert read_sweep(tmp_path / "out", verify=True).frames == report.sweep.frames
        assert len(report.sweep.frames) == len(places)
        assert report.sweep.simulated == session.status.camera.simulated
