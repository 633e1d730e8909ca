"""A sweep folder as a camera: the nearest recorded picture, told by its recorded position."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.camera.base import CameraGone, EndStop, NotOffered
from rvr_laaf_app.camera.finding import open_camera
from rvr_laaf_app.camera.replay import ReplayCamera
from rvr_laaf_app.camera.sweep import Sweep, SweepWriter
from rvr_laaf_app.core.errors import UsageError

POSITIONS = (300, 100, 200)  # captured in this order


def png(level: int, size: tuple[int, int] = (40, 60)) -> bytes:
    return cv2.imencode(".png", np.full((*size, 3), level, np.uint8))[1].tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    writer = SweepWriter(tmp_path / "s", Sweep(Path(), camera="gphoto:usb", name="Nikon", serial="42", f_number=2.8))
    for position in POSITIONS:
        writer.add(png(position // 2), ".png", position=position)
    return tmp_path / "s"


def test_positions_between_show_the_nearest_and_say_so(folder: Path) -> None:
    camera = open_camera(f"replay:{folder}")
    camera.open()
    drive = camera.focus_drive
    assert (drive.kind, drive.minimum, drive.maximum, drive.step) == ("absolute", 100, 300, 100)
    camera.drive_to(160)
    frame, still = camera.live_frame(), camera.capture_still()
    assert camera.position() == 160
    assert frame.position == still.position == 200
    assert int(frame.rgb[0, 0, 0]) == 100
    assert still.data == png(100)
    assert {c.name: c.value for c in camera.controls()}["shown"] == "200"
    assert "nearest" in camera.info.note
    assert not camera.info.simulated
    with pytest.raises(EndStop):
        camera.drive_by(1000)
    assert camera.live_frame().position == 300
    with pytest.raises(NotOffered):
        camera.set_control("lens", 1)


def test_a_folder_of_pictures_is_enough_and_large_ones_are_shown_smaller(tmp_path: Path) -> None:
    for number, level in enumerate((10, 90, 170)):
        (tmp_path / f"im{number + 8}.png").write_bytes(png(level, (20, 3200)))
    camera = ReplayCamera(tmp_path)
    camera.open()
    camera.drive_to(2)
    assert camera.live_frame().rgb.shape[1] == 1600
    assert int(camera.live_frame().rgb.mean()) == 170


def test_what_is_missing_is_a_camera_that_is_gone(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_camera(f"replay:{tmp_path / 'none'}")
    camera = ReplayCamera(folder)
    with pytest.raises(NotOffered):
        camera.live_frame()
    camera.open()
    for path in folder.glob("*.png"):
        path.unlink()
    with pytest.raises(CameraGone):
        camera.live_frame()
    with pytest.raises(CameraGone):
        camera.capture_still()
    camera.close()
    with pytest.raises(CameraGone):
        camera.open()
    SweepWriter(tmp_path / "empty", Sweep(Path()))
    with pytest.raises(CameraGone, match="nothing has been captured"):
        ReplayCamera(tmp_path / "empty").open()


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "count"), [("phone_balls", 25), ("voice_coil", 14), ("nikon_macro", 28)])
def test_real_sweeps_are_cameras(shared_data: Path, name: str, count: int) -> None:
    camera = ReplayCamera(shared_data / "focus" / name)
    camera.open()
    assert camera.focus_drive.maximum == count - 1
    means = []
    for position in range(0, count, 4):
        camera.drive_to(position)
        frame = camera.live_frame()
        assert frame.position == position
        means.append(float(np.abs(np.diff(frame.rgb[..., 1].astype(float), axis=1)).mean()))
    assert max(means) > 1.05 * min(means)  # the sharpness changes along the sweep
