"""Setting focus in the window: several targets, holds, kept planes, groups, corrections; by keys and widgets."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QListWidget, QPushButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.project import FocusTarget
from rvr_laaf_app.ui.focus_clipboard import KIND
from rvr_laaf_app.ui.main_window import MainWindow
from tests.gui.conftest import FRAMES, control, in_picture, square_box

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]


def targets(window: MainWindow) -> tuple[FocusTarget, ...]:
    return window.session.project.targets


def put(window: MainWindow, frame: int, place: Point | Box | None = None) -> str:
    window.stage.seek(frame)
    window.editing.set_target(place or square_box(frame).centre)
    assert window.editing.selected is not None
    return window.editing.selected


def do(window: MainWindow, name: str) -> None:
    window.menus.actions[name].trigger()


def all_tracked(window: MainWindow) -> bool:
    project = window.session.project
    return all(project.track_of(t) is not None for t in project.targets if t.follow)


def test_the_box_of_a_click_is_shown_at_once_and_the_track_reaches_back(opened: MainWindow, qtbot: QtBot) -> None:
    put(opened, 20)
    qtbot.waitUntil(lambda: len(opened.workspace.picture.subjects) == 1, timeout=10_000)
    assert opened.workspace.picture.subjects[0].box.overlap(square_box(20)) > 0.2
    qtbot.waitUntil(lambda: all_tracked(opened), timeout=60_000)
    track = opened.session.project.track_of(targets(opened)[0])
    assert track is not None
    assert track.sought_from == 0
    assert track.start < 20 < track.stop == FRAMES
    opened.stage.seek(10)
    opened.editing.select(targets(opened)[0].id)
    qtbot.waitUntil(lambda: len(opened.workspace.picture.subjects) == 1)
    assert not opened.workspace.picture.subjects[0].ruling


def test_copy_cut_paste_select_all_nudge_and_delete_by_keys(opened: MainWindow, qtbot: QtBot) -> None:
    put(opened, 5)
    put(opened, 12)
    picture = opened.workspace.picture
    picture.setFocus()
    control_key, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(picture, Qt.Key.Key_A, control_key)
    assert len(opened.editing.selection) == 2
    qtbot.keyClick(picture, Qt.Key.Key_C, control_key)
    opened.stage.seek(25)
    qtbot.keyClick(picture, Qt.Key.Key_V, control_key)
    assert [t.frame for t in targets(opened)] == [5, 12, 25, 32]
    assert [t.frame for t in targets(opened) if t.id in opened.editing.selection] == [25, 32]
    qtbot.keyClick(picture, Qt.Key.Key_Right, control_key)
    assert [t.frame for t in targets(opened)] == [5, 12, 26, 33]
    qtbot.keyClick(picture, Qt.Key.Key_Right, control_key | shift)
    assert [t.frame for t in targets(opened)] == [5, 12, FRAMES - 8, FRAMES - 1]  # together, not past the end
    qtbot.keyClick(picture, Qt.Key.Key_X, control_key)
    assert [t.frame for t in targets(opened)] == [5, 12]
    for _ in range(3):
        do(opened, "undo")
    assert [t.frame for t in targets(opened)] == [5, 12, 25, 32]


def test_foreign_and_broken_clipboards_paste_nothing(opened: MainWindow) -> None:
    ours = f'{{"kind": "{KIND}", '
    for text in (
        "",
        "{",
        "a recipe",
        ours,
        ours + '"targets": 7}',
        ours + '"targets": [{"id": "x"}]}',
        ours + "[" * 100_000,
    ):
        QGuiApplication.clipboard().setText(text)
        do(opened, "paste_targets")
    assert targets(opened) == ()


def test_strength_hold_plane_and_offset_by_panel_and_keys(opened: MainWindow, qtbot: QtBot) -> None:
    put(opened, 10)
    strength = control(opened, QComboBox, "target_strength")
    strength.setCurrentIndex(1)
    strength.activated.emit(1)
    assert targets(opened)[0].strength == "soft"
    assert "no more than it must" in control(opened, QLabel, "strength_effect").text()
    until = control(opened, QCheckBox, "hold_until_next")
    assert until.isChecked()
    until.click()
    assert targets(opened)[0].hold_frames == 48
    opened.stage.seek(22)
    do(opened, "end_hold")
    assert targets(opened)[0].hold_frames == 12
    until.click()
    assert targets(opened)[0].hold_frames is None
    control(opened, QCheckBox, "hold_this_plane").click()
    assert not targets(opened)[0].follow
    assert "plane held" in control(opened, QListWidget, "target_list").item(0).text()
    do(opened, "plane_nearer")
    assert targets(opened)[0].offset == pytest.approx(0.01)
    do(opened, "hold_plane")
    assert targets(opened)[0].follow
    assert opened.menus.actions["undo"].text() == "Undo Follow the subject"


def test_suggestions_are_accepted_and_refused(opened: MainWindow) -> None:
    put(opened, 10)
    assert not opened.menus.actions["accept_target"].isEnabled()
    do(opened, "strength_suggested")
    assert opened.menus.actions["accept_target"].isEnabled()
    do(opened, "accept_target")
    assert targets(opened)[0].strength == "firm"
    do(opened, "strength_suggested")
    do(opened, "refuse_target")
    assert targets(opened) == ()


def test_a_group_is_made_told_and_the_lens_closed_for_it(opened: MainWindow, qtbot: QtBot) -> None:
    first, second = put(opened, 2, Point(0.3, 0.9)), put(opened, 20, Point(0.3, 0.15))
    opened.editing.select_all((first, second), second)
    for _ in range(2):
        do(opened, "hold_plane")  # follow, and hold again: the two are told apart by their planes
    do(opened, "hold_plane")
    assert not any(t.follow for t in targets(opened))
    qtbot.waitUntil(lambda: control(opened, QPushButton, "group_targets_button").isVisible())
    control(opened, QPushButton, "group_targets_button").click()
    assert len({t.group for t in targets(opened)}) == 1
    assert targets(opened)[0].group
    told = control(opened, QLabel, "group_text")
    qtbot.waitUntil(lambda: "needs f/" in told.text() or "need f/" in told.text(), timeout=20_000)
    before = opened.session.project.lens.lens.f_number
    do(opened, "group_f_number")
    assert opened.session.project.lens.lens.f_number > before
    assert opened.menus.actions["undo"].text() == "Undo Keep the group sharp"
    do(opened, "end_group")
    assert {t.group for t in targets(opened)} == {""}


def test_showing_where_the_subject_is_leads_the_track(opened: MainWindow, qtbot: QtBot) -> None:
    put(opened, 2, Box(0.6, 0.02, 0.15, 0.25))  # the wrong thing
    qtbot.waitUntil(lambda: all_tracked(opened), timeout=60_000)
    opened.stage.seek(20)
    place = in_picture(opened, square_box(20).centre.x, square_box(20).centre.y).toPoint()
    opened.editing.select(targets(opened)[0].id)
    point = Point(square_box(20).centre.x, square_box(20).centre.y)
    assert place != QPoint()
    opened.session.correct_target(targets(opened)[0].id, 20, point)
    qtbot.waitUntil(lambda: all_tracked(opened), timeout=60_000)
    track = opened.session.project.track_of(targets(opened)[0])
    assert track is not None
    box = track.box_at(30)
    assert box is not None
    assert box.overlap(square_box(30)) > 0.2
    assert opened.session.document.undo_label == "Show where the subject is"
    do(opened, "forget_corrections")
    assert targets(opened)[0].corrections == ()


def test_a_depth_plane_is_chosen_from_the_strip(opened: MainWindow, qtbot: QtBot) -> None:
    opened.stage.seek(15)
    control(opened, QPushButton, "find_planes").click()
    bar = opened.workspace.inspector.targets.planes.bar
    qtbot.waitUntil(lambda: len(bar.planes) > 1, timeout=20_000)
    cell = bar.cells()[0].center().toPoint()
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=cell)
    (target,) = targets(opened)
    assert (target.frame, target.follow) == (15, False)
    assert isinstance(target.place, Point)
    assert target.place.y > 0.5  # lower is nearer here
    opened.stage.seek(16)
    assert bar.planes == ()


def test_the_next_click_in_the_picture_picks_a_depth(opened: MainWindow, qtbot: QtBot) -> None:
    opened.stage.seek(8)
    dropper, note = control(opened, QPushButton, "pick_depth"), opened.workspace.inspector.targets.planes.note
    dropper.click()
    assert dropper.isChecked()
    assert note.isVisible()
    qtbot.keyClick(opened.workspace.picture, Qt.Key.Key_Escape)
    assert not dropper.isChecked()
    assert not note.isVisible()
    dropper.click()
    place = in_picture(opened, 0.5, 0.8).toPoint()
    qtbot.mouseClick(opened.workspace.picture, Qt.MouseButton.LeftButton, pos=place)
    (target,) = targets(opened)
    assert not target.follow
    assert not dropper.isChecked()
    assert not note.isVisible()


def test_shift_click_keeps_a_second_subject_sharp_too(opened: MainWindow, qtbot: QtBot) -> None:
    picture, left, shift = opened.workspace.picture, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
    opened.stage.seek(5)
    for modifier, place in ((shift, (0.3, 0.8)), (shift, (0.7, 0.2)), (shift, (0.9, 0.5))):
        qtbot.mouseClick(picture, left, modifier, in_picture(opened, *place).toPoint())
    three = targets(opened)
    assert [t.frame for t in three] == [5, 5, 5]
    assert len({t.group for t in three}) == 1
    assert three[0].group
    assert set(opened.editing.selection) == {t.id for t in three}
    told = control(opened, QLabel, "group_text")
    qtbot.waitUntil(lambda: "need f/" in told.text() or "sharp" in told.text(), timeout=20_000)
    do(opened, "undo")
    assert len(targets(opened)) == 2
    assert opened.session.document.undo_label == "Keep both sharp"


def test_the_list_selects_several(opened: MainWindow, qtbot: QtBot) -> None:
    ids = [put(opened, frame) for frame in (3, 13, 23)]
    listed = control(opened, QListWidget, "target_list")
    listed.item(0).setSelected(True)
    assert set(opened.editing.selection) == {ids[0], ids[2]}
    assert set(opened.workspace.timeline.targets.selected) == {ids[0], ids[2]}
    do(opened, "remove_target")
    assert [t.id for t in targets(opened)] == [ids[1]]
