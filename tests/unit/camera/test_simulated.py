"""The simulated device: motor, play, noise, card and every fault; and the addresses that describe it."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from rvr_laaf_app.camera.base import CameraBusy, CameraGone, CardFull, EndStop, NotOffered
from rvr_laaf_app.camera.defocus import paper_model, save_model
from rvr_laaf_app.camera.simulated import Bench, SimulatedBackend, SimulatedCamera, device_from_address
from rvr_laaf_app.camera.simulated_device import FAULT_KINDS, Behaviour, Fault, SimulatedDevice
from rvr_laaf_app.core.errors import UsageError

SIZE = (48, 80)


def camera(scene: str = "chart", faults: tuple[Fault, ...] = (), **behaviour: object) -> SimulatedCamera:
    made = SimulatedCamera.of(scene, size=SIZE, behaviour=Behaviour(**behaviour), faults=faults)  # type: ignore[arg-type]
    made.open()
    return made


def test_it_always_says_that_it_is_simulated() -> None:
    made = camera()
    assert made.info.simulated
    assert "simulated" in made.info.note
    assert "Simulated" in made.info.name
    assert all(info.simulated for info in SimulatedBackend().find())


def test_an_absolute_drive_goes_where_it_is_told() -> None:
    made = camera()
    drive = made.focus_drive
    assert (drive.kind, drive.minimum, drive.maximum, drive.reads_back) == ("absolute", 1050, 2100, True)
    made.drive_to(1234)
    assert made.position() == 1234
    assert made.device.true_position == 1234
    made.drive_by(-34)
    assert made.position() == 1200
    with pytest.raises(EndStop):
        made.drive_to(3000)
    assert made.position() == 2100


def test_a_relative_drive_tells_nothing_and_has_play() -> None:
    made = camera(drive="relative", backlash_steps=20.0, start=1500)
    assert made.focus_drive.minimum is None
    assert made.position() is None
    assert made.live_frame().position is None
    with pytest.raises(NotOffered):
        made.drive_to(1600)
    made.drive_by(100)
    forward = made.device.true_position
    made.drive_by(-20)
    assert made.device.true_position == forward  # the play swallowed it
    made.drive_by(-30)
    assert made.device.true_position == forward - 30
    with pytest.raises(EndStop):
        made.drive_by(-5000)


def test_steps_are_irregular_by_seed_and_a_silent_end_says_nothing() -> None:
    ways = []
    for _ in range(2):
        made = camera(drive="relative", irregularity=0.1, start=1100, seed=7, reports_end=False)
        for _ in range(5):
            made.drive_by(50)
        ways.append(made.device.motor_exact)
        made.drive_by(5000)
        assert made.device.true_position == 2100
    assert ways[0] == ways[1] != 1350


def test_a_picture_lags_behind_the_drive_until_it_has_settled() -> None:
    made = camera(settle_s=0.15, start=1100)
    made.drive_to(1900)
    assert made.focus_drive.settle_s == 0.15
    assert 1100 <= made.device.true_position < 1900
    end_s = time.monotonic() + 5.0
    while made.device.true_position != 1900 and time.monotonic() < end_s:
        made.device.release.wait(0.02)
    assert made.device.true_position == 1900


def test_noise_grows_as_the_light_falls_and_flicker_swings() -> None:
    noise = {}
    for light in ("bright", "indoor", "dim"):
        made = camera("blank", light=light)
        pair = [made.live_frame().rgb.astype(float) for _ in range(2)]
        noise[light] = float((pair[0] - pair[1]).std())
    assert noise["bright"] < noise["indoor"] < noise["dim"]
    levels = [camera("blank", flicker=0.2, seed=s).live_frame().rgb.mean() for s in range(6)]
    assert np.std(levels) > 3
    steady = [camera("blank", seed=s).live_frame().rgb.mean() for s in range(1)]
    assert np.std(steady) < 1


def test_controls_are_advertised_set_and_refused() -> None:
    made = camera("blank")
    names = {control.name: control for control in made.controls()}
    assert names["exposure"].maximum == 4.0
    before = made.live_frame().rgb.mean()
    made.set_control("exposure", 1.0)
    made.set_control("light", "dim")
    assert made.live_frame().rgb.mean() > before + 20
    assert {c.name: c.value for c in made.controls()}["light"] == "dim"
    for name, value in (("exposure", 9.0), ("exposure", True), ("light", "disco"), ("lens", "x")):
        with pytest.raises(UsageError):
            made.set_control(name, value)
    with pytest.raises(NotOffered):
        made.set_control("wings", 1)


def test_the_card_fills_up() -> None:
    made = camera(card_pictures=2)
    names = [made.capture_still().name for _ in range(2)]
    assert names == ["SIM_0001.png", "SIM_0002.png"]
    with pytest.raises(CardFull):
        made.capture_still()
    made.device.empty_card()
    assert made.capture_still().data.startswith(b"\x89PNG")


def test_what_is_unplugged_is_gone_until_it_is_opened_again() -> None:
    made = camera(faults=(Fault("unplug", 2, "live_frame"),))
    made.live_frame()
    for _ in range(2):
        with pytest.raises(CameraGone):
            made.live_frame()
    made.close()
    with pytest.raises(CameraGone):
        made.open()
    made.device.plug_in()
    with pytest.raises(NotOffered):
        made.live_frame()
    made.open()
    assert made.live_frame().rgb.shape == (*SIZE, 3)


def test_faults_last_for_their_calls() -> None:
    made = camera(faults=(Fault("busy", 1, "live_frame", calls=2), Fault("stuck", 1, "drive", calls=1)))
    for _ in range(2):
        with pytest.raises(CameraBusy, match="-110"):
            made.live_frame()
    first = made.live_frame()
    made.device.add_fault(Fault("same_picture", 1, "live_frame"))
    assert made.live_frame().rgb is first.rgb
    assert not np.array_equal(made.live_frame().rgb, first.rgb)
    before = made.position()
    made.drive_to(1060)
    assert made.position() == before
    made.drive_to(1060)
    assert made.position() == 1060


def test_a_slow_call_takes_its_time_and_can_be_released() -> None:
    made = camera(faults=(Fault("slow", 1, "live_frame", seconds=0.1),))
    began_s = time.monotonic()
    made.live_frame()
    assert time.monotonic() - began_s >= 0.1


def test_a_new_address_keeps_the_serial() -> None:
    bench = Bench()
    device = SimulatedDevice(camera().device.scene, serial="S7", name="Twin")
    bench.add("a", device)
    bench.add("b", SimulatedDevice(device.scene, serial="S8", name="Twin"))
    assert [(i.id, i.serial) for i in bench.find()] == [("simulated:a", "S7"), ("simulated:b", "S8")]
    device.unplug(new_address=True)
    assert [i.serial for i in bench.find()] == ["S8"]
    device.plug_in()
    assert [(i.id, i.serial) for i in bench.find()] == [("simulated:a@2", "S7"), ("simulated:b", "S8")]
    assert bench.make("simulated:a@2").info.serial == "S7"


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_every_fault_can_be_written_into_an_address(kind: str) -> None:
    made = SimulatedCamera(device_from_address(f"chart?size=80x48&fault={kind}@2:0.05"))
    made.open()
    if kind in ("unplug", "off", "new_address"):
        with pytest.raises(CameraGone):
            made.live_frame()
    elif kind == "busy":
        with pytest.raises(CameraBusy):
            made.live_frame()
    else:
        made.live_frame()


def test_addresses_describe_devices(tmp_path: object) -> None:
    path = f"{tmp_path}/lens.json"
    save_model(path, replace(paper_model(), lens="other"))
    device = device_from_address(
        f"slope?size=96x64&seed=4&light=dim&drive=relative&start=1300&backlash=8&irregular=0.1&model={path}"
        "&silent_end=1&card=3&flicker=0.1&latency=0&settle=0&step=0&interval=0"
    )
    assert device.scene.size == (64, 96)
    assert device.model.lens == "other"
    assert device.behaviour == Behaviour(
        drive="relative",
        start=1300,
        backlash_steps=8.0,
        irregularity=0.1,
        reports_end=False,
        light="dim",
        flicker=0.1,
        card_pictures=3,
        seed=4,
    )
    for wrong in (
        "moon",
        "desk?size=big",
        "desk?colour=red",
        "desk?seed=x",
        "desk?light=disco",
        "desk?drive=up",
        "desk?fault=fire@1",
        "desk?fault=busy",
        "desk?seed=nan",
        "desk?seed=-1",
    ):
        with pytest.raises(UsageError):
            device_from_address(wrong)


def test_the_backend_reaches_the_same_device_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimulatedBackend, "bench", Bench())  # what other tests have unplugged is not there
    backend = SimulatedBackend()
    first = backend.make("simulated:chart?size=80x48")
    first.open()
    first.drive_to(1111)
    first.close()
    again = SimulatedBackend().make("simulated:chart?size=80x48")
    again.open()
    assert again.position() == 1111
    assert "simulated:desk" in [info.id for info in backend.find()]


def test_a_held_camera_shakes_and_a_scene_is_drawn_when_it_is_opened() -> None:
    still, shaken = camera("chart"), camera("chart", shake_px=1.5, seed=0)
    quiet = np.abs(still.live_frame().rgb.astype(float) - still.live_frame().rgb).mean()
    loud = np.abs(shaken.live_frame().rgb.astype(float) - shaken.live_frame().rgb).mean()
    assert loud > 2 * quiet
    drawn: list[int] = []
    scene = still.device.scene

    def draw() -> object:
        drawn.append(1)
        return scene

    late = SimulatedCamera(SimulatedDevice(draw))  # type: ignore[arg-type]
    assert not drawn
    late.open()
    late.live_frame()
    assert drawn == [1]


def test_other_lenses_can_be_named() -> None:
    for name, limits in (("voice_coil", (200, 800)), ("macro", (0, 3000))):
        made = SimulatedCamera(device_from_address(f"slope?size=80x48&lens={name}"))
        made.open()
        assert (made.focus_drive.minimum, made.focus_drive.maximum) == limits
        assert made.live_frame().rgb.std() > 1
    with pytest.raises(UsageError, match="no simulated lens"):
        device_from_address("desk?lens=magic")
