"""Taking a focus sweep with a session's camera: drive, verify, take, compare, write - and again at the same step.

A generator that yields between frames; what happens to the camera meanwhile is the business of `connection.survive`,
what happens to the disk that of `sweep`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rvr_laaf_app.camera.base import CameraError, NotOffered, Still
from rvr_laaf_app.camera.connection import Connection, SessionFault, Work
from rvr_laaf_app.camera.focusing import LUMA, WHOLE, patch_of
from rvr_laaf_app.camera.picture_files import decode_picture
from rvr_laaf_app.camera.sweep import Sweep, SweepWriter
from rvr_laaf_app.core.errors import Cancelled, MediaError, UsageError

OnFrame = Callable[[Still, int], None]
Strategy = Generator[int, Any, Any]  # see autofocus.strategy: yields positions, is sent grey patches

SAME_TRIES: Final = 3
UNSEEN_STEPS: Final = 3  # so many drives in a row without any visible change are reported
_UNSEEN_NOTE: Final = "the picture has not changed over {count} steps: does the lens move (is it on manual focus)?"


class SamePicture(CameraError):
    """The camera gives the picture before once more though the lens was driven."""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """Where to take pictures, and the folder they go to; with `resume` an unfinished sweep there is gone on with.

    positions are left empty for `run_strategy`.
    """

    folder: Path
    positions: tuple[int, ...] = ()
    lens: str = ""
    f_number: float | None = None
    depth_of_field_steps: int | None = None
    resume: bool = False


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What came of a sweep: what is on the disk, whether it was stopped, what was worth knowing, what went wrong.

    result: what a strategy returned at its end, None for a planned sweep.
    """

    sweep: Sweep
    cancelled: bool = False
    notes: tuple[str, ...] = ()
    faults: tuple[SessionFault, ...] = ()
    result: object = None


def run_sweep(
    connection: Connection,
    plan: SweepPlan,
    cancel: threading.Event,
    on_frame: OnFrame | None = None,
) -> Work[SweepReport]:
    """Take the sweep; each frame is safe on the disk before the next drive.

    Raises:
        UsageError: positions beyond the lens, or the folder holds something else. ExportError: it cannot be written.
        LensStuck: the lens does not move. SamePicture: the camera does not give a new picture. In every case what was
        captured is kept and can be gone on with.
    """
    facts = yield from connection.survive(lambda: _facts(connection, plan), cancel)
    taking = _Taking(connection, facts, cancel, on_frame)
    cancelled = False
    for position in taking.writer.sweep.remaining:
        yield
        try:
            yield from taking.frame(position)
        except Cancelled:
            cancelled = True
            break
    return taking.report(cancelled=cancelled)


def run_strategy(
    connection: Connection,
    plan: SweepPlan,
    strategy: Strategy,
    cancel: threading.Event,
    on_frame: OnFrame | None = None,
) -> Work[SweepReport]:
    """Take pictures where a strategy asks for them; it is sent each as a grey patch [h, w] float32 0..1, as displayed.

    The patch is the picture itself, or the live view where the file cannot be decoded (raw). Errors as `run_sweep`.
    """
    facts = yield from connection.survive(lambda: _facts(connection, plan), cancel)
    taking = _Taking(connection, facts, cancel, on_frame)
    patch: NDArray[np.float32] | None = None
    cancelled, result = False, None
    try:
        while True:
            try:
                wanted = next(strategy) if patch is None else strategy.send(patch)
            except StopIteration as end:
                result = end.value
                break
            yield
            still = yield from taking.frame(wanted)
            patch = yield from connection.survive(lambda taken=still: _patch(connection, taken), cancel)  # type: ignore[misc]
    except Cancelled:
        cancelled = True
    finally:
        strategy.close()
    return taking.report(cancelled=cancelled, result=result)


@dataclass(frozen=True, slots=True)
class _Taken:
    """One frame: None where a recording or simulation has no other; whether the movement was seen; what to note."""

    still: Still | None
    seen: bool
    note: str = ""
    companions: tuple[Still, ...] = ()


