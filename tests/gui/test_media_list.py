"""The media list and what goes with it, through the window: adding, choosing, ordering, missing clips, versions."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QListWidget, QPushButton, QTreeWidget
from pytestqt.qtbot import QtBot

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.lock import ProjectLock
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.panels.media_list import MediaList
from rvr_laaf_app.ui.panels.relink_dialog import RelinkDialog
from rvr_laaf_app.ui.panels.versions_dialog import VersionsDialog
from tests.clips import write_clip
from tests.gui.conftest import SIZE, control, wait_for_clip

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]


@pytest.fixture
def others(tmp_path: Path) -> list[Path]:
    return [
        write_clip(tmp_path / f"{name}.mp4", frames=12 + n, size=SIZE) for n, name in enumerate(("second", "third"))
    ]


def panel_of(window: MainWindow) -> MediaList:
    return control(window, MediaList, "media_panel")  # type: ignore[no-any-return]


def drop(target: QListWidget | MediaList | MainWindow, paths: list[Path]) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(p)) for p in paths])
    button, modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    target.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, button, modifier))


@pytest.fixture
def three(opened: MainWindow, others: list[Path], qtbot: QtBot) -> MainWindow:
    drop(panel_of(opened), others)
    qtbot.waitUntil(lambda: len(panel_of(opened).rows) == 3, timeout=20_000)
    qtbot.waitUntil(lambda: opened.stage.info is opened.session.clip, timeout=20_000)
    return opened


def click(window: MainWindow, number: int, qtbot: QtBot) -> None:
    rows = panel_of(window).list
    place = rows.visualItemRect(rows.item(number)).center()
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_dropped_clips_join_the_project_and_the_first_is_shown(three: MainWindow, qtbot: QtBot) -> None:
    rows = panel_of(three).rows
    assert [r.title for r in rows] == ["clip", "second", "third"]
    assert three.session.production.shown == rows[1].id
    assert three.session.document.undo_label == "Add clips"
    qtbot.waitUntil(lambda: all(r.picture is not None for r in panel_of(three).rows), timeout=20_000)
    assert panel_of(three).count.text() == "3 clips"
    assert rows[1].detail.endswith("no targets")


def test_a_click_and_the_arrows_show_another_clip_at_once(three: MainWindow, qtbot: QtBot) -> None:
    first, second, third = three.session.production.ids
    three.stage.seek(5)
    click(three, 2, qtbot)
    assert three.session.production.shown == third
    assert three.stage.info is three.session.clip
    assert three.stage.index == 0
    rows = panel_of(three).list
    assert rows.hasFocus()
    qtbot.keyClick(rows, Qt.Key.Key_Up)
    assert three.session.production.shown == second
    assert three.stage.index == 5  # where the user was
    assert rows.hasFocus()
    qtbot.keyClick(rows, Qt.Key.Key_Home)
    assert three.session.production.shown == first
    qtbot.keyClick(rows, Qt.Key.Key_Return)
    assert three.workspace.picture.hasFocus()
    three.menus.actions["next_clip"].trigger()
    assert three.session.production.shown == second


def test_undo_of_an_edit_of_another_clip_shows_that_clip(three: MainWindow, qtbot: QtBot) -> None:
    first, second, _ = three.session.production.ids
    three.editing.set_target(Point(0.5, 0.5))
    click(three, 0, qtbot)
    assert three.session.project.targets == ()
    three.menus.actions["undo"].trigger()
    assert three.session.production.shown == second
    assert three.stage.info is three.session.clip
    qtbot.waitUntil(lambda: panel_of(three).list.currentRow() == 1, timeout=5000)
    three.menus.actions["redo"].trigger()
    assert len(three.session.project.targets) == 1
    assert first != second


def test_clips_are_renamed_moved_and_removed_by_keys(three: MainWindow, qtbot: QtBot) -> None:
    first, second, third = three.session.production.ids
    click(three, 2, qtbot)
    rows = panel_of(three).list
    qtbot.keyClick(rows, Qt.Key.Key_F2)
    editor = rows.findChild(type(rows.itemDelegate().createEditor(rows.viewport(), _option(), _index(rows))))
    assert editor is not None
    panel_of(three).renamed.emit(third, "the close one")
    qtbot.waitUntil(lambda: panel_of(three).rows[2].title == "the close one", timeout=5000)
    three.menus.actions["clip_up"].trigger()
    assert three.session.production.ids == (first, third, second)
    rows.setFocus()
    qtbot.waitUntil(lambda: [r.id for r in panel_of(three).rows] == [first, third, second], timeout=5000)
    qtbot.keyClick(rows, Qt.Key.Key_Delete)
    assert three.session.production.ids == (first, second)
    three.session.undo()
    assert three.session.production.shown == third


def _option():  # type: ignore[no-untyped-def]
    from PySide6.QtWidgets import QStyleOptionViewItem

    return QStyleOptionViewItem()


def _index(rows: QListWidget):  # type: ignore[no-untyped-def]
    return rows.model().index(0, 0)


def test_rows_are_dragged_to_another_place(three: MainWindow) -> None:
    first, second, third = three.session.production.ids
    panel = panel_of(three)
    panel.moved.emit([third], first)
    assert three.session.production.ids == (third, first, second)
    panel.moved.emit([third], "")
    assert three.session.production.ids == (first, second, third)
    assert three.session.document.undo_label == "Move clip"


def test_a_row_is_dropped_in_front_of_another(three: MainWindow, qtbot: QtBot) -> None:
    first, second, third = three.session.production.ids
    rows = panel_of(three).list
    click(three, 2, qtbot)
    target = rows.visualItemRect(rows.item(0))
    button, modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    place = QPointF(target.center().x(), target.top() + 4)
    event = QDropEvent(place, Qt.DropAction.MoveAction, QMimeData(), button, modifier)
    rows.dropEvent(event)
    assert event.dropAction() is Qt.DropAction.IgnoreAction  # else Qt would take the rows out of the list
    assert three.session.production.ids == (third, first, second)
    assert three.session.production.shown == third


def test_closing_in_the_middle_of_the_work_on_several_clips_is_quick_and_it_goes_on_later(
    window: MainWindow, make_window: Callable[[], MainWindow], tmp_path: Path, qtbot: QtBot
) -> None:
    clips = [write_clip(tmp_path / f"long{n}.mp4", frames=300 + n, size=SIZE) for n in range(2)]
    window.begin(str(clips[0]))
    qtbot.waitUntil(lambda: window.stage.info is not None, timeout=20_000)
    window.session.add_clips(clips[1:], show=False)
    window.editing.set_target(Point(0.3, 0.6))
    qtbot.waitUntil(lambda: len(window.session.production.clips) == 2, timeout=20_000)
    qtbot.waitUntil(lambda: window.session.products.meta.done > 0, timeout=60_000)
    window.session.save(tmp_path / "film.rvr")
    began = time.monotonic()
    window.close_now()
    assert time.monotonic() - began < 5.0
    assert window.ended_well
    later = make_window()
    later.begin(str(tmp_path / "film.rvr"))
    qtbot.waitUntil(lambda: later.session.products is not None, timeout=20_000)
    assert later.session.products.meta.done > 0
    assert len(later.session.production.clips) == 2


def test_removing_the_last_clip_shows_the_start_page_and_can_be_undone(opened: MainWindow, qtbot: QtBot) -> None:
    opened.menus.actions["remove_clip"].trigger()
    assert opened.pages.currentWidget() is opened.start_page
    opened.menus.actions["undo"].trigger()
    qtbot.waitUntil(lambda: opened.pages.currentWidget() is opened.workspace, timeout=20_000)
    qtbot.waitUntil(lambda: opened.stage.info is not None, timeout=20_000)


def test_several_files_dropped_on_the_start_page_begin_a_project(
    window: MainWindow, others: list[Path], qtbot: QtBot
) -> None:
    drop(window, others)
    qtbot.waitUntil(lambda: len(window.session.production.clips) == 2, timeout=20_000)
    qtbot.waitUntil(lambda: window.stage.info is not None, timeout=20_000)


def test_missing_clips_are_listed_in_one_window_that_can_be_cancelled(
    three: MainWindow, others: list[Path], make_window: Callable[[], MainWindow], tmp_path: Path, qtbot: QtBot
) -> None:
    three.session.save(tmp_path / "film.rvr")
    three.session.new()
    place = tmp_path / "moved"
    place.mkdir()
    others[0].rename(place / "renamed.mp4")
    others[1].rename(place / "third.mp4")
    three.files.open(str(tmp_path / "film.rvr"))
    qtbot.waitUntil(lambda: three.findChild(RelinkDialog) is not None, timeout=20_000)
    dialog = control(three, RelinkDialog, "relink_dialog")
    assert not dialog.isModal()
    rows = control(dialog, QTreeWidget, "relink_rows")
    assert rows.topLevelItemCount() == 2
    assert not control(dialog, QPushButton, "relink_use").isEnabled()
    qtbot.mouseClick(control(dialog, QPushButton, "relink_cancel"), Qt.MouseButton.LeftButton)
    assert three.session.clip_state == "offline"
    qtbot.waitUntil(lambda: bool(panel_of(three).rows), timeout=20_000)  # the list follows a moment later
    three.menus.actions["relink"].trigger()
    dialog = next(d for d in three.findChildren(RelinkDialog) if d.isVisible())
    dialog.search(str(place))
    use = control(dialog, QPushButton, "relink_use")
    qtbot.waitUntil(use.isEnabled, timeout=20_000)
    assert use.text() == "Use 2"
    qtbot.mouseClick(use, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: three.session.clip_state == "online", timeout=20_000)
    qtbot.waitUntil(lambda: three.stage.info is not None, timeout=20_000)
    assert three.session.clips.missing(three.session.production) == ()


def test_an_earlier_version_is_opened_beside_the_project(opened: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    opened.session.save(tmp_path / "film.rvr")
    opened.editing.set_target(Point(0.5, 0.5))
    opened.session.save()
    opened.menus.actions["earlier_versions"].trigger()
    dialog = control(opened, VersionsDialog, "versions_dialog")
    rows = control(dialog, QListWidget, "versions_rows")
    qtbot.waitUntil(lambda: rows.count() == 2, timeout=20_000)
    assert "1 target" in rows.item(0).text()
    rows.setCurrentRow(1)
    qtbot.mouseClick(control(dialog, QPushButton, "versions_open"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: opened.session.path is None, timeout=20_000)
    assert opened.session.project.targets == ()
    assert opened.session.modified


def test_a_project_that_another_window_has_is_asked_about_once(
    opened: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "film.rvr"
    opened.session.save(path)
    opened.session.new()
    lock, asked = ProjectLock.acquire(path), []
    opened.files._prompts = replace(
        opened.files.prompts, in_use=lambda _w, name, reason: asked.append((name, reason)) or "read_only"
    )
    opened.files.open(str(path))
    wait_for_clip(opened, qtbot)
    qtbot.waitUntil(lambda: bool(asked), timeout=5000)
    assert asked[0][0] == "film"
    assert "another window" in asked[0][1]
    opened.session.add_target_at(Point(0.5, 0.5), 3)
    qtbot.wait(50)
    assert len(asked) == 1
    assert opened.session.read_only
    lock.release()


def test_the_list_keeps_its_place_at_many_clips(qtbot: QtBot, opened: MainWindow) -> None:
    rows = panel_of(opened).list
    assert rows.accessibleName()
    assert rows.visualItemRect(rows.item(0)).height() > 40
    assert rows.itemAt(QPoint(10, 10)) is rows.item(0)
