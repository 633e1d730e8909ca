"""A camera in use: one thread owns the device; requests are futures, the newest live frame wins, faults are survived.

Two threads: the session's own (order of work, states, faults) and the device's (every call into the driver, given up
at its deadline). Long work - sweeps, autofocus, finding limits - is a generator that the session runs step by step; it
pauses while the camera is gone, busy or its card is full, and goes on at the same step. It knows no Qt.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from rvr_laaf_app.camera.base import (
    Camera,
    CameraBusy,
    CameraError,
    CameraGone,
    CardFull,
    Control,
    EndStop,
    FocusDrive,
    NotOffered,
    Still,
)
from rvr_laaf_app.camera.connection import Connection, Reopen, Work
from rvr_laaf_app.camera.device_thread import Interrupted
from rvr_laaf_app.camera.focusing import FocusTask, FollowTask, Region, Seen, focus, follow
from rvr_laaf_app.camera.gphoto_steps import LearnedSizes
from rvr_laaf_app.camera.lens_drive import CountedLens, DriveReport
from rvr_laaf_app.camera.session_values import (
    DEFAULT_DEADLINES,
    Deadlines,
    FrameSlot,
    SessionState,
    SessionStatus,
    SessionTask,
    StatusBoard,
)
from rvr_laaf_app.camera.step_learning import learn_steps
from rvr_laaf_app.camera.sweeping import Strategy, SweepPlan, SweepReport, run_strategy, run_sweep
from rvr_laaf_app.core.errors import RvrError

_log = logging.getLogger(__name__)
T = TypeVar("T")
_FASTEST_S: Final = 0.03  # live frames come no faster than a screen shows them
_SHOWN_TASKS: Final = ("sweep", "autofocus", "follow", "capture", "limits", "learning")


@dataclass(slots=True, eq=False)
class _Request:
    """One thing that was asked for and waits its turn."""

    name: str
    begin: Callable[[Connection], Work[Any]]
    future: Future[Any]
    expires_s: float
    state: SessionState


class CameraSession:
    """One camera in use. All methods may be called from any thread; futures are answered in the session's thread.

    reopen: returns the camera again after it was lost, not open yet (default: the same object, else looked for by its
    serial number). backlash_steps: play of the gear of a lens that is driven by steps, taken up at every turn.
    """

    def __init__(
        self,
        camera: Camera,
        *,
        reopen: Reopen | None = None,
        deadlines: Deadlines = DEFAULT_DEADLINES,
        live: bool = True,
        backlash_steps: int = 0,
    ) -> None:
        self.frames = FrameSlot()
        self._deadlines, self._live = deadlines, live
        self._board = StatusBoard(SessionStatus(SessionState.OPENING, camera.info, FocusDrive("none")))
        self._connection = Connection(
            camera, self._board, self.frames, reopen=reopen, deadlines=deadlines, backlash_steps=backlash_steps
        )
        self._requests: deque[_Request] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._clean = True
        self._beat_s = time.monotonic() + deadlines.heartbeat
        self._thread = threading.Thread(target=self._run, name="camera-session", daemon=True)
        self._thread.start()

    # ---- what others ask for

    @property
    def status(self) -> SessionStatus:
        """The present status."""
        return self._board.status

    def observe(self, observer: Callable[[SessionStatus], None]) -> Callable[[], None]:
        """Call `observer` with each new status, in the session's thread; returns the function that ends this."""
        return self._board.observe(observer)

    def show_live(self, on: bool) -> None:
        """Turn the live view on or off (it rests by itself while something else is done)."""
        self._live = on
        self._wake.set()

    def drive_to(self, position: int) -> Future[DriveReport]:
        """Drive the lens to a position and verify it; one that still waits is dropped for the newer (and cancelled)."""
        self._drop_waiting("drive")
        return self._simple("drive", lambda c: c.lens_or_refuse().to(c, position))

    def drive_by(self, steps: int) -> Future[DriveReport]:
        """Drive the lens by steps (positive = towards far) and verify it; EndStop at its end."""
        return self._simple("step", lambda c: c.lens_or_refuse().by(c, steps))

    def find_limits(self, *, coarse_steps: int = 64, cancel: threading.Event | None = None) -> Future[FocusDrive]:
        """Run a relative lens to both ends; an absolute one answers at once with the limits it has.

        Setting `cancel` ends it with Cancelled; the lens then has no limits.
        """

        def find(connection: Connection) -> FocusDrive:
            lens = connection.lens_or_refuse()
            if isinstance(lens, CountedLens):
                with connection.cancelled_by(cancel):
                    lens.find_limits(connection, coarse_steps=coarse_steps)
            return lens.drive

        return self._simple("limits", find)

    def learn_steps(self, *, cancel: threading.Event | None = None) -> Future[LearnedSizes]:
        """Learn what the sizes of steps of a lens are worth, where it stands, a little nearer than something sharp.

        Errors as `step_learning.learn_steps`; its ends are to be found anew.
        """
        return self._simple("learning", lambda c: learn_steps(c, cancel))

    def controls(self) -> Future[tuple[Control, ...]]:
        """Read the settings."""
        return self._simple("controls", lambda c: c.call(lambda: c.camera.controls()))

    def set_control(self, name: str, value: float | str | bool) -> Future[None]:
        """Change a setting."""
        return self._simple("setting", lambda c: c.call(lambda: c.camera.set_control(name, value)))

    def capture(self) -> Future[Still]:
        """Take one picture."""
        return self._simple("capture", lambda c: c.take_still()[0], state=SessionState.CAPTURING)

    def run_autofocus(
        self,
        search: Generator[int, Any, T],
        *,
        region: Region = None,
        on_step: Callable[[Seen], None] | None = None,
    ) -> SessionTask[T]:
        """Drive a search: it asks for positions and is sent the grey patch [h, w] float32 0..1 of `region` seen there.

        region: None = the whole frame, a Box, or a function that returns the box in a given frame (a tracker).
        The lens is left at the result's `position` if it has one that was found. on_step runs in the session's thread.
        """
        task = FocusTask(search, region, on_step)
        cancel = threading.Event()
        return SessionTask(self._ask("autofocus", lambda c: focus(c, task, cancel)), cancel)

    def follow_focus(self, task: FollowTask) -> SessionTask[int]:
        """Keep a subject in focus until the task is cancelled; its result is how often it was searched for."""
        cancel = threading.Event()
        return SessionTask(self._ask("follow", lambda c: follow(c, task, cancel)), cancel)

    def sweep(
        self, plan: SweepPlan, *, on_frame: Callable[[Still, int], None] | None = None
    ) -> SessionTask[SweepReport]:
        """Take a picture at each position of a plan, into its folder; survives whatever happens to the camera.

        on_frame is called in the session's thread with each picture that is safe on the disk, and its position.
        """
        cancel = threading.Event()
        future = self._ask("sweep", lambda c: run_sweep(c, plan, cancel, on_frame), state=SessionState.CAPTURING)
        return SessionTask(future, cancel)

    def sweep_by(
        self, strategy: Strategy, plan: SweepPlan, *, on_frame: Callable[[Still, int], None] | None = None
    ) -> SessionTask[SweepReport]:
        """Take pictures where a strategy asks for them, one after the other, into the folder of a plan.

        strategy: a generator of positions that is sent each picture as a grey patch [h, w] float32 0..1; what it
        returns is the report's `result`. Faults are survived as in `sweep`.
        """
        cancel = threading.Event()
        future = self._ask(
            "sweep", lambda c: run_strategy(c, plan, strategy, cancel, on_frame), state=SessionState.CAPTURING
        )
        return SessionTask(future, cancel)

    def close(self, *, timeout_s: float | None = None) -> bool:
        """Stop all, let the camera go, join the threads; False if a driver hangs and its thread was left behind."""
        self._connection.closing.set()
        self._wake.set()
        if threading.current_thread() is self._thread:
            return True
        self._thread.join(self._deadlines.close if timeout_s is None else timeout_s)
        return self._clean and not self._thread.is_alive()

    def __enter__(self) -> CameraSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _simple(
        self, name: str, action: Callable[[Connection], T], *, state: SessionState = SessionState.BUSY
    ) -> Future[T]:
        def once(connection: Connection) -> Work[T]:
            yield from ()
            result = action(connection)
            connection.tell_position()
            return result

        return self._ask(name, once, state=state)

    def _ask(
        self, name: str, begin: Callable[[Connection], Work[T]], *, state: SessionState = SessionState.BUSY
    ) -> Future[T]:
        future: Future[T] = Future()
        expires_s = time.monotonic() + self._deadlines.turn
        with self._lock:
            if self._closed or self._connection.closing.is_set():
                future.set_exception(CameraGone("the camera session is closed"))
            else:
                self._requests.append(_Request(name, begin, future, expires_s, state))
        self._wake.set()
        return future

    def _drop_waiting(self, name: str) -> None:
        with self._lock:
            dropped = [r for r in self._requests if r.name == name]
            self._requests = deque(r for r in self._requests if r.name != name)
        for request in dropped:
            request.future.cancel()

    # ---- the session's thread

    def _run(self) -> None:
        connection = self._connection
        request: _Request | None = None
        work: Work[Any] | None = None
        try:
            while not connection.closing.is_set():
                self._wake.clear()
                if not connection.connected and not connection.reach():
                    self._refuse(None if work is not None else "the camera is not connected")
                    self._wake.wait(min(0.1, self._deadlines.again))
                    if work is None:
                        continue
                if request is None:
                    request = self._next_request()
                    work = request.begin(connection) if request else None
                if request is None or work is None:
                    self._idle()
                elif self._step(request, work):
                    request = work = None
                else:
                    self._refuse(None)
        except Interrupted:
            _log.debug("the session closes while the camera is busy")
        finally:
            self._end(request, work)

    def _next_request(self) -> _Request | None:
        with self._lock:
            while self._requests:
                request = self._requests.popleft()
                if request.future.set_running_or_notify_cancel():
                    break
            else:
                return None
        self._connection.working = request.state
        if request.name in _SHOWN_TASKS:
            self._board.post(state=request.state, task=request.name, done=0, total=0, message="")
        return request

    def _step(self, request: _Request, work: Work[Any]) -> bool:
        """Run the work to its next yield; True if it has ended."""
        error: Exception | None = None
        result: Any = None
        try:
            next(work)
            return False
        except StopIteration as end:
            result = end.value
        except Interrupted:
            raise
        except Exception as failure:  # noqa: BLE001 - belongs to whoever asked
            if not isinstance(failure, RvrError):
                _log.exception("the work %r failed unexpectedly", request.name)
            error = failure
        self._finish(error)
        if error is None:
            request.future.set_result(result)
        else:
            request.future.set_exception(error)
        return True

    def _finish(self, error: Exception | None) -> None:
        self._connection.working = SessionState.READY
        if not self._connection.connected:
            self._board.post(task="")
        elif isinstance(error, CardFull):
            self._board.post(state=SessionState.CARD_FULL, task="", message=str(error))
        else:
            told = isinstance(error, RvrError) and not isinstance(error, EndStop)
            message = str(error) if told else ("" if error else self._board.status.message)
            self._board.post(state=SessionState.READY, task="", message=message)

    def _idle(self) -> None:
        """Nothing to do: show a live frame, or ask for a sign of life now and then."""
        connection = self._connection
        try:
            if self._live:
                began_s = time.monotonic()
                connection.look()
                self._calm_down()
                self._wake.wait(max(0.0, _FASTEST_S - (time.monotonic() - began_s)))
                return
            if time.monotonic() > self._beat_s:
                self._beat_s = time.monotonic() + self._deadlines.heartbeat
                connection.heartbeat()
                self._calm_down()
        except NotOffered:
            self._live = False
        except CameraBusy as error:
            self._board.post(state=SessionState.BUSY, message=str(error))
        except CameraGone:
            return
        except CameraError as error:
            self._board.post(message=str(error))
        self._wake.wait(0.2)

    def _calm_down(self) -> None:
        if self._board.status.state in (SessionState.BUSY, SessionState.OPENING):
            self._board.post(state=SessionState.READY, message="")

    def _refuse(self, reason: str | None) -> None:
        """Answer requests that cannot be done: all of them (reason), or those that waited too long (None)."""
        now_s = time.monotonic()
        with self._lock:
            refused = [r for r in self._requests if reason is not None or r.expires_s < now_s]
            self._requests = deque(r for r in self._requests if r not in refused)
        for request in refused:
            if request.future.set_running_or_notify_cancel():
                task = self._board.status.task or "something else"
                error = CameraGone(reason) if reason else CameraBusy(f"the camera was busy with {task}")
                request.future.set_exception(error)

    def _end(self, request: _Request | None, work: Work[Any] | None) -> None:
        self._board.post(state=SessionState.CLOSING, task="", message="")
        if work is not None:
            work.close()
        with self._lock:
            self._closed = True
        if request is not None and not request.future.done():
            request.future.set_exception(CameraGone("the camera session was closed"))
        self._refuse("the camera session was closed")
        self._clean = self._connection.leave()
        self._board.post(state=SessionState.CLOSED, position=None)
