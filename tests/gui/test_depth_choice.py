"""Choosing where depth comes from in the window: an edit that can be undone, and the clip is analysed that way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QCheckBox, QDialog, QLabel, QLineEdit, QPushButton, QRadioButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.document.depth_source import DepthSource
from rvr_laaf_app.media.exr import write_exr
from rvr_laaf_app.ui.main_window import MainWindow
from tests.gui.conftest import FRAMES, SIZE, control, square_box

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]


def dialog_of(window: MainWindow) -> QDialog:
    window.menus.actions["depth_source"].trigger()
    return control(window, QDialog, "depth_source_dialog")


def kind(window: MainWindow) -> str:
    products = window.session.products
    return "" if products is None else products.key.estimator


def test_files_and_back(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    opened.stage.seek(7)
    opened.editing.set_target(square_box(7))
    folder = tmp_path / "depth"
    folder.mkdir()
    plane = np.linspace(0, 1, SIZE[0], dtype=np.float32)[None].repeat(SIZE[1], 0)
    for index in range(FRAMES):
        write_exr(folder / f"z_{index:04d}.exr", plane)
    dialog = dialog_of(opened)
    assert control(dialog, QRadioButton, "depth_source_rvr").isChecked()
    control(dialog, QRadioButton, "depth_source_files").click()
    use = control(dialog, QPushButton, "depth_source_use")
    assert not use.isEnabled()  # no files were named
    control(dialog, QLineEdit, "depth_source_path").setText(str(folder))
    assert control(dialog, QCheckBox, "depth_source_steady").isEnabled()
    use.click()
    assert opened.session.project.depth == DepthSource(path=str(folder))
    qtbot.waitUntil(lambda: kind(opened) == "sidecar", timeout=20_000)
    qtbot.waitUntil(lambda: opened.session.products is not None and opened.session.products.complete, timeout=60_000)
    assert opened.stage.index == 7
    assert len(opened.session.project.targets) == 1
    products = opened.session.products
    assert products is not None
    disparity = products.rgbd(7).disparity.astype(np.float32)
    assert disparity[:, -3:].mean() - disparity[:, :3].mean() > 0.8
    opened.session.undo()
    qtbot.waitUntil(lambda: kind(opened) == "lower-is-nearer", timeout=20_000)


def test_files_that_are_not_there_are_told_and_the_clip_stays(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    opened.session.set_depth_source(DepthSource(path=str(tmp_path / "nothing")))
    qtbot.waitUntil(lambda: opened.error_bar.isVisibleTo(opened), timeout=20_000)
    assert opened.session.clip is not None
    assert opened.session.products is None
    opened.session.undo()
    qtbot.waitUntil(lambda: kind(opened) == "lower-is-nearer", timeout=20_000)


def test_a_path_with_nothing_is_told_before_it_is_used(opened: MainWindow, tmp_path: Path) -> None:
    dialog = dialog_of(opened)
    control(dialog, QRadioButton, "depth_source_files").click()
    path, use = control(dialog, QLineEdit, "depth_source_path"), control(dialog, QPushButton, "depth_source_use")
    problem = control(dialog, QLabel, "depth_source_problem")
    for wrong in (str(tmp_path / "nothing"), str(tmp_path / "nothing" / "d_%04d.exr"), "x" * 9000, "besides"):
        path.setText(wrong)
        assert problem.isVisible(), wrong
        assert not use.isEnabled()
    (tmp_path / "beside").mkdir()  # relative to the clip's folder
    for right in ("beside", str(tmp_path / "d_%04d.exr")):
        path.setText(right)
        assert not problem.isVisible(), right
        assert use.isEnabled()
    control(dialog, QRadioButton, "depth_source_rvr").click()
    assert not problem.isVisible()
