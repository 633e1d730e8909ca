"""Opening, failing, exporting and leaving, through the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.panels.error_bar import ErrorBar
from tests.clips import write_clip
from tests.gui.conftest import Answers, control, wait_for_clip

# The offscreen platform says so for every window; on a real screen nothing is ignored by this.
pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]


def test_a_renamed_text_file_gives_one_clear_line_and_no_clip(
    window: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    fake = tmp_path / "holiday.mp4"
    fake.write_text("this is not a video\n" * 50)
    answers.open_path = str(fake)
    window.menus.actions["open"].trigger()
    qtbot.waitUntil(lambda: bool(window.error_bar.text), timeout=20_000)
    assert "holiday.mp4" in window.error_bar.where.text()
    assert window.error_bar.what.text()
    assert window.pages.currentWidget() is window.start_page
    window.error_bar.dismiss.click()
    assert window.error_bar.text == ""


def test_a_failed_opening_leaves_the_open_clip_alone(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    opened.editing.set_target(Point(0.5, 0.5))
    project = opened.session.project
    opened.session.document.mark_saved()
    opened.files.open(str(tmp_path / "missing.mp4"))
    qtbot.waitUntil(lambda: bool(opened.error_bar.text), timeout=20_000)
    assert opened.session.project.targets == project.targets
    assert opened.pages.currentWidget() is opened.workspace
    assert opened.stage.info is not None


def test_error_bar_shows_names_as_text_never_as_markup(qtbot: QtBot) -> None:
    bar = ErrorBar()
    qtbot.addWidget(bar)
    bar.show_error(MediaError("it is damaged", where="<b>x</b><img src=http://a/b>.mp4", remedy="Try another."))
    assert bar.where.textFormat() is Qt.TextFormat.PlainText
    assert "<img" in bar.where.text()
    assert bar.what.text() == "It is damaged"
    bar.show_error(ZeroDivisionError("division by zero"))
    assert "ZeroDivisionError" in bar.what.text()


def test_a_dropped_file_is_opened(window: MainWindow, clip: Path, qtbot: QtBot) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(clip))])
    event = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)
    wait_for_clip(window, qtbot)
    assert window.session.title == "clip"


def test_recent_files_are_offered_and_open(make_window: Callable[[], MainWindow], clip: Path, qtbot: QtBot) -> None:
    first = make_window()
    first.begin(str(clip))
    wait_for_clip(first, qtbot)
    first.close_now()
    second = make_window()
    second.begin(None)
    button = control(second, QPushButton, "recent_0")
    assert button.accessibleName().startswith("clip.mp4, ")
    button.click()
    wait_for_clip(second, qtbot)


def test_a_clip_without_sound_and_one_with_odd_size(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    odd = write_clip(tmp_path / "odd.mp4", frames=6, size=(65, 49), sound=False)
    window.begin(str(odd))
    wait_for_clip(window, qtbot)
    window.stage.toggle_play()
    qtbot.waitUntil(lambda: not window.stage.player.playing, timeout=5000)
    assert window.stage.index == 5
    assert window.error_bar.text == ""


@pytest.mark.parametrize("answer", ["save", "discard", "cancel"])
def test_leaving_with_unsaved_changes(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path, answer: str
) -> None:
    opened.editing.set_target(Point(0.3, 0.6))
    answers.unsaved = answer  # type: ignore[assignment]
    answers.save_path = str(tmp_path / "kept.rvr")
    opened.close()
    assert answers.asked[0] == "unsaved"
    assert opened.isVisible() == (answer == "cancel")
    assert (tmp_path / "kept.rvr").exists() == (answer == "save")
    if answer == "cancel":
        assert opened.session.project.targets


def test_work_that_was_not_saved_is_offered_next_time(
    make_window: Callable[[], MainWindow], clip: Path, qtbot: QtBot
) -> None:
    first = make_window()
    first.begin(str(clip))
    wait_for_clip(first, qtbot)
    first.editing.set_target(Point(0.3, 0.6))
    place = first.session.project.targets[0].place
    first.close_now()  # as on SIGTERM: no question
    second = make_window()
    second.begin(None)
    button = control(second, QPushButton, "recovery_0")
    assert button.accessibleName() == "clip.mp4, 1 change"
    button.click()
    wait_for_clip(second, qtbot)
    assert second.session.project.targets[0].place == place
    assert second.session.modified


def test_closing_the_clip_goes_back_to_the_start_page(opened: MainWindow, qtbot: QtBot) -> None:
    opened.menus.actions["close_clip"].trigger()
    assert opened.pages.currentWidget() is opened.start_page
    assert opened.stage.info is None
    assert opened.workspace.picture.image.isNull()
    assert not opened.menus.actions["export"].isEnabled()
