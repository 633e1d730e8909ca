"""Boxes of selected subjects are dragged in the picture: an edge moves, a corner resizes, the inside stays free."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rvr_laaf_app.core.geometry import Box
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.viewer.box_grip import Grip, grip_at
from rvr_laaf_app.ui.viewer.letterbox import to_rect
from rvr_laaf_app.ui.viewer.marks import SubjectMark
from tests.gui.conftest import square_box

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]
SHOWN = QRectF(0, 0, 400, 200)


def mark(box: Box, *, selected: bool = True) -> SubjectMark:
    return SubjectMark("a", box, 1.0, "a", selected=selected)


def test_corners_edges_and_inside() -> None:
    box = (mark(Box(0.25, 0.25, 0.5, 0.5)),)  # 100, 50 to 300, 150
    corner = grip_at(box, SHOWN, QPointF(297, 148))
    assert corner is not None
    assert (corner.side_x, corner.side_y) == (1, 1)
    edge = grip_at(box, SHOWN, QPointF(200, 52))
    assert edge is not None
    assert (edge.side_x, edge.side_y) == (0, 0)
    assert grip_at(box, SHOWN, QPointF(200, 100)) is None
    assert grip_at(box, SHOWN, QPointF(200, 20)) is None
    assert grip_at((mark(Box(0.25, 0.25, 0.5, 0.5), selected=False),), SHOWN, QPointF(297, 148)) is None


def test_a_dragged_box_stays_a_box_in_the_picture() -> None:
    rect = QRectF(100, 50, 200, 100)
    moved = Grip("a", rect, 0, 0).moved(QPointF(1000, 0), SHOWN)
    assert moved.center() == QPointF(400, 100)
    assert moved.size() == rect.size()
    smaller = Grip("a", rect, 1, 1).moved(QPointF(-500, -500), SHOWN)
    assert smaller.topLeft() == rect.topLeft()
    assert smaller.width() > 0
    assert smaller.height() > 0


def drag(window: MainWindow, start: QPoint, stop: QPoint) -> None:
    picture = window.workspace.picture
    QTest.mousePress(picture, Qt.MouseButton.LeftButton, pos=start)
    for share in (0.3, 0.7, 1.0):
        QTest.mouseMove(picture, start + (stop - start) * share)
    QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=stop)


def test_dragging_the_box_in_the_window_shows_where_the_subject_is(opened: MainWindow, qtbot: QtBot) -> None:
    opened.stage.seek(2)
    opened.editing.set_target(Box(0.55, 0.05, 0.2, 0.3))  # beside the subject
    picture, project = opened.workspace.picture, opened.session.project
    qtbot.waitUntil(lambda: opened.session.project.track_of(opened.session.project.targets[0]) is not None)
    qtbot.waitUntil(lambda: len(picture.subjects) == 1)
    before, wanted = to_rect(picture.shown_rect(), picture.subjects[0].box), square_box(2)
    by = to_rect(picture.shown_rect(), wanted).center() - before.center()
    start = QPointF(before.center().x(), before.top() + 1).toPoint()
    drag(opened, start, start + by.toPoint())
    (target,) = opened.session.project.targets
    assert isinstance(target.place, Box)
    assert target.place.overlap(wanted) > 0.3
    assert opened.session.document.undo_label == "Move target"
    opened.session.undo()
    assert opened.session.project.targets == project.targets


def test_escape_gives_the_drag_up(opened: MainWindow, qtbot: QtBot) -> None:
    opened.stage.seek(2)
    opened.editing.set_target(Box(0.4, 0.3, 0.2, 0.3))
    picture = opened.workspace.picture
    qtbot.waitUntil(lambda: len(picture.subjects) == 1)
    before = opened.session.project.targets
    corner = to_rect(picture.shown_rect(), picture.subjects[0].box).topLeft().toPoint()
    QTest.mousePress(picture, Qt.MouseButton.LeftButton, pos=corner)
    QTest.mouseMove(picture, corner + QPoint(-30, -30))
    QTest.keyClick(picture, Qt.Key.Key_Escape)
    QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=corner + QPoint(-30, -30))
    assert opened.session.project.targets == before
