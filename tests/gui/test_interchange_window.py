"""Focus to other programs and back through the window; depth from files that were chosen; ways out of errors."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QLabel, QLineEdit, QPushButton, QRadioButton, QToolButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.document.interchange.formats import FORMATS
from rvr_laaf_app.ui.export_feature import ExportFeature
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.panels.depth_source_dialog import as_series
from tests.gui.conftest import Answers, control, square_box, wait_for_clip

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]
LONG_MS = 60_000


def export_dialog(window: MainWindow) -> QDialog:
    window.menus.actions["export_focus"].trigger()
    return control(window, QDialog, "focus_export_dialog")  # type: ignore[no-any-return]


def import_dialog(window: MainWindow, answers: Answers, path: Path, qtbot: QtBot) -> QDialog:
    answers.open_file = str(path)
    window.menus.actions["import_focus"].trigger()

    def shown() -> list[QDialog]:
        return [d for d in window.findChildren(QDialog, "focus_import_dialog") if d.isVisible()]

    qtbot.waitUntil(lambda: bool(shown()), timeout=LONG_MS)
    return shown()[0]


def test_every_format_is_written_from_the_window(
    opened: MainWindow, answers: Answers, tmp_path: Path, qtbot: QtBot
) -> None:
    opened.editing.set_target(square_box(0))
    dialog = export_dialog(opened)
    formats = control(dialog, QComboBox, "focus_format")
    assert [formats.itemData(n) for n in range(formats.count())] == list(FORMATS)
    for number, format_ in enumerate(FORMATS.values()):
        dialog = export_dialog(opened)
        formats.setCurrentIndex(number)
        what = control(dialog, QComboBox, "focus_what")
        what.setCurrentIndex(what.count() - 1)
        path = control(dialog, QLineEdit, "focus_path")
        assert path.text().endswith((*format_.suffixes, ".txt")[0])
        answers.export_path = str(tmp_path / f"out_{format_.name}{Path(path.text()).suffix}")
        control(dialog, QPushButton, "focus_browse").click()
        control(dialog, QPushButton, "focus_write").click()
        assert not dialog.isVisible(), control(dialog, QLabel, "focus_status").text()
        qtbot.waitUntil(Path(answers.export_path).is_file, timeout=LONG_MS)
    qtbot.waitUntil(lambda: "Written" in opened.status.currentMessage(), timeout=LONG_MS)
    dialog = export_dialog(opened)  # it remembers, and does not write over what is there unless it may
    write = control(dialog, QPushButton, "focus_write")
    assert "exists already" in control(dialog, QLabel, "focus_status").text()
    assert not write.isEnabled()
    control(dialog, QCheckBox, "focus_overwrite").setChecked(True)
    assert write.isEnabled()


def test_targets_come_back_as_one_edit(opened: MainWindow, answers: Answers, tmp_path: Path, qtbot: QtBot) -> None:
    opened.editing.set_target(square_box(0))
    dialog = export_dialog(opened)
    path = tmp_path / "focus.json"
    control(dialog, QLineEdit, "focus_path").setText(str(path))
    control(dialog, QPushButton, "focus_write").click()
    qtbot.waitUntil(path.is_file, timeout=LONG_MS)
    asked = import_dialog(opened, answers, path, qtbot)
    assert "already" in control(asked, QLabel, "import_outcome").text()
    assert not control(asked, QPushButton, "import_take").isEnabled()
    asked.reject()
    (former,) = opened.session.project.targets
    opened.session.remove_target(former.id)
    asked = import_dialog(opened, answers, path, qtbot)
    assert control(asked, QLabel, "import_about").text() == "RVR-LAAF focus (JSON), 1 target, lens"
    control(asked, QPushButton, "import_take").click()
    (target,) = opened.session.project.targets
    assert (target.id, target.frame) == (former.id, former.frame)
    assert opened.session.document.undo_label == "Import focus"
    opened.session.undo()
    assert not opened.session.project.targets


def test_what_cannot_be_imported_is_told_in_the_windows_words(
    opened: MainWindow, answers: Answers, tmp_path: Path, qtbot: QtBot
) -> None:
    for name, text in (("x.json", "{not json"), ("x.mov", ""), ("x.nk", "")):
        path = tmp_path / name
        path.write_text(text)
        answers.open_file = str(path)
        opened.menus.actions["import_focus"].trigger()
        qtbot.waitUntil(lambda: bool(opened.error_bar.text), timeout=LONG_MS)
        assert name in opened.error_bar.text
        assert "--" not in opened.error_bar.text
    # Depth goes through the export window, with a preset of depth.
    feature = next(f for f in opened.features if isinstance(f, ExportFeature))
    for action, codec in (("export_depth", "depth_exr"), ("export_matte", "matte_png16")):
        opened.menus.actions[action].trigger()
        assert feature.dialog is not None
        assert feature.dialog.wish.preset.codec == codec


def test_the_first_picture_stands_for_its_series(opened: MainWindow, answers: Answers, tmp_path: Path) -> None:
    for name in ("z_0001.exr", "z_0002.exr", "alone_3.exr", "depth.mkv"):
        (tmp_path / name).touch()
    opened.menus.actions["depth_source"].trigger()
    dialog = control(opened, QDialog, "depth_source_dialog")
    control(dialog, QRadioButton, "depth_source_files").click()
    answers.open_file = str(tmp_path / "z_0001.exr")
    control(dialog, QPushButton, "depth_source_file").click()
    assert control(dialog, QLineEdit, "depth_source_path").text() == str(tmp_path / "z_%04d.exr")
    assert control(dialog, QPushButton, "depth_source_use").isEnabled()
    for alone in ("alone_3.exr", "depth.mkv"):
        assert as_series(str(tmp_path / alone)) == str(tmp_path / alone)


def test_a_damaged_project_offers_its_earlier_versions(
    opened: MainWindow, answers: Answers, tmp_path: Path, qtbot: QtBot
) -> None:
    opened.editing.set_target(square_box(0))
    project = opened.session.save(tmp_path / "work.rvr")
    opened.session.new()
    project.write_bytes(project.read_bytes()[:100])
    opened.files.open(str(project))
    way_out = control(opened, QPushButton, "error_way_out")
    qtbot.waitUntil(way_out.isVisible, timeout=LONG_MS)
    way_out.click()
    assert not opened.error_bar.isVisible()
    versions = control(opened, QDialog, "versions_dialog")
    open_it = control(versions, QPushButton, "versions_open")
    qtbot.waitUntil(open_it.isEnabled, timeout=LONG_MS)
    open_it.click()
    qtbot.waitUntil(lambda: len(opened.session.project.targets) == 1, timeout=LONG_MS)
    wait_for_clip(opened, qtbot)


def test_an_opening_is_given_up_at_once(
    opened: MainWindow, clip: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, probe = threading.Event(), opened.session.engine.probe
    monkeypatch.setattr(opened.session.engine, "probe", lambda path: (gate.wait(60), probe(path))[1])
    before = opened.session.document
    try:
        opened.files.open(str(clip))
        cancel = control(opened, QToolButton, "cancel_work")
        qtbot.waitUntil(cancel.isVisible, timeout=LONG_MS)
        qtbot.waitUntil(lambda: "Opening" in opened.status.work.text(), timeout=LONG_MS)
        QTest.mouseClick(cancel, Qt.MouseButton.LeftButton)
        assert opened.session.clip_state == "online"  # at once, while the disk still keeps the reading waiting
        assert "Opening" not in opened.status.work.text()
    finally:
        gate.set()
    qtbot.waitUntil(lambda: not opened.session.jobs, timeout=LONG_MS)
    assert opened.session.document is before
