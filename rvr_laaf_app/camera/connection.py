"""The session's hold on one camera: calls with deadlines, losing it and reaching it again, and steps that survive that.

Used in the thread of the session only. What is asked for, and in what order, is the business of `session`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from rvr_laaf_app.camera.base import (
    Camera,
    CameraBusy,
    CameraError,
    CameraGone,
    CameraInfo,
    CardFull,
    FocusDrive,
    LiveFrame,
    NotOffered,
    Still,
)
from rvr_laaf_app.camera.device_thread import DeviceThread, Interrupted
from rvr_laaf_app.camera.finding import find_again, identity
from rvr_laaf_app.camera.lens_drive import AbsoluteLens, CountedLens
from rvr_laaf_app.camera.session_values import Deadlines, FrameSlot, SessionState, StatusBoard
from rvr_laaf_app.core.errors import Cancelled, RvrError

_log = logging.getLogger(__name__)
T = TypeVar("T")
Work = Generator[None, None, T]
Reopen = Callable[[CameraInfo], Camera]


@dataclass(frozen=True, slots=True)
class SessionFault:
    """Something went wrong with the camera: what, when it was noticed, and after how many seconds the work went on."""

    kind: str
    message: str
    noticed_monotonic_s: float
    lasted_s: float


class Connection:
    """One camera, reached through a thread of its own, that may be lost and reached again."""

    def __init__(
        self,
        camera: Camera,
        board: StatusBoard,
        frames: FrameSlot,
        *,
        reopen: Reopen | None,
        deadlines: Deadlines,
        backlash_steps: int,
    ) -> None:
        self.camera = camera
        self.lens: AbsoluteLens | CountedLens | None = None
        self.connected = False
        self.working = SessionState.READY  # the state to show while all is well
        self.faults: list[SessionFault] = []
        self.deadlines = deadlines
        self.closing = threading.Event()
        self._board, self._frames, self._reopen, self._backlash = board, frames, reopen, backlash_steps
        self._hands = DeviceThread()
        self._info = camera.info
        self._opened_once = False
        self._again_s = 0.0
        self._cancel: threading.Event | None = None
        self._lost: tuple[float, CameraGone] | None = None

    # ---- calls

    def call(self, function: Callable[[], T], *, deadline_s: float | None = None) -> T:
        """Make a call in the device's thread; that the camera is lost is noted before CameraGone goes on."""
        if self._cancel is not None:
            _check(self._cancel)
        late = threading.Event()

        def on_slow() -> None:
            late.set()
            self._board.post(message="the camera takes long to answer")

        try:
            result = self._hands.run(
                function,
                deadline_s=deadline_s or self._deadline_s,
                slow_s=self.deadlines.slow,
                on_slow=on_slow,
                stop=self.closing,
                stop_grace_s=self.deadlines.close / 4,
            )
        except CameraGone as error:
            self._lose(error)
            raise
        if late.is_set():
            self._board.post(message="")
        return result

    @property
    def _deadline_s(self) -> float:
        """How long a call may take; a camera that gives up on what hangs by itself says how long that can be."""
        return max(self.deadlines.call, float(getattr(self.camera, "longest_call_s", 0.0)))

    def look(self) -> LiveFrame:
        """Return a new live frame, and show it; NotOffered where there is no live view."""
        frame = self.call(lambda: self.camera.live_frame())
        self._frames.put(frame)
        if frame.position is not None:
            self._board.post(position=frame.position)
        return frame

    def take_still(self) -> tuple[Still, tuple[Still, ...]]:
        """Take a picture; this may take long. Also returned are other files of it (raw), if the camera gave any."""

        def take() -> tuple[Still, tuple[Still, ...]]:
            still = self.camera.capture_still()
            return still, tuple(getattr(self.camera, "companions", ()))

        return self.call(take, deadline_s=self.deadlines.still)

    def heartbeat(self) -> None:
        """Ask for a sign of life."""
        self.call(lambda: self.camera.position())

    @contextmanager
    def cancelled_by(self, cancel: threading.Event | None) -> Iterator[None]:
        """Let every call inside raise Cancelled once `cancel` is set."""
        self._cancel = cancel
        try:
            yield
        finally:
            self._cancel = None

    def wait(self, seconds: float) -> None:
        """Wait; Interrupted when the session closes."""
        if seconds > 0 and self.closing.wait(seconds):
            raise Interrupted

    def lens_or_refuse(self) -> AbsoluteLens | CountedLens:
        """Return the lens; NotOffered if it is focused by hand."""
        if self.lens is None:
            raise NotOffered("this lens is focused by hand", where=self.camera.info.name)
        return self.lens

    def tell(self, *, done: int, total: int, message: str = "") -> None:
        """Say how far the work has come, and where the lens stands."""
        self._board.post(done=done, total=total, message=message)
        self.tell_position()

    def tell_position(self) -> None:
        """Post where the lens stands, and its limits."""
        if self.lens is not None:
            self._board.post(position=self.lens.position, drive=self.lens.drive)

    # ---- steps that survive

    def survive(self, step: Callable[[], T], cancel: threading.Event) -> Work[T]:
        """Run a step until it succeeds: again when the camera is back, is free, or has room on its card.

        Raises:
            Cancelled: `cancel` was set meanwhile. CameraBusy: busy for longer than the deadline. Others as they come.
        """
        began_s: float | None = None
        trouble = ""
        while True:
            _check(cancel)
            try:
                result = step()
            except CameraGone:
                while not self.connected:
                    _check(cancel)
                    yield
                continue
            except CardFull as error:
                began_s, trouble = began_s or time.monotonic(), "card full"
                self._say(SessionState.CARD_FULL, error)
                yield from self._pause(self.deadlines.card, cancel)
            except CameraBusy as error:
                began_s, trouble = began_s or time.monotonic(), "busy"
                if time.monotonic() - began_s > self.deadlines.busy:
                    raise
                self._say(SessionState.BUSY, error)
                yield from self._pause(min(0.25, self.deadlines.again), cancel)
            else:
                if began_s is not None:
                    self.faults.append(SessionFault(trouble, trouble, began_s, time.monotonic() - began_s))
                    self._board.post(state=self.working, message="")
                return result

    def _pause(self, seconds: float, cancel: threading.Event) -> Work[None]:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            _check(cancel)
            self.wait(min(0.05, seconds))
            yield

    def _say(self, state: SessionState, error: CameraError) -> None:
        if self._board.status.state is not state:
            _log.warning("%s: %s", self.camera.info.name, error.what)
        self._board.post(state=state, message=str(error))

    # ---- losing and reaching

    def _lose(self, error: CameraGone) -> None:
        self.connected = False
        self._lost = self._lost or (time.monotonic(), error)
        if self.lens is not None:
            self.lens.lost()
        _log.warning("%s was lost: %s", self.camera.info.name, error.what)
        self._board.post(state=SessionState.DISCONNECTED, message=str(error), position=None)
        self._let_go(self.camera)

    def _let_go(self, camera: Camera) -> None:
        """Close a camera object, unless its thread hangs: nobody else may touch it then."""
        if not self._hands.abandoned:
            try:
                self._hands.run(camera.close, deadline_s=self.deadlines.close / 4)
            except (RvrError, Interrupted):
                _log.debug("closing %s failed", camera.info.name)

    def reach(self) -> bool:
        """Try to take hold of the camera if it is time to; True if it is connected now."""
        if time.monotonic() < self._again_s:
            return False
        self._again_s = time.monotonic() + self.deadlines.again
        hung = self._hands.abandoned
        if hung:
            self._hands = DeviceThread()
        try:
            self.camera = self._take_hold(hung)
        except RvrError as error:
            state = SessionState.BUSY if isinstance(error, CameraBusy) else SessionState.DISCONNECTED
            self._board.post(state=state, message=str(error))
            return False
        self._welcome()
        return True

    def _take_hold(self, hung: bool) -> Camera:
        """Open the same object again, or the camera of the same serial number wherever it is now."""
        if not hung and (self._reopen is None or not self._opened_once):
            try:
                return self._open(self.camera)
            except CameraGone:
                if not self._opened_once:
                    raise
        find = self._reopen or find_again
        return self._open(self._patiently(lambda: find(self._info)))

    def _open(self, camera: Camera) -> Camera:
        def take() -> None:
            camera.open()
            if self._opened_once and self._info.serial and identity(camera.info) != identity(self._info):
                camera.close()
                raise CameraGone("another camera is connected in its place", where=self._info.name)

        self._patiently(take)
        return camera

    def _patiently(self, function: Callable[[], T]) -> T:
        return self._hands.run(
            function, deadline_s=self.deadlines.open, stop=self.closing, stop_grace_s=self.deadlines.close / 4
        )

    def _welcome(self) -> None:
        drive = self._patiently(lambda: self.camera.focus_drive)
        if self.lens is None or not self._opened_once:
            self._take_lens(drive)
        self._info, self._opened_once, self.connected = self.camera.info, True, True
        if self._lost is not None:
            noticed_s, error = self._lost
            self.faults.append(SessionFault("lost", error.what, noticed_s, time.monotonic() - noticed_s))
            self._lost = None
            _log.info("%s is back", self.camera.info.name)
        self._board.post(state=self.working, camera=self.camera.info, drive=drive, message="")
        self.tell_position()

    def renew_lens(self) -> None:
        """Take the lens as the camera describes it now: a count and limits that were known are forgotten."""
        self._take_lens(self.call(lambda: self.camera.focus_drive))
        self.tell_position()

    def _take_lens(self, drive: FocusDrive) -> None:
        if drive.kind == "absolute":
            self.lens = AbsoluteLens(drive)
        elif drive.kind == "relative":
            self.lens = CountedLens(drive, backlash_steps=self._backlash)

    def leave(self) -> bool:
        """Let the camera go and join its thread; False if it hangs and was left behind."""
        if self._opened_once:
            self._let_go(self.camera)
        return self._hands.close(timeout_s=self.deadlines.close / (20 if self._hands.abandoned else 4))


def _check(cancel: threading.Event) -> None:
    if cancel.is_set():
        raise Cancelled("the work was stopped")
