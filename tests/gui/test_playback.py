from __future__ import annotations

import threading
import time
from fractions import Fraction

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from rvr_laaf_app.core.timebase import FrameTable
from rvr_laaf_app.ui.playback.clock import PlayClock
from rvr_laaf_app.ui.playback.path import PlayPath
from rvr_laaf_app.ui.playback.player import Pace, Player, next_rate
from rvr_laaf_app.ui.playback.sound import SampleFeed, SilentSound, to_stereo
from rvr_laaf_app.ui.playback.stream import PictureStream


class Watch:
    """A clock that the test turns by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_clock_runs_at_its_rate_and_stops_where_it_is() -> None:
    watch = Watch()
    clock = PlayClock(watch)
    clock.start(2.0, 0.5)
    watch.seconds += 4
    assert clock.position_s == pytest.approx(4.0)
    assert clock.stop() == pytest.approx(4.0)
    watch.seconds += 9
    assert clock.position_s == pytest.approx(4.0)


def test_jumps_of_the_sound_device_hardly_move_the_clock_but_drift_does() -> None:
    watch = Watch()
    clock = PlayClock(watch)
    clock.start(0.0)
    played = 0.0
    worst = 0.0
    for step in range(1, 3000):  # 30 s; the device reports only every two seconds
        watch.seconds += 0.01
        if step % 200 == 0:
            played = step * 0.01
        clock.report_sound(played)
        worst = max(worst, abs(clock.position_s - step * 0.01))
    assert worst < 0.02

    clock.start(0.0)
    begin = watch.seconds
    for _ in range(6000):  # a minute with a device that is 0.2 % slow: 120 ms behind in the end
        watch.seconds += 0.01
        clock.report_sound((watch.seconds - begin) * 0.998)
    assert clock.position_s == pytest.approx(60 * 0.998, abs=0.02)


def picture() -> QImage:
    return QImage(2, 2, QImage.Format.Format_RGB32)


def even(frames: int) -> FrameTable:
    return FrameTable(np.arange(frames, dtype=np.int64) * 40, Fraction(1, 1000))


def take_each(stream: PictureStream[QImage], serials: range) -> list[int]:
    """Ask for one place after the other, each until its picture comes."""
    seen = []
    for wanted in serials:
        deadline = time.monotonic() + 5
        taken = None
        while taken is None and time.monotonic() < deadline:
            taken = stream.take(wanted)
        assert taken is not None
        seen.append(taken[0])
    return seen


def test_stream_gives_every_frame_in_order_when_it_is_fast_enough() -> None:
    asked: list[int] = []

    def picture_of(index: int) -> QImage:
        asked.append(index)
        return picture()

    stream = PictureStream(picture_of, PlayPath(even(10), 3, 0, 10))
    assert take_each(stream, range(7)) == list(range(7))
    assert asked == list(range(3, 10))
    assert stream.count.dropped == 0
    assert stream.close()


def test_stream_skips_what_it_cannot_make_in_time_and_always_makes_the_last_frame() -> None:
    made = []
    gate = threading.Semaphore(0)

    def slow(index: int) -> QImage:
        gate.acquire(timeout=5)
        made.append(index)
        return picture()

    stream = PictureStream(slow, PlayPath(even(50), 0, 0, 50), pictures_per_s=25)
    for wanted in range(0, 50, 10):
        stream.take(wanted)
        gate.release()
        deadline = time.monotonic() + 5
        while len(made) < wanted // 10 + 1 and time.monotonic() < deadline:
            stream.take(wanted)
    stream.take(49)
    for _ in range(60):
        gate.release()
    deadline = time.monotonic() + 5
    while made[-1] != 49 and time.monotonic() < deadline:
        stream.take(49)
    assert made[-1] == 49
    assert len(made) < 20
    assert stream.count.dropped > 20
    assert stream.close()


def test_stream_plays_backwards_and_round_and_round() -> None:
    asked: list[int] = []

    def picture_of(index: int) -> QImage:
        asked.append(index)
        return picture()

    stream = PictureStream(picture_of, PlayPath(even(10), 4, 2, 6, -1, loop=True))
    assert take_each(stream, range(9)) == list(range(9))
    assert asked[:9] == [4, 3, 2, 5, 4, 3, 2, 5, 4]
    assert stream.close()


def test_at_high_speed_frames_are_left_out_on_purpose_and_not_counted() -> None:
    asked: list[int] = []

    def picture_of(index: int) -> QImage:
        asked.append(index)
        return picture()

    stream = PictureStream(picture_of, PlayPath(even(42), 0, 0, 42), stride=4)
    assert take_each(stream, range(0, 40, 4)) == list(range(0, 40, 4))
    assert take_each(stream, range(40, 42, 1))[0] == 40
    assert asked == [*range(0, 42, 4), 41]  # and the last one in any case
    assert stream.count.dropped == 0
    assert stream.close()


def test_a_picture_that_another_overtakes_before_it_was_shown_was_dropped() -> None:
    stream = PictureStream(lambda _i: picture(), PlayPath(even(50), 0, 0, 50))
    deadline = time.monotonic() + 5
    while not stream.has_ready(5) and time.monotonic() < deadline:
        pass
    taken = stream.take(3)
    assert taken is not None
    assert taken[0] == 3
    assert stream.count.dropped == 3
    assert stream.close()


def test_samples_become_stereo() -> None:
    mono = to_stereo(np.full((4, 1), 0.5, np.float32))
    assert mono.shape == (4, 2)
    assert np.all(mono == 0.5)
    surround = to_stereo(np.tile(np.float32([0.1, 0.2, 0.4, 1.0, 0.0, 0.0]), (3, 1)))
    assert surround[0] == pytest.approx([0.1 + 0.7071 * 0.4, 0.2 + 0.7071 * 0.4], abs=1e-4)
    assert np.abs(to_stereo(np.ones((2, 6), np.float32))).max() <= 1.0


def test_feed_hands_out_every_sample_once_and_closes_while_full() -> None:
    blocks = [np.full((100, 2), k / 8, np.float32) for k in range(5)]
    feed = SampleFeed(iter(blocks))
    got = b""
    deadline = time.monotonic() + 5
    while len(got) < 5 * 100 * 8 and time.monotonic() < deadline:
        got += feed.take(96)
    assert got == b"".join(b.tobytes() for b in blocks)
    feed.close()
    endless = SampleFeed(np.zeros((10, 2), np.float32) for _ in range(10**6))
    begin = time.monotonic()
    endless.close()
    assert time.monotonic() - begin < 2


class Clip:
    """As much of a ClipInfo as the player looks at."""

    def __init__(self, frames: int) -> None:
        self.table = FrameTable(np.arange(frames, dtype=np.int64) * 20, Fraction(1, 1000))
        self.audio = ()


@pytest.mark.gui
def test_player_shows_frames_in_order_and_ends_on_the_last(qtbot: QtBot) -> None:
    player = Player(SilentSound())
    seen: list[int] = []
    positions: list[int] = []
    player.picture_due.connect(lambda index, _image: seen.append(index))
    player.position_changed.connect(positions.append)
    with qtbot.waitSignal(player.playing_changed, check_params_cb=lambda playing: not playing, timeout=5000):
        player.play(Clip(25), 0, lambda _i: picture())  # type: ignore[arg-type]
    assert seen == sorted(seen)
    assert seen[-1] == positions[-1] == 24
    assert player.close()


@pytest.mark.gui
def test_player_counts_what_it_shows_and_what_it_drops(qtbot: QtBot) -> None:
    player = Player(SilentSound())
    told: list[Pace] = []
    player.pace_changed.connect(told.append)
    with qtbot.waitSignal(player.playing_changed, check_params_cb=lambda playing: not playing, timeout=9000):
        player.play(Clip(75), 0, lambda _i: picture())  # type: ignore[arg-type]  # 50 frames a second
    assert told[-1].wanted_per_s == pytest.approx(50)
    assert told[-1].shown_per_s > 25  # a busy machine may drop some, but says so
    shown_late = told[-1].dropped

    def slow(_index: int) -> QImage:
        time.sleep(0.1)
        return picture()

    told.clear()
    with qtbot.waitSignal(player.playing_changed, check_params_cb=lambda playing: not playing, timeout=9000):
        player.play(Clip(75), 0, slow)  # type: ignore[arg-type]
    assert told[-1].dropped > 40
    assert told[-1].dropped > shown_late
    assert 2 < told[-1].shown_per_s < 15
    assert player.close()


@pytest.mark.gui
def test_player_loops_between_bounds_until_it_is_stopped(qtbot: QtBot) -> None:
    player = Player(SilentSound())
    seen: list[int] = []
    player.position_changed.connect(seen.append)
    player.play(Clip(25), 20, lambda _i: picture(), bounds=(5, 10), loop=True)  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: len(seen) > 12, timeout=5000)
    assert player.playing
    assert set(seen) <= set(range(5, 10))
    assert seen.count(5) >= 2
    player.pause()
    assert player.rate == 0
    assert player.close()


class Recorder(SilentSound):
    """Remembers what it was asked for, and is ready when the test says so."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.decoded = False

    def start(
        self, info: object, at_s: float, *, stop_s: float | None = None, again_from_s: float | None = None
    ) -> bool:
        self.calls.append(("start", round(at_s, 3), stop_s, again_from_s))
        return True

    def ready(self) -> bool:
        return self.decoded

    def begin(self) -> None:
        self.calls.append(("begin",))

    def stop(self) -> None:
        self.calls.append(("stop",))


