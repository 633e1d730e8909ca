"""Driving the lens so that one knows where it is: every drive is verified by read-back, or by the picture that changed.

A lens that can only be driven by steps gets a counted position: drives end from one side always (towards far), so the
play of the gear does not add up, and an end stop sets the count right. Who calls the device, with what deadline, is
decided by the session (`Device`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal, Protocol, TypeVar

from rvr_laaf_app.camera.base import Camera, CameraError, EndStop, FocusDrive, LiveFrame, NotOffered
from rvr_laaf_app.camera.change import moved, picture_change, same_picture
from rvr_laaf_app.core.errors import UsageError

T = TypeVar("T")
REACH_S: Final = 2.0  # how long the read-back may take to reach what was asked for
DRIVE_TRIES: Final = 3
_POLL_S: Final = 0.02
_MAX_CHUNKS: Final = 1000  # of coarse steps on the way to an end stop
_LONGEST_WAY: Final = 32_768  # steps after which a lens must have reached an end, told or not
_SILENT_CHUNKS: Final = 6  # so many drives without any change of the picture are an end of a lens that tells nothing


class LensStuck(CameraError):
    """The lens was asked to move, several times, and did not."""


@dataclass(frozen=True, slots=True)
class DriveReport:
    """Where the lens stands after a drive and how that is known.

    verified: "read-back" = the lens says so; "picture" = the picture changed as it should; "stop" = it ran into its
    end; "" = nothing could be measured (note says why). `position` is a count for lenses without read-back.
    """

    wanted: int
    position: int
    verified: Literal["read-back", "picture", "stop", ""]
    note: str = ""


class Device(Protocol):
    """What a drive needs from the session: calls with deadlines, pictures, and a wait that can be interrupted."""

    camera: Camera

    def call(self, function: Callable[[], T]) -> T:
        """Make a call in the thread of the device."""
        ...

    def look(self) -> LiveFrame:
        """Return a new live frame; NotOffered where there is none."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait."""
        ...


class AbsoluteLens:
    """A lens that is told where to go."""

    def __init__(self, drive: FocusDrive) -> None:
        self.drive = drive
        self.position: int | None = None

    def to(self, device: Device, position: int) -> DriveReport:
        """Drive to a position; UsageError outside the limits, LensStuck if it does not get there."""
        low, high = self.drive.minimum, self.drive.maximum
        if (low is not None and position < low) or (high is not None and position > high):
            raise UsageError(f"the lens goes from {low} to {high}, not to {position}")
        if not self.drive.reads_back:
            return self._by_picture(device, position)
        for tries in range(1, DRIVE_TRIES + 1):
            device.call(lambda: device.camera.drive_to(position))
            reached = self._wait_until(device, position)
            if abs(reached - position) <= self._tolerance():
                device.wait(self.drive.settle_s)
                note = "" if tries == 1 else f"the lens did not move at first; it was driven {tries} times"
                return DriveReport(position, reached, "read-back", note)
        raise LensStuck(
            f"the lens was driven to {position} and stands at {self.position}", remedy="Is it switched to manual focus?"
        )

    def by(self, device: Device, steps: int) -> DriveReport:
        """Drive by steps, not beyond the limits."""
        here = self.position if self.position is not None else self.read(device)
        low, high = self.drive.minimum, self.drive.maximum
        there = here + steps
        if low is not None and high is not None and not low <= there <= high:
            self.to(device, min(max(there, low), high))
            raise EndStop("the lens is at its end")
        return self.to(device, there)

    def read(self, device: Device) -> int:
        """Return where the lens says it is, or where it was sent."""
        said = device.call(device.camera.position)
        self.position = said if said is not None else (self.position or 0)
        return self.position

    def lost(self) -> None:
        """The connection was lost: the position has to be asked for again."""
        self.position = None

    def _tolerance(self) -> int:
        return max(0, self.drive.step - 1)

    def _wait_until(self, device: Device, position: int) -> int:
        end_s = time.monotonic() + REACH_S
        reached = self.read(device)
        former = reached
        while abs(reached - position) > self._tolerance() and time.monotonic() < end_s:
            device.wait(_POLL_S * 5)
            former, reached = reached, self.read(device)
            if reached == former:
                break  # it stands still somewhere else: waiting longer will not help
        return reached

    def _by_picture(self, device: Device, position: int) -> DriveReport:
        before = _Rest.of(device) if position != self.position else None
        device.call(lambda: device.camera.drive_to(position))
        self.position = position
        device.wait(self.drive.settle_s)
        return _judge(device, before, DriveReport(position, position, ""))


