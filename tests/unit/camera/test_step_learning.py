"""Learning the sizes of steps within a session: calls go through it, it can be stopped, old limits are forgotten."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from rvr_laaf_app.camera import step_learning
from rvr_laaf_app.camera.base import FocusDrive, NotOffered
from rvr_laaf_app.camera.gphoto_drives import LensDrive
from rvr_laaf_app.camera.gphoto_steps import LearnedSizes
from rvr_laaf_app.camera.session import CameraSession
from rvr_laaf_app.camera.simulated import SimulatedCamera
from rvr_laaf_app.camera.simulated_device import Behaviour
from rvr_laaf_app.core.errors import Cancelled

WAIT_S = 30.0


class Stepped(SimulatedCamera):
    """A simulated camera whose lens moves by two sizes of steps, as those of some makes do."""

    made_by: LensDrive = LensDrive("manualfocusdrive", "sizes", "Make", sizes={1: 1, 2: 10})

    @property
    def focus_drive(self) -> FocusDrive:
        return self.made_by.focus_drive()

    @property
    def lens_drive(self) -> LensDrive:
        return self.made_by

    def use_drive(self, drive: LensDrive) -> None:
        self.made_by = drive

    def nudge(self, size: int, *, to_far: bool) -> None:
        self.drive_by({1: 2, 2: 13}[size] * (1 if to_far else -1))


def stepped() -> Stepped:
    camera = Stepped.of("chart", size=(48, 80), behaviour=Behaviour(drive="relative", start=1400))
    assert isinstance(camera, Stepped)
    return camera


def learned(camera: Any) -> LearnedSizes:
    """In the place of the real search, which is tested where it is made."""
    camera.nudge(1, to_far=True)
    assert camera.live_frame().rgb.any()
    camera.nudge(2, to_far=True)
    camera.use_drive(replace(camera.lens_drive, sizes={1: 1, 2: 6}, learned=True))
    return LearnedSizes({1: 1, 2: 6}, {2: 5.0})


def test_what_was_learned_is_used_and_the_limits_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_learning, "learn_sizes", learned)
    camera = stepped()
    with CameraSession(camera, live=False) as session:
        session.find_limits().result(WAIT_S)
        assert session.status.drive.maximum is not None
        assert session.learn_steps().result(WAIT_S).sizes == {1: 1, 2: 6}
        drive = session.status.drive
        assert (drive.sizes, drive.minimum, drive.maximum) == ("learned", None, None)
        assert session.frames.take() is not None  # what was seen is shown
    assert camera.lens_drive.learned


def test_it_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    cancel, at_work = threading.Event(), threading.Event()

    def endless(camera: Any) -> LearnedSizes:
        while True:
            camera.nudge(1, to_far=True)
            camera.nudge(1, to_far=False)
            at_work.set()

    monkeypatch.setattr(step_learning, "learn_sizes", endless)
    with CameraSession(stepped(), live=False) as session:
        learning = session.learn_steps(cancel=cancel)
        assert at_work.wait(WAIT_S)
        cancel.set()
        with pytest.raises(Cancelled):
            learning.result(WAIT_S)
        assert session.status.drive.sizes == "assumed"
        session.drive_by(5).result(WAIT_S)


def test_a_lens_whose_steps_are_alike_has_nothing_to_learn() -> None:
    with CameraSession(SimulatedCamera.of("chart", size=(48, 80)), live=False) as session:
        learning = session.learn_steps()
        with pytest.raises(NotOffered, match="nothing to learn"):
            learning.result(WAIT_S)
