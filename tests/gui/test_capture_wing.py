"""More of the capture window: calibration, only the frames that are needed, focus that is kept, look-ahead, access."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.app.capture_places import calibration_path
from rvr_laaf_app.camera.base import LiveFrame
from rvr_laaf_app.camera.defocus import load_model, paper_model, save_model
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.ui.capture.window import TABS
from rvr_laaf_app.ui.capture_feature import CaptureFeature
from rvr_laaf_app.ui.main_window import MainWindow
from tests.gui.test_accessible import nameless
from tests.gui.test_capture_window import Rig

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support")]


@pytest.fixture
def rig(window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(CaptureFeature, "backends", ("simulated",))
    monkeypatch.setattr(CaptureFeature, "reads_ahead", False)
    made = Rig(window, qtbot, tmp_path / "sweeps")
    yield made
    if hasattr(made, "device"):
        made.device.release.set()


def test_the_assistant_measures_the_lens_and_keeps_it(rig: Rig) -> None:
    rig.use(scene="chart", size=(216, 384))
    assert "Not calibrated" in rig.view.calibration.known.text()
    assert rig.view.stack.span_source.text() == "assumed"
    rig.main.menus.actions["camera_calibrate"].trigger()
    rig.view.calibration.step.setValue(75)
    rig.click(QPushButton, "calibrate")
    said = rig.view.calibration.state
    rig.wait(lambda: rig.feature.calibration.model is not None or said.property("role") == "problem")
    assert rig.view.calibration.state.text().startswith("Measured in")
    assert not rig.view.calibration.fit.image.isNull()
    assert rig.view.stack.span_source.text() == "calibrated"
    kept = load_model(calibration_path(rig.device.serial, ""))
    assert kept.limits == (1050, 2100)
    truth = paper_model()
    assert kept.radius_px.max() / kept.width_px == pytest.approx(truth.radius_px.max() / truth.width_px, rel=0.15)


def test_only_what_is_needed_takes_fewer_frames_and_wants_a_calibration(rig: Rig) -> None:
    rig.use()
    rig.plan(1050, 2100, 20)
    way = rig.view.stack.way
    way.setCurrentIndex(way.findData("needed"))
    assert "the lens is not calibrated" in rig.view.stack.plan.text()
    path = calibration_path(rig.device.serial, "")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_model(path, paper_model())
    rig.feature.calibration._load(rig.state.info)
    rig.view.stack.plan_edited.emit()
    planned = len(rig.feature.stack.plan().positions)
    rig.click(QPushButton, "capture_stack")
    rig.wait(lambda: rig.state.task == "sweep")
    rig.wait(lambda: rig.feature.stack.made is not None)
    made = rig.feature.stack.made
    assert made is not None
    assert 2 <= len(made.slices) <= 0.6 * planned


def test_focus_is_kept_on_what_was_chosen_until_it_is_switched_off(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the keeper says is done, until it is switched off; how it decides is tested where it is made."""
    made: list[Keeper] = []

    class Keeper:
        def __init__(self, limits: tuple[int, int], *, start: int, **_more: object) -> None:
            assert limits == (1050, 2100)
            self.wanted, self.asked = start - 200, 0
            made.append(self)

        def see(self, frame: LiveFrame, box: Box | None, *, known: bool) -> int | None:
            self.asked += 1
            return self.wanted if self.asked == 1 else None

    monkeypatch.setattr("rvr_laaf_app.pipeline.capture_keep.FocusKeeper", Keeper)
    rig.use(start=1900)
    rig.wait(lambda: rig.state.position == 1900)
    rig.view.autofocus.keep.click()
    assert rig.main.menus.actions["camera_keep"].isChecked()
    rig.wait(lambda: rig.state.position == 1700)
    rig.view.autofocus.keep.click()
    assert not rig.feature.lens.keeping
    asked = made[0].asked
    rig.capture.drive_to(1500)
    rig.wait(lambda: rig.state.position == 1500)
    assert made[0].asked <= asked + 1


