"""A session's sweep with the real libgphoto2 and a camera on the network that loses power, hangs, is busy or full."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rvr_laaf_app.camera.base import Still
from rvr_laaf_app.camera.session import CameraSession
from rvr_laaf_app.camera.session_values import Deadlines, SessionState, SessionStatus
from rvr_laaf_app.camera.sweep import read_sweep
from rvr_laaf_app.camera.sweeping import SweepPlan
from tests.peers.ptpip_camera import NetworkCamera

pytest.importorskip("gphoto2", reason="the optional package gphoto2 is not installed")

from rvr_laaf_app.camera.gphoto import GphotoBackend

PLAN = (150, 500, 800)
WAIT_S = 60.0
PATIENT = Deadlines(again=0.1, card=0.2)


@dataclass
class Mains:
    """Switches the camera on again, on the same port, a moment after it lost its power; its lens stands elsewhere."""

    camera: NetworkCamera = field(default_factory=NetworkCamera)
    off: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self) -> None:
        while not self.off.wait(0.02):
            if self.camera.process.poll() is not None:
                self.off.wait(0.3)
                self.camera.__exit__(None, None, None)
                self.camera = NetworkCamera(port=self.camera.port, lens=1234)

    def close(self) -> None:
        self.off.set()
        self.thread.join(10.0)
        self.camera.__exit__(None, None, None)


@pytest.fixture
def mains() -> Iterator[Mains]:
    made = Mains()
    yield made
    made.close()


def swept(mains: Mains, folder: Path, fault: dict[str, object] | None) -> tuple[list[float], list[str], int]:
    """Sweep with a fault: where the lens truly stood at each frame, what trouble was told, and the calls."""
    stood: list[float] = []
    noticed: list[str] = []
    given = threading.Event()

    def watch(status: SessionStatus) -> None:
        trouble = status.state in (SessionState.DISCONNECTED, SessionState.BUSY, SessionState.CARD_FULL)
        if given.is_set() and (trouble or "long to answer" in status.message):
            noticed.append(status.message)

    def on_frame(still: Still, position: int) -> None:
        stood.append(mains.camera.tell(ask=True)["lens"])
        if len(stood) == 1 and fault is not None:
            given.set()
            mains.camera.tell(fault=fault)

    camera = GphotoBackend().make(f"gphoto:{mains.camera.address}")
    with CameraSession(camera, live=False, deadlines=PATIENT, backlash_steps=20) as session:
        limits = session.find_limits(coarse_steps=500).result(WAIT_S)
        assert 1900 <= (limits.maximum or 0) <= 2000
        session.observe(watch)
        before = mains.camera.tell(ask=True)["calls"]
        report = session.sweep(SweepPlan(folder, PLAN), on_frame=on_frame).result(WAIT_S)
        calls = mains.camera.tell(ask=True)["calls"] - before
        assert report.sweep.positions == PLAN
        assert session.status.state is SessionState.READY
    return stood, noticed, calls


def test_a_sweep_over_the_network_counts_its_steps_rightly(mains: Mains, tmp_path: Path) -> None:
    stood, noticed, calls = swept(mains, tmp_path / "s", None)
    assert stood == list(PLAN)
    assert not noticed
    assert calls > 12
    sweep = read_sweep(tmp_path / "s", verify=True)
    assert not sweep.simulated
    assert sweep.serial == "L0012"
    assert len({frame.sha256 for frame in sweep.frames}) == len(PLAN)


@pytest.mark.slow
@pytest.mark.parametrize("nth", [1, 5, 9])
def test_power_lost_at_any_call_is_noticed_and_the_sweep_goes_on(mains: Mains, tmp_path: Path, nth: int) -> None:
    stood, noticed, _ = swept(mains, tmp_path / "s", {"do": "die", "op": None, "nth": nth})
    assert stood == list(PLAN)  # the count was taken anew from the near end
    assert noticed
    assert len(read_sweep(tmp_path / "s", verify=True).frames) == len(PLAN)


@pytest.mark.slow
@pytest.mark.parametrize("do", ["hang", "busy"])
def test_other_troubles_of_a_network_camera_are_survived(mains: Mains, tmp_path: Path, do: str) -> None:
    stood, _, _ = swept(mains, tmp_path / "s", {"do": do, "op": None, "nth": 4})
    assert stood == list(PLAN)
    assert len(read_sweep(tmp_path / "s", verify=True).frames) == len(PLAN)
