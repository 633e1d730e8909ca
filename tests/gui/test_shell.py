"""Docks, command palette, keys, About and the start page, through real widgets."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QKeySequenceEdit, QPushButton, QTabBar, QToolButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.app.actions import ACTIONS, NEEDS
from rvr_laaf_app.app.settings import load_settings
from rvr_laaf_app.core.errors import CacheError, ExportError, MediaError, ProjectError
from rvr_laaf_app.ui.about import About
from rvr_laaf_app.ui.keys_page import KeysPage
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.shell_feature import ShellFeature
from rvr_laaf_app.ui.translation import languages
from tests.gui.conftest import control, wait_for_clip

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]


def shell(window: MainWindow) -> ShellFeature:
    return next(f for f in window.features if isinstance(f, ShellFeature))


def tabs_shown(window: MainWindow) -> list[QTabBar]:
    """Tabs of docks that can be seen; Qt keeps others beyond the edge of the window."""
    bars = window.findChildren(QTabBar)
    return [bar for bar in bars if bar.isVisible() and bar.geometry().intersects(window.rect())]


def tab_names(window: MainWindow) -> list[list[str]]:
    return [[bar.tabText(place) for place in range(bar.count())] for bar in tabs_shown(window)]


# Actions


def test_every_action_is_bound_named_and_says_why_it_is_not_possible(window: MainWindow) -> None:
    assert not window.menus.unbound
    for spec in ACTIONS:
        action = window.menus.actions[spec.id]
        assert action.text()
        assert action.isEnabled() == (window.menus.reason(spec) == ""), spec.id
        assert spec.needs == "always" or NEEDS[spec.needs].reason, spec.needs
        if not action.isEnabled():
            assert window.menus.reason(spec) in action.toolTip()


def test_the_menus_hold_every_action(window: MainWindow) -> None:
    held = set()
    for menu in window.menus.menus.values():
        for action in menu.actions():
            inner = action.menu()
            held |= {a.objectName() for a in inner.actions()} if inner is not None else {action.objectName()}
    assert {spec.id for spec in ACTIONS} <= held


# Docks


def test_docks_are_away_on_the_start_page_and_back_with_a_clip(opened: MainWindow) -> None:
    docks = opened.docks.docks
    assert docks["timeline"].isVisible()
    assert docks["inspector"].isVisible()
    opened.files.close_clip()
    assert not any(dock.isVisible() for dock in docks.values())


def test_a_dock_is_hidden_by_key_and_by_its_button_and_that_is_remembered(
    opened: MainWindow, make_window: Callable[[], MainWindow], clip: Path, qtbot: QtBot
) -> None:
    docks, actions = opened.docks.docks, opened.menus.actions
    qtbot.keyClick(opened, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert not docks["inspector"].isVisible()
    assert not actions["dock_inspector"].isChecked()
    qtbot.keyClick(opened, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert docks["inspector"].isVisible()
    control(opened, QToolButton, "close_dock_inspector").click()
    assert not actions["dock_inspector"].isChecked()
    assert docks["timeline"].isVisible()
    opened.close_now()
    again = make_window()
    again.begin(str(clip))
    wait_for_clip(again, qtbot)
    assert again.docks.docks["timeline"].isVisible()
    assert not again.docks.docks["inspector"].isVisible()
    assert not again.menus.actions["dock_inspector"].isChecked()
    again.menus.actions["reset_layout"].trigger()
    assert again.docks.docks["inspector"].isVisible()


def test_the_key_of_a_covered_dock_brings_it_forward_and_then_hides_it(opened: MainWindow, qtbot: QtBot) -> None:
    media, queue = opened.docks.docks["media"], opened.docks.docks["queue"]
    assert queue in opened.tabifiedDockWidgets(media)
    media.raise_()
    qtbot.waitUntil(lambda: queue.visibleRegion().isEmpty())
    opened.menus.actions["dock_queue"].trigger()
    qtbot.waitUntil(lambda: not queue.visibleRegion().isEmpty())
    assert opened.menus.actions["dock_queue"].isChecked()
    opened.menus.actions["dock_queue"].trigger()
    qtbot.waitUntil(lambda: not queue.isVisible())
    qtbot.waitUntil(lambda: not media.visibleRegion().isEmpty())


def test_a_moved_dock_stays_where_it_was_moved_until_the_layout_is_reset(
    opened: MainWindow, make_window: Callable[[], MainWindow], clip: Path, qtbot: QtBot
) -> None:
    opened.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, opened.docks.docks["inspector"])
    opened.close_now()
    again = make_window()
    again.begin(str(clip))
    wait_for_clip(again, qtbot)
    inspector = again.docks.docks["inspector"]
    assert again.dockWidgetArea(inspector) == Qt.DockWidgetArea.LeftDockWidgetArea
    again.menus.actions["reset_layout"].trigger()
    assert again.dockWidgetArea(inspector) == Qt.DockWidgetArea.RightDockWidgetArea


@pytest.mark.qt_log_ignore("This plugin does not support (raise|propagateSizeHints)")
def test_resetting_the_layout_puts_every_dock_where_it_belongs(opened: MainWindow, qtbot: QtBot) -> None:
    docks = opened.docks.docks
    for dock in docks.values():
        dock.setFloating(True)
    opened.menus.actions["dock_repair"].trigger()
    docks["inspector"].setFloating(False)
    docks["repair"].setFloating(False)
    opened.tabifyDockWidget(docks["inspector"], docks["repair"])
    opened.menus.actions["reset_layout"].trigger()
    for name in ("media", "queue", "timeline", "inspector"):
        assert docks[name].isVisible(), name
        assert not docks[name].isFloating(), name
        assert docks[name].visibleRegion().isEmpty() == (name == "queue"), name  # it is a tab behind the media
    assert docks["inspector"].title_bar.undock.isVisible()
    assert not docks["repair"].isVisible()
    qtbot.waitUntil(lambda: tab_names(opened) == [["Media", "Exports"]], timeout=2000)
    assert docks["media"].geometry().right() < opened.workspace.picture.mapTo(opened, QPoint(0, 0)).x()


def test_no_tabs_are_left_over_a_title_when_a_dock_is_closed(opened: MainWindow, qtbot: QtBot) -> None:
    docks = opened.docks.docks
    opened.menus.actions["dock_repair"].trigger()
    opened.tabifyDockWidget(docks["inspector"], docks["repair"])
    qtbot.waitUntil(lambda: bool(tabs_shown(opened)))
    docks["repair"].close()
    qtbot.wait(200)
    assert tab_names(opened) == [["Media", "Exports"]]
    assert docks["inspector"].isVisible()


def test_exports_are_a_tab_behind_the_media_until_one_is_added(opened: MainWindow, qtbot: QtBot) -> None:
    docks = opened.docks.docks
    qtbot.waitUntil(lambda: tab_names(opened) == [["Media", "Exports"]])
    assert not docks["media"].visibleRegion().isEmpty()
    assert docks["queue"].visibleRegion().isEmpty()
    qtbot.waitUntil(lambda: not docks["media"].title_bar.dismiss.isVisible())  # the tab names it
    had_keys = opened.focusWidget()
    opened.docks.bring_forward("queue")
    qtbot.waitUntil(lambda: not docks["queue"].visibleRegion().isEmpty())
    assert opened.focusWidget() is had_keys
    docks["queue"].close()
    qtbot.waitUntil(lambda: docks["media"].title_bar.dismiss.isVisible())
    opened.docks.bring_forward("queue")
    assert not docks["queue"].isVisible()  # the user has put it away


def test_the_picture_has_more_of_a_low_window_than_the_timeline(opened: MainWindow) -> None:
    assert opened.workspace.picture.height() > 1.3 * opened.workspace.timeline.height()


@pytest.mark.parametrize("layout", ["", "not base64 !", "AAAA", "/////wAAAAD9" * 50])
def test_a_damaged_layout_falls_back(window: MainWindow, clip: Path, qtbot: QtBot, layout: str) -> None:
    window.docks.set_layout_text(layout)  # before anything was shown
    window.begin(str(clip))
    qtbot.waitUntil(lambda: window.stage.info is not None, timeout=20_000)
    assert window.docks.docks["timeline"].isVisible()
    assert window.docks.docks["inspector"].isVisible()


def test_the_picture_alone_and_back(opened: MainWindow) -> None:
    alone = opened.menus.actions["picture_alone"]
    alone.trigger()
    assert not any(dock.isVisible() for dock in opened.docks.docks.values())
    assert opened.menus.actions["dock_timeline"].isChecked()  # hidden for now, not given up
    alone.trigger()
    assert opened.docks.docks["timeline"].isVisible()


# Command palette


def test_an_action_is_found_by_a_few_letters_and_done(opened: MainWindow, qtbot: QtBot) -> None:
    picture = opened.workspace.picture
    picture.setFocus()
    qtbot.keyClick(picture, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    palette = shell(opened).palette
    assert palette.isVisible()
    qtbot.keyClicks(palette.line, "orig")
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert opened.stage.view == "original"
    assert picture.hasFocus()


def test_letters_and_arrows_in_the_palette_are_not_the_windows_keys(opened: MainWindow, qtbot: QtBot) -> None:
    palette = shell(opened).palette
    opened.menus.actions["palette"].trigger()
    index = opened.stage.index
    qtbot.keyClicks(palette.line, "l j")
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_End, Qt.Key.Key_Space):
        qtbot.keyClick(palette.line, key)
    assert opened.stage.index == index
    assert not opened.stage.player.playing
    qtbot.keyClick(palette.line, Qt.Key.Key_Escape)
    assert not palette.isVisible()


def test_what_is_not_possible_says_why_and_does_nothing(window: MainWindow, qtbot: QtBot) -> None:
    palette = shell(window).palette
    palette.toggle()
    qtbot.keyClicks(palette.line, "save as")
    item = palette.list.item(0)
    assert NEEDS["project"].reason in item.data(Qt.ItemDataRole.AccessibleTextRole)
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert palette.isVisible()
    qtbot.keyClicks(palette.line, "qqqq")
    assert palette.list.count() == 0
    assert palette.nothing.isVisible()


def test_the_palette_is_at_home_in_the_smallest_window(window: MainWindow) -> None:
    palette = shell(window).palette
    palette.toggle()
    for size in ((960, 600), (1280, 720), (2560, 1440)):
        window.resize(*size)
        assert window.rect().contains(palette.geometry()), size


# Keys


def test_a_key_is_changed_a_conflict_is_told_and_it_is_remembered(
    window: MainWindow, make_window: Callable[[], MainWindow], qtbot: QtBot
) -> None:
    window.menus.actions["keys"].trigger()
    page = control(window, KeysPage, "keys_page")
    page.select("save")
    edit = control(page, QKeySequenceEdit, "new_key")
    edit.setKeySequence(QKeySequence("Ctrl+E"))
    assert "Export" in page.conflict.text()
    control(page, QPushButton, "use_key").click()
    assert window.menus.actions["save"].shortcut().toString() == "Ctrl+E"
    assert window.menus.actions["export"].shortcut().isEmpty()
    assert page.selected == "save"
    window.close_now()
    assert dict(load_settings().keys)["save"] == ("Ctrl+E",)
    again = make_window()
    assert again.menus.actions["save"].shortcut().toString() == "Ctrl+E"
    again.menus.actions["keys"].trigger()
    control(again, QPushButton, "all_usual_keys").click()
    assert again.menus.actions["export"].shortcut().toString() == "Ctrl+E"
    assert again.session.settings.keys == ()


def test_no_key_and_the_usual_key(window: MainWindow) -> None:
    window.menus.actions["keys"].trigger()
    page = control(window, KeysPage, "keys_page")
    assert not control(page, QPushButton, "remove_keys").isEnabled()
    page.select("play")
    control(page, QPushButton, "remove_keys").click()
    assert window.menus.actions["play"].shortcut().isEmpty()
    control(page, QPushButton, "usual_keys").click()
    assert window.menus.actions["play"].shortcut().toString() == "Space"


def test_the_page_of_keys_is_searched_by_action_and_by_key(window: MainWindow, qtbot: QtBot) -> None:
    window.menus.actions["keys"].trigger()
    page = control(window, KeysPage, "keys_page")

    def shown() -> list[str]:
        groups = [page.tree.topLevelItem(n) for n in range(page.tree.topLevelItemCount())]
        items = [g.child(n) for g in groups if not g.isHidden() for n in range(g.childCount())]
        return [item.text(0) for item in items if not item.isHidden()]

    assert len(shown()) >= len(ACTIONS)
    qtbot.keyClicks(page.search, "ctrl+e")
    assert "Export" in shown()
    assert "Play" not in shown()


def test_about_tells_versions_and_licences_and_copies_them(window: MainWindow) -> None:
    window.menus.actions["about"].trigger()
    about = control(window, About, "about")
    rows = [[about.table.item(r, c).text() for c in range(3)] for r in range(about.table.rowCount())]
    assert all(version and licence for _, version, licence in rows)
    assert any("rvr-fast" in name for name, _, _ in rows)
    assert about.table.height() > about.height() / 2  # however many networks there are
    control(about, QPushButton, "copy_versions").click()
    assert "PyTorch" in QGuiApplication.clipboard().text()


# Start page


def test_missing_recent_files_say_so_and_can_be_forgotten(
    make_window: Callable[[], MainWindow], clip: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window()
    gone = str(tmp_path / "gone.rvr")
    window.session.remember(lambda s: replace(s, recent=(str(clip), gone)))
    window.show_state()
    qtbot.waitUntil(lambda: window.findChild(QToolButton, "forget_recent_1") is not None, timeout=5000)
    assert control(window, QPushButton, "recent_1").accessibleName() == "gone.rvr, not found"
    assert window.findChild(QToolButton, "forget_recent_0") is None
    control(window, QToolButton, "forget_recent_1").click()
    assert window.session.settings.recent == (str(clip),)
    assert load_settings().recent == (str(clip),)


def test_the_start_page_fits_the_smallest_window_without_scrolling_sideways(window: MainWindow) -> None:
    window.resize(960, 600)
    page = window.start_page
    assert page.widget().minimumSizeHint().width() <= page.viewport().width()


def test_english_is_always_a_language() -> None:
    assert languages()[0] == "en"


def test_menus_fit_a_low_screen(window: MainWindow) -> None:
    too_high = {name: menu.sizeHint().height() for name, menu in window.menus.menus.items()}
    assert not {name: height for name, height in too_high.items() if height > 720 - 28}


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x/film.mp4"), "Make room"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/film.mp4"), "another place"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/x/film.mp4"), "choose it again"),
        (OSError("odd"), "Try again"),
        (MemoryError(), "Close other programs"),
        (ValueError("odd"), "your project is kept"),
        (MediaError("it is damaged", where="/x/a.mp4"), "Try a copy"),
        (ExportError("it cannot be written", remedy="Use a shorter name."), "Use a shorter name."),
        (ProjectError("it cannot be read"), "earlier version"),
        (CacheError("it is gone"), "analyse the depth again"),
    ],
)
def test_every_error_says_what_to_do(window: MainWindow, error: Exception, remedy: str) -> None:
    window.show_error(error)
    assert remedy in window.error_bar.remedy.text()
