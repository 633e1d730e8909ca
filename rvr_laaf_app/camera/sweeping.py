"""Taking a focus sweep with a session's camera: drive, verify, take, compare, write - and again at the same step.

A generator that yields between frames; what happens to the camera meanwhile is the business of `connection.survive`,
what happens to the disk that of `sweep`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rvr_laaf_app.camera.base import CameraError, Still
from rvr_laaf_app.camera.connection import Connection, SessionFault, Work
from rvr_laaf_app.camera.sweep import Sweep, SweepWriter
from rvr_laaf_app.core.errors import Cancelled

SAME_TRIES: Final = 3
UNSEEN_STEPS: Final = 3  # so many drives in a row without any visible change are reported
_UNSEEN_NOTE: Final = "the picture has not changed over {count} steps: does the lens move (is it on manual focus)?"


class SamePicture(CameraError):
    """The camera gives the picture before once more though the lens was driven."""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """Where to take pictures, and the folder they go to; with `resume` an unfinished sweep there is gone on with."""

    folder: Path
    positions: tuple[int, ...]
    lens: str = ""
    f_number: float | None = None
    depth_of_field_steps: int | None = None
    resume: bool = False


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What came of a sweep: what is on the disk, whether it was stopped, what was worth knowing, what went wrong."""

    sweep: Sweep
    cancelled: bool = False
    notes: tuple[str, ...] = ()
    faults: tuple[SessionFault, ...] = ()


def run_sweep(
    connection: Connection,
    plan: SweepPlan,
    cancel: threading.Event,
    on_frame: Callable[[Still, int], None] | None = None,
) -> Work[SweepReport]:
    """Take the sweep; each frame is safe on the disk before the next drive.

    Raises:
        UsageError, ExportError: the folder cannot be used. LensStuck: the lens does not move. SamePicture: the camera
        does not give a new picture. In every case what was captured is kept and can be gone on with.
    """
    writer = SweepWriter(plan.folder, _about(connection, plan), resume=plan.resume)
    known_faults = len(connection.faults)
    notes: list[str] = []
    former: Still | None = None
    unseen = 0
    cancelled = False
    for position in writer.sweep.remaining:
        done, total = len(writer.sweep.frames), len(writer.sweep.planned)
        connection.tell(done=done, total=total, message=notes[-1] if unseen >= UNSEEN_STEPS else "")
        yield
        try:
            still, seen = yield from connection.survive(_step(connection, position, former), cancel)
        except Cancelled:
            cancelled = True
            break
        if still is None:
            notes.append(f"there is no picture of its own at {position}")
            continue
        unseen = 0 if seen else unseen + 1
        if unseen == UNSEEN_STEPS:
            notes.append(_UNSEEN_NOTE.format(count=unseen))
        writer.add(still.data, still.suffix, position=position if still.position is None else still.position)
        former = still
        if on_frame is not None:
            on_frame(still, position)
    connection.tell(done=len(writer.sweep.frames), total=len(writer.sweep.planned), message=notes[-1] if notes else "")
    return SweepReport(writer.sweep, cancelled, tuple(notes), tuple(connection.faults[known_faults:]))


def _about(connection: Connection, plan: SweepPlan) -> Sweep:
    info, drive = connection.camera.info, connection.lens_or_refuse().drive
    known = drive.minimum is not None and drive.maximum is not None
    return Sweep(
        plan.folder,
        camera=info.id,
        name=info.name,
        serial=info.serial,
        simulated=info.simulated,
        lens=plan.lens,
        f_number=plan.f_number,
        limits=(drive.minimum or 0, drive.maximum or 0) if known else None,
        depth_of_field_steps=plan.depth_of_field_steps,
        planned=plan.positions,
    )


def _step(connection: Connection, position: int, former: Still | None) -> Callable[[], tuple[Still | None, bool]]:
    """One frame: the still (None where a recording or simulation has no other) and whether the movement was seen."""

    def take() -> tuple[Still | None, bool]:
        report = connection.lens_or_refuse().to(connection, position)
        connection.tell_position()
        for attempt in range(SAME_TRIES):
            still = connection.take_still()
            if former is None or still.data != former.data:
                return still, bool(report.verified) or "no live view" in report.note
            if still.position is not None and still.position == former.position:
                return None, True
            connection.wait(0.05 * (attempt + 1))
        if connection.camera.info.simulated:  # some of them have no noise: equal pictures of equal blur
            return None, True
        raise SamePicture(
            f"the camera gave the same picture {SAME_TRIES} times though the lens was driven to {position}",
            where=connection.camera.info.name,
            remedy="Switch the camera off and on again, then go on with the sweep.",
        )

    return take