class _Taking:
    """A sweep under way: the writer, and what is known of the frame before."""

    def __init__(
        self, connection: Connection, plan: SweepPlan, cancel: threading.Event, on_frame: OnFrame | None
    ) -> None:
        drive = connection.lens_or_refuse().drive
        if drive.minimum is not None and drive.maximum is not None:
            beyond = [p for p in plan.positions if not drive.minimum <= p <= drive.maximum]
            if beyond:
                raise UsageError(f"the lens goes from {drive.minimum} to {drive.maximum}, not to {beyond[0]}")
        self.writer = SweepWriter(plan.folder, _about(connection, plan), resume=plan.resume)
        self._connection, self._cancel, self._on_frame = connection, cancel, on_frame
        self._known_faults = len(connection.faults)
        self._notes: list[str] = []
        self._former: Still | None = None
        self._unseen = 0
        self._tell()

    def frame(self, position: int) -> Work[Still | None]:
        """Take one frame and write it; None where there is no picture of its own. Raises Cancelled, or what lasts."""
        step = _step(self._connection, position, self._former)
        taken = yield from self._connection.survive(step, self._cancel)
        still = taken.still
        if still is None:
            self._notes.append(f"there is no picture of its own at {position}")
            return None
        if taken.note:
            self._notes.append(f"at {position}: {taken.note}")
        self._unseen = 0 if taken.seen else self._unseen + 1
        if self._unseen == UNSEEN_STEPS:
            self._notes.append(_UNSEEN_NOTE.format(count=self._unseen))
        place = position if still.position is None else still.position
        beside = [(other.data, other.suffix) for other in taken.companions]
        self.writer.add(still.data, still.suffix, position=place, wanted=position, companions=beside)
        self._former = still
        self._tell()
        if self._on_frame is not None:
            self._on_frame(still, position)
        return still

    def report(self, *, cancelled: bool, result: object = None) -> SweepReport:
        """Say what came of it."""
        faults = tuple(self._connection.faults[self._known_faults :])
        return SweepReport(self.writer.sweep, cancelled, tuple(self._notes), faults, result)

    def _tell(self) -> None:
        sweep = self.writer.sweep
        message = self._notes[-1] if self._notes and self._unseen >= UNSEEN_STEPS else ""
        self._connection.tell(done=len(sweep.frames), total=len(sweep.planned), message=message)


def _patch(connection: Connection, still: Still | None) -> NDArray[np.float32]:
    if still is not None:
        try:
            rgb = decode_picture(still.data, where=still.name)
        except MediaError:
            pass
        else:
            most = float(np.iinfo(rgb.dtype).max)
            return np.asarray(rgb @ (LUMA / np.float32(most)), np.float32)
    return patch_of(connection.look(), WHOLE)


def _facts(connection: Connection, plan: SweepPlan) -> SweepPlan:
    """Return the plan with the lens and f-number that the camera itself tells, where the plan says nothing."""
    if plan.lens and plan.f_number is not None:
        return plan
    try:
        told = {c.name.replace("-", "_"): str(c.value) for c in connection.call(lambda: connection.camera.controls())}
    except NotOffered:
        told = {}
    number = re.fullmatch(r"(?:f/?)?\s*(\d{1,3}(?:\.\d{1,3})?)", told.get("f_number", "").strip().lower())
    f_number = float(number[1]) if number and float(number[1]) > 0 else None
    lens = plan.lens or str(getattr(connection.camera, "lens", "")) or told.get("lens", "")
    return replace(plan, lens=lens, f_number=f_number if plan.f_number is None else plan.f_number)


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


def _step(connection: Connection, position: int, former: Still | None) -> Callable[[], _Taken]:
    """One frame, and how it came about."""

    def take() -> _Taken:
        report = connection.lens_or_refuse().to(connection, position)
        connection.tell_position()
        note = report.note if report.verified else ""
        for attempt in range(1, SAME_TRIES + 1):
            still, beside = connection.take_still()
            if former is None or still.data != former.data:
                return _Taken(still, bool(report.verified) or "no live view" in report.note, note, beside)
            if still.position is not None and still.position == former.position:
                return _Taken(None, True)
            note = "the camera gave the picture before once more; it was taken again"
            connection.wait(0.05 * attempt)
        if connection.camera.info.simulated:  # some of them have no noise: equal pictures of equal blur
            return _Taken(None, True)
        raise SamePicture(
            f"the camera gave the same picture {SAME_TRIES} times though the lens was driven to {position}",
            where=connection.camera.info.name,
            remedy="Switch the camera off and on again, then go on with the sweep.",
        )

    return take
