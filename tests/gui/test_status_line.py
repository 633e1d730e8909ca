"""The bottom line: a message takes the place of the work's progress, which comes back after it."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from rvr_laaf_app.ui.status_bar import StatusLine

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]


def test_progress_does_not_lie_over_a_message(qtbot: QtBot) -> None:
    line = StatusLine()
    qtbot.addWidget(line)
    line.show()
    line.show_work("Analysing", 0.3, cancellable=True)
    assert line.bar.isVisible()
    line.showMessage("Saved", 60_000)
    line.show_work("Analysing", 0.4, cancellable=True)
    assert not line.bar.isVisible()
    assert not line.cancel.isVisible()
    assert not line.work.isVisible()
    line.clearMessage()
    assert line.bar.isVisible()
    assert line.cancel.isVisible()
    assert line.bar.value() == 400
    line.showMessage("Saved", 60_000)
    line.show_work("", None, cancellable=False)
    line.clearMessage()
    assert not line.bar.isVisible()
    assert not line.cancel.isVisible()
