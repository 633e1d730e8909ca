"""A simulated camera: photographs, pictures with depth or drawn scenes, seen through the calibrated defocus model.

For learning, for tests and for trying the panel with nothing connected; everything that comes from it says `simulated`.
Addresses: `simulated:SCENE` or `simulated:FOLDER`, with options `?size=640x360&seed=3&light=dim&drive=relative&...`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import parse_qsl

from rvr_laaf_app.camera.base import Camera, CameraInfo, Control, FocusDrive, LiveFrame, NotOffered, Still
from rvr_laaf_app.camera.defocus import LENSES, DefocusModel, load_model, paper_model
from rvr_laaf_app.camera.procedural import SCENES, make_scene
from rvr_laaf_app.camera.scene import Scene
from rvr_laaf_app.camera.scene_files import read_scene
from rvr_laaf_app.camera.simulated_device import (
    FAULT_KINDS,
    LIGHT_LEVELS,
    Behaviour,
    Fault,
    FaultKind,
    SimulatedDevice,
)
from rvr_laaf_app.core.errors import UsageError

DEFAULT_SIZE: Final = (540, 960)
DEFAULT_SCENE: Final = "desk"
NOTE: Final = "simulated: no light is measured"


class SimulatedCamera:
    """The way to one simulated device (Camera protocol); lost for good when the device is unplugged."""

    def __init__(self, device: SimulatedDevice, camera_id: str = "simulated:test") -> None:
        self.device = device
        self.info = CameraInfo(camera_id, device.name, "simulated", device.serial, simulated=True, note=NOTE)
        self._generation: int | None = None
        self._numbers = 0
        self._next_s = 0.0

    @classmethod
    def of(
        cls,
        scene: Scene | str = DEFAULT_SCENE,
        *,
        model: DefocusModel | None = None,
        size: tuple[int, int] = DEFAULT_SIZE,
        behaviour: Behaviour | None = None,
        faults: Sequence[Fault] = (),
    ) -> SimulatedCamera:
        """Return a camera with a device of its own: the short way for tests and notebooks. Not open yet."""
        lens = model or paper_model()
        how = behaviour or Behaviour()
        seen = make_scene(scene, size=size, limits=lens.limits, seed=how.seed) if isinstance(scene, str) else scene
        return cls(SimulatedDevice(seen, lens, behaviour=how, faults=faults), f"simulated:{seen.name}")

    def open(self) -> None:
        """Take hold of the device."""
        generation = self.device.generation if self.device.plugged else -1
        self.device.enter("open", generation)
        _ = self.device.scene  # drawn or read now, not while the first picture is waited for
        self._generation = generation

    def close(self) -> None:
        """Let the device go."""
        self._generation = None

    def _enter(self, call: str) -> None:
        if self._generation is None:
            raise NotOffered("the camera is not open", where=self.info.name)
        self.device.enter(call, self._generation)

    def controls(self) -> tuple[Control, ...]:
        """Return exposure and light, which can be set, and what is simulated."""
        self._enter("controls")
        device = self.device
        return (
            Control("exposure", "Exposure", "range", device.exposure_stops, -4.0, 4.0, 1 / 3, unit="stops"),
            Control("light", "Light", "choice", device.behaviour.light, choices=tuple(LIGHT_LEVELS)),
            Control("f_number", "Aperture", "text", f"f/{device.model.f_number:g}", read_only=True),
            Control("lens", "Lens", "text", device.model.lens, read_only=True),
            Control("scene", "Simulated scene", "text", device.scene.name, read_only=True),
        )

    def set_control(self, name: str, value: float | str | bool) -> None:
        """Set the exposure in stops or the light level."""
        self._enter("set_control")
        if name == "exposure":
            if isinstance(value, bool | str) or not -4.0 <= value <= 4.0:
                raise UsageError("the exposure lies between -4 and 4 stops")
            self.device.exposure_stops = float(value)
        elif name == "light":
            if value not in LIGHT_LEVELS:
                raise UsageError(f"the light is one of: {', '.join(LIGHT_LEVELS)}")
            self.device.set_light(str(value))
        elif name in ("f_number", "lens", "scene"):
            raise UsageError(f"{name} cannot be set")
        else:
            raise NotOffered(f"this camera has no control {name!r}", where=self.info.name)

    @property
    def focus_drive(self) -> FocusDrive:
        """How the lens can be driven; a relative drive tells no limits."""
        how = self.device.behaviour
        if how.drive == "none":
            return FocusDrive("none")
        if how.drive == "relative":
            return FocusDrive("relative", settle_s=how.settle_s)
        low, high = self.device.limits
        return FocusDrive("absolute", low, high, reads_back=True, settle_s=how.settle_s)

    def position(self) -> int | None:
        """Return the motor's counter; None for a relative drive."""
        self._enter("position")
        return self.device.motor_position if self.device.behaviour.drive == "absolute" else None

    def drive_to(self, position: int) -> None:
        """Drive to a position within the limits."""
        if self.device.behaviour.drive != "absolute":
            raise NotOffered("this lens cannot be driven to a position", where=self.info.name)
        self._enter("drive")
        self.device.move(float(position), exact=True)

    def drive_by(self, steps: int) -> None:
        """Drive by steps; what a relative drive really does may differ a little (`irregularity`)."""
        if self.device.behaviour.drive == "none":
            raise NotOffered("this lens is focused by hand", where=self.info.name)
        self._enter("drive")
        exact = self.device.behaviour.drive == "absolute"
        self.device.move(self.device.motor_exact + steps, exact=exact)

    def live_frame(self) -> LiveFrame:
        """Return the next picture, at most one per frame interval."""
        wait_s = self._next_s - time.monotonic()
        if wait_s > 0:
            self.device.release.wait(wait_s)
        self._enter("live_frame")
        rgb = self.device.picture(live=True)
        self._numbers += 1
        now_s = time.monotonic()
        self._next_s = now_s + self.device.behaviour.frame_interval_s
        return LiveFrame(rgb, self._numbers, now_s, self._told_position())

    def capture_still(self) -> Still:
        """Take a picture with four times the light of a live frame, as PNG."""
        import cv2

        self._enter("capture_still")
        name = self.device.store_still()
        rgb = self.device.picture(live=False)
        _, data = cv2.imencode(".png", rgb[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
        return Still(data.tobytes(), ".png", self._told_position(), f"{name}.png")

    def _told_position(self) -> int | None:
        return self.device.motor_position if self.device.behaviour.drive == "absolute" else None


class Bench:
    """Simulated devices on one virtual bus: found while plugged in, reached again under the address they have now."""

    def __init__(self) -> None:
        self._devices: dict[str, SimulatedDevice] = {}
        self._lock = threading.Lock()

    def add(self, address: str, device: SimulatedDevice) -> str:
        """Connect a device; returns its present id."""
        with self._lock:
            self._devices[address] = device
        return _id_now(address, device)

    def find(self) -> list[CameraInfo]:
        """Return the devices that are plugged in."""
        with self._lock:
            present = [(a, d) for a, d in self._devices.items() if d.plugged]
        return [CameraInfo(_id_now(a, d), d.name, "simulated", d.serial, simulated=True, note=NOTE) for a, d in present]

    def make(self, camera_id: str) -> Camera:
        """Return the camera of this id; UsageError if nothing has it."""
        with self._lock:
            for address, device in self._devices.items():
                if camera_id in (f"simulated:{address}", _id_now(address, device)):
                    return SimulatedCamera(device, _id_now(address, device))
        raise UsageError(f"there is no simulated camera {camera_id!r}")


def _id_now(address: str, device: SimulatedDevice) -> str:
    return f"simulated:{address}" + (f"@{device.address_changes + 1}" if device.address_changes else "")


class SimulatedBackend:
    """The simulated cameras of this process (Backend protocol): the desk is always there, others once asked for."""

    bench: ClassVar[Bench] = Bench()

    def find(self) -> list[CameraInfo]:
        """Return the desk, and every simulated camera that was opened in this process."""
        found = self.bench.find()
        if not any(info.id.startswith(f"simulated:{DEFAULT_SCENE}") for info in found) and not self._known(
            DEFAULT_SCENE
        ):
            info = CameraInfo(
                f"simulated:{DEFAULT_SCENE}",
                _name(DEFAULT_SCENE),
                "simulated",
                _serial(DEFAULT_SCENE),
                simulated=True,
                note=NOTE,
            )
            found.insert(0, info)
        return found

    def _known(self, address: str) -> bool:
        try:
            self.bench.make(f"simulated:{address}")
        except UsageError:
            return False
        return True

    def make(self, camera_id: str) -> Camera:
        """Return the camera of an address; the same address is the same device as long as the program runs."""
        address = camera_id.removeprefix("simulated:")
        if not self._known(address):
            self.bench.add(address, device_from_address(address))
        return self.bench.make(f"simulated:{address}")


def device_from_address(address: str) -> SimulatedDevice:
    """Make the device that an address describes; UsageError for what makes no sense.

    Options: size=WxH, seed=N, light, drive, start, backlash, irregular, latency, settle, step (seconds), flicker,
    shake (pixels), interval, card, silent_end=1, lens (one of LENSES) or model (a file), fault=KIND@CALL[:SECONDS],
    which may be repeated.
    """
    place, _, query = address.partition("?")
    options: dict[str, str] = {}
    faults = []
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key == "fault":
            faults.append(_fault(value))
        elif key in _OPTIONS:
            options[key] = value
        else:
            raise UsageError(f"unknown option {key!r} of a simulated camera", remedy=f"Known: {', '.join(_OPTIONS)}.")
    model, how = _model(options), _behaviour(options)
    scene: Callable[[], Scene]
    if place in SCENES:
        width, height = _size(options.get("size", f"{DEFAULT_SIZE[1]}x{DEFAULT_SIZE[0]}"))
        scene = partial(make_scene, place, size=(height, width), limits=model.limits, seed=how.seed)
    elif Path(place).exists():
        size = _size(options["size"]) if "size" in options else None
        wanted = None if size is None else (size[1], size[0])
        scene = partial(read_scene, Path(place), limits=model.limits, size=wanted)
    else:
        raise UsageError(
            f"there is no simulated scene or folder {place!r}", remedy=f"Scenes: {', '.join(SCENES)}; or give a folder."
        )
    return SimulatedDevice(
        scene, model, behaviour=how, faults=faults, name=_name(Path(place).name), serial=_serial(address)
    )


_OPTIONS: Final = (
    *("size", "seed", "light", "drive", "start", "backlash", "irregular", "latency", "settle", "step", "flicker"),
    *("shake", "interval", "card", "silent_end", "lens", "model"),
)


def _name(scene: str) -> str:
    return f"Simulated camera ({scene})"


def _serial(address: str) -> str:
    return f"SIM-{address}"


def _model(options: dict[str, str]) -> DefocusModel:
    if "model" in options:
        return load_model(options["model"])
    name = options.get("lens", "paper")
    if name not in LENSES:
        raise UsageError(f"there is no simulated lens {name!r}", remedy=f"Choose one of: {', '.join(LENSES)}.")
    return LENSES[name].model(step=25 if name == "voice_coil" else 50)


def _behaviour(options: dict[str, str]) -> Behaviour:
    drive = options.get("drive", "absolute")
    light = options.get("light", "bright")
    if drive not in ("absolute", "relative", "none"):
        raise UsageError("drive is absolute, relative or none")
    if light not in LIGHT_LEVELS:
        raise UsageError(f"light is one of: {', '.join(LIGHT_LEVELS)}")
    return Behaviour(
        drive=drive,  # type: ignore[arg-type]
        start=int(_number(options, "start", 0.0)) if "start" in options else None,
        backlash_steps=_number(options, "backlash", 0.0),
        irregularity=_number(options, "irregular", 0.0),
        reports_end=options.get("silent_end", "0") in ("", "0"),
        step_s=_number(options, "step", 0.0),
        latency_s=_number(options, "latency", 0.0),
        settle_s=_number(options, "settle", 0.0),
        light=light,
        flicker=_number(options, "flicker", 0.0),
        shake_px=_number(options, "shake", 0.0),
        frame_interval_s=_number(options, "interval", 1 / 30),
        card_pictures=int(_number(options, "card", 10_000.0)),
        seed=int(_number(options, "seed", 0.0)),
    )


def _number(options: dict[str, str], name: str, default: float) -> float:
    try:
        value = float(options.get(name, default))
    except ValueError:
        raise UsageError(f"{name} must be a number") from None
    if not 0.0 <= value <= 1e6:
        raise UsageError(f"{name} must lie between 0 and 1000000")
    return value


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and 16 <= int(width) <= 8192 and 16 <= int(height) <= 8192):
        raise UsageError(f"a size is written like 640x360, not {text!r}")
    return int(width), int(height)


def _fault(text: str) -> Fault:
    kind, _, rest = text.partition("@")
    at, _, seconds = rest.partition(":")
    names: dict[str, FaultKind] = {name: name for name in FAULT_KINDS}
    try:
        return Fault(names[kind], int(at), seconds=float(seconds or 0.0))
    except (KeyError, ValueError):
        raise UsageError(f"a fault is written KIND@CALL or KIND@CALL:SECONDS, not {text!r}") from None
