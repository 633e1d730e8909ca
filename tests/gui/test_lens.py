"""The lens by mouse and keys: keys of the f-number in the lens lane, presets, limits, the rendered bokeh."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLineEdit, QToolButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.app import lens_presets
from rvr_laaf_app.app.folders import config_folder
from rvr_laaf_app.document.lens_keys import LensKey
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.timeline.lane import LaneView
from rvr_laaf_app.ui.timeline.lens_lane import LensLane, nominal
from tests.gui.conftest import control


def lane_of(window: MainWindow) -> tuple[LensLane, LaneView]:
    timeline = window.workspace.timeline
    lane = timeline.lane("lens")
    assert isinstance(lane, LensLane)
    return lane, timeline._view_of(lane)


def keys_of(window: MainWindow) -> tuple[LensKey, ...]:
    return window.session.project.lens.f_number_keys


def place_of(window: MainWindow, key: LensKey) -> QPoint:
    lane, view = lane_of(window)
    return lane.centre(key, view).toPoint()


def double_click_at(window: MainWindow, frame: int) -> None:
    _, view = lane_of(window)
    place = QPoint(round(view.x_of(frame)), round(view.rect.bottom()) - 6)
    timeline = window.workspace.timeline
    QTest.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(timeline, Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=place)


def drag(window: MainWindow, start: QPoint, by: QPoint) -> None:
    timeline = window.workspace.timeline
    QTest.mousePress(timeline, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(timeline, start + by / 2)
    QTest.mouseMove(timeline, start + by)
    QTest.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=start + by)


@pytest.mark.slow
def test_keys_are_added_dragged_typed_and_removed_each_as_one_step(opened: MainWindow, qtbot: QtBot) -> None:
    timeline = opened.workspace.timeline
    double_click_at(opened, 10)
    double_click_at(opened, 30)
    assert [k.frame for k in keys_of(opened)] == [10, 30]
    assert {k.f_number for k in keys_of(opened)} == {1.8}, "a new key changes nothing yet"
    assert opened.session.document.undo_label == "Add f-number key"

    drag(opened, place_of(opened, keys_of(opened)[1]), QPoint(0, 16))
    moved = keys_of(opened)[1]
    assert moved.frame == 30, "dragged straight down it stays at its frame"
    assert moved.f_number > 3.0
    assert moved.f_number == nominal(moved.f_number)
    first = keys_of(opened)[0]
    _, view = lane_of(opened)
    drag(opened, place_of(opened, first), QPoint(round(view.x_of(15) - view.x_of(10)), 0))
    assert keys_of(opened)[0] == replace(first, frame=15), "dragged along it keeps its value"

    _, view = lane_of(opened)
    QTest.mouseDClick(timeline, Qt.MouseButton.LeftButton, pos=place_of(opened, moved))
    box = control(opened, QDoubleSpinBox, "f_number_typing")
    assert box.value() == moved.f_number
    QTest.keyClicks(box, "5.6")
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert keys_of(opened)[1].f_number == 5.6

    steps = 5
    for _ in range(steps):
        assert opened.session.undo()
    assert keys_of(opened) == ()
    for _ in range(steps):
        assert opened.session.redo()
    QTest.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=place_of(opened, keys_of(opened)[1]))
    QTest.keyClick(timeline, Qt.Key.Key_Delete)
    assert [k.frame for k in keys_of(opened)] == [15]
    opened.menus.run("clear_lens_keys")
    assert keys_of(opened) == ()


def test_panel_keys_and_band_follow_the_playhead(opened: MainWindow, qtbot: QtBot) -> None:
    session, stage = opened.session, opened.stage
    keys = LensKey(0, 2.0), LensKey(20, 8.0)
    session.set_lens(replace(session.project.lens, f_number_keys=keys))
    panel = opened.workspace.inspector.lens
    stage.seek(10)
    assert panel.f_number.value == pytest.approx(4.0), "half the way in stops"
    content = opened.workspace.timeline._content
    assert content is not None
    assert content.sharp_half_at(20) == pytest.approx(4 * content.sharp_half_at(0), rel=1e-3)

    panel.f_number.box.setValue(2.8)  # typed between two keys: a key from now on
    assert LensKey(10, 2.8) in keys_of(opened)
    button = control(opened, QToolButton, "f_number_key_next")
    button.click()
    assert stage.index == 20
    assert not button.isEnabled()
    control(opened, QToolButton, "f_number_key_toggle").click()
    assert [k.frame for k in keys_of(opened)] == [0, 10]
    opened.menus.run("close_lens")
    assert keys_of(opened)[-1] == LensKey(20, 3.2), "a third of a stop from the value that held there"

    session.set_lens(replace(session.project.lens, blur_px=10.0))
    assert not opened.menus.actions["lens_key"].isEnabled()
    double_click_at(opened, 5)
    assert len(keys_of(opened)) == 3, "a plain strength has no f-number to key"


def test_presets_are_saved_renamed_deleted_and_keep_what_belongs_to_the_shot(opened: MainWindow) -> None:
    session, line = opened.session, opened.workspace.inspector.lens.presets
    combo, name = control(opened, QComboBox, "lens_preset"), control(opened, QLineEdit, "lens_preset_name")
    lens = session.project.lens
    near = replace(lens, lens=replace(lens.lens, disparity_scale_per_m=0.5), f_number_keys=(LensKey(3, 4.0),))
    session.set_lens(near)
    opened.menus.run("lens_preset_anamorphic_50")
    now = session.project.lens
    assert (now.aperture.squeeze, now.lens.disparity_scale_per_m, now.f_number_keys) == (0.5, 0.5, near.f_number_keys)
    assert combo.currentText().startswith("Anamorphic 50")

    opened.workspace.inspector.lens.cats_eye.box.setValue(20)
    assert line.current is None
    opened.docks.docks["inspector"].hide()
    opened.menus.run("save_lens_preset")
    assert opened.workspace.inspector.lens.presets.name.isVisible()
    QTest.keyClicks(name, "Mine")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert line.current is not None
    assert combo.currentText() == "Mine"
    assert lens_presets.load_presets()[0].lens.f_number_keys == ()
    line.begin_rename()
    QTest.keyClicks(name, "Phone look")  # a name that is taken is refused, and can be mended
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert "Phone look" in opened.error_bar.text
    name.setText("Yours")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert combo.currentText() == "Yours"
    line.delete.trigger()
    assert lens_presets.load_presets() == ()
    assert session.project.lens.aperture.cats_eye == pytest.approx(0.2), "the lens stays as it is"


def test_the_bokeh_is_rendered_and_follows_the_lens(opened: MainWindow, qtbot: QtBot) -> None:
    inspector, sample = opened.workspace.inspector, opened.workspace.inspector.lens.sample
    inspector.ensureWidgetVisible(sample) if hasattr(inspector, "ensureWidgetVisible") else None
    qtbot.waitUntil(lambda: not sample.image.isNull(), timeout=60_000)
    before = sample.image.copy()
    opened.menus.run("lens_preset_portrait_85")
    qtbot.waitUntil(lambda: sample.image != before, timeout=60_000)
    assert sample.image.size() == sample.picture_size


def test_a_hostile_preset_file_is_one_message_and_is_not_lost(make_window, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = config_folder() / lens_presets.FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    hostile = json.dumps({"schema": lens_presets.SCHEMA, "presets": [{"name": "x", "lens": {"f_number": 1e999}}]})
    path.write_text(hostile)
    window = make_window()
    assert "presets cannot be used" in window.error_bar.text
    assert path.read_text() == hostile
    lens_presets.save_presets(())
    assert path.with_suffix(".damaged.json").read_text() == hostile
