"""Interrupted sweeps are noticed, in the right order, with their camera; and those that were dealt with are not."""

from __future__ import annotations

import os
from pathlib import Path

from rvr_laaf_app.app.capture_unfinished import DEVELOPED, find_unfinished, leave
from rvr_laaf_app.camera.base import CameraInfo
from rvr_laaf_app.camera.sweep import MANIFEST, Sweep, SweepWriter

CAMERA = CameraInfo("simulated:a", "Camera A", "simulated", serial="A-1")


def interrupted(
    root: Path, name: str, *, taken: int, planned: int = 4, age_s: float = 0.0, serial: str = "A-1"
) -> Path:
    folder = root / name
    about = Sweep(folder, camera=CAMERA.id, name="Camera A", serial=serial, planned=tuple(range(planned)))
    writer = SweepWriter(folder, about)
    for position in range(taken):
        writer.add(b"picture", ".jpg", position=position)
    moment = 1_700_000_000.0 - age_s
    os.utime(folder / MANIFEST, (moment, moment))
    return folder


def test_the_newest_one_is_found_and_complete_ones_are_not(tmp_path: Path) -> None:
    assert find_unfinished(tmp_path / "nowhere") is None
    interrupted(tmp_path, "old", taken=2, age_s=500)
    new = interrupted(tmp_path, "new", taken=1, age_s=100)
    interrupted(tmp_path, "complete", taken=4)
    found = find_unfinished(tmp_path)
    assert found is not None
    assert found.folder == new
    assert found.since_s == 1_700_000_000.0 - 100
    assert not found.usable
    assert found.sweep.remaining == (1, 2, 3)


def test_what_was_developed_left_or_damaged_is_not_offered(tmp_path: Path) -> None:
    (interrupted(tmp_path, "developed", taken=2, age_s=10) / DEVELOPED).mkdir()
    (interrupted(tmp_path, "damaged", taken=2, age_s=20) / MANIFEST).write_text("{")
    (tmp_path / "no sweep").mkdir()
    (tmp_path / "a file").touch()
    interrupted(tmp_path, "here", taken=2, age_s=30)
    found = find_unfinished(tmp_path)
    assert found is not None
    assert found.folder.name == "here"
    assert found.usable
    leave(found)
    assert find_unfinished(tmp_path) is None


def test_it_belongs_to_the_camera_with_the_same_serial_or_the_same_id(tmp_path: Path) -> None:
    interrupted(tmp_path, "a", taken=1)
    found = find_unfinished(tmp_path)
    assert found is not None
    assert found.is_of(CAMERA)
    assert found.is_of(CameraInfo("simulated:at-another-port", "Camera A", "simulated", serial="A-1"))
    assert not found.is_of(CameraInfo("simulated:a", "Camera B", "simulated", serial="B-1"))
    leave(found)
    interrupted(tmp_path, "b", taken=1, serial="")
    found = find_unfinished(tmp_path)
    assert found is not None
    assert found.is_of(CameraInfo("simulated:a", "Camera A", "simulated"))
    assert not found.is_of(CAMERA)
