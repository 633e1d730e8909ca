"""The depth lane and the other lanes in the real window, driven by mouse and keys; asserted on the project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from rvr_laaf_app.app.settings import load_settings
from rvr_laaf_app.ui.main_window import MainWindow
from tests.clips import write_clip
from tests.gui.conftest import square_box, wait_for_clip

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]


def hover(widget: QWidget, place: QPointF) -> None:
    """Move the mouse over a widget and nothing else: on a real screen the pointer itself is elsewhere, and says so."""
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove, place, widget.mapToGlobal(place), none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(widget, event)


def drag(window: MainWindow, qtbot: QtBot, begin: QPointF, end: QPointF, *, release: bool = True) -> None:
    timeline = window.workspace.timeline
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=begin.toPoint())
    for step in range(1, 6):
        qtbot.mouseMove(timeline, (begin + (end - begin) * step / 5).toPoint())
    if release:
        qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=end.toPoint())


@pytest.fixture
def pulled(opened: MainWindow, qtbot: QtBot) -> MainWindow:
    """A window with two tracked targets, at frames 0 and 24, a pull of ten frames between them."""
    session = opened.session
    session.add_target_at(square_box(0), 0)
    session.add_target_at(in_box(0.7, 0.1), 24, pull_frames=10)

    def ready() -> bool:
        data = opened.workspace.timeline.depth_row.depth.data
        tracked = all(session.project.track_of(t) is not None for t in session.project.targets)
        return tracked and data is not None and len(data.lines) == 2 and opened.editing._curve is not None

    qtbot.waitUntil(ready, timeout=60_000)
    return opened


def in_box(x: float, y: float):  # type: ignore[no-untyped-def]
    from rvr_laaf_app.core.geometry import Box

    return Box(x, y, 0.2, 0.3)


def test_the_lane_fills_up_after_analysis(opened: MainWindow, qtbot: QtBot) -> None:
    lane = opened.workspace.timeline.depth_row.depth

    def measured() -> bool:
        return lane.data is not None and lane.data.profile is not None and bool(lane.data.profile.known.all())

    qtbot.waitUntil(measured, timeout=20_000)
    assert opened.session.products is not None
    folder = opened.session.products.store.folder
    qtbot.waitUntil(lambda: bool(list(folder.glob("*.hist"))), timeout=10_000)  # kept for the next time
    rect = opened.workspace.timeline.lane_rect("depth")
    image = opened.workspace.timeline.grab().toImage()
    middle = [image.pixelColor(int(rect.center().x()), y).red() for y in range(int(rect.top()), int(rect.bottom()))]
    assert max(middle) > 60


def test_dragging_where_a_pull_begins_changes_its_length_as_one_step(pulled: MainWindow, qtbot: QtBot) -> None:
    target = pulled.session.project.targets[1]
    timeline = pulled.workspace.timeline
    before = pulled.session.document.undo_label
    begin = timeline.pull_handle(target.id, "begin")
    drag(pulled, qtbot, begin, QPointF(timeline.scale.x_of(0.32), begin.y() + 4))
    moved = pulled.session.project.targets[1]
    assert (moved.frame, moved.pull_frames) == (24, 16)
    assert pulled.editing.selected == target.id
    assert pulled.session.document.undo_label == "Change pull"
    pulled.menus.actions["undo"].trigger()
    assert pulled.session.project.targets[1] == target
    assert pulled.session.document.undo_label == before


def test_dragging_where_a_pull_arrives_moves_the_target_and_keeps_the_begin(pulled: MainWindow, qtbot: QtBot) -> None:
    target = pulled.session.project.targets[1]
    timeline = pulled.workspace.timeline
    arrival = timeline.pull_handle(target.id, "arrival")
    drag(pulled, qtbot, arrival, QPointF(timeline.scale.x_of(1.2), arrival.y()))
    moved = pulled.session.project.targets[1]
    assert (moved.frame, moved.pull_frames) == (30, 16)
    pulled.menus.actions["undo"].trigger()
    assert pulled.session.project.targets[1] == target


def test_escape_gives_a_drag_up(pulled: MainWindow, qtbot: QtBot) -> None:
    project = pulled.session.project
    timeline = pulled.workspace.timeline
    begin = timeline.pull_handle(project.targets[1].id, "begin")
    drag(pulled, qtbot, begin, begin - QPointF(120, 0), release=False)
    assert timeline.depth_row._pull is not None
    timeline.grab()
    qtbot.keyClick(timeline, Qt.Key.Key_Escape)
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=(begin - QPointF(120, 0)).toPoint())
    assert pulled.session.project.targets == project.targets


def test_hover_tells_frame_depth_and_subject_and_a_click_goes_there(pulled: MainWindow, qtbot: QtBot) -> None:
    timeline = pulled.workspace.timeline
    rect = timeline.lane_rect("depth")
    frame = 30
    place = QPointF(timeline.scale.x_of(frame * 0.04 + 0.02), rect.top() + 12)
    hover(timeline, place)
    first, second = timeline.words()
    assert first.startswith(f"frame {frame} ")
    assert "disparity" in first
    assert "subject 2" in second
    timeline.grab()
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=place.toPoint())
    assert pulled.stage.index == frame
    hover(timeline, QPointF(5, 5))
    assert timeline.words() == ()


def test_a_click_on_a_subjects_line_selects_its_target(pulled: MainWindow, qtbot: QtBot) -> None:
    timeline = pulled.workspace.timeline
    rect = timeline.lane_rect("depth")
    first = pulled.session.project.targets[0]
    assert timeline._content is not None
    line = timeline.depth_row.depth.line_of(timeline._content, 0)
    assert line is not None
    frame = 3
    y = rect.top() + rect.height() - 8 - line.disparity.at(frame) * (rect.height() - 16)
    pulled.editing.select(None)
    place = QPointF(timeline.scale.x_of(frame * 0.04 + 0.02), y).toPoint()
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=place)
    assert pulled.editing.selected == first.id
    assert pulled.stage.index == frame


def test_the_wheel_zooms_and_scrolls_over_the_lane(opened: MainWindow, qtbot: QtBot) -> None:
    timeline = opened.workspace.timeline
    place = timeline.lane_rect("depth").center()

    def turn(y: int, keys: Qt.KeyboardModifier) -> None:
        nothing, buttons = QPoint(), Qt.MouseButton.NoButton
        there = timeline.mapToGlobal(place)
        event = QWheelEvent(place, there, nothing, QPoint(0, y), buttons, keys, Qt.ScrollPhase.NoScrollPhase, False)
        QApplication.sendEvent(timeline, event)

    moment = timeline.scale.seconds_at(place.x())
    turn(960, Qt.KeyboardModifier.ControlModifier)
    assert timeline.scale.is_zoomed
    assert timeline.scale.seconds_at(place.x()) == pytest.approx(moment, abs=0.01)
    first = timeline.scale.first_s
    turn(-120, Qt.KeyboardModifier.NoModifier)
    assert timeline.scale.first_s > first
    timeline.grab()


def test_lanes_are_hidden_by_the_menu_and_stay_so(
    opened: MainWindow, qtbot: QtBot, clip: Path, make_window: Callable[[], MainWindow]
) -> None:
    timeline = opened.workspace.timeline
    high = timeline.minimumHeight()
    for name in ("film", "depth"):
        assert opened.menus.actions[f"lane_{name}"].isChecked()
        opened.menus.actions[f"lane_{name}"].trigger()
        assert timeline.lane_rect(name).height() == 0
    assert timeline.minimumHeight() < high
    timeline.grab()
    assert load_settings().hidden_lanes == ("film", "depth")
    opened.close_now()
    again = make_window()
    again.begin(str(clip))
    wait_for_clip(again, qtbot)
    assert again.workspace.timeline.hidden_lanes == ("film", "depth")
    assert not again.menus.actions["lane_film"].isChecked()
    again.menus.actions["lane_film"].trigger()
    assert again.workspace.timeline.lane_rect("film").height() > 0
    assert load_settings().hidden_lanes == ("depth",)


def test_closing_in_the_middle_of_the_analysis(window: MainWindow, clip: Path, qtbot: QtBot) -> None:
    window.begin(str(clip))
    qtbot.waitUntil(lambda: window.session.products is not None, timeout=20_000)
    window.workspace.timeline.grab()
    window.close_now()
    assert window.ended_well


def test_a_clip_of_one_frame(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    window.begin(str(write_clip(tmp_path / "one.mp4", frames=1, sound=False)))
    wait_for_clip(window, qtbot)
    lane = window.workspace.timeline.depth_row.depth
    qtbot.waitUntil(lambda: lane.data is not None and lane.data.profile is not None, timeout=20_000)
    window.session.add_target_at(in_box(0.3, 0.3), 0)
    timeline = window.workspace.timeline
    timeline.zoom(4.0)
    timeline.grab()
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=timeline.lane_rect("depth").center().toPoint())
    assert window.stage.index == 0


def test_without_analysis_the_lane_says_so(window: MainWindow, clip: Path, qtbot: QtBot) -> None:
    def refuse(_info: object, _depth: object) -> None:
        from rvr_laaf_app.core.errors import CheckpointError

        raise CheckpointError("no network here")

    window.session._engine.products_of = refuse  # type: ignore[method-assign, assignment]
    window.begin(str(clip))
    qtbot.waitUntil(lambda: window.stage.info is not None, timeout=20_000)
    timeline = window.workspace.timeline
    assert window.session.products is None
    timeline.grab()
    qtbot.mouseMove(timeline, timeline.lane_rect("depth").center().toPoint())
    assert timeline.words()[-1] == "no depth for this clip"
    assert "estimated" in timeline.depth_row.depth.empty_text


def test_the_playhead_is_told_to_screen_readers(opened: MainWindow, qtbot: QtBot) -> None:
    timeline = opened.workspace.timeline
    assert timeline.accessibleName()
    timeline.setFocus()
    qtbot.keyClick(timeline, Qt.Key.Key_Right)
    assert "frame 1" in timeline.accessibleDescription()
