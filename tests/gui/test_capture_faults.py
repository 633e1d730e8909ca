"""The capture window when the camera fails: unplugged, busy, full, slow. The window answers and says what is safe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.app.capture_state import TaskEnd
from rvr_laaf_app.camera.gphoto_steps import LearnedSizes
from rvr_laaf_app.camera.simulated_device import Fault
from rvr_laaf_app.camera.sweep import read_sweep
from rvr_laaf_app.ui.capture_feature import CaptureFeature
from rvr_laaf_app.ui.main_window import MainWindow
from tests.gui.test_capture_window import Rig

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support")]
LASTING = 10_000  # calls: until it is healed


class Pulse:
    """Counts turns of the window's event loop."""

    def __init__(self) -> None:
        self.turns = 0
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(10)

    def _tick(self) -> None:
        self.turns += 1


@pytest.fixture
def rig(window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(CaptureFeature, "backends", ("simulated",))
    monkeypatch.setattr(CaptureFeature, "reads_ahead", False)
    made = Rig(window, qtbot, tmp_path / "sweeps")
    yield made
    if hasattr(made, "device"):
        made.device.release.set()


def notice(rig: Rig) -> str:
    """What the banner says; empty if it is hidden."""
    told = rig.view.banner.notice
    return "" if told is None or rig.view.banner.isHidden() else f"{told.title}. {told.text}"


def begin_sweep(rig: Rig) -> Path:
    rig.plan(1050, 2100, 150)
    rig.click(QPushButton, "capture_stack")
    rig.wait(lambda: rig.state.task == "sweep")
    shot = rig.feature.stack._shot
    assert shot is not None
    return shot.folder


def test_unplugged_during_live_view_is_told_and_heals_by_itself(rig: Rig) -> None:
    rig.use()
    rig.device.unplug()
    rig.wait(lambda: rig.state.phase == "gone")
    assert "The camera is disconnected" in notice(rig)
    assert rig.view.live.text() == "Disconnected"
    assert not rig.view.autofocus.focus.isEnabled()
    assert not rig.view.stack.capture.isEnabled()
    assert not rig.view.picture.image.isNull()  # the last picture stays
    rig.device.plug_in()
    rig.wait(lambda: rig.state.phase == "live" and notice(rig) == "")
    rig.wait(lambda: rig.view.autofocus.focus.isEnabled())


def test_unplugged_during_a_sweep_nothing_is_lost_and_it_goes_on(rig: Rig) -> None:
    rig.use()
    folder = begin_sweep(rig)
    rig.wait(lambda: len(rig.view.ruler.state.taken) >= 3)
    rig.device.unplug(new_address=True)
    rig.wait(lambda: rig.state.phase == "gone")
    kept = len(read_sweep(folder, verify=True).frames)
    assert "What was captured is safe." in notice(rig)
    assert "Waiting for the camera" in rig.view.stack.waits.text()
    assert len(read_sweep(folder).frames) <= kept + 1
    rig.device.plug_in()
    rig.wait(lambda: rig.state.task == "")
    sweep = read_sweep(folder, verify=True)
    assert list(sweep.positions) == list(sweep.planned)
    rig.wait(lambda: rig.feature.stack.made is not None)
    assert notice(rig) == ""


def test_a_full_card_waits_and_goes_on_when_there_is_room(rig: Rig) -> None:
    rig.use(Fault("card_full", 3, call="capture_still", calls=LASTING))
    folder = begin_sweep(rig)
    rig.wait(lambda: rig.state.phase == "card_full")
    assert "The card is full" in notice(rig)
    assert "room on the card" in rig.view.stack.waits.text()
    rig.device.heal()
    rig.wait(lambda: rig.state.task == "")
    assert not read_sweep(folder, verify=True).remaining


def test_a_busy_camera_is_told_and_asked_again(rig: Rig) -> None:
    rig.use(Fault("busy", 2, call="capture_still", calls=LASTING))
    folder = begin_sweep(rig)
    rig.wait(lambda: rig.state.phase == "busy")
    assert "busy" in notice(rig)
    rig.device.heal()
    rig.wait(lambda: rig.state.task == "")
    assert not read_sweep(folder, verify=True).remaining


def test_a_camera_that_does_not_answer_holds_up_nothing(rig: Rig) -> None:
    """The call hangs until the test ends: whatever the window does meanwhile, it does not wait for it."""
    rig.use(Fault("slow", 40, call="live_frame", seconds=600.0))
    rig.wait(lambda: rig.state.phase == "gone" or bool(rig.state.message))
    assert notice(rig)
    pulse = Pulse()
    rig.click(QToolButton, "tab_stack")
    assert rig.view.tab == "stack"
    rig.wait(lambda: pulse.turns >= 20)
    assert not rig.device.release.is_set()


def test_stopping_a_sweep_keeps_and_develops_what_there_is(rig: Rig) -> None:
    rig.use()
    folder = begin_sweep(rig)
    rig.wait(lambda: len(rig.view.ruler.state.taken) >= 3)
    rig.click(QPushButton, "capture_stack")  # it says Stop now
    rig.wait(lambda: rig.state.task == "" and rig.feature.stack.made is not None)
    sweep = read_sweep(folder, verify=True)
    assert 3 <= len(sweep.frames) < len(sweep.planned)
    assert "were not captured" in rig.view.stack.result.text()


def test_a_lens_focused_by_hand_says_so_and_offers_no_drive(rig: Rig) -> None:
    rig.use(drive="none")
    assert "focused by hand" in rig.view.lens.note.text()
    assert not rig.view.autofocus.focus.isEnabled()
    assert not rig.view.stack.capture.isEnabled()
    assert not rig.main.menus.actions["camera_focus"].isEnabled()


def test_a_lens_that_only_knows_steps_finds_its_ends_first(rig: Rig) -> None:
    rig.use(drive="relative")
    assert "counts steps only" in rig.view.lens.note.text()
    assert rig.view.lens.find_ends.isVisible()
    assert "the ends of this lens are not known" in rig.view.stack.plan.text()
    assert not rig.view.stack.capture.isEnabled()
    rig.click(QPushButton, "find_limits")
    rig.wait(lambda: rig.state.task == "" and rig.state.limits is not None)
    assert not rig.view.lens.find_ends.isVisible()
    low, high = rig.view.ruler.state.limits or (0, 0)
    assert 900 < high - low < 1200
    assert rig.view.autofocus.focus.isEnabled()
    assert rig.view.ruler.state.movable
    rig.plan(low, high, 300)
    assert rig.view.stack.capture.isEnabled()
    rig.click(QPushButton, "capture_stack")
    rig.wait(lambda: len(rig.view.ruler.state.taken) >= 2)


def test_the_ends_are_looked_for_until_somebody_stops_it(rig: Rig) -> None:
    rig.use(drive="relative", latency_s=0.02)
    rig.click(QPushButton, "find_limits")
    assert rig.view.lens.find_ends.text() == "Stop"
    rig.click(QPushButton, "find_limits")
    rig.wait(lambda: rig.state.task == "")
    assert rig.state.limits is None
    assert rig.view.lens.find_ends.text() == "Find the Ends"


def test_steps_of_several_sizes_are_measured_in_the_assistant(rig: Rig) -> None:
    """What the camera answers is given here; how it is found out is tested with the camera."""
    rig.use(drive="relative")
    assert rig.view.calibration.steps.isHidden()
    rig.main.menus.actions["camera_calibrate"].trigger()
    assert rig.state.drive is not None
    drive = replace(rig.state.drive, sizes="assumed")
    rig.feature.steps.show_state(replace(rig.state, drive=drive))
    assert rig.view.calibration.steps.learn.isVisible()
    assert "is assumed" in rig.view.calibration.steps.known.text()
    rig.click(QPushButton, "learn_steps")  # and this camera's are all alike
    rig.wait(lambda: "nothing to learn" in rig.view.calibration.steps.state.text())
    assert rig.view.error_bar.isHidden()
    rig.feature.steps.ended(TaskEnd("learning", result=LearnedSizes({1: 1, 2: 7, 3: 34}, {})))
    assert "1, 7, 34" in rig.view.calibration.steps.state.text()


def test_closing_the_program_during_a_sweep_is_orderly(rig: Rig) -> None:
    """The fixture of the window asserts that every thread has ended."""
    rig.use()
    folder = begin_sweep(rig)
    rig.wait(lambda: len(rig.view.ruler.state.taken) >= 2)
    rig.main.close_now()
    assert len(read_sweep(folder, verify=True).frames) >= 2
