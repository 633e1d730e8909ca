"""The contract of every camera, what it advertises, and how it fails. No device is touched here.

A camera object is used by one thread at a time (`camera.session` sees to that); a call blocks at most `DEADLINE_S`.
Lens positions are whole steps of the focus drive, growing from near to far unless the drive says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.core.errors import RvrError
from rvr_laaf_app.core.registry import Registry

DEADLINE_S: Final = 3.0  # a call that takes longer counts as a lost camera


class CameraError(RvrError):
    """A camera did not do what was asked; it may still be usable."""

    exit_code = 7


class CameraGone(CameraError):
    """The camera is unplugged, switched off or no longer answers."""


class CameraBusy(CameraError):
    """The camera, or another program that holds it, cannot answer now; trying again may help."""


class CardFull(CameraError):
    """The camera has no room for another picture."""


class EndStop(CameraError):
    """The lens cannot be driven further in this direction."""


class NotOffered(CameraError):
    """This camera does not have that control, drive or picture."""


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera that was found.

    id: "backend:address", as `open_camera` takes it and as stable as the backend allows; serial is the identity across
    ports ("" = unknown). `simulated` says that no light is measured; it is shown wherever the camera is named.
    """

    id: str
    name: str
    backend: str
    serial: str = ""
    simulated: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A setting that the camera advertises, with its value when it was asked for.

    kind "range": number in [minimum, maximum] in steps of `step`; "choice": one of `choices`; "switch": bool; "text".
    """

    name: str
    label: str
    kind: Literal["range", "choice", "switch", "text"]
    value: float | str | bool
    minimum: float = 0.0
    maximum: float = 0.0
    step: float = 0.0
    choices: tuple[str, ...] = ()
    read_only: bool = False
    unit: str = ""


@dataclass(frozen=True, slots=True)
class FocusDrive:
    """How the lens can be driven.

    kind "absolute": `drive_to` takes a position in [minimum, maximum] and `position` reads it back (if `reads_back`);
    "relative": only `drive_by` in steps, no read-back, the ends are found by running into them (minimum and maximum are
    then None until the session has found them); "none": the lens is focused by hand.
    settle_s: how long the picture may lag behind a finished drive. near_is_low: positions grow from near to far.
    sizes: of a lens that moves by steps of several sizes, whether what they are worth was learned; "" = all are alike.
    """

    kind: Literal["absolute", "relative", "none"]
    minimum: int | None = None
    maximum: int | None = None
    step: int = 1
    reads_back: bool = False
    settle_s: float = 0.0
    near_is_low: bool = True
    sizes: Literal["", "assumed", "learned"] = ""


@dataclass(frozen=True, slots=True, eq=False)
class LiveFrame:
    """One picture of the live view: rgb [h, w, 3] uint8, a number that grows, when it came, where the lens stood."""

    rgb: NDArray[np.uint8]
    number: int
    monotonic_s: float
    position: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A taken picture: the file's own bytes as the camera wrote them, and their kind (".jpg", ".nef", ".png")."""

    data: bytes
    suffix: str
    position: int | None = None
    name: str = ""


class Camera(Protocol):
    """One device. Every call may raise CameraGone or CameraBusy; what is not offered raises NotOffered."""

    info: CameraInfo

    def open(self) -> None:
        """Take hold of the device."""
        ...

    def close(self) -> None:
        """Let the device go; never raises, may be called twice and after CameraGone."""
        ...

    def controls(self) -> tuple[Control, ...]:
        """Return what can be set, with the present values."""
        ...

    def set_control(self, name: str, value: float | str | bool) -> None:
        """Set one control; UsageError for a value outside what was advertised."""
        ...

    @property
    def focus_drive(self) -> FocusDrive:
        """How the lens can be driven; may become narrower while open (limits found)."""
        ...

    def position(self) -> int | None:
        """Return where the lens says it is; None if it cannot say."""
        ...

    def drive_to(self, position: int) -> None:
        """Drive to a position and return when the motor reports or is assumed done; EndStop outside the limits."""
        ...

    def drive_by(self, steps: int) -> None:
        """Drive so many steps (positive = towards far); EndStop where the lens does not go further."""
        ...

    def live_frame(self) -> LiveFrame:
        """Return the next picture of the live view."""
        ...

    def capture_still(self) -> Still:
        """Take a picture at full size and return it; CardFull when there is no room."""
        ...


class Backend(Protocol):
    """One way to reach cameras."""

    def find(self) -> list[CameraInfo]:
        """Return the cameras that are there now; never raises, quick (under a second)."""
        ...

    def make(self, camera_id: str) -> Camera:
        """Return the camera of this id, not yet open; UsageError if the address makes no sense."""
        ...


BACKENDS: Registry[Backend] = Registry(
    "camera backend",
    {
        "gphoto": "rvr_laaf_app.camera.gphoto:GphotoBackend",
        "uvc": "rvr_laaf_app.camera.uvc:UvcBackend",
        "micromanager": "rvr_laaf_app.camera.micromanager:MicromanagerBackend",
        "replay": "rvr_laaf_app.camera.replay:ReplayBackend",
        "simulated": "rvr_laaf_app.camera.simulated:SimulatedBackend",
    },
)
