"""Playback and viewing in the real window: keys, marks, typed time, wipe, zoom, and pictures for playing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document.play_range import PlayRange
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.playback.feature import PlaybackFeature
from tests.clips import write_clip
from tests.gui.conftest import FRAMES, SIZE, Answers, control, in_picture, square_box, wait_for_clip

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]


def feature(window: MainWindow) -> PlaybackFeature:
    return next(f for f in window.features if isinstance(f, PlaybackFeature))


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return flat[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)


def key(window: MainWindow, qtbot: QtBot, what: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
    held = Qt.KeyboardModifier.NoModifier
    for modifier in modifiers:
        held |= modifier
    window.workspace.picture.setFocus()
    qtbot.keyClick(window.workspace.picture, what, held)


def wheel(widget: QWidget, place: QPointF, notches: int) -> None:
    turn = QWheelEvent(
        place,
        widget.mapToGlobal(place),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, turn)


SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


def test_shuttle_by_j_k_l(opened: MainWindow, qtbot: QtBot) -> None:
    player = opened.stage.player
    opened.stage.set_loop(True)  # so that it does not end while the test looks
    rates = []
    for what in (Qt.Key.Key_L, Qt.Key.Key_L, Qt.Key.Key_L, Qt.Key.Key_J, Qt.Key.Key_J, Qt.Key.Key_K):
        key(opened, qtbot, what)
        rates.append(player.rate)
    assert rates == [1, 2, 4, -1, -2, 0]
    assert not player.playing


def test_k_held_with_l_steps_and_when_both_are_held_it_crawls(opened: MainWindow, qtbot: QtBot) -> None:
    picture, stage = opened.workspace.picture, opened.stage
    picture.setFocus()
    stage.seek(10)
    qtbot.keyPress(picture, Qt.Key.Key_K)
    for _ in range(3):
        qtbot.keyClick(picture, Qt.Key.Key_L)
    assert stage.index == 13
    qtbot.keyClick(picture, Qt.Key.Key_J)
    assert stage.index == 12
    assert not stage.player.playing
    qtbot.keyPress(picture, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: stage.player.rate == 0.25, timeout=3000)
    qtbot.keyRelease(picture, Qt.Key.Key_L)
    assert not stage.player.playing
    qtbot.keyRelease(picture, Qt.Key.Key_K)
    qtbot.keyClick(picture, Qt.Key.Key_L)  # K is up: L shuttles again
    assert stage.player.rate == 1
    qtbot.keyClick(picture, Qt.Key.Key_K)


def test_marks_by_keys_are_kept_in_the_project_and_undone(opened: MainWindow, qtbot: QtBot) -> None:
    stage, session = opened.stage, opened.session
    assert not opened.menus.actions["go_in"].isEnabled()
    stage.seek(10)
    key(opened, qtbot, Qt.Key.Key_I)
    stage.seek(19)
    key(opened, qtbot, Qt.Key.Key_O)
    assert session.project.play_range == PlayRange(10, 20)
    assert stage.range == (10, 20)
    assert session.modified
    stage.seek(0)
    key(opened, qtbot, Qt.Key.Key_O, SHIFT)
    assert stage.index == 19
    key(opened, qtbot, Qt.Key.Key_I, SHIFT)
    assert stage.index == 10
    assert feature(opened).marks.marked == PlayRange(10, 20)
    key(opened, qtbot, Qt.Key.Key_X, ALT)
    assert session.project.play_range == PlayRange()
    assert stage.range == (0, FRAMES)
    opened.menus.actions["undo"].trigger()
    assert feature(opened).marks.marked == PlayRange(10, 20)
    assert session.document.undo_label == "Mark out"


def test_a_mark_is_dragged_in_the_ruler_as_one_step_and_the_rest_of_the_ruler_scrubs(
    opened: MainWindow, qtbot: QtBot
) -> None:
    session, timeline, marks = opened.session, opened.workspace.timeline, feature(opened).marks
    session.set_play_range(PlayRange(10, 20))
    qtbot.waitUntil(lambda: marks.width() > 100)
    x = marks.mark_x("start")
    assert x is not None
    y = marks.height() // 2
    place = QPoint(round(x - marks.x()), y)
    target = QPoint(round(timeline.scale.x_of(0.04 * 14) - marks.x()), y)
    qtbot.mousePress(marks, Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseMove(marks, (place + target) / 2)
    qtbot.mouseMove(marks, target)
    qtbot.mouseRelease(marks, Qt.MouseButton.LeftButton, pos=target)
    assert session.project.play_range == PlayRange(14, 20)
    opened.menus.actions["undo"].trigger()
    assert session.project.play_range == PlayRange(10, 20)
    elsewhere = QPoint(round(timeline.scale.x_of(1.2)), y)
    assert opened.childAt(timeline.mapTo(opened, elsewhere)) is marks
    qtbot.mouseClick(opened.windowHandle(), Qt.MouseButton.LeftButton, pos=timeline.mapTo(opened, elsewhere))
    assert opened.stage.index == 30


def test_loop_plays_between_the_marks(opened: MainWindow, qtbot: QtBot) -> None:
    opened.session.set_play_range(PlayRange(10, 14))
    control(opened, QToolButton, "loop_button").click()
    assert opened.stage.loop
    seen: list[int] = []
    opened.stage.index_changed.connect(seen.append)
    key(opened, qtbot, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: seen.count(10) >= 2, timeout=10_000)
    key(opened, qtbot, Qt.Key.Key_Space)
    assert not opened.stage.player.playing
    assert set(seen) <= set(range(10, 14))


def test_play_from_in_to_out_stops_at_out(opened: MainWindow, qtbot: QtBot) -> None:
    opened.session.set_play_range(PlayRange(10, 16))
    opened.stage.seek(30)
    key(opened, qtbot, Qt.Key.Key_Space, SHIFT)
    assert opened.stage.player.playing
    qtbot.waitUntil(lambda: not opened.stage.player.playing, timeout=10_000)
    assert opened.stage.index == 15


def test_time_is_typed(opened: MainWindow, qtbot: QtBot) -> None:
    field, stage = opened.workspace.transport.time, opened.stage
    stage.seek(7)
    assert field.text() == "00:00:00:07"
    for typed, index in (("12", 12), ("+5", 17), ("-1", 16), ("1:02", 27), ("00:00:00:03", 3), ("0.4s", 10)):
        opened.menus.actions["go_to_time"].trigger()
        assert field.hasFocus()
        qtbot.keyClicks(field, typed)
        qtbot.keyClick(field, Qt.Key.Key_Return)
        assert stage.index == index, typed
        assert opened.workspace.picture.hasFocus()
    assert field.text() == "00:00:00:10"


def test_what_is_no_time_says_so_and_escape_gives_up(opened: MainWindow, qtbot: QtBot) -> None:
    field, stage = opened.workspace.transport.time, opened.stage
    stage.seek(7)
    opened.menus.actions["go_to_time"].trigger()
    qtbot.keyClicks(field, "jkl")  # typed, not played
    assert not stage.player.playing
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.wrong
    assert stage.index == 7
    assert "no time" in field.toolTip()
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert not field.wrong
    assert field.text() == "00:00:00:07"
    assert opened.workspace.picture.hasFocus()


def test_jumps_between_cuts(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window.begin(str(write_clip(tmp_path / "cut.mp4", frames=40, size=SIZE, cut_at=22)))
    wait_for_clip(window, qtbot)
    assert window.session.products is not None
    assert window.session.products.cuts == (22,)
    stops = []
    for _ in range(3):
        key(window, qtbot, Qt.Key.Key_Down, SHIFT)
        stops.append(window.stage.index)
    for _ in range(3):
        key(window, qtbot, Qt.Key.Key_Up, SHIFT)
        stops.append(window.stage.index)
    assert stops == [22, 39, 39, 22, 0, 0]


def test_wipe_shows_the_original_left_of_a_line_that_is_dragged(opened: MainWindow, qtbot: QtBot) -> None:
    picture, stage = opened.workspace.picture, opened.stage
    key(opened, qtbot, Qt.Key.Key_3)  # disparity: grey, so that the two halves are told apart
    key(opened, qtbot, Qt.Key.Key_W)
    assert picture.wipe == 0.5
    assert opened.menus.actions["wipe"].isChecked()

    def colour(x: float) -> float:
        grab = pixels(picture.grab().toImage())
        place = in_picture(opened, x, 0.3).toPoint()
        patch = grab[place.y() - 8 : place.y() + 8, place.x() - 8 : place.x() + 8]
        return float(np.ptp(patch.mean((0, 1))))

    qtbot.waitUntil(lambda: colour(0.2) > 12 and colour(0.8) < 1, timeout=5000)
    begin, end = in_picture(opened, 0.5, 0.7).toPoint(), in_picture(opened, 0.9, 0.7).toPoint()
    qtbot.mousePress(picture, Qt.MouseButton.LeftButton, pos=begin)
    qtbot.mouseMove(picture, end)
    qtbot.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=end)
    assert picture.wipe == pytest.approx(0.9, abs=0.01)
    assert opened.session.project.targets == ()  # the line was taken, no target was set
    assert colour(0.8) > 5
    key(opened, qtbot, Qt.Key.Key_W)
    assert picture.wipe is None
    key(opened, qtbot, Qt.Key.Key_W)
    assert picture.wipe == pytest.approx(0.9, abs=0.01)
    stage.seek(20)
    qtbot.waitUntil(lambda: colour(0.8) > 5, timeout=5000)


def test_confidence_is_a_view(opened: MainWindow, qtbot: QtBot) -> None:
    key(opened, qtbot, Qt.Key.Key_4)
    assert opened.stage.view == "confidence"
    assert opened.menus.actions["view_confidence"].isChecked()

    def is_painted() -> bool:
        image = pixels(opened.workspace.picture.image)
        return bool((image[..., 0] >= image[..., 2] - 2).all()) and bool((image[..., 1] - image[..., 2]).max() < 20)

    qtbot.waitUntil(is_painted, timeout=5000)


def test_zoom_by_wheel_keeps_the_place_and_the_middle_button_moves(opened: MainWindow, qtbot: QtBot) -> None:
    picture = opened.workspace.picture
    place, fitted = in_picture(opened, 0.45, 0.4), picture.zoom_factor
    for _ in range(3):
        wheel(picture, place, 1)
    assert not picture.zoom.fits
    assert in_picture(opened, 0.45, 0.4).y() == pytest.approx(place.y(), abs=2)
    shown = picture.shown_rect()  # wider than the viewer by now, so that it can be held sideways too
    under = ((place.x() - shown.left()) / shown.width(), (place.y() - shown.top()) / shown.height())
    wheel(picture, place, 1)
    assert picture.shown_rect().width() > shown.width()
    assert in_picture(opened, *under).x() == pytest.approx(place.x(), abs=2)
    assert in_picture(opened, *under).y() == pytest.approx(place.y(), abs=2)
    before = picture.shown_rect()
    begin = QPoint(300, 200)
    qtbot.mousePress(picture, Qt.MouseButton.MiddleButton, pos=begin)
    qtbot.mouseMove(picture, begin + QPoint(-40, -30))
    qtbot.mouseRelease(picture, Qt.MouseButton.MiddleButton, pos=begin + QPoint(-40, -30))
    after = picture.shown_rect()
    assert (after.left() - before.left(), after.top() - before.top()) == (-40, -30)
    while picture.zoom_factor > 1.05 * fitted:
        wheel(picture, place, -1)
    assert picture.zoom.fits  # caught on the way out
    assert "Fit" in control(opened, QToolButton, "picture_size").text()


def test_real_pixels_are_the_exported_ones(opened: MainWindow, qtbot: QtBot) -> None:
    picture = opened.workspace.picture
    key(opened, qtbot, Qt.Key.Key_2)
    key(opened, qtbot, Qt.Key.Key_Z)
    assert picture.zoom_factor == 1.0
    assert control(opened, QToolButton, "picture_size").text() == "100 %"
    qtbot.waitUntil(lambda: (picture.image.width(), picture.image.height()) == SIZE, timeout=5000)
    shown = picture.shown_rect().toRect()
    assert (shown.width(), shown.height()) == SIZE
    grab = pixels(picture.grab().toImage())[shown.top() : shown.bottom() + 1, shown.left() : shown.right() + 1]
    inside = np.s_[30:60, 20:-20]  # without the notice
    assert np.array_equal(grab[inside], pixels(picture.image)[inside])
    key(opened, qtbot, Qt.Key.Key_Z, ALT)
    assert picture.zoom_factor == 2.0
    key(opened, qtbot, Qt.Key.Key_Z, SHIFT)
    assert picture.zoom.fits
    key(opened, qtbot, Qt.Key.Key_Z)
    key(opened, qtbot, Qt.Key.Key_Z)  # and back
    assert picture.zoom.fits


def test_space_moves_a_zoomed_picture_and_still_plays_when_it_moved_nothing(opened: MainWindow, qtbot: QtBot) -> None:
    picture, stage = opened.workspace.picture, opened.stage
    picture.setFocus()
    wheel(picture, in_picture(opened, 0.5, 0.5), 4)
    before = picture.shown_rect()
    begin = QPoint(300, 200)
    qtbot.keyPress(picture, Qt.Key.Key_Space)
    qtbot.mousePress(picture, Qt.MouseButton.LeftButton, pos=begin)
    qtbot.mouseMove(picture, begin + QPoint(25, 0))
    qtbot.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=begin + QPoint(25, 0))
    qtbot.keyRelease(picture, Qt.Key.Key_Space)
    assert picture.shown_rect().left() == before.left() + 25
    assert not stage.player.playing
    assert opened.session.project.targets == ()
    qtbot.keyClick(picture, Qt.Key.Key_Space)
    assert stage.player.playing
    qtbot.keyClick(picture, Qt.Key.Key_Space)
    assert not stage.player.playing


def test_a_click_in_a_zoomed_picture_lands_where_it_looks(opened: MainWindow, qtbot: QtBot) -> None:
    picture = opened.workspace.picture
    wheel(picture, in_picture(opened, 0.6, 0.6), 3)
    chosen: list[object] = []
    picture.point_chosen.connect(chosen.append)
    qtbot.mouseClick(picture, Qt.MouseButton.LeftButton, pos=in_picture(opened, 0.62, 0.58).toPoint())
    (point,) = chosen
    assert (point.x, point.y) == (pytest.approx(0.62, abs=0.005), pytest.approx(0.58, abs=0.005))  # type: ignore[attr-defined]


def test_pictures_for_playing_are_made_ahead_shown_in_the_ruler_and_kept(
    opened: MainWindow, qtbot: QtBot, make_window: Callable[[], MainWindow], answers: Answers, tmp_path: Path
) -> None:
    marks = feature(opened).marks
    opened.session.add_target_at(square_box(4), 4)
    target = opened.session.project.targets[0]
    qtbot.waitUntil(lambda: opened.session.project.track_of(target) is not None, timeout=60_000)
    qtbot.waitUntil(lambda: marks.ready == ((0, FRAMES),), timeout=60_000)
    lens = opened.session.project.lens
    opened.session.set_lens(lens.__class__(lens=lens.lens, blur_px=9.0))
    qtbot.waitUntil(lambda: marks.ready != ((0, FRAMES),), timeout=10_000)  # another lens, other pictures
    opened.menus.actions["undo"].trigger()
    qtbot.waitUntil(lambda: marks.ready == ((0, FRAMES),), timeout=3000)  # these are still there
    answers.save_path = str(tmp_path / "work.rvr")
    opened.menus.actions["save"].trigger()
    opened.close_now()
    again = make_window()
    again.begin(answers.save_path)
    wait_for_clip(again, qtbot)
    qtbot.waitUntil(lambda: feature(again).marks.ready == ((0, FRAMES),), timeout=5000)  # and after a restart


def test_playing_shows_the_kept_pictures_in_time(opened: MainWindow, qtbot: QtBot) -> None:
    opened.session.add_target_at(Box(0.1, 0.5, 0.2, 0.3), 0)
    qtbot.waitUntil(lambda: bool(opened.session.project.tracks), timeout=60_000)
    qtbot.waitUntil(lambda: feature(opened).marks.ready == ((0, FRAMES),), timeout=60_000)
    paces = []
    opened.stage.pace_changed.connect(paces.append)
    shown: list[int] = []
    opened.stage.player.picture_due.connect(lambda index, _shown: shown.append(index))
    key(opened, qtbot, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not opened.stage.player.playing, timeout=10_000)
    assert paces[-1].wanted_per_s == pytest.approx(25)
    assert len(shown) > FRAMES * 0.7  # all of them on a quiet machine
    assert paces[-1].dropped + len(shown) >= FRAMES - 1
    assert opened.workspace.transport.dropped.text() == (f"{paces[-1].dropped} dropped" if paces[-1].dropped else "")


def test_the_newest_wish_wins_while_a_slider_moves(opened: MainWindow, qtbot: QtBot) -> None:
    opened.session.add_target_at(Box(0.1, 0.5, 0.2, 0.3), 0)
    lens = opened.session.project.lens
    shown: list[QImage] = []
    opened.stage.picture_changed.connect(shown.append)
    for step in range(60):
        opened.session.set_lens(lens.__class__(lens=lens.lens, blur_px=float(step)), gesture="drag")
    qtbot.wait(20)
    opened.session.set_lens(lens.__class__(lens=lens.lens, blur_px=0.0), gesture="drag")
    opened.session.end_gesture()
    plain = opened.stage.pictures
    assert plain is not None
    qtbot.waitUntil(lambda: bool(shown), timeout=5000)
    qtbot.wait(800)
    assert len(shown) < 20  # 61 wishes: those overtaken were never begun
    opened.stage.set_view("original")
    sharp = opened.workspace.picture.image
    qtbot.wait(400)
    difference = np.abs(pixels(sharp) - pixels(opened.workspace.picture.image)).mean()
    assert difference < 3  # without blur the refocused picture is the original


def test_k_is_not_held_for_ever_when_the_window_loses_the_keys(opened: MainWindow, qtbot: QtBot) -> None:
    picture = opened.workspace.picture
    picture.setFocus()
    qtbot.keyPress(picture, Qt.Key.Key_K)
    assert feature(opened).held.held
    opened.workspace.transport.time.begin()  # the release goes there
    assert not feature(opened).held.held


def test_auto_repeat_of_a_held_l_steps_once(opened: MainWindow, qtbot: QtBot) -> None:
    picture, stage = opened.workspace.picture, opened.stage
    picture.setFocus()
    stage.seek(10)
    qtbot.keyPress(picture, Qt.Key.Key_K)
    qtbot.keyPress(picture, Qt.Key.Key_L)
    for _ in range(5):
        again = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_L, Qt.KeyboardModifier.NoModifier, "l", autorep=True)
        QApplication.sendEvent(picture, again)
    assert stage.index == 11
    qtbot.keyRelease(picture, Qt.Key.Key_L)
    qtbot.keyRelease(picture, Qt.Key.Key_K)
