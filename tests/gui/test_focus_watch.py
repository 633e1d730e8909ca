"""Focus error, seen: bars over the picture, the list of problems, the keys through it, the check before export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAction, QImage, QPainter
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.app.settings import load_settings
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.document.project import LensSettings
from rvr_laaf_app.ui import theme
from rvr_laaf_app.ui.focus_texts import state_text
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.panels.problems_panel import ProblemRow, ProblemsPanel
from rvr_laaf_app.ui.viewer.zone_bars import ZoneBar, ZoneBars, bar_rect, distance_text, draw_zone_bar
from tests.gui.conftest import FRAMES, control, square_box, wait_for_clip

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]
HIGH = Box(0.4, 0.02, 0.2, 0.2)  # the estimator of these tests finds what is high in the picture far away


def wait_for_check(window: MainWindow, qtbot: QtBot) -> None:
    def checked() -> bool:
        report = window.focus.report
        return window.focus.up_to_date and report is not None and report.complete

    qtbot.waitUntil(checked, timeout=60_000)


@pytest.fixture
def hurried(opened: MainWindow, qtbot: QtBot) -> MainWindow:
    """Three targets, the last two far apart in depth and near in time: exactly one problem."""
    session = opened.session
    session.set_lens(LensSettings(blur_px=8))
    session.add_target_at(square_box(0), 0)
    session.add_target_at(square_box(20), 20)
    session.add_target_at(HIGH, 23)
    wait_for_check(opened, qtbot)
    return opened


def test_before_anything_is_chosen_there_is_nothing_to_check(opened: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: opened.focus.up_to_date)
    assert control(opened, QLabel, "problem_text").text() == "No targets yet: nothing has to be sharp."
    assert not opened.status.problems.isVisible()
    assert opened.problems.list.isHidden()
    opened.menus.actions["next_problem"].trigger()
    assert opened.stage.index == 0


def test_a_good_project_says_so(opened: MainWindow, qtbot: QtBot) -> None:
    opened.session.add_target_at(square_box(0), 0)
    wait_for_check(opened, qtbot)
    assert opened.focus.problems == ()
    assert opened.status.problems.text() == "No focus problems"
    assert opened.status.problems.isVisible()
    assert "every subject is sharp" in opened.problems.text.text()


def test_a_hurried_pull_is_listed_counted_and_walked_to(hurried: MainWindow, qtbot: QtBot) -> None:
    (problem,) = hurried.focus.problems
    assert problem.kind == "pull_hurried"
    (row,) = hurried.problems.rows
    assert row.what == "3   hurried pull"
    assert row.size.endswith("×")
    assert hurried.status.problems.text() == "1 focus problem"
    assert hurried.status.problems.property("problem") is True
    qtbot.keyClick(hurried, Qt.Key.Key_F8)
    assert hurried.stage.index == problem.start == 20
    assert hurried.editing.selected == problem.target_id
    assert hurried.problems.list.currentRow() == 0
    assert "3 frames apart" in control(hurried, QLabel, "problem_text").text()
    hurried.stage.seek(39)
    qtbot.keyClick(hurried, Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier)
    assert hurried.stage.index == 20


def test_several_problems_are_walked_in_both_directions_and_round(hurried: MainWindow, qtbot: QtBot) -> None:
    hurried.session.add_target_at(square_box(34), 34)
    hurried.session.add_target_at(HIGH, 36)
    wait_for_check(hurried, qtbot)
    places = [p.frame for p in hurried.focus.problems]
    assert len(places) == 2
    seen = []
    for _ in range(3):
        hurried.focus.walk(1)
        seen.append(hurried.stage.index)
    assert seen == [*places, places[0]]
    hurried.focus.walk(-1)
    assert hurried.stage.index == places[-1]
    hurried.problems.list.setFocus()
    qtbot.keyClick(hurried.problems.list, Qt.Key.Key_Up)
    assert hurried.stage.index == places[0]


def test_undo_takes_the_problem_away(hurried: MainWindow, qtbot: QtBot) -> None:
    hurried.session.undo()
    qtbot.waitUntil(lambda: hurried.status.problems.text() != "1 focus problem", timeout=30_000)
    assert hurried.focus.problems == ()
    assert hurried.status.problems.property("problem") is False


def test_the_lens_decides_what_is_a_problem_and_the_newest_request_wins(hurried: MainWindow, qtbot: QtBot) -> None:
    for blur in range(80, 0, -1):
        hurried.session.set_lens(LensSettings(blur_px=blur / 10), gesture="drag")
    hurried.session.end_gesture()
    wait_for_check(hurried, qtbot)
    assert hurried.focus.problems == (), "with so little blur everything is inside the depth of field"
    report = hurried.focus.report
    assert report is not None
    assert hurried.session.project.lens.blur_px == 0.1
    hurried.session.undo()
    qtbot.waitUntil(lambda: len(hurried.focus.problems) == 1, timeout=30_000)


def test_the_count_brings_the_list_into_view(hurried: MainWindow, qtbot: QtBot) -> None:
    shown = hurried.menus.actions["problem_list"]
    shown.trigger()
    assert hurried.problems.isHidden()
    assert not load_settings().problem_list
    button = control(hurried, QToolButton, "problem_count")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert hurried.problems.isVisible()
    assert shown.isChecked()
    assert load_settings().problem_list
    qtbot.waitUntil(lambda: hurried.problems.list.hasFocus())


def test_export_says_what_the_check_found_in_the_range(hurried: MainWindow, qtbot: QtBot) -> None:
    hurried.menus.actions["export"].trigger()
    text = control(hurried, QLabel, "export_check")
    see = control(hurried, QPushButton, "export_show_problems")
    assert text.text() == "Focus checked: 1 problem (1 hurried pull)."
    assert text.property("role") == "problem"
    assert control(hurried, QPushButton, "export_begin").isEnabled(), "it informs and forbids nothing"
    span = control(hurried, QComboBox, "export_range")
    span.setCurrentIndex(span.findData("free"))
    control(hurried, QDoubleSpinBox, "export_to").setValue(0.4)
    assert text.text() == "Focus checked: no problems found."
    assert see.isHidden()
    control(hurried, QDoubleSpinBox, "export_to").setValue(1.2)
    assert not see.isHidden()
    qtbot.mouseClick(see, Qt.MouseButton.LeftButton)
    assert hurried.problems.isVisible()


def test_bars_show_the_distance_and_can_be_hidden(hurried: MainWindow, make_window: Callable[[], MainWindow]) -> None:
    overlay = control(hurried, ZoneBars, "zone_bars")
    toggle = control(hurried, QAction, "zone_bars")
    assert toggle.isChecked()
    assert overlay.isVisible()
    assert overlay.geometry() == hurried.workspace.picture.rect()
    hurried.stage.seek(10)
    (bar,) = overlay.bars
    assert bar.in_focus
    assert bar.ruling
    toggle.trigger()
    assert overlay.isHidden()
    assert not load_settings().zone_bars
    again = make_window()
    assert not again.menus.actions["zone_bars"].isChecked()
    assert control(again, ZoneBars, "zone_bars").isHidden()


def test_a_click_through_the_bars_sets_a_target(hurried: MainWindow, qtbot: QtBot) -> None:
    overlay = control(hurried, ZoneBars, "zone_bars")
    assert overlay.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    place = bar_rect(hurried.workspace.picture.shown_rect(), square_box(0)).center().toPoint()
    assert hurried.childAt(overlay.mapTo(hurried, place)) is hurried.workspace.picture


def test_another_clip_begins_anew(hurried: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    from tests.clips import write_clip

    hurried.session.discard_changes()
    other = write_clip(tmp_path / "other.mp4", frames=FRAMES, cut_at=20)
    hurried.begin(str(other))
    qtbot.waitUntil(lambda: hurried.stage.info is not None and hurried.stage.info.path.endswith("other.mp4"))
    wait_for_clip(hurried, qtbot)
    assert hurried.focus.problems == ()
    assert hurried.problems.rows == ()
    assert control(hurried, ZoneBars, "zone_bars").bars == ()


def test_states_say_what_is_missing(hurried: MainWindow) -> None:
    project, report = hurried.session.project, hurried.focus.report
    assert report is not None
    assert state_text(project, report, failed=False, possible=True) == ""
    assert "no depth" in state_text(project, None, failed=False, possible=False)
    assert "Checking" in state_text(project, None, failed=False, possible=True)
    assert "Analyse the clip again" in state_text(project, None, failed=True, possible=True)
    partly = replace(report, known=20)
    assert "not analysed to the end" in state_text(project, partly, failed=False, possible=True)
    waiting = replace(report, pending=(project.targets[1].id,))
    assert "target 2 is not followed" in state_text(project, waiting, failed=False, possible=True)


def painted(bar: ZoneBar, background: Qt.GlobalColor) -> QImage:
    image = QImage(320, 180, QImage.Format.Format_RGB32)
    image.fill(background)
    painter = QPainter(image)
    draw_zone_bar(painter, QRectF(image.rect()), bar)
    painter.end()
    return image


@pytest.mark.parametrize("background", [Qt.GlobalColor.white, Qt.GlobalColor.black])
@pytest.mark.parametrize(("error", "role"), [(0.5, "in_focus"), (-1.0, "in_focus"), (3.0, "accent"), (-40.0, "accent")])
def test_a_bar_has_the_colour_of_its_zone_on_any_picture(
    qtbot: QtBot, background: Qt.GlobalColor, error: float, role: str
) -> None:
    box = Box(0.3, 0.2, 0.2, 0.6)
    image = painted(ZoneBar("t", "1", box, error, 1.0), background)
    rect = bar_rect(QRectF(image.rect()), box)
    column = [image.pixelColor(int(rect.center().x()), y).name() for y in range(int(rect.top()), int(rect.bottom()))]
    colour = theme.DARK.color(role).name()
    places = [n for n, name in enumerate(column) if name == colour]
    assert places
    middle = len(column) / 2
    assert (sum(places) / len(places) < middle) == (error > 0), "up is in front of the plane"
    other = theme.DARK.color("accent" if role == "in_focus" else "in_focus").name()
    assert other not in column


def test_an_unknown_distance_is_neither_green_nor_amber(qtbot: QtBot) -> None:
    image = painted(ZoneBar("t", "1", Box(0.3, 0.2, 0.2, 0.6), None, 1.0), Qt.GlobalColor.white)
    names = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert theme.DARK.in_focus not in names
    assert theme.DARK.accent not in names


@pytest.mark.parametrize("box", [Box(0.8, 0.0, 0.2, 1.0), Box(0.0, 0.0, 1.0, 1.0), Box(-0.2, 0.9, 0.3, 0.3)])
def test_bars_stay_inside_the_picture(box: Box) -> None:
    shown = QRectF(10, 20, 300, 170)
    assert shown.contains(bar_rect(shown, box))


def test_distances_in_words() -> None:
    assert distance_text(4.25) == "+4.2 px"
    assert distance_text(-33.4) == "\N{MINUS SIGN}33 px"


def test_the_panel_keeps_the_chosen_row_and_tells_nobody_when_it_is_filled(qtbot: QtBot) -> None:
    panel = ProblemsPanel(())
    qtbot.addWidget(panel)
    told: list[int] = []
    panel.row_chosen.connect(told.append)
    rows = tuple(ProblemRow(f"0:0{n}.00", f"{n}  lost", "", f"sentence {n}") for n in range(9))
    panel.show_rows(rows, "state", chosen=2)
    assert told == []
    assert panel.text.text() == "sentence 2\nstate"
    assert panel.list.item(3).data(Qt.ItemDataRole.AccessibleTextRole) == "0:03.00 sentence 3"
    panel.list.setCurrentRow(4)
    assert told == [4]
    panel.show()
    assert not panel.grab().isNull()
    assert panel.list.height() < 200, "a long list scrolls"
