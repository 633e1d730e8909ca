"""How fast a clip of ten seconds is annotated: through real widgets, with every press and every click counted.

The script does what a person does who sees the clip for the first time: it lets it play once, at its own speed, and
sets each target while it plays; then it names the two subjects. It has no time to think, so a person takes longer
than the seconds it prints; the presses are the same.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from rvr_laaf_app.annotation.agreement import same_place
from rvr_laaf_app.annotation.store import journal_path, read_book
from rvr_laaf_app.ui.annotate.window import AnnotateWindow
from tests.gui.annotate_clips import square_at, write_two_squares
from tests.gui.annotate_fixtures import annotate_window, told  # noqa: F401

pytestmark = [pytest.mark.gui, pytest.mark.slow, pytest.mark.qt_log_ignore("This plugin does not support")]
SECONDS, PRESSES = 40.0, 15


class Hand:
    """Counts what the hands do."""

    def __init__(self, window: AnnotateWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot
        self.presses = self.clicks = 0

    def key(self, key: Qt.Key) -> None:
        QTest.keyClick(self.window.focusWidget() or self.window, key)
        self.presses += 1

    def click(self, x: float, y: float) -> None:
        shown = self.window.page.picture.shown_rect()
        place = QPoint(round(shown.left() + x * shown.width()), round(shown.top() + y * shown.height()))
        QTest.mouseClick(self.window.page.picture, Qt.MouseButton.LeftButton, pos=place)
        self.clicks += 1

    def click_square(self, number: int) -> None:
        assert self.window.bench is not None
        centre = square_at(number, self.window.bench.show.index).centre
        self.click(centre.x, centre.y)

    def wait_for(self, seconds: float) -> None:
        bench = self.window.bench
        assert bench is not None
        self.qtbot.waitUntil(lambda: bench.show.index >= seconds * 25 or not bench.show.player.playing, timeout=20_000)
        assert bench.show.player.playing


def test_ten_seconds_of_film_in_under_forty_and_fifteen_presses(
    annotate_window: Callable[[Path], AnnotateWindow],  # noqa: F811
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    for name, seed in (("first.mp4", 3), ("second.mp4", 1)):
        write_two_squares(tmp_path / name, frames=250 if name == "second.mp4" else 30, seed=seed)
    window = annotate_window(tmp_path)
    bench, desk = window.bench, window.desk
    assert bench is not None
    assert desk is not None
    # The clip before: it is there that the words for the subjects were typed.
    facts = {f.clip.name: f for f in desk.survey.clips}
    window.show_clip("first.mp4")
    qtbot.waitUntil(lambda: desk.facts is not None and desk.facts.clip.name == "first.mp4", timeout=20_000)
    for number, word in enumerate(("left square", "right square")):
        desk.point_at(number * 5, square_at(number, number * 5))
        desk.name_subject(word)
    window.show_clip("second.mp4")
    qtbot.waitUntil(lambda: desk.facts is facts["second.mp4"] and not bench.show_is_empty, timeout=20_000)
    qtbot.wait(100)

    hand, began = Hand(window, qtbot), time.monotonic()
    hand.click_square(0)  # who has the focus from the start
    hand.key(Qt.Key.Key_B)  # acts
    hand.key(Qt.Key.Key_Space)
    hand.wait_for(3.0)
    hand.click_square(1)
    hand.key(Qt.Key.Key_V)  # speaks
    hand.wait_for(6.0)
    hand.key(Qt.Key.Key_1)  # back to the first subject, which was followed meanwhile
    hand.key(Qt.Key.Key_V)
    hand.wait_for(8.5)
    hand.key(Qt.Key.Key_2)
    hand.key(Qt.Key.Key_M)  # is looked at
    qtbot.waitUntil(lambda: not bench.show.player.playing, timeout=20_000)
    hand.key(Qt.Key.Key_S)
    hand.key(Qt.Key.Key_2)  # the second word
    hand.key(Qt.Key.Key_Up)
    hand.key(Qt.Key.Key_S)
    hand.key(Qt.Key.Key_1)
    hand.key(Qt.Key.Key_Return)  # done
    took_s = time.monotonic() - began

    key = facts["second.mp4"].clip.pictures

    def places_are_known() -> bool:
        said = read_book(journal_path(tmp_path, "ann")).said[key]
        return all(same_place(t.box, square_at(int("right" in t.subject), t.at.frame)) for t in said.targets)

    qtbot.waitUntil(places_are_known, timeout=60_000)  # on a slow machine after the clip is done
    said = read_book(journal_path(tmp_path, "ann")).said[key]
    assert said.state == "done"
    assert [t.reason for t in said.targets] == ["acts", "speaks", "speaks", "is looked at"]
    assert [t.subject for t in said.targets] == ["left square", "right square", "left square", "right square"]
    for target, at_s in zip(said.targets, (0.0, 3.0, 6.0, 8.5), strict=True):
        assert abs(target.at.seconds - max(at_s - 0.25, 0.0)) < 0.25, "the reaction time is taken off"
        number = 0 if target.subject == "left square" else 1
        assert same_place(target.box, square_at(number, target.at.frame)), target
    assert hand.presses < PRESSES
    assert took_s < SECONDS
    sys.stderr.write(
        f"10 s clip: {len(said.targets)} targets, {hand.presses} presses, {hand.clicks} clicks, {took_s:.1f} s\n"
    )
