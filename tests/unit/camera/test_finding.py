"""Lists of cameras that nothing spoils, and noticing what comes, goes and moves."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from rvr_laaf_app.camera.base import Backend, Camera, CameraGone, CameraInfo
from rvr_laaf_app.camera.finding import CameraWatch, Change, Finder, Found, compare, find_again, open_camera
from rvr_laaf_app.camera.simulated import SimulatedBackend
from rvr_laaf_app.core.errors import UsageError

HERE = CameraInfo("fake:1", "Fake", "fake", "S1")


class FakeBackend:
    def __init__(self, cameras: list[CameraInfo], error: Exception | None = None) -> None:
        self.cameras, self.error, self.asked = cameras, error, 0

    def find(self) -> list[CameraInfo]:
        self.asked += 1
        if self.error:
            raise self.error
        return list(self.cameras)

    def make(self, camera_id: str) -> Camera:
        raise UsageError("none")


class HangingBackend(FakeBackend):
    def __init__(self) -> None:
        super().__init__([])
        self.release = threading.Event()

    def find(self) -> list[CameraInfo]:
        self.asked += 1
        self.release.wait(10.0)
        return [HERE]


def test_one_bad_backend_does_not_spoil_the_list() -> None:
    hanging = HangingBackend()
    backends: dict[str, Backend] = {
        "good": FakeBackend([HERE]),
        "broken": FakeBackend([], RuntimeError("driver")),
        "hanging": hanging,
    }

    def load(name: str) -> Backend:
        if name not in backends:
            raise UsageError("gphoto2 is not installed")
        return backends[name]

    finder = Finder([*backends, "missing"], load=load)
    found = finder.look(deadline_s=0.3)  # the one that hangs is not waited for: it hangs to the end of the test
    assert found.cameras == (HERE,)
    assert dict(found.missing) == {
        "broken": "it failed: driver",
        "hanging": "it does not answer",
        "missing": "gphoto2 is not installed",
    }
    finder.look(deadline_s=0.05)
    assert hanging.asked == 1  # not asked again while it still hangs
    hanging.release.set()
    assert finder.look(deadline_s=5.0).cameras == (HERE, HERE)


class SlowBackend(FakeBackend):
    def find(self) -> list[CameraInfo]:
        threading.Event().wait(0.05)
        return super().find()


def test_slow_backends_are_asked_when_something_is_plugged_in() -> None:
    now = [1000.0]
    quick, slow = FakeBackend([HERE]), SlowBackend([replace(HERE, id="slow:1", serial="S2")])
    backends = {"quick": quick, "slow": slow}
    finder = Finder(backends, load=lambda name: backends[name], clock=lambda: now[0])
    plugged = {"usb1"}

    def look(after_s: float) -> tuple[int, int, int]:
        now[0] += after_s
        found = finder.look_quickly(ports=lambda: frozenset(plugged))
        return len(found.cameras), quick.asked, slow.asked

    assert look(0.0) == (2, 1, 1)
    assert look(1.0) == (2, 2, 2)  # still waking up
    assert look(6.0) == (2, 3, 2)
    plugged.add("usb2")
    assert look(1.0) == (2, 4, 3)
    assert look(7.0) == (2, 5, 3)
    assert look(4.0) == (2, 6, 4)  # ten seconds are over


def test_ids_name_a_backend() -> None:
    assert open_camera("simulated:chart?size=80x48").info.simulated
    for wrong in ("", "simulated", "tin:1", "replay:/no/such/folder"):
        with pytest.raises(UsageError):
            open_camera(wrong)


def test_a_camera_is_found_again_by_its_serial_at_another_address() -> None:
    camera = SimulatedBackend().make("simulated:chart?size=80x48&seed=9")
    device = camera.device  # type: ignore[attr-defined]
    device.unplug(new_address=True)
    with pytest.raises(CameraGone):
        find_again(camera.info)
    device.plug_in()
    again = find_again(camera.info)
    assert again.info.id != camera.info.id
    assert again.info.serial == camera.info.serial


def test_lists_are_compared_by_serial() -> None:
    moved = replace(HERE, id="fake:2")
    other = CameraInfo("fake:3", "Fake", "fake")
    assert compare(None, Found((HERE,))).arrived == (HERE,)
    change = compare(Found((HERE, other)), Found((moved,)))
    assert (change.arrived, change.left, change.moved) == ((), (other,), (moved,))


def test_a_watch_calls_back_on_changes_only_and_ends() -> None:
    lists = [Found((HERE,)), Found((HERE,)), Found(()), Found((replace(HERE, id="fake:9"),))]
    heard: list[Change] = []
    all_heard = threading.Event()

    def look() -> Found:
        return lists.pop(0) if len(lists) > 1 else lists[0]

    def changed(change: Change) -> None:
        heard.append(change)
        if len(heard) == 3:
            all_heard.set()
        raise RuntimeError("an observer's own fault")

    watch = CameraWatch(changed, interval_s=0.01, look=look)
    assert all_heard.wait(5.0)
    watch.close()
    assert [(len(c.arrived), len(c.left)) for c in heard] == [(1, 0), (0, 1), (1, 0)]
    assert not [t for t in threading.enumerate() if t.name == "camera-watch"]
