"""Random actions, seeded: no exception, every action answers, and nothing piles up.

RVR_MONKEY_ACTIONS=10000 for the long run, RVR_MONKEY_SEED for another one.
"""

from __future__ import annotations

import ctypes
import gc
import json
import logging
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QInputDialog, QWidget
from pytestqt.qtbot import QtBot

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.ui.export_feature import ExportFeature
from rvr_laaf_app.ui.main_window import MainWindow
from tests.clips import write_clip
from tests.gui.conftest import SIZE, Answers, wait_for_clip
from tests.gui.monkey import Desktop, Faults, Monkey, kinds, summary

pytestmark = [
    pytest.mark.gui,
    pytest.mark.slow,
    pytest.mark.qt_no_exception_capture,
    pytest.mark.qt_log_level_fail("CRITICAL"),
]
ACTIONS = int(os.environ.get("RVR_MONKEY_ACTIONS", "200"))
SEED = int(os.environ.get("RVR_MONKEY_SEED", "1"))
ROUNDS = 10 if ACTIONS >= 2000 else 2
LONGEST_MS = 5000.0  # on a busy machine; the figures of an idle one are in tests/bench
MOST_GROWTH = 64 * 2**20  # of the memory in use, from the fourth round on, with nothing open
SETTLE_MS = 30_000


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """Whatever is raised in slots and threads, or caught and logged without being one of our own errors."""
    handler = Faults()
    found = handler.found
    logging.getLogger("rvr_laaf_app").addHandler(handler)
    hook, thread_hook = sys.excepthook, threading.excepthook

    def note(*what: object) -> None:
        log = logging.getLogger("rvr_laaf_app")
        log.error("not handled", exc_info=what[:3])  # type: ignore[arg-type]

    sys.excepthook = note
    threading.excepthook = lambda args: note(args.exc_type, args.exc_value, args.exc_traceback)
    yield found
    sys.excepthook, threading.excepthook = hook, thread_hook
    logging.getLogger("rvr_laaf_app").removeHandler(handler)


@pytest.fixture
def wild(
    make_window: Callable[[], MainWindow],
    tmp_path: Path,
    answers: Answers,
    faults: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> MainWindow:
    """A window whose questions and desktop are answered by the test."""
    names = random.Random(SEED)  # of presets: a dialog that waits for the user would wait for ever
    monkeypatch.setattr(
        QInputDialog, "getText", lambda *_: (names.choice(("mine", "yours", "", "x" * 500)), names.random() < 0.7)
    )
    window = make_window()
    answers.save_path = str(tmp_path / "wild.rvr")
    answers.export_path = str(tmp_path / "wild.mp4")
    window.menus._handlers["quit"] = lambda: None  # a drag over the menu may well end on it
    feature = next(f for f in window.features if isinstance(f, ExportFeature))
    feature.desktop.close()
    feature.desktop = Desktop()
    show = window.show_error

    def show_error(error: Exception) -> None:
        if not isinstance(error, RvrError):
            logging.getLogger("rvr_laaf_app").error("shown to the user", exc_info=error)
        show(error)

    window.bridge.on_error = show_error
    return window


def in_use() -> int:
    """Bytes of memory that are resident."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def come_to_rest(window: MainWindow, qtbot: QtBot) -> dict[str, int]:
    """Close what is open and wait until nothing runs; return what is in use then."""
    while (popup := QApplication.activePopupWidget() or QApplication.activeModalWidget()) is not None:
        popup.close()
    # A clip that is still being opened cannot be closed, and would come after it.
    qtbot.waitUntil(lambda: window.session.clip_state != "opening", timeout=SETTLE_MS)
    window.menus.actions["close_clip"].trigger()
    qtbot.waitUntil(lambda: window.session.clip_state == "none", timeout=SETTLE_MS)
    qtbot.wait(300)
    before = -1
    while before != threading.active_count():
        before = threading.active_count()
        qtbot.wait(500)
    for _ in range(3):
        gc.collect()
        QApplication.sendPostedEvents()
        QApplication.processEvents()
    if sys.platform.startswith("linux"):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    widgets = QApplication.allWidgets()
    return {
        "memory": in_use(),
        "threads": threading.active_count(),
        "objects": len(window.findChildren(QObject)),
        "widgets": len(widgets),
    }


def differences(before: list[QWidget], after: list[QWidget]) -> dict[str, int]:
    return {name: count for name, count in (kinds(after) - kinds(before)).items() if count}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the memory in use from /proc")
def test_random_actions_never_fail_hang_or_leak(
    wild: MainWindow, tmp_path: Path, faults: list[str], qtbot: QtBot
) -> None:
    clips = [write_clip(tmp_path / "a.mp4", frames=40, size=SIZE, cut_at=25)]
    clips += [write_clip(tmp_path / f"{n}.mp4", frames=16 + n, size=SIZE, sound=n == 1) for n in (1, 2)]
    monkey = Monkey(wild, clips, random.Random(SEED))
    rests = []
    for number in range(ROUNDS):
        wild.files.open(str(clips[0]))
        wait_for_clip(wild, qtbot)
        for action in range(ACTIONS // ROUNDS):
            monkey.act()
            assert not faults, f"round {number}, action {action} after {monkey.last}:\n" + "\n".join(faults)
            assert wild.isVisible(), "; ".join(monkey.last)
        seen = "\n".join(f"{took_s:.2f} s {where}" for took_s, where in monkey.watch.seen)
        assert monkey.slowest[0] < LONGEST_MS, f"{monkey.slowest}\n{seen}"
        rests.append(come_to_rest(wild, qtbot))
        if ROUNDS > 2:
            sys.stderr.write(json.dumps(rests[-1]) + "\n")
            sys.stderr.flush()
    if ROUNDS > 2:
        sys.stderr.write(summary(monkey.times_ms) + f"\nslowest {monkey.slowest}\n")
        sys.stderr.writelines(f"{took_s:6.2f} s {where}\n" for took_s, where in monkey.watch.seen)
    monkey.watch.close()
    settled, last = rests[min(3, ROUNDS - 2)], rests[-1]
    assert last["threads"] <= settled["threads"] + 1, rests
    assert last["memory"] - settled["memory"] < MOST_GROWTH, rests
    if ROUNDS > 2:
        assert last["objects"] <= settled["objects"] * 1.05 + 20, rests
        assert last["widgets"] <= settled["widgets"] * 1.05 + 20, rests
