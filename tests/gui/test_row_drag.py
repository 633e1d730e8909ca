"""Rows of the lists that can be reordered are really dragged: nothing is pickled, nothing crashes."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QDrag, QImage
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget
from pytestqt.qtbot import QtBot

from rvr_laaf_app.ui.export_texts import QueueRow
from rvr_laaf_app.ui.panels import export_queue_rows, media_list
from rvr_laaf_app.ui.panels.clip_row import ClipRow


def media_rows(parent: QWidget) -> QListWidget:
    rows = media_list._Rows(parent)
    picture = QImage(40, 30, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.darkGray)
    for number in range(3):
        item = QListWidgetItem()
        media_list._put(item, ClipRow(f"c{number}", f"clip {number}", "0:05", picture=picture))
        rows.addItem(item)
    return rows


def queue_rows(parent: QWidget) -> QListWidget:
    rows = export_queue_rows.JobList(parent)
    rows.set_rows(tuple(QueueRow(f"j{n}", "clip.mp4", "Share", "waits", "waiting") for n in range(3)))
    return rows


@pytest.mark.skipif(os.environ.get("QT_QPA_PLATFORM") == "offscreen", reason="real drags need a screen")
@pytest.mark.parametrize("make", [media_rows, queue_rows])
def test_rows_are_dragged_without_being_written_down(make: Callable[[QWidget], QListWidget], qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    rows = make(parent)
    rows.resize(240, 240)
    parent.show()
    rows.setCurrentRow(1)
    rows.item(1).setSelected(True)
    burden = rows.mimeData(rows.selectedItems())
    assert [bytes(burden.data(name).data()) for name in burden.formats()] == [b""]
    for _ in range(3):
        QTimer.singleShot(50, QDrag.cancel)
        rows.startDrag(Qt.DropAction.MoveAction)
    assert [rows.item(n) is not None for n in range(3)] == [True] * 3
