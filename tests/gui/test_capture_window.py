"""The capture window on a simulated camera, through real widgets: live view, lens, focus, stack, and the editor."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QComboBox, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from rvr_laaf_app.camera.procedural import make_scene
from rvr_laaf_app.camera.simulated import SimulatedBackend
from rvr_laaf_app.camera.simulated_device import Behaviour, Fault, SimulatedDevice
from rvr_laaf_app.ui.capture.window import CaptureWindow
from rvr_laaf_app.ui.capture_feature import CaptureFeature
from rvr_laaf_app.ui.main_window import MainWindow
from tests.gui.conftest import control

pytestmark = [pytest.mark.gui, pytest.mark.qt_log_ignore("This plugin does not support")]
SIZE = (180, 320)
LONG_MS = 240_000
numbers = itertools.count(1)


class Rig:
    """The window with its capture window, and a device that can be unplugged."""

    def __init__(self, window: MainWindow, qtbot: QtBot, root: Path) -> None:
        self.main, self.qtbot = window, qtbot
        self.feature = next(f for f in window.features if isinstance(f, CaptureFeature))
        window.menus.actions["capture"].trigger()
        assert self.feature.view is not None
        self.view: CaptureWindow = self.feature.view
        self.view.resize(1280, 720)
        self.feature.stack.set_root(root)
        self.device: SimulatedDevice

    def use(
        self, *faults: Fault, live: bool = True, scene: str = "desk", size: tuple[int, int] = SIZE, **how: object
    ) -> None:
        """Connect a device with such faults and choose it on the page of cameras."""
        behaviour = Behaviour(frame_interval_s=0.02, **how)  # type: ignore[arg-type]
        seen = make_scene(scene, size=size, limits=(1050, 2100), seed=2)
        number = next(numbers)
        self.device = SimulatedDevice(
            seen, behaviour=behaviour, faults=faults, name=f"Camera {number}", serial=f"GUI-{number}"
        )
        camera = SimulatedBackend.bench.add(f"gui-{number}", self.device)
        self.capture.look_again()
        self.wait(lambda: self.view.page.findChild(QPushButton, f"camera_{camera}") is not None)
        self.click(QPushButton, f"camera_{camera}")
        if live:
            self.wait(lambda: self.state.phase == "live" and self.feature.live.look is not None)

    @property
    def capture(self):  # type: ignore[no-untyped-def]
        assert self.feature.capture is not None
        return self.feature.capture

    @property
    def state(self):  # type: ignore[no-untyped-def]
        return self.capture.state

    def wait(self, met: Callable[[], bool], timeout: int = LONG_MS) -> None:
        self.qtbot.waitUntil(met, timeout=timeout)

    def click(self, kind: type, name: str) -> None:
        self.qtbot.mouseClick(control(self.view, kind, name), Qt.MouseButton.LeftButton)

    def plan(self, near: int, far: int, span: int) -> None:
        self.view.show_tab("stack")
        self.view.stack.span.setValue(span)
        self.view.stack.ends["near"].setValue(near)
        self.view.stack.ends["far"].setValue(far)


@pytest.fixture
def rig(window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(CaptureFeature, "backends", ("simulated",))
    monkeypatch.setattr(CaptureFeature, "reads_ahead", False)
    made = Rig(window, qtbot, tmp_path / "sweeps")
    yield made
    made.device.release.set() if hasattr(made, "device") else None


def test_cameras_are_offered_and_simulated_ones_named_so(rig: Rig) -> None:
    rig.wait(lambda: rig.view.page.findChild(QPushButton, "camera_simulated:desk") is not None)
    row = control(rig.view, QPushButton, "camera_simulated:desk")
    assert "SIMULATED" in row.accessibleName()
    assert rig.view.page.title.text() == "No camera is connected"
    assert not rig.view.chooser.isVisible()


def test_the_live_view_shows_picture_histogram_and_rate(rig: Rig) -> None:
    rig.use()
    rig.wait(lambda: "fps" in rig.view.live.text())
    assert (rig.view.picture.image.width(), rig.view.picture.image.height()) == SIZE[::-1]
    assert rig.view.badge.isVisible()
    assert rig.view.banner.isHidden()
    assert rig.view.ruler.state.limits == (1050, 2100)


def test_peaking_shows_where_it_is_sharp(rig: Rig) -> None:
    rig.use()
    rig.qtbot.mouseClick(rig.view.overlays[0], Qt.MouseButton.LeftButton)
    assert rig.main.menus.actions["camera_peaking"].isChecked()
    rig.wait(lambda: rig.view.overlay.marks.peaking is not None)
    image = rig.view.overlay.marks.peaking
    assert image is not None
    assert image.width() == SIZE[1]


def test_the_lens_is_driven_by_ruler_buttons_and_marks(rig: Rig) -> None:
    rig.use()
    ruler = rig.view.ruler
    place = QPoint(round(ruler.scale().x(1300)), ruler.height() - 60)
    rig.qtbot.mouseClick(ruler, Qt.MouseButton.LeftButton, pos=place)
    rig.wait(lambda: rig.state.position is not None and abs(rig.state.position - 1300) <= 2)
    at = rig.state.position
    rig.click(QToolButton, "nudge_far_small")
    rig.wait(lambda: rig.state.position == at + 1)
    rig.click(QPushButton, "set_a")
    assert rig.view.ruler.state.mark_a == at + 1
    rig.view.lens.position.setValue(1700)
    rig.wait(lambda: rig.state.position == 1700)
    rig.click(QPushButton, "set_b")
    rig.click(QPushButton, "go_a")
    rig.wait(lambda: rig.state.position == at + 1)


def test_a_rack_takes_its_time_and_ends_at_the_mark(rig: Rig) -> None:
    rig.use()
    for name, position in (("a", 1200), ("b", 1600)):
        rig.view.lens.position.setValue(position)
        rig.wait(lambda position=position: rig.state.position == position)
        rig.click(QPushButton, f"set_{name}")
    assert rig.view.lens.rack.text() == "Rack to A"
    seen: set[int | None] = set()
    rig.capture.on_state(lambda state: seen.add(state.position))
    rig.view.lens.seconds.setValue(60.0)
    rig.click(QPushButton, "rack")
    assert rig.state.task == "rack"
    assert not rig.view.lens.position.isEnabled()
    rig.wait(lambda: len([p for p in seen if p is not None and 1200 < p < 1600]) >= 3)
    rig.click(QPushButton, "rack")  # it says Stop now
    rig.wait(lambda: rig.state.task == "")
    assert rig.state.position not in (1200, 1600)
    rig.view.lens.seconds.setValue(0.5)
    to = rig.view.lens.rack.text()
    rig.click(QPushButton, "rack")
    rig.wait(lambda: rig.state.task == "" and rig.state.position == (1200 if to == "Rack to A" else 1600))


def test_autofocus_on_a_clicked_subject_ends_sharp_with_its_trace(rig: Rig) -> None:
    rig.use()
    method = control(rig.view, QComboBox, "autofocus_method")
    method.setCurrentIndex(method.findData("fibonacci"))
    shown = rig.view.picture.shown_rect()
    place = QPointF(shown.left() + 0.5 * shown.width(), shown.top() + 0.6 * shown.height())
    rig.qtbot.mouseClick(rig.view.picture, Qt.MouseButton.LeftButton, pos=place.toPoint())
    assert control(rig.view, QComboBox, "autofocus_region").currentData() == "box"
    rig.click(QPushButton, "focus_now")
    rig.wait(lambda: rig.state.task == "autofocus")
    rig.wait(lambda: rig.state.task == "")
    assert rig.view.autofocus.answer.text().startswith("Sharp at")
    assert rig.view.autofocus.trace.count() == len(rig.view.ruler.state.steps) > 3
    found = rig.view.ruler.state.found
    assert found is not None
    heights = [s.height for s in rig.view.ruler.state.steps if abs(s.position - found) <= 30]
    assert max(h for h in heights if h is not None) > 0.8
    assert rig.state.position == found


def test_autofocus_on_the_whole_picture_takes_the_nearest_subject(rig: Rig) -> None:
    rig.use()
    assert control(rig.view, QComboBox, "autofocus_region").currentData() == "nearest"
    method = control(rig.view, QComboBox, "autofocus_method")
    method.setCurrentIndex(method.findData("fibonacci"))
    rig.click(QPushButton, "focus_now")
    rig.wait(lambda: rig.state.task == "")
    assert rig.view.autofocus.answer.text().startswith("Sharp at")
    box = rig.feature.live.looker._region.box
    assert box is not None
    assert rig.state.position is not None
    assert rig.state.position < 1300  # the desk's edge and what stands there: all else is farther than 1350
    rig.view.autofocus.region.setCurrentIndex(rig.view.autofocus.region.findData("whole"))
    assert rig.feature.live.looker._region.box is None


def test_the_plan_says_frames_and_refuses_what_the_lens_cannot(rig: Rig) -> None:
    rig.use()
    rig.plan(1100, 1500, 100)
    assert rig.view.stack.plan.text() == "7 frames, 67 steps apart"
    assert len(rig.view.ruler.state.planned) == 7
    rig.view.stack.ends["far"].setValue(5000)
    assert "the lens goes from 1050 to 2100 only" in rig.view.stack.plan.text()
    assert not rig.view.stack.capture.isEnabled()


def test_a_stack_goes_from_the_camera_to_the_editor(rig: Rig, compiled: None) -> None:
    """One click captures, develops and shows; one more opens the clip with its measured depth, refocusable."""
    rig.use()
    rig.plan(1050, 2100, 200)
    rig.click(QPushButton, "capture_stack")
    rig.wait(lambda: rig.state.task == "sweep")
    rig.wait(lambda: rig.feature.stack.made is not None)
    made = rig.feature.stack.made
    assert made is not None
    assert len(made.slices) == rig.view.strip.count() == len(rig.view.ruler.state.taken)
    rig.wait(lambda: rig.view.view == "result" and not rig.view.result.picture.image.isNull())
    rig.click(QPushButton, "compare")
    assert rig.view.result.view == "wipe"
    rig.wait(lambda: "slice" in rig.view.result._images)
    rig.click(QPushButton, "to_editor")
    session = rig.main.session
    rig.wait(lambda: session.clip is not None)
    assert session.project.depth.imported
    rig.wait(lambda: session.products is not None and session.products.complete)
    assert session.products is not None
    disparity = session.products.rgbd(0).disparity.astype(np.float32)
    rows = disparity.mean(axis=1)
    assert rows[-8:].mean() > rows[:8].mean() + 0.2  # the desk's front edge is nearer than the wall


def test_the_folder_of_a_sweep_opens_as_a_clip_and_is_developed_once(rig: Rig, compiled: None) -> None:
    rig.use()
    rig.plan(1050, 2100, 300)
    rig.click(QPushButton, "capture_stack")
    rig.wait(lambda: rig.feature.stack.made is not None)
    made = rig.feature.stack.made
    assert made is not None
    stamp = made.picture.stat().st_mtime_ns
    rig.view.close()
    rig.main.files.open(str(made.folder))
    rig.wait(lambda: rig.main.session.clip is not None)
    assert rig.main.session.project.depth.path == made.depth.name
    assert made.picture.stat().st_mtime_ns == stamp


def test_retouching_takes_pixels_of_a_slice_and_can_be_taken_back(rig: Rig) -> None:
    rig.use()
    rig.plan(1050, 2100, 300)
    rig.click(QPushButton, "capture_stack")
    rig.wait(lambda: rig.feature.stack.made is not None and not rig.view.result.picture.image.isNull())
    made = rig.feature.stack.made
    assert made is not None
    rig.click(QPushButton, "compare")
    rig.wait(lambda: rig.view.result.retouch.isEnabled())
    rig.click(QToolButton, "retouch")
    before = rig.view.result._images["result"]
    brush = rig.view.result.brush
    assert brush.isVisible()
    centre = brush.rect().center()
    rig.qtbot.mousePress(brush, Qt.MouseButton.LeftButton, pos=centre)
    rig.qtbot.mouseMove(brush, centre + QPoint(60, 0))
    rig.qtbot.mouseRelease(brush, Qt.MouseButton.LeftButton, pos=centre + QPoint(60, 0))
    rig.wait(lambda: rig.view.result._images["result"] != before)
    assert made.best == made.retouched
    rig.click(QToolButton, "retouch_undo")
    rig.wait(lambda: rig.view.result._images["result"] == before)


def test_closing_the_window_lets_the_camera_go(rig: Rig) -> None:
    rig.use()
    rig.view.close()
    rig.wait(lambda: rig.state.phase == "none")
    assert not rig.main.menus.actions["camera_focus"].isEnabled()
