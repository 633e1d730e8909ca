"""The kept pictures of the lanes: a lane is drawn again when what it shows has changed, and only then."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QApplication

from rvr_laaf_app.core.geometry import Point
from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.document.project import FocusTarget
from rvr_laaf_app.ui.timeline import board
from rvr_laaf_app.ui.timeline.content import TimelineContent
from rvr_laaf_app.ui.timeline.lane import Lane, LaneView
from rvr_laaf_app.ui.timeline.timeline_view import TimelineView


@pytest.fixture
def table() -> FrameTable:
    return FrameTable(np.arange(100, dtype=np.int64) * 40, Fraction(1, 1000))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each lane was drawn."""
    count: Counter[str] = Counter()

    def watch(kind: type[Lane]) -> None:
        real = kind.draw

        def draw(self: Lane, painter: QPainter, view: LaneView) -> None:
            count[self.name] += 1
            real(self, painter, view)

        monkeypatch.setattr(kind, "draw", draw)

    for kind in Lane.__subclasses__():
        watch(kind)
    for name in ("draw_ruler", "draw_waveform"):
        real = getattr(board.lanes, name)

        def spy(*given: object, _real: object = real, _name: str = name) -> None:
            count[_name] += 1
            _real(*given)  # type: ignore[operator]

        monkeypatch.setattr(board.lanes, name, spy)
    return count


def shown(qapp: QApplication, content: TimelineContent) -> TimelineView:
    view = TimelineView()
    view.resize(QSize(800, 300))
    view.set_content(content)
    view.grab()
    return view


def test_a_lane_is_drawn_again_only_when_it_shows_something_else(
    qapp: QApplication, table: FrameTable, drawn: Counter[str]
) -> None:
    target = FocusTarget("a", 10, Point(0.5, 0.5))
    wave = np.array([[-0.5, 0.5], [-0.1, 0.1]], np.float32)
    content = TimelineContent(table, (target,), (None,), analysed=10, waveform=wave)
    view = shown(qapp, content)
    assert min(drawn[name] for name in ("targets", "depth", "lens", "draw_ruler", "draw_waveform")) == 1

    drawn.clear()
    view.set_content(replace(content, analysed=11, _reigns=[]))
    view.grab()
    assert drawn == {"depth": 1}  # the analysis went on: nothing else shows that

    drawn.clear()
    moved = replace(content, analysed=11, targets=(replace(target, frame=30),), _reigns=[])
    view.set_content(moved)
    view.grab()
    assert drawn == {"depth": 1, "targets": 1}

    drawn.clear()
    view.set_selected("a")
    view.grab()
    assert drawn == {"depth": 1, "targets": 1}

    drawn.clear()
    view.resize(QSize(700, 300))
    view.grab()
    assert min(drawn[name] for name in ("targets", "depth", "lens", "draw_ruler", "draw_waveform")) == 1
    view.deleteLater()


def test_what_is_kept_looks_as_if_it_were_drawn_at_once(qapp: QApplication, table: FrameTable) -> None:
    first = TimelineContent(table, (FocusTarget("a", 10, Point(0.5, 0.5)),), (None,), cuts=(50,), analysed=100)
    other = replace(first, targets=(FocusTarget("b", 70, Point(0.5, 0.5)),), cuts=(20,), _reigns=[])
    kept = shown(qapp, first)
    kept.set_content(other)
    fresh = shown(qapp, other)
    assert kept.grab().toImage() == fresh.grab().toImage()
    place = QRect(QPoint(72, 0), QSize(700, 300))
    assert kept.grab(place).toImage() != shown(qapp, first).grab(place).toImage()
    kept.set_content(None)
    assert QColor(kept.grab().toImage().pixel(400, 60)) == QColor(kept.grab().toImage().pixel(400, 160))
