"""The window driven by mouse and keys; asserted on the values of the project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QDoubleSpinBox, QListWidget, QPushButton, QSlider
from pytestqt.qtbot import QtBot

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.panels.slider_row import REST_MS
from tests.gui.conftest import FRAMES, Answers, control, in_picture, square_box, wait_for_clip

# The offscreen platform says so for every window; on a real screen nothing is ignored by this.
pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]


def click(window: MainWindow, qtbot: QtBot, x: float, y: float) -> None:
    place = in_picture(window, x, y).toPoint()
    qtbot.mouseClick(window.workspace.picture, Qt.MouseButton.LeftButton, pos=place)


def drag(widget: object, qtbot: QtBot, begin: QPoint, end: QPoint) -> None:
    qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=begin)
    for step in range(1, 6):
        qtbot.mouseMove(widget, begin + (end - begin) * step / 5)
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=end)


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return flat[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)


def test_start_page_is_shown_first_and_nothing_that_needs_a_clip_can_be_done(window: MainWindow) -> None:
    assert window.pages.currentWidget() is window.start_page
    assert not window.menus.actions["export"].isEnabled()
    assert window.menus.actions["open"].isEnabled()
    assert window.windowTitle() == "RVR-LAAF"


def test_open_shows_the_first_frame(opened: MainWindow) -> None:
    assert opened.pages.currentWidget() is opened.workspace
    opened.stage.set_view("original")
    image = pixels(opened.workspace.picture.image)
    assert image.shape[1] / image.shape[0] == pytest.approx(160 / 96, rel=0.05)
    assert image.std() > 10
    assert opened.stage.info is not None
    assert opened.stage.info.frames == FRAMES
    assert opened.workspace.transport.frame.text() == f"frame 0 of {FRAMES - 1}"
    assert "160×96" in opened.status.facts.text()
    assert opened.session.settings.recent


def test_a_click_sets_a_target_there_and_now_and_its_subject_is_followed(opened: MainWindow, qtbot: QtBot) -> None:
    opened.stage.seek(5)
    centre = square_box(5).centre
    click(opened, qtbot, centre.x, centre.y)
    (target,) = opened.session.project.targets
    assert target.frame == 5
    assert isinstance(target.place, Point)
    assert target.place.x == pytest.approx(centre.x, abs=0.01)
    assert target.place.y == pytest.approx(centre.y, abs=0.01)
    assert opened.editing.selected == target.id
    qtbot.waitUntil(lambda: opened.session.project.track_of(target) is not None, timeout=60_000)
    opened.stage.seek(15)
    qtbot.waitUntil(lambda: len(opened.workspace.picture.subjects) == 1)
    (mark,) = opened.workspace.picture.subjects
    assert mark.box.overlap(square_box(15)) > 0.2


def test_a_drag_sets_a_box(opened: MainWindow, qtbot: QtBot) -> None:
    begin, end = in_picture(opened, 0.1, 0.4).toPoint(), in_picture(opened, 0.4, 0.9).toPoint()
    drag(opened.workspace.picture, qtbot, begin, end)
    (target,) = opened.session.project.targets
    assert isinstance(target.place, Box)
    assert target.place.x == pytest.approx(0.1, abs=0.01)
    assert target.place.y == pytest.approx(0.4, abs=0.01)
    assert target.place.width == pytest.approx(0.3, abs=0.01)
    assert target.place.height == pytest.approx(0.5, abs=0.01)


def test_a_click_outside_the_picture_does_nothing(opened: MainWindow, qtbot: QtBot) -> None:
    qtbot.mouseClick(opened.workspace.picture, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
    assert opened.session.project.targets == ()


def test_a_second_click_at_the_same_frame_moves_the_target(opened: MainWindow, qtbot: QtBot) -> None:
    click(opened, qtbot, 0.2, 0.6)
    click(opened, qtbot, 0.7, 0.3)
    (target,) = opened.session.project.targets
    assert isinstance(target.place, Point)
    assert target.place.x == pytest.approx(0.7, abs=0.01)


def test_undo_and_redo_by_menu_name_what_they_do(opened: MainWindow, qtbot: QtBot) -> None:
    undo, redo = opened.menus.actions["undo"], opened.menus.actions["redo"]
    assert not undo.isEnabled()
    click(opened, qtbot, 0.2, 0.6)
    assert undo.text() == "Undo Add target"
    undo.trigger()
    assert opened.session.project.targets == ()
    assert redo.text() == "Redo Add target"
    redo.trigger()
    assert len(opened.session.project.targets) == 1


def test_blur_by_slider_is_one_undo_step_and_changes_the_picture(opened: MainWindow, qtbot: QtBot) -> None:
    mode = control(opened, QComboBox, "blur_mode")
    mode.setCurrentIndex(1)
    mode.activated.emit(1)
    assert opened.session.project.lens.blur_px is not None
    before = opened.session.document.undo_label
    slider = control(opened, QSlider, "blur_strength_slider")
    qtbot.wait(300)
    blurred_before = opened.workspace.picture.image
    slider.setSliderDown(True)
    for position in (100, 50, 10, 0):
        slider.setValue(position)
    slider.setSliderDown(False)
    assert opened.session.project.lens.blur_px == 0.0
    qtbot.waitUntil(lambda: opened.workspace.picture.image.cacheKey() != blurred_before.cacheKey(), timeout=5000)
    opened.menus.actions["undo"].trigger()
    assert opened.session.document.undo_label == before
    assert opened.session.project.lens.blur_px != 0.0
    assert slider.value() > 0


def test_f_number_typed_and_turned_by_keys(opened: MainWindow, qtbot: QtBot) -> None:
    box = control(opened, QDoubleSpinBox, "f_number_box")
    box.setValue(2.8)
    assert opened.session.project.lens.lens.f_number == 2.8
    slider = control(opened, QSlider, "f_number_slider")
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert opened.session.project.lens.lens.f_number < 2.8
    assert opened.stage.index == 0  # the key was the slider's, not the playhead's
    qtbot.wait(REST_MS + 100)
    steps = opened.session.document.undo_label
    assert steps == "Change aperture"


def test_pull_length_of_the_selected_target(opened: MainWindow, qtbot: QtBot) -> None:
    opened.stage.seek(20)
    click(opened, qtbot, 0.4, 0.6)
    control(opened, QDoubleSpinBox, "pull_length_box").setValue(17)
    assert opened.session.project.targets[0].pull_frames == 17
    opened.menus.actions["longer_pull"].trigger()
    assert opened.session.project.targets[0].pull_frames == 18
    ease = control(opened, QComboBox, "pull_ease")
    ease.setCurrentIndex(3)
    ease.activated.emit(3)
    assert opened.session.project.targets[0].ease == "in_out"


def test_aperture_shape_and_tracker_by_their_lists(opened: MainWindow, qtbot: QtBot) -> None:
    shape = control(opened, QComboBox, "aperture_shape")
    shape.setCurrentIndex(2)
    shape.activated.emit(2)
    assert opened.session.project.lens.aperture.blades == 6
    click(opened, qtbot, 0.4, 0.6)
    tracker = control(opened, QComboBox, "target_tracker")
    tracker.setCurrentIndex(1)
    tracker.activated.emit(1)
    assert opened.session.project.targets[0].tracker == "csrt"


def test_targets_are_listed_picked_and_removed(opened: MainWindow, qtbot: QtBot) -> None:
    click(opened, qtbot, 0.2, 0.6)
    opened.stage.seek(20)
    click(opened, qtbot, 0.6, 0.6)
    first, second = opened.session.project.targets
    listed = control(opened, QListWidget, "target_list")
    assert listed.count() == 2
    listed.setCurrentRow(0)
    assert opened.editing.selected == first.id
    control(opened, QPushButton, "go_to_target").click()
    assert opened.stage.index == 0
    control(opened, QPushButton, "remove_target").click()
    assert opened.session.project.targets == (second,)
    assert opened.editing.selected is None
    assert listed.count() == 1


def test_a_diamond_is_dragged_in_time_as_one_step(opened: MainWindow, qtbot: QtBot) -> None:
    opened.stage.seek(10)
    click(opened, qtbot, 0.3, 0.6)
    (target,) = opened.session.project.targets
    timeline = opened.workspace.timeline
    begin = timeline.diamond_centre(target.id)
    end = QPointF(timeline.scale.x_of(1.0), begin.y())
    drag(timeline, qtbot, begin.toPoint(), end.toPoint())
    assert opened.session.project.targets[0].frame == 25
    opened.menus.actions["undo"].trigger()
    assert opened.session.project.targets[0].frame == 10


def test_delete_in_the_timeline_removes_the_selected_target(opened: MainWindow, qtbot: QtBot) -> None:
    click(opened, qtbot, 0.3, 0.6)
    qtbot.keyClick(opened.workspace.timeline, Qt.Key.Key_Delete)
    assert opened.session.project.targets == ()


def test_the_playhead_follows_mouse_and_keys(opened: MainWindow, qtbot: QtBot) -> None:
    timeline = opened.workspace.timeline
    place = QPointF(timeline.scale.x_of(0.8), 10).toPoint()
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=place)
    assert opened.stage.index == 20
    picture = opened.workspace.picture
    picture.setFocus()
    for key, index in (
        (Qt.Key.Key_Right, 21),
        (Qt.Key.Key_Left, 20),
        (Qt.Key.Key_End, FRAMES - 1),
        (Qt.Key.Key_Home, 0),
    ):
        qtbot.keyClick(picture, key)
        assert opened.stage.index == index
    qtbot.keyClick(picture, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert opened.stage.index == 10


def test_views_by_keys(opened: MainWindow, qtbot: QtBot) -> None:
    picture = opened.workspace.picture
    picture.setFocus()
    qtbot.keyClick(picture, Qt.Key.Key_3)
    assert opened.stage.view == "disparity"

    def is_grey() -> bool:
        image = pixels(picture.image)
        return bool((image[..., 0] == image[..., 2]).all()) and image.std() > 20

    qtbot.waitUntil(is_grey, timeout=5000)
    bottom, top = pixels(picture.image)[-5].mean(), pixels(picture.image)[5].mean()
    assert bottom > top  # lower is nearer, nearer is brighter
    qtbot.keyClick(picture, Qt.Key.Key_2)
    assert opened.stage.view == "original"
    assert opened.menus.actions["view_original"].isChecked()


def test_play_runs_in_time_and_stops_at_the_end(opened: MainWindow, qtbot: QtBot) -> None:
    opened.stage.seek(FRAMES - 15)
    seen: list[int] = []
    opened.stage.index_changed.connect(seen.append)
    qtbot.keyClick(opened.workspace.picture, Qt.Key.Key_Space)
    assert opened.stage.player.playing
    assert opened.menus.actions["play"].text() == "Pause"
    qtbot.waitUntil(lambda: not opened.stage.player.playing, timeout=10_000)
    assert seen == sorted(seen)
    assert opened.stage.index == FRAMES - 1


def test_save_and_open_again(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path, make_window: Callable[[], MainWindow]
) -> None:
    click(opened, qtbot, 0.3, 0.6)
    target = opened.session.project.targets[0]
    qtbot.waitUntil(lambda: opened.session.project.track_of(target) is not None, timeout=60_000)
    control(opened, QDoubleSpinBox, "f_number_box").setValue(4.0)
    assert opened.windowTitle().startswith("clip*")
    answers.save_path = str(tmp_path / "work.rvr")
    opened.menus.actions["save"].trigger()
    assert answers.asked == ["save"]
    assert not opened.session.modified
    assert opened.windowTitle().startswith("work -")
    project = opened.session.project
    opened.close_now()
    again = make_window()
    again.begin(answers.save_path)
    wait_for_clip(again, qtbot)
    assert again.session.project.targets == project.targets
    assert again.session.project.tracks == project.tracks
    assert again.session.project.lens == project.lens
    assert control(again, QDoubleSpinBox, "f_number_box").value() == 4.0


def test_every_control_can_be_named_and_reached(opened: MainWindow, qtbot: QtBot) -> None:
    click(opened, qtbot, 0.3, 0.6)
    for kind in (QSlider, QComboBox, QDoubleSpinBox, QPushButton, QListWidget):
        for found in opened.findChildren(kind):
            if found.objectName().startswith("qt_") or found.objectName() == "palette_list":
                continue  # the palette's list is walked by the arrows of its search field
            assert found.objectName(), found
            assert found.accessibleName() or getattr(found, "text", str)(), found.objectName()
            assert found.focusPolicy() & Qt.FocusPolicy.TabFocus, found.objectName()
    names = [a.objectName() for a in opened.findChildren(QAction) if a.objectName() in opened.menus.actions]
    assert len(names) == len(set(names)) == len(opened.menus.actions)


def test_no_two_actions_share_a_key(window: MainWindow) -> None:
    keys = [s.toString() for action in window.menus.actions.values() for s in action.shortcuts()]
    assert len(keys) == len(set(keys))


def test_the_wheel_scrolls_the_inspector_and_changes_nothing_on_the_way(opened: MainWindow, qtbot: QtBot) -> None:
    click(opened, qtbot, 0.3, 0.6)  # with a target the inspector is higher than the window
    bar = opened.workspace.inspector.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    lens = opened.session.project.lens
    slider = control(opened, QSlider, "focal_length_slider")
    middle = QPointF(slider.rect().center())
    for _ in range(3):
        turn = QWheelEvent(
            middle,
            slider.mapToGlobal(middle),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(slider, turn)
    assert opened.session.project.lens == lens
    assert bar.value() > 0
