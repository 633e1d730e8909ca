"""USB cameras through OpenCV (Windows, macOS), with a stand-in for OpenCV's capture in the worker process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.camera.base import CameraGone, EndStop, NotOffered
from rvr_laaf_app.camera.uvc import UvcBackend
from rvr_laaf_app.camera.uvc_opencv import OpencvCamera, OpencvFinder
from rvr_laaf_app.core.errors import UsageError

STAND_IN = Path(__file__).resolve().parents[2] / "peers" / "stand_in_opencv"


@pytest.fixture(autouse=True)
def other_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(STAND_IN), os.environ.get("PYTHONPATH", "")]))


@pytest.fixture
def camera() -> Iterator[OpencvCamera]:
    found = UvcBackend().make("uvc:1")
    assert isinstance(found, OpencvCamera)
    yield found
    found.close()


def test_cameras_are_found_in_the_background() -> None:
    finder = OpencvFinder()
    backend = UvcBackend(finder=finder)
    assert backend.find() == []  # it did not wait for what is being looked for
    finder.wait(60)
    assert [(info.id, info.backend) for info in backend.find()] == [("uvc:1", "uvc")]


def test_a_sweep_is_sharpest_where_the_lens_is_best(camera: OpencvCamera) -> None:
    camera.open()
    drive = camera.focus_drive
    assert (drive.kind, drive.minimum, drive.maximum, drive.near_is_low) == ("absolute", 0, 255, False)
    positions = list(range(10, 251, 40))
    contrast = []
    for position in positions:
        camera.drive_to(position)
        frame = camera.live_frame()
        assert frame.position == position
        contrast.append(int(frame.rgb.max()))
        assert frame.rgb[0, 0, 2] >= frame.rgb[0, 0, 1] >= frame.rgb[0, 0, 0]  # red and blue in order
    assert positions[int(np.argmax(contrast))] == 130
    camera.drive_by(20)
    assert camera.position() == 230
    with pytest.raises(EndStop):
        camera.drive_to(256)
    still = camera.capture_still()
    assert (still.suffix, still.position) == (".png", 230)
    assert {c.name for c in camera.controls()} == {"gain", "brightness"}
    camera.set_control("gain", 20)
    assert {c.name: c.value for c in camera.controls()}["gain"] == 20.0
    with pytest.raises(NotOffered):
        camera.set_control("contrast", 1)


def test_a_lens_that_takes_no_positions_is_not_offered(camera: OpencvCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_CV2", "no_lens")
    camera.open()
    assert camera.focus_drive.kind == "none"
    assert camera.position() is None
    with pytest.raises(NotOffered):
        camera.drive_to(3)


@pytest.mark.parametrize("fault", ["dies_after=3", "hangs_after=3"])
def test_a_lost_camera_is_noticed(camera: OpencvCamera, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setenv("FAKE_CV2", fault)
    camera.open()
    camera.live_frame()
    camera.live_frame()
    with pytest.raises(CameraGone):
        camera.live_frame()
    monkeypatch.delenv("FAKE_CV2")
    camera.open()
    assert camera.live_frame().rgb.shape == (48, 64, 3)


def test_a_camera_that_is_not_there() -> None:
    camera = UvcBackend().make("uvc:3")
    with pytest.raises(CameraGone):
        camera.open()
    camera.close()
    with pytest.raises(UsageError):
        UvcBackend().make("uvc:/dev/video0")
