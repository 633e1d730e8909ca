"""A focus sweep with every kind of fault at every call: noticed in time, nothing lost or overwritten, gone on with."""

from __future__ import annotations

import hashlib
import itertools
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.camera.base import CameraError, CameraInfo, Still
from rvr_laaf_app.camera.finding import identity
from rvr_laaf_app.camera.lens_drive import LensStuck
from rvr_laaf_app.camera.replay import ReplayCamera
from rvr_laaf_app.camera.session import CameraSession
from rvr_laaf_app.camera.session_values import Deadlines, SessionState, SessionStatus
from rvr_laaf_app.camera.simulated import Bench, SimulatedCamera
from rvr_laaf_app.camera.simulated_device import FAULT_KINDS, Behaviour, Fault, SimulatedDevice
from rvr_laaf_app.camera.sweep import read_sweep
from rvr_laaf_app.camera.sweeping import SamePicture, SweepPlan, SweepReport
from rvr_laaf_app.core.errors import ExportError, UsageError

# without signs of life, so that calls can be counted
QUICK = Deadlines(call=0.3, open=1.0, still=0.3, slow=0.06, busy=3.0, again=0.01, card=0.01, heartbeat=60.0, close=1.0)
PLAN = (1200, 1400, 1600, 1800)
CALLS_PER_STEP = 3  # drive, read-back, still; and before the first one the controls, which name the lens
CALLS = 1 + CALLS_PER_STEP * len(PLAN)
WAIT_S = 30.0


class Witness(SimulatedCamera):
    """Writes down where the lens truly stood for each picture that it gave."""

    truth: dict[str, float]

    def capture_still(self) -> Still:
        still = super().capture_still()
        self.truth.setdefault(hashlib.sha256(still.data).hexdigest(), self.device.true_position)
        return still


class WatchedDevice(SimulatedDevice):
    """Notes that a fault has happened."""

    happened: bool = False

    def _happen(self, fault: Fault) -> None:
        self.happened = True
        super()._happen(fault)


@dataclass
class Stage:
    """A camera on a bench, beside a twin of the same name."""

    device: WatchedDevice
    bench: Bench
    truth: dict[str, float]

    def camera(self) -> Witness:
        return self.reach(SimulatedCamera(self.device).info)

    def real_camera(self) -> Witness:
        """The same, passed off as a real one: its pictures can never be equal."""
        camera = self.camera()
        camera.info = replace(camera.info, simulated=False)
        return camera

    def reach(self, info: CameraInfo) -> Witness:
        """What `find_again` does, on this bench."""
        for found in self.bench.find():
            if identity(found) == identity(info):
                camera = Witness(self.device, found.id)
                camera.truth = self.truth
                return camera
        raise CameraError("not there")


@pytest.fixture(scope="module")
def pictures() -> dict[str, object]:
    """The rendered pictures, shared by all runs: only the faults differ."""
    made = SimulatedCamera.of("slope", size=(32, 48))
    return {"scene": made.device.scene, "seen": made.device._pictures}


@pytest.fixture
def stage(pictures: dict[str, object]) -> Iterator[Callable[..., Stage]]:
    devices: list[SimulatedDevice] = []

    def build(**how: object) -> Stage:
        device = WatchedDevice(pictures["scene"], behaviour=Behaviour(**how), serial="S1", name="Twin")  # type: ignore[arg-type]
        device._pictures = pictures["seen"]  # type: ignore[assignment]
        twin = SimulatedDevice(pictures["scene"], serial="S2", name="Twin")  # type: ignore[arg-type]
        bench = Bench()
        bench.add("twin", twin)
        bench.add("mine", device)
        devices.append(device)
        return Stage(device, bench, {})

    yield build
    for device in devices:
        device.release.set()


@dataclass(frozen=True)
class Outcome:
    report: SweepReport
    noticed: bool
    calls: int


def sweep_with_fault(stage: Stage, folder: Path, fault: Fault | None, *, plan: tuple[int, ...] = PLAN) -> Outcome:
    noticed: list[str] = []

    def watch(status: SessionStatus) -> None:
        trouble = status.state in (SessionState.DISCONNECTED, SessionState.BUSY, SessionState.CARD_FULL)
        if stage.device.happened and (trouble or status.message):
            noticed.append(status.message)

    with CameraSession(stage.camera(), reopen=stage.reach, deadlines=QUICK, live=False) as session:
        session.controls().result(WAIT_S)
        session.observe(watch)
        before = sum(stage.device.calls.values())
        if fault is not None:
            stage.device.add_fault(fault)
        report = session.sweep(SweepPlan(folder, plan)).result(WAIT_S)
        calls = sum(stage.device.calls.values()) - before
    return Outcome(report, bool(noticed), calls)


