"""One camera in use, without a window: choosing, changing one's mind, tasks one at a time, and the end."""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path

import pytest

from rvr_laaf_app.app.capture import Capture
from rvr_laaf_app.app.capture_places import calibration_path, file_name, new_sweep_folder
from rvr_laaf_app.app.capture_rack import Rack
from rvr_laaf_app.app.capture_state import CaptureState, TaskEnd, state_of
from rvr_laaf_app.camera.base import Camera, CameraBusy, CameraInfo, FocusDrive
from rvr_laaf_app.camera.session_values import SessionState, SessionStatus
from rvr_laaf_app.camera.simulated import SimulatedCamera
from rvr_laaf_app.core.errors import RvrError, UsageError


class Owner:
    """The thread that owns the capture: what is posted runs when it waits."""

    def __init__(self) -> None:
        self._posted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.post = self._posted.put

    def wait(self, met: Callable[[], bool], timeout_s: float = 30.0) -> None:
        end_s = time.monotonic() + timeout_s
        while not met():
            assert time.monotonic() < end_s
            try:
                self._posted.get(timeout=0.05)()
            except queue.Empty:
                continue


def camera_of(camera_id: str) -> Camera:
    if camera_id.endswith("nothing"):
        raise UsageError("there is no such camera")
    camera = SimulatedCamera.of("desk", size=(90, 160))
    camera.info = CameraInfo(camera_id, camera_id, "simulated", serial=camera_id, simulated=True)
    return camera


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def capture(owner: Owner) -> Iterator[Capture]:
    made = Capture(owner.post, open_by_id=camera_of, backends=())
    yield made
    made.ask_to_end()
    assert made.close(5.0)


def test_the_last_choice_counts_however_fast_it_came(capture: Capture, owner: Owner) -> None:
    for name in ("a", "b", "c", "d"):
        capture.choose(f"simulated:{name}")
    owner.wait(lambda: capture.state.phase == "live")
    assert capture.state.info is not None
    assert capture.state.info.id == "simulated:d"
    capture.choose("simulated:a")
    assert capture.state.phase == "opening"
    owner.wait(lambda: capture.state.phase == "live")
    assert capture.state.info.id == "simulated:a"


def test_what_cannot_be_chosen_is_told(capture: Capture, owner: Owner) -> None:
    problems: list[RvrError] = []
    capture.on_problem(problems.append)
    capture.choose("simulated:nothing")
    owner.wait(lambda: bool(problems))
    assert capture.state == CaptureState()


def test_one_task_at_a_time_and_none_without_a_camera(capture: Capture, owner: Owner, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no camera"):
        capture.sweep((1100, 1200), tmp_path / "s", span=20)
    capture.choose("simulated:a")
    owner.wait(lambda: capture.state.phase == "live")
    ends: list[TaskEnd] = []
    capture.on_end(ends.append)
    capture.sweep(range(1050, 2101, 50), tmp_path / "s", span=20)
    assert capture.state.task == "sweep"
    with pytest.raises(UsageError, match="at work"):
        capture.rack(1200, 1.0)
    capture.stop()
    owner.wait(lambda: bool(ends))
    assert ends[0].cancelled
    assert capture.state.task == ""


def test_a_fault_of_the_program_ends_the_task_too(
    capture: Capture, owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr("rvr_laaf_app.pipeline.capture_sweep.SweepView.add", broken)
    capture.choose("simulated:a")
    owner.wait(lambda: capture.state.phase == "live")
    ends: list[TaskEnd] = []
    capture.on_end(ends.append)
    capture.sweep((1100, 1200), tmp_path / "s", span=20)
    owner.wait(lambda: bool(ends))
    assert "a fault" in str(ends[0].error)
    assert capture.state.task == ""


def test_letting_go_ends_the_task_and_says_why(capture: Capture, owner: Owner, tmp_path: Path) -> None:
    capture.choose("simulated:a")
    owner.wait(lambda: capture.state.phase == "live")
    ends: list[TaskEnd] = []
    capture.on_end(ends.append)
    capture.sweep(range(1050, 2101, 50), tmp_path / "s", span=20)
    capture.let_go()
    assert [(e.name, e.closing) for e in ends] == [("sweep", True)]
    assert capture.state.phase == "none"


def test_busy_is_only_said_of_a_camera_that_says_so() -> None:
    info, drive = CameraInfo("x:y", "X", "x"), FocusDrive("absolute", 0, 9)
    at_work = SessionStatus(SessionState.BUSY, info, drive, task="autofocus")
    assert state_of(at_work, "autofocus").phase == "live"
    refused = SessionStatus(SessionState.BUSY, info, drive, message="it is busy (-110)")
    assert state_of(refused, "").phase == "busy"
    assert state_of(SessionStatus(SessionState.OPENING, info, drive), "").drive is None


# The rack


class Lens:
    """Takes a moment for each drive; refuses some."""

    def __init__(self, refused: tuple[int, ...] = ()) -> None:
        self.went: list[int] = []
        self._refused = set(refused)

    def drive_to(self, position: int) -> Future[None]:
        future: Future[None] = Future()
        number = len(self.went)
        self.went.append(position)
        if number in self._refused:
            future.set_exception(CameraBusy("not now"))
        else:
            future.set_result(None)
        return future


def test_a_rack_is_even_gentle_and_ends_exactly() -> None:
    lens, over = Lens(), queue.SimpleQueue[BaseException | None]()
    ticks = itertools.count()
    Rack(lens, 100, 900, 0.5, over.put, clock=lambda: next(ticks) / 20)  # 50 ms pass between two looks at it
    assert over.get(timeout=20) is None
    assert lens.went[-1] == 900
    assert lens.went == sorted(lens.went)
    assert len(lens.went) == 10
    moves = [b - a for a, b in itertools.pairwise([100, *lens.went])]
    assert moves[0] < moves[4] > moves[-1]


def test_a_busy_moment_does_not_end_a_rack() -> None:
    lens, over = Lens(refused=(1, 2)), queue.SimpleQueue[BaseException | None]()
    Rack(lens, 900, 100, 0.2, over.put)
    assert over.get(timeout=20) is None
    assert lens.went[-1] == 100


def test_a_stopped_rack_stays_where_it_is() -> None:
    lens, over = Lens(), queue.SimpleQueue[BaseException | None]()
    rack = Rack(lens, 0, 1000, 30.0, over.put)
    rack.stop()
    assert over.get(timeout=20) is None
    assert not lens.went or lens.went[-1] < 500


# Names


def test_folders_of_sweeps_are_new_and_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 3, 1, 9, 5, 7)
    first = new_sweep_folder(tmp_path, "Canon EOS R6 / Mark II", moment)
    assert first.name == "2026-03-01_09-05-07_Canon-EOS-R6-Mark-II"
    first.mkdir()
    assert new_sweep_folder(tmp_path, "Canon EOS R6 / Mark II", moment).name.endswith("_2")
    assert file_name("../..") == "camera"
    monkeypatch.setenv("RVR_CONFIG_DIR", str(tmp_path))
    assert calibration_path("SN 12/3", "").parent == tmp_path / "lenses"
