"""Learning from use in the window: off at first, told in plain words, one click, on this machine."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rvr_laaf_app.annotation.store import read_books
from rvr_laaf_app.app.learning import learning_folder
from rvr_laaf_app.app.settings import load_settings
from rvr_laaf_app.core.geometry import Box, Point
from rvr_laaf_app.document.refusal import Refusal
from rvr_laaf_app.document.refusal_edits import add_refusals
from rvr_laaf_app.ui.annotate.feature import AnnotateFeature
from rvr_laaf_app.ui.learning_feature import LearningFeature
from rvr_laaf_app.ui.main_window import MainWindow

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support", "Unimplemented code")]


@pytest.fixture
def feature(opened: MainWindow) -> LearningFeature:
    return next(f for f in opened.features if isinstance(f, LearningFeature))


def test_it_is_off_and_nothing_is_kept(opened: MainWindow, feature: LearningFeature) -> None:
    opened.editing.set_target(Point(0.3, 0.6))
    assert not opened.menus.actions["learn"].isChecked()
    assert not opened.menus.actions["add_to_data_set"].isEnabled()
    assert not feature.strip.isVisible()
    assert not learning_folder().exists()


def test_one_click_adds_what_was_decided(opened: MainWindow, feature: LearningFeature, qtbot: QtBot) -> None:
    opened.menus.actions["learn"].trigger()
    assert load_settings().learn
    assert feature.strip.isVisible()
    assert "nothing is sent anywhere" in feature.strip.words.text()
    assert str(learning_folder()) in feature.strip.words.text()
    assert not learning_folder().exists(), "turning it on adds nothing"
    assert not feature.strip.add.isEnabled()
    opened.editing.set_target(Point(0.3, 0.6))
    refusal = Refusal(20, Box(0.1, 0.1, 0.2, 0.2))
    opened.session.document.apply("Refuse suggestion", lambda p: add_refusals(p, [refusal]))
    assert "one target of your own" in feature.strip.state.text()
    assert "one refused" in feature.strip.state.text()
    QTest.mouseClick(feature.strip.add, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Added." in feature.strip.state.text(), timeout=30_000)
    assert not feature.strip.add.isEnabled()
    books = {b.role: b for b in read_books(learning_folder())[0]}
    assert len(books["annotator"].annotations[0].targets) == 1
    assert len(books["refused"].annotations[0].targets) == 1
    opened.menus.actions["undo"].trigger()
    assert feature.strip.add.isEnabled(), "what was changed can be added again"


def test_what_was_kept_can_be_looked_at(opened: MainWindow, feature: LearningFeature, qtbot: QtBot) -> None:
    opened.menus.run("my_data_set")
    assert "your data set is empty" in opened.error_bar.text.lower()
    opened.menus.actions["learn"].trigger()
    opened.editing.set_target(Point(0.3, 0.6))
    opened.menus.run("add_to_data_set")
    qtbot.waitUntil(lambda: "Added." in feature.strip.state.text(), timeout=30_000)
    opened.menus.actions["my_data_set"].trigger()
    annotate = next(f for f in opened.features if isinstance(f, AnnotateFeature))
    window = annotate.annotating
    assert window is not None
    desk = window.desk
    assert desk is not None
    qtbot.waitUntil(lambda: desk.facts is not None and bool(window.page.strip.targets), timeout=30_000)
    assert desk.folder == learning_folder()
    opened.menus.actions["undo"].trigger()
    opened.editing.set_target(Point(0.7, 0.2))
    opened.menus.run("add_to_data_set")
    qtbot.waitUntil(lambda: "annotating already" in opened.error_bar.text, timeout=30_000)


def test_turned_off_again_it_is_gone(opened: MainWindow, feature: LearningFeature) -> None:
    opened.menus.actions["learn"].trigger()
    opened.editing.set_target(Point(0.3, 0.6))
    assert opened.menus.actions["add_to_data_set"].isEnabled()
    opened.menus.actions["learn"].trigger()
    assert not load_settings().learn
    assert not feature.strip.isVisible()
    assert not opened.menus.actions["add_to_data_set"].isEnabled()
