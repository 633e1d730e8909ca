"""Micro-Manager's demo microscope through the real MMCore: its beads go out of focus with Z, its adapter can crash."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.camera.base import BACKENDS, CameraError, CameraGone, EndStop, NotOffered
from rvr_laaf_app.core.errors import UsageError

pytest.importorskip("pymmcore", reason="the optional package pymmcore is not installed")

from rvr_laaf_app.camera.micromanager import CONFIG, FOLDER, MicromanagerBackend, adapter_folders
from rvr_laaf_app.camera.micromanager_camera import MicromanagerCamera

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mm_test_adapters") is None, reason="mm-test-adapters is not installed"
)


@pytest.fixture
def camera() -> Iterator[MicromanagerCamera]:
    found = MicromanagerBackend().make("micromanager:demo")
    found.open()
    yield found
    found.close()


def sharpness(rgb: np.ndarray) -> float:
    grey = rgb[..., 1].astype(np.float64)
    return float((np.diff(grey, axis=0) ** 2).mean() + (np.diff(grey, axis=1) ** 2).mean())


def test_the_demo_microscope_is_listed_as_simulated() -> None:
    found = {info.id: info for info in BACKENDS.load("micromanager")().find()}
    assert found["micromanager:demo"].simulated


def test_a_sweep_of_the_stage_is_sharpest_at_zero(camera: MicromanagerCamera) -> None:
    drive = camera.focus_drive
    assert (drive.kind, drive.reads_back, drive.minimum, drive.maximum) == ("absolute", True, -500, 500)
    assert camera.position() == 0
    positions = list(range(-200, 201, 40))
    curve = []
    for position in positions:
        camera.drive_to(position)
        frame = camera.live_frame()
        assert frame.position == position
        curve.append(sharpness(frame.rgb))
    assert positions[int(np.argmax(curve))] == 0
    assert all(a < b for a, b in itertools.pairwise(curve[:6]))
    assert all(a > b for a, b in itertools.pairwise(curve[5:]))


def test_pictures_of_the_live_view_are_never_from_before_the_drive(camera: MicromanagerCamera) -> None:
    camera.drive_to(0)
    sharp = sharpness(camera.live_frame().rgb)
    for _ in range(4):
        camera.drive_to(200)
        assert sharpness(camera.live_frame().rgb) < sharp / 2
        camera.drive_to(0)
        assert sharpness(camera.live_frame().rgb) > sharp / 2


def test_the_stage_stays_within_its_span(camera: MicromanagerCamera) -> None:
    camera.drive_by(30)
    assert camera.position() == 30
    camera.drive_by(-50)
    assert camera.position() == -20
    with pytest.raises(EndStop, match="focus_span_um"):
        camera.drive_to(501)
    camera.set_control("focus_span_um", 60.0)
    camera.drive_to(501)
    assert camera.position() == 501
    camera.set_control("focus_step_um", 0.5)
    assert camera.position() == 100
    assert camera.focus_drive.maximum == 120
    camera.set_control("focus_span_um", 5000.0)
    with pytest.raises(EndStop):  # the device's own limit
        camera.drive_to(9000)


def test_settings_are_the_cameras_properties(camera: MicromanagerCamera) -> None:
    shown = {c.name: c for c in camera.controls()}
    assert shown["Binning"].choices == ("1", "2", "4", "8")
    assert shown["CameraID"].read_only
    assert shown["Gain"].kind == "range"
    camera.set_control("Binning", "2")
    assert camera.live_frame().rgb.shape == (256, 256, 3)
    camera.set_control("Gain", 3)
    camera.set_control("exposure_ms", 20.0)
    values = {c.name: c.value for c in camera.controls()}
    assert (values["Binning"], values["Gain"], values["exposure_ms"]) == ("2", 3.0, 20.0)
    for name, value in [("Binning", "3"), ("Gain", 99), ("exposure_ms", 0)]:
        with pytest.raises(UsageError):
            camera.set_control(name, value)
    with pytest.raises(NotOffered):
        camera.set_control("Warp", 9)


def test_deep_pictures_keep_all_bits_in_stills_and_one_scale_in_the_live_view(camera: MicromanagerCamera) -> None:
    camera.set_control("PixelType", "16bit")
    camera.drive_to(200)
    blurred = camera.live_frame().rgb
    camera.drive_to(0)
    sharp = camera.live_frame().rgb
    assert blurred.dtype == np.uint8
    assert sharpness(sharp) > 3 * sharpness(blurred)  # not stretched one by one
    still = camera.capture_still()
    assert (still.suffix, still.position) == (".png", 0)
    deep = cv2.imdecode(np.frombuffer(still.data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert deep.dtype == np.uint16
    assert deep.max() > 255


def test_colours_are_in_order(camera: MicromanagerCamera) -> None:
    """The library packs BGRA; the demo's pattern has bands of blue, green, red, black, yellow, magenta, cyan, grey."""
    camera.set_control("Mode", "Color Test Pattern")
    camera.set_control("PixelType", "32bitRGB")
    rgb = camera.live_frame().rgb
    assert rgb.shape == (512, 512, 3)
    bands = [tuple(bool(v > 128) for v in rgb[32 + 64 * band, 500]) for band in range(8)]
    blue, green, red, black = (False, False, True), (False, True, False), (True, False, False), (False, False, False)
    assert bands[:4] == [blue, green, red, black]
    assert bands[4:] == [(True, True, False), (True, False, True), (False, True, True), (True, True, True)]
    still = camera.capture_still()
    bgr = cv2.imdecode(np.frombuffer(still.data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (bgr[..., ::-1] == rgb).all()
    camera.set_control("PixelType", "32bit")
    with pytest.raises(CameraError, match="pixel type"):
        camera.live_frame()


def test_an_adapter_that_crashes_takes_its_process_only(camera: MicromanagerCamera) -> None:
    """The demo adapter dereferences a null pointer on request, as a real one may on its own."""
    camera.live_frame()
    with pytest.raises(CameraGone):
        camera.set_control("SimulateCrash", "Dereference Null Pointer")
    with pytest.raises(CameraGone):
        camera.position()
    camera.open()
    assert camera.live_frame().rgb.shape == (512, 512, 3)


def test_a_configuration_file_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "My microscope.cfg"
    config.write_text(
        "Device,DHub,DemoCamera,DHub\n"
        "Device,Camera,DemoCamera,DCam\n"
        "Device,Z,DemoCamera,DStage\n"
        "Property,Core,Initialize,1\n"
        "Parent,Camera,DHub\nParent,Z,DHub\n"
        "Property,Core,Camera,Camera\nProperty,Core,Focus,Z\n"
    )
    monkeypatch.setenv(CONFIG, str(config))
    backend = MicromanagerBackend()
    (info,) = [i for i in backend.find() if i.id.endswith(".cfg")]
    assert (info.id, info.name) == (f"micromanager:{config}", "My microscope")
    camera = backend.make(info.id)
    camera.open()
    try:
        assert camera.info.simulated
        assert camera.focus_drive.kind == "absolute"
        assert camera.capture_still().data
    finally:
        camera.close()


def test_what_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    backend = MicromanagerBackend()
    broken = tmp_path / "broken.cfg"
    broken.write_text("Device,Camera,NoSuchAdapter,X\n")
    for address in (str(broken), "NoSuchAdapter/Cam", "DemoCamera/NoSuchCamera"):
        camera = backend.make(f"micromanager:{address}")
        with pytest.raises(CameraError):
            camera.open()
        camera.close()
    for address in ("", str(tmp_path / "missing.cfg"), "DemoCamera", "a/b+c/d+e/f"):
        with pytest.raises(UsageError):
            backend.make(f"micromanager:{address}")


def test_a_camera_without_a_stage_has_no_drive() -> None:
    camera = MicromanagerBackend().make("micromanager:DemoCamera/DCam")
    camera.open()
    try:
        assert camera.focus_drive.kind == "none"
        assert camera.position() is None
        with pytest.raises(NotOffered):
            camera.drive_to(0)
        assert camera.live_frame().rgb.any()
    finally:
        camera.close()


def test_a_folder_named_by_the_user_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    assert adapter_folders()[0] == tmp_path
