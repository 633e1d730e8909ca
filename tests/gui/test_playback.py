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
from rvr_laaf_app.ui.playback.player import Player, next_rate
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


def test_stream_gives_every_frame_in_order_when_it_is_fast_enough() -> None:
    stream = PictureStream(lambda _i: picture(), start=3, stop=10)
    seen = []
    for wanted in range(3, 10):
        deadline = time.monotonic() + 5
        taken = None
        while taken is None and time.monotonic() < deadline:
            taken = stream.take(wanted)
        assert taken is not None
        seen.append(taken[0])
    assert seen == list(range(3, 10))
    assert stream.count.dropped == 0
    assert stream.close()


def test_stream_skips_what_it_cannot_make_in_time_and_always_makes_the_last_frame() -> None:
    made = []
    gate = threading.Semaphore(0)

    def slow(index: int) -> QImage:
        gate.acquire(timeout=5)
        made.append(index)
        return picture()

    stream = PictureStream(slow, start=0, stop=50, frames_per_s=25)
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


def test_stream_plays_backwards() -> None:
    stream = PictureStream(lambda _i: picture(), start=4, stop=-1, step=-1)
    seen = []
    for wanted in range(4, -1, -1):
        deadline = time.monotonic() + 5
        taken = None
        while taken is None and time.monotonic() < deadline:
            taken = stream.take(wanted)
        assert taken is not None
        seen.append(taken[0])
    assert seen == [4, 3, 2, 1, 0]
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
    assert next_rate(4, 1) == 4
    assert next_rate(2, -1) == -1
    assert next_rate(-1, -1) == -2