def check_nothing_lost(stage: Stage, folder: Path, plan: tuple[int, ...] = PLAN) -> None:
    """Every position once, in order, whole on the disk, and truly taken there."""
    sweep = read_sweep(folder, verify=True)
    assert sweep.positions == plan
    assert sweep.remaining == ()
    assert len({frame.sha256 for frame in sweep.frames}) == len(plan)
    assert [stage.truth[frame.sha256] for frame in sweep.frames] == list(plan)
    assert len(list(folder.glob("*.png"))) == len(plan)
    assert sweep.serial == "S1"


def test_a_sweep_without_faults_makes_three_calls_a_step(stage: Callable[..., Stage], tmp_path: Path) -> None:
    here = stage()
    outcome = sweep_with_fault(here, tmp_path / "s", None)
    check_nothing_lost(here, tmp_path / "s")
    assert outcome.calls == CALLS
    assert outcome.report.sweep.lens == "50 mm by formula"
    assert outcome.report.sweep.f_number == 2.38
    assert outcome.report.faults == ()
    assert outcome.report.notes == ()


@pytest.mark.parametrize("kind", [*FAULT_KINDS, "hang"])
@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_every_fault_at_every_call_of_a_sweep(
    stage: Callable[..., Stage], tmp_path: Path, kind: str, at: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="rvr_laaf_app")
    here = stage()
    seconds = {"slow": 0.12, "hang": 20.0}.get(kind, 0.03)
    fault = Fault("slow" if kind == "hang" else kind, at, calls=2, seconds=seconds)  # type: ignore[arg-type]
    outcome = sweep_with_fault(here, tmp_path / "s", fault)
    check_nothing_lost(here, tmp_path / "s")
    assert not outcome.report.cancelled
    if kind not in ("stuck", "same_picture", "card_full"):  # these may fall where nobody can see them
        assert outcome.noticed
    last_drive = CALLS - CALLS_PER_STEP + 1
    if (kind == "same_picture" and at > 1 + CALLS_PER_STEP) or (kind == "stuck" and at <= last_drive):
        assert len(outcome.report.notes) == 1
    assert len(caplog.records) <= 3, [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("kind", ["unplug", "new_address", "busy", "card_full"])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 8])
def test_relative_lenses_go_on_at_the_same_place(
    stage: Callable[..., Stage], tmp_path: Path, kind: str, at: int
) -> None:
    """Only counted: after the camera was lost the count is taken anew from the near end."""
    here = stage(drive="relative", backlash_steps=10.0, start=1300)
    plan = (100, 300, 500)
    with CameraSession(here.camera(), reopen=here.reach, deadlines=QUICK, live=False, backlash_steps=16) as session:
        limits = session.find_limits(coarse_steps=256).result(WAIT_S)
        assert limits.maximum is not None
        here.device.add_fault(Fault(kind, at, seconds=0.03, calls=1))  # type: ignore[arg-type]
        session.sweep(SweepPlan(tmp_path / "s", plan)).result(WAIT_S)
    sweep = read_sweep(tmp_path / "s", verify=True)
    assert sweep.positions == plan
    true = [here.truth[frame.sha256] - 1050 for frame in sweep.frames]
    assert [t - p for t, p in zip(true, plan, strict=True)] == [true[0] - plan[0]] * 3


@pytest.mark.parametrize("stop_after", range(len(PLAN)))
def test_a_sweep_is_stopped_at_any_frame_and_gone_on_with_later(
    stage: Callable[..., Stage], tmp_path: Path, stop_after: int
) -> None:
    here = stage()
    with CameraSession(here.camera(), reopen=here.reach, deadlines=QUICK, live=False) as session:
        ready, go = threading.Event(), threading.Event()

        def on_frame(still: Still, position: int) -> None:
            if position == PLAN[stop_after]:
                ready.set()
                go.wait(WAIT_S)

        task = session.sweep(SweepPlan(tmp_path / "s", PLAN), on_frame=on_frame)
        assert ready.wait(WAIT_S)
        task.cancel()
        go.set()
        report = task.result(WAIT_S)
        assert report.sweep.positions == PLAN[: stop_after + 1]
        assert report.cancelled == (stop_after + 1 < len(PLAN))
        session.sweep(SweepPlan(tmp_path / "s", PLAN, resume=True)).result(WAIT_S)
    check_nothing_lost(here, tmp_path / "s")


