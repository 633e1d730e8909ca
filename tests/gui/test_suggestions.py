"""Suggestions in the window: asked for, shown as ghosts, looked at, accepted, swapped, refused, brought back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.core.errors import MediaError
from rvr_laaf_app.core.evidence import Suggestion
from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.jobs.job import Job, Progress
from rvr_laaf_app.media.probe import ClipInfo
from rvr_laaf_app.pipeline.suggested import Mode
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.playback.sound import SilentSound
from rvr_laaf_app.ui.suggest_feature import SuggestFeature
from rvr_laaf_app.ui.timeline.suggestion_lane import SuggestionLane
from tests.gui.conftest import Answers, QuickEngine, control, square_box, wait_for_clip

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]

CORNER = Box(0.7, 0.05, 0.2, 0.3)


class SuggestingEngine(QuickEngine):
    """Finds the same three things in every clip, when `gate` lets it."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[str] = []
        self.error: Exception | None = None
        self.found = [
            Suggestion(8, square_box(8), 0.9, "voice", "begins to speak", ready=2, runner_up="the other one",
                       runner_up_box=CORNER),
            Suggestion(20, CORNER, 0.4, "action", "enters from the right", ready=20),
            Suggestion(35, square_box(35), 0.6, "voice", "speaks again", ready=29),
        ]  # fmt: skip

    def suggest_job(self, info: ClipInfo, mode: Mode) -> Job[list[Suggestion]]:
        self.asked.append(mode)
        for step in range(5):
            yield Progress(step, 5, "looking")
        while not self.gate.wait(0.01):
            yield Progress(4, 5, "looking")
        if self.error is not None:
            raise self.error
        return list(self.found)


@pytest.fixture
def engine() -> SuggestingEngine:
    return SuggestingEngine()


@pytest.fixture
def window(qtbot: QtBot, answers: Answers, engine: SuggestingEngine, compiled: None, clip: Path) -> Iterator[MainWindow]:
    """A window on the clip, with an engine whose suggestions are known."""
    made = MainWindow(prompts=answers.prompts(), sound=SilentSound(), engine=engine)
    made.resize(1280, 720)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    made.begin(str(clip))
    wait_for_clip(made, qtbot)
    yield made
    made.close_now()
    assert made.ended_well
    made.deleteLater()


@pytest.fixture
def asked(window: MainWindow, qtbot: QtBot) -> MainWindow:
    """The window with its suggestions found."""
    window.workspace.picture.setFocus()
    qtbot.keyClick(window.workspace.picture, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: len(feature(window).offers) == 3, timeout=20_000)
    return window


def feature(window: MainWindow) -> SuggestFeature:
    return next(f for f in window.features if isinstance(f, SuggestFeature))


def lane(window: MainWindow) -> SuggestionLane:
    found = window.workspace.timeline.lane("suggestions")
    assert isinstance(found, SuggestionLane)
    return found


def spot(window: MainWindow, number: int) -> QPoint:
    timeline = window.workspace.timeline
    return lane(window).centre(number, timeline._view_of(lane(window))).toPoint()


def states(window: MainWindow) -> list[str]:
    return [o.state for o in feature(window).offers]


def frames(window: MainWindow) -> list[int]:
    return [t.frame for t in window.session.project.targets]


def text(window: MainWindow, name: str) -> str:
    label: QLabel = control(window, QLabel, name)
    return label.text() if label.isVisibleTo(window) else ""


def press(window: MainWindow, qtbot: QtBot, key: Qt.Key, *, shift: bool = False) -> None:
    window.workspace.picture.setFocus()
    modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    qtbot.keyClick(window.workspace.picture, key, modifier)


def click(window: MainWindow, qtbot: QtBot, number: int) -> None:
    qtbot.mouseClick(window.workspace.timeline, Qt.MouseButton.LeftButton, pos=spot(window, number))


def test_before_anything_was_asked_the_lane_and_the_panel_say_what_to_do(window: MainWindow) -> None:
    assert "Suggest Focus (S)" in lane(window).says
    assert "Suggest Focus (S)" in text(window, "suggestion_state")
    targets, between = (window.workspace.timeline.lane_rect(n) for n in ("targets", "suggestions"))
    assert between.top() == targets.bottom()
    assert between.height() >= 24
    for name in ("accept_target", "accept_all", "swap_suggestion", "refuse_target", "bring_back", "next_suggestion"):
        assert not window.menus.actions[name].isEnabled()
    assert window.menus.actions["suggest_auto"].isEnabled()


def test_a_click_on_a_ghost_shows_where_why_and_what_came_second(asked: MainWindow, qtbot: QtBot) -> None:
    assert states(asked) == ["open"] * 3
    assert frames(asked) == []  # a suggestion is no part of the project
    assert not asked.session.modified
    click(asked, qtbot, 0)
    assert asked.stage.index == 8 == feature(asked).offers[0].frame or asked.stage.index == 2
    assert text(asked, "suggestion_reason") == "begins to speak"
    assert "90%" in text(asked, "suggestion_facts")
    assert "the other one" in text(asked, "suggestion_runner_up")
    assert text(asked, "suggestion_place") == "1 of 3"
    ghost = feature(asked).mark.ghost
    assert ghost is not None
    assert ghost.box == square_box(8)
    assert ghost.runner_up == CORNER
    panel = feature(asked).panel
    assert asked.workspace.inspector.viewport().rect().intersects(
        panel.rect().translated(panel.mapTo(asked.workspace.inspector.viewport(), QPoint(0, 0)))
    )
    asked.grab()
