"""A camera in use: requests, live frames, autofocus, hanging drivers, and an end that is clean and quick."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from rvr_laaf_app.camera.base import CameraBusy, CameraGone, CardFull, EndStop, LiveFrame, NotOffered, Still
from rvr_laaf_app.camera.defocus import LENSES
from rvr_laaf_app.camera.device_thread import DeviceThread, Interrupted
from rvr_laaf_app.camera.focusing import FollowTask, Seen, contrast, patch_of
from rvr_laaf_app.camera.procedural import make_scene
from rvr_laaf_app.camera.scene import Motion, Scene
from rvr_laaf_app.camera.session import CameraSession
from rvr_laaf_app.camera.session_values import Deadlines, FrameSlot, SessionState, SessionStatus
from rvr_laaf_app.camera.simulated import SimulatedCamera
from rvr_laaf_app.camera.simulated_device import Behaviour, Fault, SimulatedDevice
from rvr_laaf_app.camera.sweeping import SweepPlan
from rvr_laaf_app.core.errors import Cancelled, UsageError
from rvr_laaf_app.core.geometry import Box

QUICK = Deadlines(call=0.4, open=1.0, still=1.0, slow=0.1, busy=2.0, again=0.02, card=0.02, heartbeat=0.02, close=1.0)
PATIENT = replace(QUICK, call=5.0, open=5.0, still=5.0)  # where no deadline is tested: the machine may be busy
WAIT_S = 60.0


def simulated(scene: str = "chart", faults: tuple[Fault, ...] = (), **how: object) -> SimulatedCamera:
    behaviour = Behaviour(**how)  # type: ignore[arg-type]
    return SimulatedCamera.of(scene, size=(48, 80), behaviour=behaviour, faults=faults)


def until(condition: Callable[[], bool], seconds: float = WAIT_S) -> bool:
    pause, end_s = threading.Event(), time.monotonic() + seconds
    while not condition() and time.monotonic() < end_s:
        pause.wait(0.005)
    return condition()


def own_threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("camera-")]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Generator[None, None, None]:
    yield
    assert until(lambda: not own_threads(), 3.0), own_threads()


def test_requests_are_answered_and_the_status_tells() -> None:
    heard: list[SessionStatus] = []
    with CameraSession(simulated(), deadlines=QUICK) as session:
        stop = session.observe(heard.append)
        report = session.drive_to(1300).result(WAIT_S)
        assert (report.position, report.verified) == (1300, "read-back")
        assert session.status.position == 1300
        assert session.drive_by(-50).result(WAIT_S).position == 1250
        assert {c.name for c in session.controls().result(WAIT_S)} >= {"exposure", "light"}
        session.set_control("exposure", 1.0).result(WAIT_S)
        assert session.capture().result(WAIT_S).data.startswith(b"\x89PNG")
        assert session.find_limits().result(WAIT_S).maximum == 2100
        for wrong, error in ((session.drive_to(99), UsageError), (session.drive_by(9999), EndStop)):
            with pytest.raises(error):
                wrong.result(WAIT_S)
        assert until(lambda: session.status.state is SessionState.READY)
        assert session.status.camera.simulated
        stop()
    assert heard[-1].state is SessionState.READY
    assert session.status.state is SessionState.CLOSED
    assert SessionState.CAPTURING in {status.state for status in heard}
    with pytest.raises(CameraGone):
        session.capture().result(WAIT_S)


def test_live_frames_come_and_the_newest_wins() -> None:
    wakes: list[int] = []
    with CameraSession(simulated(), deadlines=QUICK) as session:
        session.frames.set_wake(lambda: wakes.append(1))
        first = session.frames.wait_next(WAIT_S)
        later = session.frames.wait_next(WAIT_S)
        assert first is not None
        assert later is not None
        assert later.number > first.number
        assert until(lambda: (session.frames.take() or first).number > later.number + 2)
        session.show_live(False)
    assert 1 <= len(wakes) <= 4  # woken once per frame that was taken, however many came


def test_a_slot_replaces_and_wakes_once() -> None:
    wakes: list[int] = []
    slot = FrameSlot(lambda: wakes.append(1))
    frames = [LiveFrame(np.zeros((2, 2, 3), np.uint8), n, 0.0) for n in range(4)]
    slot.put(frames[0])
    slot.put(frames[1])
    assert slot.take() is frames[1]
    slot.put(frames[2])
    assert len(wakes) == 2
    assert slot.wait_next(0.01) is None


def test_waiting_drives_are_replaced_by_the_newest() -> None:
    camera = simulated(latency_s=0.03)
    with CameraSession(camera, deadlines=QUICK, live=False) as session:
        session.controls().result(WAIT_S)
        asked = [session.drive_to(position) for position in range(1100, 1900, 40)]
        assert asked[-1].result(WAIT_S).position == 1860
        assert sum(future.cancelled() for future in asked) >= 10


@dataclass(frozen=True)
class Best:
    position: int
    found: bool = True


def climb(positions: tuple[int, ...]) -> Generator[int, np.ndarray, Best]:
    seen: dict[int, float] = {}
    for position in positions:
        patch = yield position
        assert patch.dtype == np.float32
        assert 0.0 <= patch.min() <= patch.max() <= 1.0
        seen[position] = float(np.abs(np.diff(patch, axis=0)).mean())
    return Best(max(seen, key=lambda p: seen[p]))


@pytest.mark.parametrize("fault", [None, "unplug", "busy", "new_address", "stuck"])
def test_autofocus_runs_a_search_and_stays_at_its_result(fault: str | None) -> None:
    camera = simulated("chart", seed=3)
    best = int(camera.device.scene.best_positions()[0, 0])
    steps: list[Seen] = []
    places = tuple(range(best - 150, best + 151, 50))
    with CameraSession(camera, deadlines=QUICK, live=False) as session:
        session.controls().result(WAIT_S)
        if fault:
            camera.device.add_fault(Fault(fault, 8, seconds=0.05, calls=2))  # type: ignore[arg-type]
        task = session.run_autofocus(climb(places), region=Box(0.1, 0.1, 0.8, 0.8), on_step=steps.append)
        assert task.result(WAIT_S) == Best(best)
        assert session.status.position == best
    assert [seen.position for seen in steps] == list(places)
    assert camera.device.true_position == best


@pytest.mark.parametrize("seed", range(5))
def test_a_lens_with_irregular_steps_is_brought_to_what_was_seen_sharpest(seed: int) -> None:
    lens = replace(LENSES["paper"], width_px=96, largest_radius_px=60.0, sharp_radius_px=1.0).model(step=50)
    scene = make_scene("chart", size=(64, 96), limits=lens.limits, seed=seed)
    how = Behaviour(drive="relative", irregularity=0.08, backlash_steps=12.0, seed=seed)
    camera = SimulatedCamera(SimulatedDevice(scene, lens, behaviour=how))
    best = float(scene.best_positions()[0, 0])
    with CameraSession(camera, deadlines=QUICK, live=False, backlash_steps=16) as session:
        session.find_limits().result(WAIT_S)
        session.run_autofocus(climb(tuple(range(40, 1000, 60)))).result(WAIT_S)
        assert session.status.task == "" or until(lambda: session.status.task == "")
    assert abs(camera.device.true_position - best) <= 30  # where the search itself went in steps of 60


def near_search(start: int) -> Generator[int, np.ndarray, Best]:
    """Step by step to where it is sharper, from where the lens stands."""
    step, here = 40, start
    sharpest = contrast((yield here))
    while abs(step) >= 5:
        there = min(max(here + step, 1050), 2100)
        value = contrast((yield there))
        if value > sharpest:
            here, sharpest = there, value
        else:
            step = -step if step > 0 else -step // 2
    return Best(here)


def test_a_subject_that_moves_is_kept_in_focus() -> None:
    still = make_scene("chart", size=(64, 96), limits=(1050, 2100), seed=1)
    moving = replace(still.surfaces[0], position=1500.0, motion=Motion(steps_per_s=60.0))
    lens = replace(LENSES["paper"], width_px=96, largest_radius_px=60.0).model(step=50)  # blurs a small picture as well
    moment_s = [0.0]
    device = SimulatedDevice(
        Scene("mover", (moving,)), lens, behaviour=Behaviour(start=1480), scene_clock=lambda: moment_s[0]
    )

    since = [0, 0]

    def rests_near(position: int) -> bool:
        """Six pictures in a row without a drive: the search is over, not only passing by."""
        drives, looks = device.calls.get("drive", 0), device.calls.get("live_frame", 0)
        if abs(device.true_position - position) >= 40 or drives != since[0]:
            since[:] = drives, looks
        return looks - since[1] >= 6

    with CameraSession(SimulatedCamera(device), deadlines=PATIENT, live=False) as session:
        task = session.follow_focus(FollowTask(near_search))
        assert until(lambda: rests_near(1500))
        for position in (1620, 1740, 1620, 1500):
            moment_s[0] = (position - 1500) / 60.0
            since[1] = device.calls["live_frame"]
            assert until(lambda at=position: rests_near(at)), (position, device.true_position)
        task.cancel()
        assert task.result(WAIT_S) >= 3
        assert session.status.task == ""


def test_a_subject_at_rest_is_searched_for_once() -> None:
    with CameraSession(simulated("chart", seed=3, light="indoor", flicker=0.05), deadlines=QUICK) as session:
        task = session.follow_focus(FollowTask(near_search))
        until(lambda: False, 0.7)
        task.cancel()
        assert task.result(WAIT_S) == 1


def test_a_region_may_follow_the_frame_and_patches_have_a_least_size() -> None:
    boxes = iter([Box(0.0, 0.0, 0.5, 0.5), Box(0.5, 0.5, 0.5, 0.5)])
    steps: list[Seen] = []
    with CameraSession(simulated(), deadlines=QUICK) as session:
        session.run_autofocus(climb((1200, 1300)), region=lambda frame: next(boxes), on_step=steps.append).result(
            WAIT_S
        )
    assert [seen.box.x for seen in steps] == [0.0, 0.5]
    frame = steps[0].frame
    assert patch_of(frame, Box(0.99, 0.99, 0.001, 0.001)).shape == (16, 16)
    assert patch_of(frame, Box(-3.0, 0.0, 9.0, 9.0)).shape == frame.rgb.shape[:2]


def test_a_search_that_fails_or_is_stopped_gives_its_error() -> None:
    ended = threading.Event()

    def endless() -> Generator[int, np.ndarray, None]:
        try:
            while True:
                yield 1300
        finally:
            ended.set()

    def broken() -> Generator[int, np.ndarray, None]:
        yield 1300
        raise ValueError("in the method")

    with CameraSession(simulated(), deadlines=QUICK) as session:
        with pytest.raises(ValueError, match="in the method"):
            session.run_autofocus(broken()).result(WAIT_S)
        task = session.run_autofocus(endless())
        assert until(lambda: session.status.task == "autofocus")
        task.cancel()
        with pytest.raises(Cancelled):
            task.result(WAIT_S)
        assert ended.is_set()
        assert session.drive_to(1400).result(WAIT_S).position == 1400


def test_requests_do_not_wait_for_ever_behind_long_work(tmp_path: Path) -> None:
    deadlines = Deadlines(again=0.02, turn=0.1, close=1.0)
    with CameraSession(simulated(latency_s=0.05), deadlines=deadlines) as session:
        task = session.sweep(SweepPlan(tmp_path / "s", tuple(range(1100, 2000, 10))))
        assert until(lambda: session.status.task == "sweep")
        with pytest.raises(CameraBusy, match="sweep"):
            session.set_control("exposure", 1.0).result(WAIT_S)
        task.cancel()
        report = task.result(WAIT_S)
        assert report.cancelled
        assert 0 < len(report.sweep.frames) < 90


class Hanging(SimulatedCamera):
    """A driver that never comes back from one kind of call, for as long as `let_go` is not set."""

    def __init__(self, camera: SimulatedCamera, call: str) -> None:
        super().__init__(camera.device)
        self.call, self.let_go = call, threading.Event()

    def live_frame(self) -> LiveFrame:
        if self.call == "live_frame":
            self.let_go.wait(30.0)
        return super().live_frame()

    def capture_still(self) -> Still:
        if self.call == "capture_still":
            self.let_go.wait(30.0)
        return super().capture_still()

    def open(self) -> None:
        if self.call == "open":
            self.let_go.wait(30.0)
        super().open()


@pytest.mark.parametrize("call", ["live_frame", "capture_still", "open"])
def test_a_driver_that_hangs_is_left_behind_and_the_camera_reached_anew(call: str) -> None:
    camera = simulated()
    hanging = Hanging(camera, call)
    session = CameraSession(
        hanging, reopen=lambda _: SimulatedCamera(camera.device), deadlines=QUICK, live=call != "open"
    )
    try:
        if call == "capture_still":
            with pytest.raises(CameraGone, match="not answered"):  # while the driver hangs on
                session.capture().result(WAIT_S)
        assert until(lambda: session.status.state is SessionState.READY)
        assert session.drive_to(1200).result(WAIT_S).position == 1200
        assert session.capture().result(WAIT_S).data
    finally:
        hanging.let_go.set()
        session.close()


@pytest.mark.parametrize("call", ["live_frame", "open"])
def test_a_session_closes_in_time_though_the_driver_hangs(call: str) -> None:
    hanging = Hanging(simulated(), call)
    session = CameraSession(hanging, deadlines=Deadlines(close=2.0))
    until(lambda: False, 0.1)
    clean = session.close()
    hanging.let_go.set()
    assert not clean  # it did not wait for the driver


def test_looking_for_the_ends_of_a_lens_can_be_stopped() -> None:
    cancel = threading.Event()
    with CameraSession(simulated(drive="relative", latency_s=0.02), deadlines=QUICK) as session:
        finding = session.find_limits(coarse_steps=4, cancel=cancel)
        assert until(lambda: session.status.task == "limits")
        cancel.set()
        with pytest.raises(Cancelled):
            finding.result(WAIT_S)
        assert session.status.drive.minimum is None
        assert session.drive_by(5).result(WAIT_S)


def test_closing_ends_what_is_asked_for_and_running(tmp_path: Path) -> None:
    session = CameraSession(simulated(latency_s=0.05), deadlines=QUICK)
    assert until(lambda: session.status.state is SessionState.READY)
    task = session.sweep(SweepPlan(tmp_path / "s", tuple(range(1100, 2000, 10))))
    waiting = session.capture()
    assert until(lambda: session.status.done > 0)
    assert session.close()
    for future in (task.future, waiting):
        with pytest.raises(CameraGone, match="closed"):
            future.result(WAIT_S)
    assert not own_threads()


def test_a_camera_that_is_not_there_yet_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    camera = simulated()
    camera.device.unplug()
    with CameraSession(camera, deadlines=QUICK) as session:
        assert until(lambda: session.status.state is SessionState.DISCONNECTED)
        with pytest.raises(CameraGone):
            session.drive_to(1200).result(WAIT_S)
        camera.device.plug_in()
        assert until(lambda: session.status.state is SessionState.READY)
        assert session.drive_to(1200).result(WAIT_S).position == 1200
    assert len(caplog.records) <= 3


@pytest.mark.parametrize("live", [True, False])
def test_an_unplugged_camera_is_noticed_while_nothing_is_asked(live: bool) -> None:
    camera = simulated()
    with CameraSession(camera, deadlines=QUICK, live=live) as session:
        assert until(lambda: session.status.state is SessionState.READY)
        camera.device.unplug()
        assert until(lambda: session.status.state is SessionState.DISCONNECTED)
        assert session.status.position is None
        camera.device.plug_in()
        assert until(lambda: session.status.state is SessionState.READY)


def test_another_camera_in_its_place_is_not_taken_for_it() -> None:
    camera, other = simulated(), simulated()
    other.device.serial = "SIM-OTHER"
    with CameraSession(camera, reopen=lambda _: SimulatedCamera(other.device), deadlines=QUICK) as session:
        assert until(lambda: session.status.state is SessionState.READY)
        camera.device.unplug()
        assert until(lambda: "another camera" in session.status.message)
        assert session.status.state is SessionState.DISCONNECTED


def test_a_full_card_is_a_state_of_its_own() -> None:
    camera = simulated(card_pictures=1)
    with CameraSession(camera, deadlines=QUICK) as session:
        session.capture().result(WAIT_S)
        with pytest.raises(CardFull):
            session.capture().result(WAIT_S)
        assert until(lambda: session.status.state is SessionState.CARD_FULL)
        assert session.frames.wait_next(WAIT_S) is not None  # the live view goes on
        camera.device.empty_card()
        session.capture().result(WAIT_S)
        assert until(lambda: session.status.state is SessionState.READY)


def test_slow_answers_are_told_before_the_deadline() -> None:
    camera = simulated(faults=(Fault("slow", 1, "capture_still", seconds=0.3),))
    messages: list[str] = []
    with CameraSession(camera, deadlines=QUICK, live=False) as session:
        session.observe(lambda status: messages.append(status.message))
        assert session.capture().result(WAIT_S).data
    assert any("long to answer" in message for message in messages)
    assert messages[-1] == ""


def test_a_lens_focused_by_hand_and_no_live_view_are_no_faults() -> None:
    class Blind(SimulatedCamera):
        def live_frame(self) -> LiveFrame:
            raise NotOffered("no live view")

    with CameraSession(Blind(simulated(drive="none").device), deadlines=QUICK) as session:
        with pytest.raises(NotOffered):
            session.drive_to(1200).result(WAIT_S)
        assert session.capture().result(WAIT_S).data
        assert until(lambda: session.status.state is SessionState.READY)
        assert session.status.drive.kind == "none"


def test_the_device_thread_gives_results_errors_and_up() -> None:
    thread = DeviceThread("camera-test")
    assert thread.run(lambda: 3, deadline_s=1.0) == 3
    with pytest.raises(EndStop):
        thread.run(_raise(EndStop("end")), deadline_s=1.0)
    with pytest.raises(CameraGone, match="connection"):
        thread.run(_raise(OSError("cable")), deadline_s=1.0)
    release, stop = threading.Event(), threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        thread.run(lambda: release.wait(10.0), deadline_s=5.0, stop=stop, stop_grace_s=0.01)
    with pytest.raises(CameraGone):
        thread.run(lambda: 3, deadline_s=1.0)
    assert not thread.close(timeout_s=0.01)
    release.set()
    assert thread.close(timeout_s=5.0)


def _raise(error: Exception) -> Callable[[], object]:
    def fail() -> object:
        raise error

    return fail
