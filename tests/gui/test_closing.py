"""Closing at any moment: quick, and with every thread ended, whatever is being made and however busy the machine is."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.playback.proxies import ProxyWork
from rvr_laaf_app.ui.preview import Preview
from tests.clips import write_clip
from tests.gui.conftest import in_picture

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]
TIMES = int(os.environ.get("RVR_CLOSINGS", "5"))
SIZE = (960, 540)
MOST_S = 5.0
_BUSY = "while True: pass"


@pytest.fixture
def busy() -> Iterator[None]:
    """As many busy processes as there are cores."""
    others = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(os.cpu_count() or 1)]
    yield
    for other in others:
        other.kill()
        other.wait()


def _work(window: MainWindow, clip: Path, rng: random.Random) -> None:
    """Open the clip and let several things be made at once, up to a random moment."""
    window.begin(str(clip))
    moment_s = time.monotonic() + rng.uniform(0.0, 4.0)
    keys = (Qt.Key.Key_Space, Qt.Key.Key_Right, Qt.Key.Key_L, Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_K, Qt.Key.Key_F)
    while time.monotonic() < moment_s:
        QTest.qWait(rng.randrange(120))
        if window.stage.info is None:
            continue
        picture = window.workspace.picture
        match rng.randrange(4):
            case 0:
                place = in_picture(window, rng.random(), rng.random()).toPoint()
                QTest.mouseClick(picture, Qt.MouseButton.LeftButton, pos=place)
            case 1:
                QTest.keyClick(picture, rng.choice(keys))
            case 2:
                strength = window.workspace.inspector.lens.strength.slider
                QTest.mouseClick(
                    strength,
                    Qt.MouseButton.LeftButton,
                    pos=QPoint(rng.randrange(strength.width()), strength.height() // 2),
                )
            case _:
                window.stage.seek(rng.randrange(window.stage.last_index))


@pytest.mark.slow
def test_closing_is_quick_and_clean_at_any_moment_under_load(
    make_window: Callable[[], MainWindow], tmp_path: Path, busy: None, qtbot: QtBot
) -> None:
    clip = write_clip(tmp_path / "large.mp4", frames=60, size=SIZE)
    rng = random.Random(4)
    before = threading.active_count()
    times = []
    for number in range(TIMES):
        window = make_window()
        _work(window, clip, rng)
        begin = time.monotonic()
        window.close_now()
        times.append(time.monotonic() - begin)
        assert window.ended_well, f"closing {number}: {[t.name for t in threading.enumerate()]}"
    assert max(times) < MOST_S
    qtbot.waitUntil(lambda: threading.active_count() <= before, timeout=5000)
    if TIMES > 5:
        sys.stderr.write(f"closings: median {sorted(times)[len(times) // 2]:.2f} s, longest {max(times):.2f} s\n")


def test_a_clip_that_was_closed_leaves_nothing_in_memory(opened: MainWindow, qtbot: QtBot) -> None:
    assert opened.stage.findChildren(Preview)
    opened.menus.actions["close_clip"].trigger()
    qtbot.waitUntil(lambda: opened.session.clip_state == "none", timeout=10_000)
    qtbot.waitUntil(lambda: not [*opened.stage.findChildren(Preview), *opened.stage.findChildren(ProxyWork)])