@pytest.mark.gui
def test_clock_and_sound_start_together_when_both_are_ready(qtbot: QtBot) -> None:
    sound = Recorder()
    player = Player(sound)  # type: ignore[arg-type]
    moved: list[int] = []
    player.position_changed.connect(moved.append)
    player.play(Clip(250), 100, lambda _i: picture())  # type: ignore[arg-type]
    qtbot.wait(150)
    assert moved == []
    assert sound.calls == [("start", 2.0, None, None)]
    sound.decoded = True
    qtbot.waitUntil(lambda: len(moved) > 3, timeout=3000)
    assert sound.calls[1] == ("begin",)
    assert moved[0] in (101, 102, 103)
    player.pause()
    assert sound.calls[-1] == ("stop",)
    # After a seek it sounds from there; faster, slower and backwards it is silent.
    player.play(Clip(250), 30, lambda _i: picture(), bounds=(20, 40), loop=True)  # type: ignore[arg-type]
    assert sound.calls[-1] == ("start", 0.6, pytest.approx(0.8), pytest.approx(0.4))
    before = len([c for c in sound.calls if c[0] == "start"])
    for rate in (2.0, -1.0, 0.25):
        player.play(Clip(250), 100, lambda _i: picture(), rate=rate)  # type: ignore[arg-type]
        assert player.rate == rate
    assert len([c for c in sound.calls if c[0] == "start"]) == before
    assert player.close()


@pytest.mark.gui
def test_player_does_not_wait_for_ever_for_its_sound(qtbot: QtBot) -> None:
    player = Player(Recorder())  # type: ignore[arg-type]
    with qtbot.waitSignal(player.position_changed, timeout=3000):
        player.play(Clip(250), 0, lambda _i: picture())  # type: ignore[arg-type]
    assert player.close()


@pytest.mark.gui
def test_player_says_why_it_stopped(qtbot: QtBot) -> None:
    player = Player(SilentSound())

    def broken(_index: int) -> QImage:
        raise ValueError("no such frame")

    with qtbot.waitSignal(player.failed, timeout=5000) as caught:
        player.play(Clip(25), 0, broken)  # type: ignore[arg-type]
    assert str(caught.args[0]) == "no such frame"
    assert not player.playing
    assert player.close()


def test_rates_of_repeated_presses() -> None:
    assert next_rate(0, 1) == 1
    assert next_rate(1, 1) == 2
    assert next_rate(4, 1) == 8
    assert next_rate(8, 1) == 8
    assert next_rate(0.25, 1) == 0.5
    assert next_rate(2, -1) == -1
    assert next_rate(-1, -1) == -2
