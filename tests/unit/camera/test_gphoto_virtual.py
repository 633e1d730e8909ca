"""The virtual Nikon that python-gphoto2 brings (its pictures come from a folder), through the real library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvr_laaf_app.camera.base import BACKENDS, CameraGone, NotOffered

pytest.importorskip("gphoto2", reason="the optional package gphoto2 is not installed")

from rvr_laaf_app.camera.gphoto import GphotoBackend
from rvr_laaf_app.camera.gphoto_camera import WORKER, GphotoCamera
from rvr_laaf_app.camera.gphoto_home import worker_environment
from rvr_laaf_app.camera.worker_link import Worker
from rvr_laaf_app.core.errors import UsageError


def vusb_is_there() -> bool:
    import gphoto2

    return (Path(gphoto2.__file__).parent / "libgphoto2" / "vusb").is_dir()


pytestmark = pytest.mark.skipif(not vusb_is_there(), reason="this gphoto2 has no virtual camera (vusb)")


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The virtual camera's card: two pictures made here."""
    card = tmp_path / "card" / "DCIM" / "100NIKON"
    card.mkdir(parents=True)
    rng = np.random.default_rng(3)
    made = []
    for number in range(2):
        data = cv2.imencode(".jpg", rng.integers(0, 255, (48, 64, 3), np.uint8))[1].tobytes()
        (card / f"DSC_000{number}.JPG").write_bytes(data)
        made.append(data)
    monkeypatch.setenv("VCAMERADIR", str(tmp_path / "card"))
    return made


@pytest.fixture
def camera(pictures: list[bytes]) -> Iterator[GphotoCamera]:
    backend = GphotoBackend()
    found = backend.make(backend.find()[0].id)
    found.open()
    yield found
    found.close()


def test_it_is_found_and_says_that_it_is_no_real_camera(pictures: list[bytes]) -> None:
    backend = BACKENDS.load("gphoto")()
    (found,) = backend.find()
    assert (found.id, found.name, found.backend) == ("gphoto:usb:001,001", "Nikon DSC D750", "gphoto")
    assert found.simulated
    assert found.note


def test_without_cameras_nothing_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VCAMERADIR", raising=False)
    backend = GphotoBackend()
    assert [info for info in backend.find() if info.simulated] == []
    camera = backend.make("gphoto:usb:001,001")
    with pytest.raises(CameraGone):
        camera.open()


def test_settings_are_read_and_written(camera: GphotoCamera) -> None:
    shown = {c.name: c for c in camera.controls()}
    assert shown["f-number"].kind == "choice"
    assert "f/4" in shown["f-number"].choices
    assert shown["serialnumber"].read_only
    camera.set_control("f-number", "f/4")
    camera.set_control("shutterspeed", "0.0200s")
    values = {c.name: c.value for c in camera.controls()}
    assert (values["f-number"], values["shutterspeed"]) == ("f/4", "0.0200s")
    with pytest.raises(UsageError):
        camera.set_control("f-number", "f/1.2")
    assert camera.info.serial
    assert camera.battery() == "battery 50%"


def test_a_still_is_the_file_on_the_card(camera: GphotoCamera, pictures: list[bytes], tmp_path: Path) -> None:
    taken = [camera.capture_still() for _ in range(3)]
    assert all(still.data in pictures for still in taken)
    assert all(still.suffix == ".jpg" for still in taken)
    assert len({still.name for still in taken}) == 3
    left = sorted(p.read_bytes() for p in (tmp_path / "card").rglob("*.JPG") if p.name.startswith("DSC"))
    assert left == sorted(pictures)  # nothing of the user's was deleted


def test_what_it_does_not_have_is_not_offered(camera: GphotoCamera) -> None:
    assert camera.focus_drive.kind == "none"
    with pytest.raises(NotOffered):
        camera.drive_by(10)
    with pytest.raises(NotOffered):
        camera.live_frame()
    assert camera.capture_still().data  # and nothing broke


def test_a_picture_can_be_triggered_and_is_told_by_an_event(pictures: list[bytes]) -> None:
    """The library's other way to take a picture, which some cameras only have: through the worker, not the camera."""
    worker = Worker(WORKER, worker_environment())
    worker.start()
    try:
        worker.call("open", deadline_s=10, port="usb:001,001", model="Nikon DSC D750")
        files, _ = worker.call("trigger", deadline_s=10, wait_s=3.0)
        assert files
        _, data = worker.call("fetch", deadline_s=10, folder=files[0][0], name=files[0][1])
        assert data in pictures
    finally:
        worker.close()


def test_addresses_are_checked_before_anything_is_started() -> None:
    for wrong in ("gphoto:", "gphoto:usb:1", "uvc:/dev/video0", "gphoto:ptpip:"):
        with pytest.raises(UsageError):
            GphotoBackend().make(wrong)
