"""Exporting through the window: dialog, presets, the dock of the queue, an end in the middle, notices."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.app.export_queue_presets import MAX_PATTERN
from rvr_laaf_app.core.errors import ExportError
from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.document.play_range import PlayRange
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.ui.export_feature import ExportFeature
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.panels.export_dialog import ExportDialog
from tests.clips import write_clip
from tests.gui.conftest import FRAMES, Answers, control, wait_for_clip

# The offscreen platform says so for every window; on a real screen nothing is ignored by this.
pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]


class FakeDesktop:
    """Writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def show_file(self, path: Path) -> None:
        self.asked.append(("show", path.name))

    def open_folder(self, path: Path) -> None:
        self.asked.append(("folder", str(path)))

    def notify(self, title: str, text: str) -> None:
        self.asked.append(("notify", text))

    def close(self) -> None:
        self.asked.append(("close", ""))


def exports_of(window: MainWindow) -> ExportFeature:
    return next(f for f in window.features if isinstance(f, ExportFeature))


def export_dialog(window: MainWindow) -> ExportDialog:
    window.menus.actions["export"].trigger()
    return control(window, ExportDialog, "export_dialog")  # type: ignore[no-any-return]


def states(window: MainWindow) -> list[str]:
    return [j.state for j in exports_of(window).queue.jobs]


def choose(dialog: ExportDialog, name: str, data: object) -> None:
    box = control(dialog, QComboBox, name)
    box.setCurrentIndex(box.findData(data))


def wait_until_done(window: MainWindow, qtbot: QtBot, count: int) -> None:
    qtbot.waitUntil(lambda: states(window) == ["done"] * count, timeout=120_000)


def test_export_through_the_window(opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path) -> None:
    opened.editing.set_target(Point(0.3, 0.6))
    dialog = export_dialog(opened)
    assert not dialog.isModal()
    assert control(dialog, QLabel, "export_result").text() == "clip_refocused.mp4"
    assert "free on this disk" in control(dialog, QLabel, "export_room").text()
    assert "roughly" in control(dialog, QLabel, "export_estimate").text()
    answers.export_path = str(tmp_path / "result.mp4")
    control(dialog, QPushButton, "export_browse").click()
    assert control(dialog, QLineEdit, "export_name").text() == "result"
    assert control(dialog, QLineEdit, "export_folder").text() == str(tmp_path)
    control(dialog, QPushButton, "export_begin").click()
    assert not dialog.isVisible()
    wait_until_done(opened, qtbot, 1)
    result = probe(tmp_path / "result.mp4")
    assert (result.frames, len(result.audio)) == (FRAMES, 1)
    assert [p.name for p in tmp_path.iterdir() if "part" in p.name] == []
    # Again: it gets a name of its own, unless what exists may be replaced.
    dialog = export_dialog(opened)
    assert control(dialog, QLabel, "export_result").text() == "result 2.mp4"
    assert "as exports went here" in control(dialog, QLabel, "export_estimate").text()
    control(dialog, QCheckBox, "export_overwrite").setChecked(True)
    assert control(dialog, QLabel, "export_result").text() == "result.mp4"
    choose(dialog, "export_range", "free")
    control(dialog, QDoubleSpinBox, "export_to").setValue(0.4)
    control(dialog, QPushButton, "export_begin").click()
    wait_until_done(opened, qtbot, 2)
    assert probe(tmp_path / "result.mp4").frames == 10


def test_preset_and_format_decide_the_file(opened: MainWindow) -> None:
    dialog = export_dialog(opened)
    result = control(dialog, QLabel, "export_result")
    dialog.choose_preset("ProRes 422 HQ")
    assert result.text() == "clip_refocused.mov"
    assert dialog.wish.preset.codec == "prores"
    choose(dialog, "export_container", ".mkv")
    assert result.text() == "clip_refocused.mkv"
    assert dialog.changed
    choose(dialog, "export_format", "exr")
    assert result.text() == "clip_refocused"
    dialog.choose_preset("Depth for compositing")
    assert result.text() == "clip_depth"
    assert not control(dialog, QComboBox, "export_size").isEnabled()
    control(dialog, QLineEdit, "export_name").setText("{nothing}")
    assert "knows nothing" in result.text()
    assert not control(dialog, QPushButton, "export_begin").isEnabled()
    control(dialog, QLineEdit, "export_name").setText("x")
    control(dialog, QLineEdit, "export_folder").setText("/nowhere/at/all")
    assert "does not exist" in control(dialog, QLabel, "export_room").text()
    assert not control(dialog, QPushButton, "export_begin").isEnabled()


