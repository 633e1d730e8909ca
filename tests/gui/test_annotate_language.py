"""The annotation window in a language that is a third longer: nothing is cut, nothing stays English."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QScrollArea
from pytestqt.qtbot import QtBot

from rvr_laaf_app.ui.annotate.window import AnnotateWindow
from tests.gui.annotate_clips import square_at, write_two_squares
from tests.gui.annotate_fixtures import annotate_window, told  # noqa: F401
from tests.gui.test_translation import long_language  # noqa: F401

# ruff: noqa: F811
pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support")]
DATA = {"head_folder", "target_place", "clip_where", "subject_words", "head_annotator"}  # no words of the program


def test_the_side_panel_is_not_cut_and_nothing_stays_english(
    long_language: None,
    annotate_window: Callable[..., AnnotateWindow],
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    write_two_squares(tmp_path / "one.mp4", frames=30)
    window = annotate_window(tmp_path)
    assert window.desk is not None
    window.desk.point_at(0, square_at(0, 0))
    qtbot.wait(50)
    side = window.findChild(QScrollArea, "annotate_side")
    assert side is not None
    assert side.widget().minimumSizeHint().width() <= side.viewport().width()
    for kind in (QLabel, QAbstractButton):
        for widget in side.findChildren(kind):
            text = widget.text()
            if widget.isVisible() and len(text) > 3 and widget.objectName() not in DATA and "subject" not in text:
                known = "⟦" in text or widget.property("role") == "key" or widget.objectName().startswith("time_")
                assert known, (widget.objectName(), text)
    assert all(action.text().startswith("⟦") for action in window.menus.actions.values())
    for page in ("agreement", "data"):
        QTest.mouseClick(window.head.tabs[page], Qt.MouseButton.LeftButton)
        qtbot.wait(50)
    assert window.width() <= 1280
