"""Drives that know where the lens is: read-back, counted steps, play, end stops, and lenses that do not move."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pytest

from rvr_laaf_app.camera.base import Camera, EndStop, FocusDrive, LiveFrame, NotOffered
from rvr_laaf_app.camera.change import moved, picture_change, same_picture
from rvr_laaf_app.camera.lens_drive import AbsoluteLens, CountedLens, LensStuck
from rvr_laaf_app.camera.procedural import make_scene
from rvr_laaf_app.camera.simulated import SimulatedCamera
from rvr_laaf_app.camera.simulated_device import Behaviour, Fault
from rvr_laaf_app.core.errors import UsageError

T = TypeVar("T")


class Hand:
    """The device of a test: calls go straight through."""

    def __init__(self, camera: Camera, *, live: bool = True) -> None:
        self.camera, self.live = camera, live
        camera.open()

    def call(self, function: Callable[[], T]) -> T:
        return function()

    def look(self) -> LiveFrame:
        if not self.live:
            raise NotOffered("no live view")
        return self.camera.live_frame()

    def wait(self, seconds: float) -> None:
        assert seconds < 1.0


def hand(scene: str = "slope", *, live: bool = True, faults: tuple[Fault, ...] = (), **how: object) -> Hand:
    behaviour = Behaviour(**how)  # type: ignore[arg-type]
    return Hand(SimulatedCamera.of(scene, size=(120, 200), behaviour=behaviour, faults=faults), live=live)


def device_of(held: Hand):  # type: ignore[no-untyped-def]
    return held.camera.device  # type: ignore[attr-defined]


def test_read_back_verifies_and_a_stuck_lens_is_tried_again() -> None:
    held = hand(faults=(Fault("stuck", 1, "drive", calls=2),))
    lens = AbsoluteLens(held.camera.focus_drive)
    report = lens.to(held, 1900)
    assert (report.position, report.verified) == (1900, "read-back")
    assert device_of(held).calls["drive"] == 3
    with pytest.raises(UsageError):
        lens.to(held, 9999)
    with pytest.raises(EndStop):
        lens.by(held, 5000)
    assert lens.position == 2100


def test_a_lens_that_never_moves_is_reported() -> None:
    held = hand(faults=(Fault("stuck", 1, "drive", calls=99),))
    lens = AbsoluteLens(held.camera.focus_drive)
    with pytest.raises(LensStuck, match="1900"):
        lens.to(held, 1900)


def test_without_read_back_the_picture_tells() -> None:
    held = hand(start=1575)
    lens = AbsoluteLens(FocusDrive("absolute", 1050, 2100))
    assert lens.to(held, 1700).verified == "picture"
    device_of(held).add_fault(Fault("stuck", 1, "drive", calls=1))
    report = lens.to(held, 1400)
    assert report.verified == ""
    assert "no change" in report.note
    device_of(held).add_fault(Fault("same_picture", 1, "live_frame", calls=9))
    lens.to(held, 1800)
    assert "same picture again" in lens.to(held, 1500).note


@pytest.mark.parametrize("light", ["bright", "indoor", "dim"])
def test_movement_is_seen_in_any_light_and_none_is_invented(light: str) -> None:
    held = hand(light=light, flicker=0.1, start=1500)
    lens = AbsoluteLens(FocusDrive("absolute", 1050, 2100))
    lens.to(held, 1500)
    seen = [lens.to(held, 1500 + 80 * (-1) ** n).verified for n in range(6)]
    assert seen.count("picture") == 6
    first, second = held.look(), held.look()
    invented = sum(moved(first.rgb, held.look().rgb, at_rest=picture_change(first.rgb, second.rgb)) for _ in range(20))
    assert invented <= 1


def test_without_live_view_nothing_is_claimed() -> None:
    held = hand(drive="relative", live=False)
    report = CountedLens(held.camera.focus_drive).to(held, 100)
    assert report.verified == ""
    assert "no live view" in report.note


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("silent", [False, True])
def test_limits_are_found_in_front_of_anything(seed: int, silent: bool) -> None:
    """Far out of focus, with noise, nothing may change visibly for a long way: that is no end."""
    how = Behaviour(seed=seed, drive="relative", light="indoor", start=1500, reports_end=not silent)
    held = Hand(SimulatedCamera.of("chart", size=(135, 240), behaviour=how))
    maximum = CountedLens(held.camera.focus_drive).find_limits(held).maximum
    assert maximum is not None
    assert (600 if silent else 1042) <= maximum <= 1050


def test_a_lens_that_does_not_move_has_no_limits() -> None:
    held = hand(drive="relative", reports_end=False, faults=(Fault("stuck", 1, "drive", calls=9999),))
    with pytest.raises(LensStuck, match="does not move"):
        CountedLens(held.camera.focus_drive).find_limits(held)


@pytest.mark.parametrize("backlash", [0.0, 12.0])
def test_limits_are_found_and_positions_counted_with_the_play_taken_up(backlash: float) -> None:
    held = hand(drive="relative", backlash_steps=backlash, start=1400)
    lens = CountedLens(held.camera.focus_drive, backlash_steps=16)
    drive = lens.find_limits(held)
    assert drive.minimum == 0
    assert drive.maximum is not None
    assert 1050 - 8 <= drive.maximum <= 1050
    true = []
    for position in (500, 100, 900, 500, 40, 500):
        assert lens.to(held, position).position == position
        true.append(device_of(held).true_position - 1050 - position)
    assert np.ptp(true) == 0.0  # wherever it comes from, it stands at the same place
    with pytest.raises(UsageError):
        lens.to(held, 2000)


def test_silent_ends_are_found_by_the_picture() -> None:
    held = hand(drive="relative", reports_end=False, start=1500)
    drive = CountedLens(held.camera.focus_drive).find_limits(held)
    assert drive.maximum is not None
    assert 900 <= drive.maximum <= 1056


def test_a_lens_without_end_is_given_up() -> None:
    class Endless(SimulatedCamera):
        def drive_by(self, steps: int) -> None:
            return

    made = Endless(SimulatedCamera.of("slope", size=(48, 64), behaviour=Behaviour(drive="relative")).device)
    with pytest.raises(LensStuck, match="no live view"):
        CountedLens(made.focus_drive).find_limits(Hand(made, live=False))


def test_running_into_the_end_sets_the_count_right() -> None:
    held = hand(drive="relative", start=1400)
    lens = CountedLens(held.camera.focus_drive)
    lens.find_limits(held)
    lens.to(held, 300)
    device_of(held).move(1100.0, exact=True)  # somebody turned the ring: the count is wrong by 250
    assert lens.to(held, 0).verified == "stop"
    assert lens.to(held, 300).position == 300
    assert device_of(held).true_position == 1350


def test_a_lost_count_is_found_again_at_the_near_end() -> None:
    held = hand(drive="relative", start=1400)
    lens = CountedLens(held.camera.focus_drive)
    lens.find_limits(held)
    lens.lost()
    assert lens.position is None
    lens.to(held, 200)
    assert device_of(held).true_position == 1250


def test_equal_frames_are_told_from_frames_at_rest() -> None:
    held = hand()
    first, second = held.look(), held.look()
    assert same_picture(first.rgb, first.rgb.copy())
    assert not same_picture(first.rgb, second.rgb)
    assert picture_change(first.rgb, second.rgb) < 0.02
    assert picture_change(first.rgb, first.rgb[:-2]) == float("inf")
    brighter = np.minimum(first.rgb.astype(int) * 5 // 4, 255).astype(np.uint8)
    other = make_scene("slope", size=(120, 200), limits=(1050, 2100), seed=8).sharp_linear()
    assert picture_change(first.rgb, brighter) < 0.3 * picture_change(
        first.rgb, (other * 200).clip(0, 255).astype(np.uint8)
    )
