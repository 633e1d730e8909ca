"""A first project by hand: three targets and an export, through real widgets, with every interaction counted.

RVR_WHOLE_EXPORT=1 exports the whole clip, which takes minutes; else the part between two marks, set by hand as well.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copy2

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.ui.export_feature import ExportFeature
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.panels.export_dialog import ExportDialog
from tests.gui.conftest import Answers, control, in_picture

pytestmark = [
    pytest.mark.gui,
    pytest.mark.slow,
    pytest.mark.qt_log_ignore("This plugin does not support", "Unimplemented code"),
]
MOST = 25
WHOLE = os.environ.get("RVR_WHOLE_EXPORT") == "1"
MINUTES_MS = 60_000
DIALOG = 2  # interactions with a dialog of the system: choose or type a name, confirm


@dataclass
class Hand:
    """The user's: counts clicks, keys and questions of the system that were answered."""

    window: MainWindow
    qtbot: QtBot
    count: int = 0

    def click(self, widget: QWidget, place: QPoint | None = None) -> None:
        assert widget.isVisible()
        assert widget.isEnabled()
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place or widget.rect().center())
        self.count += 1

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.window.focusWidget() or self.window, key, modifier)
        self.count += 1

    def go_to(self, frame: int) -> None:
        """Click in the ruler of the timeline."""
        timeline = self.window.workspace.timeline
        table = self.window.stage.info.table  # type: ignore[union-attr]
        assert table is not None
        seconds = (frame + 0.5) / float(table.average_rate)
        self.click(timeline, QPoint(round(timeline.scale.x_of(seconds)), 6))
        assert abs(self.window.stage.index - frame) <= 2

    def focus_on(self, x: float, y: float) -> None:
        """Click a subject in the picture."""
        before = len(self.window.session.project.targets)
        self.click(self.window.workspace.picture, in_picture(self.window, x, y).toPoint())
        self.qtbot.waitUntil(lambda: len(self.window.session.project.targets) == before + 1, timeout=MINUTES_MS)


def opened_by(hand: Hand, button: QAbstractButton) -> None:
    window = hand.window
    hand.click(button)
    hand.qtbot.waitUntil(lambda: window.stage.info is not None, timeout=MINUTES_MS)
    hand.qtbot.waitUntil(lambda: not window.workspace.picture.image.isNull(), timeout=MINUTES_MS)


def three_targets_and_export(hand: Hand, targets: tuple[tuple[int, float, float], ...], stop: int) -> Path:
    """Set the targets (frame, x, y), export up to a frame, and return the file."""
    window, qtbot = hand.window, hand.qtbot
    for frame, x, y in targets:
        if frame != window.stage.index:
            hand.go_to(frame)
        hand.focus_on(x, y)
    assert len(window.session.project.targets) == len(targets)
    if not WHOLE:
        hand.key(Qt.Key.Key_I, Qt.KeyboardModifier.NoModifier)
        hand.go_to(stop)
        hand.key(Qt.Key.Key_O, Qt.KeyboardModifier.NoModifier)
    hand.key(Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog = control(window, ExportDialog, "export_dialog")
    qtbot.waitUntil(dialog.isVisible, timeout=MINUTES_MS)
    hand.click(control(dialog, QPushButton, "export_browse"))
    hand.count += DIALOG
    hand.click(control(dialog, QPushButton, "export_begin"))
    queue = next(f for f in window.features if isinstance(f, ExportFeature)).queue
    waits_ms = MINUTES_MS * (30 if WHOLE else 8)
    qtbot.waitUntil(lambda: [j.state for j in queue.jobs] in (["done"], ["failed"]), timeout=waits_ms)
    (job,) = queue.jobs
    assert job.state == "done", job
    assert all(window.session.project.track_of(t) is not None for t in window.session.project.targets)
    return job.choice.path


def finished(hand: Hand, path: Path, name: str, frames: int) -> None:
    assert probe(path).frames == frames
    assert hand.count < MOST
    sys.stderr.write(f"{name}: {hand.count} interactions from the start page to {frames} exported frames\n")


def test_the_sample_clip_from_the_start_page_to_a_file(
    make_window: Callable[[], MainWindow], answers: Answers, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window()
    window.begin(None)
    answers.export_path = str(tmp_path / "sample out.mp4")
    hand = Hand(window, qtbot)
    opened_by(hand, control(window, QAbstractButton, "start_sample"))
    targets = ((0, 0.32, 0.50), (8, 0.80, 0.55), (16, 0.68, 0.80))
    path = three_targets_and_export(hand, targets, 24)
    finished(hand, path, "sample clip", probe(window.stage.info.path).frames if WHOLE else 9)  # type: ignore[union-attr]


@pytest.mark.shared_data
def test_a_juggler_from_the_start_page_to_a_file(
    make_window: Callable[[], MainWindow], answers: Answers, tmp_path: Path, shared_data: Path, qtbot: QtBot
) -> None:
    clip = tmp_path / "sam2_05_default_juggle.mp4"
    copy2(shared_data / "clips" / clip.name, clip)
    window = make_window()
    window.begin(None)
    answers.open_path, answers.export_path = str(clip), str(tmp_path / "juggle out.mp4")
    hand = Hand(window, qtbot)
    opened_by(hand, control(window, QAbstractButton, "start_open"))
    hand.count += DIALOG
    targets = ((0, 0.51, 0.45), (6, 0.54, 0.12), (12, 0.15, 0.80))
    path = three_targets_and_export(hand, targets, 20)
    finished(hand, path, clip.name, probe(clip).frames if WHOLE else 9)
