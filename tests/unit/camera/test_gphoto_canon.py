"""A Canon on the network through the real libgphoto2: steps of the lens by size, learned by looking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.peers.canon_camera import CanonCamera
from tests.peers.ptpip_camera import NetworkCamera

pytest.importorskip("gphoto2", reason="the optional package gphoto2 is not installed")

from rvr_laaf_app.camera.gphoto import GphotoBackend
from rvr_laaf_app.camera.gphoto_camera import GphotoCamera
from rvr_laaf_app.camera.gphoto_steps import learn_sizes

TRUE = CanonCamera.TRUE_SIZES


@pytest.fixture
def peer() -> Iterator[NetworkCamera]:
    with NetworkCamera(make="canon", lens=304, best=345) as running:
        yield running


@pytest.fixture
def camera(peer: NetworkCamera) -> Iterator[GphotoCamera]:
    found = GphotoBackend().make(f"gphoto:{peer.address}")
    found.open()
    assert found._drive is not None
    found._drive = replace(found._drive, pause_s=0.02, settle_s=0.0)  # this lens moves at once
    yield found
    found.close()


def test_every_command_moves_the_lens_also_the_same_one_again(camera: GphotoCamera, peer: NetworkCamera) -> None:
    drive = camera.lens_drive
    assert drive is not None
    assert (drive.make, drive.style, drive.learned, tuple(drive.sizes)) == ("Canon", "sizes", False, (1, 2, 3))
    for _ in range(3):
        camera.drive_by(1)  # which starts the live view: the lens does not move without
    state = peer.tell(ask=True)
    assert (state["lens"], state["drives"], state["live"]) == (310, 3, True)
    camera.drive_by(-1)
    assert peer.tell(ask=True)["lens"] == 308
    camera.drive_by(2 * drive.sizes[2] + 1)
    assert peer.tell(ask=True)["lens"] == 308 + 2 * TRUE[2] + TRUE[1]
    camera.drive_by(-drive.sizes[3])
    assert peer.tell(ask=True)["lens"] == 308 + 2 * TRUE[2] + TRUE[1] - TRUE[3]
    assert camera.live_frame().rgb.shape == (360, 640, 3)


def test_lens_and_serial_number_are_known_from_the_beginning(camera: GphotoCamera) -> None:
    assert camera.info.name == "Canon EOS Loopback"
    assert camera.info.serial == "033031006315"
    assert camera.lens == "EF50mm f/1.8 STM"
    assert camera.info.note == "EF50mm f/1.8 STM, battery 80%"
    camera.open()
    assert camera.info.serial == "033031006315"


def test_this_make_does_not_tell_where_the_lens_ends(camera: GphotoCamera, peer: NetworkCamera) -> None:
    assert camera.lens_drive is not None
    assert not camera.lens_drive.says_end
    camera.live_frame()
    camera.drive_by(-25 * 10)
    assert peer.tell(ask=True)["lens"] == 0
    camera.drive_by(-1)  # no error: only the picture can tell


@pytest.mark.slow
def test_sizes_are_learned_from_the_live_view_and_remembered(camera: GphotoCamera, peer: NetworkCamera) -> None:
    camera.live_frame()
    learned = learn_sizes(camera)
    for size in (2, 3):
        assert learned.sizes[size] == pytest.approx(TRUE[size] / TRUE[1], rel=0.15)
    here = peer.tell(ask=True)["lens"]
    assert abs(here - 304) <= 2 * TRUE[2]
    camera.close()
    again = GphotoBackend().make(f"gphoto:{peer.address}")
    again.open()
    try:
        assert again.lens_drive is not None
        assert again.lens_drive.learned
        assert again.lens_drive.sizes == learned.sizes
    finally:
        again.close()
