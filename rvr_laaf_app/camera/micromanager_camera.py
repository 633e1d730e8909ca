"""A microscope as a Camera: its Z stage is the focus drive, in steps of a fraction of a micrometre.

An objective can be driven into the slide, and MMCore cannot say where that is. So the drive is offered only for a
span around the place where the stage stood when it was opened; the user widens it (`focus_span_um`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.base import (
    DEADLINE_S,
    CameraBusy,
    CameraError,
    CameraGone,
    CameraInfo,
    Control,
    EndStop,
    FocusDrive,
    LiveFrame,
    NotOffered,
    Still,
)
from rvr_laaf_app.camera.gphoto_settings import check_value
from rvr_laaf_app.camera.picture_bytes import encode_png
from rvr_laaf_app.camera.worker_link import LinkLost, Refused, Worker

WORKER: Final = "rvr_laaf_app.camera.micromanager_worker"
OPEN_S: Final = 60.0  # a configuration may home its motors
STEP_UM: Final = 0.1
SPAN_UM: Final = 50.0
_MOST_SPAN_UM: Final = 20_000.0
_MISSED_UM: Final = 0.5
_PLUG: Final = "Check power and cables of the microscope."
_END: Final = re.compile(r"out of range|limit|beyond", re.IGNORECASE)
_GONE: Final = re.compile(r"not connected|disconnected|unplugged|no longer|serial port|communicat", re.IGNORECASE)
_LATE: Final = re.compile(r"timed? ?out|busy", re.IGNORECASE)
_OWN: Final = ("exposure_ms", "white_level", "focus_span_um", "focus_step_um")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Devices:
    """What to load: a configuration file, or "Library/Device" of the camera and of the Z stage; adapters' folders."""

    folders: Sequence[str]
    config: str = ""
    names: Sequence[str] = ()
    settings: Sequence[tuple[str, str]] = ()  # properties of the camera to set after loading


