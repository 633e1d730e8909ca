"""A sweep that was interrupted with the program is offered when the window is open again; one click goes on with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.app.capture_unfinished import LEFT
from rvr_laaf_app.camera.picture_bytes import encode_png
from rvr_laaf_app.camera.sweep import Sweep, SweepWriter, read_sweep
from rvr_laaf_app.ui.capture_feature import CaptureFeature
from rvr_laaf_app.ui.main_window import MainWindow
from tests.gui.test_capture_window import SIZE, Rig

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support")]
PLANNED = (1100, 1300, 1500, 1700)


@pytest.fixture
def rig(window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(CaptureFeature, "backends", ("simulated",))
    monkeypatch.setattr(CaptureFeature, "reads_ahead", False)
    made = Rig(window, qtbot, tmp_path / "sweeps")
    yield made
    if hasattr(made, "device"):
        made.device.release.set()


def interrupted(rig: Rig, *, taken: int = 2, serial: str | None = None) -> Path:
    """What a program that was killed has left: a sweep of this device with its first pictures."""
    info = rig.state.info
    folder = rig.feature.stack.root / "interrupted"
    about = Sweep(
        folder,
        camera=info.id,
        name=info.name,
        serial=info.serial if serial is None else serial,
        planned=PLANNED,
        depth_of_field_steps=100,
    )
    writer = SweepWriter(folder, about)
    rng = np.random.default_rng(1)
    for position in PLANNED[:taken]:
        writer.add(encode_png(rng.integers(0, 255, (*SIZE, 3), np.uint8)), ".png", position=position)
    return folder


def offered(rig: Rig) -> str:
    """What the line says; empty if it is hidden."""
    offer = rig.view.unfinished.offer
    return "" if offer is None or rig.view.unfinished.isHidden() else f"{offer.title}. {offer.text}"


def test_one_click_connects_the_camera_and_goes_on(rig: Rig) -> None:
    rig.use()
    folder = interrupted(rig)
    rig.capture.let_go()
    rig.feature.show_window()  # as after a restart of the program
    rig.wait(lambda: rig.view.unfinished.go_on.isVisible() and rig.view.unfinished.go_on.isEnabled())
    assert "2 of 4 pictures" in offered(rig)
    rig.click(QPushButton, "unfinished_go_on")
    rig.wait(lambda: rig.state.task == "sweep" or not read_sweep(folder).remaining)
    assert not offered(rig)
    assert rig.view.tab == "stack"
    rig.wait(lambda: not read_sweep(folder).remaining)
    assert read_sweep(folder, verify=True).positions == PLANNED
    rig.wait(lambda: rig.view.ruler.state.taken == PLANNED)
    assert not offered(rig)


def test_a_sweep_of_another_camera_waits_for_it_and_can_be_left(rig: Rig) -> None:
    rig.use()
    folder = interrupted(rig, taken=1, serial="of another one")
    rig.feature.unfinished.look()
    rig.wait(lambda: bool(offered(rig)))
    assert "Connect this camera" in offered(rig)
    assert not rig.view.unfinished.go_on.isEnabled()
    assert not rig.view.unfinished.use.isVisible()  # one picture is no stack
    rig.click(QPushButton, "unfinished_leave")
    assert not offered(rig)
    assert (folder / LEFT).is_file()
    assert len(read_sweep(folder, verify=True).frames) == 1


def test_a_lens_that_counts_finds_its_ends_before_it_goes_on(rig: Rig) -> None:
    rig.use(drive="relative")
    folder = interrupted(rig)
    begun: list[Path] = []
    rig.feature.stack.go_on = begun.append  # type: ignore[method-assign]
    rig.feature.unfinished.look()
    rig.wait(lambda: bool(offered(rig)))
    rig.click(QPushButton, "unfinished_go_on")
    rig.wait(lambda: bool(begun))
    assert begun == [folder]
    assert rig.state.limits is not None


def test_using_it_as_it_is_puts_together_what_there_is(rig: Rig) -> None:
    rig.use()
    folder = interrupted(rig)
    opened: list[Path] = []
    rig.feature.stack.open_folder = lambda place, **_how: opened.append(place)  # type: ignore[method-assign]
    rig.feature.unfinished.look()
    rig.wait(lambda: bool(offered(rig)))
    rig.click(QPushButton, "unfinished_use")
    assert opened == [folder]
    assert not offered(rig)
