"""Depth repair through real widgets: mouse and keys, the panel, undo, and what is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import control, in_picture
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListWidget, QSpinBox, QToolButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.document.encoding import decode, encode
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.panels.slider_row import SliderRow
from rvr_laaf_app.ui.repair_feature import RepairFeature
from rvr_laaf_app.ui.repair_pictures import change_image
from rvr_laaf_app.ui.viewer.repair_brush import RepairBrush

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def tool(opened: MainWindow) -> MainWindow:
    """The window with the brush in the hand."""
    QTest.keyClick(opened.workspace.picture, Qt.Key.Key_P)
    assert brush_of(opened).active
    return opened


def brush_of(window: MainWindow) -> RepairBrush:
    found = window.workspace.picture.findChild(RepairBrush, "repair_brush")
    assert isinstance(found, RepairBrush)
    return found


def feature_of(window: MainWindow) -> RepairFeature:
    return next(f for f in window.features if isinstance(f, RepairFeature))


def draw(window: MainWindow, *places: tuple[float, float], keys: Qt.KeyboardModifier = NONE) -> None:
    brush = brush_of(window)
    points = [in_picture(window, *place).toPoint() for place in places]
    QTest.mousePress(brush, LEFT, keys, points[0])
    for point in points[1:]:
        QTest.mouseMove(brush, point)
    QTest.mouseRelease(brush, LEFT, keys, points[-1])


def carried(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not [j for j in window.session.jobs if j.name == "repair"], timeout=60_000)


def test_a_stroke_becomes_a_repair_and_undo_takes_it_back(tool: MainWindow, qtbot: QtBot) -> None:
    session = tool.session
    tool.stage.seek(10)
    draw(tool, (0.2, 0.6), (0.25, 0.6), (0.3, 0.65))
    (repair,) = session.project.repairs
    assert (repair.kind, repair.frame) == ("nearer", 10)
    assert repair.points[0] == pytest.approx((0.2, 0.6), abs=0.01)
    assert repair.points[-1] == pytest.approx((0.3, 0.65), abs=0.01)
    assert session.document.undo_label == "Brush nearer"
    assert not session.project.targets  # the picture below did not take it for a click
    products = session.products
    assert products is not None
    before = products.rgbd(10).disparity
    carried(tool, qtbot)
    assert (products.rgbd(10, session.project.repairs).disparity != before).any()
    assert (products.rgbd(14, session.project.repairs).disparity != products.rgbd(14).disparity).any()
    tool.menus.actions["undo"].trigger()
    assert session.project.repairs == ()
    assert (products.rgbd(10, session.project.repairs).disparity == before).all()
    tool.menus.actions["redo"].trigger()
    assert session.project.repairs == (repair,)
    carried(tool, qtbot)
    assert decode(encode(session.project)).repairs == (repair,)


def test_what_changes_is_shown_only_while_it_is_wanted(tool: MainWindow, qtbot: QtBot) -> None:
    brush, feature = brush_of(tool), feature_of(tool)
    draw(tool, (0.2, 0.6), (0.25, 0.6))
    qtbot.waitUntil(lambda: not brush._changes.isNull(), timeout=30_000)
    tool.menus.actions["show_repairs"].trigger()
    assert brush._changes.isNull()
    assert not feature.panel.shown.isChecked()
    feature.panel.shown.click()
    qtbot.waitUntil(lambda: not brush._changes.isNull(), timeout=30_000)
    carried(tool, qtbot)


def test_alt_click_samples_and_brushes_with_it(tool: MainWindow, qtbot: QtBot) -> None:
    tool.stage.seek(5)
    tool.menus.actions["repair_same"].trigger()
    draw(tool, (0.5, 0.5))
    assert tool.session.project.repairs == ()  # nothing is sampled yet, and the panel says so
    assert "Alt" in feature_of(tool).panel.hint.text()
    draw(tool, (0.9, 0.1), keys=Qt.KeyboardModifier.AltModifier)
    assert tool.session.project.repairs == ()
    draw(tool, (0.5, 0.5), (0.6, 0.5))
    (repair,) = tool.session.project.repairs
    assert repair.kind == "same"
    assert repair.sample is not None
    assert (repair.sample.x, repair.sample.y) == pytest.approx((0.9, 0.1), abs=0.01)
    tool.stage.seek(6)
    draw(tool, (0.5, 0.5), (0.6, 0.5))
    assert len(tool.session.project.repairs) == 1  # a sample is of its own frame
    carried(tool, qtbot)


def test_everything_goes_by_keys(tool: MainWindow, qtbot: QtBot) -> None:
    brush, feature = brush_of(tool), feature_of(tool)
    moving = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    size = feature._brush.radius
    pull_before = tool.session.settings.pull_frames
    QTest.keyClick(brush, Qt.Key.Key_BracketRight)
    assert feature._brush.radius > size
    QTest.keyClick(brush, Qt.Key.Key_BracketLeft)
    assert feature._brush.radius == pytest.approx(size)
    assert tool.session.settings.pull_frames == pull_before
    QTest.keyClick(brush, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    QTest.keyClick(brush, Qt.Key.Key_Return)
    assert brush.drawing
    for _ in range(4):
        QTest.keyClick(brush, Qt.Key.Key_Right, moving)
    QTest.keyClick(brush, Qt.Key.Key_Return)
    (repair,) = tool.session.project.repairs
    assert repair.kind == "farther"
    assert len(repair.points) > 2
    assert repair.points[-1][0] > repair.points[0][0]
    QTest.keyClick(brush, Qt.Key.Key_Return)
    QTest.keyClick(brush, Qt.Key.Key_Escape)  # this stroke only
    assert brush.active
    assert not brush.drawing
    QTest.keyClick(brush, Qt.Key.Key_Right)  # frames still step
    assert tool.stage.index == 1
    QTest.keyClick(brush, Qt.Key.Key_Escape)
    assert not brush.active
    assert not tool.menus.actions["repair_tool"].isChecked()
    assert tool.workspace.picture.hasFocus()
    carried(tool, qtbot)


def test_the_panel_lists_switches_and_removes(tool: MainWindow, qtbot: QtBot) -> None:
    session, rows = tool.session, control(tool, QListWidget, "repair_rows")
    for index in (20, 4):
        tool.stage.seek(index)
        draw(tool, (0.3, 0.6), (0.4, 0.6))
    assert rows.count() == 2
    assert rows.isVisible()
    first = next(r for r in session.project.repairs if r.frame == 4)
    rows.setCurrentRow(0)  # in the order of time
    assert feature_of(tool).selected == first
    rows.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert [r.on for r in session.project.repairs] == [True, False]
    assert session.document.undo_label == "Switch repair off"
    rows.itemActivated.emit(rows.item(1))
    assert tool.stage.index == 20
    tool.menus.actions["next_repair"].trigger()
    assert tool.stage.index == 4
    control(tool, QToolButton, "remove_repair_button").click()
    assert [r.frame for r in session.project.repairs] == [20]
    assert session.document.undo_label == "Remove repair"
    session.undo()
    session.undo()
    assert [r.on for r in session.project.repairs] == [True, True]
    carried(tool, qtbot)


def test_numbers_belong_to_the_selected_stroke(tool: MainWindow, qtbot: QtBot) -> None:
    draw(tool, (0.3, 0.6), (0.4, 0.6))
    feature, session = feature_of(tool), tool.session
    assert feature.panel.heading.text().startswith("STROKE")
    row = control(tool, SliderRow, "repair_strength_row")
    row.slider.setSliderDown(True)
    for value in (600, 700, 800):
        row.slider.setValue(value)
    row.slider.setSliderDown(False)
    assert session.project.repairs[0].brush.strength == pytest.approx(0.8, abs=0.01)
    control(tool, QSpinBox, "repair_ahead_box").setValue(7)
    assert session.project.repairs[0].brush.ahead == 7
    session.undo()
    assert session.project.repairs[0].brush.ahead == 60
    session.undo()
    assert session.project.repairs[0].brush.strength == pytest.approx(0.5)  # the drag was one step
    tool.menus.actions["repair_farther"].trigger()
    assert feature.panel.heading.text() == "NEXT STROKE"
    row.slider.setValue(300)
    assert session.project.repairs[0].brush.strength == pytest.approx(0.5)
    carried(tool, qtbot)


def test_repairs_are_in_the_file_and_work_when_it_is_opened_again(
    tool: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    draw(tool, (0.3, 0.6), (0.4, 0.6))
    carried(tool, qtbot)
    repairs = tool.session.project.repairs
    path = tool.session.save(tmp_path / "work.rvr")
    tool.session.remove_repair(repairs[0].id)
    tool.session.discard_changes()
    tool.session.open_project(path)
    qtbot.waitUntil(lambda: tool.session.project.repairs == repairs, timeout=20_000)
    carried(tool, qtbot)
    products = tool.session.products
    assert products is not None
    assert (products.rgbd(0, repairs).disparity != products.rgbd(0).disparity).any()


def test_without_depth_there_is_no_brush(window: MainWindow) -> None:
    assert not window.menus.actions["repair_tool"].isEnabled()
    assert not brush_of(window).active


def test_colours_tell_nearer_from_farther() -> None:
    before = np.full((4, 4), 0.5, np.float32)
    after = before.copy()
    after[0, 0], after[3, 3] = 0.8, 0.2
    image = change_image(before, after)
    assert image.pixelColor(0, 0).red() > image.pixelColor(0, 0).blue()
    assert image.pixelColor(3, 3).blue() > image.pixelColor(3, 3).red()
    assert image.pixelColor(1, 1).alpha() == 0
    assert change_image(before, before) == QImage()


def test_a_stroke_may_leave_the_picture(tool: MainWindow, qtbot: QtBot) -> None:
    brush = brush_of(tool)
    QTest.mousePress(brush, LEFT, NONE, in_picture(tool, 0.9, 0.5).toPoint())
    QTest.mouseMove(brush, (in_picture(tool, 1.0, 0.5) + QPointF(4000, 0)).toPoint())
    QTest.mouseRelease(brush, LEFT, NONE, (in_picture(tool, 1.0, 0.5) + QPointF(4000, 0)).toPoint())
    (repair,) = tool.session.project.repairs
    assert max(repair.stroke) <= 1.2
    carried(tool, qtbot)