class MicromanagerCamera:
    """A microscope's camera and Z stage, held by a worker process."""

    def __init__(self, info: CameraInfo, devices: Devices) -> None:
        self.info = info
        self._devices = devices
        self._worker: Worker | None = None
        self._state: dict[str, Any] = {}
        self._centre_um = 0.0
        self._span_um = SPAN_UM
        self._step_um = STEP_UM
        self._white = 0.0  # 0 = from the next picture
        self._number = 0

    # ---- holding

    def open(self) -> None:
        """Load the devices and take the present place of the stage as the middle of the span."""
        self.close()
        worker = Worker(WORKER)
        self._worker = worker
        chosen = self._devices
        try:
            self._asked(worker.start)
            state, _ = self._call(
                "open",
                deadline_s=OPEN_S,
                folders=list(chosen.folders),
                config=chosen.config,
                devices=list(chosen.names),
            )
            for name, value in chosen.settings:
                self._call("set", name=name, value=value)
        except BaseException:
            self.close()
            raise
        self._state = state
        self._white = 0.0
        self._centre_um = float(state["position_um"] or 0.0)
        name = f"{state['camera']} with {state['stage']}" if state["stage"] else str(state["camera"])
        simulated = state["library"] == "DemoCamera"
        self.info = replace(self.info, name=name, simulated=simulated)

    def close(self) -> None:
        """Let the devices go."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    # ---- settings

    def controls(self) -> tuple[Control, ...]:
        """Return exposure, brightness of the live view, the span of the stage, and all properties of the camera."""
        properties, _ = self._call("properties")
        return (*self._own_controls(), *(_control(p) for p in properties if p["name"] not in _OWN))

    def _own_controls(self) -> tuple[Control, ...]:
        top = float(2 ** min(int(self._state["bit_depth"]), 16) - 1)
        exposure = float(self._state["exposure_ms"])
        own = [
            Control("exposure_ms", "Exposure", "range", exposure, 0.001, 600_000.0, unit="ms"),
            Control("white_level", "White level (0 = automatic)", "range", self._white, 0.0, top),
        ]
        if self._state["stage"]:
            span, step = self._span_um, self._step_um
            own += [
                Control("focus_span_um", "Span of the stage", "range", span, 0.1, _MOST_SPAN_UM, unit="µm"),
                Control("focus_step_um", "One step of the stage", "range", step, 0.001, 100.0, unit="µm"),
            ]
        return tuple(own)

    def set_control(self, name: str, value: float | str | bool) -> None:
        """Set one control; UsageError for a value outside what was advertised."""
        control = next((c for c in self.controls() if c.name == name), None)
        if control is None:
            raise NotOffered(f"the camera has no setting {name!r}", where=self.info.name)
        checked = check_value(control, value)
        if name == "exposure_ms":
            self._call("expose", exposure_ms=float(checked))
        elif name == "white_level":
            self._white = float(checked)
        elif name == "focus_span_um":
            self._span_um = float(checked)
        elif name == "focus_step_um":
            self._step_um = float(checked)
        else:
            text = str(int(checked)) if isinstance(checked, bool) or _is_whole(checked) else str(checked)
            self._call("set", name=name, value=text)
        self._state, _ = self._call("state")

    # ---- focus

    @property
    def focus_drive(self) -> FocusDrive:
        """The Z stage within the span around where it stood at first."""
        if not self._state.get("stage"):
            return FocusDrive("none")
        low, high = self._centre_um - self._span_um, self._centre_um + self._span_um
        return FocusDrive(
            "absolute",
            round(low / self._step_um),
            round(high / self._step_um),
            reads_back=True,
            near_is_low=self._state["direction"] >= 0,
        )

    def position(self) -> int | None:
        """Return where the stage is, in steps."""
        if not self._state.get("stage"):
            return None
        where, _ = self._call("where")
        return round(float(where) / self._step_um)

    def drive_to(self, position: int) -> None:
        """Drive the stage and check by its own reading that it arrived."""
        drive = self.focus_drive
        if drive.minimum is None or drive.maximum is None:
            raise NotOffered("this microscope has no Z stage", where=self.info.name)
        if not drive.minimum <= position <= drive.maximum:
            raise EndStop(
                f"the stage may go from {drive.minimum} to {drive.maximum}",
                where=self.info.name,
                remedy="Widen focus_span_um if the objective has room.",
            )
        wanted_um = position * self._step_um
        reached_um, _ = self._call("drive", position_um=wanted_um)
        if abs(float(reached_um) - wanted_um) > max(_MISSED_UM, self._step_um):
            raise EndStop(f"the stage stopped at {reached_um:.2f} µm instead of {wanted_um:.2f}", where=self.info.name)

    def drive_by(self, steps: int) -> None:
        """Drive so many steps from here, positive towards far."""
        here = self.position()
        if here is None:
            raise NotOffered("this microscope has no Z stage", where=self.info.name)
        self.drive_to(here + (steps if self.focus_drive.near_is_low else -steps))

    # ---- pictures

    def live_frame(self) -> LiveFrame:
        """Return a picture that was exposed after the last drive."""
        described, data = self._call("live", deadline_s=self._picture_s())
        position = self.position()
        self._number += 1
        return LiveFrame(self._rgb(_pixels(described, data)), self._number, time.monotonic(), position)

    def capture_still(self) -> Still:
        """Take a picture and return it as a PNG with all bits of the camera."""
        described, data = self._call("snap", deadline_s=self._picture_s())
        return Still(encode_png(_pixels(described, data)), ".png", self.position())

    def _picture_s(self) -> float:
        return DEADLINE_S + 2 * float(self._state.get("exposure_ms", 0.0)) / 1000

    def _rgb(self, pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Map to 8 bits: up to white_level, which is kept from picture to picture so that sharpness can be compared."""
        if pixels.dtype != np.uint8 or self._white:
            if not self._white:
                self._white = float(max(2.0 * np.percentile(pixels, 99.9), 255.0))
            scaled = np.minimum(pixels * np.float32(255.0 / self._white), 255.0)
            pixels = scaled.astype(np.uint8)
        shown = np.asarray(pixels, dtype=np.uint8)
        return np.repeat(shown[..., None], 3, axis=2) if shown.ndim == 2 else shown

    # ---- the worker

    def _call(self, name: str, /, *, deadline_s: float = DEADLINE_S, **arguments: Any) -> tuple[Any, bytes]:
        worker = self._worker
        if worker is None:
            raise CameraGone("the microscope is not open", where=self.info.name)
        return self._asked(lambda: worker.call(name, deadline_s=deadline_s, **arguments))

    def _asked(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except LinkLost as error:
            self.close()
            raise CameraGone(f"the microscope is lost: {error.reason}", where=self.info.name, remedy=_PLUG) from error
        except Refused as error:
            raise _meaning(error, self.info.name) from error


def _meaning(error: Refused, name: str) -> CameraError:
    said = error.text
    if _END.search(said):
        return EndStop("the stage does not go further", where=name, remedy="Drive it the other way.")
    if _GONE.search(said):
        return CameraGone(f"the microscope does not answer: {said}", where=name, remedy=_PLUG)
    if _LATE.search(said):
        return CameraBusy(f"the microscope is busy: {said}", where=name, remedy="Try again in a moment.")
    return CameraError(f"Micro-Manager refused: {said}", where=name)


def _is_whole(value: float | str | bool) -> bool:
    return isinstance(value, float) and value.is_integer()


def _control(entry: dict[str, Any]) -> Control:
    name, value, read_only = entry["name"], entry["value"], bool(entry["read_only"])
    if entry["choices"] and not read_only:
        return Control(name, name, "choice", value, choices=tuple(entry["choices"]))
    if "limits" in entry and entry["type"] in ("integer", "float"):
        low, high = entry["limits"]
        step = 1.0 if entry["type"] == "integer" else 0.0
        return Control(name, name, "range", float(value or 0.0), low, high, step, read_only=read_only)
    return Control(name, name, "text", value, read_only=read_only)


def _pixels(described: dict[str, Any], data: bytes) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return grey [h, w] or rgb [h, w, 3]: the camera's colours are packed as BGRA, 8 or 16 bits each."""
    height, width = described["shape"][:2]
    components, size = int(described["components"]), int(described["bytes_per_pixel"])
    kind = {1: np.uint8, 2: np.uint16}.get(size // components)
    if kind is None or components not in (1, 4) or len(data) != height * width * size:
        raise CameraError("pictures of this pixel type cannot be used", remedy="Choose 8 or 16 bit, grey or RGB.")
    pixels = np.frombuffer(data, kind)
    if components == 4:
        return np.ascontiguousarray(pixels.reshape(height, width, 4)[..., 2::-1])
    return pixels.reshape(height, width)
