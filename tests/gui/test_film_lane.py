"""The film lane: which frames stand where, and small pictures that come from a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.media.probe import probe
from rvr_laaf_app.ui.bridge import GuiBridge
from rvr_laaf_app.ui.main_window import MainWindow
from rvr_laaf_app.ui.timeline import film as film_module
from rvr_laaf_app.ui.timeline.film import FilmStrip, cells
from rvr_laaf_app.ui.timeline.scale import TimeScale

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")]
NO_KEYS = np.zeros(0, np.int64)


def table(frames: int) -> FrameTable:
    return FrameTable(np.arange(frames, dtype=np.int64) * 40, Fraction(1, 1000))


@pytest.fixture
def bridge(qtbot: QtBot) -> Iterator[GuiBridge]:
    made = GuiBridge()
    yield made
    made.close()


def shown(scale: TimeScale, frames: int, keys: np.ndarray = NO_KEYS) -> list[tuple[float, int]]:
    return cells(scale, 80, 80 + scale.width, width_px=70, table=table(frames), keys=keys)


def test_pictures_stand_edge_to_edge_in_the_order_of_time() -> None:
    found = shown(TimeScale(80, 1000, 40.0), 1000)
    assert [x for x, _ in found] == [80 + 70 * k for k in range(15)]
    frames = [f for _, f in found]
    assert frames[0] == 0
    assert frames == sorted(set(frames))
    for x, frame in found:
        assert abs((x - 80) / 25 - frame * 0.04) <= 70 / 25  # inside its own cell


def test_scrolling_moves_the_pictures_and_keeps_their_frames() -> None:
    scale = TimeScale(80, 1000, 40.0).zoomed(4, around_s=0.0)
    before = {f: x for x, f in shown(scale, 1000)}
    after = {f: x for x, f in shown(scale.scrolled(1.0), 1000)}
    both = before.keys() & after.keys()
    assert len(both) >= 12
    assert all(before[f] - after[f] == pytest.approx(scale.px_per_s) for f in both)


def test_key_frames_are_taken_where_there_is_one_in_the_cell() -> None:
    keys = np.arange(0, 54_000, 250)
    found = [f for _, f in shown(TimeScale(80, 1000, 2160.0), 54_000, keys)]
    assert all(f % 250 == 0 for f in found)


def test_single_frames_are_shown_at_the_closest_zoom() -> None:
    scale = TimeScale(80, 1000, 40.0).zoomed(1e9, around_s=10.0)
    frames = {f for _, f in shown(scale, 1000)}
    first, last = int(scale.first_s / 0.04), int((scale.first_s + (1000 - 80) / scale.px_per_s) / 0.04)
    assert first < 250 < last + 1
    assert set(range(first + 1, last)) <= frames


def test_a_clip_of_one_frame_has_one_picture_per_cell() -> None:
    assert {f for _, f in shown(TimeScale(80, 500, 0.04), 1)} == {0}


def test_pictures_come_and_are_of_their_frames(clip: Path, bridge: GuiBridge, qtbot: QtBot) -> None:
    told: list[int] = []
    strip = FilmStrip(probe(str(clip)), bridge, lambda: told.append(1))
    assert strip.picture(7) is None
    assert strip.stand_in(7) is None
    strip.want((7, 21, 0))
    qtbot.waitUntil(lambda: len(told) == 3, timeout=10_000)
    assert strip.stand_in(19) is strip.picture(21)
    size = strip.picture_size
    assert size == (133, 80)
    places = []
    for frame in (0, 7, 21):
        image = strip.picture(frame)
        assert image is not None
        assert (image.width(), image.height()) == size
        row = [image.pixelColor(x, 50) for x in range(size[0])]
        places.append(
            np.mean([x for x, c in enumerate(row) if max(c.red(), c.green(), c.blue()) > 225 or c.red() < 35])
        )
    assert places[0] < places[1] < places[2]  # the square moves to the right
    assert strip.close(5.0)


def test_what_is_wanted_last_comes_first_and_closing_stops(
    clip: Path, bridge: GuiBridge, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[int] = []
    begun, go_on = threading.Event(), threading.Event()
    decode = FilmStrip._decode

    def slow(self: FilmStrip, frame: int):  # type: ignore[no-untyped-def]
        order.append(frame)
        begun.set()
        go_on.wait(5.0)
        return decode(self, frame)

    monkeypatch.setattr(FilmStrip, "_decode", slow)
    told: list[int] = []
    strip = FilmStrip(probe(str(clip)), bridge, lambda: told.append(1))
    strip.want(tuple(range(10)))
    assert begun.wait(5.0)
    strip.want((30, 31))
    go_on.set()
    qtbot.waitUntil(lambda: len(told) == 3, timeout=10_000)
    assert order == [0, 30, 31]
    go_on.clear()
    begun.clear()
    strip.want(tuple(range(1, 20)))
    assert begun.wait(5.0)
    strip.ask_to_end()
    go_on.set()
    assert strip.close(5.0)
    assert strip.ended
    assert len(order) == 4
    qtbot.wait(20)
    assert len(told) == 3  # nothing is told after the end


def test_frames_that_cannot_be_decoded_are_marked_and_not_tried_again(
    clip: Path, bridge: GuiBridge, qtbot: QtBot
) -> None:
    info = probe(str(clip))
    clip.write_bytes(b"gone")
    told: list[int] = []
    strip = FilmStrip(info, bridge, lambda: told.append(1))
    strip.want((3,))
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    image = strip.picture(3)
    assert image is not None
    assert image.isNull()
    strip.want((3, 3))
    qtbot.wait(50)
    assert len(told) == 1
    assert strip.close(5.0)


def test_memory_is_limited(clip: Path, bridge: GuiBridge, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_module, "LIMIT_BYTES", 5 * (133 * 80 * 4 + 64))
    told: list[int] = []
    strip = FilmStrip(probe(str(clip)), bridge, lambda: told.append(1))
    for start in (0, 4, 8):
        strip.want(tuple(range(start, start + 4)))
        qtbot.waitUntil(lambda n=start + 4: len(told) == n, timeout=10_000)
    assert sum(strip.picture(f) is not None for f in range(12)) == 5
    assert strip.close(5.0)


def test_the_window_fills_its_film(opened: MainWindow, qtbot: QtBot) -> None:
    timeline = opened.workspace.timeline
    film = timeline._board.film
    assert film is not None
    timeline.grab()
    wanted = film._wanted
    assert wanted
    qtbot.waitUntil(lambda: all(film.picture(f) is not None for f in wanted), timeout=20_000)
    rect = timeline.lane_rect("film")
    image = timeline.grab().toImage()
    y = int(rect.center().y())
    colours = {image.pixelColor(x, y).rgb() for x in range(int(rect.left()) + 12, int(rect.right()) - 12, 3)}
    assert len(colours) > 20  # a picture, not a placeholder
