"""What the capture window is told of its camera: values only. Texts for people are made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.base import CameraInfo, FocusDrive
from rvr_laaf_app.camera.session_values import SessionState, SessionStatus
from rvr_laaf_app.core.errors import RvrError

Phase = Literal["none", "opening", "live", "busy", "gone", "card_full"]
WORK: Final = (
    "autofocus",
    "sweep",
    "rack",
    "limits",
    "learning",
    "capture",
)  # of a session: what others have to wait for


@dataclass(frozen=True, slots=True)
class CaptureState:
    """phase: "none" = no camera chosen; "live" = it answers; the others say why it does not.

    limits: of the lens in steps, None = not known. task: what is being done ("" = nothing), done of total (0 = not
    known). message: what is wrong or worth knowing, in one sentence.
    """

    phase: Phase = "none"
    info: CameraInfo | None = None
    drive: FocusDrive | None = None
    position: int | None = None
    task: str = ""
    done: int = 0
    total: int = 0
    message: str = ""

    @property
    def limits(self) -> tuple[int, int] | None:
        """The ends of the lens's way."""
        drive = self.drive
        if drive is None or drive.minimum is None or drive.maximum is None:
            return None
        return drive.minimum, drive.maximum

    @property
    def reaches(self) -> bool:
        """Whether the lens can be sent to a position: it is driven, and its ends are known."""
        return self.drive is not None and self.drive.kind != "none" and self.limits is not None


def state_of(status: SessionStatus, task: str) -> CaptureState:
    """Return what a session's status means for the window. task: what was begun here and is not over."""
    phases: dict[SessionState, Phase] = {
        SessionState.CLOSED: "none",
        SessionState.CLOSING: "none",
        SessionState.OPENING: "opening",
        SessionState.READY: "live",
        SessionState.CAPTURING: "live",
        SessionState.DISCONNECTED: "gone",
        SessionState.CARD_FULL: "card_full",
        SessionState.BUSY: "busy" if status.message else "live",
    }
    phase = phases[status.state]
    known = phase not in ("none", "opening")
    return CaptureState(
        phase,
        status.camera,
        status.drive if known else None,
        status.position if known else None,
        task,
        status.done,
        status.total,
        status.message,
    )


@dataclass(frozen=True, slots=True, eq=False)
class SweepEvent:
    """One more picture of a sweep is on the disk.

    sharp [rows, columns]: of which tiles one of them is sharp. curve: (position, sharpness 0..1) of the region in each.
    small [h, w, 3] uint8: the newest picture, made smaller; None = of a kind that cannot be decoded.
    """

    positions: tuple[int, ...]
    paths: tuple[Path, ...]
    planned: tuple[int, ...]
    sharp: NDArray[np.float32] | None = None
    curve: tuple[tuple[int, float], ...] = ()
    small: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TaskEnd:
    """A task is over: with a result, an error, or stopped. closing: because the camera was let go."""

    name: str
    result: Any = None
    error: RvrError | None = None
    cancelled: bool = False
    closing: bool = False


def unforeseen(name: str, error: BaseException) -> RvrError:
    """Return what the user is told of a fault of the program in a task."""
    what = f"{name} failed unexpectedly ({type(error).__name__}: {error})"
    return RvrError(what, remedy="What was captured is safe; please report this.")
