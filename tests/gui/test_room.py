"""What is shown where there is little room or nothing to show: names, lists, numbers, and a clip that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QApplication, QDoubleSpinBox, QLabel, QListWidget, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.panels.clip_row import two_lines
from rvr_laaf_app.ui.panels.slider_row import SliderRow, SliderScale
from rvr_laaf_app.ui.timeline.layout import FOLDED_PX
from tests.gui.conftest import control

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]


def test_a_long_name_goes_on_in_a_second_line(qapp: QApplication) -> None:
    metrics = QFontMetrics(QFont(qapp.font()))
    assert two_lines("talk", metrics, 120) == ("talk",)
    first, second = two_lines("the_second_interview_take_04_final_v2", metrics, 120)
    assert first.endswith("_")
    assert "\N{HORIZONTAL ELLIPSIS}" not in first
    for line in (first, second):
        assert metrics.horizontalAdvance(line) <= 120
    unbroken = two_lines("W" * 200, metrics, 120)
    assert len(unbroken) == 2
    assert unbroken[1].endswith("\N{HORIZONTAL ELLIPSIS}")
    assert two_lines("WW", metrics, 1)[0] == "W"


def test_the_largest_value_is_said_in_a_word(qtbot: QtBot) -> None:
    row = SliderRow("reach", "Reach", SliderScale(0, 80), suffix=" px", most="no limit")
    qtbot.addWidget(row)
    edits: list[float] = []
    row.value_edited.connect(edits.append)
    row.set_value(80)
    assert row.box.text() == "no limit"
    row.box.lineEdit().setText("12")
    row.box.interpretText()
    assert (row.value, row.box.text()) == (12.0, "12 px")
    row.box.setValue(80)
    assert row.box.text() == "no limit"
    assert edits == [12.0, 80.0]


def test_a_number_finer_than_the_slider_is_shown_as_it_is(qtbot: QtBot) -> None:
    row = SliderRow("stop", "Aperture", SliderScale(0.7, 22, log=True, decimals=1), prefix="f/", finer=1)
    qtbot.addWidget(row)
    texts = []
    for value in (0.95, 1.8, 2.0, 10.0):
        row.set_value(value)
        texts.append(row.box.text())
    assert texts == ["f/0.95", "f/1.8", "f/2.0", "f/10.0"]


def test_the_list_of_targets_is_as_high_as_its_rows(opened: MainWindow) -> None:
    rows = control(opened, QListWidget, "target_list")
    heights = []
    for number in range(8):
        opened.session.add_target_at(Box(0.1, 0.1, 0.3, 0.4), 4 * number)
        heights.append(rows.height())
    assert heights[1] > heights[0]
    assert heights[1] - heights[0] == rows.sizeHintForRow(0)
    assert heights[6] == heights[7]  # it scrolls


def test_the_lens_lane_is_low_until_there_is_a_key(opened: MainWindow, qtbot: QtBot) -> None:
    timeline = opened.workspace.timeline
    assert timeline.lane_rect("lens").height() == FOLDED_PX
    opened.menus.actions["lens_key"].trigger()
    assert timeline.lane_rect("lens").height() > FOLDED_PX
    qtbot.waitUntil(lambda: timeline.minimumHeight() <= timeline.height())


def test_a_foreground_without_limit_says_so(opened: MainWindow) -> None:
    assert control(opened, QDoubleSpinBox, "near_blur_limit_box").text() == "no limit"


def test_the_hint_to_click_is_away_while_depth_is_repaired(opened: MainWindow, qtbot: QtBot) -> None:
    picture = opened.workspace.picture
    qtbot.waitUntil(lambda: "Click a subject" in picture.notice, timeout=20_000)
    opened.menus.actions["repair_tool"].trigger()
    assert picture.notice == ""
    opened.menus.actions["repair_tool"].trigger()
    assert "Click a subject" in picture.notice


def test_up_and_down_stop_at_cuts_too(opened: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    opened.session.add_target_at(Box(0.1, 0.1, 0.3, 0.4), 12)
    products = opened.session.products
    assert products is not None
    monkeypatch.setattr(type(products), "cuts", property(lambda _self: (20, 30)))
    places = []
    opened.stage.seek(5)
    for name in ("next_target", "next_target", "next_target", "next_target", "previous_target", "previous_target"):
        opened.menus.actions[name].trigger()
        places.append(opened.stage.index)
    assert places == [12, 20, 30, 30, 20, 12]


def test_a_missing_clip_is_named_in_the_viewer_and_looked_for_from_there(
    window: MainWindow, clip: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    window.begin(str(clip))
    qtbot.waitUntil(lambda: window.stage.info is not None, timeout=20_000)
    missing = window.workspace.missing
    assert not missing.isVisible()
    project = tmp_path / "film.rvr"
    window.session.save(str(project))
    clip.unlink()
    window.files.open(str(project))
    qtbot.waitUntil(missing.isVisible, timeout=20_000)
    assert not window.session.read_only  # it was open in this very window, which is no other one
    assert clip.name in control(window, QLabel, "path_of_missing").text()
    assert "not found" in window.problems.text.text()
    assert window.workspace.picture.rect().contains(missing.geometry())
    asked: list[bool] = []
    window.menus.actions["relink"].triggered.connect(lambda: asked.append(True))
    control(window, QPushButton, "find_missing").click()
    assert asked


@pytest.mark.parametrize("width", [380, 480, 560, 640, 712, 1000, 1600])
def test_nothing_in_the_transport_is_cut_at_any_width(opened: MainWindow, width: int) -> None:
    transport = opened.workspace.transport
    transport.setFixedWidth(width)
    QApplication.processEvents()
    shown = [b for b in transport.findChildren(QToolButton) if b.isVisible()]
    assert transport.time.isVisible()
    assert any(b.objectName() == "play_button" for b in shown)
    for button in shown:
        right = button.mapTo(transport, button.rect().topRight()).x()
        assert right < width, button.objectName()
        assert button.width() >= button.minimumSizeHint().width(), button.objectName()


def test_the_first_section_is_marked_where_nothing_scrolls(opened: MainWindow, qtbot: QtBot) -> None:
    opened.resize(1600, 2400)
    qtbot.wait(50)
    assert not opened.workspace.inspector.verticalScrollBar().maximum()
    marked = [b.objectName() for b in opened.findChildren(QToolButton) if b.property("role") == "tab" and b.isChecked()]
    assert marked == ["to_target_panel"]
