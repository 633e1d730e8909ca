"""The live look-ahead preview, on a stream with a clock of its own: late as asked, focus there before it matters."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rvr_laaf_app.camera.base import LiveFrame
from rvr_laaf_app.pipeline.capture_ahead import AheadPicture, AheadSettings, LiveLookAhead

SIZE = (108, 192)
RATE = 5.0


class Clock:
    """Time that goes on only when the test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def scene(seconds: float) -> NDArray[np.uint8]:
    """A grey room in which something begins to move across the foot of the picture after four seconds."""
    rng = np.random.default_rng(3)
    picture = rng.integers(90, 130, (*SIZE, 3)).astype(np.uint8)
    picture[20:50, 20:60] = (180, 120, 90)
    x = 10 if seconds < 4.0 else min(10 + round((seconds - 4.0) * 40), SIZE[1] - 50)
    patch = np.random.default_rng(5).integers(0, 255, (36, 40, 3)).astype(np.uint8)
    picture[SIZE[0] - 40 : SIZE[0] - 4, x : x + 40] = patch
    return picture


def played(delay_s: float, seconds: float) -> tuple[LiveLookAhead, list[tuple[float, AheadPicture]]]:
    clock = Clock()
    ahead = LiveLookAhead(AheadSettings(delay_s, 1.4, "lower-is-nearer"), now_s=clock)
    begin_s, found = clock.now_s, []
    for number in range(round(seconds * RATE)):
        clock.now_s = begin_s + number / RATE
        ahead.push(LiveFrame(scene(number / RATE), number, clock.now_s))
        did, picture = ahead.step()
        assert did
        if picture is not None:
            found.append((clock.now_s - begin_s - picture.late_s, picture))
    return ahead, found


def test_pictures_are_as_late_as_asked_and_told_truly() -> None:
    _, found = played(2.0, 5.0)
    assert found
    assert all(p.late_s == pytest.approx(2.0, abs=0.21) for _, p in found)
    assert [t for t, _ in found] == sorted(t for t, _ in found)
    assert found[-1][1].fps == pytest.approx(RATE, rel=0.15)
    assert found[-1][1].live_fps == pytest.approx(RATE, rel=0.15)
    assert found[-1][1].rgb.shape == (*SIZE, 3)


def test_focus_is_on_what_moves_when_it_begins_because_the_future_was_seen() -> None:
    ahead, found = played(3.0, 9.0)
    reasons = [d.reason for d in ahead.decisions]
    assert any("mov" in r or "action" in r or "enters" in r for r in reasons), reasons
    after = [p for t, p in found if t >= 4.3 and p.box is not None]
    assert after
    assert after[-1].box is not None
    assert after[-1].box.centre.y > 0.5  # the thing at the foot, not the poster


def test_nothing_comes_before_it_has_seen_far_enough() -> None:
    _, found = played(4.0, 3.5)
    assert not found


def test_another_size_of_picture_begins_anew() -> None:
    clock = Clock()
    ahead = LiveLookAhead(AheadSettings(0.5, 1.8, "lower-is-nearer"), now_s=clock)
    for number, size in enumerate([(60, 80)] * 8 + [(96, 64)] * 8):
        clock.now_s += 0.2
        rgb = np.full((*size, 3), 90, np.uint8)
        ahead.push(LiveFrame(rgb, number, clock.now_s))
        ahead.step()
    clock.now_s += 1.0
    _, picture = ahead.step()
    assert picture is not None
    assert picture.rgb.shape == (96, 64, 3)