def test_a_sweep_is_stopped_while_the_camera_is_away(stage: Callable[..., Stage], tmp_path: Path) -> None:
    here = stage()
    with CameraSession(here.camera(), reopen=here.reach, deadlines=QUICK, live=False) as session:
        session.controls().result(WAIT_S)
        here.device.add_fault(Fault("unplug", 6))
        task = session.sweep(SweepPlan(tmp_path / "s", PLAN))
        lost = threading.Event()
        session.observe(lambda status: lost.set() if status.state is SessionState.DISCONNECTED else None)
        assert lost.wait(WAIT_S)
        task.cancel()
        report = task.result(WAIT_S)
        assert report.cancelled
        assert report.sweep.positions == PLAN[:1]


def test_what_lasts_is_reported_and_keeps_what_was_captured(stage: Callable[..., Stage], tmp_path: Path) -> None:
    for fault, error in (
        (Fault("same_picture", 7, calls=99), SamePicture),
        (Fault("stuck", 5, calls=99), LensStuck),
        (Fault("busy", 5, calls=9999), CameraError),
    ):
        here, folder = stage(), tmp_path / fault.kind
        deadlines = replace(QUICK, busy=0.1)
        with CameraSession(here.real_camera(), reopen=here.reach, deadlines=deadlines, live=False) as session:
            session.controls().result(WAIT_S)
            here.device.add_fault(fault)
            with pytest.raises(error):
                session.sweep(SweepPlan(folder, PLAN)).result(WAIT_S)
            assert session.status.message
        assert read_sweep(folder, verify=True).positions == PLAN[:1]


class WithRaw(Witness):
    """Gives a raw file with each picture, as cameras that store both."""

    companions: tuple[Still, ...] = ()

    def capture_still(self) -> Still:
        still = super().capture_still()
        self.companions = (Still(b"raw of " + still.name.encode(), ".nef"),)
        return still


def test_raw_files_of_the_camera_are_kept(stage: Callable[..., Stage], tmp_path: Path) -> None:
    here = stage()
    camera = WithRaw(here.device)
    camera.truth = here.truth
    with CameraSession(camera, deadlines=QUICK, live=False) as session:
        session.sweep(SweepPlan(tmp_path / "s", PLAN)).result(WAIT_S)
    check_nothing_lost(here, tmp_path / "s")
    assert len(list((tmp_path / "s").glob("*.nef"))) == len(PLAN)
    assert all(len(frame.companions) == 1 for frame in read_sweep(tmp_path / "s").frames)