def test_a_keeper_begins_anew_where_somebody_has_driven_the_lens(monkeypatch: pytest.MonkeyPatch) -> None:
    from rvr_laaf_app.pipeline import capture_keep

    begun: list[int] = []

    def keep_focus(*_limits: object, start: int, **_how: object) -> Iterator[capture_keep.FocusWish]:
        begun.append(start)
        while True:
            yield capture_keep.FocusWish(start, False, 1.0)

    monkeypatch.setattr(capture_keep, "keep_focus", keep_focus)
    keeper = capture_keep.FocusKeeper((0, 100), start=50, depth_of_field=5, model=None, width_px=None)
    picture = np.zeros((64, 64, 3), np.uint8)
    for number in range(capture_keep._PATIENCE + 2):
        assert keeper.see(LiveFrame(picture, number, 0.0, 80), None, known=True) is None
    assert begun == [50, 80]


def test_the_look_ahead_preview_runs_late_and_tells_its_rate(rig: Rig, compiled: None) -> None:
    rig.use()
    rig.feature.ahead.estimator = "lower-is-nearer"
    rig.view.show_tab("ahead")
    rig.view.look_ahead.delay.set_value(1.0)
    rig.click(QPushButton, "look_ahead_start")
    assert rig.view.view == "ahead"
    assert "Filling" in rig.view.look_ahead.state.text()
    rig.wait(lambda: not rig.view.ahead_picture.image.isNull())
    assert "late" in rig.view.ahead_picture.notice
    state = rig.feature.ahead._state
    assert state.delay_s is not None
    assert state.delay_s >= 1.0
    rig.device.unplug()
    rig.wait(lambda: rig.view.look_ahead.state.text().startswith("Waiting for the camera"))
    assert rig.feature.ahead.running
    rig.device.plug_in()
    rig.wait(lambda: "late" in rig.view.look_ahead.state.text())
    rig.click(QPushButton, "look_ahead_start")
    assert rig.view.view == "live"
    assert not rig.main.menus.actions["camera_ahead"].isChecked()


def test_every_control_of_every_panel_has_a_name(rig: Rig) -> None:
    rig.wait(lambda: rig.view.page.findChild(QPushButton, "camera_simulated:desk") is not None)
    assert not nameless(rig.view)
    rig.use()
    for tab in TABS:
        rig.view.show_tab(tab)
        assert not nameless(rig.view), tab


@pytest.mark.parametrize("size", [(960, 600), (1280, 720), (2560, 1440)])
def test_nothing_hangs_over_the_edge(rig: Rig, size: tuple[int, int]) -> None:
    rig.use()
    rig.view.resize(*size)
    rig.qtbot.wait(50)
    assert (rig.view.width(), rig.view.height()) == size
    for part in (rig.view.picture, rig.view.ruler, rig.view.histogram, rig.view.panels):
        corner = part.mapTo(rig.view, QPoint(part.width() - 1, part.height() - 1))
        assert rig.view.rect().contains(corner), part.objectName()
        assert part.height() > 40
    for tab in TABS:
        rig.view.show_tab(tab)
        panel = rig.view.panels.currentWidget()
        assert panel is not None
        assert panel.widget().width() <= panel.width(), tab  # type: ignore[attr-defined]


def test_keys_work_in_the_capture_window_too(rig: Rig) -> None:
    rig.use()
    with rig.qtbot.waitActive(rig.view):
        rig.view.activateWindow()
    rig.qtbot.keyClick(rig.view, Qt.Key.Key_F7)
    assert rig.main.menus.actions["camera_peaking"].isChecked()
    rig.qtbot.keyClick(rig.view, Qt.Key.Key_F3)
    assert rig.view.ruler.state.mark_a == rig.state.position


def test_an_unknown_camera_is_a_clear_line(rig: Rig) -> None:
    rig.feature._choose("simulated:atlantis")
    rig.wait(lambda: "atlantis" in rig.view.error_bar.text)
    assert rig.state.phase == "none"
    assert rig.view.pages.currentWidget() is rig.view.page
