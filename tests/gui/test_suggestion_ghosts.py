"""Suggestions in the window: asked for, shown as ghosts, looked at, accepted, swapped, refused, brought back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
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
ELSEWHERE = Box(0.4, 0.05, 0.1, 0.2)


class SuggestingEngine(QuickEngine):
    """Finds the same three things in every clip, when `gate` lets it."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[str] = []
        self.error: Exception | None = None
        self.found = [
            Suggestion(8, square_box(8), 0.9, "voice", "begins to speak", ready=2, earlier=(2, square_box(2)),
                       runner_up="the other one", runner_up_box=CORNER),
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
def window(
    qtbot: QtBot, answers: Answers, engine: SuggestingEngine, compiled: None, clip: Path
) -> Iterator[MainWindow]:
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
    assert asked.stage.index == 2  # there is the subject followed from, and sharp, six frames before it is needed
    assert text(asked, "suggestion_reason") == "begins to speak"
    assert "90%" in text(asked, "suggestion_facts")
    assert "6 frames before" in text(asked, "suggestion_facts")
    assert "the other one" in text(asked, "suggestion_runner_up")
    assert text(asked, "suggestion_place") == "1 of 3"
    ghost = feature(asked).mark.ghost
    assert ghost is not None
    assert ghost.box == square_box(2)
    assert ghost.runner_up == CORNER
    panel = feature(asked).panel
    assert (
        asked.workspace.inspector.viewport()
        .rect()
        .intersects(panel.rect().translated(panel.mapTo(asked.workspace.inspector.viewport(), QPoint(0, 0))))
    )
    asked.grab()


def test_accept_goes_on_to_the_next_and_is_one_step_each(asked: MainWindow, qtbot: QtBot) -> None:
    press(asked, qtbot, Qt.Key.Key_U)
    assert feature(asked).chosen == feature(asked).offers[0]
    press(asked, qtbot, Qt.Key.Key_A)
    (target,) = asked.session.project.targets
    assert (target.frame, target.place, target.strength) == (2, square_box(2), "firm")
    assert (target.source, target.reason) == ("detector:voice", "begins to speak")
    assert states(asked) == ["taken", "open", "open"]
    assert asked.stage.index == 20  # the next one
    press(asked, qtbot, Qt.Key.Key_A)
    press(asked, qtbot, Qt.Key.Key_A)
    assert frames(asked) == [2, 20, 35]
    assert feature(asked).chosen is None
    assert asked.editing.selected == asked.session.project.targets[-1].id
    assert "decided" in lane(asked).says
    for count in (2, 1, 0):
        asked.menus.actions["undo"].trigger()
        assert len(frames(asked)) == count
    assert states(asked) == ["open"] * 3
    asked.menus.actions["redo"].trigger()
    assert frames(asked) == [2]
    qtbot.waitUntil(
        lambda: asked.session.project.track_of(asked.session.project.targets[0]) is not None, timeout=60_000
    )


def test_accept_all_is_one_step_and_takes_suggested_targets_along(asked: MainWindow, qtbot: QtBot) -> None:
    made = asked.session.add_target_at(ELSEWHERE, 13, strength="suggested")
    press(asked, qtbot, Qt.Key.Key_A, shift=True)
    assert frames(asked) == [2, 13, 20, 35]
    assert {t.strength for t in asked.session.project.targets} == {"firm"}
    assert not asked.menus.actions["accept_all"].isEnabled()
    asked.menus.actions["undo"].trigger()
    assert frames(asked) == [13]
    target = asked.session.project.target(made)
    assert target is not None
    assert target.strength == "suggested"


def test_the_keys_walk_through_ghosts_and_suggested_targets_alike(asked: MainWindow, qtbot: QtBot) -> None:
    made = asked.session.add_target_at(ELSEWHERE, 13, strength="suggested")
    seen = []
    for _ in range(5):
        press(asked, qtbot, Qt.Key.Key_U)
        seen.append((asked.stage.index, asked.editing.selected == made))
    assert seen == [(2, False), (13, True), (20, False), (35, False), (2, False)]
    press(asked, qtbot, Qt.Key.Key_U, shift=True)
    assert asked.stage.index == 35
    press(asked, qtbot, Qt.Key.Key_U, shift=True)
    press(asked, qtbot, Qt.Key.Key_U, shift=True)
    assert asked.editing.selected == made
    assert feature(asked).chosen is None
    press(asked, qtbot, Qt.Key.Key_X)
    assert asked.session.project.target(made) is None


def test_refused_ones_stay_refused_with_the_project_and_can_be_brought_back(
    asked: MainWindow, qtbot: QtBot, engine: SuggestingEngine, tmp_path: Path
) -> None:
    click(asked, qtbot, 1)
    press(asked, qtbot, Qt.Key.Key_X)
    assert states(asked) == ["open", "refused", "open"]
    assert frames(asked) == []
    assert asked.stage.index == 35
    asked.session.save(tmp_path / "kept.rvr")
    asked.begin(str(tmp_path / "kept.rvr"))
    qtbot.waitUntil(lambda: asked.session.path is not None and feature(asked).offers == (), timeout=20_000)
    wait_for_clip(asked, qtbot)
    press(asked, qtbot, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: len(feature(asked).offers) == 3, timeout=20_000)
    assert states(asked) == ["open", "refused", "open"]
    back: QPushButton = control(asked, QPushButton, "bring_back_button")
    assert back.text() == "Bring back 1"
    click(asked, qtbot, 1)
    assert "refused" in text(asked, "suggestion_facts")
    assert not asked.menus.actions["refuse_target"].isEnabled()
    assert asked.menus.actions["accept_target"].isEnabled()
    asked.workspace.inspector.ensureWidgetVisible(back)
    qtbot.mouseClick(back, Qt.MouseButton.LeftButton)
    assert states(asked) == ["open"] * 3
    asked.menus.actions["undo"].trigger()
    assert states(asked) == ["open", "refused", "open"]
    click(asked, qtbot, 1)
    press(asked, qtbot, Qt.Key.Key_A)  # accepted after all
    assert frames(asked) == [20]
    assert asked.session.project.refusals == ()


def test_swap_takes_the_runner_up_and_back(asked: MainWindow, qtbot: QtBot) -> None:
    click(asked, qtbot, 1)
    assert not asked.menus.actions["swap_suggestion"].isEnabled()  # this one has no second
    click(asked, qtbot, 0)
    press(asked, qtbot, Qt.Key.Key_C)
    assert text(asked, "suggestion_reason") == "the other one"
    assert "begins to speak" in text(asked, "suggestion_runner_up")
    press(asked, qtbot, Qt.Key.Key_C)
    assert text(asked, "suggestion_reason") == "begins to speak"
    press(asked, qtbot, Qt.Key.Key_C)
    press(asked, qtbot, Qt.Key.Key_A)
    (target,) = asked.session.project.targets
    assert (target.place, target.reason) == (CORNER, "the other one")
    assert states(asked)[0] == "taken"


def test_what_is_looked_at_moves_the_focus_before_it_is_accepted(asked: MainWindow, qtbot: QtBot) -> None:
    shown: list[int] = []
    show = asked.stage.show_project
    asked.stage.show_project = lambda p: (shown.append(len(p.targets)), show(p))[1]  # type: ignore[method-assign]
    timeline = asked.workspace.timeline
    qtbot.mouseMove(timeline, spot(asked, 1))
    qtbot.waitUntil(lambda: shown == [1], timeout=5_000)
    assert frames(asked) == []
    qtbot.mouseMove(timeline, timeline.lane_rect("ruler").center().toPoint())
    qtbot.waitUntil(lambda: shown == [1, 0], timeout=5_000)
    click(asked, qtbot, 1)
    qtbot.waitUntil(lambda: shown[-1] == 1, timeout=5_000)
    qtbot.waitUntil(lambda: timeline._content is not None and timeline._content.focus is not None, timeout=20_000)
    press(asked, qtbot, Qt.Key.Key_X)
    assert not asked.session.project.targets


def test_a_search_is_stopped_and_goes_on(window: MainWindow, qtbot: QtBot, engine: SuggestingEngine) -> None:
    engine.gate.clear()
    ask: QPushButton = control(window, QPushButton, "suggest_button")
    window.workspace.inspector.ensureWidgetVisible(ask)
    qtbot.mouseClick(ask, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "%" in text(window, "suggestion_state"), timeout=20_000)
    assert "Looking" in lane(window).says
    assert ask.text() == "Stop"
    qtbot.mouseClick(ask, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Stopped" in text(window, "suggestion_state"), timeout=20_000)
    assert ask.text() == "Suggest focus"
    press(window, qtbot, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: "%" in lane(window).says, timeout=20_000)
    window.work._cancel()  # the bottom line's own button
    qtbot.waitUntil(lambda: "Stopped" in lane(window).says, timeout=20_000)
    engine.gate.set()
    press(window, qtbot, Qt.Key.Key_S, shift=True)
    qtbot.waitUntil(lambda: len(feature(window).offers) == 3, timeout=20_000)
    assert engine.asked == ["auto", "auto", "conversation"]
    press(window, qtbot, Qt.Key.Key_S, shift=True)
    assert engine.asked[-1] == "conversation"
    assert len(engine.asked) == 3  # known by clip and mode
    assert feature(window).panel.mode.currentText() == "Conversation"


def test_a_search_that_fails_says_so_and_can_be_tried_again(
    window: MainWindow, qtbot: QtBot, engine: SuggestingEngine
) -> None:
    engine.error = MediaError("a frame cannot be decoded", remedy="Look at the file.")
    press(window, qtbot, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: "failed" in lane(window).says, timeout=20_000)
    assert window.error_bar.isVisible()
    engine.error, engine.found = None, []
    press(window, qtbot, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: "Nothing to suggest" in lane(window).says, timeout=20_000)


def test_a_double_click_accepts_and_the_lane_can_be_hidden(asked: MainWindow, qtbot: QtBot) -> None:
    timeline = asked.workspace.timeline
    qtbot.mouseDClick(timeline, Qt.MouseButton.LeftButton, pos=spot(asked, 1))
    assert frames(asked) == [20]
    asked.menus.actions["lane_suggestions"].trigger()
    assert timeline.lane_rect("suggestions").height() == 0
    asked.menus.actions["lane_suggestions"].trigger()
    assert timeline.lane_rect("suggestions").height() > 0


def test_another_clip_has_its_own_suggestions(asked: MainWindow, qtbot: QtBot, tmp_path: Path, clip: Path) -> None:
    click(asked, qtbot, 0)
    asked.session.new()
    assert feature(asked).offers == ()
    assert feature(asked).chosen is None
    assert not asked.menus.actions["suggest_auto"].isEnabled()