def test_whatever_is_typed_the_dialog_answers_and_shows_all_it_says(
    opened: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rvr_laaf_app.ui.export_advice.free_bytes", lambda _folder: 1000)
    dialog = export_dialog(opened)
    name, folder = control(dialog, QLineEdit, "export_name"), control(dialog, QLineEdit, "export_folder")
    name.clear()
    name.insert("a/b:*" + "x" * 500)
    assert len(dialog.wish.preset.pattern) == MAX_PATTERN
    assert control(dialog, QLabel, "export_result").text().startswith("a_b")
    folder.setText("/" + "y" * 20_000)
    assert not control(dialog, QPushButton, "export_begin").isEnabled()
    folder.setText(str(tmp_path))
    dialog.say("word " * 120, problem=True)
    assert "not enough" in control(dialog, QLabel, "export_room").text()

    def cut() -> list[str]:
        said = [label for label in dialog.findChildren(QLabel) if label.isVisible() and label.text()]
        return [label.text() for label in said if label.height() < label.heightForWidth(label.width())]

    qtbot.waitUntil(lambda: not cut(), timeout=3000)
    dialog.say("")
    assert not control(dialog, QLabel, "export_status").isVisible()


def test_the_marks_are_offered_and_chosen(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    opened.session.set_play_range(PlayRange(10, 15))
    dialog = export_dialog(opened)
    assert control(dialog, QComboBox, "export_range").currentData() == "marks"
    assert (dialog.wish.start_s, dialog.wish.stop_s) == (pytest.approx(0.4), pytest.approx(0.6))
    control(dialog, QPushButton, "export_begin").click()
    wait_until_done(opened, qtbot, 1)
    job = exports_of(opened).queue.jobs[0]
    assert job.frames == 5
    assert probe(job.choice.path).frames == 5


def test_presets_are_saved_renamed_and_deleted(make_window: Callable[[], MainWindow], clip: Path, qtbot: QtBot) -> None:
    window = make_window()
    window.begin(str(clip))
    wait_for_clip(window, qtbot)
    dialog = export_dialog(window)
    names = iter(["For the web", "Web", "DNxHR"])
    dialog._ask = lambda *_: next(names)
    choose(dialog, "export_format", "hevc")
    control(dialog, QLineEdit, "export_name").setText("{clip}_web")
    dialog.save_preset.trigger()
    assert control(dialog, QComboBox, "export_preset").currentText() == "For the web"
    dialog.rename_preset.trigger()
    assert control(dialog, QComboBox, "export_preset").currentText() == "Web"
    dialog.save_preset.trigger()  # a name that is taken by a built-in one
    assert "stays as it is" in control(dialog, QLabel, "export_status").text()
    second = make_window()
    second.begin(str(clip))
    wait_for_clip(second, qtbot)
    other = export_dialog(second)
    assert other.wish.preset.codec == "hevc"
    other.delete_preset.trigger()
    assert control(other, QComboBox, "export_preset").findText("Web") == -1
    assert not other.delete_preset.isEnabled()


def begin_long_export(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> str:
    """Begin an export that takes a while; return its id when the first frames are written."""
    window.begin(str(write_clip(tmp_path / "long.mp4", frames=240, size=(320, 180))))
    qtbot.waitUntil(lambda: window.stage.info is not None, timeout=20_000)
    window.menus.actions["export_again"].trigger()
    queue = exports_of(window).queue
    job = queue.jobs[0].id
    qtbot.waitUntil(lambda: (p := queue.pulse(job)) is not None and p.writing and p.progress.done > 0, timeout=120_000)
    return job


def test_pausing_resuming_and_cancelling_in_the_dock(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    job = begin_long_export(window, qtbot, tmp_path)
    exports = exports_of(window)
    panel, queue = exports.panel, exports.queue
    assert panel.chosen is not None
    assert panel.chosen.id == job
    qtbot.mouseClick(panel.buttons["pause"], Qt.MouseButton.LeftButton)
    assert panel.rows[0].state == "paused"
    qtbot.wait(400)  # the frame that was being made ends
    pulse, cpu = queue.pulse(job), time.process_time()
    qtbot.wait(500)
    assert queue.pulse(job) == pulse, "nothing is written while it rests"
    assert time.process_time() - cpu < 0.4, "and the processor is free"
    qtbot.mouseClick(panel.buttons["resume"], Qt.MouseButton.LeftButton)
    assert panel.rows[0].state == "running"
    window.menus.actions["hold_exports"].trigger()
    assert panel.hold.isChecked()
    assert "paused" in panel.total.text()
    window.menus.actions["hold_exports"].trigger()
    qtbot.mouseClick(panel.buttons["cancel"], Qt.MouseButton.LeftButton)
    assert panel.rows[0].state == "cancelled"
    qtbot.waitUntil(lambda: [n for n in os.listdir(tmp_path) if n != "long.mp4"] == [], timeout=20_000)


def test_closing_while_exporting_ends_soon_and_the_next_start_offers_to_continue(
    make_window: Callable[[], MainWindow], qtbot: QtBot, tmp_path: Path
) -> None:
    before = {t.ident for t in threading.enumerate()}
    window = make_window()
    begin_long_export(window, qtbot, tmp_path)
    begin = time.monotonic()
    window.close()
    assert time.monotonic() - begin < 5
    assert window.ended_well
    assert [n for n in os.listdir(tmp_path) if n != "long.mp4"] == []
    ours = ("lane-", "preview", "playback", "sound", "waveform")
    assert [t.name for t in threading.enumerate() if t.ident not in before and t.name.startswith(ours)] == []
    second = make_window()
    panel = exports_of(second).panel
    qtbot.waitUntil(lambda: not panel.notice.isHidden(), timeout=5000)
    assert states(second) == ["interrupted"]
    panel.go_on.click()
    assert panel.notice.isHidden()
    wait_until_done(second, qtbot, 1)
    assert probe(tmp_path / "long_refocused.mp4").frames == 240


def test_a_failure_is_shown_and_the_next_one_is_done(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports = exports_of(opened)
    exports.desktop = FakeDesktop()
    engine = type(opened.session.engine)
    real = engine.export_job

    def full(*_: object) -> object:
        raise ExportError("the disk is full after 3 MB", where=tmp_path, remedy="Free some space.")

    monkeypatch.setattr(engine, "export_job", full)
    opened.menus.actions["export_again"].trigger()
    qtbot.waitUntil(lambda: states(opened) == ["failed"], timeout=20_000)
    monkeypatch.setattr(engine, "export_job", real)
    row = exports.panel.rows[0]
    assert row.problem
    assert "Free some space" in row.detail
    assert "disk is full" in opened.error_bar.text
    opened.menus.actions["export_again"].trigger()
    qtbot.waitUntil(lambda: states(opened) == ["failed", "done"], timeout=60_000)
    exports.panel.list.setCurrentRow(0)
    qtbot.mouseClick(exports.panel.buttons["retry"], Qt.MouseButton.LeftButton)
    wait_until_done(opened, qtbot, 2)
    exports.panel.actions_of["show"].trigger()
    exports.panel.actions_of["folder"].trigger()
    opened.menus.actions["export_folder"].trigger()
    asked = exports.desktop.asked
    assert ("show", "clip_refocused.mp4") in asked
    assert ("folder", str(tmp_path)) in asked
    assert ("notify", "1 export is done") in asked
    assert any(what == "notify" and "disk is full" in text for what, text in asked)
    opened.menus.actions["clear_exports"].trigger()
    assert exports.panel.rows == ()
    assert not exports.panel.empty.isHidden()


def test_the_order_is_changed_with_the_keys(opened: MainWindow, qtbot: QtBot) -> None:
    exports = exports_of(opened)
    exports.queue.hold()
    for _ in range(3):
        opened.menus.actions["export_again"].trigger()
    names = [r.title for r in exports.panel.rows]
    assert names == ["clip_refocused.mp4", "clip_refocused 2.mp4", "clip_refocused 3.mp4"]
    exports.panel.list.setCurrentRow(2)
    exports.panel.list.setFocus()
    qtbot.keyClick(exports.panel.list, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert [r.title for r in exports.panel.rows] == [names[0], names[2], names[1]]
    assert exports.panel.chosen is not None
    assert exports.panel.chosen.title == names[2]
    for row in exports.panel.rows:
        exports.queue.remove(row.id)