class CountedLens:
    """A lens that is driven by steps only; positions are counted from its near end, or from where it stood at first."""

    def __init__(self, drive: FocusDrive, *, backlash_steps: int = 0) -> None:
        self.drive = drive
        self.backlash_steps = backlash_steps
        self.position: int | None = 0
        self._towards_far = False  # whether the play is taken up on the far side

    def to(self, device: Device, position: int) -> DriveReport:
        """Drive to a counted position, the last part always towards far; UsageError outside limits that are known."""
        low, high = self.drive.minimum, self.drive.maximum
        if low is not None and high is not None and not low <= position <= high:
            raise UsageError(f"the lens goes from {low} to {high}, not to {position}")
        here = self._here(device)
        distance = position - here
        if distance == 0 and (self._towards_far or not self.backlash_steps):
            return DriveReport(position, here, "", "it stood there already")
        before = _Rest.of(device)
        stopped = False
        if distance < 0 or not self._towards_far:
            stopped = self._go(device, distance - self.backlash_steps)
            distance = position - self._here(device)
        if distance:
            stopped = self._go(device, distance)
        report = DriveReport(position, self._here(device), "stop" if stopped else "")
        return _judge(device, before, report)

    def by(self, device: Device, steps: int) -> DriveReport:
        """Drive by steps; EndStop where the lens does not go further."""
        before = _Rest.of(device)
        if self._go(device, steps):
            raise EndStop("the lens is at its end")
        here = self._here(device)
        return _judge(device, before, DriveReport(here, here, ""))

    def read(self, device: Device) -> int:
        """Return the count."""
        return self._here(device)

    def lost(self) -> None:
        """The connection was lost; with known limits the count starts anew at the near end, else it is kept."""
        self._towards_far = False
        if self.drive.minimum is not None:
            self.position = None

    def find_limits(self, device: Device, *, coarse_steps: int = 64) -> FocusDrive:
        """Run to the near end (position 0) and to the far end, and return the drive with the limits found.

        The far limit is on the safe side: by at most an eighth of `coarse_steps`; for a lens that does not tell when
        it is at its end by two of them, and by as much as the picture there no longer visibly changes.

        Raises:
            LensStuck: no end was found, or no way between the ends.
        """
        self.drive = replace(self.drive, minimum=None, maximum=None)
        self.position = 0
        if self._run_to_near_end(device, coarse_steps):
            way = self._measure_told(device, coarse_steps)
        else:
            way = self._measure_silent(device, coarse_steps)
            self._run_to_near_end(device, coarse_steps)
        if way < coarse_steps // 4:
            raise LensStuck("the lens does not move between its ends", remedy="Is it switched to manual focus?")
        self.position, self._towards_far = 0, False
        self.drive = replace(self.drive, minimum=0, maximum=way)
        return self.drive

    def _measure_told(self, device: Device, chunk: int) -> int:
        """Steps from the near end to the far one, for a lens that tells when it is at an end; ends at the near one.

        Beyond the last whole chunk lies a rest of unknown length. Back by all whole chunks, it lies before the lens;
        fine steps towards near measure it.
        """
        fine = max(1, chunk // 8)
        chunks = self._count_to_end(device, chunk)
        if chunks:
            self._go(device, -chunks * chunk)
        return chunks * chunk + self._count_to_end(device, -fine) * fine

    def _count_to_end(self, device: Device, chunk: int) -> int:
        for whole in range(_MAX_CHUNKS):
            try:
                device.call(lambda: device.camera.drive_by(chunk))
            except EndStop:
                self._towards_far = chunk > 0
                return whole
        raise LensStuck("the lens was driven a long way and no end was found")

    def _measure_silent(self, device: Device, chunk: int) -> int:
        """The same for a lens that says nothing: the end is where the picture changes no more, less two chunks."""
        resting, still = _Rest.of(device), 0
        if resting is None:
            raise LensStuck("the lens does not tell its ends, and there is no live view to see them in")
        for whole in range(_MAX_CHUNKS):
            device.call(lambda: device.camera.drive_by(chunk))
            device.wait(self.drive.settle_s)
            still = 0 if resting.moved(device, keep=True) else still + 1
            if still >= _SILENT_CHUNKS:
                return max(0, whole + 1 - still - 2) * chunk
        raise LensStuck("the lens was driven a long way and no end was found")

    def _run_to_near_end(self, device: Device, chunk: int) -> bool:
        """Drive towards near, further each time; True if the lens told that it is there, False after a long way."""
        driven, way = 0, chunk
        self._towards_far = False
        while driven < _LONGEST_WAY:
            try:
                device.call(partial(device.camera.drive_by, -way))
            except EndStop:
                return True
            driven += way
            way = min(2 * way, _LONGEST_WAY // 4)
        return False

    def _here(self, device: Device) -> int:
        if self.position is None:  # the count was lost: the near end gives it back
            self._run_to_near_end(device, 64)
            self.position = 0
        return self.position

    def _go(self, device: Device, steps: int) -> bool:
        """Drive and count; True if it ran into an end, which sets the count right where the limits are known."""
        if steps == 0:
            return False
        self._towards_far = steps > 0
        try:
            device.call(lambda: device.camera.drive_by(steps))
        except EndStop:
            end = self.drive.maximum if steps > 0 else self.drive.minimum
            self.position = end if end is not None else (self.position or 0) + steps
            device.wait(self.drive.settle_s)
            return True
        self.position = (self.position or 0) + steps
        device.wait(self.drive.settle_s)
        return False


class _Rest:
    """Two frames while nothing moves: what is seen, and how much frames differ by themselves."""

    def __init__(self, first: LiveFrame, second: LiveFrame) -> None:
        self.frame = second
        self.at_rest = picture_change(first.rgb, second.rgb)

    @classmethod
    def of(cls, device: Device) -> _Rest | None:
        """Look twice; None where there is no live view."""
        try:
            return cls(device.look(), device.look())
        except NotOffered:
            return None

    def moved(self, device: Device, *, keep: bool = False) -> bool:
        """Look again, twice: did the picture change since last time by more than it does at rest, then or now?

        keep: go on comparing with the former frame until it has changed, so that small changes add up.
        """
        now = _Rest(device.look(), device.look())
        changed = moved(self.frame.rgb, now.frame.rgb, at_rest=max(self.at_rest, now.at_rest))
        if changed or not keep:
            self.frame = now.frame
        self.at_rest = max(self.at_rest, now.at_rest) if keep else now.at_rest
        return changed


def _judge(device: Device, before: _Rest | None, report: DriveReport) -> DriveReport:
    """Say how a drive without read-back was verified."""
    if report.verified:
        return report
    if before is None:
        return replace(report, note="there is no live view to see the movement in")
    old = before.frame
    if before.moved(device):
        return replace(report, verified="picture")
    if same_picture(old.rgb, before.frame.rgb):
        return replace(report, note="the camera sends the same picture again")
    return replace(report, note="no change of the picture could be measured")