def test_a_full_disk_ends_the_sweep_and_it_goes_on_when_there_is_room(
    stage: Callable[..., Stage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stage()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with CameraSession(here.camera(), reopen=here.reach, deadlines=QUICK, live=False) as session:
        plan = SweepPlan(tmp_path / "s", PLAN)

        def on_frame(still: Still, position: int) -> None:
            if position == PLAN[1]:
                monkeypatch.setattr("os.fsync", full)

        with pytest.raises(ExportError, match="no room"):
            session.sweep(plan, on_frame=on_frame).result(WAIT_S)
        monkeypatch.undo()
        session.sweep(SweepPlan(plan.folder, PLAN, resume=True)).result(WAIT_S)
    check_nothing_lost(here, tmp_path / "s")


def test_a_lens_that_does_not_move_is_reported_though_it_cannot_say_so(
    stage: Callable[..., Stage], tmp_path: Path
) -> None:
    """A camera left on manual focus: the drive is accepted, nothing moves, the stack would be one picture."""
    here = stage(drive="relative", start=1300, reports_end=False)
    messages: list[str] = []
    with CameraSession(here.camera(), reopen=here.reach, deadlines=QUICK, live=False) as session:
        session.controls().result(WAIT_S)
        session.observe(lambda status: messages.append(status.message))
        here.device.add_fault(Fault("stuck", 1, calls=999))
        report = session.sweep(SweepPlan(tmp_path / "s", (50, 100, 150, 200, 250))).result(WAIT_S)
    assert any("manual focus" in note for note in report.notes)
    assert any("manual focus" in message for message in messages)


def test_a_recording_gives_each_of_its_pictures_once(stage: Callable[..., Stage], tmp_path: Path) -> None:
    here = stage()
    sweep_with_fault(here, tmp_path / "s", None)
    with CameraSession(ReplayCamera(tmp_path / "s"), deadlines=QUICK) as session:
        plan = tuple(range(1200, 1801, 50))
        report = session.sweep(SweepPlan(tmp_path / "again", plan)).result(WAIT_S)
    assert report.sweep.positions == PLAN
    assert len(report.notes) == len(plan) - len(PLAN)
    assert [p.read_bytes() for p in report.sweep.paths] == [p.read_bytes() for p in read_sweep(tmp_path / "s").paths]


KILLED = """
import sys
from pathlib import Path
from rvr_laaf_app.camera.session import CameraSession
from rvr_laaf_app.camera.simulated import SimulatedCamera
from rvr_laaf_app.camera.sweeping import SweepPlan
session = CameraSession(SimulatedCamera.of("slope", size=(32, 48)), live=False)
def on_frame(still, position):
    print(position, flush=True)
session.sweep(SweepPlan(Path(sys.argv[1]), tuple(range(1100, 2000, 10)), resume=True), on_frame=on_frame).result()
"""


def test_a_killed_capture_loses_nothing_and_is_gone_on_with(tmp_path: Path) -> None:
    folder, reported = tmp_path / "s", []
    for frames in (3, 8):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout as lines:
            reported += [int(next(lines)) for _ in range(frames)]
            process.send_signal(signal.SIGKILL)
            reported += [int(line) for line in lines]
        process.wait(WAIT_S)
        sweep = read_sweep(folder, verify=True)
        assert set(reported) <= set(sweep.positions)
        assert len(set(sweep.positions)) == len(sweep.positions)
        assert sweep.positions == tuple(range(1100, 2000, 10))[: len(sweep.positions)]


def test_equal_pictures_of_a_simulation_without_noise_are_left_out_and_noted(
    stage: Callable[..., Stage], tmp_path: Path
) -> None:
    here = stage()
    with CameraSession(here.camera(), reopen=here.reach, deadlines=QUICK, live=False) as session:
        session.controls().result(WAIT_S)
        here.device.add_fault(Fault("same_picture", 2, "capture_still", calls=3))
        report = session.sweep(SweepPlan(tmp_path / "s", PLAN)).result(WAIT_S)
    assert report.sweep.positions == (PLAN[0], *PLAN[2:])
    assert report.notes == (f"there is no picture of its own at {PLAN[1]}",)


def test_positions_beyond_the_lens_are_refused_before_anything_is_made(
    stage: Callable[..., Stage], tmp_path: Path
) -> None:
    here = stage()
    with CameraSession(here.camera(), deadlines=QUICK, live=False) as session:
        with pytest.raises(UsageError, match="1050 to 2100"):
            session.sweep(SweepPlan(tmp_path / "s", (1200, 3000))).result(WAIT_S)
        assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("kind", [None, "unplug", "busy", "slow", "new_address", "stuck"])
def test_a_strategy_decides_from_each_picture_where_the_next_is_taken(
    stage: Callable[..., Stage], tmp_path: Path, kind: str | None
) -> None:
    here = stage()
    patches: list[np.ndarray] = []

    def strategy() -> Generator[int, np.ndarray, str]:
        for position in PLAN:
            patch = yield position
            patches.append(patch)
        return "all is sharp"

    with CameraSession(here.camera(), reopen=here.reach, deadlines=QUICK, live=False) as session:
        session.controls().result(WAIT_S)
        if kind:
            here.device.add_fault(Fault(kind, 5, calls=2, seconds=0.03))  # type: ignore[arg-type]
        report = session.sweep_by(strategy(), SweepPlan(tmp_path / "s")).result(WAIT_S)
    assert report.result == "all is sharp"
    assert report.sweep.positions == PLAN
    assert [here.truth[frame.sha256] for frame in report.sweep.frames] == list(PLAN)
    assert all(p.shape == (32, 48) and p.dtype == np.float32 and 0 <= p.min() <= p.max() <= 1 for p in patches)
    assert not np.array_equal(patches[0], patches[1])


def test_an_endless_strategy_is_stopped_and_closed(stage: Callable[..., Stage], tmp_path: Path) -> None:
    here, ended, three = stage(), threading.Event(), threading.Event()

    def strategy() -> Generator[int, np.ndarray, None]:
        try:
            for number in itertools.count():
                yield PLAN[number % 4]
                if number == 2:
                    three.set()
        finally:
            ended.set()

    with CameraSession(here.camera(), reopen=here.reach, deadlines=QUICK, live=False) as session:
        task = session.sweep_by(strategy(), SweepPlan(tmp_path / "s"))
        assert three.wait(WAIT_S)
        task.cancel()
        report = task.result(WAIT_S)
    assert ended.is_set()
    assert report.cancelled
    assert read_sweep(tmp_path / "s", verify=True).frames == report.sweep.frames
    assert len(report.sweep.frames) >= 3
